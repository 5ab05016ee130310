"""The protocol: the cells of a run.

A cell is one training run and its evaluation: (world, algorithm, labels, seed) under the settings
of a profile. Every algorithm and every training seed is evaluated on the same held-out episodes.
"""

from collections.abc import Iterable, Mapping
from math import inf
from pathlib import PurePosixPath
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from il_envs.engine.fingerprint import fingerprint
from il_envs.learning.metering import Source
from il_envs.world import INSTANCE, World, get_world
from leaderboard.algorithms.contender import Contender
from leaderboard.durations import expected_seconds
from leaderboard.keys import key_of, reference_codes, world_key
from leaderboard.measures.references import TEACHER, exact_reference
from leaderboard.profiles import INSTANCE_SEED, INSTANCE_SEEDS, TUNING_SEED, Profile
from leaderboard.recorded import RecordedData


class CellSpec(BaseModel):
    """One cell to compute."""

    model_config = ConfigDict(frozen=True)

    world: str
    algorithm: str
    origin: str
    """The algorithm's origin, as in `submission.load`; empty for a reference row and a person."""
    labels: int | None
    """Number of labels; None for a reference row, 0 for an algorithm that uses no labels, the steps
    of a person."""
    seed: int
    profile: Profile
    demonstrations: str = ""
    """Name of the recording that it learns from; empty if that is the scripted expert, or none."""
    style: str = ""
    """The scripted expert that it learns from, or that it is; empty if that is the reference, or
    none."""
    settings: dict[str, str] = {}
    """The algorithm's settings that the command line has changed, as `conditions.Settings`."""
    sources: tuple[Source, ...] = ()
    """The sources that the algorithm declares."""
    key: dict[str, str]
    """Everything that the result depends on; a finished cell with this key is not recomputed."""

    @property
    def folder(self) -> PurePosixPath:
        """The cell's folder, relative to the folder of results."""
        labels = [] if self.labels is None else [f"labels_{self.labels}"]
        return PurePosixPath(self.world, self.algorithm, *labels, f"seed_{self.seed}")

    @property
    def training_seed(self) -> int:
        """The seed of its training, demonstrations and training episodes."""
        if INSTANCE in self.world:
            drawn = get_world(self.world).number_of("training seed") % INSTANCE_SEEDS
            return INSTANCE_SEED + self.seed + drawn
        return self.seed + (TUNING_SEED if self.profile.is_tuning else 0)

    @property
    def steps(self) -> int:
        """Environment steps that the cell may take, over all rows."""
        return self.profile.steps_in(self.world)

    @property
    def title(self) -> str:
        """The cell in words, for progress messages."""
        labels = "" if self.labels is None else f" labels={self.labels}"
        return f"{self.world} {self.algorithm}{labels} seed={self.seed}"


def cells_of_run(
    profile: Profile,
    worlds: Iterable[World],
    contenders: Iterable[Contender],
    seeds: int,
    recordings: Mapping[str, RecordedData] = MappingProxyType({}),
    style: str = "",
) -> list[CellSpec]:
    """Every cell of a run in order: the reference rows, without which an unfinished run would have
    no scores, and then the other cells, the slowest first.

    Args:
        recordings: what those who use demonstrations learn from instead of from the scripted
            expert, by the name of the world.
        style: the scripted expert that teaches, a style of all worlds; empty for the reference.
    """
    specs: list[tuple[float, CellSpec]] = []
    contenders = list(contenders)
    for world in worlds:
        of_world = world_key(world)
        specs += [(inf, spec) for spec in _references(profile, world, of_world, seeds, style)]
        for seed in range(seeds):
            for contender in contenders:
                if not contender.applies_to(world):
                    continue
                data = recordings.get(world.name) if contender.is_shown else None
                for labels in label_budgets(
                    profile, contender.uses_labels, contender.is_control, data
                ):
                    key = key_of(profile, world, of_world, contender.code, labels, seed)
                    key["config"] = contender.config
                    if data is not None:
                        key["demonstrations"] = data.content_hash
                    is_other = style != world.reference_style and contender.uses_labels
                    teacher = style if is_other and data is None else ""
                    if teacher:
                        act = world.experts[teacher].act
                        key["style"] = f"{teacher} {fingerprint({'act': act})}"
                    spec = CellSpec(
                        world=world.name,
                        algorithm=contender.name,
                        origin=contender.origin,
                        labels=labels,
                        seed=seed,
                        profile=profile,
                        demonstrations="" if data is None else data.name,
                        style=teacher,
                        settings=dict(contender.settings),
                        sources=tuple(sorted(contender.sources)),
                        key=key,
                    )
                    specs.append((expected_seconds(spec.steps, world, contender), spec))
    return [spec for _, spec in sorted(specs, key=lambda pair: -pair[0])]


def person_spec(profile: Profile, world: World, name: str, steps: int, code: str) -> CellSpec:
    """The cell of a person, whose every step counts as a label.

    Args:
        name: name of the row.
        code: SHA-256 over what the person did.
    """
    return CellSpec(
        world=world.name,
        algorithm=name,
        origin="",
        labels=steps,
        seed=0,
        profile=profile,
        key=key_of(profile, world, world_key(world), code, steps, 0),
    )


def label_budgets(
    profile: Profile, uses_labels: bool, is_control: bool, data: RecordedData | None = None
) -> tuple[int, ...]:
    """The numbers of labels with which an algorithm is trained: 0 if it uses none, and for a
    control only the number at which the table ranks. None is larger than the recording it learns
    from."""
    budgets = profile.labels if uses_labels else (0,)
    if data is not None:
        budgets = tuple(dict.fromkeys(min(labels, data.transitions) for labels in budgets))
    return budgets[-1:] if is_control else budgets


def reference_seeds(exact: bool, seeds: int) -> int:
    """The number of cells of a reference row; 1 if it is exact, and so the same for every seed."""
    return 1 if exact else seeds


def _references(
    profile: Profile, world: World, of_world: dict[str, str], seeds: int, style: str
) -> list[CellSpec]:
    """The cells of the reference rows, and of the expert of that style if it is another one."""
    codes = {name: (code, "") for name, code in reference_codes(world).items()}
    if style and style != world.reference_style:
        codes[TEACHER + style] = fingerprint({"act": world.experts[style].act}), style
    return [
        CellSpec(
            world=world.name,
            algorithm=name,
            origin="",
            labels=None,
            seed=seed,
            profile=profile,
            style=own_style,
            key=key_of(profile, world, of_world, code, None, seed),
        )
        for name, (code, own_style) in codes.items()
        for seed in range(reference_seeds(exact_reference(world) is not None, seeds))
    ]
