"""Pillar: past it on the left or on the right, but not both.

What it tests: whether a policy can choose between two chords. A runner comes to one pillar after
another and must step aside, either way: strafe left and lean left, or strafe right and lean right.
The expert takes either side half of the time, so that each of the four buttons is pressed in half
of the steps in which a side is chosen. Buttons drawn independently mix the two chords: of the 16
equally likely combinations 13 are stumbles, 1 presses nothing and 2 are valid chords. A policy with
a probability for each chord does not stumble.

Observation, Box(2), float32:

| entry | meaning | unit | range |
|---|---|---|---|
| 0 | steps to the pillar ahead | 12 steps | 0 ... 1 |
| 1 | offset from the line to it, positive to the left | 1 m | -1 ... 1 |

Action, MultiBinary(4): strafe left, strafe right, lean left, lean right. The left chord, strafe
left and lean left alone, moves the runner by 0.5 m to the left, up to 1 m; the right one likewise.
Pressing nothing is allowed; any other chord is a stumble.

Reward: 1 for each pillar passed. Terminates with a stumble, or at a pillar that is not 1 m to the
side; truncates after 240 steps, which is 20 pillars. A step is 0.1 s. After a pillar, the line to
the next one passes through the runner's position, so that its offset is 0 again.

`info`: `pillars` (passed), `offset` (m), `is_success` (1 when all were passed).

Policies are scored by their draws, not by their modes. Experts: `bimodal` (a fair coin chooses the
side of each pillar), `left` (always the left side).
"""

import gymnasium as gym
import numpy as np

from il_envs.views import PlayKey, View, Views
from il_envs.world import Dynamics, Spaces, World, register
from il_envs.worlds.pillar import dynamics

KEYS = ("a", "d", "q", "e")
PADS = ("left stick left", "left stick right", "left shoulder", "right shoulder")

pillar = register(
    World(
        name="Pillar",
        documentation=__doc__,
        dynamics=Dynamics(
            state=dynamics.STATE,
            params=dynamics.params,
            reset=dynamics.reset,
            step=dynamics.step,
            observe=dynamics.observe,
            measure=dynamics.measure,
            measures=dynamics.MEASURES,
            control_period=dynamics.CONTROL_PERIOD,
            max_episode_steps=dynamics.MAX_EPISODE_STEPS,
        ),
        spaces=Spaces(
            observation=gym.spaces.Box(
                np.array([0.0, -1.0], np.float32), np.array([1.0, 1.0], np.float32)
            ),
            action=gym.spaces.MultiBinary(len(dynamics.BUTTONS)),
            action_names=dynamics.BUTTONS,
        ),
        experts=dynamics.EXPERTS,
        views=Views(
            pictures=(
                View(
                    "il_envs.worlds.pillar.picture.scene:paint",
                    between="il_envs.worlds.pillar.picture.motion:between",
                ),
            ),
            sounds="il_envs.worlds.pillar.picture.sounds:cues",
            keys=tuple(
                PlayKey(key, k, 1.0, name, pad=pad)
                for k, (name, key, pad) in enumerate(zip(dynamics.BUTTONS, KEYS, PADS, strict=True))
            ),
            goal="strafe and lean past each pillar, on either side",
        ),
    )
)
