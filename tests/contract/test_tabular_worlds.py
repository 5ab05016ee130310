"""Worlds with a tabular model: their kernels, model and expert are one thing."""

import gymnasium as gym
import numpy as np
import pytest
from scipy import stats

import il_envs
from il_envs import ExpertPolicy, WorldVectorEnv, evaluate, hard_optimal, run_episodes
from il_envs.buttons import chords_of, joint_index
from il_envs.engine.tabular_table import POLICY_STEP
from il_envs.exact.evaluation import uniform_policy
from il_envs.world import STATE_HEADER

WORLDS = [
    world
    for world in il_envs.WORLDS.values()
    if world.truth.reference is not None
    and isinstance(world.spaces.observation, gym.spaces.Discrete)
]
ERROR_RATE = 1e-4  # of each statistical test here, in one run


@pytest.fixture(params=WORLDS, ids=lambda world: world.name)
def tabular(request):
    return request.param


def test_they_are_all_here():
    assert {world.name for world in WORLDS} >= {
        "Binaryworld", "CliffChain", "Duel", "FourRooms", "FourRoomsMoved", "FourRoomsMovedStill",
        "FourRoomsStill", "Macrocells", "Objectworld", "RiskyBridge",
    }  # fmt: skip


def test_spaces_fit_the_model(tabular):
    model, chords = tabular.truth.model(), chords_of(tabular.spaces.action)
    actions = tabular.spaces.action.n if chords is None else len(chords)
    assert (tabular.spaces.observation.n, actions) == (model.states, model.actions)
    assert tabular.dynamics.max_episode_steps == model.horizon
    assert len(model.features) == model.states
    env = il_envs.WorldEnv(tabular.name)
    assert env.model is model


def test_kernels_move_as_the_model_says(tabular):
    """From random state-action pairs: the frequencies of successors, by chi-square, and rewards."""
    model, chords = tabular.truth.model(), chords_of(tabular.spaces.action)
    place = tabular.dynamics.state.names[
        len(STATE_HEADER)
    ]  # the field that holds the model's state
    random = np.random.default_rng(0)
    count, pairs = 4_000, 12
    env = WorldVectorEnv(tabular.name, count)
    for _ in range(pairs):
        state, action = random.integers(model.states), random.integers(model.actions)
        env.reset(seed=int(random.integers(2**31)))
        states = env.states.copy()
        states[place] = state
        env.states = states
        actions = np.full(count, action)
        observations, rewards, terminated, _, _ = env.step(
            actions if chords is None else chords[actions]
        )
        expected = model.transition[[action * model.states + state]].toarray()[0]
        seen = np.bincount(observations, minlength=model.states)
        assert (seen[expected == 0.0] == 0).all()
        possible = expected > 0.0
        if possible.sum() > 1:
            outcome = stats.chisquare(seen[possible], expected[possible] * count)
            assert outcome.pvalue > ERROR_RATE / pairs
        assert (rewards == model.reward[state, action]).all()
        assert not terminated.any()


def test_episodes_start_as_the_model_says(tabular):
    model = tabular.truth.model()
    observations, _ = WorldVectorEnv(tabular.name, 20_000).reset(seed=3)
    seen = np.bincount(observations, minlength=model.states)
    possible = model.initial > 0.0
    assert (seen[~possible] == 0).all()
    if possible.sum() > 1:
        expected = model.initial[possible] * len(observations)
        assert stats.chisquare(seen[possible], expected).pvalue > ERROR_RATE


def test_the_expert_is_a_sample_of_the_exact_soft_optimum(tabular):
    """Mean return and log-likelihood are within 4.5 standard errors of the exact ones."""
    reference = tabular.truth.reference()
    episodes = run_episodes(tabular, "training", ExpertPolicy, range(1_000))
    returns = np.array([episode.total_reward for episode in episodes])
    states = np.stack([episode.observations for episode in episodes])
    actions = np.stack([episode.actions for episode in episodes])
    actions = joint_index(actions) if actions.ndim == 3 else actions
    likelihoods = reference.log_likelihood(states, actions)
    for values, exact in (
        (returns, reference.expected_return),
        (likelihoods, -reference.entropy),
    ):
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - exact) <= 4.5 * error + 1e-3


def test_the_expert_is_far_better_than_chance_and_near_the_optimum(tabular):
    reference = tabular.truth.reference()
    model = reference.model
    chance = evaluate(model, uniform_policy(model.available)).expected_return
    best = hard_optimal(model).expected_return
    assert best >= reference.expected_return
    assert (reference.expected_return - chance) / (best - chance) > 0.9


def test_the_experts_table_does_not_hang_on_the_last_bits_of_an_exponential(tabular):
    table = tabular.dynamics.params("training")
    policy = table["policy"].astype(np.float64)
    assert (policy / POLICY_STEP == np.round(policy / POLICY_STEP)).all()
