"""What is recorded of a computer, and that a cell's numbers depend on nothing else."""

import os
import subprocess
import sys

import numpy as np
import pytest

from leaderboard import computer
from leaderboard.computer import AVX2, ONE_THREAD, same_arithmetic, this_computer

SUMS = """
import torch, numpy, hashlib
torch.manual_seed(0)
x = torch.randn(301, 257)
pads = [bytes(int(n)) for n in %r]
y = torch.tanh(x @ torch.randn(257, 129)).sum(1).softmax(0)
a = numpy.random.default_rng(0).normal(size=(333, 333))
b = numpy.exp(a @ a / 100.0)
print(hashlib.sha256(y.numpy().tobytes() + b.tobytes()).hexdigest(), list({"one", "two", "three"}))
"""


def computed(pads: str, **variables: str) -> str:
    """What a process computes, with memory in other places and other variables around it."""
    environment = os.environ | variables | same_arithmetic()
    return subprocess.run(
        [sys.executable, "-c", SUMS % pads],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def test_a_process_computes_the_same_whatever_is_around_it() -> None:
    first = computed("123")
    assert computed("79", OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2") == first
    assert computed("5", PYTHONHASHSEED="7", MKL_CBWR="COMPATIBLE") == first


NEWER = {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL"}


@pytest.mark.parametrize(
    ("found", "pinned"),
    [
        (["X86_V3"], AVX2),
        (["AVX2", "FMA3"], AVX2),
        (["X86_V3", "X86_V4", "AVX512_ICL"], AVX2 | NEWER),
        (["ASIMD"], {}),
        ([], {}),
    ],
)  # fmt: skip
def test_newer_instructions_are_left_out_where_avx2_is(
    found: list[str], pinned: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = {"SIMD Extensions": {"baseline": ["SSE2"], "found": found}}
    monkeypatch.setattr(computer.np, "show_config", lambda mode: sets)
    assert same_arithmetic() == ONE_THREAD | {"PYTHONHASHSEED": "0"} | pinned


def test_a_computer_is_described_by_what_numbers_depend_on() -> None:
    described = this_computer()
    assert described.processor
    assert described.versions["numpy"] == np.__version__
    assert (
        any(name.startswith("openblas") for name in described.libraries) or sys.platform != "linux"
    )
    assert described == this_computer()
