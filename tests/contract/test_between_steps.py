"""Pictures between two steps, of ghosts, and without hints of the expert: every world and view."""

import itertools
from functools import cache
from pkgutil import resolve_name

import numpy as np
import pygame
import pytest
from numpy.typing import NDArray

import il_envs
from il_envs.drawing.canvas import Canvas, Ghost
from il_envs.views import States
from il_envs.world import World

SHARES = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0)
OURS = [world for world in il_envs.WORLDS.values() if world.namespace == "il_envs"]
VIEWS = [
    pytest.param(world, number, id=f"{world.name}-{number}")
    for world in OURS
    for number in range(len(world.views.pictures))
]
MOVING = [part for part in VIEWS if part.values[0].views.pictures[part.values[1]].between]
HINTS = ("Duel", "LaneKeeping", "LaneKeepingStill")  # and the grids


@cache
def episode(name: str, steps: int = 12, is_random: bool = False, seed: int = 1) -> States:
    """The states of an expert's or a random episode, at most [steps + 1]."""
    env = il_envs.WorldEnv(name)
    env.reset(seed=seed)
    env.action_space.seed(0)
    expert, memory, states = il_envs.ExpertPolicy(env), None, [env.state]
    for _ in range(steps):
        actions, memory = expert.predict(state=memory)
        action = env.action_space.sample() if is_random else actions[0]
        _, _, terminated, truncated, _ = env.step(action)
        states.append(env.state)
        if terminated or truncated:
            break
    return np.stack(states)


def canvas_of(world: World, view: int, history: States) -> Canvas:
    canvas = Canvas(world, world.dynamics.params("training"))
    canvas.view = world.views.pictures[view]
    canvas.begin(history[0])
    for state in history[1:]:
        canvas.add(state)
    return canvas


def seen(canvas: Canvas, next_state: np.void | None = None, share: float = 1.0) -> bytes:
    canvas.draw(next_state, share)
    return pygame.surfarray.array3d(canvas.surface).tobytes()


def on_the_way(world: World, view: int, pair: States, share: float) -> np.void:
    between = world.views.pictures[view].between
    assert between is not None
    state: np.void = resolve_name(between)(*pair, share, world.dynamics.params("training"))
    return state


def numbers(state: np.void) -> NDArray[np.float64]:
    """All the floating-point numbers of a record, those within its parts included."""

    def parts(value: NDArray) -> list[NDArray]:
        if value.dtype.names is None:
            return [np.ravel(value)] if value.dtype.kind == "f" else []
        return [part for name in value.dtype.names for part in parts(value[name])]

    return np.concatenate(parts(np.array(state)))


@pytest.mark.parametrize(("world", "view"), VIEWS)
def test_the_end_of_a_step_is_the_plain_picture_and_nothing_is_changed(
    world: World, view: int
) -> None:
    history = episode(world.name)
    plain = seen(canvas_of(world, view, history))
    canvas = canvas_of(world, view, history[:-1])
    before, after = seen(canvas), history[-1].copy()
    for share in SHARES[:-1]:
        seen(canvas, after, share)
        assert canvas.history.tobytes() == history[:-1].tobytes()
        assert after.tobytes() == history[-1].tobytes()
        assert canvas.share == 1.0
    assert seen(canvas, after, 1.0) == plain
    assert seen(canvas) == before


@pytest.mark.parametrize(("world", "view"), VIEWS)
def test_a_picture_between_two_steps_is_neither_of_them(world: World, view: int) -> None:
    history = episode(world.name, steps=40)
    if "cell" in history.dtype.names:  # an agent may stay where it is
        history = history[: np.flatnonzero(np.diff(history["cell"]))[0] + 2]
    canvas = canvas_of(world, view, history[:-1])
    pictures = {seen(canvas, history[-1], share) for share in (0.0, 0.5, 1.0)}
    assert len(pictures) == 3


@pytest.mark.parametrize(("world", "view"), MOVING)
def test_the_way_is_straight_and_ends_at_the_next_state(world: World, view: int) -> None:
    moved = 0.0
    for pair in itertools.pairwise(episode(world.name, steps=40)):
        end = on_the_way(world, view, np.stack(pair), 1.0)
        assert end.tobytes() == pair[1].tobytes()
        way = [numbers(on_the_way(world, view, np.stack(pair), share)) for share in SHARES]
        left = np.abs(np.stack(way) - numbers(end))
        assert (np.diff(left, axis=0) < 0.003).all()  # the cosine of a turn may go up and down
        moved += float(left[0].max())
    assert moved > 0.1


@pytest.mark.parametrize(("world", "view"), MOVING)
@pytest.mark.parametrize("field", ["step", "episode", "key"])
def test_a_restored_state_is_not_on_a_way(world: World, view: int, field: str) -> None:
    pair = episode(world.name)[-2:].copy()
    pair[field][1] += 7
    assert on_the_way(world, view, pair, 0.5).tobytes() == pair[1].tobytes()


@pytest.mark.parametrize(("world", "view"), VIEWS)
def test_a_ghost_is_seen_and_moves(world: World, view: int) -> None:
    own, other = episode(world.name), episode(world.name, is_random=True)
    other = other if len(other) == len(own) else own  # one that has fallen is soon out of sight
    canvas = canvas_of(world, view, own[:-1])
    alone = seen(canvas, own[-1], 0.5)
    canvas.ghosts = ()
    assert seen(canvas, own[-1], 0.5) == alone
    canvas.ghosts = (Ghost("other", (120, 255, 120), other[: len(own)]),)
    haunted = seen(canvas, own[-1], 0.5)
    assert haunted != alone
    canvas.ghosts = (Ghost("other", (255, 120, 120), other[: len(own)]),)
    assert seen(canvas, own[-1], 0.5) != haunted
    assert canvas.ghosts[0].history.tobytes() == other[: len(own)].tobytes()


@pytest.mark.parametrize(("world", "view"), VIEWS)
def test_hidden_hints_change_the_pictures_that_have_some(world: World, view: int) -> None:
    history = episode(world.name)
    canvas = canvas_of(world, view, history)
    shown = seen(canvas)
    canvas.shows_expert = False
    has_hints = world.name in HINTS or world.dynamics.state.names[-1] == "cell"
    assert (seen(canvas) != shown) == has_hints
    canvas.shows_expert = True
    assert seen(canvas) == shown
