"""Dates as people write them, and the same day as ISO 8601 has it.

Made here and nowhere else: every day of two centuries, each written once in one of the ways below,
chosen at random. Only ways that leave no doubt are taken: 03/05/87 is not one of them. No day is in
two splits, so what is tested are days that were never seen.
"""

from __future__ import annotations

import dataclasses
import datetime
import random

from .. import tokens
from ..source import Source

FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
NUM_PAIRS = {"train": 20_000, "validation": 1_000, "test": 2_000}
SEED = 0

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# d: 3, dd: 03, th: 3rd, mm: 05, mon: May, wd: Sun.
WAYS = (
    "{d} {month} {y}",
    "{dd} {month} {y}",
    "{th} {month} {y}",
    "{th} of {month} {y}",
    "{th} of {month}, {y}",
    "the {th} of {month}, {y}",
    "{d}. {month} {y}",
    "{month} {d}, {y}",
    "{month} {th}, {y}",
    "{month} the {th}, {y}",
    "{mon} {d}, {y}",
    "{mon} {th} {y}",
    "{d} {mon} {y}",
    "{dd}-{mon}-{y}",
    "{dd}{mon}{y}",
    "{weekday}, {d} {month} {y}",
    "{weekday}, {month} {th}, {y}",
    "{wd} {d} {mon} {y}",
    "{wd}, {dd} {mon} {y}",
    "{y} {month} {d}",
    "{y}, {mon} {d}",
    "{y}/{mm}/{dd}",
    "{y}.{mm}.{dd}",
    "{y}-{mm}-{dd}",
    "{y}{mm}{dd}",
)
# Most people keep to the capitals of a name; forms and telegrams do not.
CASES = (str, str, str, str.lower, str.upper)


def read(rest="dates", name="dates", data_dir=None, memory_limit=None) -> Source:
    """Return the pairs as characters.

    Args:
        rest: str, "dates".
        name: str, what the user calls it.
        data_dir: not used.
        memory_limit: not used.

    Returns:
        `Source` with three splits.
    """
    return dataclasses.replace(
        tokens.in_characters(pairs()),
        licence="CC0-1.0",
        location=f"made here: {len(WAYS)} ways to write a day of {FIRST.year} to {LAST.year}",
    )


def pairs(num_pairs=None, seed=SEED):
    """Return pairs of a written date and its ISO form, by split.

    Args:
        num_pairs: dict from split to how many. Defaults to `NUM_PAIRS`.
        seed: int. Defaults to `SEED`.

    >>> pairs({"train": 1})["train"]
    [('2033.06.21', '2033-06-21')]
    """
    num_pairs = NUM_PAIRS if num_pairs is None else num_pairs
    # Python's own generator: its numbers are the same in every version.
    generator = random.Random(seed)
    num_days = (LAST - FIRST).days + 1
    days = sorted(range(num_days), key=lambda _: generator.random())
    found, start = {}, 0
    for split, count in num_pairs.items():
        dates = [FIRST + datetime.timedelta(day) for day in days[start : start + count]]
        found[split] = [(_written(date, generator), date.isoformat()) for date in dates]
        start += count
    return found


def written(date, way):
    """Return a date in one of the `WAYS`.

    >>> written(datetime.date(1987, 5, 3), "the {th} of {month}, {y}")
    'the 3rd of May, 1987'
    """
    month, weekday = MONTHS[date.month - 1], WEEKDAYS[date.weekday()]
    return way.format(
        d=date.day,
        dd=f"{date.day:02d}",
        th=f"{date.day}{_ending(date.day)}",
        mm=f"{date.month:02d}",
        month=month,
        mon=month[:3],
        weekday=weekday,
        wd=weekday[:3],
        y=date.year,
    )


def _written(date, generator):
    way = WAYS[int(generator.random() * len(WAYS))]
    return CASES[int(generator.random() * len(CASES))](written(date, way))


def _ending(day):
    if day in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
