"""Spaces as rows for kernels: elements, bounds, and validation of actions."""

from copy import deepcopy
from functools import cache
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from il_envs.world import Spaces, World

ROUNDING = 1e-6
"""Largest excess over a bound, as a share of a finite range, that is clipped as rounding."""


NO_BUTTON = 2
"""What a number that is neither 0 nor 1 becomes; kernels refuse it."""


def zero_rows(space: gym.Space[Any], *batch: int) -> NDArray[Any]:
    """Rows for kernels to fill, [*batch, entries]; an element of a Discrete space has one entry."""
    return np.zeros((*batch, *(space.shape or (1,))), space.dtype)


@cache
def row_type(dtype: DTypeLike, shape: tuple[int, ...]) -> np.dtype[np.void]:
    """The record of one row for the batch loops: its field `entries` has a dtype and a shape.

    Where the type knows how far the entries of a row lie apart, LLVM can step several rows at once.
    Numba looks arguments up by their very dtype object, so there is one for each kind of row.
    """
    return np.dtype([("entries", dtype, shape or (1,))])


def as_records(rows: NDArray[Any]) -> NDArray[np.void]:
    """The same memory, [rows, *entries] and contiguous, as records of a `row_type`, [rows]."""
    return np.ndarray(len(rows), row_type(rows.dtype, rows.shape[1:]), rows)


def elements(space: gym.Space[Any], rows: NDArray[Any]) -> Any:
    """The elements of the space that rows hold; a Discrete element is the row's only entry.

    Returns:
        [rows, ...] from [rows, entries], an np.int64 from a single Discrete row [1].
    """
    return rows if space.shape else rows.T[0]


def action_bounds(space: gym.Space[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest value of each entry of an action row, float64 [entries].

    Raises:
        TypeError: if the space is not a Box of one dimension, Discrete or MultiBinary.
    """
    if isinstance(space, gym.spaces.Box) and len(space.shape) == 1:
        return space.low.astype(np.float64), space.high.astype(np.float64)
    if isinstance(space, gym.spaces.Discrete):
        return np.array([float(space.start)]), np.array([float(space.start + space.n - 1)])
    if isinstance(space, gym.spaces.MultiBinary) and len(space.shape) == 1:
        return np.zeros(space.shape), np.ones(space.shape)
    raise TypeError(f"an action space must be Box [n], Discrete or MultiBinary(n), not {space}")


def own_spaces(spaces: Spaces) -> tuple[gym.Space[Any], gym.Space[Any]]:
    """Observation and action space for one environment, with their own random generators."""
    return deepcopy(spaces.observation), deepcopy(spaces.action)


def checked_actions(actions: ArrayLike, world: World, batch: tuple[int, ...]) -> NDArray[Any]:
    """Actions as rows for the kernels, [*batch, entries]; bounds are left to the kernels to check.

    Buttons may be given as floating-point numbers, because some learners do so.

    Raises:
        ValueError: if the shape is wrong, or the numbers are not of the space's kind.
    """
    space = world.spaces.action
    array = actions if isinstance(actions, np.ndarray) else np.asarray(actions)
    element = space.shape or ()
    shape = (*batch, *element)
    if array.shape != shape:
        raise ValueError(f"{world.name}: action has shape {array.shape}, must be {shape}")
    if array.dtype != space.dtype:
        array = _converted(array, world)
    if not array.flags.carray:
        array = array.copy()  # another layout would make the kernels compile again
    return array if element else array.reshape(*batch, -1)


def exact_rows(what: str, values: ArrayLike, space: gym.Space[Any]) -> NDArray[Any]:
    """A copy of recorded numbers in the dtype of a space, [rows, ...].

    Raises:
        ValueError: if they are no numbers, or would become others.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error
    if array.dtype.kind not in "fiub" or array.ndim == 0:
        raise ValueError(f"{what} must be an array of numbers, not of dtype {array.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        rows = array.astype(space.dtype)
    if rows.dtype.kind != "f" and (rows != array).any():
        place = tuple(int(k) for k in np.argwhere(rows != array)[0])
        raise ValueError(f"{what}: {array[place]} at {list(place)} is no {space.dtype}")
    return rows


def _converted(array: NDArray[Any], world: World) -> NDArray[Any]:
    """The same numbers in the dtype of the world's action space."""
    space = world.spaces.action
    kinds = "iub"  # integers and, except for a Box, booleans
    if isinstance(space, gym.spaces.Box):
        kinds = "fiu"
    elif isinstance(space, gym.spaces.MultiBinary):
        kinds = "fiub"
    if array.dtype.kind not in kinds:
        raise ValueError(f"{world.name}: action has dtype {array.dtype}, must be {space.dtype}")
    if space.dtype == np.int8:  # neither may 256 wrap round to 0 nor 0.9 become 0
        array = np.where((array == 0) | (array == 1), array, NO_BUTTON)
    with np.errstate(over="ignore"):  # what becomes infinite is out of bounds
        return array.astype(space.dtype)


def within_bounds(
    rows: NDArray[Any], world: World, given: ArrayLike, clips: bool = False
) -> NDArray[Any]:
    """Actions within bounds; those that exceed a bound by rounding are clipped.

    Args:
        rows: as `checked_actions` returns them, [*batch, entries].
        given: the actions that it was given, for the message.
        clips: whether actions of a Box are clipped however far out of bounds they are.

    Raises:
        ValueError: if an action is further out of bounds, or NaN; the message names it.
    """
    low, high = action_bounds(world.spaces.action)
    slack: Any = 0.0
    if isinstance(world.spaces.action, gym.spaces.Box):
        width = np.where(np.isfinite(high - low), high - low, 0.0)
        slack = np.inf if clips else ROUNDING * width
    accepted = (rows >= low - slack) & (rows <= high + slack)
    _require(accepted, np.asarray(given).reshape(rows.shape), world)
    return rows.clip(low, high).astype(rows.dtype)


def _require(accepted: NDArray[np.bool_], rows: NDArray[Any], world: World) -> None:
    """Raise ValueError about the first entry that is not accepted, both [*batch, entries]."""
    if accepted.all():
        return
    *row, entry = np.argwhere(~accepted)[0].tolist()
    names, (low, high) = world.spaces.action_names, action_bounds(world.spaces.action)
    button = names and not isinstance(world.spaces.action, gym.spaces.Discrete)
    meaning = f" ({names[entry]})" if button else ""
    where = f" of row {row[0]}" if row else ""
    raise ValueError(
        f"{world.name}: action entry {entry}{meaning}{where} is {rows[(*row, entry)]}, "
        f"must be from {low[entry]:g} to {high[entry]:g}"
    )
