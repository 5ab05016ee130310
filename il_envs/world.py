"""The contract of a world, and the registry of worlds.

A world is a State record, a table of parameters, a few scalar kernels and the name of a drawing
function; it depends neither on pygame nor on batches. `il_envs.engine` makes its single and its
vector environment from the same kernels.
"""

import difflib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, Protocol

import gymnasium as gym
import numpy as np

from il_envs.views import Array, States, Views

Split = Literal["training", "held_out"]
Kernel = Callable[..., Any]
Record = Any  # a row of a structured array, inside a kernel
GentleStart = Callable[[Record, States], None]

STATE_HEADER: tuple[tuple[str, str], ...] = (
    ("key", "u8"),  # of the random stream, drawn from the seed
    ("episode", "u8"),  # since that key was drawn, from 0
    ("draws", "u8"),  # taken from the stream in this episode
    ("step", "i8"),  # control steps taken in this episode
)
"""The first fields of every State record; the environments maintain them, the kernels read them."""


@dataclass(frozen=True)
class Expert:
    """One style of scripted expert.

    `act(state, params, memory, action)` is a kernel: `memory` is a float64 row of `memory_size`
    numbers, zero when an episode starts, and `action` is the row to fill. A Markov expert has no
    memory. Random choices are hashes of the state's key, episode and step, so that an expert that
    is asked twice gives the same action.
    """

    act: Kernel
    summary: str
    memory_size: int = 0


class ExactReference(Protocol):
    """A causal or posterior soft-optimal policy that is known exactly, with its return and entropy.

    `SoftOptimal` for tabular models and `LinearQuadraticSoftOptimal` implement it.
    """

    @property
    def backup(self) -> Literal["causal", "posterior"]:
        """The model of soft optimality, "causal" or "posterior"."""
        ...

    @property
    def temperature(self) -> float:
        """The units of reward that one nat of entropy is worth."""
        ...

    @property
    def expected_return(self) -> float:
        """E[sum of rewards] of an episode."""
        ...

    @property
    def entropy(self) -> float:
        """Entropy of the policy over an episode, in nats."""
        ...

    @property
    def log_partition(self) -> float:
        """The soft value of the start distribution, in nats."""
        ...

    def sample(self, count: int, seed: int) -> tuple[Array, Array]:
        """Sampled episodes: states [count, T + 1, ...] and actions [count, T, ...]."""
        ...


@dataclass(frozen=True)
class Dynamics:
    """The dynamics of a world, with its observations and measures.

    Kernels are functions of one row: `reset(state, params)`,
    `step(state, action, params) -> (reward, terminated)`, `observe(state, params, out)` and
    `measure(state, params, out)`, which fills one float64 for each name in `measures` (they become
    the `info` dictionary). They are decorated with `il_envs.kernel.kernel`; with `numba.njit` alone
    they give the same bits, more slowly. `params(split)` returns a contiguous structured array, the
    same one at each call. `observe` fills a row of the observation space: for a Discrete one, that
    is int64 [1].

    `gentle_start(state, params)` is optional and a plain function, no kernel: no algorithm meets
    it. After a reset it changes the State record, in place, to a start that suits a person. It is
    deterministic and, like kernels, uses + - * / and square roots alone, so that such episodes
    replay bit for bit.
    """

    state: np.dtype[np.void]
    params: Callable[[Split], States]
    reset: Kernel
    step: Kernel
    observe: Kernel
    measure: Kernel
    measures: tuple[str, ...]
    control_period: float  # s
    max_episode_steps: int
    gentle_start: GentleStart | None = None

    @property
    def kernels(self) -> dict[str, Kernel]:
        """The kernels of an episode, by their names in the compiled loops."""
        return {
            "reset": self.reset,
            "step": self.step,
            "observe": self.observe,
            "measure": self.measure,
        }


@dataclass(frozen=True)
class Spaces:
    """The observation and action space of a single row."""

    observation: gym.spaces.Box | gym.spaces.Discrete
    action: gym.Space[Any]
    action_names: tuple[str, ...] = ()  # names of the entries, or of a Discrete space's actions


@dataclass(frozen=True)
class Truth:
    """What is known exactly about a world."""

    model: Callable[[], Any] | None = None  # the model of known dynamics
    reference: Callable[[], ExactReference] | None = None  # the policy that the expert samples from
    transfer: str | None = None  # the world for transfer tests of rewards learned in this one
    one_button_bound: Callable[[], float] | None = None  # on the return with one button a step


@dataclass(frozen=True, repr=False, eq=False)
class World:
    """The full definition of one world.

    The first of `experts` is the reference style: it demonstrates and labels unless another one is
    chosen. `documentation` says what the world tests, and tables its observation and action.

    `redraw(world, number)` returns the world with its map, tracks or weights drawn anew from a
    number of 63 bits; None if it has none to draw. Instances are made with it, see `instance_of`.
    """

    name: str
    documentation: str
    dynamics: Dynamics
    spaces: Spaces
    experts: Mapping[str, Expert]
    views: Views = field(default_factory=Views)
    truth: Truth = Truth()
    namespace: str = "il_envs"
    version: int = 0
    redraw: Callable[["World", int], "World"] | None = None
    instance: str = ""  # the code from which an instance was drawn

    def __reduce__(self) -> tuple[Callable[[str], "World"], tuple[str]]:
        """Copies and pickles give the registered world itself, in other processes too.

        Raises:
            TypeError: if the world is not registered.
        """
        registered = WORLDS.get(self.base)
        if registered is None or instance_of(registered, self.instance) is not self:
            raise TypeError(f"{self.name} is not registered, so a copy of it could not be found")
        return get_world, (self.name,)

    def __repr__(self) -> str:
        return f"<World {self.id}: {self.documentation.strip().partition(chr(10))[0]}>"

    @property
    def id(self) -> str:
        """The Gymnasium id, such as `il_envs/DriftCar-v0`."""
        return f"{self.namespace}/{self.name}-v{self.version}"

    @property
    def base(self) -> str:
        """The name of the registered world: that of which it is an instance, or its own."""
        return base_name(self.name)

    def number_of(self, purpose: str) -> int:
        """A number of 63 bits, drawn from an instance's code for one purpose; 0 of the registered
        world itself."""
        if not self.instance:
            return 0
        digest = hashlib.sha256(f"{self.instance} {purpose}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    @property
    def reference_style(self) -> str:
        """The style of the expert that defines score 1: the first one.

        Raises:
            LookupError: if the world has no expert.
        """
        if not self.experts:
            raise LookupError(f"{self.name} has no expert")
        return next(iter(self.experts))

    def known_model(self) -> Any:
        """The known model of the world's dynamics.

        Raises:
            LookupError: if the world has none.
        """
        if self.truth.model is None:
            raise LookupError(f"{self.name} has no known model")
        return self.truth.model()


WORLDS: dict[str, World] = {}
"""Every registered world by its name."""


class UnknownNameError(KeyError):
    """A name that is not registered; the message says what would be right, by default the nearest
    registered one."""

    def __init__(self, kind: str, name: object, known: list[str], right: str = "") -> None:
        near = difflib.get_close_matches(
            str(name).lower(), [k.lower() for k in known], n=1, cutoff=0.4
        )
        matches = [k for k in known if k.lower() in near]
        hint = f"did you mean {matches[0]!r}?" if matches else f"known: {', '.join(sorted(known))}"
        super().__init__(f"unknown {kind} {name!r}; {right or hint}")

    def __str__(self) -> str:
        return str(self.args[0])


def register(world: World) -> World:
    """Add a world to the registry and to Gymnasium's; returns the world.

    Raises:
        ValueError: if the name is taken or the State record does not begin with `STATE_HEADER`.
    """
    state = world.dynamics.state
    header = tuple((name, state[name].str[1:]) for name in (state.names or ())[:4])
    if header != STATE_HEADER:
        raise ValueError(
            f"{world.name}: the State record must begin with {STATE_HEADER}, has {header}"
        )
    if world.name in WORLDS:
        raise ValueError(f"a world named {world.name!r} is registered already")
    WORLDS[world.name] = world
    gym.register(
        world.id,
        entry_point="il_envs.engine.single:WorldEnv",
        vector_entry_point="il_envs.engine.vector:WorldVectorEnv",
        max_episode_steps=world.dynamics.max_episode_steps,
        order_enforce=False,  # environments see to it themselves, and
        disable_env_checker=True,  # every world passes `check_env` in the tests
        kwargs={"world": world.name},
    )
    return world


def get_world(name: str) -> World:
    """The world called `DriftCar`, `DriftCar-v0` or `il_envs/DriftCar-v0`; or its instance
    `DriftCar~CODE`.

    Raises:
        UnknownNameError: if there is none, or the code is none.
    """
    own, _, code = name.partition(INSTANCE)
    for world in WORLDS.values():
        if own in (world.name, world.id, world.id.split("/")[-1]):
            return instance_of(world, code)
    raise UnknownNameError("world", name, list(WORLDS))


INSTANCE = "~"
"""What stands between the name of a world and the code of an instance of it."""
CODE_LENGTH = 16


def base_name(name: str) -> str:
    """The name of the registered world of which a name names an instance; or itself."""
    return name.partition(INSTANCE)[0]


@cache
def instance_of(world: World, code: str) -> World:
    """An instance of a registered world: the same task with all of its random streams, and its map,
    tracks or weights where it has any, drawn from a code. The world itself if there is no code.

    To an algorithm its states, actions and features have other numbers, see
    `il_envs.remote.numbering`. Its name is that of the world and the code, and whoever knows the
    name can make it; `get_world` does.

    Args:
        code: 16 hexadecimal digits, in lower case.

    Raises:
        UnknownNameError: if the code is none.
    """
    if not code:
        return world
    if len(code) != CODE_LENGTH or set(code) - set("0123456789abcdef"):
        raise UnknownNameError(
            "instance",
            f"{world.name}{INSTANCE}{code}",
            [],
            f"a code is {CODE_LENGTH} hexadecimal digits, in lower case",
        )
    own = replace(world, name=f"{world.name}{INSTANCE}{code}", instance=code)
    if own.truth.transfer is not None:
        transfer = f"{own.truth.transfer}{INSTANCE}{code}"
        own = replace(own, truth=replace(own.truth, transfer=transfer))
    return own if own.redraw is None else own.redraw(own, own.number_of("map"))


def state_hash(states: States) -> str:
    """SHA-256 of the bytes of State records [rows], which are all that a world remembers."""
    return hashlib.sha256(np.ascontiguousarray(states).tobytes()).hexdigest()
