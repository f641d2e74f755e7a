"""What `critmass verify` found, for the screen and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console

from critmass.report.pieces import add_row, note, number_table, section
from critmass.report.words import count
from critmass.studies.verify import CheckOutcome, VerificationReport

_MISSES_SHOWN = 8
_CHECKS_SHOWN = 6
"""A set with more checks in a year is shown as one line."""


def verification_document(report: VerificationReport) -> dict[str, Any]:
    """Everything that was tried, with every miss."""
    return {
        "kind": "verification",
        "status": "explained" if report.unexplained == 0 else "unexplained",
        "tried": sum(item.tried for item in report.outcomes),
        "matched": sum(item.matched for item in report.outcomes),
        "unexplained": report.unexplained,
        "checks": [_check(item) for item in report.outcomes],
        "skipped": [{"set": item.set_id, "label": item.label, "reason": item.reason} for item in report.skipped],
    }


def _check(item: CheckOutcome) -> dict[str, Any]:
    return {
        "set": item.set_id,
        "year": item.year,
        "check": item.check,
        "label": item.label,
        "rows": item.rows,
        "tried": item.tried,
        "matched": item.matched,
        "misses": [
            {"entity": miss.entity, "computed": miss.computed, "published": miss.published, "cause": miss.cause or None}
            for miss in item.misses
        ],
    }


def show_verification(console: Console, report: VerificationReport) -> None:
    """A line for each check, the misses with their causes, and what was left out and why."""
    for set_id, label in report.labels.items():
        outcomes = [item for item in report.outcomes if item.set_id == set_id]
        if outcomes:
            console.print(section(label, _table(outcomes)))
    misses = [(item, miss) for item in report.outcomes for miss in item.misses]
    if misses:
        found = number_table(("Set", "Row"), ("Computed", "Published"), ("Cause",))
        for item, miss in misses[:_MISSES_SHOWN]:
            cells = (f"{item.set_id} {item.year}", miss.entity, f"{miss.computed:,.2f}", f"{miss.published:,.2f}")
            add_row(found, (*cells, miss.cause or "not known"))
        left = len(misses) - _MISSES_SHOWN
        console.print(section("Not matched", found))
        if left > 0:
            console.print(note(f"and {count(left, 'row')} more (--json lists all)", "dim"))
    for skipped in report.skipped:
        console.print(note(f"Skipped: {skipped.label}: {skipped.reason}.", "yellow"))
    _summary(console, report)


def _summary(console: Console, report: VerificationReport) -> None:
    tried, matched = (sum(getattr(item, name) for item in report.outcomes) for name in ("tried", "matched"))
    style = "bold green" if report.unexplained == 0 else "bold red"
    if tried == 0:
        console.print(
            note("Nothing was compared: none of the files is in the folder, or none has a law.", "bold yellow")
        )
        return
    text = f"{matched:,} of {tried:,} rows match; {count(report.unexplained, 'row')} without a known cause."
    console.print(note(text, style))


def _table(outcomes: list[CheckOutcome]) -> Any:
    found = number_table(("Year", "Check"), ("Rows", "Tried", "Matched", "Missed"))
    for year, label, numbers in _lines(outcomes):
        add_row(found, (year, label, *(f"{number:,}" for number in numbers)))
    return found


def _lines(outcomes: list[CheckOutcome]) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    for year in dict.fromkeys(item.year for item in outcomes):
        of_year = [item for item in outcomes if item.year == year]
        if len(of_year) <= _CHECKS_SHOWN:
            for item in of_year:
                yield year, item.label, (item.rows, item.tried, item.matched, item.tried - item.matched)
        else:
            sums = [sum(getattr(item, name) for item in of_year) for name in ("rows", "tried", "matched")]
            yield year, f"{len(of_year)} checks together", (*sums, sums[1] - sums[2])
