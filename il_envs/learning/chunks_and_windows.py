"""Chunks of actions and windows of observations, around any algorithm.

An action chunk is several actions that are decided on at once and executed open loop, whatever is
observed meanwhile (Zhao et al. 2023, "Learning fine-grained bimanual manipulation with low-cost
hardware", section IV-A). An observation window is the last few observations.

`with_chunks_and_windows` makes an algorithm that learns so from one that knows neither: the latter
is given a `FramedProblem`, and the policy that it returns is asked once in a chunk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.learning.algorithm import Algorithm
from il_envs.learning.framed_problem import FramedProblem, require_framable
from il_envs.learning.framing import Framing
from il_envs.learning.policy import Policy, PolicyState
from il_envs.learning.problem import Problem
from il_envs.world import Spaces, World

Config = TypeVar("Config")


@dataclass(frozen=True)
class ChunksAndWindowsConfig(Generic[Config]):
    """Settings of an algorithm with chunks and windows.

    Raises:
        ValueError: if a length is no whole number from 1 on, or the learner has chunks and windows
            already.
    """

    learner: Config
    """Settings of the algorithm that learns."""
    chunk: int = 1
    """Actions that are decided on at once, and executed open loop."""
    window: int = 1
    """Last observations that are seen at a decision, the present one included."""

    def __post_init__(self) -> None:
        for name in ("chunk", "window"):
            length = getattr(self, name)
            if not isinstance(length, int) or isinstance(length, bool) or length < 1:
                raise ValueError(f"{name} must be a whole number from 1 on, not {length!r}")
        if isinstance(self.learner, ChunksAndWindowsConfig):
            raise ValueError(
                f"the learner has chunks of {self.learner.chunk} actions and windows of "
                f"{self.learner.window} observations already; give the one inside both lengths"
            )


def with_chunks_and_windows(
    algorithm: Algorithm[Config], name: str, *, chunk: int = 1, window: int = 1
) -> Algorithm[ChunksAndWindowsConfig[Config]]:
    """An algorithm that decides on chunks of actions and sees windows of observations.

    It has the settings of `algorithm`, and is tuned with it. It applies where `algorithm` does,
    observations and actions can be concatenated, and observations are not Discrete: worlds with
    such ones are scored exactly, by a policy's probabilities in each state, and a policy with
    memory has none.

    Args:
        algorithm: the algorithm that learns.
        name: the name in the leaderboard.
        chunk: actions that are decided on at once, and executed open loop.
        window: last observations that are seen at a decision.

    Raises:
        ValueError: if a length is no whole number from 1 on, or the algorithm has chunks and
            windows already, or a source that cannot be framed: the expert's labels with chunks, or
            the model with either.
    """
    config = ChunksAndWindowsConfig(algorithm.config, chunk, window)
    require_framable(algorithm.name, algorithm.sources, window, chunk)
    restores = algorithm.restore is not None
    return Algorithm(
        name=name,
        summary=f"{algorithm.name}, with {_described(config)}",
        sources=algorithm.sources,
        config=config,
        train=partial(_train, algorithm),
        applies_to=partial(_applies, algorithm, config),
        control_for=algorithm.control_for,
        restore=partial(_restore, algorithm) if restores else None,
        tuned_as=algorithm.tuned_as or algorithm.name,
    )


class Memory(NamedTuple):
    """What a `ChunkedPolicy` remembers from one step to the next."""

    seen: NDArray[Any]  # [rows, window, ...], the last observations, the oldest first
    plan: NDArray[Any]  # [rows, chunk, ...], the actions of the last decision
    executed: NDArray[np.int64]  # [rows], how many of them have been
    decided: NDArray[np.bool_]  # [rows], whether this step's action begins a new plan
    learned: PolicyState  # of the policy that decides


class ChunkedPolicy:
    """Executes the chunks that another policy decides on, given windows of observations.

    A row is decided on anew when its chunk is used up, and when its episode begins.

    Args:
        policy: takes windows and returns chunks; it can have a memory of its own if a chunk is one
            action.
        executes: actions that are executed of each chunk, the others are discarded; by default all.

    Raises:
        ValueError: if a chunk has not as many actions.
    """

    def __init__(self, policy: Policy, framing: Framing, executes: int | None = None) -> None:
        self.policy = policy
        self.framing = framing
        self.executes = framing.chunk if executes is None else executes
        if not 1 <= self.executes <= framing.chunk:
            raise ValueError(f"executes must be from 1 to {framing.chunk}, not {self.executes}")

    def __repr__(self) -> str:
        framing = self.framing
        return f"<ChunkedPolicy of {framing.chunk} actions, window {framing.window}: {self.policy}>"

    def predict(
        self,
        observation: NDArray[Any],
        state: Memory | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Memory]:
        """The next action of each row's chunk, as in `Policy`.

        Raises:
            TypeError: if chunks have several actions, and the policy that decides has a memory,
                which cannot be told for some rows alone.
        """
        framing, rows = self.framing, np.arange(len(observation))
        memory = self._begun(observation) if state is None else state
        starts = np.zeros(len(rows), np.bool_) if episode_start is None else episode_start
        seen = framing.first(observation)
        if state is not None:
            seen[~starts] = framing.following(state.seen, observation)[~starts]
        decides = starts | (memory.executed == self.executes)
        plan, learned = memory.plan.copy(), memory.learned
        if decides.any():
            begins = None if episode_start is None else episode_start[decides]
            chunks, learned = self.policy.predict(
                framing.windows(seen[decides]), learned, begins, deterministic
            )
            plan[decides] = framing.actions(chunks)
            if framing.chunk > 1 and learned is not None:
                kind = type(self.policy).__name__
                raise TypeError(f"a {kind} has a memory; with one, chunk must be 1")
        executed = np.where(decides, 0, memory.executed)
        return plan[rows, executed], Memory(seen, plan, executed + 1, decides, learned)

    def _begun(self, observation: NDArray[Any]) -> Memory:
        """The memory before the first decision, of rows whose chunks are used up."""
        framing, rows = self.framing, len(observation)
        action = framing.action_space
        plan = np.zeros((rows, framing.chunk, *(action.shape or ())), action.dtype)
        executed = np.full(rows, self.executes)
        return Memory(framing.first(observation), plan, executed, np.ones(rows, np.bool_), None)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Those of the policy that decides; none if it has none."""
        tensors = getattr(self.policy, "tensors", dict)
        return dict(tensors())


def _train(
    algorithm: Algorithm[Config],
    problem: Problem,
    seed: int,
    config: ChunksAndWindowsConfig[Config],
) -> ChunkedPolicy:
    """Train the algorithm on the framed problem."""
    framing = _framing(problem.observation_space, problem.action_space, config)
    initial = problem.initial_policy
    if initial is not None and not isinstance(initial, ChunkedPolicy):
        raise TypeError(
            f"{algorithm.name} with {_described(config)} goes on from a ChunkedPolicy, not from a "
            f"{type(initial).__name__}"
        )
    framed = FramedProblem(problem, framing, None if initial is None else initial.policy)
    return ChunkedPolicy(algorithm.train(framed, seed, config.learner), framing)


def _restore(
    algorithm: Algorithm[Config],
    world: World,
    tensors: Mapping[str, NDArray[Any]],
    config: ChunksAndWindowsConfig[Config],
) -> ChunkedPolicy:
    """The policy of the algorithm in a world of windows and chunks."""
    assert algorithm.restore is not None  # or there would be no `restore` of the wrapped one
    framing = _framing(world.spaces.observation, world.spaces.action, config)
    observation: Any = framing.window_space
    framed = replace(world, spaces=Spaces(observation, framing.chunk_space))
    return ChunkedPolicy(algorithm.restore(framed, tensors, config.learner), framing)


def _applies(
    algorithm: Algorithm[Config], config: ChunksAndWindowsConfig[Config], world: World
) -> bool:
    """Whether the algorithm can learn in a world, and its policies can be scored there."""
    if isinstance(world.spaces.observation, gym.spaces.Discrete):
        return False
    try:
        _framing(world.spaces.observation, world.spaces.action, config)
    except TypeError:
        return False
    return algorithm.applies_to(world)


def _framing(
    observation_space: gym.Space[Any],
    action_space: gym.Space[Any],
    config: ChunksAndWindowsConfig[Any],
) -> Framing:
    return Framing(observation_space, action_space, config.window, config.chunk)


def _described(config: ChunksAndWindowsConfig[Any]) -> str:
    return f"chunks of {config.chunk} actions and windows of {config.window} observations"
