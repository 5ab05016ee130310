"""Episodes of the shooter to draw: an expert's, and one in which nothing happens."""

import numpy as np
from numpy.typing import NDArray

from il_envs.drawing.canvas import Canvas
from il_envs.engine.single import WorldEnv
from il_envs.learning.policy import ExpertPolicy
from il_envs.views import States
from il_envs.world import get_world
from il_envs.worlds.shooter.arena import CELLS, is_free, middle
from il_envs.worlds.shooter.picture import events
from il_envs.worlds.shooter.picture.camera import positions
from il_envs.worlds.shooter.records import ENEMY_HEALTH
from il_envs.worlds.shooter.sight import is_clear

WORLD = get_world("Shooter")
PARAMS = WORLD.dynamics.params("training")
Picture = NDArray[np.uint8]


def expert_history(seed: int = 0, steps: int = 120) -> States:
    """States of an expert's episode, [steps + 1]."""
    env = WorldEnv("Shooter")
    env.reset(seed=seed)
    expert = ExpertPolicy(env)
    states = [env.state]
    for _ in range(steps):
        env.step(expert.predict()[0][0])
        states.append(env.state)
    return np.stack(states)


def still(steps: int = 40) -> States:
    """A history in which nothing happens: one enemy, 3 m before the player in open sight."""
    state = expert_history(steps=0)
    state["enemies"]["health"] = 0.0
    arena = PARAMS[state["arena"][0]]
    for cell in range(CELLS):
        x, y = middle(cell)
        if is_free(arena, cell) and is_clear(arena["wall"], x, y, x + 4.5, y):
            break
    state["x"], state["y"], state["heading_cos"], state["heading_sin"] = x, y, 1.0, 0.0
    enemy = state["enemies"][0, :1]
    enemy["x"], enemy["y"], enemy["health"] = x + 3.0, y, ENEMY_HEALTH
    history = state.repeat(steps + 1)
    history["step"] = np.arange(steps + 1)
    return history


def player_place(history: States) -> complex:
    return complex(positions(history)[-1])


def enemy_place(history: States) -> complex:
    return complex(events.places(history["enemies"][-1, 0]))


def picture(history: States, canvas: Canvas | None = None) -> Picture:
    canvas = canvas or Canvas(WORLD, PARAMS)
    canvas.begin(history[0])
    for state in history[1:]:
        canvas.add(state)
    return canvas.pixels()
