"""Guided cost learning with exact policy steps (Finn, Levine and Abbeel 2016).

Learns a reward that is linear in the features, R(tau) = w . features(tau), where the model is
known. Two steps alternate (algorithm 1):

1. The policy is set to the exact soft-optimal policy of the current reward. Trajectories are
   sampled from it, from the demonstrated starts, so that the randomness of starts is not attributed
   to the expert's intent.
2. The reward takes gradient steps towards the demonstrations and away from the background
   (algorithm 2): the samples of the latest policies and the demonstrations, importance-weighted.

The weights are the published ones where the dynamics are deterministic, and those of the causal
model where they are stochastic; `trajectory_weights` says why.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.guided_cost_planners import Planner, Sampler, TabularPlanner, Trajectories
from baselines.networks import one_thread
from baselines.planning import (
    FloatArray,
    IntArray,
    RewardPolicy,
    has_features,
    restore_table,
    whole_trajectories,
)
from baselines.trajectory_weights import (
    effective_sample_size,
    irl_loss,
    log_fused_density,
    normalised_weights,
)
from il_envs import Algorithm, Problem, TrainingWarning, tunable, tuned

LONE = 2.0
"""Effective sample size below which the weights rest on little more than one trajectory."""


@dataclass(frozen=True)
class ExactGuidedCostConfig:
    """Settings of guided cost learning with exact policy steps."""

    weights: Literal["trajectory", "policy ratio", "none"] | None = None
    """Importance weights of the background: "trajectory", as published; "policy ratio", those of
    the causal model; or "none", equal ones. None for "trajectory" where the dynamics are
    deterministic, and "policy ratio" elsewhere."""
    per_start: bool = True
    """Normalise the weights per start, so that every start keeps its share."""
    entropy: float = 1.0
    """Reward that a nat of entropy is worth in the policy step; with 0 the policy is greedy."""
    append_demonstrations: bool = True
    """Include the demonstrations in the background."""
    past_policies: int = 10
    """Latest policies whose samples form the background, the current one among them."""
    policy_steps: int | None = None
    """Number of policy steps, after each of which the policy is sampled; None for 10 where the
    dynamics are deterministic, and 100 elsewhere, where the target moves with every step of the
    reward."""
    samples: int = 100
    """Least number of trajectories of each policy; every demonstrated start has equally many."""
    reward_steps: int = 1_000
    """Total gradient steps of the reward."""
    learning_rate: float = tunable(0.3, 1e-3, 1.0, log=True)
    """Initial learning rate of Adam; it falls to zero along a half cosine."""
    prior_deviation: float = tunable(0.5, 0.1, 3.0, log=True)
    """Standard deviation of the Gaussian prior on the reward's weights, in nats for each unit of a
    feature."""


@dataclass(frozen=True)
class Batch:
    """Trajectories, the policy from which they were sampled, and the number of each one's start,
    [N]."""

    sampler: Sampler
    states: NDArray[Any]
    actions: NDArray[Any]
    starts: IntArray


@dataclass(frozen=True)
class Background:
    """M trajectories, pooled from batches, whose weighted mean estimates that of the target."""

    states: NDArray[Any]
    actions: NDArray[Any]
    features: Tensor  # [M, K]
    starts: Tensor  # int64 [M]
    log_density: Tensor  # [M], of start and actions under the mixture that was sampled


def learn_reward(
    planner: Planner,
    demonstrations: Trajectories,
    demonstrator: Sampler,
    config: ExactGuidedCostConfig,
    random: np.random.Generator,
) -> tuple[FloatArray, dict[str, list[float]]]:
    """Learn the weights of a reward.

    Args:
        demonstrator: density of the demonstrations, fitted or exact.

    Returns:
        The weights, float64 [K], and after each policy step the loss, the gradient's largest entry
        and the effective sample size of the background.

    Raises:
        ArithmeticError: if rewards diverge.
    """
    states, actions = demonstrations
    starts, numbers, counts = np.unique(
        states[:, 0], axis=0, return_inverse=True, return_counts=True
    )
    shares = torch.as_tensor(counts / len(states))
    demonstrated = Batch(demonstrator, states, actions, numbers)
    repeats = np.repeat(np.arange(len(starts)), -(-config.samples // len(starts)))
    features = torch.as_tensor(planner.features(states, actions))
    prior_mean = torch.as_tensor(planner.prior_mean)
    weights = prior_mean.clone().requires_grad_()
    precision = 1.0 / (len(states) * config.prior_deviation**2)
    optimiser = torch.optim.Adam([weights], config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.reward_steps)
    curve: dict[str, list[float]] = {"loss": [], "gradient": [], "effective_sample_size": []}
    past: list[Batch] = []
    policy_steps = config.policy_steps or (10 if planner.is_deterministic else 100)
    for _ in range(policy_steps):
        sampler = planner.plan(weights.detach().numpy(), config.entropy)
        past.append(Batch(sampler, *sampler.sample(starts[repeats], random), repeats))
        past = past[-config.past_policies :]
        background = pool(planner, [demonstrated] * config.append_demonstrations + past)
        for _ in range(config.reward_steps // policy_steps):
            importance = importance_weights(planner, background, weights.detach(), shares, config)
            loss = irl_loss(features @ weights, background.features @ weights, importance)
            loss = loss + 0.5 * precision * (weights - prior_mean).square().sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        assert weights.grad is not None  # it has just been computed
        curve["loss"].append(loss.item())
        curve["gradient"].append(float(weights.grad.abs().max()))
        curve["effective_sample_size"].append(effective_sample_size(importance))
    return weights.detach().numpy(), curve


def pool(planner: Planner, batches: Sequence[Batch]) -> Background:
    """Pool batches as samples of one mixture, in which each batch has its share of the trajectories
    at each start."""
    states, actions, starts = (
        np.concatenate([getattr(batch, name) for batch in batches])
        for name in ("states", "actions", "starts")
    )
    counts = [np.bincount(batch.starts, minlength=starts.max() + 1)[starts] for batch in batches]
    densities = [batch.sampler.log_likelihood(states, actions) for batch in batches]
    log_density = log_fused_density(*map(torch.as_tensor, map(np.stack, (densities, counts))))
    return Background(
        states,
        actions,
        torch.as_tensor(planner.features(states, actions)),
        torch.as_tensor(starts),
        log_density + torch.as_tensor(np.sum(counts, axis=0) / len(starts)).log(),
    )


def importance_weights(
    planner: Planner,
    background: Background,
    weights: Tensor,
    shares: Tensor,
    config: ExactGuidedCostConfig,
) -> Tensor:
    """The importance weight of each trajectory of the background under the reward with these
    weights, [M]."""
    starts = background.starts
    if config.weights == "none":
        log_target = background.log_density
    elif config.weights == "trajectory" or (config.weights is None and planner.is_deterministic):
        log_target = background.features @ weights
    else:
        present = planner.plan(weights.numpy(), 1.0)
        log_target = torch.as_tensor(present.log_likelihood(background.states, background.actions))
    log_weights = shares.log()[starts] + log_target - background.log_density
    if config.per_start:
        return normalised_weights(log_weights, starts, shares)
    return normalised_weights(log_weights, torch.zeros_like(starts), torch.ones(1).double())


def train(problem: Problem, seed: int, config: ExactGuidedCostConfig) -> RewardPolicy:
    """Learn a reward from whole demonstrated episodes, and return its soft-optimal policy."""
    model = problem.model()
    planner = TabularPlanner(model)
    demonstrations = whole_trajectories(problem.demonstrations(), model)
    with one_thread():
        weights, curve = learn_reward(
            planner, demonstrations, planner.fit(*demonstrations), config,
            np.random.default_rng(seed),
        )  # fmt: skip
    sizes = curve["effective_sample_size"]
    lately = sizes[len(sizes) // 2 :]
    if max(lately) < LONE:
        warnings.warn(
            f"the effective sample size has been below {LONE} for the last {len(lately)} policy "
            "steps: the gradient is that of a single trajectory",
            TrainingWarning,
            stacklevel=2,
        )
    policy = planner.plan(weights, 1.0).policy
    return RewardPolicy(policy, seed, model.features @ weights, curve, problem.action_space)


algorithm = tuned(
    Algorithm(
        name="gcl-exact",
        summary="guided cost learning with exact policy steps: linear reward, weighted samples",
        sources=frozenset({"demonstrations", "model"}),
        config=ExactGuidedCostConfig(),
        train=train,
        restore=restore_table,
        applies_to=has_features,
    ),
    __file__,
)


def _variant(name: str, summary: str, **settings: Any) -> Algorithm[ExactGuidedCostConfig]:
    config = replace(algorithm.config, **settings)
    return tuned(
        replace(algorithm, name=f"gcl-exact-{name}", summary=summary, config=config), __file__
    )


unweighted = _variant(
    "unweighted", "gcl-exact, its background not weighted", weights="none", learning_rate=0.003
)
no_entropy = _variant("no-entropy", "gcl-exact, sampling from the best policy", entropy=0.0)
no_appended = _variant(
    "no-appended",
    "gcl-exact without the demonstrations in the background",
    append_demonstrations=False,
    learning_rate=0.03,
)
no_past = _variant("no-past", "gcl-exact, forgetting the samples of past policies", past_policies=1)
per_start = _variant(
    "per-start", "gcl-exact with the published weights, start by start", weights="trajectory"
)
published = _variant(
    "published",
    "gcl-exact with the published weights, all starts together",
    weights="trajectory",
    per_start=False,
)
