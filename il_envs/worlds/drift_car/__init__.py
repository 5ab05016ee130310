"""DriftCar: keep a sliding car on a winding track.

What it tests: compounding error. The car is driven at the limit of grip, where a steady drift is
open-loop unstable (an error doubles in about a quarter of a second); a cloned policy that is right
on the expert's path has seen no demonstrations of how to return to it.

Observation, Box(17), float32:

| entry | meaning | unit | range |
|---|---|---|---|
| 0 | forward speed | m/s | -40 ... 40 |
| 1 | lateral speed, positive to the left | m/s | -40 ... 40 |
| 2 | yaw rate, positive anticlockwise | rad/s | -10 ... 10 |
| 3 | steering angle of the front wheels | rad | -0.62 ... 0.62 |
| 4 | drive force at the rear wheels | kN | -4.81 ... 4.81 |
| 5 | lateral error, positive to the left of the centreline | m | -7 ... 7 |
| 6, 7 | sine and cosine of the heading error | 1 | -1 ... 1 |
| 8 ... 16 | curvature 0, 3, 6, 10, 15, 20, 26, 33 and 40 m ahead | 1/m | -0.2 ... 0.2 |

Action, Box(2), float32, from -1 to 1: steering target (1 is 0.62 rad to the left, reached at
3 rad/s) and drive target (1 is 4.81 kN forward, -1 as much backward, reached with a lag of 80 ms).

Reward: metres of centreline covered, divided by 10, times 1 + 0.3 d, where d is the sine of the
sideslip over 0.5, at most 1. Terminates when the car is more than 5 m from the centreline or slides
at more than 75 degrees; truncates after 1000 steps (40 s). A step is 0.04 s. The gentle start is on
the centreline, at 5 m/s, where the longest straight of the track begins.

`info`: `distance` (m, of centreline covered), `lateral_error` (m, its size now),
`mean_lateral_error` (m, over the episode), `sideslip` (rad), `is_success` (1 when the 40 s were
driven without termination).

The splits differ in their tracks: 48 to train on, 24 held out. Experts: `scripted` (closed form, a
function of the state alone), `noisy` (with Gaussian noise on its commands), `unlearnable` (with
hidden memory), and three that drive along either of two lines, 1.2 m to the left of the centreline
at the reference speed or 1.2 m to the right at 0.9 of it: `bimodal` (a coin for each 80 m chooses),
`non-markov` (a hidden clock of 50 to 100 steps), `inconsistent` (a coin in each step).
"""

import gymnasium as gym

from il_envs.engine.banks import redraw_with
from il_envs.views import ErrorMeasure, PlayKey, View, Views
from il_envs.world import Dynamics, Spaces, World, register
from il_envs.worlds.drift_car import dynamics
from il_envs.worlds.drift_car.expert import EXPERTS
from il_envs.worlds.drift_car.gentle_start import gentle_start
from il_envs.worlds.drift_car.plan import PLAN
from il_envs.worlds.drift_car.probe import PROBE
from il_envs.worlds.drift_car.track import bank
from il_envs.worlds.drift_car.two_minded import EXPERTS as TWO_MINDED

drift_car = register(
    World(
        name="DriftCar",
        documentation=__doc__,
        dynamics=Dynamics(
            state=dynamics.STATE,
            params=bank,
            reset=dynamics.reset,
            step=dynamics.step,
            observe=dynamics.observe,
            measure=dynamics.measure,
            measures=dynamics.MEASURES,
            control_period=dynamics.CONTROL_PERIOD,
            max_episode_steps=dynamics.MAX_EPISODE_STEPS,
            gentle_start=gentle_start,
        ),
        spaces=Spaces(
            observation=gym.spaces.Box(-dynamics.OBSERVATION_MAX, dynamics.OBSERVATION_MAX),
            action=gym.spaces.Box(-1.0, 1.0, (2,)),
            action_names=("steer", "drive"),
        ),
        experts=EXPERTS | TWO_MINDED,
        views=Views(
            pictures=(
                View(
                    "il_envs.worlds.drift_car.picture.scene:paint",
                    between="il_envs.worlds.drift_car.picture.motion:between",
                ),
            ),
            sounds="il_envs.worlds.drift_car.picture.sounds:cues",
            keys=(
                PlayKey("left", 0, 1.0, "steer left", 4.0, 5.0, "left stick left"),
                PlayKey("right", 0, -1.0, "steer right", 4.0, 5.0, "left stick right"),
                PlayKey("up", 1, 1.0, "drive", 4.0, 8.0, "right trigger"),
                PlayKey("down", 1, -1.0, "brake", 4.0, 8.0, "left trigger"),
            ),
            goal="keep to the road, drift for a bonus",
            error=ErrorMeasure("lateral_error", dynamics.HALF_WIDTH, "lateral error (m)"),
            probe=PROBE,
            plan=PLAN,
            assist="il_envs.worlds.drift_car.assistance:assist",
        ),
        redraw=redraw_with(bank),
    )
)
