"""The probe of the drifting car: a reward is drawn over lateral error and sideslip."""

import numpy as np
from numpy.typing import NDArray

from il_envs.views import Probe, States
from il_envs.worlds.drift_car.dynamics import HALF_WIDTH


def place(states: States, lateral: NDArray[np.float64], sideslip: NDArray[np.float64]) -> None:
    """Set the lateral error and the sideslip of cars, in place; station, course and speed stay
    unchanged.

    Args:
        states: State records [n].
        lateral: lateral error in m, positive to the left, [n].
        sideslip: angle in degrees from the nose to the course, positive to the left, [n].
    """
    angle = np.radians(sideslip)
    velocity = states["forward_speed"] + 1j * states["lateral_speed"]
    heading = states["heading_cos"] + 1j * states["heading_sin"]
    heading *= np.exp(1j * (np.angle(velocity) - angle))
    states["lateral"] = lateral
    states["forward_speed"] = np.abs(velocity) * np.cos(angle)
    states["lateral_speed"] = np.abs(velocity) * np.sin(angle)
    states["heading_cos"], states["heading_sin"] = heading.real, heading.imag


def read(states: States) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lateral error in m, and the sideslip in degrees, [n] each."""
    sideslip = np.arctan2(states["lateral_speed"], states["forward_speed"])
    return states["lateral"], np.degrees(sideslip)


EDGE = 0.9 * HALF_WIDTH
"""Largest lateral error of the probe, in m; further out the next step may end the episode, and the
reward of termination would hide that of driving."""

PROBE = Probe(
    labels=("lateral error (m)", "sideslip (degrees)"),
    values=(np.linspace(-EDGE, EDGE, 41), np.linspace(-70.0, 70.0, 29)),
    place=place,
    read=read,
)
