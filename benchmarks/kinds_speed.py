"""How fast each kind of learning is: ours, plain Keras and plain PyTorch, in turn.

`make bench` runs this behind training_speed.py. Each case is a file of `kinds/`, which says what
is timed, and why a bar was missed, and has a function a side. Each round runs the sides one after
the other, each in a process of its own; what counts is the median of the ratios of a round. Writes
docs/benchmark_kinds.md.
"""

import argparse
import importlib
import json
import os
import pathlib
import statistics
import subprocess
import sys

from training_speed import machine_and_packages

ROOT = pathlib.Path(__file__).parent.parent
CASES = (
    "resnet50",
    "unet",
    "vae",
    "dcgan",
    "lstm",
    "characters",
    "translation",
    "diffusion",
)

PAGE = """# How fast each kind of learning is

Each line is the time of another way over that of ours: the median over {rounds} rounds of the ratio
within a round, the smallest and largest in brackets, and the bar that it is held to.

| case | ours | the other way | its time over ours | bar |
|---|---|---|---|---|
{rows}

Machine: {machine}. It was shared with other work, so that ratios of a round count and not times.

{methods}

{missed}Made by `make bench`. Each side runs in a process of its own, the sides in turn within a
round; what compiles is not counted. The step of the CIFAR ResNet-20, which is held to 1.2 times
plain Keras too, stands with those of smaller networks in [benchmark.md](benchmark.md); the memory
of long texts in [benchmark_memory.md](benchmark_memory.md).
"""


def main():
    """Run the rounds and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=CASES)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        case, side = arguments.one
        print(json.dumps(getattr(load(case), side)()))
        return
    found = {case: rounds(case, arguments.rounds) for case in arguments.cases}
    text = as_markdown(found, arguments.rounds)
    print(text)
    if set(found) == set(CASES):
        (ROOT / "docs" / "benchmark_kinds.md").write_text(text, "utf-8")


def load(case):
    """Return the module of a case."""
    return importlib.import_module(f"kinds.{case}")


def rounds(case, num_rounds):
    """Return the seconds of a unit by side, one figure a round."""
    sides = ("ours", *load(case).BARS)
    found = {side: [] for side in sides}
    for number in range(num_rounds):
        for side in sides:
            process = subprocess.run(
                [sys.executable, __file__, "--one", case, side],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            )
            found[side].append(json.loads(process.stdout.splitlines()[-1]))
        print(case, number + 1, {side: round(s[-1], 6) for side, s in found.items()}, flush=True)
    return found


def as_markdown(table, num_rounds):
    """Return the page."""
    rows, methods, missed = [], [], []
    for case, found in table.items():
        module = load(case)
        methods.append(f"- *{module.TITLE}*: {module.METHOD}")
        for side, (bar, name) in module.BARS.items():
            ratios = [other / ours for other, ours in zip(found[side], found["ours"], strict=True)]
            ratio = statistics.median(ratios)
            cells = (
                module.TITLE,
                time(statistics.median(found["ours"])),
                f"{name}, {time(statistics.median(found[side]))}",
                f"{ratio:.3g} [{min(ratios):.3g}, {max(ratios):.3g}]",
                f"{bar:g}" if ratio >= bar else f"{bar:g}, missed",
            )
            rows.append(f"| {' | '.join(cells)} |")
            if ratio < bar:
                why = getattr(module, "WHY_MISSED", "the reason is not known.")
                missed.append(f"- *{module.TITLE}*: {why}")
    return PAGE.format(
        rows="\n".join(rows),
        rounds=num_rounds,
        methods="\n".join(methods),
        missed="Where a bar is missed:\n\n" + "\n".join(missed) + "\n\n" if missed else "",
        machine=machine_and_packages(),
    )


def time(seconds):
    """Return seconds as a person reads them.

    >>> time(0.00123)
    '1.23 ms'
    """
    for unit, scale in (("s", 1), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


if __name__ == "__main__":
    main()
