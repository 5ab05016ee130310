"""The instruments over the shooter's pictures: life, rounds, wave and time, map, first person."""

from functools import lru_cache
from math import ceil

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing import ghosts
from il_envs.drawing.canvas import SIZE, Canvas, Colour, Layer, lay
from il_envs.drawing.neon import colours
from il_envs.drawing.neon.colours import FOE, ME, faded
from il_envs.drawing.neon.instruments import paint_banner, paint_lamps, paint_numbers
from il_envs.drawing.panels import FAINT, MARGIN, RED, TEXT, panel
from il_envs.drawing.shapes import box, disc, polygon
from il_envs.drawing.text import write
from il_envs.views import States
from il_envs.worlds.shooter.arena import HEALTH, SIDE, middle
from il_envs.worlds.shooter.arena import SIZE as ARENA_SIZE
from il_envs.worlds.shooter.enemies import WAVES
from il_envs.worlds.shooter.pad import ROW
from il_envs.worlds.shooter.picture.camera import Points
from il_envs.worlds.shooter.picture.events import places
from il_envs.worlds.shooter.picture.region import first_person_view
from il_envs.worlds.shooter.player import DASH_COST, RELOAD_STEPS
from il_envs.worlds.shooter.records import CONTROL_PERIOD, HEALTH_MAX, MAGAZINE
from il_envs.worlds.shooter.sight import CELL

SCORE = 262  # pixels, width of the panel
HURRY = 10.0  # s, when the time that is left turns red
VITALS, VITALS_MIDDLE = (336, 66), 502  # pixels
LOW = 0.3  # of the health, below which its bar is red
INSET = (256, 192)  # pixels, of the first-person view
MAP, MAP_EDGE = 150, 6  # pixels, a square
MAP_SCALE = (MAP - 2 * MAP_EDGE) / ARENA_SIZE  # pixels per metre
FIELD = np.array([0.0, 5.0 - 5.0j, 6.2 - 2.6j, 6.6, 6.2 + 2.6j, 5.0 + 5.0j])  # m, of view

EMPTY: Colour = (46, 48, 58)
DARK_TEXT: Colour = (6, 12, 14)
MAP_WALL: Colour = (44, 52, 104)


def paint(state: np.void, params: States, canvas: Canvas, seen: NDArray[np.bool_]) -> None:
    """Paint all instruments of the view from above.

    Args:
        seen: whether the player sees each of the enemies, bool [ENEMIES].
    """
    _paint_inset(canvas.surface, state, params)
    _paint_vitals(canvas.surface, state)
    paint_common(state, params, canvas, seen, SIZE[1] - MARGIN)


def paint_common(
    state: np.void, params: States, canvas: Canvas, seen: NDArray[np.bool_], bottom: int
) -> None:
    """Paint what both views have: score, map, the buttons held above a line (pixels), banner."""
    surface, names = canvas.surface, canvas.world.spaces.action_names
    time_left = CONTROL_PERIOD * (canvas.world.dynamics.max_episode_steps - int(state["step"]))
    _paint_score(surface, state, max(time_left, 0.0))
    _paint_map(canvas, state, params[state["arena"]], seen)
    paint_lamps(surface, names, ROW, state["held"][: len(names)] > 0, bottom)
    _paint_banner(surface, state, time_left)


def _paint_inset(surface: pygame.Surface, state: np.void, params: States) -> None:
    """The first-person view."""
    width, height = INSET
    left, top = SIZE[0] - width - MARGIN, SIZE[1] - height - MARGIN
    surface.blit(first_person_view(state, params, INSET), (left, top))
    pygame.draw.rect(surface, colours.WALL_RIM, (left - 2, top - 2, width + 4, height + 4), 2, 6)


def _paint_score(surface: pygame.Surface, state: np.void, time_left: float) -> None:
    """The wave, the enemies killed, and the time that is left (s)."""
    wave = min(int(state["wave"]), WAVES - 1)
    paint_numbers(surface, SCORE, (
        (55, f"wave {wave + 1}", "", TEXT),
        (132, f"{int(state['kills'])}", "kills", TEXT),
        (212, f"{time_left:.1f} s", "left", RED if time_left < HURRY else TEXT),
    ))  # fmt: skip
    layer = Layer((round(8.5 * WAVES), 5))
    for k in range(WAVES):
        is_over, is_now = k < state["wave"], k == state["wave"]
        shade = FOE if is_over else TEXT if is_now else EMPTY
        box(layer, complex(8.5 * k), 6 + 5j, shade, 1.0, 1.5)
    layer.lay_on(surface, (MARGIN + 22, MARGIN + 43))


def _paint_vitals(surface: pygame.Surface, state: np.void) -> None:
    """Health, the energies of shield and dash, and rounds; a magazine fills as it is reloaded."""
    layer = Layer(VITALS)
    corner = complex(VITALS_MIDDLE - VITALS[0] // 2, SIZE[1] - VITALS[1] - MARGIN)
    panel(layer)
    health, reloading = float(state["health"]) / HEALTH_MAX, int(state["reloading"])
    _gauge(layer, 14 + 10j, 174 + 16j, health, RED if health < LOW else colours.HEALTH)
    _gauge(layer, 14 + 33j, 84 + 8j, float(state["shield"]), colours.SHIELD)
    dashes = round(1.0 / DASH_COST)
    for k in range(dashes):
        share = min(max(float(state["dash"]) * dashes - k, 0.0), 1.0)
        shade = colours.DASH if share == 1.0 else faded(colours.DASH, 0.5)
        _gauge(layer, 106 + 84 * k / dashes + 33j, 84 / dashes - 2 + 8j, share, shade)
    shown = MAGAZINE * reloading // RELOAD_STEPS if reloading else int(state["magazine"])
    lit = faded(colours.ROUNDS, 0.6) if reloading else colours.ROUNDS
    for k in range(MAGAZINE):
        row, column = divmod(k, MAGAZINE // 2)
        place = 206 + 5.7 * column + 1j * (37 + 11 * row)
        box(layer, place, 3.5 + 8j, lit if k < shown else EMPTY, 1.0, 1.0)
    layer.lay_on(surface, (round(corner.real), round(corner.imag)))
    beside = ("reloading", colours.ROUNDS) if reloading else (f"/ {int(state['reserve'])}", FAINT)
    for place, text, font, colour in (
        (101 + 19j, f"{ceil(state['health'])}", 22, DARK_TEXT if health > 0.56 else TEXT),
        (56 + 53j, "shield", 18, FAINT),
        (147 + 53j, "dash", 18, FAINT),
        (236 + 21j, f"{int(state['magazine'])}", 36, TEXT if state["magazine"] else RED),
        (288 + 23j, beside[0], 20, beside[1]),
    ):
        write(surface, text, corner + place, font, colour, "center")


def _gauge(layer: Layer, corner: complex, size: complex, share: float, colour: Colour) -> None:
    """A bar from the left, as long as its share."""
    box(layer, corner, size, EMPTY, 1.0, 2.5)
    if share * size.real >= 1.0:
        box(layer, corner, complex(share * size.real, size.imag), colour, 1.0, 2.5)


def _on_map(points: Points) -> Points:
    """Points of the plane (m) on the map, in pixels."""
    return MAP_EDGE * (1 + 1j) + MAP_SCALE * np.conjugate(points - 1j * ARENA_SIZE)


@lru_cache(maxsize=8)
def _walls(wall: bytes) -> pygame.Surface:
    """The map without moving things, given the bytes of the arena's walls."""
    layer = Layer((MAP, MAP), factor=4)
    panel(layer)
    x, y = np.nonzero(np.frombuffer(wall, np.uint8).reshape(SIDE, SIDE))
    for corner in _on_map(CELL * (x + 1j * (y + 1))):
        box(layer, complex(corner), CELL * MAP_SCALE * (1 + 1j), MAP_WALL)
    return layer.sheet()


def _paint_map(canvas: Canvas, state: np.void, arena: np.void, seen: NDArray[np.bool_]) -> None:
    """The whole arena, north up: walls, pickups that are there, enemies, ghosts, the player's
    view."""
    surface, place = canvas.surface, (SIZE[0] - MAP - MARGIN, MARGIN)
    lay(_walls(arena["wall"].tobytes()), surface, place)
    layer = Layer((MAP, MAP))
    player = complex(state["x"], state["y"])
    heading = complex(state["heading_cos"], state["heading_sin"])
    polygon(layer, _on_map(player + heading * FIELD), ME, 0.22)
    for k in np.flatnonzero(state["pickup_wait"] == 0):
        colour = colours.HEALTH if k % 2 == HEALTH else colours.ROUNDS
        spot = _on_map(np.array(complex(*middle(arena["pickup"][k]))))
        disc(layer, complex(spot), 2.2, colour)
    for k in np.flatnonzero(state["enemies"]["health"] > 0.0):
        spot = _on_map(places(state["enemies"][k]))
        disc(layer, complex(spot), 3.2, FOE if seen[k] else faded(FOE, 0.6))
    for ghost, recent, _ in ghosts.present(canvas, steps=2):
        if recent["arena"][-1] == state["arena"]:
            spot = _on_map(np.array(recent["x"][-1] + 1j * recent["y"][-1]))
            disc(layer, complex(spot), 3.6, ghost.colour, 1.0, 1.4)
    disc(layer, complex(_on_map(np.array(player))), 3.6, ME)
    layer.lay_on(surface, place)


def _paint_banner(surface: pygame.Surface, state: np.void, time_left: float) -> None:
    """The outcome of the episode or of a wave, in large letters."""
    if state["health"] == 0.0:
        title, colour = "DOWN", colours.PAIN
    elif state["wave"] == WAVES:
        title, colour = "ALL WAVES CLEARED", colours.HEALTH
    elif state["pause"] > 0 and not (state["enemies"]["health"] > 0.0).any():
        title, colour = f"WAVE {int(state['wave'])} CLEARED", ME
    elif time_left <= 0.0:
        title, colour = "TIME IS UP", colours.ROUNDS
    else:
        return
    paint_banner(surface, title, colour)
