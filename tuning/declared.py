"""The hyperparameters of a space, those too that only some values of others bring along."""

import keras_tuner


def declared(space, base):
    """Return the `keras_tuner.HyperParameters` that a space asks for.

    Args:
        space: callable `(hp, base) -> Recipe`.
        base: the `Recipe` to vary.
    """
    known = keras_tuner.HyperParameters()
    open_ = [known.copy()]
    seen = set()
    while open_:
        hp = open_.pop()
        space(hp, base)
        known.merge(hp)
        # A scope that was not entered is entered by values that make its conditions true.
        for conditions in hp.inactive_scopes:
            wanted = {each.name: each.values[0] for each in conditions}
            if (key := tuple(sorted(wanted.items()))) not in seen:
                seen.add(key)
                other = known.copy()
                other.values.update(wanted)
                open_.append(other)
    return known
