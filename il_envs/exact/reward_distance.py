"""Distances between rewards that ignore scale and potential-based shaping."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.linalg import lsmr

from il_envs.exact.checks import FloatArray, numbers, require_memory
from il_envs.exact.evaluation import evaluate, uniform_policy
from il_envs.exact.tabular_model import TabularModel

NEGLIGIBLE = 1e-12  # a canonical reward counts as zero below this share of the reward's size
ROUNDING = 1e-15  # relative tolerance of a least-squares solution: as exact as the numbers are


def epic_distance(first: ArrayLike, second: ArrayLike, discount: float) -> float:
    """The EPIC pseudometric (Gleave et al. 2021), from 0 to 1.

    Rewards are compared on transitions whose state, action and next state are drawn uniformly and
    independently, whether or not the dynamics allow them. It is 0 for rewards that differ by a
    positive scale and a potential, discount * phi(s') - phi(s).

    Args:
        first, second: rewards [S], [S, A] or [S, A, S'].
        discount: discount of the shaping to which the distance is invariant.

    Raises:
        ValueError: if the shapes do not fit.
        MemoryError: if [S, A, S'] does not fit into memory.
    """
    rewards = [_over_transitions(_scaled(reward)) for reward in (first, second)]
    states = rewards[0].shape[0]
    actions = max(reward.shape[1] for reward in rewards)
    for reward in rewards:
        if reward.shape[0] != states or reward.shape[1] not in (1, actions):
            raise ValueError(
                f"the rewards are of {list(rewards[0].shape[:2])} and "
                f"{list(rewards[1].shape[:2])} states and actions"
            )
    require_memory("EPIC's canonical rewards", 3 * 8 * states * actions * states)
    canonical = [
        _normalised(_canonically_shaped(reward, discount, (states, actions, states)))
        for reward in rewards
    ]
    # sqrt((1 - rho) / 2), where rho is Pearson's correlation of the two.
    return float(0.5 * np.linalg.norm(canonical[0] - canonical[1]))


def starc_distance(model: TabularModel, first: ArrayLike, second: ArrayLike) -> float:
    """A STARC metric (Skalse et al. 2024), from 0 to 1.

    Rewards are canonicalised, normalised and compared in the L2 norm. The distance is 0 for rewards
    that differ only by a positive scale and by shaping, or in ways that the dynamics cannot
    distinguish. Shaping is of the kind of the rewards:

    - Two rewards that do not depend on time may differ by a potential that does not either,
      discount * E[phi(s')] - phi(s), which is not 0 at the horizon, and without a discount by a
      constant. The canonical reward is the one of least norm (definition 9).
    - If one of them depends on time, [T, S, A], so may the potential, discount * E[phi_{t+1}(s')] -
      phi_t(s) with phi_T = 0. The canonical reward is the advantage of the uniform policy in the
      model, A(s,a) = r(s,a) - V(s) + discount * E[V(s')] (definition 8).

    Args:
        model: the dynamics; unavailable actions do not count.
        first, second: rewards [S], [S, A] or [T, S, A].

    Raises:
        ValueError: if the shapes do not fit the model.
    """
    models = [model.with_reward(_scaled(reward)) for reward in (first, second)]
    canonicalise = _advantage if any(m.has_timed_reward for m in models) else _least
    canonical = [_normalised(canonicalise(shaped)) for shaped in models]
    return float(0.5 * np.linalg.norm(canonical[0] - canonical[1]))


def _scaled(reward: ArrayLike) -> FloatArray:
    """A reward scaled to a largest absolute entry of 1, so that squares neither over- nor
    underflow."""
    array = numbers("reward", reward)
    largest = np.abs(array).max(initial=0.0)
    return array / largest if largest > 0.0 else array


def _over_transitions(array: FloatArray) -> FloatArray:
    """A reward as float64 [S, A or 1, S' or 1]."""
    if array.ndim not in (1, 2, 3) or (array.ndim == 3 and array.shape[0] != array.shape[2]):
        raise ValueError(
            f"a reward must have the shape [S], [S, A] or [S, A, S'], not {list(array.shape)}"
        )
    return array.reshape(array.shape + (1,) * (3 - array.ndim))


def _canonically_shaped(
    reward: FloatArray, discount: float, shape: tuple[int, int, int]
) -> FloatArray:
    """R(s,a,s') + E[discount R(s',A,S') - R(s,A,S') - discount R(S,A,S')], [S, A, S']."""
    mean = reward.mean(axis=(1, 2))  # E[R(s, A, S')]
    shaped = reward + discount * mean - mean[:, None, None] - discount * mean.mean()
    shaped = np.broadcast_to(shaped, shape)
    return _without_rounding(shaped - shaped.mean(), reward)


def _least(model: TabularModel) -> FloatArray:
    """What is left of the model's reward [S, A] without the shaping nearest to it, float64 [pairs],
    for the available pairs of a state and an action."""
    available = model.available.T.ravel()  # transitions are stored action by action
    staying = sparse.vstack([sparse.eye_array(model.states)] * model.actions)
    shaping = model.discount * model.transition - staying
    if model.discount == 1.0:
        shaping = sparse.hstack([shaping, np.ones((shaping.shape[0], 1))])
    shaping = shaping.tocsr()[available]
    reward = model.reward_at(0).T.ravel()[available]
    exactly = {"atol": ROUNDING, "btol": ROUNDING, "conlim": 0.0}
    potential = lsmr(shaping, reward, **exactly, maxiter=20 * shaping.shape[1])[0]
    return _without_rounding(reward - shaping @ potential, reward)


def _advantage(model: TabularModel) -> FloatArray:
    """The advantage of the uniform policy, [T, S, A]; zero where an action is not available."""
    uniform = evaluate(model, uniform_policy(model.available))
    value = uniform.value if model.horizon is None else uniform.value[:-1]
    advantage = np.where(model.available, uniform.q - value[..., None], 0.0)
    return _without_rounding(advantage, np.where(model.available, uniform.q, 0.0))


def _without_rounding(canonical: FloatArray, original: FloatArray) -> FloatArray:
    largest = np.abs(original).max()
    return canonical if np.abs(canonical).max() > NEGLIGIBLE * largest else np.zeros_like(canonical)


def _normalised(canonical: FloatArray) -> FloatArray:
    norm = np.linalg.norm(canonical)
    return canonical / norm if norm > 0.0 else canonical
