"""The report of a run: one HTML file that needs nothing but itself.

Styles and pictures are inside it and it runs no script, so it can be mailed, archived and opened
years later. Every text that comes from outside is escaped.
"""

from __future__ import annotations

import ast
import base64
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..atomic import write_text
from .report_style import STYLE


def write(
    run_folder: str | Path,
    *,
    record: Mapping[str, Any],
    history: Mapping[str, Sequence[float]],
    pictures: Iterable[tuple[str, str, bytes]] = (),
    tables: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Any]]]] = (),
) -> Path:
    """Write `report.html` into the folder of a run, whole or not at all.

    Args:
        run_folder: path of the run's folder, which exists.
        record: dict, the content of `run.json`. What it does not hold is left out of the report.
        history: dict from metric to a list with one float an epoch.
        pictures: `(title, caption, PNG bytes)` each, in the order of reading. Defaults to none.
        tables: `(title, header, rows)` each. Defaults to none.

    Returns:
        The path of the report.

    Raises:
        RecipeError: the folder cannot be written.
    """
    recipe = record.get("recipe", {})
    name = str(recipe.get("name", "run"))
    parts = [
        _head(name, recipe),
        _failure(record),
        _verdict(record),
        _tiles(record, history),
        _section("On the test split", _figures(record)),
        _section("Pictures", "".join(_picture(*picture) for picture in pictures)),
        *(_section(title, _table(header, rows)) for title, header, rows in tables),
        _section("Epoch by epoch", _epochs(history)),
        _section("Data", _data(record.get("data", {}))),
        _section("Recipe", _fields(recipe, changed=record.get("overrides", {}))),
        _section("Machine and versions", _machine(record)),
        _section("Run it again", _again(record)),
    ]
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + f"\n<footer>{escape(_started(record))}</footer>\n</main>\n</body>\n</html>\n"
    )
    return write_text(Path(run_folder) / "report.html", page)


def command(record: Mapping[str, Any]) -> str | None:
    """Return the command line that makes a run again.

    Args:
        record: dict, the content of `run.json`.

    Returns:
        The command, quoted for a shell; None where the run was started from Python with a value
        that has no name.
    """
    overrides = record.get("overrides", {})
    origin = record.get("origin", record.get("recipe", {}).get("name"))
    if origin is None or None in overrides.values():
        return None
    words = ["kerasrecipes", "train", str(origin)]
    for field, value in overrides.items():
        words += ["--set", f"{field}={_literal(value)}"]
    if "seed" in record:
        words += ["--seed", str(record["seed"])]
    if record.get("strategy", "auto") != "auto":
        words += ["--strategy", str(record["strategy"])]
    return shlex.join(words)


def _literal(value):
    """Return a value as the command line reads it: text as it is, unless it looks like another."""
    if not isinstance(value, str):
        return repr(value)
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
    return repr(value)


def _head(name, recipe):
    summary = recipe.get("summary", "")
    return (
        f'<header><p class="kind">Report of a run</p><h1>{escape(name)}</h1>'
        f'<p class="summary">{escape(str(summary))}</p></header>'
    )


def _failure(record):
    if not record.get("failure"):
        return ""
    return f'<p class="warning">{escape(str(record["failure"]))}</p>'


def _verdict(record):
    figures, expected = record.get("figures", {}), record.get("expected") or {}
    metric = expected.get("metric")
    if metric not in figures:
        return ""
    state, word, sentence = _judgement(record, figures[metric], expected)
    return (
        f'<section class="verdict {state}">'
        f"<div><span>{escape(_words(metric))} on the test split</span>"
        f"<strong>{_value(metric, figures[metric])}</strong></div>"
        f"<div><span>expected</span>"
        f'<strong class="expected">{_value(metric, expected["value"])}</strong></div>'
        f'<div class="sentence"><p class="word">{word}</p><p>{sentence}</p></div></section>'
    )


def _judgement(record, measured, expected):
    source = f"Source: {escape(str(expected['source']))}." if expected.get("source") else ""
    if record.get("reached") is None:
        return "other", "Not comparable", f"The figure was expected on other data. {source}"
    metric, within = expected["metric"], expected.get("within", 0)
    room = f" Tolerance {_value(metric, within)}." if within else ""
    if record["reached"]:
        return "reached", "✓ Reached", room.strip() + " " + source
    missing = _value(metric, abs(measured - expected["value"]))
    better = escape(str(expected.get("better", "higher")))
    return "missed", "✗ Missed", f"By {missing}; {better} is better.{room} {source}"


def _tiles(record, history):
    tiles = []
    if "seconds" in record:
        tiles.append(("training time", _duration(record["seconds"])))
    if "num_parameters" in record:
        tiles.append(("trainable parameters", f"{record['num_parameters']['trainable']:,}"))
        if record["num_parameters"]["total"] != record["num_parameters"]["trainable"]:
            tiles.append(("parameters in total", f"{record['num_parameters']['total']:,}"))
    num_epochs = max(map(len, history.values()), default=0)
    if num_epochs:
        tiles.append(("epochs", f"{num_epochs}"))
    best = _best_epoch(record, history)
    if best:
        tiles.append(best)
    steps = sorted(history.get("milliseconds_per_step", ()))
    if steps:
        tiles.append(("a step, median", f"{steps[len(steps) // 2]:.3g} ms"))
    waiting = history.get("waiting_for_data", ())
    if len(waiting):
        tiles.append(("waiting for data", f"{sum(waiting) / len(waiting):.0%}"))
    if "seed" in record:
        tiles.append(("seed", str(record["seed"])))
    inside = "".join(
        f'<div class="tile"><span>{escape(label)}</span><b>{escape(value)}</b></div>'
        for label, value in tiles
    )
    return f'<section class="tiles">{inside}</section>' if inside else ""


def _best_epoch(record, history):
    expected = record.get("expected") or {}
    for metric, better in ((expected.get("metric"), expected.get("better")), ("loss", "lower")):
        values = history.get(f"val_{metric}", ())
        finite = [(value, -epoch) for epoch, value in enumerate(values) if math.isfinite(value)]
        if finite:
            # Of equal epochs the first, whichever side is the good one.
            sign = -1 if better == "lower" else 1
            value, epoch = max((sign * value, epoch) for value, epoch in finite)
            label = f"best validated {_words(metric)}, epoch {1 - epoch}"
            return label, _value(metric, sign * value)
    return None


def _figures(record):
    figures = record.get("figures", {})
    expected = record.get("expected") or {}
    rows = []
    for metric, value in figures.items():
        mine = expected.get("metric") == metric
        rows.append(
            (_words(metric), _Html(_value(metric, value)))
            + ((_Html(_value(metric, expected["value"])) if mine else "",) if expected else ())
        )
    header = ("figure", "measured", "expected") if expected else ("figure", "measured")
    return _table(header, rows) if rows else ""


def _picture(title, caption, png):
    data = base64.b64encode(png).decode("ascii")
    return (
        f"<figure><h3>{escape(title)}</h3><figcaption>{escape(caption)}</figcaption>"
        f'<img alt="{escape(title)}" src="data:image/png;base64,{data}"></figure>'
    )


def _epochs(history):
    columns = [name for name in history if len(history[name])]
    if not columns:
        return ""
    num_epochs = max(len(history[name]) for name in columns)
    rows = [
        (
            epoch + 1,
            *(_number(history[n][epoch]) if epoch < len(history[n]) else "" for n in columns),
        )
        for epoch in range(num_epochs)
    ]
    table = _table(("epoch", *map(_words, columns)), rows)
    return f"<details><summary>{num_epochs} epochs, every figure</summary>{table}</details>"


def _input(spec):
    shape = " × ".join("any" if side is None else str(side) for side in spec["shape"])
    return f"{spec['name']}: {shape} {spec['dtype']}"


def _data(data):
    if not data:
        return ""
    counts = data.get("num_examples") or {}
    known = {
        "name": data.get("name"),
        "examples": ", ".join(f"{split} {count:,}" for split, count in counts.items()),
        "inputs": "\n".join(_input(spec) for spec in data.get("inputs") or ()),
        "classes": _classes(data.get("class_names")),
        "licence": data.get("licence"),
        "source": data.get("source"),
        "fingerprint": data.get("fingerprint"),
        "notes": "\n".join(data.get("notes") or ()),
    }
    return _fields({field: value for field, value in known.items() if value})


def _classes(names):
    if not names:
        return None
    shown = ", ".join(map(str, names[:30])) + (", …" if len(names) > 30 else "")
    return f"{len(names)}: {shown}"


def _machine(record):
    known = dict(record.get("hardware") or {})
    known.update(record.get("versions") or {})
    named = {_words(field.removeprefix("num_")): value for field, value in known.items()}
    return _fields(named) if known else ""


def _again(record):
    line = command(record)
    if line is None:
        return (
            "<p>This run was started from Python with a value that has no name. There:</p>"
            f"<pre>recipes.train(recipe, seed={escape(repr(record.get('seed', 0)))})</pre>"
        )
    return (
        f"<pre>{escape(line)}</pre>"
        '<p class="soft">The same seed, data and versions on one CPU give the same figures.</p>'
    )


def _fields(values, changed=()):
    changed = {str(name).partition(".")[0] for name in changed}
    rows = "".join(
        f'<tr{" class=changed" if field in changed else ""}><th scope="row">{escape(str(field))}'
        f"</th><td>{escape(_readable(value))}</td></tr>"
        for field, value in values.items()
    )
    return f'<div class="scroll"><table class="fields"><tbody>{rows}</tbody></table></div>'


def _table(header, rows):
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


class _Html(str):
    """Text that is escaped already."""


def _cell(value):
    if isinstance(value, _Html):
        return value
    text = escape(_number(value) if isinstance(value, float) else str(value))
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


def _section(title, inside):
    return f"<section><h2>{escape(title)}</h2>{inside}</section>" if inside else ""


def _words(metric):
    return str(metric).replace("_", " ")


def _value(metric, value):
    """Return a figure as a person writes it: accuracies in per cent."""
    if "accuracy" in str(metric) and 0 <= abs(value) <= 1:
        return f"{100 * value:.2f} %"
    return escape(_number(value))


def _number(value):
    if isinstance(value, int):
        return f"{value:,}"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return f"{value:,.4f}"
    return f"{value:.3e}"


def _duration(seconds):
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def _readable(value):
    if value is None or value == [] or value == ():
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_readable(inner)}" for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_readable(inner) for inner in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _started(record):
    words = [f"Started {record['started']}"] if record.get("started") else []
    words += [str(record["status"])] if record.get("status") else []
    return ", ".join(words) + "." if words else ""
