"""Importance weights of trajectories, held to sums over everything that can happen."""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from baselines.trajectory_weights import (
    effective_sample_size,
    irl_loss,
    local_constant_rate,
    log_fused_density,
    monotonic,
    normalised_weights,
)
from il_envs import TabularModel, soft_optimal
from tests.exact.enumeration import draw, random_policy, total, trajectories

CASES = [(kind, seed) for kind in ("mixed", "deterministic", "slippery") for seed in range(5)]


def tensor(values):
    return torch.as_tensor(np.asarray(values, np.float64))


def solved(case, backup="causal", reward=None):
    reward = case.reward_table if reward is None else reward
    model = TabularModel(
        case.transition, reward, case.initial, case.horizon, available=case.available
    )
    return soft_optimal(model, backup)


def occupied(case, paths, probability):
    """The gradient of the mean of R by the reward of each step, state and action, [T, S, A]."""
    occupancy = np.zeros(case.shape)
    for t in range(case.horizon):
        np.add.at(occupancy[t], (paths.states[:, t], paths.actions[:, t]), probability)
    return occupancy


def logs_of(policy, paths):
    return total(np.log(np.where(policy > 0.0, policy, 1.0)), paths)


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_weights_have_the_partition_function_as_their_mean(kind, seed):
    """E_q[exp R / prod pi] = Z, for any policy of full support (identity 10)."""
    case, posterior = draw(kind, seed), solved(draw(kind, seed), "posterior")
    paths = trajectories(case)
    for purpose in range(3):
        logs = logs_of(random_policy(case, case.rng(purpose)), paths)
        sampled = paths.dynamics * np.exp(logs)
        assert sampled.sum() == pytest.approx(1.0)
        log_mean = logsumexp(total(case.reward_table, paths) - logs, b=sampled)
        assert log_mean == pytest.approx(posterior.log_partition, abs=1e-10)


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_trajectory_weights_give_the_exact_posterior_gradient(kind, seed):
    case = draw(kind, seed)
    paths = trajectories(case)
    logs = logs_of(random_policy(case, case.rng()), paths)
    log_weights = tensor(total(case.reward_table, paths) - logs) + tensor(paths.dynamics).log()
    together = torch.zeros(len(logs), dtype=torch.int64)
    weights = normalised_weights(log_weights + tensor(logs), together, tensor([1.0]))
    exact = solved(case, "posterior").occupancy
    np.testing.assert_allclose(occupied(case, paths, weights.numpy()), exact, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_start_by_start_they_give_the_causal_gradient_where_dynamics_are_deterministic(seed):
    case = draw("deterministic", seed)
    paths = trajectories(case)
    starts = torch.as_tensor(paths.states[:, 0])
    weights = normalised_weights(
        tensor(total(case.reward_table, paths)), starts, tensor(case.initial)
    )
    exact = solved(case).occupancy
    np.testing.assert_allclose(occupied(case, paths, weights.numpy()), exact, atol=1e-10)


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_ratios_of_actions_correct_for_a_stale_policy_without_bias(kind, seed):
    """The mean over an old policy's samples, each times pi_new / pi_old, is the new one's."""
    case = draw(kind, seed)
    paths, new = trajectories(case), solved(case)
    old = logs_of(random_policy(case, case.rng()), paths)
    ratio = np.exp(logs_of(new.policy, paths) - old)
    mean = occupied(case, paths, paths.dynamics * np.exp(old) * ratio)
    np.testing.assert_allclose(mean, new.occupancy, atol=1e-10)


def test_fused_densities_are_those_of_the_mixture():
    random = np.random.default_rng(0)
    densities = random.random((3, 6))
    counts = np.array([[10], [30], [60]])
    fused = log_fused_density(tensor(np.log(densities)), torch.as_tensor(counts))
    np.testing.assert_allclose(fused.exp(), np.array([0.1, 0.3, 0.6]) @ densities)
    each = np.array([[10] * 5 + [0], [30] * 5 + [1], [60] * 5 + [3]])
    fused = log_fused_density(tensor(np.log(densities)), torch.as_tensor(each)).exp().numpy()
    np.testing.assert_allclose(fused[:5], np.array([0.1, 0.3, 0.6]) @ densities[:, :5])
    assert fused[5] == pytest.approx(0.25 * densities[1, 5] + 0.75 * densities[2, 5])


def test_every_start_keeps_its_share_whatever_its_rewards():
    log_weights = tensor([1_000.0, 1_001.0, -1_000.0, -1_000.0, -np.inf])
    starts = torch.tensor([0, 0, 1, 1, 1])
    weights = normalised_weights(log_weights, starts, tensor([0.3, 0.7]))
    share = np.exp(-1.0) / (1.0 + np.exp(-1.0))
    np.testing.assert_allclose(weights, [0.3 * share, 0.3 * (1 - share), 0.35, 0.35, 0.0])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_weights_that_are_not_finite_end_the_training(wrong):
    with pytest.raises(ArithmeticError, match="not finite"):
        normalised_weights(tensor([0.0, wrong]), torch.tensor([0, 0]), tensor([1.0]))


def test_weights_that_are_all_zero_end_it_too():
    log_weights = tensor([0.0, -np.inf, -np.inf])
    with pytest.raises(ArithmeticError, match="all trajectories of a start are zero"):
        normalised_weights(log_weights, torch.tensor([0, 1, 1]), tensor([0.5, 0.5]))


def test_effective_sample_size():
    assert effective_sample_size(tensor([0.25] * 4)) == pytest.approx(4.0)
    assert effective_sample_size(tensor([1.0, 0.0, 0.0])) == pytest.approx(1.0)


def test_the_loss_has_the_gradient_of_the_log_likelihood():
    """With the published weights over all trajectories, it is that of log Z - mean R."""
    random = np.random.default_rng(1)
    shown, background = tensor(random.normal(size=(3, 4))), tensor(random.normal(size=(9, 4)))
    w = tensor(random.normal(size=4)).requires_grad_()
    together = torch.zeros(9, dtype=torch.int64)
    weights = normalised_weights(background @ w, together, tensor([1.0]))
    irl_loss(shown @ w, background @ w, weights).backward()
    likelihood = (torch.logsumexp(background @ w, 0) - (shown @ w).mean(),)
    (exact,) = torch.autograd.grad(likelihood, w)
    torch.testing.assert_close(w.grad, exact)


def test_regularisers_by_hand():
    rewards = tensor([[0.0, 1.0, 2.0, 3.0], [0.0, 2.0, 0.0, 0.0]])
    assert local_constant_rate(rewards).item() == pytest.approx((0.0 + 16.0 + 4.0) / 2)
    falling = tensor([[3.0, 2.0, -1.0], [0.0, 5.0, 4.5]])  # the cost rises by 1 and 3
    assert monotonic(falling).item() == pytest.approx((0.0 + 4.0) / 2)


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_the_discriminators_gradient_is_that_of_the_reward_with_mixture_weights(kind, seed):
    """Finn, Christiano, Abbeel and Levine 2016, "A connection between generative adversarial
    networks, inverse reinforcement learning, and energy-based models", section 3: D = p / (p + q),
    p = exp(R) / Z the model's density, q the sampler's, weights p / (p / 2 + q / 2)."""
    case = draw(kind, seed)
    paths, random = trajectories(case), case.rng()
    logs = logs_of(random_policy(case, random), paths)
    sampler = tensor(paths.dynamics * np.exp(logs))
    expert = tensor(random.dirichlet(np.ones(len(logs))))
    reward = tensor(total(case.reward_table, paths)).requires_grad_()  # R of each trajectory
    log_partition = torch.logsumexp(reward.detach() + tensor(paths.dynamics).log(), 0)
    logits = reward - log_partition - tensor(logs)  # the dynamics cancel
    loss = -expert @ torch.nn.functional.logsigmoid(logits)
    loss = loss - sampler @ torch.nn.functional.logsigmoid(-logits)
    (discriminator,) = torch.autograd.grad(loss, reward)

    densities = torch.stack([(reward - log_partition).detach(), tensor(logs)])
    mixture = log_fused_density(densities, torch.ones(2, 1))
    importance = (densities[0] - mixture).exp()
    background = 0.5 * (expert + sampler)  # where the mixture's trajectories come from
    np.testing.assert_allclose(discriminator, background * importance - expert, atol=1e-12)
