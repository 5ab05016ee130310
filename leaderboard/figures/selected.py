"""What figures show of results: which worlds, rows and cells, and how many they are, in words."""

from il_envs.world import World, get_world
from leaderboard.cells import Cell
from leaderboard.figures.drawing import BAND_SEEDS
from leaderboard.figures.styles import CONTROL, EXPERT, Style, styles
from leaderboard.runs import Results
from leaderboard.scores.rows import Row, headline_row, row_of
from leaderboard.scores.statistics import CONFIDENCE


def worlds_of(results: Results) -> list[World]:
    """The worlds of results, in their order."""
    return [get_world(name) for name in results.manifest.worlds]


def rows_to_draw(results: Results, world: World) -> list[tuple[Row, Style]]:
    """The rows to draw and their styles: the reference, then the algorithms by name."""
    expert = row_of(results, results.manifest.references(world.name)[1], world.name, None)
    experts = [(expert, EXPERT)] if finished_cells(expert) else []
    return experts + learner_rows(results, world)


def learner_rows(results: Results, world: World) -> list[tuple[Row, Style]]:
    """The learners' rows at their last number of labels, by name, people last, and their styles;
    controls are shown in the table only."""
    manifest = results.manifest
    learners = [name for name in manifest.algorithms if not manifest.declaration(name).is_control]
    learners.sort(key=lambda name: (manifest.declaration(name).is_person, name))
    looks = styles_of(results)
    rows = [
        (headline_row(results, name, world.name), looks[name])
        for name in learners
        if world.name in manifest.algorithms[name]
    ]
    return [(row, style) for row, style in rows if finished_cells(row)]


def styles_of(results: Results) -> dict[str, Style]:
    """The style of each algorithm of a table; controls have one in common."""
    manifest = results.manifest
    return {
        name: CONTROL if manifest.declaration(name).is_control else style
        for name, style in styles(manifest.algorithms).items()
    }


def finished_cells(row: Row) -> list[Cell]:
    """The cells of a complete row that did not fail."""
    return [] if row.fault else [cell for cell in row.cells if cell.status == "ok"]


def how_many_episodes(results: Results, exact: bool = False) -> str:
    """How many training seeds and evaluation episodes are drawn; returns can be exact instead."""
    episodes = f"{results.manifest.profile.evaluation_episodes} episodes each"
    return f"{how_many_seeds(results)}, {'exact returns' if exact else episodes}"


def how_many_seeds(results: Results) -> str:
    """What is drawn of the training seeds."""
    seeds = results.manifest.seeds
    if seeds >= BAND_SEEDS:
        return f"mean and {CONFIDENCE:.0%} interval over {seeds} training seeds"
    return "one training seed" if seeds == 1 else f"mean and each of {seeds} training seeds"
