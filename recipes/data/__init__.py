"""Data sets by name. Importing this package costs nothing."""

from .names import names  # Eager, or the submodule of that name would hide the function.

__all__ = ["expect_available", "fetch", "info", "load", "names", "write"]


def __getattr__(name):
    if name in ("expect_available", "fetch", "info", "load"):
        from . import loading

        return getattr(loading, name)
    if name == "write":
        from .writing import write

        return write
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
