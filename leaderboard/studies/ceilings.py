"""The value of pressing several buttons at once in Duel and Gauntlet, computed exactly.

In Duel, the returns of the references of `il_envs.exact.button_references`, and the reason why
cloning with independent buttons falls short of them: a multimodal expert, which dodges either to
the left or to the right. In Gauntlet, the linear program's bound on the return with one button a
step.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from il_envs.buttons import joint_chords
from il_envs.exact.button_references import concurrency_references
from il_envs.exact.checks import FloatArray
from il_envs.exact.evaluation import Evaluation, divergence
from il_envs.worlds.duel import duel
from il_envs.worlds.duel.rules import BUTTONS, COLUMNS, FIRES, HORIZON, SHAPE
from il_envs.worlds.gauntlet import one_button_bound
from leaderboard.figures.drawing import name_panel, panels
from leaderboard.figures.styles import COLOURS, EXPERT
from leaderboard.measures.references import tabular_reference
from leaderboard.studies.findings import Finding

REFERENCE_COLOURS = {
    "random": "#bbbbbb",
    "one button, soft": COLOURS[1],
    "one button": COLOURS[1],
    "cloned buttons": COLOURS[4],
    "independent buttons, soft": COLOURS[2],
    "joint, soft": EXPERT.colour,
    "joint": EXPERT.colour,
}
SOFT = ("one button, soft", "cloned buttons", "independent buttons, soft", "joint, soft")
SOFT_RETURN = "return + temperature x entropy"
DODGES = ("left", "right", "neither", "both")  # of left and right, what is pressed


def concurrency() -> tuple[Figure, list[Finding]]:
    """The exact returns, and how the expert and its clone dodge a bolt."""
    reference = tabular_reference(duel)
    assert reference is not None
    temperature = reference.temperature
    policies = concurrency_references(reference.model, temperature)
    expert, clone = policies["joint, soft"], policies["cloned buttons"]
    returns = {name: policy.expected_return for name, policy in policies.items()}
    soft = {name: returns[name] + temperature * policies[name].entropy for name in SOFT}
    dodges = {"the expert": dodge_probability(expert), "cloned buttons": dodge_probability(clone)}
    figure, (left, right) = panels(2)
    _draw_returns(left, returns)
    _draw_dodges(right, dodges)
    return figure, [
        *(Finding(f"Duel, {name}: return", value) for name, value in returns.items()),
        *(Finding(f"Duel, {name}: {SOFT_RETURN}", value) for name, value in soft.items()),
        Finding("Duel: joint / one button, return", returns["joint"] / returns["one button"], 1.0),
        Finding(
            f"Duel: independent / joint, {SOFT_RETURN}",
            soft["independent buttons, soft"] / soft["joint, soft"],
            high=1.0,
        ),
        Finding(
            f"Duel: cloned / independent buttons, {SOFT_RETURN}",
            soft["cloned buttons"] / soft["independent buttons, soft"],
            high=1.0,
        ),
        Finding(
            "Duel: cloned buttons / expert, return",
            returns["cloned buttons"] / returns["joint, soft"],
        ),
        Finding("Duel: KL(expert || cloned buttons), nats", divergence(expert, clone), 0.0),
        *(
            Finding(f"Duel, {name}: hit where a bolt must be dodged", float(chances[2:].sum()))
            for name, chances in dodges.items()
        ),
        Finding("Gauntlet, one button: bound on the return", one_button_bound()),
    ]


def dodge_probability(policy: Evaluation) -> FloatArray:
    """The probability of each of `DODGES`, float64 [4], halfway through an episode.

    The situation: a bolt comes down the middle column, where I am, with an empty magazine and a
    broken shield.
    """
    middle = COLUMNS // 2
    place = int(np.ravel_multi_index((middle, middle, 0, 0, FIRES), SHAPE))
    chances = policy.policy[HORIZON // 2, place]
    left, right = joint_chords(len(BUTTONS))[:, :2].T > 0
    ways = (left & ~right, right & ~left, ~left & ~right, left & right)
    return np.array([chances[way].sum() for way in ways])


def _draw_returns(axes: Axes, returns: dict[str, float]) -> None:
    names = list(returns)
    bars = axes.barh(
        names, list(returns.values()), color=[REFERENCE_COLOURS[name] for name in names], height=0.7
    )
    axes.bar_label(bars, fmt="%.2f", padding=4, color="#333333", fontsize=10.0)
    axes.invert_yaxis()
    axes.axvline(0.0, color="#888888", linewidth=0.8)
    axes.set(xlabel="expected return: hits given minus hits taken")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0.0)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.12)
    name_panel(axes, "Duel: what chords are worth", "exact; five buttons, 32 chords, 40 steps")


def _draw_dodges(axes: Axes, dodges: dict[str, FloatArray]) -> None:
    places, width = np.arange(len(DODGES)), 0.38
    colours = (EXPERT.colour, REFERENCE_COLOURS["cloned buttons"])
    for k, (name, chances) in enumerate(dodges.items()):
        axes.bar(places + (k - 0.5) * width, chances, width, color=colours[k], label=name)
    axes.set_xticks(places, [way if k < 2 else f"{way}:\nhit" for k, way in enumerate(DODGES)])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(frameon=False, loc="upper right")
    name_panel(
        axes,
        "A bolt comes down my column",
        "empty magazine, broken shield: which of left and right is pressed",
    )
