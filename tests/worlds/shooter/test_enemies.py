"""The shooter's enemies: waves, ways, when they shoot and where to, cover, and their distances."""

import numpy as np
import pytest
from scipy import stats

from il_envs import WorldEnv, WorldVectorEnv
from il_envs.worlds.shooter import arena, enemies, records
from il_envs.worlds.shooter.arena import HERE, INSIDE
from il_envs.worlds.shooter.enemies import BULLET_SPEED, BURST
from il_envs.worlds.shooter.pad import STRAFE_LEFT
from tests.worlds.shooter.shooting_range import (
    NEVER,
    PLACE,
    add_enemy,
    cell_at,
    living,
    played,
    press,
    sees,
    speed,
    stand,
)

ERROR_RATE = 1e-4  # of each statistical test here, in one run
WAVE_SIZES = [3, 4, 5, 6, 6, 6, 6, 6]


def _free_cells(row):
    return np.flatnonzero(row["wall"][1:-1, 1:-1].ravel() == 0)


def _neighbour_middle(cell, step):
    return np.array(arena.middle(cell + arena.STEP_X[step] * INSIDE + arena.STEP_Y[step]))


def _hunters(split="training", count=12):
    """Environments in which a single enemy and the player stand on free cells of an arena."""
    random = np.random.default_rng(1)
    params = arena.bank(split)
    for k in range(count):
        env = stand(params, arena=k)
        places = [arena.middle(cell) for cell in random.choice(_free_cells(params[k]), 2)]
        env.states[0]["x"], env.states[0]["y"] = places[0]
        yield env, params[k], add_enemy(env, *places[1], rounds=BURST, wait=0)


class TestWaves:
    def test_sizes_pauses_and_success(self):
        env = WorldEnv("Shooter")
        env.reset(seed=0)
        for wave, size in enumerate(WAVE_SIZES):
            assert living(env.states[0]).size == size
            assert env.states[0]["wave"] == wave
            env.states[0]["enemies"]["health"] = 0.0
            outcome = env.step(np.zeros(12, np.int8))
            for _ in range(19 if wave < 7 else 0):
                assert (outcome[2], outcome[4]["is_success"]) == (False, 0.0)
                assert living(env.states[0]).size == 0
                outcome = env.step(np.zeros(12, np.int8))
            if wave < 7:
                assert living(env.states[0]).size == 0
                press(env)
        assert (outcome[2], outcome[3]) == (True, False)
        assert (outcome[4]["is_success"], outcome[4]["wave"]) == (1.0, 8.0)

    def test_a_wave_appears_away_from_the_player_each_enemy_on_a_free_cell_of_its_own(self):
        env = WorldVectorEnv("Shooter", 400)
        env.reset(seed=0)
        for row, state in zip(env.params[env.states["arena"]], env.states, strict=True):
            cells = [cell_at(enemy) for enemy in living(state)]
            assert len(set(cells)) == len(cells) == 3
            assert np.isin(cells, _free_cells(row)).all()
            assert row["distance"][cell_at(state), cells].min() >= 12
            for enemy, cell in zip(living(state), cells, strict=True):
                assert (enemy["x"], enemy["y"]) == arena.middle(cell)
        sides = env.states["enemies"]["side"][:, :3]
        assert stats.binomtest(int((sides == 1.0).sum()), sides.size).pvalue > ERROR_RATE

    def test_players_start_anywhere_free_and_look_anywhere(self):
        env = WorldVectorEnv("Shooter", 2_000, "held_out")
        env.reset(seed=0)
        states = env.states
        counts = np.bincount(states["arena"], minlength=12)
        assert stats.chisquare(counts).pvalue > ERROR_RATE
        for state in states[:300]:
            assert cell_at(state) in _free_cells(env.params[state["arena"]])
            assert (state["x"], state["y"]) == arena.middle(cell_at(state))
        angles = np.arctan2(states["heading_sin"], states["heading_cos"])
        assert stats.kstest(angles, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > ERROR_RATE
        from_axis = np.abs(angles - np.pi / 2 * np.round(angles / (np.pi / 2)))
        assert stats.kstest(from_axis, stats.uniform(0.0, np.pi / 4).cdf).pvalue > ERROR_RATE


class TestMoving:
    def test_it_hunts_along_the_flow_until_it_sees_the_player(self):
        hunted = 0
        for env, row, enemy in _hunters():
            here = cell_at(env.states[0])
            for _ in range(600):
                place, cell = np.array([enemy["x"], enemy["y"]]), cell_at(enemy)
                if sees(row["wall"], *place, env.states[0]["x"], env.states[0]["y"]):
                    break
                press(env)
                way = _neighbour_middle(cell, row["toward"][here, cell]) - place
                velocity = 2.6 * way / np.hypot(*way)
                assert (enemy["vx"], enemy["vy"]) == pytest.approx(tuple(velocity))
                hunted += 1
            else:
                raise AssertionError("it does not find the player")
        assert hunted > 200

    def test_it_goes_to_cover_while_it_reloads_and_waits_there(self):
        moved = 0
        for env, row, enemy in _hunters():
            enemy["rounds"], enemy["wait"] = 0, 120
            here = cell_at(env.states[0])
            for _ in range(119):
                place, cell = np.array([enemy["x"], enemy["y"]]), cell_at(enemy)
                press(env)
                step = row["cover"][here, cell]
                way = _neighbour_middle(cell, step) - place if step != HERE else np.zeros(2)
                velocity = 3.0 * way / max(np.hypot(*way), 1e-9)
                assert (enemy["vx"], enemy["vy"]) == pytest.approx(tuple(velocity))
                moved += step != HERE
            assert row["cover"][here, cell_at(enemy)] == HERE
            assert (enemy["rounds"], enemy["wait"]) == (0, 1)
            press(env)
            assert enemy["rounds"] == BURST
        assert moved > 100

    @pytest.mark.parametrize(
        ("distance", "inward"), [(6.0, 0.0), (7.0, 0.5), (8.5, 1.0), (5.0, -0.5), (1.0, -1.0)]
    )
    @pytest.mark.parametrize("side", [1.0, -1.0])
    def test_it_circles_at_six_metres(self, distance, inward, side):
        env = stand()
        enemy = add_enemy(env, PLACE + distance, PLACE, rounds=BURST, wait=9)
        for _ in range(40):  # it may turn about, which it seldom does
            enemy["x"], enemy["y"], enemy["side"], before = PLACE + distance, PLACE, side, side
            press(env)
            if enemy["side"] == before:
                break
        velocity = 2.0 * np.array([-inward, -side]) / np.hypot(inward, 1.0)
        assert (enemy["vx"], enemy["vy"]) == pytest.approx(tuple(velocity))

    def test_it_turns_about_in_three_of_a_hundred_steps(self):
        env = stand()
        enemy = add_enemy(env, PLACE + 6.0, PLACE, rounds=BURST, wait=NEVER)
        turns, steps = 0, 20_000
        for _ in range(steps):
            side = float(enemy["side"])
            press(env)
            turns += enemy["side"] != side
        assert stats.binomtest(turns, steps, 0.03).pvalue > ERROR_RATE

    @pytest.mark.parametrize("apart", [0.05, 0.5, 1.0])
    def test_two_that_are_too_near_drift_apart(self, apart):
        env = stand()
        first = add_enemy(env, PLACE + 6.0, PLACE)
        second = add_enemy(env, PLACE + 6.0 + apart, PLACE + 1e-3)
        last = 0.0
        for _ in range(40):
            press(env)
            distance = np.hypot(first["x"] - second["x"], first["y"] - second["y"])
            assert distance > last
            last = distance
        assert 1.15 < last < 1.2

    def test_two_that_are_far_enough_do_not(self):
        env = stand()
        pair = [add_enemy(env, PLACE + 6.0 + apart, PLACE) for apart in (0.0, 1.21)]
        press(env)
        assert [speed(enemy) for enemy in pair] == [0.0, 0.0]

    def test_none_is_pushed_to_more_than_four_metres_a_second(self):
        """Two others at 0.1 m from it push with 2.4 m/s each."""
        env = stand()
        pushed = add_enemy(env, PLACE + 6.0, PLACE)
        for _ in range(2):
            add_enemy(env, PLACE + 6.1, PLACE)
        press(env)
        assert (pushed["vx"], pushed["vy"]) == pytest.approx((-4.0, 0.0))


class TestShooting:
    def test_bursts_follow_from_sight_alertness_range_and_waiting(self):
        """Every enemy of 500 steps of play, by its rules written anew."""
        fired, reloaded, rows = 0, 0, None
        for step, (env, _) in enumerate(played("Shooter", 500)):
            if rows is not None:
                for before, after in zip(rows, env.states, strict=True):
                    if after["step"] != before["step"] + 1:
                        continue
                    wall = env.params[before["arena"]]["wall"]
                    for old, new in zip(before["enemies"], after["enemies"], strict=True):
                        if old["health"] == 0.0:
                            continue
                        expected = self._next(wall, before, old)
                        assert (new["alert"], new["rounds"], new["wait"]) == expected
                        fired += new["rounds"] < old["rounds"]
                        reloaded += new["rounds"] > old["rounds"]
            rows = env.states.copy() if step >= 3 else None  # by then nobody stands on a middle
        assert fired > 200
        assert reloaded > 20

    def _next(self, wall, state, enemy):
        """Its alertness, rounds and wait in steps after the next step."""
        is_seen = sees(wall, enemy["x"], enemy["y"], state["x"], state["y"])
        distance = np.hypot(state["x"] - enemy["x"], state["y"] - enemy["y"])
        alert = enemy["alert"] + 1 if is_seen else 0
        wait = max(enemy["wait"] - 1, 0)
        if enemy["rounds"] == 0:
            return alert, 4 if wait == 0 else 0, wait
        if is_seen and distance < 10.0 and alert >= 8 and wait == 0:
            return alert, enemy["rounds"] - 1, 5 if enemy["rounds"] > 1 else 26
        return alert, enemy["rounds"], wait

    def test_a_burst_of_four_rounds_begins_when_it_has_seen_the_player_for_eight_steps(self):
        env = stand()
        enemy = add_enemy(env, PLACE + 9.0, PLACE, rounds=BURST, wait=0)
        rounds = []
        for _ in range(23):
            press(env)
            rounds.append(int(enemy["rounds"]))
        assert rounds == [4] * 7 + [3] * 5 + [2] * 5 + [1] * 5 + [0]

    def test_bullets_leave_the_muzzle_at_their_speed(self):
        env = stand()
        enemy = add_enemy(env, PLACE + 9.0, PLACE, rounds=BURST, wait=0, alert=100)
        muzzle = enemy["x"] - 0.5
        press(env)
        bullet = env.states[0]["bullets"][0]
        assert speed(bullet) == pytest.approx(BULLET_SPEED)
        assert bullet["x"] == pytest.approx(muzzle - BULLET_SPEED * 0.05, abs=2e-3)
        assert bullet["damage"] == enemies.BULLET_DAMAGE

    def test_it_aims_between_the_player_and_where_it_will_be_with_a_small_error(self):
        """At 4,000 players of whom some run: directions are spread as the sum of both draws is."""
        rows, distance = 4_000, 6.0
        env = WorldVectorEnv("Shooter", rows)
        env.reset(seed=0)
        env._params = stand().params
        states = env.states
        states["arena"], states["x"], states["y"] = 0, PLACE, PLACE
        states["heading_cos"], states["heading_sin"] = 1.0, 0.0
        states["enemies"]["health"] = 0.0
        first = states["enemies"][:, 0]
        for field, value in (("x", PLACE + distance), ("y", PLACE), ("health", 60.0)):
            first[field] = value
        first["alert"] = 8
        actions = np.zeros((rows, 12), np.int8)
        actions[rows // 2 :, STRAFE_LEFT] = 1
        env.step(actions)
        assert (states["bullet_count"] == 1).all()
        bullets = states["bullets"][:, 0]
        tangents = bullets["vy"] / -bullets["vx"]
        still, running = tangents[: rows // 2], tangents[rows // 2 :]
        assert stats.kstest(still, stats.uniform(-0.05, 0.1).cdf).pvalue > ERROR_RATE
        lead = 4.0 / BULLET_SPEED  # tangent to where a runner will be when a bullet gets there
        random = np.random.default_rng(0)
        aims, errors = random.uniform(0.0, lead, 100_000), random.uniform(-0.05, 0.05, 100_000)
        expected = (aims - errors) / (1.0 + aims * errors)
        assert stats.ks_2samp(running, expected).pvalue > ERROR_RATE


def test_wave_sizes_sum_to_the_enemies_that_an_episode_can_return():
    assert [enemies.wave_size(wave) for wave in range(enemies.WAVES)] == WAVE_SIZES
    assert max(WAVE_SIZES) == records.ENEMIES
