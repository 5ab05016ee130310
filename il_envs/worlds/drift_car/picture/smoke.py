"""Smoke of the rear tyres, seen from above."""

from functools import lru_cache

import numpy as np
import pygame

from il_envs.drawing.canvas import Colour
from il_envs.drawing.history import scattered
from il_envs.views import States
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.picture.car import WHEEL_TRACK
from il_envs.worlds.drift_car.picture.ground import SCALE, Numbers, Points

SMOKE: Colour = (226, 226, 224)
SMOKE_STEPS = 30  # that a puff lives
SMOKE_LIFE = SMOKE_STEPS * car.CONTROL_PERIOD  # s
SMOKE_SPEED_START, SMOKE_SPEED_RANGE = 1.5, 6.0  # m/s, of sideways sliding at the rear
PUFFS = 3  # a wheel a step


def paint_smoke(
    surface: pygame.Surface,
    history: States,
    positions: Points,
    headings: Points,
    sliding: Numbers,
    share: float,
) -> None:
    """Puffs from the rear tyres, growing and thinning as they age.

    Args:
        positions: where the car was, m from the picture's top left corner, [n].
        headings: unit vectors, [n].
        sliding: how much the rear tyres slid, from 0 to 1, [n].
        share: how far the present is from the state before the last one to the last one.
    """
    last = len(history) - 1
    for k in range(max(1, last - SMOKE_STEPS), last + 1):
        slide = history["lateral_speed"][k] - car.REAR_AXLE * history["yaw_rate"][k]
        fast = np.clip((np.abs(slide) - SMOKE_SPEED_START) / SMOKE_SPEED_RANGE, 0.0, 1.0)
        amount = float(fast * sliding[k])
        if amount == 0.0:
            continue
        velocity = headings[k] * (history["forward_speed"][k] + 1j * slide)
        for puff in range(PUFFS):
            back = car.CONTROL_PERIOD * (puff + 0.5) / PUFFS
            age = car.CONTROL_PERIOD * (last - k) + back - car.CONTROL_PERIOD * (1.0 - share)
            spent = age / SMOKE_LIFE
            if not 0.0 <= spent < 1.0:
                continue
            if k == last:
                back = age  # the car is not yet where the step ends
            for wheel, side in enumerate((WHEEL_TRACK, -WHEEL_TRACK)):
                number = 2 * PUFFS * int(history["step"][k]) + 2 * puff + wheel
                chance = scattered(number)
                turn = np.exp(2j * np.pi * (97.0 * chance % 1.0))
                place = positions[k] + headings[k] * (1j * side - car.REAR_AXLE - 0.1)
                place += velocity * (0.22 * SMOKE_LIFE * (1.0 - np.exp(-3.0 * spent)) - back)
                place += (0.15 + 0.9 * spent) * turn
                radius = (0.35 + 1.75 * np.sqrt(spent)) * (0.7 + 0.6 * chance)
                opacity = 0.40 * amount * (1.0 - spent) ** 1.4
                sprite = _puff(round(radius * SCALE), round(64 * opacity))
                middle = sprite.get_width() / 2
                surface.blit(sprite, (place.real * SCALE - middle, -place.imag * SCALE - middle))


@lru_cache(maxsize=1024)
def _puff(radius: int, strength: int) -> pygame.Surface:
    """A soft round cloud; radius in pixels, opacity in 64ths."""
    x = (np.arange(2 * radius) + 0.5) / radius - 1.0
    profile = np.clip(1.0 - x[:, None] ** 2 - x[None, :] ** 2, 0.0, 1.0) ** 1.3
    sprite = pygame.Surface((2 * radius, 2 * radius), pygame.SRCALPHA)
    sprite.fill(SMOKE)
    pygame.surfarray.pixels_alpha(sprite)[:] = (255 * strength / 64 * profile).astype(np.uint8)
    return sprite
