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
from leaderboard.measures.exact import likelihood_bound
from leaderboard.scores.rows import Quantity, Scale, counted, mean_return, return_of, survival
from leaderboard.scores.training import has_acted, smoothed_returns, steps_to


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number of a cell that did not fail, and how it is presented.

    Attributes:
        name: name of its column in `summary` and in the csv.
        of: the function that computes the number; NaN if there is none.
        about: the object that is measured. "episodes" are those of the evaluation or the training,
            and "costs" what training has used; such a metric is in the table of scores or of costs
            if some row has a value, with its mean over all worlds. Metrics about anything else are
            exact, and in a table of their own. The notes of metrics about the same object share one
            line under the table.
        heading: heading of its column in the tables.
        note: a sentence under the table that explains the column, printed once if several metrics
            share it; empty if the heading is enough. `{bounds}` stands for the bound in each exact
            world.
        explained: the metric's line in `leaderboard explain`, a format string of `value`, `error`,
            `bound`, `cell` and `scale`; empty if the line on the cell's outcome has it already.
        format: format of the number in the tables.
        error: the function that computes its standard error where the metric had to be estimated, 0
            where it is exact: shown behind it in the tables, and as NAME_error in the csv.
        bound: the function that gives the upper bound of its expectation in an exact world.
    """

    name: str
    of: Quantity
    about: Literal["episodes", "costs", "policy", "likelihood", "reward"]
    heading: str
    note: str
    explained: str
    format: str = ".3f"
    error: Quantity | None = None
    bound: Callable[[World], float] | None = None

    @property
    def is_exact(self) -> bool:
        """True if it is defined only in worlds with an exact reference."""
        return self.about not in ("episodes", "costs")

    @property
    def columns(self) -> dict[str, Quantity]:
        """Its columns in `summary` and in the csv, by name."""
        error = {} if self.error is None else {f"{self.name}_error": self.error}
        return {self.name: self.of, **error}

    def counted(self, quantity: Quantity, cell: Cell, scale: Scale | None) -> float:
        """The number in one of its columns with which a cell counts in a mean over cells: a failed
        one as `rows.counted` has it, but with its own costs."""
        if self.about == "costs":
            return quantity(cell, scale)
        return counted(quantity, cell, scale)

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


def _mode_score(cell: Cell, scale: Scale | None) -> float:
    """Score of the most likely actions of a policy that is drawn from; that of its draws if it is
    not known what they are, as of uniform ones, and NaN for a policy without chance."""
    if scale is None or cell.acts != "drawn":
        return nan
    if cell.exact is not None:
        return float(scale.score(cell.exact.mode_return))
    return scale.score(mean_return(cell.mode_episodes) if cell.mode_episodes else return_of(cell))


def _used(count: Callable[[Cell], float | None]) -> Quantity:
    """What a training has used; NaN for what was not trained, and where it is not known."""

    def of(cell: Cell, scale: Scale | None) -> float:
        is_trained = cell.is_learner and bool(cell.meter)
        used = count(cell) if is_trained else None
        return nan if used is None else float(used)

    return of


def _labels(cell: Cell) -> float:
    return sum(cell.meter.get(source, 0) for source in ("demonstrations", "expert_labels"))


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


def _error(name: str) -> Quantity:
    """The standard error of a field of the cell's `ExactMetrics`, 0 where it is exact."""

    def of(cell: Cell, scale: Scale | None) -> float:
        return nan if cell.exact is None else cell.exact.standard_errors.get(name, 0.0)

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
        name="mode_score",
        of=_mode_score,
        about="episodes",
        heading="by mode",
        note="Acts: policies are scored by their draws; those that are drawn from have their score "
        "by mode beside, that of their most likely actions in the same episodes. Deterministic "
        "ones have no chance in them; experts are scripted, their chance included.",
        explained="by its most likely actions: score {value:.6f}",
    ),
    Metric(
        name="steps",
        of=_used(lambda cell: cell.meter.get("steps")),
        about="costs",
        heading="steps",
        note="Means over training seeds: environment steps over all rows; updates, the gradient "
        "steps of torch's optimisers; wall-clock seconds of training; and labels used, the "
        "expert's actions that were shown or asked for.",
        explained="training took {value:,.0f} environment steps",
        format=",.0f",
    ),
    Metric(
        name="updates",
        of=_used(lambda cell: cell.updates),
        about="costs",
        heading="updates",
        note="",
        explained="training took {value:,.0f} gradient steps",
        format=",.0f",
    ),
    Metric(
        name="train_seconds",
        of=_used(lambda cell: cell.train_seconds),
        about="costs",
        heading="seconds",
        note="",
        explained="training took {value:,.1f} s",
        format=",.1f",
    ),
    Metric(
        name="labels_used",
        of=_used(_labels),
        about="costs",
        heading="labels used",
        note="",
        explained="training took {value:,.0f} labels",
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
        error=_error("expected_return"),
        about="policy",
        heading="value gap",
        note="Value gap: the reference's expected return minus the policy's.",
        explained="value gap = {scale.reference:.6f} - {cell.exact.expected_return:.6f} "
        "= {value:.6f}",
    ),
    Metric(
        name="soft_regret",
        of=_exact("soft_regret"),
        error=_error("soft_regret"),
        about="policy",
        heading="soft regret",
        note="Soft regret: return in nats plus entropy, of which the reference has the most, below "
        "the reference's.",
        explained="soft regret: {value:.6f} nats an episode",
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
        error=_error("policy_divergence"),
        about="policy",
        heading="policy KL",
        note="Policy KL: from the reference, nats an episode.",
        explained="policy: KL {value:.6f} nats an episode from the reference's",
    ),
    Metric(
        name="log_likelihood",
        of=_exact("log_likelihood"),
        error=_error("log_likelihood"),
        bound=likelihood_bound,
        about="likelihood",
        heading="log-likelihood",
        note="Log-likelihood: expected, of held-out episodes of the reference, nats an episode: "
        "minus the reference's entropy minus the policy KL; so its bound is {bounds}.",
        explained="expected log-likelihood of the reference's episodes: {value:.6f} nats, at most "
        "{bound:.6f} (minus the reference's entropy)",
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

SAMPLED = tuple(metric for metric in METRICS if metric.about == "episodes")
"""Metrics in the table of scores."""
COSTS = tuple(metric for metric in METRICS if metric.about == "costs")
"""Metrics in the table of costs."""
EXACT = tuple(metric for metric in METRICS if metric.is_exact)
"""Metrics in the table of exact metrics."""
