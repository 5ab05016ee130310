"""The shooter's bodies among walls, its bullets, what they hit, and how that is counted."""

import numpy as np
import pytest

from il_envs import WorldVectorEnv
from il_envs.worlds.shooter import bodies, enemies, player, records
from il_envs.worlds.shooter.pad import (
    ALTERNATE_FIRE,
    CROUCH,
    DASH,
    FIRE,
    FORWARD,
    SHIELD,
    WEAPON_2,
    WEAPON_3,
    WEAPON_4,
)
from il_envs.worlds.shooter.sight import CELL
from tests.worlds.shooter.shooting_range import (
    PLACE,
    WALL_X,
    add_bullet,
    add_enemy,
    arena_with,
    flying,
    living,
    played,
    press,
    stand,
)

BLOCK = 2  # cells, from the player's to the one that is wall
BLOCKED = arena_with((7 + BLOCK, 7))
FACE = PLACE + (BLOCK - 0.5) * CELL  # m, x where that cell begins


@pytest.fixture(scope="module", params=["Shooter", "Shooter20"])
def play(request):
    """States before and after steps of play, with the walls around them: a list of records."""
    steps = []
    for env, _ in played(request.param, 600):
        steps.append(env.states.copy())
    return env.params, np.stack(steps)


def _is_wall(params, states, x, y):
    """True where there is a wall, at one place for each state."""
    return params["wall"][states["arena"], (x / CELL).astype(int), (y / CELL).astype(int)] != 0


def _corners(body, radius):
    """The corners of the square that a body fills, all but its skin."""
    half = radius - bodies.SKIN - 1e-9
    return [(body["x"] + i * half, body["y"] + j * half) for i in (-1, 1) for j in (-1, 1)]


class TestWalls:
    def test_no_body_enters_a_wall(self, play):
        params, states = play
        for x, y in _corners(states, records.PLAYER_RADIUS):
            assert not _is_wall(params, states, x, y).any()
        lives = states["enemies"]["health"] > 0.0
        for place in range(records.ENEMIES):
            for x, y in _corners(states["enemies"][..., place], records.ENEMY_RADIUS):
                assert not (_is_wall(params, states, x, y) & lives[..., place]).any()

    def test_no_body_enters_a_wall_under_random_buttons(self):
        env = WorldVectorEnv("Shooter20", 64)
        env.reset(seed=0)
        random, moved = np.random.default_rng(0), 0.0
        for step in range(1_000):
            if step % 8 == 0:
                actions = random.integers(0, 2, (64, 20), np.int8)
            env.step(actions)
            env.states["health"] = records.HEALTH_MAX
            moved += np.hypot(env.states["vx"], env.states["vy"]).sum() * records.CONTROL_PERIOD
            for x, y in _corners(env.states, records.PLAYER_RADIUS):
                assert not _is_wall(env.params, env.states, x, y).any()
        assert moved > 64 * 50.0, "the players hardly moved"

    def test_everything_stays_finite(self, play):
        _, states = play
        for name in states.dtype.names:
            part = states[name]
            for numbers in [part[field] for field in part.dtype.names or ()] or [part]:
                assert np.isfinite(numbers).all(), name

    @pytest.mark.parametrize("turns", range(4))
    @pytest.mark.parametrize("buttons", [(FORWARD,), (FORWARD, DASH)])
    def test_a_body_stops_at_its_radius_from_a_wall(self, turns, buttons):
        """In each of the four directions."""
        cosine, sine = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][turns]
        env = stand(heading_cos=cosine, heading_sin=sine)
        press(env, *buttons, steps=80)
        state = env.states[0]
        far = WALL_X - records.PLAYER_RADIUS if cosine + sine > 0 else CELL + records.PLAYER_RADIUS
        expected = (far, PLACE) if cosine != 0.0 else (PLACE, far)
        assert (state["x"], state["y"]) == pytest.approx(expected, abs=1e-12)
        assert (state["vx"], state["vy"]) == pytest.approx((0.0, 0.0), abs=1e-12)

    def test_a_body_slides_along_a_wall(self):
        half = np.sqrt(0.5)
        env = stand(x=WALL_X - 0.4, heading_cos=half, heading_sin=half)
        press(env, FORWARD, steps=10)
        state = env.states[0]
        assert state["x"] == pytest.approx(WALL_X - 0.4, abs=1e-12)
        assert state["y"] == pytest.approx(PLACE + 10 * 0.2 * half, rel=1e-12)
        assert (state["vx"], state["vy"]) == pytest.approx((0.0, 4.0 * half), abs=1e-12)

    def test_velocity_is_the_way_made_in_the_step(self, play):
        _, states = play
        goes_on = (np.diff(states["step"], axis=0) == 1) & (np.diff(states["wave"], axis=0) >= 0)
        for place, velocity in (("x", "vx"), ("y", "vy")):
            made = np.diff(states[place], axis=0) / records.CONTROL_PERIOD
            np.testing.assert_allclose(made[goes_on], states[velocity][1:][goes_on], atol=1e-9)
        assert goes_on.sum() > 5_000


class TestShots:
    def test_bullets_never_fly_inside_walls(self, play):
        params, states = play
        seen = 0
        for name, count in (("shots", "shot_count"), ("bullets", "bullet_count")):
            is_there = np.arange(records.BULLETS) < states[count][..., None]
            for place in range(records.BULLETS):
                bullet = states[name][..., place]
                inside = _is_wall(params, states, bullet["x"], bullet["y"])
                assert not (inside & is_there[..., place]).any()
            seen += is_there.sum()
        assert seen > 1_000

    def test_a_bullet_flies_at_its_speed_and_stops_at_a_wall(self):
        env = stand()
        press(env, FIRE)
        for step in range(1, 20):
            x = PLACE + player.MUZZLE + 30.0 * records.CONTROL_PERIOD * step
            shots = flying(env.states[0], "shots", "shot_count")
            assert shots["x"].tolist() == pytest.approx([x] if x < WALL_X else [])
            press(env)

    @pytest.mark.parametrize(("weapon", "damage"), [((), 6), ((WEAPON_3,), 60), ((WEAPON_4,), 60)])
    def test_damage_is_rewarded_in_parts_of_an_enemy(self, weapon, damage):
        env = stand()
        enemy = add_enemy(env, PLACE + 3.0, PLACE)
        assert press(env, FIRE, *weapon) + press(env, steps=5) == pytest.approx(damage / 60.0)
        state = env.states[0]
        assert enemy["health"] == 60.0 - damage
        assert (state["hits"], state["kills"]) == (1, damage == 60)
        assert state["shot_count"] == 0

    def test_a_wall_shelters_an_enemy_even_from_a_blast(self):
        """It is 2 m from where the round bursts, within its 2.5 m, but behind a cell of wall."""
        env = stand(BLOCKED)
        enemy = add_enemy(env, FACE + CELL + 0.5, PLACE)
        for weapon in ((), (WEAPON_2,), (WEAPON_3,), (WEAPON_4,)):
            assert press(env, FIRE, *weapon) + press(env, steps=40) == 0.0
        assert enemy["health"] == 60.0

    def test_the_last_bullet_takes_no_more_than_what_is_left(self):
        env = stand()
        add_enemy(env, PLACE + 2.0, PLACE, health=4.0)
        assert press(env, FIRE) + press(env, steps=3) == pytest.approx(4.0 / 60.0)
        assert living(env.states[0]).size == 0
        assert env.states[0]["kills"] == 1

    def test_a_shot_hits_the_first_enemy_in_its_way(self):
        env = stand()
        far, near = (add_enemy(env, PLACE + distance, PLACE) for distance in (5.0, 3.0))
        press(env, FIRE, WEAPON_3)
        press(env, steps=5)
        assert (near["health"], far["health"]) == (0.0, 60.0)

    @pytest.mark.parametrize(("aside", "hits"), [(0.59, 1), (0.61, 0)])
    @pytest.mark.parametrize("weapon", [(), (WEAPON_3,)])
    def test_a_shot_hits_within_the_radii_of_enemy_and_bullet(self, weapon, aside, hits):
        """Wherever on its way, which a rifle's bullet flies by the metre."""
        for distance in np.arange(0.1, 4.0, 0.1):
            env = stand()
            add_enemy(env, PLACE + player.MUZZLE + distance, PLACE + aside)
            press(env, FIRE, *weapon)
            press(env, steps=10)
            assert env.states[0]["hits"] == hits

    @pytest.mark.parametrize("weapon", [(), (WEAPON_3,)])
    def test_a_shot_does_not_cut_the_corner_of_a_wall(self, weapon):
        """Its way is 0.25 m within the corner, and the enemy right behind it."""
        slope = np.array([4.0, 3.0]) / 5.0
        corner = np.array([FACE, PLACE + 0.5 * CELL])  # the upper one, towards the player
        beneath = corner + 0.25 * np.array([3.0, -4.0]) / 5.0
        for distance in np.arange(1.0, 3.0, 0.05):
            x, y = beneath - distance * slope
            env = stand(BLOCKED, x=x, y=y, heading_cos=slope[0], heading_sin=slope[1])
            enemy = add_enemy(env, *(beneath + 1.2 * slope))
            press(env, FIRE, *weapon)
            press(env, steps=5)
            assert enemy["health"] == 60.0

    def test_a_blast_hurts_all_enemies_within_its_radius_and_no_others(self):
        env = stand(x=WALL_X - 2.1)
        angles = np.radians([100.0, 140.0, -140.0, -100.0])
        distances = np.array([2.49, 2.51, 2.49, 2.51])  # m, of which 2.5 are in reach
        hurt = [
            add_enemy(env, WALL_X + distance * np.cos(angle), PLACE + distance * np.sin(angle))
            for angle, distance in zip(angles, distances, strict=True)
        ]
        assert press(env, FIRE, WEAPON_4) + press(env, steps=8) == 2.0
        assert [enemy["health"] for enemy in hurt] == [0.0, 60.0, 0.0, 60.0]
        assert (env.states[0]["hits"], env.states[0]["health"]) == (2, 100.0)

    def test_there_is_room_for_sixteen_bullets(self):
        """More than that are spent, and counted, but do not fly."""
        env = stand(magazine=40)
        for volley in (10, 16):
            press(env, FIRE, ALTERNATE_FIRE, WEAPON_2)
            state = env.states[0]
            assert state["shot_count"] == volley
            state["shots"]["vx"] = state["shots"]["vy"] = 0.0
            state["cooling"] = 0
        assert (state["fired"], state["magazine"]) == (16, 24)

    def test_a_removed_bullet_leaves_the_others(self):
        row = np.zeros(4, records.BULLET)
        count = 0
        for x in range(5):
            count = bodies.launch(row, count, float(x), 0.0, 1.0, 2.0, 3.0, 4.0)
        assert count == 4, "a fifth bullet has no place"
        assert row[3].tolist() == (3.0, 0.0, 1.0, 2.0, 3.0, 4.0)
        assert bodies.remove(row, count, 1) == 3
        assert row["x"][:3].tolist() == [0.0, 3.0, 2.0]


class TestWounds:
    def _wounded(self, *buttons, side=1.0, aside=0.0, **fields):
        """The damage by one bullet that comes from ahead, or from behind where side is -1."""
        env = stand(**fields)
        add_bullet(env, PLACE + 2.0 * side, PLACE + aside, -enemies.BULLET_SPEED * side, 0.0)
        worst = 0.0
        for _ in range(8):
            press(env, *buttons)
            worst = max(worst, env.states[0]["damage_taken"])
        assert 100.0 - env.states[0]["health"] == pytest.approx(worst)
        assert env.states[0]["bullet_count"] == (0 if worst else 1)
        return worst

    def test_a_bullet_hurts(self):
        assert self._wounded() == 20.0

    def test_the_shield_stops_nine_tenths_from_the_front_and_nothing_from_behind(self):
        assert self._wounded(SHIELD) == pytest.approx(2.0)
        assert self._wounded(SHIELD, side=-1.0) == 20.0
        assert self._wounded(SHIELD, shield=0.0) == 20.0, "a shield without energy"

    @pytest.mark.parametrize(
        ("aside", "standing", "crouching"),
        [(0.34, 20.0, 20.0), (0.36, 20.0, 0.0), (0.49, 20.0, 0.0), (0.51, 0.0, 0.0)],
    )
    def test_crouching_makes_a_smaller_target(self, aside, standing, crouching):
        assert self._wounded(aside=aside) == standing
        assert self._wounded(CROUCH, aside=aside) == crouching

    def test_bullets_pass_through_enemies_and_stop_at_walls(self):
        env = stand()
        add_enemy(env, PLACE + 1.5, PLACE)
        add_bullet(env, PLACE + 3.0, PLACE, -enemies.BULLET_SPEED, 0.0)
        press(env, steps=10)
        assert env.states[0]["health"] == 80.0
        env = stand(BLOCKED)
        add_bullet(env, FACE + CELL + 1.0, PLACE, -enemies.BULLET_SPEED, 0.0)
        press(env, steps=10)
        assert (env.states[0]["health"], env.states[0]["bullet_count"]) == (100.0, 0)

    def test_death_ends_the_episode_without_success(self):
        env = stand(health=30.0)
        for distance in (1.0, 1.5):
            add_bullet(env, PLACE + distance, PLACE, -enemies.BULLET_SPEED, 0.0)
        ends = []
        for _ in range(3):
            _, _, terminated, _, info = env.step(np.zeros(20, np.int8))
            ends.append(terminated)
        assert ends == [False, True, True]
        assert (info["health"], info["is_success"]) == (0.0, 0.0)
