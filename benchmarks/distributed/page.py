"""The page of what distributed_speed.py has measured."""

import statistics

from .page_text import GROWTH_WHY, MIRRORED_WHY, PAGE, WHY_MISSED
from .scaling import Network, Training, efficiency, most_workers

EFFICIENCY_BAR, MIRRORED_BAR = 0.85, 0.9
GROWTH_BAR = (9.0, 11.0)
# Trainable parameters, and layers of batch normalisation over all workers.
SIZES = {
    "ddpm_digits": (395_641, 0),
    "resnet20_glyphs": (269_434, 19),
    "cnn_glyphs": (34_826, 0),
    "mlp_digits": (17_226, 0),
    "resnet20_cifar10": (269_722, 19),
    "resnet50_imagenette": (23_528_522, 53),
}
# Floating-point operations of a step over the bytes of its gradients.
RECIPES = ("resnet50_imagenette", "resnet20_glyphs", "cnn_glyphs", "ddpm_digits", "mlp_digits")
BATCHES = {"mlp_digits": 32, "resnet20_cifar10": 128, "resnet50_imagenette": 8}
NETWORKS = (
    Network("25 Gbit/s", 25e9 / 8, 20e-6),
    Network("100 Gbit/s", 100e9 / 8, 20e-6),
)
NUMBERS = (8, 16, 64, 256, 1024)
# What a message cost, in bytes, and its long brother's: see distributed_speed.py.
SMALL, LARGE = 256, 2**20


def as_markdown(found):
    """Return the page."""
    loopback = _loopback(found)
    trainings = _trainings(found)
    numbers = " | ".join(f"{number:,}" for number in NUMBERS)
    recipes = [name for name in RECIPES if name in found]
    return PAGE.format(
        workers="\n".join(_workers_row(name, found[name]) for name in recipes),
        missed=_missed({name: _efficiency(found[name]) for name in recipes}),
        calls=2,
        rounds=min(len(found[name]["one"]) for name in recipes),
        mirrored="\n".join(_mirrored_row(*pair) for pair in _mirrored(found)),
        mirrored_missed=_mirrored_missed(found),
        growth="\n".join(_growth_rows(found["growth"])),
        first=", ".join(
            f"{ratio[0]:.1f} times as long for {kind} {'in memory' if w == 'memory' else w}"
            for kind, w, _, _, ratio in _growth(found["growth_first"])
        ),
        growth_rounds=_rounds(found["growth"]),
        growth_missed=_growth_missed(found["growth"]),
        peaks="\n".join(_peak_rows(found["growth"])),
        small=10_000,
        large=100_000,
        grown="cnn_glyphs",
        trainings="\n".join(
            f"| {t.name} | {_milliseconds(t.step_seconds)}, {t.batch_size} examples "
            f"| {t.gradient_bytes / 1e6:.3g} MB | {t.num_rounds} |"
            for t in trainings
        ),
        numbers=numbers,
        rules="---|" * len(NUMBERS),
        weak="\n".join(_scaling_rows(trainings, strong=False)),
        strong="\n".join(_scaling_rows(trainings, strong=True)),
        latency=loopback.latency * 1e6,
        bandwidth=loopback.bytes_per_second / 1e9,
        small_bytes=SMALL,
        large_bytes=LARGE,
        check="\n".join(_check_row(name, found[name], loopback) for name in recipes),
        machine=found["steps"]["machine"],
    )


def _efficiency(sides, other="two", factor=0.5):
    return _ratio(sides["one"], sides[other], factor)


def _ratio(own, others, factor=1.0):
    """Return the median, the least and the most of the ratios of a round."""
    ratios = [factor * a / b for a, b in zip(own, others, strict=True)]
    return statistics.median(ratios), min(ratios), max(ratios)


def _said(ratio):
    return f"{ratio[0]:.2f} [{ratio[1]:.2f}, {ratio[2]:.2f}]"


def _milliseconds(seconds):
    return f"{1e3 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _verdict(value, bar):
    return f"{bar:g}, {'reached' if value >= bar else 'missed'}"


def _workers_row(name, sides):
    share = _efficiency(sides)
    cells = (
        f"`{name}`",
        str(sides["batch_size"]),
        _milliseconds(statistics.median(sides["one"])),
        _milliseconds(statistics.median(sides["two"])),
        _said(share),
        _verdict(share[0], EFFICIENCY_BAR),
        _said(_efficiency(sides, "apart")),
        _said(_efficiency(sides, "weak", 1.0)) if "weak" in sides else "not measured",
    )
    return f"| {' | '.join(cells)} |"


def _missed(shares):
    lines = [
        f"- `{name}`: {WHY_MISSED.get(name, 'the reason is not known.')}"
        for name, share in shares.items()
        if share[0] < EFFICIENCY_BAR
    ]
    return "Where the bar is missed:\n\n" + "\n".join(lines) + "\n\n" if lines else ""


def _mirrored(found):
    return [(name, sides) for name, sides in found["mirrored"].items() if name != "machine"]


def _mirrored_row(name, sides):
    shares = [_ratio(sides["one"], sides[side]) for side in ("mirrored", "own threads")]
    cells = (
        f"`{name}`",
        *(_milliseconds(statistics.median(sides[side])) for side in sides),
        *(part for s in shares for part in (_said(s), _verdict(s[0], MIRRORED_BAR))),
    )
    return f"| {' | '.join(cells)} |"


def _mirrored_missed(found):
    for _, sides in _mirrored(found):
        shares = (_ratio(sides["one"], sides[side])[0] for side in ("mirrored", "own threads"))
        if min(shares) < MIRRORED_BAR:
            return f"Where the bar is missed: {MIRRORED_WHY}\n\n"
    return ""


def _growth(sides):
    """Yield each kind of pass, where the data are, its seconds by size, and their ratio."""
    for number, kind in enumerate(("training", "evaluation")):
        for where in ("memory", "streamed"):
            once, tenfold = (
                [turn[number] for turn in sides[f"{where} {size}"]] for size in ("once", "tenfold")
            )
            yield kind, where, once, tenfold, _ratio(tenfold, once)


def _growth_rows(sides):
    low, high = GROWTH_BAR
    for kind, where, once, tenfold, ratio in _growth(sides):
        verdict = "reached" if low <= ratio[0] <= high else "missed"
        yield (
            f"| {kind}, {'in memory' if where == 'memory' else where} "
            f"| {_milliseconds(statistics.median(once))} "
            f"| {_milliseconds(statistics.median(tenfold))} "
            f"| {ratio[0]:.1f} [{ratio[1]:.1f}, {ratio[2]:.1f}] "
            f"| {low:g} to {high:g}, {verdict} |"
        )


def _rounds(sides):
    number = len(sides["memory once"])
    return f"{number} round" + "s" * (number > 1)


def _growth_missed(sides):
    missed = any(ratio[0] < GROWTH_BAR[0] for *_, ratio in _growth(sides))
    return f"Where the ratio is below the bar: {GROWTH_WHY}\n\n" if missed else ""


def _peak_rows(sides):
    for where in ("memory", "streamed"):
        once, tenfold = (
            max(turn[2] for turn in sides[f"{where} {size}"]) for size in ("once", "tenfold")
        )
        name = "in memory" if where == "memory" else where
        change = tenfold / once - 1
        yield f"| {name} | {once / 1e6:.0f} MB | {tenfold / 1e6:.0f} MB ({change:+.0%}) |"


def _trainings(found):
    measured = {**found["steps"], "mlp_digits": found["mlp_digits"]["one"]}
    names = {
        "mlp_digits": "MLP, `mlp_digits`, a core",
        "resnet20_cifar10": "ResNet-20 on CIFAR, a core",
        "resnet50_imagenette": "ResNet-50 at 224, a core",
    }
    trainings = [
        Training(
            text,
            statistics.median(measured[name]),
            BATCHES[name],
            4 * SIZES[name][0],
            1 + SIZES[name][1],
        )
        for name, text in names.items()
    ]
    # Of ImageNet's thousand classes.
    return [*trainings, Training("ResNet-50 at 224, a P100", 64 / 219, 64, 4 * 25_557_032, 1)]


def _scaling_rows(trainings, *, strong):
    for training in trainings:
        for network in NETWORKS:
            cells = []
            for number in NUMBERS:
                pair = [
                    efficiency(training, number, network, strong=strong, overlap=overlap)
                    for overlap in (False, True)
                ]
                cells.append("none" if None in pair else " / ".join(f"{e:.2f}" for e in pair))
            ends = [
                most_workers(training, network, strong=strong, overlap=overlap)
                for overlap in (False, True)
            ]
            cells.append(" / ".join(_end(end) for end in ends))
            yield f"| {training.name} | {network.name} | {' | '.join(cells)} |"


def _end(number):
    return f"{number:,}" if number < 2**20 else "beyond 1,000,000"


def _loopback(found):
    small, large = (
        statistics.median(turn[number] for turn in found["steps"]["all_reduce"])
        for number in (0, 1)
    )
    # Of two workers: 2 (N - 1) = 2 messages, each of half the bytes.
    return Network("loopback", LARGE / (large - small), small / 2)


def _check_row(name, sides, loopback):
    num_parameters, num_normalizations = SIZES[name]
    training = Training(
        name,
        statistics.median(sides["one"]),
        sides["batch_size"],
        4 * num_parameters,
        1 + num_normalizations,
    )
    calculated = efficiency(training, 2, loopback, strong=True, overlap=False)
    return f"| `{name}` | {calculated:.2f} | {_efficiency(sides)[0]:.2f} |"
