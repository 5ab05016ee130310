"""`make bench-drivability`: how well a person could drive DriftCar, by a stand-in with late hands.

Each row of the table is 12 episodes on 12 different held-out tracks, the same in every row. The
stand-in knows the scripted expert's command and presses the arrow keys to give it, 60 times a
second of real time, but with a person's delay. Every row is deterministic; nothing passes or fails.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from il_envs.engine.single import WorldEnv
from il_envs.learning.policy import ExpertPolicy
from il_envs.learning.rollout import run_episodes
from il_envs.play.held_keys import HeldKeys
from il_envs.play.level import BEGINNER, FULL, STANDARD, Level
from il_envs.testing.stand_in import FRAME, StandIn
from il_envs.views import States
from il_envs.world import World, get_world
from il_envs.worlds.drift_car import assistance
from il_envs.worlds.drift_car.dynamics import STEERING_MAX

CAR = get_world("DriftCar")
SPLIT = "held_out"
EPISODES = 12
SPEEDS = (1.0, 0.75, 0.5, 0.25)
RANDOM_HOLD = 12  # frames, for which the random driver holds its keys

Assist = Callable[[np.void, States, NDArray[Any]], NDArray[Any]]
Hands = Callable[[NDArray[Any], NDArray[Any]], Mapping[str, float]]
"""The keys to hold in a frame, given the expert's command and what the keys gave before."""
Run = Callable[[], list["Drive"]]


@dataclass(frozen=True)
class Drive:
    """How one episode went."""

    survived: bool
    distance: float  # m, of centreline
    share: float  # of the expert's return from the same start


def drive(
    seed: int,
    level: Level,
    hands: Hands,
    world: World = CAR,
    keys: Callable[[World], HeldKeys] = HeldKeys,
    assist: Assist = assistance.assist,
    direct: Container[str] = (),
) -> Drive:
    """Drive one episode of the held-out split with these hands.

    Args:
        world: DriftCar, perhaps with other keys.
        keys: the law by which held keys become actions.
        assist: the assistance, at levels with assistance.
        direct: the keys that sticks and triggers hold, instead of a keyboard.
    """
    env = WorldEnv(world.name, SPLIT)
    env.reset(seed=seed, options={"gentle_start": level.gentle_start})
    expert, law, period = ExpertPolicy(env), keys(world), world.dynamics.control_period
    command, given = expert.predict()[0][0], np.zeros(2, np.float32)
    total, due = 0.0, 0.0  # s of the world's time that are due
    while True:
        given = law.action(hands(command, given), level.speed * FRAME, direct)
        due += level.speed * FRAME
        if due < period - 1e-9:
            continue
        due -= period
        action = assist(env.state, env.params, given) if level.assist else given
        _, reward, terminated, truncated, info = env.step(action)
        total += reward
        if terminated or truncated:
            share = total / _expert_returns(level.gentle_start)[seed]
            return Drive(not terminated, info["distance"], share)
        command = expert.predict()[0][0]


@cache
def track_seeds() -> tuple[int, ...]:
    """The first seeds from 0 on whose tracks are all different, `EPISODES` of them."""
    env, seeds, tracks = WorldEnv(CAR.name, SPLIT), list[int](), set[int]()
    seed = 0
    while len(seeds) < EPISODES:
        env.reset(seed=seed)
        track = int(env.state["track"])
        if track not in tracks:
            seeds.append(seed)
            tracks.add(track)
        seed += 1
    return tuple(seeds)


@cache
def _expert_returns(gentle_start: bool) -> dict[int, float]:
    """The expert's return for each seed."""
    seeds = track_seeds()
    episodes = run_episodes(CAR, SPLIT, ExpertPolicy, seeds, gentle_start=gentle_start)
    return {episode.seed: episode.total_reward for episode in episodes}


def drives(level: Level, make_hands: Callable[[int], Hands], **options: Any) -> list[Drive]:
    """One drive on each track; `make_hands` is given its seed."""
    return [drive(seed, level, make_hands(seed), **options) for seed in track_seeds()]


def stand_in(delay: float = 0.2, **habits: Any) -> Callable[[int], Hands]:
    """Makes stand-ins with this delay in seconds and these habits."""
    return lambda seed: StandIn(CAR, delay, seed=seed, **habits).keys


SLOPPY = stand_in(0.25, tremor=0.15, shortest_tap=4 * FRAME)
STAND_INS = {
    "200 ms": stand_in(),
    "sloppy": SLOPPY,
    "clumsy": stand_in(0.3, tremor=0.2, shortest_tap=5 * FRAME),
}
"""Sloppy hands are late by 250 ms, wrong by 15% of full lock, and no tap is shorter than 67 ms; of
clumsy ones these are 300 ms, 20% and 83 ms."""


def hold(*names: str) -> Callable[[int], Hands]:
    """Makes hands that hold the same keys all the time."""
    return lambda seed: lambda command, given: dict.fromkeys(names, 1.0)


def random_keys(seed: int) -> Hands:
    """Hands that hold random arrow keys for a fifth of a second each."""
    random, frame, held = np.random.default_rng(seed), 0, dict[str, float]()

    def keys(command: NDArray[Any], given: NDArray[Any]) -> Mapping[str, float]:
        nonlocal frame, held
        if frame % RANDOM_HOLD == 0:
            across, along = random.choice(["left", "right", ""]), random.choice(["up", "down", ""])
            held = {str(name): 1.0 for name in (across, along) if name}
        frame += 1
        return held

    return keys


def with_rates(rise: float, fall: float) -> World:
    """DriftCar with other rates of its steering keys, per second."""
    keys = [replace(k, rise=rise, fall=fall) if k.entry == 0 else k for k in CAR.views.keys]
    return replace(CAR, views=replace(CAR.views, keys=tuple(keys)))


class SmoothRamp(HeldKeys):
    """Pushes that begin and end slowly: 3 p^2 - 2 p^3 of the linear ramp."""

    def action(
        self, held: Mapping[str, float], seconds: float, direct: Container[str] = ()
    ) -> NDArray[Any]:
        linear: NDArray[Any] = super().action(held, seconds, direct)  # type: ignore[assignment]
        size = np.abs(linear)
        return np.copysign(size * size * (3.0 - 2.0 * size), linear).astype(linear.dtype)


class CounterSteer(HeldKeys):
    """A key ends the push of the opposite key at once."""

    def action(
        self, held: Mapping[str, float], seconds: float, direct: Container[str] = ()
    ) -> NDArray[Any]:
        for key, push in zip(self._keys, self._push, strict=True):
            opposite = any(k.entry == key.entry and k.key in held for k in self._keys if k != key)
            if opposite and key.key not in held and push > 0.0:
                self._push[self._keys.index(key)] = 0.0
        return super().action(held, seconds, direct)  # type: ignore[return-value]


LAWS: dict[str, dict[str, Any]] = {
    **{
        f"rise {rise}/s, fall {fall}/s": {"world": with_rates(rise, fall)}
        for rise, fall in ((2, 4), (3, 5), (4, 5), (4, 10), (8, 10))
    },
    "smooth": {"keys": SmoothRamp},
    "a key ends the opposite push": {"keys": CounterSteer},
}
HELPS = ("speed limiter", "traction control", "lane keeping", "steering limiter")


def some_help(*helps: str) -> Assist:
    """DriftCar's assistance with no more than these of the helps."""

    def assist(state: np.void, params: States, action: NDArray[Any]) -> NDArray[Any]:
        angle, drive = STEERING_MAX * float(action[0]), float(action[1])
        if "speed limiter" in helps:
            drive = assistance.limited_drive(state, params[state["track"]], drive)
        if "traction control" in helps:
            drive = assistance.controlled_traction(drive)
        if "lane keeping" in helps:
            angle += assistance.lane_steering(state)
        if "steering limiter" in helps:
            angle = assistance.limited_steering(state, angle)
        return np.clip(np.array([angle / STEERING_MAX, drive], action.dtype), -1.0, 1.0)

    return assist


def sections() -> dict[str, dict[str, Run]]:
    """The table: what drives the episodes of each row, by title and label."""
    real_time = replace(BEGINNER, speed=1.0)
    all_but = {each: tuple(help for help in HELPS if help != each) for each in HELPS}
    return {
        "steering keys that rise by 3/s, real time, the world's own start": {
            f"{delay} ms": partial(drives, FULL, stand_in(delay / 1000.0), world=with_rates(3, 5))
            for delay in (0, 80, 160, 200)
        },
        **{
            f"gentle start, {'driving' if assist else 'no'} assistance": {
                f"speed {speed:g}, {title}": partial(
                    drives, replace(STANDARD, speed=speed, assist=assist), hands
                )
                for speed in SPEEDS
                for title, hands in STAND_INS.items()
            }
            for assist in (False, True)
        },
        "beginner": {
            "250 ms": partial(drives, BEGINNER, stand_in(0.25)),
            "300 ms": partial(drives, BEGINNER, stand_in(0.3)),
            "200 ms, gamepad": partial(
                drives,
                BEGINNER,
                stand_in(is_analog=True),
                direct=[key.key for key in CAR.views.keys],
            ),
            "200 ms, the world's own start": partial(
                drives, replace(BEGINNER, gentle_start=False), stand_in()
            ),
            "no key": partial(drives, BEGINNER, hold()),
            "only the throttle": partial(drives, BEGINNER, hold("up")),
            "random keys": partial(drives, BEGINNER, random_keys),
        },
        "parts of the assistance: real time, gentle start, sloppy": {
            **{
                f"only the {each}": partial(drives, real_time, SLOPPY, assist=some_help(each))
                for each in HELPS
            },
            **{
                f"all but the {each}": partial(drives, real_time, SLOPPY, assist=some_help(*others))
                for each, others in all_but.items()
            },
        },
        "laws of keys: speed 0.5, gentle start, no assistance, 200 ms": {
            title: partial(drives, replace(STANDARD, speed=0.5, assist=False), stand_in(), **law)
            for title, law in LAWS.items()
        },
    }


def main() -> None:
    """Drive everything and print one table."""
    table = Table(
        "setting", f"survived, of {EPISODES}", "distance (m)", "share of the expert's return"
    )
    for title, section in sections().items():
        table.add_section()
        table.add_row(f"[bold]{title}[/bold]")
        for label, run in section.items():
            done = run()
            table.add_row(
                label,
                str(sum(each.survived for each in done)),
                f"{np.mean([each.distance for each in done]):.0f}",
                f"{np.mean([each.share for each in done]):.2f}",
            )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
