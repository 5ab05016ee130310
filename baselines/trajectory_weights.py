"""Importance weights of whole trajectories: the mathematics of guided cost learning.

Finn, Levine and Abbeel, "Guided cost learning", 2016. Maximum-entropy inverse reinforcement
learning wants the reward r under which demonstrations are most likely; its gradient is

    mean over demonstrations of grad R(tau) - E_target[grad R(tau)],    R(tau) = sum_t r(s_t, a_t),

where the target is the distribution of trajectories that the reward stands for. Trajectories of any
policy with full support estimate that mean, each weighted with target / sampler. The start and the
dynamics are in both and cancel: they appear in no weight. Which target is meant is the caller's
choice, a log density relative to the start and the dynamics:

R(tau)                        the posterior, as published. It takes luck for intent wherever the
                              dynamics are random; where they are not it is right, start by start.
sum_t log pi_new(a_t|s_t)     the causal model, whose soft-optimal policy pi_new acts in the real
                              dynamics: the weights correct for samples of an older policy.

Without weights the mean is that of the samples, which is the causal gradient if they are pi_new's.
"""

import torch
from torch import Tensor


def log_fused_density(log_densities: Tensor, counts: Tensor) -> Tensor:
    """Log density of the mixture that trajectories of several policies are samples of, [M].

    Its inverse is the paper's fusion weight, z = [(1/k) sum_kappa q_kappa(tau)]^-1 (section 4.3),
    with each policy's share of the samples in place of 1/k: any other would weight wrongly.

    Args:
        log_densities: log q_kappa(tau_j) of every trajectory under every policy, [k, M].
        counts: how many of the trajectories from the same start are each policy's, [k, M]; or
            [k, 1], where that is the same for every start.
    """
    counts = counts.to(log_densities.dtype)
    return torch.logsumexp(log_densities + (counts / counts.sum(0)).log(), 0)


def normalised_weights(log_weights: Tensor, starts: Tensor, shares: Tensor) -> Tensor:
    """Weights that sum to 1, in which every start keeps its share.

    A partition function is that of one start. Over several, weights that are normalised together
    favour the starts from which much can be won.

    Args:
        log_weights: log of target / sampler, up to a constant for each start, [M].
        starts: the number of the start of each trajectory, from 0, int64 [M].
        shares: of each start, which sum to 1, [starts].

    Raises:
        ArithmeticError: if a weight is not a number or infinite, or all of a start's are zero.
    """
    if bool((log_weights.isnan() | (log_weights == torch.inf)).any()):
        raise ArithmeticError(
            "the importance weights of trajectories are not finite: rewards have diverged, or a "
            "trajectory is impossible under every policy that should have sampled it"
        )
    largest = torch.full_like(shares, -torch.inf).scatter_reduce(0, starts, log_weights, "amax")
    if bool((largest[starts] == -torch.inf).any()):
        raise ArithmeticError(
            "the importance weights of all trajectories of a start are zero: the target would "
            "never do what the samplers did"
        )
    weights = (log_weights - largest[starts]).exp()
    totals = torch.zeros_like(shares).index_add(0, starts, weights)
    return weights * (shares / totals)[starts]


def effective_sample_size(weights: Tensor) -> float:
    """How many equally weighted trajectories would tell as much (Kong 1992): from 1 to M.

    Args:
        weights: [M], which sum to 1.
    """
    return float(1.0 / weights.square().sum())


def irl_loss(demonstrated: Tensor, background: Tensor, weights: Tensor) -> Tensor:
    """A loss with the gradient -(mean of grad R over demonstrations) + sum_j w_j grad R(tau_j),
    that of the negative log-likelihood (section 4.1).

    Args:
        demonstrated: R(tau) of the demonstrations, [N].
        background: R(tau_j) of the trajectories that stand for the target, [M]. The demonstrations
            belong among them (algorithm 2): a reward could be raised without bound where only they
            go.
        weights: normalised, [M].
    """
    return weights.detach() @ background - demonstrated.mean()


def local_constant_rate(rewards: Tensor) -> Tensor:
    """The regulariser g_lcr of section 5, which wants rewards to change evenly along a trajectory:
    sum_t [(r_{t+1} - r_t) - (r_t - r_{t-1})]^2, mean over trajectories.

    Args:
        rewards: of each step, [N, T].
    """
    return rewards.diff(n=2, dim=1).square().sum(1).mean()


def monotonic(rewards: Tensor) -> Tensor:
    """The regulariser g_mono of section 5, which wants a demonstration's cost c = -r to fall, to a
    slack of 1: sum_t max(0, c_t - c_{t-1} - 1)^2, mean over demonstrations.

    Args:
        rewards: of each step of the demonstrations, [N, T].
    """
    return (-rewards.diff(dim=1) - 1.0).clamp(min=0.0).square().sum(1).mean()
