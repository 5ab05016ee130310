"""Learning rewards with a known model: gradients, what is matched, and what is learned."""

from dataclasses import replace

import numpy as np
import pytest

import il_envs
from baselines import apprenticeship, deep_maxent_irl, max_margin_planning, maxent_irl
from baselines.planning import causal_log_likelihood, observed_occupancy, whole_trajectories
from il_envs import Budget, Problem, evaluate, hard_optimal, run_episodes, soft_optimal
from il_envs.exact.evaluation import uniform_policy
from il_envs.testing import check_algorithm
from il_envs.worlds.grid.register import transitions
from tests.exact.enumeration import draw

ALGORITHMS = (
    maxent_irl.algorithm,
    maxent_irl.posterior,
    deep_maxent_irl.algorithm,
    apprenticeship.algorithm,
    apprenticeship.max_margin,
    max_margin_planning.algorithm,
)
BRIDGE = il_envs.get_world("RiskyBridge")
ROOMS = il_envs.get_world("FourRooms")
DUEL = il_envs.get_world("Duel")  # of buttons, with features of states and chords


def quick(algorithm):
    fields = {"iterations": 15} if hasattr(algorithm.config, "iterations") else {"rounds": 5}
    return replace(algorithm, config=replace(algorithm.config, **fields))


def learn(algorithm, world, labels, seed=0, **config):
    algorithm = replace(algorithm, config=replace(algorithm.config, **config))
    problem = Problem(world, algorithm.sources, Budget(labels, 0), seed)
    return algorithm.train(problem, seed, algorithm.config)


def score(policy, world):
    model, reference = world.truth.model(), world.truth.reference()
    chance = evaluate(model, uniform_policy(model.available)).expected_return
    own = evaluate(model, policy.probabilities).expected_return
    return (own - chance) / (reference.expected_return - chance)


UNFINISHED = "ignore:after 5 rounds:il_envs.TrainingWarning"  # of `quick` margin planning


@pytest.mark.filterwarnings(UNFINISHED)
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)
def test_contract(algorithm):
    check_algorithm(quick(algorithm), BRIDGE)


@pytest.mark.filterwarnings(UNFINISHED)
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)
def test_every_method_returns_its_reward_policy_and_curve(algorithm):
    policy = learn(quick(algorithm), BRIDGE, 600)
    model = BRIDGE.truth.model()
    assert policy.probabilities.shape == (model.horizon, model.states, model.actions)
    assert policy.reward.table.shape == (model.states,)
    assert all(0 < len(values) <= 151 for values in policy.curve.values())
    assert set(policy.tensors()) == {"probabilities", *policy.curve}
    assert set(policy.reward.tensors()) == {"table"}


@pytest.mark.filterwarnings(UNFINISHED)
@pytest.mark.parametrize(
    "algorithm",
    [algorithm for algorithm in ALGORITHMS if algorithm.name != "maxent-deep"],
    ids=lambda algorithm: algorithm.name,
)
def test_chords_of_buttons_are_the_actions_of_a_model(algorithm):
    check_algorithm(quick(algorithm), DUEL)
    policy = learn(quick(algorithm), DUEL, 400)
    assert policy.reward.table.shape == (882, 32)
    actions, _ = policy.predict(np.arange(882))
    assert (actions.dtype, actions.shape) == (np.int8, (882, 5))
    episode = run_episodes(DUEL, "held_out", lambda env: policy, [1])[0]
    assert len(episode) == 40


def test_a_reward_of_states_alone_is_not_for_chords():
    assert not deep_maxent_irl.algorithm.applies_to(DUEL)
    assert maxent_irl.algorithm.applies_to(DUEL)


def test_maxent_learns_what_a_hit_is_worth():
    """Two weights, from 50 episodes: to give a hit is worth what to take one costs."""
    policy = learn(maxent_irl.algorithm, DUEL, 2_000)
    assert score(policy, DUEL) > 0.95
    model = DUEL.truth.model()
    weights = np.linalg.lstsq(
        model.features.reshape(-1, 2), policy.reward.table.ravel(), rcond=None
    )[0]
    assert weights[0] > 0.0 > weights[1]


def test_the_model_given_to_algorithms_has_no_reward():
    problem = Problem(BRIDGE, frozenset({"model"}), Budget(0, 0), 0)
    assert problem.model().reward is None
    assert problem.meter.model_reads == 1
    both = Problem(BRIDGE, frozenset({"model", "reward"}), Budget(0, 0), 0)
    np.testing.assert_array_equal(both.model().reward, BRIDGE.truth.model().reward)


def test_without_a_whole_episode_there_is_one_clear_error():
    with pytest.raises(ValueError, match="29 demonstrated transitions hold no whole episode of 30"):
        learn(maxent_irl.algorithm, BRIDGE, 29)


def test_features_of_another_number_are_refused():
    with pytest.raises(ValueError, match=r"feature_mean must have the shape \[63\]"):
        maxent_irl.match_features(BRIDGE.truth.model(), np.zeros(5), 0.0, maxent_irl.MaxEntConfig())


@pytest.mark.parametrize("kind", ["dense", "sparse", "unavailable", "mixed", "discounted"])
def test_gradient_of_the_causal_likelihood(kind):
    """By central differences in every reward, on ten random models of each kind."""
    for seed in range(10):
        case = draw(kind, seed)
        model = il_envs.TabularModel(
            case.transition, np.zeros(case.available.shape), case.initial, case.horizon,
            case.discount, available=case.available,
        )  # fmt: skip
        random = case.rng()
        reward = random.normal(size=case.available.shape)
        occupancy = model.empirical_occupancy(
            *soft_optimal(model.with_reward(reward)).sample(3, seed)
        )

        def likelihood(entries, model=model, occupancy=occupancy):
            return causal_log_likelihood(soft_optimal(model.with_reward(entries)), occupancy)

        _, gradient = likelihood(reward)
        for place in np.ndindex(reward.shape):
            nudge = np.zeros_like(reward)
            nudge[place] = 1e-5
            slope = (likelihood(reward + nudge)[0] - likelihood(reward - nudge)[0]) / 2e-5
            assert gradient[place] == pytest.approx(slope, abs=1e-6)


def recorded(states, actions):
    """Demonstrations that begin at step 0, of any lengths."""
    episodes = (
        il_envs.Episode(k, s, a, np.full(len(a), np.nan), {}, False, "")
        for k, (s, a) in enumerate(zip(states, actions, strict=True))
    )
    return il_envs.Demonstrations("RiskyBridge", "training", "somebody", tuple(episodes))


class TestEpisodesCutShort:
    @pytest.mark.parametrize("kind", ["dense", "sparse", "unavailable", "mixed", "discounted"])
    def test_gradient(self, kind):
        """By central differences of the likelihood of what was observed, in every reward, on ten
        random models of each kind."""
        for seed in range(10):
            case = draw(kind, seed)
            model = il_envs.TabularModel(
                case.transition, np.zeros(case.available.shape), case.initial, case.horizon,
                case.discount, available=case.available,
            )  # fmt: skip
            random = case.rng()
            reward = random.normal(size=case.available.shape)
            states, actions = soft_optimal(model.with_reward(reward)).sample(2, seed)
            lengths = random.integers(1, case.horizon + 1, size=2)
            cut = [
                (s[: n + 1], a[:n]) for s, a, n in zip(states, actions, lengths, strict=True)
            ]  # fmt: skip
            occupancy = observed_occupancy(recorded(*zip(*cut, strict=True)), model)

            def likelihood(entries, model=model, cut=cut):
                log_policy = soft_optimal(model.with_reward(entries)).log_policy
                return np.mean([log_policy[np.arange(len(a)), s[:-1], a].sum() for s, a in cut])

            value, gradient = causal_log_likelihood(
                soft_optimal(model.with_reward(reward)), occupancy
            )
            assert value == pytest.approx(likelihood(reward))
            for place in np.ndindex(reward.shape):
                nudge = np.zeros_like(reward)
                nudge[place] = 1e-5
                slope = (likelihood(reward + nudge) - likelihood(reward - nudge)) / 2e-5
                assert gradient[place] == pytest.approx(slope, abs=1e-6)

    @pytest.mark.parametrize("world", [BRIDGE, DUEL], ids=lambda world: world.name)
    def test_whole_episodes_give_the_same_bits(self, world):
        labels = 4 * world.dynamics.max_episode_steps
        whole = learn(quick(maxent_irl.algorithm), world, labels)
        cut = learn(quick(maxent_irl.algorithm), world, labels, cut_short=True)
        assert cut.reward.table.tobytes() == whole.reward.table.tobytes()
        assert cut.probabilities.tobytes() == whole.probabilities.tobytes()

    def test_one_episode_that_is_cut_is_enough(self):
        """The reward is at the maximum of the penalised likelihood of the steps seen."""
        policy = learn(maxent_irl.algorithm, BRIDGE, 12, cut_short=True)
        assert policy.curve["gradient"][-1] <= 1e-6
        assert np.abs(policy.reward.table).max() > 0.1

    def test_matching_features_refuses_them(self):
        for settings in ({"objective": "matching"}, {"backup": "posterior"}):
            with pytest.raises(ValueError, match="cut_short needs the causal likelihood"):
                learn(maxent_irl.algorithm, BRIDGE, 30, cut_short=True, **settings)

    def test_an_impossible_one_is_refused(self):
        model = BRIDGE.truth.model()
        states, actions = BRIDGE.truth.reference().sample(2, 0)
        states[1, 4] = 35
        demonstrations = recorded(states[:, :11], actions[:, :10])
        with pytest.raises(ValueError, match=r"^episode 1: step 3: action \d never"):
            observed_occupancy(demonstrations, model)
        with pytest.raises(ValueError, match=r"^episode 0: trajectories have 40 steps"):
            observed_occupancy(recorded([np.zeros(41, np.int64)], [np.zeros(40, np.int64)]), model)


class TestMaxEnt:
    def test_matches_exact_features_to_the_tolerance(self):
        row, column = np.divmod(np.arange(256), 16)
        features = np.eye(16)[row // 4 * 4 + column // 4]
        true_weights = np.random.default_rng(0).normal(size=16)
        model = il_envs.TabularModel(
            transitions(np.zeros((16, 16), np.bool_), 0.3, "anywhere"),
            features @ true_weights, np.full(256, 1 / 256), horizon=50, features=features,
        )  # fmt: skip
        expert = soft_optimal(model).feature_expectations
        config = maxent_irl.MaxEntConfig()
        weights, curve = maxent_irl.match_features(model, expert, 0.0, config)
        learned = soft_optimal(model.with_linear_reward(weights))
        assert np.abs(learned.feature_expectations - expert).max() <= 1e-6
        assert curve["objective"][-1] < curve["objective"][0]

    @pytest.mark.parametrize("backup", ["causal", "posterior"])
    def test_with_a_prior_features_miss_by_the_priors_gradient(self, backup):
        model = BRIDGE.truth.model().with_reward(None)
        states, actions = BRIDGE.truth.reference().sample(50, 0)
        mean = model.feature_mean(states, actions)
        config = maxent_irl.MaxEntConfig(backup=backup, objective="matching")
        weights, _ = maxent_irl.match_features(model, mean, 0.02, config)
        learned = soft_optimal(model.with_linear_reward(weights), backup)
        residual = learned.feature_expectations - mean + 0.02 * weights
        assert np.abs(residual).max() <= 1e-5

    def test_likelihood_is_at_its_maximum(self):
        model = BRIDGE.truth.model().with_reward(None)
        occupancy = model.empirical_occupancy(*BRIDGE.truth.reference().sample(50, 0))
        config = maxent_irl.MaxEntConfig()
        weights, curve = maxent_irl.maximise_likelihood(model, occupancy, 0.02, config)
        assert curve["gradient"][-1] <= 1e-6
        random = np.random.default_rng(0)

        def loss(weights):
            solution = soft_optimal(model.with_linear_reward(weights))
            return -causal_log_likelihood(solution, occupancy)[0] + 0.01 * weights @ weights

        assert loss(weights) == pytest.approx(curve["objective"][-1])
        for _ in range(20):
            assert loss(weights + 0.1 * random.normal(size=weights.size)) > loss(weights)

    @pytest.mark.parametrize("world", [BRIDGE, ROOMS], ids=lambda world: world.name)
    def test_held_out_likelihood_is_near_the_exact_bound(self, world):
        """The divergence from the expert, in nats an episode, is at most one standard error of the
        mean over 1,000 held-out episodes."""
        reference = world.truth.reference()
        policy = learn(maxent_irl.algorithm, world, 300 * world.dynamics.max_episode_steps)
        held_out = reference.sample(1_000, seed=123)
        expert = reference.log_likelihood(*held_out)
        own = evaluate(reference.model, policy.probabilities).log_likelihood(*held_out)
        error = expert.std() / np.sqrt(len(expert))
        assert abs(own.mean() + reference.entropy) <= error + abs(expert.mean() + reference.entropy)
        assert expert.mean() - own.mean() <= error

    def test_the_posterior_model_does_not_understand_the_walk_round_the_river(self):
        held_out = BRIDGE.truth.reference().sample(1_000, seed=5)
        likelihoods = {
            name: evaluate(BRIDGE.truth.model(), learn(algorithm, BRIDGE, 3_000).probabilities)
            .log_likelihood(*held_out)
            .mean()
            for name, algorithm in (
                ("causal", maxent_irl.algorithm),
                ("posterior", maxent_irl.posterior),
            )
        }
        assert likelihoods["causal"] > likelihoods["posterior"] + 3.0

    def test_a_learned_reward_holds_where_the_doors_are_elsewhere(self):
        policy = learn(maxent_irl.algorithm, ROOMS, 2_000)
        twin = il_envs.get_world(ROOMS.truth.transfer).truth.model()
        own = evaluate(
            twin, hard_optimal(twin.with_reward(policy.reward.table)).policy
        ).expected_return
        assert own >= 0.9 * hard_optimal(twin).expected_return


def test_a_neural_reward_says_what_no_linear_one_can():
    """Binaryworld: the value gap of a linear reward is more than twice that of a neural one."""
    world = il_envs.get_world("Binaryworld")
    linear = score(learn(maxent_irl.algorithm, world, 4_000), world)
    neural = score(learn(deep_maxent_irl.algorithm, world, 4_000), world)
    assert 1.0 - linear >= 2.0 * (1.0 - neural)
    assert neural > 0.9


class TestApprenticeship:
    @pytest.mark.parametrize("match", [apprenticeship.project, apprenticeship.separate])
    def test_the_returned_policy_is_as_near_to_the_expert_as_the_mixture(self, match):
        model = BRIDGE.truth.model().with_reward(None)
        expert = BRIDGE.truth.reference().feature_expectations
        config = apprenticeship.ApprenticeshipConfig(tolerance=1e-3, rounds=200)
        occupancy, _, distances = match(model, expert, config)
        policy = il_envs.policy_from_occupancy(occupancy, model.available)
        own = evaluate(model, policy).feature_expectations
        assert np.linalg.norm(own - expert) == pytest.approx(distances[-1], abs=1e-8)
        assert (np.diff(distances) <= 1e-9).all()
        assert distances[-1] < 0.05 * distances[0]

    def test_the_margin_finds_a_mixture_at_least_as_near_as_projection_does(self):
        model = BRIDGE.truth.model().with_reward(None)
        expert = BRIDGE.truth.reference().feature_expectations
        config = apprenticeship.ApprenticeshipConfig(tolerance=0.0, rounds=15)
        distances = [
            match(model, expert, config)[2][-1]
            for match in (apprenticeship.separate, apprenticeship.project)
        ]
        assert distances[0] <= distances[1] + 1e-9

    @pytest.mark.parametrize("count", [1, 2, 5, 12])
    def test_nearest_mixture_satisfies_its_optimality_conditions(self, count):
        random = np.random.default_rng(count)
        for _ in range(50):
            points, target = random.normal(size=(count, 4)), random.normal(size=4)
            shares = apprenticeship.nearest_mixture(points, target)
            assert shares.sum() == pytest.approx(1.0)
            assert (shares >= 0.0).all()
            direction = target - shares @ points
            # No vertex is further towards the target than those that are mixed.
            advance = points @ direction
            assert advance.max() <= advance[shares > 1e-9].min() + 1e-8

    def test_a_few_episodes_beat_ten_times_as_many_that_are_cloned(self):
        from baselines import bc

        world = il_envs.get_world("Macrocells")
        few = score(learn(apprenticeship.algorithm, world, 800), world)
        many = score(learn(bc.algorithm, world, 8_000), world)
        assert few > many


class TestMaxMarginPlanning:
    def fitted(self, **settings):
        """Two features in Duel: their weights can be tried out on a grid."""
        problem = Problem(DUEL, max_margin_planning.algorithm.sources, Budget(800, 0), 0)
        model = problem.model()
        states, actions = whole_trajectories(problem.demonstrations(), model)
        expert = model.feature_mean(states, actions)
        loss = 1.0 - (model.empirical_occupancy(states, actions).sum(0) > 0.0)
        config = max_margin_planning.MaxMarginConfig(**settings)
        weights, curve = max_margin_planning.fit_weights(model, expert, loss, config)

        def objective(weights):
            rewards = model.features @ weights
            rewards = rewards[:, None] if rewards.ndim == 1 else rewards
            rival = hard_optimal(model.with_reward(rewards + loss)).expected_return
            penalty = 0.5 * config.regularisation * weights @ weights
            return penalty + max(rival - weights @ expert, 0.0)

        return model, weights, curve, objective

    def test_nothing_near_the_weights_has_a_lower_objective(self):
        model, weights, curve, objective = self.fitted(tolerance=1e-7)
        least = objective(weights)
        assert least == pytest.approx(min(curve["objective"]), rel=1e-9)
        assert least - curve["bound"][-1] <= 1e-7 * model.horizon
        random = np.random.default_rng(0)
        for size in (1e-3, 1e-2, 0.1, 1.0):
            for direction in random.normal(size=(10, len(weights))):
                assert objective(weights + size * direction) >= least - 1e-7 * model.horizon

    def test_the_bound_is_below_every_objective_and_rises_to_it(self):
        policy = learn(max_margin_planning.algorithm, BRIDGE, 600, regularisation=1.0)
        objective, bound = policy.curve["objective"], policy.curve["bound"]
        assert bound.max() <= objective.min() + 1e-9
        assert objective.min() - bound[-1] <= 1e-5 * BRIDGE.truth.model().horizon
        assert objective.min() < 0.5 * objective[0]

    def test_rounds_that_do_not_suffice_are_warned_of(self):
        with pytest.warns(il_envs.TrainingWarning, match=r"after 5 rounds the objective .* above"):
            learn(max_margin_planning.algorithm, BRIDGE, 3_000, rounds=5)

    def test_the_lowest_point_of_planes_is_that_of_their_envelope(self):
        """|w| and a plane far below: with lambda 2 the least of w^2 + |w - 1| is at w = 1/2."""
        config = max_margin_planning.MaxMarginConfig(regularisation=2.0)
        slopes, heights = np.array([[1.0], [-1.0], [0.0]]), np.array([-1.0, 1.0, -9.0])
        weights, bound = max_margin_planning.lowest_point(slopes, heights, config)
        assert weights == pytest.approx([0.5], abs=1e-6)
        assert bound == pytest.approx(0.75, abs=1e-6)
        assert bound <= 0.75 + 1e-12

    def test_an_optimal_expert_is_matched(self):
        """One that is optimal for a linear reward; many others are too, whatever their loss."""
        model = ROOMS.truth.model()
        best = hard_optimal(model)
        loss = 1.0 - (best.occupancy.sum(0) > 0.0)
        config = max_margin_planning.MaxMarginConfig(regularisation=1e-3)
        weights, curve = max_margin_planning.fit_weights(
            model.with_reward(None), best.feature_expectations, loss, config
        )
        assert min(curve["objective"]) - curve["bound"][-1] <= 1e-5 * model.horizon
        own = evaluate(model, hard_optimal(model.with_linear_reward(weights)).policy)
        assert own.expected_return >= 0.999 * best.expected_return


def test_whole_trajectories_leaves_out_the_one_that_is_cut_short():
    problem = Problem(BRIDGE, frozenset({"demonstrations"}), Budget(100, 0), 0)
    states, actions = whole_trajectories(problem.demonstrations(), BRIDGE.truth.model())
    assert (states.shape, actions.shape) == ((3, 31), (3, 30))


def test_an_impossible_demonstration_is_refused():
    problem = Problem(BRIDGE, frozenset({"demonstrations"}), Budget(60, 0), 0)
    demonstrations = problem.demonstrations()
    demonstrations.episodes[1].observations[4] = 35
    with pytest.raises(ValueError, match=r"trajectory 1, step 3: action \d never leads from state"):
        whole_trajectories(demonstrations, BRIDGE.truth.model())


def test_learned_policies_play_as_they_say():
    """Sampled returns agree with the exact one to 4.5 standard errors."""
    policy = learn(maxent_irl.algorithm, BRIDGE, 900)
    episodes = run_episodes(BRIDGE, "held_out", lambda env: policy, range(1_000), False)
    returns = np.array([episode.total_reward for episode in episodes])
    exact = evaluate(BRIDGE.truth.model(), policy.probabilities).expected_return
    assert abs(returns.mean() - exact) <= 4.5 * returns.std() / np.sqrt(len(returns))
