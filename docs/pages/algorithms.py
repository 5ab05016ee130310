"""A page for each bundled algorithm, and the page of them all."""

import ast
import inspect
import sys
import textwrap
from dataclasses import fields, is_dataclass
from typing import Any

from il_envs import WORLDS, Algorithm
from il_envs.learning.installed import find_algorithm, installed_algorithms
from il_envs.learning.tuning import search_space
from leaderboard.algorithms.submission import load
from leaderboard.tuning.record import told_settings
from pages.board import NONE_YET, official_rows
from pages.markdown import bullets, section, table, toctree


def algorithm_page(name: str) -> str:
    """The page of an algorithm."""
    algorithm, contender = find_algorithm(name), load(name)
    worlds = [world for world in WORLDS.values() if contender.applies_to(world)]
    facts = [
        f"uses: {', '.join(sorted(algorithm.sources)) or 'nothing'}",
        *(f"{factor}: {level}" for factor, level in algorithm.factors.items()),
        *(["a control, which learners must be above"] if algorithm.is_control else []),
        f"source: `{algorithm.train.__module__}`",
    ]
    names = ", ".join(f"[{world.name}](../worlds/{world.name}.md)" for world in worlds)
    parts = [
        f"# {name}",
        f"**{contender.summary[:1].upper()}{contender.summary[1:]}.**",
        bullets(facts),
        _about(algorithm),
        section(
            "Run it", f"```\nleaderboard run --algorithms {name} --worlds {worlds[0].name}\n```"
        ),
        section("Settings", _settings(algorithm.config), _study(contender)),
        section("Where it can learn", names),
        section("Official scores", _scores(name)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def overview() -> str:
    """The page of all algorithms."""
    names, rows = sorted(installed_algorithms()), []
    for name in names:
        contender = load(name)
        uses = ", ".join(sorted(contender.sources)) or "nothing"
        rows.append((f"[{name}](algorithms/{name}.md)", contender.summary, uses))
    overall = table(("algorithm", "what it is", "uses"), rows)
    return f"# Algorithms\n\n{overall}\n\n{toctree(f'algorithms/{name}' for name in names)}\n"


def _about(algorithm: Algorithm[Any]) -> str:
    """What its module says."""
    return inspect.cleandoc(sys.modules[algorithm.train.__module__].__doc__ or "")


def _settings(config: object) -> str:
    """A table of the fields of a config, those of configs in it included."""
    rows = list(_rows(config, ""))
    return table(("setting", "value", "tuned", "meaning"), rows) if rows else "It has none."


def _rows(config: object, prefix: str) -> list[tuple[str, str, str, str]]:
    assert is_dataclass(config)
    said, space, rows = _documentation(type(config)), search_space(config), []
    for each in fields(config):
        value, path = getattr(config, each.name), f"{prefix}{each.name}"
        if is_dataclass(value):
            rows += _rows(value, f"{path}.")
            continue
        tuned = str(space[each.name]) if each.name in space else ""
        rows.append((f"`{path}`", f"`{value!r}`", tuned, said.get(each.name, "")))
    return rows


def _documentation(kind: type) -> dict[str, str]:
    """The strings that stand under the fields of a dataclass and of those that it extends."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__[:-1]):
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        assert isinstance(definition, ast.ClassDef)
        for one, after in zip(definition.body, definition.body[1:], strict=False):
            if isinstance(one, ast.AnnAssign) and isinstance(after, ast.Expr):
                assert isinstance(one.target, ast.Name)
                assert isinstance(after.value, ast.Constant)
                found[one.target.id] = " ".join(str(after.value.value).split())
    return found


def _study(contender: Any) -> str:
    return bullets(
        line.strip() for line in told_settings(contender.name, contender.origin, contender.config)
    )


def _scores(name: str) -> str:
    """Its row in every world of the official board, worst first: where it fails stands on top."""
    rows = []
    for world in WORLDS:
        board = official_rows(world)
        if board is not None:
            mine = board[board["algorithm"] == name]
            rows += [(row.score, world, row.told) for row in mine.itertuples()]
    if not rows:
        return NONE_YET
    told = [(f"[{world}](../worlds/{world}.md)", words) for _, world, words in sorted(rows)]
    return "Worst first.\n\n" + table(("world", "score, 95% interval"), told)
