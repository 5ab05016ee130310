"""Pages from templates."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from il_envs.learning.learning_curve import bin_ends
from leaderboard.explanation import metrics_of
from leaderboard.figures.styles import CONTROL, styles
from leaderboard.scores.notes import TIER_NOTE
from leaderboard.scores.rows import mean_return, return_of, survival
from leaderboard.site.charts import interval
from leaderboard.site.clips import Clip
from leaderboard.site.rows import VERIFIED, BoardRow, Scored
from leaderboard.tables.columns import number
from leaderboard.tuning.record import told_settings

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Site:
    """What all pages have in common.

    Attributes:
        rows: of the board.
    """

    rows: Sequence[BoardRow]

    @cached_property
    def colours(self) -> Mapping[str, str]:
        """The colour of each algorithm, the same in every picture."""
        learners = dict.fromkeys(row.algorithm for row in self.rows if row.kind == "learner")
        given = {name: style.colour for name, style in styles(learners).items()}
        others = {"control": CONTROL.colour, "reference": "currentColor", "person": "currentColor"}
        return given | {row.algorithm: others[row.kind] for row in self.rows if row.kind in others}

    @cached_property
    def _environment(self) -> jinja2.Environment:
        """The templates, with what all of them use."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True,
            lstrip_blocks=True, undefined=jinja2.StrictUndefined,
        )  # fmt: skip
        environment.filters["number"] = number
        environment.globals |= {
            "chart": lambda row: interval(row, self.colours[row.algorithm]),
            "tier_note": TIER_NOTE,
        }
        return environment

    def page(self, template: str, root: str, **told: Any) -> str:
        """A page.

        Args:
            template: its file among the templates.
            root: the path to the folder of the site, from the page's.
        """
        return self._environment.get_template(template).render(root=root, **told)


def facts_of(scored: Scored) -> dict[str, str]:
    """What is behind the score of a cell, by its name."""
    cell, scale = scored.cell, scored.scale
    if cell.status != "ok":
        return {"status": f"{cell.status}: {cell.reason}; it counts as the random policy"}
    told = {"return": f"{return_of(cell):.6f}"}
    if cell.exact is None:
        told["episodes"] = (
            f"{len(cell.episodes)}, mean {mean_return(cell.episodes):.6f}, "
            f"survival {survival(cell):.0%}"
        )
    if scale is not None and scored.score is not None:
        told |= {
            "random": f"{scale.random:.6f}",
            "reference": f"{scale.reference:.6f}",
            "score": f"{scored.score:.6f}",
        }
    return told


def formula(scored: Scored) -> str:
    """How a score follows from a return."""
    scale = scored.scale
    if scale is None:
        return "There is no scale: reference rows are missing."
    if scale.is_of_costs:
        return "score = log(random / return) / log(random / reference), as costs differ by factors"
    return "score = (return - random) / (reference - random)"


def command_of(row: BoardRow) -> str:
    """The command that computes a row again."""
    if not row.scored:
        return ""
    spec = row.scored[0].cell.spec
    if spec.labels is None:
        return f"leaderboard verify {shlex.quote(str(row.scored[0].results.folder))}"
    settings = [
        part for name, value in spec.settings.items()
        for part in ("--set", f"{spec.algorithm}.{name}={value}")
    ]  # fmt: skip
    budget = ["--labels", str(spec.labels)] if spec.labels else []
    seeds = "1" if row.where == VERIFIED else str(len(row.scored))
    return shlex.join(
        ["leaderboard", "run", "--worlds", spec.world, "--algorithms", spec.algorithm, *budget,
         "--steps", str(spec.steps), "--seeds", seeds, *settings, "--out", "results/again"]
    )  # fmt: skip


def settings_of(row: BoardRow) -> list[str]:
    """The settings of a row, and where they come from."""
    spec = row.scored[0].cell.spec
    config = spec.key.get("config", "")
    if not config:
        return []
    told = (line.strip() for line in told_settings(spec.algorithm, spec.origin, config))
    return [config, *told]


def curves_of(row: BoardRow) -> str:
    """The learning curves of a row as JSON: steps and mean returns of each seed; empty if it has
    none."""
    curves = [scored.cell.learning_curve for scored in row.scored]
    kept = [
        {
            "seed": number,
            "steps": bin_ends(curve.budget).tolist(),
            "returns": [None if np.isnan(value) else float(value) for value in curve.mean_returns],
        }
        for number, curve in enumerate(curves)
        if curve is not None
    ]
    return json.dumps(kept) if kept else ""


def profiles_of(site: Site, rows: Sequence[BoardRow]) -> str:
    """The scores and the survival of the learners among the rows of a world as JSON; empty if there
    are none."""
    kept = [
        {
            "name": row.algorithm + (f" ({row.number + 1})" if row.number else ""),
            "colour": site.colours[row.algorithm],
            "scores": [each.score or 0.0 for each in row.scored],
            "survival": float(np.mean([survival(s.cell) for s in row.scored if s.cell.episodes])),
        }
        for row in rows
        if row.kind == "learner" and any(scored.cell.episodes for scored in row.scored)
    ]
    return json.dumps(kept) if kept else ""


def cell_page(site: Site, row: BoardRow, clips: Sequence[Clip]) -> str:
    """The page of a row: why its score is what it is."""
    computers = dict.fromkeys(str(scored.cell.computer) for scored in row.scored)
    return site.page(
        "cell.html.j2",
        "../",
        row=row,
        facts=[facts_of(scored) for scored in row.scored],
        metrics=[metrics_of(scored.cell, scored.scale) for scored in row.scored],
        formula=formula(row.scored[0]) if row.scored else "",
        command=command_of(row),
        settings=settings_of(row) if row.scored else [],
        curves=curves_of(row),
        computers=list(computers),
        clips=clips,
    )
