"""The identities of the theory of maximum entropy, on random models small enough to enumerate.

Each test is named after the identity's number in `docs/decisions/identities.md` and holds on at
least 50 models, to 1e-8 in double precision where nothing else is said. The judge is
`tests/exact/enumeration.py`.
"""

import dataclasses
import itertools

import mpmath
import numpy as np
import pytest
from scipy import optimize, sparse, stats

from il_envs import (
    TabularModel,
    epic_distance,
    evaluate,
    hard_optimal,
    policy_from_occupancy,
    soft_optimal,
    starc_distance,
)
from tests.exact import enumeration as judge
from tests.exact.enumeration import KINDS, UNDISCOUNTED, Case, draw

SEEDS = range(4)
TOLERANCE = 1e-8
ERROR_RATE = 1e-6  # of a sampling test on fresh seeds; the seeds are fixed, so nothing flickers
BOTH = [(kind, "causal") for kind in KINDS] + [(kind, "posterior") for kind in UNDISCOUNTED]
REWARD_SIZE = 1e4


def close(actual, expected, tolerance=TOLERANCE):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


def log(array):
    with np.errstate(divide="ignore"):
        return np.log(array)


def tabular(case: Case, **changes) -> TabularModel:
    names = ("transition", "reward", "initial", "horizon", "discount", "features", "available")
    parts = {name: getattr(case, name) for name in names}
    return TabularModel(**parts | changes)


def models(kind):
    for seed in SEEDS:
        case = draw(kind, seed)
        yield case, tabular(case)


def probability(case, solution, backup):
    """The exact distribution over trajectories of a solution."""
    if backup == "posterior":
        return judge.posterior(case)
    return judge.distribution(case, solution.policy)


def stationary(case: Case) -> tuple[Case, TabularModel]:
    """The endless, discounted problem with the same numbers."""
    discount = float(case.rng(99).uniform(0.5, 0.95))
    reward = case.reward[0] if case.reward.ndim == 3 else case.reward
    case = dataclasses.replace(case, reward=reward, discount=discount)
    return case, tabular(case, horizon=None)


def next_values(case, value):
    """[T, S, A]: E[value_{t+1}(s')]."""
    return np.einsum("san,tn->tsa", case.transition, value[1:])


def random_potential(case, rng):
    """[T+1, S], zero after the last step."""
    potential = 2 * rng.normal(size=(case.horizon + 1, case.shape[1]))
    potential[-1] = 0.0
    return potential


# ------------------------------------------------------------------------------ 1 the partition


@pytest.mark.parametrize("kind", UNDISCOUNTED)
def test_01_the_partition_is_the_mean_of_exp_value(kind):
    for case, model in models(kind):
        solution = soft_optimal(model, "posterior", case.temperature)
        expected = np.log(judge.partition(case))
        close(solution.log_partition, expected)
        close(np.log(case.initial @ np.exp(solution.value[0])), expected)
        close(solution.log_likelihood(*_all(case)).max() + expected, _totals(case).max())


def _all(case, final_state=False):
    paths = judge.trajectories(case, final_state)
    return paths.states, paths.actions


def _totals(case):
    return judge.total(case.reward_table, judge.trajectories(case)) / case.temperature


# ------------------------------------------------------------------- 2 messages and marginals


@pytest.mark.parametrize("kind", UNDISCOUNTED)
def test_02_messages_give_the_marginals_of_the_posterior(kind):
    for case, model in models(kind):
        solution = soft_optimal(model, "posterior", case.temperature)
        alpha, beta = judge.forward_messages(case), judge.backward_messages(case)
        close(solution.log_forward, log(alpha))
        close(solution.q, log(beta))
        close(solution.value[:-1], log(beta.sum(-1)))
        close(solution.value[-1], 0.0)
        close(solution.policy, beta / beta.sum(-1, keepdims=True))
        log_weights = solution.log_forward[:, :, None] + solution.q
        close(np.logaddexp.reduce(log_weights, axis=(1, 2)), np.log(judge.partition(case)))
        marginals = judge.visits(case, judge.trajectories(case), judge.posterior(case))
        close(np.exp(log_weights - solution.log_partition), marginals)
        close(solution.occupancy, marginals)
        close(solution.occupancy.sum((1, 2)), 1.0)
        close(solution.occupancy.sum(), case.horizon)


@pytest.mark.parametrize("kind", KINDS)
def test_02_the_causal_marginals_are_those_of_the_policy_in_the_real_dynamics(kind):
    for case, model in models(kind):
        solution = soft_optimal(model, "causal", case.temperature)
        chances = judge.distribution(case, solution.policy)
        marginals = judge.visits(case, judge.trajectories(case), chances)
        close(solution.occupancy, marginals)
        close(solution.occupancy.sum((1, 2)), 1.0)
        close(solution.occupancy.sum(), case.horizon)
        close(solution.log_forward, log(marginals.sum(-1)))


@pytest.mark.parametrize(("kind", "backup"), BOTH)
def test_02_summaries_of_a_solution_are_sums_over_trajectories(kind, backup):
    for case, model in models(kind):
        solution = soft_optimal(model, backup, case.temperature)
        chances = probability(case, solution, backup)
        paths = judge.trajectories(case)
        returns = judge.total(case.reward_table, paths, case.discount)
        close(solution.expected_return, chances @ returns)
        close(solution.feature_expectations, judge.feature_expectations(case, chances))
        if backup == "causal":
            close(solution.entropy, judge.causal_entropy(case, solution.policy))
        else:
            close(solution.entropy, -chances @ np.log(chances / paths.dynamics))


@pytest.mark.parametrize("kind", UNDISCOUNTED)
def test_02_the_posterior_is_its_policy_in_optimistic_dynamics(kind):
    for case, model in models(kind):
        solution = soft_optimal(model, "posterior", case.temperature)
        lift = np.exp(solution.value)
        start = case.initial * lift[0]
        start /= start.sum()
        states, actions = _all(case, final_state=True)
        chances = start[states[:, 0]]
        for t in range(case.horizon):
            here, action, there = states[:, t], actions[:, t], states[:, t + 1]
            moves = case.transition[here, action] * lift[t + 1]
            chances = chances * solution.policy[t, here, action]
            chances *= moves[np.arange(len(here)), there] / moves.sum(-1)
        close(chances, judge.posterior(case, final_state=True))


@pytest.mark.parametrize("backup", ["causal", "posterior"])
def test_02_samples_have_the_exact_frequencies_of_trajectories(backup):
    """A chi-square test on every kind; the chance of any false alarm is `ERROR_RATE`."""
    kinds = KINDS if backup == "causal" else UNDISCOUNTED
    draws = 50_000
    for kind in kinds:
        case, model = next(models(kind))
        solution = soft_optimal(model, backup, case.temperature)
        sampled_states, sampled_actions = solution.sample(draws, seed=3)
        assert sampled_states.shape == (draws, case.horizon + 1)
        assert sampled_actions.shape == (draws, case.horizon)
        assert sampled_states.dtype == sampled_actions.dtype == np.int64
        if backup == "posterior":
            exact = judge.posterior(case, final_state=True)
        else:
            exact = judge.distribution(case, solution.policy, final_state=True)
        _assert_frequencies(
            np.hstack(_all(case, final_state=True)),
            exact,
            np.hstack([sampled_states, sampled_actions]),
            ERROR_RATE / len(kinds),
        )
        again, _ = solution.sample(draws, seed=3)
        np.testing.assert_array_equal(again, sampled_states)
        if case.initial.max() < 1:
            assert (solution.sample(draws, seed=4)[0] != sampled_states).any()


def _assert_frequencies(rows, chances, sampled, error_rate):
    base = 1 + max(rows.max(), sampled.max())
    place = base ** np.arange(rows.shape[1])  # one whole number for each trajectory
    listed = np.argsort(rows @ place)
    codes = (rows @ place)[listed]
    found = np.minimum(np.searchsorted(codes, sampled @ place), len(codes) - 1)
    impossible = codes[found] != sampled @ place
    assert not impossible.any(), f"{sampled[impossible][0]} cannot happen"
    counts = np.bincount(listed[found], minlength=len(rows)).astype(float)
    order = np.argsort(chances)
    expected, counts = chances[order] * len(sampled), counts[order]
    rare = int(np.searchsorted(np.cumsum(expected), 10.0)) + 1  # pooled into one cell
    expected = np.append(expected[:rare].sum(), expected[rare:])
    counts = np.append(counts[:rare].sum(), counts[rare:])
    if len(expected) > 1:
        statistic = np.sum((counts - expected) ** 2 / expected)
        assert stats.chi2.sf(statistic, len(expected) - 1) > error_rate


# ------------------------------------------------------------------------------- 3 the gradient


def _demonstrations(case, count=5):
    paths = judge.trajectories(case, final_state=True)
    chances = judge.distribution(case, judge.uniform_policy(case), final_state=True)
    rows = case.rng(3).choice(len(chances), count, p=chances / chances.sum())
    return judge.Paths(paths.states[rows], paths.actions[rows], paths.dynamics[rows])


def _differences(function, point, step=1e-5):
    gradient = np.zeros(point.shape)
    for place in np.ndindex(point.shape):
        move = np.zeros(point.shape)
        move[place] = step
        gradient[place] = (function(point + move) - function(point - move)) / (2 * step)
    return gradient


@pytest.mark.parametrize(("kind", "backup"), BOTH)
def test_03_the_gradient_of_the_likelihood_for_linear_features(kind, backup):
    """Demo mean minus expectation, over the temperature, by central differences."""
    for case, model in models(kind):
        demos = _demonstrations(case)
        observed = judge.total(case.feature_table, demos, case.discount).mean(0)
        close(model.feature_mean(demos.states, demos.actions), observed)
        close(model.feature_mean(demos.states[:, :-1], demos.actions), observed)

        def solve(weights, case=case, model=model):
            reward = case.features @ weights
            return soft_optimal(model.with_reward(reward), backup, case.temperature)

        def likelihood(weights, case=case, solve=solve, observed=observed):
            return weights @ observed / case.temperature - solve(weights).log_partition

        weights = case.rng(4).normal(size=3)
        expected = (observed - solve(weights).feature_expectations) / case.temperature
        close(_differences(likelihood, weights), expected, 1e-6)
        if backup == "posterior":
            close(
                solve(weights).log_likelihood(demos.states, demos.actions).mean(),
                likelihood(weights),
            )


@pytest.mark.parametrize(("kind", "backup"), BOTH)
@pytest.mark.parametrize("timed", [False, True], ids=["by_state_and_action", "by_time"])
def test_03_the_gradient_of_the_likelihood_for_a_reward_table(kind, backup, timed):
    """T rewards, T visits: the gradient is the demonstrated occupancy minus the model's."""
    for case, model in models(kind):
        demos = _demonstrations(case)
        chances = np.full(len(demos.actions), 1 / len(demos.actions))
        observed = judge.visits(case, demos, chances)
        table = case.rng(5).normal(size=case.shape if timed else case.shape[1:])
        if timed and table.size > 24:
            continue  # four steps of twelve entries would only cost time

        def likelihood(table, case=case, model=model, observed=observed):
            discounted = np.einsum("t,tsa->tsa", case.discounts, observed)
            fit = np.sum(discounted * table) / case.temperature
            solution = soft_optimal(model.with_reward(table), backup, case.temperature)
            return fit - solution.log_partition

        occupancy = soft_optimal(model.with_reward(table), backup, case.temperature).occupancy
        expected = np.einsum("t,tsa->tsa", case.discounts, observed - occupancy) / case.temperature
        expected = expected if timed else expected.sum(0)
        close(_differences(likelihood, table), expected, 1e-6)


@pytest.mark.parametrize(("kind", "backup"), BOTH)
def test_03_the_likelihood_of_every_trajectory(kind, backup):
    """Σ_τ ρ Π p exp(ll) = 1, and each is what its definition says."""
    for case, model in models(kind):
        solution = soft_optimal(model, backup, case.temperature)
        for final_state in (False, True):
            paths = judge.trajectories(case, final_state)
            likelihood = solution.log_likelihood(paths.states, paths.actions)
            close(paths.dynamics @ np.exp(likelihood), 1.0)
            if backup == "posterior":
                expected = judge.total(case.reward_table, paths) / case.temperature
                expected = expected - np.log(judge.partition(case))
            else:
                expected = np.log(judge.product(solution.policy, paths))
            close(likelihood, expected)


@pytest.mark.parametrize(("kind", "backup"), BOTH)
def test_03_the_mean_log_likelihood_is_the_objective(kind, backup):
    """In the real dynamics E[ll] = E[r] - log Z, or - E_ρ V_1, whoever demonstrates."""
    for case, model in models(kind):
        if case.discount < 1:
            continue  # the causal likelihood is of undiscounted decisions
        solution = soft_optimal(model, backup, case.temperature)
        demonstrator = judge.random_policy(case, case.rng(6))
        chances = judge.distribution(case, demonstrator)
        objective = chances @ _totals(case) - solution.log_partition
        close(chances @ solution.log_likelihood(*_all(case)), objective)


def test_03_the_gamble():
    """Half +5 and half -20 against a sure 0: only the posterior model takes the gamble."""
    transition = np.zeros((4, 2, 4))
    transition[0, 0, [1, 2]] = 0.5
    transition[0, 1, 3] = 1.0
    transition[1:, :, 1:] = np.eye(3)[:, None]
    reward = np.array([0.0, 5.0, -20.0, 0.0])
    available = np.array([[True, True], [True, False], [True, False], [True, False]])
    model = TabularModel(transition, reward, np.eye(4)[0], 2, available=available)
    odds = 0.5 * np.exp(5) + 0.5 * np.exp(-20)
    takes = {
        backup: soft_optimal(model, backup).policy[0, 0, 0] for backup in ("posterior", "causal")
    }
    close(takes["posterior"], odds / (1 + odds))
    close(takes["causal"], 1 / (1 + np.exp(7.5)))
    assert round(takes["posterior"], 3) == 0.987
    assert round(takes["causal"], 4) == 0.0006
    optimist = soft_optimal(model, "posterior")
    assert optimist.occupancy[1, 1, 0] > 0.98  # and then it wins
    assert optimist.occupancy[1, 2, 0] < 1e-9


# --------------------------------------------------------------- 4 the causal optimum, 5 the bound


@pytest.mark.parametrize("kind", KINDS)
def test_04_the_causal_value_is_return_plus_entropy_and_nothing_beats_it(kind):
    for case, model in models(kind):
        solution = soft_optimal(model, "causal", case.temperature)

        def objective(policy, case=case):
            entropy = judge.causal_entropy(case, policy)
            return judge.expected_return(case, policy) / case.temperature + entropy

        best = objective(solution.policy)
        close(case.initial @ solution.value[0], best)
        close(solution.log_partition, best)
        close(solution.expected_return / case.temperature + solution.entropy, best)
        rng = case.rng(7)
        for share in (1.0, 0.3, 0.01, 1e-4):
            other = (1 - share) * solution.policy + share * judge.random_policy(case, rng)
            assert objective(other) <= best + 1e-12
            if max(case.available.sum(1) * case.initial) > 1 and share > 0.01:
                assert objective(other) < best - 1e-9
        after = case.discount * next_values(case, solution.value)
        q = np.where(case.available, case.reward_table / case.temperature + after, -np.inf)
        close(solution.q, q)
        close(solution.value[:-1], np.logaddexp.reduce(q, axis=-1))
        close(solution.policy, np.exp(solution.q - solution.value[:-1, :, None]))


@pytest.mark.parametrize("kind", UNDISCOUNTED)
def test_05_the_log_partition_is_at_least_the_causal_value(kind):
    for case, model in models(kind):
        posterior = soft_optimal(model, "posterior", case.temperature)
        causal = soft_optimal(model, "causal", case.temperature)
        assert posterior.log_partition >= causal.log_partition - 1e-12
        assert (posterior.value >= causal.value - 1e-12).all()
        certain = np.isin(case.transition, (0, 1)).all() and case.initial.max() == 1
        if certain or kind == "single_state":
            close(posterior.log_partition, causal.log_partition)
        if kind in ("dense", "spread_start"):
            assert posterior.log_partition > causal.log_partition + 1e-3


# ------------------------------------------------------------------ 6 where the two models agree


@pytest.mark.parametrize("seed", range(50))
def test_06_the_two_models_agree_where_nothing_is_left_to_luck(seed):
    case = draw("deterministic", seed)
    model = tabular(case)
    posterior = soft_optimal(model, "posterior", case.temperature)
    causal = soft_optimal(model, "causal", case.temperature)
    close(posterior.policy, causal.policy)
    close(posterior.value, causal.value)
    if case.initial.max() == 1:
        close(posterior.occupancy, causal.occupancy)
        close(posterior.log_likelihood(*_all(case)), causal.log_likelihood(*_all(case)))
    else:  # the posterior leans towards the better starts
        assert np.abs(posterior.occupancy - causal.occupancy).max() > 1e-4


@pytest.mark.parametrize("kind", ["dense", "slippery"])
def test_06_and_differ_where_something_is(kind):
    for case, model in models(kind):
        posterior = soft_optimal(model, "posterior", case.temperature)
        causal = soft_optimal(model, "causal", case.temperature)
        assert np.abs(posterior.policy - causal.policy).max() > 1e-6


# --------------------------------------------------------------------------------- 7 shaping


@pytest.mark.parametrize("kind", KINDS)
def test_07_shaping_changes_no_policy_and_shifts_values(kind):
    """By γφ_{t+1}(s') - φ_t(s), which the causal model sees as an expectation."""
    for case, model in models(kind):
        potential = random_potential(case, case.rng(8))
        shaping = case.discount * next_values(case, potential) - potential[:-1, :, None]
        plain = soft_optimal(model, "causal", case.temperature)
        shaped_model = model.with_reward(case.reward_table + shaping)
        shaped = soft_optimal(shaped_model, "causal", case.temperature)
        close(shaped.policy, plain.policy)
        close(shaped.occupancy, plain.occupancy)
        close(shaped.value, plain.value - potential / case.temperature)
        best, shaped_best = hard_optimal(model), hard_optimal(shaped_model)
        close(shaped_best.value, best.value - potential)


@pytest.mark.parametrize("kind", UNDISCOUNTED)
def test_07_shaping_the_posterior_by_the_state_that_is_really_reached(kind):
    """φ_{t+1}(s') is paid in a state halfway, so that a random outcome is rewarded when drawn."""
    for case, _ in models(kind):
        horizon, states, actions = case.shape
        potential = random_potential(case, case.rng(8))
        halfway = np.zeros((2 * states, actions, 2 * states))
        halfway[:states, :, states:] = case.transition
        halfway[states:, 0, :states] = np.eye(states)
        available = np.vstack([case.available, np.eye(actions, dtype=bool)[[0] * states]])
        reward = np.zeros((2, 2 * horizon, 2 * states, actions))
        reward[:, ::2, :states] = case.reward_table
        reward[1, ::2, :states] -= potential[:-1, :, None]
        reward[1, 1::2, states:] += potential[1:, :, None]
        plain, shaped = (
            soft_optimal(
                TabularModel(
                    halfway,
                    table,
                    np.append(case.initial, np.zeros(states)),
                    2 * horizon,
                    available=available,
                ),
                "posterior",
                case.temperature,
            )
            for table in reward
        )
        close(shaped.policy[::2, :states], plain.policy[::2, :states])
        shift = potential / case.temperature
        close(shaped.value[::2, :states], plain.value[::2, :states] - shift)
        direct = soft_optimal(tabular(case), "posterior", case.temperature)
        close(plain.policy[::2, :states], direct.policy)
        close(plain.occupancy[::2, :states], direct.occupancy)


@pytest.mark.parametrize("kind", KINDS)
def test_07_shaping_an_endless_problem(kind):
    for drawn, _ in models(kind):
        case, model = stationary(drawn)
        potential = 2 * case.rng(8).normal(size=case.shape[1])
        shaping = case.discount * case.transition @ potential - potential[:, None]
        plain = soft_optimal(model, "causal", case.temperature)
        shaped_model = model.with_reward(case.reward_table[0] + shaping)
        shaped = soft_optimal(shaped_model, "causal", case.temperature)
        close(shaped.policy, plain.policy)
        close(shaped.occupancy, plain.occupancy)
        close(shaped.value, plain.value - potential / case.temperature)
        close(hard_optimal(shaped_model).value, hard_optimal(model).value - potential)


# ------------------------------------------------------------------ 8 every policy is soft-optimal


@pytest.mark.parametrize(("kind", "backup"), BOTH)
def test_08_log_policy_plus_any_potential_reproduces_the_policy(kind, backup):
    for case, model in models(kind):
        rng = case.rng(9)
        policy = judge.random_policy(case, rng)
        potential = random_potential(case, rng)
        if backup == "causal":
            after = case.discount * next_values(case, potential)
        else:
            after = next_values(case, np.exp(potential))
            after = np.log(np.where(case.available, after, 1.0))
        reward = np.where(case.available, log(policy) + potential[:-1, :, None] - after, 0.0)
        solution = soft_optimal(
            model.with_reward(case.temperature * reward), backup, case.temperature
        )
        close(solution.policy, policy)
        close(solution.value, potential)


@pytest.mark.parametrize("kind", KINDS)
def test_08_and_in_an_endless_problem(kind):
    for drawn, _ in models(kind):
        case, model = stationary(drawn)
        rng = case.rng(9)
        policy = judge.random_policy(case, rng)[0]
        potential = 2 * rng.normal(size=case.shape[1])
        after = case.discount * case.transition @ potential
        reward = np.where(case.available, log(policy) + potential[:, None] - after, 0.0)
        solution = soft_optimal(
            model.with_reward(case.temperature * reward), "causal", case.temperature
        )
        close(solution.policy, policy)
        close(solution.value, potential)


# --------------------------------------------------------------------------- 9 feature matching


@pytest.mark.parametrize(("kind", "backup"), BOTH)
@pytest.mark.parametrize("penalty", [0.0, 0.1], ids=["plain", "regularised"])
def test_09_features_match_at_the_optimum(kind, backup, penalty):
    """The demonstrations are all trajectories of some policy, so that an optimum exists."""
    for case, model in models(kind):
        demonstrator = judge.random_policy(case, case.rng(10))
        chances = judge.distribution(case, demonstrator)
        observed = judge.feature_expectations(case, chances)

        def negative(weights, case=case, model=model, observed=observed):
            solution = soft_optimal(model.with_reward(case.features @ weights), backup)
            loss = solution.log_partition - weights @ observed + penalty / 2 * weights @ weights
            return loss, solution.feature_expectations - observed + penalty * weights

        found = optimize.minimize(negative, np.zeros(3), jac=True, method="L-BFGS-B")
        sharp = optimize.least_squares(
            lambda weights, negative=negative: negative(weights)[1],
            found.x,
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
        )
        solution = soft_optimal(model.with_reward(case.features @ sharp.x), backup)
        matched = judge.feature_expectations(case, _under(case, sharp.x, solution, backup))
        close(observed - matched, penalty * sharp.x)
        close(solution.feature_expectations, matched)
        rng = case.rng(11)
        best = negative(sharp.x)[0]
        for _ in range(3):  # convex, so no other weights do better
            assert negative(sharp.x + rng.normal(size=3))[0] >= best - 1e-12


def _under(case, weights, solution, backup):
    """Trajectory probabilities under a linear reward at temperature 1, by enumeration."""
    rewarded = dataclasses.replace(case, reward=case.features @ weights, temperature=1.0)
    return probability(rewarded, solution, backup)


# ------------------------------------------------------------------------ 10 importance weights


def _proposals(case, model):
    rng = case.rng(12)
    yield judge.uniform_policy(case)
    yield judge.random_policy(case, rng)
    yield soft_optimal(model, "causal", case.temperature).policy
    yield soft_optimal(model, "posterior", case.temperature).policy


@pytest.mark.parametrize("kind", UNDISCOUNTED)
def test_10_any_full_support_policy_estimates_the_partition(kind):
    """E_q[exp r / Π π] = Z: the dynamics cancel, and so they do for a mixture of policies."""
    for case, model in models(kind):
        expected = soft_optimal(model, "posterior", case.temperature).log_partition
        scores, chances = [], []
        for policy in _proposals(case, model):
            proposal = evaluate(model, policy)
            scores.append(proposal.log_likelihood(*_all(case)))
            chances.append(judge.distribution(case, policy))
            close(np.log(chances[-1] @ np.exp(_totals(case) - scores[-1])), expected)
        fused = np.logaddexp.reduce(scores) - np.log(len(scores))
        close(np.log(np.mean(chances, 0) @ np.exp(_totals(case) - fused)), expected)


@pytest.mark.parametrize("kind", UNDISCOUNTED)
def test_10_and_so_do_its_samples(kind):
    """Normal tails over 60 models: the chance of any false alarm is `ERROR_RATE` at most."""
    for case, model in models(kind):
        solution = soft_optimal(model, "posterior", case.temperature)
        proposal = evaluate(model, judge.uniform_policy(case))
        states, actions = proposal.sample(4_000, seed=5)
        weights = np.exp(
            solution.log_likelihood(states, actions) - proposal.log_likelihood(states, actions)
        )
        paths = judge.trajectories(case)
        chances = judge.distribution(case, judge.uniform_policy(case))
        exact = np.exp(
            solution.log_likelihood(paths.states, paths.actions)
            - proposal.log_likelihood(paths.states, paths.actions)
        )
        deviation = np.sqrt(max(chances @ exact**2 - 1.0, 0.0) / len(weights))
        bound = stats.norm.isf(ERROR_RATE / len(UNDISCOUNTED) / len(SEEDS) / 2)
        assert abs(weights.mean() - 1.0) <= bound * deviation + 1e-9


# ---------------------------------------------------------------------- 11 distances of rewards


@pytest.mark.parametrize("kind", KINDS)
def test_11_epic_sees_neither_scale_nor_shaping(kind):
    for case, _ in models(kind):
        rng = case.rng(13)
        _, states, actions = case.shape
        discount = 0.9
        first, other = rng.normal(size=(2, states, actions, states))
        potential = rng.normal(size=states)
        shaping = discount * potential - potential[:, None, None]
        close(epic_distance(first, 3.0 * first + shaping + 2.0, discount), 0.0)
        close(epic_distance(3.0 * first + shaping, first, discount), 0.0)
        if states * actions > 1:
            close(epic_distance(first, -0.5 * first + shaping, discount), 1.0)
            expected = judge.epic(first, other, discount)
            close(epic_distance(first, other, discount), expected)
            close(epic_distance(other, first, discount), expected)
            assert expected > 0.01 or states == 1  # two actions make one line
        for scale in (1e-165, 1e160):  # whose squares are no numbers
            close(epic_distance(first, scale * first, discount), 0.0)
        by_action = np.repeat(first[:, :, :1], states, axis=2)
        close(
            epic_distance(first[:, :, 0], other, discount),
            epic_distance(by_action, other, discount),
        )
        by_state = np.broadcast_to(first[:, :1, :1], first.shape)
        close(
            epic_distance(first[:, 0, 0], other, discount), epic_distance(by_state, other, discount)
        )


@pytest.mark.parametrize("kind", KINDS)
def test_11_starc_sees_neither_scale_nor_shaping(kind):
    for case, model in models(kind):
        rng = case.rng(14)
        first, other = rng.normal(size=(2, *case.shape))
        potential = random_potential(case, rng)
        shaping = case.discount * next_values(case, potential) - potential[:-1, :, None]
        close(starc_distance(model, first, 3.0 * first + shaping), 0.0)
        close(starc_distance(model, 3.0 * first + shaping, first), 0.0)
        for scale in (1e-165, 1e160):  # whose squares are no numbers
            close(starc_distance(model, first, scale * first), 0.0)
        table = case.reward_table
        close(starc_distance(model, case.reward, 0.1 * table + shaping), 0.0)
        distance = starc_distance(model, first, other)
        assert 0.0 <= distance <= 1.0
        close(starc_distance(model, other, first), distance)
        if case.available.sum(1).max() > 1:
            close(starc_distance(model, first, -0.5 * first + shaping), 1.0)
            close(distance, judge.starc(case, first, other))
            assert distance > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_11_starc_of_an_endless_problem(kind):
    for drawn, _ in models(kind):
        case, model = stationary(drawn)
        rng = case.rng(14)
        first = rng.normal(size=case.shape[1:])
        potential = rng.normal(size=case.shape[1])
        shaping = case.discount * case.transition @ potential - potential[:, None]
        close(starc_distance(model, first, 3.0 * first + shaping), 0.0)
        if case.available.sum(1).max() > 1:
            close(starc_distance(model, first, -0.5 * first + shaping), 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_11_starc_of_rewards_that_do_not_depend_on_time(kind):
    """Their potentials do not either, and so are not 0 at the horizon."""
    for drawn, finite in models(kind):
        for case, model in ((drawn, finite), stationary(drawn)):
            rng = case.rng(17)
            first, other = rng.normal(size=(2, *case.shape[1:]))
            potential = rng.normal(size=case.shape[1])
            shaping = case.discount * case.transition @ potential - potential[:, None]
            close(starc_distance(model, first, 3.0 * first + shaping + 2.0), 0.0)
            close(starc_distance(model, 3.0 * first + shaping, first), 0.0)
            distance = starc_distance(model, first, other)
            close(starc_distance(model, other, first), distance)
            if case.available.sum(1).max() > 1:
                close(starc_distance(model, first, -0.5 * first + shaping), 1.0)
                close(distance, judge.starc_without_time(case, first, other))


def test_11_starc_of_one_state_is_the_angle_between_centred_rewards():
    """Two of three actions are paid alike: the rewards (2, -1, -1) and (-1, 2, -1), at 120 degrees,
    and half of the distance between unit vectors at that angle is sin 60."""
    model = TabularModel([sparse.csr_array(np.eye(1))] * 3, None, [1.0], 4)
    close(starc_distance(model, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]), np.sqrt(0.75))
    close(starc_distance(model, [[1.0, 0.0, 0.0]], [[5.0, 3.0, 3.0]]), 0.0)
    close(starc_distance(model, [[1.0, 0.0, 0.0]], [[3.0, 5.0, 5.0]]), 1.0)


def test_11_a_potential_that_is_constant_in_time_is_no_shaping_to_those_that_are_not():
    """Its last term, phi(s_{T+1}), counts: one reward written for every step reads otherwise."""
    case = draw("deterministic", 0)
    model = tabular(case)
    reward = case.rng(18).normal(size=case.shape[1:])
    potential = case.rng(19).normal(size=case.shape[1])
    shaped = reward + case.discount * case.transition @ potential - potential[:, None]
    close(starc_distance(model, reward, shaped), 0.0)
    written = np.broadcast_to(reward, case.shape)
    assert starc_distance(model, written, shaped) > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_11_log_policy_is_the_reward_to_starc_and_another_to_epic(kind):
    """log π is r shaped by E[V(s')], which only a distance that knows the dynamics can see."""
    for drawn, finite in models(kind):
        log_policy = soft_optimal(finite, "causal", drawn.temperature).policy
        log_policy = np.where(drawn.available, log(log_policy), 0.0)
        close(starc_distance(finite, drawn.reward, log_policy), 0.0)
        case, model = stationary(drawn)
        log_policy = soft_optimal(model, "causal", case.temperature).policy
        log_policy = np.where(case.available, log(log_policy), 0.0)
        close(starc_distance(model, case.reward, log_policy), 0.0)
        if kind in ("dense", "slippery", "deterministic", "fixed_start", "spread_start"):
            assert epic_distance(case.reward, log_policy, case.discount) > 0.01


# ------------------------------------------------------------------------------------- 12 GAIL


@pytest.mark.parametrize("kind", KINDS)
def test_12_the_optimal_discriminator_pays_the_jensen_shannon_divergence(kind):
    """Along enumerated trajectories, D = ρ_E / (ρ_E + ρ_π), and from the model's occupancies."""
    for case, model in models(kind):
        rng = case.rng(15)
        policies = [judge.random_policy(case, rng) for _ in range(2)]
        share = case.discounts / case.discounts.sum()
        expert, learner = (
            np.einsum("t,tsa->sa", share, evaluate(model, policy).occupancy) for policy in policies
        )
        seen = expert + learner > 0
        discriminator = np.where(seen, expert / np.where(seen, expert + learner, 1.0), 0.5)

        def objective(discriminator, case=case, policies=policies, share=share):
            """E_E[log D] + E_π[log(1 - D)], sums over trajectories."""
            result = 0.0
            for policy, score in zip(policies, (discriminator, 1 - discriminator), strict=True):
                table = np.broadcast_to(np.log(score), case.shape) * share[:, None, None]
                paths = judge.trajectories(case)
                result += judge.distribution(case, policy) @ judge.total(table, paths)
            return result

        middle = (expert + learner) / 2
        divergence = stats.entropy(middle.ravel())
        divergence -= (stats.entropy(expert.ravel()) + stats.entropy(learner.ravel())) / 2
        close(objective(discriminator), 2 * divergence - np.log(4))
        for noise in (0.3, 1e-3):
            logit = np.log(discriminator / (1 - discriminator))
            other = 1 / (1 + np.exp(-logit - noise * rng.normal(size=logit.shape)))
            assert objective(other) < objective(discriminator)
        same = objective(np.full(expert.shape, 0.5))
        close(same, -np.log(4))


# ----------------------------------------------------------------------------- 13 occupancy flow


@pytest.mark.parametrize("kind", KINDS)
def test_13_occupancy_flows_and_gives_its_policy_back(kind):
    for case, model in models(kind):
        policy = judge.random_policy(case, case.rng(16))
        solutions = [evaluate(model, policy), soft_optimal(model), hard_optimal(model)]
        for solution in solutions:
            occupancy = solution.occupancy
            close(occupancy[0].sum(-1), case.initial)
            flow = np.einsum("tsa,san->tn", occupancy[:-1], case.transition)
            close(occupancy[1:].sum(-1), flow)
            back = policy_from_occupancy(occupancy, case.available)
            visited = occupancy.sum(-1) > 0
            close(back[visited], solution.policy[visited])
            uniform = judge.uniform_policy(case)
            close(back[~visited], uniform[~visited])
            close(evaluate(model, back).occupancy, occupancy)
        chances = judge.distribution(case, policy)
        close(solutions[0].occupancy, judge.visits(case, judge.trajectories(case), chances))


@pytest.mark.parametrize("kind", KINDS)
def test_13_discounted_occupancy_flows_in_an_endless_problem(kind):
    for drawn, _ in models(kind):
        case, model = stationary(drawn)
        policy = judge.random_policy(case, case.rng(16))[0]
        for solution in (evaluate(model, policy), soft_optimal(model), hard_optimal(model)):
            occupancy = solution.occupancy
            flow = np.einsum("sa,san->n", occupancy, case.transition)
            close(occupancy.sum(-1), case.initial + case.discount * flow)
            close(occupancy.sum(), 1 / (1 - case.discount))
            back = policy_from_occupancy(occupancy, case.available)
            visited = occupancy.sum(-1) > 0
            close(back[visited], solution.policy[visited])
            close(back[~visited], judge.uniform_policy(case)[0][~visited])
            close(evaluate(model, back).occupancy, occupancy)
            close(np.sum(occupancy * case.reward_table[0]), solution.expected_return)


# ------------------------------------------------------------------------------ 14 cold and hot


@pytest.mark.parametrize("kind", KINDS)
def test_14_as_the_temperature_falls_soft_values_become_hard_ones(kind):
    for case, model in models(kind):
        best = hard_optimal(model)
        choices = np.log(case.available.sum(1).max())
        ahead = np.array([case.discounts[:steps].sum() for steps in range(case.horizon, -1, -1)])
        for temperature in (1.0, 0.1, 1e-2, 1e-3, 1e-5):
            soft = soft_optimal(model, "causal", temperature)
            gap = temperature * soft.value - best.value
            assert (gap >= -1e-11).all()
            assert (gap <= temperature * choices * ahead[:, None] + 1e-11).all()
        close(soft.expected_return, best.expected_return, 1e-3)
        if kind == "deterministic":  # then the posterior's dynamics are the true ones
            optimist = soft_optimal(model, "posterior", 1e-5)
            close(1e-5 * optimist.value, best.value, 1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_14_the_hard_optimum_is_the_best_of_all_deterministic_policies(kind):
    for seed in SEEDS:
        case = draw(kind, seed, largest=(3, 2, 3))
        best = hard_optimal(tabular(case))
        values = judge.best_deterministic(case)
        close(best.value[0], values)
        close(best.expected_return, case.initial @ values)
        assert np.isin(best.policy, (0.0, 1.0)).all()
        close(best.policy.sum(-1), 1.0)
        close(judge.policy_value(case, best.policy), best.value)
        close(best.entropy, 0.0)
        flat = hard_optimal(tabular(case, reward=np.zeros(case.shape[1])))
        lowest = np.broadcast_to(case.available.argmax(-1), case.shape[:2])
        np.testing.assert_array_equal(flat.policy.argmax(-1), lowest)


@pytest.mark.parametrize(("kind", "backup"), BOTH)
def test_14_huge_rewards_neither_overflow_nor_lose_digits(kind, backup):
    """Rewards up to 1e4, against sixty digits; relative 1e-8, probabilities to 1e-8."""
    for seed in SEEDS:
        drawn = draw(kind, seed, largest=(3, 2, 3))
        signs = drawn.rng(17).uniform(-1, 1, drawn.reward.shape)
        signs.flat[0] = np.sign(signs.flat[0])
        case = dataclasses.replace(drawn, reward=REWARD_SIZE * signs, temperature=1.0)
        solution = soft_optimal(tabular(case), backup)
        value, q, occupancy = (np.array(part, float) for part in judge.soft_values(case, backup))
        np.testing.assert_allclose(solution.value, value, rtol=TOLERANCE)
        np.testing.assert_allclose(solution.q, q, rtol=TOLERANCE)
        close(solution.policy, np.exp(q - value[:-1, :, None]))
        close(solution.occupancy, occupancy)
        if backup == "causal":
            expected = case.initial @ value[0]
        else:
            with mpmath.workdps(60):
                terms = [
                    mpmath.mpf(p) * mpmath.exp(v)
                    for p, v in zip(case.initial, value[0], strict=True)
                ]
                expected = float(mpmath.log(mpmath.fsum(terms)))
        np.testing.assert_allclose(solution.log_partition, expected, rtol=TOLERANCE)
        paths = judge.trajectories(case)
        likelihood = solution.log_likelihood(paths.states, paths.actions)
        if backup == "causal":
            decisions = q - value[:-1, :, None]
            exact = judge.total(np.where(case.available, decisions, 0.0), paths)
        else:
            exact = judge.total(case.reward_table, paths) - expected
        np.testing.assert_allclose(likelihood, exact, rtol=TOLERANCE, atol=TOLERANCE)
        for number in (solution.entropy, solution.expected_return, *solution.feature_expectations):
            assert np.isfinite(number)
        if backup == "causal":
            close(np.exp(solution.log_forward).sum(-1), 1.0)
        states, actions = solution.sample(50, seed=0)
        assert np.isfinite(solution.log_likelihood(states, actions)).all()


@pytest.mark.parametrize("discount", [0.5, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("shape", [(1, 3), (5, 5), (30, 4)], ids=str)
def test_14_huge_values_of_an_endless_problem_lose_no_digits(shape, discount):
    """A Bellman residual below ε (1 - γ) |V| puts the values within ε |V| of the truth."""
    rng = np.random.default_rng([*shape, int(1000 * discount)])
    transition = rng.dirichlet(np.ones(shape[0]), shape)
    available = rng.random(shape) < 0.7
    available[:, 0] = True
    initial = np.full(shape[0], 1 / shape[0])
    for size in (1.0, 1e2, REWARD_SIZE):
        rewards = (size * rng.uniform(-1, 1, shape), size * rng.integers(-1, 2, shape))
        for reward in rewards:  # the second has ties
            model = TabularModel(transition, reward, initial, None, discount, available=available)
            enough = TOLERANCE * (1 - discount)
            for temperature in (1.0, 1e-3):
                value = soft_optimal(model, "causal", temperature).value
                after = discount * transition @ value
                q = np.where(available, reward / temperature + after, -np.inf)
                limit = enough * np.abs(value).max()
                close(np.logaddexp.reduce(q, axis=-1), value, limit)
            best = hard_optimal(model)
            q = np.where(available, reward + discount * transition @ best.value, -np.inf)
            close(q.max(-1), best.value, enough * np.abs(best.value).max())
            np.testing.assert_array_equal(best.policy.argmax(-1), _lowest_best(q))
            gap = temperature * value - best.value
            rounding = TOLERANCE * (1 + np.abs(best.value).max())
            assert gap.min() >= -rounding
            assert gap.max() <= temperature * np.log(shape[1]) / (1 - discount) + rounding


def _lowest_best(q):
    return (q >= q.max(-1, keepdims=True) - 1e-9 * (1 + np.abs(q.max()))).argmax(-1)


# ------------------------------------------------------------ endless problems, and evaluation


@pytest.mark.parametrize("kind", KINDS)
def test_an_endless_soft_optimum_is_a_fixed_point_and_a_limit(kind):
    for drawn, _ in models(kind):
        case, model = stationary(drawn)
        solution = soft_optimal(model, "causal", case.temperature)
        after = case.discount * case.transition @ solution.value
        q = np.where(case.available, case.reward_table[0] / case.temperature + after, -np.inf)
        close(solution.q, q)
        close(solution.value, np.logaddexp.reduce(q, axis=-1))
        close(solution.policy, np.exp(q - solution.value[:, None]))
        close(solution.log_partition, case.initial @ solution.value)
        close(
            solution.expected_return / case.temperature + solution.entropy, solution.log_partition
        )
        steps = int(np.ceil(np.log(1e-12) / np.log(case.discount)))
        long = soft_optimal(tabular(case, horizon=steps), "causal", case.temperature)
        close(solution.value, long.value[0])
        close(solution.policy, long.policy[0])
        discounted = np.einsum("t,tsa->sa", case.discount ** np.arange(steps), long.occupancy)
        close(solution.occupancy, discounted)
        close(solution.entropy, long.entropy)
        close(solution.expected_return, long.expected_return)
        close(solution.feature_expectations, long.feature_expectations)


@pytest.mark.parametrize("kind", KINDS)
def test_an_endless_hard_optimum_is_a_fixed_point(kind):
    for drawn, _ in models(kind):
        case, model = stationary(drawn)
        best = hard_optimal(model)
        after = case.discount * case.transition @ best.value
        q = np.where(case.available, case.reward_table[0] + after, -np.inf)
        close(best.value, q.max(-1))
        assert np.isin(best.policy, (0.0, 1.0)).all()
        close(np.where(best.policy > 0, q, 0.0).sum(-1), best.value)


@pytest.mark.parametrize("kind", KINDS)
def test_evaluation_of_a_policy_is_a_sum_over_trajectories(kind):
    for case, model in models(kind):
        timed = judge.random_policy(case, case.rng(18))
        for policy, given in ((timed, timed), (np.broadcast_to(timed[0], case.shape), timed[0])):
            solution = evaluate(model, given)
            chances = judge.distribution(case, policy)
            paths = judge.trajectories(case)
            close(solution.policy, policy)
            close(solution.value, judge.policy_value(case, policy))
            q = case.reward_table + case.discount * next_values(case, solution.value)
            close(solution.q[:, case.available], q[:, case.available])
            close(solution.occupancy, judge.visits(case, paths, chances))
            close(solution.expected_return, judge.expected_return(case, policy))
            close(solution.entropy, judge.causal_entropy(case, policy))
            close(solution.feature_expectations, judge.feature_expectations(case, chances))
            close(
                solution.log_likelihood(paths.states, paths.actions),
                np.log(judge.product(policy, paths)),
            )


@pytest.mark.parametrize("kind", KINDS)
def test_evaluation_in_an_endless_problem_is_a_linear_solve(kind):
    for drawn, _ in models(kind):
        case, model = stationary(drawn)
        policy = judge.random_policy(case, case.rng(18))[0]
        solution = evaluate(model, policy)
        moves = np.einsum("sa,san->sn", policy, case.transition)
        flow = np.eye(case.shape[1]) - case.discount * moves
        reward = case.reward_table[0]
        close(solution.value, np.linalg.solve(flow, np.sum(policy * reward, -1)))
        visits = np.linalg.solve(flow.T, case.initial)
        close(solution.occupancy, visits[:, None] * policy)
        close(solution.expected_return, visits @ np.sum(policy * reward, -1))
        surprise = -np.sum(policy * np.log(np.where(policy > 0, policy, 1.0)), -1)
        close(solution.entropy, visits @ surprise)
        features = np.einsum("sa,sak->k", solution.occupancy, case.feature_table[0])
        close(solution.feature_expectations, features)


def test_samples_of_an_endless_problem_follow_the_policy():
    """Every step of 50,000 short samples, by a chi-square test of rate `ERROR_RATE` each."""
    case, model = stationary(draw("dense", 0))
    steps = 2
    short = dataclasses.replace(case, horizon=steps)
    policy = judge.random_policy(case, case.rng(19))[0]
    for solution in (evaluate(model, policy), soft_optimal(model, "causal", case.temperature)):
        states, actions = solution.sample(50_000, seed=1, steps=steps)
        assert states.shape == (50_000, steps + 1)
        timed = np.broadcast_to(solution.policy, short.shape)
        exact = judge.distribution(short, timed, final_state=True)
        rows = np.hstack(_all(short, final_state=True))
        _assert_frequencies(rows, exact, np.hstack([states, actions]), ERROR_RATE)
        close(
            solution.log_likelihood(states[:50], actions[:50]),
            np.log(solution.policy[states[:50, :-1], actions[:50]]).sum(-1),
        )


def test_the_kinds_are_what_they_say():
    """A generator that draws no stochastic, sparse or unavailable models would prove little."""
    seen = {kind: [draw(kind, seed) for seed in SEEDS] for kind in KINDS}
    assert sum(len(cases) for cases in seen.values()) >= 50
    assert all((case.transition == 0).any() for case in seen["sparse"])
    assert all(np.isin(case.transition, (0, 1)).all() for case in seen["deterministic"])
    assert all((case.transition > 0).all() for case in seen["slippery"] + seen["dense"])
    assert all((case.transition[:, :, -1] == 0).all() for case in seen["unreachable"])
    assert all(not case.available.all() for case in seen["unavailable"])
    assert all(case.discount < 1 for case in seen["discounted"])
    assert all(case.reward.ndim == 3 for case in seen["time_dependent"])
    assert all(case.initial.max() == 1 for case in seen["fixed_start"])
    assert all(case.initial.min() > 0 for case in seen["spread_start"])
    for case in itertools.chain(*seen.values()):
        probabilities = case.transition.sum(-1)
        np.testing.assert_allclose(probabilities[case.available], 1.0, atol=1e-12)
