"""The money trail adds up to the ledger, and nothing in it is made up; alternatives and fronts are plans."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from critmass import InputError, Plan, Scenario, sample_network
from critmass.domain.network import ORGANIZATION
from critmass.studies.explain.alternatives import alternatives
from critmass.studies.explain.difference import decisions_changed
from critmass.studies.explain.fronts import USD_PER_MEMBER, Point, front_of_effort, front_of_mass
from critmass.studies.explain.money import Books, ClauseTrail, MoneyTrail
from critmass.studies.explain.whole import explain
from critmass.studies.explain.worth import held, worth_of
from critmass.studies.settle import plan_ledger
from explaining import CENT, OPTIONS, Case, case_of, random_case, replan
from plans import plan_by_hand, tiny_catalog


@pytest.fixture(scope="module", params=["tiny", "shipped"])
def plan_of_three(request: pytest.FixtureRequest) -> Plan:
    """Three practices with decisions made by hand, under the tiny catalog and the shipped one."""
    catalog = tiny_catalog() if request.param == "tiny" else request.getfixturevalue("shipped_catalog")
    return plan_by_hand(sample_network(3, 1, catalog), catalog)


def booked(ledger: pd.DataFrame, kind: str, **asked: str) -> float:
    """The ledger's sum of a kind of rows, USD."""
    rows = ledger[ledger["kind"] == kind]
    for column, wanted in asked.items():
        rows = rows[rows[column] == wanted]
    return round(float(rows["amount_usd"].sum()), 2)


def check_sums(trail: MoneyTrail, ledger: pd.DataFrame, **asked: str) -> None:
    """A trail's money and costs are the ledger's, and so are its parts."""
    assert trail.total_usd == booked(ledger, "accrual", **asked)
    assert trail.cost_usd == booked(ledger, "cost", **asked)
    assert round(sum(item.practice_usd for item in trail.clauses), 2) == trail.total_usd
    for item in trail.clauses:
        assert round(sum(item.by_workflow.values()), 2) == item.practice_usd


def test_trails_are_the_ledger(plan_of_three: Plan) -> None:
    """By program, by practice, by payer and all together, every dollar and every cost of the ledger is there once."""
    books, ledger = Books(plan_of_three), plan_ledger(plan_of_three)
    check_sums(books.trail(), ledger)
    for program in plan_of_three.terms.programs:
        check_sums(books.trail(program=program.id), ledger, program=program.id)
    for practice in (*plan_of_three.network.practices, ORGANIZATION):
        check_sums(books.trail(practice=practice), ledger, practice=practice)
    for payer in plan_of_three.catalog.payers:
        check_sums(books.trail(payer=payer), ledger, payer=payer)


def by_its_parts(item: ClauseTrail) -> float | None:
    """The amount worked out again from what the trail shows; None where it is paid ahead."""
    assert item.quantity is not None and item.rate is not None
    if item.prepaid_usd is not None:
        return None
    if item.rate.parts:
        base = sum(units * rate for _, units, rate in item.rate.parts) * item.year_share
    else:
        base = item.quantity.value * item.rate.value * item.year_share
    assert base == pytest.approx(item.base_usd, abs=CENT)
    amount = base * float(np.prod(item.multipliers))
    for limit in item.limits:
        assert limit.before_usd == pytest.approx(amount, abs=CENT)
        amount = limit.after_usd
    opened = all(gate.open for gate in item.gates)
    return amount * opened * item.unit_share * item.passed_share


def test_amounts_follow_from_what_is_shown(plan_of_three: Plan) -> None:
    """Quantity x rate x multipliers within limits, if the gates are open, is what the practice is paid."""
    checked = 0
    for item in Books(plan_of_three).trail().clauses:
        if item.practice != ORGANIZATION:
            amount = by_its_parts(item)
            assert amount is None or amount == pytest.approx(item.practice_usd, abs=CENT)
            checked += 1
    assert checked >= 20


def test_gates_say_what_they_compare(plan_of_three: Plan) -> None:
    """A test is open exactly when what was found is on the right side of the threshold."""
    compared = {"at_least": np.greater_equal, "above": np.greater, "at_most": np.less_equal, "below": np.less}
    gates = [gate for item in Books(plan_of_three).trail().clauses for gate in item.gates]
    tests = [gate for gate in gates if gate.threshold is not None and gate.found is not None]
    assert tests
    for gate in tests:
        assert gate.found is not None and gate.threshold is not None
        if abs(gate.found - gate.threshold) > 1e-6:
            assert compared[gate.comparison](gate.found, gate.threshold) == gate.open


def test_numbers_have_their_grounds(plan_of_three: Plan) -> None:
    """Every clause names a document or an assumption with its reason."""
    trail = Books(plan_of_three).trail()
    for grounds in trail.grounds.values():
        assert grounds
        assert all(ground.title or ground.reason for ground in grounds)


# Alternatives and fronts ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def case() -> Case:
    """A random instance with practices at mass and workflows to start."""
    found = random_case(2)
    assert found is not None
    return found[1]


def test_alternatives_are_plans_that_differ(case: Case) -> None:
    """Each alternative decides something else, loses what a plan made afresh loses, and none comes twice."""
    found = alternatives(case.plan, case.asker, case.resolver, most=6)
    assert len(found) >= 3
    assert len({repr(sorted(item.changed, key=repr)) for item in found}) == len(found)
    for item in found:
        assert item.changed == decisions_changed(case.plan, item.plan)
        again = replan(case, item.plan.scenario)
        for level, mine, theirs in zip(item.comparison.levels, case.plan.levels, again.levels, strict=True):
            assert level.value == pytest.approx(mine.value - theirs.value, abs=CENT)
    losses = [[level.value for level in item.comparison.levels] for item in found]
    assert losses == sorted(losses)


def beaten(points: list[Point], *names: str) -> bool:
    """Whether a point is no better than another in any aim and worse in one."""
    aims = [[float(getattr(point, name)) * (-1 if name in EFFORT else 1) for name in names] for point in points]
    return any(
        one is not other and all(a <= b + 1e-6 for a, b in zip(one, other, strict=True)) and one != other
        for one in aims
        for other in aims
    )


EFFORT = ("starts", "fte_added")


def test_fronts_hold_no_point_that_another_beats(case: Case) -> None:
    """Along both fronts more of one aim costs another, each point is a certified plan, and the plan is one of them."""
    mass = front_of_mass(case.plan, case.resolver)
    assert len(mass) >= 2
    assert not beaten(mass, "members_at_mass", "margin_usd")
    for point in mass[1:]:
        assert point.usd_per_member in USD_PER_MEMBER
        asked = {"objective": "mass_and_margin", "usd_per_member_at_mass": point.usd_per_member}
        again = replan(case, case.plan.scenario.model_copy(update=asked))
        assert point.plan.objective == pytest.approx(again.objective, abs=CENT)
    worths = [worth_of(kind, name, case.plan, case.asker, case.resolver) for kind, name in held(case.plan, case.asker)]
    effort = front_of_effort(case.plan, worths, case.asker, case.resolver)
    assert len(effort) >= 2
    assert not beaten(effort, "members_at_mass", "margin_usd", *EFFORT)
    assert effort[0].plan is case.plan and effort[-1].starts < effort[0].starts
    assert all(point.gap <= OPTIONS.gap or np.isfinite(point.gap) for point in [*mass, *effort])


# The whole --------------------------------------------------------------------------------------------


def test_explaining_a_plan_as_a_whole() -> None:
    """A plan's explanation holds the worth of its parts, what it declines, where practices stand, what is near it."""
    catalog = tiny_catalog()
    case = case_of(sample_network(2, 1, catalog), catalog, Scenario())
    started: list[str] = []
    found = explain(case.plan, fronts=True, started=started.append)
    assert {item.id for item in found.worths} >= {"tiny_bounty_2026", "bcbsm"}
    assert [item.id for item in found.why_nots] == ["tiny_savings_2026"]
    assert [item.standing.practice for item in found.practices] == ["P001", "P002"]
    assert found.alternatives and found.front_of_mass and found.front_of_effort
    assert found.solved == len(started) == len(set(started))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"program": "tiny_savngs_2026"}, "did you mean 'tiny_savings_2026'?"),
        ({"practice": "P01"}, "did you mean 'P001'?"),
        ({"workflow": "outrech"}, "did you mean 'outreach'?"),
        ({"payer": "bcbs"}, "did you mean 'bcbsm'?"),
        ({"payer": "bcbsm", "practice": "P001"}, "ask about one at a time"),
    ],
)
def test_unknown_ids_get_a_suggestion(asked: dict[str, str], words: str) -> None:
    """An id that is not known is refused with the nearest one that is."""
    catalog = tiny_catalog()
    with pytest.raises(InputError, match=words.replace("?", r"\?")):
        explain(plan_by_hand(sample_network(2, 1, catalog), catalog), **asked)
