"""One sentence for a callback that is told to watch what is not there."""


def expect_monitor(callback, logs):
    """Check that the quantity which a callback watches is among an epoch's logs.

    Args:
        callback: a Keras callback with `monitor`.
        logs: dict from the names that exist to their values.

    Raises:
        ValueError: the quantity is not there.
    """
    if callback.monitor in logs:
        return
    advice = ""
    if callback.monitor.startswith("val_") and not any(name.startswith("val_") for name in logs):
        advice = " This epoch ran no validation: give `fit` validation data."
    raise ValueError(
        f"`monitor` of {type(callback).__name__} must be one of "
        f"{', '.join(repr(name) for name in sorted(logs))}. "
        f"Received: monitor={callback.monitor!r}.{advice}"
    )
