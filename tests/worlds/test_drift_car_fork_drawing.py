"""DriftCarFork's picture and sounds: obstacles stand still, and are seen, mapped and heard."""

import numpy as np
import pytest

from il_envs import ExpertPolicy, WorldEnv, get_world
from il_envs.drawing.canvas import Canvas
from il_envs.worlds.drift_car.picture import scene
from il_envs.worlds.drift_car.picture.fork_scene import obstacles_ahead
from il_envs.worlds.drift_car.picture.fork_sounds import cues
from il_envs.worlds.drift_car.picture.ground import SCALE, ground_of

WORLD = get_world("DriftCarFork")
PARAMS = WORLD.dynamics.params("held_out")


@pytest.fixture(scope="module")
def history():
    """The states of an expert's episode."""
    env = WorldEnv(WORLD.name, "held_out")
    env.reset(seed=5)
    expert, states = ExpertPolicy(env), [env.state]
    for _ in range(900):
        env.step(expert.predict()[0][0])
        states.append(env.state)
    return np.stack(states)


def _pixels(state, paint=None):
    canvas = Canvas(WORLD, PARAMS)
    canvas.begin(state)
    if paint is None:
        return canvas.pixels().astype(np.int64)
    paint(state, PARAMS, canvas)
    return np.array(canvas.surface.get_view("3")).transpose(1, 0, 2).astype(np.int64)


def _length(state):
    return float(PARAMS[state["track"]]["length"])


def test_obstacles_stand_still_and_the_next_one_is_among_them(history):
    met = {round(float(state["obstacle_at"]), 6) for state in history}
    assert len(met) >= 4
    for state in history[::20]:
        ahead = obstacles_ahead(state, _length(state))
        assert (np.abs(ahead) < _length(state) / 2).all()
        assert (np.diff(ahead) >= 60.0 - 1e-9).all()
        places = ahead + state["distance"]
        near = {each for each in met if abs(each - state["distance"]) < _length(state) / 2}
        assert near <= {round(float(place), 6) for place in places}
        assert places.min() >= 60.0


def test_an_obstacle_is_painted_where_it_stands_and_on_the_map(history):
    """Nothing else changes in the picture."""
    at = int(np.argmax(history["obstacle_at"] - history["distance"] < 15.0))
    state = history[at]
    track = PARAMS[state["track"]]
    ground = ground_of(track.tobytes())
    stations = state["station"] + obstacles_ahead(state, _length(state))
    with_them, without = _pixels(state), _pixels(state, scene.paint)
    changed = (with_them != without).any(axis=2)
    positions, headings = ground.poses(history[at : at + 1])
    canvas = Canvas(WORLD, PARAMS)
    corner = scene._camera(history[at : at + 1], positions, headings, canvas.surface)
    places = SCALE * np.conjugate(ground.along(stations)[0] - corner)
    rows, columns = np.indices(changed.shape)
    expected = np.zeros_like(changed)
    for place in places:
        expected |= np.abs(columns + 1j * rows - place) < 23.0
    on_the_map = (columns > 780) & (rows < 170)
    assert changed[expected].sum() > 300
    assert changed[on_the_map].sum() > 10
    assert not changed[~expected & ~on_the_map].any()


def test_drift_cars_picture_has_no_obstacles(history):
    """The two pictures are the same where nothing stands within half a lap."""
    state = history[0].copy()
    state["obstacle_at"] = state["distance"] + _length(state)
    assert (_pixels(state) == _pixels(state, scene.paint)).all()


def test_passing_and_contact_are_heard_once(history):
    names = [[cue.name for cue in cues(history[: k + 1], PARAMS)] for k in range(len(history))]
    passed = np.flatnonzero(np.diff(history["obstacle"])) + 1
    heard = [k for k, each in enumerate(names) if "coin" in each]
    assert heard == passed.tolist()
    assert not any("crash" in each for each in names)
    touched = history[:3].copy()
    touched["touched"][1:] = 1
    assert [cue.name for cue in cues(touched[:2], PARAMS)].count("crash") == 1
    assert "crash" not in [cue.name for cue in cues(touched, PARAMS)]
