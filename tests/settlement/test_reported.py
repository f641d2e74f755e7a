"""Reported results: what a report says is what settlement sees, and nonsense is refused in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from critmass.catalog import load_catalog
from critmass.domain.errors import InputError
from critmass.settlement.reported import ReportedResults, YearReport

CATALOG = load_catalog((Path(__file__).parents[1] / "data" / "tiny_catalog",), shipped=False)
COMMERCIAL = (("bcbsm", "commercial"),)


def row(practice: str = "A", payer: str = "bcbsm", line: str = "commercial", **counts: Any) -> dict[str, Any]:
    """A row of a report."""
    return {"practice": practice, "payer": payer, "line_of_business": line, **counts}


def results_of(**tables: Any) -> ReportedResults:
    """Results of a report with a panel of one practice unless another is given."""
    return ReportedResults(YearReport.model_validate({"panel": [row(members=100)], **tables}), CATALOG)


def complaints(**tables: Any) -> str:
    """What is wrong with a report."""
    with pytest.raises(InputError) as caught:
        results_of(**tables)
    return str(caught.value)


def test_member_months_default_to_twelve_each() -> None:
    """A panel row without member-months counts the whole year; one with them counts what it says."""
    results = results_of(panel=[row(members=100), row("B", members=100, member_months=900)])
    assert results.member_months(COMMERCIAL, "all").tolist() == [[1200.0, 900.0]]
    assert results.members(COMMERCIAL, "all").tolist() == [[100.0, 100.0]]


def test_counts_add_up_over_populations() -> None:
    """A clause of two lines of business sees the sum of both."""
    panel = [row(members=100), row(line="medicare_advantage", members=40)]
    measures = [
        row(measure="BCS", denominator=20, numerator=15),
        row(line="medicare_advantage", measure="BCS", denominator=10, numerator=5),
    ]
    results = results_of(panel=panel, measures=measures)
    both = (("bcbsm", "commercial"), ("bcbsm", "medicare_advantage"))
    assert results.denominator("BCS", both).tolist() == [[30.0]]
    assert results.numerator("BCS", both).tolist() == [[20.0]]
    assert results.numerator("BCS", COMMERCIAL).tolist() == [[15.0]]


def test_a_missing_prior_year_is_no_improvement() -> None:
    """Without last year's counts this year's stand for them."""
    known = row(measure="BCS", denominator=20, numerator=15, prior_denominator=10, prior_numerator=6)
    unknown = row(measure="CBP", denominator=20, numerator=15)
    results = results_of(measures=[known, unknown])
    assert [part.tolist() for part in results.prior_rate("BCS", COMMERCIAL)] == [[[6.0]], [[10.0]]]
    assert [part.tolist() for part in results.prior_rate("CBP", COMMERCIAL)] == [[[15.0]], [[20.0]]]
    with pytest.raises(ValidationError, match="both counts of last year"):
        results_of(measures=[row(measure="BCS", denominator=20, numerator=15, prior_denominator=10)])


def test_events_nobody_billed_are_zero() -> None:
    """A service that no row names has no events."""
    results = results_of(events=[row(service="awv", events=7)])
    assert results.events("awv", COMMERCIAL).tolist() == [[7.0]]
    assert results_of().events("awv", COMMERCIAL).tolist() == [[0.0]]


def test_organization_stands_for_every_practice() -> None:
    """Facts, workflows and programs of ORGANIZATION hold for all, beside each practice's own."""
    results = results_of(
        panel=[row(members=100), row("B", members=50)],
        facts={"ORGANIZATION": {"quality_rank": 0.4}, "B": {"quality_rank": 0.9}},
        workflows={"ORGANIZATION": ["registry"], "A": ["outreach"]},
        joined={"ORGANIZATION": ["tiny_savings_2026"], "B": ["tiny_steps_2026"]},
    )
    assert results.fact("quality_rank").tolist() == [[0.4, 0.9]]
    assert results.fact("pcmh_designated").tolist() == [[0.0, 0.0]]
    assert results.runs_workflow("registry").tolist() == [[True, True]]
    assert results.runs_workflow("outreach").tolist() == [[True, False]]
    assert results.joined("tiny_savings_2026").tolist() == [[True, True]]
    assert results.joined("tiny_steps_2026").tolist() == [[False, True]]


def test_an_excluded_program_takes_no_part() -> None:
    """Where one held program excludes another, the other does not pay; alone it would."""
    pmpm = CATALOG.programs["tiny_pmpm_2026"].model_copy(update={"excludes": ("tiny_bounty_2026",)})
    catalog = CATALOG.__class__(**{**vars(CATALOG), "programs": {**CATALOG.programs, "tiny_pmpm_2026": pmpm}})
    panel = [row(members=100), row("B", members=100)]
    joined = {"A": ["tiny_pmpm_2026", "tiny_bounty_2026"], "B": ["tiny_bounty_2026"]}
    results = ReportedResults(YearReport.model_validate({"panel": panel, "joined": joined}), catalog)
    assert results.joined("tiny_bounty_2026").tolist() == [[False, True]]
    assert results.joined("tiny_pmpm_2026").tolist() == [[True, False]]


def test_programs_that_exclude_each_other_are_refused() -> None:
    """Nobody can say which of two pays when each excludes the other."""
    update = {
        one: CATALOG.programs[one].model_copy(update={"excludes": (other,)})
        for one, other in (("tiny_pmpm_2026", "tiny_bounty_2026"), ("tiny_bounty_2026", "tiny_pmpm_2026"))
    }
    catalog = CATALOG.__class__(**{**vars(CATALOG), "programs": {**CATALOG.programs, **update}})
    report = {"panel": [row(members=1)], "joined": {"A": list(update)}}
    with pytest.raises(InputError, match="they exclude each other"):
        ReportedResults(YearReport.model_validate(report), catalog)


def test_every_stranger_is_named_at_once() -> None:
    """Unknown ids of every kind, and members that the panel lacks, come back in one list."""
    text = complaints(
        measures=[
            row(measure="XYZ", denominator=1, numerator=1),
            row("B", measure="BCS", denominator=1, numerator=1),
        ],
        events=[row(service="nothing", events=1)],
        charges=[row(code_set="none", allowed_usd=1)],
        facts={"A": {"shoe_size": 43}},
        workflows={"C": ["registry"]},
        joined={"A": ["free_lunch"]},
    )
    for words in (
        "unknown measure 'XYZ'", "no members of B, bcbsm, commercial", "unknown service 'nothing'",
        "unknown code set 'none'", "unknown fact 'shoe_size'", "unknown practice 'C'",
        "unknown program 'free_lunch'",
    ):  # fmt: skip
        assert words in text


def test_counting_twice_is_refused() -> None:
    """Two rows about the same members are a mistake, not a sum."""
    assert "A, bcbsm, commercial is counted twice" in complaints(panel=[row(members=1), row(members=2)])


def test_unknown_payers_are_refused() -> None:
    """A payer that the catalog lacks has no terms to settle."""
    assert "unknown payer 'acme'" in complaints(panel=[row(payer="acme", members=1)])
