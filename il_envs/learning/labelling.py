"""Who labels: the protocol of an expert that is not a world's own, such as a person at the keys."""

from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from il_envs.engine.spaces import action_bounds
from il_envs.views import States

DISAGREEMENT = 0.1
"""Share of an entry's range by which its action may differ from the scripted expert's before that
one takes over."""


class SessionEndedError(Exception):
    """The one who labels has left; what was learned so far is all that there will be."""


class Labeller(Protocol):
    """An expert of one's own in place of a scripted one; both methods may raise SessionEndedError.

    It is asked at every step, also where no row asks for a label, so it can show each of them. The
    State records are copies; `episode` and `step` in them tell where an episode begins.
    """

    def label(
        self,
        states: States,
        params: States,
        rows: NDArray[np.bool_],
        proposed: NDArray[Any] | None,
    ) -> ArrayLike:
        """What should be done in the present states; the learner acts.

        Args:
            states: State records, [num_envs].
            params: the world's parameters, read-only.
            rows: bool [num_envs], the rows that ask.
            proposed: what the learner is going to do, [num_envs, ...]; None if it does not say.

        Returns:
            actions [num_envs, ...]; those of rows that do not ask are not used.
        """
        ...

    def intervene(
        self, states: States, params: States, proposed: NDArray[Any]
    ) -> tuple[ArrayLike, NDArray[np.bool_]]:
        """Which rows the expert drives in this step, and what it does there.

        Args:
            states, params: as in `label`.
            proposed: what the learner would do, [num_envs, ...].

        Returns:
            actions [num_envs, ...], of which those of the other rows are not used, and the rows
            that the expert has taken over, bool [num_envs].
        """
        ...


def disagrees(
    space: gym.Space[Any], actions: NDArray[Any], proposed: NDArray[Any]
) -> NDArray[np.bool_]:
    """Where two actions differ by more than `DISAGREEMENT` of an entry's range, or in a button or a
    Discrete action at all; bool [num_envs].

    This is the rule by which a scripted expert takes over (Zhang and Cho 2017, "Query-efficient
    imitation learning for end-to-end simulated driving").

    Args:
        actions, proposed: [num_envs, ...].
    """
    low, high = action_bounds(space)
    allowed = DISAGREEMENT * (high - low) if isinstance(space, gym.spaces.Box) else 0.0
    difference = np.abs(np.subtract(actions, proposed, dtype=np.float64))
    return (difference.reshape(len(actions), -1) > allowed).any(1)
