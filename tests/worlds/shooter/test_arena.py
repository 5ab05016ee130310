"""The shooter's arenas and what can be seen in them, against graphs and squares by brute force."""

import hashlib

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from il_envs.worlds.shooter import arena, sight
from il_envs.worlds.shooter.arena import CELLS, FAR, HERE, INSIDE, SIDE, bank
from il_envs.worlds.shooter.sight import CELL
from tests.worlds.shooter.shooting_range import arena_with, first_wall

SPLITS = ("training", "held_out")
STEPS = np.stack([arena.STEP_X, arena.STEP_Y], axis=1)  # to the neighbours, in cells
COSTS = np.where(np.abs(STEPS).sum(1) == 1, 2, 3)  # of them, in half cells
COLUMN, ROW = np.divmod(np.arange(CELLS), INSIDE)


def _hash(array):
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


@pytest.fixture(params=SPLITS)
def arenas(request):
    return bank(request.param)


def _is_free(row):
    """True for each free cell, bool [CELLS]."""
    return row["wall"][1:-1, 1:-1].ravel() == 0


def _is_open(row, cells, steps):
    """True if a step of (x, y) cells, [..., 2], crosses no wall and no corner of one."""
    free = row["wall"] == 0
    x, y = COLUMN[cells] + 1, ROW[cells] + 1
    dx, dy = steps[..., 0], steps[..., 1]
    return free[x, y] & free[x + dx, y] & free[x, y + dy] & free[x + dx, y + dy]


def _shortest(row):
    """The cost of ways between cells, by Dijkstra, float64 [CELLS, CELLS] in half cells."""
    cells, neighbours = np.nonzero(
        _is_open(row, np.arange(CELLS)[:, None], np.tile(STEPS, (CELLS, 1, 1)))
    )
    ends = cells + STEPS[neighbours] @ (INSIDE, 1)
    graph = coo_array((COSTS[neighbours], (cells, ends)), (CELLS, CELLS))
    return dijkstra(graph.tocsr())


def _follow(row, fields):
    """Where flow fields, int8 [F, CELLS], lead from every cell, and at what cost: [F, CELLS]."""
    field = np.arange(len(fields))[:, None]
    cells = np.tile(np.arange(CELLS), (len(fields), 1))
    cost = np.zeros(fields.shape, np.int64)
    for _ in range(CELLS):
        step = fields[field, cells]
        goes = step != HERE
        if not goes.any():
            return cells, cost
        assert _is_open(row, cells, STEPS[step])[goes].all(), "through a wall or past its corner"
        cost += np.where(goes, COSTS[step], 0)
        cells = cells + np.where(goes, STEPS[step] @ (INSIDE, 1), 0)
    raise AssertionError("a flow field goes round in circles")


class TestGoldenBits:
    """Recorded once. A change means that old results are of another world: raise its version."""

    def test_banks(self):
        assert {split: _hash(bank(split)) for split in SPLITS} == {
            "training": "dbd5f28e3a396fcc",
            "held_out": "5fbcb76054f4492d",
        }


class TestArenas:
    def test_banks_have_the_stated_number_and_share_no_arena(self):
        assert [bank(split).size for split in SPLITS] == [24, 12]
        hashes = {_hash(row["wall"]) for split in SPLITS for row in bank(split)}
        assert len(hashes) == 36

    def test_outer_walls_are_closed_around_24_by_24_metres(self, arenas):
        assert INSIDE * CELL == 24.0
        inside = np.zeros((SIDE, SIDE), np.bool_)
        inside[1:-1, 1:-1] = True
        assert (arenas["wall"][:, ~inside] == 1).all()

    def test_a_good_share_is_free_and_its_cells_are_connected(self, arenas):
        for row in arenas:
            free = _is_free(row)
            assert 0.66 <= free.mean() <= 0.78
            assert (row["distance"][np.ix_(free, free)] < FAR).all()

    def test_half_a_circle_turns_an_arena_into_itself(self, arenas):
        for row in arenas:
            assert (row["wall"] == row["wall"][::-1, ::-1]).all()
            assert (row["distance"] == row["distance"][::-1, ::-1]).all()
            assert (row["pickup"] == CELLS - 1 - np.roll(row["pickup"], 2)).all()

    def test_distances_are_those_of_shortest_ways(self, arenas):
        for row in arenas:
            shortest = _shortest(row)
            blocked = ~_is_free(row)
            shortest[blocked] = shortest[:, blocked] = np.inf
            assert (row["distance"] == np.minimum(shortest, FAR)).all()

    def test_flow_fields_reach_their_goal_at_the_tabled_cost(self, arenas):
        for row in arenas:
            free = _is_free(row)
            ends, cost = _follow(row, row["toward"][free])
            assert (ends[:, free] == np.flatnonzero(free)[:, None]).all()
            assert (cost[:, free] == row["distance"][np.ix_(free, free)]).all()
            assert (row["toward"][~free] == HERE).all(), "a way into a wall"

    def test_cover_is_the_nearest_cell_out_of_sight(self, arenas):
        for row in arenas[:2]:
            free = np.flatnonzero(_is_free(row))
            fields = row["cover"][free]
            is_hidden = np.array([
                [not sight.is_clear(row["wall"], *arena.middle(eye), *arena.middle(cell))
                 for cell in free] for eye in free
            ])  # fmt: skip
            ends, cost = _follow(row, fields)
            for k in range(len(free)):
                hidden = free[is_hidden[k]]
                assert np.isin(ends[k, free], hidden).all()
                nearest = row["distance"][np.ix_(hidden, free)].min(0)
                assert (cost[k, free] == nearest).all()
            assert ((fields[:, free] == HERE) == is_hidden).all()

    def test_where_everything_is_in_sight_there_is_no_cover(self):
        assert (arena_with()["cover"] == HERE).all()

    def test_pickups_lie_on_free_cells_far_from_each_other(self, arenas):
        for row in arenas:
            assert _is_free(row)[row["pickup"]].all()
            apart = row["distance"][np.ix_(row["pickup"], row["pickup"])]
            others = apart[~np.eye(arena.PICKUPS, dtype=np.bool_)]
            assert others.min() >= arena.PICKUP_DISTANCE_MIN
            assert others.max() < FAR

    def test_places_and_cells(self):
        for cell in range(CELLS):
            x, y = arena.middle(cell)
            assert arena.cell_of(x, y) == cell
            assert (x, y) == ((COLUMN[cell] + 1.5) * CELL, (ROW[cell] + 1.5) * CELL)
            assert arena.cell_of(x + 0.749, y + 0.749) == cell
            assert arena.cell_of(x - CELL / 2, y - CELL / 2) == cell, "a line belongs to the next"

    def test_a_bank_is_made_once_and_cannot_be_written_to(self, arenas):
        assert any(bank(split) is arenas for split in SPLITS)
        with pytest.raises(ValueError, match="read-only"):
            arenas["wall"] = 0


class TestSight:
    """On random rays, none of which meets a corner exactly."""

    @pytest.fixture
    def rays(self):
        """Walls, a place, and a direction of any length, 40 in each of 12 arenas."""
        random = np.random.default_rng(0)
        rays = []
        for row in bank("held_out"):
            for cell in random.choice(np.flatnonzero(_is_free(row)), 40):
                place = np.array(arena.middle(cell)) + random.uniform(-0.74, 0.74, 2)
                rays.append((row["wall"], *place, *random.normal(size=2)))
        return rays

    def test_rays_end_at_the_first_wall_by_brute_force(self, rays):
        for ray in rays:
            distance = first_wall(*ray)
            assert sight.reach(*ray, sight.FAR_AWAY) == pytest.approx(distance, rel=1e-9)
            assert sight.reach(*ray, 0.9 * distance) == 0.9 * distance

    def test_rays_along_an_axis(self, rays):
        for wall, x, y, dx, dy in rays:
            for across in ((dx, 0.0), (0.0, dy)):
                along = [d + 1e-12 for d in across]
                distance = first_wall(wall, x, y, *along)
                assert sight.reach(wall, x, y, *across, 1e9) == pytest.approx(distance, rel=1e-6)

    def test_the_side_that_is_met_lies_on_a_line_of_the_grid(self, rays):
        sides = set()
        for wall, x, y, dx, dy in rays:
            distance, faces_x = sight.trace(wall, x, y, dx, dy)
            place = x + distance * dx if faces_x else y + distance * dy
            assert place / CELL == pytest.approx(round(place / CELL), abs=1e-9)
            sides.add(faces_x)
        assert sides == {True, False}

    def test_sight_is_mutual_and_ends_at_walls(self, rays):
        seen = 0
        for wall, x, y, dx, dy in rays:
            to_x, to_y = (np.clip(p + 3.0 * d, 1.6, 25.4) for p, d in ((x, dx), (y, dy)))
            is_clear = first_wall(wall, x, y, to_x - x, to_y - y) >= 1.0
            assert sight.is_clear(wall, x, y, to_x, to_y) == is_clear
            if wall[int(to_x / CELL), int(to_y / CELL)] == 0:
                assert sight.is_clear(wall, to_x, to_y, x, y) == is_clear
            seen += is_clear
        assert 50 < seen < len(rays) - 50

    def test_a_place_sees_itself(self):
        assert sight.is_clear(arena_with()[0]["wall"], 12.0, 12.0, 12.0, 12.0)
