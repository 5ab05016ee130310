"""The definition of an algorithm: its name, sources, settings, and training function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

from il_envs.learning.metering import SOURCES, Source
from il_envs.learning.policy import Policy
from il_envs.learning.problem import Problem
from il_envs.world import World


class TrainingWarning(UserWarning):
    """Training went on, but its result is in doubt; the leaderboard says so in the row."""


Config = TypeVar("Config")


def _any_world(world: World) -> bool:
    return True


@dataclass(frozen=True)
class Algorithm(Generic[Config]):
    """An imitation-learning algorithm, ours or a third party's.

    Attributes:
        name: the name in the leaderboard.
        summary: a description in one line.
        sources: the sources of its problem that `train` uses; any other raises
            UndeclaredSourceError.
        config: the settings, a frozen dataclass.
        train: `train(problem, seed, config)` returns the learned policy.
        applies_to: given a world, True if the algorithm can learn in it.
        control_for: for a control, a baseline that cannot learn the task: given an algorithm, True
            if the control should run beside it for comparison. None if it is not a control.
        factors: its level of each factor of a factorial comparison, by the factor's name, as in
            {"actions": "MAPS", "learning": "RL"}; read-only.
        restore: `restore(world, tensors, config)` makes a learned policy anew from its `tensors()`;
            deterministic, it acts bitwise as it did. It raises KeyError, RuntimeError or ValueError
            if they are not those of such a policy. None if its policies cannot be restored.
        tuned_as: the name of the algorithm whose tuned settings it takes over, because it is a
            variant of it or has it inside; empty if it is tuned itself.
    """

    name: str
    summary: str
    sources: frozenset[Source]
    config: Config
    train: Callable[[Problem, int, Config], Policy]
    applies_to: Callable[[World], bool] = _any_world
    control_for: "Callable[[Algorithm[Any]], bool] | None" = None
    factors: Mapping[str, str] = field(default_factory=dict, hash=False)
    restore: Callable[[World, Mapping[str, NDArray[Any]], Config], Policy] | None = None
    tuned_as: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.sources, str):  # it would become a set of letters
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
        """True for a control, a baseline that cannot learn the task."""
        return self.control_for is not None

    @property
    def uses_labels(self) -> bool:
        """True if it learns from expert actions, demonstrated or queried."""
        return bool({"demonstrations", "expert"} & self.sources)
