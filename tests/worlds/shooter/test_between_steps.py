"""The shooter between two steps: bodies in reused places do not fly across the arena."""

import numpy as np

from il_envs.views import States
from il_envs.worlds.shooter.picture import events
from il_envs.worlds.shooter.picture.motion import between
from il_envs.worlds.shooter.records import CONTROL_PERIOD, ENEMY_HEALTH
from tests.worlds.shooter.shooter_histories import PARAMS, expert_history, still


def halfway(pair: States) -> np.void:
    return between(pair[0], pair[1], 0.5, PARAMS)


def flying(pair: States, when: int, place: complex, velocity: complex) -> None:
    """Put one of the enemies' bullets into a state of the pair."""
    pair["bullet_count"][when] = 1
    bullet = pair["bullets"][when, :1]
    bullet["x"], bullet["y"] = place.real, place.imag
    bullet["vx"], bullet["vy"] = velocity.real, velocity.imag


def test_a_new_bullet_in_an_old_place_comes_from_its_gun() -> None:
    pair = still(1)
    start = complex(pair["x"][0], pair["y"][0])
    flying(pair, 0, start + 2.0, -11.0 + 0.0j)
    flying(pair, 1, start + 1.0 + 4.0j + CONTROL_PERIOD * 11.0j, 11.0j)
    (place,) = events.places(events.bullets_of(halfway(pair), own=False))
    assert abs(place - (start + 1.0 + 4.0j + 0.5 * CONTROL_PERIOD * 11.0j)) < 1e-9


def test_an_enemy_that_came_into_an_empty_place_is_there_at_once() -> None:
    pair = still(1)
    for health, expected in (((0.0, ENEMY_HEALTH), 9.0), ((ENEMY_HEALTH, ENEMY_HEALTH), 8.9)):
        pair["enemies"]["health"][:, 1] = health
        pair["enemies"]["x"][:, 1] = (0.0, 9.0) if health[0] == 0.0 else (8.8, 9.0)
        assert abs(halfway(pair)["enemies"]["x"][1] - expected) < 1e-9
    pair["enemies"]["x"][:, 1] = (20.0, 9.0)  # another one, for none is so fast
    assert halfway(pair)["enemies"]["x"][1] == 9.0


def test_bullets_of_a_fight_go_straight_and_no_spark_flies_before_the_end() -> None:
    history = expert_history(seed=1, steps=200)
    wall = PARAMS[history["arena"][0]]["wall"]
    fired = 0
    for k in range(1, len(history)):
        pair = history[k - 1 : k + 1]
        shown = np.stack([pair[0], halfway(pair)])
        for own in (True, False):
            ages = events.ages(shown, own, 0.5)
            assert set(ages.tolist()) <= {0.5, 1.0}
            fired += int((ages == 0.5).sum())
            whole, half = (
                [(end.place, end.velocity) for end in events.ended(part, wall, own, 1, share)]
                for part, share in ((pair, 1.0), (shown, 0.5))
            )
            assert whole == half
    assert fired > 20


def test_another_arena_is_a_jump() -> None:
    pair = still(1)
    pair["arena"][1] = (pair["arena"][0] + 1) % PARAMS.size
    pair["heading_sin"][1], pair["heading_cos"][1] = 1.0, 0.0
    assert halfway(pair).tobytes() == pair[1].tobytes()
