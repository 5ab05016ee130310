"""Exact references for concurrent buttons, in any model whose actions are chords.

The model's actions are the 2^K chords of K buttons, in the order of `buttons.joint_index`, and it
has a horizon. Between the best policy restricted to one button at a time and the best joint policy
lie the factorised policies, whose buttons are independent given the state, such as a network with a
Bernoulli output for each button. Factorised policies lose nothing in expected return, since a
deterministic policy is factorised. They lose where a policy has to be stochastic: with an entropy
bonus, or in imitating a multimodal expert that takes one of two chords and never a mixture of both.
"""

import numpy as np
import scipy  # which imports its `special`, a slow one, where it is first used

from il_envs.buttons import (
    button_count,
    independent_buttons,
    joint_chords,
    joint_index,
    joint_probabilities,
    single_button_chords,
)
from il_envs.exact.checks import FloatArray, IntArray
from il_envs.exact.evaluation import Evaluation, evaluate, hard_optimal, uniform_policy
from il_envs.exact.soft_backup import require_temperature, scaled_rewards
from il_envs.exact.soft_optimal import soft_optimal
from il_envs.exact.tabular_model import TabularModel

MOST_SWEEPS = 200
"""Most sweeps of coordinate ascent; about eight are needed. What then remains is worth 1e-9."""
CONVERGED = 1e-7
"""An ascent has converged if no probability changes by more than this in a sweep."""


def concurrency_references(model: TabularModel, temperature: float) -> dict[str, Evaluation]:
    """Reference policies for learners of chords, by name, each evaluated exactly.

    Those named "soft" maximise E[sum r] + temperature * entropy, whose value is
    `expected_return + temperature * entropy`. "cloned buttons" is the maximum-likelihood imitation
    of "joint, soft" by a policy with independent buttons.

    Raises:
        ValueError: as `independent_soft_optimal`.
    """
    one_button = one_button_model(model)
    joint = soft_optimal(model, "causal", temperature)
    return {
        "random": evaluate(model, uniform_policy(model.available)),
        "one button, soft": soft_optimal(one_button, "causal", temperature).evaluation,
        "one button": hard_optimal(one_button),
        "cloned buttons": evaluate(model, independent_buttons(joint.policy)),
        "independent buttons, soft": independent_soft_optimal(model, temperature),
        "joint, soft": joint.evaluation,
        "joint": hard_optimal(model),
    }


def one_button_model(model: TabularModel) -> TabularModel:
    """The same model restricted to chords of at most one button; the others are unavailable.

    Raises:
        ValueError: if the model's actions are not chords, all of them available.
    """
    buttons = _buttons(model)
    allowed = np.zeros(model.actions, np.bool_)
    allowed[joint_index(single_button_chords(buttons))] = True
    rows = [slice(a * model.states, (a + 1) * model.states) for a in range(model.actions)]
    return TabularModel(
        [model.transition[row] for row in rows],
        model.reward,
        model.initial,
        model.horizon,
        model.discount,
        model.features,
        np.broadcast_to(allowed, (model.states, model.actions)),
    )


def independent_soft_optimal(model: TabularModel, temperature: float) -> Evaluation:
    """The best policy with independent buttons for E[sum r] + temperature * entropy.

    V_t(s) = max_q E_q[Q_t(s, .)] + sum_k H(q_k) over products of Bernoulli distributions q, with
    Q_t = r_t / temperature + E[V_{t+1}]: the causal soft Bellman recursion, whose maximisation is
    a mean-field problem. It is exact up to that problem's local optima.

    Raises:
        ValueError: if the model's actions are not chords, all of them available, it has no horizon
            or no reward, or the temperature is not positive.
    """
    require_temperature(temperature)
    if model.horizon is None:
        raise ValueError("independent buttons need a model with a horizon")
    _buttons(model)
    policy = np.empty((model.horizon, model.states, model.actions))
    value = np.zeros(model.states)
    for step, reward in scaled_rewards(model, temperature):
        q = (reward + model.discount * model.expected_next(value)).T
        log_odds, value = mean_field(q)
        policy[step] = joint_probabilities(
            scipy.special.expit(log_odds), scipy.special.expit(-log_odds)
        )
    return evaluate(model, policy)


def mean_field(q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The product of Bernoulli distributions with the greatest E[q] + entropy, for each row.

    By coordinate ascent: given the others, the best log-odds of a button is the difference that
    pressing it makes to E[q]. The ascent starts at every corner of the cube and at the marginals of
    softmax(q), and the best local optimum is returned. Time and memory grow like n 4^K.

    Args:
        q: value of each chord, float64 [n, 2^K], nats.

    Returns:
        The log-odds of each button, float64 [n, K], and the objective, float64 [n].
    """
    rows, chords = np.arange(len(q)), joint_chords(button_count(q.shape[1]))
    # The first button is updated first, whatever its start, so half of the corners are enough.
    corners = np.where(chords[::2], np.inf, -np.inf)
    starts = [np.broadcast_to(corner, (len(q), len(corner))) for corner in corners]
    starts.append(_log_odds_of_softmax(q))
    log_odds = _ascend(np.concatenate(starts), q, np.tile(rows, len(starts)))
    objective = mean_field_objective(np.tile(q, (len(starts), 1)), log_odds)
    best = objective.reshape(len(starts), -1).argmax(0) * len(q) + rows
    return log_odds[best], objective[best]


def mean_field_objective(q: FloatArray, log_odds: FloatArray) -> FloatArray:
    """E[q] + entropy of independent buttons, float64 [n].

    Args:
        q: float64 [n, 2^K], nats.
        log_odds: float64 [n, K].
    """
    pressed, released = scipy.special.expit(log_odds), scipy.special.expit(-log_odds)
    expected = (joint_probabilities(pressed, released) * q).sum(1)
    return expected + (scipy.special.entr(pressed) + scipy.special.entr(released)).sum(1)


def _log_odds_of_softmax(q: FloatArray) -> FloatArray:
    """The log-odds of the marginals of softmax(q), float64 [n, K]."""
    chords = joint_chords(button_count(q.shape[1]))
    weights = np.exp(q - q.max(1, keepdims=True))
    with np.errstate(divide="ignore"):
        return np.log(weights @ chords) - np.log(weights @ (1 - chords))


def _ascend(log_odds: FloatArray, q: FloatArray, rows: IntArray) -> FloatArray:
    """Coordinate ascent from each start, float64 [starts, K], which is overwritten.

    Args:
        rows: the row of q that a start belongs to, int64 [starts].
    """
    buttons = log_odds.shape[1]
    chords = joint_chords(buttons)
    gains = [q[:, chords[:, k] == 1] - q[:, chords[:, k] == 0] for k in range(buttons)]
    moving = np.arange(len(log_odds))
    for _ in range(MOST_SWEEPS):
        odds, gain_rows = log_odds[moving], rows[moving]
        pressed, released = scipy.special.expit(odds), scipy.special.expit(-odds)
        before = pressed.copy()
        for k in range(buttons):
            others = np.arange(buttons) != k
            chances = joint_probabilities(pressed[:, others], released[:, others])
            odds[:, k] = np.einsum("nc,nc->n", chances, gains[k][gain_rows])
            pressed[:, k], released[:, k] = (
                scipy.special.expit(odds[:, k]),
                scipy.special.expit(-odds[:, k]),
            )
        log_odds[moving] = odds
        moving = moving[np.abs(pressed - before).max(1) > CONVERGED]
        if moving.size == 0:
            break
    return log_odds


def _buttons(model: TabularModel) -> int:
    if not model.available.all():
        raise ValueError("all chords must be available in every state")
    return button_count(model.actions)
