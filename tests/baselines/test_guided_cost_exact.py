"""Guided cost learning with exact policy steps: estimates of its gradient, and what it learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import il_envs
from baselines import guided_cost_exact
from baselines.guided_cost_exact import (
    Batch,
    ExactGuidedCostConfig,
    importance_weights,
    learn_reward,
    pool,
)
from baselines.guided_cost_linear_quadratic import QuadraticPlanner, pack, unpack
from baselines.guided_cost_planners import TabularPlanner
from il_envs import Budget, Problem, evaluate, lane_keeping, linear_quadratic_soft_optimal
from il_envs.exact.evaluation import divergence
from il_envs.testing import check_algorithm

BRIDGE, ROOMS, STILL = map(il_envs.get_world, ("RiskyBridge", "FourRooms", "FourRoomsStill"))
VARIANTS = (
    guided_cost_exact.algorithm,
    guided_cost_exact.unweighted,
    guided_cost_exact.no_entropy,
    guided_cost_exact.no_appended,
    guided_cost_exact.no_past,
    guided_cost_exact.per_start,
    guided_cost_exact.published,
)
FEW = {"policy_steps": 3, "reward_steps": 30}
REPETITIONS = 200


def learn(algorithm, world, labels, seed=0, **config):
    algorithm = replace(algorithm, config=replace(algorithm.config, **config))
    problem = Problem(world, algorithm.sources, Budget(labels, 0), seed)
    return algorithm.train(problem, seed, algorithm.config)


def divergence_of(policy, world):
    return divergence(
        world.truth.reference().evaluation, evaluate(world.truth.model(), policy.probabilities)
    )


@pytest.mark.parametrize("algorithm", VARIANTS, ids=lambda algorithm: algorithm.name)
def test_contract(algorithm):
    check_algorithm(replace(algorithm, config=replace(algorithm.config, **FEW)), BRIDGE)


def test_the_training_curve_holds_the_effective_sample_size():
    policy = learn(guided_cost_exact.algorithm, BRIDGE, 600, **FEW)
    sizes = policy.tensors()["effective_sample_size"]
    assert sizes.shape == (3,)
    assert ((sizes >= 1.0) & (sizes <= 320.0)).all()


def test_rewards_that_diverge_end_as_an_error():
    with pytest.raises(ArithmeticError, match="weights"):
        learn(guided_cost_exact.per_start, ROOMS, 500, **FEW, learning_rate=1e308)


class Case:
    """A planner, the weights of its true reward, and exact features [K] under its soft-optimal
    policy; features are looked at along one random direction."""

    def __init__(self, planner, weights, exact, starts):
        self.planner, self.weights, self.exact = planner, weights, exact
        self.starts = starts
        self.direction = np.random.default_rng(7).normal(size=len(exact))

    def errors(self, kind, samples, repetitions=REPETITIONS, sampler=None):
        """The error of each estimate of the background's gradient, and its own standard error."""
        sampler = sampler or self.planner.plan(self.weights, 1.0)
        results = []
        for seed in range(repetitions):
            random = np.random.default_rng(seed)
            states, actions = sampler.sample(self.starts(samples, random), random)
            batch = Batch(sampler, states, actions, np.zeros(samples, np.int64))
            importance = importance_weights(
                self.planner, pool(self.planner, [batch]), torch.as_tensor(self.weights),
                torch.ones(1).double(), ExactGuidedCostConfig(weights=kind),
            ).numpy()  # fmt: skip
            along = self.planner.features(states, actions) @ self.direction
            mean = importance @ along
            error = np.sqrt((importance**2 * (along - mean) ** 2).sum())
            results.append((mean - self.exact @ self.direction, error))
        return np.array(results)


def tabular_case(world):
    reference = world.truth.reference()
    model = reference.model.with_reward(reference.model.reward / reference.temperature)
    starts = np.flatnonzero(model.initial)[:1]  # importance weights are those of one start
    model = il_envs.TabularModel(
        [model.transition[a * model.states : (a + 1) * model.states] for a in range(model.actions)],
        model.reward, np.eye(model.states)[starts[0]], model.horizon, features=model.features,
    )  # fmt: skip
    weights = np.linalg.lstsq(model.features, model.reward[:, 0], rcond=None)[0]
    exact = il_envs.soft_optimal(model).feature_expectations
    return Case(TabularPlanner(model), weights, exact, lambda n, _: np.repeat(starts, n))


def lane_case():
    reference = lane_keeping.reference()
    evaluation = reference.evaluation
    planner = QuadraticPlanner(reference.model, *evaluation.sample(100, 0))
    moments = evaluation.state_covariance + np.einsum(
        "ti,tj->tij", evaluation.state_mean, evaluation.state_mean
    )
    actions = evaluation.action_covariance + np.einsum(
        "ti,tj->tij", evaluation.action_mean, evaluation.action_mean
    )
    exact = -pack(moments[:-1].sum(0), actions.sum(0), moments[-1]) @ planner.scale
    model = reference.model
    weights = planner.weights_of(model.state_cost[0], model.action_cost[0], model.final_cost)
    spread = np.sqrt(np.diag(model.initial_covariance))
    return Case(
        planner, weights, exact, lambda n, random: spread * random.normal(size=(n, len(spread)))
    )


CASES = {
    "RiskyBridge": (lambda: tabular_case(BRIDGE), "policy ratio"),
    "FourRooms": (lambda: tabular_case(ROOMS), "policy ratio"),
    "FourRoomsStill": (lambda: tabular_case(STILL), "trajectory"),
    "LaneKeeping": (lane_case, "none"),
}


@pytest.mark.statistical
@pytest.mark.parametrize("name", CASES)
def test_estimates_of_the_gradient_are_within_their_standard_errors(name):
    """Of 200 estimates from 400 trajectories of the exact policy 95% are within 1.96 standard
    errors of the exact gradient: a binomial count below 180 or above 199 has probability .003."""
    make, kind = CASES[name]
    errors = make().errors(kind, 400)
    inside = int((np.abs(errors[:, 0]) <= 1.96 * errors[:, 1]).sum())
    print(name, kind, inside, "of", REPETITIONS)
    assert 180 <= inside <= 199


@pytest.mark.statistical
@pytest.mark.parametrize("name", CASES)
def test_errors_fall_with_the_root_of_the_number_of_samples(name):
    """The slope of log root mean square error against log M. Over 200 repetitions each of four
    points has a relative error of 5%, and the slope over a range of 64 one of .03: the tolerance
    is more than three times that."""
    make, kind = CASES[name]
    case, counts = make(), np.array([50, 200, 800, 3_200])
    size = [np.sqrt((case.errors(kind, count)[:, 0] ** 2).mean()) for count in counts]
    slope = np.polyfit(np.log(counts), np.log(size), 1)[0]
    print(name, kind, slope)
    assert slope == pytest.approx(-0.5, abs=0.1)


@pytest.mark.parametrize(("world", "kind"), [(STILL, "trajectory"), (ROOMS, "policy ratio")])
def test_weights_correct_for_a_stale_policy(world, kind):
    """The mean of 20 estimates from the policy of half the reward is within 4 standard errors of
    the exact gradient with weights, whose own bias falls as 1 / M, and far off without."""
    case = tabular_case(world)
    stale = case.planner.plan(0.5 * case.weights, 1.0)
    biases = {}
    for weights in (kind, "none"):
        errors = case.errors(weights, 2_000, 20, stale)[:, 0]
        biases[weights] = abs(errors.mean()) / (errors.std(ddof=1) / np.sqrt(len(errors)))
    assert biases[kind] < 4.0
    assert biases["none"] > 15.0


def test_quadratic_features_give_the_returns():
    case = lane_case()
    model = lane_keeping.reference().model
    states, actions = case.planner.plan(case.weights, 1.0).sample(
        np.zeros((5, 5)), np.random.default_rng(0)
    )
    returns = case.planner._raw(states, actions) @ pack(
        model.state_cost[0], model.action_cost[0], model.final_cost
    )
    np.testing.assert_allclose(returns, model.returns(states, actions))


def test_packed_matrices_come_back():
    matrices = [np.cov(np.random.default_rng(n).normal(size=(n, 9))) for n in (2, 3)]
    for packed, matrix in zip(unpack(pack(*matrices), (2, 3)), matrices, strict=True):
        np.testing.assert_allclose(packed, matrix)


def test_a_fitted_linear_policy_is_the_demonstrators():
    reference = linear_quadratic_soft_optimal(lane_keeping.reference().model)
    planner = QuadraticPlanner(reference.model, *reference.sample(200, 0))
    fitted = planner.fit(planner.states, planner.actions).policy
    np.testing.assert_allclose(fitted.gain[0], reference.policy.gain[0], atol=0.05)
    np.testing.assert_allclose(
        fitted.covariance[0], reference.policy.covariance[0], rtol=0.1, atol=1e-4
    )


@pytest.mark.statistical
def test_all_four_parts_are_needed_where_the_dynamics_are_deterministic():
    """KL of the learned reward's policy from 640 episodes, on seeds that nothing was tuned on."""
    whole, *ablations = (
        np.array([divergence_of(learn(a, STILL, 32_000, seed), STILL) for seed in range(2)])
        for a in VARIANTS[:5]
    )
    assert whole.mean() <= 0.05
    for ablation in ablations:
        assert (ablation > whole).all()


@pytest.mark.statistical
def test_the_published_weights_mislead_where_dynamics_or_starts_are_random():
    """In FourRooms, seen: KL .04 to .1 with the causal weights, .8 to .9 with the published ones
    start by start, 5.1 with those of all starts together."""
    causal, per_start, published = (
        divergence_of(learn(a, ROOMS, 32_000), ROOMS)
        for a in (VARIANTS[0], guided_cost_exact.per_start, guided_cost_exact.published)
    )
    assert causal <= 0.2
    assert per_start >= 2.0 * causal
    assert published >= 2.0 * per_start


@pytest.mark.statistical
def test_costs_are_learned_where_there_are_no_gusts():
    """KL of the learned costs' policy from 640 episodes in LaneKeepingStill, on a seed that
    nothing was tuned on. The published weights hold as long as the reward moves little between
    policy steps; 27 costs told by 640 episodes are worth 27 / (2 * 640) = .021 nats.

    Seen on seven other seeds: .011 to .025 on six, and an error on one, where a step on the reward
    led to costs that have no optimum.
    """
    reference = il_envs.get_world("LaneKeepingStill").truth.reference()
    demonstrations = reference.sample(640, 5_002)
    planner = QuadraticPlanner(reference.model, *demonstrations)
    config = ExactGuidedCostConfig(
        policy_steps=150, past_policies=5, samples=200, reward_steps=6_000, learning_rate=0.03
    )
    weights, curve = learn_reward(
        planner, demonstrations, planner.fit(*demonstrations), config, np.random.default_rng(2)
    )
    learned = linear_divergence(reference, planner.plan(weights, 1.0).policy)
    print("LaneKeepingStill", learned, curve["effective_sample_size"][-1])
    assert learned <= 0.05


def linear_divergence(reference, policy):
    """sum_t E[KL(reference || policy)] where the reference goes, nats an episode."""
    evaluation, total = reference.evaluation, 0.0
    for t, (own, other) in enumerate(
        zip(reference.policy.covariance, policy.covariance, strict=True)
    ):
        mean = evaluation.state_mean[t]
        square = evaluation.state_covariance[t] + np.outer(mean, mean)
        gap = reference.policy.gain[t] - policy.gain[t]
        ratio = np.linalg.solve(other, own)
        total += np.trace(ratio) - len(own) - np.linalg.slogdet(ratio)[1]
        total += np.trace(np.linalg.solve(other, gap @ square @ gap.T))
    return 0.5 * total


def test_the_divergence_of_linear_policies_is_their_mean_log_ratio():
    reference = lane_keeping.reference()
    planner = QuadraticPlanner(reference.model, *reference.evaluation.sample(50, 0))
    fitted = planner.fit(planner.states, planner.actions).policy
    states, actions = reference.evaluation.sample(2_000, 1)
    ratios = reference.policy.log_likelihood(states, actions)
    ratios = ratios - fitted.log_likelihood(states, actions)
    error = ratios.std(ddof=1) / np.sqrt(len(ratios))
    assert linear_divergence(reference, fitted) == pytest.approx(ratios.mean(), abs=4.0 * error)
