"""Gauntlet: run and shoot at the same time, or be caught.

What it tests: whether a policy can hold two buttons at once. A wall closes in from behind at three
quarters of the running speed, so the runner must hold forward for .75 of the time. Gates bar the
way, and to open them at the wall's pace it must hold fire for .40 of the time. With one button a
step the shares sum to at most 1, and the wall wins; holding both is easy. `one_button_bound` is a
linear program that bounds the return of policies that press one button a step.

Observation, Box(7), float32:

| entry | meaning | unit | range |
|---|---|---|---|
| 0 | distance to the wall behind, at most 12 m | 12 m | 0 ... 1 |
| 1 | distance to the gate ahead, at most 6 m | 6 m | 0 ... 1 |
| 2 | hits that the gate still takes | 16 | 0 ... 1 |
| 3 | time left | 20 s | 0 ... 1 |
| 4, 5, 6 | the buttons held in the last step | | 0, 1 |

Action, MultiBinary(3): forward, back (4 m/s either way, nothing if both), fire. Fire hits the gate
ahead once a step, from 6 m on; the runner stops at a gate that stands.

Reward: metres gained, divided by the 6 m from gate to gate. Terminates when the wall arrives;
truncates after 400 steps (20 s). A step is 0.05 s.

`info`: `gates` (opened), `lead` (m, distance to the wall behind), `is_success` (1 when the time is
over and the wall has not arrived).

Experts: `scripted` (holds forward and fire), `noisy` (with slips).
"""

import gymnasium as gym

from il_envs.views import PlayKey, View, Views
from il_envs.world import Dynamics, Spaces, Truth, World, register
from il_envs.worlds.gauntlet import dynamics
from il_envs.worlds.gauntlet.bound import one_button_bound as one_button_bound

KEYS = ("w", "s", "space")
PADS = ("left stick up", "left stick down", "a")

gauntlet = register(
    World(
        name="Gauntlet",
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
            observation=gym.spaces.Box(0.0, 1.0, (4 + len(dynamics.BUTTONS),)),
            action=gym.spaces.MultiBinary(len(dynamics.BUTTONS)),
            action_names=dynamics.BUTTONS,
        ),
        experts=dynamics.EXPERTS,
        views=Views(
            pictures=(
                View(
                    "il_envs.worlds.gauntlet.picture.scene:paint",
                    between="il_envs.worlds.gauntlet.picture.motion:between",
                ),
            ),
            sounds="il_envs.worlds.gauntlet.picture.sounds:cues",
            keys=tuple(
                PlayKey(key, k, 1.0, name, pad=pad)
                for k, (name, key, pad) in enumerate(zip(dynamics.BUTTONS, KEYS, PADS, strict=True))
            ),
            goal="open the gates before the wall catches you",
        ),
        truth=Truth(one_button_bound=one_button_bound),
    )
)
