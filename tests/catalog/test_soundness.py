"""Contracts that can never pay or cannot be settled are refused, with the place, the value and the fix."""

from __future__ import annotations

from typing import Any

import pytest
from small_catalog import Words, check, component, problems_of, steps, the_problem

BCS = {"kind": "rate", "measure": "BCS"}
PCR = {"kind": "rate", "measure": "PCR"}
PLACE = "small.yaml: program small: component bonus"
SECOND = "small.yaml: program small: component second"


# Dates ------------------------------------------------------------------------------------------------


def version(name: str, start: str | None, end: str | None, term: str = "fee") -> Words:
    """A dated version of the term."""
    dates = {key: day for key, day in (("from", start), ("to", end)) if day}
    return component(name, term=term, effective=dates)


def test_two_versions_on_one_day_are_refused() -> None:
    """The message names both components, the term and both windows."""
    found = the_problem(version("one", "2026-01-01", "2026-06-30"), version("two", "2026-06-30", "2026-12-31"))
    assert found.place == "small.yaml: program small: components one and two: effective"
    assert found.message == (
        "two versions of the term 'fee' are in force at once, 2026-01-01 to 2026-06-30 and 2026-06-30 to 2026-12-31"
    )
    assert found.fix == "let one end on the day before the other begins"


def test_open_ends_reach_to_all_sides() -> None:
    """A version without an end meets every later one, and each pair is named."""
    open_end = the_problem(version("one", "2025-01-01", None), version("two", "2026-01-01", "2026-12-31"))
    assert "2025-01-01 to open and 2026-01-01 to 2026-12-31" in open_end.message
    open_start = the_problem(version("one", None, "2026-01-01"), version("two", "2026-01-01", None))
    assert "the beginning to 2026-01-01 and 2026-01-01 to open" in open_start.message
    three = [version(name, "2026-01-01", "2026-12-31") for name in ("one", "two", "three")]
    assert len(problems_of(*three)) == 3


def test_versions_that_follow_each_other_are_fine() -> None:
    """So are versions of different terms on the same days."""
    assert not problems_of(version("one", None, "2026-06-30"), version("two", "2026-07-01", None))
    assert not problems_of(version("one", "2026-01-01", None, "fee"), version("two", "2026-01-01", None, "bonus"))


# Gates ------------------------------------------------------------------------------------------------

POINTS = {"kind": "points", "items": [{"measure": "BCS", "attainment": steps((0.7, 2), (0.8, 5))}], "extra": 1}
MET = {"kind": "measures_met", "items": [{"measure": "BCS", "target": 0.7}]}
COMPOSITE = {"kind": "composite", "items": [{"measure": "BCS", "attainment": steps((0.7, 3))}]}
HELD = {"kind": "sum", "parts": [{"driver": BCS, "weight": 10}], "at_most": 8}
LARGEST = {"kind": "largest", "parts": [{"driver": BCS, "weight": 2}, {"driver": PCR, "weight": 3}]}
ROUNDED = {
    "kind": "piecewise_linear", "rounded_to": 1,
    "points": [{"at": 0, "pays": 0}, {"at": 1, "pays": 0.8}],
}  # fmt: skip
NEVER: list[tuple[Words, Words, str, str]] = [
    (BCS, {"at_least": 1.2}, "rate of BCS", "'at_least: 1.2' can never hold: rate of BCS lies between 0 and 1"),
    (BCS, {"above": 1}, "rate of BCS", "'above: 1' can never hold"),
    (PCR, {"below": 0}, "rate of PCR", "'below: 0' can never hold"),
    (PCR, {"at_most": -0.1}, "rate of PCR", "'at_most: -0.1' can never hold"),
    (POINTS, {"at_least": 7}, "points", "'at_least: 7' can never hold: points lies between 1 and 6"),
    (MET, {"above": 1}, "measures_met", "between 0 and 1"),
    (COMPOSITE, {"at_least": 4}, "composite", "composite lies between 0 and 3"),
    (HELD, {"at_least": 9}, "sum", "sum lies between 0 and 8"),
    (LARGEST, {"at_least": 4}, "largest", "largest lies between 0 and 3"),
    ({"kind": "savings_rate"}, {"above": 1}, "savings_rate", "savings_rate lies between -inf and 1"),
    ({"kind": "members"}, {"below": 0}, "members", "members lies between 0 and inf"),
    ({"kind": "denominator", "measure": "BCS"}, {"below": 0}, "denominator of BCS", "between 0 and inf"),
    ({"kind": "improvement", "measure": "BCS"}, {"above": 1}, "improvement of BCS", "between -1 and 1"),
    ({"kind": "peer_percentile", "of": BCS}, {"above": 1}, "peer_percentile", "between 0 and 1"),
    ({"kind": "last_year", "driver": BCS}, {"above": 1}, "last_year", "between 0 and 1"),
]


@pytest.mark.parametrize(("driver", "comparison", "name", "message"), NEVER)
def test_a_gate_that_no_result_opens_is_refused(driver: Words, comparison: Words, name: str, message: str) -> None:
    """The message says the comparison, its value, and between what the driver lies."""
    found = the_problem(component(gates=[check(driver, **comparison)]))
    assert found.place == f"{PLACE}: gates: {name}"
    assert message in found.message
    assert found.fix == "correct the threshold or the driver" or found.fix.startswith("rates are fractions")


def test_a_gate_at_the_end_of_the_range_is_fine() -> None:
    """A rate of exactly 0 or 1 can be reached, and so can what rounding lifts beyond the last corner."""
    part = {"driver": BCS, "schedule": ROUNDED}
    for gate in (
        check(BCS, at_least=1), check(BCS, at_most=0), check(POINTS, at_least=6),
        check({"kind": "sum", "parts": [part]}, at_least=1),
    ):  # fmt: skip
        assert not problems_of(component(gates=[gate]))


def test_percent_in_place_of_a_fraction_is_named() -> None:
    """A threshold of 70 on a rate is 70 %, and the fix writes it as it must stand."""
    found = the_problem(component(gates=[check(BCS, at_least=70)]))
    assert found.place == f"{PLACE}: gates: rate of BCS"
    assert "'at_least: 70' can never hold" in found.message
    assert found.fix == "rates are fractions: write 0.7 for 70 %"


@pytest.mark.parametrize(
    "terms",
    [
        {"driver": BCS, "rate": steps((70, 3))},
        {"multipliers": [{"driver": BCS, "schedule": steps((70, 2))}]},
        {"driver": {"kind": "sum", "parts": [{"driver": BCS, "schedule": steps((70, 2))}]}, "rate": steps((1, 3))},
        {"driver": {**POINTS, "items": [{"measure": "BCS", "attainment": steps((70, 2))}]}, "rate": steps((1, 3))},
        {"gates": [check({"kind": "members"}, at_least={"driver": BCS, "schedule": steps((70, 2))})]},
    ],
)
def test_percent_in_a_table_is_named(terms: Words) -> None:
    """Step tables on a rate say the same wherever they stand."""
    found = the_problem(component(**terms))
    assert found.place == f"{PLACE}: rate of BCS"
    assert found.message == "no rate reaches the threshold 70"
    assert found.fix == "rates are fractions: write 0.7 for 70 %"


def test_a_negative_threshold_of_a_rate_is_named() -> None:
    """Every rate passes it, so it says nothing."""
    found = the_problem(component(driver=BCS, rate=steps((-0.1, 3), (0.5, 4))))
    assert (found.place, found.message) == (f"{PLACE}: rate of BCS", "no rate reaches the threshold -0.1")
    assert found.fix == "use 0 or more"


def test_gates_that_exclude_each_other_are_refused() -> None:
    """At least 80 % and at most 70 % of the same rate never hold together, inside 'all' or not."""
    high, low = check(BCS, at_least=0.8), check(BCS, at_most=0.7)
    for gates in ([high, low], [high, {"kind": "all", "of": [low]}]):
        found = the_problem(component(gates=gates))
        assert found.place == f"{PLACE}: gates: rate of BCS"
        assert found.message == "'at_most: 0.7' can never hold together with the other gates on rate of BCS"
        assert found.fix == "remove one of them, or put them under 'any'"


def test_gates_that_meet_in_one_point_are_fine_unless_strict() -> None:
    """Exactly 70 % passes both; above 70 % and at most 70 % does not."""
    assert not problems_of(component(gates=[check(BCS, at_least=0.7), check(BCS, at_most=0.7)]))
    assert (
        "never hold together" in the_problem(component(gates=[check(BCS, above=0.7), check(BCS, at_most=0.7)])).message
    )


def test_one_of_any_may_be_shut() -> None:
    """Gates under 'any' exclude each other by intention, and driven thresholds are not known before the year."""
    either = {"kind": "any", "of": [check(BCS, at_least=0.8), check(BCS, at_most=0.7)]}
    driven = check(BCS, at_least={"driver": {"kind": "members"}})
    assert not problems_of(component(gates=[either, driven]))


def test_eligibility_is_looked_at_too() -> None:
    """The place is the program's eligibility."""
    found = the_problem(component(), program={"eligibility": [check(BCS, at_least=65)]})
    assert found.place == "small.yaml: program small: eligibility: rate of BCS"
    assert found.fix == "rates are fractions: write 0.65 for 65 %"


# Money that other components pay ------------------------------------------------------------------------


def returned(name: str, of: str, **terms: Any) -> Words:
    """A component that takes back what another one pays."""
    return component(
        name, quantity={"kind": "paid_by", "component": of}, rate={"kind": "constant", "pays": -1}, **terms
    )


def test_paid_by_names_a_component_of_the_program() -> None:
    """The fix lists those that there are."""
    found = the_problem(component(), returned("second", "bonsu"))
    assert found.place == f"{SECOND}: paid_by"
    assert (found.message, found.fix) == ("unknown component 'bonsu'", "name one of bonus, second")


@pytest.mark.parametrize("other", [{"level": "tin"}, {"lines_of_business": ["commercial"]}])
def test_paid_by_stays_at_its_level_and_its_members(other: Words) -> None:
    """A TIN's payment cannot be taken back practice by practice, nor one for other members."""
    found = the_problem(component(**other), returned("second", "bonus"))
    assert found.place == f"{SECOND}: paid_by"
    assert found.message == "'bonus' settles at another level or for other members"
    assert found.fix == "let both settle at one level, for the same lines of business"


def test_paid_by_applies_to_the_same_practices() -> None:
    """What is paid to those who joined cannot be taken back from everybody."""
    found = the_problem(component(), returned("second", "bonus", applies="always"))
    assert found.place == f"{SECOND}: paid_by"
    assert found.message == "'bonus' applies 'joined', but this component 'always'"
    assert found.fix == "let both apply to the same practices"


def test_money_does_not_go_in_circles() -> None:
    """Each component of a circle is named, also one that waits for itself."""
    found = problems_of(returned("one", "two"), returned("two", "one"))
    assert [item.place for item in found] == [
        f"small.yaml: program small: component {name}: paid_by" for name in ("one", "two")
    ]
    assert [item.message for item in found] == [
        "'two' and 'one' wait for each other",
        "'one' and 'two' wait for each other",
    ]
    assert {item.fix for item in found} == {"break the circle"}
    assert "'bonus' and 'bonus' wait for each other" in the_problem(returned("bonus", "bonus")).message
    assert not problems_of(component("one"), returned("two", "one"), returned("three", "two"))


WHOLE = {"join_level": "organization"}
POOL = {
    "kind": "pool_share",
    "pool_usd": {"kind": "fact", "name": "quality_rank"},
    "weight": {"of": {"kind": "members"}},
}


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        ("peer_percentile", {"driver": {"kind": "peer_percentile", "of": BCS}, "rate": steps((0.5, 1))}),
        ("pool_share", {"quantity": POOL}),
    ],
)
def test_one_organization_has_no_peers(kind: str, terms: Words) -> None:
    """Words that compare units are refused where there is only one, and fine below."""
    found = the_problem(component(level="organization", **terms), program=WHOLE)
    assert found.place == f"{PLACE}: level"
    assert found.message == f"{kind} compares units, and at organization level there is only one"
    assert found.fix == "settle it at practice or TIN level"
    assert not problems_of(component(**terms))
    assert not problems_of(component(level="tin", **terms))


# What is compared with ---------------------------------------------------------------------------------

MOVING: list[tuple[Words, str]] = [
    ({"kind": "numerator", "measure": "BCS"}, "numerator"),
    ({"kind": "gaps_closed", "measure": "BCS"}, "gaps_closed"),
    ({"kind": "savings"}, "savings"),
    ({"kind": "expenditure"}, "expenditure"),
    ({"kind": "events", "service": "awv"}, "events"),
    ({"kind": "paid_by", "component": "other"}, "paid_by"),
    (POOL, "pool_share"),
]


@pytest.mark.parametrize(("quantity", "kind"), MOVING)
def test_a_divisor_stands_still(quantity: Words, kind: str) -> None:
    """What the year's work changes is refused below a ratio, also deep inside a combination."""
    inside = {"kind": "combination", "parts": [{"rate": 1, "of": {"kind": "members"}}, {"rate": 2, "of": quantity}]}
    for over in (quantity, inside):
        driver = {"kind": "ratio", "of": {"kind": "members"}, "over": over}
        found = the_problem(component("other"), component(driver=driver, rate=steps((0.5, 1))))
        assert found.place == f"{PLACE}: ratio.over"
        assert found.message == f"{kind} changes with the year's work"
        assert found.fix.startswith("use a count or an amount that it leaves alone")


@pytest.mark.parametrize(("quantity", "kind"), MOVING)
def test_a_pool_stands_still(quantity: Words, kind: str) -> None:
    """A pool that grows with the work is refused; its weights may move."""
    found = problems_of(component("other"), component(quantity={**POOL, "pool_usd": quantity}))
    assert found[0].place == f"{PLACE}: pool_share.pool_usd"
    assert found[0].message == f"{kind} changes with the year's work"
    weighed = {**POOL, "weight": {"of": {"kind": "numerator", "measure": "BCS"}, "driver": BCS}}
    assert not problems_of(component(quantity=weighed))


@pytest.mark.parametrize(
    ("driver", "moving"),
    [
        (BCS, "rate"),
        ({"kind": "improvement", "measure": "BCS"}, "improvement"),
        (COMPOSITE, "the rate of BCS"),
        (MET, "the rate of BCS"),
        ({"kind": "savings_rate"}, "savings_rate"),
        ({"kind": "peer_percentile", "of": BCS}, "peer_percentile"),
        ({"kind": "ratio", "of": {"kind": "expenditure"}, "over": {"kind": "members"}}, "expenditure"),
    ],
)
def test_a_relative_gain_is_over_what_stands_still(driver: Words, moving: str) -> None:
    """Relative to a driver of the year itself is refused; the difference is not, nor is last year's value."""
    gain = {"kind": "gain", "of": BCS, "over": driver, "basis": "relative"}
    found = the_problem(component(driver=gain, rate=steps((0.05, 1))))
    assert found.place == f"{PLACE}: gain.over"
    assert found.message == f"{moving} changes with the year's work"
    assert found.fix == "wrap it in 'last_year', or use a fact"
    assert not problems_of(component(driver={**gain, "basis": "absolute"}, rate=steps((0.05, 1))))
    known = {"kind": "fact", "name": "quality_rank"}
    assert not problems_of(component(driver={**gain, "over": known}, rate=steps((0.05, 1))))


@pytest.mark.parametrize("driver", [BCS, COMPOSITE, MET, {"kind": "improvement", "measure": "BCS"}])
def test_last_years_counts_stand_still(driver: Words) -> None:
    """Words of measures may be compared with, wrapped in last_year."""
    gain = {"kind": "gain", "of": BCS, "over": {"kind": "last_year", "driver": driver}, "basis": "relative"}
    assert not problems_of(component(driver=gain, rate=steps((0.05, 1))))


def test_last_year_holds_only_what_is_known_of_it() -> None:
    """Spending inside last_year would be this year's without a word, so it is refused."""
    spending = {"kind": "ratio", "of": {"kind": "expenditure"}, "over": {"kind": "members"}}
    found = the_problem(component(driver={"kind": "last_year", "driver": spending}, rate=steps((0.05, 1))))
    assert found.place == f"{PLACE}: last_year"
    assert found.message == "expenditure would be this year's: only the counts of measures are known of last year"
    assert found.fix == "ask for last year's value as a fact"
    peers = {"kind": "last_year", "driver": {"kind": "peer_percentile", "of": BCS}}
    assert not problems_of(component(driver=peers, rate=steps((0.05, 1))))


def test_every_problem_is_told_at_once() -> None:
    """Three mistakes in one program are three problems, each with a place and a fix."""
    found = problems_of(
        component(gates=[check(BCS, at_least=70)], driver=BCS, rate=steps((80, 1))), returned("second", "none")
    )
    assert len(found) == 3
    assert all(item.place and item.message and item.fix for item in found)
