"""The wall that closes in on Gauntlet's runner: a front of light, and what it has swallowed."""

from functools import lru_cache
from math import pi

import numpy as np
import pygame

from il_envs.drawing.canvas import Colour, Layer
from il_envs.drawing.history import scattered
from il_envs.drawing.neon.colours import FOE, SPARK, faded
from il_envs.drawing.neon.light import add_glow, line, mix, streak
from il_envs.drawing.shapes import polygon
from il_envs.worlds.gauntlet.picture.corridor import (
    FAR,
    FOCUS,
    HEIGHT,
    MIDDLE,
    NEAR,
    SKIRTING,
    Camera,
)

TOP = 4.3  # m
SWALLOWED = 560  # pixels, of the corridor behind it
FRAMES = 8  # of what burns in there
GLOW_REACH, BANDS = 4.2, 16  # m of the corridor that it lights, and in how many shades
STRIPS, TONGUES = 14, 9
DARK: Colour = (20, 3, 14)


def paint_glow(light: Layer, camera: Camera, wall: float) -> None:
    """Paint the wall's light on the floor and the side ahead of it."""
    edges = wall + np.linspace(0.0, GLOW_REACH, BANDS + 1)
    for k in range(BANDS):
        share = 0.5 * (1.0 - (k + 0.5) / BANDS) ** 2.2
        start, end = edges[k], edges[k + 1]
        around = np.array([start, end, end, start])
        floor = camera.at(around, 0.0, np.array([NEAR, NEAR, FAR, FAR]))
        side = camera.at(around, np.array([0.0, 0.0, HEIGHT, HEIGHT]), FAR)
        polygon(light, floor, faded(FOE, share))
        polygon(light, side, faded(FOE, 0.7 * share))


def paint_front(
    surface: pygame.Surface, light: Layer, camera: Camera, wall: float, step: int
) -> None:
    """Paint the wall's front, tongues that reach for the runner, and the fire behind it."""
    corners = camera.at(wall, np.array([0.0, TOP, TOP, 0.0]), np.array([NEAR, NEAR, FAR, FAR]))
    if corners.real.max() < -60.0:
        return
    near, near_top, far_top, far = (complex(corner) for corner in corners)
    behind = np.array([near_top, far_top, far_top - 1000.0, near_top - 1000.0])
    pygame.draw.polygon(surface, faded(FOE, 0.26), [(p.real, p.imag) for p in behind])
    fire = _fire(step % FRAMES)
    corner = (round(near.real) - SWALLOWED, round(near.imag) + SKIRTING - fire.get_height())
    surface.blit(fire, corner)
    add_glow(surface, complex(camera.at(wall, 0.5 * TOP, MIDDLE)), 280.0, FOE, 0.5)
    for k in range(STRIPS):
        away = FAR + (NEAR - FAR) * np.array([k, k, k + 1, k + 1]) / STRIPS
        strip = camera.at(wall, np.array([0.0, TOP, TOP, 0.0]), away)
        polygon(light, strip, faded(FOE, 0.35 + 0.4 * scattered(97 * step + 13 * k)))
    for k in range(TONGUES):
        depth, height, length = (scattered(211 * step + 17 * k + part) for part in range(3))
        ahead, up = np.array([0.4 + 1.4 * length**2, 0.0]), TOP * height
        tip, root = camera.at(wall + ahead, up, NEAR + (FAR - NEAR) * depth)
        streak(light, tip, root, 6.0, faded(FOE, 0.9))
    for start, end, width in ((far, far_top, 2.0), (far_top, near_top, 3.0), (near, near_top, 5.0)):
        line(light, start, end, width + 3.0, FOE)
        line(light, start, end, width, SPARK)


@lru_cache(maxsize=FRAMES)
def _fire(frame: int) -> pygame.Surface:
    """The near side of the wall: sparks that rush along towards its front, in the dark."""
    height = round(TOP * FOCUS / NEAR) + SKIRTING
    behind = np.arange(SWALLOWED, 0.0, -1.0)[:, None]  # pixels
    random = np.random.default_rng(0)
    rush = np.zeros((SWALLOWED, height))
    for rows, length in ((26, 330.0), (11, 210.0), (4, 120.0)):  # pixels
        draws = random.random((3, height // rows + 1)).repeat(rows, axis=1)[:, :height]
        begin, pace, strength = draws
        turns = behind / (length * (0.7 + 0.6 * pace)) + begin + frame / FRAMES
        rush += strength * (0.5 + 0.5 * np.cos(2.0 * pi * turns)) ** 8
    heat = np.exp(-behind / 170.0)
    light = mix(
        (DARK, 0.4 + 0.6 * heat),
        (FOE, heat * (0.1 + 0.75 * rush * (0.15 + heat))),
        (SPARK, np.exp(-behind / 16.0)),
    )
    return pygame.surfarray.make_surface(light)
