"""Data sets that need no network: real ones out of scikit-learn, and glyphs drawn from fonts.

Importing this package registers their builders, so that `tfds.load("glyphs")` works too.
"""

from .breast_cancer import BreastCancer
from .diabetes import Diabetes
from .digits import Digits
from .glyphs import Glyphs
from .line import Line
from .wine import Wine

__all__ = ["BreastCancer", "Diabetes", "Digits", "Glyphs", "Line", "Wine"]
