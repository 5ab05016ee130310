"""The documentation: every world, algorithm and public name has its page."""

import sys
from pathlib import Path

import pytest

import il_envs
from il_envs import WORLDS
from il_envs.learning.installed import installed_algorithms

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def _pages_can_be_imported() -> None:
    sys.path.insert(0, str(ROOT / "docs"))


@pytest.mark.parametrize("name", WORLDS)
def test_a_worlds_page_has_what_people_look_for(name: str) -> None:
    from pages.worlds import overview, world_page

    world = WORLDS[name]
    page = world_page(world)
    assert page.startswith(f"# {name}\n")
    assert f'gym.make("{world.id}"' in page
    assert f"_static/clips/{name}.mp4" in page
    for key in world.views.keys:
        assert f"| {key.label} |" in page
    assert (world.truth.reference is None) or "expected return" in page
    assert f"(worlds/{name}.md)" in overview()
    assert f"\nworlds/{name}\n" in overview()


@pytest.mark.parametrize("name", installed_algorithms())
def test_an_algorithms_page_documents_every_setting(name: str) -> None:
    from pages.algorithms import algorithm_page, overview

    page = algorithm_page(name)
    assert page.startswith(f"# {name}\n")
    settings = [line for line in page.splitlines() if line.startswith("| `")]
    for line in settings:
        assert line.rstrip().removesuffix("|").strip(), line
        assert not line.endswith("|  |"), f"{name}: undocumented: {line}"
    assert f"(algorithms/{name}.md)" in overview()


def test_every_public_name_has_a_page() -> None:
    from pages.names import MODULES, overview

    page = overview()
    for name in il_envs.__all__:
        assert f"   il_envs.{name}\n" in page
    for name in MODULES:
        assert f"   {name}\n" in page


def test_docstrings_are_read_as_they_are_meant() -> None:
    from pages.docstrings import as_restructured

    assert (
        as_restructured("`a | b` of *x, |S| and `c\n d`.")
        == r"``a | b`` of \*x, \|S\| and ``c d``."
    )
