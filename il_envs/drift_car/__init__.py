"""DriftCar: keep a sliding car on a winding track.

What it tests: compounding error. The car is driven at the limit of grip, where a steady drift is
open-loop unstable (an error doubles in about a quarter of a second); a cloned policy that is right on
the expert's path has seen nothing that would bring it back to it.

Numbers are SI. The observation and the action are tabled in `OBSERVATION` and `ACTION`.
"""

import gymnasium as gym
import numpy as np

from il_envs.drift_car import dynamics
from il_envs.drift_car.draw import draw
from il_envs.drift_car.expert import EXPERTS
from il_envs.drift_car.track import bank
from il_envs.world import PlayKey, World, register

drift_car = register(
    World(
        name="DriftCar",
        state=dynamics.STATE,
        params=bank,
        observation_space=gym.spaces.Box(
            np.array([low for _, low, _ in dynamics.OBSERVATION], np.float32),
            np.array([high for _, _, high in dynamics.OBSERVATION], np.float32),
        ),
        action_space=gym.spaces.Box(-1.0, 1.0, (2,)),
        action_names=("steer", "drive"),
        reset=dynamics.reset,
        step=dynamics.step,
        observe=dynamics.observe,
        measure=dynamics.measure,
        measures=("distance", "mean_lateral_error", "sideslip", "is_success"),
        draw=draw,
        experts=EXPERTS,
        control_period=dynamics.CONTROL_PERIOD,
        max_episode_steps=dynamics.MAX_EPISODE_STEPS,
        play_keys=(
            PlayKey("left", 0, 1.0, "steer left", rise=3.0, fall=5.0),
            PlayKey("right", 0, -1.0, "steer right", rise=3.0, fall=5.0),
            PlayKey("up", 1, 1.0, "drive", rise=4.0, fall=8.0),
            PlayKey("down", 1, -1.0, "brake", rise=4.0, fall=8.0),
        ),
    )
)
