"""What an algorithm is: a name, what it uses, its settings, and a function that trains."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from il_envs.learning.metering import SOURCES, Source
from il_envs.learning.policy import Policy
from il_envs.learning.problem import Problem
from il_envs.world import World


class TrainingWarning(UserWarning):
    """Training went on, but what was learned is in doubt: the leaderboard says so in the row."""


Config = TypeVar("Config")


def _any_world(world: World) -> bool:
    return True


@dataclass(frozen=True)
class Algorithm(Generic[Config]):
    """An imitation-learning algorithm, ours or a stranger's.

    Attributes:
        name: as the leaderboard shows it.
        summary: one line.
        sources: what `train` uses of its problem; anything else raises UndeclaredSourceError.
        config: the settings, a frozen dataclass.
        train: `train(problem, seed, config)` returns the learned policy.
        applies_to: whether it can learn in a world.
        control_for: of a control, which nothing can be learned by: whether it belongs beside an
            algorithm, to see that this one is above it. None for what is no control.
        factors: what it varies, for tables that compare: the level of each factor by the factor's
            name, as in {"actions": "MAPS", "learning": "RL"}; read-only.
    """

    name: str
    summary: str
    sources: frozenset[Source]
    config: Config
    train: Callable[[Problem, int, Config], Policy]
    applies_to: Callable[[World], bool] = _any_world
    control_for: "Callable[[Algorithm[Any]], bool] | None" = None
    factors: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if isinstance(self.sources, str):  # a set of its letters otherwise
            raise ValueError(
                f"{self.name}: sources must be a set of names, as {{{self.sources!r}}}"
            )
        unknown = set(self.sources) - set(SOURCES)
        if unknown:
            raise ValueError(f"{self.name}: unknown sources {sorted(unknown)}; known: {SOURCES}")
        factors = dict(self.factors)
        if not all(isinstance(text, str) and text for entry in factors.items() for text in entry):
            raise ValueError(
                f"{self.name}: factors must map names to levels, both of them text, as in "
                f"{{'actions': 'MAPS'}}, not {factors}"
            )
        object.__setattr__(self, "factors", MappingProxyType(factors))

    @property
    def is_control(self) -> bool:
        """Whether it is there to be beaten."""
        return self.control_for is not None

    @property
    def uses_labels(self) -> bool:
        """Whether it learns from an expert's actions, demonstrated or asked for."""
        return bool({"demonstrations", "expert"} & self.sources)
