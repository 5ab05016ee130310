"""The board as pages: whole links, data that agree, and nothing from elsewhere."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from leaderboard import UserError
from leaderboard.profiles import Profile
from leaderboard.runs import read_results
from leaderboard.scores.summary import summary
from leaderboard.site.build import build_site
from tests.leaderboard.small_runs import small_run
from tests.site.page import Page

TINY = Profile(
    name="tiny", labels=(300,), seeds=2, evaluation_episodes=3, steps=2_100, time_limit=60.0
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in an exact world and in another one, of which an algorithm fails."""
    folder = tmp_path_factory.mktemp("run") / "results"
    return small_run(folder, TINY, ["maxent", "do-nothing", "bc", "dagger", "ppo"])


@pytest.fixture(scope="module")
def site(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "board"
    build_site([results], out, with_clips=False)
    return out


def test_no_link_is_broken_and_none_leads_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 15
    for path in pages:
        page = Page(path)
        assert not page.nameless
        for link in page.links:
            if link.startswith(("#", "data:,")):
                continue
            assert "://" not in link, f"{path}: {link}"
            assert (path.parent / link.partition("#")[0]).is_file(), f"{path}: {link}"


def test_the_board_has_every_row_and_its_data_agree(site: Path, results: Path) -> None:
    raw = summary(read_results(results))
    raw = raw[raw["world"] != "all"]
    rows = json.loads((site / "data" / "board.json").read_text())
    assert len(rows) == len(raw)
    with (site / "data" / "board.csv").open() as file:
        table = list(csv.DictReader(file))
    board = (site / "index.html").read_text()
    for told, line in zip(rows, table, strict=True):
        (found,) = raw[
            (raw["algorithm"] == told["algorithm"]) & (raw["world"] == told["world"])
        ].itertuples()
        assert told["score"] == pytest.approx(found.score, nan_ok=True)
        assert line["algorithm"] == told["algorithm"]
        assert f'rows/{told["page"]}"' in board
        assert (site / "rows" / told["page"]).is_file()
    names = {path.stem for path in (site / "data" / "worlds").glob("*.json")}
    assert names == {"RiskyBridge", "Gauntlet"}


def test_a_rows_page_says_why_and_how_to_have_it_again(site: Path) -> None:
    page = (site / "rows" / "RiskyBridge-maxent.html").read_text()
    assert "score = (return - random) / (reference - random)" in page
    assert (
        "leaderboard run --worlds RiskyBridge --algorithms maxent --labels 300 --steps 2100 "
        "--seeds 2 --out results/again"
    ) in page
    returned, random, reference, score = (
        float(value) for value in re.findall(r"<td>(-?\d+\.\d{6})</td>", page)[:4]
    )
    assert score == pytest.approx((returned - random) / (reference - random), abs=1e-5)
    failed = (site / "rows" / "RiskyBridge-dagger.html").read_text()
    assert "BudgetExceededError" in failed
    curve = (site / "rows" / "Gauntlet-ppo.html").read_text()
    assert 'id="curves"' in curve


def test_strangers_texts_are_shown_and_do_nothing(results: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(results, tmp_path / "results"))
    (cell,) = folder.glob("RiskyBridge/maxent/*/seed_0")
    told = json.loads((cell / "cell.json").read_text())
    told["warnings"] = ["<script>alert(1)</script>"]
    (cell / "cell.json").write_text(json.dumps(told))
    build_site([folder], tmp_path / "site", with_clips=False)
    for path in (tmp_path / "site" / "rows").glob("*.html"):
        assert "<script>alert" not in path.read_text()
    assert "&lt;script&gt;alert" in (tmp_path / "site/rows/RiskyBridge-maxent.html").read_text()


def test_a_row_has_films_of_three_episodes(results: Path, tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    build_site([results], tmp_path / "site", with_clips=True)
    films = sorted((tmp_path / "site" / "clips").glob("Gauntlet-bc-*.mp4"))
    assert [film.stem.rpartition("-")[2] for film in films] == ["best", "median", "worst"]
    assert all(0 < film.stat().st_size < 400_000 for film in films)
    page = (tmp_path / "site" / "rows" / "Gauntlet-bc.html").read_text()
    assert all(f"clips/{film.name}" in page for film in films)


def test_what_holds_nothing_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no finished cells in it"):
        build_site([tmp_path], tmp_path / "site", with_clips=False)
    assert not (tmp_path / "site").exists()
