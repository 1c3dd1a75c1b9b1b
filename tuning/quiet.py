"""Keeping TensorFlow's advice on loops from those who train many models in one on purpose."""

import contextlib
import logging


@contextlib.contextmanager
def without_retracing_warnings():
    """Leave out the warning that functions are traced again and again, as each trial's are."""
    logger = logging.getLogger("tensorflow")

    def keeps(record):
        return "triggered tf.function retracing" not in record.getMessage()

    logger.addFilter(keeps)
    try:
        yield
    finally:
        logger.removeFilter(keeps)
