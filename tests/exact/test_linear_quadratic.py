"""Closed forms against independent means: one Gaussian integral, a grid, perturbations, samples."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import linalg, stats
from scipy.interpolate import CubicSpline
from scipy.special import logsumexp

from il_envs import LinearQuadraticModel, linear_quadratic_soft_optimal
from il_envs.exact.linear_gaussian import (
    LinearGaussianPolicy,
    evaluate_linear_gaussian,
    linear_gaussian_divergence,
)

SEEDS = range(50)
BACKUPS = ("causal", "posterior")


def _covariance(random, n):
    factor = random.normal(size=(n, n))
    return factor @ factor.T / n


def random_model(seed, **changes):
    """Up to 3 states, 2 actions and 6 steps; half of them change with time, and costs in sign."""
    random = np.random.default_rng(seed)
    n, m, steps = random.integers(1, 4), random.integers(1, 3), int(random.integers(1, 7))
    times = (steps,) if seed % 2 else ()
    shift = -0.02 if seed % 3 == 0 else 0.0  # a small negative cost
    fields = {
        "transition": random.normal(size=(*times, n, n)) * 0.8,
        "control": random.normal(size=(*times, n, m)),
        "noise": 0.3 * _covariance(random, n),
        "state_cost": _covariance(random, n) + shift * np.eye(n),
        "action_cost": _covariance(random, m) + 0.5 * np.eye(m),
        "initial_mean": random.normal(size=n),
        "initial_covariance": _covariance(random, n),
        "horizon": steps,
        "final_cost": _covariance(random, n),
    }
    return LinearQuadraticModel(**(fields | changes))


def random_temperature(seed):
    return float(np.random.default_rng(seed + 1000).uniform(0.3, 3.0))


def solved(seed, backup, **changes):
    model = random_model(seed, **changes)
    return linear_quadratic_soft_optimal(model, backup, random_temperature(seed))


def joint_gaussian(model, temperature):
    """The posterior over all of an episode at once, an independent judge.

    An episode is linear in z = (start and noises in standard form, actions), and log p(z) plus the
    reward over the temperature is one quadratic form: its integral over z is one determinant.

    Returns:
        log Z, mean and covariance of z, the states as (matrix, offset) of z, the actions' matrices.
    """
    steps, n, m = model.control.shape
    size = n * (steps + 1) + m * steps
    state = np.zeros((n, size))
    state[:, :n] = linalg.sqrtm(model.initial_covariance).real
    middle = model.initial_mean
    precision, slope, cost = np.eye(size), np.zeros(size), 0.0
    precision[n * (steps + 1) :] = 0.0
    states, actions = [(state, middle)], []
    weights = [*model.state_cost, model.final_cost]
    for t in range(steps):
        action = np.zeros((m, size))
        action[:, n * (steps + 1) + m * t :][:, :m] = np.eye(m)
        actions.append(action)
        noise = np.zeros((n, size))
        noise[:, n * (t + 1) : n * (t + 2)] = linalg.sqrtm(model.noise[t]).real
        state = model.transition[t] @ state + model.control[t] @ action + noise
        middle = model.transition[t] @ middle
        states.append((state, middle))
    for weight, (state, middle) in zip(weights, states, strict=True):
        precision += 2.0 / temperature * state.T @ weight @ state
        slope += 2.0 / temperature * state.T @ weight @ middle
        cost += middle @ weight @ middle / temperature
    for weight, action in zip(model.action_cost, actions, strict=True):
        precision += 2.0 / temperature * action.T @ weight @ action
    covariance = np.linalg.inv(precision)
    log_z = 0.5 * slope @ covariance @ slope - cost - 0.5 * np.linalg.slogdet(precision)[1]
    log_z += 0.5 * m * steps * np.log(2.0 * np.pi)
    return log_z, -covariance @ slope, covariance, states, actions


class TestCausal:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_value_is_expected_reward_and_entropy(self, seed):
        solution = solved(seed, "causal")
        soft_return = solution.expected_return / solution.temperature + solution.entropy
        assert solution.log_partition == pytest.approx(soft_return, abs=1e-8)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_covariance_formula_and_riccati(self, seed):
        """Gains and P do not depend on the temperature; the covariance is proportional to it."""
        solution = solved(seed, "causal")
        cold = linear_quadratic_soft_optimal(solution.model, "causal", 1e-3)
        assert_allclose(solution.policy.gain, cold.policy.gain, atol=1e-12)
        assert_allclose(solution.quadratic, cold.quadratic, atol=1e-12)
        for t in range(solution.model.horizon):
            a, b = solution.model.transition[t], solution.model.control[t]
            ahead = solution.quadratic[t + 1]
            curvature = solution.model.action_cost[t] + b.T @ ahead @ b
            expected = 0.5 * solution.temperature * np.linalg.inv(curvature)
            assert_allclose(solution.policy.covariance[t], expected, atol=1e-12)
            textbook = solution.model.state_cost[t] + a.T @ ahead @ a
            textbook -= a.T @ ahead @ b @ np.linalg.solve(curvature, b.T @ ahead @ a)
            assert_allclose(solution.quadratic[t], textbook, atol=1e-9)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_no_linear_gaussian_policy_does_better(self, seed):
        """The objective falls both ways from the optimum, and by the square of the distance."""
        solution = solved(seed, "causal")
        random = np.random.default_rng(seed)
        policy = solution.policy
        turn = random.normal(size=policy.covariance.shape)
        step = (
            random.normal(size=policy.gain.shape),
            random.normal(size=policy.covariance.shape[:2]),
            (turn + turn.swapaxes(1, 2)) * policy.covariance.min(initial=0.05) / 2.0,
        )

        def loss(size):
            moved = LinearGaussianPolicy(
                policy.gain + size * step[0],
                policy.covariance + size * step[2],
                policy.offset + size * step[1],
            )
            result = evaluate_linear_gaussian(solution.model, moved)
            objective = result.expected_return / solution.temperature + moved.entropy
            return solution.log_partition - objective

        scale = loss(0.01)
        assert scale > 0.0
        assert loss(-0.01) > 0.0
        slope = (loss(1e-4) - loss(-1e-4)) / 2e-4
        assert abs(slope) < 0.1 * scale
        other = solved(seed, "posterior").policy
        result = evaluate_linear_gaussian(solution.model, other)
        assert result.expected_return / solution.temperature + other.entropy <= (
            solution.log_partition + 1e-9
        )

    def test_stationary_riccati_solution_as_final_cost_makes_the_policy_stationary(self):
        model = random_model(8)
        a, b = model.transition[0], model.control[0]
        final = linalg.solve_discrete_are(a, b, model.state_cost[0], model.action_cost[0])
        solution = linear_quadratic_soft_optimal(replace(model, final_cost=final))
        assert_allclose(solution.quadratic, np.broadcast_to(final, solution.quadratic.shape))
        assert_allclose(solution.policy.gain - solution.policy.gain[0], 0.0, atol=1e-10)


class TestPosterior:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_the_joint_gaussian_gives_the_same_partition_and_marginals(self, seed):
        solution = solved(seed, "posterior")
        log_z, mean, covariance, states, actions = joint_gaussian(
            solution.model, solution.temperature
        )
        assert solution.log_partition == pytest.approx(log_z, abs=1e-8)
        marginals = solution.marginals
        for t, (state, middle) in enumerate(states):
            assert_allclose(marginals.state_mean[t], middle + state @ mean, atol=1e-7)
            spread = state @ covariance @ state.T
            assert_allclose(marginals.state_covariance[t], spread, atol=1e-7)
        for t, action in enumerate(actions):
            assert_allclose(marginals.action_mean[t], action @ mean, atol=1e-7)
            spread = action @ covariance @ action.T
            assert_allclose(marginals.action_covariance[t], spread, atol=1e-7)
            together = action @ covariance @ states[t][0].T
            gain = -solution.policy.gain[t] @ marginals.state_covariance[t]
            assert_allclose(gain, together, atol=1e-7)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_every_episode_has_the_density_of_the_optimist(self, seed):
        """reward / tau + log p(episode) - log Z is log of policy times the believed model."""
        model = random_model(seed)
        n = model.control.shape[1]
        full = {name: getattr(model, name) + 0.1 * np.eye(n)
                for name in ("noise", "initial_covariance")}  # fmt: skip
        solution = linear_quadratic_soft_optimal(replace(model, **full), "posterior", 1.3)
        states, actions = solution.evaluation.sample(3, seed)
        relative = solution.log_likelihood(states, actions)
        expected = solution.policy.log_likelihood(states, actions)
        for sign, world in ((1.0, solution.believed), (-1.0, solution.model)):
            for k in range(len(states)):
                expected[k] += sign * stats.multivariate_normal.logpdf(
                    states[k, 0], world.initial_mean, world.initial_covariance
                )
                for t in range(model.horizon):
                    reached = world.transition[t] @ states[k, t] + world.control[t] @ actions[k, t]
                    expected[k] += sign * stats.multivariate_normal.logpdf(
                        states[k, t + 1], reached, world.noise[t]
                    )
        assert_allclose(relative, expected, rtol=1e-7, atol=1e-7)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_partition_is_at_least_the_causal_one(self, seed):
        assert solved(seed, "posterior").log_partition >= solved(seed, "causal").log_partition

    @pytest.mark.parametrize("seed", SEEDS)
    def test_both_agree_without_noise(self, seed):
        """The same policies and values; the same marginals if the start is fixed too."""
        size = random_model(seed).control.shape[1]
        still = {"noise": np.zeros((size, size)), "initial_covariance": np.zeros((size, size))}
        causal, posterior = (solved(seed, backup, **still) for backup in BACKUPS)
        for name in ("gain", "covariance"):
            ours, theirs = (getattr(s.policy, name) for s in (causal, posterior))
            assert_allclose(ours, theirs, atol=1e-9)
        assert causal.log_partition == pytest.approx(posterior.log_partition, abs=1e-9)
        assert causal.expected_return == pytest.approx(posterior.expected_return, abs=1e-8)
        assert causal.entropy == pytest.approx(posterior.entropy, abs=1e-8)
        noisy = solved(seed, "posterior", noise=still["noise"])
        assert_allclose(noisy.policy.gain, causal.policy.gain, atol=1e-9)

    def test_the_optimist_trusts_its_luck(self):
        """With noise it steers less than the causal policy, loses by it, and expects to win."""
        model = LinearQuadraticModel(*_scalar_fields(), horizon=10)
        causal, posterior = (linear_quadratic_soft_optimal(model, backup) for backup in BACKUPS)
        assert (posterior.policy.gain < causal.policy.gain)[:-1].all()
        assert posterior.evaluation.expected_return < causal.expected_return
        assert posterior.expected_return > posterior.evaluation.expected_return


def _scalar_fields(cost=1.0):
    one = np.ones((1, 1))
    return one, one, 0.5 * one, cost * one, one, np.zeros(1), one


class TestGrid:
    """Brute-force soft value iteration of a one-dimensional model on a fine grid."""

    @pytest.mark.parametrize("backup", BACKUPS)
    @pytest.mark.parametrize("seed", range(2))
    def test_values_and_policies(self, backup, seed):
        random = np.random.default_rng(seed)
        a, b, q, r, final = random.uniform(0.5, 1.2, 5)
        deviation, tau = 0.5, 0.8
        model = LinearQuadraticModel(
            *(np.full((1, 1), value) for value in (a, b, deviation**2, q, r)),
            np.zeros(1), np.ones((1, 1)), 3, np.full((1, 1), final),
        )  # fmt: skip
        solution = linear_quadratic_soft_optimal(model, backup, tau)
        places, actions = np.linspace(-4.0, 4.0, 81), np.linspace(-9.0, 9.0, 361)
        gusts = deviation * np.linspace(-8.0, 8.0, 65)
        chance = stats.norm.pdf(gusts, scale=deviation) * (gusts[1] - gusts[0])
        value = -final * places**2 / tau
        for t in (2, 1, 0):
            reached = a * places[:, None] + b * actions
            after = CubicSpline(places, value)(reached[:, :, None] + gusts)
            ahead = after @ chance if backup == "causal" else logsumexp(after, b=chance, axis=2)
            action_values = ahead - (q * places[:, None] ** 2 + r * actions**2) / tau
            value = logsumexp(action_values, axis=1) + np.log(actions[1] - actions[0])
            assert_allclose(solution.value(t, places[:, None]), value, atol=1e-8)
            policy = np.exp(action_values - value[:, None]) * (actions[1] - actions[0])
            mean = policy @ actions
            spread = policy @ actions**2 - mean**2
            assert_allclose(solution.policy.mean(t, places[:, None])[:, 0], mean, atol=1e-7)
            assert_allclose(solution.policy.covariance[t, 0, 0], spread, atol=1e-7)


class TestEvaluation:
    @pytest.mark.parametrize("seed", range(4))
    def test_moments_and_return_of_any_policy_against_samples(self, seed):
        """Each bound is 5 standard errors: a run with fresh seeds fails once in 10,000 or less."""
        model, random = random_model(2 * seed + 1), np.random.default_rng(seed)
        steps, n, m = model.control.shape
        policy = LinearGaussianPolicy(
            0.3 * random.normal(size=(steps, m, n)),
            np.stack([_covariance(random, m) for _ in range(steps)]),
            random.normal(size=(steps, m)),
        )
        result = evaluate_linear_gaussian(model, policy)
        states, actions = result.sample(20_000, seed)
        returns = model.returns(states, actions)
        error = returns.std() / np.sqrt(len(returns))
        assert abs(returns.mean() - result.expected_return) < 5 * error
        for drawn, mean, covariance in (
            (states, result.state_mean, result.state_covariance),
            (actions, result.action_mean, result.action_covariance),
        ):
            offset = drawn - mean
            deviation = np.sqrt(np.einsum("tii->ti", covariance))
            assert (np.abs(offset.mean(0)) <= 5 * deviation / np.sqrt(20_000)).all()
            spread = np.einsum("kti,ktj->tij", offset, offset) / 20_000
            scale = deviation[:, :, None] * deviation[:, None, :]
            assert (np.abs(spread - covariance) <= 5 * scale * np.sqrt(2 / 20_000)).all()
        surprise = -policy.log_likelihood(states, actions)
        assert abs(surprise.mean() - policy.entropy) < 5 * surprise.std() / np.sqrt(20_000)

    def test_returns_are_sums_of_rewards(self):
        model = LinearQuadraticModel(
            np.eye(1), np.eye(1), np.eye(1), 2 * np.eye(1), 3 * np.eye(1),
            np.zeros(1), np.eye(1), 2, 5 * np.eye(1),
        )  # fmt: skip
        states, actions = np.array([[[1.0], [2.0], [3.0]]]), np.array([[[1.0], [-1.0]]])
        assert model.returns(states, actions).tolist() == [-(2 + 8 + 45) - (3 + 3)]

    def test_samples_repeat_with_their_seed(self):
        solution = solved(3, "causal")
        first, again, other = (solution.sample(5, seed)[0] for seed in (1, 1, 2))
        assert (first == again).all()
        assert (first[:, 0] != other[:, 0]).any()

    def test_a_policy_without_noise_is_exact_and_has_no_density(self):
        model = random_model(4)
        steps, n, m = model.control.shape
        policy = LinearGaussianPolicy(np.zeros((steps, m, n)), np.zeros((steps, m, m)))
        result = evaluate_linear_gaussian(model, policy)
        states, actions = result.sample(10, 0)
        assert (actions == 0.0).all()
        assert policy.entropy == -np.inf
        with pytest.raises(ValueError, match="covariance at step 0 must be positive definite"):
            policy.log_likelihood(states, actions)


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"horizon": 0}, "horizon must be a positive whole number, not 0"),
            ({"horizon": 2.5}, "horizon must be a positive whole number"),
            ({"transition": np.zeros((2, 3))}, r"transition has shape \(2, 3\), must be \(3, 3\)"),
            ({"control": np.zeros((3, 1))}, r"control has shape \(3, 1\)"),
            ({"state_cost": np.eye(3)}, r"state_cost has shape \(3, 3\)"),
            ({"noise": np.zeros((9, 2, 2))}, r"must be \(2, 2\) or \(4, 2, 2\)"),
            ({"initial_mean": np.zeros(3)}, "initial_mean has shape"),
            ({"action_cost": np.full((1, 1), np.nan)}, "action_cost holds a number that is not"),
            ({"state_cost": np.array([[1.0, 1.0], [0.0, 1.0]])}, "state_cost must be symmetric"),
            ({"noise": -np.eye(2)}, "noise must be positive semi-definite"),
            ({"initial_covariance": np.diag([1.0, -1.0])}, "initial_covariance must be positive"),
        ],
    )
    def test_models(self, changes, message):
        fields = {
            "transition": np.eye(2), "control": np.ones((2, 1)), "noise": np.eye(2),
            "state_cost": np.eye(2), "action_cost": np.eye(1), "initial_mean": np.zeros(2),
            "initial_covariance": np.eye(2), "horizon": 4,
        }  # fmt: skip
        assert LinearQuadraticModel(**fields).final_cost.tolist() == [[0.0, 0.0], [0.0, 0.0]]
        with pytest.raises(ValueError, match=message):
            LinearQuadraticModel(**(fields | changes))

    def test_models_are_read_only(self):
        with pytest.raises(ValueError, match="read-only"):
            random_model(0).transition[0] = 1.0

    def test_policies(self):
        eye = np.ones((2, 1, 1))
        for arguments, message in (
            ((np.eye(2), eye), r"gain has shape \(2, 2\), must be \[T, m, n\]"),
            ((eye, -eye), "covariance must be positive semi-definite"),
            ((eye, eye, np.zeros((2, 2))), "offset has shape"),
        ):
            with pytest.raises(ValueError, match=message):
                LinearGaussianPolicy(*arguments)
        with pytest.raises(ValueError, match=r"gain has shape \(2, 1, 1\), must be"):
            evaluate_linear_gaussian(
                LinearQuadraticModel(*_scalar_fields(), horizon=3), LinearGaussianPolicy(eye, eye)
            )

    @pytest.mark.parametrize("temperature", [0.0, -1.0, np.inf, np.nan])
    def test_temperatures(self, temperature):
        with pytest.raises(ValueError, match="temperature must be positive and finite"):
            linear_quadratic_soft_optimal(random_model(0), "causal", temperature)

    def test_backups(self):
        with pytest.raises(ValueError, match="must be 'causal' or 'posterior', not 'optimist'"):
            linear_quadratic_soft_optimal(random_model(0), "optimist")

    def test_where_the_recursion_breaks_down(self):
        """A reward for being far away: too much of it for the action's cost, or for the noise."""
        model = LinearQuadraticModel(*_scalar_fields(), 1, -2.0 * np.ones((1, 1)))
        with pytest.raises(ValueError, match=r"R \+ B'PB at step 0 must be positive definite"):
            linear_quadratic_soft_optimal(model)
        model = LinearQuadraticModel(*_scalar_fields(), 1, -0.9 * np.ones((1, 1)))
        solution = linear_quadratic_soft_optimal(model, temperature=0.8)
        assert np.isfinite(solution.log_partition)
        with pytest.raises(ValueError, match="optimist's noise at step 0 must be positive defin"):
            linear_quadratic_soft_optimal(model, "posterior", 0.8)
        model = LinearQuadraticModel(*_scalar_fields(-0.6), 1)
        with pytest.raises(ValueError, match="optimist's noise at the start must be positive"):
            linear_quadratic_soft_optimal(model, "posterior")


def perturbed(solution, seed):
    """A linear-Gaussian policy near a solution's."""
    random = np.random.default_rng(seed)
    own = solution.policy
    roots = random.normal(size=own.covariance.shape)
    return LinearGaussianPolicy(
        own.gain + 0.1 * random.normal(size=own.gain.shape),
        own.covariance + 0.1 * roots @ roots.swapaxes(1, 2),
        0.1 * random.normal(size=own.gain.shape[:2]),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_soft_regret_is_the_divergence_where_the_policy_goes(seed):
    """log Z - E[sum r] / tau - H(policy) = E_policy[sum KL(policy || reference)]: two closed forms
    that share nothing."""
    solution = solved(seed, "causal")
    policy = perturbed(solution, seed)
    own = evaluate_linear_gaussian(solution.model, policy)
    regret = solution.log_partition - own.expected_return / solution.temperature - policy.entropy
    assert_allclose(linear_gaussian_divergence(own, solution.policy), regret, rtol=1e-8, atol=1e-8)
    assert linear_gaussian_divergence(solution.evaluation, solution.policy) == pytest.approx(0.0)


def test_a_policy_without_chance_is_infinitely_far():
    solution = solved(3, "causal")
    still = replace(solution.policy, covariance=np.zeros_like(solution.policy.covariance))
    assert linear_gaussian_divergence(solution.evaluation, still) == np.inf


@pytest.mark.parametrize("seed", SEEDS)
def test_regrets_are_what_actions_lose_to_the_optimal_ones(seed):
    """Without noise and with one start there is no luck, and they are the difference of returns,
    whatever the actions are."""
    model = random_model(seed)
    still = {"noise": 0.0 * model.noise[0], "initial_covariance": 0.0 * model.initial_covariance}
    solution = linear_quadratic_soft_optimal(replace(model, **still), "causal", 0.7)
    states, actions = evaluate_linear_gaussian(solution.model, perturbed(solution, seed)).sample(
        5, seed
    )
    lost = solution.optimal.expected_return - solution.model.returns(states, actions)
    regrets = solution.regrets(states, actions)
    assert regrets.shape == actions.shape[:2]
    assert regrets.min() >= 0.0
    assert_allclose(regrets.sum(1), lost, rtol=1e-8, atol=1e-8)


def test_regrets_have_the_expectation_of_the_difference_with_less_variance():
    """40,000 episodes; on a fresh seed it would fail once in 16,000 times."""
    solution = solved(7, "causal")
    own = evaluate_linear_gaussian(solution.model, perturbed(solution, 7))
    states, actions = own.sample(40_000, 1)
    controlled = solution.optimal.expected_return - solution.regrets(states, actions).sum(1)
    error = controlled.std() / np.sqrt(len(controlled))
    assert abs(controlled.mean() - own.expected_return) < 4.0 * error
    assert controlled.std() < 0.7 * solution.model.returns(states, actions).std()
