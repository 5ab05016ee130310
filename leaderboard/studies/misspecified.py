"""The optimum of DriftCarMisspecified's reward, found by a planner that knows the car and the road.

A plan is a way to drive: a speed, forward or in reverse, a lateral position on the road, and the
gains of a controller that keeps both. The cross-entropy method (Rubinstein 1999) searches for the
plan with the greatest return, with the extra noise of Szita and Lorincz 2006 against premature
convergence; its result is evaluated on held-out tracks. Some restarts search all plans, others only
those that go forward. For comparison, another learner infers a reward from the expert's
demonstrations.
"""

from collections.abc import Callable
from math import exp, log, sqrt
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numba import njit

from il_envs.engine.kernels import kept_kernel
from il_envs.engine.vector import WorldVectorEnv
from il_envs.exact.checks import FloatArray
from il_envs.learning.installed import find_algorithm
from il_envs.learning.metering import Budget
from il_envs.learning.policy import ExpertPolicy, Policy
from il_envs.learning.problem import Problem
from il_envs.learning.rollout import run_episodes
from il_envs.views import Array, States
from il_envs.world import Record, Split
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.misspecified import drift_car_misspecified, step
from il_envs.worlds.drift_car.track import SAMPLES
from leaderboard import tell
from leaderboard.figures.drawing import STYLE, name_panel, panels, save
from leaderboard.figures.styles import COLOURS, EXPERT
from leaderboard.studies.findings import Finding

PLAN = np.dtype(
    [
        ("speed", "f8"),  # m/s, negative in reverse
        ("lateral", "f8"),  # m, to the left of the centreline
        ("cornering", "f8"),  # log of m/s^2, the lateral acceleration that bends are driven at
        ("force", "f8"),  # log of the share of the drive force that is used
        ("lateral_gain", "f8"),  # log of rad/m
        ("heading_gain", "f8"),  # log of rad
        ("yaw_gain", "f8"),  # log of s
    ]
)
MEAN = np.array([0.0, 0.0, log(4.0), log(0.5), log(0.1), log(0.5), log(0.1)])
SPREAD = np.array([10.0, 3.0, 0.5, 0.5, 0.7, 0.7, 0.7])
SPEED_GAIN = 2.5  # 1/s
LOOKS, LOOK_SPACING = 8, 3.0  # places along the way that the driver looks at, and m between them

OUTCOME = np.dtype(
    [
        ("proxy", "f8"),  # return of the world's own reward
        ("true", "f8"),  # DriftCar's return
        ("reverse", "f8"),  # share of the steps
        ("lateral", "f8"),  # m, mean of the distance from the centreline
    ]
)

LEARNER = "gcl"
BUDGET = Budget(labels=8_000, steps=1_000_000)

RESTARTS, ROUNDS = 4, 40  # restarts of each kind
PLANS, ELITE = 64, 8
EPISODES, HELD_OUT_EPISODES = 16, 200
EXTRA, EXTRA_DECAY = 0.3, 0.9  # deviations added to the elite's, as a share of SPREAD


def write_misspecified(folder: Path) -> tuple[list[Path], list[Finding]]:
    """Write the picture; returns its path, and the numbers behind it.

    Raises:
        OSError: if it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tell(f"{LEARNER} learns, {BUDGET.steps:,} steps")
    expert, learned = policy_outcome(ExpertPolicy), learned_outcome(seed=0)
    tell(f"{2 * RESTARTS} restarts of the planner, {ROUNDS} rounds")
    free = [search(seed, only_forward=False) for seed in range(RESTARTS)]
    forward = [search(seed, only_forward=True) for seed in range(RESTARTS)]
    path = folder / "misspecified.svg"
    with mpl.rc_context(STYLE):
        save(draw(expert, learned, free, forward), path)
    return [path], findings(expert, learned, free, forward)


def policy_outcome(make_policy: Callable[[WorldVectorEnv], Policy]) -> np.void:
    """The mean outcome of a policy on the held-out tracks, an `OUTCOME`."""
    episodes = run_episodes(
        drift_car_misspecified,
        "held_out",
        make_policy,
        range(HELD_OUT_EPISODES),
        deterministic=False,
    )
    outcome = np.zeros(1, OUTCOME)
    outcome["proxy"] = np.mean([episode.total_reward for episode in episodes])
    outcome["true"] = np.mean([episode.measures["true_return"][-1] for episode in episodes])
    outcome["reverse"] = np.mean([(e.observations[:-1, 0] < 0.0).mean() for e in episodes])
    outcome["lateral"] = np.mean([e.measures["mean_lateral_error"][-1] for e in episodes])
    return outcome[0]


def learned_outcome(seed: int) -> np.void:
    """The outcome of a learner that infers the reward from the expert's demonstrations, an
    `OUTCOME`."""
    algorithm = find_algorithm(LEARNER)
    problem = Problem(drift_car_misspecified, algorithm.sources, BUDGET, seed)
    policy = algorithm.train(problem, seed, algorithm.config)
    return policy_outcome(lambda env: policy)


def search(seed: int, only_forward: bool, rounds: int = ROUNDS) -> np.void:
    """The outcome, on the held-out tracks, of the plan found by one restart, an `OUTCOME`."""
    random = np.random.default_rng(seed)
    mean, spread = MEAN, SPREAD
    for count in range(rounds):
        plans = mean + spread * random.standard_normal((PLANS, len(mean)))
        if only_forward:
            plans[:, 0] = np.abs(plans[:, 0])
        outcomes = drive(plans, "training", int(random.integers(2**31)), EPISODES)
        elite = plans[np.argsort(outcomes["proxy"])[-ELITE:]]
        mean = elite.mean(0)
        spread = elite.std(0) + EXTRA * EXTRA_DECAY**count * SPREAD
    return drive(mean[None], "held_out", 0, HELD_OUT_EPISODES)[0]


def drive(plans: FloatArray, split: Split, seed: int, episodes: int) -> States:
    """The mean outcomes of plans [n, fields], all from the same starts; `OUTCOME` [n]."""
    env = WorldVectorEnv(drift_car_misspecified.name, episodes, split=split)
    env.reset(seed=seed)
    states = np.tile(env.states, len(plans))
    repeated = np.repeat(np.ascontiguousarray(plans).view(PLAN).ravel(), episodes)
    outcomes = np.zeros(len(states), OUTCOME)
    arguments = (states, repeated, env.params, outcomes)
    kept_kernel("the planner's episodes", _drive, *(array[:0].copy() for array in arguments))(
        *arguments
    )
    means = np.zeros(len(plans), OUTCOME)
    for name in OUTCOME.names or ():
        means[name] = outcomes[name].reshape(len(plans), episodes).mean(1)
    return means


@njit
def _drive(states: States, plans: States, tracks: States, outcomes: States) -> None:
    """Drive one episode to its end from each state, by the plan in the same row."""
    action = np.zeros(2)
    for i in range(states.size):
        state, outcome = states[i], outcomes[i]
        while state.step < car.MAX_EPISODE_STEPS:
            _act(state, plans[i], tracks[state.track], action)
            reward, terminated = step(state, action, tracks)
            state.step += 1
            outcome.proxy += reward
            outcome.reverse += state.forward_speed < 0.0
            if terminated:
                break
        outcome.true = state.true_return
        outcome.reverse /= state.step
        outcome.lateral = state.lateral_sum / state.step


@njit
def _act(state: Record, plan: Record, track: Record, action: Array) -> None:
    """The driver: sees the road ahead of the way it goes, and steers about the road's own bend."""
    direction = car.rolling_direction(state.forward_speed)
    position, scale = car.lap_position(state, track), SAMPLES / track.length
    sharpest = 0.01  # 1/m
    for k in range(LOOKS):
        place = position + direction * LOOK_SPACING * k * scale
        place += SAMPLES if place < 0.0 else 0.0
        sharpest = max(sharpest, abs(car.lookup(track.curvature, place)))
    limit = sqrt(exp(plan.cornering) / sharpest)
    speed = car.clip(plan.speed, -limit, limit)
    push = car.MASS * SPEED_GAIN * (speed - state.forward_speed) / car.DRIVE_MAX
    force = min(exp(plan.force), 1.0)
    action[1] = car.clip(push, -force, force)

    curvature = car.lookup(track.curvature, position)
    curvature /= 1.0 - curvature * state.lateral
    turning = state.yaw_rate - curvature * state.forward_speed
    angle = car.WHEELBASE * curvature - exp(plan.lateral_gain) * (state.lateral - plan.lateral)
    angle -= direction * exp(plan.heading_gain) * state.heading_sin
    angle -= direction * exp(plan.yaw_gain) * turning
    action[0] = car.clip(angle / car.STEERING_MAX, -1.0, 1.0)


def findings(
    expert: np.void, learned: np.void, free: list[np.void], forward: list[np.void]
) -> list[Finding]:
    """The findings: free restarts reverse nearer the edge than the centreline and earn the most
    proxy return, and the learner drives as the expert does."""
    best_forward = max(float(outcome["proxy"]) for outcome in forward)
    numbers = [
        Finding("the expert: proxy return", float(expert["proxy"])),
        Finding("the expert: true return", float(expert["true"])),
        Finding(f"{LEARNER}: proxy return", float(learned["proxy"])),
        Finding(
            f"{LEARNER}: share of the expert's true return",
            float(learned["true"] / expert["true"]),
            low=0.7,
        ),
        Finding(f"{LEARNER}: share of time in reverse", float(learned["reverse"]), high=0.01),
    ]
    for kind, outcomes in (("free", free), ("forward", forward)):
        for seed, outcome in enumerate(outcomes):
            name, is_free = f"{kind} restart {seed}", kind == "free"
            share = float(outcome["true"] / expert["true"])
            lateral = float(outcome["lateral"])
            numbers += [
                Finding(
                    f"{name}: proxy return", float(outcome["proxy"]),
                    *((2.0 * best_forward,) if is_free else ()),
                ),
                Finding(f"{name}: share of the expert's true return", share,
                        **({"high": 0.1} if is_free else {})),
                Finding(f"{name}: share of time in reverse", float(outcome["reverse"]),
                        **({"low": 0.8} if is_free else {"high": 0.0})),
                Finding(f"{name}: mean distance from the centreline, m", lateral,
                        **({"low": 0.5 * car.HALF_WIDTH} if is_free else {})),
            ]  # fmt: skip
    return numbers


def draw(expert: np.void, learned: np.void, free: list[np.void], forward: list[np.void]) -> Figure:
    """The proxy return of each restart's plan against its true return."""
    figure, (axes,) = panels(1)
    for name, outcomes, colour in (
        ("best plans", free, COLOURS[1]),
        ("best forward plans", forward, COLOURS[0]),
        (f"{LEARNER}, from demonstrations", [learned], COLOURS[2]),
        ("expert", [expert], EXPERT.colour),
    ):
        true = [float(outcome["true"]) for outcome in outcomes]
        proxy = [float(outcome["proxy"]) for outcome in outcomes]
        size, fill = (13.0, "none") if name == "expert" else (8.0, "full")  # a ring, to see through
        axes.plot(
            true, proxy, color=colour, linestyle="", marker="o", markersize=size, fillstyle=fill,
            label=name,
        )  # fmt: skip
    axes.axvline(0.0, color="#888888", linewidth=0.8)
    axes.set(xlabel="true return", ylabel="return of the proxy")
    axes.legend(frameon=False)
    name_panel(
        axes, "DriftCarMisspecified: what is best is not what was meant",
        f"cross-entropy method, {RESTARTS} restarts of each kind; held-out tracks",
    )  # fmt: skip
    return figure
