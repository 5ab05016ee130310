"""Results on disk: one folder for each finished cell, never changed once written.

cell.json            what was run, how it ended, what it used, what episodes in training returned,
                     a row for each evaluation episode, what is exact
actions.npz          the action trace of each evaluation episode, [T, ...], "arr_0", "arr_1", ...
policy.safetensors   what was learned, where the policy has `tensors()`
reward.safetensors   the reward that was learned, where the policy has one with `tensors()`
reward_map.npz       that reward over the states of the world, as `reward_maps` has it
log.txt              what the child process printed
"""

import os
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeVar
from zipfile import BadZipFile
from zlib import error as ZlibError  # noqa: N812

import numpy as np
import psutil
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from il_envs.learning.learning_curve import LearningCurve
from il_envs.learning.rollout import Episode
from leaderboard import UserError
from leaderboard.exact import ExactMetrics
from leaderboard.protocol import CellSpec, Profile, label_budgets, reference_seeds
from leaderboard.references import EMPIRICAL_REFERENCES, EXACT_REFERENCES

DAMAGES = (OSError, KeyError, ValueError, EOFError, BadZipFile, ZlibError)
"""What NumPy raises of archives that are missing or damaged."""
ANEW = "remove its folder to compute it anew"

Status = Literal["ok", "error", "invalid action", "timeout", "memory", "crashed"]


class EpisodeResult(BaseModel):
    """One evaluation episode."""

    model_config = ConfigDict(frozen=True)

    seed: int
    total_reward: float
    length: int
    """Steps."""
    terminated: bool
    state_hash: str
    """SHA-256 over the State records after every step."""


class Cell(BaseModel):
    """What is in `cell.json`."""

    model_config = ConfigDict(frozen=True)

    spec: CellSpec
    status: Status
    reason: str
    """One line on what went wrong; empty when the status is ok."""
    warnings: tuple[str, ...] = ()
    """What training warned of, a line each."""
    meter: dict[str, int] = {}
    """What the algorithm used, as `il_envs.Meter` counts it."""
    learning_curve: LearningCurve | None = None
    """None where no environment step was taken."""
    train_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    episodes: tuple[EpisodeResult, ...] = ()
    files: dict[str, str] = {}
    """SHA-256 of what else was written beside it, by the name of the file: of the policy and of the
    reward that were learned."""
    exact: ExactMetrics | None = None
    """None in worlds without an exact reference, and for a policy that tells no probabilities."""
    versions: dict[str, str]
    platform: str


class Declaration(BaseModel):
    """What an algorithm says of itself that its rows depend on."""

    model_config = ConfigDict(frozen=True)

    uses_labels: bool = True
    factors: dict[str, str] = {}
    """What it varies, as `il_envs.Algorithm` has it."""
    is_control: bool = False
    controls: tuple[str, ...] = ()
    """The controls of the run that belong beside it."""


class Manifest(BaseModel):
    """What is in `run.json`: which cells the table of a folder expects. It holds no results."""

    model_config = ConfigDict(frozen=True)

    profile: Profile
    worlds: tuple[str, ...]
    algorithms: dict[str, tuple[str, ...]]
    """The worlds that each algorithm applies to, by its name."""
    seeds: int
    exact_worlds: tuple[str, ...] = ()
    """Those whose reference is exact."""
    declarations: dict[str, Declaration] = {}
    """Of the algorithms by name; the reference rows declare nothing."""

    def declaration(self, algorithm: str) -> Declaration:
        """What an algorithm says of itself."""
        return self.declarations.get(algorithm, Declaration())

    def budgets(self, algorithm: str) -> tuple[int, ...]:
        """The numbers of labels an algorithm has a row at; the table ranks at the last one."""
        said = self.declaration(algorithm)
        return label_budgets(self.profile, said.uses_labels, said.is_control)

    def references(self, world: str) -> tuple[str, ...]:
        """The reference rows of a world: the 0 of the score, its 1, and what else there is."""
        return EXACT_REFERENCES if world in self.exact_worlds else EMPIRICAL_REFERENCES

    def seeds_of(self, world: str, labels: int | None) -> int:
        """How many cells a row has; `labels` is None for a reference row."""
        if labels is not None:
            return self.seeds
        return reference_seeds(world in self.exact_worlds, self.seeds)


@dataclass(frozen=True)
class Results:
    """A folder of results, as far as it has got."""

    folder: Path
    manifest: Manifest
    cells: tuple[Cell, ...]


def versions() -> dict[str, str]:
    """Versions of what a result may depend on."""
    packages = ("il-envs", "numpy", "numba", "torch", "gymnasium")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def failed_cell(spec: CellSpec, status: Status, reason: str) -> Cell:
    """The cell of a run that left none itself."""
    return Cell(
        spec=spec, status=status, reason=reason, versions=versions(), platform=platform.platform()
    )


def episode_results(episodes: Sequence[Episode]) -> tuple[EpisodeResult, ...]:
    """The rows for episodes."""
    return tuple(
        EpisodeResult(
            seed=episode.seed,
            total_reward=episode.total_reward,
            length=len(episode),
            terminated=episode.terminated,
            state_hash=episode.state_hash,
        )
        for episode in episodes
    )


def write_cell(folder: Path, cell: Cell) -> None:
    """Write `cell.json`; a folder is a cell once it has one."""
    (folder / "cell.json").write_text(cell.model_dump_json(indent=1) + "\n")


def write_traces(folder: Path, episodes: Sequence[Episode]) -> None:
    """Write the action traces, `actions.npz`."""
    np.savez_compressed(folder / "actions.npz", *(episode.actions for episode in episodes))


def read_traces(folder: Path, episodes: int) -> list[NDArray[Any]]:
    """The action trace of each episode, [T, ...].

    Raises:
        UserError: if the file is missing or damaged.
    """
    path = folder / "actions.npz"
    try:
        kept = _read_archive(path)
        return [kept[f"arr_{i}"] for i in range(episodes)]
    except DAMAGES as error:
        raise UserError(f"{path}: missing or damaged: {error}; {ANEW}") from error


def write_reward_map(folder: Path, kept: dict[str, NDArray[np.float64]]) -> None:
    """Write what is kept of a learned reward, `reward_map.npz`."""
    np.savez_compressed(folder / "reward_map.npz", **kept)  # type: ignore[arg-type]


def read_reward_map(folder: Path) -> dict[str, NDArray[np.float64]]:
    """What is kept of a learned reward, by name; empty for a policy without one.

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
    """Every finished cell in a folder of results, by path, and what is expected.

    Raises:
        UserError: if there is none, or a file is damaged.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of results; `leaderboard run` makes one")
    paths = sorted(folder.glob("*/*/**/cell.json"))
    cells = [read_cell(path.parent) for path in paths if not path.parent.name.startswith(".")]
    if not cells:
        raise UserError(f"{folder}: no finished cells in it; `leaderboard run` makes some")
    hint = "the same `leaderboard run` writes it anew"
    return Results(folder, _read(folder / "run.json", Manifest, hint), tuple(cells))


def extend_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `run.json`, together with what earlier runs in the same folder expected.

    Raises:
        UserError: if they were of another profile.
        OSError: if it cannot be written.
    """
    path = folder / "run.json"
    if path.exists():
        hint = "remove it; the cells are kept"
        before = _read(path, Manifest, hint)
        if before.profile.name != manifest.profile.name:
            raise UserError(
                f"{folder} holds results of the profile {before.profile.name!r}, "
                f"not {manifest.profile.name!r}; choose another --out"
            )
        manifest = Manifest(
            profile=manifest.profile,
            worlds=tuple(dict.fromkeys((*before.worlds, *manifest.worlds))),
            algorithms={
                name: tuple(
                    dict.fromkeys(
                        (*before.algorithms.get(name, ()), *manifest.algorithms.get(name, ()))
                    )
                )
                for name in (*before.algorithms, *manifest.algorithms)
            },
            seeds=max(before.seeds, manifest.seeds),
            exact_worlds=tuple(dict.fromkeys((*before.exact_worlds, *manifest.exact_worlds))),
            declarations=before.declarations | manifest.declarations,
        )
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(manifest.model_dump_json(indent=1) + "\n")
    temporary.replace(path)


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


def temporary_folder(folder: Path) -> Path:
    """Make an empty sibling for a cell to be written in; it is no cell until it is published."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    temporary.mkdir(parents=True)
    return temporary


def publish(temporary: Path, folder: Path) -> None:
    """Give a written cell its place; an outdated one makes way."""
    if folder.exists():
        shutil.rmtree(folder)
    temporary.rename(folder)


def remove_leftovers(results: Path) -> None:
    """Remove the temporary folders of runs that were killed."""
    for folder in results.glob("*/*/**/.seed_*.*"):
        process = int(folder.name.rpartition(".")[2])
        if not psutil.pid_exists(process):
            shutil.rmtree(folder)
