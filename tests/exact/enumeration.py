"""The judge: small models solved by listing everything that can happen.

Slow and obvious on purpose, and independent: plain arrays in, plain arrays out. Nothing here knows
how il_envs works. Times are counted from 0, so `table[t]` belongs to the t-th action.
"""

import itertools
from dataclasses import dataclass, replace
from functools import cache

import mpmath
import numpy as np

KINDS = (
    "dense",
    "sparse",
    "slippery",
    "deterministic",
    "unreachable",
    "absorbing",
    "single_state",
    "single_action",
    "horizon_one",
    "unavailable",
    "time_dependent",
    "state_only",
    "fixed_start",
    "spread_start",
    "mixed",
    "discounted",
)
MIXABLE = tuple(
    kind for kind in KINDS[:-2] if kind not in ("single_state", "single_action", "horizon_one")
)
UNDISCOUNTED = tuple(kind for kind in KINDS if kind != "discounted")


# ------------------------------------------------------------------------------- small models


@dataclass(frozen=True, eq=False)
class Case:
    """The numbers of a small model, each in the form in which a user would give it."""

    kind: str
    seed: int
    transition: np.ndarray  # [S, A, S']; rows of unavailable actions are zero
    reward: np.ndarray  # [S], [S, A] or [T, S, A]
    initial: np.ndarray
    horizon: int
    discount: float
    features: np.ndarray  # [S, K] or [S, A, K]
    available: np.ndarray  # [S, A]
    temperature: float

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.horizon, *self.available.shape)

    @property
    def reward_table(self) -> np.ndarray:  # [T, S, A]
        reward = self.reward[:, None] if self.reward.ndim == 1 else self.reward
        return np.broadcast_to(reward, self.shape)

    @property
    def feature_table(self) -> np.ndarray:  # [T, S, A, K]
        features = self.features[:, None] if self.features.ndim == 2 else self.features
        return np.broadcast_to(features, (*self.shape, features.shape[-1]))

    @property
    def discounts(self) -> np.ndarray:
        return self.discount ** np.arange(self.horizon)

    def rng(self, purpose: int = 0) -> np.random.Generator:
        return np.random.default_rng([KINDS.index(self.kind), self.seed, 1 + purpose])


@cache
def draw(kind: str, seed: int, largest: tuple[int, int, int] = (4, 3, 4)) -> Case:
    """A random model of a kind, with at most `largest` states, actions and steps."""
    rng = np.random.default_rng([KINDS.index(kind), seed, 0])
    traits = {kind}
    if kind in ("mixed", "discounted"):
        traits |= set(rng.choice(MIXABLE, 3, replace=False).tolist())
    while True:
        states, actions, horizon = (int(rng.integers(1, most + 1)) for most in largest)
        states = 1 if "single_state" in traits else states
        actions = 1 if "single_action" in traits else actions
        horizon = 1 if "horizon_one" in traits else horizon
        small = states * (states * actions) ** horizon <= 8_000
        worthy = horizon > 1 or "horizon_one" in traits
        worthy &= states > 1 or "single_state" in traits
        worthy &= actions > 1 or "single_action" in traits
        if small and worthy:
            break

    certain = np.eye(states)[rng.integers(states, size=(states, actions))]
    if "deterministic" in traits:
        transition = certain
    elif "slippery" in traits:
        transition = 0.7 * certain + 0.3 / states
    else:
        transition = rng.dirichlet(np.ones(states), (states, actions))
    if "sparse" in traits:
        transition = np.where(rng.random(transition.shape) < 0.6, 0.0, transition) + 1e-9 * certain
        transition[transition < 1e-9] = 0.0
    initial = rng.dirichlet(np.ones(states))
    if "fixed_start" in traits or (seed % 2 and "spread_start" not in traits):
        initial = np.eye(states)[rng.integers(max(1, states - 1))]
    if "unreachable" in traits and states > 1:
        transition = transition[:, :, : states - 1] + 1e-6
        transition = np.concatenate([transition, np.zeros((states, actions, 1))], axis=2)
        initial = np.append(initial[:-1] + 1e-6, 0.0)
    transition = transition / transition.sum(-1, keepdims=True)
    initial = initial / initial.sum()

    reward_shape = (states, actions)
    if "state_only" in traits:
        reward_shape = (states,)
    elif "time_dependent" in traits:
        reward_shape = (horizon, states, actions)
    reward = 1.5 * rng.normal(size=reward_shape)
    if "absorbing" in traits:
        transition[-1] = np.eye(states)[-1]
        reward[(..., -1) if reward.ndim == 1 else (..., -1, slice(None))] = 0.0
    available = np.ones((states, actions), bool)
    if "unavailable" in traits:
        available = rng.random((states, actions)) < 0.5
        available[np.arange(states), rng.integers(actions, size=states)] = True
        if actions > 1 and available.all():
            available[rng.integers(states), 0] = False
        transition = transition * available[:, :, None]
    return Case(
        kind=kind,
        seed=seed,
        transition=transition,
        reward=reward,
        initial=initial,
        horizon=horizon,
        discount=float(rng.uniform(0.5, 0.95)) if "discounted" in traits else 1.0,
        features=rng.normal(size=(states, 3) if seed % 2 else (states, actions, 3)),
        available=available,
        temperature=float(rng.uniform(0.4, 2.0)),
    )


def random_policy(case: Case, rng: np.random.Generator) -> np.ndarray:
    """[T, S, A], with a probability above zero for every available action."""
    policy = rng.dirichlet(np.ones(case.shape[2]), case.shape[:2]) + 0.05
    policy = policy * case.available
    return policy / policy.sum(-1, keepdims=True)


def uniform_policy(case: Case) -> np.ndarray:
    policy = case.available / case.available.sum(-1, keepdims=True)
    return np.broadcast_to(policy, case.shape)


# --------------------------------------------------------------------- everything that can happen


@dataclass(frozen=True, eq=False)
class Paths:
    """All that can happen, one row each, and how likely the dynamics make it: ρ(s) Π p(s'|s,a)."""

    states: np.ndarray  # [N, length], or one more with the state after the last action
    actions: np.ndarray  # [N, length]
    dynamics: np.ndarray  # [N]


def list_paths(case: Case, initial: np.ndarray, length: int, final_state: bool = False) -> Paths:
    """Every path of `length` actions that starts where `initial` is above zero."""
    _, states, actions = case.shape
    visited = length + final_state
    choices = [range(states)] * visited + [range(actions)] * length
    rows = np.array(np.meshgrid(*choices, indexing="ij")).reshape(visited + length, -1).T
    path_states, path_actions = rows[:, :visited], rows[:, visited:]
    dynamics = initial[path_states[:, 0]].copy()
    for t in range(length):
        dynamics *= case.available[path_states[:, t], path_actions[:, t]]
        if t + 1 < visited:
            here, action, there = path_states[:, t], path_actions[:, t], path_states[:, t + 1]
            dynamics *= case.transition[here, action, there]
    possible = dynamics > 0
    return Paths(path_states[possible], path_actions[possible], dynamics[possible])


@cache
def trajectories(case: Case, final_state: bool = False) -> Paths:
    return list_paths(case, case.initial, case.horizon, final_state)


def total(table: np.ndarray, paths: Paths, discount: float = 1.0, first: int = 0) -> np.ndarray:
    """Σ_t discount^t table[first + t, s_t, a_t] along every path."""
    result = np.zeros((len(paths.actions), *table.shape[3:]))
    for t in range(paths.actions.shape[1]):
        result += discount**t * table[first + t, paths.states[:, t], paths.actions[:, t]]
    return result


def product(policy: np.ndarray, paths: Paths, first: int = 0) -> np.ndarray:
    """Π_t π_t(a_t|s_t) along every path."""
    result = np.ones(len(paths.actions))
    for t in range(paths.actions.shape[1]):
        result *= policy[first + t, paths.states[:, t], paths.actions[:, t]]
    return result


def visits(case: Case, paths: Paths, probability: np.ndarray) -> np.ndarray:
    """[T, S, A]: how likely each state and action is at each time."""
    result = np.zeros(case.shape)
    for t in range(case.horizon):
        np.add.at(result[t], (paths.states[:, t], paths.actions[:, t]), probability)
    return result


# ------------------------------------------------------------------------- the posterior's answers


def partition(case: Case) -> float:
    """Z = Σ_τ ρ Π p exp(Σ_t r_t / temperature)."""
    paths = trajectories(case)
    return float(
        np.sum(paths.dynamics * np.exp(total(case.reward_table, paths) / case.temperature))
    )


def posterior(case: Case, final_state: bool = False) -> np.ndarray:
    """The probability of every trajectory."""
    paths = trajectories(case, final_state)
    weights = paths.dynamics * np.exp(total(case.reward_table, paths) / case.temperature)
    return weights / partition(case)


def forward_messages(case: Case) -> np.ndarray:
    """α [T, S]: the weight of all ways to get to a state, its own reward not counted yet."""
    alpha = np.zeros(case.shape[:2])
    for t in range(case.horizon):
        paths = list_paths(case, case.initial, t, final_state=True)
        weights = paths.dynamics * np.exp(total(case.reward_table, paths) / case.temperature)
        np.add.at(alpha[t], paths.states[:, -1], weights)
    return alpha


def backward_messages(case: Case) -> np.ndarray:
    """β [T, S, A]: the weight of all that follows a state and an action, their reward counted."""
    beta = np.zeros(case.shape)
    for t in range(case.horizon):
        paths = list_paths(case, np.ones(case.shape[1]), case.horizon - t)
        rewards = total(case.reward_table, paths, first=t)
        weights = paths.dynamics * np.exp(rewards / case.temperature)
        np.add.at(beta[t], (paths.states[:, 0], paths.actions[:, 0]), weights)
    return beta


# --------------------------------------------------------------------- any policy, real dynamics


def distribution(case: Case, policy: np.ndarray, final_state: bool = False) -> np.ndarray:
    """The probability of every trajectory of a policy."""
    paths = trajectories(case, final_state)
    return paths.dynamics * product(policy, paths)


def expected_return(case: Case, policy: np.ndarray) -> float:
    rewards = total(case.reward_table, trajectories(case), case.discount)
    return float(distribution(case, policy) @ rewards)


def causal_entropy(case: Case, policy: np.ndarray) -> float:
    """E[-Σ_t discount^t log π_t(a_t|s_t)]."""
    surprise = -np.log(np.where(policy > 0, policy, 1.0))
    return float(distribution(case, policy) @ total(surprise, trajectories(case), case.discount))


def feature_expectations(case: Case, probability: np.ndarray) -> np.ndarray:
    return probability @ total(case.feature_table, trajectories(case), case.discount)


def policy_value(case: Case, policy: np.ndarray) -> np.ndarray:
    """[T+1, S]: the expected return from each state at each time, in units of the reward."""
    value = np.zeros((case.horizon + 1, case.shape[1]))
    for t in range(case.horizon):
        paths = list_paths(case, np.ones(case.shape[1]), case.horizon - t)
        rewards = total(case.reward_table, paths, case.discount, first=t)
        weights = paths.dynamics * product(policy, paths, first=t)
        np.add.at(value[t], paths.states[:, 0], weights * rewards)
    return value


def best_deterministic(case: Case) -> np.ndarray:
    """[S]: the best value at the start of any deterministic policy, by trying all of them."""
    horizon, states, _ = case.shape
    options = [np.flatnonzero(case.available[s]) for _ in range(horizon) for s in range(states)]
    choices = np.array(list(itertools.product(*options))).reshape(-1, horizon, states)
    value = np.zeros((len(choices), states))
    for t in reversed(range(horizon)):
        rewards = case.reward_table[t, np.arange(states), choices[:, t]]
        moves = case.transition[np.arange(states), choices[:, t]]  # [N, S, S']
        value = rewards + case.discount * np.einsum("nij,nj->ni", moves, value)
    return value.max(0)


# ------------------------------------------------------------------------------- with many digits


def soft_values(case: Case, backup: str, digits: int = 60) -> tuple[list, list, list]:
    """V [T+1][S], Q [T][S][A] and occupancy [T][S][A] as mpmath numbers that cannot overflow."""
    horizon, states, actions = case.shape
    with mpmath.workdps(digits):
        number = np.vectorize(mpmath.mpf, otypes=[object])
        transition, initial = number(case.transition), number(case.initial)
        reward = number(case.reward_table) / mpmath.mpf(case.temperature)
        value = [[mpmath.mpf(0)] * states for _ in range(horizon + 1)]
        q = [[[mpmath.mpf("-inf")] * actions for _ in range(states)] for _ in range(horizon)]
        for t in reversed(range(horizon)):
            for s in range(states):
                for a in np.flatnonzero(case.available[s]):
                    if backup == "causal":
                        after = transition[s, a] @ value[t + 1] * mpmath.mpf(case.discount)
                    else:
                        exps = [mpmath.exp(v) for v in value[t + 1]]
                        after = mpmath.log(mpmath.fsum(transition[s, a] * exps))
                    q[t][s][a] = reward[t, s, a] + after
                value[t][s] = mpmath.log(mpmath.fsum(mpmath.exp(x) for x in q[t][s]))
        occupancy = [[[mpmath.mpf(0)] * actions for _ in range(states)] for _ in range(horizon)]
        lift = [mpmath.exp(v) for v in value[0]]
        here = list(initial) if backup == "causal" else list(initial * lift)
        for t in range(horizon):
            size = mpmath.fsum(here)
            here = [x / size for x in here]
            there = [mpmath.mpf(0)] * states
            for s, a in itertools.product(range(states), range(actions)):
                if not case.available[s, a]:
                    continue
                occupancy[t][s][a] = here[s] * mpmath.exp(q[t][s][a] - value[t][s])
                lift = transition[s, a]
                if backup == "posterior":
                    lift = lift * [mpmath.exp(v) for v in value[t + 1]]
                    lift = lift / mpmath.fsum(lift)
                there = [x + occupancy[t][s][a] * y for x, y in zip(there, lift, strict=True)]
            here = there
        return value, q, occupancy


# ---------------------------------------------------------------------------- distances of rewards


def epic(first: np.ndarray, second: np.ndarray, discount: float) -> float:
    """The EPIC distance of two rewards [S, A, S'], by its definition and uniform coverage."""

    def canonical(reward: np.ndarray) -> np.ndarray:
        result = np.empty_like(reward)
        for s, a, after in np.ndindex(reward.shape):
            result[s, a, after] = (
                reward[s, a, after]
                + discount * reward[after].mean()
                - reward[s].mean()
                - discount * reward.mean()
            )
        return result.ravel()

    correlation = np.corrcoef(canonical(first), canonical(second))[0, 1]
    return float(np.sqrt(max(0.0, 1 - correlation) / 2))


def starc(case: Case, first: np.ndarray, second: np.ndarray) -> float:
    """The STARC distance of two rewards [T, S, A] by the advantages of the uniform policy."""

    def canonical(reward: np.ndarray) -> np.ndarray:
        value = policy_value(replace(case, reward=reward), uniform_policy(case))
        advantage = np.zeros(case.shape)
        for t, s, a in np.ndindex(case.shape):
            if case.available[s, a]:
                after = case.discount * case.transition[s, a] @ value[t + 1]
                advantage[t, s, a] = reward[t, s, a] + after - value[t, s]
        return advantage / np.linalg.norm(advantage)

    return float(np.linalg.norm(canonical(first) - canonical(second)) / 2)


def starc_without_time(case: Case, first: np.ndarray, second: np.ndarray) -> float:
    """The STARC distance of two rewards [S, A] by what is left of each without the nearest shaping
    by a potential of the state, and without a discount by a constant."""
    pairs = case.available.ravel()
    states = case.shape[1]
    moves = case.discount * case.transition - np.eye(states)[:, None]
    shaping = moves.reshape(-1, states)[pairs]
    if case.discount == 1.0:
        shaping = np.column_stack([shaping, np.ones(len(shaping))])

    def canonical(reward: np.ndarray) -> np.ndarray:
        wanted = reward.ravel()[pairs]
        left = wanted - shaping @ np.linalg.lstsq(shaping, wanted, rcond=None)[0]
        return left / np.linalg.norm(left)

    return float(np.linalg.norm(canonical(first) - canonical(second)) / 2)
