"""Pictures as SVG within a page, which need no program to be seen."""

from math import isnan

from leaderboard.site.rows import BoardRow

WIDTH, HEIGHT = 180, 20  # pixels
LEAST, MOST = -0.15, 1.25
"""The scores at the ends; what is beyond them is drawn there."""


def interval(row: BoardRow, colour: str) -> str:
    """The score of a row as a dot with its interval; lines are at 0 and 1. Empty without one."""
    if not row.has_score:
        return ""
    dot, y = _place(row.score), HEIGHT / 2
    parts = [
        f'<line class="grid" x1="{_place(at):.1f}" x2="{_place(at):.1f}" y1="0" y2="{HEIGHT}"/>'
        for at in (0.0, 1.0)
    ]
    if not isnan(row.low):
        ends = f'x1="{_place(row.low):.1f}" x2="{_place(row.high):.1f}"'
        parts.append(f'<line {ends} y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>')
    parts.append(f'<circle cx="{dot:.1f}" cy="{y}" r="4" fill="{colour}"/>')
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg class="interval" {size} aria-hidden="true">{"".join(parts)}</svg>'


def _place(score: float) -> float:
    share = (min(max(score, LEAST), MOST) - LEAST) / (MOST - LEAST)
    return 6 + share * (WIDTH - 12)
