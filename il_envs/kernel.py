"""The decorator of kernels, with the options that let LLVM step several rows at a time.

LLVM can make lanes of the rows of a batch only where nothing in a row can branch away: a kernel is
inlined into the loop over rows, and a division by zero gives an infinity or NaN, as in NumPy, where
Numba's default raises an exception. So a kernel cannot raise; what divides guards the division.
The bits are those of a kernel compiled for itself: lanes are IEEE operations without contraction.
"""

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

kernel = njit(error_model="numpy", forceinline=True)


@intrinsic(prefer_literal=True)
def stack_floats(typing_context: Any, count: Any) -> Any:
    """A pointer to room for a constant number of float64 in a kernel's own frame, where
    `numpy.empty` would ask for memory at every call, which can fail.

    `numba.carray(stack_floats(n), n)` is the array [n]; nothing may keep it after the kernel.
    """

    def allocate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return cgutils.alloca_once(builder, ir.DoubleType(), size=count.literal_value)

    return types.CPointer(types.float64)(count), allocate
