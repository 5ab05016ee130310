"""Building the board: `leaderboard site DIR ... --out HTML`."""

import csv
import io
import json
import shutil
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

from il_envs.world import WORLDS, get_world
from leaderboard import UserError, tell
from leaderboard.claims.committed import committed
from leaderboard.claims.page import as_html
from leaderboard.publishing import writing_to
from leaderboard.site.clips import clips_of
from leaderboard.site.pages import Site, cell_page, profiles_of
from leaderboard.site.rows import BoardRow, board_rows

STATIC = Path(__file__).with_name("static")
COLUMNS = (
    "algorithm", "world", "family", "where", "kind", "labels", "score", "low", "high", "rank",
    "tier", "status", "reason", "sources", "page",
)  # fmt: skip
"""Of the board's data, whose names stay as they are."""


def build_site(folders: Sequence[Path], out: Path, with_clips: bool) -> None:
    """Write the pages.

    Args:
        folders: of results, each of a run, of a round, or of several rounds.
        out: the site's folder; what else lies there stays.

    Raises:
        UserError: if a folder holds nothing, a file is damaged, or something cannot be written.
    """
    rows = board_rows(folders)
    if not rows:
        raise UserError(f"{', '.join(map(str, folders))}: no rows to show")
    site = Site(rows)
    with writing_to(out):
        shutil.copytree(STATIC, out / "static", dirs_exist_ok=True)
        for row in rows:
            clips = clips_of(row, out / "clips") if with_clips else []
            _write(out / "rows" / row.page, cell_page(site, row, clips))
        worlds = [name for name in WORLDS if any(row.world == name for row in rows)]
        for world in worlds:
            own = [row for row in rows if row.world == world]
            told = {"world": get_world(world), "rows": own, "profiles": profiles_of(site, own)}
            _write(out / "worlds" / f"{world}.html", site.page("world.html.j2", "../", **told))
            _write_data(out / "data" / "worlds" / world, own)
        for name in dict.fromkeys(row.algorithm for row in rows):
            own = sorted((r for r in rows if r.algorithm == name), key=lambda r: r.score)
            told = {"name": name, "rows": own}
            _write(
                out / "algorithms" / f"{name}.html", site.page("algorithm.html.j2", "../", **told)
            )
            _write_data(out / "data" / "algorithms" / name, own)
        _write(out / "claims.html", as_html(committed()))
        sources = sorted({source for row in rows for source in row.sources})
        told = {"rows": rows, "worlds": worlds, "sources": sources}
        _write(out / "index.html", site.page("board.html.j2", "", **told))
        _write_data(out / "data" / "board", rows)
    tell(f"{out / 'index.html'}: {len(rows)} rows")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_data(path: Path, rows: Sequence[BoardRow]) -> None:
    """Rows as NAME.json and NAME.csv."""
    told = [{name: _plain(getattr(row, name)) for name in COLUMNS} for row in rows]
    _write(path.with_suffix(".json"), json.dumps(told, indent=1) + "\n")
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in told:
        writer.writerow({k: " ".join(v) if isinstance(v, list) else v for k, v in row.items()})
    _write(path.with_suffix(".csv"), text.getvalue())


def _plain(value: Any) -> Any:
    if isinstance(value, float) and isnan(value):
        return None
    return list(value) if isinstance(value, tuple) else value
