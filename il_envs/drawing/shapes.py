"""Discs, bars, polygons and strokes on a `Layer`; points are complex, in pixels right and down."""

from typing import Any

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing.canvas import Colour, Layer, premultiplied

Points = NDArray[np.complexfloating[Any, Any]]
Numbers = NDArray[np.float64]


def mirrored(*half: complex) -> NDArray[np.complex128]:
    """A symmetric outline, given by its left half from front to back."""
    return np.array([*half, *(point.conjugate() for point in reversed(half))])


def disc(
    layer: Layer, middle: complex, radius: float, colour: Colour, opacity: float = 1.0,
    width: float = 0.0,
) -> None:  # fmt: skip
    """A disc, or if a width is given a ring of that width inside its edge."""
    factor = layer.factor
    at = (middle.real * factor, middle.imag * factor)
    shade = premultiplied(colour, opacity)
    layer.paint(pygame.draw.circle, shade, at, radius * factor, round(width * factor))


def polygon(
    layer: Layer,
    points: Points,
    colour: Colour,
    opacity: float = 1.0,
) -> None:
    """A polygon with these corners."""
    shade = premultiplied(colour, opacity)
    layer.paint(pygame.draw.polygon, shade, corners(points * layer.factor))


def corners(points: Points) -> list[list[float]]:
    """Points as pygame has them: [right, down] each."""
    pairs = np.ascontiguousarray(points, np.complex128).view(np.float64)
    listed: list[list[float]] = pairs.reshape(-1, 2).tolist()
    return listed


def bar(layer: Layer, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    """An upright rectangle; nothing is painted if it has no width or height."""
    if left != right and top != bottom:
        outline = [left + 1j * top, right + 1j * top, right + 1j * bottom, left + 1j * bottom]
        polygon(layer, np.array(outline), colour)


def box(
    layer: Layer, corner: complex, size: complex, colour: Colour, opacity: float = 1.0,
    rounding: float = 0.0, thickness: float = 0.0,
) -> None:  # fmt: skip
    """An upright rectangle with its top left corner at `corner`; if a thickness is given, only a
    frame along its inside."""
    factor = layer.factor
    place = pygame.Rect(
        round(corner.real * factor), round(corner.imag * factor),
        round(size.real * factor), round(size.imag * factor),
    )  # fmt: skip
    shade = premultiplied(colour, opacity)
    layer.paint(pygame.draw.rect, shade, place, round(thickness * factor), round(rounding * factor))


def stroke(
    layer: Layer, points: Points, width: Numbers | float, colour: Colour, opacity: Numbers | float
) -> None:
    """A line with round corners and ends; width and opacity may differ from point to point."""
    if points.size == 0:
        return
    width, opacity = np.broadcast_to(width, points.shape), np.broadcast_to(opacity, points.shape)
    normal = np.diff(points)
    normal = 0.5j * normal / np.maximum(np.abs(normal), 1e-9)
    disc(layer, complex(points[0]), float(width[0]) / 2, colour, float(opacity[0]))
    for k in range(1, points.size):
        start, end = normal[k - 1] * width[k - 1], normal[k - 1] * width[k]
        quad = np.array(
            [points[k - 1] + start, points[k] + end, points[k] - end, points[k - 1] - start]
        )
        polygon(layer, quad, colour, float(opacity[k]))
        disc(layer, complex(points[k]), float(width[k]) / 2, colour, float(opacity[k]))


def arrow(
    layer: Layer, tail: complex, tip: complex, width: float, colour: Colour, casing: float = 0.0
) -> None:
    """An arrow with a shaft `width` wide and a head three times as wide, enlarged by `casing` all
    around."""
    length = abs(tip - tail)
    ahead = (tip - tail) / max(length, 1e-9)
    head = min(2.6 * width, 0.75 * length)
    neck = tip - head * ahead
    stroke(layer, np.array([tail, neck]), width + 2.0 * casing, colour, 1.0)
    wing = 1.6j * width * ahead
    if casing:
        outline = np.array([tip, neck + wing, neck - wing, tip])
        stroke(layer, outline, 2.0 * casing, colour, 1.0)
    polygon(layer, np.array([tip, neck + wing, neck - wing]), colour)
