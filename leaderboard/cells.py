"""Results on disk: one folder for each finished cell, never changed once written.

cell.json            specification, status, metered use, learning curve, a row for each evaluation
                     episode, metrics that need more than these
recorded/            the recorded episodes of a person
actions.npz          the action trace of each evaluation episode, [T, ...], "arr_0", "arr_1", ...
mode_actions.npz     the same of the policy's most likely actions, if it is drawn from
table.npz            the table of a policy that is scored by it, in an exact world
policy.safetensors   the learned policy, if it has `tensors()`
reward.safetensors   the learned reward, if the policy has one with `tensors()`
reward_map.npz       that reward over the states of the world, see `reward_maps`
seals.json           what this computer has checked, see `seals`; written later too
log.txt              the output of the processes
"""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, FiniteFloat

from il_envs.learning.learning_curve import LearningCurve
from il_envs.learning.rollout import Episode
from il_envs.learning.stored_policy import TENSORS
from leaderboard import UserError
from leaderboard.computer import Computer, this_computer
from leaderboard.files import DAMAGES, read_archive, read_model
from leaderboard.measures.exact import ExactMetrics
from leaderboard.protocol import CellSpec
from leaderboard.recorded import Played
from leaderboard.texts import one_line

ANEW = "remove its folder to compute it anew"
TRACES, MODE_TRACES, TABLE, REWARD_MAP = (
    "actions.npz", "mode_actions.npz", "table.npz", "reward_map.npz",
)  # fmt: skip
"""What a cell was scored from, besides its policy."""

Line = Annotated[str, AfterValidator(one_line)]
"""A line of text that an algorithm may have written."""
Acting = Literal["", "drawn", "deterministic", "scripted", "played"]
"""How actions come about: as draws of a policy whose mode differs from them; as those of a policy
without chance; by a scripted expert's own rules, chance included; by a person. Empty if nothing has
acted."""
Guard = Literal["process", "namespaces", "landlock"]
"""A process of its own; the namespaces of bubblewrap around it; or, without those, Landlock."""
Status = Literal["ok", "error", "invalid action", "timeout", "memory", "crashed"]


class EpisodeResult(BaseModel):
    """One evaluation episode."""

    model_config = ConfigDict(frozen=True)

    seed: int
    total_reward: FiniteFloat
    length: int
    """Number of steps."""
    terminated: bool
    state_hash: str
    """SHA-256 over the State records after every step."""
    controlled_return: float | None = None
    """Its return with the reference's value as control variate, see `exact_linear`: of the same
    expectation, and counted in its place; None where there is no such reference."""
    decisions: int | None = None
    """Number of steps at which the policy decided what to do; None if that is not known."""

    @property
    def counted_return(self) -> float:
        """The return that is scored."""
        return self.total_reward if self.controlled_return is None else self.controlled_return


class Cell(BaseModel):
    """The contents of `cell.json`."""

    model_config = ConfigDict(frozen=True)

    spec: CellSpec
    status: Status
    reason: Line
    """One line on what went wrong; empty when the status is ok."""
    warnings: tuple[Line, ...] = ()
    """The warnings of training, a line each."""
    guards: tuple[Guard, ...] = ()
    """What has kept the algorithm's process from what it was not given; empty if it was that of the
    scorer, and for a reference row."""
    meter: dict[str, int] = {}
    """The algorithm's use of its sources, as counted by `il_envs.Meter`."""
    learning_curve: LearningCurve | None = None
    """Learning curve of the training; None if it took no environment step."""
    updates: int | None = None
    """Gradient steps of training, as `updates` counts them; None if they were not counted."""
    train_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    acts: Acting = ""
    """How the actions of the episodes came about."""
    episodes: tuple[EpisodeResult, ...] = ()
    mode_episodes: tuple[EpisodeResult, ...] = ()
    """The same episodes with the policy's most likely actions, where it is drawn from; empty where
    their return is exact."""
    files: dict[str, str] = {}
    """SHA-256 of the files of the learned policy and reward, or of a person's recorded episodes, by
    the name of the file."""
    exact: ExactMetrics | None = None
    """Exact metrics, and estimates that are marked as such; None in worlds without an exact
    reference, and for a policy that does not give its probabilities."""
    outside_support: float | None = None
    """Share of the states visited in the evaluation episodes that are outside the support of the
    expert's demonstrations, see `support`; None where that is not defined."""
    played: Played | None = None
    """How a person played; None for anything else."""
    computer: Computer | None = None
    """The computer it was computed on; None in a cell of an older release."""

    @property
    def is_learner(self) -> bool:
        """True for an algorithm: neither a reference row nor a person."""
        return self.spec.labels is not None and self.played is None

    @property
    def has_policy(self) -> bool:
        """True if it has kept the policy that was learned."""
        return TENSORS in self.files

    @property
    def has_lost_its_policy(self) -> bool:
        """True if a policy was learned and not kept, because it has no `tensors()`."""
        return self.is_learner and self.status == "ok" and not self.has_policy

    @property
    def is_guarded(self) -> bool:
        """True if no algorithm could have written it."""
        is_reference = self.spec.labels is None
        return self.status == "ok" and (
            is_reference or bool({"namespaces", "landlock"} & {*self.guards})
        )

    @property
    def is_exact(self) -> bool:
        """True if its expected return is exact, and its episodes are samples beside it."""
        return self.exact is not None and not self.exact.standard_errors


def failed_cell(spec: CellSpec, status: Status, reason: str) -> Cell:
    """The cell that stands for a child process that did not write its own."""
    return Cell(spec=spec, status=status, reason=reason, computer=this_computer())


def episode_results(
    episodes: Sequence[Episode], controlled_returns: Sequence[float] = ()
) -> tuple[EpisodeResult, ...]:
    """The rows of `cell.json` for episodes, with their controlled returns if there are any."""
    controlled: Sequence[float | None] = controlled_returns or [None] * len(episodes)
    return tuple(
        EpisodeResult(
            seed=episode.seed,
            total_reward=episode.total_reward,
            length=len(episode),
            terminated=episode.terminated,
            state_hash=episode.state_hash,
            decisions=episode.decisions,
            controlled_return=value,
        )
        for episode, value in zip(episodes, controlled, strict=True)
    )


def write_cell(folder: Path, cell: Cell) -> None:
    """Write `cell.json`, which makes a folder a cell."""
    (folder / "cell.json").write_text(cell.model_dump_json(indent=1) + "\n", encoding="utf-8")


def write_traces(folder: Path, traces: Iterable[NDArray[Any]], name: str = TRACES) -> None:
    """Write the action traces of episodes, [T, ...] each."""
    np.savez_compressed(folder / name, *traces)


def read_traces(folder: Path, episodes: int, name: str = TRACES) -> list[NDArray[Any]]:
    """The action trace of each episode, [T, ...].

    Raises:
        UserError: if the file is missing or damaged.
    """
    path = folder / name
    try:
        kept = read_archive(path)
        traces = [kept[f"arr_{i}"] for i in range(episodes)]
        if not all(trace.ndim for trace in traces):
            raise ValueError("a trace is no array of actions")
        return traces
    except DAMAGES as error:
        raise UserError(f"{path}: missing or damaged: {error}; {ANEW}") from error


def has_evidence(results: Path, cell: Cell) -> bool:
    """True if the folder of a cell has the actions that it was scored from, or it has failed."""
    return cell.status != "ok" or (results / cell.spec.folder / TRACES).exists()


def table_bytes(table: NDArray[np.float64]) -> bytes:
    """The contents of `table.npz`: a table [T, S, A], or [S, A] where all steps are the same."""
    if (table == table[:1]).all():
        table = table[0]
    content = io.BytesIO()
    np.savez_compressed(content, table=table)
    return content.getvalue()


def read_table(folder: Path) -> NDArray[np.float64] | None:
    """The table of a policy, [T, S, A] or [S, A]; None if there is none.

    Raises:
        UserError: if the file is damaged.
    """
    path = folder / TABLE
    if not path.exists():
        return None
    try:
        return np.asarray(read_archive(path)["table"], np.float64)
    except (*DAMAGES, TypeError) as error:
        raise UserError(f"{path}: damaged: {error}; {ANEW}") from error


def write_reward_map(folder: Path, kept: dict[str, NDArray[np.float64]]) -> None:
    """Write the map of a learned reward, `reward_map.npz`."""
    np.savez_compressed(folder / REWARD_MAP, **kept)  # type: ignore[arg-type]


def read_reward_map(folder: Path) -> dict[str, NDArray[np.float64]]:
    """The arrays of a learned reward's map by name; empty for a policy without one.

    Raises:
        UserError: if the file is damaged.
    """
    path = folder / REWARD_MAP
    if not path.exists():
        return {}
    try:
        return read_archive(path)
    except DAMAGES as error:
        raise UserError(f"{path}: damaged: {error}; {ANEW}") from error


def read_cell(folder: Path) -> Cell:
    """The cell in a folder.

    Raises:
        UserError: if its file is damaged.
    """
    path = folder / "cell.json"
    cell = read_model(path, Cell, ANEW)
    episodes, expected = len(cell.episodes), cell.spec.profile.evaluation_episodes
    if cell.status == "ok" and episodes != expected:
        raise UserError(f"{path}: damaged ({episodes} of {expected} episodes); {ANEW}")
    return cell
