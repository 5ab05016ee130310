"""Behaviour cloning and DAgger: likelihoods, splits, schedules, and what they learn."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch
from scipy import special, stats
from torch.nn.utils import parameters_to_vector

from baselines import bc, bc_ensemble, dagger
from baselines.heads import action_head
from baselines.networks import NetworkPolicy, one_thread
from il_envs import Budget, ExactPolicy, Problem, TabularPolicy, get_world, run_episodes
from il_envs.buttons import joint_chords, joint_index
from il_envs.testing import check_algorithm

ALGORITHMS = {"bc": bc.algorithm, "dagger": dagger.algorithm}
SMALL_BC = replace(
    bc.BCConfig(), hidden_sizes=(16,), batch_size=64, updates=200, validation_interval=20
)
BRIEF_BC = replace(SMALL_BC, batch_size=32, updates=80)
"""For pictures, of which an update takes long, and for what need not learn well."""


def learners(cloning):
    """Each cloning learner, with the same settings of cloning."""
    ensemble = bc_ensemble.BCEnsembleConfig(members=2, cloning=cloning)
    rounds = replace(
        dagger.DAggerConfig(), rounds=3, num_envs=4, cloning=cloning,
        updates_per_round=cloning.updates // 4,
    )  # fmt: skip
    return {
        "bc": replace(bc.algorithm, config=cloning),
        "bc-ensemble": replace(bc_ensemble.algorithm, config=ensemble),
        "dagger": replace(dagger.algorithm, config=rounds),
    }


SMALL, BRIEF = learners(SMALL_BC), learners(BRIEF_BC)


@pytest.mark.parametrize("name", BRIEF)
def test_contract(name, world):
    check_algorithm(BRIEF[name], world)


class TestLikelihoods:
    def test_gaussian(self):
        head = action_head(gym.spaces.Box(-1, 1, (3,)))
        with torch.no_grad():
            head.log_deviation.copy_(torch.tensor([-1.0, 0.0, 0.5]))
        random = np.random.default_rng(0)
        mean, actions = random.normal(size=(2, 7, 3)).astype(np.float32)
        ours = head.negative_log_likelihood(torch.tensor(mean), torch.tensor(actions)).item()
        exact = stats.norm.logpdf(actions, mean, np.exp([-1.0, 0.0, 0.5])).sum(1).mean()
        assert ours == pytest.approx(-exact, rel=1e-5)

    def test_categorical(self):
        head = action_head(gym.spaces.Discrete(4, start=3))
        logits = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
        actions = np.array([3, 4, 5, 6, 3, 4])
        ours = head.negative_log_likelihood(torch.tensor(logits), torch.tensor(actions)).item()
        probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        exact = np.log(probabilities[np.arange(6), actions - 3]).mean()
        assert ours == pytest.approx(-exact, rel=1e-5)

    def test_bernoulli_buttons_sum_to_one_over_all_chords(self):
        head = action_head(gym.spaces.MultiBinary(5))
        logits = torch.tensor(np.random.default_rng(0).normal(size=(1, 5)).astype(np.float32))
        chords = (np.arange(32)[:, None] >> np.arange(5)) & 1
        likelihoods = [
            np.exp(-head.negative_log_likelihood(logits, torch.tensor(chord[None])).item())
            for chord in chords
        ]
        assert sum(likelihoods) == pytest.approx(1.0, abs=1e-6)

    def test_a_gaussian_samples_with_the_deviation_of_its_likelihood(self):
        """20,000 samples; the bounds are six standard errors of a deviation."""
        head = action_head(gym.spaces.Box(-1, 1, (3,)))
        head.log_deviation.copy_(torch.tensor([-np.inf, -9.0, -2.0]))
        samples = head.choose(torch.zeros(20_000, 3), torch.Generator().manual_seed(0)).numpy()
        deviations = np.exp([-6.0, -6.0, -2.0])
        np.testing.assert_allclose(samples.std(0), deviations, rtol=0.03)
        ours = head.negative_log_likelihood(torch.zeros(20_000, 3), torch.tensor(samples)).item()
        exact = stats.norm.logpdf(samples, 0.0, deviations).sum(1).mean()
        assert ours == pytest.approx(-exact, rel=1e-5)

    def test_calibration_has_the_greatest_likelihood(self):
        head = action_head(gym.spaces.Box(-1, 1, (2,)))
        outputs, actions = torch.rand(2, 50, 2, generator=torch.Generator().manual_seed(0))
        head.calibrate(outputs, actions)
        fitted = head.log_deviation.clone()
        least = head.negative_log_likelihood(outputs, actions).item()
        for change in (-0.01, 0.01):
            for entry in range(2):
                head.log_deviation.copy_(fitted)
                head.log_deviation[entry] += change
                assert head.negative_log_likelihood(outputs, actions).item() > least

    def test_an_unknown_space_is_refused(self):
        with pytest.raises(TypeError, match="no likelihood for the action space"):
            action_head(gym.spaces.Text(3))


@pytest.mark.parametrize(
    "space",
    [gym.spaces.Box(-1, 1, (2,)), gym.spaces.Discrete(3, start=1), gym.spaces.MultiBinary(3)],
    ids=str,
)
class TestNetworkPolicy:
    def _policy(self, space, seed=0):
        policy = NetworkPolicy(gym.spaces.Box(-1, 1, (4,)), space, (8,), seed)
        policy.encoder.fit(np.random.default_rng(0).normal(3.0, 2.0, (50, 4)))
        return policy

    def test_modes_and_samples_are_valid_and_repeat(self, space):
        observations = np.random.default_rng(1).normal(3.0, 2.0, (400, 4)).astype(np.float32)
        for deterministic in (True, False):
            first, second = (
                self._policy(space).predict(observations, deterministic=deterministic)[0]
                for _ in range(2)
            )
            np.testing.assert_array_equal(first, second)
            assert all(space.contains(action) for action in first)
        assert not np.array_equal(first, self._policy(space, seed=1).predict(observations)[0])

    def test_tensors_round_trip(self, space):
        observations = np.random.default_rng(1).normal(3.0, 2.0, (40, 4)).astype(np.float32)
        policy, other = self._policy(space), self._policy(space, seed=5)
        other.load_tensors(policy.tensors())
        expected = policy.predict(observations, deterministic=True)[0]
        np.testing.assert_array_equal(other.predict(observations, deterministic=True)[0], expected)


class TestDiscreteObservations:
    OBSERVATIONS = np.array([2, 6, 4, 2])
    ACTION_SPACE = gym.spaces.Discrete(3, start=1)

    def _policy(self, action_space=ACTION_SPACE):
        return NetworkPolicy(gym.spaces.Discrete(5, start=2), action_space, (8,), 0)

    def test_they_go_in_as_ones_and_zeros_that_are_not_normalised(self):
        policy = self._policy()
        policy.encoder.fit(self.OBSERVATIONS)
        inputs = policy.encoder(self.OBSERVATIONS)
        assert inputs.dtype == torch.float32
        np.testing.assert_array_equal(inputs, np.eye(5)[self.OBSERVATIONS - 2])

    def test_probabilities_are_those_of_the_samples(self):
        policy = self._policy()
        probabilities = policy.action_probabilities(self.OBSERVATIONS, step=7)
        assert isinstance(policy, ExactPolicy)
        assert (probabilities.dtype, probabilities.shape) == (np.float64, (4, 3))
        np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=1e-12)
        samples, _ = policy.predict(np.repeat(self.OBSERVATIONS, 5000))
        shares = [(samples.reshape(4, 5000) == action).mean(1) for action in (1, 2, 3)]
        np.testing.assert_allclose(np.transpose(shares), probabilities, atol=0.03)  # 4 deviations

    def test_probabilities_of_chords_are_those_of_the_samples(self):
        policy = self._policy(gym.spaces.MultiBinary(3))
        probabilities = policy.action_probabilities(self.OBSERVATIONS, step=7)
        assert (probabilities.dtype, probabilities.shape) == (np.float64, (4, 8))
        np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=1e-12)
        samples = joint_index(policy.predict(np.repeat(self.OBSERVATIONS, 5000))[0])
        shares = [(samples.reshape(4, 5000) == chord).mean(1) for chord in range(8)]
        np.testing.assert_allclose(np.transpose(shares), probabilities, atol=0.03)  # 4 deviations

    def test_probabilities_of_chords_are_their_likelihoods(self):
        policy = self._policy(gym.spaces.MultiBinary(3))
        inputs = policy.encoder(self.OBSERVATIONS[:1])
        with torch.no_grad():
            likelihoods = [
                np.exp(
                    -policy.head.negative_log_likelihood(
                        policy.body(inputs), torch.tensor(chord[None])
                    ).item()
                )
                for chord in joint_chords(3)
            ]
        probabilities = policy.action_probabilities(self.OBSERVATIONS[:1], step=0)
        np.testing.assert_allclose(probabilities[0], likelihoods, rtol=1e-5)

    @pytest.mark.parametrize(
        ("space", "error", "message"),
        [
            (gym.spaces.Box(-1, 1, (2,)), TypeError, "only Discrete actions and chords"),
            (gym.spaces.MultiBinary(20), ValueError, "20 buttons have 1,048,576 chords"),
        ],
        ids=str,
    )
    def test_only_discrete_actions_and_chords_have_probabilities(self, space, error, message):
        policy = self._policy(space)
        with pytest.raises(error, match=message):
            policy.action_probabilities(self.OBSERVATIONS, 0)


class TestCounting:
    def test_exact_shares(self):
        table = bc.smoothed_frequencies(
            np.array([0, 0, 0, 2]), np.array([1, 1, 0, 2]), (4, 3), smoothing=0.5
        )
        expected = np.array([[1.5, 2.5, 0.5], [1.5, 1.5, 1.5], [0.5, 0.5, 1.5], [1.0, 1.0, 1.0]])
        expected /= np.array([[4.5], [4.5], [2.5], [3.0]])
        np.testing.assert_allclose(table, expected, rtol=1e-15)

    def test_without_smoothing_it_is_the_maximum_of_likelihood_and_unseen_states_are_uniform(self):
        table = bc.smoothed_frequencies(np.array([0, 0, 0]), np.array([1, 1, 0]), (2, 2), 0.0)
        np.testing.assert_array_equal(table, [[1 / 3, 2 / 3], [0.5, 0.5]])

    def test_bc_counts_all_its_demonstrations(self):
        problem = Problem(get_world("Maze"), bc.algorithm.sources, Budget(200, 1), 4)
        policy = bc.train(problem, 0, bc.BCConfig())
        shown = Problem(get_world("Maze"), bc.algorithm.sources, Budget(200, 1), 4).demonstrations()
        assert isinstance(policy, TabularPolicy)
        for state in range(12):
            actions = shown.actions[shown.observations == state]
            counts = np.bincount(actions, minlength=4)
            expected = (counts + 0.1) / (len(actions) + 0.4)
            np.testing.assert_allclose(policy.probabilities[state], expected, rtol=1e-12)
        assert sorted(set(shown.observations)) == [0, 1, 2, 4, 6, 7, 8, 9]

    def test_dagger_counts_the_labels_of_every_round(self, monkeypatch):
        rounds = []
        count = bc.smoothed_frequencies

        def recorded(observations, actions, shape, smoothing):
            rounds.append((observations, actions))
            return count(observations, actions, shape, smoothing)

        monkeypatch.setattr(bc, "smoothed_frequencies", recorded)
        monkeypatch.setattr(bc, "fit", None)  # no gradient steps
        algorithm = SMALL["dagger"]
        problem = Problem(get_world("Maze"), algorithm.sources, Budget(300, 10**6), 0)
        policy = algorithm.train(problem, 0, algorithm.config)
        labels = [len(observations) for observations, _ in rounds]
        assert len(labels) == 3
        assert 100 <= labels[0] < 200 <= labels[1] < labels[2] == 300
        np.testing.assert_array_equal(policy.probabilities, count(*rounds[-1], (12, 4), 0.1))

    def test_spaces_that_do_not_start_at_0_get_a_network(self):
        problem = Problem(get_world("Maze"), bc.algorithm.sources, Budget(200, 1), 0)
        problem.action_space = gym.spaces.Discrete(4, start=1)
        assert isinstance(bc.blank_policy(problem, 0, SMALL_BC), NetworkPolicy)


def test_initialisation_leaves_the_global_generator_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    NetworkPolicy(gym.spaces.Box(-1, 1, (4,)), gym.spaces.Discrete(3), (8,), 0)
    assert torch.equal(torch.rand(2), expected)


class TestHoldOut:
    @pytest.mark.parametrize("share", [0.05, 0.1, 0.5, 0.9])
    @pytest.mark.parametrize("lengths", [[1000, 1000], [1990, 10], [7] * 300, [2000]], ids=str)
    def test_the_share_to_a_row_in_whole_episodes_but_for_one(self, share, lengths):
        groups = np.repeat(np.arange(len(lengths)), lengths)
        held_out = bc.hold_out(groups, share)
        assert abs(held_out.sum() - share * len(groups)) <= 0.5
        assert len(set(groups[held_out]) & set(groups[~held_out])) <= 1
        assert (np.diff(held_out.astype(int)) != 0).sum() == 1, "neighbours on both sides"

    @pytest.mark.parametrize("groups", [[0, 0, 0, 0], [0, 1], [0, 1, 1, 1, 1, 1], [0] * 9 + [1]])
    @pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
    def test_neither_side_is_empty(self, groups, share):
        held_out = bc.hold_out(np.array(groups), share)
        assert 0 < held_out.sum() < len(groups)

    def test_a_single_row_has_two_sides_to_be_on(self):
        with pytest.raises(ValueError, match="from two labels at least, not from 1"):
            bc.hold_out(np.zeros(1, np.int64), 0.1)


class TestFit:
    def _data(self, rows=600):
        random = np.random.default_rng(0)
        inputs = random.normal(size=(rows, 3)).astype(np.float32)
        actions = np.tanh(inputs[:, :2]) * 0.5 + random.normal(0, 0.1, (rows, 2))
        return inputs, actions.astype(np.float32), np.arange(rows) >= rows * 3 // 4

    def _fit(self, updates, patience, seed=0, targets=None, rate=1e-2):
        inputs, actions, held_out = self._data()
        actions = actions if targets is None else targets(actions)
        space = gym.spaces.Box(-1, 1, (2,))
        policy = NetworkPolicy(gym.spaces.Box(-9, 9, (3,)), space, (32,), seed)
        policy.encoder.fit(inputs)
        config = replace(
            bc.BCConfig(), patience=patience, validation_interval=10, learning_rate=rate
        )
        loss = bc.fit(policy, inputs, actions, held_out, config, updates, seed)
        return policy, loss

    def test_reaches_the_likelihood_of_the_noise(self):
        _, loss = self._fit(updates=3000, patience=300)
        entropy = 2 * stats.norm(0, 0.1).entropy()
        assert entropy - 0.15 < loss < entropy + 0.15

    def test_returns_the_weights_of_the_least_validation_loss(self):
        policy, loss = self._fit(updates=400, patience=400)
        inputs, actions, held_out = self._data()
        rows = policy.encoder(inputs[held_out]), torch.tensor(actions[held_out])
        kept = policy.loss(*rows, torch.Generator().manual_seed(0)).item()
        assert kept == pytest.approx(loss, abs=1e-6)

    def test_keeps_a_mean_of_the_weights_that_leans_on_the_last_ones(self, monkeypatch):
        """Of N updates the weights after n weigh C(n + 9, 9) / C(N + 10, 10)."""
        path, approach = [], bc._approach

        def recorded(means, weights, share):
            if not path:
                path.append(parameters_to_vector(means).clone())
            path.append(parameters_to_vector(weights).clone())
            approach(means, weights, share)

        monkeypatch.setattr(bc, "_approach", recorded)
        policy, _ = self._fit(updates=9, patience=1)  # one look, at the end
        shares = special.comb(np.arange(10) + 9, 9) / special.comb(19, 10)
        expected = shares @ torch.stack(path).detach().numpy()
        kept = parameters_to_vector(policy.parameters()).detach().numpy()
        np.testing.assert_allclose(kept, expected, atol=1e-6)
        assert np.abs(kept - path[-1].detach().numpy()).max() > 1e-4

    def test_stops_when_validation_does_not_improve(self, monkeypatch):
        looks = []
        monkeypatch.setattr(bc, "_validate", lambda *rows: looks.append(0) or float(len(looks)))
        _, loss = self._fit(updates=10_000, patience=5)
        assert (len(looks), loss) == (6, 1.0)

    def test_the_default_patience_can_end_within_the_default_updates(self):
        config = bc.BCConfig()
        assert config.patience * config.validation_interval < config.updates


class TestEnsemble:
    """Three networks that have learned nothing, and so differ."""

    OBSERVATIONS = np.random.default_rng(1).normal(3.0, 2.0, (40, 4)).astype(np.float32)

    def _members(self, space, first_seed=0):
        members = [
            NetworkPolicy(gym.spaces.Box(-9, 9, (4,)), space, (8,), first_seed + i)
            for i in range(3)
        ]
        for member in members:
            member.encoder.fit(self.OBSERVATIONS)
            member.body[-1].weight.data *= 5.0  # so that some actions are cut off
        return members

    def test_continuous_actions_are_the_mean_of_the_modes(self):
        members = self._members(gym.spaces.Box(-1, 1, (2,)))
        modes = [m.predict(self.OBSERVATIONS, deterministic=True)[0] for m in members]
        assert (np.abs(modes) == 1.0).any()
        actions, _ = bc_ensemble.average(members).predict(self.OBSERVATIONS, deterministic=True)
        np.testing.assert_allclose(actions, np.mean(modes, 0), atol=1e-6)

    def test_probabilities_of_actions_are_the_mean(self):
        members = self._members(gym.spaces.Discrete(3, start=1))
        policy = bc_ensemble.average(members)
        expected = np.mean([m.action_probabilities(self.OBSERVATIONS, 0) for m in members], 0)
        probabilities = policy.action_probabilities(self.OBSERVATIONS, 0)
        np.testing.assert_allclose(probabilities, expected, atol=1e-6)
        actions, _ = policy.predict(self.OBSERVATIONS, deterministic=True)
        np.testing.assert_array_equal(actions, expected.argmax(1) + 1)

    def test_probabilities_of_buttons_are_the_mean_and_stay_independent(self):
        members = self._members(gym.spaces.MultiBinary(3))
        pressed = np.mean(
            [m.action_probabilities(self.OBSERVATIONS, 0) @ joint_chords(3) for m in members], 0
        )
        policy = bc_ensemble.average(members)
        probabilities = policy.action_probabilities(self.OBSERVATIONS, 0)
        chords = joint_chords(3)[:, None]
        expected = np.where(chords == 1, pressed, 1.0 - pressed).prod(2).T
        np.testing.assert_allclose(probabilities, expected, atol=1e-6)
        actions, _ = policy.predict(self.OBSERVATIONS, deterministic=True)
        np.testing.assert_array_equal(actions, pressed > 0.5)

    def test_its_tensors_are_those_of_all_members(self):
        policy = bc_ensemble.average(self._members(gym.spaces.Box(-1, 1, (2,))))
        other = bc_ensemble.average(self._members(gym.spaces.Box(-1, 1, (2,)), first_seed=3))
        expected = policy.predict(self.OBSERVATIONS, deterministic=True)[0]
        assert not np.array_equal(other.predict(self.OBSERVATIONS, deterministic=True)[0], expected)
        other.load_tensors(policy.tensors())
        np.testing.assert_array_equal(
            other.predict(self.OBSERVATIONS, deterministic=True)[0], expected
        )

    def test_members_share_the_demonstrations_and_the_deviation_is_that_of_their_mean(self):
        config = SMALL["bc-ensemble"].config
        problem = Problem(get_world("DriftCar"), bc.algorithm.sources, Budget(300, 1), 2)
        policy = bc_ensemble.train(problem, 1, config)
        assert problem.meter.demonstrations == 300
        problem = Problem(get_world("DriftCar"), bc.algorithm.sources, Budget(300, 1), 2)
        shown = problem.demonstrations(300)
        alone = bc.clone(
            bc.blank_policy(problem, 2, SMALL_BC), shown.observations, shown.actions,
            shown.episode_index, SMALL_BC, SMALL_BC.updates, 2,
        )  # fmt: skip
        inputs = policy.encoder(shown.observations)
        assert torch.equal(policy.body.bodies[0](inputs), alone.body(inputs))
        actions, _ = policy.predict(shown.observations[270:], deterministic=True)
        errors = np.square(actions - shown.actions[270:]).mean(0)
        np.testing.assert_allclose(policy.head.log_deviation, 0.5 * np.log(errors), rtol=1e-3)


class TestMixing:
    def test_first(self):
        config = dagger.DAggerConfig(mixing="first")
        assert [dagger.mixing_share(config, i) for i in (1, 2, 3)] == [1.0, 0.0, 0.0]

    def test_exponential(self):
        config = dagger.DAggerConfig(mixing="exponential", mixing_base=0.5)
        assert [dagger.mixing_share(config, i) for i in (1, 2, 3)] == [1.0, 0.5, 0.25]

    def test_an_expert_that_always_drives_visits_its_own_states(self):
        """With beta = 1 in every round DAgger collects what the expert alone would."""
        seen = {}
        for base in (1.0, 0.0):
            problem = Problem(
                get_world("DriftCar"), dagger.algorithm.sources, Budget(1200, 9999), 0
            )
            config = replace(SMALL["dagger"].config, mixing="exponential", mixing_base=base)
            rows = []
            env_of = problem.env

            def recording_env(num_envs, rows=rows, env_of=env_of):
                env = env_of(num_envs)
                step = env.step
                env.step = lambda actions: rows.append(env._env.states.copy()) or step(actions)
                return env

            problem.env = recording_env
            dagger.train(problem, 0, config)
            seen[base] = np.stack(rows)
        expert_only = seen[1.0]
        assert (expert_only["episode"] == 0).all(), "the expert alone would not have fallen"
        assert (seen[0.0]["episode"] > 0).any(), "the learner falls"
        np.testing.assert_array_equal(expert_only[:99], seen[0.0][:99])


@pytest.mark.parametrize("labels", [400, 410])
def test_dagger_spends_its_budget_on_labels_alone(labels):
    algorithm = SMALL["dagger"]
    problem = Problem(get_world("Walk"), algorithm.sources, Budget(labels, 10**6), 0)
    algorithm.train(problem, 0, algorithm.config)
    assert problem.meter.expert_labels == labels
    assert problem.meter.demonstrations == problem.meter.reward_reads == 0


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("toy", ["Walk", "Buttons", "Maze"])
def test_the_toys_are_learned_perfectly(name, toy):
    world = get_world(toy)
    algorithm = SMALL[name]
    problem = Problem(world, algorithm.sources, Budget(2000, 10**6), 0)
    policy = algorithm.train(problem, 0, algorithm.config)
    for episode in run_episodes(world, "held_out", lambda env: policy, range(10)):
        if toy == "Walk":
            assert (episode.actions == 2).all()
        elif toy == "Maze":
            moved = np.diff(episode.measures["places_to_go"])
            assert set(moved) <= {-1.0, 0.0}, "a step leads nearer to the way out, or slips"
            assert episode.terminated
        else:
            places = episode.observations[:-1].argmax(1)
            digits = (places[:, None] >> np.arange(3)) & 1
            np.testing.assert_array_equal(episode.actions, digits)


def test_one_thread_restores_the_number_of_threads(two_threads):
    seen = []

    def fail():
        with one_thread():
            seen.append(torch.get_num_threads())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (seen, torch.get_num_threads()) == ([1], 2)
