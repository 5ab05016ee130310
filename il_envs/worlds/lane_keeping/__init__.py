"""LaneKeeping: hold a car to its line through a long bend; the optimal policy is known exactly.

What it tests: imitation in a continuous world whose solution is exact. The car of DriftCar is
linearised about a steady left-hand corner (40 m radius, 17.5 m/s, 0.78 g of lateral acceleration,
where an oscillation of sideslip and speed takes 2.6 s to decay by half), the cost is quadratic and
the gusts are Gaussian. The soft-optimal policy, its value, returns and entropies are closed form:
`lane_keeping.reference()`. So are the metrics of every policy that is linear with Gaussian noise
(`il_envs.GaussianPolicy`). Without control the car is 3 m off after 2 s, 17 m after 5 s.

Observation, Box(5), float64: the state itself, as deviations from the steady corner.

| entry | meaning | unit | range | typical |
|---|---|---|---|---|
| 0 | lateral error, positive to the left | m | -3000 ... 3000 | 0.24 |
| 1 | heading error, positive anticlockwise | rad | -100 ... 100 | 0.039 |
| 2 | forward speed | m/s | -500 ... 500 | 0.22 |
| 3 | lateral speed, positive to the left | m/s | -500 ... 500 | 0.67 |
| 4 | yaw rate, positive anticlockwise | rad/s | -50 ... 50 | 0.14 |

No sequence of actions leaves these ranges within an episode; "typical" is the standard deviation
under the expert in the long run.

Action, Box(2), float64, -1 to 1, held for a step of 0.04 s: steering angle (1 is 0.5 rad left) and
drive force (1 is 3 kN forward), also as deviations. The bounds are more than 8 standard deviations
of the expert's actions: the probability that an action of an episode exceeds them and is clipped is
below 1e-12, so that actions are effectively unbounded. The linear world has neither steering locks
nor a limit of grip: far from the corner its solution is still exact, but the car is not realistic.

Reward of a step, for the state x before it and the action u: minus the sum of x'Qx and u'Ru, with
Q = diag(2, 8, 1, 0.5, 2) and R = diag(125, 36). The last step's reward also includes -x'Fx of the
last state, the cost of driving on for ever, so that the optimal policy is the same at every step.
Temperature 1: a unit of reward is a nat. Episodes last 125 steps (5 s); none terminates early. The
gentle start is the steady corner itself.

`info`: `lateral_error` (m, its size now), `mean_lateral_error` (m, over the episode).

The splits are the same. Experts: `scripted` (the causal soft-optimal policy, Gaussian), `mean` (its
mean, which is the optimal policy without the entropy bonus).

LaneKeepingStill is the same bend without gusts. Its experts are the same, because gusts do not
change the optimal gain; its exact solution is `lane_keeping.reference("LaneKeepingStill")`. Every
episode starts one standard deviation of LaneKeeping's starts off the line: 0.5 m, 0.035 rad, 0.3
and 0.5 m/s, 0.1 rad/s. It is for methods whose theory assumes deterministic starts and dynamics:
the weights of guided cost learning (Finn, Levine and Abbeel 2016) aim at the posterior model, which
here is the same as the causal one, and are normalised over the episodes of one start; with Gaussian
starts there would be one episode for each.
"""

from functools import partial

import gymnasium as gym
import numpy as np

from il_envs.views import PlayKey, States, View, Views
from il_envs.world import Dynamics, Spaces, Split, Truth, World, register
from il_envs.worlds.lane_keeping import dynamics
from il_envs.worlds.lane_keeping.reference import reference as reference

LIMITS = dynamics.OBSERVATION_MAX


def _register(name: str) -> World:
    def params(split: Split) -> States:
        """The same bend in either split."""
        return dynamics.BENDS[name]

    return register(
        World(
            name=name,
            documentation=__doc__,
            dynamics=Dynamics(
                state=dynamics.STATE,
                params=params,
                reset=dynamics.reset,
                step=dynamics.step,
                observe=dynamics.observe,
                measure=dynamics.measure,
                measures=dynamics.MEASURES,
                control_period=dynamics.CONTROL_PERIOD,
                max_episode_steps=dynamics.MAX_EPISODE_STEPS,
                gentle_start=dynamics.gentle_start,
            ),
            spaces=Spaces(
                observation=gym.spaces.Box(-LIMITS, LIMITS, dtype=np.float64),
                action=gym.spaces.Box(-1.0, 1.0, (dynamics.ACTIONS,), np.float64),
                action_names=("steering", "drive"),
            ),
            experts=dynamics.EXPERTS,
            views=Views(
                pictures=(
                    View(
                        "il_envs.worlds.lane_keeping.picture.scene:paint",
                        between="il_envs.worlds.lane_keeping.picture.motion:between",
                    ),
                ),
                sounds="il_envs.worlds.lane_keeping.picture.sounds:cues",
                keys=(
                    PlayKey("left", 0, 0.3, "steer left", 1.2, 2.4, "left stick left"),
                    PlayKey("right", 0, -0.3, "steer right", 1.2, 2.4, "left stick right"),
                    PlayKey("up", 1, 0.6, "drive", 3.0, 6.0, "right trigger"),
                    PlayKey("down", 1, -0.6, "brake", 3.0, 6.0, "left trigger"),
                ),
                goal="hold the line through a long bend",
            ),
            truth=Truth(reference=partial(reference, name)),
        )
    )


lane_keeping = _register("LaneKeeping")
lane_keeping_still = _register("LaneKeepingStill")
