"""What a cell is measured by besides its score: one table, which the page, the csv, `summary` and
`leaderboard explain` go through. A new metric of a cell is an entry here, and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import Literal

from il_envs.world import World, get_world
from leaderboard.cells import Cell
from leaderboard.exact import likelihood_bound
from leaderboard.rows import Quantity, Scale, survival


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number of a cell that did not fail, and how it is told.

    Attributes:
        name: of its column in `summary` and in the csv.
        of: the number itself, NaN where there is none.
        about: what is measured. "episodes": those of the evaluation; the metric is in the table of
            scores, with its mean over all worlds. The others are exact, and in a table of their
            own. What is said under a table of metrics about the same is one line.
        heading: of its column in the tables.
        note: what the column is, a sentence under the table, said once if metrics share it; empty
            where the heading is enough. `{bounds}` in it stands for the bound in each exact world.
        explained: the metric in a line of `leaderboard explain`, a format of `value` and of
            `error`, `bound`, `cell` and `scale`; empty where the cell's outcome has it already.
        format: of the number in the tables.
        error: its standard error, which the tables show behind it, and the csv as NAME_error.
        bound: the most that can be expected of it in an exact world.
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
        """Whether it is known in worlds with an exact reference alone."""
        return self.about != "episodes"

    @property
    def columns(self) -> dict[str, Quantity]:
        """What it has in `summary` and in the csv, by the name of the column."""
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
    """In exact worlds episodes do not end early."""
    return nan if scale is not None and scale.is_exact else survival(cell)


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
"""Those in the table of scores."""
EXACT = tuple(metric for metric in METRICS if metric.is_exact)
"""Those in a table of their own."""
