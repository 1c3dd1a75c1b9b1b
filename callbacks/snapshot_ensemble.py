"""The weights at the end of each cycle of the learning rate, and their prediction together."""

import os
import pathlib
import re
import tempfile

import keras
import numpy as np

from .ranges import expect_whole
from .state import Resumable


class SnapshotEnsemble(Resumable, keras.callbacks.Callback):
    """Keep the weights at the end of each learning-rate cycle, an ensemble for one training.

    With a rate that falls to nearly nothing and then starts anew, as
    `keras.optimizers.schedules.CosineDecayRestarts` has it, each cycle ends in another minimum. The
    mean of what these snapshots predict is better than the last of them, for the price of as many
    predictions.

    A snapshot is a file `snapshot-0001.npz` of the model's variables, written whole or not at all.
    Nothing need be remembered: its number follows from the epoch, and a fit that is taken up again
    goes on in the same folder. Snapshots of an earlier fit are replaced, and those behind the one
    that is written are removed.

    Source: Huang et al. 2017, "Snapshot ensembles: train 1, get M for free",
    https://arxiv.org/abs/1704.00109, section 3; their schedule is equation 2.

    Args:
        epochs_per_cycle: int >= 1, the length of a cycle. What is left of the training behind the
            last whole cycle gives no snapshot.
        folder: str or path of the folder for the snapshots; made where it is not there. Defaults to
            "snapshots".

    Raises:
        ValueError: `epochs_per_cycle` is out of range; when training begins, that it ends before
            the first cycle does.
    """

    def __init__(self, epochs_per_cycle, folder="snapshots"):
        super().__init__()
        expect_whole("SnapshotEnsemble", 1, epochs_per_cycle=epochs_per_cycle)
        self.epochs_per_cycle = epochs_per_cycle
        self.folder = pathlib.Path(folder)

    @property
    def paths(self):
        """The files of the snapshots, a list of paths in the order they were made."""
        return sorted(
            path
            for path in self.folder.glob("snapshot-*.npz")
            if re.fullmatch(r"snapshot-\d{4}", path.stem)
        )

    def on_train_begin(self, logs=None):
        """Check that there will be a snapshot."""
        if self.epochs_per_cycle > self.params["epochs"]:
            raise ValueError(
                "`epochs_per_cycle` of SnapshotEnsemble must be at most the "
                f"{self.params['epochs']} epochs of the fit. "
                f"Received: epochs_per_cycle={self.epochs_per_cycle}."
            )

    def on_epoch_end(self, epoch, logs=None):
        """Write a snapshot, where a cycle ends."""
        number, left = divmod(epoch + 1, self.epochs_per_cycle)
        if left:
            return
        written = self.folder / f"snapshot-{number:04d}.npz"
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(written, self._values(self.model))
        for path in self.paths:
            if path.name > written.name:
                path.unlink()

    def predict(self, x, *, model=None, last=None, activation=None, batch_size=32):
        """Return the mean of what the snapshots predict.

        Args:
            x: whatever `model.predict` takes.
            model: a built `keras.Model` of the snapshots' architecture; its weights are afterwards
                what they were. Defaults to the one that was trained.
            last: int >= 1, how many of the last snapshots to take, as the paper does; or None for
                all. Defaults to None.
            activation: callable that is applied to each prediction before the mean, such as
                `keras.ops.softmax` where the model gives logits: the paper averages probabilities.
                Defaults to None.
            batch_size: int >= 1. Defaults to 32.

        Returns:
            What `model.predict` returns, an array or a structure of arrays.

        Raises:
            ValueError: there are no snapshots, fewer than `last`, or those of another architecture.
        """
        model = self.model if model is None else model
        if model is None:
            raise ValueError(
                "`model` of SnapshotEnsemble.predict must be given where no fit has run. "
                "Received: model=None."
            )
        paths = self._chosen(last)
        if activation is None:
            activation = keras.ops.convert_to_tensor
        # Read and compared before the first of them is set.
        snapshots = [_read(path, model) for path in paths]
        before = self._values(model)
        total = None
        try:
            for snapshot in snapshots:
                _assign(model, snapshot)
                predicted = keras.tree.map_structure(
                    lambda value: keras.ops.convert_to_numpy(activation(value)),
                    model.predict(x, batch_size=batch_size, verbose=0),
                )
                total = (
                    predicted
                    if total is None
                    else keras.tree.map_structure(np.add, total, predicted)
                )
        finally:
            _assign(model, before)
        return keras.tree.map_structure(lambda value: value / len(snapshots), total)

    def _chosen(self, last):
        paths = self.paths
        if not paths:
            raise ValueError(
                "`folder` of SnapshotEnsemble must hold snapshots. "
                f"Received: {str(self.folder)!r} without one. Train for at least one cycle of "
                f"{self.epochs_per_cycle} epochs."
            )
        if last is None:
            return paths
        expect_whole("SnapshotEnsemble.predict", 1, last=last)
        if last > len(paths):
            raise ValueError(
                "`last` of SnapshotEnsemble.predict must be at most the number of snapshots, "
                f"{len(paths)}. Received: last={last}."
            )
        return paths[-last:]

    @staticmethod
    def _values(model):
        return [np.asarray(keras.ops.convert_to_numpy(variable)) for variable in model.variables]


def _assign(model, values):
    for variable, value in zip(model.variables, values, strict=True):
        variable.assign(value)


def _read(path, model):
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
        values = [file[str(number)] for number in range(len(file.files))]
    shapes = [tuple(variable.shape) for variable in model.variables]
    if [value.shape for value in values] != shapes:
        raise ValueError(
            "The model that SnapshotEnsemble predicts with must be of the architecture of its "
            f"snapshots. Received: model {model.name!r} with {len(shapes)} variables beside "
            f"{len(values)} of other shapes in {str(path)!r}."
        )
    return values


def _write(path, values):
    # Beside the target, so that the rename stays on one disk and a reader sees all of it or none.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            np.savez(stream, **{str(number): value for number, value in enumerate(values)})
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
