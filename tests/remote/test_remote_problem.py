"""A problem in another process is the same problem, bit for bit."""

import copy
from dataclasses import fields

import gymnasium as gym
import numpy as np
import pytest

from il_envs import (
    WORLDS,
    Budget,
    BudgetExceededError,
    LinearQuadraticModel,
    Problem,
    TabularModel,
    UndeclaredSourceError,
    get_world,
)
from il_envs.learning.framed_problem import FramedProblem
from il_envs.learning.framing import Framing
from il_envs.learning.learning_curve import LearningCurveRecorder
from il_envs.learning.metering import SOURCES
from tests.remote.connected import remote

PLAYED = ["DriftCar", "FourRooms", "Duel", "LaneKeeping", "ShooterPixels", "Gauntlet"]


def problem_in(world="DriftCar", sources=SOURCES, labels=500, steps=2_000, **options):
    return Problem(get_world(world), frozenset(sources), Budget(labels, steps), seed=3, **options)


def assert_same(first, second):
    assert type(first) is type(second)
    if isinstance(first, np.ndarray):
        assert first.dtype == second.dtype
        np.testing.assert_array_equal(first, second)
    elif isinstance(first, tuple | list):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    elif isinstance(first, dict):
        assert first.keys() == second.keys()
        for name in first:
            assert_same(first[name], second[name])
    else:
        assert first == second


def acted(problem, reward, steps=60):
    """What is seen of an environment in which half of the rows do as the expert, half at random."""
    env = problem.env(4, reward=reward)
    env.action_space.seed(0)
    seen = [env.reset()]
    for step in range(steps):
        rows = np.array([True, step % 3 == 0, False, True])
        labels = problem.expert(env, rows)
        wanted = np.array(env.action_space.sample())
        actions, taken = problem.intervene(env, np.where(wanted == labels, wanted, wanted))
        seen += [labels, taken, env.step(actions)]
        if step == 40:
            seen.append(env.reset())
    return seen


@pytest.mark.parametrize("world", PLAYED)
@pytest.mark.parametrize("reward", [False, True])
def test_acting_and_asking_are_the_same_from_afar(world, reward):
    near = problem_in(world, set(SOURCES) if reward else set(SOURCES) - {"reward"})
    with remote(problem_in(world, near.sources)) as far:
        assert far.observation_space == near.observation_space
        assert far.action_space == near.action_space
        assert far.max_episode_steps == near.max_episode_steps
        assert (far.sources, far.budget) == (near.sources, near.budget)
        assert_same(acted(near, reward), acted(far, reward))
        assert far.meter == near.meter
        assert near.meter.steps == 240
        assert (far.labels_left, far.steps_left) == (near.labels_left, near.steps_left)


@pytest.mark.parametrize("style", ["scripted", "non-markov", "inconsistent"])
def test_experts_with_memory_answer_the_same_from_afar_and_in_windows(style):
    seen = []
    for framed in (False, True):
        near, other = (problem_in(style=style, sources={"env", "expert"}) for _ in range(2))
        with remote(other) as far:
            for problem in (near, far):
                framing = Framing(problem.observation_space, problem.action_space, 1, 1)
                asked = FramedProblem(problem, framing) if framed else problem
                env = asked.env(2)
                env.reset()
                actions = [np.zeros((2, 2), np.float32)]
                for step in range(250):
                    env.step(actions[-1])
                    actions.append(asked.expert(env) if step % 2 else actions[-1])
                seen.append(np.stack(actions))
    assert all((each == seen[0]).all() for each in seen)


@pytest.mark.parametrize("world", PLAYED)
@pytest.mark.parametrize("reward", [False, True])
def test_demonstrations_are_the_same_from_afar(world, reward):
    sources = {"demonstrations", *(["reward"] if reward else [])}
    near = problem_in(world, sources)
    with remote(problem_in(world, sources)) as far:
        shown = near.demonstrations(300), far.demonstrations(np.int64(300))
        assert shown[0].content_hash == shown[1].content_hash
        for one, other in zip(*(each.episodes for each in shown), strict=True):
            assert_same(vars(one), vars(other))
        assert far.meter == near.meter


@pytest.mark.parametrize("world", [w.name for w in WORLDS.values() if w.truth.model is not None])
def test_a_model_is_the_same_from_afar(world):
    near = problem_in(world, {"model", "reward"})
    with remote(problem_in(world, near.sources)) as far:
        one, other = near.model(), far.model()
        if isinstance(one, LinearQuadraticModel):
            for each in fields(one):
                assert_same(getattr(one, each.name), getattr(other, each.name))
            return
        assert isinstance(one, TabularModel)
        for name in ("initial", "reward", "features", "available", "horizon", "discount"):
            assert_same(getattr(one, name), getattr(other, name))
        for name in ("data", "indices", "indptr"):
            assert_same(getattr(one.transition, name), getattr(other.transition, name))


def test_a_model_tells_no_reward_that_is_not_declared():
    with remote(problem_in("FourRooms", {"model"})) as far:
        assert far.model().reward is None


@pytest.mark.parametrize(
    ("error", "use"),
    [
        (UndeclaredSourceError, lambda problem: problem.model()),
        (BudgetExceededError, lambda problem: problem.demonstrations(501)),
        (ValueError, lambda problem: problem.demonstrations(0)),
        (ValueError, lambda problem: problem.demonstrations(float("nan"))),
        (ValueError, lambda problem: problem.demonstrations(True)),
        (ValueError, lambda problem: problem.env(0)),
        (ValueError, lambda problem: problem.env(2**20 + 1)),
        (ValueError, lambda problem: problem.env(1.5)),
        (gym.error.ResetNeeded, lambda problem: problem.env(2).step(np.zeros((2, 2)))),
        (gym.error.ResetNeeded, lambda problem: problem.expert(problem.env(2))),
        (ValueError, lambda problem: problem.env(2).reset(seed=1)),
        (ValueError, lambda problem: problem.expert(problem_in().env(2))),
    ],
)
def test_refusals_are_the_same_from_afar_and_cost_nothing(error, use):
    sources = set(SOURCES) - {"model"}
    with remote(problem_in(sources=sources)) as far:
        with pytest.raises(error):
            use(far)
        assert not any(far.meter.as_dict().values())
        far.demonstrations(10)
        assert far.meter.demonstrations == 10


def test_a_refused_step_changes_nothing():
    with remote(problem_in()) as far:
        env, other = far.env(2), problem_in()
        env.reset()
        for actions in (np.full((2, 2), np.nan), np.zeros(3), np.full((2, 2), 7.0)):
            with pytest.raises(ValueError, match="action"):
                env.step(actions)
        assert far.meter.steps == 0
        near = other.env(2)
        near.reset()
        assert_same(near.step(np.zeros((2, 2))), env.step(np.zeros((2, 2))))


def test_rows_that_are_neither_true_nor_false_buy_no_labels():
    with remote(problem_in()) as far:
        env = far.env(2)
        env.reset()
        seven = np.frombuffer(b"\7\7", np.bool_)
        far.expert(env, seven)
        assert far.meter.expert_labels == 2
        with pytest.raises(ValueError, match="rows"):
            far.expert(env, np.array([7, 7]))
        assert far.meter.expert_labels == 2


def test_chunks_are_executed_from_afar():
    seen = []
    near, other = problem_in(sources={"env"}), problem_in(sources={"env"})
    with remote(other) as far:
        for problem in (near, far):
            framing = Framing(problem.observation_space, problem.action_space, window=3, chunk=4)
            env = FramedProblem(problem, framing).env(3)
            env.action_space.seed(0)
            seen.append([env.reset(), *(env.step(env.action_space.sample()) for _ in range(60))])
        assert far.meter == near.meter
    assert_same(*seen)


def test_the_learning_curve_is_that_of_the_process_that_knows_the_rewards():
    recorders = [LearningCurveRecorder(2_000) for _ in range(2)]
    near, other = (problem_in(sources={"env"}, recorder=each) for each in recorders)
    with remote(other) as far:
        for problem in (near, far):
            env = problem.env(10)
            env.reset()
            for _ in range(200):
                env.step(np.full((10, 2), 0.5, np.float32))
    assert recorders[0].curve() == recorders[1].curve()
    assert sum(recorders[0].curve().episodes) > 0


def test_nothing_of_a_remote_problem_is_copied():
    with remote(problem_in()) as far:
        for metered in (far, far.env(2)):
            with pytest.raises(TypeError, match="cannot be copied"):
                copy.deepcopy(metered)
