"""Where plans, the model and the enumeration once disagreed, each cause as the smallest instance that shows it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from agreement import check_plan, check_whole_model
from critmass import SolveOptions, plan
from critmass.domain.errors import SettlementMismatchError
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import formulate
from critmass.settlement.projection import Model
from critmass.solve.audit import audit
from critmass.solve.executor import solve_pool
from random_clauses import Row
from random_instances import Instance
from small_instances import component, effect, program, savings, small_instance, workflow

RATE: Row = {"kind": "rate", "measure": "M"}
GAIN: Row = {"kind": "improvement", "measure": "M", "basis": "relative"}
LAST_YEAR: Row = {"kind": "last_year", "driver": RATE}
RELATIVE: Row = {"kind": "gain", "of": RATE, "over": LAST_YEAR, "basis": "relative"}


def agrees(instance: Instance) -> None:
    """Plan, whole model and enumeration give the same."""
    check_plan(instance)
    check_whole_model(instance)


def steps(*rows: tuple[float, float], **more: Any) -> Row:
    """A step table."""
    return {"kind": "steps", "rows": [{"at_least": at, "pays": pays} for at, pays in rows], **more}


def test_a_bonus_and_what_takes_it_back_are_audited_apart() -> None:
    """What takes back more than was paid is worth most where the rows leave the bonus at nothing."""
    advance = {"kind": "fact", "name": "advance"}
    bonus = component("bonus", quantity={"kind": "numerator", "measure": "M"}, limits=[{"kind": "floor", "usd": 0}])
    back = component(
        "back", quantity={"kind": "paid_by", "component": "bonus"}, rate={"kind": "constant", "pays": -2},
        limits=[{"kind": "floor", "rate": -1, "of": advance}],
    )  # fmt: skip
    programs = program("taken_back", bonus, back, component("fee"))
    instance = small_instance(programs, workflows=(workflow("one", effects=[effect(0.5)]),))
    agrees(instance)
    found = plan(instance.network, instance.catalog, instance.scenario, SolveOptions(workers=1))
    assert found.outcome.settled.paid[:, 0, 0].tolist() == [44.0, -88.0, 100.0]
    assert not any("bonus" in check for check in found.settlement_checks)


@pytest.mark.parametrize(
    ("less", "more_usd", "agree"),
    [(0.0, 0.0, True), (2e-7, 0.0, True), (1e-4, 0.0, False), (0.0, 0.05, False), (2e-7, 5.0, False)],
)
def test_a_threshold_is_audited_within_the_rounding_of_reach(less: float, more_usd: float, agree: bool) -> None:
    """A plan does no more than a threshold asks. Where rows see its reach a little below, the audit lets that pass, as
    settlement does, and nothing that any patient would notice. Five cents of $100,000 without a threshold between
    them are as wrong as ever, and so are five dollars beside one."""
    paid = component(driver=RATE, rate=steps((0.82, 1_000)))
    costly = workflow("one", effects=[effect(0.5)], minimum_reach=0.1, unit_usd=1.0)
    instance = small_instance(program("stepped", paid), workflows=(costly,))
    found = plan(instance.network, instance.catalog, instance.scenario, SolveOptions(workers=1, gap=0.0))
    decisions = found.outcome.decisions
    assert 0.1 < decisions.reach.max() < 1.0
    below = replace(decisions, reach=decisions.reach - less * (decisions.reach > 0))
    parts = tuple(part + more_usd for part in found.outcome.settled.parts)
    settled = replace(found.outcome.settled, parts=parts)
    model = formulate(Shared(Model(instance.network, instance.catalog, instance.scenario), found.terms))
    with solve_pool(1) as executor, nullcontext() if agree else pytest.raises(SettlementMismatchError):
        audit(model, replace(found.outcome, decisions=below, settled=settled), executor)


def test_what_a_forced_program_requires_is_kept() -> None:
    """The greedy start once dropped a program that did not pay, and with it the one that must be held."""
    asked = program("asked", component(), cost_usd=500)
    forced = program("forced", component(), cost_usd=500, voluntary=False, requires=["asked"])
    agrees(small_instance(asked, forced))


SCORED: Row = {"measure": "M", "attainment": steps((0.84, 5))}
TARGET: Row = {"measure": "M", "target": 0.84}


@pytest.mark.parametrize(
    "terms",
    [
        {"driver": RATE, "rate": steps((0.84, 10))},
        {"driver": RELATIVE, "rate": steps((0.12, 10))},
        {"gates": [{"kind": "test", "driver": RATE, "at_least": 0.84}]},
        {"gates": [{"kind": "test", "driver": GAIN, "at_least": 0.12}]},
        {"gates": [{"kind": "test", "driver": RELATIVE, "at_least": 0.12}]},
        {"driver": {"kind": "points", "items": [SCORED]}, "rate": steps((5, 9))},
        {"driver": {"kind": "measures_met", "items": [TARGET]}, "rate": steps((1, 10))},
    ],
)  # fmt: skip
@pytest.mark.parametrize("level", ["practice", "organization"])
def test_a_threshold_that_the_ceiling_meets_exactly_is_met(terms: Row, level: str) -> None:
    """Of 16 open gaps the ceiling lets 6.4 be closed: 50.4 of 60, a rate of 0.84 and a gain of 0.12 over last year."""
    more = {"join_level": "organization"} if level == "organization" else {}
    workflows = (workflow("one", effects=[effect(0.5)]), workflow("other", effects=[effect(0.4)]))
    of = program("bonus", component(level=level, **terms), **more)
    agrees(small_instance(of, workflows=workflows, ceiling=0.4))


@pytest.mark.parametrize("comparison", ["at_least", "above"])
def test_savings_that_meet_their_threshold_with_everything_done(comparison: str) -> None:
    """Three percent saved: enough for `at_least`, not for `above`."""
    gate = {"kind": "test", "driver": {"kind": "savings_rate"}, comparison: 0.03}
    shared = component(quantity={"kind": "savings"}, gates=[gate], level="organization")
    workflows = tuple(workflow(name, savings=[savings(share)]) for name, share in (("one", 0.01), ("other", 0.02)))
    agrees(small_instance(program("shared", shared, join_level="organization"), workflows=workflows))


@pytest.mark.parametrize("beyond", [0.0, 0.0004])
def test_a_score_just_beyond_a_threshold_that_must_be_exceeded(beyond: float) -> None:
    """A composite of weights 2 and 0.5 may exceed its threshold by less than a thousandth."""
    items = [{"measure": "M", "weight": 2, "attainment": steps((0.75, 0.5 + beyond))}]
    driver = {"kind": "composite", "items": items, "facts": [{"name": "advance", "weight": 0.5}]}
    limit = (2 * 0.5 + 0.5 * 1_000) / 2.5
    bonus = component(driver=driver, rate=steps((limit, 10), inclusive=False))
    agrees(small_instance(program("bonus", bonus), workflows=(workflow("one", effects=[effect(0.5)]),)))
