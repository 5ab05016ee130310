"""Configuration of the documentation; `make docs` builds it."""

import importlib.metadata
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from pages.clips import write_clips  # noqa: E402
from pages.write import write_pages  # noqa: E402

project = "il-envs"
release = importlib.metadata.version("il-envs")
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "pages.docstrings",
    "pages.mathml",
]
exclude_patterns = ["_build", "pages", "**/README.md"]
html_theme = "furo"
html_title = "il-envs"
templates_path = ["templates"]
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["scrolling.js"]
html_show_sourcelink = False
html_copy_source = False
highlight_language = "none"
pygments_style, pygments_dark_style = "default", "github-dark"
copybutton_prompt_text = "$ "

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_block"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_execution_show_tb = True

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True, "show-inheritance": True}
autosummary_generate = True
napoleon_numpy_docstring = False


def linked(app: object, name: str, source: list[str]) -> None:
    """Links out of this folder, as readers of the repository have them, lead to pages."""
    source[0] = source[0].replace("../../CONTRIBUTING.md", "../contributing.md")


def linked_from_above(app: object, path: Path, name: str, source: list[str]) -> None:
    """And so do links in a document of the folder above, which a page includes."""
    source[0] = source[0].replace("](docs/", "](")


def setup(app: Any) -> None:
    """Write the generated pages before anything is read."""
    app.connect("source-read", linked)
    app.connect("include-read", linked_from_above)
    write_pages(HERE)
    write_clips(HERE / "static" / "clips")
