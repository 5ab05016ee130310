"""The process of an algorithm: `python -m leaderboard.running.algorithm SOCKET`.

It says what the algorithm is; or it trains, or restores a policy, and then answers what it is asked
about the policy. It knows nothing but what is told it through that socket.
"""

import os
import random
import socket
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.learning.algorithm import Algorithm, TrainingWarning
from il_envs.learning.learned_reward import TabularReward, rewards_of
from il_envs.learning.policy import ExactPolicy, GaussianPolicy, Policy
from il_envs.remote.channel import Channel, ClosedError, Message
from il_envs.remote.client import RemoteProblem
from il_envs.remote.contents import Terms, model_of
from il_envs.world import Truth, UnknownNameError, World
from leaderboard import UserError
from leaderboard.algorithms.contender import contender_of
from leaderboard.algorithms.settings import configured
from leaderboard.algorithms.submission import load_algorithm
from leaderboard.measures.checked import CheckedPolicy, require_policy, tensors_of
from leaderboard.measures.checked_tables import learned_reward, probabilities_of
from leaderboard.running.failure import failure_of
from leaderboard.running.updates import counted_updates
from leaderboard.texts import one_line

MOST = 2**40  # bytes of a message's arrays; the scorer is trusted


def run(channel: Channel) -> None:
    """Do what the first message asks for, and answer what is asked of the policy until the scorer
    closes its end."""
    told: dict[str, Any] = {}
    try:
        task = channel.receive()
        if task.kind == "describe":
            channel.send(_description(task, channel))
            return
        terms = Terms.of(channel.receive())
        algorithm = load_algorithm(task.fields["origin"])
        algorithm, _ = configured(algorithm, task.fields["settings"])
        if task.kind == "train":
            channel.send(Message("ready"))
            channel.receive()
            policy = _trained(algorithm, RemoteProblem(terms, channel), task.fields["seed"], told)
        else:
            assert algorithm.restore is not None  # as it has said
            policy = algorithm.restore(terms.world, task.arrays, algorithm.config)
        answer_about(policy, terms.world, algorithm.restore is not None, channel, told)
    except ClosedError:
        pass  # the scorer has heard enough
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        status, reason = failure_of(error)
        channel.send(Message("failed", told | {"status": status, "reason": reason}))


def _description(task: Message, channel: Channel) -> Message:
    """What an algorithm says of itself, as `Contender` has it, or what is wrong with it."""
    worlds = [Terms.of(channel.receive()).world for _ in range(task.fields["worlds"])]
    origin, settings = task.fields["origin"], task.fields["settings"]
    try:
        algorithm = load_algorithm(origin)
        known = [_with_model(world, channel) for world in worlds]
        contender = contender_of(algorithm, origin, "", settings, known)
    except (UserError, UnknownNameError) as error:
        return Message("refused", {"error": type(error).__name__, "message": str(error)})
    return Message("described", contender.model_dump(mode="json", exclude={"origin", "code"}))


def _with_model(world: World, channel: Channel) -> World:
    """A world whose model the scorer's process tells, if it has one."""

    def model() -> Any:
        return model_of(channel.ask("model", {"world": world.name}))

    return world if world.truth.model is None else replace(world, truth=Truth(model=cache(model)))


def answer_about(
    policy: Policy, world: World, is_restorable: bool, channel: Channel, told: Mapping[str, Any]
) -> None:
    """Say what there is to say of a policy, and answer what is asked of it.

    Args:
        is_restorable: whether it can be made anew from its tensors.
        told: what else there is to say.

    Raises:
        ClosedError: when the scorer has heard enough.
        Exception: if it is no policy, or fails.
    """
    require_policy(policy)
    flags = {
        "is_restorable": is_restorable,
        "is_exact": isinstance(policy, ExactPolicy),
        "is_stationary": getattr(policy, "is_stationary", False) is True,
        "is_gaussian": isinstance(policy, GaussianPolicy),
        "is_affine": getattr(policy, "is_affine", False) is True,
    }
    channel.send(Message("policy", {**told, **flags}))
    Answers(policy, world).give(channel)


def _trained(
    algorithm: Algorithm[Any], problem: RemoteProblem, seed: int, told: dict[str, Any]
) -> Policy:
    try:
        with kept_warnings() as kept, counted_updates() as updates:
            return algorithm.train(problem, seed, algorithm.config)
    finally:
        told |= {"warnings": kept, "updates": updates.count}


@contextmanager
def kept_warnings() -> Iterator[list[str]]:
    """The text of every TrainingWarning, once it is over; other warnings are shown as usual."""
    kept: list[str] = []
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", TrainingWarning)
            yield kept
    finally:
        for warning in caught:
            if issubclass(warning.category, TrainingWarning):
                kept.append(one_line(str(warning.message)) or "no reason given")
            else:
                warnings.showwarning(
                    warning.message, warning.category, warning.filename, warning.lineno
                )


class Answers:
    """What is answered about a policy.

    Args:
        world: the one in which it acts.
    """

    def __init__(self, policy: Policy, world: World) -> None:
        self._policy: Any = policy
        self._checked = CheckedPolicy(policy, world)
        self._world = world
        self._memory: Any = None

    def give(self, channel: Channel) -> None:
        """Answer requests.

        Raises:
            ClosedError: after the last one.
        """
        answers = {
            "seed": self._seed,
            "tensors": self._tensors,
            "predict": self._predict,
            "probabilities": self._probabilities,
            "moments": self._moments,
            "reward": self._reward,
            "rewards": self._rewards,
        }
        while True:
            message = channel.receive()
            channel.send(answers[message.kind](message))

    def _seed(self, message: Message) -> Message:
        seed_generators(message.fields["seed"])
        return _answer({})

    def _tensors(self, message: Message) -> Message:
        return _answer(tensors_of(self._policy))

    def _predict(self, message: Message) -> Message:
        memory = None if message.fields["begins"] else self._memory
        arrays = message.arrays
        actions, self._memory = self._checked.predict(
            arrays["observation"], memory, arrays.get("episode_start"),
            message.fields["deterministic"],
        )  # fmt: skip
        decided = getattr(self._memory, "decided", None)
        return _answer({"actions": np.asarray(actions)} | _if_any("decided", decided))

    def _probabilities(self, message: Message) -> Message:
        observation, step = message.arrays["observation"], message.fields["step"]
        return _answer({"probabilities": probabilities_of(self._policy, observation, step)})

    def _moments(self, message: Message) -> Message:
        observation, step = message.arrays["observation"], message.fields["step"]
        moments = self._policy.action_moments(observation, step)
        if moments is None:
            return _answer({})
        mean, covariance = (np.asarray(moment, np.float64) for moment in moments)
        return _answer({"mean": mean, "covariance": covariance})

    def _reward(self, message: Message) -> Message:
        reward = learned_reward(self._policy, self._world)
        kind = "none" if reward is None else "function"
        if isinstance(reward, TabularReward):
            kind = "table"
        return Message("answer", {"reward": kind}, tensors_of(reward))

    def _rewards(self, message: Message) -> Message:
        reward, arrays = learned_reward(self._policy, self._world), message.arrays
        assert reward is not None  # as it has said
        names = ("observation", "action", "next_observation", "ended")
        return _answer({"rewards": rewards_of(reward, *(arrays[name] for name in names))})


def _answer(arrays: Mapping[str, NDArray[Any]]) -> Message:
    return Message("answer", {}, arrays)


def _if_any(name: str, value: object) -> dict[str, NDArray[Any]]:
    return {} if value is None else {name: np.asarray(value)}


def seed_generators(seed: int) -> None:
    """Seed the generators from which a policy without one of its own may draw: Python's, NumPy's
    and, if it is in use, torch's. What it draws does not depend on what training has drawn."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def main() -> None:
    """Serve the scorer at the other end of the socket that the argument names."""
    run(Channel(socket.socket(fileno=int(sys.argv[1])), MOST))
    sys.stdout.flush()
    os._exit(0)  # at once: libraries take a second to clear up


if __name__ == "__main__":
    main()
