"""The car seen from above, for every picture that it is in.

A point of the car is complex: metres forward and left of its middle.
"""

import numpy as np

from il_envs.drawing.canvas import Colour, Layer
from il_envs.drawing.shapes import mirrored
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.picture.ground import SHADOW, Points, fill

BODY: Colour = (250, 190, 42)
BODY_LIGHT: Colour = (255, 214, 92)
BODY_DARK: Colour = (206, 146, 22)
GLASS: Colour = (34, 42, 54)
GLASS_LIGHT: Colour = (84, 102, 124)
RUBBER: Colour = (22, 22, 24)
TRIM: Colour = (42, 40, 38)
LAMP: Colour = (255, 250, 220)
BRAKE_OFF: Colour = (122, 20, 18)
BRAKE_ON: Colour = (255, 42, 30)

WHEEL_TRACK = 0.80  # m, from the car's axis to the middle of a wheel's mark
WHEEL_SIDE = WHEEL_TRACK + 0.03  # m, to the middle of the wheel itself


OUTLINE = mirrored(
    2.08 + 0.35j, 2.03 + 0.55j, 1.88 + 0.70j, 1.55 + 0.77j, 0.70 + 0.74j, 0.30 + 0.79j,
    -0.80 + 0.80j, -1.35 + 0.86j, -1.85 + 0.82j, -2.10 + 0.72j, -2.18 + 0.45j,
)  # fmt: skip
BONNET = mirrored(1.86 + 0.42j, 0.82 + 0.56j)
CABIN = mirrored(0.78 + 0.50j, 0.62 + 0.63j, -1.05 + 0.66j, -1.45 + 0.52j)
ROOF = mirrored(0.22 + 0.52j, -0.82 + 0.54j)
WINDSCREEN_GLINT = np.array([0.70 + 0.44j, 0.62 + 0.10j, 0.30 + 0.16j, 0.34 + 0.46j])
STRIPES = np.array([[2.05, -2.16, -2.16, 2.05]] * 2) + np.array(
    [[0.07j, 0.07j, 0.22j, 0.22j], [-0.07j, -0.07j, -0.22j, -0.22j]]
)
HEADLAMP = np.array([2.00 + 0.36j, 1.92 + 0.64j, 1.74 + 0.66j, 1.84 + 0.40j])
TAIL_LAMP = np.array([-2.16 + 0.34j, -2.09 + 0.70j, -1.96 + 0.72j, -2.02 + 0.34j])
MIRROR = np.array([0.52 + 0.76j, 0.50 + 0.96j, 0.36 + 0.96j, 0.38 + 0.76j])
SPOILER = mirrored(-1.82 + 0.78j, -2.04 + 0.78j)
WHEEL = np.array([0.34 + 0.13j, -0.34 + 0.13j, -0.34 - 0.13j, 0.34 - 0.13j])


def paint(
    layer: Layer, place: complex, heading: complex, steering: float, is_braking: bool
) -> None:
    """Paint the car and its shadow, in the layer's scale.

    Args:
        place: the middle of the car, m from the layer's top left corner.
        heading: a unit vector.
        steering: angle of the front wheels, rad, positive to the left.
        is_braking: lights the tail lamps.
    """

    def shape(points: Points, colour: Colour) -> None:
        fill(layer, (place + heading * points)[None], colour)

    fill(layer, (place + heading * OUTLINE + 0.5 * SHADOW)[None], (0, 0, 0), 0.45)
    steered = np.exp(1j * steering)
    for side in (WHEEL_SIDE, -WHEEL_SIDE):
        shape(car.FRONT_AXLE + 1j * side + steered * WHEEL, RUBBER)
        shape(-car.REAR_AXLE + 1j * side + WHEEL, RUBBER)
    shape(OUTLINE, BODY)
    shape(BONNET, BODY_LIGHT)
    for stripe in STRIPES:
        shape(stripe, TRIM)
    shape(CABIN, GLASS)
    shape(WINDSCREEN_GLINT, GLASS_LIGHT)
    shape(ROOF, BODY)
    for stripe in STRIPES:
        shape(np.clip(stripe.real, -0.82, 0.22) + 1j * stripe.imag, TRIM)
    shape(SPOILER, BODY_DARK)
    for half in (np.conjugate, np.array):
        shape(half(MIRROR), BODY_DARK)
        shape(half(HEADLAMP), LAMP)
        shape(half(TAIL_LAMP), BRAKE_ON if is_braking else BRAKE_OFF)
