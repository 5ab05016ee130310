"""What the scorer sees of a policy and a reward that another process has learned.

Every answer is data; what must hold of it is checked where it is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from il_envs.exact.checks import FloatArray
from il_envs.learning.learned_reward import LearnedReward, TabularReward
from il_envs.remote.channel import Channel, Message, ProtocolError
from il_envs.remote.numbering import Numbering
from leaderboard.cells import Status
from leaderboard.texts import one_line

FAILURES: tuple[Status, ...] = ("error", "invalid action", "memory")
"""What an algorithm's process may say of its own failure."""
MOST_WARNINGS = 100


class FailedError(Exception):
    """The algorithm's process says that it has failed.

    Args:
        status: of the cell.
        reason: in a line.
    """

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Report:
    """What an algorithm's process says of itself when training has ended, well or not."""

    warnings: tuple[str, ...]
    updates: int | None
    is_restorable: bool
    is_exact: bool
    is_stationary: bool
    is_gaussian: bool
    is_affine: bool

    @staticmethod
    def of(message: Message) -> "Report":
        """The report of a message "policy" or "failed"."""
        told = message.fields
        warnings, updates = told.get("warnings", []), told.get("updates")
        if not isinstance(warnings, list) or type(updates) not in (int, type(None)):
            raise ProtocolError("a report that is none")
        flags = ("is_restorable", "is_exact", "is_stationary", "is_gaussian", "is_affine")
        return Report(
            tuple(one_line(str(each)) for each in warnings[:MOST_WARNINGS]),
            updates if updates is None or 0 <= updates < 2**60 else None,
            **{flag: told.get(flag) is True for flag in flags},
        )


def require_success(message: Message, kind: str) -> Message:
    """A message of this kind.

    Raises:
        FailedError: if it says instead that the algorithm has failed.
        ProtocolError: if it is another one.
    """
    if message.kind == kind:
        return message
    if message.kind == "failed" and message.fields.get("status") in FAILURES:
        raise FailedError(message.fields["status"], one_line(str(message.fields.get("reason"))))
    raise ProtocolError(f"a message {one_line(message.kind)!r} where {kind!r} is due")


class Memory(NamedTuple):
    """What is known here of a policy's memory.

    Attributes:
        decided: bool [rows], where it decided what to do at the last step.
    """

    decided: NDArray[np.bool_]


class RemotePolicy:
    """A policy in another process, as `Policy`.

    Args:
        report: what it says of itself.
        numbering: which numbers the world has there.
    """

    def __init__(self, channel: Channel, report: Report, numbering: Numbering) -> None:
        self._channel = channel
        self.report = report
        self.numbers = numbering

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in another process>"

    def seed(self, seed: int) -> None:
        """Seed the generators of that process."""
        self.ask("seed", {"seed": seed})

    def tensors(self) -> dict[str, NDArray[Any]]:
        """All parameters by name; empty if it does not tell them."""
        return dict(self.ask("tensors").arrays)

    def predict(
        self,
        observation: NDArray[Any],
        state: Memory | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Memory]:
        """As `Policy.predict`, for one batch of episodes after another."""
        asked = {"begins": state is None, "deterministic": deterministic}
        starts = {} if episode_start is None else {"episode_start": episode_start}
        seen = {"observation": self.numbers.observed(observation)}
        answer = self.ask("predict", asked, seen | starts)
        rows = len(observation)
        decided = answer.arrays.get("decided", np.ones(rows, np.bool_))
        if decided.dtype != np.bool_ or decided.shape != (rows,):
            raise ProtocolError("an answer that does not say where it was decided")
        return self.numbers.meant(answer.array("actions")), Memory(decided)

    @cached_property
    def reward(self) -> LearnedReward | None:
        """The reward that was learned with it; None if none was."""
        answer = self.ask("reward")
        kind = answer.fields.get("reward")
        if kind == "none":
            return None
        if kind == "table":
            return TabularReward(self.numbers.table(answer.array("table")))
        return RemoteReward(self, answer.arrays)

    def ask_about_rows(
        self, kind: str, fields: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> Mapping[str, NDArray[Any]]:
        """The answer's arrays to a request about rows that do not depend on each other. Where the
        world has other numbers there, they are asked about in the order of those: else the order
        would tell which number is which.

        Raises:
            FailedError, ProtocolError: as `ask`; the latter too if an array has other rows.
        """
        order = self.numbers.order_of_rows(list(arrays.values()))
        if order is None:
            return self.ask(kind, fields, arrays).arrays
        asked = {name: array[order] for name, array in arrays.items()}
        answer = self.ask(kind, fields, asked).arrays
        if any(len(np.atleast_1d(array)) != len(order) for array in answer.values()):
            raise ProtocolError(f"an answer of {kind} that has not {len(order)} rows")
        return {name: array[np.argsort(order)] for name, array in answer.items()}

    def ask(
        self,
        kind: str,
        fields: Mapping[str, Any] | None = None,
        arrays: Mapping[str, NDArray[Any]] | None = None,
    ) -> Message:
        """The answer to a request.

        Raises:
            FailedError: if the policy fails at it.
            ProtocolError: if the answer is none, or the process has gone.
        """
        return require_success(self._channel.ask(kind, fields, arrays), "answer")


class RemoteExactPolicy(RemotePolicy):
    """One that gives its probabilities, as `ExactPolicy`."""

    @property
    def is_stationary(self) -> bool:
        """Whether it says that they are the same at every step."""
        return self.report.is_stationary

    def action_probabilities(self, observation: NDArray[Any], step: int) -> NDArray[np.float64]:
        """As `ExactPolicy.action_probabilities`."""
        seen = {"observation": self.numbers.observed(observation)}
        answer = self.ask_about_rows("probabilities", {"step": step}, seen)
        return self.numbers.probabilities(answer["probabilities"])


class RemoteGaussianPolicy(RemotePolicy):
    """One that gives the moments of its draws, as `GaussianPolicy`."""

    @property
    def is_affine(self) -> bool:
        """Whether it says that they are affine."""
        return self.report.is_affine

    def action_moments(
        self, observation: NDArray[Any], step: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """As `GaussianPolicy.action_moments`."""
        seen = {"observation": self.numbers.observed(observation)}
        answer = self.ask_about_rows("moments", {"step": step}, seen)
        if not answer:
            return None
        return self.numbers.moments(answer["mean"], answer["covariance"])


class RemoteReward:
    """A learned reward in another process, as `LearnedReward`."""

    def __init__(self, policy: RemotePolicy, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._policy = policy
        self._tensors = tensors

    def reward(
        self,
        observation: NDArray[Any],
        action: NDArray[Any],
        next_observation: NDArray[Any],
        ended: NDArray[np.bool_],
    ) -> FloatArray:
        """As `LearnedReward.reward`."""
        numbers = self._policy.numbers
        asked = {
            "observation": numbers.observed(observation),
            "action": numbers.shown(action),
            "next_observation": numbers.observed(next_observation),
            "ended": ended,
        }
        return self._policy.ask_about_rows("rewards", {}, asked)["rewards"]

    def tensors(self) -> dict[str, NDArray[Any]]:
        """All parameters by name."""
        return dict(self._tensors)


def policy_of(channel: Channel, report: Report, numbering: Numbering) -> RemotePolicy:
    """The policy in the process at the other end of a channel."""
    kind = RemotePolicy
    if report.is_exact:
        kind = RemoteExactPolicy
    elif report.is_gaussian:
        kind = RemoteGaussianPolicy
    return kind(channel, report, numbering)
