"""Learned rewards in the leaderboard: what is believed of them, kept of them and drawn."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load

from il_envs import TabularReward, WorldVectorEnv, get_world
from il_envs.learning.learned_reward import InvalidRewardError, reward_table, rewards_of
from il_envs.worlds.drift_car.probe import place, read
from leaderboard.algorithms.submission import load as load_algorithm
from leaderboard.cells import write_cell, write_reward_map
from leaderboard.figures.reward_pictures import reward_pictures, scaled_to
from leaderboard.figures.write import write_figures
from leaderboard.measures.checked_tables import learned_reward
from leaderboard.measures.exact import exact_metrics, reward_tables
from leaderboard.profiles import Profile
from leaderboard.protocol import cells_of_run
from leaderboard.reward_maps import probed, reference_states, reward_map
from leaderboard.running.child import compute
from leaderboard.runs import Manifest, Results
from tests.leaderboard.test_exact import some_table
from tests.leaderboard.test_tables import PROFILE, make_cell, make_spec

CAR, ROOMS, BRIDGE = (get_world(name) for name in ("DriftCar", "FourRooms", "RiskyBridge"))
ALGORITHMS = Path(__file__).parents[1] / "algorithms"


class Pays:
    """A reward that is a function of the next observation."""

    def __init__(self, function: Callable[[NDArray[np.float32]], object]) -> None:
        self._function = function

    def reward(self, observation, action, next_observation, ended):  # type: ignore[no-untyped-def]
        return self._function(next_observation)

    def tensors(self) -> dict[str, NDArray[np.float64]]:
        return {}


class Owner:
    """A policy that has a reward."""

    def __init__(self, reward: object) -> None:
        self.reward = reward

    def predict(self, observation, *_):  # type: ignore[no-untyped-def]
        return observation, None


# What is believed.


def test_a_reward_is_taken_as_it_is_and_a_table_becomes_one() -> None:
    states, ended = np.array([3, 5]), np.zeros(2, np.bool_)
    for told in (np.arange(63.0), TabularReward(np.arange(63.0)), list(range(63))):
        reward = learned_reward(Owner(told), BRIDGE)
        assert reward is not None
        np.testing.assert_array_equal(reward.reward(states, states, states, ended), [3.0, 5.0])
    assert learned_reward(Owner(None), BRIDGE) is None


def test_a_table_is_refused_where_states_have_no_numbers() -> None:
    for reward in (np.zeros(17), TabularReward(np.zeros(17))):
        with pytest.raises(InvalidRewardError, match="for observations that are numbers of states"):
            learned_reward(Owner(reward), CAR)


def test_a_table_of_another_world_is_refused() -> None:
    for reward in (np.zeros(999), TabularReward(np.zeros(999)), TabularReward(np.zeros((63, 1)))):
        with pytest.raises(InvalidRewardError, match=r"must have the shape \[63\] or \[63, 4\]"):
            learned_reward(Owner(reward), BRIDGE)


def test_a_reward_that_cannot_be_saved_is_described() -> None:
    class Unsaved:
        def reward(self, *transition: object) -> None: ...

    with pytest.raises(InvalidRewardError, match="a Unsaved, has no method tensors"):
        learned_reward(Owner(Unsaved()), BRIDGE)


def test_a_reward_that_writes_over_what_it_is_asked_changes_nothing() -> None:
    """Or it would choose the states that its answers count for."""

    class Writing(Pays):
        def reward(self, observation, action, next_observation, ended):  # type: ignore[no-untyped-def]
            answer = observation * 1.0
            for asked in (observation, action, next_observation, ended):
                asked[...] = 1
            return answer

    found = reward_table(Writing(np.zeros), ROOMS.known_model(), ROOMS.spaces.action)
    np.testing.assert_array_equal(found, np.repeat(np.arange(121.0)[:, None], 4, 1))


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (lambda seen: seen[:, :1], "must answer with the shape [4], a number for each transition"),
        (lambda seen: 0.0, "not []"),
        (lambda seen: np.full(len(seen), np.inf), "entries that are not finite"),
        (lambda seen: "much", "an array of numbers, not of dtype <U4"),
        (lambda seen: ["1"] * len(seen), "an array of numbers, not of dtype <U1"),
        (lambda seen: [1j] * len(seen), "an array of numbers, not of dtype complex128"),
        (lambda seen: [[1.0], [1.0, 2.0]], "an array of numbers: "),
        (lambda seen: np.full(len(seen), -1e200), "not below 1e+100 in size"),
    ],
)
def test_an_answer_that_is_no_reward_is_described(
    answer: Callable[[NDArray[np.float32]], object], problem: str
) -> None:
    seen = np.zeros((4, 17), np.float32)
    with pytest.raises(InvalidRewardError) as caught:
        rewards_of(Pays(answer), seen, seen, seen, np.zeros(4, np.bool_))  # type: ignore[arg-type]
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


# What is kept.


def test_a_shaped_reward_transfers_as_the_true_one_does() -> None:
    """Its table in the twin is of the twin's dynamics: with the world's own the shaping would not
    cancel where the doors are elsewhere."""
    true = ROOMS.known_model().reward[:, 0]
    potential = np.random.default_rng(0).normal(0.0, 0.5, true.size)

    class Shaped(Pays):
        def reward(self, observation, action, next_observation, ended):  # type: ignore[no-untyped-def]
            return true[observation] + potential[next_observation] - potential[observation]

    tables = reward_tables(ROOMS, Shaped(lambda _: None))
    own_there = replace(tables, transfer=tables.own)
    shares = [
        exact_metrics(ROOMS, some_table("FourRooms"), rewards).transfer
        for rewards in (tables, own_there)
    ]
    assert shares[0] is not None
    assert shares[1] is not None
    assert shares[0] > 0.95 > 0.5 > shares[1]


def test_cars_are_placed_with_their_course_and_speed() -> None:
    states = reference_states(CAR)
    before = states.copy()
    lateral, sideslip = np.linspace(-5.0, 5.0, states.size), np.linspace(-70.0, 70.0, states.size)
    place(states, lateral, sideslip)
    env = WorldVectorEnv("DriftCar", states.size, "held_out", "Disabled")
    env.states = states
    env.observe()

    def course(cars: NDArray[np.void]) -> NDArray[np.complex128]:
        heading = cars["heading_cos"] + 1j * cars["heading_sin"]
        return heading * (cars["forward_speed"] + 1j * cars["lateral_speed"])

    np.testing.assert_allclose(course(states), course(before), rtol=1e-12)
    found_lateral, found_sideslip = read(states)
    np.testing.assert_array_equal(found_lateral, lateral)
    np.testing.assert_allclose(found_sideslip, sideslip, atol=1e-9)
    for name in ("station", "yaw_rate", "steering", "drive", "step"):
        np.testing.assert_array_equal(states[name], before[name])
    place(states, *read(before))
    np.testing.assert_allclose(states["heading_sin"], before["heading_sin"], atol=1e-12)


def test_a_map_holds_what_the_expert_gets_from_each_place() -> None:
    assert CAR.views.probe is not None
    small = replace(CAR.views.probe, values=(np.array([-2.0, 0.0, 2.0]), np.array([-60.0, 0.0])))
    kept = probed(CAR, small, Pays(lambda seen: seen[:, 5]))  # type: ignore[arg-type]
    assert kept["learned"].shape == kept["true"].shape == (3, 2)
    # In a step of 0.04 s the expert goes back towards the middle by half a metre at most.
    np.testing.assert_allclose(kept["learned"], [[-2.0] * 2, [0.0] * 2, [2.0] * 2], atol=0.5)
    assert (kept["true"][:, 0] > 1.1 * kept["true"][:, 1]).all(), "who drifts is paid more"
    lateral, sideslip = kept["visited"].T
    assert (np.abs(lateral) < 5.0).all(), "the expert keeps to the track"
    assert np.abs(sideslip).max() > 15.0, "and drifts"
    again = probed(CAR, small, Pays(lambda seen: seen[:, 5]))  # type: ignore[arg-type]
    np.testing.assert_array_equal(kept["true"], again["true"])


def test_worlds_without_tables_or_a_probe_keep_nothing() -> None:
    assert reward_map(get_world("Walk"), Pays(lambda seen: seen[:, 0])) == {}  # type: ignore[arg-type]


def test_a_cell_keeps_its_reward() -> None:
    tiny = Profile(
        name="tiny", labels=(9,), seeds=1, evaluation_episodes=1, steps=1, time_limit=60.0
    )
    specs = cells_of_run(tiny, [CAR], [load_algorithm(str(ALGORITHMS / "pays"))], 1)
    outcome = compute(next(spec for spec in specs if spec.origin))
    assert (outcome.status, outcome.policy) == ("ok", b"")
    assert load(outcome.reward) == {"scale": np.float32(0.1)}
    assert set(outcome.reward_map) == {"first", "second", "true", "learned", "visited"}
    learned = outcome.reward_map["learned"]
    assert learned.shape == (41, 29)
    assert learned.min() > -5.0, "who leaves the track would pay 5"


def test_a_map_knows_where_the_episode_ends() -> None:
    class PaysAtTheEnd(Pays):
        def reward(self, observation, action, next_observation, ended):  # type: ignore[no-untyped-def]
            return -5.0 * ended

    assert CAR.views.probe is not None
    for lateral, pays in ((7.0, -5.0), (0.0, 0.0)):
        one = replace(CAR.views.probe, values=(np.array([lateral]), np.array([0.0])))
        assert probed(CAR, one, PaysAtTheEnd(np.zeros))["learned"].tolist() == [[pays]]


# What is drawn.


def results_with(tmp_path: Path) -> Results:
    """A reward in the rooms, and one on the car."""
    cells = []
    table = np.random.default_rng(0).normal(size=(121, 4))
    surface = np.arange(6.0).reshape(3, 2)
    visited = np.linspace([0.5, 0.2], [1.5, 0.8], 32)
    axes = {"first": np.arange(3.0), "second": np.arange(2.0), "visited": visited}
    for world, kept in (
        ("FourRooms", {"own": table, "transfer": table}),
        ("DriftCar", axes | {"true": surface, "learned": -surface}),
    ):
        names = (
            ("random", "soft-optimal", "optimal") if world == "FourRooms" else ("random", "expert")
        )
        for seed in range(2):
            returns = zip(names, (0.0, 10.0, 11.0), strict=False)
            cells += [make_cell(make_spec(world, name, None, seed), [r]) for name, r in returns]
            spec = make_spec(world, "ours", 20, seed)
            cells.append(make_cell(spec, [5.0]))
            (tmp_path / spec.folder).mkdir(parents=True)
            write_cell(tmp_path / spec.folder, cells[-1])
            write_reward_map(tmp_path / spec.folder, kept)
    worlds = ("FourRooms", "DriftCar")
    manifest = Manifest(
        profile=PROFILE, worlds=worlds, algorithms={"ours": worlds}, seeds=2,
        exact_worlds=("FourRooms",),
    )  # fmt: skip
    return Results(tmp_path, manifest, tuple(cells))


def test_rewards_are_drawn_beside_the_true_ones(tmp_path: Path) -> None:
    results = results_with(tmp_path)
    figures = reward_pictures(results)
    assert set(figures) == {"reward_FourRooms_ours", "reward_DriftCar_ours"}
    true, learned = (
        axes.images[0].get_array() for axes in figures["reward_FourRooms_ours"].axes[:2]
    )
    assert true is not None
    assert learned is not None
    assert true.shape == (11, 11)
    assert int(true.mask.sum()) == int(learned.mask.sum()) == 17  # walls
    assert np.argwhere(true == 1.0).tolist() == [[8, 9]]
    assert learned.mean() == pytest.approx(true.mean())
    assert learned.std() == pytest.approx(true.std())
    car = figures["reward_DriftCar_ours"].axes
    np.testing.assert_array_equal(car[0].images[0].get_array(), [[1.0, 3.0, 5.0], [0.0, 2.0, 4.0]])
    np.testing.assert_allclose(car[1].images[0].get_array(), [[4.0, 2.0, 0.0], [5.0, 3.0, 1.0]])
    for axes in car[:2]:
        np.testing.assert_array_equal(axes.lines[0].get_xydata()[[0, -1]], [[0.5, 0.2], [1.5, 0.8]])
    assert car[0].get_xlabel() == "lateral error (m)"
    limits = {axes.images[0].get_clim() for axes in car[:2]}
    assert len(limits) == 1, "the same colours mean the same"


def test_the_same_reward_everywhere_is_drawn_as_the_mean() -> None:
    true = np.ma.MaskedArray([[0.0, 1.0]], False)
    np.testing.assert_array_equal(
        scaled_to(true, np.ma.MaskedArray([[7.0, 7.0]], False)), [[0.5] * 2]
    )


def test_the_pictures_are_written_with_the_others(tmp_path: Path) -> None:
    results = results_with(tmp_path)
    manifest = results.manifest.model_copy(
        update={"worlds": ("FourRooms",), "algorithms": {"ours": ("FourRooms",)}}
    )
    names = [path.name for path in write_figures(replace(results, manifest=manifest))]
    assert names == [
        "score.svg", "score_by_labels.svg", "performance_profiles.svg", "reward_FourRooms_ours.svg",
    ]  # fmt: skip
