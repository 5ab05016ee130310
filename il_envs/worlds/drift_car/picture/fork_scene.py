"""DriftCarFork seen from above: DriftCar's picture, with obstacles on the road and on the map."""

import numpy as np

from il_envs.drawing.canvas import Canvas
from il_envs.views import States
from il_envs.worlds.drift_car.fork.dynamics import gap
from il_envs.worlds.drift_car.picture import scene
from il_envs.worlds.drift_car.picture.ground import Numbers, ground_of


def paint(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the picture of the last state of the canvas's history."""
    track = params[state["track"]]
    stations = state["station"] + obstacles_ahead(state, float(track["length"]))
    places, _ = ground_of(track.tobytes()).along(stations)
    scene.paint(state, params, canvas, places.tolist())


def obstacles_ahead(state: np.void, length: float) -> Numbers:
    """Metres of centreline from the car to each obstacle within half a lap, ascending, [n].

    Those behind the car are negative.
    """
    number, place = int(state["obstacle"]), float(state["obstacle_at"] - state["distance"])

    def gap_before(obstacle: int) -> float:
        return float(gap(state["key"], state["episode"], obstacle))

    while number > 0 and place > -length / 2:
        place -= gap_before(number)
        number -= 1
    places = []
    while place < length / 2:
        places.append(place)
        number += 1
        place += gap_before(number)
    return np.array([each for each in places if each > -length / 2])
