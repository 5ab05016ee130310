"""The documentation: every world, algorithm and public name has its page."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

import il_envs
from il_envs import WORLDS, Algorithm
from il_envs.learning.installed import installed_algorithms

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def _pages_can_be_imported() -> None:
    sys.path.insert(0, str(ROOT / "docs"))


@pytest.fixture(scope="module")
def worlds_overview() -> str:
    from pages.worlds import overview

    return overview()


@pytest.fixture(scope="module")
def algorithms_overview() -> str:
    from pages.algorithms import overview

    return overview()


@pytest.mark.parametrize("name", WORLDS)
def test_a_worlds_page_has_what_people_look_for(name: str, worlds_overview: str) -> None:
    from pages.worlds import world_page

    world = WORLDS[name]
    page = world_page(world)
    assert page.startswith(f"# {name}\n")
    assert f'gym.make("{world.id}"' in page
    assert f"_static/clips/{name}.mp4" in page
    for key in world.views.keys:
        assert f"| {key.label} |" in page
    assert (world.truth.reference is None) or "expected return" in page
    assert f"(worlds/{name}.md)" in worlds_overview
    assert f"\nworlds/{name}\n" in worlds_overview


@pytest.mark.parametrize("name", installed_algorithms())
def test_an_algorithms_page_documents_every_setting(name: str, algorithms_overview: str) -> None:
    from pages.algorithms import algorithm_page

    page = algorithm_page(name)
    assert page.startswith(f"# {name}\n")
    settings = [line for line in page.splitlines() if line.startswith("| `")]
    for line in settings:
        assert line.rstrip().removesuffix("|").strip(), line
        assert not line.endswith("|  |"), f"{name}: undocumented: {line}"
    assert f"(algorithms/{name}.md)" in algorithms_overview


def test_every_public_name_has_a_page() -> None:
    from pages.names import MODULES, overview

    page = overview()
    for name in il_envs.__all__:
        assert f"   il_envs.{name}\n" in page
    for name in MODULES:
        assert f"   {name}\n" in page


def public_functions() -> Iterator[tuple[str, FunctionType]]:
    """The functions that il_envs and its public modules name, and those of their classes."""
    from pages.names import MODULES

    named = {f"il_envs.{name}": getattr(il_envs, name) for name in il_envs.__all__}
    for module in map(importlib.import_module, MODULES):
        named |= {
            f"{module.__name__}.{name}": thing
            for name, thing in vars(module).items()
            if getattr(thing, "__module__", "") == module.__name__ and not name.startswith("_")
        }
    for name, thing in named.items():
        if isinstance(thing, FunctionType):
            yield name, thing
        for part, member in vars(thing).items() if isinstance(thing, type) else ():
            own = getattr(member, "fget", None) or getattr(member, "__func__", member)
            if isinstance(own, FunctionType) and not part.startswith("_"):
                yield f"{name}.{part}", own


def test_docstrings_have_the_shapes_of_arrays() -> None:
    functions = dict(public_functions())
    assert len(functions) > 100
    for name, function in functions.items():
        if function is not Algorithm.applies_to:  # the default of a field
            assert function.__doc__, f"{name} has no docstring"
        if re.search("NDArray|ArrayLike|FloatArray", str(function.__annotations__)):
            assert "[" in str(function.__doc__), f"{name}: arrays without a shape"


def test_docstrings_are_read_as_they_are_meant() -> None:
    from pages.docstrings import as_restructured

    assert (
        as_restructured("`a | b` of *x, |S| and `c\n d`.")
        == r"``a | b`` of \*x, \|S\| and ``c d``."
    )
