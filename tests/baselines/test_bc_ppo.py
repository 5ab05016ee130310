"""Imitate, then reinforce: the clone, the critic's warm-up, the penalty, and PPO from scratch."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import LinearSchedule

from baselines import bc_ppo
from baselines.actor_critic import ActorCritic, learn, untouched_generators
from baselines.bc_ppo import BCPPOConfig, FineTuning, actor_weights, clone
from baselines.encoders import Encoder
from baselines.networks import one_thread
from baselines.reward_learning import (
    PPOConfig,
    log_probabilities,
    network_arguments,
)
from il_envs import Budget, Problem, TrainingWarning, get_world
from il_envs.stable_baselines import GymnasiumVecEnv
from il_envs.testing import check_algorithm

SMALL = PPOConfig(
    num_envs=4, rollout_steps=16, batch_size=32, epochs=2, entropy_coefficient=0.01,
    hidden_sizes=(16, 16),
)  # fmt: skip
ROLLOUT = SMALL.num_envs * SMALL.rollout_steps
CLONED = BCPPOConfig(ppo=SMALL, cloning_updates=60, validation_interval=20, critic_steps=0)
SCRATCH = replace(CLONED, cloning_updates=0)
ALL_SOURCES = bc_ppo.algorithm.sources
WORLDS = ("Walk", "Maze", "Buttons", "DriftCar")
"""Box, Discrete, MultiBinary and Box actions."""


def problem_of(world, steps, sources=ALL_SOURCES):
    return Problem(get_world(world), sources, Budget(300, steps), seed=0)


def model_of(problem, seed=0):
    """PPO on the true reward, made by hand."""
    return PPO(
        "MlpPolicy",
        GymnasiumVecEnv(problem.env(SMALL.num_envs, reward=True)),
        learning_rate=LinearSchedule(SMALL.learning_rate, 0.0, 1.0),
        n_steps=SMALL.rollout_steps,
        batch_size=SMALL.batch_size,
        n_epochs=SMALL.epochs,
        gamma=SMALL.discount,
        ent_coef=SMALL.entropy_coefficient,
        policy_kwargs=network_arguments(Encoder(problem.observation_space), SMALL),
        seed=seed,
        device="cpu",
    )


def cloned_network(world, config=CLONED):
    """The network that `train` begins with, and the demonstrations."""
    with one_thread(), untouched_generators():
        network = model_of(problem_of(world, 0)).policy
        shown = problem_of(world, 0).demonstrations()
        clone(network, shown, config, seed=0)
    return network, shown


def tensors(network):
    return {name: array.copy() for name, array in ActorCritic(network, 0).tensors().items()}


def assert_equal(first, second):
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        np.testing.assert_array_equal(tensor, second[name], err_msg=name)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", ["algorithm", "penalised", "scratch"])
def test_contract(name, world):
    algorithm = getattr(bc_ppo, name)
    config = replace(
        algorithm.config,
        ppo=SMALL,
        cloning_updates=min(algorithm.config.cloning_updates, 20),
        critic_steps=ROLLOUT,
    )
    check_algorithm(replace(algorithm, config=config), get_world(world))


@pytest.mark.parametrize("world", ["Buttons", "DriftCar"])
def test_from_scratch_it_is_stable_baselines_ppo(world):
    """Bit for bit."""
    steps = 3 * ROLLOUT
    problem = problem_of(world, steps, bc_ppo.scratch.sources)
    policy = bc_ppo.train(problem, 0, SCRATCH)
    assert problem.meter.steps == steps
    with one_thread(), untouched_generators():
        by_hand = model_of(problem_of(world, steps))
        learn(by_hand, steps)
    assert_equal(policy.tensors(), tensors(by_hand.policy))


@pytest.mark.parametrize("world", WORLDS)
def test_the_actor_stays_the_clone_while_the_critic_learns(world):
    """All the time, of which a warning tells, or in the first of three rollouts."""
    longer, shorter = (replace(CLONED, critic_steps=n * ROLLOUT) for n in (3, 1))
    with pytest.warns(TrainingWarning, match=f"all of {3 * ROLLOUT} steps, so this is the clone"):
        warm_policy = bc_ppo.train(problem_of(world, 3 * ROLLOUT), 0, longer)
    tuned_policy = bc_ppo.train(problem_of(world, 3 * ROLLOUT), 0, shorter)
    network, _ = cloned_network(world)
    before = tensors(network)
    actor = {id(weight) for weight in actor_weights(network)}
    names = {name for name, weight in network.named_parameters() if id(weight) in actor}
    assert any(name.startswith("action_net") for name in names)
    assert not any(name.startswith(("value_net", "mlp_extractor.value")) for name in names)
    warm, tuned = warm_policy.tensors(), tuned_policy.tensors()
    for name in names:
        np.testing.assert_array_equal(warm[name], before[name], err_msg=name)
    assert any((tuned[name] != before[name]).any() for name in names)
    assert (warm["value_net.weight"] != before["value_net.weight"]).any()


def test_every_step_of_the_warm_up_counts():
    problem = problem_of("Buttons", 3 * ROLLOUT)
    bc_ppo.train(problem, 0, replace(CLONED, critic_steps=ROLLOUT))
    assert problem.meter.steps == 3 * ROLLOUT
    assert problem.meter.reward_reads == 3 * ROLLOUT + 300  # those of the demonstrations


class Rewards(BaseCallback):
    """Keeps the rewards of each rollout before and after the penalty, and what it is made of."""

    def __init__(self, fine_tuning):
        super().__init__()
        self.fine_tuning, self.rollouts = fine_tuning, []

    def _on_training_start(self):
        self.fine_tuning.init_callback(self.model)

    def _on_step(self):
        return True

    def _on_rollout_end(self):
        buffer, policy = self.locals["rollout_buffer"], self.locals["self"].policy
        before = buffer.rewards.copy()
        self.fine_tuning.num_timesteps = self.num_timesteps
        self.fine_tuning.update_locals(self.locals)
        self.fine_tuning._on_rollout_end()
        self.rollouts.append((before, deepcopy(buffer), deepcopy(policy), self.locals.copy()))


@pytest.mark.parametrize("world", WORLDS)
def test_the_penalty_is_the_log_ratio_of_the_probabilities(world):
    """Action by action, by the networks as they were; in the first rollout it is 0. The advantages
    are those of the rewards that are left, by the recursion of Schulman et al. 2016."""
    network, _ = cloned_network(world)
    with one_thread(), untouched_generators():
        model = model_of(problem_of(world, 3 * ROLLOUT))
        model.policy.load_state_dict(network.state_dict())
        kept = Rewards(FineTuning(network, 0, penalty=0.5))
        learn(model, 3 * ROLLOUT, kept)
    states, choices = model.observation_space, model.action_space
    for place, (before, buffer, policy, seen) in enumerate(kept.rollouts):
        penalty = before - buffer.rewards
        if place == 0:
            np.testing.assert_allclose(penalty, 0.0, atol=1e-5)
        else:
            assert np.abs(penalty).max() > 1e-3
        for step in range(SMALL.rollout_steps):
            rows = buffer.observations[step].reshape(-1, *states.shape).astype(states.dtype)
            actions = buffer.actions[step].reshape(-1, *choices.shape)
            own, cloned = (log_probabilities(each, rows, actions) for each in (policy, network))
            np.testing.assert_allclose(penalty[step], 0.5 * (own - cloned), atol=1e-4)
        advantage, values = np.zeros(SMALL.num_envs), seen["values"].numpy().flatten()
        goes_on = 1.0 - seen["dones"]
        for step in reversed(range(SMALL.rollout_steps)):
            surprise = buffer.rewards[step] + 0.99 * goes_on * values - buffer.values[step]
            advantage = surprise + 0.99 * 0.95 * goes_on * advantage
            np.testing.assert_allclose(buffer.advantages[step], advantage, atol=1e-4)
            values, goes_on = buffer.values[step], 1.0 - buffer.episode_starts[step]


def test_a_large_penalty_keeps_the_policy_near_the_clone():
    """And none lets it go: the divergence from the clone on the demonstrated observations."""
    network, shown = cloned_network("Buttons")
    apart = []
    for penalty in (0.0, 10.0):
        config = replace(CLONED, penalty=penalty)
        policy = bc_ppo.train(problem_of("Buttons", 60 * ROLLOUT), 0, config)
        with torch.no_grad():
            rows, _ = network.obs_to_tensor(shown.observations)
            own, cloned = (n.get_distribution(rows).distribution for n in (policy.network, network))
            apart.append(torch.distributions.kl_divergence(own, cloned).sum(-1).mean().item())
    assert apart[1] < 0.2 * apart[0]


def test_the_deviation_of_a_clone_is_that_of_held_out_actions():
    network, shown = cloned_network("DriftCar")
    held_out = bc_ppo.hold_out(shown.episode_index, bc_ppo.HELD_OUT)
    actions, _ = network.predict(shown.observations[held_out], deterministic=True)
    low, high = network.action_space.low, network.action_space.high
    inside = ((actions > low) & (actions < high)).all(1)  # `predict` clips
    assert inside.mean() > 0.5
    with torch.no_grad():
        rows, _ = network.obs_to_tensor(shown.observations[held_out])
        means = network.get_distribution(rows).mode().numpy()
    np.testing.assert_allclose(means[inside], actions[inside], atol=1e-6)
    errors = np.sqrt(np.square(means - shown.actions[held_out]).mean(0))
    np.testing.assert_allclose(network.log_std.exp().detach().numpy(), errors, rtol=1e-5)


@pytest.mark.parametrize("world", ["DriftCar", "Shooter"])
def test_cloning_keeps_the_weights_of_the_least_held_out_loss(world, monkeypatch):
    """They are not the last ones, because the network learns its 270 transitions by heart."""
    losses = []

    def recorded(*args):
        losses.append(held_out_loss(*args))
        return losses[-1]

    held_out_loss = bc_ppo.held_out_loss
    monkeypatch.setattr(bc_ppo, "held_out_loss", recorded)
    config = replace(CLONED, cloning_updates=200, validation_interval=10, cloning_rate=0.03)
    network, shown = cloned_network(world, config)
    held_out = torch.from_numpy(bc_ppo.hold_out(shown.episode_index, bc_ppo.HELD_OUT))
    targets = bc_ppo.maps(network.action_space).targets(shown.actions)[held_out]
    observations = torch.from_numpy(shown.observations)[held_out]
    assert len(losses) == 20
    assert min(losses) < min(losses[0], losses[-1])
    assert held_out_loss(network, observations, targets) == pytest.approx(min(losses), abs=1e-6)


def test_cloning_leaves_the_critic_alone():
    network, _ = cloned_network("Buttons")
    with one_thread(), untouched_generators():
        untrained = model_of(problem_of("Buttons", 0)).policy
    actor = {id(weight) for weight in actor_weights(network)}
    pairs = zip(network.named_parameters(), untrained.parameters(), strict=True)
    for (name, weight), before in pairs:
        assert torch.equal(weight, before) == (id(weight) not in actor), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cloning_updates", -1),
        ("validation_interval", 0),
        ("critic_steps", -1),
        ("penalty", np.nan),
    ],
)
def test_settings_are_checked(name, value):
    with pytest.raises(ValueError, match=f"{name} must be from .* on, not {value}"):
        BCPPOConfig(**{name: value})


def test_too_few_steps_are_refused_before_a_label_is_spent():
    problem = problem_of("Walk", ROLLOUT - 1)
    with pytest.raises(ValueError, match="less than a rollout"):
        bc_ppo.train(problem, 0, CLONED)
    assert problem.meter.labels == 0
