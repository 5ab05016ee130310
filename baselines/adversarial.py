"""Adversarial imitation: GAIL (Ho and Ermon 2016) and AIRL (Fu, Luo and Levine 2018).

A discriminator D tells the expert's transitions from the policy's, and the policy is paid for
transitions that it takes for the expert's:

GAIL    D(s, a) = 1 / (1 + exp(-f(s, a))). At its best f is the log of the ratio of the expert's
        occupancy to the policy's, so its reward has no meaning without that policy.
AIRL    D(s, a, s') = exp(f) / (exp(f) + pi(a|s)) with f = g(s, a) + discount * h(s') - h(s)
        (their equation 4). Where policy and expert agree f is the expert's advantage, and where g
        is of the state alone it is the true reward, up to a constant (their theorem 5.1).

Both keep rewards smooth with a gradient penalty (Gulrajani et al. 2017), see inputs as the
demonstrations normalise them, and know that an episode may end: `RewardNetwork` says how.
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
)
from baselines.reward_networks import RewardNetwork, excess_slope
from il_envs import Algorithm, Problem, TrainingWarning


@dataclass(frozen=True)
class AdversarialConfig:
    """Settings of GAIL and AIRL."""

    shaping: bool = False
    """Whether D is AIRL's: the reward is shaped by a potential h, and D knows pi."""
    state_only: bool = False
    """Whether the reward is of the state alone."""
    form: Literal["logit", "survival", "mortality"] = "survival"
    """What the policy is paid: log D - log(1 - D), as in AIRL, or -log(1 - D), or log D."""
    hidden_sizes: tuple[int, ...] = (32, 32)
    """Tanh units of each hidden layer, of f, or of g and of h."""
    batch_size: int = 1024
    """Transitions of each side in a minibatch of the discriminator."""
    updates_per_rollout: int = 16
    """Minibatches of the discriminator between two rollouts."""
    learning_rate: float = 1e-3
    """Of the discriminator's Adam."""
    slope_penalty: float = 10.0
    """Of the squared excess of the reward's slope over `steepest`, between the two sides."""
    steepest: float = 1.0
    """Slope of the reward that is free, in nats for each deviation of an input."""
    absorbing: bool = True
    """Whether states that end an episode are followed by an absorbing state with a learned reward;
    if not, what comes after the end is worth 0 whatever the reward."""
    ppo: PPOConfig = field(default_factory=PPOConfig)
    """The optimiser of the policy."""


HELD_OUT = 10
"""One of so many demonstrated transitions is not trained on."""
SLOPES = 4
"""One of so many pairs in a minibatch is looked at for the slope between them, which costs more
than all else about a pair."""
TELLING = 0.995
"""Share of unseen transitions that no discriminator tells apart unless the two sides are worlds
apart."""


class Rows(NamedTuple):
    """Transitions as a discriminator sees them."""

    inputs: Tensor  # of g, [rows, size]
    before: Tensor  # of h, [rows, size]
    after: Tensor  # of h in the state that followed
    log_probabilities: Tensor  # of actions, [rows]; 0 in the absorbing state, and in GAIL


class Side(NamedTuple):
    """What one side, the expert or the policy, did."""

    rows: Rows  # the last one is the absorbing state
    absorbed: float  # share of its discounted time that it spends there

    def draw(self, count: int, generator: torch.Generator) -> Rows:
        """A minibatch of its occupancy."""
        places = draw_places(len(self.rows.inputs) - 1, self.absorbed, count, generator)
        return Rows(*(field[places] for field in self.rows))


class Discriminator(nn.Module):
    """Tells the transitions of the expert, whose logits are to be above 0, from the policy's."""

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
        """What one side did, and how long it then rests in the absorbing state."""
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
        """f, the expert's advantage once D is at its best, [rows]."""
        outputs: Tensor = self.reward(inputs)
        if self.potential is not None:
            shaping = self._discount * self.potential(after) - self.potential(before)
            outputs = outputs + shaping / (1.0 - self._discount)
        return outputs

    @torch.no_grad()
    def told_apart(self, expert: Rows, learner: Rows) -> float:
        """The share of either side's transitions that D takes for that side's, their mean."""
        shares = (self(expert)[:-1] > 0.0).float().mean(), (self(learner)[:-1] < 0.0).float().mean()
        return float(sum(shares)) / 2.0

    def cross_entropy(self, expert: Rows, learner: Rows) -> Tensor:
        """Of telling the sides apart: -E_expert[log D] - E_learner[log(1 - D)], nats."""
        return functional.softplus(-self(expert)).mean() + functional.softplus(self(learner)).mean()


class Adversary:
    """Trains the discriminator on each rollout, and pays the policy by it."""

    def __init__(self, problem: Problem, seed: int, config: AdversarialConfig) -> None:
        self._config = config
        shown = demonstrated(problem.demonstrations(), problem.max_episode_steps)
        held_out = len(shown.actions) // HELD_OUT
        self._shown = Transitions._make(rows[: len(rows) - held_out] for rows in shown)
        self._held_out = Transitions._make(rows[len(rows) - held_out :] for rows in shown)
        self.told_apart: list[float] = []
        """Of each rollout, and demonstrations held out, the share that D took for what it was."""
        self.discriminator = Discriminator(problem, self._shown, seed, config)
        self._optimiser = torch.optim.Adam(
            self.discriminator.parameters(), config.learning_rate, fused=True
        )
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, policy: ActorCriticPolicy, rollout: Transitions) -> NDArray[np.float64]:
        """Learn from a rollout, and pay for it; a `reward_learning.Learner`."""
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
    """Play expert and policy against each other for the whole budget of steps."""
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


algorithm = Algorithm(
    name="gail",
    summary="adversarial imitation: paid for what a discriminator takes for the expert's; PPO",
    sources=frozenset({"demonstrations", "env"}),
    config=AdversarialConfig(),
    train=train,
    applies_to=sees_numbers,
)
airl = replace(
    algorithm,
    name="airl",
    summary="adversarial inverse reinforcement learning, of states and actions; PPO",
    config=AdversarialConfig(shaping=True, form="logit", steepest=3.0),
)
airl_state = replace(
    airl,
    name="airl-state",
    summary="adversarial inverse reinforcement learning, of states alone; PPO",
    # Linear, which is a table where states are numbered: nothing else is told apart so soon from
    # the potential, which is of the state as well.
    config=replace(
        airl.config,
        state_only=True,
        hidden_sizes=(),
        steepest=10.0,
        learning_rate=3e-3,
        updates_per_rollout=32,
    ),
)
