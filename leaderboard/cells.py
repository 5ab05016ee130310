"""Results on disk: one folder for each finished cell, never changed once written.

cell.json            specification, status, metered use, learning curve, a row for each evaluation
                     episode, metrics that need more than these
recorded/            the recorded episodes of a person
actions.npz          the action trace of each evaluation episode, [T, ...], "arr_0", "arr_1", ...
mode_actions.npz     the same of the policy's most likely actions, if it is drawn from
policy.safetensors   the learned policy, if it has `tensors()`
reward.safetensors   the learned reward, if the policy has one with `tensors()`
reward_map.npz       that reward over the states of the world, see `reward_maps`
log.txt              the output of the child process
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar
from zipfile import BadZipFile
from zlib import error as ZlibError  # noqa: N812

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from il_envs.learning.learning_curve import LearningCurve
from il_envs.learning.rollout import Episode
from leaderboard import UserError
from leaderboard.computer import Computer, this_computer
from leaderboard.measures.exact import ExactMetrics
from leaderboard.measures.references import EMPIRICAL_REFERENCES, EXACT_REFERENCES, TEACHER
from leaderboard.profiles import Profile
from leaderboard.protocol import CellSpec, label_budgets, reference_seeds
from leaderboard.publishing import locked
from leaderboard.recorded import Played, RecordedData

DAMAGES = (OSError, KeyError, ValueError, EOFError, BadZipFile, ZlibError)
"""Exceptions of NumPy for archives that are missing or damaged."""
ANEW = "remove its folder to compute it anew"
MODE_TRACES = "mode_actions.npz"

Acting = Literal["", "drawn", "deterministic", "scripted", "played"]
"""How actions come about: as draws of a policy whose mode differs from them; as those of a policy
without chance; by a scripted expert's own rules, chance included; by a person. Empty if nothing has
acted."""
Status = Literal["ok", "error", "invalid action", "timeout", "memory", "crashed"]


class EpisodeResult(BaseModel):
    """One evaluation episode."""

    model_config = ConfigDict(frozen=True)

    seed: int
    total_reward: float
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
    reason: str
    """One line on what went wrong; empty when the status is ok."""
    warnings: tuple[str, ...] = ()
    """The warnings of training, a line each."""
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
    def has_lost_its_policy(self) -> bool:
        """True if a policy was learned and not kept, because it has no `tensors()`."""
        is_learner = self.spec.labels is not None and self.played is None
        return is_learner and self.status == "ok" and "policy.safetensors" not in self.files

    @property
    def is_exact(self) -> bool:
        """True if its expected return is exact, and its episodes are samples beside it."""
        return self.exact is not None and not self.exact.standard_errors


class Declaration(BaseModel):
    """The declarations of an algorithm on which its rows depend."""

    model_config = ConfigDict(frozen=True)

    uses_labels: bool = True
    factors: dict[str, str] = {}
    """Its factor levels, as in `il_envs.Algorithm`."""
    is_control: bool = False
    controls: tuple[str, ...] = ()
    """The run's controls for this algorithm."""
    recordings: dict[str, RecordedData] = {}
    """The recordings that it learns from instead of from the scripted expert, by the world."""
    style: str = ""
    """The scripted expert that it learns from; empty if that is the reference, or none."""
    settings: dict[str, str] = {}
    """Its settings that the command line has changed, as `conditions.Settings`."""
    played: dict[str, int] = {}
    """The steps that a person played, by the world; empty for an algorithm."""

    @property
    def settings_in_words(self) -> str:
        """Its changed settings, such as "updates=10000, ppo.epochs=4"; empty if there are none."""
        return ", ".join(f"{name}={value}" for name, value in self.settings.items())

    @property
    def is_person(self) -> bool:
        """True for a person."""
        return bool(self.played)


class Manifest(BaseModel):
    """The contents of `run.json`: the cells that the table of a folder expects. It holds no
    results."""

    model_config = ConfigDict(frozen=True)

    profile: Profile
    worlds: tuple[str, ...]
    algorithms: dict[str, tuple[str, ...]]
    """The worlds to which each algorithm applies, by the algorithm's name."""
    seeds: int
    exact_worlds: tuple[str, ...] = ()
    """The worlds whose reference is exact."""
    cost_worlds: tuple[str, ...] = ()
    """The worlds whose returns are minus costs, see `references.is_of_costs`."""
    teachers: dict[str, tuple[str, ...]] = {}
    """The scripted experts that teach instead of the reference, by the world; each has a row."""
    declarations: dict[str, Declaration] = {}
    """The algorithms' declarations by name; the reference rows have none."""

    def declaration(self, algorithm: str) -> Declaration:
        """The declaration of an algorithm."""
        return self.declarations.get(algorithm, Declaration())

    def budgets(self, algorithm: str, world: str) -> tuple[int, ...]:
        """The numbers of labels at which an algorithm has a row in a world; the table ranks at the
        last."""
        said = self.declaration(algorithm)
        if said.is_person:
            return (said.played[world],)
        data = said.recordings.get(world)
        return label_budgets(self.profile, said.uses_labels, said.is_control, data)

    def references(self, world: str) -> tuple[str, ...]:
        """The reference rows of a world: first that of score 0, then that of score 1, then any
        others."""
        names = EXACT_REFERENCES if world in self.exact_worlds else EMPIRICAL_REFERENCES
        return names + tuple(TEACHER + style for style in self.teachers.get(world, ()))

    def seeds_of(self, algorithm: str, world: str) -> int:
        """The number of cells of a row."""
        if self.declaration(algorithm).is_person:
            return 1
        if algorithm in self.references(world):
            return reference_seeds(world in self.exact_worlds, self.seeds)
        return self.seeds


@dataclass(frozen=True)
class Results:
    """The finished cells of a folder of results, and its manifest."""

    folder: Path
    manifest: Manifest
    cells: tuple[Cell, ...]


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


def write_traces(folder: Path, traces: Iterable[NDArray[Any]], name: str = "actions.npz") -> None:
    """Write the action traces of episodes, [T, ...] each."""
    np.savez_compressed(folder / name, *traces)


def read_traces(folder: Path, episodes: int, name: str = "actions.npz") -> list[NDArray[Any]]:
    """The action trace of each episode, [T, ...].

    Raises:
        UserError: if the file is missing or damaged.
    """
    path = folder / name
    try:
        kept = _read_archive(path)
        return [kept[f"arr_{i}"] for i in range(episodes)]
    except DAMAGES as error:
        raise UserError(f"{path}: missing or damaged: {error}; {ANEW}") from error


def write_reward_map(folder: Path, kept: dict[str, NDArray[np.float64]]) -> None:
    """Write the map of a learned reward, `reward_map.npz`."""
    np.savez_compressed(folder / "reward_map.npz", **kept)  # type: ignore[arg-type]


def read_reward_map(folder: Path) -> dict[str, NDArray[np.float64]]:
    """The arrays of a learned reward's map by name; empty for a policy without one.

    Raises:
        UserError: if the file is damaged.
    """
    path = folder / "reward_map.npz"
    if not path.exists():
        return {}
    try:
        return _read_archive(path)
    except DAMAGES as error:
        raise UserError(f"{path}: damaged: {error}; {ANEW}") from error


def _read_archive(path: Path) -> dict[str, NDArray[Any]]:
    archive = np.load(path)
    if not isinstance(archive, NpzFile):
        raise ValueError("it is no archive of arrays")
    with archive:
        return dict(archive)


def read_cell(folder: Path) -> Cell:
    """The cell in a folder.

    Raises:
        UserError: if its file is damaged.
    """
    return _read(folder / "cell.json", Cell, ANEW)


def read_results(folder: Path) -> Results:
    """Every finished cell in a folder of results, by path, and its manifest.

    Raises:
        UserError: if there is none, or a file is damaged.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of results; `leaderboard run` makes one")
    paths = sorted(folder.glob("*/*/**/cell.json"))
    cells = [
        cell
        for path in paths
        if not path.parent.name.startswith(".")
        and path.parent == folder / (cell := read_cell(path.parent)).spec.folder  # no copy of it
    ]
    if not cells:
        raise UserError(f"{folder}: no finished cells in it; `leaderboard run` makes some")
    hint = "the same `leaderboard run` writes it anew"
    return Results(folder, _read(folder / "run.json", Manifest, hint), tuple(cells))


def extend_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `run.json`, merged with the manifest of earlier runs in the same folder.

    Raises:
        UserError: if earlier runs had another profile, or an algorithm had another teacher or other
            settings in them.
        OSError: if it cannot be written.
    """
    path = folder / "run.json"
    with locked(folder):
        if path.exists():
            before = _read(path, Manifest, "remove it; the cells are kept")
            manifest = _merged(folder, before, manifest)
        temporary = path.with_name(f".{path.name}")
        temporary.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)


def _merged(folder: Path, before: Manifest, now: Manifest) -> Manifest:
    if before.profile.name != now.profile.name:
        raise UserError(
            f"{folder} holds results of the profile {before.profile.name!r}, "
            f"not {now.profile.name!r}; choose another --out"
        )
    for name in before.algorithms.keys() & now.algorithms.keys():
        _require_same_conditions(folder, name, before, now)
    return Manifest(
        profile=now.profile,
        worlds=_union(before.worlds, now.worlds),
        algorithms={
            name: _union(before.algorithms.get(name, ()), now.algorithms.get(name, ()))
            for name in (*before.algorithms, *now.algorithms)
        },
        seeds=max(before.seeds, now.seeds),
        exact_worlds=_union(before.exact_worlds, now.exact_worlds),
        teachers={
            world: _union(before.teachers.get(world, ()), now.teachers.get(world, ()))
            for world in before.teachers | now.teachers
        },
        cost_worlds=_union(before.cost_worlds, now.cost_worlds),
        declarations=before.declarations
        | {
            name: said.model_copy(
                update={
                    "recordings": _recordings(folder, before, now, name),
                    "played": before.declaration(name).played | said.played,
                }
            )
            for name, said in now.declarations.items()
        },
    )


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """All names once, in order."""
    return tuple(dict.fromkeys((*first, *second)))


def _require_same_conditions(folder: Path, name: str, before: Manifest, now: Manifest) -> None:
    earlier, later = before.declaration(name), now.declaration(name)
    if earlier.style != later.style:
        styles = [said.style or "reference" for said in (earlier, later)]
        told = f"as the {styles[0]} expert taught it, not the {styles[1]} expert"
    elif earlier.settings != later.settings:
        settings = [said.settings_in_words or "its own settings" for said in (earlier, later)]
        told = f"with {settings[0]}, not {settings[1]}"
    else:
        return
    raise UserError(f"{folder} holds {name} {told}; choose another --out")


def _recordings(
    folder: Path, before: Manifest, now: Manifest, algorithm: str
) -> dict[str, RecordedData]:
    """The recordings that an algorithm learns from, in the worlds of earlier runs and of this one.

    Raises:
        UserError: if it learned from another one in the same world.
    """
    earlier = before.declaration(algorithm).recordings
    later = now.declaration(algorithm).recordings
    for world in now.algorithms[algorithm]:
        teachers = [data.name if (data := said.get(world)) else "" for said in (earlier, later)]
        if world in before.algorithms.get(algorithm, ()) and teachers[0] != teachers[1]:
            told = f"the recording {teachers[0]!r}" if teachers[0] else "the scripted expert"
            raise UserError(
                f"{folder} holds {algorithm} in {world} as it learned from {told}; "
                "choose another --out"
            )
    return earlier | later


Model = TypeVar("Model", bound=BaseModel)


def _read(path: Path, model: type[Model], hint: str) -> Model:
    try:
        return model.model_validate_json(path.read_bytes())
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        what = f"{where}: {problem['msg']}" if where else problem["msg"]
        raise UserError(f"{path}: damaged ({what}); {hint}") from error
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {hint}") from error
