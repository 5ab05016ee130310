"""The grid worlds: numbers, maps and slips; what all models share is in `test_tabular_worlds`."""

import numpy as np
import pytest

import il_envs
from il_envs import WorldVectorEnv, evaluate, hard_optimal, soft_optimal
from il_envs.worlds.grid import cells, register, tiles
from il_envs.worlds.grid.cliff_chain import cliff_chain
from il_envs.worlds.grid.macrocells import macrocells
from il_envs.worlds.grid.maps import read_map

GRIDS = [world for world in il_envs.WORLDS.values() if world.dynamics.state == cells.STATE]


@pytest.fixture(params=GRIDS, ids=lambda world: world.name)
def grid(request):
    return request.param


def test_the_family_is_complete():
    assert {world.name for world in GRIDS} >= {
        "Binaryworld", "CliffChain", "FourRooms", "FourRoomsMoved", "FourRoomsMovedStill",
        "FourRoomsStill", "Macrocells", "Objectworld", "RiskyBridge",
    }  # fmt: skip


def test_measures_are_the_row_and_the_column(grid):
    env = WorldVectorEnv(grid.name, 500)
    observations, info = env.reset(seed=1)
    columns = int(env.params["column"].max()) + 1
    for _ in range(5):
        np.testing.assert_array_equal(info["row"] * columns + info["column"], observations)
        observations, _, _, _, info = env.step(env.action_space.sample())


@pytest.mark.parametrize("horizon", [1, 7, 30])
@pytest.mark.parametrize("error", [0.0, 1e-3, 0.2])
def test_identity_18_cliff_chain_has_its_closed_form(horizon, error):
    """The cost of erring with probability e is T - sum_{h=1}^T (1 - e)^h."""
    model = cliff_chain(horizon)
    policy = np.tile([1.0 - error, error], (model.states, 1))
    exact = horizon - sum((1.0 - error) ** h for h in range(1, horizon + 1))
    assert -evaluate(model, policy).expected_return == pytest.approx(exact, abs=1e-10)


def test_cliff_chain_costs_grow_like_t_squared_and_like_t_with_recovery():
    horizons = np.arange(10, 101, 10)
    for recovery, low, high in ((0.0, 1.8, 2.05), (1.0, 0.9, 1.1)):
        costs = []
        for horizon in horizons:
            model = cliff_chain(int(horizon), recovery)
            policy = np.tile([0.999, 0.001], (model.states, 1))
            costs.append(-evaluate(model, policy).expected_return)
        slope = np.polyfit(np.log(horizons), np.log(costs), 1)[0]
        assert low <= slope <= high


def test_risky_bridge_parts_the_two_models():
    world = il_envs.get_world("RiskyBridge")
    model = world.truth.model()
    bridge = world.dynamics.params("training")["tile"] == tiles.BRIDGE

    def crossings(states):
        return bridge[states].any(1).mean()

    causal = soft_optimal(model, "causal", world.truth.reference().temperature)
    posterior = soft_optimal(model, "posterior", world.truth.reference().temperature)
    assert crossings(causal.sample(2_000, 0)[0]) < 0.05
    assert crossings(posterior.sample(2_000, 0)[0]) > 0.95
    assert causal.expected_return > posterior.evaluation.expected_return + 20.0
    goal = world.dynamics.params("training")["tile"] == tiles.GOAL
    assert goal[causal.sample(2_000, 0)[0][:, -1]].mean() > 0.7


@pytest.mark.parametrize("still", ["", "Still"])
def test_four_rooms_and_their_twin_differ_in_walls_alone(still):
    names = (f"FourRooms{still}", f"FourRoomsMoved{still}")
    first, moved = (il_envs.get_world(name).dynamics.params("training") for name in names)
    assert [il_envs.get_world(name).truth.transfer for name in names] == list(names[::-1])
    assert (first["reward"] == moved["reward"]).all()
    walls = [table["tile"] == tiles.WALL for table in (first, moved)]
    assert (walls[0] != walls[1]).any()
    doors = ~walls[0] & walls[1]
    assert doors.any()
    for name in names:
        model = il_envs.get_world(name).truth.model()
        reachable = hard_optimal(model).value[0] > 0.0
        free = model.initial > 0.0
        assert reachable[free].all(), "some cell of the rooms does not lead to the goal"


@pytest.mark.parametrize("name", ["FourRooms", "FourRoomsMoved"])
def test_still_rooms_have_the_same_map_and_no_luck_but_the_start(name):
    slipping, still = (il_envs.get_world(name + twin) for twin in ("", "Still"))
    for field in ("tile", "reward"):
        assert (
            slipping.dynamics.params("training")[field] == still.dynamics.params("training")[field]
        ).all()
    model = still.truth.model()
    assert (model.initial == slipping.truth.model().initial).all()
    assert (model.transition.data == 1.0).all()
    assert model.transition.nnz == model.states * model.actions
    assert slipping.truth.model().transition.nnz > model.transition.nnz


@pytest.mark.parametrize("name", ["FourRooms", "FourRoomsMoved"])
def test_identity_6_causal_and_posterior_are_one_in_still_rooms(name):
    """Where moves slip the two policies differ, and the marginals differ with the start in both."""
    causal = il_envs.get_world(name + "Still").truth.reference()
    posterior = soft_optimal(causal.model, "posterior", causal.temperature)
    np.testing.assert_allclose(posterior.policy, causal.policy, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(posterior.value, causal.value, rtol=1e-12)
    slipping = il_envs.get_world(name).truth.reference()
    believer = soft_optimal(slipping.model, "posterior", slipping.temperature)
    assert np.abs(believer.policy - slipping.policy).max() > 0.01


def test_objectworld_rewards_follow_from_its_objects():
    table = il_envs.get_world("Objectworld").dynamics.params("training")
    places = np.stack([table["row"], table["column"]], axis=1)
    outer = (table["tile"] - tiles.FIRST_OBJECT) // tiles.OBJECT_COLOURS
    is_object = table["tile"] >= tiles.FIRST_OBJECT
    for cell in range(table.size):
        near = [
            np.hypot(*(places[is_object & (outer == colour)] - places[cell]).T).min()
            for colour in range(2)
        ]
        expected = 0.0 if near[0] > 3.0 else (1.0 if near[1] <= 2.0 else -1.0)
        assert (table["reward"][cell] == expected).all()
    assert set(np.unique(table["reward"])) == {-1.0, 0.0, 1.0}


def test_binaryworld_rewards_count_blue_cells():
    table = il_envs.get_world("Binaryworld").dynamics.params("training")
    blue = (table["tile"] == tiles.BLUE).reshape(16, 16)
    for cell in range(table.size):
        row, column = divmod(cell, 16)
        count = blue[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].sum()
        assert (table["reward"][cell] == {4: 1.0, 5: -1.0}.get(count, 0.0)).all()
    assert set(np.unique(table["reward"])) == {-1.0, 0.0, 1.0}


def test_macrocells_have_one_reward_for_each_region_and_any_size():
    model = macrocells(16)
    regions = model.reward[:, 0].reshape(8, 2, 8, 2)
    assert (regions == regions[:, :1, :, :1]).all()
    assert model.reward.max() == 1.0
    large = macrocells(128)
    assert large.transition.nnz < 350_000
    with pytest.raises(ValueError, match="multiple of 8"):
        macrocells(20)


def test_slips_are_what_they_are_called():
    free = np.zeros((3, 3), np.bool_)
    centre, up, right, down, left = 4, 1, 5, 7, 3
    sides = register.transitions(free, 0.2, "sides")[0][[centre]].toarray()[0]
    assert sides[[up, right, left, down]] == pytest.approx([0.8, 0.1, 0.1, 0.0])
    anywhere = register.transitions(free, 0.2, "anywhere")[0][[centre]].toarray()[0]
    assert anywhere[[up, right, left, down]] == pytest.approx([0.85, 0.05, 0.05, 0.05])
    walls = free.copy()
    walls[0, 1] = True
    bumps = register.transitions(walls, 0.2, "sides")[0][[centre]].toarray()[0]
    assert bumps[[centre, right, left]] == pytest.approx([0.8, 0.1, 0.1])
    stays = register.transitions(free, 0.2, "sides", absorbing=[centre])[0][[centre]].toarray()[0]
    assert stays[centre] == pytest.approx(1.0)


def test_maps_are_read_and_bad_ones_refused():
    layout = read_map("S.#\nG~.")
    assert layout.shape == (2, 3)
    assert layout.initial.tolist() == [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert layout.tiles.tolist() == [
        tiles.FLOOR, tiles.FLOOR, tiles.WALL, tiles.GOAL, tiles.WATER, tiles.FLOOR,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="equally long"):
        read_map("..\n...")
    with pytest.raises(ValueError, match="not '%'"):
        read_map("..\n.%")


def test_a_grid_that_has_no_room_in_its_table_is_refused():
    model = cliff_chain(101)
    grid = register.Grid(model, (2, 102), np.zeros(model.states, np.int32), 1.0)
    with pytest.raises(ValueError, match="room for 100 steps, the model has 101"):
        register.parameters(grid, soft_optimal(model))


@pytest.mark.parametrize("name", ["Macrocells", "Objectworld", "Binaryworld"])
def test_equal_features_have_equal_rewards(name):
    model = il_envs.get_world(name).truth.model()
    kinds, which = np.unique(model.features, axis=0, return_inverse=True)
    for kind in range(len(kinds)):
        assert len(np.unique(model.reward[which.ravel() == kind])) == 1


def test_the_hot_expert_is_soft_optimal_at_four_times_the_temperature():
    """Of 40,000 draws in one cell, each share is within five standard deviations."""
    env = WorldVectorEnv("FourRooms", 40_000)
    env.reset(seed=0)
    cell, step = 13, 5
    states = env.states.copy()
    states["cell"], states["step"] = cell, step
    env.states = states
    actions, _ = il_envs.ExpertPolicy(env, "hot").predict()
    reference = il_envs.get_world("FourRooms").truth.reference()
    expected = soft_optimal(reference.model, "causal", 4 * reference.temperature).policy[step, cell]
    assert np.abs(expected - reference.policy[step, cell]).max() > 0.05
    shares = np.bincount(actions, minlength=4) / len(actions)
    margin = 5.0 * np.sqrt(expected * (1.0 - expected) / len(actions))
    assert (np.abs(shares - expected) < margin + 1e-6).all()
