"""Maximum-entropy inverse reinforcement learning with a neural reward (Wulfmeier et al. 2015).

As `maxent_irl` with the causal model, but the reward is a neural network of a state's features. The
gradient of the log-likelihood with respect to the reward of each state is exact, and is
backpropagated to the weights.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from baselines.networks import one_thread
from baselines.planning import (
    RewardPolicy,
    causal_log_likelihood,
    has_features,
    restore_table,
    whole_trajectories,
)
from il_envs import Algorithm, Problem, World, soft_optimal, tunable, tuned


@dataclass(frozen=True)
class DeepMaxEntConfig:
    """Settings of deep maximum-entropy inverse reinforcement learning."""

    hidden_sizes: tuple[int, ...] = (64, 64)
    """Units of each hidden layer."""
    learning_rate: float = tunable(1e-2, 1e-3, 0.1, log=True)
    """Initial learning rate of Adam; it falls to zero along a half cosine."""
    weight_decay: float = tunable(1e-4, 1e-6, 1e-2, log=True)
    """Decay of the network's weights, decoupled from the gradient."""
    iterations: int = 200
    """Most gradient steps, each of which solves the model once."""
    gradient_tolerance: float = 1e-4
    """Stop when the derivative by each state's reward is at most this large."""


def train(problem: Problem, seed: int, config: DeepMaxEntConfig) -> RewardPolicy:
    """Learn a reward from whole demonstrated episodes, and return its soft-optimal policy."""
    model = problem.model()
    states, actions = whole_trajectories(problem.demonstrations(), model)
    occupancy = model.empirical_occupancy(states, actions)
    features = torch.as_tensor(model.features, dtype=torch.float32)
    network = reward_network(features.shape[1], config.hidden_sizes, seed)
    optimiser = torch.optim.AdamW(
        network.parameters(), config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.iterations)
    curve: dict[str, list[float]] = {"objective": [], "gradient": []}
    with one_thread():
        for _ in range(config.iterations):
            reward = network(features)[:, 0]
            solution = soft_optimal(model.with_reward(reward.detach().double().numpy()))
            log_likelihood, gradient = causal_log_likelihood(solution, occupancy)
            state_gradient = gradient.sum(1)
            curve["objective"].append(-log_likelihood)
            curve["gradient"].append(float(np.abs(state_gradient).max()))
            if curve["gradient"][-1] <= config.gradient_tolerance:
                break
            optimiser.zero_grad()
            reward.backward(torch.as_tensor(-state_gradient, dtype=torch.float32))
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            learned = network(features)[:, 0].double().numpy()
    policy = soft_optimal(model.with_reward(learned)).policy
    return RewardPolicy(policy, seed, learned, curve, problem.action_space)


def reward_network(inputs: int, hidden_sizes: tuple[int, ...], seed: int) -> nn.Sequential:
    """A multilayer perceptron from a state's features to its reward."""
    sizes = [inputs, *hidden_sizes]
    layers: list[nn.Module] = []
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # initialisation has no generator argument
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(sizes[-1], 1))


def has_state_features(world: World) -> bool:
    """True if a world has a known model whose features depend on the state alone."""
    return has_features(world) and world.known_model().features.ndim == 2


algorithm = tuned(
    Algorithm(
        name="maxent-deep",
        summary="maximum-entropy IRL, causal: neural reward",
        sources=frozenset({"demonstrations", "model"}),
        config=DeepMaxEntConfig(),
        train=train,
        restore=restore_table,
        applies_to=has_state_features,
    ),
    __file__,
)
