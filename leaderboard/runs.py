"""The folder of a run: its cells, and `run.json`, which says what was run."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from leaderboard import UserError
from leaderboard.cells import Cell, read_cell
from leaderboard.files import read_model
from leaderboard.measures.references import EMPIRICAL_REFERENCES, EXACT_REFERENCES, TEACHER
from leaderboard.profiles import MOST_SEEDS, Profile
from leaderboard.protocol import label_budgets, reference_seeds
from leaderboard.publishing import locked
from leaderboard.recorded import RecordedData

ROUND = "round.json"
"""What makes a folder that of a round, whose attempts have results in folders of their own."""


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
    seeds: int = Field(ge=0, le=MOST_SEEDS)
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
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.parent == folder / (cell := read_cell(path.parent)).spec.folder  # no copy of it
    ]
    if not cells and (folder / ROUND).exists():
        raise UserError(f"{folder} is a round; name the folder of an attempt, {folder}/001-NAME")
    if not cells:
        raise UserError(f"{folder}: no finished cells in it; `leaderboard run` makes some")
    hint = "the same `leaderboard run` writes it anew"
    manifest = read_model(folder / "run.json", Manifest, hint)
    if not manifest.worlds:
        raise UserError(f"{folder / 'run.json'}: damaged: it names no world; {hint}")
    return Results(folder, manifest, tuple(cells))


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
            before = read_model(path, Manifest, "remove it; the cells are kept")
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
