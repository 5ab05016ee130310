"""The panel beside Duel's arena: the score, the situation, the expert's likeliest chords, and the
buttons held."""

import numpy as np
import pygame

from il_envs.drawing.canvas import SIZE, Canvas, Colour, Layer
from il_envs.drawing.neon import lamps
from il_envs.drawing.neon.colours import BRIGHT, DIM, FOE, LINE, ME, WARNING, faded
from il_envs.drawing.panels import MARGIN, panel
from il_envs.drawing.shapes import box
from il_envs.drawing.text import write
from il_envs.views import States
from il_envs.worlds.duel.rules import (
    BUTTONS,
    CHORDS,
    FIRES,
    HORIZON,
    MAGAZINE,
    PHASES,
    WINDS_UP,
    chord_name,
    situation,
)

WIDTH = lamps.WIDTH
LEFT, TOP = SIZE[0] - WIDTH - MARGIN, MARGIN  # pixels
EDGE = 18  # pixels, from the panel's edge to what is in it
INNER = WIDTH - 2 * EDGE
SHOWN = 6  # of the expert's chords
CHORD_ROW = 30  # pixels
SHORT = 278  # pixels, height of the panel without them


def paint(canvas: Canvas, state: np.void, params: States) -> None:
    """Paint everything beside the arena; the panel is shorter without the expert's chords."""
    surface, corner = canvas.surface, complex(LEFT + EDGE, TOP)
    shown = SHOWN if canvas.shows_expert else 0
    probability = expert_probability(state, params)
    likeliest = np.argsort(-probability, kind="stable")[:shown]
    lamps_top = SIZE[1] - MARGIN - lamps.height_of(BUTTONS, len(BUTTONS))
    height = lamps_top - MARGIN - TOP if canvas.shows_expert else SHORT
    layer = Layer((WIDTH, height))
    panel(layer)
    box(layer, EDGE + 62j, INNER + 5j, faded(LINE, 0.6), 1.0, 2.5)
    done = INNER * min(int(state["step"]) / HORIZON, 1.0)
    if done >= 5.0:
        box(layer, EDGE + 62j, done + 5j, ME, 1.0, 2.5)
    for k, chord in enumerate(likeliest):
        place = EDGE + 1j * (height - 18 + (k - SHOWN) * CHORD_ROW)
        box(layer, place, INNER + 1j * (CHORD_ROW - 5), faded(LINE, 0.35), 1.0, 5.0)
        if (share := round(INNER * probability[chord])) > 0:
            box(layer, place, share + 1j * (CHORD_ROW - 5), faded(ME, 0.4), 1.0, 5.0)
    layer.lay_on(surface, (LEFT, TOP))
    write(surface, canvas.world.name, corner + 34j, 36, BRIGHT)
    write(surface, f"step {state['step']} / {HORIZON}", corner + INNER + 36j, 20, DIM, "midright")
    _write_score(surface, corner + 118j, int(state["hits_given"]), int(state["hits_taken"]))
    _write_situation(surface, corner + 202j, state)
    below = corner + 1j * height
    top = below - 1j * (18 + SHOWN * CHORD_ROW)
    if canvas.shows_expert:
        write(surface, "the expert would press", top - 14j, 18, DIM)
    for k, chord in enumerate(likeliest):
        line = top + 1j * (k * CHORD_ROW + (CHORD_ROW - 5) / 2)
        write(surface, chord_name(int(chord)), line + 10, 18, BRIGHT)
        share = f"{100.0 * probability[chord]:.0f} %"
        write(surface, share, line + INNER - 10, 18, BRIGHT, "midright")
    lamps.paint(surface, (LEFT, lamps_top), BUTTONS, len(BUTTONS), CHORDS[state["chord"]] > 0)


def expert_probability(state: np.void, params: States) -> np.ndarray:
    """The expert's probability of each chord in this situation at this step, float64 [2^K]."""
    cumulative = params[state["situation"]]["policy"][min(int(state["step"]), HORIZON - 1)]
    return np.diff(cumulative.astype(np.float64), prepend=0.0)


def _write_score(surface: pygame.Surface, corner: complex, given: int, taken: int) -> None:
    total = f"{given - taken:+d}".replace("-", "\N{MINUS SIGN}") if given != taken else "0"
    columns: tuple[tuple[float, str, str, int, Colour], ...] = (
        (0.16, str(given), "hits given", 46, ME),
        (0.5, total, "return", 58, BRIGHT),
        (0.84, str(taken), "hits taken", 46, FOE),
    )
    for share, number, label, size, colour in columns:
        write(surface, number, corner + share * INNER, size, colour, "center")
        write(surface, label, corner + share * INNER + 38j, 18, DIM, "center")


def _write_situation(surface: pygame.Surface, corner: complex, state: np.void) -> None:
    now = situation(state["situation"])
    phase_colour = {WINDS_UP: WARNING, FIRES: FOE}.get(int(now.phase), BRIGHT)
    rows: tuple[tuple[str, str, Colour], ...] = (
        ("opponent", PHASES[now.phase], phase_colour),
        ("magazine", f"{now.rounds} of {MAGAZINE} rounds", BRIGHT if now.rounds else WARNING),
        ("shield", "whole" if now.shield else "broken", BRIGHT if now.shield else WARNING),
    )
    for k, (label, text, colour) in enumerate(rows):
        write(surface, label, corner + 24j * k, 19, DIM)
        write(surface, text, corner + 110 + 24j * k, 19, colour)
