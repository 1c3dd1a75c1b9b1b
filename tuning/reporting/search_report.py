"""The report of a search: one HTML file that needs nothing but itself, in the look of a run's."""

from __future__ import annotations

import math
import shlex
import statistics
from html import escape
from pathlib import Path

from ...recipes import page
from ...recipes.atomic import write_text
from ...recipes.record_parts import data_part, machine_part, started
from .hyperparameter import label
from .outcome import has_value, outcome_of
from .search_pictures import pictures
from .terminal import counts, epochs_text, table_rows

_ROWS_OPEN = 15


def report(folder) -> Path:
    """Write `report.html` into the folder of a search, whole or not at all.

    The search may be going on, have been interrupted, or have run elsewhere: only its folder is
    read.

    Args:
        folder: the `SearchFolder`, or its path.

    Returns:
        The path of the report.

    Raises:
        RecipeError: it is no search, no trial has ended, or the folder cannot be written.
    """
    outcome = outcome_of(folder)
    record = outcome.record
    recipe = record["recipe"]
    name = str(recipe.get("name", "search"))
    parts = [
        page.head("Report of a search", name, str(recipe.get("summary", ""))),
        _warning(outcome),
        _verdict(outcome),
        _tiles(outcome),
        page.section("On the test split", _test_figures(record)),
        page.section("Trials", _trials(outcome)),
        page.section("Pictures", "".join(page.picture(*each) for each in pictures(outcome))),
        page.section("Why trials failed", _failures(outcome)),
        page.section("The space", _space(outcome)),
        page.section("Data", data_part(record.get("data") or {})),
        page.section("Recipe", page.fields(recipe, changed=record.get("overrides") or {})),
        page.section("Machine and versions", machine_part(record)),
        page.section("Go on", _go_on(outcome)),
    ]
    written = page.page(f"{name}, a search", parts, started(record))
    return write_text(outcome.folder / "report.html", written)


def _warning(outcome):
    states = {
        "searching": "The search was still going on when this was written.",
        "interrupted": "The search was interrupted; it can be gone on with.",
    }
    said = []
    if outcome.best is None:
        said.append(f"{counts(outcome)}. None has a value, so there is nothing to compare.")
    if outcome.record["status"] in states:
        said.append(states[outcome.record["status"]])
    return f'<p class="warning">{escape(" ".join(said))}</p>' if said else ""


def _verdict(outcome):
    best, default, name = outcome.best, outcome.default, outcome.objective
    if best is None:
        return ""
    state, word, sentence = _judgement(outcome)
    shown = [(f"{escape(page.words(name))} on validation", page.figure_text(name, best.objective))]
    if outcome.comparable and default is not best:
        shown.append(("the recipe's own values", page.figure_text(name, default.objective)))
    return page.verdict(state, shown, word, sentence)


def _judgement(outcome):
    best, default, name = outcome.best, outcome.default, outcome.objective
    number = f"Trial {best.number}."
    if default is None:
        return "other", number, "No trial has the recipe's own values to compare it with."
    if default is best:
        return "other", "The recipe's own values", f"{number} No other trial is better."
    if not outcome.comparable:
        return (
            "other",
            number,
            f"The recipe's own values were trained for {epochs_text(default)} only (trial "
            f"{default.number}), so there is nothing to compare it with.",
        )
    gain = abs(best.objective - default.objective)
    # Between two figures in per cent lie points.
    text = page.figure_text(name, gain).replace(" %", " percentage points")
    if outcome.sign * (best.objective - default.objective) >= 0:
        return "other", "✗ Not better", f"{number} The recipe's own values are as good."
    if min(len(best.objectives), len(default.objectives)) > 1:
        error = math.sqrt(
            sum(statistics.variance(t.objectives) / len(t.objectives) for t in (best, default))
        )
        if gain < 2 * error:
            return (
                "other",
                "Within the noise",
                f"{number} Better by {text}, less than two standard errors of the repetitions.",
            )
    return (
        "reached",
        "✓ Better",
        f"{number} By {text}. The best of many trials looks a little better than it is; what it "
        "is worth, the test split tells.",
    )


def _tiles(outcome):
    record = outcome.record
    planned = "" if record.get("num_trials") is None else f" of {record['num_trials']}"
    tiles = [("trials", f"{len(outcome.trials)}{planned}")]
    for status in ("completed", "pruned", "failed"):
        count = sum(trial.status == status for trial in outcome.trials)
        if count:
            tiles.append((status, str(count)))
    tiles.append(("method", page.words(record["method"])))
    better = "less" if outcome.sign == 1 else "more"
    tiles.append((f"objective, {better} is better", page.words(outcome.objective)))
    tiles.append(("time on trials", page.duration(sum(t.seconds for t in outcome.trials))))
    workers = len({trial.worker for trial in outcome.trials})
    if workers > 1:
        tiles.append(("processes", str(workers)))
    if record.get("num_seeds", 1) > 1:
        tiles.append(("seeds a trial", str(record["num_seeds"])))
    if record.get("folds"):
        tiles.append(("folds", str(record["folds"])))
    tiles.append(("seed", str(record["seed"])))
    return page.tiles(tiles)


def _test_figures(record):
    winner = record.get("winner") or {}
    figures, base = winner.get("figures") or {}, winner.get("base_figures") or {}
    if not figures:
        return ""
    rows = [
        (
            page.words(metric),
            page.Html(page.figure_text(metric, value)),
            page.Html(page.figure_text(metric, base[metric])) if metric in base else "",
        )
        for metric, value in figures.items()
    ]
    header = ("figure", f"the winner, trial {winner['trial']}", "the recipe itself")
    width = 3 if base else 2
    return page.table(header[:width], [row[:width] for row in rows])


def _trials(outcome):
    repeated = any(len(trial.objectives) > 1 for trial in outcome.trials)
    note = ""
    if repeated:
        note = (
            '<p class="soft">The objective is the mean over repetitions, ± their standard '
            "deviation.</p>"
        )
    _, header, rows = table_rows(outcome, None)
    shown = page.table(header, rows[:_ROWS_OPEN])
    if len(rows) > _ROWS_OPEN:
        rest = page.table(header, rows[_ROWS_OPEN:])
        shown += page.details(f"the other {len(rows) - _ROWS_OPEN} trials", rest)
    return note + shown


def _failures(outcome):
    reasons = {}
    for trial in outcome.trials:
        if not has_value(trial):
            reasons.setdefault(trial.reason or "no reason is known", []).append(trial.number)
    rows = [
        (reason, ", ".join(map(str, numbers[:12])) + (", …" if len(numbers) > 12 else ""))
        for reason, numbers in sorted(reasons.items(), key=lambda each: -len(each[1]))
    ]
    return page.table(("reason", "trials"), rows) if rows else ""


def _space(outcome):
    best = outcome.best
    rows = [
        (
            each.name,
            each.range_text(),
            label(each.default),
            ""
            if best is None or each.place(best.values) is None
            else label(best.values[each.name]),
            each.condition_text(),
        )
        for each in outcome.hyperparameters
    ]
    header = ("hyperparameter", "range", "the recipe's own", "the best trial's", "only where")
    if not any(row[-1] for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    return page.table(header, rows)


def _go_on(outcome):
    folder = shlex.quote(str(outcome.folder))
    said = []
    if outcome.record["origin"] is None:
        said.append(
            "<p>The search was started from Python with a recipe that has no name. There:</p>"
            f"<pre>tuning.resume({escape(repr(str(outcome.folder)))}, recipe=...)</pre>"
        )
    else:
        said.append(
            "<p>Search on, to more trials than were planned if you say so:</p>"
            f"<pre>{escape(f'kerasrecipes tune --resume {folder}')}</pre>"
        )
    winner = outcome.folder / "winner.py"
    if winner.is_file():
        line = f"kerasrecipes train {shlex.quote(str(winner))}"
        said.append(f"<p>Train the winner:</p><pre>{escape(line)}</pre>")
    run = (outcome.record.get("winner") or {}).get("run")
    if run:
        said.append(f"<p>Its run:</p><pre>{escape(shlex.quote(str(run)))}</pre>")
    board = outcome.folder / "tensorboard"
    if board.is_dir():
        line = f"tensorboard --logdir {shlex.quote(str(board))}"
        said.append(f"<p>See it in TensorBoard, under HPARAMS:</p><pre>{escape(line)}</pre>")
    return "".join(said)
