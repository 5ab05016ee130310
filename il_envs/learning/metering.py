"""What an algorithm may use of a problem, and the meter that counts it."""

from dataclasses import asdict, dataclass
from typing import Literal, get_args

Source = Literal["demonstrations", "expert", "env", "reward", "model"]
SOURCES: tuple[Source, ...] = get_args(Source)


class UndeclaredSourceError(PermissionError):
    """An algorithm used a source that it had not declared."""


class BudgetExceededError(RuntimeError):
    """An algorithm asked for more than the problem allows."""


@dataclass
class Meter:
    """What an algorithm has used."""

    demonstrations: int = 0  # state-action pairs
    expert_labels: int = 0  # states that the interactive expert was asked about
    steps: int = 0  # environment steps, over all rows
    reward_reads: int = 0  # steps whose reward was told, in an environment or a demonstration
    model_reads: int = 0

    @property
    def labels(self) -> int:
        """Expert actions, demonstrated or asked for."""
        return self.demonstrations + self.expert_labels

    def as_dict(self) -> dict[str, int]:
        """The five counts by name."""
        return asdict(self)


@dataclass(frozen=True)
class Budget:
    """What an algorithm may use at most."""

    labels: int  # expert actions, demonstrated and asked for together
    steps: int  # environment steps, over all rows
