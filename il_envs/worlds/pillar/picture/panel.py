"""Pillar's instruments: the pillars passed and on which sides, which shows if both are taken."""

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing.canvas import SIZE, Canvas, Colour, Layer
from il_envs.drawing.neon import colours
from il_envs.drawing.neon.colours import ME
from il_envs.drawing.neon.instruments import paint_banner, paint_lamps, paint_numbers
from il_envs.drawing.panels import FAINT, MARGIN, TEXT, panel
from il_envs.drawing.shapes import box, disc, polygon
from il_envs.drawing.text import write
from il_envs.worlds.pillar.dynamics import BUTTONS, CONTROL_PERIOD, PILLARS

LEFT, RIGHT = 1, -1  # sides, as the sign of an offset
SIDE_COLOURS: dict[int, Colour] = {LEFT: ME, RIGHT: colours.ROUNDS}
SCORE, TALLY = 220, (380, 68)  # pixels
EDGE, BAR_TOP, BAR = 16, 30, 8  # pixels: around what is in the tally, and its bar
ROW, STEP = 53, (380 - 2 * 16) / PILLARS  # pixels: where its marks are, and from one to the next
EMPTY: Colour = (46, 48, 58)


def paint(canvas: Canvas, state: np.void, sides: NDArray[np.int64]) -> None:
    """Paint all instruments.

    Args:
        sides: the sides on which the last pillars were passed, as far as the history goes back.
    """
    surface, passed = canvas.surface, int(state["pillars"])
    steps_left = canvas.world.dynamics.max_episode_steps - int(state["step"])
    time_left = CONTROL_PERIOD * max(steps_left, 0)
    paint_numbers(surface, SCORE, (
        (66, f"{passed} / {PILLARS}", "pillars", TEXT),
        (164, f"{time_left:.1f} s", "left", TEXT),
    ))  # fmt: skip
    paint_lamps(surface, BUTTONS, 2, state["held"] > 0, SIZE[1] - MARGIN)
    _paint_tally(surface, passed, sides)
    if state["fallen"]:
        paint_banner(surface, "STUMBLED" if state["ahead"] else "HIT THE PILLAR", colours.PAIN)
    elif time_left == 0.0:
        paint_banner(surface, "ALL PASSED", colours.HEALTH)


def _paint_tally(surface: pygame.Surface, passed: int, sides: NDArray[np.int64]) -> None:
    """Paint the number of pillars passed on either side as a bar, and a mark for each pillar."""
    layer, corner = Layer(TALLY), complex(*SIZE) - complex(*TALLY) - MARGIN * (1 + 1j)
    panel(layer)
    whole, counts = TALLY[0] - 2 * EDGE, [int((sides == side).sum()) for side in SIDE_COLOURS]
    box(layer, EDGE + 1j * BAR_TOP, complex(whole, BAR), EMPTY)
    start = 0.0
    for count, colour in zip(counts, SIDE_COLOURS.values(), strict=True):
        length = whole * count / max(len(sides), 1)
        if count:
            box(layer, EDGE + start + 1j * BAR_TOP, complex(length, BAR), colour)
        start += length
    box(layer, TALLY[0] / 2 - 1 + 1j * (BAR_TOP - 3), 2 + 1j * (BAR + 6), TEXT)
    for k in range(PILLARS):
        middle, told = EDGE + STEP * (k + 0.5) + 1j * ROW, k - (passed - len(sides))
        if told < 0 or k >= passed:
            disc(layer, middle, 3.0, FAINT if k < passed else EMPTY)
        else:
            side = int(sides[told])
            point = middle + -side * np.array([5.0, -4.0 - 5.0j, -4.0 + 5.0j])
            polygon(layer, point, SIDE_COLOURS[side])
    layer.lay_on(surface, (round(corner.real), round(corner.imag)))
    for text, place, align in (
        (f"{counts[0]} left", complex(EDGE), "midleft"),
        (f"right {counts[1]}", complex(TALLY[0] - EDGE), "midright"),
    ):
        side = LEFT if align == "midleft" else RIGHT
        write(surface, text, corner + place + 16j, 20, SIDE_COLOURS[side], align)
    write(surface, "passed on the", corner + TALLY[0] / 2 + 16j, 17, FAINT, "center")
