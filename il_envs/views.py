"""How people see, hear and play a world.

Pictures and sounds are named by entry points, such as "il_envs.worlds.duel.picture.scene:paint",
and imported when they are first needed: importing a world imports no drawing code.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

States = NDArray[np.void]
Array = NDArray[Any]


@dataclass(frozen=True)
class PlayKey:
    """A keyboard key that drives one entry of the action while it is held.

    `value` is the entry's target; `rise` and `fall` are the rates (per second) at which it moves to
    the target and back to zero. Infinite rates make a button. `pad` is the gamepad's control for
    the same: a button such as "a" or "left shoulder", a direction of a stick such as "left stick
    up", or "left trigger" or "right trigger"; sticks and triggers push an axis as far as they are
    pushed.
    """

    key: str  # a name that pygame.key.key_code knows
    entry: int
    value: float
    label: str
    rise: float = float("inf")
    fall: float = float("inf")
    pad: str = ""


@dataclass(frozen=True)
class View:
    """One picture of a world, and optionally how to play the world with the mouse in it.

    All are entry points. `draw(state, params, canvas)` paints and never changes the state.
    `pointer(state, params, canvas, place, is_pressed)` returns the names of the play keys that the
    mouse holds down, given its place in the picture (pixels right and down) and whether its left
    button is pressed. `between(before, after, share, params)` returns a state on the way from one
    state to the next, to be drawn between two steps; without it a picture shows whole steps, or
    finds the place of what moves by `canvas.share`.
    `reward(reward, state, params, canvas)` paints a reward that was inferred from a player's
    moves, float64 [S], over the legend of the picture that `draw` has painted.
    """

    draw: str
    pointer: str | None = None
    between: str | None = None
    reward: str | None = None


@dataclass(frozen=True)
class ErrorMeasure:
    """The measure of a world that serves as its tracking error."""

    measure: str  # one of the world's `measures`
    limit: float  # the error of an episode after it has terminated
    label: str  # with its unit, for the axis of a figure


@dataclass(frozen=True)
class Probe:
    """Two coordinates of a world's states, over which a reward can be drawn.

    `place(states, first, second)` sets the two coordinates of State records [n], in place, to
    values [n], and leaves everything else unchanged; `read(states)` returns the two coordinates.
    """

    labels: tuple[str, str]  # with units, for the axes of a picture
    values: tuple[NDArray[np.float64], NDArray[np.float64]]  # grid of the picture, ascending
    place: Callable[[States, NDArray[np.float64], NDArray[np.float64]], None]
    read: Callable[[States], tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True)
class Plan:
    """A world seen from above, for drawing the paths of episodes.

    `places(states, params)` returns the places of State records [n] in the plane, float64 [n, 2],
    all on one scale. `outlines(state, params)` returns the lines that do not move in an episode,
    such as the edges of a road, float64 [points, 2] each.
    """

    places: Callable[[States, Array], NDArray[np.float64]]
    outlines: Callable[[np.void, Array], list[NDArray[np.float64]]]


@dataclass(frozen=True)
class Views:
    """How people see and hear a world and play it; everything is optional.

    `sounds` is an entry point, such as "il_envs.worlds.duel.picture.sounds:cues", imported when a
    sound is first needed. `cues(history, params)` returns what is to be heard after the step to the
    last state of an episode's history, as `il_envs.drawing.sounds.Cue`s; like a picture it is a
    function of the history alone. `text(state, params)` is the current state as text, for the
    render mode "ansi".

    `assist` is an entry point, such as "il_envs.worlds.drift_car.assistance:assist", and helps a
    player: `assist(state, params, action)` returns the action to execute, in the action space,
    where the player gives this one. Only play uses it: no algorithm and no environment does.
    """

    pictures: tuple[View, ...] = ()  # the first is the default, players can switch to the others
    sounds: str | None = None
    text: Callable[[np.void, States], str] | None = None
    keys: tuple[PlayKey, ...] = ()
    goal: str = ""  # what a player should do, in a few words
    assist: str | None = None
    error: ErrorMeasure | None = None
    probe: Probe | None = None  # coordinates for drawing a reward that is not a table
    plan: Plan | None = None  # places for drawing the paths of episodes from above
