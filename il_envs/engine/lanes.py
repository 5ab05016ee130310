"""The decorator of the compiled loops over rows, in which LLVM makes lanes of the rows.

Numba does not tell LLVM that the arrays of a call lie apart, so that every loop would have to check
it, or would not be vectorised. The arrays that the environments pass do lie apart.

Before a loop LLVM checks that no address in it wraps around, once for each field that a row writes,
and by default gives up beyond sixteen of them, which is fewer than a car's observation has.
"""

from typing import Any

import llvmlite.binding as llvm
from numba import njit
from numba.core.compiler import Compiler

llvm.set_option("il_envs", "-vectorize-scev-check-threshold=1024")


class Unaliased(Compiler):  # type: ignore[misc]
    """Numba's own compiler, of functions whose array arguments share no memory."""

    def define_pipelines(self) -> Any:
        self.state.flags.noalias = True
        return super().define_pipelines()


loop = njit(cache=True, nogil=True, error_model="numpy", pipeline_class=Unaliased)
