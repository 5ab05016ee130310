"""The episodes of a cell, by their actions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from il_envs.learning.rollout import replay_to_the_end
from il_envs.world import Split, World, get_world
from leaderboard.cells import MODE_TRACES, Cell, EpisodeResult, read_traces


def verify_episodes(results: Path, cell: Cell) -> list[str]:
    """Replay the traces of a cell, also those of its policy's most likely actions; returns a line
    for each episode that does not agree bit for bit, or is none.

    Raises:
        UserError: if the traces are missing or damaged.
    """
    folder = results / cell.spec.folder
    problems = _replayed(cell, cell.episodes, read_traces(folder, len(cell.episodes)), "")
    if cell.mode_episodes:
        traces = read_traces(folder, len(cell.mode_episodes), MODE_TRACES)
        problems += _replayed(cell, cell.mode_episodes, traces, " by mode")
    return problems


def _replayed(
    cell: Cell, episodes: Sequence[EpisodeResult], traces: list[NDArray[Any]], how: str
) -> list[str]:
    world, split = get_world(cell.spec.world), cell.spec.profile.evaluation_split
    problems = []
    for i, (row, actions) in enumerate(zip(episodes, traces, strict=True)):
        difference = _difference(world, split, row, actions)
        if difference:
            problems.append(f"{cell.spec.title}, episode {i}{how}: {difference}")
    return problems


def _difference(world: World, split: Split, row: EpisodeResult, actions: NDArray[Any]) -> str:
    """What is not as an episode says when its actions are replayed; empty if all is."""
    try:
        played = replay_to_the_end(world, split, row.seed, actions)
    except ValueError as error:
        return str(error)
    if played.length < len(actions):
        return f"it has {len(actions)} actions, and ends after {played.length}"
    if not (played.terminated or played.truncated):
        return f"it has {played.length} actions, and does not end with them"
    for name, recorded, replayed in (
        ("length", row.length, played.length),
        ("return", row.total_reward, played.total_reward),
        ("state hash", row.state_hash, played.state_hash),
        ("terminated", row.terminated, played.terminated),
    ):
        if recorded != replayed:
            return f"{name} is {recorded}, its replay gives {replayed}"
    return ""
