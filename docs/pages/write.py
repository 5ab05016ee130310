"""Writing the generated pages: only those that have changed, so that no others are built anew."""

from collections.abc import Iterator
from pathlib import Path

from il_envs import WORLDS
from il_envs.learning.installed import installed_algorithms
from pages import algorithms, names, worlds


def write_pages(folder: Path) -> None:
    """Write all generated pages into the documentation's folder."""
    for name, text in _pages():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _pages() -> Iterator[tuple[str, str]]:
    yield "worlds.md", worlds.overview()
    for world in WORLDS.values():
        yield f"worlds/{world.name}.md", worlds.world_page(world)
    yield "algorithms.md", algorithms.overview()
    for name in installed_algorithms():
        yield f"algorithms/{name}.md", algorithms.algorithm_page(name)
    yield "names.md", names.overview()
