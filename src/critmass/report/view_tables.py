"""A view as tables on a terminal, readable from 60 columns on. What is left out stands in the JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from critmass.report.pieces import add_row, heading, key_values, note, number_table, section
from critmass.report.view_schema import PolicyWords, TableDocument, ViewDocument
from critmass.report.words import count, dollars, percent

MOST_ROWS = 20
"""Rows of a table before the rest is left to the JSON."""
HIDDEN = "(hidden)"
"""What stands for a hidden number. Small counts and those hidden to protect them look alike, as telling them apart
would say how large they are."""
NARROW = 76


@dataclass(frozen=True)
class _Summary:
    """How a table is shown: rows summed by `words`; `only` keeps rows with that value in a column."""

    words: tuple[str, ...]
    numbers: tuple[str, ...]
    only: tuple[str, str] | None = None
    note: str = ""


_ACCRUED = ("kind", "accrual")
_COUNTS = ("members", "risk_high", "risk_rising")
_SHOWN: Mapping[tuple[str, str], _Summary] = {
    ("whole", "ledger"): _Summary(("payer", "program"), ("amount_usd",), _ACCRUED, "accrued, by payer and program"),
    ("whole", "members"): _Summary(("payer", "line_of_business"), _COUNTS),
    ("whole", "releases"): _Summary(("number", "role", "policy"), ("rows", "hidden")),
    ("own", "own_money"): _Summary(("program", "component"), ("amount_usd",), _ACCRUED, "accrued, by program"),
    ("own_part_of_plan", "part_of_plan"): _Summary(
        ("program", "component"), ("amount_usd",), _ACCRUED, "accrued, by program"
    ),
    ("own_part_of_plan", "part_without_offers"): _Summary(
        ("program", "component"), ("amount_usd",), _ACCRUED, "accrued, by program"
    ),
    ("own_part_of_plan", "own_offers"): _Summary(("practice",), ("offered_usd", "drawn_usd")),
    ("own_part_of_plan", "own_outcomes"): _Summary(
        ("level",), ("outcomes_usd",), note="beyond the plan without offers, by level of the catalog's intervals"
    ),
    ("own", "own_members"): _Summary(("practice", "line_of_business"), _COUNTS),
    ("own", "own_rates"): _Summary(("term", "confidence"), ("value",)),
    ("sums", "sums_of_members"): _Summary(("line_of_business", "risk"), ("members",)),
    ("sums", "sums_of_money"): _Summary(("stage", "workflow"), ("amount_usd",)),
}
_OF_A_PRACTICE: Mapping[str, _Summary] = {
    "own_money": _Summary(("payer", "program"), ("amount_usd",), _ACCRUED, "accrued, by payer and program"),
    "own_members": _Summary(("payer", "line_of_business"), _COUNTS),
}


def show_view(console: Console, view: ViewDocument) -> None:
    """Prints who sees what under which policy, and then the tables."""
    console.print(heading(f"{view.network}: view of {view.role}, {view.performance_year}"))
    console.print(key_values(_headline(view)))
    for table in view.tables:
        console.print(_table(table, _summary(table, view.role), narrow=console.width < NARROW))
    console.print(note(_closing(view), "dim"))


def _headline(view: ViewDocument) -> list[tuple[str, str]]:
    pairs = [("Policy", _policy(view.policy)), ("", view.statement)]
    if view.messenger:
        pairs.append(("Messenger", "joint views are off: payers and practices see their own alone. " + view.statement))
    if view.purpose:
        pairs.append(("Purpose", view.purpose))
    if view.synthetic:
        pairs.append(("Network", "synthetic: no real practice, member or contract is described"))
    return pairs


def _policy(policy: PolicyWords) -> str:
    return (
        f"{policy.name}: sums of at least {policy.contributors} payers and practices, none above "
        f"{percent(policy.largest_share)}, whichever one is left out; counts from 1 to {policy.small_count} hidden"
    )


def _closing(view: ViewDocument) -> str:
    hidden = sum(table.hidden for table in view.tables)
    words = f"Release {view.release_number:,} of the log."
    if hidden:
        words += (
            f" {count(hidden, 'number')} hidden: each could be anything in a range of "
            f"{view.policy.least_width:,.0f} or more."
        )
    return words + " --json has every row."


def _summary(table: TableDocument, role: str) -> _Summary:
    own = _OF_A_PRACTICE.get(table.name) if role.startswith("practice:") else None
    return own or _SHOWN[table.basis, table.name]


def _table(table: TableDocument, summary: _Summary, *, narrow: bool) -> RenderableType:
    if narrow:
        summary = replace(summary, numbers=summary.numbers[:1])
    rows = _summed(pd.DataFrame(list(table.rows), columns=list(table.columns), dtype=object), summary)
    if rows.empty:
        return section(_title(table, summary), Padding(Text("nothing"), (0, 0, 0, 1)))
    shown = number_table(_headers(summary.words), _headers(summary.numbers))
    for cells in rows[:MOST_ROWS].itertuples(index=False, name=None):
        add_row(shown, [*map(str, cells[: len(summary.words)]), *_numbers(cells[len(summary.words) :], summary)])
    return section(_title(table, summary), Group(shown, _rest(len(rows) - MOST_ROWS)))


def _title(table: TableDocument, summary: _Summary) -> str:
    return f"{table.title}, {summary.note}" if summary.note else table.title


def _summed(rows: pd.DataFrame, summary: _Summary) -> pd.DataFrame:
    """Rows of a summary. Hidden numbers stand in tables without equal words, so that nothing is added to them."""
    if summary.only is not None:
        rows = rows[rows[summary.only[0]] == summary.only[1]]
    numbers = rows[list(summary.numbers)].astype(float)
    words = rows[list(summary.words)]
    joined = pd.concat([words, numbers], axis=1)
    return joined.groupby(list(summary.words), sort=False, as_index=False).sum(min_count=1)


def _headers(columns: Sequence[str]) -> list[str]:
    names = {"amount_usd": "Dollars", "number": "No.", "line_of_business": "Line"}
    return [names.get(name, name.removesuffix("_usd").replace("_", " ").capitalize()) for name in columns]


def _numbers(cells: Sequence[float], summary: _Summary) -> list[str]:
    return [_number(cell, name) for cell, name in zip(cells, summary.numbers, strict=True)]


def _number(cell: float, name: str) -> str:
    if cell != cell:
        return HIDDEN
    if name.endswith("_usd"):
        return dollars(cell)
    return f"{cell:,.6g}" if name == "value" else f"{cell:,.0f}"


def _rest(left: int) -> RenderableType:
    text = Text(f"and {count(left, 'row')} more; --json lists them all", style="dim")
    return Padding(text, (0, 0, 0, 1)) if left > 0 else Text("", end="")
