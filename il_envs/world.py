"""The world contract and the one registry of worlds.

A world is a State record, a table of parameters, a few scalar kernels and a drawing function;
nothing in it knows Gymnasium, pygame or a batch. `gym_env` makes its single and its vector
environment from the same kernels.
"""

import difflib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

Split = Literal["training", "held_out"]
Kernel = Callable[..., Any]
States = NDArray[np.void]
Array = NDArray[Any]
Record = Any  # a row of a structured array, inside a kernel

STATE_HEADER: tuple[tuple[str, str], ...] = (
    ("key", "u8"),  # of the random stream, drawn from the seed
    ("episode", "u8"),  # since that key was drawn, from 0
    ("draws", "u8"),  # taken from the stream in this episode
    ("step", "i8"),  # control steps taken in this episode
)
"""The fields that begin every State record; the environments keep them, the kernels read them."""


@dataclass(frozen=True)
class Expert:
    """One style of scripted expert.

    `act(state, params, memory, action)` is a kernel: `memory` is a float64 row of `memory_size`
    numbers, zero when an episode starts, and `action` is the row to fill. A Markov expert has no
    memory. Random choices are hashes of the state's key, episode and step, so that asking twice
    gives the same answer.
    """

    act: Kernel
    summary: str
    memory_size: int = 0


@dataclass(frozen=True)
class PlayKey:
    """A keyboard key that pushes one entry of the action while it is held.

    `value` is where the entry goes, `rise` and `fall` how fast (per second) it goes there and back
    to zero; infinite rates make a button.
    """

    key: str  # a name that pygame.key.key_code knows
    entry: int
    value: float
    label: str
    rise: float = float("inf")
    fall: float = float("inf")


@dataclass(frozen=True)
class View:
    """One way to see a world, and to play it with the mouse in that picture.

    `draw(state, params, canvas)` is as in `World`. `pointer(state, params, canvas, place,
    is_pressed)` is the names of the `play_keys` that the mouse holds down, given its place in the
    picture (pixels right and down) and whether its left button is pressed.
    """

    draw: Callable[..., None]
    pointer: Callable[..., Sequence[str]] | None = None


@dataclass(frozen=True)
class ErrorMeasure:
    """The measure of a world that shows how far it is from where it should be."""

    measure: str  # one of the world's `measures`
    limit: float  # what an episode counts for once it has terminated
    label: str  # with its unit, for the axis of a figure


@dataclass(frozen=True)
class Probe:
    """Two coordinates of a world's states, over which a reward can be drawn.

    `place(states, first, second)` moves State records [n] in place to values [n] of the two, and
    leaves all else in them as it is; `read(states)` returns those values.
    """

    labels: tuple[str, str]  # with units, for the axes of a picture
    values: tuple[NDArray[np.float64], NDArray[np.float64]]  # to look at, ascending
    place: Callable[[States, NDArray[np.float64], NDArray[np.float64]], None]
    read: Callable[[States], tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True)
class World:
    """Everything there is to know about one world.

    Kernels are `numba.njit` functions of one row: `reset(state, params)`,
    `step(state, action, params) -> (reward, terminated)`, `observe(state, params, out)` and
    `measure(state, params, out)`, which fills one float64 for each name in `measures` (they become
    the `info` dictionary). `params(split)` returns a structured array, the same one at each call.
    `observe` fills a row of the observation space: for a Discrete one, that is int64 [1].
    `draw(state, params, canvas)` paints and never changes the state; `text(state, params)` is the
    present state as text, for the render mode "ansi". The first of `experts` is the reference: it
    demonstrates and answers unless another style is asked for. `pointer` plays it with the mouse,
    and `views` are other pictures for players to turn to, both as in `View`.
    """

    name: str
    state: np.dtype[np.void]
    params: Callable[[Split], States]
    observation_space: gym.spaces.Box | gym.spaces.Discrete
    action_space: gym.Space[Any]
    reset: Kernel
    step: Kernel
    observe: Kernel
    measure: Kernel
    measures: tuple[str, ...]
    draw: Callable[..., None]
    experts: Mapping[str, Expert]
    control_period: float  # s
    max_episode_steps: int
    play_keys: tuple[PlayKey, ...] = ()
    pointer: Callable[..., Sequence[str]] | None = None
    views: tuple[View, ...] = ()
    namespace: str = "il_envs"
    version: int = 0
    action_names: tuple[str, ...] = ()
    model: Callable[[], Any] | None = None  # of known dynamics
    error: ErrorMeasure | None = None
    text: Callable[[np.void, States], str] | None = None
    reference: Callable[[], Any] | None = None  # the exact answer, of which the expert is a sample
    transfer: str | None = None  # the world in which a reward learned in this one is tried
    one_button_bound: Callable[[], float] | None = None  # on the return of one button a step
    probe: Probe | None = None  # where a reward is drawn that is no table

    @property
    def id(self) -> str:
        """The Gymnasium id, such as `il_envs/DriftCar-v0`."""
        return f"{self.namespace}/{self.name}-v{self.version}"

    @property
    def kernels(self) -> dict[str, Kernel]:
        """The kernels that make up an episode, by the names the compiled loops call them."""
        return {
            "reset": self.reset,
            "step": self.step,
            "observe": self.observe,
            "measure": self.measure,
        }

    @property
    def reference_style(self) -> str:
        """The style of expert that is the 1 of the score: the first one.

        Raises:
            LookupError: if the world has no expert.
        """
        if not self.experts:
            raise LookupError(f"{self.name} has no expert")
        return next(iter(self.experts))

    def known_model(self) -> Any:
        """The known model of its dynamics.

        Raises:
            LookupError: if there is none.
        """
        if self.model is None:
            raise LookupError(f"{self.name} has no known model")
        return self.model()


WORLDS: dict[str, World] = {}
"""Every registered world by its name."""


class UnknownNameError(KeyError):
    """A name that no registry knows; the message gives the nearest that one does."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        near = difflib.get_close_matches(name.lower(), [k.lower() for k in known], n=1, cutoff=0.4)
        matches = [k for k in known if k.lower() in near]
        hint = f"did you mean {matches[0]!r}?" if matches else f"known: {', '.join(sorted(known))}"
        super().__init__(f"unknown {kind} {name!r}; {hint}")

    def __str__(self) -> str:
        return str(self.args[0])


def register(world: World) -> World:
    """Add a world to the registry and to Gymnasium's; returns it.

    Raises:
        ValueError: if the name is taken or the State record does not begin with `STATE_HEADER`.
    """
    header = tuple((name, world.state[name].str[1:]) for name in (world.state.names or ())[:4])
    if header != STATE_HEADER:
        raise ValueError(
            f"{world.name}: the State record must begin with {STATE_HEADER}, has {header}"
        )
    if world.name in WORLDS:
        raise ValueError(f"a world named {world.name!r} is registered already")
    WORLDS[world.name] = world
    gym.register(
        world.id,
        entry_point="il_envs.gym_env:WorldEnv",
        vector_entry_point="il_envs.vector_env:WorldVectorEnv",
        kwargs={"world": world.name},
    )
    return world


def get_world(name: str) -> World:
    """The world called `DriftCar`, `DriftCar-v0` or `il_envs/DriftCar-v0`.

    Raises:
        UnknownNameError: if there is none.
    """
    for world in WORLDS.values():
        if name in (world.name, world.id, world.id.split("/")[-1]):
            return world
    raise UnknownNameError("world", name, list(WORLDS))


def state_hash(states: States) -> str:
    """SHA-256 of the bytes of State records, a fingerprint of everything a world remembers."""
    return hashlib.sha256(np.ascontiguousarray(states).tobytes()).hexdigest()
