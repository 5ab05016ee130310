"""DART, and the 17th identity of the theory: an expert that always drives demonstrates."""

from dataclasses import replace
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode
from scipy import stats

from baselines import bc, dagger, dart
from baselines.dart_noise import (
    FlipNoise,
    GaussianNoise,
    SwitchNoise,
    agreement,
    error_rate,
    fit_noise,
    label_probabilities,
    lasting_products,
    positive_part,
)
from baselines.networks import NetworkPolicy
from il_envs import (
    Budget,
    ExpertPolicy,
    Problem,
    TabularPolicy,
    WorldVectorEnv,
    collect,
    get_world,
    run_episodes,
)
from il_envs.buttons import joint_chords
from il_envs.learning.problem import SEED_BLOCK
from il_envs.testing import check_algorithm
from il_envs.worlds.lane_keeping.dynamics import GAIN
from tests.baselines import test_statistical
from tests.baselines.test_baselines import BRIEF_BC

SMALL_CONFIG = replace(dart.DARTConfig(), rounds=4, updates_per_round=20, cloning=BRIEF_BC)
SMALL = replace(dart.algorithm, config=SMALL_CONFIG)
ERROR_RATE = 1e-6  # of a sampling test on fresh seeds; the seeds are fixed, so nothing flickers


def test_contract(world):
    check_algorithm(SMALL, world)


def _problem(world, labels):
    return Problem(get_world(world), SMALL.sources, Budget(labels, labels), 0)


@pytest.fixture
def cloned(monkeypatch):
    """The data of every call of `clone`: (observations, actions, groups)."""
    calls = []

    def recorded(policy, observations, actions, groups, *rest):
        calls.append((observations, actions, groups))
        return bc.clone(policy, observations, actions, groups, *rest)

    monkeypatch.setattr(dagger, "clone", recorded)
    monkeypatch.setattr(dart, "clone", recorded)
    return calls


def _expert_alone(world, num_envs, steps):
    """What the expert sees and does in the training episodes of problem 0: [num_envs, steps, ...],
    and the episode of each step."""
    env = WorldVectorEnv(world, num_envs, autoreset_mode=AutoresetMode.SAME_STEP)
    expert = ExpertPolicy(env)
    observation, _ = env.reset(seed=SEED_BLOCK)
    rows, memory = [], None
    for _ in range(steps):
        action, memory = expert.predict(state=memory)
        rows.append((observation, action, env.states["episode"].copy()))
        observation, *_ = env.step(action)
    return tuple(np.stack(column, 1) for column in zip(*rows, strict=True))


def _assert_same_bits(first, second):
    assert (first.dtype, first.shape) == (second.dtype, second.shape)
    assert first.tobytes() == second.tobytes()


def _dagger_with_the_expert_at_the_wheel(num_envs):
    return replace(
        dagger.DAggerConfig(),
        rounds=3,
        mixing="exponential",
        mixing_base=1.0,
        label_share=1.0,
        num_envs=num_envs,
        updates_per_round=50,
        cloning=BRIEF_BC,
    )


class TestIdentity17:
    @pytest.mark.parametrize(("world", "steps"), [("RiskyBridge", 90), ("DriftCar", 300)])
    def test_dagger_whose_expert_always_drives_labels_the_experts_own_episodes(
        self, world, steps, cloned
    ):
        dagger.train(_problem(world, 4 * steps), 0, _dagger_with_the_expert_at_the_wheel(4))
        observations, actions, _ = _expert_alone(world, 4, steps)
        assert len(cloned) == 3
        for ours, alone in zip(cloned[-1], (observations, actions), strict=False):
            _assert_same_bits(ours, np.concatenate(alone))

    def test_dagger_whose_expert_always_drives_visits_as_the_exact_occupancy_says(self, cloned):
        world, episodes = get_world("RiskyBridge"), 2_000
        occupancy = world.truth.reference().occupancy
        horizon, _, choices = occupancy.shape
        config = _dagger_with_the_expert_at_the_wheel(episodes)
        dagger.train(_problem("RiskyBridge", episodes * horizon), 0, config)
        states, actions, _ = cloned[-1]
        cells = (states * choices + actions).reshape(episodes, horizon)
        steps = (5, 15, horizon - 1)  # within a step, episodes are independent
        for step in steps:
            expected = episodes * occupancy[step].ravel()
            common = expected >= 5.0
            assert common.sum() > 10
            rarest = np.where(common, expected, np.inf).argmin()  # which takes the rarer ones in
            bins = np.where(common, np.arange(expected.size), rarest)
            seen = np.bincount(bins[cells[:, step]], minlength=expected.size)[common]
            expected = np.bincount(bins, expected, len(bins))[common]
            assert stats.chisquare(seen, expected).pvalue > ERROR_RATE / len(steps)

    @pytest.mark.parametrize(
        ("world", "labels"),
        [("DriftCar", 2_100), ("LaneKeeping", 300), ("RiskyBridge", 310), ("Buttons", 310)],
    )
    def test_dart_without_noise_is_behaviour_cloning(self, world, labels, cloned):
        config = replace(SMALL_CONFIG, noise_scale=0.0)
        policy = dart.train(_problem(world, labels), 5, config)
        alone = [column[0] for column in _expert_alone(world, 1, labels)]
        observations, actions, episode = alone
        assert episode[-1] > 1, "too few episodes to mean anything"
        assert len(cloned) == 3
        for ours, theirs in zip(cloned[-1], (observations, actions, episode), strict=True):
            _assert_same_bits(ours, theirs.astype(ours.dtype))
        problem = Problem(get_world(world), bc.algorithm.sources, Budget(labels, 0), 0)
        shown = SimpleNamespace(observations=observations, actions=actions, episode_index=episode)
        problem.demonstrations = lambda: shown
        expected = bc.train(problem, 5, BRIEF_BC).tensors()
        assert policy.tensors().keys() == expected.keys()
        for name, tensor in policy.tensors().items():
            _assert_same_bits(tensor, expected[name])


class TestDisturbance:
    ROWS = 200_000

    def _random(self):
        return np.random.default_rng(0)

    def test_gaussian_noise_has_its_covariance(self):
        covariance = np.array([[0.12, -0.036], [-0.036, 0.03]])
        labels = self._random().uniform(-1.0, 1.0, (self.ROWS, 2)).astype(np.float32)
        noise = GaussianNoise(gym.spaces.Box(-9.0, 9.0, (2,)), covariance)
        made = noise.disturb(labels, self._random()) - labels
        np.testing.assert_allclose(np.cov(made.T), covariance, rtol=0.05)  # over 6 deviations
        np.testing.assert_allclose(made.mean(0), 0.0, atol=0.005)  # over 6 deviations
        assert noise.size == pytest.approx(0.15)
        np.testing.assert_array_equal(noise.scaled(0.5).covariance, 0.5 * covariance)

    def test_box_actions_stay_in_their_space(self):
        space = gym.spaces.Box(np.array([-1, 0], np.float32), np.array([1, 3], np.float32))
        actions = np.tile(np.array([0.5, 0.0], np.float32), (500, 1))
        disturbed = GaussianNoise(space, np.eye(2)).disturb(actions, self._random())
        assert all(space.contains(action) for action in disturbed)
        assert (disturbed == space.low).any(0).all()
        assert (disturbed == space.high).any(0).all()

    def test_discrete_actions_become_every_other_one_alike(self):
        noise = SwitchNoise(gym.spaces.Discrete(4, start=3), 0.1).scaled(3.0)
        labels = np.repeat([3, 4, 5, 6], self.ROWS // 4)
        disturbed = noise.disturb(labels, self._random())
        assert disturbed.dtype == labels.dtype
        for action in range(3, 7):
            shares = np.bincount(disturbed[labels == action] - 3, minlength=4) / (self.ROWS // 4)
            expected = np.where(np.arange(3, 7) == action, 0.7, 0.1)
            np.testing.assert_allclose(shares, expected, atol=0.013)  # 6 deviations
        assert noise.size == pytest.approx(0.3)
        assert noise.scaled(9.0).rate == 1.0

    def test_buttons_are_flipped_at_their_own_rates(self):
        labels = self._random().integers(0, 2, (self.ROWS, 3), np.int8)
        noise = FlipNoise(np.array([0.25, 0.1, 0.0])).scaled(2.0)
        disturbed = noise.disturb(labels, self._random())
        assert disturbed.dtype == np.int8
        flips = disturbed != labels
        np.testing.assert_allclose(flips.mean(0), [0.5, 0.2, 0.0], atol=0.007)  # 6 deviations
        assert flips[:, :2].all(1).mean() == pytest.approx(0.1, abs=0.005)
        assert noise.size == pytest.approx(0.7)
        assert noise.scaled(9.0).rates.tolist() == [1.0, 1.0, 0.0]


class TestErrorRate:
    @pytest.mark.parametrize("choices", [2, 3, 5])
    def test_it_makes_the_expert_agree_with_himself_as_seldom_as_the_learner_does(self, choices):
        """In closed form, with a learner that is the expert disturbed at the rate."""
        expert = np.random.default_rng(choices).dirichlet(np.ones(choices), 7)
        others = np.full((choices, choices), 1.0 / (choices - 1))
        np.fill_diagonal(others, 0.0)
        for rate in (0.0, 0.1, 0.4, 1.0 - 1.0 / choices):
            learner = (1.0 - rate) * expert + rate * expert @ others
            agreements = [(other * expert).sum(1).mean() for other in (expert, learner)]
            assert error_rate(*agreements, choices) == pytest.approx(rate)

    def test_its_limits(self):
        assert error_rate(1.0, 0.9, 5) == pytest.approx(0.1)  # a deterministic expert
        assert error_rate(1.0, 0.25, 4) == 0.75  # a uniform learner
        assert error_rate(1.0, 0.0, 4) == 0.75  # nothing errs more than a uniform choice
        assert error_rate(0.6, 0.7, 4) == 0.0  # a learner that is surer than the expert
        assert error_rate(0.25, 0.1, 4) == 0.0  # a uniform expert, whom no noise changes
        rates = error_rate(np.array([1.0, 0.8, 0.5]), np.array([0.9, 0.8, 0.4]), 2)
        np.testing.assert_allclose(rates, [0.1, 0.0, 0.0])

    def test_agreement_is_with_the_other_labels_of_the_same_observation(self):
        seen = np.array([[0.5, 1.0], [0.5, 2.0], [0.5, 1.0], [0.5, 1.0], [7.0, 7.0]], np.float32)
        assert agreement(seen, np.array([1, 1, 1, 0, 2])).tolist() == [0.5, 1.0, 0.5, 0.0, 1.0]
        buttons = np.array([[1, 0], [0, 0], [1, 0], [0, 0], [1, 1]], np.int8)
        assert agreement(seen, buttons).tolist() == [[0.5, 1], [1, 1], [0.5, 1], [0, 1], [1, 1]]


class TestLastingProducts:
    ROWS = 100_000

    def test_an_error_that_lasts_counts_and_one_that_is_drawn_anew_does_not(self):
        fixed = np.array([0.5, -0.25])
        fresh = np.random.default_rng(0).normal(0.0, 2.0, (self.ROWS, 2))
        episodes = np.arange(self.ROWS) // 100
        constant = lasting_products(np.tile(fixed, (5, 1)), np.zeros(5))
        np.testing.assert_allclose(constant, np.outer(fixed, fixed), atol=1e-15)
        both = lasting_products(fixed + fresh, episodes)
        # 6 deviations, of 4 / sqrt(rows) each, where the second moment is larger by 4.
        np.testing.assert_allclose(both, np.outer(fixed, fixed), atol=0.08)

    def test_pairs_are_of_one_episode(self):
        errors = np.array([[1.0], [1.0], [-9.0], [-9.0], [5.0]])
        episodes = np.array([0, 0, 1, 1, 2])
        assert lasting_products(errors, episodes).item() == pytest.approx((1.0 + 81.0) / 2.0)
        assert lasting_products(errors, np.arange(5)).item() == 0.0

    def test_what_turns_its_sign_is_negative_and_left_out_of_the_noise(self):
        products = lasting_products(np.array([[1.0, 2.0], [1.0, -2.0], [1.0, 2.0]]), np.zeros(3))
        np.testing.assert_array_equal(products, [[1.0, 0.0], [0.0, -4.0]])
        np.testing.assert_allclose(positive_part(products), [[1.0, 0.0], [0.0, 0.0]], atol=1e-15)


class _Linear:
    """A learner with the mean -gain @ observation."""

    def __init__(self, gain):
        self._gain = gain

    def predict(self, observations, deterministic):
        assert deterministic
        return -observations @ self._gain.T, None


class TestFit:
    """The noise that is fitted to learners whose error is known."""

    @pytest.mark.parametrize(
        ("world", "mode_errs", "tolerance"),
        [("FourRooms", 0.63, 0.01), ("RiskyBridge", 0.41, 0.03)],
    )
    def test_a_perfect_learner_has_none_and_another_has_its_rate(self, world, mode_errs, tolerance):
        """100,000 labels of the expert, and its own table, mixed with a uniform one or not.

        In RiskyBridge its probabilities depend on the time, and the table is their mean. Seen over
        twelve samples: means within .002 of the rates, deviations of .0012 and .0042. The bounds
        are six deviations from these means, so a fresh sample fails less than once in a million.
        """
        reference = get_world(world).truth.reference()
        visits = reference.occupancy.sum(0)
        n, choices = visits.shape
        table = np.full((n, choices), 1.0 / choices)
        seen = visits.sum(1) > 0.0
        table[seen] = visits[seen] / visits[seen].sum(1, keepdims=True)
        states, actions = reference.sample(100_000 // len(reference.policy), seed=0)
        rows, labels = states[:, : actions.shape[1]].reshape(-1), actions.reshape(-1)
        assert (table.argmax(1)[rows] != labels).mean() > mode_errs  # the expert's own spread
        for rate in (0.0, 0.1, 0.3):
            uniform = rate * choices / (choices - 1)
            learner = TabularPolicy((1.0 - uniform) * table + uniform / choices, 0)
            space, episodes = gym.spaces.Discrete(choices), np.zeros(len(rows))
            noise = fit_noise(space, learner, rows, labels, episodes, len(rows))
            assert noise.rate == pytest.approx(rate, abs=tolerance)

    def test_an_expert_who_never_contradicts_himself_is_compared_with_the_mode(self):
        space, random = gym.spaces.Discrete(3, start=2), np.random.default_rng(0)
        learner = NetworkPolicy(gym.spaces.Box(-9.0, 9.0, (4,)), space, (8,), seed=0)
        rows, labels = random.normal(size=(50, 4)).astype(np.float32), random.integers(2, 5, 50)
        wrong = (learner.predict(rows[30:], deterministic=True)[0] != labels[30:]).mean()
        noise = fit_noise(space, learner, rows, labels, np.zeros(50), held_out=20)
        assert 0.1 < noise.rate == pytest.approx(min(wrong, 2.0 / 3.0))

    def test_a_button_that_is_wrong_for_one_step_is_no_error_of_a_deterministic_expert(self):
        """The learner never presses; the expert presses one button every other step, and holds the
        other for runs of 5 in 10: of 9 pairs of steps 4 are wrong twice."""
        space, count = gym.spaces.MultiBinary(2), 1_000
        learner = NetworkPolicy(gym.spaces.Discrete(count), space, (), seed=0)
        (layer,) = learner.body
        with torch.no_grad():
            layer.weight.zero_()
            layer.bias.fill_(-1.0)
        rows = np.arange(count)
        labels = np.stack([rows % 2, rows % 10 < 5], 1).astype(np.int8)
        noise = fit_noise(space, learner, rows, labels, rows // 10, count)
        np.testing.assert_allclose(noise.rates, [0.0, 4.0 / 9.0])

    def test_marginals_of_chords_are_the_rates_of_any_head(self):
        space, random = gym.spaces.MultiBinary(3), np.random.default_rng(0)
        rows, labels = np.arange(400) % 2, random.integers(0, 2, (400, 3), np.int8)
        learner = NetworkPolicy(gym.spaces.Discrete(2), space, (8,), seed=0, head="joint")
        chosen = label_probabilities(space, learner, rows, labels)
        joint = learner.action_probabilities(rows, 0)
        chords = joint_chords(3)
        for i, k in ((0, 0), (1, 1), (7, 2)):
            agreeing = joint[i][chords[:, k] == labels[i, k]].sum()
            assert chosen[i, k] == pytest.approx(agreeing)

    def test_each_button_has_its_own_rate(self):
        """The learner presses with .75, .5 and .2, in both of two states; the expert always and
        never presses the first two, and the third in .8 of the rows: C = .68 but for the rows
        themselves."""
        space, count = gym.spaces.MultiBinary(3), 20_000
        learner = NetworkPolicy(gym.spaces.Discrete(2), space, (), seed=0)
        (layer,) = learner.body
        with torch.no_grad():
            layer.weight.zero_()
            layer.bias.copy_(torch.logit(torch.tensor([0.75, 0.5, 0.2])))
        rows = np.arange(count) % 2
        labels = np.stack([np.ones(count), np.zeros(count), np.arange(count) % 10 < 8], 1)
        noise = fit_noise(space, learner, rows, labels.astype(np.int8), np.zeros(count), count)
        agrees = 0.8 * 0.2 + 0.2 * 0.8
        third = min((0.68 - agrees) / (2.0 * 0.68 - 1.0), 0.5)
        np.testing.assert_allclose(noise.rates, [0.25, 0.5, third], atol=1e-3)

    def test_the_gaussian_experts_own_noise_is_no_error_in_lane_keeping(self):
        """50,000 labels. Seen over four samples: for the expert's own mean .0001, with a second
        moment of .017; for gains of a half, none and one and a half .75 to 1.11 of the error,
        since the expert's noise moves the next state, to which the learner answers wrongly.
        """
        shown = collect("LaneKeeping", 50_000, seed=88_000_000)
        space = get_world("LaneKeeping").spaces.action
        columns = (shown.observations, shown.actions, shown.episode_index)

        def size(gain):
            return fit_noise(space, _Linear(gain), *columns, held_out=50_000).size

        mean = -shown.observations @ GAIN.T
        assert np.square(mean - shown.actions).sum(1).mean() > 0.016
        assert size(GAIN) < 0.0006  # 6 deviations of a mean product of the expert's noise
        for factor in (0.0, 0.5, 1.5):
            error = np.square((factor - 1.0) * mean).sum(1).mean()
            assert 0.65 * error < size(factor * GAIN) < 1.25 * error

    def test_only_the_last_rows_are_held_out(self):
        space = gym.spaces.Box(-9.0, 9.0, (2,))
        rows = np.array([[9.0], [9.0], [1.0], [1.0]])
        labels = np.array([[0.0, 0.0], [5.0, 5.0], [0.0, 0.0], [0.0, 0.0]])
        learner = _Linear(np.array([[-0.5], [0.25]]))
        noise = fit_noise(space, learner, rows, labels, np.zeros(4), held_out=2)
        np.testing.assert_allclose(noise.covariance, [[0.25, -0.125], [-0.125, 0.0625]])

    def test_other_spaces_are_refused(self):
        with pytest.raises(TypeError, match="no noise for the action space"):
            fit_noise(gym.spaces.Text(3), None, *[np.zeros(1, int)] * 3, held_out=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rounds", 0),
        ("noise_scale", -1.0),
        ("noise_scale", np.nan),
        ("final_error", -1.0),
        ("final_error", np.inf),
    ],
)
def test_settings_are_checked(name, value):
    with pytest.raises(ValueError, match=f"{name} must be .*, not {value}"):
        dart.DARTConfig(**{name: value})


class TestRounds:
    def test_only_labels_are_spent_and_every_visited_state_is_labelled(self):
        problem = _problem("Walk", 100)
        dart.train(problem, 0, SMALL_CONFIG)
        assert problem.meter.expert_labels == problem.meter.steps == 100
        assert problem.meter.demonstrations == problem.meter.reward_reads == 0

    def _trained_in_walk(self, config, rate, monkeypatch):
        """What was done in a training whose noise switches actions at a fitted rate."""
        noise = SwitchNoise(gym.spaces.Discrete(3), rate)
        monkeypatch.setattr(dart, "fit_noise", lambda *_: noise)
        problem, done = _problem("Walk", 100), []
        env_of = problem.env

        def recording_env(num_envs):
            env = env_of(num_envs)
            step = env.step
            env.step = lambda actions: done.append(int(actions[0])) or step(actions)
            return env

        problem.env = recording_env
        dart.train(problem, 0, config)
        return done

    def test_the_first_two_rounds_are_not_disturbed_and_labels_are_clean(self, monkeypatch, cloned):
        steps = get_world("Walk").dynamics.max_episode_steps
        done = self._trained_in_walk(replace(SMALL_CONFIG, final_error=steps), 1.0, monkeypatch)
        assert [len(labels) for _, labels, _ in cloned] == [25, 50, 100]
        assert all((labels == 2).all() for _, labels, _ in cloned)
        assert set(done[:50]) == {2}
        assert set(done[50:]) == {0, 1}

    def test_a_final_error_scales_the_noise(self, monkeypatch):
        steps = get_world("Walk").dynamics.max_episode_steps
        for factor, switched in ((1.0, {0, 1}), (0.0, {2})):
            config = replace(SMALL_CONFIG, final_error=factor * steps)
            assert set(self._trained_in_walk(config, 0.001, monkeypatch)[50:]) == switched

    def test_the_factor_is_that_of_the_paper(self):
        config = replace(SMALL_CONFIG, noise_scale=0.5)
        assert dart.noise_factor(0.2, 100, 0.25, config) == 0.5 * 0.25
        prior = replace(config, final_error=3.0)
        assert dart.noise_factor(0.2, 100, 0.25, prior) == pytest.approx(0.5 * 3.0 / (100 * 0.2))
        assert np.isfinite(dart.noise_factor(0.0, 100, 0.25, prior))

    def test_noise_is_fitted_to_rows_that_the_learner_has_not_been_trained_on(
        self, monkeypatch, cloned
    ):
        fits = []

        def recorded_fit(space, learner, rows, labels, episodes, held_out):
            weights = {name: tensor.copy() for name, tensor in learner.tensors().items()}
            fits.append((weights, rows, labels, held_out))
            return fit_noise(space, learner, rows, labels, episodes, held_out)

        learners = []

        def recorded_clone(*arguments):
            policy = clone(*arguments)
            learners.append({name: tensor.copy() for name, tensor in policy.tensors().items()})
            return policy

        clone = dart.clone
        monkeypatch.setattr(dart, "fit_noise", recorded_fit)
        monkeypatch.setattr(dart, "clone", recorded_clone)
        dart.train(_problem("DriftCar", 100), 0, SMALL_CONFIG)
        assert len(fits) == len(learners) - 1 == 2, "the last round is not judged"
        for (weights, rows, labels, held_out), learner, known in zip(
            fits, learners[:-1], cloned[:-1], strict=True
        ):
            for name, tensor in weights.items():
                _assert_same_bits(tensor, learner[name])
            old = len(rows) - held_out
            assert held_out == 25
            _assert_same_bits(rows[:old], known[0])
            _assert_same_bits(labels[:old], known[1])

    @pytest.mark.parametrize(("world", "labels"), [("DriftCar", 11), ("DriftCar", 2), ("Maze", 1)])
    def test_fewer_labels_than_rounds(self, world, labels):
        problem = _problem(world, labels)
        dart.train(problem, 0, replace(SMALL_CONFIG, rounds=20))
        assert problem.meter.labels == labels


class _DisturbedExpert:
    def __init__(self, env, noise):
        self._expert = ExpertPolicy(env)
        self._noise = noise
        self._random = np.random.default_rng(0)

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        actions, state = self._expert.predict(observation, state, episode_start)
        return self._noise.disturb(actions, self._random), state


@pytest.mark.statistical
class TestDriftCar:
    def test_the_expert_is_hardly_hurt_while_it_demonstrates(self, monkeypatch):
        """Laskey et al. 2017 saw the supervisor lose 5%, where DAgger's learner lost 80%.

        Each noise that was fitted in a training at 8,000 labels disturbs 16 whole episodes. Seen
        over three seeds: .999 to 1.000 of the expert's return, .986 at the least; a fresh seed
        fails less than once in a thousand runs.
        """
        noises = []
        fit_noise = dart.fit_noise
        monkeypatch.setattr(
            dart, "fit_noise", lambda *a: noises.append(fit_noise(*a)) or noises[-1]
        )
        problem = Problem(get_world("DriftCar"), SMALL.sources, Budget(8_000, 8_000), 0)
        dart.train(problem, 0, dart.DARTConfig())

        def mean_return(make_policy):
            episodes = run_episodes(get_world("DriftCar"), "training", make_policy, range(16))
            return np.mean([episode.total_reward for episode in episodes])

        returns = [mean_return(lambda env, n=n: _DisturbedExpert(env, n)) for n in noises]
        assert len(returns) == dart.DARTConfig().rounds - 2
        assert np.mean(returns) >= 0.9 * mean_return(ExpertPolicy)

    def test_it_is_as_good_as_cloning_at_equal_labels(self):
        """Seen over five seeds: DART .74 with a deviation of .08, cloning .69 with .17.

        Three seeds cannot tell the two apart. Means of three normal draws like these break one of
        the bounds less than once in two hundred runs.
        """
        dart_scores = test_statistical._scores(dart.algorithm, 8_000)
        cloning_scores = test_statistical._scores(bc.algorithm, 8_000)
        assert dart_scores.mean() >= 0.6
        assert dart_scores.mean() >= cloning_scores.mean() - 0.25
