"""One imitation-learning problem: an algorithm's metered access to everything it may learn from."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import ArrayLike, NDArray

from il_envs.engine.spaces import (
    action_bounds,
    checked_actions,
    elements,
    own_spaces,
    within_bounds,
)
from il_envs.engine.vector import WorldVectorEnv, checked_mask
from il_envs.exact.tabular_model import TabularModel
from il_envs.learning.demonstrations import Demonstrations, collect
from il_envs.learning.labelling import Labeller, disagrees
from il_envs.learning.learning_curve import LearningCurveRecorder
from il_envs.learning.metering import (
    Budget,
    BudgetExceededError,
    Meter,
    Source,
    UndeclaredSourceError,
)
from il_envs.learning.policy import ExpertPolicy, Policy
from il_envs.world import World

SEED_BLOCK = 1_000_000
"""Seeds in a block; every problem has two, one for demonstrations and one for training episodes."""

Observer = Callable[[str, int, int], None]
"""Called with the name of a stage of training, how many of its parts have begun, and of how many:
("round", 3, 8), ("update", 120, 200)."""


class Problem:
    """An imitation-learning problem: spaces, demonstrations, and the declared sources.

    Args:
        world: the world to learn in.
        sources: the sources that the algorithm declares it uses.
        budget: the most labels and environment steps that it may use.
        seed: determines demonstrations and training episodes; different seeds share none.
        style: the expert that demonstrates and labels; by default the world's reference, its first.
        recorder: receives the return of every training episode, even if the algorithm does not.
        recorded: demonstrations to give instead of the expert's, for example a person's; they are
            metered and hide their rewards as those do.
        labeller: the expert that is asked in place of the scripted one.
        initial_policy: the policy from which learning starts, in algorithms that can go on from it.
        observer: is told how far training has come, by algorithms that say so.

    Raises:
        ValueError: if the recorded demonstrations are of another world, or the scripted expert is
            declared as well, so that there would be two teachers.
    """

    def __init__(
        self,
        world: World,
        sources: frozenset[Source],
        budget: Budget,
        seed: int,
        style: str | None = None,
        recorder: LearningCurveRecorder | None = None,
        recorded: Demonstrations | None = None,
        labeller: Labeller | None = None,
        initial_policy: Policy | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.observation_space, self.action_space = own_spaces(world.spaces)
        self.max_episode_steps = world.dynamics.max_episode_steps
        self.budget = budget
        self.meter = Meter()
        self.initial_policy = initial_policy
        self._world = world
        self._sources = sources
        self._style = style
        self._recorder = recorder
        self._labeller = labeller
        self._recorded = None if recorded is None else self._checked(recorded)
        self._observer = observer
        self._demonstration_seed = 2 * seed * SEED_BLOCK
        self._next_env_seed = (2 * seed + 1) * SEED_BLOCK

    def __repr__(self) -> str:
        sources = ", ".join(sorted(self._sources)) or "nothing"
        return f"<Problem in {self._world.name} with {sources}; {self.budget}, {self.meter}>"

    def demonstrations(self, transitions: int | None = None) -> Demonstrations:
        """The expert's first transitions; each call starts from the first one, and is metered anew.

        Unless the source "reward" is declared, rewards are NaN and measures are left out; if it is,
        each transition also counts as a reward read.

        Args:
            transitions: number of state-action pairs; by default all that the budget allows, and
                there are.

        Raises:
            ValueError: if that is no whole number from 1 on.
            BudgetExceededError: if it is more than the budget allows, or than are recorded.
        """
        self._require("demonstrations")
        if transitions is None:
            recorded = self.labels_left if self._recorded is None else len(self._recorded)
            transitions = min(self.labels_left, recorded)
        elif isinstance(transitions, bool) or not isinstance(transitions, int | np.integer):
            raise ValueError(f"transitions must be a whole number, not {transitions!r}")
        if transitions < 1:
            raise ValueError(
                f"{transitions} demonstrated transitions asked for, must be 1 or more; "
                f"{self.labels_left} of {self.budget.labels} expert labels left"
            )
        self._require_labels(transitions)
        shown = self._first(transitions)
        self.meter.demonstrations += transitions
        if "reward" in self._sources:
            self.meter.reward_reads += transitions
            return shown
        hidden = (
            replace(episode, rewards=np.full(len(episode), np.nan), measures={})
            for episode in shown.episodes
        )
        return replace(shown, episodes=tuple(hidden))

    def env(self, num_envs: int, reward: bool = False) -> "MeteredEnv":
        """A vector environment to act in, with SAME_STEP autoreset; each step of each row is
        metered.

        Args:
            reward: whether `step` returns the reward (this needs the source "reward"); otherwise
                rewards are NaN, and `info` reveals nothing of the true state.
        """
        return MeteredEnv(*self._env_arguments(num_envs, reward))

    def expert(
        self,
        env: "MeteredEnv",
        rows: NDArray[np.bool_] | None = None,
        proposed: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """The expert's action in the current state of each row of the environment, [num_envs, ...].

        Args:
            rows: bool [num_envs], the rows to label; each counts as one label. By default all.
            proposed: what the learner is going to do, [num_envs, ...], for a labeller to see.

        Raises:
            ValueError: if `rows` has another dtype or shape, or a labeller's answer is no action.
            ResetNeeded: if the environment has not been reset yet.
            SessionEndedError: if the labeller has left.
        """
        self._require("expert")
        mask = checked_mask("rows", rows, env.num_envs)
        env._require_reset("the expert is asked")
        self._require_labels(int(mask.sum()))
        actions = env._ask_expert(mask, proposed)
        self.meter.expert_labels += int(mask.sum())
        return actions

    def intervene(
        self, env: "MeteredEnv", proposed: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Let the expert take over from the learner where it wants to; each row it takes counts as
        one label.

        A scripted expert takes the rows where it `disagrees`. Labels that run out in the middle
        go to the first rows, and the learner keeps the others.

        Args:
            proposed: the learner's actions, [num_envs, ...].

        Returns:
            the actions to execute, [num_envs, ...], and the rows that the expert has taken over,
            bool [num_envs].

        Raises:
            BudgetExceededError: if no label is left; the expert is not asked then.
            ValueError: if a labeller's answer is no action.
            ResetNeeded: if the environment has not been reset yet.
            SessionEndedError: if the labeller has left.
        """
        self._require("expert")
        env._require_reset("the expert is asked")
        self._require_labels(1)
        actions, taken = env._ask_to_intervene(proposed)
        taken = taken & (np.cumsum(taken) <= self.labels_left)
        self.meter.expert_labels += int(taken.sum())
        return _chosen(taken, actions, proposed), taken

    def progress(self, stage: str, begun: int, total: int) -> None:
        """Tell the observer, if there is one, how far training has come, as in `Observer`."""
        if self._observer is not None:
            self._observer(stage, begun, total)

    def model(self) -> Any:
        """The known model of the world's dynamics and features; it includes the reward only if the
        source "reward" is declared as well.

        Raises:
            LookupError: if the world has none.
        """
        self._require("model")
        model = self._world.known_model()
        self.meter.model_reads += 1
        if "reward" in self._sources:
            return deepcopy(model)
        if not isinstance(model, TabularModel):
            raise LookupError(
                f'the model of {self._world.name} tells its reward; declare the source "reward" too'
            )
        return deepcopy(model.with_reward(None))  # algorithms must not change the world's own

    @property
    def labels_left(self) -> int:
        """The number of expert actions left in the budget."""
        return self.budget.labels - self.meter.labels

    @property
    def steps_left(self) -> int:
        """The number of environment steps left in the budget."""
        return self.budget.steps - self.meter.steps

    def _env_arguments(
        self, num_envs: int, reward: bool
    ) -> "tuple[Problem, World, int, int, bool, str | None, Labeller | None]":
        """The arguments of the next `MeteredEnv`, which takes the next seeds."""
        self._require("env")
        if reward:
            self._require("reward")
        seed, self._next_env_seed = self._next_env_seed, self._next_env_seed + num_envs
        return self, self._world, num_envs, seed, reward, self._style, self._labeller

    def _checked(self, recorded: Demonstrations) -> Demonstrations:
        if recorded.world != self._world.name:
            raise ValueError(
                f"demonstrations of {recorded.world} are given, the problem is {self._world.name}"
            )
        if "expert" in self._sources and self._labeller is None:
            raise ValueError(
                "recorded demonstrations are given to an algorithm that asks the scripted expert "
                "too, and so would learn from two teachers"
            )
        return recorded

    def _first(self, transitions: int) -> Demonstrations:
        """The first demonstrated transitions, recorded or collected now."""
        if self._recorded is None:
            return collect(self._world.name, transitions, self._demonstration_seed, self._style)
        if transitions > len(self._recorded):
            raise BudgetExceededError(
                f"{transitions} demonstrated transitions asked for, {self._recorded.style} has "
                f"recorded {len(self._recorded)}"
            )
        return self._recorded.take(transitions)

    def _require(self, source: Source) -> None:
        if source not in self._sources:
            raise UndeclaredSourceError(
                f"this algorithm uses the source {source!r} but does not declare it; "
                f"declare it in Algorithm(..., sources={sorted({*self._sources, source})})"
            )

    def _require_labels(self, labels: int) -> None:
        if labels > self.labels_left:
            raise BudgetExceededError(
                f"{labels} expert labels asked for, {self.labels_left} of {self.budget.labels} left"
            )

    def _require_steps(self, steps: int) -> None:
        if self.meter.steps + steps > self.budget.steps:
            raise BudgetExceededError(
                f"the budget of {self.budget.steps} environment steps is spent"
            )

    def _spend_steps(self, steps: int, reward: bool) -> None:
        self.meter.steps += steps
        self.meter.reward_reads += steps if reward else 0

    def _record_episodes(self, returns: NDArray[np.float64]) -> None:
        if self._recorder is not None and returns.size:
            self._recorder.record(self.meter.steps, returns)


class MeteredEnv(gym.vector.VectorEnv[NDArray[Any], NDArray[Any], NDArray[Any]]):
    """The vector environment of `Problem.env`; it reveals only the declared sources."""

    _autoreset_mode = AutoresetMode.SAME_STEP  # of the world's own environment

    def __init__(
        self,
        problem: Problem,
        world: World,
        num_envs: int,
        seed: int,
        reward: bool,
        style: str | None,
        labeller: Labeller | None,
    ) -> None:
        self._problem = problem
        self._first_seed: int | None = seed  # of the first reset, None after it
        self._reward = reward
        self._env = WorldVectorEnv(world.name, num_envs, autoreset_mode=self._autoreset_mode)
        self._expert = ExpertPolicy(self._env, style)
        has_memory = world.experts[self._expert.style].memory_size > 0
        self._expert_watches = has_memory and labeller is None and "expert" in problem._sources
        self._expert_memory: Any = None
        self._answers: NDArray[Any] | None = None  # in the present states, of one who watches
        self._labeller = labeller
        self._returns = np.zeros(num_envs)  # so far, of the episode that each row is in
        self.num_envs = num_envs
        self.metadata = self._env.metadata
        self.single_observation_space = self._env.single_observation_space
        self.single_action_space = self._env.single_action_space
        self.observation_space = self._env.observation_space
        self.action_space = self._env.action_space

    def reset(
        self,
        *,
        seed: int | list[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin an episode in every row; the problem chooses the seeds.

        Raises:
            ValueError: if a seed or options are given.
        """
        if seed is not None:
            raise ValueError("the problem chooses the seeds of its environments; call reset()")
        if options is not None:
            raise ValueError(
                f"the problem resets every row of its environments; options {list(options)} were "
                "given, call reset()"
            )
        observations, _ = self._env.reset(seed=self._first_seed)
        self._first_seed = None  # later resets continue the same random streams
        self._watch(np.ones(self.num_envs, np.bool_))
        self._returns[:] = 0.0
        return observations, {}

    def step(
        self, actions: ArrayLike
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        self._require_reset("step()")
        self._problem._require_steps(self.num_envs)
        observations, rewards, terminated, truncated, info = self._env.step(actions)
        self._problem._spend_steps(self.num_envs, self._reward)
        ended = terminated | truncated
        self._watch(ended)
        self._returns += rewards
        self._problem._record_episodes(self._returns[ended])
        self._returns[ended] = 0.0
        shown: dict[str, Any] = {k: info[k] for k in ("final_obs", "_final_obs") if k in info}
        if not self._reward:
            rewards = np.full(self.num_envs, np.nan)
        return observations, rewards, terminated, truncated, shown

    def _require_reset(self, use: str) -> None:
        if self._first_seed is not None:
            raise gym.error.ResetNeeded(f"call reset() of the environment before {use}")

    def _watch(self, episode_start: NDArray[np.bool_]) -> None:
        """Let an expert with memory see the present states, where labels are bought and where they
        are not; one without needs not watch."""
        if self._expert_watches:
            self._answers, self._expert_memory = self._expert.predict(
                state=self._expert_memory, episode_start=episode_start
            )

    def _ask_expert(
        self, rows: NDArray[np.bool_], proposed: NDArray[Any] | None = None
    ) -> NDArray[Any]:
        if self._labeller is not None:
            states, params = self._env.states.copy(), self._env.params
            labels = self._labeller.label(states, params, rows.copy(), proposed)
            return self._checked_labels(labels, rows)
        if self._answers is not None:
            return _chosen(rows, self._answers, np.zeros_like(self._answers))
        actions, _ = self._expert.predict(mask=rows)
        return actions

    def _ask_to_intervene(self, proposed: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        if self._labeller is None:
            actions = self._ask_expert(np.ones(self.num_envs, np.bool_))
            return actions, disagrees(self.single_action_space, actions, proposed)
        states, params = self._env.states.copy(), self._env.params
        answer, rows = self._labeller.intervene(states, params, proposed.copy())
        taken = checked_mask("the rows that the labeller has taken over", rows, self.num_envs)
        return self._checked_labels(answer, taken), taken

    def _checked_labels(self, labels: ArrayLike, rows: NDArray[np.bool_]) -> NDArray[Any]:
        """A labeller's answer as actions [num_envs, ...], zero where it was not asked."""
        world = self._env.world
        try:
            given = checked_actions(labels, world, (self.num_envs,))
            low, _ = action_bounds(world.spaces.action)
            used = _chosen(rows, given, np.broadcast_to(low, given.shape)).astype(given.dtype)
            valid = within_bounds(used, world, used)
        except (ValueError, TypeError) as error:
            raise ValueError(f"the labeller's answer is invalid: {error}") from error
        return elements(self.single_action_space, _chosen(rows, valid, np.zeros_like(valid)))


def _chosen(rows: NDArray[np.bool_], these: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """`these` in the rows of the mask and `others` elsewhere, [num_envs, ...]."""
    return np.where(rows.reshape(-1, *[1] * (these.ndim - 1)), these, others)
