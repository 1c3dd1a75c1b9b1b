"""The builders of TensorFlow Datasets: finding one, and having its data prepared.

Nothing here imports TensorFlow, so that what is not to be had is said at once.
"""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

import tensorflow_datasets as tfds

from ...errors import RecipeError, near_names
from .. import embedded, reach  # noqa: F401 (embedded: it registers ours)

_MOST_NAMED = 8
# Asked for sets of tfds that list no address: most lie there.
_TFDS_HOST = "https://storage.googleapis.com"


def find(rest, name, data_dir=None):
    """Return the tfds builder of a data set; nothing is prepared or downloaded.

    Args:
        rest: str, what tfds calls it: `name/config:version`.
        name: str, what the user calls it.
        data_dir: folder of the prepared sets, or None for that of tfds.

    Raises:
        RecipeError: there is no such set, configuration or version.
    """
    set_name = re.split("[/:]", rest)[0]
    known = tfds.list_builders(with_community_datasets=False)
    try:
        # Other forms name sets of other hosts, which tfds would go and ask.
        if re.fullmatch(r"\w+(/[\w.-]+)?(:[\d.*]+)?", rest):
            return tfds.builder(rest, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError:
        pass
    except (AssertionError, KeyError, ValueError) as error:
        raise _no_such_variant(set_name, name) from error
    except ImportError as error:
        raise RecipeError(
            f"Data set {name!r} needs the package {error.name!r}. Install it and try again."
        ) from error
    if set_name in known:
        raise _no_such_variant(set_name, name)
    raise RecipeError(
        f"TensorFlow Datasets has no set {set_name!r}.{near_names(set_name, known)} "
        "Its catalogue is at https://www.tensorflow.org/datasets/catalog."
    )


def prepare(builder, name):
    """Generate or download a data set, unless that was done before.

    Args:
        builder: a `tfds.core.DatasetBuilder`.
        name: str, what the user calls the set.

    Raises:
        RecipeError: its host cannot be reached, it needs a package or files fetched by hand, or
            the download failed. tfds writes to a temporary folder and renames it.
    """
    if is_prepared(builder) or _is_mocked(builder):
        return
    expect_reachable(builder, name)
    config = tfds.download.DownloadConfig(try_download_gcs=_is_public(builder))
    try:
        # tfds prints its progress, and standard output belongs to a command's answer.
        with contextlib.redirect_stdout(sys.stderr):
            builder.download_and_prepare(download_config=config)
    except Exception as error:
        # Another process may have been faster: renaming onto its folder fails.
        if is_prepared(builder):
            builder.info.read_from_directory(builder.data_dir)
            return
        by_hand = builder.MANUAL_DOWNLOAD_INSTRUCTIONS
        hint = f" It asks for files by hand: {' '.join(by_hand.split())}" if by_hand else ""
        raise RecipeError(
            f"Data set {name!r} could not be prepared: {type(error).__name__}, "
            f"{_first_line(error)}.{hint}"
        ) from error


def expect_reachable(builder, name):
    """Check that a data set is on this machine, or that its hosts answer.

    Raises:
        RecipeError: neither is so.
    """
    if is_prepared(builder) or _is_mocked(builder):
        return
    urls = list(builder.url_infos or ([_TFDS_HOST] if _is_public(builder) else []))
    if reach.unreachable(urls):
        raise RecipeError(
            f"Data set {name!r} is not on this machine and its host cannot be reached. Fetch it "
            f"where there is a network with `kerasrecipes data fetch {name}`, or train on "
            "'glyphs', which needs none."
        )


def is_prepared(builder) -> bool:
    """Return whether a data set lies ready on this machine."""
    # tfds warns about a folder that is not there, which is the ordinary case.
    return Path(builder.data_dir).is_dir() and builder.is_prepared()


def _no_such_variant(set_name, name):
    found = tfds.builder_cls(set_name)
    configs = ", ".join(sorted(found.builder_configs)[:_MOST_NAMED]) or "no configurations"
    return RecipeError(
        f"Data set {name!r} must name a configuration and version that exist. {set_name!r} has "
        f"{configs}{', ...' if len(found.builder_configs) > _MOST_NAMED else ''}, and version "
        f"{found.VERSION}. Write 'tfds:{set_name}' for the usual one."
    )


def _is_public(builder):
    return type(builder).__module__.startswith("tensorflow_datasets.")


def _is_mocked(builder):
    # `tfds.testing.mock_data` makes preparing a no-op: there is nothing to reach for.
    return builder.download_and_prepare.__module__ == "tensorflow_datasets.testing.mocking"


def _first_line(error):
    return (str(error).strip().splitlines() or ["no reason given"])[0][:200]
