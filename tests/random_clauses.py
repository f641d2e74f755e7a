"""Random payment terms of every kind that is modelled exactly (a few only from above)."""

from __future__ import annotations

from typing import Any

from random_draw import Draw

Row = dict[str, Any]

MEASURES = {"BCS": "higher_is_better", "CBP": "higher_is_better", "PCR": "lower_is_better"}


def _half_year(draw: Draw) -> Row:
    return {"effective": {"from": "2026-01-01", "to": "2026-06-30"}} if draw.chance(0.2) else {}


def _gates(draw: Draw, workflows: list[str]) -> list[Row]:
    choices: list[Row] = [
        {"kind": "workflow", "workflow": draw.one(*workflows)},
        {"kind": "test", "driver": {"kind": "members"}, "at_least": draw.number(50, 300)},
        {"kind": "test", "driver": {"kind": "rate", "measure": "BCS"}, "at_least": draw.number(0.4, 0.8, 3)},
        {"kind": "test", "driver": {"kind": "rate", "measure": "PCR"}, "at_most": draw.number(0.1, 0.4, 3)},
        {"kind": "test", "driver": {"kind": "fact", "name": "rank"}, "above": draw.number(0.2, 0.8, 2)},
    ]
    pair = {"kind": "any", "of": draw.some(choices, 2), "at_least": draw.one(1, 2)}
    return draw.some([*choices, pair], draw.one(0, 1, 1, 2))


def pmpm(draw: Draw, workflows: list[str]) -> Row:
    """A PMPM behind gates."""
    return {
        "quantity": {"kind": "member_months"}, "gates": _gates(draw, workflows),
        "rate": {"kind": "constant", "pays": draw.number(0.5, 6, 2)}, **_half_year(draw),
    }  # fmt: skip


def strata(draw: Draw, workflows: list[str]) -> Row:
    """A PMPM by risk stratum."""
    rates = {"risk_rising": draw.number(1, 8, 2), "risk_high": draw.number(5, 40, 2)}
    return {
        "quantity": {"kind": "member_months"}, "rate": {"kind": "by_stratum", "rates": rates},
        "gates": _gates(draw, workflows),
    }  # fmt: skip


def bounty(draw: Draw, workflows: list[str]) -> Row:
    """So much for each gap closed or member compliant, perhaps only with improvement."""
    measure = draw.one("BCS", "CBP")
    basis = draw.one("absolute", "relative", "gap_share")
    gain = {"kind": "improvement", "measure": measure, "basis": basis}
    gate = {"kind": "test", "driver": gain, "at_least": draw.number(0.01, 0.2, 3)}
    return {
        "quantity": {"kind": draw.one("gaps_closed", "numerator"), "measure": measure},
        "rate": {"kind": "constant", "pays": draw.number(10, 120)},
        "gates": [gate] if draw.chance(0.5) else [],
    }  # fmt: skip


def rising_steps(draw: Draw, low: float, high: float, pays: float, decimals: int = 3) -> Row:
    """A step table that pays more the higher the driver."""
    thresholds = draw.rising(low, high, 3, decimals)
    amounts = draw.rising(pays / 5, pays, 12, 3)[-len(thresholds) :]
    rows = [{"at_least": x, "pays": y} for x, y in zip(thresholds, amounts, strict=True)]
    return {"kind": "steps", "rows": rows, "inclusive": draw.chance(0.8)}


def falling_steps(draw: Draw, low: float, high: float, pays: float) -> Row:
    """A step table that pays more the lower the driver."""
    table = rising_steps(draw, low, high, pays)
    thresholds = [row["at_least"] for row in reversed(table["rows"])]
    rows = [row | {"at_least": x} for row, x in zip(table["rows"], thresholds, strict=True)]
    return table | {"rows": rows, "descending": True}


def step_bonus(draw: Draw, workflows: list[str]) -> Row:
    """A bonus by steps of one rate."""
    measure = draw.one(*MEASURES)
    table = rising_steps(draw, 0.4, 0.9, 80) if measure != "PCR" else falling_steps(draw, 0.05, 0.4, 80)
    limits = [{"kind": "cap", "usd": draw.number(2_000, 20_000)}] if draw.chance(0.3) else []
    return {
        "quantity": {"kind": draw.one("members", "members", "lump")},
        "driver": {"kind": "rate", "measure": measure}, "rate": table, "limits": limits,
    }  # fmt: skip


def events(draw: Draw, workflows: list[str]) -> Row:
    """A fee for each visit, perhaps capped."""
    quantity: Row = {"kind": "events", "service": "visit"}
    if draw.chance(0.6):
        quantity["max_per_member"] = draw.number(0.2, 1.0, 2)
    return {"quantity": quantity, "rate": {"kind": "constant", "pays": draw.number(10, 90)}}


def _scored(draw: Draw, measure: str, best: float) -> Row:
    rising = measure != "PCR"
    table = rising_steps(draw, 0.4, 0.9, best) if rising else falling_steps(draw, 0.05, 0.4, best)
    row: Row = {"measure": measure, "weight": draw.one(1, 2), "attainment": table}
    if draw.chance(0.5):
        row["improvement"] = rising_steps(draw, 0.01, 0.2, best)
    return row


def points(draw: Draw, workflows: list[str]) -> Row:
    """A bonus by a table of points."""
    items = [_scored(draw, measure, 10) for measure in draw.some(list(MEASURES), 2)]
    return {
        "quantity": {"kind": "members"},
        "driver": {"kind": "points", "items": items, "extra": draw.one(0, 1)},
        "rate": rising_steps(draw, 2, 25, 80, 1),
    }  # fmt: skip


def composite(draw: Draw, workflows: list[str]) -> Row:
    """A bonus by a composite score."""
    items = [_scored(draw, measure, 1) for measure in draw.some(list(MEASURES), 2)]
    driver = {"kind": "composite", "items": items, "facts": [{"name": "rank", "weight": 0.5}]}
    return {"quantity": {"kind": "members"}, "driver": driver, "rate": rising_steps(draw, 0.1, 0.9, 80)}


def uplift(draw: Draw, workflows: list[str]) -> Row:
    """A fee uplift by the number of targets met."""
    targets = [
        {"measure": "BCS", "target": draw.number(0.4, 0.8, 2)},
        {"measure": "PCR", "target": draw.number(0.1, 0.4, 2)},
    ]
    return {
        "quantity": {"kind": "allowed_charges", "code_set": "office"},
        "driver": {"kind": "measures_met", "items": targets},
        "rate": {"kind": "steps", "rows": [{"at_least": 1, "pays": 0.03}, {"at_least": 2, "pays": 0.1}]},
    }


def withhold(draw: Draw, workflows: list[str]) -> Row:
    """An allocation taken in any case, or from those who stay out."""
    return {
        "quantity": {"kind": "allowed_charges", "code_set": "office"}, "money": "withheld",
        "rate": {"kind": "constant", "pays": -draw.number(0.01, 0.05, 3)},
        "applies": draw.one("always", "not_joined"),
    }  # fmt: skip


def concave(draw: Draw, workflows: list[str]) -> Row:
    """A bonus that rises with a rate and then flattens."""
    corners = draw.rising(0.4, 0.9, 2, 3)
    points = [
        {"at": 0.0, "pays": 0.0},
        {"at": corners[0], "pays": 40.0},
        {"at": corners[-1] + 0.05, "pays": 44.0},
    ]
    rate = {"kind": "piecewise_linear", "points": points}
    return {"quantity": {"kind": "members"}, "driver": {"kind": "rate", "measure": "CBP"}, "rate": rate}


def multiplied(draw: Draw, workflows: list[str]) -> Row:
    """A bonus times factors."""
    by_fact = {"driver": {"kind": "fact", "name": "rank"}, "schedule": rising_steps(draw, 0.1, 0.9, 2)}
    by_rate = {
        "driver": {"kind": "rate", "measure": draw.one(*list(MEASURES)[:2])},
        "schedule": rising_steps(draw, 0.4, 0.8, 2),
    }
    multipliers = draw.some([by_fact, by_rate], draw.one(1, 1, 2))
    return {
        "quantity": {"kind": "members"}, "rate": {"kind": "constant", "pays": draw.number(5, 60)},
        "multipliers": multipliers,
    }  # fmt: skip


def credited(draw: Draw, workflows: list[str]) -> Row:
    """A PMPM of which only what exceeds money already paid counts."""
    limits = [{"kind": "credit", "fact": "already_paid"}]
    return pmpm(draw, workflows) | {"limits": limits, "money": draw.one("new", "credited")}


def brackets(draw: Draw, workflows: list[str]) -> Row:
    """A bonus by marginal bands of a rate."""
    bands = [{"up_to": draw.number(0.4, 0.7, 2), "rate": draw.number(40, 80)}, {"rate": draw.number(0, 40)}]
    return {
        "quantity": {"kind": "members"}, "driver": {"kind": "rate", "measure": "BCS"},
        "rate": {"kind": "brackets", "bands": bands},
    }  # fmt: skip


def pooled_points(draw: Draw, workflows: list[str]) -> Row:
    """A pooled table of points."""
    return points(draw, workflows) | {"money": draw.one("new", "new", "credited")}


def pooled_events(draw: Draw, workflows: list[str]) -> Row:
    """A fee for each visit, paid to the organization."""
    return {
        "quantity": {"kind": "events", "service": "visit"},
        "rate": {"kind": "constant", "pays": draw.number(10, 90)},
    }


def pooled_losses(draw: Draw, workflows: list[str]) -> Row:
    """Savings and losses shared from the first dollar."""
    limits: list[Row] = [{"kind": "loss_rate", "rate": draw.number(0.3, 0.8, 2)}] if draw.chance(0.3) else []
    limits.append({"kind": "cap", "rate": 0.03, "of": {"kind": "benchmark_expenditure"}, "symmetric": draw.chance(0.3)})
    return {
        "quantity": {"kind": "savings"},
        "rate": {"kind": "constant", "pays": draw.number(0.3, 0.8, 2)},
        "limits": limits,
    }


def pooled_tier(draw: Draw, workflows: list[str]) -> Row:
    """A PMPM by steps of the pooled rate."""
    measure = draw.one("BCS", "CBP")
    return {
        "quantity": {"kind": "member_months"}, "driver": {"kind": "rate", "measure": measure},
        "rate": rising_steps(draw, 0.4, 0.8, 6), "money": draw.one("new", "new", "credited"),
        "gates": [{"kind": "workflow", "workflow": draw.one(*workflows)}] if draw.chance(0.3) else [],
    }  # fmt: skip


def pooled_savings(draw: Draw, workflows: list[str]) -> Row:
    """Savings shared once they exceed the MSR."""
    gates: list[Row] = [{"kind": "test", "driver": {"kind": "savings_rate"}, "at_least": draw.number(0.0, 0.04, 4)}]
    if draw.chance(0.5):
        test = {"kind": "rate", "measure": draw.one("BCS", "CBP")}
        gates.append({"kind": "test", "driver": test, "at_least": draw.number(0.4, 0.7, 3)})
    limits: list[Row] = [{"kind": "sequester", "rate": 0.02}] if draw.chance(0.5) else []
    if draw.chance(0.5):
        limits.append({"kind": "cap", "rate": draw.number(0.005, 0.05, 4), "of": {"kind": "benchmark_expenditure"}})
    share = draw.number(0.3, 0.8, 2)
    return {
        "quantity": {"kind": "savings"}, "rate": {"kind": "constant", "pays": share},
        "gates": gates, "limits": limits,
    }  # fmt: skip


PRACTICE_KINDS = (
    pmpm, strata, bounty, step_bonus, events, points, uplift, composite, withhold, concave, multiplied,
    credited, brackets,
)  # fmt: skip
"""Payments to one practice."""

ORGANIZATION_KINDS = (
    pooled_tier, pooled_savings, pooled_savings, pooled_points, pooled_events, pooled_losses
)  # fmt: skip
"""Payments on pooled results."""
