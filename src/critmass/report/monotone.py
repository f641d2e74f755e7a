"""Payments that fall as performance improves, as a table and as a document."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from critmass.domain.catalog import Catalog
from critmass.report.pieces import add_row, section
from critmass.report.words import count, dollars
from critmass.studies.fall_reasons import Reason
from critmass.studies.monotone import PayoutCheck, PayoutFall, Way
from critmass.studies.typical import MEMBERS

REASONS: dict[Reason, str] = {
    "improvement": "improvement-gated: a high performer has less to gain",
    "open_gaps": "counts gaps that were open when the year began, and a better practice begins with fewer",
    "inverse_count": "counts an inverse measure: fewer events, fewer dollars",
    "falling_schedule": "a table that falls: the best performance is paid less",
    "closing_gate": "a gate that closes to the best performance",
    "taken_back": "takes back what another component pays",
    "expenditure": "counts expenditure, which savings lower",
    "penalty": "a penalty or loss",
}
WAYS: dict[Way, str] = {
    "year_to_year": "From year to year (better in both years)",
    "within_year": "Within the year (last year as it was)",
    "savings": "As savings grow",
}
_SETTINGS = {
    "typical": "typical values",
    "good": "everything else good",
    "costly": "more spent than the benchmark",
}
_UNKNOWN = "?"
_MARKS = {
    "*": "for the members that the contract asks for, not 1,000",
    "^": "with everything else good; at typical values it pays nothing",
    "~": "with more spent than the benchmark; otherwise it pays nothing",
}
_MARK_OF = {"typical": "", "good": "^", "costly": "~"}
_HEADS = ("  Component", "Moves", "From", "To", "Fall", "Why")
_NUMBERS = ("From", "To", "Fall")
_LETTERS = dict(zip(REASONS, "ABCDEFGH", strict=True))
PLANNING = (
    "These contracts are as their payers wrote them. For planning: money that falls is not money to count on next "
    "year. Settle each year on the results and open gaps with which it begins; a practice that improves "
    "is paid most on the way up."
)
HOW = (
    "One practice, everything else at typical values; From and To are this year's rate, from year to year last "
    "year's. From year to year a third of what last year left open is closed, and who was compliant then "
    "is compliant on day one: where a measure begins anew each year, its gaps open again, and their number does not "
    "fall."
)


def show_payouts(console: Console, catalog: Catalog, check: PayoutCheck) -> None:
    """Prints each component that pays less for better results, by way, and what it means for planning."""
    console.print(_say(_summary(catalog, check)))
    for way, title in WAYS.items():
        falls = [fall for fall in check.falls if fall.way == way]
        if falls:
            console.print(section(title, *_tables(falls)))
    for line in _key(check.falls):
        console.print(line)
    if check.unpaid:
        names = ", ".join(f"{program}.{component}" for program, component in check.unpaid)
        console.print(_say(f"Paid nothing at any of these values, so nothing is known of: {names}."))
    if check.falls:
        console.print(_say(HOW))
        console.print(_say(PLANNING))


def _say(text: str) -> Padding:
    return Padding(Text(text), (1, 0, 0, 1))


def _summary(catalog: Catalog, check: PayoutCheck) -> str:
    falling = len({(fall.program, fall.component) for fall in check.falls})
    looked = f"{count(check.looked_at, 'component')} of {count(len(catalog.programs), 'program')} look at results"
    return f"{looked}; {falling or 'none'} of them pay less somewhere as performance improves."


def _tables(falls: Iterable[PayoutFall]) -> Iterator[RenderableType]:
    """One line for each component, with what costs most, under the name of its program; all aligned."""
    lines = [(fall.program, _cells(fall, others)) for fall, others in _by_component(falls)]
    columns = zip(_HEADS, *(cells for _, cells in lines), strict=True)
    widths = [max(map(len, column)) for column in columns]
    yield _rows(widths, [_HEADS], style="dim")
    for program, group in itertools.groupby(lines, key=lambda line: line[0]):
        yield Text(f" {program}", style="bold")
        yield _rows(widths, [cells for _, cells in group])


def _rows(widths: Sequence[int], rows: Iterable[Sequence[str]], style: str = "") -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    for place, width in enumerate(widths):
        name = place == 0
        justify: Literal["left", "right"] = "right" if _HEADS[place] in _NUMBERS else "left"
        table.add_column(min_width=None if name else width, width=width if name else None, overflow="fold",
                         no_wrap=not name, justify=justify, style=style)  # fmt: skip
    for cells in rows:
        add_row(table, cells)
    return table


def _by_component(falls: Iterable[PayoutFall]) -> Iterator[tuple[PayoutFall, int]]:
    """For each component the driver along which it falls most, and how many others there are."""
    found: dict[tuple[str, str], list[PayoutFall]] = {}
    for fall in falls:
        found.setdefault((fall.program, fall.component), []).append(fall)
    for group in found.values():
        yield max(group, key=lambda fall: fall.largest.fall_usd), len(group) - 1


def _cells(fall: PayoutFall, others: int) -> list[str]:
    largest = fall.largest
    moves = fall.driver + (f" +{others}" if others else "")
    letters = "".join(_LETTERS[reason] for reason in fall.reasons) or _UNKNOWN
    ends = _rate(largest.start), _rate(largest.stop)
    return [f"  {fall.component}", moves, *ends, _usd(largest.fall_usd), letters + _marks(fall)]


def _marks(fall: PayoutFall) -> str:
    """What is not typical about the practice for which a fall is shown."""
    return ("*" if fall.members != MEMBERS else "") + _MARK_OF[fall.setting]


def _rate(value: float) -> str:
    """A fraction as a percentage with three digits, such as 85.5%."""
    return f"{round(value * 100, 6):.3g}%"


def _usd(amount: float) -> str:
    """Dollars, with cents below ten."""
    return f"${amount:.2f}" if amount < 9.995 else dollars(amount)


def _key(falls: tuple[PayoutFall, ...]) -> Iterator[Padding]:
    """What the letters and marks of the table mean, those that are used."""
    used = {reason for fall in falls for reason in fall.reasons}
    lines = [f"{_LETTERS[reason]}  {text}" for reason, text in REASONS.items() if reason in used]
    if any(not fall.reasons for fall in falls):
        lines.append(f"{_UNKNOWN}  its words do not tell; read its clause")
    marked = {mark for fall in falls for mark in _marks(fall)}
    lines += [f"{mark}  {text}" for mark, text in _MARKS.items() if mark in marked]
    if lines:
        yield _say("Fall: USD for 1,000 members, over the costliest stretch. Why:")
    yield from (Padding(Text(line), (0, 0, 0, 1)) for line in lines)


def payouts_document(catalog: Catalog, check: PayoutCheck) -> dict[str, Any]:
    """Every fall with all its stretches; values are fractions, amounts USD a year."""
    return {
        "kind": "payouts",
        "catalog_hash": catalog.hash,
        "components": check.components,
        "looked_at": check.looked_at,
        "how": HOW,
        "planning": PLANNING,
        "falls": [_fall(fall) for fall in check.falls],
        "unpaid": [{"program": program, "component": component} for program, component in check.unpaid],
    }


def _fall(fall: PayoutFall) -> dict[str, Any]:
    return {
        "program": fall.program,
        "component": fall.component,
        "driver": fall.driver,
        "way": fall.way,
        "members": fall.members,
        "setting": _SETTINGS[fall.setting],
        "fall_usd": round(fall.largest.fall_usd, 2),
        "reasons": list(fall.reasons),
        "why": [REASONS[reason] for reason in fall.reasons],
        "stretches": [
            {
                "from": round(stretch.start, 6),
                "to": round(stretch.stop, 6),
                "before_usd": round(stretch.before_usd, 2),
                "after_usd": round(stretch.after_usd, 2),
                "fall_usd": round(stretch.fall_usd, 2),
            }
            for stretch in fall.stretches
        ],
    }
