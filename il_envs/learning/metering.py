"""The sources of a problem, their budget, and the meter that counts their use."""

from dataclasses import asdict, dataclass
from typing import Literal, get_args

Source = Literal["demonstrations", "expert", "env", "reward", "model"]
SOURCES: tuple[Source, ...] = get_args(Source)


class UndeclaredSourceError(PermissionError):
    """An algorithm used a source that it has not declared."""


class BudgetExceededError(RuntimeError):
    """An algorithm asked for more than the problem allows."""


@dataclass
class Meter:
    """What an algorithm has used."""

    demonstrations: int = 0  # state-action pairs
    expert_labels: int = 0  # states that the interactive expert labelled
    steps: int = 0  # environment steps, over all rows
    reward_reads: int = 0  # steps whose reward was revealed, in an environment or a demonstration
    model_reads: int = 0

    @property
    def labels(self) -> int:
        """Number of expert actions, demonstrated or queried."""
        return self.demonstrations + self.expert_labels

    def as_dict(self) -> dict[str, int]:
        """The five counts by name."""
        return asdict(self)


@dataclass(frozen=True)
class Budget:
    """The most that an algorithm may use."""

    labels: int  # expert actions, demonstrated and queried together
    steps: int  # environment steps, over all rows
