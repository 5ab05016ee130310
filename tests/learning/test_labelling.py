"""Labellers: whoever labels in place of a scripted expert is metered and checked as it is."""

import gymnasium as gym
import numpy as np
import pytest

from il_envs import (
    Budget,
    BudgetExceededError,
    ExpertPolicy,
    Problem,
    SessionEndedError,
    UndeclaredSourceError,
    WorldVectorEnv,
    get_world,
)
from il_envs.learning.labelling import DISAGREEMENT, disagrees

SOURCES = frozenset({"expert", "env"})
ROWS = np.array([True, False, True])
ZEROS = np.zeros((3, 2), np.float32)


class Scribe:
    """Answers what it is told to, and keeps what it is asked."""

    def __init__(self, actions, taken=None):
        self.actions, self.taken, self.asked = actions, taken, []

    def label(self, states, params, rows, proposed=None):
        self.asked.append((states, params, rows))
        return self.actions

    def intervene(self, states, params, proposed):
        self.asked.append((states, params, proposed))
        return self.actions, self.taken


class Leaver:
    def label(self, states, params, rows, proposed=None):
        raise SessionEndedError

    def intervene(self, states, params, proposed):
        raise SessionEndedError


def begun(labeller=None, labels=100, world="DriftCar", sources=SOURCES):
    problem = Problem(get_world(world), sources, Budget(labels, 1000), seed=1, labeller=labeller)
    env = problem.env(3)
    env.reset()
    return problem, env


class TestLabels:
    def test_are_those_of_the_labeller_in_the_rows_that_ask(self):
        actions = np.arange(6, dtype=np.float64).reshape(3, 2) / 10.0
        scribe = Scribe(actions)
        problem, env = begun(scribe)
        labels = problem.expert(env, ROWS)
        np.testing.assert_array_equal(labels, np.float32(actions) * ROWS[:, None])
        assert labels.dtype == np.float32
        assert problem.meter.expert_labels == 2
        ((states, params, rows),) = scribe.asked
        assert states.tobytes() == env._env.states.tobytes()
        assert params is get_world("DriftCar").dynamics.params("training")
        assert not params.flags.writeable
        np.testing.assert_array_equal(rows, ROWS)

    def test_nothing_that_a_labeller_is_given_changes_the_environment(self):
        scribe = Scribe(ZEROS, ~ROWS)
        problem, env = begun(scribe)
        before, rows, proposed = env._env.states.tobytes(), ROWS.copy(), ZEROS.copy()
        problem.expert(env, rows)
        problem.intervene(env, proposed)
        for states, _, last in scribe.asked:
            states["lateral"] = 9.0
            last[:] = True
        assert env._env.states.tobytes() == before
        np.testing.assert_array_equal(rows, ROWS)
        np.testing.assert_array_equal(proposed, ZEROS)

    def test_of_rows_that_do_not_ask_may_be_anything(self):
        problem, env = begun(Scribe([[0.5, 0.5], [np.nan, 7.0], [0.5, 0.5]]))
        np.testing.assert_array_equal(problem.expert(env, ROWS)[1], [0.0, 0.0])

    def test_a_labeller_is_asked_where_no_row_asks_so_that_it_sees_every_step(self):
        scribe = Scribe(ZEROS)
        problem, env = begun(scribe, labels=0)
        problem.expert(env, np.zeros(3, np.bool_))
        assert len(scribe.asked) == 1

    @pytest.mark.parametrize("world", ["Walk", "Buttons"])
    def test_of_every_kind_of_space(self, world):
        space = get_world(world).spaces.action
        answer = np.stack([space.sample() for _ in range(3)])
        problem, env = begun(Scribe(answer), world=world)
        labels = problem.expert(env)
        np.testing.assert_array_equal(labels, answer)
        assert labels.dtype == space.dtype

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (np.full((3, 2), 2.0), r"entry 0 \(steer\) of row 0 is 2.0, must be from -1 to 1"),
            (np.full((3, 2), np.nan), r"entry 0 \(steer\) of row 0 is nan"),
            (np.zeros(2), r"has shape \(2,\), must be \(3, 2\)"),
            (None, r"has shape \(\), must be \(3, 2\)"),
            (np.full((3, 2), "left"), "has dtype <U4, must be float32"),
        ],
    )
    def test_that_are_no_actions_are_a_line_and_cost_nothing(self, answer, reason):
        problem, env = begun(Scribe(answer, ROWS))
        for ask in (problem.expert, lambda env: problem.intervene(env, ZEROS)):
            with pytest.raises(
                ValueError, match=f"^the labeller's answer is invalid: DriftCar: action {reason}"
            ):
                ask(env)
        assert problem.meter.labels == 0


class TestTakeovers:
    def test_the_rows_taken_are_the_experts_and_cost_a_label_each(self):
        problem, env = begun(Scribe(np.full((3, 2), 0.5), ROWS))
        proposed = np.full((3, 2), -0.5, np.float32)
        executed, taken = problem.intervene(env, proposed)
        np.testing.assert_array_equal(executed, np.where(ROWS[:, None], [0.5, 0.5], [-0.5, -0.5]))
        np.testing.assert_array_equal(taken, ROWS)
        assert executed.dtype == np.float32
        assert problem.meter.as_dict() == begun()[0].meter.as_dict() | {"expert_labels": 2}

    def test_the_last_labels_go_to_the_first_rows(self):
        problem, env = begun(Scribe(np.full((3, 2), 0.5), np.ones(3, np.bool_)), labels=4)
        problem.intervene(env, ZEROS)
        executed, taken = problem.intervene(env, ZEROS)
        np.testing.assert_array_equal(taken, [True, False, False])
        np.testing.assert_array_equal(executed[1:], 0.0)
        assert problem.labels_left == 0

    def test_without_labels_the_expert_is_not_asked(self):
        scribe = Scribe(ZEROS, ROWS)
        problem, env = begun(scribe, labels=0)
        with pytest.raises(BudgetExceededError, match="1 expert labels asked for, 0 of 0 left"):
            problem.intervene(env, ZEROS)
        assert not scribe.asked

    @pytest.mark.parametrize("taken", [np.ones(2, np.bool_), np.ones(3), [1, 0, 1]])
    def test_rows_are_a_mask(self, taken):
        problem, env = begun(Scribe(ZEROS, taken))
        with pytest.raises(ValueError, match=r"labeller has taken over must be bool \[3\], not"):
            problem.intervene(env, ZEROS)
        assert problem.meter.labels == 0

    def test_they_need_the_expert_and_a_reset(self):
        problem, env = begun(sources=frozenset({"env"}))
        with pytest.raises(UndeclaredSourceError, match="'expert'"):
            problem.intervene(env, ZEROS)
        problem = Problem(get_world("DriftCar"), SOURCES, Budget(9, 9), seed=1)
        with pytest.raises(gym.error.ResetNeeded):
            problem.intervene(problem.env(3), ZEROS)

    def test_a_scripted_expert_takes_the_rows_where_it_disagrees(self):
        problem, env = begun()
        wanted, _ = ExpertPolicy(env._env).predict()
        proposed = wanted.copy()
        proposed[0, 1] -= np.sign(wanted[0, 1]) * (2.0 * DISAGREEMENT + 0.01)
        proposed[2, 0] -= np.sign(wanted[2, 0]) * (2.0 * DISAGREEMENT - 0.01)
        executed, taken = problem.intervene(env, proposed)
        np.testing.assert_array_equal(taken, [True, False, False])
        np.testing.assert_array_equal(executed[0], wanted[0])
        np.testing.assert_array_equal(executed[1:], proposed[1:])
        assert problem.meter.expert_labels == 1

    def test_buttons_and_numbers_agree_or_do_not(self):
        buttons = gym.spaces.MultiBinary(2)
        pressed = np.array([[0, 1], [1, 1]], np.int8)
        np.testing.assert_array_equal(
            disagrees(buttons, pressed, np.array([[0, 1], [0, 1]], np.int8)), [False, True]
        )
        numbers = np.array([3, 4, 5])
        np.testing.assert_array_equal(
            disagrees(gym.spaces.Discrete(9), numbers, np.array([3, 3, 6])), [False, True, True]
        )


def test_a_labeller_that_has_left_ends_the_session_and_costs_nothing():
    problem, env = begun(Leaver())
    for ask in (problem.expert, lambda env: problem.intervene(env, ZEROS)):
        with pytest.raises(SessionEndedError):
            ask(env)
    assert problem.meter.labels == 0


def test_a_labeller_that_asks_the_scripted_expert_gives_its_labels():
    class Script:
        def __init__(self):
            self._mind = WorldVectorEnv("DriftCar", 3)

        def label(self, states, params, rows, proposed=None):
            self._mind.states = states
            return ExpertPolicy(self._mind).predict()[0]

    (problem, env), (scripted, its_env) = begun(Script()), begun()
    for _ in range(20):
        labels = problem.expert(env)
        np.testing.assert_array_equal(labels, scripted.expert(its_env))
        np.testing.assert_array_equal(env.step(labels)[0], its_env.step(labels)[0])


def test_an_observer_is_told_of_progress_if_there_is_one():
    told = []
    world = get_world("DriftCar")
    Problem(world, SOURCES, Budget(1, 1), 0).progress("round", 1, 2)
    observed = Problem(world, SOURCES, Budget(1, 1), 0, observer=lambda *each: told.append(each))
    observed.progress("round", 1, 2)
    assert told == [("round", 1, 2)]
