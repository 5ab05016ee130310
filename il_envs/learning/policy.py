"""Policies: their protocol, the random and the expert policy of every world, and tabular ones."""

from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from il_envs.buttons import Chords
from il_envs.engine.single import WorldEnv
from il_envs.engine.spaces import action_bounds, elements, zero_rows
from il_envs.engine.vector import WorldVectorEnv, checked_mask
from il_envs.exact.checks import require_distributions
from il_envs.exact.linear_gaussian import LinearGaussianPolicy, square_root
from il_envs.world import UnknownNameError

PolicyState = Any


class Policy(Protocol):
    """A policy for batches of observations, with the signature that Stable-Baselines3 uses."""

    def predict(
        self,
        observation: NDArray[Any],
        state: PolicyState = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], PolicyState]:
        """Choose actions.

        Args:
            observation: [rows, ...].
            state: the state that the previous call returned, for policies with memory; None at
                first.
            episode_start: bool [rows], True where the observation begins an episode.
            deterministic: whether to return the mode rather than a sample.

        Returns:
            actions [rows, ...], valid in the action space, and the next state.
        """
        ...


@runtime_checkable
class ExactPolicy(Policy, Protocol):
    """A policy that depends only on the observation and the step, and gives its probabilities.

    With the optional method `action_probabilities` a policy can be evaluated exactly, without
    sampling. One whose probabilities are the same at every step may have an attribute
    `is_stationary` that is True; it is then asked about one step only.
    """

    def action_probabilities(self, observation: NDArray[Any], step: int) -> NDArray[np.float64]:
        """The probability of each action at that step of an episode.

        These are the probabilities with which `predict` samples if deterministic=False.

        Args:
            observation: [rows, ...].
            step: number of steps of the episode so far, from 0.

        Returns:
            float64 [rows, A] for A Discrete actions; for MultiBinary(K) ones the probability of
            each chord, float64 [rows, 2^K], in the order of `buttons.joint_index`.
        """
        ...


@runtime_checkable
class GaussianPolicy(Policy, Protocol):
    """A policy of continuous actions that gives the mean and covariance of its Gaussian draws.

    In linear-quadratic worlds it is compared with the exact reference. One whose mean is affine in
    the observation, with a covariance that does not depend on it, may have an attribute `is_affine`
    that is True, and is then evaluated exactly.
    """

    def action_moments(
        self, observation: NDArray[Any], step: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The mean [rows, m] and covariance [rows, m, m] of the actions at that step of an episode,
        before they are cut to the bounds of the action space; None if they are not Gaussian.

        Args:
            observation: [rows, n].
            step: number of steps of the episode so far, from 0.
        """
        ...


class RandomPolicy:
    """Uniform over the action space: the zero of the normalised score."""

    def __init__(self, action_space: gym.Space[Any], seed: int) -> None:
        self._space = action_space
        self._low, self._high = action_bounds(action_space)
        self._width = 0.0 if isinstance(action_space, gym.spaces.Box) else 1.0  # of an integer
        self._random = np.random.default_rng(seed)

    def __repr__(self) -> str:
        return f"<RandomPolicy of {type(self._space).__name__} actions>"

    def predict(
        self,
        observation: NDArray[Any],
        state: PolicyState = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], PolicyState]:
        """Random actions [rows, ...], whatever the observation."""
        shape = (len(observation), self._low.size)
        actions = self._random.uniform(self._low, self._high + self._width, shape)
        if not isinstance(self._space, gym.spaces.Box):
            actions = np.floor(actions)
        batch_shape = (len(observation), *(self._space.shape or ()))
        return actions.astype(self._space.dtype).reshape(batch_shape), None


class ExpertPolicy:
    """A scripted expert, bound to the environment whose true state it reads.

    Args:
        env: the environment it acts in.
        style: which of the world's experts; by default its reference, the first one.

    Raises:
        UnknownNameError: if the world has no such style.
    """

    def __init__(self, env: WorldEnv | WorldVectorEnv, style: str | None = None) -> None:
        from il_envs.engine.kernels import expert_kernels  # Numba takes a while

        if not isinstance(env, (WorldEnv, WorldVectorEnv)):
            raise TypeError(f"an expert needs a world's own environment: env.unwrapped, not {env}")
        experts = env.world.experts
        style = env.world.reference_style if style is None else style
        if style not in experts:
            raise UnknownNameError(f"{env.world.name} expert", style, list(experts))
        self.style = style
        self._env = env
        self._memory_size = experts[style].memory_size
        self._kernels = expert_kernels(env.world, style)

    def __getstate__(self) -> dict[str, Any]:
        return {"env": self._env, "style": self.style}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"<ExpertPolicy {self.style} of {self._env!r}>"

    def predict(
        self,
        observation: NDArray[Any] | None = None,
        state: PolicyState = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
        mask: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[Any], PolicyState]:
        """The expert's actions in the environment's present states; the observation is not used.

        Args:
            mask: bool [rows], the rows to answer for; the others' actions are zero and their
                memory stays as it is.

        Raises:
            ValueError: if the state, or a mask, has another shape.
        """
        states, space = self._env.states, self._env.world.spaces.action
        rows = states.size
        shape = (rows, self._memory_size)
        memory = np.zeros(shape) if state is None else np.array(state, np.float64)
        if memory.shape != shape:
            raise ValueError(f"state has shape {memory.shape}, must be {shape}")
        if episode_start is not None:
            memory[checked_mask("episode_start", episode_start, rows)] = 0.0
        actions = zero_rows(space, rows)
        mask = checked_mask("mask", mask, rows)
        self._kernels.act_rows(states, self._env.params, mask, memory, actions)
        return elements(space, actions), memory


class TabularPolicy:
    """A table of action probabilities, for Discrete observations that start at 0.

    Args:
        probabilities: float64 [S, A], or [T, S, A] where they depend on the step; steps past T - 1
            use the last table.
        seed: of its samples.
        chords: the buttons that each of the A = 2^K actions presses, as `buttons.joint_chords`
            gives them; None where actions are Discrete and start at 0.

    Raises:
        ValueError: if a row is no probability distribution, or there are not as many chords.
    """

    def __init__(
        self, probabilities: ArrayLike, seed: int, chords: NDArray[np.int8] | None = None
    ) -> None:
        self.probabilities = np.array(probabilities, np.float64)
        shape = list(self.probabilities.shape)
        if len(shape) not in (2, 3) or 0 in shape:
            raise ValueError(f"probabilities must have the shape [S, A] or [T, S, A], not {shape}")
        require_distributions("probabilities", self.probabilities, 1e-6)
        if chords is not None and len(chords) != self.probabilities.shape[-1]:
            raise ValueError(
                f"probabilities of {self.probabilities.shape[-1]} actions are given, and "
                f"{len(chords)} chords"
            )
        self._chords = chords
        tables = self.probabilities
        self._tables = tables[None] if tables.ndim == 2 else tables
        self._random = np.random.default_rng(seed)

    def __repr__(self) -> str:
        return f"<TabularPolicy {list(self.probabilities.shape)}>"

    def predict(
        self,
        observation: NDArray[Any],
        state: PolicyState = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], PolicyState]:
        """Samples, or the most likely actions, the lowest of several: numbers [rows], or buttons
        [rows, K]. It remembers the steps, int64 [rows]."""
        step = _steps(len(observation), state, episode_start)
        probabilities = self._rows(observation, step)
        if deterministic:
            actions = probabilities.argmax(1)
        else:
            # Scaled by their sum, which may miss 1 by a little: none of probability 0 is drawn.
            cumulative = probabilities.cumsum(1)
            drawn = self._random.random(len(step)) * cumulative[:, -1]
            actions = (drawn[:, None] >= cumulative).sum(1)
        return actions if self._chords is None else self._chords[actions], step + 1

    def action_probabilities(self, observation: NDArray[Any], step: int) -> NDArray[np.float64]:
        """The table's rows at that step, float64 [rows, A], as in `ExactPolicy`."""
        return self._rows(observation, step)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The table, [S, A] or [T, S, A], by its name."""
        return {"probabilities": self.probabilities}

    def _rows(
        self, observation: NDArray[Any], step: int | NDArray[np.int64]
    ) -> NDArray[np.float64]:
        return self._tables[np.minimum(step, len(self._tables) - 1), observation]


def _steps(
    rows: int, state: PolicyState, episode_start: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    """The step of each row's episode, of policies that remember nothing else, int64 [rows]."""
    steps: NDArray[np.int64] = np.zeros(rows, np.int64) if state is None else state.copy()
    if episode_start is not None:
        steps[episode_start] = 0
    return steps


class LinearPolicy:
    """A linear policy with Gaussian noise, for observations of the whole state of a linear world.

    Args:
        policy: of T steps; steps past T - 1 act as the last one does.
        action_space: actions are cut to its bounds.
        seed: of its samples.
    """

    is_affine = True

    def __init__(
        self, policy: LinearGaussianPolicy, action_space: gym.Space[Any], seed: int
    ) -> None:
        self.policy = policy
        self._low, self._high = action_bounds(action_space)
        self._dtype = action_space.dtype
        self._roots = square_root(policy.covariance)
        self._random = np.random.default_rng(seed)

    def __repr__(self) -> str:
        return f"<LinearPolicy of {self.policy!r}>"

    def predict(
        self,
        observation: NDArray[Any],
        state: PolicyState = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], PolicyState]:
        """Samples, or mean actions, [rows, m]; it remembers the steps, int64 [rows]."""
        step = _steps(len(observation), state, episode_start)
        place = np.minimum(step, len(self._roots) - 1)
        actions = self.policy.offset[place]
        actions = actions - np.einsum("rmn,rn->rm", self.policy.gain[place], observation)
        if not deterministic:
            noise = self._random.standard_normal(actions.shape)
            actions = actions + np.einsum("rmk,rk->rm", self._roots[place], noise)
        return np.clip(actions, self._low, self._high).astype(self._dtype), step + 1

    def action_moments(
        self, observation: NDArray[Any], step: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The mean [rows, m] and covariance [rows, m, m] at that step, as in `GaussianPolicy`."""
        place = min(step, len(self._roots) - 1)
        covariance = self.policy.covariance[place]
        means = self.policy.mean(place, observation)
        return means, np.broadcast_to(covariance, (len(means), *covariance.shape))

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Gain [T, m, n], covariance [T, m, m] and offset [T, m] by name."""
        return {name: getattr(self.policy, name) for name in ("gain", "covariance", "offset")}


class ChordPolicy:
    """A policy over numbered chords, turned into a policy that presses buttons.

    Args:
        policy: its actions are rows of the table.
        chords: int8 [chords, K].
    """

    def __init__(self, policy: Policy, chords: Chords) -> None:
        self.policy = policy
        self.chords = chords

    def __repr__(self) -> str:
        return f"<ChordPolicy of {len(self.chords)} chords: {self.policy!r}>"

    def predict(
        self,
        observation: NDArray[Any],
        state: PolicyState = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[Chords, PolicyState]:
        """The buttons to press, int8 [rows, K], as in `Policy`."""
        rows, state = self.policy.predict(observation, state, episode_start, deterministic)
        return self.chords[rows], state
