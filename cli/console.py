"""Tables on a terminal, and as wide as they need to be where the output goes elsewhere."""

import sys

# Wider than any table here: what reads a pipe or a file breaks no lines.
WIDTH_OF_A_FILE = 1000


def table(title, header, rows):
    """Print rows of text under a header; the first column keeps its lines."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    drawn = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for number, name in enumerate(header, 1):
        drawn.add_column(name, no_wrap=number == 1, overflow="fold")
    for row in rows:
        drawn.add_row(*(escape(str(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE).print(drawn)
