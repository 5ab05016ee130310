"""DAgger with people: takeovers, late labels, and sessions that end."""

from dataclasses import replace

import numpy as np
import pytest

from baselines import bc, dagger
from baselines.labelled_steps import LabelledSteps
from baselines.reaction_lag import LEAST_ROWS, LONGEST_SHIFT
from il_envs import (
    Budget,
    Problem,
    RandomPolicy,
    SessionEndedError,
    TabularPolicy,
    TrainingWarning,
    get_world,
)
from il_envs.testing import check_algorithm
from tests.baselines.people import Person
from tests.baselines.test_baselines import SMALL_BC

WORLD = get_world("DriftCar")
SMALL = replace(
    dagger.takeover,
    config=replace(
        dagger.takeover.config, rounds=3, num_envs=4, updates_per_round=5,
        cloning=replace(SMALL_BC, updates=20),
    ),
)  # fmt: skip
ALONE = replace(SMALL.config, num_envs=1)


def problem_of(labels=60, steps=600, world=WORLD, **options):
    return Problem(world, SMALL.sources, Budget(labels, steps), seed=0, **options)


class Switch:
    """Takes over at the steps of an episode that it is told, and always does the same."""

    ACTION = np.array([[0.25, 0.5]], np.float32)

    def __init__(self, steps, leaves_after=10**9):
        self.steps, self.left = steps, leaves_after
        self.proposed, self.driven = [], []

    def intervene(self, states, params, proposed):
        self.left -= 1
        if self.left < 0:
            raise SessionEndedError
        self.proposed.append(proposed)
        taken = np.array([int(states["step"][0]) in self.steps])
        self.driven.append(taken[0])
        return self.ACTION, taken

    def label(self, states, params, rows, proposed=None):
        return self.intervene(states, params, None)[0]


@pytest.fixture
def cloned(monkeypatch):
    """The data of every call of `clone`: (observations, actions, groups)."""
    calls = []

    def recorded(policy, observations, actions, groups, *rest):
        calls.append((observations, actions, groups))
        return bc.clone(policy, observations, actions, groups, *rest)

    monkeypatch.setattr(dagger, "clone", recorded)
    return calls


def test_contract(world):
    check_algorithm(SMALL, world)


class TestTakeover:
    def test_the_data_are_the_demonstrations_and_what_the_expert_did_itself(self, cloned):
        labeller = Switch(range(3, 8))
        problem = problem_of(labeller=labeller)
        dagger.train(problem, 0, ALONE)
        shown = problem_of().demonstrations(30)
        assert problem.meter.demonstrations == 30
        assert problem.meter.expert_labels == sum(labeller.driven) == 30
        np.testing.assert_array_equal(np.sort(cloned[0][0], 0), np.sort(shown.observations, 0))
        observations, actions, _ = cloned[-1]
        assert len(observations) == 60
        mine = (actions == Switch.ACTION).all(1)
        assert mine.sum() == 30
        assert not mine[: len(shown)].all(), "demonstrations and takeovers are held out alike"

    def test_the_learner_acts_where_the_expert_does_not(self):
        labeller = Switch(())
        problem = problem_of(steps=30, labeller=labeller)
        executed = []
        env_of = problem.env

        def recording(num_envs):
            env = env_of(num_envs)
            step = env.step
            env.step = lambda actions: executed.append(actions) or step(actions)
            return env

        problem.env = recording
        dagger.train(problem, 0, ALONE)
        assert len(executed) == 30
        np.testing.assert_array_equal(np.stack(executed), np.stack(labeller.proposed))

    def test_rounds_share_the_steps_where_the_expert_leaves_the_learner_alone(self, cloned):
        told = []
        problem = problem_of(
            steps=90, labeller=Switch(()), observer=lambda *each: told.append((*each, steps()))
        )
        steps = lambda: problem.meter.steps  # noqa: E731
        dagger.train(problem, 0, ALONE)
        assert [each for each in told if each[0] == "round"] == [
            ("round", 1, 3, 0), ("round", 2, 3, 30), ("round", 3, 3, 60),
        ]  # fmt: skip
        assert ("update", 5, 5, 30) in told
        assert ("update", 20, 20, 90) in told
        assert len(cloned) == 4, "the demonstrations, and each round"

    def test_the_last_policy_is_trained_from_new_weights(self):
        """Where the expert drives always, the initial policy leaves no trace."""
        policies = []
        for seed in (1, 2):
            fitted = Problem(WORLD, bc.algorithm.sources, Budget(50, 0), seed)
            initial = bc.train(fitted, seed, SMALL_BC)
            problem = problem_of(labeller=Switch(range(10**9)), initial_policy=initial)
            policies.append(dagger.train(problem, 0, ALONE).tensors())
        for name, tensor in policies[0].items():
            np.testing.assert_array_equal(policies[1][name], tensor)

    @pytest.mark.parametrize("share", [0.0, 0.5])
    def test_an_expert_that_never_takes_over_leaves_the_initial_policy_as_it_is(self, share):
        initial = bc.train(Problem(WORLD, bc.algorithm.sources, Budget(50, 0), 1), 1, SMALL_BC)
        problem = problem_of(steps=20, labeller=Switch(()), initial_policy=initial)
        policy = dagger.train(problem, 0, replace(ALONE, demonstrated_share=share))
        for name, tensor in initial.tensors().items():
            np.testing.assert_array_equal(policy.tensors()[name], tensor)

    def test_it_starts_from_the_initial_policy_and_does_not_change_it(self):
        initial = bc.train(Problem(WORLD, bc.algorithm.sources, Budget(50, 0), 1), 1, SMALL_BC)
        before = {name: tensor.copy() for name, tensor in initial.tensors().items()}
        labeller = Switch(())
        problem = problem_of(labeller=labeller, initial_policy=initial)
        dagger.train(problem, 0, ALONE)
        first = problem_of().env(1).reset()[0]
        np.testing.assert_array_equal(
            labeller.proposed[0], initial.predict(first, deterministic=True)[0]
        )
        for name, tensor in initial.tensors().items():
            np.testing.assert_array_equal(before[name], tensor)

    @pytest.mark.parametrize(
        "initial", [RandomPolicy(WORLD.spaces.action, 0), TabularPolicy([[1.0]], 0)]
    )
    def test_it_goes_on_from_a_policy_of_its_own_kind_alone(self, initial):
        message = f"goes on from a NetworkPolicy, .* not from a {type(initial).__name__}"
        with pytest.raises(TypeError, match=message):
            dagger.train(problem_of(initial_policy=initial), 0, ALONE)


class TestSessionsThatEnd:
    @pytest.mark.parametrize("mixing", ["takeover", "first"])
    def test_what_there_is_is_learned_to_the_end(self, cloned, mixing):
        problem = problem_of(labeller=Switch(range(10**9), leaves_after=13))
        told = []
        problem.progress = lambda *each: told.append(each)
        config = replace(ALONE, mixing=mixing, demonstrated_share=0.0, label_share=1.0)
        dagger.train(problem, 0, config)
        assert problem.meter.labels == 13
        assert len(cloned[-1][0]) == 13
        assert told[-1] == ("update", 20, 20), "as after the last round"
        assert [each for each in told if each[0] == "round"] == [("round", 1, 3)]

    def test_before_there_is_anything_to_learn(self):
        problem = problem_of(labeller=Switch((), leaves_after=0))
        config = replace(ALONE, demonstrated_share=0.0)
        policy = dagger.train(problem, 0, config)
        blank = bc.blank_policy(problem, 0, config.cloning)
        for name, tensor in blank.tensors().items():
            np.testing.assert_array_equal(policy.tensors()[name], tensor)


class TestLateLabels:
    def steps_of(self, shift, lengths, asked=lambda t: True):
        """Labelled steps whose observations and labels are their numbers."""
        steps, number = LabelledSteps(1, shift), 0
        for length in lengths:
            for t in range(length):
                steps.see(np.array([[float(number)]]))
                label = np.array([[number]])
                steps.label(np.array([asked(t)]), label, np.zeros(1))
                steps.act(label, np.array([t == length - 1]))
                number += 1
        return steps

    @pytest.mark.parametrize("shift", [0, 1, 3])
    def test_each_is_paired_with_what_was_seen_then_in_the_same_episode(self, shift):
        lengths = (5, 2, 6)
        observations, labels, _ = self.steps_of(shift, lengths).pairs()
        numbers = np.arange(13)
        starts = np.repeat(np.cumsum((0, *lengths[:-1])), lengths)
        kept = numbers - shift >= starts
        np.testing.assert_array_equal(labels[:, 0], numbers[kept])
        np.testing.assert_array_equal(observations[:, 0], numbers[kept] - shift)

    def test_steps_that_are_not_labelled_count_as_well(self):
        observations, labels, _ = self.steps_of(2, (9,), lambda t: t in (1, 5, 8)).pairs()
        np.testing.assert_array_equal(labels[:, 0], [5, 8])
        np.testing.assert_array_equal(observations[:, 0], [3.0, 6.0])

    def test_demonstrations_are_paired_alike(self):
        shown = problem_of().demonstrations(30)
        steps = LabelledSteps(1, 3)
        steps.add(shown, np.zeros(1))
        observations, labels, _ = steps.pairs()
        np.testing.assert_array_equal(observations, shown.observations[:-3])
        np.testing.assert_array_equal(labels, shown.actions[3:])

    @pytest.mark.parametrize("drives", ["person", "learner"])
    @pytest.mark.parametrize("lag", [0, 2, 5])
    def test_the_lag_of_buttons_is_told(self, lag, drives):
        assert labelled("Shooter", lag, 0.04, drives, 21, 1_500).estimated_shift() == lag

    def test_the_lag_of_a_driver_is_not_told_rather_than_told_wrong(self):
        assert labelled("DriftCar", 2, 0.1, "person", 21, 1_500).estimated_shift() is None

    def test_a_few_labels_tell_nothing(self):
        steps = labelled("Shooter", 2, 0.04, "person", 21, LEAST_ROWS - 1)
        assert steps.estimated_shift() is None

    @pytest.mark.parametrize("name", ["label_shift", "demonstration_shift"])
    def test_labels_that_tell_no_lag_are_taken_as_prompt_with_a_warning(self, cloned, name):
        def trained(**changes):
            dagger.train(problem_of(labeller=Switch(range(3, 8))), 0, replace(ALONE, **changes))
            return cloned[-1]

        with pytest.warns(TrainingWarning, match=rf"30 labels do not tell .* give {name} in steps"):
            unknown = trained(**{name: None})
        for array, same in zip(unknown, trained(), strict=True):
            np.testing.assert_array_equal(array, same)


@pytest.mark.statistical
def test_how_often_the_lag_of_buttons_is_told():
    """It is never told wrong, and told 21 times in 24 at least.

    Seen in 48 other sets of labels: told right 47 times, and not told once. If it were told in 97
    sets of a hundred, this would fail less than once in a hundred runs.
    """
    told = [
        (labelled("Shooter", lag, 0.04, drives, seed, 1_500).estimated_shift(), lag)
        for drives in ("person", "learner")
        for lag in (0, 2, 5)
        for seed in range(50, 54)
    ]
    assert {estimate for estimate, lag in told if estimate != lag} <= {None}
    assert sum(estimate == lag for estimate, lag in told) >= 21


def labelled(place, lag, noise, drives, seed, count):
    """Steps that a late person labels, who drives itself, or while a clumsy expert does."""
    world = get_world(place)
    person, prompt = Person(world, lag, noise, seed), Person(world, 0, 0.15, seed + 1_000)
    problem = Problem(world, SMALL.sources, Budget(0, 10**6), seed)
    env = problem.env(1)
    steps, (observation, _) = LabelledSteps(1, None), env.reset()
    rows = np.ones(1, np.bool_)
    usable = 0
    while usable < count:
        states, params = env._env.states.copy(), env._env.params
        label = person.label(states, params, rows)
        action = label if drives == "person" else prompt.label(states, params, rows)
        steps.see(observation)
        steps.label(rows, label, np.zeros(1))
        usable += int(states["step"][0]) >= LONGEST_SHIFT
        observation, _, terminated, truncated, _ = env.step(action)
        steps.act(action, terminated | truncated)
    return steps
