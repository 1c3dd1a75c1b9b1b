"""The losses that layers add, kept apart by replica.

The replicas of a process are threads that share the layers, and take turns wherever they wait for
one another: in the middle of a forward pass, where statistics are synchronised. What a layer has
added by `add_loss` lies in one list, so that one replica would find what another has left there.
"""

from ..replicas import replica_number


def keep_apart(model):
    """Give each layer of a model a list of added losses for each replica.

    Args:
        model: `keras.Model`, changed in place.
    """
    for layer in model._flatten_layers():
        # Past Keras's own `__setattr__`, which would track it.
        object.__setattr__(layer, "_losses", _ByReplica())


class _ByReplica:
    """As much of a list as Keras uses, another one for each replica."""

    def __init__(self):
        self.lists = {}

    def _own(self):
        return self.lists.setdefault(replica_number(), [])

    def extend(self, losses):
        self._own().extend(losses)

    def clear(self):
        self._own().clear()

    def __getitem__(self, key):
        return self._own()[key]

    def __len__(self):
        return len(self._own())
