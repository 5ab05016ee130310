"""Who acts when it is not the player: an expert or a learned policy."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from il_envs.engine.single import WorldEnv
from il_envs.learning.policy import ExpertPolicy, Policy
from il_envs.learning.recorded_episode import Controller
from il_envs.learning.stored_policy import StoredPolicyError


class Pilot(Protocol):
    """Somebody who chooses an action for every step of an environment."""

    name: str
    controller: Controller  # as recordings have it

    def begin(self) -> None:
        """Forget the last episode."""
        ...

    def decide(self, observation: Any) -> NDArray[Any] | None:
        """The action in the environment's present state; None while it makes up its mind.

        Raises:
            StoredPolicyError: if a policy returns no action.
        """
        ...

    def step_taken(
        self, executed: NDArray[Any], by_player: bool, label: NDArray[Any] | None
    ) -> None:
        """A step has been taken.

        Args:
            by_player: whether the player had taken over.
            label: what the player's hands would have done; None if there is no telling.
        """
        ...


class ExpertPilot:
    """The expert of a world, bound to the environment whose state it reads."""

    name = "expert"
    controller: Controller = "expert"

    def __init__(self, env: WorldEnv) -> None:
        self._policy = ExpertPolicy(env)
        self._memory: Any = None

    def begin(self) -> None:
        self._memory = None

    def decide(self, observation: Any) -> NDArray[Any]:
        actions, self._memory = self._policy.predict(state=self._memory)
        action: NDArray[Any] = actions[0]
        return action

    def step_taken(
        self, executed: NDArray[Any], by_player: bool, label: NDArray[Any] | None
    ) -> None:
        """Nothing is made of it."""


class PolicyPilot:
    """A policy that acts as it is scored: by its draws."""

    controller: Controller = "policy"

    def __init__(self, name: str, env: WorldEnv, policy: Policy) -> None:
        self.name = name
        self._policy = policy
        self._space = env.world.spaces.action
        self.begin()

    def begin(self) -> None:
        self._memory: Any = None
        self._is_start = True

    def decide(self, observation: Any) -> NDArray[Any]:
        actions, self._memory = self._policy.predict(
            np.asarray(observation)[None], self._memory, np.array([self._is_start])
        )
        self._is_start = False
        action: NDArray[Any] = actions[0]
        if not self._space.contains(action):
            raise StoredPolicyError(f"{self.name} has returned {action}, not in {self._space}")
        return action

    def step_taken(
        self, executed: NDArray[Any], by_player: bool, label: NDArray[Any] | None
    ) -> None:
        """Nothing is made of it."""
