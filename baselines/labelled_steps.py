"""The data set that DAgger aggregates: labels, each with what was seen before it.

A person reacts late: what is pressed at step t answers what was seen at step t - shift. So a label
is paired with the observation `shift` steps earlier, and dropped if its episode had not begun then.
"""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.reaction_lag import LONGEST_SHIFT, estimated_shift
from il_envs import Demonstrations


class LabelledSteps:
    """Labelled steps of episodes that run side by side.

    Args:
        num_envs: number of environments.
        shift: steps by which labels are late; None to estimate it from them, 0 if they do not tell.
    """

    def __init__(self, num_envs: int, shift: int | None) -> None:
        self._shift = shift
        self._shifts = range(LONGEST_SHIFT + 1) if shift is None else range(shift, shift + 1)
        self._seen: deque[NDArray[Any]] = deque(maxlen=self._shifts[-1] + 1)  # the latest first
        self._done: deque[NDArray[Any]] = deque(maxlen=0 if shift is not None else LONGEST_SHIFT)
        self._age = np.zeros(num_envs, np.int64)  # of each environment's episode, in steps
        self._columns: dict[str, list[NDArray[Any]]] = {
            name: [] for name in ("seen", "done", "age", "labels", "groups")
        }

    def __len__(self) -> int:
        """Number of labels, those without a pair included."""
        return sum(map(len, self._columns["labels"]))

    def see(self, observation: NDArray[Any]) -> None:
        """Begin a step with what each environment shows, [num_envs, ...]."""
        self._seen.appendleft(observation)

    def label(self, rows: NDArray[np.bool_], labels: NDArray[Any], groups: NDArray[Any]) -> None:
        """Add the labels of some rows of this step.

        Args:
            rows: bool [num_envs].
            labels: [num_envs, ...], of which those of the other rows are not used.
            groups: float64 [num_envs], the key by which labels are sorted.
        """
        oldest = len(self._seen) - 1  # in the first steps; such labels are too young to be used
        seen = [self._seen[min(shift, oldest)][rows] for shift in self._shifts]
        self._columns["seen"].append(np.stack(seen, 1))
        done = [actions[rows] for actions in self._done]
        done += [np.zeros_like(labels[rows])] * ((self._done.maxlen or 0) - len(done))
        if done:
            self._columns["done"].append(np.stack(done, 1))
        for name, column in (("age", self._age), ("labels", labels), ("groups", groups)):
            self._columns[name].append(column[rows])

    def act(self, actions: NDArray[Any], ended: NDArray[np.bool_]) -> None:
        """End the step with what was executed, [num_envs, ...], and which episodes it ended."""
        self._done.appendleft(actions)
        self._age = np.where(ended, 0, self._age + 1)

    def add(self, shown: Demonstrations, groups: NDArray[np.float64]) -> None:
        """Add demonstrations; `groups` has a key for each of their episodes."""
        for episode, group in zip(shown.episodes, groups, strict=True):
            for t in range(len(episode)):
                self.see(episode.observations[t : t + 1])
                action = episode.actions[t : t + 1]
                self.label(np.ones(1, np.bool_), action, group[None])
                self.act(action, np.array([t == len(episode) - 1]))

    def estimated_shift(self) -> int | None:
        """Steps by which labels are late, told from those whose episodes are old enough; None if
        they do not tell."""
        seen, done, age, labels = (
            np.concatenate(self._columns[name]) for name in ("seen", "done", "age", "labels")
        )
        whole = age >= LONGEST_SHIFT
        return estimated_shift(seen[whole], done[whole], labels[whole])

    def pairs(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]:
        """Observations and the labels that answer them, [rows, ...] each, and their groups, [rows];
        rows are in the order in which they were added."""
        seen, age, labels, groups = (
            np.concatenate(self._columns[name]) for name in ("seen", "age", "labels", "groups")
        )
        shift = self._shift
        if shift is None:
            shift = self.estimated_shift() or 0
        old_enough = age >= shift
        observations = seen[old_enough, shift - self._shifts[0]]
        return observations, labels[old_enough], groups[old_enough]
