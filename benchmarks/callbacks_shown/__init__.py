"""What each callback shows or changes: a module for each, with a function `make`.

`make()` trains on the embedded digits, prints the figures that the pages name, and returns a dict
from the name of a picture to a matplotlib `Figure` or a `PIL.Image.Image`.
"""
