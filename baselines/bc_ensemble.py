"""An ensemble of clones: several networks that were trained alike, as one policy.

Each network starts from weights of its own and draws the demonstrations in an order of its own
(Lakshminarayanan, Pritzel and Blundell 2017, "Simple and scalable predictive uncertainty estimation
using deep ensembles", section 2.4). Where the demonstrations say little the networks differ, and
their mean errs less than each of them does.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from baselines.bc import BCConfig, ClonedPolicy, blank_policy, clone, hold_out
from baselines.networks import ActionHead, NetworkPolicy
from il_envs import Algorithm, Problem


@dataclass(frozen=True)
class BCEnsembleConfig:
    """Settings of an ensemble of clones."""

    members: int = 5
    """Networks. Where cloning counts actions they would all be the same, and there is one table."""
    cloning: BCConfig = field(default_factory=BCConfig)
    """How each one is trained."""


class AverageBody(nn.Module):
    """Several networks in the place of one: what they put out is averaged as the head has it."""

    def __init__(self, bodies: Sequence[nn.Module], head: ActionHead) -> None:
        super().__init__()
        self.bodies = nn.ModuleList(bodies)
        self._average = head.average

    def forward(self, inputs: Tensor) -> Tensor:
        """From normalised observations to outputs, [rows, outputs]."""
        return self._average(torch.stack([body(inputs) for body in self.bodies]))


def average(members: Sequence[NetworkPolicy]) -> NetworkPolicy:
    """One policy of the members' mean: of modes for a Gaussian, of probabilities for the others.

    Args:
        members: of the same spaces, and normalised by the same observations. What the head has
            fitted is the first one's until it is calibrated.
    """
    policy = deepcopy(members[0])
    policy.body = AverageBody([member.body for member in members], policy.head)
    return policy


def train(problem: Problem, seed: int, config: BCEnsembleConfig) -> ClonedPolicy:
    """Clone the demonstrations that the budget allows, several times over."""
    shown = problem.demonstrations()
    cloning = config.cloning
    members: list[NetworkPolicy] = []
    for member_seed in range(seed * config.members, (seed + 1) * config.members):
        member = clone(
            blank_policy(problem, member_seed, cloning),
            shown.observations, shown.actions, shown.episode_index,
            cloning, cloning.updates, member_seed,
        )  # fmt: skip
        if not isinstance(member, NetworkPolicy):
            return member
        members.append(member)
    policy = average(members)
    held_out = hold_out(shown.episode_index, cloning.validation_share)
    inputs = policy.encoder(shown.observations[held_out])
    policy.calibrate(inputs, torch.as_tensor(shown.actions[held_out]))
    return policy


algorithm = Algorithm(
    name="bc-ensemble",
    summary="behaviour cloning: the mean of several networks",
    sources=frozenset({"demonstrations"}),
    config=BCEnsembleConfig(),
    train=train,
)
