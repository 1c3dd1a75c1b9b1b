"""Data sets that need no network: real ones out of scikit-learn, and glyphs drawn from fonts."""
