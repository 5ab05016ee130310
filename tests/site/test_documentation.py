"""What `make docs` has built: links, sizes, and its pages in a browser. `make test-docs`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import il_envs
from il_envs import WORLDS, World
from il_envs.learning.installed import installed_algorithms
from tests.contract import toy_worlds
from tests.site.conftest import DESK, PHONE
from tests.site.page import Page

SITE = Path(__file__).parents[2] / "docs" / "_build" / "html"
MEBIBYTE = 2**20
CLIPS = (".mp4",)

pytestmark = pytest.mark.documentation


@pytest.fixture(scope="module")
def pages() -> dict[Path, Page]:
    return {path.resolve(): Page(path) for path in SITE.rglob("*.html")}


def test_no_link_is_broken(pages: dict[Path, Page]) -> None:
    assert len(pages) > 150
    broken = []
    for path, page in pages.items():
        for link in page.links:
            if link.startswith(("https://", "http://", "mailto:", "data:")):
                continue
            file, _, anchor = link.partition("#")
            target = path if not file else (path.parent / file.partition("?")[0]).resolve()
            if not target.is_file() or (
                anchor and target in pages and anchor not in pages[target].anchors
            ):
                broken.append(f"{path.relative_to(SITE.resolve())}: {link}")
    assert not broken


def test_every_world_algorithm_and_public_name_has_its_page() -> None:
    toys = {thing.name for thing in vars(toy_worlds).values() if isinstance(thing, World)}
    for name in WORLDS.keys() - toys:
        assert (SITE / "worlds" / f"{name}.html").is_file()
        assert (SITE / "_static" / "clips" / f"{name}.mp4").is_file()
    for name in installed_algorithms():
        assert (SITE / "algorithms" / f"{name}.html").is_file()
    for name in il_envs.__all__:
        assert (SITE / "api" / f"il_envs.{name}.html").is_file()


def test_it_is_small() -> None:
    files = [path for path in SITE.rglob("*") if path.is_file()]
    sizes = {path: path.stat().st_size for path in files}
    assert sum(sizes.values()) <= 25 * MEBIBYTE
    without = sum(size for path, size in sizes.items() if path.suffix not in CLIPS)
    print(f"\n{sum(sizes.values()) / MEBIBYTE:.1f} MiB, {without / MEBIBYTE:.1f} without clips")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_its_pages_can_be_read(
    browser: Any, require_readable: Callable[..., None], theme: str, size: tuple[int, int]
) -> None:
    browser.set_window_size(*size)
    for name in (
        "index", "worlds", "worlds/FourRooms", "algorithms", "algorithms/bc", "results", "names",
        "api/il_envs.Problem", "chapters/control_as_inference", "guides/add_an_algorithm",
        "decisions/scoring", "contributing", "search", "genindex", "board/index",
    ):  # fmt: skip
        require_readable(SITE / f"{name}.html", theme)
