"""DriftCar's picture: a pure function of the history that never changes the state."""

import os
from collections.abc import Iterator

import gymnasium as gym
import numpy as np
import pygame
import pytest
from numpy.typing import NDArray

from il_envs.drawing.canvas import SIZE, Canvas, require_display
from il_envs.engine.single import WorldEnv
from il_envs.learning.policy import ExpertPolicy
from il_envs.views import States
from il_envs.world import get_world
from il_envs.worlds.drift_car.picture import hud, scene
from il_envs.worlds.drift_car.picture.ground import SCALE, ground_of

WORLD = get_world("DriftCar")
PARAMS = WORLD.dynamics.params("training")
Picture = NDArray[np.uint8]


@pytest.fixture(autouse=True)
def _dummy_display(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield
    pygame.display.quit()


def expert_history(seed: int = 1, steps: int = 60) -> States:
    """States of an expert's episode, [steps + 1]."""
    env = WorldEnv("DriftCar")
    env.reset(seed=seed)
    expert = ExpertPolicy(env)
    states = [env.state]
    for _ in range(steps):
        env.step(expert.predict()[0][0])
        states.append(env.state)
    return np.stack(states)


def picture(history: States, canvas: Canvas | None = None) -> Picture:
    canvas = canvas or Canvas(WORLD, PARAMS)
    canvas.begin(history[0])
    for state in history[1:]:
        canvas.add(state)
    return canvas.pixels()


def spinning(history: States, yaw_rate: float) -> States:
    """The same path at a third of the speed, the body turning on the spot (rad/s): all tyres slide.

    The present state stays as it is, and so do the camera and most of the instruments.
    """
    changed = history.copy()
    changed["yaw_rate"][:-1] = yaw_rate
    changed["lateral_speed"][:-1] = changed["steering"][:-1] = changed["drive"][:-1] = 0.0
    changed["station"] += (history["station"][-1] - history["station"]) * (2.0 / 3.0)
    changed["forward_speed"][:-1] /= 3.0
    return changed


def around_the_car(pixels: Picture) -> Picture:
    """The part of the picture that no instrument covers."""
    return pixels[80:460, 220:780]


def test_picture_is_rgb_and_shows_something() -> None:
    pixels = picture(expert_history(steps=5))
    assert pixels.shape == (SIZE[1], SIZE[0], 3)
    assert pixels.dtype == np.uint8
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 1000


def test_history_is_the_whole_episode_and_read_only() -> None:
    history = np.repeat(expert_history(steps=1), 700, axis=0)  # more than a canvas starts with
    canvas = Canvas(WORLD, PARAMS)
    canvas.begin(history[0])
    canvas.begin(history[0])
    for state in history[1:]:
        canvas.add(state)
    assert canvas.history.tobytes() == history.tobytes()
    with pytest.raises(ValueError, match="read-only"):
        canvas.history["station"][0] = 1.0


def test_marks_appear_where_tyres_slid_and_stay() -> None:
    history = expert_history(steps=60)
    rolling = spinning(history, 0.0)
    slid = rolling.copy()
    slid[15:24] = spinning(history, 3.0)[15:24]  # longer ago than smoke lasts
    before, after = around_the_car(picture(rolling)), around_the_car(picture(slid))
    changed = (before != after).any(axis=2)
    assert changed.sum() > 200
    assert (after[changed].sum(axis=1) < before[changed].sum(axis=1)).all()  # rubber is darker
    assert np.array_equal(before, around_the_car(picture(spinning(history, 0.1))))


def test_only_the_tyres_that_slide_leave_marks() -> None:
    rolling = spinning(expert_history(steps=60), 0.0)
    steered, both = rolling.copy(), rolling.copy()
    steered["steering"][15:24] = 0.6  # the front tyres alone
    both["yaw_rate"][15:24] = 3.0
    before, front, all_four = (around_the_car(picture(h)) for h in (rolling, steered, both))
    assert 100 < (before != front).sum() < 0.8 * (before != all_four).sum()


def test_sliding_rear_tyres_smoke() -> None:
    history = expert_history(steps=40)
    rolling = spinning(history, 0.0)
    smoking = rolling.copy()
    smoking[-8:-1] = spinning(history, 5.0)[-8:-1]
    before, after = around_the_car(picture(rolling)), around_the_car(picture(smoking))
    lighter = after.astype(int).sum(axis=2) - before.astype(int).sum(axis=2)
    assert (lighter > 60).sum() > 100


def test_corridor_reddens_with_lateral_error() -> None:
    state = expert_history(steps=0)[:1]

    def redness(lateral: float) -> float:
        moved = state.copy()
        moved["lateral"] = lateral
        pixels = around_the_car(picture(moved)).astype(float)
        return float((pixels[:, :, 0] - pixels[:, :, 1]).mean())

    middle, off, edge = redness(0.0), redness(3.0), redness(4.9)
    assert off > middle + 1.0
    assert edge > off + 1.0
    assert redness(-4.9) > middle + 2.0


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_edge_that_the_car_nears_is_the_redder(side: float) -> None:
    history = expert_history(steps=0)[:1]
    history["lateral"] = 4.5 * side
    canvas = Canvas(WORLD, PARAMS)
    pixels = picture(history, canvas).astype(int)
    ground = ground_of(PARAMS[history["track"][0]].tobytes())
    corner = scene._camera(history, *ground.poses(history), canvas.surface)
    (point,), (tangent,) = ground.along(history["station"] + 6.0)

    def redness(offset: float) -> int:
        at = (point + 1j * offset * tangent - corner) * SCALE
        colour = pixels[round(-at.imag), round(at.real)]
        return int(colour[0] - colour[1])

    assert redness(4.0 * side) > redness(-4.0 * side) + 40


@pytest.mark.parametrize(
    ("field", "value", "rows", "columns"),
    [
        ("step", 25, (14, 70), (14, 100)),  # time
        ("distance", 50.0, (14, 70), (100, 210)),
        ("station", 30.0, (14, 170), (790, 946)),  # map
        ("forward_speed", 3.0, (480, 586), (200, 340)),  # speed
        ("lateral_speed", 3.0, (480, 586), (350, 480)),  # sideslip
        ("lateral_speed", 3.0, (480, 586), (520, 604)),  # friction circle
        ("drive", 2000.0, (480, 540), (630, 740)),  # pedals
        ("steering", 0.3, (545, 570), (620, 745)),
    ],
)
def test_each_instrument_shows_its_number(
    field: str, value: float, rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    state = expert_history(steps=0)[:1]
    state["station"] = 10.0
    changed = state.copy()
    changed[field] = value

    def instrument(history: States) -> Picture:
        canvas = Canvas(WORLD, PARAMS)
        hud.paint(canvas.surface, ground_of(PARAMS[history["track"][0]].tobytes()), history)
        pixels = pygame.surfarray.array3d(canvas.surface).transpose(1, 0, 2)
        return pixels[slice(*rows), slice(*columns)]

    assert not np.array_equal(instrument(state), instrument(changed))


def test_brake_lights_and_steered_wheels_show() -> None:
    state = expert_history(steps=0)[:1]
    for field, value in (("drive", -1500.0), ("steering", 0.5)):
        changed = state.copy()
        changed[field] = value
        assert not np.array_equal(around_the_car(picture(state)), around_the_car(picture(changed)))


def test_nothing_is_drawn_of_before_a_restored_state() -> None:
    whole = spinning(expert_history(steps=60), 3.0)
    track, elsewhere = whole.copy(), whole.copy()
    track["track"][:40] = (whole["track"][0] + 1) % PARAMS.size
    elsewhere["station"][:40] = 1.0
    after = picture(whole[40:])
    assert not np.array_equal(after, picture(whole))
    assert np.array_equal(after, picture(track))
    assert np.array_equal(after, picture(elsewhere))


def test_render_before_reset_says_what_to_do() -> None:
    env = WorldEnv("DriftCar", render_mode="rgb_array")
    with pytest.raises(gym.error.ResetNeeded, match="reset"):
        env.render()


def test_human_mode_opens_and_closes_a_window() -> None:
    env = WorldEnv("DriftCar", render_mode="human")
    env.reset(seed=0)
    window = env._canvas._window
    assert window.size == SIZE
    env.step(np.zeros(2, np.float32))
    assert len(np.unique(pygame.surfarray.array2d(window.get_surface()))) > 1000
    env.close()
    with pytest.raises(pygame.error, match="window"):
        window.get_surface()
    env.close()


def test_closing_one_window_leaves_the_other() -> None:
    envs = [WorldEnv("DriftCar", render_mode="human") for _ in range(2)]
    for env in envs:
        env.reset(seed=0)
    envs[0].close()
    envs[1].step(np.zeros(2, np.float32))
    picture = pygame.surfarray.array2d(envs[1]._canvas._window.get_surface())
    assert len(np.unique(picture)) > 1000
    envs[1].close()


@pytest.mark.skipif(os.name != "posix", reason="SDL finds a display by itself elsewhere")
def test_no_display_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(pygame.error, match="neither DISPLAY"):
        require_display()
