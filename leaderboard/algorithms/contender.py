"""What a run knows of an algorithm, whose code may be in another process."""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_serializer, field_validator
from pydantic_core import to_jsonable_python

from il_envs.learning.algorithm import Algorithm
from il_envs.learning.metering import Source
from il_envs.learning.tuning import Choices, Interval, Space, search_space, setting
from il_envs.world import World, base_name
from leaderboard import UserError
from leaderboard.algorithms.settings import configured
from leaderboard.measures.references import REFERENCES, TEACHER
from leaderboard.texts import of_error, one_line

NAME = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,62}[A-Za-z0-9_-])?"
"""A name, which is that of a folder too."""
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
Text = Annotated[str, Field(max_length=20_000)]
Line = Annotated[Text, AfterValidator(one_line)]


class Contender(BaseModel):
    """An algorithm: what it says of itself, and where its code is."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: Text
    summary: Line
    sources: frozenset[Source]
    worlds: frozenset[str]
    """Names of the worlds in which it can learn."""
    is_control: bool = False
    control_for: Callable[[Algorithm[Any]], bool] | None = Field(default=None, exclude=True)
    """As in `Algorithm`; None where its code is in another process."""
    factors: dict[Line, Line] = {}
    tuned_as: Line = ""
    config: Text = ""
    """Its settings, as their repr has them."""
    settings: dict[str, Text] = {}
    """Those that the command line has changed, as `settings.Settings`."""
    space: dict[str, Space] = {}
    """The space of each setting that can be tuned, by its path."""
    values: dict[str, Any] = {}
    """The value of each of these, as JSON has it."""
    origin: str
    """Name of its entry point, or path of its folder."""
    code: str
    """SHA-256 over its source files: for an installed algorithm its module and that module's
    imports from the same top-level package; otherwise all files of the folder."""

    @field_validator("name")
    @classmethod
    def _fitting(cls, name: str) -> str:
        if fault := fault_of_name(name):
            raise ValueError(fault)
        return name

    @field_validator("space", mode="plain")
    @classmethod
    def _spaces(cls, told: Any) -> dict[str, Space]:
        if not isinstance(told, Mapping):
            raise ValueError("search spaces that are none")
        return {str(path): space_of(part) for path, part in told.items()}

    @field_serializer("space")
    def _told(self, space: dict[str, Space]) -> dict[str, Any]:
        return {path: described(part) for path, part in space.items()}

    @property
    def uses_labels(self) -> bool:
        """True if it learns from expert actions, demonstrated or queried."""
        return self.is_shown or "expert" in self.sources

    @property
    def is_shown(self) -> bool:
        """True if it is given demonstrations."""
        return "demonstrations" in self.sources

    def applies_to(self, world: World) -> bool:
        """True if it can learn in a world."""
        return world.base in self.worlds

    def within(self, names: Iterable[str]) -> "Contender":
        """The same, in those of its worlds that have these names."""
        return self.model_copy(update={"worlds": self.worlds & frozenset(map(base_name, names))})

    def belongs_beside(self, learner: "Contender") -> bool:
        """True if it is a control for this learner."""
        if self.control_for is None or learner.is_control:
            return False
        return self.control_for(
            Algorithm(learner.name, learner.summary, learner.sources, None, _elsewhere)
        )


def contender_of(
    algorithm: Algorithm[Any],
    origin: str,
    code: str,
    settings: Mapping[str, str],
    worlds: Iterable[World],
) -> Contender:
    """What an algorithm says of itself, with these settings.

    Args:
        origin, code: as in `Contender`.
        worlds: the worlds that there are.

    Raises:
        UsageError, UnknownNameError: if a setting is invalid, as `settings.configured` has it.
        UserError: if its own `applies_to` raises.
    """
    algorithm, texts = configured(algorithm, settings)
    space = search_space(algorithm.config)
    return Contender(
        name=algorithm.name,
        summary=algorithm.summary,
        sources=algorithm.sources,
        worlds=frozenset(world.name for world in worlds if _applies(algorithm, world, origin)),
        is_control=algorithm.is_control,
        control_for=algorithm.control_for,
        factors=dict(algorithm.factors),
        tuned_as=algorithm.tuned_as,
        config=repr(algorithm.config),
        settings=texts,
        space=space,
        values={path: to_jsonable_python(setting(algorithm.config, path)) for path in space},
        origin=origin,
        code=code,
    )


def fault_of_name(name: str) -> str:
    """Why an algorithm cannot have this name, in a line; empty if it can."""
    is_taken = name in REFERENCES or name.startswith(TEACHER)
    if re.fullmatch(NAME, name) and not is_taken:
        return ""
    return (
        f"the name {name[:80]!r} will not do; up to 64 letters, digits and . _ - are allowed, "
        f"{', '.join(REFERENCES)} and {TEACHER}... are taken"
    )


def described(space: Space) -> dict[str, Any]:
    """A space as JSON has it."""
    if isinstance(space, Interval):
        return {"low": space.low, "high": space.high, "log": space.log}
    return {"choices": list(space.values)}


def space_of(told: Any) -> Space:
    """A space that is one, or that JSON tells.

    Raises:
        ValueError: if it tells none.
    """
    if isinstance(told, Interval | Choices):
        return told
    if isinstance(told, Mapping) and told.keys() == {"choices"}:
        return Choices(tuple(_frozen(choice) for choice in told["choices"]))
    if isinstance(told, Mapping) and told.keys() == {"low", "high", "log"}:
        low, high, log = told["low"], told["high"], told["log"]
        if all(type(end) in (int, float) for end in (low, high)) and low < high:
            return Interval(low, high, log is True)
    raise ValueError("a search space that is none")


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _applies(algorithm: Algorithm[Any], world: World, origin: str) -> bool:
    try:
        return bool(algorithm.applies_to(world))
    except Exception as error:
        raise UserError(f"{origin}: applies_to({world.name}) raises {of_error(error)}") from error


def _elsewhere(*arguments: Any) -> Any:
    raise RuntimeError("this algorithm is in another process")
