"""The numbers behind the claims, as functions from a folder of the profile's results.

Cells that failed count as a random policy, as everywhere; where a number has no such value, the
comparison has no interval, and shows nothing.
"""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from il_envs.exact.checks import FloatArray
from il_envs.exact.evaluation import evaluate, hard_optimal, uniform_policy
from il_envs.exact.soft_optimal import soft_optimal
from il_envs.learning.metering import Budget
from il_envs.learning.problem import Problem
from il_envs.learning.stored_policy import TENSORS
from il_envs.world import get_world
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.risky_bridge import risky_bridge_world
from leaderboard.cells import Cell
from leaderboard.claims.claim import Measured, MissingResultsError, number
from leaderboard.claims.profile import EPISODES_SHOWN, FEW, LABELS_OF_AN_EPISODE, RUNS, TENFOLD
from leaderboard.measures.references import required_reference
from leaderboard.runs import Results, read_results
from leaderboard.scores.crossed import crossed_mean
from leaderboard.scores.rows import (
    Quantity,
    Row,
    Scale,
    counted,
    crossed_scores_of,
    headline_row,
    row_of,
    scale_of,
    scores_of,
)
from leaderboard.scores.statistics import (
    Interval,
    difference_interval,
    ratio_interval,
    student_interval,
)
from leaderboard.studies.concurrency import claim_table
from leaderboard.studies.theory import ERROR, HORIZONS, erring_cost, log_slope, visit_probability

Seeds = NDArray[np.float64]
"""A number for each training seed, float64 [seeds]."""

SEEDS, SEEDS_AND_EPISODES, EXACT = "seeds", "seeds and episodes", "exact"


def slope(folder: Path, recovery: float) -> Measured:
    """The slope of log cost against log horizon on CliffChain."""
    costs = np.array([erring_cost(int(horizon), recovery, ERROR) for horizon in HORIZONS])
    return _exact(log_slope(HORIZONS, costs))


def falls(folder: Path) -> Measured:
    """DAgger's falls for each unit of return, over those of cloning."""
    results = _results(folder, "dagger")
    dagger, bc = (_values(results, name, "DriftCar", _fall_rate) for name in ("dagger", "bc"))
    steps = np.mean([c.meter["steps"] for c in _row(results, "dagger", "DriftCar").cells])
    scores = _scores_noted(results, "DriftCar", ("dagger", "bc"))
    note = f"{scores}; DAgger drove {steps:,.0f} steps to be asked, cloning none"
    return Measured(ratio_interval(dagger, bc), SEEDS, note)


def disturbed_return(folder: Path) -> Measured:
    """The return of DART's expert while it demonstrates, over that of the same expert without
    noise, in training episodes from the same starts."""
    results, undisturbed = _results(folder, "dart"), _results(folder, "dart-undisturbed")
    world, learns = "DriftCar", _training_return
    shares = _values(results, "dart", world, learns) / _values(undisturbed, "dart", world, learns)
    scores = _scores_noted(results, world, ("dart", "dagger", "bc"))
    dagger = _values(results, "dagger", world, learns).mean()
    driven = dagger / _values(undisturbed, "dart", world, learns).mean()
    note = f"while DAgger learns, {driven:.2f} of it; in the end {scores}"
    return Measured(student_interval(shares), SEEDS, note)


def matching_distance(folder: Path) -> Measured:
    """The distance of the mixture's feature expectations from the demonstrations', over the norm of
    these."""
    results = _results(folder, "apprenticeship")
    distances, from_truth = {}, {}
    for labels in (FEW, TENFOLD):
        row = _row(results, "apprenticeship", "Macrocells", labels)
        pairs = [_feature_distances(results, cell) for cell in row.cells]
        distances[labels], from_truth[labels] = np.array(pairs).T
    more = number(distances[TENFOLD].mean())
    truths = " and ".join(number(values.mean()) for values in from_truth.values())
    note = f"{more} with {TENFOLD:,} labels; from the expert's own {truths}"
    return Measured(student_interval(distances[FEW]), SEEDS, note)


def _feature_distances(results: Results, cell: Cell) -> tuple[float, float]:
    """Distances of a policy's feature expectations, from the demonstrations' and from the true
    expert's, over the norms of these."""
    world, labels = get_world(cell.spec.world), cell.spec.labels
    assert labels is not None
    reference = required_reference(world)
    model, horizon = reference.model, reference.model.horizon
    own = evaluate(model, _table(results, cell)).feature_expectations
    problem = Problem(world, frozenset({"demonstrations"}), Budget(labels, 0), cell.spec.seed)
    whole = [e for e in problem.demonstrations().episodes if len(e) == horizon]
    states = np.stack([episode.observations for episode in whole])
    actions = np.stack([episode.actions for episode in whole])
    shown, truth = model.feature_mean(states, actions), reference.feature_expectations
    near, far = (
        float(np.linalg.norm(own - other) / np.linalg.norm(other)) for other in (shown, truth)
    )
    return near, far


def tenfold_difference(folder: Path) -> Measured:
    """The score of apprenticeship learning, minus that of cloning with ten times the labels."""
    results = _results(folder, "apprenticeship")
    ours = _scores(results, _row(results, "apprenticeship", "Macrocells", FEW))
    theirs = _scores(results, _row(results, "bc", "Macrocells", TENFOLD))
    note = f"{ours.mean():.3f} from {FEW:,} labels, {theirs.mean():.3f} from {TENFOLD:,}"
    return Measured(difference_interval(ours, theirs), SEEDS, note)


def divergence(folder: Path, run: str, world: str, algorithm: str) -> Measured:
    """The KL divergence of an algorithm's policy from the expert's, in nats an episode."""
    values = _values(_results(folder, run), algorithm, world, _divergence)
    return Measured(student_interval(values), SEEDS)


def excess_divergence(
    folder: Path, run: str, world: str, algorithm: str, rivals: Sequence[str]
) -> Measured:
    """The KL divergence of the nearest rival's policy, minus that of an algorithm's. Each rival has
    an interval; together they have the lowest of their lower ends and of their upper ends."""
    results = _results(folder, run)
    own = _values(results, algorithm, world, _divergence)
    values = {name: _values(results, name, world, _divergence) for name in rivals}
    others = ", ".join(f"{name} {number(each.mean())}" for name, each in values.items())
    note = f"{algorithm} {number(own.mean())}, {others}"
    return Measured(least([_difference(each, own) for each in values.values()]), SEEDS, note)


def _difference(minuend: Seeds, subtrahend: Seeds) -> Interval:
    """The difference of two means; infinite where the first one is."""
    if np.isinf(minuend).any() and np.isfinite(subtrahend).all():
        return Interval(inf, inf, inf)
    return difference_interval(minuend, subtrahend)


def imagined_crossing(folder: Path) -> Measured:
    """The probability of stepping on the bridge in the posterior model of the true reward."""
    causal = required_reference(risky_bridge_world)
    posterior = soft_optimal(causal.model, "posterior", causal.temperature)
    cells = risky_bridge_world.dynamics.params("held_out")
    bridge = np.flatnonzero(cells["tile"] == tiles.BRIDGE)
    imagined, real = (visit_probability(s.policy, s, bridge) for s in (posterior, causal))
    return _exact(imagined, f"the causal expert steps on it with probability {real:.2g}")


def gap_ratio(folder: Path) -> Measured:
    """The value gap of the linear reward's policy, over that of the neural one's."""
    results = _results(folder, "deep-reward")
    names = ("maxent", "maxent-deep")
    linear, deep = (_values(results, name, "Binaryworld", _value_gap) for name in names)
    note = f"linear {linear.mean():.2f}, neural {deep.mean():.2f} below the expert's return"
    return Measured(ratio_interval(linear, deep), SEEDS, note)


def least_score(folder: Path) -> Measured:
    """GAIL's score from the number of demonstrated episodes at which it is lowest. Each number has
    an interval; together they have the lowest of their lower ends and of their upper ends."""
    results = _results(folder, "gail")
    intervals = {}
    for count in EPISODES_SHOWN:
        row = _row(results, "gail", "DriftCar", count * LABELS_OF_AN_EPISODE)
        scores = crossed_mean(crossed_scores_of(row, _scale(results, "DriftCar")))
        intervals[count] = Interval(float(scores.mean), float(scores.low), float(scores.high))
    means = ", ".join(f"{each.mean:.2f}" for each in intervals.values())
    counts = ", ".join(map(str, intervals))
    constant = _scores(results, _row(results, "constant-reward", "DriftCar")).mean()
    note = f"{means} from {counts} episodes; the control, paid 1 a step, {constant:.2f}"
    return Measured(least(list(intervals.values())), SEEDS_AND_EPISODES, note)


def least(intervals: Sequence[Interval]) -> Interval:
    """The interval of what is true of all if it is true of the least: the lowest of the means, of
    the lower ends and of the upper ends."""
    ends = [(interval.mean, interval.low, interval.high) for interval in intervals]
    return Interval(*map(float, np.min(ends, 0)))


def reward_transfer(folder: Path, algorithm: str) -> Measured:
    """The worth of a learned reward in the world whose doors have moved."""
    values = _values(_results(folder, "airl"), algorithm, "FourRoomsStill", _transfer)
    return Measured(student_interval(values), SEEDS)


def policy_transfer(folder: Path) -> Measured:
    """The worth of a cloned policy in the world whose doors have moved."""
    results = _results(folder, "airl")
    row = _row(results, "bc", "FourRoomsStill")
    return Measured(student_interval([_moved_worth(results, cell) for cell in row.cells]), SEEDS)


def _moved_worth(results: Results, cell: Cell) -> float:
    """A policy's return in the transfer world of its own; 0 is that of the uniform policy, 1 that
    of the optimal one."""
    transfer = get_world(cell.spec.world).truth.transfer
    assert transfer is not None
    model = required_reference(get_world(transfer)).model
    tables = (_table(results, cell), uniform_policy(model.available), hard_optimal(model).policy)
    own, zero, one = (evaluate(model, table).expected_return for table in tables)
    return (own - zero) / (one - zero)


def concurrency(folder: Path, claim: str) -> Measured:
    """A claim of the table of concurrency, about MAIL."""
    results = _results(folder, "shooter")
    for name in RUNS["shooter"].profile.worlds["Shooter"]:
        _row(results, name, "Shooter")
    (line,) = claim_table(results).query("claim == @claim").itertuples()
    steps = results.manifest.profile.steps_in("Shooter")
    note = f"after {steps:,} steps each, fewer than the paper's"
    told = [note] if line.status.startswith("ok") or not line.status else [note, line.status]
    return Measured(Interval(line.value, line.low, line.high), SEEDS, "; ".join(told))


def _exact(value: float, note: str = "") -> Measured:
    return Measured(Interval(value, value, value), EXACT, note)


def _results(folder: Path, run: str) -> Results:
    """The results of a run.

    Raises:
        MissingResultsError: if there are none, or they are of a run of another size.
        UserError: if a file is damaged.
    """
    if not any((folder / run).glob("*/*/**/cell.json")):
        raise MissingResultsError(f"no results in {folder / run}")
    results, profile = read_results(folder / run), RUNS[run].profile
    found = results.manifest
    if (found.profile.model_dump(), found.seeds) != (profile.model_dump(), profile.seeds):
        raise MissingResultsError(
            f"{folder / run} holds results of another run, of the profile {found.profile.name!r} "
            f"with {found.seeds} training seeds"
        )
    return results


def _row(results: Results, algorithm: str, world: str, labels: int | None = None) -> Row:
    """The complete row of an algorithm, by default at the labels at which the table ranks."""
    at_last = headline_row(results, algorithm, world)
    row = at_last if labels is None else row_of(results, algorithm, world, labels)
    if row.fault:
        raise MissingResultsError(f"{results.folder}: {world} {algorithm}: {row.fault}")
    return row


def _scale(results: Results, world: str) -> Scale:
    scale = scale_of(results, world)
    assert scale is not None  # or a row has a fault
    return scale


def _scores(results: Results, row: Row) -> Seeds:
    return scores_of(row, _scale(results, row.world))


def _scores_noted(results: Results, world: str, names: Sequence[str]) -> str:
    """The mean scores of algorithms, in words."""
    means = (f"{name} {_scores(results, _row(results, name, world)).mean():.2f}" for name in names)
    return f"scores {', '.join(means)}"


def _values(results: Results, algorithm: str, world: str, quantity: Quantity) -> Seeds:
    cells = _row(results, algorithm, world).cells
    scale = _scale(results, world)
    return np.array([counted(quantity, cell, scale) for cell in cells])


def _fall_rate(cell: Cell, scale: Scale | None) -> float:
    """Falls for each unit of return, which is 10 m of road or, sliding, a little less."""
    total = sum(episode.total_reward for episode in cell.episodes)
    return sum(episode.terminated for episode in cell.episodes) / total


def _training_return(cell: Cell, scale: Scale | None) -> float:
    """Mean return of the episodes that ended during training."""
    curve = cell.learning_curve
    return nan if curve is None else sum(curve.total_rewards) / sum(curve.episodes)


def _divergence(cell: Cell, scale: Scale | None) -> float:
    return nan if cell.exact is None else cell.exact.policy_divergence


def _value_gap(cell: Cell, scale: Scale | None) -> float:
    if cell.exact is None or scale is None:
        return nan
    return scale.reference - cell.exact.expected_return


def _transfer(cell: Cell, scale: Scale | None) -> float:
    return nan if cell.exact is None or cell.exact.transfer is None else cell.exact.transfer


def _table(results: Results, cell: Cell) -> FloatArray:
    """The probabilities of a tabular policy, float64 [S, A] or [T, S, A]."""
    path = results.folder / cell.spec.folder / TENSORS
    if not path.exists():
        raise MissingResultsError(f"{path}: missing")
    return safetensors.numpy.load_file(path)["probabilities"]
