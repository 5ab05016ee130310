"""What pressing several buttons at once is worth: exact references, in any model of chords.

The model's actions are the 2^K chords of K buttons, in the order of `buttons.joint_index`, and it
has a horizon. Between the best policy that presses one button at a time and the best joint one lie
those whose buttons are independent given the state ("factorised"), such as a network with a
Bernoulli output for each button. For the plain return they lose nothing, since a deterministic
policy has independent buttons. They lose where a policy has to be random: with a bonus of entropy,
or in imitating an expert who does one of two things and never a mixture of both.
"""

import numpy as np
from scipy.special import entr, expit

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
"""Of coordinate ascent, which needs about eight; what is left then is worth 1e-9."""
CONVERGED = 1e-7
"""Largest change of a probability in a sweep at which an ascent has ended."""


def concurrency_references(model: TabularModel, temperature: float) -> dict[str, Evaluation]:
    """The policies that a learner of chords is measured against, by name, each evaluated exactly.

    "soft" ones are the best for E[sum r] + temperature * entropy, which is
    `expected_return + temperature * entropy`. "cloned buttons" is the policy with independent
    buttons that makes episodes of the "joint, soft" one most likely.

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
    """The same model for who presses at most one button at a time; the other chords are not
    available.

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
    Q_t = r_t / temperature + E[V_{t+1}]: the causal soft Bellman recursion with a mean-field
    problem for its maximum. It is exact up to that problem's local optima.

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
        policy[step] = joint_probabilities(expit(log_odds), expit(-log_odds))
    return evaluate(model, policy)


def mean_field(q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The product of Bernoulli distributions with the greatest E[q] + entropy, for each row.

    Coordinate ascent: the best log-odds of a button, given the others, is the difference that it
    makes to E[q]. It starts at every corner of the cube and at the marginals of softmax(q), and
    the best of the local optima that it ends in is taken. Time and memory grow like n 4^K.

    Args:
        q: of each chord, float64 [n, 2^K], nats.

    Returns:
        The log-odds of each button, float64 [n, K], and the objective, float64 [n].
    """
    rows, chords = np.arange(len(q)), joint_chords(button_count(q.shape[1]))
    # The first button's update forgets where it began, so that half of the corners are all.
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
    pressed, released = expit(log_odds), expit(-log_odds)
    expected = (joint_probabilities(pressed, released) * q).sum(1)
    return expected + (entr(pressed) + entr(released)).sum(1)


def _log_odds_of_softmax(q: FloatArray) -> FloatArray:
    """Of the marginals of softmax(q), float64 [n, K]."""
    chords = joint_chords(button_count(q.shape[1]))
    weights = np.exp(q - q.max(1, keepdims=True))
    with np.errstate(divide="ignore"):
        return np.log(weights @ chords) - np.log(weights @ (1 - chords))


def _ascend(log_odds: FloatArray, q: FloatArray, rows: IntArray) -> FloatArray:
    """Coordinate ascent from each start, float64 [starts, K], which is written over.

    Args:
        rows: the row of q that a start belongs to, int64 [starts].
    """
    buttons = log_odds.shape[1]
    chords = joint_chords(buttons)
    gains = [q[:, chords[:, k] == 1] - q[:, chords[:, k] == 0] for k in range(buttons)]
    moving = np.arange(len(log_odds))
    for _ in range(MOST_SWEEPS):
        odds, gain_rows = log_odds[moving], rows[moving]
        pressed, released = expit(odds), expit(-odds)
        before = pressed.copy()
        for k in range(buttons):
            others = np.arange(buttons) != k
            chances = joint_probabilities(pressed[:, others], released[:, others])
            odds[:, k] = np.einsum("nc,nc->n", chances, gains[k][gain_rows])
            pressed[:, k], released[:, k] = expit(odds[:, k]), expit(-odds[:, k])
        log_odds[moving] = odds
        moving = moving[np.abs(pressed - before).max(1) > CONVERGED]
        if moving.size == 0:
            break
    return log_odds


def _buttons(model: TabularModel) -> int:
    if not model.available.all():
        raise ValueError("all chords must be available in every state")
    return button_count(model.actions)
