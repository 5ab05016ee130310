"""An ensemble of behaviour-cloned networks, averaged into one policy.

Each network starts from its own initial weights and draws the demonstrations in its own order
(Lakshminarayanan, Pritzel and Blundell 2017, "Simple and scalable predictive uncertainty estimation
using deep ensembles", section 2.4). Where demonstrations are sparse the networks disagree, and
their mean has a smaller error than each of them.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from baselines import bc
from baselines.bc import BCConfig, ClonedPolicy, blank_policy, clone, hold_out
from baselines.heads import ActionHead
from baselines.networks import NetworkPolicy, restored_network
from il_envs import Algorithm, Problem, World


@dataclass(frozen=True)
class BCEnsembleConfig:
    """Settings of an ensemble of behaviour-cloned networks."""

    members: int = 5
    """Number of networks. Where cloning counts actions they would all be the same, so that there is
    only one table."""
    cloning: BCConfig = field(default_factory=BCConfig)
    """Settings with which each one is trained."""


class AverageBody(nn.Module):
    """Several networks in place of one; their outputs are averaged by the policy's action head."""

    def __init__(self, bodies: Sequence[nn.Module], head: ActionHead) -> None:
        super().__init__()
        self.bodies = nn.ModuleList(bodies)
        self._average = head.average

    def forward(self, inputs: Tensor) -> Tensor:
        """From normalised observations to outputs, [rows, outputs]."""
        return self._average(torch.stack([body(inputs) for body in self.bodies]))


def average(members: Sequence[NetworkPolicy]) -> NetworkPolicy:
    """The members' mean as one policy: the mean of modes for a Gaussian head, of probabilities for
    the others.

    Args:
        members: policies for the same spaces, normalised by the same observations. Until it is
            calibrated, the head keeps the fitted parameters of the first one.
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
    with torch.no_grad():
        policy.head.calibrate(policy.body(inputs), torch.as_tensor(shown.actions[held_out]))
    return policy


def restore(
    world: World, tensors: Mapping[str, NDArray[Any]], config: BCEnsembleConfig
) -> ClonedPolicy:
    """The policy whose `tensors` these are; arguments and errors are those of `bc.restore`."""
    if "probabilities" in tensors:
        return bc.restore(world, tensors, config.cloning)
    shared = {name: tensor for name, tensor in tensors.items() if not name.startswith("body.")}
    members = []
    for number in range(config.members):
        start = f"body.bodies.{number}."
        own = {
            f"body.{name.removeprefix(start)}": tensor
            for name, tensor in tensors.items()
            if name.startswith(start)
        }
        members.append(restored_network(world, shared | own, config.cloning.head))
    return average(members)


algorithm = Algorithm(
    name="bc-ensemble",
    summary="behaviour cloning: the mean of several networks",
    sources=frozenset({"demonstrations"}),
    config=BCEnsembleConfig(cloning=bc.algorithm.config),
    train=train,
    restore=restore,
    tuned_as="bc",
)
