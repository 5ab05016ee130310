"""What is looked for in a page of HTML."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote


class Page(HTMLParser):
    """The links of a page and what they can lead to, the rows of its tables, and the elements that
    a screen reader has no name for."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.rows = 0
        self.nameless: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.links += [unquote(told[name] or "") for name in ("href", "src") if name in told]
        self.anchors |= {told[name] or "" for name in ("id", "name") if name in told}
        self.rows += tag == "tr"
        if tag in ("video", "svg") and not {"aria-label", "aria-hidden"} & told.keys():
            self.nameless.append(tag)
