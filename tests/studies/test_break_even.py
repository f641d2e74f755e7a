"""Where programs, alone and together, first pay a stated cost along a sweep."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from critmass.catalog import load_catalog
from critmass.report.entities import curve_document, show_curve
from critmass.studies.entities import Book
from critmass.studies.sweep import PayoutCurve, parse_sweep, payout_curve

CATALOG = """
cite: {assumption: true, reason: hand-worked}
payers: [{id: north, label: North, lines_of_business: [commercial]}]
programs:
  - &program
    id: fee
    label: Fee
    payer: north
    performance_year: 2026
    lines_of_business: [commercial]
    effective: {from: 2026-01-01, to: 2026-12-31}
    status: complete
    components:
      - &component
        id: paid
        label: Two dollars a month
        clause: table 1
        payment_stream: ccf
        apm_category: 2A
        quantity: {kind: member_months}
        rate: {kind: constant, pays: 2}
  - <<: *program
    id: bonus
    label: Bonus
    components:
      - <<: *component
        quantity: {kind: lump}
        driver: {kind: members}
        rate: {kind: steps, rows: [{at_least: 100, pays: 1200}]}
"""


def curve(folder: Path, sweep: str, cost_usd: float | None) -> PayoutCurve:
    """A fee of $24 a member and a bonus of $1,200 from 100 members on, along members."""
    (folder / "catalog.yaml").write_text(CATALOG)
    catalog = load_catalog((folder,), shipped=False)
    return payout_curve(Book(catalog, tuple(catalog.programs.values()), ()), parse_sweep(sweep), {}, cost_usd)


def test_together_they_pay_before_either_alone(tmp_path: Path) -> None:
    """$4,800 needs 200 members of the fee alone, 150 with the bonus; the bonus alone never pays it."""
    found = curve(tmp_path, "members=0:300:4", 4800.0)
    assert found.break_even == pytest.approx({"fee": 200.0})
    assert found.together == pytest.approx(150.0)


def test_a_jump_carries_the_sum_over_the_cost(tmp_path: Path) -> None:
    """At 100 members the sum jumps from $2,400 to $3,600, so $3,000 is paid exactly from there."""
    found = curve(tmp_path, "members=0:300:2", 3000.0)
    assert found.together == pytest.approx(100.0)
    assert found.break_even == pytest.approx({"fee": 125.0})


def test_a_cost_paid_from_the_start_is_met_at_the_first_point(tmp_path: Path) -> None:
    """Nothing is searched below the sweep."""
    assert curve(tmp_path, "members=150:300:2", 4800.0).together == 150.0


@pytest.mark.parametrize("cost_usd", [None, 1e6])
def test_no_break_even_is_no_number(tmp_path: Path, cost_usd: float | None) -> None:
    """Without a cost, or with one that nobody ever pays, there is nothing to report."""
    found = curve(tmp_path, "members=0:300:4", cost_usd)
    assert (dict(found.break_even), found.together) == ({}, None)


def test_the_report_says_where_they_pay_together(tmp_path: Path) -> None:
    """The document has the number, and the screen the sentence."""
    found = curve(tmp_path, "members=0:300:4", 4800.0)
    assert curve_document(found)["break_even_together"] == pytest.approx(150.0)
    screen = StringIO()
    show_curve(Console(width=120, file=screen), found)
    assert "first pays $4,800.00 at members = 150." in screen.getvalue()
