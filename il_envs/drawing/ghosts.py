"""Ghosts in a picture: where they are, translucent figures in their colours, and their names."""

from collections.abc import Iterator
from pkgutil import resolve_name

import numpy as np
import pygame

from il_envs.drawing.canvas import Canvas, Colour, Ghost, Layer, lay
from il_envs.drawing.panels import panel
from il_envs.drawing.text import lettering, write
from il_envs.views import States

OPACITY = 0.6
PLAIN, DETAIL = 0.45, 0.55  # shares of a figure's light: its outline filled, and its own light
FONT = 18  # pixels


def present(canvas: Canvas, steps: int = 0) -> Iterator[tuple[Ghost, States, float]]:
    """Each ghost, its recent states with the one that is to be drawn last, and how far that is from
    the state before it to the next one.

    A ghost whose episode has ended stays where it ended.

    Args:
        steps: of how many states, at most, at least 2; 0 for all of them.
    """
    for ghost in canvas.ghosts:
        recent, share = ghost.history[-steps:].copy(), 1.0
        if len(recent) > 1 and ghost.share is not None:
            share = ghost.share
        elif len(recent) > 1 and recent["step"][-1] == canvas.history["step"][-1]:
            share = canvas.share
        if canvas.view.between is not None and share < 1.0:
            between = resolve_name(canvas.view.between)
            recent[-1] = between(recent[-2], recent[-1], share, canvas.params)
        yield ghost, recent, share


def lay_ghost(
    sheet: pygame.Surface, target: pygame.Surface, place: complex, colour: Colour
) -> None:
    """Lay a premultiplied sheet with a figure on a picture, translucent and in another colour.

    Args:
        place: its top left corner, pixels.
    """
    figure = sheet.copy()
    light = pygame.surfarray.pixels3d(figure)
    alpha = pygame.surfarray.array_alpha(sheet)
    shade = PLAIN * alpha + DETAIL * light.mean(axis=2)
    light[:] = (OPACITY / 255.0) * shade[:, :, None] * np.array(colour)
    del light
    pygame.surfarray.pixels_alpha(figure)[:] = OPACITY * alpha
    lay(figure, target, (round(place.real), round(place.imag)))


def lay_layer(
    layer: Layer, target: pygame.Surface, position: tuple[int, int], colour: Colour
) -> None:
    """The same with what has been painted on a layer, whose top left corner is at `position`."""
    sheet, place = layer.cutting()
    if sheet is not None:
        lay_ghost(sheet, target, complex(*place.move(position).topleft), colour)


def write_name(surface: pygame.Surface, ghost: Ghost, place: complex) -> None:
    """Write the name of a ghost above a place, pixels."""
    size = (lettering(ghost.name, FONT, ghost.colour).get_width() + 12, FONT)
    left = place - size[0] / 2 - 1j * FONT
    layer = Layer(size)
    panel(layer, 0.65, FONT / 2)
    layer.lay_on(surface, (round(left.real), round(left.imag)))
    write(surface, ghost.name, place - 0.5j * FONT, FONT, ghost.colour, "center")
