"""Code shared by the methods that learn a reward and plan with a known model."""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs import (
    Demonstrations,
    SoftOptimal,
    TabularModel,
    TabularPolicy,
    TabularReward,
    World,
)
from il_envs.buttons import chords_of, joint_index

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class RewardPolicy(TabularPolicy):
    """A policy, the reward for which it was planned, and the training curve.

    Args:
        probabilities: pi_t(a|s), float64 [T, S, A].
        seed: seed of its action samples.
        reward: the learned reward, float64 [S] or [S, A].
        curve: measurements by name, each float64 [iterations].
        action_space: the world's action space; in a world of buttons the model's numbered actions
            are chords.
    """

    def __init__(
        self,
        probabilities: FloatArray,
        seed: int,
        reward: FloatArray,
        curve: dict[str, list[float]],
        action_space: gym.Space[Any],
    ) -> None:
        super().__init__(probabilities, seed, chords_of(action_space))
        self.reward = TabularReward(reward)
        self.curve = {name: np.array(values) for name, values in curve.items()}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The table and the training curve; the reward has its own `tensors`."""
        return super().tensors() | self.curve


def restore_table(
    world: World, tensors: Mapping[str, NDArray[Any]], config: object
) -> TabularPolicy:
    """The policy whose `tensors` these are, without its reward and its curve; it samples anew, from
    seed 0.

    Raises:
        KeyError: if they are not those of a table.
        ValueError: if the table is none of probabilities.
    """
    return TabularPolicy(tensors["probabilities"], 0, chords_of(world.spaces.action))


def whole_trajectories(
    demonstrations: Demonstrations, model: TabularModel
) -> tuple[IntArray, IntArray]:
    """The demonstrations that reach the model's horizon: states [N, T + 1], actions [N, T].

    Chords of buttons become the model's action numbers.

    Raises:
        ValueError: if there is none, or one is impossible in the model.
    """
    whole = [e for e in demonstrations.episodes if len(e) == model.horizon]
    if not whole:
        raise ValueError(
            f"{len(demonstrations)} demonstrated transitions hold no whole episode of "
            f"{model.horizon} steps; give at least {model.horizon} labels"
        )
    states = np.stack([episode.observations for episode in whole])
    actions = np.stack([episode.actions for episode in whole])
    return model.check_trajectories(states, _numbers(actions))


def observed_occupancy(demonstrations: Demonstrations, model: TabularModel) -> FloatArray:
    """The occupancy of every demonstrated step at its own time, float64 [T, S, A].

    An episode begins at step 0 and may be cut short before the horizon T; it then adds nothing to
    the steps that were not observed. Each entry is a sum over episodes, divided by their number; of
    whole episodes that is bitwise the model's `empirical_occupancy`.

    Raises:
        ValueError: if an episode is impossible in the model, is longer than its horizon, or has no
            step.
    """
    assert model.horizon is not None
    occupancy = np.zeros((model.horizon, model.states, model.actions))
    for number, episode in enumerate(demonstrations.episodes):
        try:
            states, actions = model.check_trajectories(
                episode.observations[None], _numbers(episode.actions[None]), cut_short=True
            )
        except ValueError as error:
            where = str(error).removeprefix("trajectory 0, ")
            raise ValueError(f"episode {number}: {where}") from error
        steps = np.arange(len(episode))
        np.add.at(
            occupancy, (steps, states[0, :-1], actions[0]), 1.0 / len(demonstrations.episodes)
        )
    return occupancy


def _numbers(actions: IntArray) -> IntArray:
    """The model's numbers of actions [N, T]; chords of buttons are [N, T, K]."""
    return joint_index(actions) if actions.ndim == 3 else actions


def causal_log_likelihood(solution: SoftOptimal, occupancy: FloatArray) -> tuple[float, FloatArray]:
    """Mean over demonstrations of sum_t log pi_t(a_t|s_t), nats, and its gradient (Ziebart 2010).

    The gradient of log pi_t = Q_t - V_t raises Q_t(s_t, a_t) and lowers Q_t of the policy's own
    actions in that state; one forward pass through the dynamics gives the effect on the rewards of
    all later steps.

    Args:
        solution: the causal soft-optimal policy of a reward, at temperature 1.
        occupancy: empirical occupancy of the demonstrations, float64 [T, S, A].

    Returns:
        The log-likelihood, and its derivative by the reward of each state and action, [S, A].
    """
    model, policy = solution.model, solution.policy
    taken = np.nonzero(occupancy)
    log_likelihood = float(occupancy[taken] @ solution.log_policy[taken])
    visits = occupancy @ np.ones(model.actions)
    pull = occupancy - visits[:, :, None] * policy
    gradient = np.zeros(occupancy.shape[1:])
    arriving = np.zeros(model.states)
    for step in range(len(occupancy)):
        pull[step] += arriving[:, None] * policy[step]
        gradient += pull[step]
        arriving = model.discount * model.move(pull[step])
    return log_likelihood, gradient


def has_features(world: World) -> bool:
    """True if a world has a known model with features."""
    if world.truth.model is None:
        return False
    model = world.known_model()
    return (
        isinstance(model, TabularModel) and model.horizon is not None and model.features is not None
    )
