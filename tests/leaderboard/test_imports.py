"""What an algorithm's key and that of exact metrics are made of: what is imported, and no more."""

import shutil
import sys
from importlib import invalidate_caches
from pathlib import Path

import grimp
import pytest

from il_envs.learning.installed import installed_algorithms
from leaderboard.algorithms.imports import closure, hash_of
from leaderboard.algorithms.submission import load
from leaderboard.keys import MEASURED_WITHIN, MEASURING
from tests.leaderboard.conftest import Install

ALGORITHM = """
from dataclasses import dataclass
from il_envs import Algorithm

@dataclass(frozen=True)
class Config:
    pass

algorithm = Algorithm("{name}", "", frozenset(), Config(), lambda problem, seed, config: None)
"""

# Modules.


@pytest.mark.parametrize(
    "statement",
    [
        "import pkg.deep.core",
        "import numpy, pkg.deep.core as core",
        "from pkg.deep import core",
        "from pkg.deep.core import value",
        "from .deep import core",
        "from .deep.core import *",
        "def train():\n    from .deep import core",
        "try:\n    import pkg.deep.core\nexcept ImportError:\n    pass",
        "if TYPE_CHECKING:\n    from .deep.core import value",
        "from .between import value",
        "from . import between",
    ],
)
def test_every_statement_is_followed(install: Install, statement: str) -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/mine.py": statement,
        "pkg/between.py": "from .deep.core import value",
        "pkg/deep/__init__.py": "from ..defaults import x",
        "pkg/deep/core.py": "from . import core\nvalue = 1",  # a circle
        "pkg/defaults.py": "x = 1",
        "pkg/deep/unused.py": "import pkg.other",
        "pkg/other.py": "",
    }
    folder = install({}, files)
    found = closure(["pkg.mine"], ["pkg"])
    assert found.keys() - {"pkg.between"} == {
        "pkg", "pkg.mine", "pkg.deep", "pkg.deep.core", "pkg.defaults",
    }  # fmt: skip
    assert ("pkg.between" in found) == ("between" in statement)
    assert found["pkg.deep"] == folder / "pkg" / "deep" / "__init__.py"
    assert "pkg.mine" not in sys.modules


def test_what_is_elsewhere_is_not_followed_and_what_cannot_be_read_is_no_error(
    install: Install,
) -> None:
    files = {
        "pkg/mine.py": "import other\nfrom . import broken, nothing\nfrom .native import x",
        "pkg/broken.py": "x = (",
        "pkg/native.so": "\x00",
        "other.py": "",
    }
    install({}, files)
    found = closure(["pkg.mine"], ["pkg"])
    assert found.keys() == {"pkg.mine", "pkg.broken", "pkg.native"}  # there is no __init__.py
    assert closure(["other"], ["other"]).keys() == {"other"}


def test_the_baselines_are_followed_as_the_import_graph_has_them() -> None:
    graph = grimp.build_graph("baselines", cache_dir=None)
    for point in installed_algorithms().values():
        expected = graph.find_upstream_modules(point.module) | {"baselines", point.module}
        assert closure([point.module], ["baselines"]).keys() == expected


def test_a_comment_counts_and_the_order_does_not(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("a", "b")}
    for path in files.values():
        path.write_text("x = 1\n")
    first = hash_of(files)
    assert hash_of(dict(reversed(files.items()))) == first
    files["a"].write_text("x = 1  # once\n")
    assert hash_of(files) != first


# Keys.


def test_a_key_is_that_of_what_an_algorithm_imports(install: Install) -> None:
    files = {
        "theirs/__init__.py": "",
        "theirs/one.py": "from .shared import x\n" + ALGORITHM.format(name="one"),
        "theirs/two.py": "from . import between\n" + ALGORITHM.format(name="two"),
        "theirs/three.py": ALGORITHM.format(name="three"),
        "theirs/between.py": "def late():\n    import theirs.shared",
        "theirs/shared.py": "x = 1",
    }
    names = ("one", "two", "three")
    folder = install({name: f"theirs.{name}:algorithm" for name in names}, files) / "theirs"

    def changed(name: str, text: str) -> set[str]:
        """Whose keys change with a file."""
        before = {name: load(name).code for name in names}
        with (folder / name).open("a") as file:
            file.write(text)
        invalidate_caches()
        return {name for name in names if load(name).code != before[name]}

    assert changed("four.py", "x = 1") == set()
    assert changed("shared.py", "\nx = 2") == {"one", "two"}
    assert changed("between.py", "\n# why") == {"two"}
    assert changed("three.py", "\n") == {"three"}
    assert changed("__init__.py", "\n") == set(names)


def test_an_algorithm_that_is_one_module_has_its_own_key(install: Install) -> None:
    folder = install({"single": "single:algorithm"}, {"single.py": ALGORITHM.format(name="single")})
    first = load("single").code
    (folder / "neighbour.py").touch()
    assert load("single").code == first
    with (folder / "single.py").open("a") as file:
        file.write("\n")
    assert load("single").code != first


def test_a_folder_is_one_contender_with_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "algorithm.py").write_text(ALGORITHM.format(name="mine"))
    first = load(str(tmp_path)).code
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "unused.py").touch()
    second = load(str(tmp_path)).code
    assert second != first
    shutil.copytree(tmp_path, tmp_path / "again" / "there")
    assert load(str(tmp_path / "again" / "there")).code == second


def test_what_measures_exactly_imports_nothing_else_of_ours() -> None:
    """All that is not followed: what a world is has its own hash, and policies and episodes are
    only types."""
    measuring = closure(MEASURING, MEASURED_WITHIN).keys()
    graph = grimp.build_graph("il_envs", "leaderboard", cache_dir=None)
    imported = {
        other for name in measuring for other in graph.find_modules_directly_imported_by(name)
    }
    assert imported - measuring == {
        "il_envs.world", "il_envs.learning.policy", "il_envs.learning.rollout",
    }  # fmt: skip
    assert {"il_envs.exact.soft_backup", "il_envs.exact.reward_distance"} <= measuring
    assert "leaderboard.measures.checked" not in measuring
