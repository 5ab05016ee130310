"""The tests that the decisions are guarded by exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)((?:::\w+)*)")
DOCUMENTS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_test_that_is_named_exists(document: Path) -> None:
    named = NAMED.findall(document.read_text(encoding="utf-8"))
    for path, names in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        for name in names.split("::")[1:]:
            assert re.search(rf"(def|class) {name}\b", source), f"{path} has no {name}"
    assert named or document.stem in ("identities", "index")
