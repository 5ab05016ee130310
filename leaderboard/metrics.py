"""The metrics of a cell besides its score: one table, used by the page, the csv, `summary` and
`leaderboard explain`. A new metric is an entry here, and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import Literal

from il_envs.learning.learning_curve import bin_ends
from il_envs.world import World, get_world
from leaderboard.cells import Cell
from leaderboard.exact import likelihood_bound
from leaderboard.rows import Quantity, Scale, survival
from leaderboard.training import has_acted, smoothed_returns, steps_to


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number of a cell that did not fail, and how it is presented.

    Attributes:
        name: name of its column in `summary` and in the csv.
        of: the function that computes the number; NaN if there is none.
        about: the object that is measured. "episodes" are those of the evaluation or the training;
            such a metric is in the table of scores if some row has a value, with its mean over all
            worlds. Metrics about anything else are exact, and in a table of their own. The notes of
            metrics about the same object share one line under the table.
        heading: heading of its column in the tables.
        note: a sentence under the table that explains the column, printed once if several metrics
            share it; empty if the heading is enough. `{bounds}` stands for the bound in each exact
            world.
        explained: the metric's line in `leaderboard explain`, a format string of `value`, `error`,
            `bound`, `cell` and `scale`; empty if the line on the cell's outcome has it already.
        format: format of the number in the tables.
        error: the function that computes its standard error, shown behind it in the tables, and as
            NAME_error in the csv.
        bound: the function that gives the upper bound of its expectation in an exact world.
    """

    name: str
    of: Quantity
    about: Literal["episodes", "policy", "likelihood", "reward"]
    heading: str
    note: str
    explained: str
    format: str = ".3f"
    error: Quantity | None = None
    bound: Callable[[World], float] | None = None

    @property
    def is_exact(self) -> bool:
        """True if it is defined only in worlds with an exact reference."""
        return self.about != "episodes"

    @property
    def columns(self) -> dict[str, Quantity]:
        """Its columns in `summary` and in the csv, by name."""
        error = {} if self.error is None else {f"{self.name}_error": self.error}
        return {self.name: self.of, **error}

    def explain(self, cell: Cell, scale: Scale | None) -> str:
        """Its line in `leaderboard explain`."""
        return self.explained.format(
            value=self.of(cell, scale),
            error=nan if self.error is None else self.error(cell, scale),
            bound=nan if self.bound is None else self.bound(get_world(cell.spec.world)),
            cell=cell,
            scale=scale,
        )


def _survival(cell: Cell, scale: Scale | None) -> float:
    """Share of episodes that did not terminate; NaN in exact worlds, where episodes do not end
    early."""
    return nan if scale is not None and scale.is_exact else survival(cell)


def _training_score(cell: Cell, scale: Scale | None) -> float:
    """Mean score of the episodes that ended during training; NaN if none did."""
    curve = cell.learning_curve
    if scale is None or curve is None or not any(curve.episodes):
        return nan
    return scale.score(sum(curve.total_rewards) / sum(curve.episodes))


def _decisions(cell: Cell, scale: Scale | None) -> float:
    """Decisions per step; NaN if they were not counted."""
    decisions = [nan if e.decisions is None else e.decisions for e in cell.episodes]
    return sum(decisions) / sum(episode.length for episode in cell.episodes)


def _outside_support(cell: Cell, scale: Scale | None) -> float:
    return nan if cell.outside_support is None else cell.outside_support


def _steps_to_reference(cell: Cell, scale: Scale | None) -> float:
    """Environment steps until the smoothed learning curve reaches the reference's return; infinite
    if it does not, and NaN for a cell that has not acted."""
    if scale is None or cell.learning_curve is None or not has_acted(cell):
        return nan
    steps = bin_ends(cell.learning_curve.budget)
    return steps_to(smoothed_returns(cell), scale.reference, steps)


def _value_gap(cell: Cell, scale: Scale | None) -> float:
    if scale is None or cell.exact is None:
        return nan
    return scale.reference - cell.exact.expected_return


def _exact(name: str) -> Quantity:
    """A field of the cell's `ExactMetrics`."""

    def of(cell: Cell, scale: Scale | None) -> float:
        value = None if cell.exact is None else getattr(cell.exact, name)
        return nan if value is None else float(value)

    return of


METRICS = (
    Metric(
        name="survival",
        of=_survival,
        about="episodes",
        heading="survival",
        note="",
        explained="",
        format=".0%",
    ),
    Metric(
        name="training_score",
        of=_training_score,
        about="episodes",
        heading="while learning",
        note="While learning: mean score of the training episodes, whoever acts in them: in DAgger "
        "the learner, in DART the disturbed expert.",
        explained="while learning: training episodes have the mean score {value:.6f}",
    ),
    Metric(
        name="decisions",
        of=_decisions,
        about="episodes",
        heading="decisions",
        note="",
        explained="decisions: {value:.3f} a step",
        format=".2f",
    ),
    Metric(
        name="outside_support",
        of=_outside_support,
        about="episodes",
        heading="outside",
        note="Outside: share of visited states outside the support of the expert's demonstrations, "
        "farther from each than 99% of the expert's states are from those of its other episodes.",
        explained="outside the expert's support: {value:.6f} of the visited states",
        format=".1%",
    ),
    Metric(
        name="steps_to_reference",
        of=_steps_to_reference,
        about="episodes",
        heading="steps to reference",
        note="Steps to reference: environment steps until training episodes, averaged over a "
        "twentieth of the budget, return what the reference does; infinite if those of a training "
        "seed never do.",
        explained="steps until training episodes return the reference's {scale.reference:.6f}: "
        "{value:,.0f}",
        format=",.0f",
    ),
    Metric(
        name="expected_return",
        of=_exact("expected_return"),
        about="policy",
        heading="return",
        note="",
        explained="",
    ),
    Metric(
        name="value_gap",
        of=_value_gap,
        about="policy",
        heading="value gap",
        note="Value gap: the reference's expected return minus the policy's.",
        explained="value gap = {scale.reference:.6f} - {cell.exact.expected_return:.6f} "
        "= {value:.6f}",
    ),
    Metric(
        name="occupancy_distance",
        of=_exact("occupancy_distance"),
        about="policy",
        heading="occupancy TV",
        note="Occupancy TV: total variation to the reference's visits, mean over steps.",
        explained="occupancy: total variation {value:.6f} to the reference's, mean over steps",
    ),
    Metric(
        name="policy_divergence",
        of=_exact("policy_divergence"),
        about="policy",
        heading="policy KL",
        note="Policy KL: from the reference, nats an episode.",
        explained="policy: KL {value:.6f} nats an episode from the reference's",
    ),
    Metric(
        name="log_likelihood",
        of=_exact("log_likelihood"),
        error=_exact("log_likelihood_error"),
        bound=likelihood_bound,
        about="likelihood",
        heading="log-likelihood",
        note="Log-likelihood: of 1,000 held-out episodes of the reference, nats an episode, with "
        "its standard error; its bound, minus the reference's entropy, is {bounds}.",
        explained="log-likelihood of the reference's episodes: {value:.6f} +- {error:.6f} nats, "
        "expected at most {bound:.6f} (minus the reference's entropy)",
    ),
    Metric(
        name="epic",
        of=_exact("epic"),
        about="reward",
        heading="EPIC",
        note="EPIC, STARC: distance of the learned reward from the true one.",
        explained="EPIC distance of the learned reward: {value:.6f}",
    ),
    Metric(
        name="starc",
        of=_exact("starc"),
        about="reward",
        heading="STARC",
        note="EPIC, STARC: distance of the learned reward from the true one.",
        explained="STARC distance of the learned reward: {value:.6f}",
    ),
    Metric(
        name="transfer",
        of=_exact("transfer"),
        about="reward",
        heading="transfer",
        note="Transfer: its worth in another world, 0 random, 1 optimal.",
        explained="worth of the learned reward in the transfer world (0 random, 1 optimal): "
        "{value:.6f}",
    ),
)

SAMPLED = tuple(metric for metric in METRICS if not metric.is_exact)
"""Metrics in the table of scores."""
EXACT = tuple(metric for metric in METRICS if metric.is_exact)
"""Metrics in the table of exact metrics."""
