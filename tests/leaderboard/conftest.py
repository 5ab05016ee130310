"""What the leaderboard's tests share."""

import sys
from collections.abc import Callable, Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest

from leaderboard import describing
from leaderboard.algorithms.submission import load
from leaderboard.running import children

Install = Callable[[dict[str, str], dict[str, str]], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution, `theirs`, for a test: its algorithms' entry points by name, and the
    text of its files. A function of the two; returns the folder that it is in."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(points: dict[str, str], files: dict[str, str]) -> Path:
        about = tmp_path / "theirs-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in points.items()]
        (about / "entry_points.txt").write_text("\n".join(["[il_envs.algorithms]", *lines]))
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        invalidate_caches()
        return tmp_path

    yield write
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture(scope="module", autouse=True)
def _place_of_algorithms(request: pytest.FixtureRequest) -> Iterator[None]:
    """Algorithms are in this process to be described, and in that of their scorer to train, which
    saves seconds each, but in modules that say ALGORITHMS_APART = True."""
    with pytest.MonkeyPatch.context() as patch:
        if not getattr(request.module, "ALGORITHMS_APART", False):
            patch.setattr(children, "APART", children.IN_PROCESS)
            patch.setattr(describing, "_described", load)
        yield
