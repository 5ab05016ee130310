"""The value of pressing several buttons at once, with an expert and without.

Harmer et al. 2018, "Imitation Learning with Concurrent Actions in 3D Games", compare policies that
take a single action in each step (SAPS) with those that take any number (MAPS), trained by temporal
difference reinforcement learning alone (RL) or with imitation (IL + RL); MAIL is MAPS with IL + RL.
Their abstract: "a 4x improvement in training time and 2.5x improvement in performance over single
action selection TD RL", and the agent "quickly learns to surpass the capabilities of the expert".

An algorithm is included if it declares the factors "actions" and "learning", and no others.
"""

from dataclasses import dataclass
from itertools import product
from math import inf, isinf, isnan, nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il_envs.learning.learning_curve import BINS, bin_ends
from leaderboard.cells import Cell
from leaderboard.runs import Results
from leaderboard.scores.rows import (
    Row,
    Scale,
    headline_row,
    returns_of,
    row_of,
    scale_of,
    scores_of,
    status_of,
)
from leaderboard.scores.statistics import (
    Interval,
    difference_interval,
    ratio_interval,
    student_interval,
)
from leaderboard.scores.training import steps_to, training_returns

FACTORS = ("actions", "learning")
ARMS = tuple(product(("SAPS", "MAPS"), ("RL", "IL + RL")))
"""The levels of the `FACTORS`."""
SAPS_RL, MAIL = ARMS[0], ARMS[-1]

MILESTONES = (0.25, 0.5, 0.75, 1.0)
"""Scores to reach, on the scale from the random policy's return, 0, to the expert's, 1."""
LAST_BINS = BINS // 10
"""Number of last bins of a learning curve whose mean is its final return."""

PERFORMANCE = "performance: MAIL's score / SAPS RL's"
TIME = "training time: SAPS RL's steps / MAIL's (mean curves)"
TIME_OF_SEEDS = "training time: SAPS RL's steps / MAIL's (seed by seed)"
EXPERT = "MAIL's return - the expert's"
PUBLISHED = {PERFORMANCE: "2.5", TIME: "4", TIME_OF_SEEDS: "4", EXPERT: "passed"}
"""The claims, each with the value that the abstract gives."""

NOTHING = Interval(nan, nan, nan)


@dataclass(frozen=True)
class Arm:
    """An algorithm in a world, as one of the `ARMS`."""

    levels: tuple[str, str]
    row: Row
    scale: Scale | None

    @property
    def returns(self) -> NDArray[np.float64]:
        """Held-out return of each seed, float64 [seeds]; the random policy's for a failed seed."""
        return returns_of(self.row, self.scale)

    @property
    def scores(self) -> NDArray[np.float64]:
        """Held-out score of each seed, float64 [seeds]."""
        return scores_of(self.row, self.scale)

    @property
    def curves(self) -> NDArray[np.float64]:
        """`training_returns` of each seed, float64 [seeds, BINS]; the random policy's return for a
        failed seed."""
        assert self.scale is not None
        failed = np.full(BINS, self.scale.random)
        return np.stack(
            [training_returns(cell) if cell.status == "ok" else failed for cell in self.row.cells]
        )

    @property
    def curve_fault(self) -> str:
        """Why there are no `curves`; empty if there are."""
        finished = [cell for cell in self.row.cells if cell.status == "ok"]
        without = [str(cell.spec.seed) for cell in finished if cell.learning_curve is None]
        fault = f"no learning curve of seeds: {', '.join(without)}" if without else ""
        return self.row.fault or fault

    def steps_to(self, level: float) -> tuple[float, NDArray[np.float64]]:
        """`steps_to` of the mean curve and of each seed's own, [seeds]."""
        curves, steps = self.curves, bin_ends(self.row.cells[0].spec.steps)
        mean, *each = (steps_to(curve, level, steps) for curve in (curves.mean(0), *curves))
        return mean, np.array(each)


def arrival(curve: NDArray[np.float64]) -> float:
    """The final return of a learning curve; NaN if no episode ended."""
    known = curve[~np.isnan(curve)]
    return float(known[-LAST_BINS:].mean()) if known.size else nan


def designs(results: Results) -> dict[str, list[Arm]]:
    """The arms in each world that has an algorithm for every one of the `ARMS`, in that order."""
    manifest = results.manifest
    worlds = {}
    for world in manifest.worlds:
        scale = scale_of(results, world)
        arms = [
            Arm(levels, headline_row(results, name, world), scale)
            for levels in ARMS
            for name, applies_to in manifest.algorithms.items()
            if world in applies_to
            and manifest.declaration(name).factors == dict(zip(FACTORS, levels, strict=True))
        ]
        if {arm.levels for arm in arms} == set(ARMS):
            worlds[world] = arms
    return worlds


def final_table(results: Results) -> pd.DataFrame:
    """The final held-out return of each arm; only for worlds with all four arms.

    Columns: algorithm, world, actions, learning, seeds, return, return_low, return_high, score,
    low, high, steps (used, mean over the seeds that did not fail), status, reason.
    """
    return pd.DataFrame(
        [_final(world, arm) for world, arms in designs(results).items() for arm in arms]
    )


def _final(world: str, arm: Arm) -> dict[str, object]:
    total = NOTHING if arm.row.fault else student_interval(arm.returns)
    score = NOTHING if arm.row.fault else student_interval(arm.scores)
    used = [cell.meter["steps"] for cell in arm.row.cells if cell.status == "ok"]
    status, reason = status_of([arm.row])
    return {
        "algorithm": arm.row.algorithm,
        "world": world,
        **dict(zip(FACTORS, arm.levels, strict=True)),
        "seeds": len(arm.row.cells),
        "return": total.mean,
        "return_low": total.low,
        "return_high": total.high,
        "score": score.mean,
        "low": score.low,
        "high": score.high,
        "steps": float(np.mean(used)) if used else nan,
        "status": status,
        "reason": reason,
    }


def milestone_table(results: Results) -> pd.DataFrame:
    """Environment steps until training episodes return a given score, a row for each arm and score.

    Columns: algorithm, world, score, return (that corresponds to the score), steps (of the mean
    curve; infinite if it does not reach the score), seeds_there (number of seeds whose own curves
    reach it), seeds, seed_steps (the mean of their steps, if all reach it), low, high, status (or
    why there is no result).
    """
    return pd.DataFrame(
        [
            _milestone(world, arm, score)
            for world, arms in designs(results).items()
            for arm in arms
            for score in MILESTONES
        ]
    )


def _milestone(world: str, arm: Arm, score: float) -> dict[str, object]:
    level, steps, each = nan, nan, np.array([inf])
    if arm.scale is not None:
        level = arm.scale.random + score * (arm.scale.reference - arm.scale.random)
    if not arm.curve_fault:
        steps, each = arm.steps_to(level)
    there = np.isfinite(each)
    status, _ = status_of([arm.row])
    interval = student_interval(each) if there.all() else NOTHING
    return {
        "algorithm": arm.row.algorithm,
        "world": world,
        "score": score,
        "return": level,
        "steps": steps,
        "seeds_there": int(there.sum()),
        "seeds": len(arm.row.cells),
        "seed_steps": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "status": arm.curve_fault or status,
    }


def claim_table(results: Results) -> pd.DataFrame:
    """Comparison of MAIL with SAPS RL and with the expert, a row for each claim of the paper.

    Columns: claim, world, value, low, high, published, status.
    """
    return pd.DataFrame(
        [
            {
                "claim": claim,
                "world": world,
                "value": interval.mean,
                "low": interval.low,
                "high": interval.high,
                "published": PUBLISHED[claim],
                "status": status,
            }
            for world, arms in designs(results).items()
            for claim, (interval, status) in _claims(results, world, arms).items()
        ]
    )


def _claims(results: Results, world: str, arms: list[Arm]) -> dict[str, tuple[Interval, str]]:
    """The value of each claim, and its status."""
    compared = [arm for arm in arms if arm.levels in (SAPS_RL, MAIL)]
    faults = [f"{arm.row.algorithm}: {arm.row.fault}" for arm in compared if arm.row.fault]
    for levels in (SAPS_RL, MAIL):
        names = [arm.row.algorithm for arm in compared if arm.levels == levels]
        if len(names) > 1:
            faults.append(f"{' and '.join(names)} are both {', '.join(levels)}")
    if faults:
        return dict.fromkeys(PUBLISHED, (NOTHING, f"unranked: {faults[0]}"))
    single, mail = compared
    claims = {PERFORMANCE: _performance(single, mail), **_times(single, mail)}
    expert = row_of(results, results.manifest.references(world)[1], world, None)
    claims[EXPERT] = _passing(mail, expert.cells[0])  # there is one for every seed, all alike
    statuses = [(arm.row.algorithm, status_of([arm.row])[0]) for arm in compared]
    failures = [f"{name}: {status}" for name, status in statuses if not status.startswith("ok")]
    return {
        claim: (interval, "; ".join([*filter(None, [status]), *failures]))
        for claim, (interval, status) in claims.items()
    }


def _performance(single: Arm, mail: Arm) -> tuple[Interval, str]:
    ratio = ratio_interval(mail.scores, single.scores)
    nothing = isinf(ratio.low) or isnan(ratio.mean)
    return ratio, f"{single.row.algorithm}'s score does not differ from 0" if nothing else ""


def _times(single: Arm, mail: Arm) -> dict[str, tuple[Interval, str]]:
    """Training time, in steps until a learning curve reaches the final return of SAPS RL's curve.
    Only training returns are compared; held-out ones are higher, because they have no exploration.
    """
    for arm in (single, mail):
        if arm.curve_fault:
            fault = f"{arm.row.algorithm}: {arm.curve_fault}"
            return dict.fromkeys((TIME, TIME_OF_SEEDS), (NOTHING, fault))
    level = arrival(single.curves.mean(0))
    steps, mail_steps = (arm.steps_to(level)[0] for arm in (single, mail))
    if isinf(mail_steps):
        time = NOTHING, f"{mail.row.algorithm} does not get to the return {level:.3f}"
    else:
        what = f"{steps:,.0f} / {mail_steps:,.0f} steps to the return {level:.3f}"
        time = Interval(steps / mail_steps, nan, nan), what
    return {TIME: time, TIME_OF_SEEDS: _time_of_seeds(single, mail)}


def _time_of_seeds(single: Arm, mail: Arm) -> tuple[Interval, str]:
    """Training time of each seed, in steps until its curve reaches the final return of SAPS RL's
    curve of the same seed."""
    steps = bin_ends(mail.row.cells[0].spec.steps)
    levels = [arrival(curve) for curve in single.curves]
    each, mail_each = (
        np.array([steps_to(*pair, steps) for pair in zip(arm.curves, levels, strict=True)])
        for arm in (single, mail)
    )
    there, mail_there = np.isfinite(each), np.isfinite(mail_each)
    if there.all() and mail_there.all():
        return ratio_interval(each, mail_each), ""
    counts = f"{there.sum()} of {len(there)} and {mail_there.sum()} of {len(mail_there)}"
    return NOTHING, f"{counts} seeds get there"


def _passing(mail: Arm, expert: Cell) -> tuple[Interval, str]:
    """MAIL's held-out return against the expert's on the same episodes; the expert's own return is
    a random sample as well."""
    if expert.exact is None:
        played = [episode.total_reward for episode in expert.episodes]
        difference = difference_interval(mail.returns, played)
    else:
        difference = student_interval(mail.returns - expert.exact.expected_return)
    if isnan(difference.low):
        return difference, "one training seed or episode"
    if difference.low > 0.0:
        return difference, "passed"
    return difference, "not passed" if difference.high < 0.0 else "undecided"
