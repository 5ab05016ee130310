"""A browser, and what is asked of every page that it opens."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from benchmarks.site import chromium

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
DESK, PHONE = (1300, 1000), (390, 844)


@pytest.fixture(scope="session")
def opened() -> Iterator[webdriver.Chrome]:
    try:
        browser = chromium()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with browser:
        yield browser


@pytest.fixture
def browser(opened: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """No page says anything on the console, or asks for anything but files."""
    opened.set_window_size(*DESK)
    opened.get_log("browser")
    opened.get_log("performance")
    yield opened
    assert opened.get_log("browser") == []
    for entry in opened.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            assert url.startswith(("file:", "data:", "blob:")), url


@pytest.fixture
def require_readable(browser: webdriver.Chrome) -> Callable[[Path], None]:
    """Opens a page, and fails if axe finds anything serious, or it is wider than the window."""

    def require(page: Path, theme: str = "light") -> None:
        browser.get(page.as_uri())
        script = (
            "document.documentElement.dataset.theme = document.body.dataset.theme = arguments[0]"
        )
        browser.execute_script(script, theme)
        browser.execute_script(AXE.read_text(encoding="utf-8"))
        found = browser.execute_async_script(
            "const done = arguments[arguments.length - 1]; axe.run({preload: false}).then(done)"
        )
        serious = [
            f"{each['id']}: {each['nodes'][0]['html'][:200]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert not serious, (page, serious)
        width = browser.execute_script("return document.documentElement.scrollWidth")
        assert width <= browser.execute_script("return innerWidth") + 1, page

    return require
