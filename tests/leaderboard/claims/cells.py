"""Results of the profile `claims`, made by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import safetensors.numpy

from il_envs import LearningCurve, get_world
from il_envs.learning.learning_curve import BINS
from leaderboard.cells import Cell, EpisodeResult, write_cell
from leaderboard.claims.profile import RUNS
from leaderboard.measures.exact import ExactMetrics
from leaderboard.measures.references import EMPIRICAL_REFERENCES, EXACT_REFERENCES, exact_reference
from leaderboard.protocol import CellSpec, label_budgets, reference_seeds
from leaderboard.runs import extend_manifest
from leaderboard.selection import manifest_of, of_profile

Change = dict[str, object]
Contents = Callable[[CellSpec], Change]
"""What a cell has, as fields of `Cell`."""


EPISODES = 64  # of each cell of the profile


def write_run(folder: Path, name: str, contents: Contents) -> None:
    """Write all cells of a run of the profile, and its manifest."""
    profile = RUNS[name].profile
    worlds = [get_world(world) for world in profile.worlds]
    contenders = of_profile(profile, worlds, ())
    (folder / name).mkdir(parents=True)
    extend_manifest(folder / name, manifest_of(profile, worlds, contenders, profile.seeds))
    for world in worlds:
        exact = exact_reference(world) is not None
        rows = [
            (reference, None, reference_seeds(exact, profile.seeds))
            for reference in (EXACT_REFERENCES if exact else EMPIRICAL_REFERENCES)
        ] + [
            (contender.name, labels, profile.seeds)
            for contender in contenders
            if contender.applies_to(world)
            for labels in label_budgets(profile, contender.uses_labels, contender.is_control)
        ]
        for algorithm, labels, seeds in rows:
            for seed in range(seeds):
                spec = CellSpec(
                    world=world.name, algorithm=algorithm, origin=algorithm, labels=labels,
                    seed=seed, profile=profile,
                    key={"suite": "1", "world": world.name, "code": algorithm},
                )  # fmt: skip
                place = folder / name / spec.folder
                place.mkdir(parents=True)
                write_cell(place, _cell(spec).model_copy(update=contents(spec)))


def _cell(spec: CellSpec) -> Cell:
    returned = {"random": 0.0, "expert": 100.0}.get(spec.algorithm, 50.0)
    meter = {"steps": 1_000}
    return Cell(spec=spec, status="ok", reason="", meter=meter, episodes=played(returned))


def played(total_reward: float, falls: int = 0) -> tuple[EpisodeResult, ...]:
    """The evaluation episodes of a cell, of which the first ones end in a fall."""
    return tuple(
        EpisodeResult(
            seed=i, total_reward=total_reward, length=10, terminated=i < falls, state_hash=""
        )
        for i in range(EPISODES)
    )


def curve(total_reward: float, since: int = 0) -> LearningCurve:
    """Two training episodes in each bin, which return nothing before bin `since`."""
    totals = tuple(2.0 * total_reward * (place >= since) for place in range(BINS))
    return LearningCurve(1_000, (2,) * BINS, totals)


def exact(
    expected_return: float = 0.0, divergence: float = 0.0, transfer: float | None = None
) -> ExactMetrics:
    """Exact metrics, of which the claims need three."""
    return ExactMetrics(
        expected_return=expected_return, mode_return=expected_return, soft_regret=0.0,
        occupancy_distance=0.0, policy_divergence=divergence, log_likelihood=0.0, epic=None,
        starc=None, transfer=transfer,
    )  # fmt: skip


def write_policy(folder: Path, run: str, spec_folder: str, probabilities: np.ndarray) -> None:
    """Write the table of a policy into the folder of its cell."""
    path = folder / run / spec_folder / "policy.safetensors"
    safetensors.numpy.save_file({"probabilities": probabilities}, path)
