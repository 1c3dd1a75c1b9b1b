"""A whole image from a spoilt one."""

import dataclasses

from ..errors import RecipeError
from .reconstruction import Reconstruction


@dataclasses.dataclass(frozen=True)
class Denoising(Reconstruction):
    """Learn to give whole images back from images that the model's own noise has spoilt.

    Evaluates to the same figures as `Reconstruction`, but the model is shown spoilt images, with
    noise that is the same at every evaluation, and `baseline_mse` is that of leaving them as they
    are.

    Source: Vincent et al. 2008, "Extracting and composing robust features with denoising
    autoencoders", section 2.3.

    Attributes:
        seed: int >= 0, decides the noise of an evaluation. Defaults to 0.
    """

    seed: int = 0
    baseline = "the spoilt image itself"

    def core(self, recipe, splits):
        model = super().core(recipe, splits)
        if model.corruption is None:
            raise RecipeError(
                f"`build` of recipe {recipe.name!r} must give an Autoencoder with a corruption, "
                f"which denoising undoes. Received: corruption=None."
            )
        return model

    def shown(self, model, images, number):
        return model.corruption.mask(images, seed=self.seed * 100_003 + number)

    def trivial(self, splits):
        return lambda images, shown: shown
