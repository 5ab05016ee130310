"""What came of a cell, and how it is written."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.numpy
from numpy.typing import NDArray

from il_envs.learning.learning_curve import LearningCurve
from il_envs.learning.metering import Meter
from il_envs.learning.rollout import Episode
from il_envs.learning.stored_policy import TENSORS
from leaderboard.cells import (
    MODE_TRACES,
    TABLE,
    Acting,
    Cell,
    Guard,
    Status,
    episode_results,
    write_cell,
    write_reward_map,
    write_traces,
)
from leaderboard.computer import this_computer
from leaderboard.measures.checked import tensors_of
from leaderboard.measures.exact import ExactMetrics
from leaderboard.protocol import CellSpec
from leaderboard.reward_maps import RewardMap


@dataclass
class Outcome:
    """The outcome of a cell, filled in step by step."""

    status: Status = "ok"
    reason: str = ""
    warnings: list[str] = field(default_factory=list)
    guards: tuple[Guard, ...] = ()
    meter: Meter = field(default_factory=Meter)
    learning_curve: LearningCurve | None = None
    updates: int | None = None
    train_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    acts: Acting = ""
    episodes: Sequence[Episode] = ()
    mode_episodes: Sequence[Episode] = ()
    controlled: list[float] = field(default_factory=list)  # returns, as those below
    controlled_modes: list[float] = field(default_factory=list)
    exact: ExactMetrics | None = None
    outside_support: float | None = None
    policy: bytes = b""  # safetensors
    table: bytes = b""  # as `table_bytes`
    reward: bytes = b""  # safetensors
    reward_map: RewardMap = field(default_factory=dict)


def write(spec: CellSpec, outcome: Outcome, folder: Path) -> None:
    """Write the cell, `cell.json` last.

    Raises:
        OSError: if it cannot be written.
    """
    if outcome.episodes:
        write_traces(folder, [episode.actions for episode in outcome.episodes])
    if outcome.mode_episodes:
        traces = [episode.actions for episode in outcome.mode_episodes]
        write_traces(folder, traces, MODE_TRACES)
    files = {
        TENSORS: outcome.policy,
        "reward.safetensors": outcome.reward,
        TABLE: outcome.table,
    }
    files = {name: content for name, content in files.items() if content}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if outcome.reward_map:
        write_reward_map(folder, outcome.reward_map)
    cell = Cell(
        spec=spec,
        status=outcome.status,
        reason=outcome.reason,
        warnings=tuple(outcome.warnings),
        guards=outcome.guards,
        meter=outcome.meter.as_dict(),
        learning_curve=outcome.learning_curve,
        updates=outcome.updates,
        train_seconds=outcome.train_seconds,
        evaluation_seconds=outcome.evaluation_seconds,
        acts=outcome.acts,
        episodes=episode_results(outcome.episodes, outcome.controlled if outcome.episodes else ()),
        mode_episodes=episode_results(outcome.mode_episodes, outcome.controlled_modes),
        files={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        exact=outcome.exact,
        outside_support=outcome.outside_support,
        computer=this_computer(),
    )
    write_cell(folder, cell)


def saved(learned: object) -> bytes:
    """The tensors of a policy or a reward as safetensors; empty if there are none."""
    return packed(tensors_of(learned))


def packed(tensors: dict[str, NDArray[Any]]) -> bytes:
    """Tensors as safetensors; empty if there are none."""
    return safetensors.numpy.save(tensors) if tensors else b""
