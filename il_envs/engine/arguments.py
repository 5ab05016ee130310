"""Validation of the arguments of the single and the vector environment."""

from typing import Any

import gymnasium as gym
import numpy as np

from il_envs.views import States
from il_envs.world import GentleStart, Split, World

TEXT_MODE = "ansi"
ENDLESS = 2**62  # steps


def draw_key(random: np.random.Generator, world: World) -> np.uint64:
    """The key of a world's random stream, which is another one in each instance of it."""
    return random.integers(2**64, dtype=np.uint64) ^ np.uint64(world.number_of("key"))


def render_metadata(world: World, picture_modes: tuple[str, ...]) -> dict[str, Any]:
    """The metadata of an environment of this world, which shows pictures in these modes."""
    modes = [*(picture_modes if world.views.pictures else ())]
    modes += [TEXT_MODE] if world.views.text else []
    return {"render_modes": modes, "render_fps": round(1.0 / world.dynamics.control_period)}


def checked_render_mode(mode: str | None, known: list[str]) -> str | None:
    if mode is not None and mode not in known:
        raise ValueError(f"render_mode must be one of {known}, not {mode!r}")
    return mode


def checked_count(name: str, count: Any) -> int:
    """An argument that counts something; raises ValueError if it is no whole number from 1 on."""
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"{name} must be a whole number from 1 on, not {count!r}")
    return int(count)


def checked_whole(name: str, number: Any) -> int:
    """An argument that is a whole number; raises ValueError if it is none."""
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
        raise ValueError(f"{name} must be a whole number, not {number!r}")
    return int(number)


def checked_limit(world: World, steps: int | None) -> int:
    """The number of steps after which an episode is truncated; raises ValueError if invalid."""
    if steps is None:
        return world.dynamics.max_episode_steps
    return min(checked_count("max_episode_steps", steps), ENDLESS)


def checked_clipping(world: World, clip_actions: bool) -> bool:
    if not isinstance(clip_actions, bool):
        raise ValueError(f"clip_actions must be True or False, not {clip_actions!r}")
    if clip_actions and not isinstance(world.spaces.action, gym.spaces.Box):
        raise ValueError(
            f"clip_actions is for actions of a Box; those of {world.name} are {world.spaces.action}"
        )
    return clip_actions


def checked_options(options: Any) -> dict[str, Any]:
    """The options of a reset; none if it has none. Raises TypeError if they are no dict."""
    if options is not None and not isinstance(options, dict):
        raise TypeError(f"options of reset() must be a dict, not {options!r}")
    return options or {}


def chosen_gentle_start(world: World, options: dict[str, Any]) -> GentleStart | None:
    """The world's gentle start, if the options of a reset ask for it.

    Raises:
        ValueError: if the option is not a bool, or the world has no gentle start.
    """
    wanted = options.get("gentle_start", False)
    if not isinstance(wanted, bool):
        raise ValueError(f"options['gentle_start'] must be True or False, not {wanted!r}")
    if wanted and world.dynamics.gentle_start is None:
        raise ValueError(f"{world.name} has no gentle start")
    return world.dynamics.gentle_start if wanted else None


def checked_params(world: World, split: Split) -> States:
    if split not in ("training", "held_out"):
        raise ValueError(f"split must be 'training' or 'held_out', not {split!r}")
    params, like = world.dynamics.params(split), world.dynamics.params("training")
    if params.dtype != like.dtype or not params.flags.c_contiguous:
        raise ValueError(
            f"{world.name}: params({split!r}) must be a contiguous array of {like.dtype}"
        )
    return params


def checked_states(world: World, states: Any, shape: tuple[int, ...]) -> Any:
    """State records of this shape; raises TypeError or ValueError if they are none."""
    if getattr(states, "dtype", None) != world.dynamics.state:
        raise TypeError(f"{world.name}: a state must be a record of {world.dynamics.state.names}")
    if states.shape != shape:
        raise ValueError(f"{world.name}: states have shape {states.shape}, must be {shape}")
    return states


def checked_seeds(seed: int | list[int | None] | None, rows: int) -> list[int | None]:
    """The seed of each row, [rows]; raises TypeError or ValueError if that is none."""
    if seed is None:
        return [None] * rows
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return [int(seed) + i for i in range(rows)]
    if not isinstance(seed, (list, tuple)):
        raise TypeError(f"seed must be a whole number or a list of them, not {seed!r}")
    if len(seed) != rows:
        raise ValueError(f"{len(seed)} seeds given for num_envs={rows}")
    return [int(each) if isinstance(each, np.integer) else each for each in seed]
