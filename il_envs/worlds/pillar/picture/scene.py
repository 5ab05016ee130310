"""Pillar's picture: the runner from behind, the pillar ahead, and the ways past it.

A picture is a function of the episode's history alone. Places are metres to the left of where the
runner began, above the floor, and ahead of the runner.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing import ghosts
from il_envs.drawing.canvas import SIZE, Canvas, Colour, Layer
from il_envs.drawing.history import latest, now, recent_mean, steps_ago
from il_envs.drawing.neon import effects, runner, skyline
from il_envs.drawing.neon.colours import FOE, LINE, ME, faded
from il_envs.drawing.neon.light import add_glow, line, shine, streak
from il_envs.drawing.neon.perspective import Eye, Metres
from il_envs.drawing.shapes import Points, polygon
from il_envs.drawing.text import write
from il_envs.views import States
from il_envs.worlds.pillar.dynamics import CLEARANCE, LEAN_LEFT, LEAN_RIGHT, SIDE_STEP, SPACING
from il_envs.worlds.pillar.picture import panel as pillar_panel
from il_envs.worlds.pillar.picture.panel import SIDE_COLOURS

EYE = Eye(480 + 215j, 390.0, 3.0)
AWAY = 4.3  # m, of the runner from the eye
PACE = 0.65  # m, of a step
NEAREST_GHOST = 2.5  # m from the eye; a nearer one would fill the picture
NEAREST, FARTHEST = 0.7, 60.0  # m from the eye, between which the floor is painted
ROWS, COLUMNS = 2.0 * PACE, 1.0  # m, between the lines of the floor
TOWN = 14.0  # m away, so fast it moves when the runner steps aside
FOLLOW = 3.0  # steps, in which the eye follows the runner to a side
LEAN, FALLEN = 0.42, 1.2  # rad
TRAIL_STEPS = 7
HALF, TALL = 0.27, 2.7  # m, of a pillar
RISE_STEPS = 3  # in which one comes out of the floor, and sinks, not to hide the runner
RINGS = 4
WAY = 0.34  # m, half the width of a way past it
RED = 0.6  # how much the picture's edges redden at a fall
STONE: Colour = (22, 8, 24)


@dataclass(frozen=True)
class Camera:
    """The camera behind the runner.

    Attributes:
        left: distance of the eye to the left of the runner's start, m.
    """

    left: float

    def at(self, left: Metres, up: Metres, ahead: Metres) -> Points:
        """Places as points of the picture."""
        return EYE.pixels(self.left - np.asarray(left), up, AWAY + np.asarray(ahead))


def paint(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the picture of the last state of the canvas's history."""
    surface, (history, share) = canvas.surface, latest(canvas, jumps)
    path, light = lateral(history), Layer(SIZE)
    camera = Camera(float(recent_mean(path, FOLLOW, share)))
    skyline.paint(surface, round(EYE.horizon.imag), -camera.left * float(EYE.scale(TOWN)))
    _paint_floor(light, camera, now(history, share))
    _paint_ways(light, camera, state, float(path[-1]), share)
    _paint_trail(light, camera, path, share)
    _paint_pillar_ahead(surface, light, camera, history, share)
    _paint_pillars_behind(surface, light, camera, history, share)
    if state["fallen"]:
        runner.paint_end(surface, light, complex(camera.at(path[-1], 0.6, 0.0)))
    effects.paint_vignette(surface, RED if state["fallen"] else 0.0)
    shine(light, surface)
    _paint_ghosts(canvas, camera, now(history, share))
    stand = complex(camera.left - float(path[-1]), AWAY)
    runner.paint(surface, EYE, stand, 1j, pose_of(history, share))
    pillar_panel.paint(canvas, state, sides(history))


def _paint_ghosts(canvas: Canvas, camera: Camera, moment: float) -> None:
    for ghost, recent, share in ghosts.present(canvas):
        away = AWAY + PACE * (now(recent, share) - moment)
        if away > NEAREST_GHOST:
            stand = complex(camera.left - float(lateral(recent)[-1]), away)
            runner.paint_ghost(canvas.surface, EYE, stand, 1j, pose_of(recent, share), ghost)


def jumps(history: States) -> NDArray[np.bool_]:
    """True where the runner cannot have gone from one state to the next, bool [n - 1]."""
    gained = np.diff(history["pillars"])
    moved = np.abs(np.diff(lateral(history))) > SIDE_STEP
    return moved | (gained < 0) | (gained > 1)


def passings(history: States) -> NDArray[np.int64]:
    """The steps in which a pillar was passed, each as the number of the state before it."""
    return np.flatnonzero(np.diff(history["pillars"]) > 0)


def sides(history: States) -> NDArray[np.int64]:
    """On which side each pillar was passed: 1 for the left, -1 for the right."""
    return np.sign(history["offset"][passings(history)]).astype(np.int64)


def lateral(history: States) -> NDArray[np.float64]:
    """The distance of the runner to the left of its start, m, [n].

    An offset is measured from the line to a pillar, and each line begins at the runner's position.
    """
    before, after = history["offset"][:-1], history["offset"][1:].copy()
    passed = passings(history)
    after[passed] += CLEARANCE * sides(history)
    return np.concatenate([[0.0], np.cumsum(after - before)])


def pose_of(history: States, share: float = 1.0) -> runner.Pose:
    """The runner's pose: it leans as its buttons say, until it falls to the side it is on."""
    held, state = history["held"].astype(np.float64), history[-1]
    way = PACE * now(history, share)
    lean = LEAN * float(recent_mean(held[:, LEAN_LEFT] - held[:, LEAN_RIGHT], 1.0, share))
    if state["fallen"]:
        aside = float(state["offset"]) or float(held[-1, LEAN_LEFT] - held[-1, LEAN_RIGHT])
        fallen = FALLEN if aside > 0.0 else -FALLEN
        return runner.Pose(way, 1.0 - share, lean=(1.0 - share) * lean + share * fallen)
    return runner.Pose(way, 1.0, lean=lean)


def _paint_floor(light: Layer, camera: Camera, step: float) -> None:
    """A grid that comes nearer with each step, fainter where its lines are close together."""
    ends = np.array([FARTHEST, NEAREST]) - AWAY
    columns = COLUMNS * (round(camera.left / COLUMNS) + np.arange(-24, 25))
    for tail, head in camera.at(columns[:, None], 0.0, ends).tolist():
        streak(light, tail, head, 5.0, faded(LINE, 0.45))
    for away in np.arange(FARTHEST, NEAREST, -ROWS) - PACE * step % ROWS:
        if away > NEAREST:
            apart = float(EYE.scale(away)) * EYE.height * ROWS / away  # pixels
            left = 1j * complex(EYE.pixels(0.0, 0.0, away)).imag
            line(light, left, SIZE[0] + left, 1.3, faded(LINE, min(0.45, 0.03 * apart)))


def _paint_ways(
    light: Layer, camera: Camera, state: np.void, runner_left: float, share: float
) -> None:
    """Paint the floor up to the pillar: the line to it, and on both sides the ways past it.

    The chosen way shines, more so when the runner has reached it.
    """
    offset, ahead = float(state["offset"]), int(state["ahead"])
    pillar, aside = runner_left - offset, abs(offset) / CLEARANCE
    left = 1.0 - share  # of the step
    start, end = 0.35, max(PACE * (ahead + left), 0.35)
    across = pillar + WAY * np.array([1.0, -1.0, -1.0, 1.0])
    band = camera.at(across, 0.0, np.array([start, start, end, end]))
    polygon(light, band, faded(FOE, 0.34 - 0.22 * aside))
    chevron = np.array([1.0, 0.0, -1.0, -1.0, 0.0, 1.0])
    depths = np.array([0.0, 0.28, 0.0, 0.2, 0.48, 0.2])
    for side, colour in SIDE_COLOURS.items():
        weight = 0.3 if offset == 0.0 else 0.45 + 0.35 * aside if side * offset > 0.0 else 0.08
        steps = np.arange(-1 if left > 0.0 else 0, ahead + 2)
        depth = start + PACE * (steps[:, None] + left) + depths
        marks = camera.at(pillar + side * CLEARANCE + WAY * chevron, 0.0, depth)
        for k, mark in zip(steps, marks, strict=True):
            polygon(light, mark, faded(colour, weight * (left if k < 0 else 1.0)))


def _paint_trail(light: Layer, camera: Camera, path: NDArray[np.float64], share: float) -> None:
    """The runner's path, as far as it is in view."""
    ahead = -PACE * steps_ago(min(len(path), TRAIL_STEPS), share)
    ahead = ahead[AWAY + ahead > NEAREST]
    points = camera.at(path[-len(ahead) :], 0.0, ahead)
    for k, (start, end) in enumerate(pairwise(points)):
        fresh = min((k + 3 - share) / len(points), 1.0)
        line(light, start, end, 2.0 + 7.0 * fresh, faded(ME, 0.5 * fresh**2))


def _paint_pillar_ahead(
    surface: pygame.Surface, light: Layer, camera: Camera, history: States, share: float
) -> None:
    """The pillar ahead, and the steps to it; it rises when the previous one has been passed."""
    state, passed = history[-1], passings(history)
    left, ahead = float(lateral(history)[-1] - state["offset"]), int(state["ahead"])
    age = len(history) - 2 - int(passed[-1]) if passed.size else RISE_STEPS
    tall = TALL * min((age + share) / RISE_STEPS, 1.0)
    depth = PACE * (ahead + 1 - share)
    _paint_pillar(surface, light, camera, left + 1j * depth, tall, FOE)
    if ahead:
        place = complex(camera.at(left, tall, depth)) - 14j
        write(surface, str(ahead), place, 20 + 2 * (SPACING - ahead), FOE, "center")


def _paint_pillars_behind(
    surface: pygame.Surface, light: Layer, camera: Camera, history: States, share: float
) -> None:
    """The pillars passed: they sink in the colour of the side, and their places stay marked."""
    path = lateral(history)
    for k, side in zip(passings(history), sides(history), strict=True):
        age, colour = len(history) - 3 - int(k) + share, SIDE_COLOURS[int(side)]
        end = float(path[k + 1] - history["offset"][k + 1])  # of the step in which it was passed
        left, front = end - side * CLEARANCE, -PACE * age
        tall = TALL * (1.0 - max(age, 0.0) / RISE_STEPS)
        if tall > 0.0:
            _paint_pillar(surface, light, camera, left + 1j * front, tall, colour)
        elif AWAY + front > NEAREST:
            across = HALF * np.array([1.0, -1.0, -1.0, 1.0])
            depths = front + 2.0 * HALF * np.array([0.0, 0.0, 1.0, 1.0])
            polygon(light, camera.at(left + across, 0.0, depths), faded(colour, 0.4))


def _paint_pillar(
    surface: pygame.Surface,
    light: Layer,
    camera: Camera,
    foot: complex,
    tall: float,
    colour: Colour,
) -> None:
    """A square column: its front, its visible side, and rings of light.

    Args:
        foot: place of the column, m: real to the left, imaginary ahead.
    """
    left, front, back = foot.real, foot.imag, foot.imag + 2.0 * HALF
    scale, ups = float(EYE.scale(AWAY + front)), np.array([0.0, 0.0, tall, tall])
    across = HALF * np.array([1.0, -1.0, -1.0, 1.0])
    face = camera.at(left + across, ups, front)
    inner = HALF if left < camera.left else -HALF  # the side that faces the middle of the picture
    flank = camera.at(left + inner, ups, np.array([front, back, back, front]))
    for quad, shade in ((flank, 0.5), (face, 1.0)):
        pygame.draw.polygon(surface, faded(STONE, shade), [(p.real, p.imag) for p in quad])
        for start, end in zip(quad, np.roll(quad, -1), strict=True):
            line(light, start, end, max(0.045 * shade * scale, 1.2), faded(colour, shade))
    for k in range(1, RINGS + 1):
        ends = camera.at(left + across[:2], tall * k / (RINGS + 1), front)
        line(light, ends[0], ends[1], max(0.025 * scale, 1.0), faded(colour, 0.5))
    low, high = camera.at(left, np.array([0.12, 0.95]) * tall, front)
    line(light, low, high, max(0.1 * scale, 1.5), faded(colour, 0.85))
    add_glow(surface, complex(camera.at(left, 0.0, front)), 1.2 * scale, colour, 0.6)
