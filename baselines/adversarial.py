"""Adversarial imitation: GAIL (Ho and Ermon 2016) and AIRL (Fu, Luo and Levine 2018).

A discriminator D learns to tell the expert's transitions from the policy's, and the policy is
rewarded for transitions that D takes for the expert's:

GAIL    D(s, a) = 1 / (1 + exp(-f(s, a))). The optimal f is the log of the ratio of the expert's
        occupancy to the policy's, so its reward has no meaning apart from that policy.
AIRL    D(s, a, s') = exp(f) / (exp(f) + pi(a|s)) with f = g(s, a) + discount * h(s') - h(s)
        (their equation 4). If the policy matches the expert, the optimal f is the expert's
        advantage, and if g depends on the state alone it is the true reward, up to a constant
        (their theorem 5.1).

Both keep rewards smooth with a gradient penalty (Gulrajani et al. 2017), normalise inputs by the
demonstrations, and account for the end of episodes as `RewardNetwork` describes.
"""

import warnings
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor, nn
from torch.nn import functional

from baselines.actor_critic import ActorCritic, policy_of, untouched_generators
from baselines.encoders import sees_numbers
from baselines.networks import one_thread
from baselines.reward_learning import (
    PPOConfig,
    Transitions,
    absorbed_share,
    demonstrated,
    draw_places,
    log_probabilities,
    optimise,
    restore_optimised,
)
from baselines.reward_networks import RewardNetwork, excess_slope
from il_envs import Algorithm, Problem, TrainingWarning, tunable, tuned


@dataclass(frozen=True)
class AdversarialConfig:
    """Settings of GAIL and AIRL."""

    shaping: bool = False
    """Use AIRL's D, in which the reward is shaped by a potential h and D is given pi."""
    state_only: bool = False
    """Let the reward depend on the state alone."""
    form: Literal["logit", "survival", "mortality"] = "survival"
    """The policy's reward: log D - log(1 - D), as in AIRL, -log(1 - D), or log D."""
    hidden_sizes: tuple[int, ...] = (32, 32)
    """Tanh units of each hidden layer of f, or of g and of h."""
    batch_size: int = 1024
    """Transitions in a minibatch of the discriminator, from the expert and from the policy each."""
    updates_per_rollout: int = tunable(16, 4, 64, log=True)
    """Minibatches of the discriminator between two rollouts."""
    learning_rate: float = tunable(1e-3, 1e-4, 1e-2, log=True)
    """Learning rate of the discriminator's Adam."""
    slope_penalty: float = 10.0
    """Coefficient of the gradient penalty: of the squared excess of the reward's slope over
    `steepest`, between the two sides."""
    steepest: float = tunable(1.0, 0.3, 30.0, log=True)
    """Largest slope of the reward that is not penalised, in nats for each standard deviation of an
    input."""
    absorbing: bool = True
    """Let terminal states be followed by an absorbing state with a learned reward. Otherwise the
    time after the end is worth 0, whatever the reward."""
    ppo: PPOConfig = field(default_factory=PPOConfig)
    """The policy's optimiser."""


HELD_OUT = 10
"""One in so many demonstrated transitions is held out."""
SLOPES = 4
"""The gradient penalty uses one in so many pairs of a minibatch, since it costs more than the rest
of the loss."""
TELLING = 0.995
"""Accuracy on held-out transitions that a discriminator exceeds only if policy and expert hardly
overlap."""


class Rows(NamedTuple):
    """Transitions as inputs of a discriminator."""

    inputs: Tensor  # inputs of g, [rows, size]
    before: Tensor  # inputs of h in the state, [rows, size]
    after: Tensor  # inputs of h in the next state, [rows, size]
    log_probabilities: Tensor  # log pi(a|s), [rows]; 0 in the absorbing state, and in GAIL


class Side(NamedTuple):
    """The transitions of one side, the expert or the policy."""

    rows: Rows  # the last one is the absorbing state
    absorbed: float  # share of the side's discounted time in the absorbing state

    def draw(self, count: int, generator: torch.Generator) -> Rows:
        """A minibatch of `count` rows, drawn from the side's occupancy."""
        places = draw_places(len(self.rows.inputs) - 1, self.absorbed, count, generator)
        return Rows(*(field[places] for field in self.rows))


class Discriminator(nn.Module):
    """Classifies transitions: logits above 0 for the expert's, below 0 for the policy's."""

    def __init__(
        self, problem: Problem, shown: Transitions, seed: int, config: AdversarialConfig
    ) -> None:
        super().__init__()
        spaces = problem.observation_space, problem.action_space
        networks = [
            RewardNetwork(
                *spaces,
                config.hidden_sizes,
                seed + i,
                state_only=config.state_only or i == 1,
                discount=config.ppo.discount if config.absorbing else 0.0,
                form=config.form,
            )
            for i in range(2 if config.shaping else 1)
        ]
        for network in networks:
            network.fit_normalisation(shown.observations, shown.actions)
        self.reward, *rest = networks
        self.potential = rest[0] if rest else None
        self._discount = config.ppo.discount

    def side(self, transitions: Transitions, policy: ActorCriticPolicy) -> Side:
        """The side with these transitions, and its share of time in the absorbing state."""
        observations, actions, following, terminated, _ = transitions
        inputs = torch.cat([self.reward.inputs(observations, actions), self.reward.absorbing_input])
        before = after = inputs[:, :0]
        logs = torch.zeros(len(inputs))
        if self.potential is not None:
            absorbing = self.potential.absorbing_input
            before = torch.cat([self.potential.inputs(observations, actions), absorbing])
            after = torch.cat([self.potential.inputs(following, actions), absorbing])
            after[:-1][torch.as_tensor(terminated)] = absorbing
            logs[:-1] = log_probabilities(policy, observations, actions)
        absorbed = absorbed_share(transitions, float(self.reward.discount))
        return Side(Rows(inputs, before, after, logs), absorbed)

    def forward(self, rows: Rows) -> Tensor:
        """log D - log(1 - D), [rows]."""
        return self.advantage(*rows[:3]) - rows.log_probabilities

    def advantage(self, inputs: Tensor, before: Tensor, after: Tensor) -> Tensor:
        """f, which for the optimal D is the expert's advantage, [rows]."""
        outputs: Tensor = self.reward(inputs)
        if self.potential is not None:
            shaping = self._discount * self.potential(after) - self.potential(before)
            outputs = outputs + shaping / (1.0 - self._discount)
        return outputs

    @torch.no_grad()
    def told_apart(self, expert: Rows, learner: Rows) -> float:
        """The balanced accuracy of D: the mean over both sides of the share that it gets right."""
        shares = (self(expert)[:-1] > 0.0).float().mean(), (self(learner)[:-1] < 0.0).float().mean()
        return float(sum(shares)) / 2.0

    def cross_entropy(self, expert: Rows, learner: Rows) -> Tensor:
        """The loss of D: -E_expert[log D] - E_learner[log(1 - D)], in nats."""
        return functional.softplus(-self(expert)).mean() + functional.softplus(self(learner)).mean()


class Adversary:
    """Trains the discriminator on each rollout, and rewards the policy by it."""

    def __init__(self, problem: Problem, seed: int, config: AdversarialConfig) -> None:
        self._config = config
        shown = demonstrated(problem.demonstrations(), problem.max_episode_steps)
        held_out = len(shown.actions) // HELD_OUT
        self._shown = Transitions._make(rows[: len(rows) - held_out] for rows in shown)
        self._held_out = Transitions._make(rows[len(rows) - held_out :] for rows in shown)
        self.told_apart: list[float] = []
        """Accuracy of D on each new rollout and held-out demonstrations, before training on it."""
        self.discriminator = Discriminator(problem, self._shown, seed, config)
        self._optimiser = torch.optim.Adam(
            self.discriminator.parameters(), config.learning_rate, fused=True
        )
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, policy: ActorCriticPolicy, rollout: Transitions) -> NDArray[np.float64]:
        """Learn from a rollout, and return its rewards; a `reward_learning.Learner`."""
        discriminator, config = self.discriminator, self._config
        expert, learner = (discriminator.side(t, policy) for t in (self._shown, rollout))
        if len(self._held_out.actions):
            unseen = discriminator.side(self._held_out, policy).rows, learner.rows
            self.told_apart.append(discriminator.told_apart(*unseen))
        for _ in range(config.updates_per_rollout):
            theirs, ours = (s.draw(config.batch_size, self._generator) for s in (expert, learner))
            ends = ours.inputs[::SLOPES], theirs.inputs[::SLOPES]
            excess = excess_slope(discriminator.reward, *ends, config.steepest, self._generator)
            loss = discriminator.cross_entropy(theirs, ours) + config.slope_penalty * excess
            self._optimiser.zero_grad()
            loss.backward()
            self._optimiser.step()
        with torch.no_grad():
            worth = discriminator.reward.worth(discriminator(learner.rows))
        return discriminator.reward.with_rest(worth[:-1], worth[-1:], rollout.terminated)


def train(problem: Problem, seed: int, config: AdversarialConfig) -> ActorCritic:
    """Train discriminator and policy against each other for the whole budget of steps."""
    with one_thread(), untouched_generators():
        adversary = Adversary(problem, seed, config)
        reward = adversary.discriminator.reward
        network = optimise(problem, reward.observation_encoder, adversary, config.ppo, seed)
    lately = np.mean(adversary.told_apart[-len(adversary.told_apart) // 4 :] or [0.0])
    if lately > TELLING:
        warnings.warn(
            f"the discriminator still tells {lately:.1%} of unseen transitions apart: the policy "
            "has not come near the demonstrations",
            TrainingWarning,
            stacklevel=2,
        )
    return policy_of(network, seed, reward=reward)


algorithm = tuned(
    Algorithm(
        name="gail",
        summary="adversarial imitation: paid for what a discriminator takes for the expert's; PPO",
        sources=frozenset({"demonstrations", "env"}),
        config=AdversarialConfig(),
        train=train,
        applies_to=sees_numbers,
        restore=lambda world, tensors, config: restore_optimised(world, tensors, config.ppo),
    ),
    __file__,
)
airl = tuned(
    replace(
        algorithm,
        name="airl",
        summary="adversarial inverse reinforcement learning, of states and actions; PPO",
        config=AdversarialConfig(shaping=True, form="logit", steepest=3.0),
    ),
    __file__,
)
airl_state = tuned(
    replace(
        airl,
        name="airl-state",
        summary="adversarial inverse reinforcement learning, of states alone; PPO",
        # Without hidden layers g and h are linear, or tables where states are numbered: that
        # separates g soonest from the potential h, which depends on the state as well.
        config=replace(
            airl.config,
            state_only=True,
            hidden_sizes=(),
            steepest=10.0,
            learning_rate=3e-3,
            updates_per_rollout=32,
        ),
    ),
    __file__,
)
