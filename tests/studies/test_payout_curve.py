"""Payout curves: cliffs are found where they are and nowhere else; what is asked must be looked at by a program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from critmass.catalog import load_catalog
from critmass.domain.catalog import CatalogFile
from critmass.domain.errors import InputError
from critmass.studies.entities import Book, book_of
from critmass.studies.sweep import PayoutCurve, parse_settings, parse_sweep, payout_curve

COMPONENT: dict[str, Any] = {
    "id": "pay", "label": "Pay", "clause": "section 1", "payment_stream": "p4p", "apm_category": "2C",
    "rate": {"kind": "constant", "pays": 1},
}  # fmt: skip


def book(**component: Any) -> Book:
    """A program with one component."""
    written = {
        "cite": {"assumption": True, "reason": "made up"},
        "measures": [{"id": "BCS", "label": "Breast screening", "direction": "higher_is_better", "domain": "care"}],
        "facts": [{"id": "score", "label": "Score", "kind": "number", "default": 0.5}],
        "payers": [{"id": "payer", "label": "Payer", "lines_of_business": ["commercial"]}],
        "programs": [{
            "id": "program", "label": "Program", "payer": "payer", "performance_year": 2026, "status": "complete",
            "lines_of_business": ["commercial"], "effective": {}, "components": [{**COMPONENT, **component}],
        }],
    }  # fmt: skip
    catalog = load_catalog(shipped=False, parsed=[("made up", CatalogFile.model_validate(written))])
    return book_of(catalog, load_catalog(shipped=False))


SCORE = {"kind": "fact", "name": "score"}


def curve(of: Book, sweep: str, **settings: float) -> PayoutCurve:
    """The curve with these settings."""
    return payout_curve(of, parse_sweep(sweep), settings)


def places(found: PayoutCurve) -> list[float]:
    """Where its cliffs are."""
    return [cliff.at for cliff in found.cliffs]


def test_steps_are_cliffs_wherever_the_points_lie() -> None:
    """Two thresholds between a few points are found both, upward and downward, each with its money."""
    steps = {"kind": "steps", "rows": [{"at_least": 0.31, "pays": 10}, {"at_least": 0.72, "pays": 4}]}
    found = curve(book(quantity={"kind": "members"}, driver=SCORE, rate=steps), "facts.score=0:1:4", members=100)
    assert places(found) == pytest.approx([0.31, 0.72], abs=1e-6)
    assert [(cliff.before_usd, cliff.after_usd) for cliff in found.cliffs] == [(0, 1000), (1000, 400)]


def test_a_steep_slope_is_no_cliff() -> None:
    """A billion dollars over a hundredth of the sweep, without a jump."""
    points = {"kind": "piecewise_linear", "points": [{"at": 0.5, "pays": 0}, {"at": 0.51, "pays": 1e9}]}
    assert places(curve(book(quantity={"kind": "lump"}, driver=SCORE, rate=points), "facts.score=0:1:11")) == []


def test_a_gate_is_a_cliff() -> None:
    """Savings of 3 % of $1,000,000, half of them shared, from the first dollar."""
    gate = {"kind": "test", "driver": {"kind": "savings_rate"}, "at_least": 0.03}
    shared = book(quantity={"kind": "savings"}, rate={"kind": "constant", "pays": 0.5}, gates=[gate])
    found = curve(shared, "savings_rate=-0.1:0.1:6", benchmark_usd=1e6)
    assert places(found) == pytest.approx([0.03], abs=1e-7)
    assert found.payouts()["program"].tolist() == pytest.approx([0, 0, 0, 0, 30_000, 50_000])


def test_break_even_is_where_the_cost_is_first_paid() -> None:
    """$2 a member pays $500 from 250 members on; never within 100 members; at once from 400 on."""
    fee = book(quantity={"kind": "members"}, rate={"kind": "constant", "pays": 2})
    reached = [
        payout_curve(fee, parse_sweep(sweep), {}, 500.0).break_even
        for sweep in ("members=0:1000:5", "members=0:100:5", "members=400:1000:5")
    ]
    assert reached[0]["program"] == pytest.approx(250)
    assert reached[1] == {}
    assert reached[2]["program"] == 400


def test_the_frame_has_a_row_for_each_value() -> None:
    """Driver and payout side by side, rounded to the cent."""
    frame = curve(book(quantity={"kind": "members"}, rate={"kind": "constant", "pays": 1 / 3}), "members=1:3:3").frame()
    assert frame["members"].tolist() == [1, 2, 3]
    assert frame["program"].tolist() == [0.33, 0.67, 1.0]


def test_facts_that_are_not_set_are_named() -> None:
    """They took the catalog's default."""
    paid = book(quantity={"kind": "members"}, driver=SCORE, rate={"kind": "linear", "per_unit": 2})
    found = curve(paid, "members=0:10:2")
    assert found.defaults == ("facts.score",)
    assert found.payouts()["program"].tolist() == [0, 10]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("score", "is not a sweep"),
        ("score=0:1", "is not a sweep"),
        ("score=0:1:1", "asks for 1 points"),
        ("score=0:1:100002", "asks for 100,002 points"),
        ("score=1:0:5", "1 is not below 0"),
        ("score=a:b:5", "is not a sweep"),
        ("score=0:inf:5", "is not a sweep"),
    ],
)
def test_what_is_not_a_sweep_is_refused(text: str, said: str) -> None:
    """With how it is written."""
    with pytest.raises(InputError, match=said):
        parse_sweep(text)


def test_settings_may_be_percentages() -> None:
    """70% is 0.7, and every text that is no value is named."""
    assert parse_settings(["a=70%", "b=1e6"]) == {"a": 0.7, "b": 1e6}
    with pytest.raises(InputError) as caught:
        parse_settings(["a", "b=x", "c=1"])
    assert len(caught.value.problems) == 2


def test_what_nobody_looks_at_and_what_is_not_said_are_told_together() -> None:
    """A misspelt driver, a setting for nothing, and a measure that nothing is said of."""
    paid = book(quantity={"kind": "numerator", "measure": "BCS"})
    with pytest.raises(InputError) as caught:
        curve(paid, "facts.scor=0:1:3", benchmark_usd=1.0)
    messages = " ".join(str(problem) for problem in caught.value.problems)
    for text in ("'facts.scor'", "'benchmark_usd'", "measures.BCS"):
        assert text in messages


def test_a_curve_is_what_settling_point_by_point_gives() -> None:
    """Forty values at once and one by one pay the same."""
    steps = {"kind": "steps", "rows": [{"at_least": 0.4, "pays": 3}, {"at_least": 0.8, "pays": 7}]}
    paid = book(quantity={"kind": "members"}, driver={"kind": "rate", "measure": "BCS"}, rate=steps)
    whole = curve(paid, "measures.BCS.rate=0:1:41", members=10).payouts()["program"]
    single = [
        curve(paid, "members=10:11:2", **{"measures.BCS.rate": float(rate)}).payouts()["program"][0]
        for rate in np.linspace(0, 1, 41)
    ]
    assert whole.tolist() == single
