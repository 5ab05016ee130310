"""A problem in which observations are windows of observations, and actions chunks of actions."""

from collections.abc import Iterable
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from il_envs.engine.spaces import checked_actions, within_bounds
from il_envs.learning.demonstrations import Demonstrations
from il_envs.learning.framing import Framing
from il_envs.learning.metered_env import MeteredEnv, Step
from il_envs.learning.metering import Budget, Source
from il_envs.learning.policy import Policy
from il_envs.learning.problem import Problem
from il_envs.world import World


def require_framable(name: str, sources: Iterable[Source], window: int, chunk: int) -> None:
    """Check that everything that an algorithm learns from can be framed.

    Args:
        name: name of the algorithm, for the message.

    Raises:
        ValueError: if it cannot. A model is one of single states and actions. An expert who is
            asked for a chunk would have to say what it will do in states that it has not seen: a
            scripted one could look ahead in a copy of the world, and would know its future noise.
    """
    if chunk > 1 and "expert" in sources:
        raise ValueError(
            f"{name} asks the expert, who answers for the present state alone; chunk must be 1, "
            f"not {chunk}"
        )
    if (window, chunk) != (1, 1) and "model" in sources:
        raise ValueError(
            f"{name} reads the model, which is one of single states and actions; window and chunk "
            f"must be 1, not {window} and {chunk}"
        )


class FramedProblem(Problem):
    """A problem whose observations are windows and whose actions are chunks.

    It has the sources and the meter of the problem that it frames: a label is the action of one
    step, and so is a step of the environment. Only `budget.steps`, `steps_left` and
    `max_episode_steps` count decisions, since these are what an algorithm can choose to take.

    Args:
        problem: the problem in single steps.
        initial_policy: the policy over windows and chunks from which learning starts.

    Raises:
        ValueError: if it has sources that cannot be framed.
    """

    def __init__(
        self, problem: Problem, framing: Framing, initial_policy: Policy | None = None
    ) -> None:
        require_framable("the algorithm", problem.sources, framing.window, framing.chunk)
        self.observation_space, self.action_space = framing.window_space, framing.chunk_space
        self.max_episode_steps = ceil(problem.max_episode_steps / framing.chunk)
        self.initial_policy = initial_policy
        self._problem = problem
        self._framing = framing
        self._world = problem._world
        self._ledger = problem._ledger

    def demonstrations(self, transitions: int | None = None) -> Demonstrations:
        """As `Problem.demonstrations`, in decisions; what is metered are the expert's actions.

        Raises:
            ValueError, BudgetExceededError: as there, and if no episode is as long as a chunk.
        """
        return self._framing.demonstrations(self._problem.demonstrations(transitions))

    def env(self, num_envs: int, reward: bool = False) -> "FramedEnv":
        """As `Problem.env`; a step executes a chunk, and each action in it is metered."""
        steps = self._problem.rows(num_envs, reward, AutoresetMode.DISABLED)
        return FramedEnv(steps, self._framing, self._world)

    def expert(
        self,
        env: MeteredEnv,
        rows: NDArray[np.bool_] | None = None,
        proposed: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """As `Problem.expert`, where a chunk is one action."""
        return self._problem.expert(_steps_of(env), rows, proposed)

    def intervene(
        self, env: MeteredEnv, proposed: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """As `Problem.intervene`, where a chunk is one action."""
        return self._problem.intervene(_steps_of(env), proposed)

    def progress(self, stage: str, begun: int, total: int) -> None:
        self._problem.progress(stage, begun, total)

    def model(self) -> Any:
        """As `Problem.model`, where a window and a chunk are one step."""
        return self._problem.model()

    @property
    def budget(self) -> Budget:
        budget = self._problem.budget
        return replace(budget, steps=budget.steps // self._framing.chunk)

    @property
    def steps_left(self) -> int:
        """The number of decisions for which environment steps are left in the budget."""
        return self._problem.steps_left // self._framing.chunk


class FramedEnv(MeteredEnv):
    """The vector environment of `FramedProblem.env`.

    A step executes a chunk of actions in each row. Where an episode ends inside a chunk, the rest
    of it is discarded, and the row stands still, unmetered, until the others have executed theirs;
    then its next episode begins, as SAME_STEP autoreset has it. The reward of a step is the sum of
    the rewards in it.

    Args:
        steps: the environment in which actions are executed one at a time, without autoreset.
        world: its world.
    """

    def __init__(self, steps: MeteredEnv, framing: Framing, world: World) -> None:
        self.steps = steps
        self._framing = framing
        self._world = world
        self.num_envs = steps.num_envs
        self.metadata = {**steps.metadata, "autoreset_mode": AutoresetMode.SAME_STEP}
        self.single_observation_space = framing.window_space
        self.single_action_space = framing.chunk_space
        self.observation_space = batch_space(framing.window_space, self.num_envs)
        self.action_space = batch_space(framing.chunk_space, self.num_envs)

    def reset(
        self,
        *,
        seed: int | list[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        observations, info = self.steps.reset(seed=seed, options=options)
        self._seen = self._framing.first(observations)
        return self._framing.windows(self._seen), info

    def step(self, actions: ArrayLike) -> Step:
        self.steps.require_reset("step()")
        rewards = np.zeros(self.num_envs)
        terminated, truncated = np.zeros((2, self.num_envs), np.bool_)
        for action in self._executed(actions):
            running = ~(terminated | truncated)
            if not running.any():
                break
            observations, reward, ends, cuts, _ = self.steps.step(action)
            seen = self._framing.following(self._seen, observations)
            self._seen[running] = seen[running]
            rewards += reward  # 0 where a row stands still
            terminated |= running & ends
            truncated |= running & cuts
        info = self._begin_again(terminated | truncated)
        return self._framing.windows(self._seen), rewards, terminated, truncated, info

    def _executed(self, chunks: ArrayLike) -> NDArray[Any]:
        """The actions of each row's chunk, one after another, [chunk, num_envs, ...].

        Raises:
            ValueError: if the shape is wrong, or an action is invalid; nothing is executed then.
        """
        array = np.asarray(chunks)
        if array.shape != self.action_space.shape:
            raise ValueError(
                f"chunks have shape {array.shape}, must be {self.action_space.shape}: "
                f"{self._framing.chunk} actions in each row"
            )
        actions = np.moveaxis(self._framing.actions(array), 1, 0)
        for action in actions:  # before the first one is executed
            rows = checked_actions(action, self._world, (self.num_envs,))
            within_bounds(rows, self._world, action)
        return actions

    def _begin_again(self, ended: NDArray[np.bool_]) -> dict[str, Any]:
        """Begin an episode in rows whose last one has ended; returns how that one ended."""
        if not ended.any():
            return {}
        windows = self._framing.windows(self._seen)
        last = np.zeros_like(windows)
        last[ended] = windows[ended]
        observations = self.steps.begin(ended)
        self._seen[ended] = self._framing.first(observations)[ended]
        return {"final_obs": last, "_final_obs": ended}


def _steps_of(env: MeteredEnv) -> MeteredEnv:
    """The environment of single steps that a framed one executes."""
    assert isinstance(env, FramedEnv)
    return env.steps
