"""The algorithm's side of a problem: everything is asked for through a channel."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from il_envs.engine.arguments import checked_count, checked_whole
from il_envs.engine.spaces import own_spaces
from il_envs.learning.demonstrations import Demonstrations
from il_envs.learning.metered_env import MeteredEnv, Step, refuse_choices
from il_envs.learning.metering import Ledger, Meter
from il_envs.learning.problem import Problem
from il_envs.remote.channel import Channel, Message
from il_envs.remote.contents import Terms, demonstrations_of, model_of
from il_envs.remote.server import REFUSALS


class RemoteProblem(Problem):
    """A problem in another process, which has the same methods and meters the same.

    Args:
        terms: what is told of it at first.
        channel: to the process that has it.
    """

    def __init__(self, terms: Terms, channel: Channel) -> None:
        self.observation_space, self.action_space = own_spaces(terms.world.spaces)
        self.max_episode_steps = terms.world.dynamics.max_episode_steps
        self.initial_policy = None
        self._world = terms.world
        self._ledger = Ledger(terms.sources, terms.budget)  # follows the one that counts
        self._channel = channel

    def demonstrations(self, transitions: int | None = None) -> Demonstrations:
        """As `Problem.demonstrations`."""
        asked = None if transitions is None else checked_whole("transitions", transitions)
        return demonstrations_of(self.ask("demonstrations", {"transitions": asked}))

    def rows(self, num_envs: int, reward: bool, autoreset_mode: AutoresetMode) -> "RemoteEnv":
        """As `Problem.rows`."""
        asked = {
            "num_envs": checked_count("num_envs", num_envs),
            "reward": bool(reward),
            "autoreset_mode": autoreset_mode.value,
        }
        return RemoteEnv(self, self.ask("env", asked).fields["env"], num_envs, autoreset_mode)

    def expert(
        self,
        env: MeteredEnv,
        rows: NDArray[np.bool_] | None = None,
        proposed: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """As `Problem.expert`."""
        given = {"rows": rows, "proposed": proposed}
        arrays = {name: np.asarray(array) for name, array in given.items() if array is not None}
        return self.ask("expert", {"env": _number_of(env)}, arrays).arrays["actions"]

    def intervene(
        self, env: MeteredEnv, proposed: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """As `Problem.intervene`."""
        asked = {"proposed": np.asarray(proposed)}
        answer = self.ask("intervene", {"env": _number_of(env)}, asked)
        return answer.arrays["actions"], answer.arrays["taken"]

    def progress(self, stage: str, begun: int, total: int) -> None:
        """Nobody is told."""

    def model(self) -> Any:
        """As `Problem.model`."""
        return model_of(self.ask("model"))

    def ask(
        self,
        kind: str,
        fields: Mapping[str, Any] | None = None,
        arrays: Mapping[str, NDArray[Any]] | None = None,
    ) -> Message:
        """The answer to a request.

        Raises:
            ClosedError: if the other process has gone.
            Exception: one of `REFUSALS`, if the request is refused.
        """
        answer = self._channel.ask(kind, fields, arrays)
        if answer.kind == "refused":
            raise REFUSALS[answer.fields["error"]](answer.fields["message"])
        self._ledger.meter = Meter(*answer.arrays["meter"].tolist())
        return answer


class RemoteEnv(MeteredEnv):
    """The vector environment of `RemoteProblem.env`."""

    def __init__(
        self, problem: RemoteProblem, number: int, num_envs: int, autoreset_mode: AutoresetMode
    ) -> None:
        self.number = number
        self._problem = problem
        self.num_envs = num_envs
        self.metadata = {"autoreset_mode": autoreset_mode}
        self.single_observation_space = problem.observation_space
        self.single_action_space = problem.action_space
        self.observation_space = batch_space(problem.observation_space, num_envs)
        self.action_space = batch_space(problem.action_space, num_envs)

    def reset(
        self,
        *,
        seed: int | list[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        refuse_choices(seed, options)
        return self._ask("reset")["observations"], {}

    def begin(self, rows: NDArray[np.bool_]) -> NDArray[Any]:
        """As `MeteredEnv.begin`."""
        return self._ask("begin", rows=np.asarray(rows))["observations"]

    def step(self, actions: ArrayLike) -> Step:
        told = self._ask("step", actions=np.asarray(actions))
        info = {name: told[name] for name in ("final_obs", "_final_obs") if name in told}
        names = ("observations", "rewards", "terminated", "truncated")
        observations, rewards, terminated, truncated = (told[name] for name in names)
        return observations, rewards, terminated, truncated, info

    def require_reset(self, use: str) -> None:
        """Nothing: the other process sees to it."""

    def _ask(self, kind: str, **arrays: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        return self._problem.ask(kind, {"env": self.number}, arrays).arrays


def _number_of(env: MeteredEnv) -> int:
    """The number of an environment in the other process.

    Raises:
        ValueError: if it is not of this problem.
    """
    if not isinstance(env, RemoteEnv):
        raise ValueError(f"the expert cannot be asked in {env!r}, which is not of this problem")
    return env.number
