"""A page for each registered world, and the page of them all."""

import gymnasium as gym

from il_envs import WORLDS, World, evaluate
from leaderboard.measures.exact_linear import row_metrics
from leaderboard.measures.references import (
    EXACT_REFERENCES,
    box_of,
    linear_reference,
    reference_table,
    tabular_reference,
)
from leaderboard.site.rows import family
from pages.board import NONE_YET, official_rows
from pages.markdown import bullets, section, table, toctree

BEST = 10
"""Rows of the official board on a page."""


def world_page(world: World) -> str:
    """The page of a world."""
    parts = [
        f"# {world.name}",
        _clip(world),
        f"`{world.id}`",
        _documentation(world),
        section("Make it", f"```python\n{_example(world)}\n```"),
        section("Its reference, exactly", _reference(world)),
        section("The official board", _board(world)),
        section("Play it", _keys(world)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def overview() -> str:
    """The page of all worlds, by family."""
    families: dict[str, list[World]] = {}
    for world in WORLDS.values():
        families.setdefault(family(world).capitalize(), []).append(world)
    parts = ["# Worlds"]
    for name, worlds in families.items():
        rows = [
            (f"[{world.name}](worlds/{world.name}.md)", _purpose(world), _spaces(world))
            for world in worlds
        ]
        parts.append(section(name, table(("world", "what it is", "observation, action"), rows)))
    parts.append(toctree(f"worlds/{name}" for name in WORLDS))
    return "\n\n".join(parts) + "\n"


def _clip(world: World) -> str:
    return (
        f'```{{raw}} html\n<video class="clip" src="../_static/clips/{world.name}.mp4" autoplay '
        f'loop muted playsinline controls aria-label="The expert in {world.name}"></video>\n```'
    )


def _purpose(world: World) -> str:
    """The first sentence of its documentation, without its name."""
    first = " ".join(world.documentation.split("\n\n")[0].split())
    return first.partition(": ")[2].rstrip(".")


def _documentation(world: World) -> str:
    """Its documentation as Markdown: its title is the page's, and texts in columns stay so."""
    _, _, body = world.documentation.partition("\n\n")
    return f"**{_purpose(world)[:1].upper()}{_purpose(world)[1:]}.**\n\n{body.strip()}"


def _spaces(world: World) -> str:
    def told(space: gym.Space[object]) -> str:
        if isinstance(space, gym.spaces.Box):
            return f"Box({', '.join(map(str, space.shape))})"
        return str(space)

    return f"{told(world.spaces.observation)}, {told(world.spaces.action)}"


def _example(world: World) -> str:
    return f'''import gymnasium as gym
import il_envs

env = gym.make("{world.id}", render_mode="rgb_array")
observation, info = env.reset(seed=0)
observation, reward, terminated, truncated, info = env.step(env.action_space.sample())'''


def _reference(world: World) -> str:
    """The numbers of an exact reference; empty where there is none."""
    reference = tabular_reference(world)
    if reference is not None:
        model = reference.model
        tables = {name: reference_table(reference, name) for name in EXACT_REFERENCES}
        returns = [
            (name, f"{evaluate(model, tables[name]).expected_return:.4f}") for name in tables
        ]
        nats = {"its entropy": reference.entropy, "its log-partition": reference.log_partition}
        told = [f"{name}: {number:.4f} nats an episode" for name, number in nats.items()]
        return f"{table(('policy', 'expected return'), returns)}\n\n{bullets(told)}"
    linear = linear_reference(world)
    if linear is None:
        return ""
    rows = [
        (name, f"{row_metrics(linear, name, box_of(world)).expected_return:.4f}")
        for name in EXACT_REFERENCES
    ]
    returns = table(("policy", "expected return"), rows)
    return f"Linear policies, by a Riccati recursion.\n\n{returns}"


def _board(world: World) -> str:
    rows = official_rows(world.name)
    if rows is None:
        return NONE_YET
    cells = [
        (f"[{row.algorithm}](../algorithms/{row.algorithm}.md)", row.told)
        for row in rows.head(BEST).itertuples()
    ]
    return table(("algorithm", "score, 95% interval"), cells)


def _keys(world: World) -> str:
    if not world.views.keys:
        return ""
    rows = [(f"`{key.key}`", key.label, key.pad or "") for key in world.views.keys]
    keys = table(("key", "what it does", "gamepad"), rows)
    return f"```\nil-play {world.name}\n```\n\n{keys}"
