"""Everything behind one score of the table, so that the score can be recomputed by hand."""

from math import hypot, isnan, sqrt

from leaderboard.cells import Cell
from leaderboard.runs import Results
from leaderboard.scores.crossed import Estimate, crossed_mean
from leaderboard.scores.metrics import METRICS
from leaderboard.scores.rows import (
    Row,
    Scale,
    crossed_scores_of,
    mean_return,
    named_row,
    scale_of,
    scores_of,
    survival,
)
from leaderboard.scores.standings import Standings, standings
from leaderboard.scores.statistics import CONFIDENCE, probability_of_improvement, student_interval
from leaderboard.texts import count_of
from leaderboard.tuning.record import told_settings


def explanation(results: Results, algorithm: str, world: str) -> str:
    """Everything behind one score of the table.

    Raises:
        UserError: if the table has no such row.
    """
    row = named_row(results, algorithm, world)
    manifest, labels = results.manifest, row.labels
    references = manifest.references(world)
    scale = scale_of(results, world)
    is_person = manifest.declaration(algorithm).is_person
    who = count_of(manifest.seeds_of(algorithm, world), "training seed") + ", each"
    lines = [
        f"{algorithm} in {world}"
        + (f" with {labels:,} labels" if labels is not None else " (reference row)"),
        f"profile {manifest.profile.name}: {'a person,' if is_person else who} "
        f"evaluated on {count_of(manifest.profile.evaluation_episodes, 'held-out episode')}",
    ]
    for cell in row.cells:
        if cell.played is not None:
            lines.append(f"played: {cell.played}; each of the person's steps is a label")
    said = manifest.declaration(algorithm)
    if said.style:
        lines.append(f"teacher: the {said.style} expert")
    lines += [f"setting: {name}={value}" for name, value in said.settings.items()]
    if labels is not None and not is_person and row.cells:
        spec = row.cells[0].spec
        lines += told_settings(algorithm, spec.origin, spec.key.get("config", ""))
    data = said.recordings.get(world)
    if data is not None:
        lines.append(f"demonstrations: {data}")
    seeds = [episode.seed for cell in row.cells for episode in cell.episodes]
    if seeds:
        lines.append(f"evaluation seeds: {min(seeds)} to {max(seeds)}, split held_out")
    lines.append("")
    if scale is not None:
        lines += _normalisation(scale, references)
    for cell, score in zip(row.cells, scores_of(row, scale), strict=True):
        lines.append(f"  seed {cell.spec.seed}: {_outcome(cell)}, score {score:.6f}")
        lines.append(f"    {results.folder / cell.spec.folder}")
        lines += _training(cell)
        lines += (f"    {line}" for line in metrics_of(cell, scale))
    if row.fault:
        return "\n".join([*lines, "", f"not ranked: {row.fault}"])
    lines += ["", *_score(row, scale, is_person)]
    if scale is not None and (scores := crossed_scores_of(row, scale)).shape[1] > 1:
        lines += _over_episodes(crossed_mean(scores))
    return "\n".join([*lines, *_differences(results, row)])


def _normalisation(scale: Scale, references: tuple[str, ...]) -> list[str]:
    how = "mean over the reference row's seeds of its mean return"
    if scale.is_exact:
        how = "exact expected returns, by dynamic programming"
    formula = f"(return - {scale.random:.6f}) / ({scale.reference:.6f} - {scale.random:.6f})"
    if scale.is_of_costs:
        formula = f"log({scale.random:.6f} / return) / log({scale.cost_factor:.6f})"
    width = max(map(len, references[:2]))
    zero, one = f"{scale.random:.6f}", f"{scale.reference:.6f}"
    return [
        f"normalisation ({how}):",
        f"  {references[0]:{width}} = {zero}    score 0",
        f"  {references[1]:{width}} = {one}    score 1",
        f"score of a seed = {formula}",
        "",
    ]


def _outcome(cell: Cell) -> str:
    if cell.status != "ok":
        return f"{cell.status}: {cell.reason} (scored as random)"
    warned = "".join(f"; warned: {warning}" for warning in cell.warnings)
    warned += "; its policy has no tensors() and was not kept" * cell.has_lost_its_policy
    acts = f", {cell.acts}" if cell.acts else ""
    mean = f"mean return {mean_return(cell.episodes):.6f}"
    if cell.exact is not None and not cell.is_exact:
        error = cell.exact.standard_errors["expected_return"]
        return f"{mean} +- {error:.6f}, not exact, with a control variate{acts}{warned}"
    if cell.exact is None:
        return f"{mean}, survival {survival(cell):.0%}{acts}{warned}"
    return f"exact return {cell.exact.expected_return:.6f} (its episodes' {mean}){acts}{warned}"


def _training(cell: Cell) -> list[str]:
    """A line on a cell's training episodes; none if it took no environment step."""
    curve = cell.learning_curve
    if curve is None:
        return []
    steps, ended = f"{cell.meter['steps']:,} of {curve.budget:,} steps", sum(curve.episodes)
    if not ended:
        return [f"    training: {steps}, no episode ended"]
    return [
        f"    training: {steps}, {ended:,} episodes ended; those in the last bin with any "
        f"returned {curve.mean_returns[-1]:.6f} on average (learning_curve in cell.json)"
    ]


def metrics_of(cell: Cell, scale: Scale | None) -> list[str]:
    """The other metrics of a cell, a line each."""
    if cell.status != "ok":
        return []
    return [
        metric.explain(cell, scale)
        for metric in METRICS
        if metric.explained and not isnan(metric.of(cell, scale))
    ]


def _score(row: Row, scale: Scale | None, is_person: bool) -> list[str]:
    """The mean over seeds and its interval, given these episodes."""
    scores = scores_of(row, scale)
    interval = student_interval(scores)
    terms = " + ".join(f"{score:.6f}" for score in scores)
    lines = [f"score = ({terms}) / {len(scores)} = {interval.mean:.6f}"]
    if isnan(interval.low):
        exact = row.labels is None and row.cells[0].exact is not None
        why = "there is one person" if is_person else "there is one training seed"
        why = "the value is exact" if exact else why
        lines.append(f"interval: none, {why}")
    elif interval.standard_error == 0.0:
        lines.append("interval: of no width, all seeds have the same score")
    else:
        lines.append(
            f"interval = {interval.mean:.6f} +- t * s / sqrt(n) = {interval.mean:.6f} +- "
            f"{interval.quantile:.4f} * {scores.std(ddof=1):.6f} / sqrt({len(scores)}) = "
            f"[{interval.low:.6f}, {interval.high:.6f}]"
        )
        lines.append(
            f"t: Student's quantile at {(1 + CONFIDENCE) / 2:.3f} with {interval.degrees:g} "
            "degrees of freedom"
        )
    return lines


def _over_episodes(estimate: Estimate) -> list[str]:
    """The interval of the table, where it is over episodes too."""
    seeds, episodes = (sqrt(part.variance) for part in (estimate.seeds, estimate.episodes))
    return [
        "that is given these episodes; over seeds and episodes (leaderboard/scores/crossed.py):",
        f"  standard error = sqrt({seeds:.6f}^2 + {episodes:.6f}^2), of seeds s / sqrt(n), of "
        "episodes sqrt(max(MS_episode - MS_rest, 0) / number of scores)",
        f"  interval = {float(estimate.mean):.6f} +- {float(estimate.quantile):.4f} * "
        f"{hypot(seeds, episodes):.6f} = [{float(estimate.low):.6f}, {float(estimate.high):.6f}], "
        f"with {float(estimate.total.degrees):.4g} degrees of freedom",
    ]


def _differences(results: Results, row: Row) -> list[str]:
    """A line for each algorithm that a ranked one is compared with."""
    table = standings(results, (row.world,))
    if table is None or len(row.cells) == 1:
        return []
    if row.algorithm not in table.names or len(table.names) == 1:
        return []
    low, high = table.ranking.ranks[table.names.index(row.algorithm)]
    lines = ["", f"rank {low} to {high} of {len(table.names)}, by the differences from the others:"]
    for k, pair in enumerate(table.pairs()):
        if row.algorithm in pair:
            is_first = row.algorithm == pair[0]
            other = pair[1] if is_first else pair[0]
            lines.append(f"  {_difference(results, row, other, table, k, 1 if is_first else -1)}")
    return lines


def _difference(
    results: Results, row: Row, other: str, table: Standings, pair: int, sign: int
) -> str:
    """The difference from another algorithm, given that of a pair with its sign."""
    difference = table.differences
    ends = sorted(sign * float(end[pair]) for end in (difference.low, difference.high))
    scale = scale_of(results, row.world)
    theirs = named_row(results, other, row.world)
    chance = probability_of_improvement(scores_of(row, scale), scores_of(theirs, scale))
    p = float(table.p_values[pair])
    return (
        f"{other}: {sign * float(difference.mean[pair]):+.6f}, alone in "
        f"[{ends[0]:.6f}, {ends[1]:.6f}], corrected p = {p:.2g}; a run is better with "
        f"a chance of {chance.mean:.2f} in [{chance.low:.2f}, {chance.high:.2f}]"
    )
