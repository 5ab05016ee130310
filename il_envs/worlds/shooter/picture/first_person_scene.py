"""The shooter as the player sees it: the first-person view as large as the picture."""

from math import ceil

import numpy as np
import pygame

from il_envs.drawing.canvas import SIZE, Canvas
from il_envs.drawing.neon import colours
from il_envs.drawing.panels import TEXT
from il_envs.drawing.text import write
from il_envs.views import States
from il_envs.worlds.shooter.picture import hud
from il_envs.worlds.shooter.picture.region import first_person_view, seen_enemies

BARS = 50  # pixels, height of the bars at the bottom of the view
NUMBERS, FONT = SIZE[1] - BARS - 14, 30  # pixels, where numbers are, and their size
CROSSHAIR = (5, 12)  # pixels, from the middle


def paint(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the picture of a state."""
    surface = canvas.surface
    surface.blit(first_person_view(state, params, SIZE), (0, 0))
    middle = complex(*SIZE) / 2
    for ray in (1, 1j, -1, -1j):
        start, end = (middle + ray * length for length in CROSSHAIR)
        pygame.draw.line(surface, TEXT, (start.real, start.imag), (end.real, end.imag), 2)
    health = f"{ceil(state['health'])}"
    rounds = f"{int(state['magazine'])} / {int(state['reserve'])}"
    write(surface, health, SIZE[0] / 2 - 60 + 1j * NUMBERS, FONT, colours.HEALTH, "midright")
    write(surface, rounds, SIZE[0] - 12 + 1j * NUMBERS, FONT, colours.ROUNDS, "midright")
    seen = seen_enemies(state, params[state["arena"]])
    hud.paint_common(state, params, canvas, seen, SIZE[1] - BARS)
