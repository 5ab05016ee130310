"""What the tabular models ask of the numbers they are given, each with an error that says where."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import psutil
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TOLERANCE = 1e-8
"""How far from 1 the probabilities of a row may sum, or a policy's of a state."""


def require_memory(what: str, size: int) -> None:
    """Raise MemoryError if `size` bytes are not to be had, before they are asked for."""
    free = psutil.virtual_memory().available
    if size > free:
        raise MemoryError(
            f"{what} would take {size / 2**30:,.1f} GiB, {free / 2**30:,.1f} GiB are free"
        )


def stacked_transition(transition: Any) -> sparse.csr_array:
    """Transitions of either form as one csr array [A * S, S']."""
    if isinstance(transition, Sequence) and transition and sparse.issparse(transition[0]):
        shapes = {matrix.shape for matrix in transition}
        states = transition[0].shape[0]
        if shapes != {(states, states)} or states == 0:
            raise ValueError(
                "transition: the sparse arrays of the actions must all have one shape [S, S], "
                f"not {', '.join(str(list(shape)) for shape in sorted(shapes))}"
            )
        stacked = sparse.vstack(transition, format="csr", dtype=np.float64)
    else:
        array = numbers("transition", transition, finite=False)
        if array.ndim != 3 or array.shape[0] != array.shape[2] or array.size == 0:
            raise ValueError(f"transition must have the shape [S, A, S], not {list(array.shape)}")
        stacked = sparse.csr_array(array.transpose(1, 0, 2).reshape(-1, len(array)))
    stacked = sparse.csr_array(stacked)
    stacked.sum_duplicates()
    stacked.eliminate_zeros()
    if stacked.nnz < np.iinfo(np.int32).max:  # half the memory to read in each pass
        stacked.indices = stacked.indices.astype(np.int32, copy=False)
        stacked.indptr = stacked.indptr.astype(np.int32, copy=False)
    return stacked


def checked_horizon(horizon: Any, discount: float) -> tuple[int | None, float]:
    """Horizon and discount, or ValueError."""
    if not 0.0 < discount <= 1.0:
        raise ValueError(f"discount must be above 0 and at most 1, not {discount}")
    if horizon is None:
        if discount == 1.0:
            raise ValueError("without a horizon the discount must be below 1, not 1")
        return None, float(discount)
    if isinstance(horizon, bool) or not isinstance(horizon, (int, np.integer)) or horizon < 1:
        raise ValueError(f"horizon must be a whole number of at least 1 step, not {horizon}")
    return int(horizon), float(discount)


def numbers(name: str, values: ArrayLike, finite: bool = True) -> FloatArray:
    """A contiguous float64 array of its own that cannot be written to, or ValueError."""
    try:
        array = np.array(values, np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from error
    if finite and not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0].tolist()
        raise ValueError(f"{name}: entry {place} is {array[tuple(place)]}")
    array.flags.writeable = False
    return array


def integers(name: str, values: ArrayLike) -> IntArray:
    """An int64 array, or ValueError."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, not {array.dtype}")
    return array.astype(np.int64)


def require_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raise ValueError unless the array has the shape."""
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {list(shape)}, not {list(array.shape)}")


def refuse_steps(wrong: NDArray[np.bool_], describe: Callable[[int, int], str]) -> None:
    """Raise ValueError about the first wrong entry [N, T], described by trajectory and step."""
    if wrong.any():
        trajectory, step = (int(k) for k in np.argwhere(wrong)[0])
        raise ValueError(f"trajectory {trajectory}, step {step}: {describe(trajectory, step)}")
