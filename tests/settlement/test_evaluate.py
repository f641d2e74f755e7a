"""Every word of the contract vocabulary, priced by hand on two practices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hand_report import EACH, ONLY_A, TOGETHER, Words, flat, line, parse, steps

from critmass.domain import vocabulary as v
from critmass.domain.programs import Component
from critmass.settlement import evaluate
from critmass.settlement.amounts import base_amount

# Quantities ------------------------------------------------------------------------------------------

BY_MEMBER = {"kind": "combination", "parts": [{"rate": 0.1, "of": {"kind": "member_months"}}]}
COMPLIANT = {"of": {"kind": "numerator", "measure": "BCS"}}
GOOD = {
    "of": {"kind": "denominator", "measure": "BCS"},
    "driver": {"kind": "rate", "measure": "BCS"}, "schedule": steps((0.8, 1)),
}  # fmt: skip
WEIGHED = {**COMPLIANT, "driver": {"kind": "fact", "name": "quality_rank"}}
LOSSES = {"of": {"kind": "savings"}}
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
    ({"kind": "member_months", "whole_panel": True}, [11400, 7200], 18600),
    ({"kind": "members", "whole_panel": True}, [950, 600], 1550),
    ({"kind": "denominator", "measure": "BCS"}, [100, 50], 150),
    ({"kind": "expenditure"}, [950000, 420000], 1370000),
    ({"kind": "paid_by", "component": "savings"}, [25000, 0], 25000),
    (
        {
            "kind": "combination",
            "parts": [
                {"rate": 0.9, "of": {"kind": "benchmark_expenditure"}},
                {"rate": -1, "of": {"kind": "expenditure"}},
            ],
        },
        [900000 - 950000, 360000 - 420000],
        1260000 - 1370000,
    ),
    (
        {"kind": "product", "of": [{"kind": "members"}, {"kind": "fact", "name": "quality_rank"}]},
        [950 * 0.9, 500 * 0.3],
        1450 * 0.7,
    ),
    ({"kind": "pool_share", "pool_usd": BY_MEMBER, "weight": COMPLIANT}, [1740 * 70 / 114, 1740 * 44 / 114], 1740),
    ({"kind": "pool_share", "pool_usd": BY_MEMBER, "weight": GOOD}, [0, 1740], 0),
    (
        {"kind": "pool_share", "pool_usd": BY_MEMBER, "weight": WEIGHED},
        [1740 * 63 / (63 + 13.2), 1740 * 13.2 / (63 + 13.2)],
        1740,
    ),
    (
        {"kind": "pool_share", "pool_usd": BY_MEMBER, "weight": COMPLIANT, "outside_weight": "quality_rank"},
        [1740 * 70 / 114.7, 1740 * 44 / 114.7],
        1740 * 114 / 114.7,
    ),
    ({"kind": "pool_share", "pool_usd": BY_MEMBER, "weight": LOSSES}, [1740, 0], 1740),
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

LINE = line((0, 0), (10, 1), (20, 5))
JUMP = line((0, 0), (10, 1), (10, 3), (20, 5))
FALLING = line((0.2, 0), (0.1, 1), (0.1, 3), descending=True)
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
    (JUMP, [(-1, 0), (0, 0), (9, 0.9), (9.9999, 0.99999), (10, 3), (15, 4), (20, 5), (99, 5)]),
    (line((0, 0), (0, 2), (10, 4)), [(-0.1, 0), (0, 2), (5, 3), (10, 4), (11, 4)]),
    (line((0, 0), (10, 1), (10, 4)), [(5, 0.5), (9, 0.9), (10, 4), (11, 4)]),
    (line((5, 0), (5, 4)), [(4.999, 0), (5, 4), (6, 4)]),
    (line((0.2, 0), (0.1, 1), descending=True), [(0.3, 0), (0.2, 0), (0.15, 0.5), (0.1, 1), (0.05, 1)]),
    (FALLING, [(0.3, 0), (0.2, 0), (0.15, 0.5), (0.101, 0.99), (0.1, 3), (0.05, 3)]),
    (line((0, 0), (1, 1), rounded_to=0.5), [(0.24, 0), (0.25, 0.5), (0.74, 0.5), (0.75, 1), (1, 1), (2, 1)]),
    (line((-1, -1), (1, 1), rounded_to=0.5), [(-0.75, -0.5), (-0.76, -1), (-0.25, 0), (-0.26, -0.5)]),
    (line((0, 0), (1, 1), rounded_to=0.1), [(0.05, 0.1), (0.15, 0.2), (0.149, 0.1), (0.35, 0.4)]),
    (line((0, 0.3), (10, 0.3), (10, 0.8), rounded_to=1), [(0, 0), (9, 0), (10, 1)]),
    (line((0.2, 0), (0.1, 1), descending=True, rounded_to=0.5), [(0.176, 0), (0.175, 0.5), (0.125, 1)]),
    ({"kind": "linear", "base": 1, "per_unit": 2}, [(-5, -9), (0, 1), (1, 3), (9, 19)]),
    ({"kind": "linear", "per_unit": 2, "at_least": 1, "at_most": 5}, [(-5, 1), (0.5, 1), (2, 4), (2.5, 5), (9, 5)]),
    ({"kind": "linear", "base": 10, "per_unit": -1, "at_least": 2}, [(0, 10), (-3, 13), (8, 2), (9, 2)]),
    (BANDS, [(0, 0), (100, 10), (200, 60), (300, 110), (400, 210), (-200, -60)]),
]


@pytest.mark.parametrize(("written", "pairs"), SCHEDULES)
def test_schedule(written: Words, pairs: list[tuple[float, float]]) -> None:
    """A schedule pays what its table says, on and beside every corner."""
    drivers = np.array([[driver for driver, _ in pairs]], dtype=np.float64)
    assert flat(evaluate.schedule(parse(v.Schedule, written), drivers)) == pytest.approx([pays for _, pays in pairs])


def test_a_threshold_survives_floating_point() -> None:
    """0.1 + 0.2 reaches 0.3, though the machine's sum lies beside it."""
    word = parse(v.Schedule, steps((0.3, 1)))
    assert flat(evaluate.schedule(word, np.array([[0.1 + 0.2, 0.3 - 1e-12, 0.3 - 1e-6]]))) == [1.0, 1.0, 0.0]


# Drivers ---------------------------------------------------------------------------------------------

BCS = {"measure": "BCS", "attainment": steps((0.7, 2), (0.8, 5)), "improvement": steps((0.05, 4))}
PCR = {"measure": "PCR", "weight": 3, "attainment": steps((0.2, 1), (0.1, 2), descending=True)}
BCS_RATE = {"kind": "rate", "measure": "BCS"}
PCR_RATE = {"kind": "rate", "measure": "PCR"}
HALVED = {"driver": BCS_RATE, "schedule": {"kind": "linear", "per_unit": 0.5}, "weight": 2}
LOW_PCR = {"driver": PCR_RATE, "schedule": steps((0.2, 1), descending=True), "weight": 1}
MINUS_PCR = {"driver": PCR_RATE, "weight": -1}
TO_TARGET: Words = {
    "improvement_basis": "target_share",
    "attainment": {"kind": "constant", "pays": 0}, "improvement": {"kind": "linear", "per_unit": 10},
}  # fmt: skip
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
    ({"kind": "members", "whole_panel": True}, [1000, 600], 1600),
    (
        {"kind": "ratio", "of": {"kind": "expenditure"}, "over": {"kind": "benchmark_expenditure"}},
        [0.95, 1.05],
        1370000 / 1400000,
    ),
    (
        {
            "kind": "ratio",
            "of": {"kind": "lump"},
            "over": {"kind": "denominator", "measure": "PCR"},
        },
        [1 / 40, 0],
        1 / 40,
    ),
    ({"kind": "sum", "parts": [HALVED, LOW_PCR]}, [0.7 + 1, 0.88], 0.76 + 1),
    ({"kind": "sum", "parts": [HALVED, LOW_PCR], "at_least": 0.9, "at_most": 1.72}, [1.7, 0.9], 1.72),
    ({"kind": "sum", "parts": [{"driver": BCS_RATE}, {"driver": PCR_RATE, "weight": -2}]}, [0.4, 0.88], 0.46),
    ({"kind": "largest", "parts": [HALVED, LOW_PCR]}, [1, 0.88], 1),
    (
        {"kind": "largest", "parts": [{"driver": PCR_RATE, "weight": -1}, {"driver": PCR_RATE, "weight": -2}]},
        [-0.15, 0],
        -0.15,
    ),
    ({"kind": "last_year", "driver": BCS_RATE}, [0.6, 0.9], 0.7),
    ({"kind": "last_year", "driver": {"kind": "improvement", "measure": "BCS"}}, [0, 0], 0),
    ({"kind": "last_year", "driver": {"kind": "members"}}, [1000, 500], 1500),
    ({"kind": "gain", "of": BCS_RATE, "over": {"kind": "last_year", "driver": BCS_RATE}}, [0.1, -0.02], 0.06),
    ({"kind": "gain", "of": PCR_RATE, "over": {"kind": "last_year", "driver": PCR_RATE}}, [-0.05, 0], -0.05),
    (
        {"kind": "gain", "of": BCS_RATE, "over": {"kind": "last_year", "driver": BCS_RATE}, "basis": "relative"},
        [0.1 / 0.6, -0.02 / 0.9],
        0.06 / 0.7,
    ),
    ({"kind": "peer_percentile", "of": BCS_RATE}, [0.5, 1], 1),
    ({"kind": "peer_percentile", "of": BCS_RATE, "lower_is_better": True}, [1, 0.5], 1),
    ({"kind": "composite", "parts": [HALVED, LOW_PCR]}, [(0.7 + 1) / 3, 0.44], (0.76 + 1) / 3),
    (
        {
            "kind": "composite",
            "items": [PCR],
            "parts": [{"driver": {"kind": "composite", "items": [BCS]}, "weight": 3}],
        },
        [(3 * 1 + 3 * 4) / 6, 5],
        (3 * 1 + 3 * 4) / 6,
    ),
    (
        {"kind": "points", "items": [{"measure": "BCS", **TO_TARGET, "improvement_target": 0.8}]},
        [10 * 0.1 / 0.2, 0],
        10 * 0.06 / 0.1,
    ),
    (
        {"kind": "points", "items": [{"measure": "BCS", **TO_TARGET, "improvement_target": 1.0}]},
        [10 * 0.1 / 0.4, 0],
        10 * 0.06 / 0.3,
    ),
    ({"kind": "points", "items": [{"measure": "PCR", **TO_TARGET, "improvement_target": 0.1}]}, [5, 0], 5),
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
BY_RANK = {"driver": {"kind": "fact", "name": "quality_rank"}}
SIZE = {"kind": "test", "driver": {"kind": "members"}}
SAME_SIZE = {"driver": {"kind": "members"}}
GATES: list[tuple[Words, list[bool], bool]] = [
    ({**RATE, "at_least": 0.7}, [True, True], True),
    ({**RATE, "at_least": 0.8}, [False, True], False),
    ({**RATE, "above": 0.7}, [False, True], True),
    ({**RATE, "at_most": 0.7}, [True, False], False),
    ({**RATE, "below": 0.7}, [False, False], False),
    ({**RATE, "below": 0.8}, [True, False], True),
    ({**SAVED, "at_least": BY_SIZE}, [True, False], False),
    ({**SAVED, "above": BY_SIZE}, [True, False], False),
    ({**SAVED, "at_most": BY_SIZE}, [False, True], True),
    ({**SAVED, "below": BY_SIZE}, [False, True], True),
    ({**RATE, "at_least": BY_RANK}, [False, True], True),
    ({**RATE, "above": BY_RANK}, [False, True], True),
    ({**RATE, "at_most": BY_RANK}, [True, False], False),
    ({**RATE, "below": BY_RANK}, [True, False], False),
    ({**SIZE, "at_least": SAME_SIZE}, [True, True], True),
    ({**SIZE, "above": SAME_SIZE}, [False, False], False),
    ({**SIZE, "at_most": SAME_SIZE}, [True, True], True),
    ({**SIZE, "below": SAME_SIZE}, [False, False], False),
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


AT_LOAD = {"benchmark", "percentile", "score"}
"""Words that name something of the catalog. Loading replaces them, and no engine ever sees one; they are tried
where they are replaced, in tests/catalog/test_resolve.py."""


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
    """No word of the vocabulary is left without hand numbers (rates by stratum: below; names: at load)."""
    assert {word["kind"] for word in tried} == kinds(family) - AT_LOAD


def test_words_that_loading_replaces_reach_no_engine() -> None:
    """A benchmark's points, a percentile and a named score have no evaluation of their own."""
    with pytest.raises(TypeError, match="no such driver"):
        evaluate.driver(parse(v.Driver, {"kind": "score", "score": "s"}), EACH)
    with pytest.raises(TypeError, match="no such driver"):
        evaluate.driver(parse(v.Driver, {"kind": "percentile", "measure": "BCS", "benchmark": "b"}), EACH)
    with pytest.raises(TypeError, match="no such schedule"):
        evaluate.schedule(parse(v.Schedule, {"kind": "benchmark", "benchmark": "b"}), np.zeros((1, 1)))


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
