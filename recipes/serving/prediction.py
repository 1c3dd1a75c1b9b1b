"""From a SavedModel and files to answers that a person reads."""

import csv
from pathlib import Path

import numpy as np
import tensorflow as tf

from ..atomic import make_folder, write_bytes
from ..data.images import EXTENSIONS, read_pixels
from ..drawings.masks import mask_png
from ..errors import RecipeError, near_names
from . import exported

BATCH_SIZE = 256

_LARGEST = float(np.finfo(np.float32).max)


def predict(source, files, *, masks=None):
    """Answer for files.

    Args:
        source: str or path of a SavedModel that this package exported, or of a run that has one.
        files: list of str or path: images; `.csv` tables with a header that names the features;
            `.npy` arrays and `.npz` files with an array `x`, of raw inputs.
        masks: str or path of a folder for the masks of a segmentation, made if it is not there:
            `STEM.mask.png` of each file, palette images of the classes' numbers, as large as the
            model's own images. Defaults to None, which writes none.

    Returns:
        A list with one dict an example: `file`, `row` where a file holds several, and what the
        model answers: `label` and `probability` for classes, `value` for real values, and for
        masks `shares`, a dict from class to its share of the pixels, and `mask`, the path of what
        was written.

    Raises:
        RecipeError: there is no such model, it is damaged, or a file does not fit its input; or
            masks are asked for and the model gives none.
    """
    path = exported.find(source)
    record = _record(path)
    if masks is not None:
        _expect_stems_differ(files)
    # Checked before the call: a wrong rank in a convolution ends the whole process.
    batches = [(str(file), _inputs(Path(file), record)) for file in files]
    signature = exported.signature(path, "serving_default")
    taken = sorted(signature.structured_input_signature[1])
    if taken != [record["name"]]:
        raise RecipeError(
            f"SavedModel {str(path)!r} must take {record['name']!r} to answer for files. Received: "
            f"one that takes {', '.join(map(repr, taken))}. Call its endpoints from Python."
        )
    answers = []
    for file, inputs in batches:
        for start in range(0, len(inputs), BATCH_SIZE):
            feed = {record["name"]: tf.constant(inputs[start : start + BATCH_SIZE])}
            answer = {name: value.numpy() for name, value in signature(**feed).items()}
            if masks is not None and "mask" not in answer:
                raise RecipeError(
                    f"The model must answer with masks for them to be written. Received: one that "
                    f"gives {', '.join(answer)}. Leave `masks` out."
                )
            rows = _rows(answer, record["class_names"])
            for number, row in enumerate(rows, start):
                place = {"row": number + 1} if len(inputs) > 1 else {}
                if masks is not None:
                    name = ".".join([Path(file).stem, *map(str, place.values()), "mask.png"])
                    row["mask"] = str(make_folder(masks) / name)
                    picture = mask_png(answer["mask"][number - start], record["class_names"])
                    write_bytes(row["mask"], picture)
                answers.append({"file": file, **place, **row})
    if not answers:
        raise RecipeError("The files must hold at least one example. Received: none.")
    return answers


def _expect_stems_differ(files):
    stems = {}
    for file in map(Path, files):
        if file.stem in stems:
            raise RecipeError(
                f"Files must have different names for their masks to be written to one folder. "
                f"Received: {str(stems[file.stem])!r} and {str(file)!r}."
            )
        stems[file.stem] = file


def _record(path):
    record, inputs = exported.record(path, _read)
    if len(inputs) != 1:
        raise RecipeError(
            f"SavedModel {str(path)!r} must take one input to answer for files. Received: one that "
            f"takes {', '.join(name for name, *_ in inputs)}. Call its endpoints from Python."
        )
    return {**record, **dict(zip(("name", "shape", "dtype"), inputs[0], strict=True))}


def _read(record):
    inputs = [(spec["name"], spec["shape"], spec["dtype"]) for spec in record["inputs"]]
    return {key: record[key] for key in ("class_names", "feature_names")}, inputs


def _inputs(file, record):
    if not file.is_file():
        raise RecipeError(f"File {str(file)!r} is not there; check the path.")
    shape = tuple(record["shape"])
    suffix = file.suffix.lower()
    if suffix == ".csv" and len(shape) == 1:
        return _from_csv(file, record["feature_names"])
    if suffix in (".npy", ".npz"):
        return _from_numpy(file, shape, record["dtype"])
    if suffix in EXTENSIONS and len(shape) == 3:
        return read_pixels(file, shape[2], shape[:2])[None].astype(record["dtype"])
    kinds = ".csv" if len(shape) == 1 else ", ".join(EXTENSIONS)
    raise RecipeError(
        f"File {str(file)!r} must be one that holds inputs of shape {shape}: {kinds}, .npy or "
        f".npz. Received: {suffix or 'no suffix'}."
    )


def _from_csv(file, feature_names):
    if feature_names is None:
        raise RecipeError(
            f"This model was trained on features without names; give them as an .npy array. "
            f"Received: {str(file)!r}."
        )
    try:
        rows = _read_columns(file, feature_names)
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecipeError(
            f"Table {str(file)!r} must be a CSV file in UTF-8. Received: {error}."
        ) from error
    return np.array(rows, "float32").reshape(-1, len(feature_names))


def _read_columns(file, names):
    with open(file, newline="", encoding="utf-8-sig") as stream:
        header = stream.readline()
        stream.seek(0)
        # As for training: spreadsheets may separate by semicolons.
        reader = csv.DictReader(stream, delimiter=max(",;\t", key=header.count), strict=True)
        columns = [column.strip() for column in reader.fieldnames or ()]
        reader.fieldnames = columns
        for name in names:
            if name not in columns:
                raise RecipeError(
                    f"Table {str(file)!r} must have the column {name!r}."
                    + near_names(name, columns)
                )
        rows = []
        for line in reader:
            # What is left over stands under None.
            if None in line:
                raise RecipeError(
                    f"Line {reader.line_num} of table {str(file)!r} must have {len(columns)} "
                    f"cells, as its header. Received: {len(columns) + len(line[None])}."
                )
            rows.append([_number(line[name], file, reader.line_num, name) for name in names])
        return rows


def _number(text, file, line, column):
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = np.nan
    # False for NaN too; beyond the largest float32 it would become infinite.
    if not abs(value) <= _LARGEST:
        raise RecipeError(
            f"Column {column!r} of {str(file)!r} must hold finite numbers. "
            f"Received: {text!r} in line {line}."
        )
    return value


def _from_numpy(file, shape, dtype):
    try:
        # Opened here, since NumPy leaves a damaged archive open.
        with open(file, "rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            array = loaded if isinstance(loaded, np.ndarray) else loaded["x"]
    except Exception as error:  # a flipped bit may look like anything
        raise RecipeError(
            f"File {str(file)!r} must be a NumPy array, or an .npz with an array 'x'. "
            f"Received: {error}."
        ) from error
    if array.shape == shape:
        array = array[None]
    if array.shape[1:] != shape or not np.can_cast(array.dtype, "float64"):
        raise RecipeError(
            f"The array in {str(file)!r} must be numbers of shape (examples, "
            f"{', '.join(map(str, shape))}). Received: {array.dtype} of shape {array.shape}."
        )
    # False for NaN too.
    if array.dtype.kind == "f" and not (np.abs(array) <= _LARGEST).all():
        raise RecipeError(
            f"The array in {str(file)!r} must be finite, and of float32. "
            f"Received: NaN, infinity or a number beyond."
        )
    converted = array.astype(dtype)
    # Grey levels that were scaled to [0, 1] would all become 0.
    if dtype == "uint8" and (converted != array).any():
        raise RecipeError(
            f"The array in {str(file)!r} must be raw pixels, whole numbers in [0, 255], as in "
            f"training. Received: {array.dtype} in [{array.min():g}, {array.max():g}]."
        )
    return converted


def _rows(answer, class_names):
    """Read an answer by the names of its outputs, as a person would."""
    if "label" in answer:
        likely = np.take_along_axis(answer["probabilities"], answer["label"][:, None], axis=-1)
        return [
            {"label": class_names[label], "probability": float(probability)}
            for label, probability in zip(answer["label"], likely[:, 0], strict=True)
        ]
    if "mask" in answer:
        return [
            {"shares": {name: float(np.mean(mask == c)) for c, name in enumerate(class_names)}}
            for mask in answer["mask"]
        ]
    if "value" in answer:
        return [{"value": float(value)} for value in answer["value"]]
    raise RecipeError(
        f"The model must answer with a class or a value for each example. Received: one that gives "
        f"{', '.join(answer)}. Call its endpoints from Python."
    )
