"""What the tests of Gauntlet's and Pillar's pictures share: histories made to order, and pixels."""

import numpy as np
import pytest
from numpy.typing import NDArray

from il_envs import WorldEnv, get_world
from il_envs.drawing.canvas import Canvas
from il_envs.drawing.neon import runner
from il_envs.views import States
from il_envs.worlds.gauntlet.picture import corridor as gauntlet_corridor
from tests.worlds.shooter.shooter_histories import picture
from tests.worlds.shooter.shooting_range import press

WORLDS = {name: get_world(name) for name in ("Gauntlet", "Pillar")}
Chords = tuple[tuple[int, ...], ...]


def played(name: str, *chords: tuple[int, ...], seed: int = 0) -> States:
    """The states of a beginning, [chords + 1]."""
    env = WorldEnv(name)
    env.reset(seed=seed)
    states = [env.state]
    for chord in chords:
        press(env, *chord)
        states.append(env.state)
    return np.stack(states)


def still(name: str, steps: int = 20, **fields: float) -> States:
    """A history in which nothing happens."""
    history = played(name)
    for field, value in fields.items():
        history[field] = value
    history = history.repeat(steps + 1)
    history["step"] = np.arange(steps + 1)
    return history


def seen(name: str, history: States, canvas: Canvas | None = None) -> NDArray[np.int64]:
    """[height, width, 3]."""
    canvas = canvas or Canvas(WORLDS[name], WORLDS[name].dynamics.params("training"))
    return picture(history, canvas).astype(np.int64)


def around(shown: NDArray[np.int64], place: complex, half: int = 3) -> NDArray[np.int64]:
    """The square of the picture around a place."""
    row, column = round(place.imag), round(place.real)
    return shown[row - half : row + half + 1, column - half : column + half + 1]


def camera_at(history: States) -> gauntlet_corridor.Camera:
    state = history[-1]
    return gauntlet_corridor.camera_at(float(state["x"]), float(state["x"] - state["wall"]))


def body(history: States, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.bool_]:
    """The pixels of Pillar's picture in which the runner is, [height, width]."""
    whole = seen("Pillar", history)
    with monkeypatch.context() as patch:
        patch.setattr(runner, "paint", lambda *_: None)
        return np.abs(whole - seen("Pillar", history)).max(axis=2) > 90


def changed(history: States, when: int, **fields: float) -> States:
    """The history with other values from one of its states on."""
    other = history.copy()
    for field, value in fields.items():
        other[field][when:] = value
    return other
