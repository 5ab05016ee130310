"""A third party's worlds: the smallest ones with Discrete and with MultiBinary actions.

A walker on a line of 9 places sees where it is and should step to the right (Discrete), or hold the
buttons that are the binary digits of its place (MultiBinary). In a maze it is told the number of
its cell (a Discrete observation) and should take the shortest way out.
"""

from dataclasses import replace

import gymnasium as gym
import numpy as np
from numba import njit

from il_envs.random import integer, uniform
from il_envs.views import ErrorMeasure, PlayKey, View, Views
from il_envs.world import STATE_HEADER, Dynamics, Expert, Spaces, World, register

PLACES = 9
STATE = np.dtype([*STATE_HEADER, ("place", "i8"), ("held", "i8")])
PARAMS = np.zeros(1, [("slip", "f8")])
PARAMS["slip"] = 0.1
ROWS, COLUMNS = 3, 4  # of the maze
MOVES_LEFT = np.array([5, 4, 3, -1, 6, -1, 2, 1, 7, 8, -1, 0])  # in its cells; -1 is a wall


def params(split):
    return PARAMS


@njit
def reset(state, params):
    state.place = integer(state, PLACES - 1)
    state.held = 0


@njit
def observe(state, params, out):
    out[:] = 0.0
    out[state.place] = 1.0


@njit
def measure(state, params, out):
    out[0] = PLACES - 1 - state.place


@njit
def step_walk(state, action, params):
    if uniform(state, 0.0, 1.0) >= params[0].slip:
        state.place += action[0] - 1
    fell = state.place < 0
    state.place = min(max(state.place, 0), PLACES - 1)
    arrived = state.place == PLACES - 1
    return 1.0 if arrived else -0.1, arrived or fell


@njit
def step_buttons(state, action, params):
    held = action[0] + 2 * action[1] + 4 * action[2]
    right = held == state.place % 8
    state.held = held
    state.place = integer(state, PLACES)
    return 1.0 if right else 0.0, not right and uniform(state, 0.0, 1.0) < 0.5


@njit
def walk_right(state, params, memory, action):
    action[0] = 2


@njit
def press_digits(state, params, memory, action):
    for k in range(3):
        action[k] = (state.place >> k) & 1


@njit
def reset_maze(state, params):
    state.place = integer(state, MOVES_LEFT.size)
    while MOVES_LEFT[state.place] <= 0:
        state.place = integer(state, MOVES_LEFT.size)
    state.held = 0


@njit
def observe_cell(state, params, out):
    out[0] = state.place


@njit
def measure_way(state, params, out):
    out[0] = MOVES_LEFT[state.place]


@njit
def neighbour(place, direction):
    """The cell up, right, down or left of a place; before a wall, the place itself."""
    row, column = place // COLUMNS, place % COLUMNS
    row += (direction == 2) - (direction == 0)
    column += (direction == 1) - (direction == 3)
    inside = 0 <= row < ROWS and 0 <= column < COLUMNS
    cell = row * COLUMNS + column
    return cell if inside and MOVES_LEFT[cell] >= 0 else place


@njit
def step_maze(state, action, params):
    if uniform(state, 0.0, 1.0) >= params[0].slip:
        state.place = neighbour(state.place, action[0])
    out = MOVES_LEFT[state.place] == 0
    return 1.0 if out else -0.1, out


@njit
def take_way_out(state, params, memory, action):
    for direction in range(4):
        if MOVES_LEFT[neighbour(state.place, direction)] < MOVES_LEFT[state.place]:
            action[0] = direction


def write_maze(state, params):
    letters = np.array([".", "G", "#"])[np.where(MOVES_LEFT > 0, 0, 1 - MOVES_LEFT)]
    letters[int(state["place"])] = "@"
    return "\n".join("".join(row) for row in letters.reshape(ROWS, COLUMNS))


def draw(state, params, canvas):
    canvas.surface.fill((20, 20, 20))
    canvas.surface.fill((250, 250, 250), (80 * int(state["place"]), 0, 70, 90))


def _world(name, action_space, step, expert):
    return World(
        name=name,
        documentation=__doc__,
        namespace="toys",
        dynamics=Dynamics(
            state=STATE,
            params=params,
            reset=reset,
            step=step,
            observe=observe,
            measure=measure,
            measures=("places_to_go",),
            control_period=0.1,
            max_episode_steps=40,
        ),
        spaces=Spaces(gym.spaces.Box(0.0, 1.0, (PLACES,)), action_space),
        experts={"scripted": Expert(expert, "right")},
        views=Views(
            pictures=(View("tests.contract.toy_worlds:draw"),),
            error=ErrorMeasure("places_to_go", PLACES, "places to go"),
        ),
    )


WALK = register(_world("Walk", gym.spaces.Discrete(3), step_walk, walk_right))
BUTTONS = register(_world("Buttons", gym.spaces.MultiBinary(3), step_buttons, press_digits))
MAZE = register(
    replace(
        WALK,
        name="Maze",
        dynamics=replace(
            WALK.dynamics,
            reset=reset_maze,
            step=step_maze,
            observe=observe_cell,
            measure=measure_way,
        ),
        spaces=Spaces(gym.spaces.Discrete(MOVES_LEFT.size), gym.spaces.Discrete(4)),
        experts={"shortest": Expert(take_way_out, "the shortest way out")},
        views=replace(
            WALK.views,
            text=write_maze,
            keys=tuple(
                PlayKey(key, 0, direction, key)
                for direction, key in enumerate(("up", "right", "down", "left"))
            ),
        ),
    )
)
