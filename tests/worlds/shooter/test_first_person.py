"""The shooter's first-person picture against projective geometry, its bars against the state."""

import hashlib

import numpy as np
import pytest

from il_envs import get_world, run_episodes
from il_envs.engine.kernels import kept_kernel
from il_envs.learning.policy import ExpertPolicy
from il_envs.worlds.shooter import sprites
from il_envs.worlds.shooter.pad import FIRE, RELOAD, SHIELD, WEAPON_2, WEAPON_3, WEAPON_4
from tests.worlds.shooter.shooting_range import (
    CORNER,
    PLACE,
    WALL_X,
    add_bullet,
    add_enemy,
    arena_with,
    press,
    stand,
)

PIXELS = get_world("ShooterPixels")
SIZES = [(120, 160), (240, 320), (90, 120), (61, 33), (300, 480)]  # pixels down and across
ENEMY_HEIGHT, ENEMY_HALF_WIDTH, EYE_HEIGHT = 2.02, 0.56, 1.4  # m
BARS = {  # of the state: half and line of the bar, and what fills it
    "health": (0, 0, 100.0),
    "magazine": (1, 0, 40),
    "shield": (0, 1, 1.0),
    "reserve": (1, 1, 160),
    "dash": (0, 2, 1.0),
    "reloading": (1, 2, 20),
}


def _picture(env, size=(120, 160)):
    """What the player sees, int64 [height, width, 3]; any size goes without compiling anew."""
    picture = np.zeros((*size, 3), np.uint8)
    _paint(env, picture)
    return picture.astype(np.int64)


def _paint(env, picture):
    observe = kept_kernel(
        "pictures of any size", PIXELS.dynamics.observe, env.states[0], env.params, picture
    )
    observe(env.states[0], env.params, picture)


def _alone(params=None, **fields):
    """A player in an arena, an empty one if none is given, whose pickups have been taken."""
    env = stand(params, name="ShooterPixels", **fields)
    env.states[0]["pickup_wait"] = 9
    return env


def _is_trim(picture):
    """True where pixels above the bars and beside the gun show the glowing edges of walls."""
    return picture[..., 1] > 3 * picture[..., 0]


def _changed(env, before, size=(120, 160)):
    """Rows and columns of the pixels that differ from a picture taken before."""
    return np.nonzero((_picture(env, size) != before).any(-1))


class TestGoldenBits:
    """Recorded once. A change means that old results are of another world: raise its version."""

    def test_a_picture(self):
        episode = run_episodes(PIXELS, "training", ExpertPolicy, [2019])[0]
        picture = episode.observations[200]
        assert hashlib.sha256(picture.tobytes()).hexdigest()[:16] == "9e4db781d0e5832c"


class TestWalls:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("distance", [2.0, 3.7, 12.0])
    def test_height_on_the_screen(self, size, distance):
        """A wall that the player faces squarely looks as in a pinhole camera at 1.4 m, 2.6 m high:
        its edges glow, 0.06 m high, or more if that is not 0.6 of a pixel."""
        height, width = size
        picture = _picture(_alone(x=WALL_X - distance), size)
        rows = np.arange(height - 9 * max(height // 120, 1)) + 0.5
        up = 1.4 + (0.5 * height - rows) * distance / (0.5 * width)  # m, above the floor
        from_edge = np.minimum(up, 2.6 - up)
        is_edge = (from_edge > 0.0) & (from_edge < max(0.06, 0.6 * distance / (0.5 * width)))
        np.testing.assert_array_equal(_is_trim(picture[: rows.size, width // 4]), is_edge)

    def test_each_column_is_a_ray_of_a_view_of_ninety_degrees(self):
        """A wall 6 m away has a glowing seam of 0.12 m every 1.5 m."""
        width, y = 400, PLACE + 0.3
        row = _picture(_alone(x=WALL_X - 6.0, y=y), (120, width))[56]
        is_seam = row[:, 1] > 1.5 * row[:, 0]
        across = y + 6.0 * (1.0 - (np.arange(width) + 0.5) / (0.5 * width))
        from_seam = np.abs(across - 1.5 * np.round(across / 1.5))
        np.testing.assert_array_equal(is_seam, from_seam < 0.06)
        assert is_seam.sum() > 20

    def test_near_walls_are_brighter(self):
        near, far = (_picture(_alone(x=WALL_X - d))[60, 75].sum() for d in (3.0, 12.0))
        assert near > 1.2 * far


class TestSprites:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize(("ahead", "left"), [(5.0, 0.0), (4.0, 1.5), (8.0, -4.0), (2.5, 2.0)])
    def test_an_enemy_appears_where_the_projection_says(self, size, ahead, left):
        height, width = size
        env = _alone()
        before = _picture(env, size)
        add_enemy(env, PLACE + ahead, PLACE + left)
        rows, columns = _changed(env, before, size)
        scale = 0.5 * width / ahead
        middle = 0.5 * width - left * scale
        assert middle - ENEMY_HALF_WIDTH * scale - 1 <= columns.min()
        assert columns.max() <= middle + ENEMY_HALF_WIDTH * scale + 1
        head = 0.5 * height - (ENEMY_HEIGHT - EYE_HEIGHT) * scale
        feet = 0.5 * height + EYE_HEIGHT * scale
        assert head - 1 <= rows.min()
        assert rows.max() <= feet + 1
        if size == (240, 320) and ahead > 2.5:
            assert rows.min() <= head + 0.05 * scale + 1, "its head is too low"
            assert rows.max() >= min(feet, height - 18) - 2, "its feet do not reach the floor"
            assert np.ptp(columns) >= 0.85 * scale, "it is too narrow"

    def test_an_enemy_has_its_colours(self):
        env = _alone()
        before = _picture(env)
        add_enemy(env, PLACE + 4.0, PLACE)
        colours = _picture(env)[_changed(env, before)]
        light = min(1.5 / (1.0 + 0.11 * 4.0), 1.0)
        expected = {
            tuple(int(light * part) for part in shades[sprites.ENEMY])
            for shades in (sprites.GLOWS, sprites.DARKS, sprites.BRIGHTS)
        }
        assert {tuple(colour) for colour in colours.tolist()} == expected

    @pytest.mark.parametrize("what", ["enemy", "bullet", "pickup"])
    def test_nothing_is_seen_through_a_wall(self, what):
        """From 5 m away, in a corner of the arena; the wall is in the third cell of its side."""
        seen = []
        for walls in ((), ((2, 0),)):
            params = arena_with(*walls)
            env = _alone(params, x=CORNER + 5.0, y=CORNER, heading_cos=-1.0)
            before = _picture(env)
            if what == "enemy":
                add_enemy(env, CORNER, CORNER)
            elif what == "bullet":
                add_bullet(env, CORNER, CORNER, 1.0, 0.0)
            else:
                env.states[0]["pickup_wait"] = 0
            seen.append(_changed(env, before)[0].size)
        assert seen[0] > 0
        assert seen[1] == 0

    def test_nothing_behind_the_player_is_seen(self):
        env = _alone()
        before = _picture(env)
        add_enemy(env, PLACE - 3.0, PLACE)
        assert _changed(env, before)[0].size == 0

    def test_the_nearer_of_two_hides_the_farther(self):
        env = _alone()
        add_enemy(env, PLACE + 3.0, PLACE)
        alone = _picture(env)
        state = env.states[0]
        state["enemies"][1] = state["enemies"][0]
        state["enemies"]["x"][:2] = PLACE + 6.0, PLACE + 3.0
        both = _picture(env)
        state["enemies"]["x"][:2] = PLACE + 3.0, PLACE + 6.0
        assert (_picture(env) == both).all(), "their order matters"
        painted = (alone != _picture(_alone())).any(-1)
        assert (both[painted] == alone[painted]).all()

    def test_a_chest_is_lit_as_high_as_its_health(self):
        glowing = []
        for health in (60.0, 30.0, 3.0):
            env = _alone()
            add_enemy(env, PLACE + 2.0, PLACE, health=health)
            glowing.append(int((_picture(env, (240, 320))[..., 0] > 200).sum()))
        assert glowing[0] > glowing[1] > glowing[2]


class TestBars:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
    @pytest.mark.parametrize("field", BARS)
    def test_a_bar_is_as_long_as_its_share(self, field, share, size):
        height, width = size
        half, line, full = BARS[field]
        picture = _picture(_alone(**{field: type(full)(share * full)}), size)
        unit = max(height // 120, 1)
        left, right = half * width // 2 + 2 * unit, (half + 1) * width // 2 - 2 * unit
        row = picture[height - (9 - 3 * line) * unit, left:right].max(-1)
        lit = row > 100
        assert abs(lit.sum() - share * (right - left)) < 1.0
        assert lit[: lit.sum()].all(), "it does not begin at the left"


class TestEffects:
    def test_pain_reddens_the_picture(self):
        shades = [_picture(_alone(damage_taken=damage))[:100] for damage in (0.0, 14.0, 30.0)]
        reds = [picture[..., 0].mean() for picture in shades]
        blues = [picture[..., 2].mean() for picture in shades]
        assert reds == sorted(reds)
        assert blues == sorted(blues, reverse=True)
        assert reds[2] > reds[1] + 20.0

    @pytest.mark.parametrize("button", [FIRE, SHIELD])
    def test_the_gun_flashes_and_the_shield_shines(self, button):
        still, held = _alone(), _alone()
        press(still)
        press(held, button)
        held.states[0]["shot_count"] = 0
        brightness = [_picture(env)[:110].sum() for env in (still, held)]
        assert brightness[1] > 1.02 * brightness[0]

    @pytest.mark.parametrize(
        ("buttons", "rounds", "shots"),
        [((), 40, 33), ((WEAPON_2,), 9, 2), ((WEAPON_3,), 9, 2), ((WEAPON_4,), 9, 1),
         ((RELOAD,), 9, 0)],
    )  # fmt: skip
    def test_the_gun_flashes_in_the_steps_in_which_rounds_leave(self, buttons, rounds, shots):
        """Weapons wait from shot to shot, and do not fire with too few rounds."""
        env = stand(magazine=rounds)
        state = env.states[0]
        flashed, fired = [], []
        for _ in range(33):
            before = int(state["fired"])
            press(env, FIRE, *buttons)
            fired.append(bool(state["fired"] > before))
            shown = _picture(env)
            state["held"][FIRE] = 0
            flashed.append(_changed(env, shown)[0].size > 0)
        assert flashed == fired
        assert sum(fired) == shots

    def test_a_picture_narrower_than_the_gun_is_painted_within_its_bounds(self):
        """Beside it there is memory of others."""
        around = np.full((3, 120, 30, 3), 77, np.uint8)
        env = _alone()
        _paint(env, around[1])
        assert (around[[0, 2]] == 77).all()
        assert around[1].std() > 0


def test_the_view_is_the_same_from_the_mirrored_place():
    """But for rounding at the edges of what is painted."""
    pictures = []
    for side in (1.0, -1.0):
        env = _alone(x=13.5 + 2.0 * side, y=13.5, heading_cos=side)
        add_enemy(env, 13.5 + 6.0 * side, 13.5 + side)
        pictures.append(_picture(env))
    assert (np.abs(pictures[0] - pictures[1]) > 1).any(-1).mean() < 0.01
