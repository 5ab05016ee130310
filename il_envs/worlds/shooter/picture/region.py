"""The player's view from its place: the first-person view, the enemies in sight, and the light on
the floor."""

from functools import cache, lru_cache

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing.canvas import SIZE
from il_envs.engine.kernels import kept_kernel
from il_envs.kernel import kernel
from il_envs.views import Array
from il_envs.world import Kernel, Record
from il_envs.worlds.shooter import first_person
from il_envs.worlds.shooter.arena import bank
from il_envs.worlds.shooter.picture.camera import SCALE, Camera, Numbers, Points
from il_envs.worlds.shooter.player import eye
from il_envs.worlds.shooter.records import STATE
from il_envs.worlds.shooter.sight import CELL, FAR_AWAY, reach

FIELD = np.pi / 4  # rad, to either side: what the first-person view shows
BESIDE = 6e-4  # rad, from a corner to the rays that pass it on either side
INTO_WALL = 0.5  # m, that light goes into a wall, so that its side is lit
AROUND, AHEAD = 128, 255  # how brightly it is lit, of 255
RADIUS, LEAST = 15.0, 0.12  # m, where light has fallen to that share
COARSE = 3  # pixels of the picture in one of the softened light


def reaches(wall: Array, look: complex, rays: Points, limit: float) -> Numbers:
    """The distance from the eye to the wall along each ray, as a multiple of the ray, at most
    `limit`.

    Args:
        look: place of the eye, m.
        rays: rays, complex [n], m.

    Returns:
        [n].
    """
    out = np.empty(rays.size)
    _cast(wall, look.real, look.imag, rays.real.copy(), rays.imag.copy(), limit, out)
    return out


@kernel
def _cast(wall: Array, x: float, y: float, dx: Array, dy: Array, limit: float, out: Array) -> None:
    for k in range(dx.size):
        out[k] = reach(wall, x, y, dx[k], dy[k], limit)


def seen_enemies(state: Record, arena: Record) -> NDArray[np.bool_]:
    """True for each place of an enemy that holds a living one in sight, bool [ENEMIES]."""
    look = complex(*eye(state, arena))
    enemies = state["enemies"]
    rays = enemies["x"] + 1j * enemies["y"] - look
    seen: NDArray[np.bool_] = enemies["health"] > 0.0
    seen[seen] = reaches(arena["wall"], look, rays[seen], 1.0) >= 1.0
    return seen


def first_person_view(state: Record, params: Array, size: tuple[int, int]) -> pygame.Surface:
    """The first-person view; width and height in pixels."""
    pixels = np.empty((size[1], size[0], 3), np.uint8)
    _paint_first_person()(state, params, pixels)
    return pygame.image.frombuffer(pixels.tobytes(), size, "RGB")


@cache
def _paint_first_person() -> Kernel:
    state = np.zeros(1, STATE)[0]
    state["x"] = state["y"] = CELL
    state["heading_cos"] = 1.0
    example = state, bank("training"), np.zeros((1, 1, 3), np.uint8)
    return kept_kernel("the first-person view", first_person.paint, *example)


def outlines(
    wall: Array, look: complex, heading: complex, corners: Points
) -> tuple[Points, Points]:
    """The outlines of what is seen all around, and of what is seen in the field of view, [n] each.

    Args:
        corners: the corners of the walls, between which the outlines are straight.
    """
    turn = np.angle((corners - look) / heading)
    quarters = np.linspace(-np.pi, np.pi, 9)[:-1]
    turns = np.sort(np.concatenate([turn - BESIDE, turn, turn + BESIDE, quarters, [-FIELD, FIELD]]))
    rays = heading * np.exp(1j * turns)
    outline = look + (reaches(wall, look, rays, FAR_AWAY) + INTO_WALL) * rays
    return outline, np.append(outline[np.abs(turns) <= FIELD], look)


def light_mask(
    camera: Camera, wall: Array, look: complex, heading: complex, corners: Points
) -> pygame.Surface:
    """The brightness of every pixel as a grey picture, with which light is multiplied."""
    sharp = pygame.Surface(SIZE, depth=32)
    shapes = outlines(wall, look, heading, corners)
    for outline, grey in zip(shapes, (AROUND, AHEAD), strict=True):
        points = camera.pixels(outline)
        pygame.draw.polygon(sharp, (grey,) * 3, [(p.real, p.imag) for p in points])
    small = pygame.transform.smoothscale(sharp, (SIZE[0] // COARSE, SIZE[1] // COARSE))
    soft = pygame.transform.smoothscale(small, SIZE, sharp)
    at, falloff = camera.pixels(look), _falloff()
    half = falloff.get_width() / 2
    corner = (round(at.real - half), round(at.imag - half))
    soft.blit(falloff, corner, special_flags=pygame.BLEND_RGB_MULT)
    return soft


@lru_cache(maxsize=1)
def _falloff() -> pygame.Surface:
    """Light that falls off with the distance from the eye; it is large enough to cover the picture
    wherever the eye is."""
    x = np.linspace(-1.0, 1.0, 600)
    away = np.hypot(*SIZE) / SCALE * np.hypot(x[:, None], x[None, :])  # m
    share = LEAST + (1.0 - LEAST) * np.clip(1.0 - away / RADIUS, 0.0, 1.0) ** 1.2
    grey = (255 * share).astype(np.uint8)
    small = pygame.surfarray.make_surface(grey[:, :, None].repeat(3, axis=2))
    return pygame.transform.smoothscale(small, (round(2 * np.hypot(*SIZE)),) * 2)
