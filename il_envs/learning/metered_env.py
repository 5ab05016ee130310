"""The vector environment in which an algorithm acts. It meters, and hides what is not declared."""

from typing import Any, NoReturn

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import ArrayLike, NDArray

from il_envs.engine.spaces import action_bounds, checked_actions, elements, within_bounds
from il_envs.engine.vector import WorldVectorEnv, checked_mask
from il_envs.learning.labelling import Labeller, disagrees
from il_envs.learning.metering import Ledger
from il_envs.learning.policy import ExpertPolicy
from il_envs.world import World

VectorEnv = gym.vector.VectorEnv[NDArray[Any], NDArray[Any], NDArray[Any]]
Step = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]


class MeteredEnv(VectorEnv):
    """The vector environment of `Problem.env`, with the expert who can be asked in it.

    Args:
        ledger: where steps are counted.
        seed: of the first row's first episode; row i has seed + i.
        reward: whether rewards are revealed.
        style: the expert that is asked.
        labeller: who is asked in its place.
        autoreset_mode: SAME_STEP; or DISABLED, where a row whose episode has ended stands still,
            unmetered, until `begin` names it.
    """

    def __init__(
        self,
        ledger: Ledger,
        world: World,
        num_envs: int,
        seed: int,
        reward: bool,
        style: str | None,
        labeller: Labeller | None,
        autoreset_mode: AutoresetMode = AutoresetMode.SAME_STEP,
    ) -> None:
        self._ledger = ledger
        self._first_seed: int | None = seed  # of the first reset, None after it
        self._reward = reward
        self._env = WorldVectorEnv(world.name, num_envs, autoreset_mode=autoreset_mode)
        self._expert = ExpertPolicy(self._env, style)
        has_memory = world.experts[self._expert.style].memory_size > 0
        self._expert_watches = has_memory and labeller is None and "expert" in ledger.sources
        self._expert_memory: Any = None
        self._answers: NDArray[Any] | None = None  # in the present states, of one who watches
        self._labeller = labeller
        self._running = np.ones(num_envs, np.bool_)  # rows that do not stand still
        self._begun = np.ones(num_envs, np.bool_)  # rows whose episode begins with this state
        self._returns = np.zeros(num_envs)  # so far, of the episode that each row is in
        self.num_envs = num_envs
        self.metadata = self._env.metadata
        self.single_observation_space = self._env.single_observation_space
        self.single_action_space = self._env.single_action_space
        self.observation_space = self._env.observation_space
        self.action_space = self._env.action_space

    def __deepcopy__(self, memo: object) -> NoReturn:
        refuse_copy(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        refuse_copy(self)

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
        refuse_choices(seed, options)
        observations, _ = self._env.reset(seed=self._first_seed)
        self._first_seed = None  # later resets continue the same random streams
        self._begin(np.ones(self.num_envs, np.bool_))
        return observations, {}

    def begin(self, rows: NDArray[np.bool_]) -> NDArray[Any]:
        """Begin an episode in these rows, bool [num_envs], and leave the others as they are.

        Returns:
            the observations of all rows, [num_envs, ...].

        Raises:
            ResetNeeded: if the environment has not been reset yet.
            ValueError: if there is none, or the mask has another dtype or shape.
        """
        self.require_reset("episodes begin in some rows")
        observations, _ = self._env.reset(options={"reset_mask": rows})
        self._begin(rows)
        return observations

    def step(self, actions: ArrayLike) -> Step:
        self.require_reset("step()")
        rows = int(self._running.sum())
        self._ledger.require_steps(rows)
        self._watch()
        observations, rewards, terminated, truncated, info = self._env.step(actions)
        self._ledger.spend_steps(rows, self._reward)
        self._returns += rewards  # 0 where a row stands still
        ended = self._running & (terminated | truncated)
        self._ledger.record_episodes(self._returns[ended])
        self._returns[ended] = 0.0
        self._answers = None
        if self._env.autoreset_mode is AutoresetMode.SAME_STEP:
            self._begun = ended
        else:
            self._running &= ~ended
        shown: dict[str, Any] = {k: info[k] for k in ("final_obs", "_final_obs") if k in info}
        if not self._reward:
            rewards = np.full(self.num_envs, np.nan)
        return observations, rewards, terminated, truncated, shown

    def require_reset(self, use: str) -> None:
        """Check that there are episodes.

        Raises:
            ResetNeeded: if the environment has not been reset yet.
        """
        if self._first_seed is not None:
            raise gym.error.ResetNeeded(f"call reset() of the environment before {use}")

    def ask_expert(
        self, rows: NDArray[np.bool_], proposed: NDArray[Any] | None = None
    ) -> NDArray[Any]:
        """The expert's answer for these rows, as `Problem.expert` has it, without metering it."""
        if self._labeller is not None:
            states, params = self._env.states.copy(), self._env.params
            labels = self._labeller.label(states, params, rows.copy(), proposed)
            return self._checked_labels(labels, rows)
        self._watch()
        if self._answers is not None:
            return chosen(rows, self._answers, np.zeros_like(self._answers))
        actions, _ = self._expert.predict(mask=rows)
        return actions

    def ask_to_intervene(self, proposed: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """The expert's actions and the rows that it takes over, as `Problem.intervene` has them,
        without metering them."""
        if self._labeller is None:
            actions = self.ask_expert(np.ones(self.num_envs, np.bool_))
            return actions, disagrees(self.single_action_space, actions, proposed)
        states, params = self._env.states.copy(), self._env.params
        answer, rows = self._labeller.intervene(states, params, proposed.copy())
        taken = checked_mask("the rows that the labeller has taken over", rows, self.num_envs)
        return self._checked_labels(answer, taken), taken

    def _begin(self, rows: NDArray[np.bool_]) -> None:
        self._running |= rows
        self._begun = self._begun | rows
        self._answers = None
        self._returns[rows] = 0.0

    def _watch(self) -> None:
        """Let an expert with memory see the present states, each once, whether or not labels are
        bought there; one without needs not watch."""
        if self._expert_watches and self._answers is None:
            self._answers, self._expert_memory = self._expert.predict(
                state=self._expert_memory, episode_start=self._begun
            )
            self._begun = np.zeros(self.num_envs, np.bool_)

    def _checked_labels(self, labels: ArrayLike, rows: NDArray[np.bool_]) -> NDArray[Any]:
        """A labeller's answer as actions [num_envs, ...], zero where it was not asked."""
        world = self._env.world
        try:
            given = checked_actions(labels, world, (self.num_envs,))
            low, _ = action_bounds(world.spaces.action)
            used = chosen(rows, given, np.broadcast_to(low, given.shape)).astype(given.dtype)
            valid = within_bounds(used, world, used)
        except (ValueError, TypeError) as error:
            raise ValueError(f"the labeller's answer is invalid: {error}") from error
        return elements(self.single_action_space, chosen(rows, valid, np.zeros_like(valid)))


def refuse_choices(seed: object, options: dict[str, Any] | None) -> None:
    """Refuse what a problem's environment does not leave to its user.

    Raises:
        ValueError: if a seed or options are given to `reset`.
    """
    if seed is not None:
        raise ValueError("the problem chooses the seeds of its environments; call reset()")
    if options is not None:
        raise ValueError(
            f"the problem resets every row of its environments; options {list(options)} were "
            "given, call reset()"
        )


def refuse_copy(metered: object) -> NoReturn:
    """Refuse to copy what is metered: nothing would count what is done with the copy.

    Raises:
        TypeError: always.
    """
    kind = type(metered).__name__
    raise TypeError(f"a {kind} cannot be copied or pickled: its use would not be metered")


def chosen(rows: NDArray[np.bool_], these: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """`these` in the rows of the mask and `others` elsewhere, [num_envs, ...]."""
    return np.where(rows.reshape(-1, *[1] * (these.ndim - 1)), these, others)
