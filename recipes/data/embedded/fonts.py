"""Characters as grey pictures, cut from the fonts that matplotlib bundles."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ...errors import RecipeError

# Whole families on either side, so that a test digit comes from a face that was never trained.
# Left out are the files that lack digits or letters (STIXSiz*, STIXNonUni*, *Display, cmex, cmsy),
# LastResort, which draws one box for all, and cmmi, whose old-style 1 and 0 read as I and o.
TRAIN_FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
)
TEST_FONTS = ("cmb10", "cmr10", "cmss10", "cmti10", "cmtt10")

# Pixels of a template: three for each of a 28-pixel image, so that scaling down stays smooth.
TEMPLATE_SIZE = 84
# The longer side of a character in it: 20 of 28 pixels, as in MNIST.
BOX_SIZE = 60
# Pixels by which strokes are widened, and standard deviations of the blur, in template pixels.
WIDENINGS = (0, 1, 2)
BLURS = (1.0, 1.6, 2.4, 3.4)


def font_path(font: str) -> Path:
    """Return the file of a font that matplotlib bundles.

    Raises:
        RecipeError: the installed matplotlib has no such file.
    """
    import matplotlib  # Here, since reading a prepared set needs none of it.

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    if not path.is_file():
        raise RecipeError(
            f"Data set 'glyphs' is drawn from matplotlib's font {font!r}, and the installed "
            f"matplotlib {matplotlib.__version__} lacks it. Install matplotlib from its wheel."
        )
    return path


def templates(fonts, characters) -> list[list[Image.Image]]:
    """Draw every character in every font, stroke width and blur.

    Args:
        fonts: iterable of str, names of fonts.
        characters: str.

    Returns:
        For each character, a list of grey images of 84x84 pixels, white on black.
    """
    drawn = {}
    for font in fonts:
        path = str(font_path(font))
        for character in characters:
            size = _font_size(path, character)
            for widening in WIDENINGS:
                sharp = _draw(ImageFont.truetype(path, size), character, widening)
                drawn.setdefault(character, []).extend(
                    sharp.filter(ImageFilter.GaussianBlur(blur)) for blur in BLURS
                )
    return [drawn[character] for character in characters]


def _font_size(path, character):
    """Return the size at which the longer side of a character fills the box."""
    probe = 100
    left, top, right, bottom = ImageFont.truetype(path, probe).getbbox(character)
    return round(probe * BOX_SIZE / max(right - left, bottom - top))


def _draw(font, character, widening):
    image = Image.new("L", (TEMPLATE_SIZE, TEMPLATE_SIZE))
    left, top, right, bottom = font.getbbox(character)
    corner = ((TEMPLATE_SIZE - left - right) / 2, (TEMPLATE_SIZE - top - bottom) / 2)
    ImageDraw.Draw(image).text(corner, character, fill=255, font=font, stroke_width=widening)
    return image
