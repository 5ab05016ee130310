"""What a player seems to want: the reward that the moves so far tell, found while the player plays.

The reward is that of maximum-entropy inverse reinforcement learning, the installed algorithm
"maxent". It is computed in another process: its steps are many and small, and in a thread they
would take turns with the frames of the window.
"""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.exact.checks import FloatArray
from il_envs.learning.algorithm import Algorithm
from il_envs.learning.demonstrations import Demonstrations
from il_envs.learning.installed import NotInstalledError, find_algorithm
from il_envs.learning.metering import Budget
from il_envs.learning.problem import Problem
from il_envs.learning.rollout import Episode
from il_envs.world import Split, World

ALGORITHM = "maxent"
PRECISION = 1e-2
"""Largest entry of the gradient of the moves' log-posterior, nats, at which a reward is good
enough to be seen: it is then within 1% of its largest entry."""


class InferenceError(Exception):
    """No reward can be inferred; the message is one line."""


@dataclass
class Moves:
    """The moves of one episode so far, from its first step on."""

    seed: int
    observations: list[int]  # one more than actions
    actions: list[int] = field(default_factory=list)

    def add(self, action: int, observation: int) -> None:
        """Add a move and what was observed after it."""
        self.actions.append(action)
        self.observations.append(observation)


@dataclass(frozen=True, eq=False)
class Inferred:
    """A reward that explains moves, and the agent that would follow it.

    Attributes:
        reward: of each state, float64 [S], in nats a step.
        policy: pi_t(a|s), soft-optimal for the reward, float64 [T, S, A].
        moves: how many moves it explains.
    """

    reward: FloatArray
    policy: FloatArray
    moves: int

    def action(self, step: int, observation: int) -> NDArray[np.int64]:
        """The agent's likeliest action at a step of an episode."""
        return np.asarray(self.policy[step, observation].argmax())


Infer = Callable[[World, Split, Sequence[Moves]], Inferred]


def offers_inference(world: World) -> bool:
    """Whether a world has a picture of rewards, and the model with which they are inferred."""
    is_numbered = isinstance(world.spaces.observation, gym.spaces.Discrete)
    has_picture = any(view.reward is not None for view in world.views.pictures)
    return is_numbered and has_picture and world.truth.model is not None


def inferring_algorithm(world: World) -> Algorithm[Any]:
    """The algorithm that infers rewards in a world.

    Raises:
        InferenceError: if the world does not offer it, or the algorithm is not installed.
    """
    if not offers_inference(world):
        lacks = "model" if world.truth.model is None else "picture of rewards"
        raise InferenceError(f"what you want cannot be inferred in {world.name}: it has no {lacks}")
    try:
        algorithm = find_algorithm(ALGORITHM)
    except NotInstalledError as error:
        raise InferenceError(f"what you want is not inferred: {error}") from error
    if not algorithm.applies_to(world):
        raise InferenceError(
            f"what you want cannot be inferred in {world.name}: its model has no features"
        )
    return algorithm


def infer(world: World, split: Split, episodes: Sequence[Moves]) -> Inferred:
    """The reward under which moves are most likely, given its prior; episodes may be cut short.

    Raises:
        InferenceError: as `inferring_algorithm`.
    """
    algorithm = inferring_algorithm(world)
    shown = Demonstrations(world.name, split, "person", tuple(map(_episode, episodes)))
    config = replace(
        algorithm.config,
        cut_short=True,
        gradient_tolerance=PRECISION / len(episodes),  # of a mean over episodes
    )
    problem = Problem(world, algorithm.sources, Budget(len(shown), 0), 0, recorded=shown)
    policy: Any = algorithm.train(problem, 0, config)
    return Inferred(policy.reward.table, policy.probabilities, len(shown))


def _episode(moves: Moves) -> Episode:
    count = len(moves.actions)
    observations = np.array(moves.observations, np.int64)
    actions = np.array(moves.actions, np.int64)
    return Episode(moves.seed, observations, actions, np.full(count, np.nan), {}, False, "")


class Inference:
    """Infers a reward from a player's moves, in a process of its own; nothing here waits for it.

    Args:
        world: the world that is played.
        split: the split of the world that is played.
        infer: what computes; a function of a module.

    Attributes:
        newest: what was inferred last; None before the first time.

    Raises:
        InferenceError: as `inferring_algorithm`.
    """

    def __init__(self, world: World, split: Split, infer: Infer = infer) -> None:
        inferring_algorithm(world)
        self.newest: Inferred | None = None
        self._asked = (0, 0)  # episodes and moves that it was last asked about
        self._is_busy = True  # until it says that it has started
        context = get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(far, world, split, infer), daemon=True, name="inference"
        )
        self._process.start()
        far.close()

    def go_on(self, episodes: Sequence[Moves]) -> None:
        """Take in what has been inferred, and when it is done ask about all moves so far.

        Raises:
            InferenceError: if the computation has failed.
        """
        moved = [episode for episode in episodes if episode.actions]
        wanted = (len(moved), sum(len(episode.actions) for episode in moved))
        try:
            if self._is_busy and self._pipe.poll():
                answer: Inferred | str | None = self._pipe.recv()
                if isinstance(answer, str):
                    raise InferenceError(answer)
                self.newest, self._is_busy = answer or self.newest, False
            if not self._is_busy and wanted != self._asked and moved:
                self._pipe.send(moved)  # it is read at once, or it would be busy
                self._asked, self._is_busy = wanted, True
        except (EOFError, OSError) as error:
            raise InferenceError("the inference has ended by itself") from error

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _serve(pipe: Connection, world: World, split: Split, infer: Infer) -> None:
    """Answer questions until nobody is left to ask; the first answer says that it has started."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the game, which ends this process
    if hasattr(os, "setsid"):
        os.setsid()  # Linux shares a busy machine between sessions; the game keeps its share
    answer: Inferred | str | None = None
    while True:
        try:
            pipe.send(answer)
            episodes = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = infer(world, split, episodes)
        except Exception as error:
            answer = f"the inference failed: {type(error).__name__}: {error}".partition("\n")[0]
