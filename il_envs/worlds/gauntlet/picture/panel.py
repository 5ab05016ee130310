"""Gauntlet's instruments: above all the shares of time for which its buttons were held, beside the
shares that are needed, whose sum is more than 1, the most that one button at a time allows."""

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing.canvas import SIZE, Canvas, Colour, Layer
from il_envs.drawing.neon import colours
from il_envs.drawing.neon.colours import FOE, ME, WARNING
from il_envs.drawing.neon.instruments import paint_banner, paint_lamps, paint_numbers
from il_envs.drawing.panels import FAINT, MARGIN, TEXT, panel
from il_envs.drawing.shapes import box
from il_envs.drawing.text import write
from il_envs.views import States
from il_envs.worlds.gauntlet.dynamics import (
    BUTTONS,
    CONTROL_PERIOD,
    FIRE,
    FORWARD,
    GATE_DISTANCE,
    GATE_HITS,
    RUN_STEP,
    WALL_STEP,
)

NEEDED = {FORWARD: WALL_STEP / RUN_STEP, FIRE: GATE_HITS * WALL_STEP / GATE_DISTANCE}
"""Shares of time for which each button is needed at the wall's pace."""
COLOURS: dict[int, Colour] = {FORWARD: ME, FIRE: colours.ROUNDS}
SCORE, SHARES = 290, (500, 92)  # pixels
LEFT, WHOLE = 84, 160  # pixels: where bars begin, and how long all of the time is
TOP, ROW, THICK = 12, 23, 13  # pixels, of the bars
SLOT: Colour = (40, 42, 56)


def paint(canvas: Canvas, history: States) -> None:
    """Paint all instruments."""
    surface, state = canvas.surface, history[-1]
    lead = float(state["x"] - state["wall"])
    steps_left = canvas.world.dynamics.max_episode_steps - int(state["step"])
    time_left = CONTROL_PERIOD * max(steps_left, 0)
    paint_numbers(surface, SCORE, (
        (52, f"{int(state['gates'])}", "gates", TEXT),
        (140, f"{max(lead, 0.0):.1f} m", "lead", TEXT),
        (236, f"{time_left:.1f} s", "left", TEXT),
    ))  # fmt: skip
    paint_lamps(surface, BUTTONS, len(BUTTONS), state["held"] > 0, SIZE[1] - MARGIN)
    _paint_shares(surface, shares(history))
    if lead <= 0.0:
        paint_banner(surface, "CAUGHT", colours.PAIN)
    elif time_left == 0.0:
        paint_banner(surface, "OUT OF REACH", colours.HEALTH)


def shares(history: States) -> NDArray[np.float64]:
    """The share of the history's steps in which each button was held, [buttons]."""
    held: NDArray[np.float64] = history["held"][1:].sum(axis=0) / max(len(history) - 1, 1)
    return held


def _paint_shares(surface: pygame.Surface, held: NDArray[np.float64]) -> None:
    """A bar for each button that is needed, and below them both, end to end."""
    layer = Layer(SHARES)
    panel(layer)
    corner = complex(SIZE[0] - SHARES[0] - MARGIN, SIZE[1] - SHARES[1] - MARGIN)
    texts: list[tuple[complex, str, int, Colour, str]] = []
    sum_top, total = TOP + ROW * len(NEEDED), 0.0
    for k, (button, needed) in enumerate(NEEDED.items()):
        top, share, line = TOP + ROW * k, float(held[button]), 1j * (TOP + ROW * k + THICK / 2)
        _paint_bar(layer, 0.0, top, 1.0, SLOT)
        _paint_bar(layer, 0.0, top, share, COLOURS[button])
        _paint_bar(layer, total, sum_top, share, COLOURS[button])
        _paint_mark(layer, needed, top, TEXT)
        total += share
        beside = LEFT + WHOLE + line
        texts += [
            (LEFT - 10 + line, BUTTONS[button], 19, FAINT, "midright"),
            (beside + 52, f"{share:.0%}", 22, TEXT if share >= needed else WARNING, "midright"),
            (beside + 66, f"{needed:.0%} needed", 18, FAINT, "midleft"),
        ]
    ends, below = LEFT + WHOLE * sum(NEEDED.values()), 1j * (sum_top + THICK + 11)
    _paint_mark(layer, 1.0, sum_top, FOE)
    _paint_mark(layer, sum(NEEDED.values()), sum_top, TEXT)
    texts += [
        (LEFT - 10 + 1j * (sum_top + THICK / 2), "together", 19, FAINT, "midright"),
        (LEFT + WHOLE - 4 + below, "one button at a time", 17, FOE, "midright"),
        (ends + below, f"{sum(NEEDED.values()):.0%} needed", 18, FAINT, "midleft"),
    ]
    layer.lay_on(surface, (round(corner.real), round(corner.imag)))
    for place, text, size, colour, align in texts:
        write(surface, text, corner + place, size, colour, align)


def _paint_bar(layer: Layer, start: float, top: float, share: float, colour: Colour) -> None:
    """A bar that begins at the share `start` of the time, and is `share` long."""
    if WHOLE * share >= 1.0:
        box(layer, complex(LEFT + WHOLE * start, top), complex(WHOLE * share, THICK), colour)


def _paint_mark(layer: Layer, share: float, top: float, colour: Colour) -> None:
    """A line across a bar."""
    box(layer, complex(LEFT + WHOLE * share - 1, top - 3), complex(2, THICK + 6), colour)
