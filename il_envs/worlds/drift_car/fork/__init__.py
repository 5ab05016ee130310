"""DriftCarFork: past an obstacle on the left or on the right, but not in between.

What it tests: whether a policy can choose between two good actions. Obstacles stand on the
centreline, and the expert passes each on either side, half of the time each. It decides late and
turns sharply, so that nothing which an observation shows tells the side before. The mean of the two
ways is the obstacle. The car and its tracks are DriftCar's; it starts more slowly and the experts
drive calmly, without sliding, so that errors do not compound: whoever clones the style `left`,
which has one way, drives as well as it does.

Observation, Box(19), float32: DriftCar's 17 entries, and

| entry | meaning | unit | range |
|---|---|---|---|
| 17 | metres of centreline to the next obstacle | m | -1.2 ... 20 |
| 18 | offset of the next obstacle from the car, positive to the left | m | -5 ... 5 |

An obstacle is a disc with a radius of 1.2 m, half of the car's width included: contact is when the
car's centre of mass is within it, at the end of a step. It is the next one until the car is 1.2 m
past it, and from then on no obstacle any more, not even in reverse. The first one stands 60 to 90 m
from the start, and so does each other one from the one before; the seed and the episode draw these
gaps.

Action, Box(2), float32: DriftCar's steering and drive. Reward: DriftCar's. Terminates on contact
and as DriftCar does; truncates after 1000 steps (40 s), which is 3 to 4 obstacles for the expert.
The start is DriftCar's with 0.7 of its speed, at most 7.5 m/s.

`info`: DriftCar's measures, of which `is_success` is 1 when the 40 s were driven without
termination and an obstacle was passed; `passed` (obstacles), `passed_left` and `passed_right`
(those passed on their left and on their right).

Policies are scored by their draws, not by their modes. Experts: `bimodal` (a hash of the episode
and the obstacle chooses the side; once it is 0.5 m to one side, the expert goes on to that side,
whoever drove there), `left` and `right` (always that side).
"""

from dataclasses import replace

import gymnasium as gym

from il_envs.views import View
from il_envs.world import register
from il_envs.worlds.drift_car import drift_car
from il_envs.worlds.drift_car.fork import dynamics
from il_envs.worlds.drift_car.fork.expert import EXPERTS

drift_car_fork = register(
    replace(
        drift_car,
        name="DriftCarFork",
        documentation=__doc__,
        dynamics=replace(
            drift_car.dynamics,
            state=dynamics.STATE,
            reset=dynamics.reset,
            step=dynamics.step,
            observe=dynamics.observe,
            measure=dynamics.measure,
            measures=dynamics.MEASURES,
        ),
        spaces=replace(
            drift_car.spaces,
            observation=gym.spaces.Box(dynamics.OBSERVATION_LOW, dynamics.OBSERVATION_HIGH),
        ),
        experts=EXPERTS,
        views=replace(
            drift_car.views,
            pictures=(
                View(
                    "il_envs.worlds.drift_car.picture.fork_scene:paint",
                    between="il_envs.worlds.drift_car.picture.motion:between",
                ),
            ),
            sounds="il_envs.worlds.drift_car.picture.fork_sounds:cues",
            goal="pass the obstacles on either side, keep to the road",
            assist=None,  # lane keeping assistance would steer at the obstacle
        ),
    )
)
