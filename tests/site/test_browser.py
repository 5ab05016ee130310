"""The board in a real browser: sorting, filters, films, keys, colours, widths, and what axe finds.

It needs Chromium and its driver, which `.ci/run` installs; without them these tests are skipped.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from benchmarks.site import parts_of_board
from leaderboard.site.build import build_site
from tests.site.conftest import DESK, PHONE
from tests.site.test_board import results as results


@pytest.fixture(scope="module")
def site(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("browser") / "board"
    build_site([results], out, with_clips=True)
    return out


def shown(browser: Any, css: str) -> list[str]:
    return [each.text for each in browser.find_elements("css selector", css) if each.is_displayed()]


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20.0
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_board_sorts_by_every_column(site: Path, browser: Any) -> None:
    browser.get((site / "index.html").as_uri())
    for heading in browser.find_elements("css selector", "table.board thead button"):
        heading.click()
        first = shown(browser, "table.board tbody tr")
        heading.click()
        assert {*shown(browser, "table.board tbody tr")} == {*first}
    (score,) = [
        each
        for each in browser.find_elements("css selector", "table.board thead button")
        if each.text == "score"
    ]
    score.click()
    values = [
        float(cell.get_attribute("data-value"))
        for cell in browser.find_elements("css selector", "tbody td.n:nth-of-type(2)")
    ]
    assert values == sorted(values, reverse=True)
    assert score.find_element("xpath", "..").get_attribute("aria-sort") == "descending"


def test_filters_leave_what_fits_and_are_kept_in_the_address(site: Path, browser: Any) -> None:
    browser.get((site / "index.html").as_uri())
    every = len(shown(browser, "table.board tbody tr"))
    select = browser.find_element("css selector", "select[name=world]")
    select.send_keys("Gauntlet")
    kept = shown(browser, "table.board tbody td:nth-of-type(1)")
    assert {*kept} == {"Gauntlet"}
    assert 0 < len(kept) < every
    assert f"{len(kept)} of {every} rows" in shown(browser, "output")
    address = browser.current_url
    browser.get("about:blank")
    browser.get(address)
    assert len(shown(browser, "table.board tbody tr")) == len(kept)


def test_three_clicks_lead_to_why_the_episode_and_the_command(site: Path, browser: Any) -> None:
    browser.get((site / "index.html").as_uri())
    browser.find_element("css selector", 'a[href="rows/Gauntlet-bc.html"]').click()
    assert "score = (return - random)" in browser.find_element("tag name", "main").text
    video = browser.find_element("tag name", "video")
    assert video.get_attribute("aria-label") == "The best episode"
    browser.execute_script("arguments[0].play()", video)
    wait(lambda: video.get_property("currentTime") > 0)
    button = browser.find_element("css selector", "[data-copies]")
    button.click()
    wait(lambda: button.text == "Copied")


def test_curves_and_profiles_are_drawn(site: Path, browser: Any) -> None:
    browser.get((site / "rows" / "Gauntlet-ppo.html").as_uri())
    assert browser.find_elements("css selector", "#curve svg path")
    browser.get((site / "worlds" / "Gauntlet.html").as_uri())
    assert browser.find_elements("css selector", "#profiles svg path")
    assert browser.find_elements("css selector", "#survival svg rect")


def test_everything_can_be_reached_with_the_keyboard(site: Path, browser: Any) -> None:
    browser.get((site / "index.html").as_uri())
    seen = set()
    for _ in range(60):
        webdriver.ActionChains(browser).send_keys(Keys.TAB).perform()
        focused = browser.switch_to.active_element
        seen.add(focused.get_attribute("name") or focused.tag_name)
    assert {"a", "button", "text", "world", "without"} <= seen
    browser.get((site / "index.html").as_uri())
    heading = browser.find_element("css selector", "thead button")
    heading.send_keys(Keys.ENTER)
    assert heading.find_element("xpath", "..").get_attribute("aria-sort") == "descending"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_axe_finds_nothing_serious(
    site: Path,
    browser: Any,
    require_readable: Callable[..., None],
    theme: str,
    size: tuple[int, int],
) -> None:
    browser.set_window_size(*size)
    for name in ("index", "rows/Gauntlet-ppo", "worlds/Gauntlet", "algorithms/bc", "claims"):
        require_readable(site / f"{name}.html", theme)


def test_the_choice_of_colours_is_kept(site: Path, browser: Any) -> None:
    browser.get((site / "index.html").as_uri())
    ground = "return getComputedStyle(document.body).backgroundColor"
    before = browser.execute_script(ground)
    browser.find_element("id", "theme").click()
    after = browser.execute_script(ground)
    assert after != before
    browser.get((site / "worlds" / "Gauntlet.html").as_uri())
    assert browser.execute_script(ground) == after
    browser.find_element("id", "theme").click()


def test_of_many_rows_some_are_shown_and_all_are_sorted(site: Path, browser: Any) -> None:
    before, rows, after = parts_of_board(site / "index.html")
    lowest = min(rows, key=lambda row: float(row.partition('data-value="')[2].partition('"')[0]))
    rows.remove(lowest)
    page = site / "many.html"
    many = [*(rows * (1 + 5_000 // len(rows)))[:4_999], lowest]
    page.write_text("".join([before, *many, after]), encoding="utf-8")
    browser.get(page.as_uri())
    assert "5000 of 5000 rows" in shown(browser, "output")
    assert len(browser.find_elements("css selector", "table.board tbody tr")) == 200
    score = browser.find_element("xpath", "//thead//button[text()='score']")
    score.click()
    score.click()
    cells = browser.find_elements("css selector", "tbody td[data-value]")
    assert cells[0].get_attribute("data-value") in lowest
    browser.find_element("xpath", "//button[text()='Show all 5000 rows']").click()
    assert len(browser.find_elements("css selector", "table.board tbody tr")) == 5_000
