"""Every word of the contract vocabulary, priced by hand on two practices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from critmass.catalog import load_catalog
from critmass.domain import vocabulary as v
from critmass.domain.programs import Component
from critmass.settlement import evaluate
from critmass.settlement.amounts import base_amount
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
EACH = View(RESULTS, POPULATIONS, DIRECTIONS)
TOGETHER = View(RESULTS, POPULATIONS, DIRECTIONS, np.array([[True, True]]))
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


# Quantities ------------------------------------------------------------------------------------------

QUANTITIES: list[tuple[Words, list[float], float]] = [
    ({"kind": "member_months"}, [11400, 6000], 17400),
    ({"kind": "member_months", "stratum": "risk_high"}, [50 * 11.4, 0], 570),
    ({"kind": "members"}, [950, 500], 1450),
    ({"kind": "members", "stratum": "under_21"}, [190, 0], 190),
    ({"kind": "members", "stratum": "age_21_plus"}, [760, 500], 1260),
    ({"kind": "members", "stratum": "risk_low"}, [760, 500], 1260),
    ({"kind": "members", "stratum": "chronic_0_1"}, [665, 500], 1165),
    ({"kind": "members", "stratum": "chronic_2_plus"}, [260 * 0.95, 0], 247),
    ({"kind": "members", "stratum": "chronic_2_plus_qmb"}, [38, 0], 38),
    ({"kind": "events", "service": "awv"}, [1200, 100], 1300),
    ({"kind": "events", "service": "awv", "max_per_member": 1}, [1000, 100], 1100),
    ({"kind": "events", "service": "awv", "stratum": "risk_high", "max_per_member": 2}, [100, 0], 100),
    ({"kind": "numerator", "measure": "BCS"}, [70, 44], 114),
    ({"kind": "gaps_closed", "measure": "BCS"}, [40, 0], 40),
    ({"kind": "allowed_charges", "code_set": "pcp_office_visits"}, [200000, 50000], 250000),
    ({"kind": "savings"}, [50000, -20000], 30000),
    ({"kind": "benchmark_expenditure"}, [1000000, 400000], 1400000),
    ({"kind": "lump"}, [1, 1], 1),
    ({"kind": "fact", "name": "quality_rank"}, [0.9, 0.3], 0.7),
]


@pytest.mark.parametrize(("written", "each", "together"), QUANTITIES)
def test_quantity(written: Words, each: list[float], together: float) -> None:
    """A quantity counts what it says, for each practice and for both together (a lump is one)."""
    word = parse(v.Quantity, written)
    assert flat(evaluate.quantity(word, EACH)) == pytest.approx(each)
    assert flat(evaluate.quantity(word, TOGETHER)) == pytest.approx([together])


def test_strata_families_add_up_to_all() -> None:
    """The age, risk and chronic families each split the same members."""
    whole = flat(evaluate.quantity(v.Members(kind="members"), EACH))
    for family in (
        ("under_21", "age_21_plus"), ("risk_low", "risk_rising", "risk_high"),
        ("chronic_0_1", "chronic_2_plus", "chronic_2_plus_qmb"),
    ):  # fmt: skip
        parts = [evaluate.quantity(parse(v.Quantity, {"kind": "members", "stratum": name}), EACH) for name in family]
        assert flat(np.sum(parts, axis=0)) == pytest.approx(whole)


# Schedules -------------------------------------------------------------------------------------------

LINE = {
    "kind": "piecewise_linear",
    "points": [{"at": 0, "pays": 0}, {"at": 10, "pays": 1}, {"at": 20, "pays": 5}],
}
BANDS = {
    "kind": "brackets",
    "bands": [{"up_to": 100, "rate": 0.1}, {"up_to": 300, "rate": 0.5}, {"rate": 1.0}],
}
SCHEDULES: list[tuple[Words, list[tuple[float, float]]]] = [
    ({"kind": "constant", "pays": 3}, [(-1, 3), (0, 3), (99, 3)]),
    (steps((0.7, 2), (0.8, 5), otherwise=-1), [(0.69, -1), (0.7, 2), (0.79, 2), (0.8, 5), (1.0, 5)]),
    (steps((0.7, 2), (0.8, 5), inclusive=False), [(0.7, 0), (0.700001, 2), (0.8, 2), (0.81, 5)]),
    (steps((0.15, 1), (0.12, 3), descending=True), [(0.16, 0), (0.15, 1), (0.13, 1), (0.12, 3), (0.05, 3)]),
    (steps((0.15, 1), descending=True, inclusive=False), [(0.15, 0), (0.1499, 1)]),
    (LINE, [(-5, 0), (0, 0), (5, 0.5), (10, 1), (15, 3), (20, 5), (99, 5)]),
    (BANDS, [(0, 0), (100, 10), (200, 60), (300, 110), (400, 210), (-200, -60)]),
]


@pytest.mark.parametrize(("written", "pairs"), SCHEDULES)
def test_schedule(written: Words, pairs: list[tuple[float, float]]) -> None:
    """A schedule pays what its table says, on and beside every corner."""
    drivers = np.array([[driver for driver, _ in pairs]])
    assert flat(evaluate.schedule(parse(v.Schedule, written), drivers)) == pytest.approx([pays for _, pays in pairs])


def test_a_threshold_survives_floating_point() -> None:
    """0.1 + 0.2 reaches 0.3, though the machine's sum lies beside it."""
    word = parse(v.Schedule, steps((0.3, 1)))
    assert flat(evaluate.schedule(word, np.array([[0.1 + 0.2, 0.3 - 1e-12, 0.3 - 1e-6]]))) == [1.0, 1.0, 0.0]


# Drivers ---------------------------------------------------------------------------------------------

BCS = {"measure": "BCS", "attainment": steps((0.7, 2), (0.8, 5)), "improvement": steps((0.05, 4))}
PCR = {"measure": "PCR", "weight": 3, "attainment": steps((0.2, 1), (0.1, 2), descending=True)}
DRIVERS: list[tuple[Words, list[float], float]] = [
    ({"kind": "rate", "measure": "BCS"}, [0.7, 0.88], 114 / 150),
    ({"kind": "rate", "measure": "PCR"}, [0.15, 0], 0.15),
    ({"kind": "improvement", "measure": "BCS"}, [0.1, -0.02], 114 / 150 - 0.7),
    ({"kind": "improvement", "measure": "PCR"}, [0.05, 0], 0.05),
    ({"kind": "improvement", "measure": "BCS", "basis": "relative"}, [0.1 / 0.6, -0.02 / 0.9], 0.06 / 0.7),
    ({"kind": "improvement", "measure": "PCR", "basis": "relative"}, [0.25, 0], 0.25),
    ({"kind": "improvement", "measure": "BCS", "basis": "gap_share"}, [0.25, -0.2], 0.2),
    ({"kind": "improvement", "measure": "PCR", "basis": "gap_share"}, [0.25, 0], 0.25),
    ({"kind": "points", "items": [BCS, PCR], "extra": 1}, [1 + 4 + 3, 1 + 5], 1 + 4 + 3),
    ({"kind": "composite", "items": [BCS, PCR]}, [(4 + 3) / 4, 5], (4 + 3) / 4),
    ({"kind": "composite", "items": [BCS, PCR], "minimum_denominator": 60}, [4, 0], 4),
    (
        {"kind": "composite", "items": [BCS], "facts": [{"name": "quality_rank", "weight": 1}]},
        [(4 + 0.9) / 2, (5 + 0.3) / 2],
        (4 + 0.7) / 2,
    ),
    (
        {
            "kind": "measures_met",
            "items": [{"measure": "BCS", "target": 0.7}, {"measure": "PCR", "target": 0.15}],
        },
        [2, 1],
        2,
    ),
    ({"kind": "savings_rate"}, [0.05, -0.05], 30000 / 1400000),
    ({"kind": "members"}, [1000, 500], 1500),
    ({"kind": "members", "stratum": "risk_high"}, [50, 0], 50),
    ({"kind": "denominator", "measure": "BCS"}, [100, 50], 150),
    ({"kind": "fact", "name": "quality_rank"}, [0.9, 0.3], 0.7),
]


@pytest.mark.parametrize(("written", "each", "together"), DRIVERS)
def test_driver(written: Words, each: list[float], together: float) -> None:
    """A driver reads what it says; pooled, counts are summed first and facts are weighted by members."""
    word = parse(v.Driver, written)
    assert flat(evaluate.driver(word, EACH) + np.zeros((1, 2))) == pytest.approx(each)
    assert flat(evaluate.driver(word, TOGETHER)) == pytest.approx([together])


def test_pooling_counts_only_those_who_take_part() -> None:
    """A practice that stays out moves no pooled rate."""
    assert flat(evaluate.driver(v.Rate(kind="rate", measure="BCS"), ONLY_A)) == [0.7]


# Gates -----------------------------------------------------------------------------------------------

BY_SIZE = {"driver": {"kind": "members"}, "schedule": steps((900, 0.04), otherwise=0.10)}
RATE = {"kind": "test", "driver": {"kind": "rate", "measure": "BCS"}}
SAVED = {"kind": "test", "driver": {"kind": "savings_rate"}}
REGISTRY = {"kind": "workflow", "workflow": "registry"}
STEPS = {"kind": "program", "program": "tiny_steps_2026"}
BOUNTY = {"kind": "program", "program": "tiny_bounty_2026"}
GATES: list[tuple[Words, list[bool], bool]] = [
    ({**RATE, "at_least": 0.7}, [True, True], True),
    ({**RATE, "at_least": 0.8}, [False, True], False),
    ({**RATE, "above": 0.7}, [False, True], True),
    ({**RATE, "at_most": 0.7}, [True, False], False),
    ({**RATE, "below": 0.7}, [False, False], False),
    ({**RATE, "below": 0.8}, [True, False], True),
    ({**SAVED, "at_least": BY_SIZE}, [True, False], False),
    (REGISTRY, [True, False], False),
    (STEPS, [True, False], False),
    ({**STEPS, "joined": False}, [False, True], False),
    (BOUNTY, [True, True], True),
    ({"kind": "program", "program": "tiny_pmpm_2026"}, [False, False], False),
    ({"kind": "all", "of": [REGISTRY, BOUNTY]}, [True, False], False),
    ({"kind": "any", "of": [REGISTRY, BOUNTY]}, [True, True], True),
    ({"kind": "any", "of": [REGISTRY, BOUNTY, STEPS], "at_least": 2}, [True, False], False),
    (
        {"kind": "all", "of": [{"kind": "any", "of": [REGISTRY, STEPS]}, {**RATE, "at_least": 0.6}]},
        [True, False],
        False,
    ),
]


@pytest.mark.parametrize(("written", "each", "together"), GATES)
def test_gate(written: Words, each: list[bool], together: bool) -> None:
    """A gate opens where it says; pooled, workflows and programs are asked of everyone who takes part."""
    word = parse(v.Gate, written)
    assert flat(evaluate.gate(word, EACH)) == each
    assert flat(evaluate.gate(word, TOGETHER)) == [together]


def test_a_minimum_that_falls_with_size_uses_its_own_driver() -> None:
    """With 1,000 members 5 % savings pass a minimum of 4 %; with 500 even 5 % would not pass 10 %."""
    word = parse(v.Gate, {**SAVED, "at_least": BY_SIZE})
    assert flat(evaluate.threshold(word.at_least, EACH)) == [0.04, 0.10]


# Limits ----------------------------------------------------------------------------------------------

BENCHMARK = {"kind": "benchmark_expenditure"}
LIMITS: list[tuple[Words, list[tuple[float, float]]]] = [
    ({"kind": "cap", "usd": 50}, [(40, 40), (60, 50), (-60, -60)]),
    ({"kind": "cap", "usd": 50, "symmetric": True}, [(60, 50), (-60, -50), (-40, -40)]),
    ({"kind": "cap", "rate": 0.1, "of": BENCHMARK}, [(99999, 99999), (150000, 100000)]),
    ({"kind": "floor", "usd": 50}, [(40, 50), (60, 60), (-60, 50)]),
    ({"kind": "floor", "rate": -0.05, "of": BENCHMARK}, [(-40000, -40000), (-60000, -50000), (10, 10)]),
    ({"kind": "sequester", "rate": 0.02}, [(100, 98), (-100, -100), (0, 0)]),
    ({"kind": "sequester", "rate": 0.02, "losses_too": True}, [(100, 98), (-100, -98)]),
    ({"kind": "loss_rate", "rate": 0.6}, [(100, 100), (-100, -60)]),
    ({"kind": "credit", "fact": "quality_rank"}, [(10, 9.1), (0.9, 0), (0.5, 0), (-5, 0)]),
]


@pytest.mark.parametrize(("written", "pairs"), LIMITS)
def test_limit(written: Words, pairs: list[tuple[float, float]]) -> None:
    """A limit leaves, cuts or lifts practice A's amount as it says."""
    word = parse(v.Limit, written)
    for amount, after in pairs:
        assert flat(evaluate.limit(word, np.array([[amount, 0.0]]), EACH))[0] == pytest.approx(after)


# The vocabulary as a whole -----------------------------------------------------------------------------


def kinds(family: Any) -> set[str]:
    """The `kind` of every word of a family."""
    return {str(member.model_fields["kind"].annotation.__args__[0]) for member in family.__origin__.__args__}


@pytest.mark.parametrize(
    ("family", "tried"),
    [
        (v.Quantity, [word for word, _, _ in QUANTITIES]),
        (v.Schedule, [*[word for word, _ in SCHEDULES], {"kind": "by_stratum"}]),
        (v.Driver, [word for word, _, _ in DRIVERS]),
        (v.Gate, [word for word, _, _ in GATES]),
        (v.Limit, [word for word, _ in LIMITS]),
    ],
)
def test_every_word_is_tried(family: Any, tried: list[Words]) -> None:
    """No word of the vocabulary is left without hand numbers (rates by stratum: below)."""
    assert {word["kind"] for word in tried} == kinds(family)


def test_rates_by_stratum_pay_each_stratum_its_own() -> None:
    """150 rising-risk and 50 high-risk members, 11.4 months each, at $2 and $10: 3,420 + 5,700 = $9,120."""
    component = Component.model_validate(
        {
            "id": "risk", "label": "By risk", "clause": "Table",
            "payment_stream": "ccf", "apm_category": "2A",
            "quantity": {"kind": "member_months"},
            "rate": {"kind": "by_stratum", "rates": {"risk_rising": 2, "risk_high": 10}},
        }
    )  # fmt: skip
    assert flat(base_amount(component, EACH)) == pytest.approx([9120, 0])


def test_unknown_words_are_refused() -> None:
    """A piece of a contract that no function prices is an error, never zero."""
    for function in (evaluate.quantity, evaluate.driver, evaluate.gate):
        with pytest.raises(TypeError, match="no such"):
            function("free money", EACH)
    with pytest.raises(TypeError, match="no such schedule"):
        evaluate.schedule("free money", np.zeros((1, 1)))
    with pytest.raises(TypeError, match="no such limit"):
        evaluate.limit("free money", np.zeros((1, 1)), EACH)
