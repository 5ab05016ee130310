"""The algorithms of a run in each world: those that were named, or else the profile's, and their
controls."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from il_envs.world import WORLDS, World
from leaderboard import tell
from leaderboard.algorithms.contender import Contender
from leaderboard.algorithms.submission import load_installed
from leaderboard.describing import find, find_all
from leaderboard.measures.references import exact_reference, is_of_costs
from leaderboard.profiles import Profile
from leaderboard.recorded import RecordedData
from leaderboard.runs import Declaration, Manifest


def available() -> list[Contender]:
    """The installed algorithms; those that cannot be loaded are reported."""
    contenders, faults = load_installed()
    tell(*faults)
    return contenders


def named(origins: Iterable[str]) -> list[Contender]:
    """The algorithms with these names or folders, in every world to which they apply."""
    return find_all(origins)


def of_profile(
    profile: Profile, worlds: Iterable[World], available: Iterable[Contender]
) -> list[Contender]:
    """A profile's algorithms, each in the worlds for which the profile names it. In worlds for
    which it names none, all available algorithms except controls; if the profile runs each once,
    all available ones, each in the first world to which it applies."""
    worlds, available = list(worlds), list(available)
    if profile.each_once:
        firsts = ((c, next((w for w in worlds if c.applies_to(w)), None)) for c in available)
        return [contender.within({world.name}) for contender, world in firsts if world]
    learners = [c.origin for c in available if not c.is_control]
    chosen: dict[str, set[str]] = {}
    for world in worlds:
        for name in profile.worlds.get(world.base) or learners:
            chosen.setdefault(name, set()).add(world.name)
    return [find(name).within(names) for name, names in chosen.items()]


def with_controls(
    contenders: list[Contender], worlds: Iterable[World], available: Iterable[Contender]
) -> list[Contender]:
    """The contenders, and the available controls for any learner among them, each in the worlds of
    its learners."""
    learners = [c for c in contenders if not c.is_control]
    there = {contender.name for contender in contenders}
    added = []
    for control in (c for c in available if c.is_control):
        beside = [c for c in learners if control.belongs_beside(c)]
        names = {w.name for w in worlds for c in beside if c.applies_to(w)}
        if names and control.name not in there:
            added.append(control.within(names))
    return [*contenders, *added]


def of_one_teacher(
    contenders: Iterable[Contender], worlds: Iterable[World], recorded: Container[str]
) -> Iterator[Contender]:
    """The contenders without the worlds in which they would learn from two teachers: from a
    recording, because they use demonstrations, and from the scripted expert, because they ask it.

    Args:
        worlds: the run's.
        recorded: names of the worlds that have a recording.
    """
    for contender in contenders:
        if not {"demonstrations", "expert"} <= contender.sources:
            yield contender
            continue
        names = {w.name for w in worlds if w.name not in recorded and contender.applies_to(w)}
        if len(names) < sum(contender.applies_to(world) for world in worlds):
            tell(
                f"{contender.name} has no rows where there is a recording: it asks the "
                "scripted expert too, and would learn from two teachers"
            )
        if names:
            yield contender.within(names)


def declaration_of(
    contender: Contender,
    contenders: Iterable[Contender],
    recordings: Mapping[str, RecordedData] = MappingProxyType({}),
    style: str = "",
) -> Declaration:
    """The declaration of an algorithm, with those of the others that are its controls, its teachers
    and its settings."""
    return Declaration(
        uses_labels=contender.uses_labels,
        factors=dict(contender.factors),
        is_control=contender.is_control,
        controls=tuple(c.name for c in contenders if c.belongs_beside(contender)),
        recordings=dict(recordings) if contender.is_shown else {},
        style=style if contender.uses_labels else "",
        settings=dict(contender.settings),
    )


def manifest_of(
    profile: Profile,
    worlds: Sequence[World],
    contenders: Sequence[Contender],
    seeds: int,
    recordings: Mapping[str, RecordedData] = MappingProxyType({}),
    style: str = "",
) -> Manifest:
    """The manifest of a run; the arguments are those of `cells_of_run`."""
    return Manifest(
        profile=profile,
        worlds=tuple(world.name for world in worlds),
        algorithms={
            contender.name: tuple(world.name for world in worlds if contender.applies_to(world))
            for contender in contenders
        },
        seeds=seeds,
        exact_worlds=tuple(w.name for w in worlds if exact_reference(w) is not None),
        cost_worlds=tuple(world.name for world in worlds if is_of_costs(world)),
        teachers={w.name: (style,) for w in worlds if style not in ("", w.reference_style)},
        declarations={
            contender.name: declaration_of(contender, contenders, recordings, style)
            for contender in contenders
        },
    )


ACTIONS = {
    "Box": "continuous actions",
    "Discrete": "numbered actions",
    "MultiBinary": "buttons",
}
OBSERVATIONS = {"Box": "vectors to see", "Discrete": "numbered states"}
"""What a world has if its space is of that class."""


def inapplicable(contenders: Iterable[Contender], worlds: Iterable[World]) -> Iterator[str]:
    """A line for each algorithm and each thing that it needs and some of the worlds lack."""
    for contender in contenders:
        lacking: dict[str, list[str]] = {}
        for world in worlds:
            if not contender.applies_to(world):
                lacking.setdefault(_lack(contender, world), []).append(world.name)
        for lack, names in lacking.items():
            yield f"{contender.name}: {lack} in {', '.join(names)}"


def _lack(contender: Contender, world: World) -> str:
    """Why an algorithm does not apply to a world, by what all worlds have to which it does."""
    fitting = [other for other in WORLDS.values() if contender.applies_to(other)]
    for name, words in (("action", ACTIONS), ("observation", OBSERVATIONS)):
        own, *wanted = (type(getattr(w.spaces, name)).__name__ for w in (world, *fitting))
        if own not in wanted:
            return f"no {' or '.join(words.get(kind, kind) for kind in sorted(set(wanted)))}"
    return "does not apply"
