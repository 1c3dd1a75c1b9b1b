"""What every kind of source hands over, before missing splits are carved."""

from __future__ import annotations

import dataclasses

from .splits import Split


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """A data set as it was found.

    Attributes:
        train: the training split, or all examples where there is but one split.
        validation, test: splits, or None where the source has none.
        input_shape: tuple of int, one raw input without the batch.
        input_dtype: str, NumPy dtype of one raw input.
        class_names: tuple of str in the order of the labels, or None for real-valued targets.
        feature_names: tuple of str for tabular data, else None.
        licence: str. location: str, where it comes from.
        identity: bytes that stand for the content where it is not in memory; else b"".
        notes: tuple of str, what was decided on the way.
    """

    train: Split
    input_shape: tuple[int, ...]
    input_dtype: str
    class_names: tuple[str, ...] | None
    validation: Split | None = None
    test: Split | None = None
    feature_names: tuple[str, ...] | None = None
    licence: str = ""
    location: str = ""
    identity: bytes = b""
    notes: tuple[str, ...] = ()
