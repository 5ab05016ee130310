"""The runner of the two lanes: limbs that swing with its stride, seen from any eye.

Joints are float64 [n, 3]: metres ahead, to the left and up from the floor below the runner.
"""

from dataclasses import dataclass, replace
from math import cos, pi, sin

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing import ghosts
from il_envs.drawing.canvas import Colour, Ghost, Layer
from il_envs.drawing.history import scattered
from il_envs.drawing.neon import colours
from il_envs.drawing.neon.colours import DARK_SUIT, FOE, ME, SPARK, STEEL, SUIT
from il_envs.drawing.neon.light import add_glow, streak
from il_envs.drawing.neon.perspective import Eye
from il_envs.drawing.shapes import Points, stroke

Joints = NDArray[np.float64]

HIPS, SHOULDERS = 0.10, 0.20  # m, to either side
SPINE, HEAD = 0.48, 0.72  # m, from the hips
THIGH, SHIN, FOOT = 0.45, 0.45, 0.17  # m
UPPER_ARM, FOREARM = 0.28, 0.26  # m
PACK = np.array([[-0.16, 0.0, 0.25], [-0.12, 0.0, 0.41]])  # m, from the hips
VISOR = np.array([0.07, 0.0, 0.01])  # m, from the head
GUN = np.array([[-0.1, 0.0, 0.0], [0.3, 0.0, 0.02]])  # m, from the hand
SWING, LIFT, PITCH = 0.8, 1.55, 0.22  # rad at a run: of thighs, of knees, of the spine
ELBOW = 1.5  # rad, bent at a run
OUTLINE = 0.025  # m, of light on either side of a limb
ROOM = 1.9  # m, around the middle, that a figure keeps within
STRIDE = 2.8  # m, of two paces
NAMED = 2.1  # m, above the floor, where a ghost's name is
SPARKS = 18


@dataclass(frozen=True)
class Pose:
    """The pose of the runner.

    Attributes:
        way: distance that it has run, m.
        gait: from 0, standing, to 1, running.
        lean: angle by which it leans to the left, rad.
        aim: from 0, arms swinging, to 1, arms holding a gun straight ahead.
    """

    way: float
    gait: float
    lean: float = 0.0
    aim: float = 0.0


@dataclass(frozen=True)
class Limb:
    """A part of the body: a bent line, `widths` (m) thick at its joints."""

    joints: Joints
    widths: tuple[float, ...]
    colour: Colour
    edge: Colour | None = ME


def muzzle(pose: Pose) -> Joints:
    """The end of the gun of an aiming runner, [3]."""
    return _limbs(pose)[-1].joints[-1]


def _limbs(pose: Pose) -> list[Limb]:
    """The limbs of a pose; the gun is the last one."""
    phase, gait = 2.0 * pi * pose.way / STRIDE, pose.gait
    legs = [_leg(phase, gait, HIPS), _leg(phase + pi, gait, -HIPS)]
    pitch = PITCH * gait
    hip = np.array([0.0, 0.0, -min(leg[:, 2].min() for leg in legs)])
    along = np.array([sin(pitch), 0.0, cos(pitch)])
    arms = [
        _arm(phase + pi, gait, pose.aim, SHOULDERS), _arm(phase, gait, pose.aim, -SHOULDERS)
    ]  # fmt: skip
    hand = hip + SPINE * along + arms[1][-1]
    limbs = [
        *(Limb(hip + leg, (0.17, 0.13, 0.08, 0.07), SUIT) for leg in legs),
        Limb(np.array([hip, hip + 0.86 * SPINE * along]), (0.19, 0.29), DARK_SUIT),
        Limb(hip + PACK, (0.08, 0.12), ME, None),
        *(Limb(hip + SPINE * along + arm, (0.13, 0.09, 0.07), SUIT) for arm in arms),
        Limb(np.array([hip + HEAD * along]), (0.25,), SUIT),
        Limb(np.array([hip + HEAD * along + VISOR]), (0.11,), colours.WHITE, None),
    ]
    if pose.aim > 0.0:
        limbs.append(Limb(hand + GUN, (0.10, 0.06), STEEL, None))
    return [replace(limb, joints=_leaning(limb.joints, pose.lean)) for limb in limbs]


def _leg(phase: float, gait: float, side: float) -> Joints:
    """Hip, knee, ankle and toe, from the middle of the hips."""
    thigh = gait * (0.2 + SWING * sin(phase))
    shin = thigh - 0.06 - gait * (0.2 + LIFT * max(cos(phase), 0.0))
    bones = (
        (0.0, 0.0),
        (THIGH * sin(thigh), -THIGH * cos(thigh)),
        (SHIN * sin(shin), -SHIN * cos(shin)),
        (FOOT * cos(shin), FOOT * sin(shin)),
    )
    return _joints(bones, side)


def _arm(phase: float, gait: float, aim: float, side: float) -> Joints:
    """Shoulder, elbow and hand, from the middle of the shoulders."""
    swing, bend = 0.7 * gait * sin(phase), 0.2 + gait * (ELBOW - 0.2)
    upper = (1.0 - aim) * swing + aim * 0.75
    lower = (1.0 - aim) * (swing + bend) + aim * pi / 2
    bones = (
        (0.0, 0.0),
        (UPPER_ARM * sin(upper), -UPPER_ARM * cos(upper)),
        (FOREARM * sin(lower), -FOREARM * cos(lower)),
    )
    return _joints(bones, side)


def _joints(bones: tuple[tuple[float, float], ...], side: float) -> Joints:
    """The ends of bones, each given by its length ahead and up from the end of the previous one."""
    ahead, up = np.cumsum(bones, axis=0).T
    return np.stack([ahead, np.full_like(ahead, side), up], axis=1)


def _leaning(joints: Joints, lean: float) -> Joints:
    """Joints turned to the left about the feet, by `lean` rad."""
    ahead, left, up = joints.T
    turned = (left + 1j * up) * np.exp(-1j * lean)
    return np.stack([ahead, turned.real, turned.imag], axis=1)


def paint(surface: pygame.Surface, eye: Eye, stand: complex, facing: complex, pose: Pose) -> None:
    """Paint the runner and its light.

    Args:
        stand: its place on the floor, m: real to the right of the eye, imaginary away from it.
        facing: the direction in which it runs, a unit vector in the same coordinates.
    """
    middle = complex(eye.pixels(stand.real, 0.9, stand.imag))
    add_glow(surface, middle, 1.2 * round(ROOM * float(eye.scale(stand.imag))), ME, 0.6)
    layer, corner = _figure(eye, stand, facing, pose)
    layer.lay_on(surface, corner)


def paint_ghost(
    surface: pygame.Surface, eye: Eye, stand: complex, facing: complex, pose: Pose, ghost: Ghost
) -> None:
    """Paint a ghost in the same way, and its name."""
    layer, corner = _figure(eye, stand, facing, pose)
    ghosts.lay_layer(layer, surface, corner, ghost.colour)
    above = NAMED * cos(pose.lean)
    ghosts.write_name(surface, ghost, complex(eye.pixels(stand.real, above, stand.imag)))


def _figure(eye: Eye, stand: complex, facing: complex, pose: Pose) -> tuple[Layer, tuple[int, int]]:
    """A runner, and where the layer's top left corner is in the picture."""
    middle = complex(eye.pixels(stand.real, 0.9, stand.imag))
    scale = float(eye.scale(stand.imag))
    half, outline = round(ROOM * scale), max(OUTLINE * scale, 1.2)
    corner = (round(middle.real) - half, round(middle.imag) - half)
    layer = Layer((2 * half, 2 * half), factor=3)
    placed = [(limb, *_seen(eye, stand, facing, limb.joints)) for limb in _limbs(pose)]
    for limb, points, away in sorted(placed, key=lambda part: -part[2]):
        points, widths = points - complex(*corner), float(eye.scale(away)) * np.array(limb.widths)
        if limb.edge is not None:
            stroke(layer, points, widths + 2.0 * outline, limb.edge, 1.0)
        stroke(layer, points, widths, limb.colour, 1.0)
    return layer, corner


def _seen(eye: Eye, stand: complex, facing: complex, joints: Joints) -> tuple[Points, float]:
    """Joints in the picture, and their mean distance from the eye, m."""
    ahead, left, up = joints.T
    floor = stand + facing * (ahead + 1j * left)
    return eye.pixels(floor.real, up, floor.imag), float(floor.imag.mean())


def paint_end(surface: pygame.Surface, light: Layer, middle: complex) -> None:
    """Paint sparks around the place where a run has ended."""
    add_glow(surface, middle, 150.0, FOE, 0.6)
    add_glow(surface, middle, 30.0, colours.WHITE, 0.6)
    for k in range(SPARKS):
        ray = complex(np.exp(2j * pi * (k + 0.7 * scattered(k)) / SPARKS))
        flown = ray * (50.0 + 90.0 * scattered(17 + k))
        streak(light, middle + 0.6 * flown, middle + flown, 5.0, FOE if k % 2 else SPARK)
