"""The loss before the first step, and whether answers are what the loss takes."""

import keras
import numpy as np

from .finding import Finding, NotApplicable
from .theory import loss_of, over_classes, takes_logits, theory, value

NUM_BATCHES = 4
# How far the first loss may lie from its theory: an untrained network gives logits of about a unit.
_NEAR, _FAR = 1.5, 3.0
# Nats beside which a small theoretical loss (two classes) is not taken at its word.
_NATS = 0.5


def first_loss(rehearsal):
    """Hold the loss of the untrained model against its theory; see `theory`."""
    loss = loss_of(rehearsal.model)
    losses, theories = [], []
    for batch in rehearsal.batches(NUM_BATCHES):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
        answers = rehearsal.answers(x, training=True)
        losses.append(value(loss, y, answers))
        theories.append(theory(loss, y, answers))
    measured = float(np.mean(losses))
    name = theories[0].name
    if not np.isfinite(measured):
        return Finding(
            "first loss",
            "fail",
            f"{name} is {measured} before any step",
            "Look for a division by zero or a logarithm of 0, and at the scale of the input.",
        )
    if theories[0].first is None:
        return Finding("first loss", "not known", f"{measured:.4g}; there is no theory of {name}")
    expected = float(np.mean([one.first for one in theories]))
    found = f"{measured:.4g}; theory: {expected:.4g}, {theories[0].why}"
    slack = _NATS if takes_logits(loss) is not None else 0.0
    if measured > _FAR * expected + slack:
        advice = (
            "The untrained model is sure of wrong answers: scale the input, begin with smaller "
            "weights in the last layer, and set its bias to the mean of the targets."
        )
        return Finding("first loss", "fail", found, advice)
    if measured > _NEAR * expected + slack:
        advice = "Begin with smaller weights in the last layer, or scale the input."
        return Finding("first loss", "warn", found, advice)
    if measured < expected / 2:
        advice = (
            "It knows already: a trained model, or the targets are among the inputs. Look at both."
        )
        return Finding("first loss", "warn", found, advice)
    return Finding("first loss", "pass", found)


def logits(rehearsal):
    """Find probabilities where the loss takes logits, and the reverse."""
    loss = loss_of(rehearsal.model)
    expects = takes_logits(loss)
    if expects is None:
        raise NotApplicable("the loss takes values as they are")
    answers = np.asarray(rehearsal.answers(rehearsal.batch[0]), "float64")
    classes = over_classes(loss)
    activation = _last_activation(rehearsal.model)
    in_range = answers.min() >= 0 and answers.max() <= 1
    sums = bool(np.allclose(answers.sum(axis=-1), 1, atol=1e-4))
    seen = f"answers in [{answers.min():.3g}, {answers.max():.3g}]"
    seen += f", sums {'1' if sums else 'other than 1'}" if classes else ""
    seen += f", last activation {activation}" if activation else ""
    if expects:
        found = f"the loss takes logits; {seen}"
        if activation in ("softmax", "sigmoid") or (classes and in_range and sums):
            advice = (
                "The softmax is taken twice, and the gradient all but vanishes: leave the last "
                "activation out, or set `from_logits=False`."
            )
            return Finding("logits or probabilities", "fail", found, advice)
        return Finding("logits or probabilities", "pass", found)
    found = f"the loss takes probabilities; {seen}"
    if not in_range or (classes and not sums) or activation == "linear":
        advice = (
            "Keras clips what is no probability, and gives it no gradient: set `from_logits=True`, "
            f"or end with a {'softmax' if classes else 'sigmoid'}."
        )
        return Finding("logits or probabilities", "fail", found, advice)
    return Finding("logits or probabilities", "pass", found)


def _last_activation(model):
    """Return the name of the activation that answers come out of, or "" where nobody can tell."""
    outputs = getattr(model, "outputs", None) or ()
    if len(outputs) != 1:
        return ""
    layer = outputs[0]._keras_history.operation
    if isinstance(layer, (keras.layers.Softmax, keras.layers.ReLU)):
        return type(layer).__name__.lower()
    if isinstance(layer, keras.Model):
        return _last_activation(layer)
    return getattr(getattr(layer, "activation", None), "__name__", "")
