"""Figures of theoretical results, computed exactly and thus without noise.

Compounding error (Ross and Bagnell 2010, theorem 2.1): the cost of a policy that errs with a small
probability in each step grows with the square of the horizon if it cannot recover from errors, and
linearly if it can. The risky bridge: the posterior model plans with optimistic dynamics, in which
crossing succeeds; in the true dynamics its policy falls into the water. The value of concurrent
buttons is in `ceilings`.
"""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullLocator

from il_envs.exact.checks import FloatArray, IntArray
from il_envs.exact.evaluation import evaluate
from il_envs.exact.soft_optimal import SoftOptimal, soft_optimal
from il_envs.views import States
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.cliff_chain import cliff_chain
from il_envs.worlds.grid.risky_bridge import risky_bridge_world
from leaderboard.figures.drawing import STYLE, name_panel, panels, save
from leaderboard.figures.styles import COLOURS
from leaderboard.measures.references import tabular_reference
from leaderboard.studies.ceilings import concurrency
from leaderboard.studies.findings import Finding

HORIZONS = np.arange(10, 101, 10)
ERROR = 1e-3
"""Probability of the wrong action in each step."""

VISITED = "#8c1d04"
GROUND = {
    tiles.FLOOR: "#eeeeea", tiles.WATER: "#c4dff2", tiles.BRIDGE: "#e6d3b1", tiles.GOAL: "#cfe8cc",
}  # fmt: skip
GROUND_NAMES = {tiles.WATER: "water", tiles.BRIDGE: "bridge", tiles.GOAL: "goal"}


def write_theory(folder: Path) -> tuple[list[Path], list[Finding]]:
    """Write every figure; returns their paths, and the findings behind them.

    Raises:
        OSError: if one cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths, findings = [], []
    with mpl.rc_context(STYLE):
        for name, make in FIGURES.items():
            figure, numbers = make()
            paths.append(folder / f"{name}.svg")
            save(figure, paths[-1])
            findings += numbers
    return paths, findings


def compounding_error() -> tuple[Figure, list[Finding]]:
    """Cost against the horizon on the cliff, with and without recovery."""
    without, back = (
        np.array([erring_cost(int(horizon), recovery, ERROR) for horizon in HORIZONS])
        for recovery in (0.0, 1.0)
    )
    closed = closed_form(HORIZONS, ERROR)
    difference = float(np.abs(without - closed).max())
    findings = [
        Finding(f"cost at T = {horizon} without recovery", cost)
        for horizon, cost in zip(HORIZONS, without, strict=True)
    ]
    findings += [
        Finding("largest difference from the closed form", difference, 0.0, 1e-10),
        Finding("slope without recovery", log_slope(HORIZONS, without), 1.8, 2.05),
        Finding("slope with recovery", log_slope(HORIZONS, back), 0.9, 1.1),
    ]
    figure, (axes,) = panels(1)
    axes.plot(HORIZONS, without, color=COLOURS[1])
    axes.plot(HORIZONS, back, color=COLOURS[0])
    axes.plot(
        HORIZONS, closed, color=COLOURS[1], linestyle="", marker="o", markersize=6.0,
        markerfacecolor="white", zorder=3.0,
    )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="steps of an episode, T", ylabel="expected cost")
    axes.set_xticks([10, 20, 50, 100])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda steps, _: f"{steps:g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda cost, _: f"{cost:g}"))
    name_panel(
        axes, "CliffChain: errors that compound",
        f"error probability {ERROR:g} a step; exact; circles: the closed form "
        r"$T - \Sigma_{h=1}^{T} (1 - \epsilon)^h$",
    )  # fmt: skip
    for cost, colour, name in (
        (without, COLOURS[1], "no way back"),
        (back, COLOURS[0], "one step\nleads back"),
    ):
        slope = log_slope(HORIZONS, cost)
        axes.annotate(
            f"{name}\nslope {slope:.2f}", (HORIZONS[-1], cost[-1]), (10, 0),
            textcoords="offset points", color=colour, fontweight="bold",
            verticalalignment="center", annotation_clip=False,
        )  # fmt: skip
    return figure, findings


def erring_cost(horizon: int, recovery: float, error: float) -> float:
    """Expected cost on the cliff of a policy that walks on, but errs with probability `error` in
    each step."""
    model = cliff_chain(horizon, recovery)
    return -evaluate(model, np.tile([1.0 - error, error], (model.states, 1))).expected_return


def closed_form(horizons: IntArray, error: float) -> FloatArray:
    """T - sum_{h=1}^T (1 - error)^h for each horizon T, float64 [n]."""
    return np.array([T - ((1.0 - error) ** np.arange(1, T + 1)).sum() for T in horizons])


def log_slope(places: IntArray, values: FloatArray) -> float:
    """Least-squares slope of log values against log places."""
    return float(np.polyfit(np.log(places), np.log(values), 1)[0])


def risky_bridge() -> tuple[Figure, list[Finding]]:
    """State visits of the causal expert, of the posterior model in its optimistic dynamics, and of
    the posterior's policy in the true dynamics."""
    causal = tabular_reference(risky_bridge_world)
    assert causal is not None
    posterior = soft_optimal(causal.model, "posterior", causal.temperature)
    in_truth = evaluate(causal.model, posterior.policy).expected_return
    cells = risky_bridge_world.dynamics.params("held_out")
    bridge = np.flatnonzero(cells["tile"] == tiles.BRIDGE)
    figure, all_axes = panels(3, width=4.6)
    findings = []
    for axes, name, policy, dynamics, expected_return in zip(
        all_axes,
        (
            "the causal expert",
            "what the posterior model imagines",
            "the posterior's policy in truth",
        ),
        (causal.policy, posterior.policy, posterior.policy),
        (causal, posterior, causal),
        (causal.expected_return, posterior.expected_return, in_truth),
        strict=True,
    ):
        crossing = visit_probability(policy, dynamics, bridge)
        findings += [
            Finding(f"{name}: probability of stepping on the bridge", crossing),
            Finding(f"{name}: expected return", expected_return),
        ]
        visits = [visit_probability(policy, dynamics, np.array([s])) for s in range(len(cells))]
        draw_visits(axes, cells, np.array(visits))
        description = f"on the bridge {crossing:.0%}, expected return {expected_return:.1f}"
        name_panel(axes, name[0].upper() + name[1:], description)
    figure.legend(
        handles=[Patch(color=GROUND[tile], label=name) for tile, name in GROUND_NAMES.items()],
        title="RiskyBridge, from the left to the goal on the right; numbers: percentage of "
        "episodes that come through the cell",
        loc="outside lower left", ncols=len(GROUND_NAMES), frameon=False, alignment="left",
        fontsize=10.0, title_fontsize=10.0,
    )  # fmt: skip
    return figure, findings


def visit_probability(policy: FloatArray, dynamics: SoftOptimal, states: IntArray) -> float:
    """Probability that an episode ever visits one of the states.

    Args:
        policy: float64 [T, S, A].
        dynamics: the solution whose `initial` and `dynamics` the episode follows.
        states: int64 [n].
    """
    elsewhere = dynamics.initial.copy()  # P(state, none of the states visited yet)
    elsewhere[states] = 0.0
    for step in range(len(policy)):
        occupancy = elsewhere[:, None] * policy[step]
        elsewhere = dynamics.dynamics(step).T @ occupancy.T.ravel()
        elsewhere[states] = 0.0
    return float(1.0 - elsewhere.sum())


def draw_visits(axes: Axes, cells: States, probability: FloatArray) -> None:
    """Draw a grid whose cells are darker the more likely they are visited, labelled in percent.

    Args:
        cells: the world's parameters, [S].
        probability: float64 [S].
    """
    rows, columns = int(cells["row"].max()) + 1, int(cells["column"].max()) + 1
    ground = np.array([to_rgb(GROUND[int(tile)]) for tile in cells["tile"]])
    share = probability[:, None] ** 0.7  # so that a probability of 0.1 is visible
    shades = (1.0 - share) * ground + share * np.array(to_rgb(VISITED))  # [S, 3]
    axes.imshow(shades.reshape(rows, columns, 3))
    for cell, percent, shade in zip(cells, np.round(100.0 * probability), shades, strict=True):
        if percent:
            axes.text(
                cell["column"], cell["row"], f"{percent:.0f}", ha="center", va="center",
                fontsize=10.0, color="white" if shade.mean() < 0.6 else "#333333",
            )  # fmt: skip
    axes.set_xticks(np.arange(columns + 1) - 0.5, [])
    axes.set_yticks(np.arange(rows + 1) - 0.5, [])
    axes.grid(visible=True, axis="both", color="white", linewidth=1.5)
    axes.set_axisbelow(False)
    axes.tick_params(length=0.0)
    axes.spines[:].set_visible(False)


FIGURES: dict[str, Callable[[], tuple[Figure, list[Finding]]]] = {
    "cliff_chain": compounding_error,
    "risky_bridge": risky_bridge,
    "concurrency": concurrency,
}
"""The figures by the names of their files."""
