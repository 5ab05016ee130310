"""The computer that a cell was computed on, as far as its numbers depend on it.

Worlds give the same bits everywhere, but learning adds in the order of the processor's vectors, and
so another kind of processor trains another policy.
"""

import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict
from threadpoolctl import threadpool_info

PACKAGES = ("il-envs", "numpy", "numba", "scipy", "torch", "stable-baselines3", "gymnasium")
"""Packages on which a number may depend."""

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}
"""Environment variables by which Torch and libraries of linear algebra use AVX2 and nothing newer;
on a processor without it they would end the process."""


class Computer(BaseModel):
    """What numbers depend on beside seeds and code."""

    model_config = ConfigDict(frozen=True)

    processor: str
    """Its name."""
    instructions: str
    """The newest vector instructions that NumPy uses, such as "X86_V3"."""
    system: str
    """The operating system."""
    libraries: tuple[str, ...]
    """The libraries of linear algebra that NumPy and SciPy have loaded: version, the processor each
    takes this one for, and the number of threads if it has several."""
    versions: dict[str, str]
    """Versions of Python and the packages, by name."""

    def __str__(self) -> str:
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.arithmetic}; {versions}; {self.system}"

    @property
    def arithmetic(self) -> str:
        """The processor and what computes on it."""
        return f"{self.processor} ({self.instructions}); {', '.join(self.libraries)}"

    def differences(self, other: "Computer") -> list[str]:
        """What is another thing on another computer, "name: this there, that here" each."""
        pairs = [
            ("processor", self.processor, other.processor),
            ("instructions", self.instructions, other.instructions),
            ("system", self.system, other.system),
            ("libraries", ", ".join(self.libraries), ", ".join(other.libraries)),
            *(
                (name, self.versions.get(name, "none"), other.versions.get(name, "none"))
                for name in {**self.versions, **other.versions}
            ),
        ]
        return [f"{name}: {ours} and {theirs}" for name, ours, theirs in pairs if ours != theirs]


def same_arithmetic() -> dict[str, str]:
    """Environment variables by which a process computes as it would on any other computer of this
    kind, and on any with AVX2: one thread, so that concurrent cells do not compete for cores and no
    sum depends on how many there are; no newer instructions; sets of names in one order."""
    variables = ONE_THREAD | {"PYTHONHASHSEED": "0"}
    there = _instructions()
    if not {"X86_V3", "AVX2"} & set(there):
        return variables
    newer = [name for name in there if name.startswith(("X86_V4", "AVX512"))]
    return variables | AVX2 | ({"NPY_DISABLE_CPU_FEATURES": " ".join(newer)} if newer else {})


def same_code() -> dict[str, str]:
    """Environment variables by which a process imports what this one does, wherever it is started:
    a folder `leaderboard` where the user is, of submissions say, is not taken for this package."""
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    places = [os.path.abspath(place) for place in named if place]
    ours = Path(__file__).parents[1]
    if ours.name not in ("site-packages", "dist-packages"):
        places.insert(0, str(ours))
    return {"PYTHONPATH": os.pathsep.join(places), "PYTHONSAFEPATH": "1"}


def this_computer() -> Computer:
    """The computer that this process runs on, with the libraries that it has loaded."""
    return Computer(
        processor=_processor(),
        instructions=_instructions()[-1],
        system=platform.platform(),
        libraries=tuple(sorted(set(_libraries()))),
        versions={"python": platform.python_version()} | dict(_versions()),
    )


def _versions() -> Iterable[tuple[str, str]]:
    """The packages that are installed, and their versions."""
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            yield name, version(name)


def _instructions() -> list[str]:
    """The sets of vector instructions that NumPy uses here, the newest last."""
    sets = np.show_config(mode="dicts")["SIMD Extensions"]
    return [*sets["baseline"], *sets.get("found", [])]


def _processor() -> str:
    """The processor's name, for which Linux keeps a file and others answer a call."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _libraries() -> Iterable[str]:
    for library in threadpool_info():
        if library["user_api"] != "blas":
            continue
        words = [library["internal_api"], library["version"], library.get("architecture")]
        threads = library["num_threads"]
        yield " ".join(filter(None, words)) + (f" x{threads}" if threads > 1 else "")
