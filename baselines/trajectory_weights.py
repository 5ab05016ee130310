"""Importance weights of whole trajectories: the mathematics of guided cost learning.

Finn, Levine and Abbeel, "Guided cost learning", 2016. Maximum-entropy inverse reinforcement
learning seeks the reward r under which the demonstrations are most likely; the gradient of the
log-likelihood is

    mean over demonstrations of grad R(tau) - E_target[grad R(tau)],    R(tau) = sum_t r(s_t, a_t),

where the target is the distribution of trajectories that the reward implies. The expectation under
it can be estimated from trajectories of any policy with full support, each weighted by target /
sampler. Start and dynamics are in both densities and cancel. The caller chooses the target, given
as a log density relative to the start and the dynamics:

R(tau)                        the posterior model, as published. Its dynamics are optimistic: where
                              transitions are stochastic it attributes their outcomes to the
                              expert's intent. With deterministic dynamics it is right for each
                              start.
sum_t log pi_new(a_t|s_t)     the causal model, whose soft-optimal policy pi_new acts in the true
                              dynamics: the weights correct for samples of an older policy.

Without weights the second term is the mean over the samples; if they are drawn from pi_new, this is
the causal gradient.
"""

import torch
from torch import Tensor


def log_fused_density(log_densities: Tensor, counts: Tensor) -> Tensor:
    """Log density of the mixture of policies from which trajectories were sampled, [M].

    The inverse of the density is the paper's fusion weight, z = [(1/k) sum_kappa q_kappa(tau)]^-1
    (section 4.3), with each policy's share of the samples in place of 1/k, as the mixture needs
    where the policies have different numbers of samples.

    Args:
        log_densities: log q_kappa(tau_j) of every trajectory under every policy, [k, M].
        counts: each policy's number of trajectories from the start of trajectory j, [k, M]; or
            [k, 1], if it is the same for every start.
    """
    counts = counts.to(log_densities.dtype)
    return torch.logsumexp(log_densities + (counts / counts.sum(0)).log(), 0)


def normalised_weights(log_weights: Tensor, starts: Tensor, shares: Tensor) -> Tensor:
    """Weights that sum to 1, normalised per start so that every start keeps its share.

    Each start has its own partition function. Weights that were normalised over all starts together
    would favour the starts with high returns.

    Args:
        log_weights: log of target / sampler, up to a constant for each start, [M].
        starts: the number of the start of each trajectory, from 0, int64 [M].
        shares: share of each start, [starts]; they sum to 1.

    Raises:
        ArithmeticError: if a weight is NaN or infinite, or all weights of a start are zero.
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
    """Effective sample size of the weights (Kong 1992), from 1 to M.

    Args:
        weights: [M]; they sum to 1.
    """
    return float(1.0 / weights.square().sum())


def irl_loss(demonstrated: Tensor, background: Tensor, weights: Tensor) -> Tensor:
    """A surrogate loss with the gradient of the negative log-likelihood (section 4.1),
    -(mean of grad R over demonstrations) + sum_j w_j grad R(tau_j).

    Args:
        demonstrated: R(tau) of the demonstrations, [N].
        background: R(tau_j) of the trajectories that represent the target, [M]. They should include
            the demonstrations (algorithm 2), because the reward could otherwise grow without bound
            where only the demonstrations go.
        weights: normalised weights, [M].
    """
    return weights.detach() @ background - demonstrated.mean()


def local_constant_rate(rewards: Tensor) -> Tensor:
    """The regulariser g_lcr of section 5, for rewards that change evenly along a trajectory:
    sum_t [(r_{t+1} - r_t) - (r_t - r_{t-1})]^2, mean over trajectories.

    Args:
        rewards: the reward of each step, [N, T].
    """
    return rewards.diff(n=2, dim=1).square().sum(1).mean()


def monotonic(rewards: Tensor) -> Tensor:
    """The regulariser g_mono of section 5, for costs c = -r that fall along a demonstration, with a
    slack of 1: sum_t max(0, c_t - c_{t-1} - 1)^2, mean over demonstrations.

    Args:
        rewards: the reward of each step of the demonstrations, [N, T].
    """
    return (-rewards.diff(dim=1) - 1.0).clamp(min=0.0).square().sum(1).mean()
