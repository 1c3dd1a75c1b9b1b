"""What the embedded builders share."""

import tensorflow_datasets as tfds


class EmbeddedBuilder(tfds.core.GeneratorBasedBuilder):
    """A builder that finds its own folder and generates without a download."""

    VERSION = tfds.core.Version("1.0.0")

    # Else tfds asks importlib for the folder of `kerasrecipes`, which is a namespace package
    # mapped onto several folders and has none.
    code_path = tfds.core.Path(__file__)
    pkg_dir_path = code_path.parent
