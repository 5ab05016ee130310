"""A call of one kernel from Python, compiled like `batch.py`."""
# ruff: noqa: F821
# mypy: ignore-errors

from numba import njit


@njit(cache=True)
def call(*arguments):
    """Whatever the kernel returns."""
    return kernel(*arguments)
