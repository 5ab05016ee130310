"""One imitation-learning problem: an algorithm's metered access to everything it may learn from."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from il_envs.engine.arguments import checked_whole
from il_envs.engine.spaces import own_spaces
from il_envs.engine.vector import checked_mask
from il_envs.exact.tabular_model import TabularModel
from il_envs.learning.demonstrations import Demonstrations, collect
from il_envs.learning.labelling import Labeller
from il_envs.learning.learning_curve import LearningCurveRecorder
from il_envs.learning.metered_env import MeteredEnv, chosen, refuse_copy
from il_envs.learning.metering import Budget, BudgetExceededError, Ledger, Meter, Source
from il_envs.learning.policy import Policy
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
        self.initial_policy = initial_policy
        self._world = world
        self._ledger = Ledger(sources, budget, recorder)
        self._style = style
        self._labeller = labeller
        self._recorded = None if recorded is None else self._checked(recorded)
        self._observer = observer
        self._demonstration_seed = 2 * seed * SEED_BLOCK
        self._next_env_seed = (2 * seed + 1) * SEED_BLOCK

    def __deepcopy__(self, memo: object) -> NoReturn:
        refuse_copy(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        refuse_copy(self)

    def __repr__(self) -> str:
        sources = ", ".join(sorted(self.sources)) or "nothing"
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
        self._ledger.require("demonstrations")
        if transitions is None:
            recorded = self.labels_left if self._recorded is None else len(self._recorded)
            transitions = min(self.labels_left, recorded)
        if checked_whole("transitions", transitions) < 1:
            raise ValueError(
                f"{transitions} demonstrated transitions asked for, must be 1 or more; "
                f"{self.labels_left} of {self.budget.labels} expert labels left"
            )
        self._ledger.require_labels(transitions)
        shown = self._first(transitions)
        self.meter.demonstrations += transitions
        if "reward" in self.sources:
            self.meter.reward_reads += transitions
            return shown
        hidden = (
            replace(episode, rewards=np.full(len(episode), np.nan), measures={})
            for episode in shown.episodes
        )
        return replace(shown, episodes=tuple(hidden))

    def env(self, num_envs: int, reward: bool = False) -> MeteredEnv:
        """A vector environment to act in, with SAME_STEP autoreset; each step of each row is
        metered.

        Args:
            reward: whether `step` returns the reward (this needs the source "reward"); otherwise
                rewards are NaN, and `info` reveals nothing of the true state.
        """
        return self.rows(num_envs, reward, AutoresetMode.SAME_STEP)

    def rows(self, num_envs: int, reward: bool, autoreset_mode: AutoresetMode) -> MeteredEnv:
        """The environment of `env`, with an autoreset mode that `MeteredEnv` has."""
        self._ledger.require("env")
        if reward:
            self._ledger.require("reward")
        seed, self._next_env_seed = self._next_env_seed, self._next_env_seed + num_envs
        return MeteredEnv(
            self._ledger, self._world, num_envs, seed, reward, self._style, self._labeller,
            autoreset_mode,
        )  # fmt: skip

    def expert(
        self,
        env: MeteredEnv,
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
        self._ledger.require("expert")
        mask = checked_mask("rows", rows, env.num_envs)
        env.require_reset("the expert is asked")
        self._ledger.require_labels(int(mask.sum()))
        actions = env.ask_expert(mask, proposed)
        self.meter.expert_labels += int(mask.sum())
        return actions

    def intervene(
        self, env: MeteredEnv, proposed: NDArray[Any]
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
        self._ledger.require("expert")
        env.require_reset("the expert is asked")
        self._ledger.require_labels(1)
        actions, taken = env.ask_to_intervene(proposed)
        taken = taken & (np.cumsum(taken) <= self.labels_left)
        self.meter.expert_labels += int(taken.sum())
        return chosen(taken, actions, proposed), taken

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
        self._ledger.require("model")
        model = self._world.known_model()
        self.meter.model_reads += 1
        if "reward" in self.sources:
            return deepcopy(model)
        if not isinstance(model, TabularModel):
            raise LookupError(
                f'the model of {self._world.name} tells its reward; declare the source "reward" too'
            )
        return deepcopy(model.with_reward(None))  # algorithms must not change the world's own

    @property
    def sources(self) -> frozenset[Source]:
        """The sources that the algorithm declares."""
        return self._ledger.sources

    @property
    def budget(self) -> Budget:
        """The most that the algorithm may use."""
        return self._ledger.budget

    @property
    def meter(self) -> Meter:
        """What the algorithm has used."""
        return self._ledger.meter

    @property
    def labels_left(self) -> int:
        """The number of expert actions left in the budget."""
        return self._ledger.labels_left

    @property
    def steps_left(self) -> int:
        """The number of environment steps left in the budget."""
        return self.budget.steps - self.meter.steps

    def _checked(self, recorded: Demonstrations) -> Demonstrations:
        if recorded.world != self._world.name:
            raise ValueError(
                f"demonstrations of {recorded.world} are given, the problem is {self._world.name}"
            )
        if "expert" in self.sources and self._labeller is None:
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
