"""The claims as a table for the terminal, for documents and for programs, and as a page."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan

import pandas as pd
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from leaderboard.claims.claim import RULE, Outcome, Result, Verdict, number
from leaderboard.claims.measures import EXACT, SEEDS_AND_EPISODES
from leaderboard.claims.profile import NAME, RUNS
from leaderboard.scores.statistics import CONFIDENCE
from leaderboard.tables.formats import json_value, page_of_template

MARKS: dict[Verdict, str] = {"holds": "✓", "fails": "✗", "not shown": "?"}
STYLES: dict[Verdict, str] = {"holds": "green", "fails": "red", "not shown": "yellow"}
COLUMNS = ("published", "ours", "gate")
WIDTH = 80
INDENT = (0, 0, 0, 2)
"""Space above, right of, below and left of what belongs to a claim."""
NONE = "\N{EN DASH}"
LEGEND = (
    f"Ours: in brackets the {CONFIDENCE:.0%} interval, over training seeds unless said otherwise; "
    f"what is exact has none, and {NONE} has not been computed. No gate was chosen by what was "
    "measured."
)


@dataclass(frozen=True)
class Line:
    """A comparison in words.

    Attributes:
        ours: the number and its interval.
        note: what belongs beside it, or which results are missing.
    """

    what: str
    published: str
    ours: str
    gate: str
    verdict: Verdict
    note: str

    @property
    def mark(self) -> str:
        """The sign of the verdict."""
        return MARKS[self.verdict]


def lines_of(outcome: Outcome) -> list[Line]:
    """The comparisons of a claim in words."""
    return [
        Line(
            result.comparison.what,
            result.comparison.published,
            _ours(result),
            str(result.comparison.gate),
            result.verdict,
            _note(result),
        )
        for result in outcome.results
    ]


def _note(result: Result) -> str:
    """What belongs beside a number, or which results are missing."""
    if result.measured is None:
        return result.missing
    over = f"interval over {SEEDS_AND_EPISODES}"
    told = over if result.measured.over == SEEDS_AND_EPISODES else ""
    return "; ".join(filter(None, (result.measured.note, told)))


def _ours(result: Result) -> str:
    if result.measured is None:
        return NONE
    interval = result.measured.interval
    value = NONE if isnan(interval.mean) else number(interval.mean)
    if result.measured.over == EXACT:
        return f"{value} exact"
    if isnan(interval.low):
        return value
    return f"{value} [{number(interval.low)}, {number(interval.high)}]"


def title(outcome: Outcome) -> str:
    """A claim in one line."""
    return f"{outcome.claim.method}, {outcome.claim.statement}"


def counts(outcomes: Sequence[Outcome]) -> str:
    """How many claims have each verdict."""
    verdicts = [outcome.verdict for outcome in outcomes]
    told = ", ".join(f"{verdict} {verdicts.count(verdict)}" for verdict in MARKS)
    return f"Of {len(outcomes)}: {told}"


def sizes(outcomes: Sequence[Outcome]) -> list[str]:
    """The runs behind claims, in a line each."""
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.claim.runs)
    return [f"{name}: {RUNS[name].summary}" for name in names]


def as_text(outcomes: Sequence[Outcome]) -> RenderableType:
    """A table for the terminal, of 80 columns: for each claim its verdict, then its comparisons."""
    parts: list[RenderableType] = [_grid(("claim, and what is compared", *COLUMNS), "dim")]
    for outcome in outcomes:
        heading = Table.grid(padding=(0, 1, 0, 0))
        heading.add_column(width=12)
        heading.add_column(ratio=1)
        verdict = Text(f"{MARKS[outcome.verdict]} {outcome.verdict}", STYLES[outcome.verdict])
        heading.add_row(verdict, Text(f"{outcome.claim.name}: {title(outcome)}", "bold"))
        parts += [Text(), heading]
        for line in lines_of(outcome):
            gate = Text(f"{line.mark} {line.gate}", STYLES[line.verdict])
            parts.append(_grid((line.what, line.published, line.ours, gate)))
            if line.note:
                parts.append(Padding(Text(f"({line.note})", "dim"), INDENT))
    return Group(*parts, *(Text(line) for line in _below(outcomes)))


def _grid(cells: Sequence[str | Text], style: str = "") -> Table:
    """A line of the table; all have columns of the same widths."""
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(ratio=1)
    for width in (10, 21, 13):
        table.add_column(width=width)
    what, *others = (Text(cell) if isinstance(cell, str) else cell for cell in cells)
    table.add_row(Padding(what, INDENT), *others, style=style)
    return table


def _below(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The lines below the table."""
    yield ""
    yield f"{counts(outcomes)}. {RULE} {LEGEND}"
    yield ""
    yield f"Profile {NAME}:"
    yield from (f"  {line}" for line in sizes(outcomes))
    yield "`leaderboard claims --only NAME --run` measures one claim."


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """A table in Markdown, with one row for each claim."""
    rows = [("claim", "published", f"ours, {CONFIDENCE:.0%} interval", "gate", "verdict")]
    rows.append(("---",) * len(rows[0]))  # type: ignore[arg-type]
    for outcome in outcomes:
        lines = lines_of(outcome)
        what = [f"**{title(outcome)}** (`{outcome.claim.name}`)", *(line.what for line in lines)]
        cells = (
            [line.published for line in lines],
            [f"{line.mark} {line.ours}" for line in lines],
            [line.gate for line in lines],
        )
        columns = ["<br>".join(entries) for entries in cells]
        verdict = f"**{outcome.verdict}**" if outcome.verdict == "fails" else outcome.verdict
        rows.append(("<br>".join(what), columns[0], columns[1], columns[2], verdict))
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\n{counts(outcomes)}. {RULE} {LEGEND}\n"


def as_csv(outcomes: Sequence[Outcome]) -> str:
    """A table for programs, with a row for each comparison."""
    return pd.DataFrame(_records(outcomes)).to_csv(index=False)


def as_json(outcomes: Sequence[Outcome]) -> str:
    """The claims for programs, with their comparisons; infinity is the text "Infinity", and a
    missing number null."""
    claims = [
        {
            "name": outcome.claim.name,
            "method": outcome.claim.method,
            "statement": outcome.claim.statement,
            "source": outcome.claim.source,
            "meaning": outcome.claim.meaning,
            "command": outcome.claim.command,
            "verdict": outcome.verdict,
            "comparisons": [
                {name: json_value(value) for name, value in _record(result).items()}
                for result in outcome.results
            ],
        }
        for outcome in outcomes
    ]
    page = {"profile": NAME, "runs": sizes(outcomes), "rule": RULE, "claims": claims}
    return json.dumps(page, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _records(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    return [
        {
            "claim": outcome.claim.name,
            "source": outcome.claim.source,
            "claim_verdict": outcome.verdict,
            **_record(result),
            "command": outcome.claim.command,
        }
        for outcome in outcomes
        for result in outcome.results
    ]


def _record(result: Result) -> dict[str, object]:
    """A comparison in numbers; those that are missing are NaN."""
    interval = None if result.measured is None else result.measured.interval
    gate, nothing = result.comparison.gate, float("nan")
    return {
        "what": result.comparison.what,
        "published": result.comparison.published,
        "value": nothing if interval is None else interval.mean,
        "low": nothing if interval is None else interval.low,
        "high": nothing if interval is None else interval.high,
        "over": "" if result.measured is None else result.measured.over,
        "gate_low": gate.low,
        "gate_high": gate.high,
        "verdict": result.verdict,
        "note": _note(result),
    }


def as_html(outcomes: Sequence[Outcome]) -> str:
    """A page with each claim, its source, its numbers, its verdict and what it means."""
    return page_of_template(
        "claims.html.j2",
        outcomes=outcomes,
        lines_of=lines_of,
        title=title,
        marks=MARKS,
        counts=counts(outcomes),
        rule=RULE,
        legend=LEGEND,
        confidence=f"{CONFIDENCE:.0%}",
        sizes=sizes(outcomes),
    )


FORMATS: dict[str, Callable[[Sequence[Outcome]], str | RenderableType]] = {
    "text": as_text,
    "md": as_markdown,
    "csv": as_csv,
    "json": as_json,
    "html": as_html,
}
