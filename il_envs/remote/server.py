"""The scorer's side of a problem: it answers what an algorithm's process asks.

A request that is refused changes nothing and costs nothing.
"""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from il_envs.learning.metered_env import MeteredEnv, chosen
from il_envs.learning.metering import BudgetExceededError, UndeclaredSourceError
from il_envs.learning.problem import Problem
from il_envs.remote.channel import Channel, Message, ProtocolError
from il_envs.remote.contents import Parts, demonstrations_parts, model_parts
from il_envs.remote.numbering import Numbering

REFUSALS: Mapping[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (
        BudgetExceededError, UndeclaredSourceError, gym.error.ResetNeeded, LookupError, ValueError,
    )
}  # fmt: skip
"""What a request may be refused with, by the name that crosses; the first that fits."""
MOST_ROWS = 2**20
MOST_ENVS = 2**10
AUTORESET_MODES = (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED)


class ProblemServer:
    """Answers the requests about a problem.

    Args:
        problem: the problem.
        channel: to the algorithm's process.
        numbering: which numbers it has there.
    """

    def __init__(self, problem: Problem, channel: Channel, numbering: Numbering) -> None:
        self._problem = problem
        self._channel = channel
        self._numbers = numbering
        self._envs: list[MeteredEnv] = []

    def serve(self) -> Message:
        """Answer requests; returns the first message that is none.

        Raises:
            ClosedError: if the algorithm's process has gone.
            ProtocolError: if a request is malformed.
        """
        requests = {
            "demonstrations": self._demonstrations,
            "env": self._env,
            "reset": self._reset,
            "begin": self._begin,
            "step": self._step,
            "expert": self._expert,
            "intervene": self._intervene,
            "model": self._model,
        }
        while (message := self._channel.receive()).kind in requests:
            try:
                fields, arrays = requests[message.kind](message)
                answer = Message("answer", fields, arrays | {"meter": self._counts()})
            except ProtocolError:
                raise
            except tuple(REFUSALS.values()) as error:
                kind = next(name for name, each in REFUSALS.items() if isinstance(error, each))
                answer = Message(
                    "refused", {"error": kind, "message": self._numbers.told(str(error))}
                )
            self._channel.send(answer)
        return message

    def _demonstrations(self, message: Message) -> Parts:
        transitions = _field(message, "transitions", int, type(None))
        shown = self._problem.demonstrations(transitions)
        return demonstrations_parts(self._numbers.demonstrations(shown))

    def _env(self, message: Message) -> Parts:
        num_envs, reward = _field(message, "num_envs", int), _field(message, "reward", bool)
        mode = AutoresetMode(_field(message, "autoreset_mode", str))
        if num_envs > MOST_ROWS or len(self._envs) >= MOST_ENVS or mode not in AUTORESET_MODES:
            raise ValueError(
                f"num_envs is {num_envs}, must be at most {MOST_ROWS}, in at most {MOST_ENVS} "
                "environments"
            )
        self._envs.append(self._problem.rows(num_envs, reward, mode))
        return {"env": len(self._envs) - 1}, {}

    def _reset(self, message: Message) -> Parts:
        observations, _ = self._env_of(message).reset()
        return {}, {"observations": self._numbers.observed(observations)}

    def _begin(self, message: Message) -> Parts:
        observations = self._env_of(message).begin(message.array("rows"))
        return {}, {"observations": self._numbers.observed(observations)}

    def _step(self, message: Message) -> Parts:
        env, actions = self._env_of(message), message.array("actions")
        self._numbers.checked(actions)
        meant = self._numbers.meant(actions)
        observations, rewards, terminated, truncated, info = env.step(meant)
        answer = {
            "observations": self._numbers.observed(observations),
            "rewards": rewards,
            "terminated": terminated,
            "truncated": truncated,
            **info,
        }
        if "final_obs" in info:
            last, ended = self._numbers.observed(info["final_obs"]), info["_final_obs"]
            answer["final_obs"] = chosen(ended, last, np.zeros_like(last))
        return {}, answer

    def _expert(self, message: Message) -> Parts:
        rows, proposed = message.arrays.get("rows"), message.arrays.get("proposed")
        if proposed is not None:
            proposed = self._numbers.meant(proposed)
        actions = self._problem.expert(self._env_of(message), rows, proposed)
        shown = self._numbers.shown(actions)
        if rows is not None:  # zero where it was not asked, whatever number that is here
            shown = chosen(rows, shown, np.zeros_like(shown))
        return {}, {"actions": shown}

    def _intervene(self, message: Message) -> Parts:
        env, proposed = self._env_of(message), message.array("proposed")
        if proposed.shape != env.action_space.shape:
            raise ValueError(
                f"proposed has shape {proposed.shape}, must be {env.action_space.shape}"
            )
        actions, taken = self._problem.intervene(env, self._numbers.meant(proposed))
        return {}, {"actions": self._numbers.shown(actions), "taken": taken}

    def _model(self, message: Message) -> Parts:
        return model_parts(self._numbers.model(self._problem.model()))

    def _env_of(self, message: Message) -> MeteredEnv:
        number = _field(message, "env", int)
        if not 0 <= number < len(self._envs):
            raise ProtocolError(f"there is no environment {number}")
        return self._envs[number]

    def _counts(self) -> NDArray[np.int64]:
        """The meter, as an array, so that headers stay the same."""
        return np.array(list(vars(self._problem.meter).values()))


def _field(message: Message, name: str, *kinds: type) -> Any:
    value = message.fields.get(name)
    if type(value) not in kinds:
        raise ProtocolError(f"{message.kind}: {name} is {type(value).__name__}")
    return value
