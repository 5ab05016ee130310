"""`make bench-site`: how soon the board is seen, and how fast it sorts and filters 5,000 rows.

The page is that of the committed results, whose rows are repeated; it is opened from disk in
Chromium without a display, in turns with a page that holds one word. Nothing here passes or fails.
"""

import re
import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table
from selenium import webdriver

from leaderboard.computer import this_computer
from leaderboard.site.build import build_site

RESULTS = Path(__file__).parents[1] / "leaderboard" / "results"
ROWS, TURNS = 5_000, 7

SEEN = """
const [paint] = performance.getEntriesByName("first-contentful-paint");
return paint ? paint.startTime : null;
"""
SORTED = """
const button = document.querySelectorAll("table.board thead button")[2];
const start = performance.now();
button.click();
document.body.offsetHeight;
return performance.now() - start;
"""
FILTERED = """
const text = document.querySelector("input[name=text]");
text.value = text.value ? "" : "bc";
const start = performance.now();
text.dispatchEvent(new Event("input", { bubbles: true }));
document.body.offsetHeight;
return performance.now() - start;
"""


def main() -> None:
    """Open, sort and filter in turns, and print the medians."""
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        page = _many_rows(Path(scratch) / "board")
        word = Path(scratch) / "word.html"
        word.write_text("<!doctype html><title>word</title><p>word", encoding="utf-8")
        taken: dict[str, list[float]] = {}
        for _ in range(TURNS):
            taken.setdefault("a page with one word, seen", []).append(_seen(browser, word))
            taken.setdefault(f"{ROWS:,} rows, seen", []).append(_seen(browser, page))
            for name, script in (("sorted", SORTED), ("filtered", FILTERED)):
                spent = browser.execute_script(script)
                taken.setdefault(f"{ROWS:,} rows, {name}", []).append(spent)
    table = Table("what", "ms, median", "of one word's page")
    yardstick = median(next(iter(taken.values())))
    for what, spent in taken.items():
        table.add_row(what, f"{median(spent):.0f}", f"{median(spent) / yardstick:.1f}")
    Console().print(table)
    print(f"{TURNS} turns; {this_computer()}")


def chromium() -> webdriver.Chrome:
    """A browser without a display, which logs what its pages say and ask for.

    Raises:
        FileNotFoundError: if Chromium or its driver is not here.
    """
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        raise FileNotFoundError("Chromium or its driver is not here")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    return webdriver.Chrome(options=options, service=service)


def parts_of_board(page: Path) -> tuple[str, list[str], str]:
    """What is before the rows of a board's page, each row, and what is after them."""
    text = page.read_text(encoding="utf-8")
    begin, end = text.index("<tbody>") + len("<tbody>"), text.index("</tbody>")
    return text[:begin], re.findall(r"<tr.*?</tr>", text[begin:end], re.DOTALL), text[end:]


def _many_rows(out: Path) -> Path:
    """The page of a board with as many rows."""
    build_site(sorted(path.parent for path in RESULTS.glob("*/run.json")), out, with_clips=False)
    page = out / "index.html"
    before, rows, after = parts_of_board(page)
    repeated = (rows * (1 + ROWS // len(rows)))[:ROWS]
    page.write_text("".join([before, *repeated, after]), encoding="utf-8")
    return page


def _seen(browser: Any, page: Path) -> float:
    """Milliseconds from the request to the first picture of a page."""
    browser.get("about:blank")
    browser.get(page.as_uri())
    seen = None
    while seen is None:
        seen = browser.execute_script(SEEN)
    return float(seen)


if __name__ == "__main__":
    main()
