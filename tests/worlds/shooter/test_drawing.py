"""The shooter's picture from above: a pure function of the history, that shows the fight."""

import numpy as np
import pytest
from numpy.typing import NDArray

from il_envs.drawing.canvas import SIZE
from il_envs.views import States
from il_envs.worlds.shooter.arena import CELLS, is_free, middle
from il_envs.worlds.shooter.pad import CROUCH, LEAN_LEFT, WEAPON_4
from il_envs.worlds.shooter.picture import events, region
from il_envs.worlds.shooter.picture.camera import SCALE, follow
from il_envs.worlds.shooter.picture.effects import BLAST_STEPS, SPARK_STEPS, TRAIL_STEPS
from il_envs.worlds.shooter.player import LEAN, MUZZLE, PICKUP_WAIT, eye
from il_envs.worlds.shooter.records import CONTROL_PERIOD, ENEMIES, ENEMY_HEALTH
from il_envs.worlds.shooter.sight import is_clear
from tests.worlds.shooter.shooter_histories import (
    PARAMS,
    Picture,
    enemy_place,
    expert_history,
    picture,
    player_place,
    still,
)


def around(pixels: Picture, history: States, place: complex, size: float) -> NDArray[np.int64]:
    """The square of the picture around a place of the floor; its half side in metres."""
    at, half = follow(history).pixels(place), round(size * SCALE)
    row, column = round(at.imag), round(at.real)
    return pixels[row - half : row + half, column - half : column + half].astype(int)


def difference(first: Picture, second: Picture, history: States, place: complex) -> float:
    """How much brighter the second picture is within half a metre of a place, grey levels."""
    before, after = (around(pixels, history, place, 0.5) for pixels in (first, second))
    return float((after - before).mean())


def test_picture_is_rgb_and_shows_something() -> None:
    pixels = picture(expert_history(steps=30))
    assert pixels.shape == (SIZE[1], SIZE[0], 3)
    assert pixels.dtype == np.uint8
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 1000


def test_nothing_is_drawn_of_before_a_restored_state() -> None:
    whole = expert_history(steps=60)
    later, elsewhere, other_arena = whole.copy(), whole.copy(), whole.copy()
    later["step"][40:] += 7
    elsewhere["x"][:40] += 3.0
    other_arena["arena"][:40] = (whole["arena"][0] + 1) % PARAMS.size
    after = picture(whole[40:])
    assert not np.array_equal(after, picture(whole))
    assert np.array_equal(after, picture(elsewhere))
    assert np.array_equal(after, picture(other_arena))
    assert np.array_equal(picture(later[40:]), picture(later))


def test_an_enemy_behind_a_wall_is_but_an_outline() -> None:
    history = expert_history(steps=0)
    history["enemies"]["health"][:, 1:] = 0.0
    x, y = float(history["x"][0]), float(history["y"][0])
    arena = PARAMS[history["arena"][0]]
    hidden = next(
        complex(*middle(cell))
        for cell in range(CELLS)
        if is_free(arena, cell)
        and not is_clear(arena["wall"], x, y, *middle(cell))
        and abs(complex(*middle(cell)) - complex(x, y)) < 5.0
    )
    history["enemies"]["x"][0, 0], history["enemies"]["y"][0, 0] = hidden.real, hidden.imag
    assert not region.seen_enemies(history[0], arena).any()
    unseen = around(picture(history), history, hidden, 0.5)
    history["enemies"]["health"][0, 0] = 0.0
    nobody = around(picture(history), history, hidden, 0.5)
    seen = around(picture(still()), still(), enemy_place(still()), 0.5)
    assert not np.array_equal(unseen, nobody)
    assert seen.max() > 240
    assert unseen[:, :, 0].max() < 150
    visible = region.seen_enemies(still()[-1], arena)
    assert visible.tolist() == [True] + [False] * (ENEMIES - 1)


def test_muzzle_flashes_in_the_step_that_rounds_leave() -> None:
    history = still()
    fired = history.copy()
    fired["fired"][-1] = 1
    earlier = history.copy()
    earlier["fired"][-10:] = 1
    muzzle = player_place(history) + MUZZLE
    quiet = picture(history)
    assert difference(quiet, picture(fired), history, muzzle) > 20.0
    assert np.array_equal(picture(earlier), quiet)


def test_an_enemy_that_fires_flashes() -> None:
    history = still()
    history["enemies"]["rounds"][:, 0] = 3
    fired, earlier = history.copy(), history.copy()
    fired["enemies"]["rounds"][:-1, 0] = 4
    earlier["enemies"]["rounds"][:-10, 0] = 4
    quiet = picture(history)
    assert difference(quiet, picture(fired), history, enemy_place(history)) > 5.0
    assert np.array_equal(picture(earlier), quiet)


def test_a_hit_enemy_flashes() -> None:
    history = still()
    history["enemies"]["health"][:, 0] = ENEMY_HEALTH / 2
    hit, earlier = history.copy(), history.copy()
    hit["enemies"]["health"][:-1, 0] = ENEMY_HEALTH
    earlier["enemies"]["health"][:-10, 0] = ENEMY_HEALTH
    quiet = picture(history)
    assert difference(quiet, picture(hit), history, enemy_place(history)) > 15.0
    assert np.array_equal(picture(earlier), quiet)


def test_a_dead_enemy_is_gone_after_its_explosion() -> None:
    history = still(100)
    alone = history.copy()
    alone["enemies"]["health"] = 0.0
    place, nobody = enemy_place(history), picture(alone)

    def died(steps_ago: int) -> Picture:
        changed = history.copy()
        changed["enemies"]["health"][-1 - steps_ago :] = 0.0
        return picture(changed)

    assert difference(nobody, picture(history), history, place) > 10.0
    flash = difference(nobody, died(0), history, place)
    assert flash > 40.0
    later = difference(nobody, died(BLAST_STEPS // 2), history, place)
    assert 2.0 < later < flash
    embers = around(died(90), history, place, 0.4) - around(nobody, history, place, 0.4)
    assert embers.max() < 40
    assert embers.sum() > 0


def test_shots_of_both_sides_leave_tracers_and_sparks() -> None:
    history = still()
    wall = PARAMS[history["arena"][0]]["wall"]
    place = player_place(history)
    for kind, count in (("shots", "shot_count"), ("bullets", "bullet_count")):
        flying = history.copy()
        flying[count][-2:] = 1
        bullet = flying[kind][-2:, 0]
        bullet["x"], bullet["y"], bullet["vx"] = (place + 1.5).real, place.imag, -12.0
        bullet["x"][0] += 12.0 * CONTROL_PERIOD
        head = place + 1.5
        assert difference(picture(history), picture(flying), history, head) > 10.0
        gone = history.copy()
        gone[count][-2], gone[kind][-2, 0] = 1, flying[kind][-2, 0]
        (end,) = events.ended(gone, wall, own=kind == "shots", steps=3)
        assert end.age == 0
        sparks = picture(gone)
        assert difference(picture(history), sparks, history, end.place) > 5.0
        after = np.concatenate([gone, history[:SPARK_STEPS]])
        after["step"] = np.arange(len(after))
        still_later = np.concatenate([history, history[:SPARK_STEPS]])
        still_later["step"] = np.arange(len(after))
        assert np.array_equal(picture(after), picture(still_later))


def test_a_dash_leaves_a_trail_that_fades() -> None:
    history = still()
    history["x"][:20] -= 0.4
    dashed, long_ago = history.copy(), history.copy()
    dashed["dashing"][20] = 1
    back = player_place(history) - 0.4
    trail = picture(dashed[:22])
    assert difference(picture(history[:22]), trail, history[:22], back) > 8.0
    long_ago["dashing"][20] = 1
    assert len(history) - 20 > TRAIL_STEPS
    assert np.array_equal(picture(long_ago), picture(history))


def test_damage_and_weakness_redden_the_edges() -> None:
    history = still()

    def redness(**fields: float) -> float:
        changed = history.copy()
        for name, value in fields.items():
            changed[name][-1] = value
        edge = picture(changed)[250:350, :20].astype(int)
        return float((edge[:, :, 0] - edge[:, :, 1]).mean())

    unhurt = redness()
    assert redness(damage_taken=16.0) > unhurt + 20.0
    assert redness(health=5.0) > unhurt + 20.0
    assert redness(health=60.0) == unhurt


@pytest.mark.parametrize(
    ("field", "value"),
    [("shielded", 1), ("reloading", 9), ("heading_sin", 1.0), ("health", 0.0)],
)
def test_the_player_shows_what_it_does(field: str, value: float) -> None:
    history = still()
    changed = history.copy()
    changed[field][-1] = value
    place = player_place(history)
    before, after = (around(picture(h), history, place, 0.8) for h in (history, changed))
    assert (np.abs(after - before).max(axis=2) > 40).sum() > 60


@pytest.mark.parametrize("button", [LEAN_LEFT, CROUCH, WEAPON_4])
def test_buttons_of_the_full_pad_show_on_the_body(button: int) -> None:
    history = still()
    changed = history.copy()
    changed["held"][-1, button] = 1
    place = player_place(history)
    before, after = (around(picture(h), history, place, 0.8) for h in (history, changed))
    assert (np.abs(after - before).max(axis=2) > 40).sum() > 30


def test_the_body_leans_with_the_eye() -> None:
    history = still()
    history["held"][:, LEAN_LEFT] = 1
    x, y = eye(history[-1], PARAMS[history["arena"][0]])
    assert complex(x, y) == player_place(history) + 1j * LEAN
    feet = player_place(history)
    aside = feet + 1j * LEAN

    def white(history: States, place: complex) -> float:  # of the visor, where all else is cyan
        return float(around(picture(history), history, place, 0.1)[:, :, 0].mean())

    assert white(history, aside) > white(history, feet) + 20.0
    assert white(still(), feet) > white(still(), aside) + 20.0


def test_pickups_come_back_and_are_taken_with_rings() -> None:
    history = still()
    place = complex(*middle(PARAMS[history["arena"][0]]["pickup"][0]))
    history["x"], history["y"] = place.real - 0.5, place.imag
    history["enemies"]["health"] = 0.0

    def seen(**fields: int) -> NDArray[np.int64]:
        changed = history.copy()
        for name, value in fields.items():
            changed[name][-1] = value
        return around(picture(changed), history, place, 1.0)

    ready = seen()
    half, quarter = (seen(pickup_wait=PICKUP_WAIT // k) for k in (2, 4))
    assert ready[:, :, 1].sum() > 1.2 * half[:, :, 1].sum()
    assert quarter[:, :, 1].sum() > half[:, :, 1].sum()
    assert seen(using=6)[:, :, 1].sum() > seen(using=2)[:, :, 1].sum() > ready[:, :, 1].sum()
