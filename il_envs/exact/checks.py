"""Validation of the arrays given to tabular models; each error names the offending place."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import psutil
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TOLERANCE = 1e-8
"""Largest deviation from 1 of the sum of a row's, or of a policy's, probabilities."""


def require_memory(what: str, size: int) -> None:
    """Raise MemoryError, before allocation, if `size` bytes are not available."""
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
    """Horizon and discount, validated; raises ValueError if they are invalid."""
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
    """A contiguous, read-only float64 copy; raises ValueError if that is not possible."""
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
    """An int64 array; raises ValueError if that is not possible."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, not {array.dtype}")
    return array.astype(np.int64)


def require_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raise ValueError unless the array has the shape."""
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {list(shape)}, not {list(array.shape)}")


def place_name(place: list[int]) -> str:
    """The words for [state] or [step, state]."""
    return f"of state {place[-1]}" + (f" at step {place[0]}" if len(place) == 2 else "")


def require_distributions(
    name: str, probabilities: FloatArray, tolerance: float = TOLERANCE, step: int | None = None
) -> None:
    """Raise ValueError unless a table pi(a|s) [S, A] or pi_t(a|s) [T, S, A] has, in each state,
    probabilities of 0 or more whose sum is 1.

    Args:
        step: the step that a table [S, A] is of, to be named in the error.
    """
    known = [] if step is None else [step]
    wrong = ~((probabilities >= 0.0) & np.isfinite(probabilities))
    if wrong.any():
        *where, action = np.argwhere(wrong)[0].tolist()
        probability = probabilities[(*where, action)]
        place = place_name([*known, *where])
        raise ValueError(f"{name} {place}: action {action} has the probability {probability:g}")
    sums = probabilities.sum(-1)
    wrong = np.abs(sums - 1.0) > tolerance
    if wrong.any():
        where = np.argwhere(wrong)[0].tolist()
        place, total = place_name([*known, *where]), sums[tuple(where)]
        raise ValueError(f"{name} {place}: probabilities sum to {total:.10g}, must sum to 1")


def refuse_steps(wrong: NDArray[np.bool_], describe: Callable[[int, int], str]) -> None:
    """Raise ValueError about the first True entry of `wrong`, bool [N, T].

    Args:
        describe: the message, given trajectory and step.
    """
    if wrong.any():
        trajectory, step = (int(k) for k in np.argwhere(wrong)[0])
        raise ValueError(f"trajectory {trajectory}, step {step}: {describe(trajectory, step)}")
