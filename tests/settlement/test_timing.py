"""When money moves: prepayments, claw-back, advances, lags, dated versions; and what TINs share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from critmass.catalog import load_catalog
from critmass.domain.network import ORGANIZATION
from critmass.domain.scenario import Scenario
from critmass.network import sample_network
from critmass.settlement.ledger import ledger
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import OWN, Decisions, Model
from critmass.settlement.terms import terms_in_force

TINY = Path(__file__).parents[1] / "data" / "tiny_catalog"
COMPONENT: dict[str, Any] = {
    "label": "Payment", "clause": "section 1", "payment_stream": "p4p", "apm_category": "2C",
    "rate": {"kind": "constant", "pays": 2},
}  # fmt: skip


def booked(folder: Path, *components: dict[str, Any], join_level: str = "practice") -> pd.DataFrame:
    """The ledger rows of a program with these components, joined by two practices that run nothing."""
    program = {
        "id": "timed", "label": "Timed", "payer": "meridian", "performance_year": 2026,
        "lines_of_business": ["medicaid"], "effective": {"from": "2026-01-01", "to": "2026-12-31"},
        "status": "complete", "join_level": join_level, "components": [{**COMPONENT, **item} for item in components],
    }  # fmt: skip
    written = {
        "cite": {"assumption": True, "reason": "made up for tests"},
        "facts": [
            {"id": "earned_usd", "label": "Savings share, USD", "kind": "number", "default": 30_000},
            {"id": "balance_usd", "label": "Advance still owed, USD", "kind": "number", "default": 50_000},
        ],
        "programs": [program],
    }
    (folder / "timed.yaml").write_text(yaml.safe_dump(written))
    catalog = load_catalog([TINY, folder / "timed.yaml"], shipped=False)
    network, scenario = sample_network(2, 1, catalog), Scenario()
    pricer = Pricer(Model(network, catalog, scenario), terms_in_force(catalog, network, scenario))
    shape = (1, *pricer.model.reach_in_place.shape)
    joined = np.array([name == "timed" for name in pricer.program_ids])
    decisions = Decisions(
        np.full(shape, OWN, dtype=np.int8), np.zeros(shape), np.broadcast_to(joined, (1, shape[1], len(joined)))
    )
    rows = ledger(pricer, pricer.price(decisions))
    return rows[rows["program"] == "timed"]


def sums(rows: pd.DataFrame, kind: str) -> dict[str, float]:
    """USD by period of one kind of row, over practices and the organization."""
    found = rows[rows["kind"] == kind].groupby("period", observed=True)["amount_usd"].sum()
    return {str(period): round(float(usd), 2) for period, usd in found.items()}


def months(rows: pd.DataFrame) -> float:
    """Member-months of the two practices, from a fee of $2 each."""
    return sum(sums(rows, "accrual").values()) / 2


FEE = {"id": "fee", "quantity": {"kind": "member_months"}}
AHEAD = {"quantity": {"kind": "member_months"}, "rate": 5, "paid_in_month": 2}


def test_a_prepayment_is_cash_ahead_and_the_rest_follows(tmp_path: Path) -> None:
    """$1 ahead in February and $2 earned: $1 more at settlement, six months after the year."""
    ahead = {**AHEAD, "rate": 1, "claw_back": True}
    rows = booked(tmp_path, {**FEE, "prepaid": ahead, "cash_lag_months": 6})
    each = months(rows)
    assert sums(rows, "cash") == pytest.approx({"2026-02": each, "2027-06": each})


def test_a_surplus_is_clawed_back(tmp_path: Path) -> None:
    """$5 ahead and $2 earned: the year accrues $2, and $3 go back at settlement."""
    rows = booked(tmp_path, {**FEE, "prepaid": {**AHEAD, "claw_back": True}, "cash_lag_months": 6})
    each = months(rows)
    assert sums(rows, "accrual") == pytest.approx({"2026": 2 * each})
    assert sums(rows, "cash") == pytest.approx({"2026-02": 5 * each, "2027-06": -3 * each})


def test_a_surplus_stays_where_nothing_is_clawed_back(tmp_path: Path) -> None:
    """$5 ahead and $2 earned without claw-back: the year accrues $5, all of it paid in February."""
    earned = months(booked(tmp_path, FEE))
    rows = booked(tmp_path, {**FEE, "prepaid": {**AHEAD, "claw_back": False}, "cash_lag_months": 6})
    assert sums(rows, "accrual") == pytest.approx({"2026": 5 * earned})
    assert sums(rows, "cash") == pytest.approx({"2026-02": 5 * earned})


def test_a_prepayment_that_was_not_earned_at_all_comes_and_goes(tmp_path: Path) -> None:
    """A gate that stays closed earns nothing: nothing accrues, and the money ahead goes back."""
    closed = [{"kind": "test", "driver": {"kind": "members"}, "at_least": 1e7}]
    rows = booked(tmp_path, {**FEE, "gates": closed, "prepaid": {**AHEAD, "claw_back": True}})
    cash = sums(rows, "cash")
    assert sums(rows, "accrual") == {}
    assert cash["2026-02"] > 0
    assert cash["2026-12"] == -cash["2026-02"]


def test_a_passed_through_prepayment_reconciles(tmp_path: Path) -> None:
    """With 60 % passed on, practices and organization each get their part of the money ahead and of the rest."""
    ahead = {**AHEAD, "rate": 1, "claw_back": True}
    rows = booked(tmp_path, {**FEE, "pass_through": 0.6, "prepaid": ahead})
    cash = rows[rows["kind"] == "cash"]
    early = cash[cash["period"] == "2026-02"]
    own = float(early.loc[early["practice"] == ORGANIZATION, "amount_usd"].sum())
    assert own == pytest.approx(0.4 * float(early["amount_usd"].sum()), abs=0.02)
    assert sum(sums(rows, "cash").values()) == pytest.approx(sum(sums(rows, "accrual").values()), abs=0.005)


@pytest.mark.parametrize(("lag", "month"), [(0, "2026-12"), (12, "2027-12"), (24, "2028-12")])
def test_uplifts_are_paid_a_year_later_and_adjustments_two(tmp_path: Path, lag: int, month: str) -> None:
    """Accrual belongs to the performance year, cash to the month in which it is paid."""
    rows = booked(tmp_path, {**FEE, "cash_lag_months": lag})
    assert list(sums(rows, "accrual")) == ["2026"]
    assert list(sums(rows, "cash")) == [month]


@pytest.mark.parametrize(("owed", "taken"), [(50_000, 30_000), (12_000, 12_000)])
def test_an_advance_is_recouped_from_savings_only(tmp_path: Path, owed: float, taken: float) -> None:
    """What is still owed is taken back up to what savings pay, whichever is less."""
    savings = {"id": "savings", "level": "organization", "quantity": {"kind": "fact", "name": "earned_usd"},
               "rate": {"kind": "constant", "pays": 1}}  # fmt: skip
    recoup = {
        "id": "recoupment", "level": "organization", "quantity": {"kind": "paid_by", "component": "savings"},
        "rate": {"kind": "constant", "pays": -1}, "limits": [{"kind": "floor", "usd": -owed}],
    }  # fmt: skip
    rows = booked(tmp_path, savings, recoup, join_level="organization")
    accrual = rows[rows["kind"] == "accrual"].groupby("component", observed=True)["amount_usd"].sum()
    assert accrual["savings"] == pytest.approx(30_000)
    assert accrual["recoupment"] == pytest.approx(-taken)


def test_a_change_in_mid_year_pays_each_version_its_months(tmp_path: Path) -> None:
    """A fee of $2 to June and $3 from July on is $2.50 over the year."""
    first = {**FEE, "id": "first_half", "term": "fee", "effective": {"from": "2026-01-01", "to": "2026-06-30"}}
    second = {
        **FEE, "id": "second_half", "term": "fee", "effective": {"from": "2026-07-01", "to": "2026-12-31"},
        "rate": {"kind": "constant", "pays": 3},
    }  # fmt: skip
    each = months(booked(tmp_path, FEE))
    assert sums(booked(tmp_path, first, second), "accrual") == pytest.approx({"2026": 2.5 * each}, abs=0.02)


def test_versions_of_a_bounty_do_not_pay_the_same_gap_twice(tmp_path: Path) -> None:
    """A count at year end is split over the months of a term's versions."""
    bounty = {"id": "gap", "quantity": {"kind": "numerator", "measure": "BCS"}}
    halves = [
        {**bounty, "id": name, "term": "gap", "effective": {"from": f"2026-{start}", "to": f"2026-{end}"}}
        for name, start, end in (("first", "01-01", "06-30"), ("second", "07-01", "12-31"))
    ]
    whole = sums(booked(tmp_path, bounty), "accrual")
    assert sums(booked(tmp_path, *halves), "accrual") == pytest.approx(whole, abs=0.02)
