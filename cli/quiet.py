"""Loading TensorFlow without its greeting."""

import os
import sys
import tempfile


def load_tensorflow():
    """Import TensorFlow and look for its devices, and show what it says only where that fails.

    Its C++ part writes some lines to standard error before its log level can be set: that it
    found no GPU, and that float sums depend on their order. Whoever sets TF_CPP_MIN_LOG_LEVEL
    below 2 sees them.
    """
    if int(os.environ.get("TF_CPP_MIN_LOG_LEVEL", "0")) < 2:
        return
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            import tensorflow as tf

            # Looked for and not set up, which a strategy may yet want to do in its own way.
            tf.config.list_physical_devices()
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
