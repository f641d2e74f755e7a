"""Measures that payers use differently, and what the differences cost in reporting: expected by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from critmass.settlement.ledger_costs import REPORTING
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.studies.gaps.burden import ReportingBurden, Threshold, reporting_burden, shared_measures, thresholds
from critmass.studies.plan import Plan
from critmass.studies.scenario import prepared
from critmass.studies.settle import plan_ledger
from gaps_instances import of, two_payer_plan
from plans import small_plan
from random_clauses import Row
from small_instances import component

RATE = {"kind": "rate", "measure": "M"}


def pays_by_rate(name: str, *at_least: float, measure: str = "M") -> Row:
    """A component with a step table over the rate of a measure."""
    rows = [{"at_least": value, "pays": place + 1} for place, value in enumerate(at_least)]
    return component(name, driver={"kind": "rate", "measure": measure}, rate={"kind": "steps", "rows": rows})


def reports(fixed: float, each: float, specification: str = "hedis") -> dict[str, Any]:
    """A program's reporting burden."""
    return {"reporting": {"fixed_usd": fixed, "per_measure_usd": each, "specification": specification}}


def burden(plan: Plan) -> ReportingBurden:
    """The burden of a plan."""
    outcome = plan.outcome
    return reporting_burden(plan.terms.programs, outcome.decisions.joined[0], outcome.costs.reporting[0].sum(axis=1))


TARGETS = [{"measure": "M", "target": 0.9}, {"measure": "N", "target": 0.5}]
STEPS = {"kind": "steps", "rows": [{"at_least": 0.4, "pays": 5}]}
CORNERS = {"kind": "piecewise_linear", "points": [{"at": 0.2, "pays": 0}, {"at": 0.3, "pays": 1}]}
AT_LEAST_80 = {"kind": "test", "driver": RATE, "at_least": 0.8}
GAIN_ABOVE_5 = {"kind": "test", "driver": {"kind": "improvement", "measure": "M"}, "above": 0.05}
WHERE: list[tuple[Row, set[tuple[str, str, float]]]] = [
    (pays_by_rate("steps", 0.6, 0.7), {("M", "rate", 0.6), ("M", "rate", 0.7)}),
    (component("gate", gates=[{"kind": "all", "of": [AT_LEAST_80]}]), {("M", "rate", 0.8)}),
    (component("gain", gates=[GAIN_ABOVE_5]), {("M", "improvement", 0.05)}),
    (
        component("met", driver={"kind": "measures_met", "items": TARGETS}, rate=STEPS),
        {("M", "rate", 0.9), ("N", "rate", 0.5)},
    ),
    (
        component("points", driver={"kind": "points", "items": [{"measure": "M", "attainment": STEPS}]}, rate=STEPS),
        {("M", "rate", 0.4)},
    ),
    (
        component("multiplied", multipliers=[{"driver": RATE, "schedule": CORNERS}]),
        {("M", "rate", 0.2), ("M", "rate", 0.3)},
    ),
    (component("flat"), set()),
]


@pytest.mark.parametrize(("terms", "expected"), WHERE, ids=[str(terms["id"]) for terms, _ in WHERE])
def test_thresholds_are_found_wherever_a_contract_has_them(terms: Row, expected: set[tuple[str, str, float]]) -> None:
    """In step tables, gates inside gates, gains, counts of measures met, points, and multipliers."""
    plan = two_payer_plan(of("north", "N1", terms), joined={})
    (clause,) = plan.terms.clauses
    found = {(measure, at.basis, at.value) for measure, at in thresholds(clause.component)}
    assert found == expected


def test_a_measure_of_two_payers_is_compared() -> None:
    """M is used by both with other thresholds and another specification; N by one payer only, and is left out."""
    plan = two_payer_plan(
        of("north", "N1", pays_by_rate("a", 0.6), pays_by_rate("n", 0.6, measure="N"), **reports(0, 10)),
        of("south", "S1", pays_by_rate("b", 0.8), **reports(0, 10, "ecqm")),
        joined={},
        crosswalk=({"payer": "south", "measure": "M", "relation": "different", "note": "other ages"},),
    )
    (found,) = shared_measures(plan.terms)
    assert found.measure == "M" and found.thresholds_differ and found.specifications_differ
    north, south = found.uses
    assert (north.payer, north.programs, north.thresholds) == ("north", ("N1",), (Threshold("rate", 0.6),))
    assert (south.relation, south.note, south.specifications) == ("different", "other ages", ("ecqm",))


def test_the_same_terms_do_not_differ() -> None:
    """Same thresholds and specification, and a relation of 'same', are no difference."""
    plan = two_payer_plan(
        of("north", "N1", pays_by_rate("a", 0.6)), of("south", "S1", pays_by_rate("b", 0.6)), joined={},
        crosswalk=({"payer": "south", "measure": "M", "relation": "same"},),
    )  # fmt: skip
    (found,) = shared_measures(plan.terms)
    assert not found.thresholds_differ and not found.specifications_differ


def test_two_specifications_are_reported_twice() -> None:
    """P1 reports M for 10 and for 15: 25 and 3 fixed; once, at the dearer 15, 18. P2 joins one: 11 each way."""
    plan = two_payer_plan(
        of("north", "N1", pays_by_rate("a", 0.6), **reports(1, 10)),
        of("south", "S1", pays_by_rate("b", 0.8), **reports(2, 15, "ecqm")),
        joined={"N1": "P1 P2", "S1": "P1"},
    )
    assert burden(plan) == ReportingBurden(39.0, 29.0, 10.0, 0.0)
    assert burden(plan).of_differences_usd == 10.0


def test_one_specification_costs_nothing_more() -> None:
    """Under the same specification the dearer report serves both."""
    plan = two_payer_plan(
        of("north", "N1", pays_by_rate("a", 0.6), **reports(1, 10)),
        of("south", "S1", pays_by_rate("b", 0.8), **reports(2, 15)),
        joined={"N1": "P1", "S1": "P1"},
    )
    assert burden(plan) == ReportingBurden(18.0, 18.0, 0.0, 0.0)


def test_an_agreement_of_payers_takes_the_difference_away() -> None:
    """Under common measures the burden of today is what it would be with one specification: 29 of 39."""
    plan = two_payer_plan(
        of("north", "N1", pays_by_rate("a", 0.6), **reports(1, 10)),
        of("south", "S1", pays_by_rate("b", 0.8), **reports(2, 15, "ecqm")),
        joined={"N1": "P1 P2", "S1": "P1"},
    )
    scenario = plan.scenario.model_copy(update={"common_measures": True})
    catalog = prepared(plan.network, plan.catalog, scenario)
    terms = terms_in_force(catalog, plan.network, scenario)
    outcome = Pricer(Model(plan.network, catalog, scenario), terms).price(plan.outcome.decisions)
    assert burden(replace(plan, catalog=catalog, scenario=scenario, terms=terms, outcome=outcome)) == ReportingBurden(
        29.0, 29.0, 0.0, 0.0
    )
    assert catalog.hash == plan.catalog.hash
    assert {item.reporting.specification for item in plan.catalog.programs.values()} == {"hedis", "ecqm"}


def test_reports_of_the_organization_repeat_those_of_practices() -> None:
    """The organization reports M of both practices for 7 each; P1 reports it for 10 already, which would do."""
    plan = two_payer_plan(
        of("north", "N1", pays_by_rate("a", 0.6), **reports(0, 10)),
        of("south", "S1", pays_by_rate("b", 0.8), join_level="organization", **reports(0, 7)),
        joined={"N1": "P1", "S1": "P1 P2"},
    )
    assert burden(plan) == ReportingBurden(24.0, 17.0, 0.0, 7.0)


def test_the_burden_of_today_is_the_ledgers() -> None:
    """On a larger plan what reporting costs today is what the ledger's rows of reporting sum to."""
    plan = small_plan(4)
    rows = plan_ledger(plan)
    booked = -float(rows.loc[rows["component"] == REPORTING, "amount_usd"].sum())
    assert booked > 0
    assert burden(plan).today_usd == pytest.approx(booked, abs=0.01)
    assert burden(plan).common_usd <= burden(plan).today_usd
