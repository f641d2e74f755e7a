"""Whole clauses settled by hand: TINs, peers, pools, money taken back, money paid ahead, dated versions.

Practices A and B bill under one TIN, C under another; D has members but stays out of the program.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_report import CATALOG as TINY_CATALOG
from hand_report import DIRECTIONS, POPULATIONS, REPORT, WHERE, Words, flat, parse, steps

from critmass.catalog import load_catalog
from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog, CatalogFile
from critmass.domain.errors import InputError
from critmass.domain.scenario import Scenario
from critmass.settlement import evaluate
from critmass.settlement.reported import ReportedResults, YearReport, settle_report
from critmass.settlement.results import FloatArray
from critmass.settlement.view import View

TINY = Path(__file__).parents[1] / "data" / "tiny_catalog"
MEMBERS = {"A": 300, "B": 100, "C": 200, "D": 400}
RATES = {"A": (60, 100), "B": (50, 60), "C": (40, 100), "D": (95, 100)}
SPENDING = {"A": (200_000, 150_000), "B": (100_000, 110_000), "C": (300_000, 300_000), "D": (400_000, 100_000)}


def catalog_with(*components: Words) -> Catalog:
    """The tiny catalog and a program of these components."""
    frame = {"label": "x", "clause": "x", "payment_stream": "p4p", "apm_category": "2C"}
    program = {
        "id": "hand_2026", "label": "By hand", "payer": "bcbsm", "performance_year": 2026,
        "lines_of_business": ["commercial"], "effective": {"from": "2026-01-01", "to": "2026-12-31"},
        "status": "complete",
        "components": [{"id": f"c{place}", **frame, **item} for place, item in enumerate(components)],
    }  # fmt: skip
    tree = {"cite": {"assumption": True, "reason": "made up for tests"}, "programs": [program]}
    return load_catalog([TINY], shipped=False, parsed=[("hand.yaml", CatalogFile.model_validate(tree))])


def report(**changes: Any) -> YearReport:
    """Four practices; D and whoever is named in `out` have not joined."""
    out = {"D", *changes.pop("out", ())}
    rates = RATES | changes.pop("rates", {})
    rows = {
        "panel": [{"practice": name, **WHERE, "members": count} for name, count in MEMBERS.items()],
        "measures": [
            {"practice": name, **WHERE, "measure": "BCS", "denominator": of, "numerator": top}
            for name, (top, of) in rates.items()
        ],
        "spending": [
            {"practice": name, **WHERE, "benchmark_usd": benchmark, "expenditure_usd": spent}
            for name, (benchmark, spent) in SPENDING.items()
        ],
        "joined": {name: ["hand_2026"] for name in MEMBERS if name not in out},
        "tins": {"A": "11", "B": "11", "C": "22"},
    }
    return YearReport.model_validate(rows | changes)


def paid(*components: Words, **changes: Any) -> list[list[float]]:
    """What each component pays to A, B, C and D, USD."""
    settled = settle_report(report(**changes), catalog_with(*components), Scenario(performance_year=2026))
    mine = [row for row, clause in enumerate(settled.terms.clauses) if clause.program.id == "hand_2026"]
    found: list[list[float]] = settled.practice[mine, 0].tolist()
    return found


RATE = {"kind": "rate", "measure": "BCS"}
BY_RATE = {"quantity": {"kind": "members"}, "driver": RATE, "rate": steps((0.65, 10))}


# TINs -------------------------------------------------------------------------------------------------


def test_practices_of_a_tin_are_judged_together() -> None:
    """A and B reach 110 of 160 together, so both are paid: 400 members at $10, split 3 to 1. C's 40 % is not."""
    assert paid({**BY_RATE, "level": "tin"}) == [pytest.approx([3000, 1000, 0, 0])]
    assert paid(BY_RATE) == [pytest.approx([0, 1000, 0, 0])]


def test_a_practice_of_the_tin_that_stays_out_does_not_count() -> None:
    """Without B, A's own 60 % misses 65 %; without A, B's 83 % is paid for B's members alone."""
    assert paid({**BY_RATE, "level": "tin"}, out=["B"]) == [pytest.approx([0, 0, 0, 0])]
    assert paid({**BY_RATE, "level": "tin"}, out=["A"]) == [pytest.approx([0, 1000, 0, 0])]


def test_a_lump_is_paid_once_for_each_tin() -> None:
    """$100 for each TIN that takes part: 75 and 25 for A and B, 100 for C, nothing for D."""
    lump = {"quantity": {"kind": "lump"}, "rate": {"kind": "constant", "pays": 100}}
    assert paid({**lump, "level": "tin"}) == [pytest.approx([75, 25, 100, 0])]
    assert paid(lump) == [pytest.approx([100, 100, 100, 0])]


def test_workflows_are_asked_of_every_practice_of_the_tin() -> None:
    """Only A runs the registry, so the TIN of A and B fails the gate, and C passes."""
    gate = {"kind": "workflow", "workflow": "registry"}
    lump = {"quantity": {"kind": "lump"}, "rate": {"kind": "constant", "pays": 100}, "level": "tin"}
    workflows = {"A": ["registry"], "C": ["registry"]}
    assert paid({**lump, "gates": [gate]}, workflows=workflows) == [pytest.approx([0, 0, 100, 0])]
    assert paid({**lump, "gates": [gate]}, workflows=workflows, out=["B"]) == [pytest.approx([100, 0, 100, 0])]


def test_facts_of_a_tin_are_weighted_by_members() -> None:
    """A answers 1 and B answers 0: 300 of 400 members, 0.75 for the TIN; C answers 0.5."""
    bonus = {"quantity": {"kind": "fact", "name": "quality_rank"}, "rate": {"kind": "constant", "pays": 400}}
    facts = {"A": {"quality_rank": 1}, "B": {"quality_rank": 0}, "C": {"quality_rank": 0.5}}
    assert paid({**bonus, "level": "tin"}, facts=facts) == [pytest.approx([225, 75, 200, 0])]


# Peers and pools --------------------------------------------------------------------------------------

BY_PLACE = {
    "quantity": {"kind": "lump"},
    "driver": {"kind": "peer_percentile", "of": RATE},
    "rate": {"kind": "linear", "per_unit": 300},
}
BY_PLACE_DOWN = {**BY_PLACE, "driver": {"kind": "peer_percentile", "of": RATE, "lower_is_better": True}}
POOL = {"kind": "combination", "parts": [{"rate": 10, "of": {"kind": "members"}}]}


def shared(weight: Words, **more: Any) -> Words:
    """A pool of $10 for each member of those who take part."""
    quantity = {"kind": "pool_share", "pool_usd": POOL, "weight": weight, **more}
    return {"quantity": quantity, "rate": {"kind": "constant", "pays": 1}}


def test_places_are_among_those_who_take_part() -> None:
    """C 40 %, A 60 % and B 83 % stand at a third, two thirds and the top; D's 95 % is not compared."""
    assert paid(BY_PLACE) == [pytest.approx([200, 300, 100, 0])]
    assert paid(BY_PLACE_DOWN) == [pytest.approx([200, 100, 300, 0])]
    assert paid(BY_PLACE, out=["C"]) == [pytest.approx([150, 300, 0, 0])]


def test_ties_share_the_better_place() -> None:
    """'No better than' counts equals: two at 60 % both stand at the top, and below 83 % both at two thirds."""
    assert paid(BY_PLACE, rates={"B": (36, 60), "C": (40, 100)}) == [pytest.approx([300, 300, 100, 0])]
    assert paid(BY_PLACE, rates={"C": (6, 10)}) == [pytest.approx([200, 300, 200, 0])]
    assert paid(BY_PLACE, rates={"A": (1, 10), "B": (1, 10), "C": (1, 10)}) == [pytest.approx([300, 300, 300, 0])]


def test_a_rate_that_floating_point_splits_is_a_tie() -> None:
    """0.1 + 0.2 of A and 0.3 of C stand at the same place."""
    assert paid(BY_PLACE, rates={"A": (0.1 + 0.2, 1), "C": (0.3, 1)}) == [pytest.approx([200, 300, 200, 0])]


def test_a_unit_without_a_denominator_stands_at_rate_zero() -> None:
    """C has nobody eligible: its rate is 0 and its place a third, not an error."""
    assert paid(BY_PLACE, rates={"C": (0, 0)}) == [pytest.approx([200, 300, 100, 0])]


def test_nobody_takes_part_and_nobody_is_paid() -> None:
    """Without any unit a place and a share are 0, not a division by zero."""
    everybody = ["A", "B", "C"]
    assert paid(BY_PLACE, shared({"of": {"kind": "members"}}), out=everybody) == [[0, 0, 0, 0], [0, 0, 0, 0]]


def test_tins_are_compared_with_tins() -> None:
    """TIN A+B (69 %) stands above TIN C (40 %): $300 split 3 to 1, and $150."""
    assert paid({**BY_PLACE, "level": "tin"}) == [pytest.approx([225, 75, 150, 0])]


def test_a_pool_is_of_those_who_take_part() -> None:
    """$6,000 for 600 members by compliant members 60, 50 and 40; D brings neither money nor weight."""
    pool = shared({"of": {"kind": "numerator", "measure": "BCS"}})
    assert paid(pool) == [pytest.approx([2400, 2000, 1600, 0])]
    assert paid(pool, out=["C"]) == [pytest.approx([4000 * 60 / 110, 4000 * 50 / 110, 0, 0])]
    assert paid({**pool, "level": "tin"}) == [pytest.approx([4400 * 0.75, 4400 * 0.25, 1600, 0])]


def test_a_pool_by_performance_pays_only_those_who_perform() -> None:
    """Members count where the rate reaches 60 %: A 300 and B 100 of $6,000. If nobody does, nobody is paid."""
    pool = shared({"of": {"kind": "members"}, "driver": RATE, "schedule": steps((0.6, 1))})
    assert paid(pool) == [pytest.approx([4500, 1500, 0, 0])]
    assert paid(pool, rates={"A": (1, 10), "B": (1, 10)}) == [[0, 0, 0, 0]]


def test_peers_elsewhere_take_their_part_of_a_pool() -> None:
    """With 150 weighing elsewhere the 60 + 50 + 40 here get half; a fixed pool is a fact, not a sum."""
    weight = {"of": {"kind": "numerator", "measure": "BCS"}}
    facts = {"ORGANIZATION": {"quality_rank": 150}}
    pool = shared(weight, outside_weight="quality_rank")
    assert paid(pool, facts=facts) == [pytest.approx([1200, 1000, 800, 0])]
    fixed = {**pool, "quantity": {**pool["quantity"], "pool_usd": {"kind": "fact", "name": "quality_rank"}}}
    assert paid(fixed, facts=facts) == [pytest.approx([30, 25, 20, 0])]


# Money taken back and paid ahead ------------------------------------------------------------------------

SAVED = {
    "quantity": {"kind": "savings"},
    "rate": {"kind": "constant", "pays": 0.5},
    "limits": [{"kind": "floor", "usd": 0}],
}
ADVANCE = {"kind": "fact", "name": "quality_rank"}
RECOUPED = {
    "quantity": {"kind": "paid_by", "component": "c0"},
    "rate": {"kind": "constant", "pays": -1},
    "limits": [{"kind": "floor", "rate": -1, "of": ADVANCE}],
}


def test_an_advance_is_taken_back_from_savings_at_most() -> None:
    """A earns $25,000 and returns its $20,000; B and C earn nothing and return nothing; D is not in it."""
    facts = {name: {"quality_rank": 20_000} for name in MEMBERS}
    assert paid(SAVED, RECOUPED, facts=facts) == [pytest.approx([25_000, 0, 0, 0]), pytest.approx([-20_000, 0, 0, 0])]
    facts["A"] = {"quality_rank": 40_000}
    assert paid(SAVED, RECOUPED, facts=facts)[1] == pytest.approx([-25_000, 0, 0, 0])


def test_what_is_taken_back_is_counted_before_pass_through() -> None:
    """Half of A's $25,000 reaches it, and all of the $20,000 is owed by it."""
    facts = {name: {"quality_rank": 20_000} for name in MEMBERS}
    found = paid({**SAVED, "pass_through": 0.5}, RECOUPED, facts=facts)
    assert found == [pytest.approx([12_500, 0, 0, 0]), pytest.approx([-20_000, 0, 0, 0])]


def test_a_tin_returns_what_the_tin_was_paid() -> None:
    """A and B save $40,000 together and earn $20,000; the balance of $8,000 is split 3 to 1."""
    facts = {name: {"quality_rank": 8_000} for name in MEMBERS}
    tin = {"level": "tin"}
    found = paid({**SAVED, **tin}, {**RECOUPED, **tin}, facts=facts)
    assert found == [pytest.approx([15_000, 5_000, 0, 0]), pytest.approx([-6_000, -2_000, 0, 0])]


def test_a_component_whose_time_is_over_pays_nothing_to_take_back() -> None:
    """The savings component ended before the year began, so its paid amount is 0."""
    ended = {**SAVED, "effective": {"from": "2025-01-01", "to": "2025-12-31"}}
    facts = {name: {"quality_rank": 20_000} for name in MEMBERS}
    assert paid(ended, RECOUPED, facts=facts) == [[0, 0, 0, 0]]


AHEAD = {"quantity": {"kind": "members"}, "rate": 5}


@pytest.mark.parametrize(("claw_back", "wanted"), [(True, [0, 1000, 0, 0]), (False, [1500, 1000, 1000, 0])])
def test_what_was_paid_ahead_is_returned_or_kept(claw_back: bool, wanted: list[float]) -> None:
    """$5 a member is paid ahead of $10 by the rate: B earned more; A and C return theirs, or keep it."""
    assert paid({**BY_RATE, "prepaid": {**AHEAD, "claw_back": claw_back}}) == [pytest.approx(wanted)]


def test_a_prepaid_flow_counts_the_months_in_force() -> None:
    """Half a year of $5 a member-month for A, B and C, kept though nothing was earned."""
    flow = {"quantity": {"kind": "member_months"}, "rate": 5, "claw_back": False}
    nothing = {"quantity": {"kind": "members"}, "rate": {"kind": "constant", "pays": 0}, "prepaid": flow}
    half = {"effective": {"from": "2026-01-01", "to": "2026-06-30"}}
    assert paid({**nothing, **half}) == [pytest.approx([9_000, 3_000, 6_000, 0])]
    assert paid(nothing) == [pytest.approx([18_000, 6_000, 12_000, 0])]


def test_a_closed_gate_leaves_what_is_kept_of_a_prepayment() -> None:
    """Nobody passes the gate: the earned part is 0, floors or not, and what was paid ahead stays."""
    shut = {"kind": "test", "driver": {"kind": "members"}, "at_least": 5_000}
    floor = {"kind": "floor", "usd": 700}
    kept = {**AHEAD, "claw_back": False}
    assert paid({**BY_RATE, "gates": [shut], "limits": [floor]}) == [[0, 0, 0, 0]]
    assert paid({**BY_RATE, "gates": [shut], "limits": [floor], "prepaid": kept}) == [
        pytest.approx([1500, 500, 1000, 0])
    ]


def test_a_floor_lifts_only_those_who_take_part() -> None:
    """At least $700 for A, B and C, though only B earned anything; D is not in it."""
    assert paid({**BY_RATE, "limits": [{"kind": "floor", "usd": 700}]}) == [pytest.approx([700, 1000, 700, 0])]


def test_versions_of_a_term_pay_for_their_own_months() -> None:
    """$4 an eligible member for a quarter and $8 for the rest: $7 for the year. Without a term neither is cut."""
    count = {"quantity": {"kind": "denominator", "measure": "BCS"}}
    first = {**count, "rate": {"kind": "constant", "pays": 4}, "effective": {"from": "2026-01-01", "to": "2026-03-31"}}
    then = {**count, "rate": {"kind": "constant", "pays": 8}, "effective": {"from": "2026-04-01", "to": "2026-12-31"}}
    versions = paid({**first, "term": "fee"}, {**then, "term": "fee"})
    assert np.sum(versions, axis=0).tolist() == pytest.approx([700, 420, 700, 0])
    assert np.sum(paid(first, then), axis=0).tolist() == pytest.approx([1200, 720, 1200, 0])


# Answers that are missing -------------------------------------------------------------------------------


class Unanswered(ReportedResults):
    """The two practices of the hand report, B without a quality rank."""

    def fact(self, name: str) -> FloatArray:
        """A's answer, and nothing for B."""
        return np.array([[0.9, np.nan]]) if name == "quality_rank" else super().fact(name)


PARTLY = Unanswered(REPORT, TINY_CATALOG)
EACH = View(PARTLY, POPULATIONS, DIRECTIONS)
TOGETHER = View(PARTLY, POPULATIONS, DIRECTIONS, np.array([[True, True]]))
ONLY_A = View(PARTLY, POPULATIONS, DIRECTIONS, np.array([[True, False]]))
RANK = {"kind": "fact", "name": "quality_rank"}
PARTLY_KNOWN: list[tuple[Words, list[float]]] = [
    ({"kind": "composite", "facts": [{"name": "quality_rank", "weight": 2}]}, [0.9, 0]),
    ({"kind": "composite", "parts": [{"driver": RATE}, {"driver": RANK}]}, [(0.7 + 0.9) / 2, 0.88]),
    ({"kind": "sum", "parts": [{"driver": RATE}, {"driver": RANK}]}, [1.6, 0.88]),
    ({"kind": "largest", "parts": [{"driver": RATE}, {"driver": RANK}]}, [0.9, 0.88]),
    ({"kind": "sum", "parts": [{"driver": RANK, "schedule": {"kind": "constant", "pays": 3}}]}, [3, 0]),
]  # fmt: skip


@pytest.mark.parametrize(("written", "each"), PARTLY_KNOWN)
def test_a_missing_answer_leaves_a_score(written: Words, each: list[float]) -> None:
    """What is not known leaves numerator and denominator, and brings nothing to a sum."""
    assert flat(evaluate.driver(parse(v.Driver, written), EACH)) == pytest.approx(each)


def test_pooled_an_answer_is_known_when_everybody_who_takes_part_gave_it() -> None:
    """B's missing answer takes the fact out of the pooled score, unless B stays out."""
    score = parse(v.Driver, {"kind": "composite", "parts": [{"driver": RATE}, {"driver": RANK}]})
    assert flat(evaluate.driver(score, TOGETHER)) == pytest.approx([114 / 150])
    assert flat(evaluate.driver(score, ONLY_A)) == pytest.approx([(0.7 + 0.9) / 2])


def test_a_missing_answer_that_a_payment_needs_is_named() -> None:
    """Looking at the fact itself says whose answer is missing and what to do."""
    with pytest.raises(InputError) as caught:
        evaluate.driver(parse(v.Driver, RANK), EACH)
    assert "quality_rank: is missing for B" in str(caught.value)
    assert "Fix: fill it in" in str(caught.value)
