"""One imitation problem, as an algorithm sees it: what it may use, and a meter that counts it."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar, get_args

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import ArrayLike, NDArray

from il_envs.demonstrations import Demonstrations, collect
from il_envs.learning_curve import LearningCurveRecorder
from il_envs.policy import ExpertPolicy, Policy
from il_envs.tabular_model import TabularModel
from il_envs.vector_env import WorldVectorEnv, checked_mask
from il_envs.world import World

Source = Literal["demonstrations", "expert", "env", "reward", "model"]
SOURCES: tuple[Source, ...] = get_args(Source)

SEED_BLOCK = 1_000_000
"""Every problem has two blocks of this many seeds, one to demonstrate in and one to learn in."""


class UndeclaredSourceError(PermissionError):
    """An algorithm used a source that it had not declared."""


class BudgetExceededError(RuntimeError):
    """An algorithm asked for more than the problem allows."""


class TrainingWarning(UserWarning):
    """Training went on, but what was learned is in doubt: the leaderboard says so in the row."""


@dataclass
class Meter:
    """What an algorithm has used."""

    demonstrations: int = 0  # state-action pairs
    expert_labels: int = 0  # states that the interactive expert was asked about
    steps: int = 0  # environment steps, over all rows
    reward_reads: int = 0  # steps whose reward was told, in an environment or a demonstration
    model_reads: int = 0

    @property
    def labels(self) -> int:
        """Expert actions, demonstrated or asked for."""
        return self.demonstrations + self.expert_labels

    def as_dict(self) -> dict[str, int]:
        """The five counts by name."""
        return asdict(self)


@dataclass(frozen=True)
class Budget:
    """What an algorithm may use at most."""

    labels: int  # expert actions, demonstrated and asked for together
    steps: int  # environment steps, over all rows


class Problem:
    """Spaces, demonstrations, and the sources that were declared.

    Args:
        world: the world to learn in.
        sources: what the algorithm declares it uses.
        budget: how much of it there is.
        seed: which demonstrations and which training episodes; different seeds share none.
        style: which of the world's experts demonstrates and answers; by default its reference,
            the first one.
        recorder: is told the return of every training episode, whether or not the algorithm is.
    """

    def __init__(
        self,
        world: World,
        sources: frozenset[Source],
        budget: Budget,
        seed: int,
        style: str | None = None,
        recorder: LearningCurveRecorder | None = None,
    ) -> None:
        self.observation_space = world.observation_space
        self.action_space = world.action_space
        self.max_episode_steps = world.max_episode_steps
        self.budget = budget
        self.meter = Meter()
        self._world = world
        self._sources = sources
        self._style = style
        self._recorder = recorder
        self._demonstration_seed = 2 * seed * SEED_BLOCK
        self._next_env_seed = (2 * seed + 1) * SEED_BLOCK

    def demonstrations(self, transitions: int | None = None) -> Demonstrations:
        """The expert's first transitions; each call starts from the first one, and is counted anew.

        Their rewards are NaN and their measures left out unless the source "reward" is declared;
        then every transition is a reward read as well.

        Args:
            transitions: how many state-action pairs; by default all that the budget allows.

        Raises:
            ValueError: if that is less than one.
        """
        self._require("demonstrations")
        transitions = self.labels_left if transitions is None else transitions
        if transitions < 1:
            raise ValueError(
                f"{transitions} demonstrated transitions asked for, must be 1 or more; "
                f"{self.labels_left} of {self.budget.labels} expert labels left"
            )
        self._spend_labels(transitions)
        self.meter.demonstrations += transitions
        shown = collect(self._world.name, transitions, self._demonstration_seed, self._style)
        if "reward" in self._sources:
            self.meter.reward_reads += transitions
            return shown
        hidden = (
            replace(episode, rewards=np.full(len(episode), np.nan), measures={})
            for episode in shown.episodes
        )
        return replace(shown, episodes=tuple(hidden))

    def env(self, num_envs: int, reward: bool = False) -> "MeteredEnv":
        """A vector environment to act in, with SAME_STEP autoreset; every step of every row counts.

        Args:
            reward: whether `step` tells the reward (this needs the source "reward"); otherwise
                rewards are NaN, and `info` tells nothing of the true state.
        """
        self._require("env")
        if reward:
            self._require("reward")
        seed, self._next_env_seed = self._next_env_seed, self._next_env_seed + num_envs
        return MeteredEnv(self, self._world, num_envs, seed, reward, self._style)

    def expert(self, env: "MeteredEnv", rows: NDArray[np.bool_] | None = None) -> NDArray[Any]:
        """What the expert would do now in each row of the environment, [num_envs, ...].

        Args:
            rows: bool [num_envs], the rows to ask about; each is one label. By default all.

        Raises:
            ValueError: if `rows` has another dtype or shape.
            ResetNeeded: if the environment has not been reset yet.
        """
        self._require("expert")
        mask = checked_mask("rows", rows, env.num_envs)
        env._require_reset("the expert is asked")
        self._spend_labels(int(mask.sum()))
        self.meter.expert_labels += int(mask.sum())
        return env._ask_expert(mask)

    def model(self) -> Any:
        """The known model of the world's dynamics and features; it tells the reward only to those
        who declare the source "reward" as well.

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
        return deepcopy(model.with_reward(None))  # the world's own is not for algorithms to change

    @property
    def labels_left(self) -> int:
        """How many more expert actions the budget allows."""
        return self.budget.labels - self.meter.labels

    @property
    def steps_left(self) -> int:
        """How many more environment steps the budget allows."""
        return self.budget.steps - self.meter.steps

    def _require(self, source: Source) -> None:
        if source not in self._sources:
            raise UndeclaredSourceError(
                f"this algorithm uses the source {source!r} but does not declare it; "
                f"declare it in Algorithm(..., sources={sorted({*self._sources, source})})"
            )

    def _spend_labels(self, labels: int) -> None:
        if labels > self.labels_left:
            raise BudgetExceededError(
                f"{labels} expert labels asked for, {self.labels_left} of {self.budget.labels} left"
            )

    def _spend_steps(self, steps: int, reward: bool) -> None:
        if self.meter.steps + steps > self.budget.steps:
            raise BudgetExceededError(
                f"the budget of {self.budget.steps} environment steps is spent"
            )
        self.meter.steps += steps
        self.meter.reward_reads += steps if reward else 0

    def _record_episodes(self, returns: NDArray[np.float64]) -> None:
        if self._recorder is not None and returns.size:
            self._recorder.record(self.meter.steps, returns)


class MeteredEnv(gym.vector.VectorEnv[NDArray[Any], NDArray[Any], NDArray[Any]]):
    """The vector environment that `Problem.env` gives: it tells no more than was declared."""

    def __init__(
        self,
        problem: Problem,
        world: World,
        num_envs: int,
        seed: int,
        reward: bool,
        style: str | None,
    ) -> None:
        self._problem = problem
        self._first_seed: int | None = seed  # of the first reset, None after it
        self._reward = reward
        self._env = WorldVectorEnv(world.name, num_envs, autoreset_mode=AutoresetMode.SAME_STEP)
        self._expert = ExpertPolicy(self._env, style)
        self._expert_memory: Any = None
        self._episode_start = np.ones(num_envs, np.bool_)
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
        self._first_seed = None  # later resets go on in the same streams
        self._episode_start[:] = True
        self._returns[:] = 0.0
        return observations, {}

    def step(
        self, actions: ArrayLike
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        self._require_reset("step()")
        self._problem._spend_steps(self.num_envs, self._reward)
        observations, rewards, terminated, truncated, info = self._env.step(actions)
        ended = terminated | truncated
        self._episode_start |= ended
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

    def _ask_expert(self, rows: NDArray[np.bool_]) -> NDArray[Any]:
        actions, self._expert_memory = self._expert.predict(
            state=self._expert_memory, episode_start=self._episode_start, mask=rows
        )
        self._episode_start &= ~rows  # the others still have to forget when they are asked
        return actions


Config = TypeVar("Config")


def _any_world(world: World) -> bool:
    return True


@dataclass(frozen=True)
class Algorithm(Generic[Config]):
    """An imitation-learning algorithm, ours or a stranger's.

    Attributes:
        name: as the leaderboard shows it.
        summary: one line.
        sources: what `train` uses of its problem; anything else raises UndeclaredSourceError.
        config: the settings, a frozen dataclass.
        train: `train(problem, seed, config)` returns the learned policy.
        applies_to: whether it can learn in a world.
        control_for: of a control, which nothing can be learned by: whether it belongs beside an
            algorithm, to see that this one is above it. None for what is no control.
        factors: what it varies, for tables that compare: the level of each factor by the factor's
            name, as in {"actions": "MAPS", "learning": "RL"}; read-only.
    """

    name: str
    summary: str
    sources: frozenset[Source]
    config: Config
    train: Callable[[Problem, int, Config], Policy]
    applies_to: Callable[[World], bool] = _any_world
    control_for: "Callable[[Algorithm[Any]], bool] | None" = None
    factors: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if isinstance(self.sources, str):  # a set of its letters otherwise
            raise ValueError(
                f"{self.name}: sources must be a set of names, as {{{self.sources!r}}}"
            )
        unknown = set(self.sources) - set(SOURCES)
        if unknown:
            raise ValueError(f"{self.name}: unknown sources {sorted(unknown)}; known: {SOURCES}")
        factors = dict(self.factors)
        if not all(isinstance(text, str) and text for entry in factors.items() for text in entry):
            raise ValueError(
                f"{self.name}: factors must map names to levels, both of them text, as in "
                f"{{'actions': 'MAPS'}}, not {factors}"
            )
        object.__setattr__(self, "factors", MappingProxyType(factors))

    @property
    def is_control(self) -> bool:
        """Whether it is there to be beaten."""
        return self.control_for is not None

    @property
    def uses_labels(self) -> bool:
        """Whether it learns from an expert's actions, demonstrated or asked for."""
        return bool({"demonstrations", "expert"} & self.sources)
