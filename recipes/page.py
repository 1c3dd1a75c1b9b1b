"""The pieces of a report: one HTML file that needs nothing but itself.

Styles and pictures are inside it and it runs no script, so it can be mailed, archived and opened
years later. Every text that comes from outside is escaped.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from .page_style import STYLE


class Html(str):
    """Text that is escaped already."""


def page(title: str, parts: Iterable[str], footer: str) -> str:
    """Return a whole page.

    Args:
        title: str, what a browser calls it.
        parts: HTML of its parts, from top to bottom; empty ones are left out.
        footer: str, its last line, a plain text.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + f"\n<footer>{escape(footer)}</footer>\n</main>\n</body>\n</html>\n"
    )


def head(kind: str, name: str, summary: str) -> str:
    """Return the head of a page: what it is, of what, and a sentence about that."""
    return (
        f'<header><p class="kind">{escape(kind)}</p><h1>{escape(name)}</h1>'
        f'<p class="summary">{escape(summary)}</p></header>'
    )


def section(title: str, inside: str) -> str:
    """Return a section under its title, or nothing where nothing is inside."""
    return f"<section><h2>{escape(title)}</h2>{inside}</section>" if inside else ""


def verdict(
    state: str, figures: Sequence[tuple[str, str]], word: str = "", sentence: str = ""
) -> str:
    """Return the box on top, what a reader came for.

    Args:
        state: str, "reached", "missed" or "other", which colours it.
        figures: `(label, figure)` each, the first one large; HTML.
        word: HTML, the judgement in a word. Defaults to none.
        sentence: HTML, and why. Defaults to none.
    """
    shown = "".join(
        f"<div><span>{label}</span>"
        + ('<strong class="expected">' if place else "<strong>")
        + f"{figure}</strong></div>"
        for place, (label, figure) in enumerate(figures)
    )
    return (
        f'<section class="verdict {state}">{shown}'
        f'<div class="sentence"><p class="word">{word}</p><p>{sentence}</p></div></section>'
    )


def tiles(figures: Iterable[tuple[str, str]]) -> str:
    """Return small boxes with a label and a figure each, or nothing where there are none."""
    inside = "".join(
        f'<div class="tile"><span>{escape(label)}</span><b>{escape(value)}</b></div>'
        for label, value in figures
    )
    return f'<section class="tiles">{inside}</section>' if inside else ""


def picture(title: str, caption: str, png: bytes) -> str:
    """Return a picture under its title and its caption."""
    data = base64.b64encode(png).decode("ascii")
    return (
        f"<figure><h3>{escape(title)}</h3><figcaption>{escape(caption)}</figcaption>"
        f'<img alt="{escape(title)}" src="data:image/png;base64,{data}"></figure>'
    )


def fields(values: Mapping[str, Any], changed: Iterable[str] = ()) -> str:
    """Return a table of fields and their values; those that were `changed` say so."""
    changed = {str(name).partition(".")[0] for name in changed}
    rows = "".join(
        f'<tr{" class=changed" if field in changed else ""}><th scope="row">{escape(str(field))}'
        f"</th><td>{escape(readable(value))}</td></tr>"
        for field, value in values.items()
    )
    return f'<div class="scroll"><table class="fields"><tbody>{rows}</tbody></table></div>'


def table(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table; columns that hold nothing but numbers are set as such."""
    rows = [tuple(row) for row in rows]
    numeric = [
        bool(rows) and all(_is_number(row[place]) for row in rows if place < len(row))
        for place in range(len(header))
    ]

    def cells(row, tag):
        return "".join(
            f"<{tag}{' class=number' if number else ''}>{_cell(value)}</{tag}>"
            for value, number in zip(row, numeric, strict=False)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{cells(header, "th")}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def details(summary: str, inside: str) -> str:
    """Return a part that is closed until a reader opens it."""
    return f"<details><summary>{escape(summary)}</summary>{inside}</details>"


def words(metric: str) -> str:
    """Return the name of a figure as a person writes it."""
    return str(metric).replace("_", " ")


def figure_text(metric: str, value: float) -> str:
    """Return a figure as a person writes it, accuracies in per cent; escaped."""
    if "accuracy" in str(metric) and 0 <= abs(value) <= 1:
        return f"{100 * value:.2f} %"
    return escape(number(value))


def number(value: float) -> str:
    """Return a number with as many digits as say something."""
    if isinstance(value, int):
        return f"{value:,}"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return f"{value:,.4f}"
    return f"{value:.3e}"


def duration(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def readable(value: Any) -> str:
    """Return a value of a record as a person reads it."""
    if value is None or value == [] or value == ():
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {readable(inner)}" for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(readable(inner) for inner in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _cell(value):
    if isinstance(value, Html):
        return value
    text = escape(number(value) if isinstance(value, float) else str(value))
    # A text of several lines, such as a model has written, keeps them and its spaces.
    return f"<pre>{text}</pre>" if "\n" in text else text


def _is_number(value):
    if isinstance(value, (int, float)):
        return True
    text = str(value).replace(",", "").replace("%", "").strip()
    if not text:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True
