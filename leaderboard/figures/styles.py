"""How each algorithm looks, the same in every figure: a colour, a marker and a kind of line.

The colours are Okabe and Ito's (2008, "Color universal design"; without black, and without yellow,
which is too light for lines) and three of Tol's qualitative scheme "muted" (2021, "Colour schemes",
technical note SRON/EPS/TN/09-002). They are apart for readers with normal vision and for those
without red or green cones. There are more algorithms than colours, so that a colour comes with
several markers and lines.
"""

from collections.abc import Iterable
from hashlib import sha256
from itertools import product
from typing import Any, NamedTuple

COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#882255",
    "#117733",
)  # fmt: skip

SHAPES: tuple[tuple[str, Any], ...] = (
    ("o", "-"),
    ("s", (0, (5, 1.5))),
    ("^", (0, (2, 1))),
    ("D", (0, (6, 1.5, 1.5, 1.5))),
    ("v", (0, (4, 1, 1, 1, 1, 1))),
    ("P", (0, (1, 1))),
)
"""A marker and the dashes of a line."""


class Style(NamedTuple):
    """How a line and its dots look."""

    colour: str
    marker: str = "o"
    dashes: Any = "-"


EXPERT_COLOUR = "#333333"
EXPERT = Style(EXPERT_COLOUR)
"""The reference."""
CONTROL = Style("#777777")
"""All controls; they are named where they are drawn."""

RESERVED = (
    ("bc", "dagger", "gcl", "mail", "maxent", "gail", "airl", "bc-ensemble", "dart"),
    (
        "ppo", "bc-mixture", "bc-cvae", "bc-flow", "bc-joint", "bc-autoregressive", "saps-rl",
        "bc-ppo", "maps-rl",
    ),
    (
        "hg-dagger", "mail-saps", "maxent-deep", "bc-ppo-penalty", "airl-state", "mail-il",
        "maxent-posterior", "apprenticeship", "mmp",
    ),
)  # fmt: skip
"""Algorithms with styles of their own, of which those that are often drawn together differ in
colour: a row for each of the first shapes, a column for each colour."""


def styles(algorithms: Iterable[str]) -> dict[str, Style]:
    """The style of each algorithm of a table.

    One without a reserved style has that which its name leads to, or the next free one if another
    algorithm, earlier in the table, has that; only when none is free are styles given twice.

    Args:
        algorithms: all of the table's, in its order, whatever is drawn.
    """
    reserved = {
        name: Style(colour, *shape)
        for names, shape in zip(RESERVED, SHAPES, strict=False)
        for name, colour in zip(names, COLOURS, strict=True)
    }
    every = [Style(colour, *shape) for shape, colour in product(SHAPES, COLOURS)]
    left = [style for style in every if style not in reserved.values()]
    given: dict[str, Style] = {}
    for name in algorithms:
        if name in reserved:
            given[name] = reserved[name]
            continue
        start = int.from_bytes(sha256(name.encode()).digest()[:8], "big") % len(left)
        order = left[start:] + left[:start]
        given[name] = next((style for style in order if style not in given.values()), order[0])
    return given
