"""Pictures of what a model makes, for TensorBoard."""

from .periodic import Periodic, write_images


class Samples(Periodic):
    """Draw what the model makes, every few epochs: samples, reconstructions, masks.

    Args:
        images: callable `(model) -> images`, where the images are a matplotlib `Figure`, the bytes
            of a PNG file, an array `(num_images, height, width, channels)` or one image without
            the first axis, uint8 or float in [0, 1]; or a dict from names to any of these. For
            pictures that can be compared it draws from the same noise each time.
        log_dir: str or path of the folder of the event file. Defaults to "logs".
        name: str, the tag of images without a name of their own. Defaults to "samples".
        every: int >= 1, epochs between two pictures. Defaults to 5: making them may cost seconds.

    Raises:
        ValueError: an argument is out of its range; at the first look, that what `images` returns
            is no image.
    """

    shared_names = ("images",)

    def __init__(self, images, log_dir="logs", name="samples", every=5):
        super().__init__(every, log_dir)
        if not callable(images):
            raise ValueError(
                "`images` of Samples must be a function of the model. "
                f"Received: {type(images).__name__}."
            )
        self.images = images
        self.name = name

    def look(self, epoch):
        """Make the images and write them."""
        made = self.images(self.model)
        with self.writing():
            for name, images in (made if isinstance(made, dict) else {self.name: made}).items():
                write_images(name, images, epoch)
