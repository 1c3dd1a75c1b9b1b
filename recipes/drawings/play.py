"""Pictures of play: how episodes went, and what a policy thinks of a state."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from ..pictures import _FAINT, _INK, _THIRD, _TRAIN, _VALIDATION, _figure

_COLOURS = (_TRAIN, _VALIDATION, _THIRD, "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
# Barto, Sutton and Anderson 1983, in units of the environment: the cart goes from -2.4 to 2.4, and
# the pole is 1 long.
_TRACK, _POLE, _CART = 2.4, 1.0, (0.5, 0.3)
_CART_POLE = (("position", "speed", "angle", "angular velocity"), ("push left", "push right"))
# Up to the angle that ends an episode, 12 degrees in radians, and a speed that is lost.
_CART_POLE_RANGES = ((-0.21, 0.21), (-2.0, 2.0))


def names_of(environment, count):
    """Return what the numbers of an observation are called."""
    if environment.startswith("CartPole-"):
        return _CART_POLE[0]
    return tuple(f"observation {number}" for number in range(count))


def actions_of(environment):
    """Return what the actions are called, or an empty tuple where that is not known."""
    return _CART_POLE[1] if environment.startswith("CartPole-") else ()


def ranges_of(environment, seen):
    """Return from where to where the last two numbers of an observation are worth a look.

    Args:
        environment: str, its name.
        seen: float array `(steps, numbers)`, where an episode went.
    """
    if environment.startswith("CartPole-"):
        return _CART_POLE_RANGES
    lows, highs = seen[:, -2:].min(axis=0), seen[:, -2:].max(axis=0)
    margins = np.where(highs > lows, 0.25 * (highs - lows), 1.0)
    return tuple(zip(lows - margins, highs + margins, strict=True))


def returns(learned, by_chance) -> Figure:
    """Draw how many episodes had which return, of a policy and of chance.

    Args:
        learned: float array `(episodes,)`.
        by_chance: float array of as many.
    """
    both = np.concatenate([learned, by_chance])
    edges = np.linspace(both.min(), both.max() + 1e-6, 31)
    with _figure(7.4, 4.2) as figure:
        axes = figure.add_subplot()
        axes.hist(by_chance, edges, color=_FAINT, label="a random policy")
        axes.hist(learned, edges, color=_TRAIN, alpha=0.85, label="learned")
        axes.set_title("Returns")
        axes.set_xlabel("sum of the rewards of an episode")
        axes.set_ylabel("episodes")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper center")
    return figure


def cart_poles(states, actions, steps) -> Figure:
    """Draw states of CartPole as a strip, two rows of them.

    Args:
        states: float array `(frames, 4)`: position, speed, angle, angular velocity.
        actions: int array `(frames,)`, 0 to push to the left, 1 to the right.
        steps: int array `(frames,)`, which steps of the episode they are.
    """
    num_columns = max(1, -(-len(states) // 2))
    with _figure(2.5 * num_columns, 2.9) as figure:
        for number, (state, action, step) in enumerate(zip(states, actions, steps, strict=True)):
            axes = figure.add_subplot(2, num_columns, number + 1)
            position, angle = state[0], state[2]
            axes.plot([-_TRACK, _TRACK], [0, 0], color=_FAINT, linewidth=2, zorder=1)
            corner = (position - _CART[0] / 2, 0)
            axes.add_patch(Rectangle(corner, *_CART, color=_INK, zorder=2))
            top = (position + _POLE * np.sin(angle), _CART[1] + _POLE * np.cos(angle))
            axes.plot(
                [position, top[0]], [_CART[1], top[1]], color=_VALIDATION, linewidth=5, zorder=3
            )
            push = 0.75 if action else -0.75
            axes.annotate(
                "", (position + push, -0.25), (position, -0.25),
                arrowprops={"arrowstyle": "-|>", "color": _TRAIN, "linewidth": 2},
            )  # fmt: skip
            axes.set(xlim=(-_TRACK - 0.3, _TRACK + 0.3), ylim=(-0.6, 1.6), aspect="equal")
            axes.set_title(f"step {step + 1}", fontsize=11, fontweight="normal", pad=4)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(False)
            axes.spines[:].set_visible(False)
    return figure


def traces(seen, actions) -> Figure:
    """Draw each number of the observations, and the actions, over the steps of an episode.

    Args:
        seen: float array `(steps, numbers)`; at most 8 are drawn.
        actions: int array `(steps,)`.
    """
    columns = [(f"observation {number}", seen[:, number]) for number in range(seen.shape[1])]
    columns = [*columns[:8], ("action", actions)]
    with _figure(7.4, 1.3 * len(columns) + 0.6) as figure:
        for number, (name, values) in enumerate(columns, start=1):
            axes = figure.add_subplot(len(columns), 1, number)
            axes.step(np.arange(1, len(values) + 1), values, color=_TRAIN, where="mid")
            axes.set_ylabel(name, fontsize=10, rotation=0, ha="right", va="center")
        axes.set_xlabel("step")
    return figure


def value_map(across, up, values, actions, names, action_names=()) -> Figure:
    """Draw the value and the best action over two of the things that are seen.

    Args:
        across: float array, the coordinates of the columns.
        up: float array, those of the rows.
        values: float array `(len(up), len(across))`.
        actions: int array of the same shape.
        names: two names, of what goes across and of what goes up.
        action_names: names of the actions, or an empty tuple. Defaults to ().
    """
    extent = (across[0], across[-1], up[0], up[-1])
    settings = {"extent": extent, "origin": "lower", "aspect": "auto"}
    with _figure(11.0, 4.8) as figure:
        axes = figure.add_subplot(1, 2, 1)
        drawn = axes.imshow(values, cmap="viridis", **settings)
        figure.colorbar(drawn, ax=axes, label="rewards to come, discounted")
        axes.set_title("Value")
        other = figure.add_subplot(1, 2, 2)
        colours = ListedColormap(_COLOURS)
        other.imshow(
            actions % len(_COLOURS), cmap=colours, vmin=0, vmax=len(_COLOURS) - 1, **settings
        )
        other.set_title("Best action")
        for action in np.unique(actions):
            name = action_names[action] if action < len(action_names) else f"action {action}"
            colour = _COLOURS[action % len(_COLOURS)]
            other.plot([], [], "s", color=colour, markersize=10, label=name)
        figure.legend(loc="outside lower right", ncols=4)
        for panel in (axes, other):
            panel.grid(False)
            panel.set_xlabel(names[0])
            panel.set_ylabel(names[1])
    return figure
