"""All checks of a subject, one after the other."""

from ..rehearsals.rehearsal import Rehearsal
from .cost import memory, run_time, step_time
from .finding import Finding, NotApplicable
from .layers import dead_units, input_scale, saturated
from .learning import blank_input, shuffled_labels
from .loss_and_answers import first_loss, logits
from .mixing import mixing
from .overfitting import overfitting
from .overlap import overlap
from .updates import updates

# What each is called where it does not apply, and in which order they are told.
SHORT = {
    "first loss": first_loss,
    "logits or probabilities": logits,
    "input scale": input_scale,
    "examples apart": mixing,
    "dead units": dead_units,
    "saturated activations": saturated,
    "update to weight": updates,
    "test in training": overlap,
}
TRAININGS = {
    "learns one example by heart": overfitting,
    "better than on blank input": blank_input,
    "better than on shuffled labels": shuffled_labels,
}
COSTS = {"time": run_time, "memory": memory}


def examine(subject, *, quick=False):
    """Look at a subject, and leave it as it was.

    Args:
        subject: `Subject`.
        quick: bool, whether to leave the trainings out. Defaults to False.

    Returns:
        List of `Finding`.

    Raises:
        RecipeError: the model cannot take a training step on these data.
    """
    with Rehearsal(subject) as rehearsal:
        return findings(rehearsal, quick=quick)


def findings(rehearsal, *, quick=False):
    """Return the findings of a rehearsal; arguments as those of `examine`."""
    # First, since nothing else makes sense where no step can be taken, and all share what it
    # compiles.
    step_time(rehearsal)
    checks = {**SHORT, **({} if quick else TRAININGS), **COSTS}
    return [found for name, check in checks.items() for found in _asked(name, check, rehearsal)]


def _asked(name, check, rehearsal):
    rehearsal.put_weights_back()
    try:
        found = check(rehearsal)
        if isinstance(found, Finding):
            yield found
        else:
            yield from found
    except NotApplicable as error:
        yield Finding(name, "not applicable", str(error))
