"""Two practices with counts that a person can price in the head, and the views of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from critmass.catalog import load_catalog
from critmass.settlement.reported import ReportedResults, YearReport
from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.view import View

CATALOG = load_catalog((Path(__file__).parents[1] / "data" / "tiny_catalog",), shipped=False)
POPULATIONS = (("bcbsm", "commercial"),)
WHERE = {"payer": "bcbsm", "line_of_business": "commercial"}

REPORT = YearReport.model_validate(
    {
        "panel": [
            {
                "practice": "A", **WHERE, "members": 1000, "member_months": 11400, "under_21": 200,
                "risk_rising": 150, "risk_high": 50, "chronic_2_plus": 300, "chronic_2_plus_qmb": 40,
            },
            {"practice": "B", **WHERE, "members": 500, "member_months": 6000},
            {"practice": "B", "payer": "meridian", "line_of_business": "medicaid", "members": 100},
        ],
        "measures": [
            {
                "practice": "A", **WHERE, "measure": "BCS", "denominator": 100, "numerator": 70,
                "prior_denominator": 100, "prior_numerator": 60, "carried_numerator": 30,
            },
            {
                "practice": "B", **WHERE, "measure": "BCS", "denominator": 50, "numerator": 44,
                "prior_denominator": 50, "prior_numerator": 45, "carried_numerator": 50,
            },
            {
                "practice": "A", **WHERE, "measure": "PCR", "denominator": 40, "numerator": 6,
                "prior_denominator": 40, "prior_numerator": 8,
            },
        ],
        "events": [
            {"practice": "A", **WHERE, "service": "awv", "events": 1200},
            {"practice": "B", **WHERE, "service": "awv", "events": 100},
        ],
        "charges": [
            {"practice": "A", **WHERE, "code_set": "pcp_office_visits", "allowed_usd": 200000},
            {"practice": "B", **WHERE, "code_set": "pcp_office_visits", "allowed_usd": 50000},
        ],
        "spending": [
            {"practice": "A", **WHERE, "benchmark_usd": 1000000, "expenditure_usd": 950000},
            {"practice": "B", **WHERE, "benchmark_usd": 400000, "expenditure_usd": 420000},
        ],
        "facts": {"A": {"quality_rank": 0.9, "pcmh_designated": 1}, "B": {"quality_rank": 0.3}},
        "workflows": {"A": ["registry"], "B": []},
        "joined": {"A": ["tiny_steps_2026"], "ORGANIZATION": ["tiny_bounty_2026"]},
    }
)  # fmt: skip
RESULTS = ReportedResults(REPORT, CATALOG)
DIRECTIONS = {name: measure.higher_is_better for name, measure in CATALOG.measures.items()}


def paid_elsewhere(component: str) -> FloatArray:
    """What a sibling component pays to A and B."""
    return {"savings": np.array([[25000.0, 0.0]])}[component]


def paid_together(component: str) -> FloatArray:
    """The same pooled."""
    return paid_elsewhere(component).sum(axis=1, keepdims=True)


EACH = View(RESULTS, POPULATIONS, DIRECTIONS, paid_by=paid_elsewhere)
TOGETHER = View(RESULTS, POPULATIONS, DIRECTIONS, np.array([[True, True]]), paid_by=paid_together)
ONLY_A = View(RESULTS, POPULATIONS, DIRECTIONS, np.array([[True, False]]))

Words = dict[str, Any]


def parse(family: Any, written: Words) -> Any:
    """A word as a catalog file writes it."""
    return TypeAdapter(family).validate_python(written)


def flat(found: FloatArray | BoolArray) -> list[Any]:
    """One value for each practice, or one for the organization."""
    return list(np.asarray(found)[0].tolist())


def steps(*rows: tuple[float, float], **more: Any) -> Words:
    """A step table."""
    return {"kind": "steps", "rows": [{"at_least": at, "pays": pays} for at, pays in rows], **more}


def line(*corners: tuple[float, float], **more: Any) -> Words:
    """A piecewise linear schedule."""
    return {"kind": "piecewise_linear", "points": [{"at": at, "pays": pays} for at, pays in corners], **more}
