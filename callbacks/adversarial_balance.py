"""A warning when one of two players has won, and the other learns nothing any more."""

import warnings

import keras

from .state import Resumable


class AdversarialBalance(Resumable, keras.callbacks.Callback):
    """Watch whether a discriminator and a generator still have something to learn of each other.

    The gap between two scores in [0, 1], what the discriminator gives real examples and what it
    gives samples, goes to each epoch's logs as `score_gap`, so that it lands in the history: place
    it before callbacks that read the logs. Near 1 the discriminator has won: it is never in doubt.
    At 0 or below the generator has won: it is never found out, be it that the samples are good or
    that the discriminator is too weak. Either makes a warning once it has lasted for `patience`
    epochs in a row, and again only after the gap has been in between.

    Args:
        real: str, the log with the mean score of real examples. Defaults to "real_score".
        fake: str, the log with the mean score of samples. Defaults to "fake_score".
        high: float in (0, 1], the gap from which on the discriminator has won. Defaults to 0.98.
        low: float in [-1, high), the gap down to which the generator has won. Defaults to 0.01.
        patience: int >= 1, epochs in a row. Defaults to 3.

    Raises:
        ValueError: an argument is out of its range; at the end of an epoch, that a log is missing.
    """

    state_names = ("_winner", "_num_epochs")

    def __init__(self, real="real_score", fake="fake_score", high=0.98, low=0.01, patience=3):
        super().__init__()
        if not -1 <= low < high <= 1 or not high > 0:
            raise ValueError(
                "`low` and `high` of AdversarialBalance must be gaps with -1 <= low < high <= 1 "
                f"and high > 0. Received: low={low!r}, high={high!r}."
            )
        if patience < 1:
            raise ValueError(
                "`patience` of AdversarialBalance must be at least 1. "
                f"Received: patience={patience!r}."
            )
        self.real = real
        self.fake = fake
        self.high = high
        self.low = low
        self.patience = patience
        self._reset()

    def _reset(self):
        self._winner = ""
        self._num_epochs = 0

    def on_train_begin(self, logs=None):
        """Forget an earlier fit."""
        self._reset()

    def on_epoch_end(self, epoch, logs=None):
        """Write the gap to the logs, and warn where it has been at one end for long enough."""
        logs = {} if logs is None else logs
        for argument in ("real", "fake"):
            if getattr(self, argument) not in logs:
                raise ValueError(
                    f"`{argument}` of AdversarialBalance must be one of "
                    f"{', '.join(repr(name) for name in sorted(logs))}. "
                    f"Received: {argument}={getattr(self, argument)!r}."
                )
        gap = float(logs[self.real]) - float(logs[self.fake])
        logs["score_gap"] = gap
        winner = "discriminator" if gap >= self.high else "generator" if gap <= self.low else ""
        self._num_epochs = self._num_epochs + 1 if winner == self._winner else 1
        self._winner = winner
        if winner and self._num_epochs == self.patience:
            warnings.warn(self._sentence(gap), stacklevel=2)

    def _sentence(self, gap):
        since = "the last epoch" if self.patience == 1 else f"{self.patience} epochs"
        if self._winner == "discriminator":
            return (
                f"The discriminator has won: for {since} its mean scores of real examples and of "
                f"samples have been at least {self.high:g} apart (now {gap:.3f}), and the "
                "generator learns little from it. Lower its learning rate, smooth its labels, or "
                "make the generator wider."
            )
        return (
            f"The generator has won: for {since} the discriminator has scored samples like real "
            f"examples (the gap is now {gap:.3f}). Look at the samples: where they are poor, make "
            "the discriminator wider or raise its learning rate."
        )
