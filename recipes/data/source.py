"""What every kind of source hands over, before missing splits are carved."""

from __future__ import annotations

import dataclasses

from .splits import Spec, Split


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """A data set as it was found.

    Attributes:
        train: the training split, or all examples where there is but one split.
        validation, test: splits, or None where the source has none.
        inputs: `Spec` of the one raw input, or a dict from name to `Spec`.
        class_names: tuple of str in the order of the labels, or None for targets that are none.
        feature_names: tuple of str for tabular data, else None.
        vocabularies: dict from the name of a text to its tokens, in the order of their ids.
        licence: str. location: str, where it comes from.
        identity: bytes that stand for the content where it is not in memory; else b"".
        notes: tuple of str, what was decided on the way.
    """

    train: Split
    inputs: Spec | dict[str, Spec]
    class_names: tuple[str, ...] | None
    validation: Split | None = None
    test: Split | None = None
    feature_names: tuple[str, ...] | None = None
    vocabularies: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    licence: str = ""
    location: str = ""
    identity: bytes = b""
    notes: tuple[str, ...] = ()


def spec(shape, dtype) -> Spec:
    """Return the `Spec` of an input by its shape: three axes are an image, others features."""
    return Spec("image" if len(shape) == 3 else "features", tuple(shape), str(dtype))
