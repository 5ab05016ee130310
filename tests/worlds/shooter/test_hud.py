"""The shooter's instruments, and its first-person picture."""

import numpy as np
import pygame
import pytest

from il_envs.drawing.canvas import SIZE, Canvas
from il_envs.drawing.neon import lamps
from il_envs.drawing.panels import MARGIN
from il_envs.views import States
from il_envs.worlds.shooter import first_person
from il_envs.worlds.shooter.pad import FORWARD, ROW, USE
from il_envs.worlds.shooter.picture import hud
from il_envs.worlds.shooter.picture.first_person_scene import paint as draw_first_person
from il_envs.worlds.shooter.records import ENEMIES
from tests.worlds.shooter.shooter_histories import PARAMS, WORLD, Picture, picture, still


def first_person_picture(state: np.void) -> Picture:
    canvas = Canvas(WORLD, PARAMS)
    canvas.begin(state)
    draw_first_person(state, PARAMS, canvas)
    return np.ascontiguousarray(pygame.surfarray.array3d(canvas.surface).transpose(1, 0, 2))


def lamp_panel(pixels: Picture, bottom: int) -> Picture:
    height = lamps.height_of(WORLD.spaces.action_names, ROW)
    return pixels[bottom - height : bottom, MARGIN : MARGIN + lamps.WIDTH].copy()


def test_lamps_shine_while_their_buttons_are_held() -> None:
    history = still()
    history["enemies"]["health"] = 0.0
    dark = picture(history)
    panels = [lamp_panel(dark, SIZE[1] - MARGIN)]
    for button in (FORWARD, USE):
        held = history.copy()
        held["held"][-1, button] = 1
        lit = picture(held)
        panels.append(lamp_panel(lit, SIZE[1] - MARGIN))
        assert panels[-1].sum() > panels[0].sum() + 10_000
        reach = 60  # pixels, of the glow around the panel
        top, right = SIZE[1] - MARGIN - len(panels[0]) - reach, MARGIN + lamps.WIDTH + reach
        assert np.array_equal(dark[:top], lit[:top])
        assert np.array_equal(dark[:, right:], lit[:, right:])
    assert not np.array_equal(panels[1], panels[2])


@pytest.mark.parametrize(
    ("field", "value", "rows", "columns"),
    [
        ("health", 55.0, (520, 586), (334, 670)),
        ("shield", 0.4, (520, 586), (334, 670)),
        ("dash", 0.6, (520, 586), (334, 670)),
        ("magazine", 11, (520, 586), (334, 670)),
        ("reserve", 30, (520, 586), (334, 670)),
        ("wave", 3, (14, 70), (14, 276)),
        ("kills", 9, (14, 70), (14, 276)),
        ("step", 43, (14, 70), (14, 276)),
        ("x", 5.0, (14, 164), (796, 946)),
    ],
)
def test_each_instrument_shows_its_number(
    field: str, value: float, rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    state = still()[-1:]
    changed = state.copy()
    changed[field] = value

    def instrument(history: States) -> Picture:
        canvas = Canvas(WORLD, PARAMS)
        hud.paint(history[-1], PARAMS, canvas, np.ones(ENEMIES, bool))
        pixels = pygame.surfarray.array3d(canvas.surface).transpose(1, 0, 2)
        return pixels[slice(*rows), slice(*columns)]

    assert not np.array_equal(instrument(state), instrument(changed))


def test_the_end_is_written_over_the_picture() -> None:
    state = still()[-1:]

    def banner(**fields: float) -> Picture:
        changed = state.copy()
        for name, value in fields.items():
            changed[name] = value
        canvas = Canvas(WORLD, PARAMS)
        hud.paint(changed[0], PARAMS, canvas, np.ones(ENEMIES, bool))
        return pygame.surfarray.array3d(canvas.surface)[280:680, 80:150]

    assert not banner().any()
    ends = [banner(health=0.0), banner(wave=8), banner(step=WORLD.dynamics.max_episode_steps)]
    assert all(end.any() for end in ends)
    assert not np.array_equal(ends[0], ends[1])


def test_the_first_person_picture_is_what_the_player_sees_with_lamps() -> None:
    state = still()[-1].copy()
    pixels = first_person_picture(state)
    seen = np.empty((SIZE[1], SIZE[0], 3), np.uint8)
    first_person.paint(state, PARAMS, seen)
    assert np.array_equal(pixels[100:270, 100:700], seen[100:270, 100:700])
    state["held"][FORWARD] = 1
    lit = first_person_picture(state)
    assert np.array_equal(lit[100:270, 100:700], pixels[100:270, 100:700])
    assert (lit != pixels).any(axis=2).sum() > 1000
