"""Running the evaluation episodes of a cell again, from its stored action traces."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.learning.rollout import Episode, run_episodes
from il_envs.world import get_world
from leaderboard import UserError
from leaderboard.cells import Cell, read_traces


class TracePolicy:
    """A policy that replays the actions of a batch of episodes.

    Args:
        traces: the actions of each row, [T, ...].
    """

    def __init__(self, traces: list[NDArray[Any]]) -> None:
        steps = max(map(len, traces))
        self._actions = np.zeros((steps, len(traces), *traces[0].shape[1:]), traces[0].dtype)
        for row, trace in enumerate(traces):
            self._actions[: len(trace), row] = trace
        self._step = 0

    def predict(
        self,
        observation: NDArray[Any],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """The recorded actions of the next step; those of an ended episode do not matter.

        Raises:
            IndexError: if all traces have ended.
        """
        actions = self._actions[self._step]
        self._step += 1
        return actions, None


def replayed_episodes(
    results: Path, cell: Cell, keep_observations: bool, most: int | None = None
) -> list[Episode]:
    """The evaluation episodes of a cell, or the first of them, run again in one batch.

    Args:
        results: the folder of results.
        keep_observations: as in `run_episodes`.
        most: the largest number of episodes; None for all.

    Raises:
        UserError: if the traces are missing or damaged, or do not replay to the recorded states.
    """
    folder = results / cell.spec.folder
    rows = cell.episodes[:most]
    traces = read_traces(folder, len(rows))
    changed = UserError(f"{folder}: its traces do not replay to the recorded states")
    try:
        episodes = run_episodes(
            get_world(cell.spec.world),
            "held_out",
            lambda env: TracePolicy(traces),
            [row.seed for row in rows],
            keep_observations=keep_observations,
        )
    except (IndexError, ValueError) as error:  # too short, or not actions of this world
        raise changed from error
    if [episode.state_hash for episode in episodes] != [row.state_hash for row in rows]:
        raise changed
    return episodes
