"""The references for concurrency, against brute force, closed forms and inequalities."""

import itertools
from functools import cache

import numpy as np
import pytest
from scipy.special import expit, logit, logsumexp

import il_envs
from il_envs import TabularModel, evaluate, hard_optimal, soft_optimal
from il_envs.buttons import independent_buttons, joint_chords, joint_index, single_button_chords
from il_envs.exact.button_references import (
    concurrency_references,
    independent_soft_optimal,
    mean_field,
    mean_field_objective,
    one_button_model,
)
from il_envs.exact.evaluation import divergence
from tests.exact.test_identities import close

SEEDS = range(6)
TEMPERATURE = 0.7


def random_model(buttons: int, seed: int, states: int = 4, horizon: int = 4) -> TabularModel:
    random = np.random.default_rng([buttons, seed])
    actions = 2**buttons
    transition = random.dirichlet(np.full(states, 0.5), (states, actions))
    reward = 1.5 * random.normal(size=(states, actions))
    return TabularModel(transition, reward, random.dirichlet(np.ones(states)), horizon)


def soft_return(evaluation: il_envs.Evaluation, temperature: float = TEMPERATURE) -> float:
    return evaluation.expected_return + temperature * evaluation.entropy


def objective_by_hand(q: np.ndarray, pressed: np.ndarray) -> float:
    """E[q] + entropy of independent buttons, chord by chord."""
    total = 0.0
    for number, value in enumerate(q):
        bits = [(number >> k) & 1 for k in range(len(pressed))]
        chance = np.prod([p if bit else 1.0 - p for p, bit in zip(pressed, bits, strict=True)])
        if chance > 0.0:
            total += chance * (value - np.log(chance))
    return float(total)


def random_q(buttons: int, rows: int, seed: int) -> np.ndarray:
    random = np.random.default_rng([17, buttons, seed])
    return random.uniform(0.5, 6.0, (rows, 1)) * random.normal(size=(rows, 2**buttons))


# The mean-field problem.


def test_the_objective_is_a_sum_over_chords():
    q = random_q(4, 30, 0)
    log_odds = np.random.default_rng(1).normal(size=(30, 4))
    by_hand = [objective_by_hand(*row) for row in zip(q, expit(log_odds), strict=True)]
    close(mean_field_objective(q, log_odds), by_hand, 1e-12)


@pytest.mark.parametrize(("buttons", "points"), [(1, 2001), (2, 301), (3, 61)])
def test_no_point_of_a_dense_grid_is_better_and_the_best_is_near(buttons, points):
    q = random_q(buttons, 12, 0)
    log_odds, best = mean_field(q)
    close(best, [objective_by_hand(*row) for row in zip(q, expit(log_odds), strict=True)], 1e-9)
    axis = np.linspace(0.0, 1.0, points)
    grid = np.array(list(itertools.product(axis, repeat=buttons)))
    chances = np.ones((len(grid), 2**buttons))
    for number, k in itertools.product(range(2**buttons), range(buttons)):
        chances[:, number] *= grid[:, k] if number >> k & 1 else 1.0 - grid[:, k]
    entropy = -(chances * np.log(chances, out=np.zeros_like(chances), where=chances > 0)).sum(1)
    greatest = (q @ chances.T + entropy).max(1)
    assert (best >= greatest - 1e-12).all()
    assert (best <= greatest + 4.0 / points).all()


def q_of_duel() -> np.ndarray:
    """Q of 40 situations of Duel, halfway through an episode."""
    q = il_envs.get_world("Duel").truth.reference().q[20]
    return q[np.random.default_rng(0).choice(len(q), 40, replace=False)]


@pytest.mark.parametrize(
    "q", [*(random_q(buttons, 40, 1) for buttons in (4, 5, 6)), "Duel"], ids=["4", "5", "6", "Duel"]
)
def test_ascents_from_random_starts_find_nothing_better(q):
    """Coordinate ascent written anew, from 100 starts for each of 40 rows."""
    q = q_of_duel() if isinstance(q, str) else q
    _, best = mean_field(q)
    buttons = q.shape[1].bit_length() - 1
    chords = joint_chords(buttons).astype(bool)
    random = np.random.default_rng(2)
    for row, value in zip(q, best, strict=True):
        pressed = random.random((100, buttons))
        for _ in range(60):
            for k in range(buttons):
                rest = np.delete(np.arange(buttons), k)
                chances = np.where(chords[None, :, rest], pressed[:, None, rest], 0.0)
                chances += np.where(~chords[None, :, rest], 1.0 - pressed[:, None, rest], 0.0)
                expected = chances.prod(2) * row
                gain = expected[:, chords[:, k]].sum(1) - expected[:, ~chords[:, k]].sum(1)
                pressed[:, k] = expit(gain)
        reached = mean_field_objective(np.tile(row, (100, 1)), logit(pressed))
        assert reached.max() <= value + 1e-9


def test_buttons_that_do_not_meet_have_the_joint_solution():
    """Where q is a sum over buttons, nothing is lost: softmax(q) has independent buttons."""
    random = np.random.default_rng(3)
    gains = 3.0 * random.normal(size=(50, 5))
    q = gains @ joint_chords(5).T + random.normal(size=(50, 1))
    log_odds, best = mean_field(q)
    close(log_odds, gains)
    close(best, logsumexp(q, axis=1))


def test_one_of_two_buttons_but_not_both_is_a_choice():
    """A joint policy is worth log 2; independent buttons settle for one of the two."""
    q = np.array([[-40.0, 0.0, 0.0, -40.0]])
    log_odds, best = mean_field(q)
    assert sorted(expit(log_odds[0]).round(6)) == [0.0, 1.0]
    assert 0.0 <= best[0] < 1e-9
    # A learner of one button at a time tosses a coin as well as the joint policy does, so that
    # with a bonus of entropy it can be better than independent buttons.
    close(logsumexp(q[0, joint_index(single_button_chords(2))]), np.log(2.0))


def test_values_of_any_size_are_handled():
    q = 1e5 * random_q(5, 20, 4)
    log_odds, best = mean_field(q)
    close(best, q.max(1), 1e-6)
    close(joint_chords(5)[q.argmax(1)], expit(log_odds), 1e-12)


# The recursion.


@pytest.mark.parametrize("seed", SEEDS)
def test_with_one_button_it_is_the_soft_optimum(seed):
    model = random_model(1, seed)
    joint = soft_optimal(model, "causal", TEMPERATURE)
    close(independent_soft_optimal(model, TEMPERATURE).policy, joint.policy)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_policy_with_independent_buttons_is_better(seed):
    model = random_model(3, seed)
    best = independent_soft_optimal(model, TEMPERATURE)
    random = np.random.default_rng(seed)
    pressed = np.clip(best.policy @ joint_chords(3), 1e-9, 1.0 - 1e-9)
    log_odds = np.log(pressed) - np.log1p(-pressed)
    for size in np.repeat([0.01, 0.3, 3.0], 30):
        moved = expit(log_odds + size * random.normal(size=log_odds.shape))
        other = evaluate(model, product_by_hand(moved))
        assert soft_return(other) <= soft_return(best) + 1e-9


def product_by_hand(pressed: np.ndarray) -> np.ndarray:
    """[..., 2^K] from [..., K], chord by chord."""
    chords = joint_chords(pressed.shape[-1])
    return np.stack([np.where(c, pressed, 1.0 - pressed).prod(-1) for c in chords], axis=-1)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_recursion_is_that_of_a_dense_grid(seed):
    """Two buttons, two steps: the best policy of a grid of 201^2 points in each state and step."""
    model = random_model(2, seed, states=3, horizon=2)
    axis = np.linspace(0.0, 1.0, 201)
    grid = product_by_hand(np.array(list(itertools.product(axis, axis))))
    entropy = -(grid * np.log(grid, out=np.zeros_like(grid), where=grid > 0.0)).sum(1)
    value = np.zeros(model.states)
    for step in reversed(range(model.horizon)):
        q = model.expected_action_values(step, value)
        value = (q @ grid.T + TEMPERATURE * entropy).max(1)
    best = soft_return(independent_soft_optimal(model, TEMPERATURE))
    assert model.initial @ value - 1e-9 <= best <= model.initial @ value + 0.02


def test_machines_with_a_button_each_lose_nothing_by_independence():
    """Where rewards and dynamics are those of parts with a button each, so is the joint policy."""
    random = np.random.default_rng(5)
    parts = random.dirichlet(np.ones(2), (3, 2, 2))  # [button, state, action, next state]
    rewards = random.normal(size=(3, 2, 2))
    states = list(itertools.product(range(2), repeat=3))
    chords = joint_chords(3)
    transition = np.array(
        [
            [
                [np.prod([parts[k, s[k], c[k], n[k]] for k in range(3)]) for n in states]
                for c in chords
            ]
            for s in states
        ]
    )
    reward = [[sum(rewards[k, s[k], c[k]] for k in range(3)) for c in chords] for s in states]
    model = TabularModel(transition, reward, np.full(8, 0.125), horizon=5)
    joint = soft_optimal(model, "causal", TEMPERATURE)
    best = independent_soft_optimal(model, TEMPERATURE)
    close(best.policy, joint.policy)
    close(independent_buttons(joint.policy), joint.policy)
    close(soft_return(best), TEMPERATURE * joint.log_partition)


# One button.


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_of_one_button_is_the_best_of_k_plus_one_actions(seed):
    model = random_model(3, seed)
    rows = joint_index(single_button_chords(3))
    few = TabularModel(
        model.dense_transition()[:, rows], model.reward[:, rows], model.initial, model.horizon
    )
    restricted = one_button_model(model)
    for solve in (hard_optimal, lambda m: soft_optimal(m, "causal", TEMPERATURE).evaluation):
        ours, theirs = solve(restricted), solve(few)
        close(ours.expected_return, theirs.expected_return)
        close(ours.policy[..., rows], theirs.policy)
        assert (np.delete(ours.policy, rows, axis=2) == 0.0).all()
        close(evaluate(model, ours.policy).expected_return, ours.expected_return)


# All of them.


@cache
def duel() -> tuple[TabularModel, float, dict[str, il_envs.Evaluation]]:
    reference = il_envs.get_world("Duel").truth.reference()
    model, temperature = reference.model, reference.temperature
    return model, temperature, concurrency_references(model, temperature)


def cases():
    yield from (
        (model, TEMPERATURE, concurrency_references(model, TEMPERATURE))
        for model in (random_model(buttons, seed) for buttons in (2, 3, 4) for seed in range(2))
    )
    yield duel()


def test_what_can_do_more_is_worth_more():
    for _, temperature, best in cases():
        soft = {name: soft_return(policy, temperature) for name, policy in best.items()}
        hard = {name: policy.expected_return for name, policy in best.items()}
        assert soft["one button, soft"] <= soft["joint, soft"]
        assert soft["cloned buttons"] <= soft["independent buttons, soft"] <= soft["joint, soft"]
        assert hard["one button"] <= soft["independent buttons, soft"]
        assert hard["one button, soft"] <= hard["one button"] <= hard["joint"]
        assert max(hard.values()) == hard["joint"]


def test_the_optimum_has_independent_buttons():
    """A deterministic policy is a product, so that for the plain return nothing is lost."""
    for _, _, best in cases():
        np.testing.assert_array_equal(
            independent_buttons(best["joint"].policy), best["joint"].policy
        )


def test_cloned_buttons_are_the_likeliest_independent_ones():
    for model, _, best in cases():
        expert, clone = best["joint, soft"], best["cloned buttons"]
        with np.errstate(divide="ignore"):
            logs = np.log(clone.policy)
        likelihood = (expert.occupancy * np.where(expert.occupancy > 0.0, logs, 0.0)).sum()
        random = np.random.default_rng(0)
        pressed = np.clip(clone.policy @ joint_chords(model.actions.bit_length() - 1), 0.0, 1.0)
        for share in (0.01, 0.2):
            other = (1.0 - share) * pressed + share * random.random(pressed.shape)
            moved = (expert.occupancy * np.log(product_by_hand(other))).sum()
            assert moved < likelihood
        close(divergence(expert, clone), -expert.entropy - likelihood)


def test_the_divergence_of_cloned_buttons_is_their_total_correlation():
    """KL(p || product of marginals) = sum of the marginals' entropies - entropy of p."""
    for model, _, best in cases():
        expert = best["joint, soft"]
        visits = expert.occupancy.sum(2)
        chords = joint_chords(model.actions.bit_length() - 1)
        lost = -expert.entropy
        for bits in (chords, 1 - chords):
            marginal = expert.policy @ bits
            logs = np.log(marginal, out=np.zeros_like(marginal), where=marginal > 0.0)
            lost -= (visits[..., None] * marginal * logs).sum()
        close(divergence(expert, best["cloned buttons"]), lost, 1e-7)


def test_duel_shows_what_chords_are_worth():
    _, temperature, best = duel()
    returns = {name: policy.expected_return for name, policy in best.items()}
    assert returns["random"] <= 0.0
    assert returns["joint"] / returns["one button"] > 1.5
    assert returns["cloned buttons"] < 0.9 * returns["joint, soft"]
    soft = {name: soft_return(policy, temperature) for name, policy in best.items()}
    assert soft["one button, soft"] < soft["cloned buttons"]
    assert 0.98 < soft["independent buttons, soft"] / soft["joint, soft"] < 0.995


# What is refused.


def test_actions_that_are_no_chords_are_refused():
    model = il_envs.get_world("RiskyBridge").truth.model()  # has 4 actions, by chance chords of two
    three = TabularModel(np.ones((1, 3, 1)), np.zeros((1, 3)), [1.0], 2)
    blocked = TabularModel(
        model.dense_transition(), model.reward, model.initial, 5,
        available=np.arange(4) < np.full((63, 1), 3),
    )  # fmt: skip
    for refuse in (one_button_model, lambda m: independent_soft_optimal(m, 1.0)):
        with pytest.raises(ValueError, match="3 actions are not the 2\\^K chords"):
            refuse(three)
        with pytest.raises(ValueError, match="all chords must be available"):
            refuse(blocked)


def test_an_endless_model_is_refused():
    endless = TabularModel(np.ones((1, 2, 1)), np.zeros((1, 2)), [1.0], None, discount=0.9)
    with pytest.raises(ValueError, match="with a horizon"):
        independent_soft_optimal(endless, 1.0)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.inf, np.nan])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature must be positive"):
        independent_soft_optimal(random_model(2, 0), temperature)
