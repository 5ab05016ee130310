"""What the shooter's pictures are made from: camera, light, events told from states, the mouse."""

import numpy as np
import pygame
import pytest

from il_envs.drawing.canvas import SIZE, Canvas
from il_envs.drawing.neon import lamps
from il_envs.drawing.panels import MARGIN
from il_envs.worlds.shooter.arena import CELLS, is_free, middle
from il_envs.worlds.shooter.picture import events, hud, region
from il_envs.worlds.shooter.picture.camera import follow, positions
from il_envs.worlds.shooter.picture.ground import ground_of
from il_envs.worlds.shooter.picture.pointer import STEP_TURN, aim_first_person, aim_from_above
from il_envs.worlds.shooter.records import ENEMIES
from il_envs.worlds.shooter.sight import CELL, is_clear
from tests.worlds.shooter.shooter_histories import PARAMS, WORLD, expert_history, still


def test_the_camera_follows_smoothly_and_never_loses_the_player() -> None:
    history = expert_history(steps=400)
    cameras = [follow(history[: k + 1]) for k in range(len(history))]
    targets = np.array([camera.target for camera in cameras])
    assert np.abs(np.diff(targets))[10:].max() < 0.5  # m in a step, in which a dash goes 0.6 m
    at = np.array([c.pixels(p) for c, p in zip(cameras, positions(history), strict=True)])
    assert (at.real > 200).all()
    assert (at.real < SIZE[0] - 200).all()
    assert (at.imag > 100).all()
    assert (at.imag < SIZE[1] - 130).all()
    assert cameras[-1].point(cameras[-1].pixels(3.0 + 4.0j)) == pytest.approx(3.0 + 4.0j)


@pytest.mark.parametrize("heading", [1.0, 1.0j, -1.0, -1.0j])
@pytest.mark.parametrize("place", [2 + 2j, 2 + 25j, 25 + 2j, 25 + 25j])  # m, corners of the arena
def test_no_instrument_is_over_the_player(place: complex, heading: complex) -> None:
    state = still(0)
    state["x"], state["y"] = place.real, place.imag
    state["heading_cos"], state["heading_sin"] = complex(heading).real, complex(heading).imag
    at = follow(state).pixels(place)
    assert MARGIN + lamps.WIDTH < at.real < SIZE[0] - MARGIN - hud.INSET[0]
    assert 80 < at.imag < SIZE[1] - MARGIN - hud.VITALS[1] - 20


def test_what_walls_hide_is_dark_and_what_is_seen_is_lit() -> None:
    state = still(0)[0]
    wall = PARAMS[state["arena"]]["wall"]
    look, heading = complex(state["x"], state["y"]), 1.0 + 0.0j
    camera = follow(still(0))
    corners = ground_of(PARAMS[state["arena"]].tobytes()).corners
    mask = pygame.surfarray.array3d(region.light_mask(camera, wall, look, heading, corners))[..., 0]
    lit, dark = [], []
    for cell in range(CELLS):
        place = complex(*middle(cell))
        at = camera.pixels(place)
        if not (
            is_free(PARAMS[state["arena"]], cell) and 0 <= at.real < 960 and 0 <= at.imag < 600
        ):
            continue
        near = [place + 0.4 * (dx + 1j * dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
        seen = [is_clear(wall, look.real, look.imag, p.real, p.imag) for p in near]
        level = int(mask[int(at.real), int(at.imag)])
        if all(seen):
            lit.append(level)
        elif not any(seen):
            dark.append(level)
    assert len(lit) > 10
    assert len(dark) > 10
    assert min(lit) > 20
    assert max(dark) < 8


def test_every_death_and_arrival_is_told_by_the_states() -> None:
    history = expert_history(seed=1, steps=700)
    assert history["kills"][-1] > 5
    deaths = events.deaths(history)
    assert len(deaths) == history["kills"][-1]
    for death in deaths:
        step = len(history) - 1 - death.age
        assert history["kills"][step] > history["kills"][step - 1]
        assert history["enemies"]["health"][step, death.number] == 0.0
    hits = np.abs(np.diff(history["enemies"]["health"], axis=0)[np.diff(history["hits"]) > 0])
    assert len(events.hits(history)) > 0.5 * len(hits)
    waves = int(history["wave"][-1])
    assert len(events.arrivals(history)) == sum(min(4 + k, ENEMIES) for k in range(waves))


def test_bullets_end_in_bodies_as_often_as_they_hit() -> None:
    history = expert_history(seed=1, steps=700)
    wall = PARAMS[history["arena"][0]]["wall"]
    ends = list(events.ended(history, wall, own=True, steps=len(history)))
    in_bodies = sum(end.in_body for end in ends)
    assert abs(in_bodies - history["hits"][-1]) < 0.1 * history["hits"][-1]
    for end in ends:
        x, y = int(end.place.real / CELL), int(end.place.imag / CELL)
        assert end.in_body or wall[x - 1 : x + 2, y - 1 : y + 2].any()  # beside a wall


def test_the_pointer_from_above_turns_the_player_until_it_faces_the_place() -> None:
    canvas, history = Canvas(WORLD, PARAMS), still()
    state = history[-1].copy()
    for angle in (0.2, 3.0, -2.0, -0.2):
        target = complex(state["x"], state["y"]) + 3.0 * np.exp(1j * angle)
        state["heading_cos"], state["heading_sin"] = 1.0, 0.0
        keys, steps = ("?",), 0
        while keys:
            canvas.begin(state)
            at = follow(canvas.history).pixels(target)
            keys = aim_from_above(state, PARAMS, canvas, (round(at.real), round(at.imag)), False)
            heading = complex(state["heading_cos"], state["heading_sin"])
            if keys:
                assert keys == (("left",) if angle > 0.0 else ("right",))
                heading *= np.exp(1j * STEP_TURN * (1.0 if keys == ("left",) else -1.0))
                state["heading_cos"], state["heading_sin"] = heading.real, heading.imag
            steps += 1
            assert steps < 40
        assert abs(np.angle(np.exp(1j * angle) / heading)) < 0.51 * STEP_TURN + 0.01
        assert aim_from_above(state, PARAMS, canvas, (round(at.real), round(at.imag)), True) == (
            "space",
        )


def test_the_pointer_in_first_person_turns_while_it_is_off_the_middle() -> None:
    canvas, state = Canvas(WORLD, PARAMS), still()[-1]
    places = {(480, 10): (), (100, 300): ("left",), (700, 300): ("right",), (500, 300): ()}
    for place, keys in places.items():
        assert aim_first_person(state, PARAMS, canvas, place, False) == keys
        assert aim_first_person(state, PARAMS, canvas, place, True) == ("space", *keys)
