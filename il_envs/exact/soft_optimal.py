"""The exact soft-optimal policy of a tabular model, in the two models that are often confused.

Causal (Ziebart 2010): Q_t = r_t + discount * E[V_{t+1}], the policy that maximises
E[sum r] + H in the true dynamics. Posterior (Levine 2018, section 2): Q_t = r_t + log E[exp
V_{t+1}], the posterior over trajectories given that every step was optimal. It plans with
optimistic dynamics: conditioned on success, transitions tilt towards reward. In both models
V_t = log sum_a exp Q_t and pi_t = exp(Q_t - V_t). They agree where the dynamics are deterministic.
The prior over actions is uniform on the available ones, and its log is dropped.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
import scipy  # which imports its `special`, a slow one, where it is first used
from numpy.typing import ArrayLike
from scipy import sparse

from il_envs.exact.checks import FloatArray, IntArray, require_memory
from il_envs.exact.evaluation import Evaluation, entries_of, occupancy_of
from il_envs.exact.sampling import sample_trajectories
from il_envs.exact.soft_backup import (
    WIDEST,
    Backup,
    action_values,
    log,
    log_sum_exp,
    log_weighted_sum,
    require_temperature,
    scaled_reward,
    scaled_rewards,
)
from il_envs.exact.tabular_model import TabularModel

MOST_ITERATIONS = 100  # of Newton's method, which needs about ten


@dataclass(frozen=True, repr=False)
class SoftOptimal:
    """The soft-optimal policy of a model, with its values, occupancy and likelihoods.

    Shapes are for a finite horizon of T steps; where `model.horizon` is None no array has a time
    axis. Only the values are stored; everything else is computed on demand.

    Attributes:
        model: the model.
        backup: "causal" or "posterior".
        temperature: divides the reward, so that values are in nats.
        value: V_t(s), float64 [T + 1, S], value[T] = 0.
    """

    model: TabularModel
    backup: Backup
    temperature: float
    value: FloatArray

    def __repr__(self) -> str:
        return f"<{self.backup} soft-optimum at {self.temperature:g} of {self.model!r}>"

    @cached_property
    def q(self) -> FloatArray:
        """Q_t(s,a), float64 [T, S, A], minus infinity where an action is not available; it is also
        the log of the backward message beta_t(s,a)."""
        model = self.model
        steps = model.horizon or 1
        require_memory("q", 8 * steps * model.states * model.actions)
        q = np.empty((steps, model.states, model.actions))
        following = self.value[None] if model.horizon is None else self.value[1:]
        for step, reward in scaled_rewards(model, self.temperature):
            for states, block in action_values(model, self.backup, reward, following[step]):
                q[step, states] = block.T
        return q[0] if model.horizon is None else q

    @cached_property
    def log_policy(self) -> FloatArray:
        """log pi_t(a|s) = Q - V, float64 [T, S, A]."""
        require_memory("the policy", self.q.nbytes)
        value = self.value if self.model.horizon is None else self.value[:-1]
        return self.q - value[..., None]

    @cached_property
    def policy(self) -> FloatArray:
        """pi_t(a|s), float64 [T, S, A]."""
        require_memory("the policy", self.q.nbytes)
        policy = np.exp(self.log_policy)
        policy /= (policy @ np.ones(self.model.actions))[..., None]  # faster than sum(-1)
        return policy

    @cached_property
    def evaluation(self) -> Evaluation:
        """The policy evaluated in the true dynamics."""
        return Evaluation(self.model, self.policy)

    @cached_property
    def occupancy(self) -> FloatArray:
        """P(s_t, a_t), float64 [T, S, A]; posterior: mu_t = alpha_t beta_t / Z, under the
        posterior's optimistic dynamics. Stationary: sum_t discount^t P(s_t, a_t), [S, A]."""
        if self.backup == "causal":
            return self.evaluation.occupancy
        return occupancy_of(self.policy, self.initial, self._posterior_move)

    def _posterior_move(self, step: int, occupancy: FloatArray) -> FloatArray:
        """The state marginal, float64 [S'], one step of the posterior's dynamics after an occupancy
        [S, A]."""
        next_value = self.value[step + 1]
        if np.ptp(next_value) >= WIDEST:
            return self.dynamics(step).T @ occupancy.T.ravel()
        weights = np.exp(next_value - next_value.max())  # one for each state, not each transition
        norms = self.model.expected_next(weights).T
        norms[~self.model.available] = 1.0
        return self.model.move(occupancy / norms) * weights

    @property
    def initial(self) -> FloatArray:
        """The start distribution, float64 [S]; posterior: rho exp V_1 / Z."""
        if self.backup == "causal":
            return self.model.initial
        weights = np.exp(log(self.model.initial) + self.value[0] - self.log_partition)
        return weights / weights.sum()

    def dynamics(self, step: int) -> sparse.csr_array:
        """p(s'|s,a) at a step, csr [A * S, S']; for the posterior the optimistic dynamics,
        p(s'|s,a) exp V(s') / norm."""
        model = self.model
        if self.backup == "causal":
            return model.transition
        next_value = self.value[step + 1]
        rows = np.repeat(np.arange(model.transition.shape[0]), np.diff(model.transition.indptr))
        norms = log_weighted_sum(model.transition, next_value)
        weights = np.exp(next_value[model.transition.indices] - norms[rows])
        matrix = model.transition.copy()
        matrix.data = matrix.data * weights
        return matrix

    @cached_property
    def log_partition(self) -> float:
        """log Z = log E_rho[exp V_1] (posterior), or E_rho[V_1] = max E[sum r] + H (causal)."""
        first = self.value if self.model.horizon is None else self.value[0]
        if self.backup == "causal":
            return float(self.model.initial @ first)
        return float(scipy.special.logsumexp(first, b=self.model.initial))

    @cached_property
    def log_forward(self) -> FloatArray:
        """Log of the forward message, float64 [T, S]: the state marginal (causal), or
        alpha_{t+1}(s') = sum p(s'|s,a) exp(r_t(s,a)) alpha_t(s), alpha_1 = rho (posterior)."""
        model = self.model
        if model.horizon is None:
            raise ValueError("messages need a horizon; this model has none")
        if self.backup == "causal":
            return log(self.occupancy.sum(-1))
        backward = model.transition.T.tocsr()
        forward = np.empty((model.horizon, model.states))
        forward[0] = log(model.initial)
        for step in range(model.horizon - 1):
            sent = forward[step] + scaled_reward(model, self.temperature, step)
            forward[step + 1] = log_weighted_sum(backward, sent.ravel())
        return forward

    @property
    def feature_expectations(self) -> FloatArray:
        """E[sum of discounted features] under `occupancy`, float64 [K]."""
        return self.model.expected_features(self.occupancy)

    @property
    def expected_return(self) -> float:
        """E[sum of discounted rewards] under `occupancy`, in units of the reward."""
        if self.backup == "causal":
            return self.evaluation.expected_return
        steps = range(len(self.occupancy))
        return float(sum((self.occupancy[t] * self.model.reward_at(t)).sum() for t in steps))

    @property
    def entropy(self) -> float:
        """Nats: E[sum of discounted -log pi] (causal), or -E[log p(tau) / (rho prod p)], which is
        log Z - E[sum r] (posterior)."""
        if self.backup == "causal":
            return self.evaluation.entropy
        return self.log_partition - self.expected_return / self.temperature

    def log_likelihood(self, states: ArrayLike, actions: ArrayLike) -> FloatArray:
        """log p(tau) / (rho(s_1) prod p(s'|s,a)) of each trajectory, float64 [N], nats: the sum of
        log pi_t(a_t|s_t) (causal), or sum_t r_t - log Z (posterior).

        Args:
            states: int [N, T + 1] or [N, T].
            actions: int [N, T].

        Raises:
            ValueError: if a trajectory is impossible in the model.
        """
        states, actions = self.model.check_trajectories(states, actions)
        if self.backup == "causal":
            return entries_of(self.log_policy, states, actions).sum(1)
        assert self.model.reward is not None  # it has been solved
        rewards = entries_of(self.model.reward, states, actions).sum(1)
        return rewards / self.temperature - self.log_partition

    def sample(self, count: int, seed: int, steps: int | None = None) -> tuple[IntArray, IntArray]:
        """Trajectories: states int64 [count, T + 1] and actions int64 [count, T]; those of the
        posterior follow its optimistic dynamics.

        Args:
            steps: T; by default the model's horizon. Required if the model has none.
        """
        steps = self.model.checked_steps(steps)
        return sample_trajectories(self.policy, self.initial, self.dynamics, count, seed, steps)


def soft_optimal(
    model: TabularModel, backup: Backup = "causal", temperature: float = 1.0
) -> SoftOptimal:
    """Solve a model for its soft-optimal policy, exactly and in log space.

    Each step visits each stored transition once. Without a horizon the fixed point is found by
    Newton's method, which is soft policy iteration, and converges quadratically.

    Args:
        backup: "causal" or "posterior"; the posterior needs a horizon and a discount of 1.
        temperature: divides the reward; above 0 (see `hard_optimal` for the limit 0).

    Raises:
        ValueError: if an argument is invalid, or the model has no reward.
        MemoryError: if the values do not fit into memory.
    """
    if backup not in get_args(Backup):
        raise ValueError(f"backup must be 'causal' or 'posterior', not {backup!r}")
    require_temperature(temperature)
    if backup == "posterior" and model.discount != 1.0:
        raise ValueError(
            f"the posterior backup knows no discount, the model's is {model.discount}; "
            "end episodes in an absorbing state instead"
        )
    if model.horizon is None:
        return SoftOptimal(model, backup, temperature, _stationary_value(model, temperature))
    require_memory("the values", 8 * (model.horizon + 1) * model.states)
    value = np.zeros((model.horizon + 1, model.states))
    for step, reward in scaled_rewards(model, temperature):
        for states, q in action_values(model, backup, reward, value[step + 1]):
            value[step, states] = log_sum_exp(q)
    return SoftOptimal(model, backup, temperature, value)


def _stationary_value(model: TabularModel, temperature: float) -> FloatArray:
    """The fixed point of the causal soft Bellman equation, float64 [S].

    Raises:
        ArithmeticError: if Newton's method does not converge.
    """
    value = np.zeros(model.states)
    reward = scaled_reward(model, temperature, 0)
    residual = np.inf
    for _ in range(MOST_ITERATIONS):
        q = np.hstack([block for _, block in action_values(model, "causal", reward, value)])
        log_policy = scipy.special.log_softmax(q, axis=0)
        previous = residual
        residual = np.abs(log_sum_exp(q) - value).max()
        if 0.5 * previous <= residual <= 1e-12 * (1.0 + np.abs(value).max()):
            return value  # the residual is rounding
        policy = np.exp(log_policy)
        taken = policy > 0.0  # elsewhere the reward and log pi may both be minus infinity
        gains = np.where(taken, reward, 0.0) - np.where(taken, log_policy, 0.0)
        expected_gains = (policy * gains).sum(0)  # E[r] + H
        value = Evaluation(model.with_reward(expected_gains), policy.T).value
    raise ArithmeticError(
        f"the stationary values did not converge: after {MOST_ITERATIONS} steps of Newton's method "
        f"the Bellman equation is off by {residual:.3g} nats"
    )
