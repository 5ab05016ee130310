"""The shooters' pictures; the first one imports what paints it, so training loads no pygame."""

import numpy as np

from il_envs.canvas import Canvas
from il_envs.world import States


def draw_shooter(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the arena from above."""
    scale, cell = 600 / 27.0, 600 / 18.0
    canvas.surface.fill((12, 12, 22))
    for x, y in np.argwhere(params[state["arena"]]["wall"]):
        canvas.surface.fill((50, 56, 96), (x * cell, 600 - (y + 1) * cell, cell, cell))
    living = state["enemies"][state["enemies"]["health"] > 0.0]
    bullets = state["bullets"][: state["bullet_count"]]
    for bodies, colour in ((living, (255, 62, 92)), (bullets, (255, 168, 60))):
        for body in bodies:
            canvas.surface.fill(colour, (body["x"] * scale - 6, 594 - body["y"] * scale, 12, 12))
    canvas.surface.fill((90, 230, 255), (state["x"] * scale - 8, 592 - state["y"] * scale, 16, 16))


def draw_first_person(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint what the player sees."""
    import pygame

    from il_envs.shooter import first_person

    picture = np.zeros((300, 480, 3), np.uint8)
    first_person.paint(state, params, picture)
    small = pygame.surfarray.make_surface(picture.transpose(1, 0, 2))
    canvas.surface.blit(pygame.transform.scale(small, canvas.surface.get_size()), (0, 0))


def draw_gauntlet(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the corridor from above."""
    canvas.surface.fill((12, 12, 22))
    canvas.surface.fill((90, 230, 255), (480, 300, 16, 16))


def draw_pillar(state: np.void, params: States, canvas: Canvas) -> None:
    canvas.surface.fill((12, 12, 22))
    canvas.surface.fill((90, 230, 255), (480, 300, 16, 16))
