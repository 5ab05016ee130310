"""Gauntlet's picture: the runner in its corridor, the wall behind, the gates ahead.

A picture is a function of the episode's history alone.
"""

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing import ghosts
from il_envs.drawing.canvas import SIZE, Canvas, Layer
from il_envs.drawing.history import latest, now, recent_mean, scattered
from il_envs.drawing.neon import colours, effects, runner
from il_envs.drawing.neon.colours import FOE, SPARK, faded
from il_envs.drawing.neon.light import add_glow, line, shine, streak
from il_envs.drawing.shapes import polygon
from il_envs.drawing.text import write
from il_envs.views import States
from il_envs.worlds.gauntlet.dynamics import (
    CONTROL_PERIOD,
    FIRE,
    GATE_DISTANCE,
    GATE_HITS,
    RUN_STEP,
)
from il_envs.worlds.gauntlet.picture import panel as gauntlet_panel
from il_envs.worlds.gauntlet.picture import wall as gauntlet_wall
from il_envs.worlds.gauntlet.picture.corridor import (
    FAR,
    HEIGHT,
    MIDDLE,
    NEAR,
    Camera,
    camera_at,
    paint_behind,
    paint_lines,
    paint_ruler,
)

BODY, BEYOND = -0.2, 0.7  # m, from the runner's place to its body and to a gate that stops it
BARREL = 1.3  # m above the floor, where shots hit
BEAMS = np.linspace(0.1, HEIGHT, GATE_HITS)
"""The heights (m) of a gate's beams: one for each hit that it takes."""
LASTING = BEAMS[np.argsort(np.abs(BEAMS - BARREL))]
"""The same beams, the last to be shot away first: shots remove the outermost ones first."""
LINTEL = HEIGHT + 0.25  # m
BURST_STEPS, PIECES = 14, 18
POSED = 40  # steps, on which a ghost's pose depends
DREAD, DEEPEST = 2.5, 0.6  # m of lead below which the picture's edges redden, and how much at most
OPEN = colours.HEALTH


def paint(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the picture of the last state of the canvas's history."""
    surface, (history, share) = canvas.surface, latest(canvas, jumps)
    x, wall, step = float(state["x"]), float(state["wall"]), int(state["step"])
    camera, light = camera_at(x, x - wall), Layer(SIZE)
    paint_behind(surface, camera)
    gauntlet_wall.paint_glow(light, camera, wall)
    paint_lines(light, camera, wall)
    _paint_gates(surface, light, camera, history)
    pose = pose_of(history, share)
    _paint_bursts(surface, light, camera, history, share)
    _paint_shot(surface, light, camera, history, pose)
    gauntlet_wall.paint_front(surface, light, camera, wall, step)
    if wall >= x:
        runner.paint_end(surface, light, complex(camera.at(x, 1.0, MIDDLE)))
    shine(light, surface)
    for ghost, recent, ghost_share in ghosts.present(canvas, POSED):
        stand = complex(float(recent["x"][-1]) + BODY - camera.x, MIDDLE)
        ghost_pose = pose_of(recent, ghost_share)
        runner.paint_ghost(surface, camera.eye, stand, 1.0, ghost_pose, ghost)
    runner.paint(surface, camera.eye, complex(x + BODY - camera.x, MIDDLE), 1.0, pose)
    paint_ruler(surface, camera, x, wall, gate_place(int(state["gates"]) + 1))
    dread = max(1.0 - max(x - wall, 0.0) / DREAD, 0.0)
    pulse = 0.8 + 0.2 * np.sin(0.6 * now(history, share))
    effects.paint_vignette(surface, DEEPEST * dread * pulse)
    gauntlet_panel.paint(canvas, history)


def jumps(history: States) -> NDArray[np.bool_]:
    """True where the runner cannot have gone from one state to the next, bool [n - 1]."""
    return np.abs(np.diff(history["x"])) > 1.5 * RUN_STEP


def gate_place(number: int) -> float:
    """Where a gate, the first of which is 1, stops the runner, m along the corridor."""
    return GATE_DISTANCE * number


def were_hits(history: States) -> NDArray[np.bool_]:
    """True for each step that hit a gate, bool [n - 1]."""
    return (np.diff(history["hits"]) != 0) | (np.diff(history["gates"]) != 0)


def pose_of(history: States, share: float = 1.0) -> runner.Pose:
    """The runner's pose: running or not, its gun raised or not."""
    moves = np.abs(np.diff(history["x"]))
    moves[-1:] /= max(share, 1e-9)
    gait = recent_mean(moves, 2.0, share) / RUN_STEP if moves.size else 0.0
    aim = recent_mean(history["held"][:, FIRE].astype(np.float64), 2.0, share)
    return runner.Pose(
        float(history["x"][-1]), min(float(gait), 1.0), aim=min(1.6 * float(aim), 1.0)
    )


def _paint_gates(surface: pygame.Surface, light: Layer, camera: Camera, history: States) -> None:
    """The gates in view ahead of the wall, the farthest first."""
    state = history[-1]
    ahead, first = int(state["gates"]) + 1, max(camera.place(0.0, FAR), float(state["wall"]))
    begin, end = (int((x - BEYOND) // GATE_DISTANCE) for x in (first, camera.place(SIZE[0], FAR)))
    was_hit = bool(were_hits(history)[-1:].any())
    for number in range(end, max(begin, 0), -1):
        left = 0 if number < ahead else int(state["hits"]) if number == ahead else GATE_HITS
        x, strength = gate_place(number) + BEYOND, 1.0 if number == ahead else 0.5
        if number == ahead and was_hit and left < GATE_HITS:
            ends = camera.at(x, LASTING[left], np.array([FAR, NEAR]))
            line(light, ends[0], ends[1], 2.5, SPARK)
        _paint_gate(light, camera, x, left, strength)
        if left:
            above, size = complex(camera.at(x, LINTEL, MIDDLE)) - 20j, round(22 + 10 * strength)
            write(surface, str(left), above, size, faded(FOE, strength), "center")


def _paint_gate(light: Layer, camera: Camera, x: float, left: int, strength: float) -> None:
    """A frame, red with beams for the hits that are left, or else green."""
    colour = faded(FOE if left else OPEN, strength)
    away = np.array([FAR, NEAR])
    if left:
        low, high = LASTING[:left].min(), LASTING[:left].max()
        curtain = camera.at(x, np.array([low, high, high, low]), away[[0, 0, 1, 1]])
        polygon(light, curtain, faded(colour, 0.18))
    for up in LASTING[:left]:
        far, near = camera.at(x, up, away)
        line(light, far, near, 1.7, faded(colour, 0.8))
    frame = camera.at(x, np.array([0.0, LINTEL, LINTEL, 0.0]), away[[0, 0, 1, 1]])
    for start, end, width in zip(frame[:-1], frame[1:], (3.5, 3.0, 5.0), strict=True):
        line(light, start, end, width, colour)


def _paint_bursts(
    surface: pygame.Surface, light: Layer, camera: Camera, history: States, share: float
) -> None:
    """Gates that were opened lately: a flash, and pieces of their beams that fly on."""
    gates = history["gates"][-BURST_STEPS - 1 :]
    for before in np.flatnonzero(np.diff(gates)):
        age, number = len(gates) - 2 - int(before), int(gates[before + 1])
        left, time = 1.0 - (age + share) / BURST_STEPS, CONTROL_PERIOD * (age + share)
        x = gate_place(number) + BEYOND
        middle = complex(camera.at(x, BARREL, MIDDLE))
        add_glow(surface, middle, 200.0 * (1.3 - 0.5 * left), OPEN, 0.8 * left**1.5)
        add_glow(surface, middle, 90.0 * left, colours.WHITE, left**2)
        times = np.array([time - 0.8 * CONTROL_PERIOD, time])
        for piece in range(PIECES):
            seed = 31 * number + 7 * piece
            depth, height, pace, rise = (scattered(seed + k) for k in range(4))
            up = HEIGHT * height + (1.0 + 4.0 * rise) * times - 5.0 * times**2
            flown = x + (3.0 + 9.0 * pace) * times
            tail, head = camera.at(flown, np.maximum(up, 0.0), NEAR + (FAR - NEAR) * depth)
            colour = faded(SPARK if piece % 3 == 0 else OPEN, left)
            streak(light, tail, head, 1.0 + 4.5 * left, colour)


def _paint_shot(
    surface: pygame.Surface, light: Layer, camera: Camera, history: States, pose: runner.Pose
) -> None:
    """The shot of the last step: to the gate that it hit, or else as far as shots reach."""
    state = history[-1]
    if len(history) < 2 or not state["held"][FIRE]:
        return
    step, x = int(state["step"]), float(state["x"])
    ahead, left, up = runner.muzzle(pose)
    muzzle = complex(camera.at(x + BODY + ahead, up, MIDDLE + left))
    if were_hits(history)[-1]:
        end = complex(camera.at(gate_place(int(history["gates"][-2]) + 1) + BEYOND, BARREL, MIDDLE))
        streak(light, muzzle, end, 7.0, faded(colours.SHOT, 0.8))
        streak(light, muzzle, end, 3.0, colours.WHITE)
        add_glow(surface, end, 70.0, colours.SHOT, 0.9)
        add_glow(surface, end, 26.0, colours.WHITE, 0.9)
        for k in range(7):
            ray = -np.exp(1j * (2.6 * scattered(7 * step + k) - 1.3))
            far = complex(end + ray * (14.0 + 34.0 * scattered(5 * step + k)))
            streak(light, 0.5 * (end + far), far, 2.4, SPARK)
    else:
        end = complex(camera.at(x + GATE_DISTANCE, BARREL, MIDDLE))
        streak(light, end, muzzle, 4.0, faded(colours.SHOT, 0.6))
    effects.paint_flash(surface, light, muzzle, 1.0, step)
