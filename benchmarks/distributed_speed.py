"""How training scales: workers, logical devices, data; and by calculation, many machines.

`make bench` runs this. Trainings are measured in turn, all of them alive at once, a few seconds
each, and what counts is the median of the ratios of a round. What was measured is kept in
docs/benchmark_distributed.json, a part at a time; docs/benchmark_distributed.md is made from it.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from distributed.page import LARGE, SMALL, as_markdown

ROOT = pathlib.Path(__file__).parent.parent
FOUND = ROOT / "docs" / "benchmark_distributed.json"
PAGE = ROOT / "docs" / "benchmark_distributed.md"
# Recipe: the batch, and steps a call: calls of a second, and longer for less noise between workers.
WORKERS = {
    "resnet50_imagenette": (16, 1),
    "resnet20_glyphs": (128, 4),
    "cnn_glyphs": (128, 16),
    "ddpm_digits": (64, 8),
    "mlp_digits": (32, 32),
}
# Random images in place of data that would have to be fetched.
IMAGES = {"resnet50_imagenette": (224, 224, 3), "resnet20_cifar10": (32, 32, 3)}
# Whose double batch does not fit beside the others in 16 GB.
LARGEST = ("resnet50_imagenette",)
MIRRORED = ("resnet20_glyphs", "cnn_glyphs")
CALLS = 2
GROWN = "cnn_glyphs"
FIRST = "growth_first"  # an earlier measurement, with another recipe, that the page tells of
# A training step for the calculation: recipe, batch, steps a call.
STEPS = {"resnet20_cifar10": (128, 2), "resnet50_imagenette": (8, 1)}


def main():
    """Measure what is asked for, keep it, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"default: {' '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--page-only", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}.")
    for name in [] if arguments.page_only else arguments.parts or PARTS:
        measured = PARTS[name](arguments.rounds)
        found = json.loads(FOUND.read_text("utf-8")) if FOUND.is_file() else {}
        found[name] = {**measured, "machine": machine_and_packages()}
        ordered = {part: found[part] for part in (*PARTS, FIRST) if part in found}
        FOUND.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")
    found = json.loads(FOUND.read_text("utf-8"))
    if set(PARTS) <= set(found):
        PAGE.write_text(as_markdown(found), "utf-8")


def workers(name, num_rounds):
    """Measure one worker of one core, two of them, and two that do not know of one another."""
    batch_size, steps = WORKERS[name]
    first, second = two_cores()
    same = {**training(name, steps), "batch_size": batch_size}
    both = {**same, "cores": [[first], [second]]}
    together = {**both, "together": True, "strategy": "multiworker"}
    sides = {
        "one": {**same, "cores": [[first]]},
        "two": together,
        "apart": {**both, "batch_size": batch_size // 2},
    }
    if name not in LARGEST:
        sides["weak"] = {**together, "batch_size": 2 * batch_size}
    return {"batch_size": batch_size, **run(sides, num_rounds)}


def training(name, steps):
    """Return what a member is told in order to train a recipe."""
    told = {"does": "train", "recipe": name, "steps_per_call": steps, "calls_per_turn": CALLS}
    return {**told, "image": IMAGES.get(name)}


def mirrored(num_rounds):
    """Measure one device on two cores, and two logical ones on the same."""
    found = {}
    for name in MIRRORED:
        batch_size, steps = WORKERS[name]
        same = {**training(name, steps), "cores": [two_cores()], "batch_size": batch_size}
        two = {**same, "strategy": "mirrored", "num_devices": 2}
        own = {**two, "threads_per_operation": 1}
        found[name] = run({"one": same, "mirrored": two, "own threads": own}, num_rounds)
    return found


def growth(num_rounds):
    """Measure passes over a set and over one ten times as large, in memory and streamed."""
    from distributed import drawn_images

    with tempfile.TemporaryDirectory() as folder:
        for size in drawn_images.SIZES:
            drawn_images.DrawnImages(config=size, data_dir=folder).download_and_prepare()
        sides = {
            f"{where} {size}": {
                "cores": [two_cores()],
                "does": "grow",
                "name": f"drawn_images/{size}",
                "data_dir": folder,
                "in_memory": where == "memory",
                "recipe": GROWN,
                # As long a measurement for each, more or less.
                "epochs": 3 if size == "once" else 1,
            }
            for where in ("memory", "streamed")
            for size in drawn_images.SIZES
        }
        return run(sides, min(num_rounds, 3))


def steps(num_rounds):
    """Measure steps on one core, and a reduction by two workers over the loopback."""
    first, second = two_cores()
    sides = {
        name: {**training(name, num_steps), "cores": [[first]], "batch_size": batch_size}
        for name, (batch_size, num_steps) in STEPS.items()
    }
    sides["all_reduce"] = {
        "cores": [[first], [second]],
        "together": True,
        "does": "all_reduce",
        "sizes": [SMALL, LARGE],
    }
    return run(sides, min(num_rounds, 3))


PARTS = {
    **{name: (lambda num_rounds, name=name: workers(name, num_rounds)) for name in WORKERS},
    "mirrored": mirrored,
    "growth": growth,
    "steps": steps,
}


def run(sides, num_rounds):
    """Return what each side said in each round."""
    from distributed.sides import in_turn

    return in_turn(sides, num_rounds, lambda line: print(line, flush=True))


def two_cores():
    """Return the numbers of two cores."""
    from kerasrecipes.recipes.processes.shares import usable_cores

    cores = usable_cores()
    if len(cores) < 2:
        sys.exit("Two cores are needed.")
    return cores[:2]


def machine_and_packages():
    """Return what this runs on, in a line."""
    from mc_dropout_speed import machine_and_packages

    return machine_and_packages()


if __name__ == "__main__":
    main()
