"""The report of a run: one HTML file that needs nothing but itself (see `page`)."""

from __future__ import annotations

import ast
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from .. import page
from ..atomic import write_text
from ..record_parts import data_part, machine_part, started


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
        page.head("Report of a run", name, str(recipe.get("summary", ""))),
        _failure(record),
        _verdict(record),
        _tiles(record, history),
        page.section("On the test split", _figures(record)),
        page.section("Pictures", "".join(page.picture(*each) for each in pictures)),
        *(page.section(title, page.table(header, rows)) for title, header, rows in tables),
        page.section("Epoch by epoch", _epochs(history)),
        page.section("Data", data_part(record.get("data", {}))),
        page.section("Recipe", page.fields(recipe, changed=record.get("overrides", {}))),
        page.section("Machine and versions", machine_part(record)),
        page.section("Run it again", _again(record)),
    ]
    written = page.page(name, parts, started(record))
    return write_text(Path(run_folder) / "report.html", written)


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
    shown = [
        (f"{escape(page.words(metric))} on the test split", figures[metric]),
        ("expected", expected["value"]),
    ]
    shown = [(label, page.figure_text(metric, value)) for label, value in shown]
    return page.verdict(state, shown, word, sentence)


def _judgement(record, measured, expected):
    source = f"Source: {escape(str(expected['source']))}." if expected.get("source") else ""
    if record.get("reached") is None:
        return "other", "Not comparable", f"The figure was expected on other data. {source}"
    metric, within = expected["metric"], expected.get("within", 0)
    room = f" Tolerance {page.figure_text(metric, within)}." if within else ""
    if record["reached"]:
        return "reached", "✓ Reached", room.strip() + " " + source
    missing = page.figure_text(metric, abs(measured - expected["value"]))
    better = escape(str(expected.get("better", "higher")))
    return "missed", "✗ Missed", f"By {missing}; {better} is better.{room} {source}"


def _tiles(record, history):
    tiles = []
    if "seconds" in record:
        tiles.append(("training time", page.duration(record["seconds"])))
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
    return page.tiles(tiles)


def _best_epoch(record, history):
    expected = record.get("expected") or {}
    for metric, better in ((expected.get("metric"), expected.get("better")), ("loss", "lower")):
        values = history.get(f"val_{metric}", ())
        finite = [(value, -epoch) for epoch, value in enumerate(values) if math.isfinite(value)]
        if finite:
            # Of equal epochs the first, whichever side is the good one.
            sign = -1 if better == "lower" else 1
            value, epoch = max((sign * value, epoch) for value, epoch in finite)
            label = f"best validated {page.words(metric)}, epoch {1 - epoch}"
            return label, page.figure_text(metric, sign * value)
    return None


def _figures(record):
    figures = record.get("figures", {})
    expected = record.get("expected") or {}
    rows = []
    for metric, value in figures.items():
        mine = expected.get("metric") == metric
        rows.append(
            (page.words(metric), page.Html(page.figure_text(metric, value)))
            + (
                (page.Html(page.figure_text(metric, expected["value"])) if mine else "",)
                if expected
                else ()
            )
        )
    header = ("figure", "measured", "expected") if expected else ("figure", "measured")
    return page.table(header, rows) if rows else ""


def _epochs(history):
    columns = [name for name in history if len(history[name])]
    if not columns:
        return ""
    num_epochs = max(len(history[name]) for name in columns)
    rows = [
        (
            epoch + 1,
            *(page.number(history[n][epoch]) if epoch < len(history[n]) else "" for n in columns),
        )
        for epoch in range(num_epochs)
    ]
    table = page.table(("epoch", *map(page.words, columns)), rows)
    return page.details(f"{num_epochs} epochs, every figure", table)


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
