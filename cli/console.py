"""Tables on a terminal, as wide as they need to be where the output goes into a file."""

import sys


def table(title, header, rows):
    """Print rows of text under a header."""
    from rich.console import Console
    from rich.table import Table

    drawn = Table(*header, title=title or None, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        drawn.add_row(*(_escaped(cell) for cell in row))
    console = Console(soft_wrap=not sys.stdout.isatty())
    console.print(drawn, width=None if sys.stdout.isatty() else 400)


def _escaped(cell):
    from rich.markup import escape

    return escape(str(cell))
