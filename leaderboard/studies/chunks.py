"""Action chunks: what open-loop execution costs, and what it is worth to a clone.

Zhang, Pfrommer, Pan, Matni and Simchowitz 2025, "Action chunking and exploratory data collection
yield exponential improvements in behavior cloning for continuous control" (arXiv 2507.09061): a
cloned policy may make a stable closed loop unstable, and errors then compound exponentially.
Executing chunks, open loop, prevents that if the system without any feedback forgets its errors
exponentially, and if chunks are long enough for it. They promise nothing where it does not.

Neither world here forgets its errors. In DriftCar a drift is unstable. LaneKeeping is at the
border: its spectral radius is 1, and the car leaves its line in proportion to time.

Behaviour cloning learns both with chunks of several lengths, and once more with the longest ones,
of which it executes the first actions alone. Beside it the expert acts by its own plan: it knows
the state at the start of a chunk, but not the gusts to come.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from gymnasium.vector import AutoresetMode
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from il_envs.engine.vector import WorldVectorEnv
from il_envs.learning.chunks_and_windows import ChunkedPolicy, with_chunks_and_windows
from il_envs.learning.installed import find_algorithm
from il_envs.learning.metering import Budget
from il_envs.learning.policy import ExpertPolicy, Policy, PolicyState
from il_envs.learning.problem import Problem
from il_envs.learning.rollout import Episode, run_episodes
from il_envs.world import get_world
from il_envs.worlds.lane_keeping.dynamics import CONTROL, GAIN, TRANSITION
from leaderboard.figures.drawing import (
    STYLE,
    draw_mean,
    name_lines,
    name_panel,
    panels,
    save,
)
from leaderboard.figures.styles import COLOURS, Style
from leaderboard.figures.styles import EXPERT as EXPERT_STYLE
from leaderboard.profiles import EVALUATION_SEED
from leaderboard.studies.error_growth import STEPS, Growths, doubling_steps, error_growths
from leaderboard.studies.findings import Finding
from leaderboard.studies.resumed import Key, Keys, Row, resume

CHUNKS = (1, 2, 4, 8, 16)
LABELS = 8_000
SEEDS = 3
EPISODES = 32
"""Held-out episodes behind each return."""
COSTS = (100, 200, 300, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 100_000, 1_000_000)
"""Costs that are written on the axis."""


@dataclass(frozen=True)
class Study:
    """One world, and its twin in which an expert can plan: the same, without noise to come."""

    world: str
    style: str
    plans_in: str
    sideslip: float  # rad, the least with which the growth of errors is measured
    title: str


STUDIES = (
    Study("DriftCar", "scripted", "DriftCar", 0.3, "DriftCar: the open loop is unstable"),
    Study(
        "LaneKeeping", "mean", "LaneKeepingStill", 0.0, "LaneKeeping: at the border of stability"
    ),
)

CLONE, PARTLY, EXPERT = "bc", f"bc, of {CHUNKS[-1]}", "expert"
"""Who acts: cloning that executes its chunks to the end; cloning with the longest chunks that
executes only the first actions of each; and the expert by its plan."""


class ChunkRow(Row):
    """One who acts, in one world and of one training seed."""

    keys = ("world", "who", "executed", "seed")
    world: str
    who: str
    executed: int  # actions, open loop
    seed: int
    mean_return: float
    survival: float
    decisions: float


class Plan(NamedTuple):
    """The memory of a `PlanningExpert`."""

    actions: list[NDArray[Any]]  # the next ones, [rows, ...] each
    decided: NDArray[np.bool_]  # [rows], whether the plan was made in this step


class PlanningExpert:
    """Executes chunks of an expert's plan: what it would do next in a world without noise.

    Args:
        env: the environment it acts in, whose states it reads at the start of a chunk.
        study: the style of the expert, and the world in which it plans.
        chunk: actions in a chunk.
    """

    def __init__(self, env: WorldVectorEnv, study: Study, chunk: int) -> None:
        self._env = env
        self._study = study
        self._chunk = chunk

    def predict(
        self,
        observation: NDArray[Any],
        state: PolicyState = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], PolicyState]:
        """The next action of the plan, as in `Policy`; every row begins its chunks together."""
        decides = state is None or not state.actions
        plan = self._plan() if decides else state.actions
        return plan[0], Plan(plan[1:], np.full(len(plan[0]), decides))

    def _plan(self) -> list[NDArray[Any]]:
        imagined = WorldVectorEnv(
            self._study.plans_in, self._env.num_envs, self._env.split, AutoresetMode.DISABLED
        )
        imagined.states = self._env.states
        expert, memory, plan = ExpertPolicy(imagined, self._study.style), None, []
        for _ in range(self._chunk):
            action, memory = expert.predict(state=memory)
            plan.append(action)
            imagined.step(action)
        return plan


def write_chunks(folder: Path) -> tuple[list[Path], list[Finding]]:
    """Write `chunks.csv` and `chunks.svg`; returns their paths, and the findings behind them.

    Rows that are in `chunks.csv` already are not computed again.

    Raises:
        OSError: if one cannot be written.
        UserError: if `chunks.csv` is there and is no such table.
    """
    table, picture = folder / "chunks.csv", folder / "chunks.svg"
    jobs = [keys_of(*job) for job in product(range(SEEDS), STUDIES, CHUNKS)]
    rows = resume(table, ChunkRow, jobs, rows_of)
    growths = {
        study.world: error_growths(study.world, study.style, study.sideslip) for study in STUDIES
    }
    with mpl.rc_context(STYLE):
        save(draw(rows, growths), picture)
    return [table, picture], findings(rows, growths)


def keys_of(seed: int, study: Study, chunk: int) -> list[Key]:
    """What one training with chunks of one length gives: the clone that executes them whole; with
    the longest ones, the same clone that executes only their first actions, for each number of
    them; and with seed 0 the expert, who does not learn."""
    keys = [(study.world, CLONE, chunk, seed)]
    if chunk == CHUNKS[-1]:
        keys += [(study.world, PARTLY, first, seed) for first in CHUNKS]
    if seed == 0:
        keys.append((study.world, EXPERT, chunk, seed))
    return keys


def rows_of(keys: Keys) -> list[ChunkRow]:
    """The rows of one training."""
    world, _, chunk, seed = keys[0]
    (study,) = (study for study in STUDIES if study.world == world)
    policy = cloned(study, chunk, seed)
    rows = []
    for key in keys:
        _, who, executed, _ = key
        played = (
            planned_episodes(study, executed)
            if who == EXPERT
            else _acted(study, ChunkedPolicy(policy.policy, policy.framing, executed))
        )
        row = ChunkRow(
            **dict(zip(ChunkRow.keys, key, strict=True)),
            mean_return=float(np.mean([episode.total_reward for episode in played])),
            survival=float(np.mean([not episode.terminated for episode in played])),
            decisions=float(np.mean([episode.decisions for episode in played])),
        )
        rows.append(row)
    return rows


def planned_episodes(study: Study, chunk: int) -> list[Episode]:
    """Held-out episodes of the expert, who acts in chunks of its plan."""
    return _episodes(study, lambda env: PlanningExpert(env, study, chunk))


def cloned(study: Study, chunk: int, seed: int) -> ChunkedPolicy:
    """The policy of behaviour cloning with chunks."""
    algorithm = with_chunks_and_windows(find_algorithm("bc"), "bc-chunk", chunk=chunk)
    problem = Problem(get_world(study.world), algorithm.sources, Budget(LABELS, 0), seed)
    policy = algorithm.train(problem, seed, algorithm.config)
    assert isinstance(policy, ChunkedPolicy)  # as every algorithm with chunks returns it
    return policy


def _acted(study: Study, policy: Policy) -> list[Episode]:
    return _episodes(study, lambda env: policy)


def _episodes(study: Study, make_policy: Callable[[WorldVectorEnv], Policy]) -> list[Episode]:
    seeds = range(EVALUATION_SEED, EVALUATION_SEED + EPISODES)
    world = get_world(study.world)
    return run_episodes(world, "held_out", make_policy, seeds, keep_observations=False)


def findings(rows: pd.DataFrame, growths: Mapping[str, Growths]) -> list[Finding]:
    """The stability of both systems, and the mean return of each line of the figure."""
    radii = [float(np.abs(np.linalg.eigvals(matrix)).max())
             for matrix in (TRANSITION, TRANSITION - CONTROL @ GAIN)]  # fmt: skip
    numbers = [
        Finding("LaneKeeping: spectral radius, open loop", radii[0], 1.0 - 1e-3, 1.0 + 1e-3),
        Finding("LaneKeeping: spectral radius, closed loop", radii[1], high=1.0 - 1e-3),
    ]
    for world, growth in growths.items():
        numbers += [
            Finding(f"{world}: growth of an error in {STEPS} steps, {how}", float(value))
            for how, value in zip(
                ("open loop", "where the expert reacts"),
                (np.median(curve[:, -1]) for curve in growth),
                strict=True,
            )
        ]
        doubling = doubling_steps(growth.open_loop)
        numbers.append(Finding(f"{world}: steps in which it doubles, open loop", doubling))
    means = rows.groupby(["world", "who", "executed"])["mean_return"].mean()
    numbers += [
        Finding(f"{world}: {who}, {executed} actions at once, return", float(value))
        for (world, who, executed), value in means.items()
    ]
    return numbers


def draw(rows: pd.DataFrame, growths: Mapping[str, Growths]) -> Figure:
    """Return against the length of chunks in each world, and how errors grow."""
    figure, (car, lane, growth) = panels(3, width=5.6)
    draw_returns(car, rows, STUDIES[0], "return (more is better)", lambda returns: returns)
    draw_returns(
        lane, rows, STUDIES[1], "cost of an episode (less is better)",
        lambda returns: np.log10(-returns),
    )  # fmt: skip
    low, high = 10.0 ** np.array(lane.get_ylim())
    ticks = [cost for cost in COSTS if low < cost < high]
    lane.set_yticks(np.log10(ticks), [f"{cost:,}" for cost in ticks])
    draw_growth(growth, growths)
    return figure


def draw_returns(
    axes: Axes,
    rows: pd.DataFrame,
    study: Study,
    label: str,
    shown: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> None:
    """Draw who acts in a world with chunks of each length; `shown` turns returns into heights."""
    names = []
    for who, name, colour in (
        (EXPERT, "expert's plan", EXPERT_STYLE.colour),
        (CLONE, "cloning, whole chunks", COLOURS[1]),
        (PARTLY, f"cloning, first of {CHUNKS[-1]}", COLOURS[0]),
    ):
        own = rows[(rows["world"] == study.world) & (rows["who"] == who)]
        samples = [
            shown(own.loc[own["executed"] == c, "mean_return"].to_numpy(float)) for c in CHUNKS
        ]
        last = draw_mean(
            axes, np.log2(CHUNKS), samples, (-np.inf, np.inf), Style(colour), dots=True
        )
        names.append((name, colour, last))
    axes.set_xticks(np.log2(CHUNKS), [str(chunk) for chunk in CHUNKS])
    axes.set(xlabel="actions executed open loop", ylabel=label)
    name_panel(
        axes, study.title,
        f"{LABELS:,} labels, {SEEDS} training seeds, 95% interval; acts by its mode",
    )  # fmt: skip
    name_lines(axes, names)


def draw_growth(axes: Axes, growths: Mapping[str, Growths]) -> None:
    """Draw how the error of one action grows, open loop and where the expert reacts to it."""
    names = []
    for colour, study in zip((COLOURS[1], COLOURS[0]), STUDIES, strict=True):
        where = f"{study.world} in a drift" if study.sideslip else study.world
        for curve, line, how in zip(
            growths[study.world], ("-", ":"), ("open loop", "reacting"), strict=True
        ):
            median = np.log2(np.median(curve, 0))
            axes.plot(np.arange(STEPS + 1), median, line, color=colour)
            names.append((f"{where}, {how}", colour, float(median[-1])))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda power, _: f"{2.0**power:g}"))
    axes.set(xlabel="steps after the error", ylabel="size of the error, 1 at first")
    name_panel(axes, "What becomes of an error in one action", "while the expert acts; median")
    name_lines(axes, names)
