"""LaneKeeping against the car that it is made from, its exact reference, and recorded bits."""

import numpy as np
import pytest
from numba import njit
from numpy.testing import assert_allclose
from scipy import linalg, optimize, special, stats

from il_envs import (
    ExpertPolicy,
    RandomPolicy,
    WorldEnv,
    get_world,
    linear_quadratic_soft_optimal,
    run_episodes,
)
from il_envs.drawing.canvas import Canvas
from il_envs.exact.linear_gaussian import LinearGaussianPolicy, evaluate_linear_gaussian
from il_envs.random import hash_normal, log_share, normal_quantile
from il_envs.worlds import lane_keeping
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.picture import car as car_picture
from il_envs.worlds.lane_keeping import dynamics as lane
from il_envs.worlds.lane_keeping.picture import scene as lane_scene

WORLD, STILL = get_world("LaneKeeping"), get_world("LaneKeepingStill")
STEPS = lane.MAX_EPISODE_STEPS
EPISODES = 600


def _constant_policy(gain, covariance):
    return LinearGaussianPolicy(
        *(np.broadcast_to(a, (STEPS, *a.shape)) for a in (gain, covariance))
    )


def _rates(state, action):
    """Time derivatives of the real car: offset, heading, two speeds, yaw rate; steering, kN."""
    lateral, heading, x, y, w = state
    tangent, drive = car.steering_tangent(action[0]), 1000.0 * action[1]
    along = (x * np.cos(heading) - y * np.sin(heading)) / (1.0 - lateral / lane.RADIUS)
    cosine = 1.0 / np.sqrt(1.0 + tangent**2)
    body = car.accelerations(
        x, y, w, car.inverse_speed(x), tangent, cosine, drive, car.rear_grip(drive)
    )
    across = x * np.sin(heading) + y * np.cos(heading)
    return np.array([across, w - along / lane.RADIUS, *body])


@pytest.fixture(scope="module")
def corner():
    """State and action of the steady corner, from DriftCar's dynamics."""

    def unsteadiness(unknown):
        sideslip, *action = unknown
        return _rates(steady(sideslip), action)[2:]

    def steady(sideslip):
        x, y = lane.SPEED * np.cos(sideslip), lane.SPEED * np.sin(sideslip)
        return np.array([0.0, -sideslip, x, y, lane.SPEED / lane.RADIUS])

    sideslip, *action = optimize.fsolve(unsteadiness, [-0.05, 0.1, 1.0], xtol=1e-13)
    assert_allclose(_rates(steady(sideslip), action), 0.0, atol=1e-9)
    return steady(sideslip), np.array(action)


@pytest.fixture(scope="module")
def episodes():
    return run_episodes(WORLD, "training", ExpertPolicy, range(EPISODES))


@pytest.fixture(scope="module")
def paths(episodes):
    """States [N, T + 1, n] and actions [N, T, m] of the expert's episodes."""
    states = np.stack([episode.observations for episode in episodes])
    return states, np.stack([episode.actions for episode in episodes])


@pytest.fixture(scope="module")
def still_paths():
    """States [N, T + 1, n], actions [N, T, m] and returns [N] of the expert's episodes."""
    episodes = run_episodes(STILL, "training", ExpertPolicy, range(EPISODES))
    states = np.stack([episode.observations for episode in episodes])
    actions = np.stack([episode.actions for episode in episodes])
    return states, actions, np.array([episode.total_reward for episode in episodes])


class TestConstants:
    def test_corner(self, corner):
        state, action = corner
        assert_allclose([lane.SIDESLIP, lane.STEERING, lane.DRIVE], [-state[1], *action], atol=1e-6)
        assert_allclose(lane.SPEED**2 / lane.RADIUS / 9.81, 0.78, atol=5e-3)

    def test_exact_discretisation_of_the_linearised_car(self, corner):
        """The columns are inputs held for a step: actions, and three gusts."""
        state, action = corner
        n, m = lane.STATES, lane.ACTIONS
        size = 1e-6
        augmented = np.zeros((n + m + 3, n + m + 3))
        for k, direction in enumerate(size * np.eye(n + m)):
            moved, pushed = direction[:n], lane.ACTION_UNIT * direction[n:]
            ahead = _rates(state + moved, action + pushed)
            behind = _rates(state - moved, action - pushed)
            augmented[:n, k] = (ahead - behind) / (2.0 * size)
        augmented[[2, 3, 4], [n + m, n + m + 1, n + m + 2]] = 0.8, 2.0, 2.0
        exact = linalg.expm(lane.CONTROL_PERIOD * augmented)[:n]
        assert_allclose(lane.TRANSITION, exact[:, :n], atol=6e-7)
        assert_allclose(lane.CONTROL, exact[:, n : n + m], atol=6e-7)
        assert_allclose(lane.GUST, exact[:, n + m :], atol=6e-7)
        swing = np.linalg.eigvals(augmented[2:n, 2:n])
        half_life = np.log(2.0) / -swing.real.max()
        assert half_life == pytest.approx(2.6, abs=0.05)
        assert np.abs(swing.imag).max() > 0.5

    def test_riccati(self):
        costs = np.diag(lane.STATE_COST), np.diag(lane.ACTION_COST)
        final = linalg.solve_discrete_are(lane.TRANSITION, lane.CONTROL, *costs)
        assert_allclose(lane.FINAL_COST, final, atol=6e-5)
        reference = lane_keeping.reference()
        assert_allclose(lane.GAIN - reference.policy.gain, 0.0, atol=1e-5)
        assert_allclose(lane.HAND @ lane.HAND.T - reference.policy.covariance, 0.0, atol=1e-8)

    @pytest.mark.parametrize("name", lane.BENDS)
    def test_the_stationary_expert_is_optimal_to_a_hundred_millionth_of_a_nat(self, name):
        reference = lane_keeping.reference(name)
        policy = _constant_policy(lane.GAIN, lane.HAND @ lane.HAND.T)
        soft_return = evaluate_linear_gaussian(reference.model, policy).expected_return
        assert 0.0 <= reference.log_partition - soft_return - policy.entropy < 1e-8

    @pytest.mark.parametrize("name", lane.BENDS)
    def test_clipping_is_as_good_as_impossible(self, name):
        marginals = lane_keeping.reference(name).marginals
        deviation = np.sqrt(np.einsum("tii->ti", marginals.action_covariance))
        room = (1.0 - np.abs(marginals.action_mean)) / deviation
        assert room.min() > 8.0
        assert 2.0 * stats.norm.sf(room).sum() < 1e-12

    def test_no_episode_leaves_the_observation_space(self):
        """The sum of the worst actions and the largest noises that there can be."""
        gust = normal_quantile(1.0 - 2.0**-53)
        power, reach = np.eye(lane.STATES), np.zeros(lane.STATES)
        for _ in range(STEPS + 1):
            worst = reach + gust * np.abs(power) @ lane.START
            assert (worst < WORLD.spaces.observation.high).all()
            reach += np.abs(power @ lane.CONTROL).sum(1)
            reach += gust * np.abs(power @ lane.GUST).sum(1)
            power = lane.TRANSITION @ power

    def test_what_the_docstring_says_is_typical(self):
        reference = lane_keeping.reference()
        typical = np.sqrt(np.diag(reference.marginals.state_covariance[-1]))
        assert_allclose(typical, [0.24, 0.039, 0.22, 0.67, 0.14], rtol=0.05)
        idle = _constant_policy(0.0 * lane.GAIN, np.zeros((lane.ACTIONS, lane.ACTIONS)))
        lateral = evaluate_linear_gaussian(reference.model, idle).state_covariance[:, 0, 0]
        assert_allclose(np.sqrt(lateral[[50, 125]]), [3.0, 17.0], rtol=0.05)


class TestWorld:
    @pytest.mark.parametrize(
        ("style", "golden"), [("scripted", "48732e80352656fa"), ("mean", "fbbedff2579517e4")]
    )
    def test_golden_bits(self, style, golden):
        """Recorded once; a change means that old results are of another world."""
        episode = run_episodes(WORLD, "training", lambda env: ExpertPolicy(env, style), [2019])[0]
        assert episode.state_hash[:16] == golden

    def test_rewards_are_those_of_the_model(self, episodes, paths):
        totals = [episode.total_reward for episode in episodes]
        assert_allclose(lane_keeping.reference().model.returns(*paths), totals, rtol=1e-12)
        states, actions = paths
        costs = states[:, :-1] ** 2 @ lane.STATE_COST + actions**2 @ lane.ACTION_COST
        costs[:, -1] += np.einsum("ki,ij,kj->k", states[:, -1], lane.FINAL_COST, states[:, -1])
        assert_allclose([episode.rewards for episode in episodes], -costs, rtol=1e-12)

    def test_gusts_are_standard_normal_and_independent(self, paths):
        """5 standard errors for each of 6 moments, and a KS test: fails once in 10,000 runs."""
        states, actions = paths
        moved = states[:, 1:] - states[:, :-1] @ lane.TRANSITION.T - actions @ lane.CONTROL.T
        gusts = moved @ np.linalg.pinv(lane.GUST).T
        assert_allclose(gusts @ lane.GUST.T, moved, atol=1e-12)
        gusts = gusts.reshape(-1, lane.GUSTS)
        error = 5.0 / np.sqrt(len(gusts))
        assert_allclose(gusts.T @ gusts / len(gusts), np.eye(3), atol=np.sqrt(2.0) * error)
        assert_allclose(gusts[1:].T @ gusts[:-1] / len(gusts), 0.0, atol=error)
        assert stats.kstest(gusts.ravel(), "norm").pvalue > 1e-5
        starts = states[:, 0] / lane.START
        assert stats.kstest(starts.ravel(), "norm").pvalue > 1e-5

    def test_episodes_are_truncated_after_five_seconds_and_never_terminate(self):
        everywhere = run_episodes(
            WORLD, "held_out", lambda env: RandomPolicy(env.single_action_space, 0), range(20)
        )
        for episode in everywhere:
            assert (len(episode), episode.terminated) == (STEPS, False)
        assert STEPS * WORLD.dynamics.control_period == 5.0

    def test_both_splits_are_the_same_world(self):
        first, second = (
            run_episodes(WORLD, split, ExpertPolicy, [1])[0] for split in ("training", "held_out")
        )
        assert first.state_hash == second.state_hash

    def test_observations_stay_in_their_space_long_after_the_end(self):
        env = WorldEnv("LaneKeeping")
        env.reset(seed=0)
        state = env.state
        state["step"], state["deviation"] = STEPS, 1e6
        env.state = state
        observation, reward, *_ = env.step(np.ones(2))
        assert env.observation_space.contains(observation)
        assert observation[0] == lane.OBSERVATION_MAX[0]
        assert np.isfinite(reward)

    def test_measures(self, episodes, paths):
        lateral = np.abs(paths[0][0, :, 0])
        measures = episodes[0].measures
        assert_allclose(measures["lateral_error"], lateral)
        assert measures["mean_lateral_error"][-1] == pytest.approx(lateral[1:].mean())

    def test_a_gentle_start_is_the_steady_corner(self):
        observation, info = WorldEnv(WORLD.name).reset(seed=3, options={"gentle_start": True})
        assert observation.tolist() == [0.0] * lane.STATES
        assert info == {"lateral_error": 0.0, "mean_lateral_error": 0.0}

    def test_keys_stay_within_the_action_bounds(self):
        for key in WORLD.views.keys:
            assert abs(key.value) <= 1.0


class TestStill:
    """The twin without gusts; its start, too, is always the same."""

    @pytest.mark.parametrize(
        ("style", "golden"), [("scripted", "20b7aac3371b9205"), ("mean", "db27de456df6ab7a")]
    )
    def test_golden_bits(self, style, golden):
        episode = run_episodes(STILL, "training", lambda env: ExpertPolicy(env, style), [2019])[0]
        assert episode.state_hash[:16] == golden

    def test_what_happens_follows_from_the_actions(self, still_paths):
        states, actions, _ = still_paths
        assert (states[:, 0] == lane.START).all()
        assert (states[1:, -1] != states[:-1, -1]).any(), "the experts' hands do not tremble"
        moved = states[:, :-1] @ lane.TRANSITION.T + actions @ lane.CONTROL.T
        assert_allclose(states[:, 1:], moved, atol=1e-12)

    def test_identity_6_causal_and_posterior_are_one(self):
        causal = lane_keeping.reference("LaneKeepingStill")
        posterior = linear_quadratic_soft_optimal(causal.model, "posterior")
        assert_allclose(posterior.policy.gain, causal.policy.gain, rtol=1e-10)
        assert_allclose(posterior.policy.covariance, causal.policy.covariance, rtol=1e-10)
        assert posterior.log_partition == pytest.approx(causal.log_partition, rel=1e-12)
        assert posterior.expected_return == pytest.approx(causal.expected_return, rel=1e-10)

    def test_identity_6_fails_where_there_are_gusts(self):
        causal = lane_keeping.reference()
        posterior = linear_quadratic_soft_optimal(causal.model, "posterior")
        assert np.abs(posterior.policy.gain - causal.policy.gain).max() > 0.01

    def test_gusts_and_starts_change_no_gain(self):
        with_gusts, still = lane_keeping.reference(), lane_keeping.reference("LaneKeepingStill")
        assert (still.policy.gain == with_gusts.policy.gain).all()
        assert (still.policy.covariance == with_gusts.policy.covariance).all()

    def test_returns_are_those_of_the_model(self, still_paths):
        """The mean within 4 standard errors: a perfect expert fails one in some 10,000 runs."""
        reference = STILL.truth.reference()
        states, actions, returns = still_paths
        assert_allclose(reference.model.returns(states, actions), returns, rtol=1e-12)
        bound = 4.0 * returns.std() / np.sqrt(EPISODES)
        assert abs(returns.mean() - reference.expected_return) < bound


class TestExperts:
    """Bounds are 4 standard errors, so that a perfect expert fails one in some 10,000 runs."""

    def test_mean_return_is_the_exact_one(self, episodes):
        returns = np.array([episode.total_reward for episode in episodes])
        exact = lane_keeping.reference().expected_return
        assert abs(returns.mean() - exact) < 4.0 * returns.std() / np.sqrt(EPISODES)

    def test_actions_have_the_soft_optimal_gains_and_covariance(self, paths):
        states, actions = (array.reshape(-1, array.shape[-1]) for array in
                           (paths[0][:, :-1], paths[1]))  # fmt: skip
        inverse = np.linalg.inv(states.T @ states)
        gain = -(inverse @ states.T @ actions).T
        covariance = lane_keeping.reference().policy.covariance[0]
        error = np.sqrt(np.outer(np.diag(covariance), np.diag(inverse)))
        assert (np.abs(gain - lane_keeping.reference().policy.gain[0]) < 4.0 * error).all()
        rest = np.linalg.solve(lane.HAND, (actions + states @ lane.GAIN.T).T)
        bound = 4.0 * np.sqrt(2.0 / rest.shape[1])
        assert_allclose(rest @ rest.T / rest.shape[1], np.eye(2), atol=bound)
        assert stats.kstest(rest.ravel(), "norm").pvalue > 1e-4
        follow = rest[:, 1:] @ rest[:, :-1].T / rest.shape[1]
        assert_allclose(follow, 0.0, atol=bound)

    def test_log_likelihood_is_minus_the_entropy(self, paths):
        reference = lane_keeping.reference()
        surprise = -reference.log_likelihood(*paths)
        bound = 4.0 * surprise.std() / np.sqrt(EPISODES)
        assert abs(surprise.mean() - reference.entropy) < bound

    def test_the_mean_expert_does_best_for_the_reward_alone(self):
        reference = lane_keeping.reference()
        policy = _constant_policy(lane.GAIN, np.zeros((lane.ACTIONS, lane.ACTIONS)))
        exact = evaluate_linear_gaussian(reference.model, policy).expected_return
        assert exact == pytest.approx(reference.expected_return + STEPS * lane.ACTIONS / 2.0, 1e-6)
        driven = run_episodes(WORLD, "training", lambda env: ExpertPolicy(env, "mean"), range(300))
        returns = np.array([episode.total_reward for episode in driven])
        assert abs(returns.mean() - exact) < 4.0 * returns.std() / np.sqrt(300)

    def test_noise_is_none_of_the_worlds_own(self, paths):
        """Asking the expert takes nothing from the stream that the gusts come from."""
        env = WorldEnv("LaneKeeping")
        env.reset(seed=4)
        before = env.state
        answers = [ExpertPolicy(env).predict()[0] for _ in range(2)]
        assert env.state == before
        assert (answers[0] == answers[1]).all()
        env.step(answers[0][0])
        changed = env.state
        changed["deviation"] = before["deviation"]
        env.state = changed
        assert (ExpertPolicy(env).predict()[0] != answers[0]).all()


class TestNormal:
    def test_quantiles_are_exact_to_a_few_units_in_the_last_place(self):
        random = np.random.default_rng(0)
        cells = np.concatenate([random.integers(0, 2**52, 5_000), 2 ** np.arange(52), [0]])
        ours = np.array([normal_quantile(cell * 2.0**-53) for cell in cells])
        assert_allclose(ours, special.ndtri((cells + 0.5) * 2.0**-53), rtol=3e-15, atol=1e-16)
        mirrored = [normal_quantile((2**53 - 1 - int(cell)) * 2.0**-53) for cell in cells]
        assert (ours == -np.array(mirrored)).all()

    def test_logarithm(self):
        shares = np.concatenate([np.linspace(1e-3, 1.0, 2_000), 2.0 ** -np.arange(60)])
        assert_allclose([log_share(s) for s in shares], np.log(shares), rtol=5e-16, atol=0.0)

    def test_a_million_draws(self):
        """A KS test and four moments at 4 standard errors."""

        @njit
        def draws(count):
            numbers = np.empty(count)
            for k in range(count):
                numbers[k] = hash_normal(np.uint64(5), np.uint64(0), np.uint64(k))
            return numbers

        numbers = draws(10**6)
        assert stats.kstest(numbers, "norm").pvalue > 1e-4
        for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
            assert abs((numbers**power).mean() - moment) < 4.0 * np.sqrt(variance / 10**6)
        for limit in (2.0, 3.0, 4.0):
            expected = 10**6 * 2.0 * stats.norm.sf(limit)
            assert abs((np.abs(numbers) > limit).sum() - expected) < 4.0 * np.sqrt(expected)


class TestPicture:
    @staticmethod
    def history(steps, name="LaneKeeping"):
        env = WorldEnv(name)
        env.reset(seed=5)
        expert, states = ExpertPolicy(env), [env.state]
        for _ in range(steps):
            env.step(expert.predict()[0][0])
            states.append(env.state)
        return np.stack(states)

    @staticmethod
    def picture(history, world=WORLD):
        canvas = Canvas(world, world.dynamics.params("training"))
        canvas.begin(history[0])
        for state in history[1:]:
            canvas.add(state)
        return canvas.pixels()

    def test_without_gusts_the_tube_is_narrower(self):
        history = self.history(20, "LaneKeepingStill")
        shown, blown = self.picture(history, STILL), self.picture(history, WORLD)
        changed = (shown != blown).any(axis=2)
        assert changed[:480].sum() > 500
        wide, narrow = (
            lane_scene.predicted(lane.START, world.dynamics.params("training")["gust"][0])[1][1:]
            for world in (WORLD, STILL)
        )
        assert (narrow < wide).all()

    def test_the_tube_is_the_experts_own_future(self):
        """Means and deviations of 600 runs from one state: 5 standard errors of each."""
        mean, spread = lane_scene.predicted(np.array([0.5, 0.02, 0.3, -0.4, 0.1]), lane.GUST)
        reference = lane_keeping.reference()
        result = evaluate_linear_gaussian(
            type(reference.model)(
                **{name: getattr(reference.model, name)[0] for name in
                   ("transition", "control", "noise", "state_cost", "action_cost")},
                initial_mean=np.array([0.5, 0.02, 0.3, -0.4, 0.1]),
                initial_covariance=np.zeros((5, 5)), horizon=STEPS,
            ),
            _constant_policy(lane.GAIN, lane.HAND @ lane.HAND.T),
        )  # fmt: skip
        assert_allclose(mean, result.state_mean[: len(mean), 0], atol=1e-12)
        variance = result.state_covariance[: len(mean), 0, 0]
        assert_allclose(spread, np.sqrt(variance), atol=1e-9)

    @pytest.mark.parametrize(
        ("field", "entry", "value"),
        [("deviation", 0, 1.0), ("deviation", 1, 0.1), ("action", 0, 0.4), ("action", 1, -0.5)],
    )
    def test_shows_errors_and_actions(self, field, entry, value):
        """On the road and on the instruments alike (the drive force: as a brake light)."""
        history = self.history(3)
        changed = history.copy()
        changed[field][-1, entry] = value
        moved = (self.picture(history) != self.picture(changed)).any(axis=2)
        assert moved[:480].sum() > 10
        assert moved[480:].sum() > 50

    @pytest.mark.parametrize("lateral", [-2e3, 50.0, 2e3])
    def test_a_car_far_off_is_not_drawn(self, lateral):
        history = self.history(0)
        before = (self.picture(history)[:480] == car_picture.BODY).all(axis=2).sum()
        history["deviation"][-1, 0] = lateral
        after = (self.picture(history)[:480] == car_picture.BODY).all(axis=2).sum()
        assert before > 500
        assert after == 0
