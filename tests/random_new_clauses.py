"""Random payment terms of the words that score, compare, pool, advance and take back."""

from __future__ import annotations

from random_clauses import MEASURES, Row, falling_steps, rising_steps
from random_draw import Draw

GOOD = ("BCS", "CBP")
SIBLING = "SIBLING"
"""Stands for the id of the component that a second one, under the key `also`, looks at."""


def _rate(draw: Draw) -> Row:
    return {"kind": "rate", "measure": draw.one(*GOOD)}


def _line(draw: Draw, pays: float) -> Row:
    """A linear schedule that rises, now and then held at either end."""
    row: Row = {"kind": "linear", "base": draw.number(-pays / 4, pays / 4, 2), "per_unit": draw.number(0, pays, 2)}
    if draw.chance(0.4):
        row["at_most"] = draw.number(pays / 3, pays, 2)
    if draw.chance(0.3):
        row["at_least"] = draw.number(0, pays / 4, 2)
    return row


def _amount(draw: Draw) -> Row:
    return {"kind": draw.one("members", "members", "lump", "member_months")}


def linear(draw: Draw, workflows: list[str]) -> Row:
    """So much for every point of a rate; for readmissions, off for every point."""
    rate: Row = {"kind": "linear", "base": 40, "per_unit": -draw.number(10, 80)}
    if draw.chance(0.6):
        return {"quantity": _amount(draw), "driver": _rate(draw), "rate": _line(draw, 80)}
    return {"quantity": _amount(draw), "driver": {"kind": "rate", "measure": "PCR"}, "rate": rate}


def combination(draw: Draw, workflows: list[str]) -> Row:
    """A target share of the benchmark less expenditure, or two counts together."""
    target = [
        {"rate": draw.number(0.95, 1.02, 3), "of": {"kind": "benchmark_expenditure"}},
        {"rate": -1, "of": {"kind": "expenditure"}},
    ]
    sign = draw.one(1, 1, -0.2)
    counts = [
        {"rate": 1, "of": {"kind": "numerator", "measure": "BCS"}},
        {"rate": sign, "of": {"kind": draw.one("gaps_closed", "numerator", "denominator"), "measure": "CBP"}},
    ]
    money = draw.chance(0.5)
    limits = [{"kind": "cap", "usd": draw.number(1_000, 20_000)}] if draw.chance(0.4) else []
    if money and draw.chance(0.5):
        limits.append({"kind": "floor", "usd": 0})
    rate = {"kind": "constant", "pays": draw.number(0.2, 0.6, 2) if money else draw.number(5, 40)}
    parts = target if money else counts
    return {"quantity": {"kind": "combination", "parts": parts}, "rate": rate, "limits": limits}


def ratio(draw: Draw, workflows: list[str]) -> Row:
    """Steps of compliant members for each eligible one, or of spending for each dollar of its benchmark."""
    if draw.chance(0.5):
        of, over = ({"kind": kind, "measure": "BCS"} for kind in ("numerator", "denominator"))
        table = rising_steps(draw, 0.4, 0.9, 80)
    else:
        of, over = {"kind": "expenditure"}, {"kind": "benchmark_expenditure"}
        table = falling_steps(draw, 0.93, 1.03, 80)
    return {"quantity": _amount(draw), "driver": {"kind": "ratio", "of": of, "over": over}, "rate": table}


def _part(draw: Draw) -> Row:
    measure = draw.one(*MEASURES)
    table = falling_steps(draw, 0.05, 0.4, 10) if measure == "PCR" else rising_steps(draw, 0.4, 0.9, 10)
    if measure != "PCR" and draw.chance(0.3):
        table = _line(draw, 10)
    row: Row = {"driver": {"kind": "rate", "measure": measure}, "schedule": table, "weight": draw.one(1, 2, 0.5)}
    if draw.chance(0.15):
        row = {"driver": {"kind": "fact", "name": "rank"}, "weight": 5}
    return row


def scored_sum(draw: Draw, workflows: list[str]) -> Row:
    """Steps of a sum of scheduled rates, or of the largest or the mean of them."""
    kind = draw.one("sum", "sum", "sum", "largest", "composite")
    driver: Row = {"kind": kind, "parts": [_part(draw) for _ in range(draw.one(2, 2, 3))]}
    if kind == "sum" and draw.chance(0.4):
        driver["at_most"] = draw.number(8, 20)
    if kind == "sum" and draw.chance(0.2):
        driver["at_least"] = draw.number(1, 5)
    return {"quantity": _amount(draw), "driver": driver, "rate": rising_steps(draw, 1, 18, 80)}


def gain(draw: Draw, workflows: list[str]) -> Row:
    """So much for the gain over last year, or by steps of it."""
    rate = _rate(draw)
    driver: Row = {
        "kind": "gain", "of": rate, "over": {"kind": "last_year", "driver": rate},
        "basis": draw.one("absolute", "relative"),
    }  # fmt: skip
    if draw.chance(0.2):
        driver |= {"over": {"kind": "rate", "measure": "CBP"}, "basis": "absolute"}
    table = rising_steps(draw, 0.01, 0.3, 80) if draw.chance(0.5) else _line(draw, 80)
    return {"quantity": _amount(draw), "driver": driver, "rate": table}


def factor(draw: Draw, workflows: list[str]) -> Row:
    """A bonus times a fact and times a line of a rate."""
    by_rate = {"driver": _rate(draw), "schedule": _line(draw, 2)}
    by_fact = {"driver": {"kind": "fact", "name": "rank"}}
    quantity = draw.one(_amount(draw), {"kind": "gaps_closed", "measure": "BCS"}, {"kind": "savings"})
    pays = draw.number(0.2, 0.6, 2) if quantity["kind"] == "savings" else draw.number(5, 60)
    return {
        "quantity": quantity, "rate": {"kind": "constant", "pays": pays},
        "multipliers": draw.some([by_rate, by_fact], draw.one(1, 2)),
    }  # fmt: skip


def driven(draw: Draw, workflows: list[str]) -> Row:
    """A bonus behind a threshold that a fact sets."""
    line = {"kind": "linear", "base": draw.number(0.2, 0.6, 2), "per_unit": draw.number(-0.2, 0.4, 2)}
    limit = {"driver": {"kind": "fact", "name": "rank"}, "schedule": line}
    good, bad = {"kind": "rate", "measure": draw.one(*GOOD)}, {"kind": "rate", "measure": "PCR"}
    up, down = draw.one("at_least", "above"), draw.one("at_most", "below")
    gate = (
        {"kind": "test", "driver": good, up: limit}
        if draw.chance(0.6)
        else {"kind": "test", "driver": bad, down: limit}
    )
    return {"quantity": _amount(draw), "rate": {"kind": "constant", "pays": draw.number(5, 60)}, "gates": [gate]}


def curve(draw: Draw, workflows: list[str]) -> Row:
    """A curve of a rate with a jump, or rounded, or both; for readmissions it falls."""
    corners = sorted(draw.number(0.35, 0.9, 2) for _ in range(3))
    heights = sorted(draw.number(0, 60) for _ in range(4))
    at = [corners[0], corners[1], corners[1], corners[2]] if draw.chance(0.6) else [corners[0], *corners]
    rate: Row = {"kind": "piecewise_linear"}
    measure = draw.one(*GOOD, "PCR")
    if measure == "PCR":
        at, rate = [round(0.9 - x, 2) for x in at], rate | {"descending": True}
    if draw.chance(0.5):
        rate["rounded_to"] = draw.one(5, 10)
    rate["points"] = [{"at": x, "pays": y} for x, y in zip(at, heights, strict=True)]
    return {"quantity": _amount(draw), "driver": {"kind": "rate", "measure": measure}, "rate": rate}


def prepaid(draw: Draw, workflows: list[str]) -> Row:
    """A step bonus that is partly paid ahead."""
    ahead = {"quantity": _amount(draw), "rate": draw.number(1, 20), "claw_back": draw.chance(0.3)}
    return {
        "quantity": _amount(draw), "driver": _rate(draw), "rate": rising_steps(draw, 0.4, 0.9, 80), "prepaid": ahead,
        "gates": [{"kind": "workflow", "workflow": draw.one(*workflows)}] if draw.chance(0.3) else [],
    }  # fmt: skip


def taken_back(draw: Draw, workflows: list[str]) -> Row:
    """A bonus, and an advance that is taken back from it."""
    advance = {"kind": "fact", "name": "already_paid"}
    back = {
        "quantity": {"kind": "paid_by", "component": SIBLING}, "rate": {"kind": "constant", "pays": -1},
        "limits": [{"kind": "floor", "rate": -1, "of": advance}],
    }  # fmt: skip
    earned = draw.one(scored_sum, linear, combination, curve)(draw, workflows)
    floor = [{"kind": "floor", "usd": 0}]
    return earned | {"limits": [*earned.get("limits", []), *floor], "also": back}


def pool(draw: Draw, workflows: list[str]) -> Row:
    """A share of a pool: a fact, or so much for each member of those who take part."""
    by_member = {"kind": "combination", "parts": [{"rate": draw.number(5, 40), "of": {"kind": "members"}}]}
    weight: Row = {"of": {"kind": "numerator", "measure": "BCS"}}
    if draw.chance(0.6):
        weight = {"of": {"kind": "members"}, "driver": _rate(draw), "schedule": rising_steps(draw, 0.4, 0.8, 2)}
    quantity: Row = {"kind": "pool_share", "weight": weight}
    quantity["pool_usd"] = draw.one(by_member, {"kind": "fact", "name": "already_paid"})
    if draw.chance(0.5):
        quantity["outside_weight"] = "already_paid"
    if draw.chance(0.2):
        less = [{"rate": 20, "of": {"kind": "numerator", "measure": "CBP"}}, {"rate": -0.5, "of": quantity}]
        quantity = {"kind": "combination", "parts": less}
    return {"quantity": quantity, "rate": {"kind": "constant", "pays": 1}}


def place(draw: Draw, workflows: list[str]) -> Row:
    """A bonus by the place among those who take part, or by how far one has risen."""
    driver: Row = {"kind": "peer_percentile", "of": {"kind": "rate", "measure": draw.one(*MEASURES)}}
    driver["lower_is_better"] = driver["of"]["measure"] == "PCR"
    if draw.chance(0.3):
        driver = {"kind": "gain", "of": driver, "over": {"kind": "last_year", "driver": driver}}
    return {"quantity": _amount(draw), "driver": driver, "rate": rising_steps(draw, 0.1, 0.95, 80)}


NEW_PRACTICE_KINDS = (
    linear, combination, ratio, scored_sum, gain, factor, driven, curve, prepaid, taken_back, pool, place,
)  # fmt: skip
"""Payments to one practice or TIN."""

NEW_ORGANIZATION_KINDS = (linear, combination, scored_sum, gain, driven, curve, factor)
"""Payments on pooled results."""
