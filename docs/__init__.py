"""The documentation. It is a package only so that `figures.json` travels with a wheel."""
