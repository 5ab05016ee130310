"""The meter counts every source, and what was not declared or budgeted is refused."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest

import il_envs
from baselines import bc, dagger
from il_envs import (
    Algorithm,
    Budget,
    BudgetExceededError,
    ExpertPolicy,
    Problem,
    UndeclaredSourceError,
    WorldVectorEnv,
    get_world,
    run_episodes,
)
from il_envs.learning.framed_problem import FramedProblem
from il_envs.learning.framing import Framing

EVERYTHING = frozenset({"demonstrations", "expert", "env", "reward", "model"})


def _problem(sources=EVERYTHING, labels=1000, steps=1000, world="DriftCar", **options):
    return Problem(get_world(world), frozenset(sources), Budget(labels, steps), seed=1, **options)


@pytest.mark.parametrize(
    ("source", "use"),
    [
        ("demonstrations", lambda problem: problem.demonstrations(10)),
        ("env", lambda problem: problem.env(2)),
        ("reward", lambda problem: problem.env(2, reward=True)),
        ("expert", lambda problem: problem.expert(problem.env(2))),
        ("model", lambda problem: problem.model()),
    ],
)
def test_an_undeclared_source_says_how_to_declare_it(source, use):
    with pytest.raises(UndeclaredSourceError, match=rf"declare it in Algorithm.*'{source}'"):
        use(_problem(EVERYTHING - {source}))


def test_every_source_is_counted():
    problem = _problem()
    problem.demonstrations(100)
    problem.demonstrations(50)  # "reward" is declared, so both tell their rewards
    env = problem.env(4)
    env.reset()
    problem.expert(env)
    problem.expert(env, np.array([True, False, False, True]))
    for _ in range(3):
        env.step(np.zeros((4, 2), np.float32))
    rewarded = problem.env(2, reward=True)
    rewarded.reset()
    rewarded.step(np.zeros((2, 2), np.float32))
    assert problem.meter.as_dict() == {
        "demonstrations": 150,
        "expert_labels": 6,
        "steps": 14,
        "reward_reads": 152,
        "model_reads": 0,
    }
    assert problem.meter.labels == 156
    assert problem.labels_left == 844


def test_budgets_are_enforced_and_what_was_refused_is_not_counted():
    problem = _problem(labels=10, steps=10)
    with pytest.raises(BudgetExceededError, match="11 expert labels asked for, 10 of 10 left"):
        problem.demonstrations(11)
    env = problem.env(4)
    env.reset()
    problem.expert(env)
    problem.expert(env)
    with pytest.raises(BudgetExceededError, match="4 expert labels asked for, 2 of 10 left"):
        problem.expert(env)
    env.step(np.zeros((4, 2), np.float32))
    env.step(np.zeros((4, 2), np.float32))
    with pytest.raises(BudgetExceededError, match="budget of 10 environment steps"):
        env.step(np.zeros((4, 2), np.float32))
    assert (problem.meter.labels, problem.meter.steps) == (8, 8)


@pytest.mark.parametrize("actions", [np.full((4, 2), 7.0), np.full((4, 2), np.nan), np.zeros(3)])
def test_a_refused_action_is_not_metered(actions):
    problem = _problem(labels=10, steps=100)
    env = problem.env(4)
    env.reset()
    with pytest.raises(ValueError, match="DriftCar: action"):
        env.step(actions)
    assert problem.meter.steps == 0


@pytest.mark.parametrize(
    ("rows", "given"),
    [
        (np.ones(3, np.bool_), r"bool \[3\]"),
        (np.ones(5, np.bool_), r"bool \[5\]"),
        (np.ones((4, 1), np.bool_), r"bool \[4, 1\]"),
        (np.full(4, -1), r"int64 \[4\]"),
        (np.ones(4), r"float64 \[4\]"),
        (np.array([0, 2]), r"int64 \[2\]"),
    ],
)
def test_the_expert_is_asked_about_a_mask_of_rows_alone(rows, given):
    problem = _problem()
    env = problem.env(4)
    env.reset()
    with pytest.raises(ValueError, match=rf"rows must be bool \[4\], not {given}"):
        problem.expert(env, rows)
    assert problem.meter.labels == 0


def test_asking_about_no_row_costs_nothing():
    problem = _problem(labels=0)
    env = problem.env(4)
    env.reset()
    problem.expert(env, np.zeros(4, np.bool_))
    assert problem.meter.labels == 0


@pytest.mark.parametrize(
    "use",
    [
        lambda problem, env: problem.expert(env),
        lambda problem, env: env.step(np.zeros((4, 2), np.float32)),
    ],
    ids=["expert", "step"],
)
def test_what_needs_a_reset_is_not_counted_without_one(use):
    problem = _problem()
    env = problem.env(4, reward=True)
    with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\) of the environment before"):
        use(problem, env)
    assert not any(problem.meter.as_dict().values())
    env.reset()
    use(problem, env)


@pytest.mark.parametrize("transitions", [None, 0, -3])
def test_demonstrations_are_one_transition_or_more(transitions):
    problem = _problem(labels=0)
    message = rf"{transitions or 0} demonstrated transitions .* must be 1 or more; 0 of 0 .* left"
    with pytest.raises(ValueError, match=message):
        problem.demonstrations(transitions)
    assert problem.meter.labels == 0


@pytest.mark.parametrize("transitions", [float("nan"), 2.5, True, "3"])
def test_demonstrations_are_a_whole_number_of_transitions(transitions):
    problem = _problem()
    with pytest.raises(ValueError, match="transitions must be a whole number, not "):
        problem.demonstrations(transitions)
    assert problem.meter.labels == 0


def test_a_reward_free_env_shows_no_reward_and_no_info():
    problem = _problem(world="Walk")
    hidden, shown = problem.env(8), problem.env(8, reward=True)
    for env in (hidden, shown):
        _, info = env.reset()
        assert info == {}
    seen = set()
    for _ in range(40):
        _, rewards, terminated, truncated, info = hidden.step(np.full(8, 2))
        assert np.isnan(rewards).all()
        seen |= info.keys()
        assert info.keys() <= {"final_obs", "_final_obs"}
        assert info.keys() == (set() if not (terminated | truncated).any() else info.keys())
        assert np.isfinite(shown.step(np.full(8, 2))[1]).all()
    assert seen == {"final_obs", "_final_obs"}
    assert not [name for name in vars(type(hidden)) if name in ("states", "params", "world")]


def test_expert_labels_are_the_experts_actions_in_the_present_states():
    problem = _problem()
    env = problem.env(3)
    observations, _ = env.reset()
    labels = problem.expert(env)
    plain = WorldVectorEnv("DriftCar", 3)
    expected, _ = plain.reset(seed=3_000_000)
    np.testing.assert_array_equal(observations, expected)
    np.testing.assert_array_equal(labels, ExpertPolicy(plain).predict()[0])


@pytest.mark.parametrize("delay", [0, 3])
def test_an_expert_with_memory_forgets_when_an_episode_ends(delay):
    """And remembers what it has watched of the new one."""
    problem = _problem(style="unlearnable", steps=10_000)
    env = problem.env(1)
    env.reset()
    first = problem.expert(env)
    while not env.step(np.array([[1.0, 1.0]], np.float32))[2].any():
        pass
    memory = None
    for _ in range(delay):
        _, memory = ExpertPolicy(env._env, "unlearnable").predict(state=memory)
        env.step(np.zeros((1, 2), np.float32))
    label = problem.expert(env)
    watched = ExpertPolicy(env._env, "unlearnable").predict(state=memory)[0]
    np.testing.assert_array_equal(label, watched)
    assert first.shape == label.shape == (1, 2)


class TestAnExpertWithMemory:
    """It watches every state, and only the labels that are asked for are counted."""

    STYLES = (("DriftCar", "unlearnable"), ("DriftCar", "non-markov"), ("Shooter", "lagged"))

    def _problem(self, name, style, sources=EVERYTHING):
        return Problem(get_world(name), frozenset(sources), Budget(10_000, 100_000), 0, style)

    def _answers(self, name, style, every, steps=400, rows=4):
        """Its answers along the same random walk, zero where it is not asked, and the meter."""
        problem = self._problem(name, style)
        env = problem.env(rows)
        env.reset()
        env.action_space.seed(0)
        answers, ended = [], 0
        for step in range(steps):
            asked = (step + np.arange(rows)) % every == 0
            answers.append(problem.expert(env, asked))
            _, _, terminated, truncated, _ = env.step(env.action_space.sample())
            ended += int((terminated | truncated).sum())
        return np.stack(answers), problem.meter, ended

    @pytest.mark.parametrize(("name", "style"), STYLES)
    def test_a_label_is_the_same_whether_or_not_others_were_asked_for(self, name, style):
        always, all_labels, ended = self._answers(name, style, 1)
        seldom, some_labels, _ = self._answers(name, style, 10)
        step, row = np.indices(always.shape[:2])
        asked = (step + row) % 10 == 0
        np.testing.assert_array_equal(seldom[asked], always[asked])
        assert not seldom[~asked].any()
        assert always[~asked].any()
        assert (all_labels.expert_labels, some_labels.expert_labels) == (1600, 160)
        assert ended >= (4 if name == "DriftCar" else 0)

    @pytest.mark.parametrize(("name", "style"), STYLES)
    def test_it_answers_as_it_drives(self, name, style):
        """Along its own path the labels are the demonstrations' actions."""
        world = get_world(name)
        problem = self._problem(name, style)
        env = problem.env(3)
        env.reset()
        driven = run_episodes(
            world, "training", lambda env: ExpertPolicy(env, style), range(1_000_000, 1_000_003)
        )
        for step in range(min(100, *map(len, driven))):
            label = problem.expert(env)
            np.testing.assert_array_equal(label, [episode.actions[step] for episode in driven])
            env.step(label)

    @pytest.mark.parametrize(("name", "style"), STYLES)
    def test_asked_twice_in_one_state_it_gives_one_answer(self, name, style):
        once, twice = (self._problem(name, style) for _ in range(2))
        first, second = once.env(3), twice.env(3)
        first.reset()
        second.reset()
        for _ in range(30):
            answer = once.expert(first)
            asked = twice.expert(second, np.array([True, False, True]))
            again = twice.expert(second)
            np.testing.assert_array_equal(again, answer)
            np.testing.assert_array_equal(asked[[0, 2]], answer[[0, 2]])
            first.step(answer)
            second.step(again)
        assert twice.meter.expert_labels == 30 * 5

    def test_its_takeover_is_the_same_answer(self):
        problem = self._problem("DriftCar", "non-markov")
        env = problem.env(2)
        env.reset()
        for _ in range(30):
            actions, taken = problem.intervene(env, np.ones((2, 2), np.float32))
            assert taken.all()
            np.testing.assert_array_equal(actions, problem.expert(env))
            env.step(actions)

    def test_where_dagger_lets_it_drive_it_drives_as_it_does_alone(self):
        """In the first round, which is the expert's."""
        problem = self._problem("DriftCar", "non-markov")
        config = dagger.DAggerConfig(rounds=1, num_envs=2, mixing="first")
        collection = dagger.Collection(problem, 0, config)
        collection.begin()
        policy = bc.blank_policy(problem, 0, config.cloning)
        for _ in range(200):
            collection._step(policy, 1)
        driven = run_episodes(
            get_world("DriftCar"),
            "training",
            lambda env: ExpertPolicy(env, "non-markov"),
            range(1_000_000, 1_000_002),
        )
        np.testing.assert_array_equal(
            collection._observation, [episode.observations[200] for episode in driven]
        )

    def test_nobody_watches_who_was_not_declared(self):
        problem = self._problem("DriftCar", "non-markov", {"env"})
        env = problem.env(2)
        env.reset()
        env.step(np.zeros((2, 2), np.float32))
        assert env._answers is None
        assert env._expert_memory is None


def test_the_default_expert_is_the_worlds_first():
    shown = _problem(world="Maze").demonstrations(30)
    assert shown.style == "shortest"
    problem = _problem(world="Maze")
    env = problem.env(3)
    env.reset()
    expected = ExpertPolicy(env._env, "shortest").predict()[0]
    np.testing.assert_array_equal(problem.expert(env), expected)


def test_seeds_give_disjoint_problems():
    def seeds(seed):
        problem = Problem(get_world("Walk"), EVERYTHING, Budget(500, 100), seed)
        shown = {episode.seed for episode in problem.demonstrations(500).episodes}
        envs = [problem.env(5), problem.env(5)]
        return shown | {env._first_seed + i for env in envs for i in range(5)}

    assert not seeds(0) & seeds(1)
    assert len(seeds(0)) > 15


def test_an_env_keeps_its_own_seeds():
    env = _problem().env(2)
    with pytest.raises(ValueError, match="the problem chooses the seeds"):
        env.reset(seed=0)


def test_an_env_resets_every_row_or_none():
    problem = _problem()
    env, undisturbed = problem.env(2), _problem().env(2)
    with pytest.raises(
        ValueError, match=r"resets every row .* options \['reset_mask'\] were given"
    ):
        env.reset(options={"reset_mask": np.array([True, False])})
    np.testing.assert_array_equal(env.reset()[0], undisturbed.reset()[0])


def test_a_world_without_a_model_says_so():
    with pytest.raises(LookupError, match="DriftCar has no known model"):
        _problem().model()


def test_an_algorithm_with_an_unknown_source_is_refused():
    with pytest.raises(ValueError, match=r"unknown sources \['oracle'\]"):
        Algorithm("x", "", frozenset({"oracle"}), None, lambda problem, seed, config: None)


def test_what_a_problem_gives_cannot_be_used_to_change_the_world():
    world = il_envs.get_world("RiskyBridge")
    before = world.truth.model().transition.data.copy(), world.truth.model().features.copy()
    model = Problem(world, frozenset({"model"}), Budget(0, 0), 0).model()
    model.transition.data[:] = 0.0
    model.features[:] = 0.0
    assert (world.truth.model().transition.data == before[0]).all()
    assert (world.truth.model().features == before[1]).all()
    known = world.truth.model()
    for array in (known.features, known.reward, known.transition.data):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0.0


@pytest.mark.parametrize("name", ["DriftCar", "RiskyBridge"])
def test_demonstrations_tell_the_reward_to_those_alone_who_declare_it(name):
    world = il_envs.get_world(name)
    secretive = Problem(world, frozenset({"demonstrations"}), Budget(50, 0), 0)
    hidden = secretive.demonstrations()
    assert all(np.isnan(episode.rewards).all() for episode in hidden.episodes)
    assert not any(episode.measures for episode in hidden.episodes)
    sources = frozenset({"demonstrations", "reward"})
    open_problem = Problem(world, sources, Budget(50, 0), 0)
    shown = open_problem.demonstrations()
    assert all(np.isfinite(episode.rewards).all() for episode in shown.episodes)
    np.testing.assert_array_equal(shown.actions, hidden.actions)
    reads = [problem.meter.reward_reads for problem in (secretive, open_problem)]
    assert reads == [0, 50]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_nothing_that_is_metered_is_copied(copied):
    problem = _problem(EVERYTHING - {"model"})
    framing = Framing(problem.observation_space, problem.action_space, window=2, chunk=1)
    framed = FramedProblem(problem, framing)
    for metered in (problem, problem.env(2), framed, framed.env(2)):
        with pytest.raises(TypeError, match=f"a {type(metered).__name__} cannot be copied"):
            copied(metered)
