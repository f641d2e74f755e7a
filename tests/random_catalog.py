"""A random catalog: measures, workflows, staff, and programs with rules between them."""

from __future__ import annotations

from dataclasses import dataclass

import random_clauses as clauses
from random_clauses import MEASURES, Row
from random_draw import Draw
from random_new_clauses import NEW_ORGANIZATION_KINDS, NEW_PRACTICE_KINDS, SIBLING

LINES = {"north": "commercial", "south": "medicaid", "east": "medicare_ffs"}
"""The invented payers and the line of business of each."""

WORKFLOWS = ("registry", "outreach", "visits", "care_management")


@dataclass(frozen=True)
class Shape:
    """How large an instance is."""

    practices: int
    workflows: int
    payers: int
    practice_programs: int
    organization_programs: int


# Catalog ----------------------------------------------------------------------------------------------


def catalog_tree(draw: Draw, shape: Shape) -> Row:
    """A whole catalog as it would stand in a file."""
    payers = list(LINES)[: shape.payers]
    tree = {
        "cite": {"assumption": True, "reason": "made up for tests"},
        "measures": [_measure(draw, name) for name in MEASURES],
        "roles": [_role(draw, "nurse"), _role(draw, "assistant")],
        "workflows": [_workflow(draw, place) for place in range(shape.workflows)],
        "services": [{"id": "visit", "label": "Visit", "codes": ["00000"]}],
        "code_sets": [{"id": "office", "label": "Office visits", "codes": ["00001"]}],
        "facts": [
            {"id": "ready", "label": "Ready", "kind": "yes_no", "default": 1},
            {"id": "rank", "label": "Rank", "kind": "number", "default": 0.5},
            {"id": "already_paid", "label": "Paid already", "kind": "number", "default": 1500},
        ],
        "payers": [{"id": payer, "label": payer, "lines_of_business": [LINES[payer]]} for payer in payers],
    }
    return tree | {"programs": _programs(draw, shape, payers)}


def _measure(draw: Draw, name: str) -> Row:
    return {
        "id": name, "label": name, "direction": MEASURES[name], "domain": "test",
        "ceiling": draw.number(0.3, 0.9, 2), "typical_rate": 0.5, "eligible_share": 0.5,
    }  # fmt: skip


def _role(draw: Draw, name: str) -> Row:
    return {
        "id": name, "label": name, "wage_usd": draw.number(30_000, 90_000), "minutes_per_year": 100_000,
        "practice_step_fte": draw.one(0.1, 0.25, 0.5), "hub_step_fte": draw.one(0.1, 0.25, 1.0),
        "turnover_factor": draw.one(1.0, 1.1),
    }  # fmt: skip


def _workflow(draw: Draw, place: int) -> Row:
    delivery = "practice" if place != 1 else draw.one("either", "either", "hub", "practice")
    measures = draw.some(list(MEASURES), int(draw.rng.integers(1, 3)))
    row: Row = {
        "id": WORKFLOWS[place], "label": WORKFLOWS[place], "stage": "deliver",
        "core": place == 0 or draw.chance(0.4),
        "requires": [WORKFLOWS[0]] if place and draw.chance(0.6) else [],
        "delivery": delivery, "minimum_reach": 1.0,
        "eligible": [_eligible(draw)],
        "fixed_usd": draw.number(200, 4_000), "unit_usd": draw.number(0, 15, 2),
        "startup_usd": draw.one(0.0, draw.number(500, 8_000)), "startup_years": draw.one(2, 5),
        "effects": [_effect(draw, measure) for measure in measures],
    }  # fmt: skip
    if delivery != "practice":
        row |= {"hub_fixed_usd": draw.number(200, 3_000), "hub_practice_fixed_usd": draw.number(0, 500)}
    if draw.chance(0.5):
        minutes = draw.number(2, 60)
        row["staff"] = [{"role": draw.one("nurse", "assistant"), "minutes_per_patient": minutes}]
    if draw.chance(0.4):
        row["savings"] = [_savings(draw)]
    if draw.chance(0.5):
        row["services"] = [{"service": "visit", "stratum": "all", "per_member": draw.number(0.1, 0.8, 2)}]
    return row


def _eligible(draw: Draw) -> Row:
    return {"stratum": draw.one("all", "risk_rising", "risk_high"), "share": draw.number(0.2, 1.0, 2)}


def _effect(draw: Draw, measure: str) -> Row:
    low, mid, high = sorted(draw.number(0.02, 0.6, 3) for _ in range(3))
    return {"measure": measure, "closed_share": mid, "low": low, "high": high}


def _savings(draw: Draw) -> Row:
    share = draw.number(0.005, 0.05, 4)
    return {"lines_of_business": list(LINES.values()), "saved_share": share, "low": 0.0, "high": share}


# Programs ---------------------------------------------------------------------------------------------


def _programs(draw: Draw, shape: Shape, payers: list[str]) -> list[Row]:
    workflows = list(WORKFLOWS[: shape.workflows])
    whole = [_organization_program(draw, place, payers, workflows) for place in range(shape.organization_programs)]
    own = [_practice_program(draw, place, payers, workflows) for place in range(shape.practice_programs)]
    if len(own) >= 2:
        _rule_between(draw, own)
    if own and whole:
        _rule_across(draw, own[-1], whole[0])
    if len(whole) == 2 and draw.chance(0.5):
        whole[0]["exclusive_group"] = whole[1]["exclusive_group"] = "tracks"
    return own + whole


def _rule_between(draw: Draw, programs: list[Row]) -> None:
    first, second = programs[0], programs[1]
    rule = draw.one("group", "excludes", "requires", "gate", "none", "none")
    if rule == "group":
        first["exclusive_group"] = second["exclusive_group"] = "either_or"
    elif rule in ("excludes", "requires"):
        second[rule] = [first["id"]]
    elif rule == "gate":
        _gated_by(draw, second, first)


def _rule_across(draw: Draw, own: Row, whole: Row) -> None:
    rule = draw.one("excludes", "requires", "gate", "none", "none", "none")
    if rule in ("excludes", "requires"):
        own[rule] = [*own.get(rule, ()), whole["id"]]
    elif rule == "gate":
        _gated_by(draw, own, whole)


def _gated_by(draw: Draw, program: Row, other: Row) -> None:
    component = program["components"][0]
    gate = {"kind": "program", "program": other["id"], "joined": draw.chance(0.6)}
    component["gates"] = [*component.get("gates", ()), gate]


def _program(draw: Draw, name: str, payer: str, components: list[Row]) -> Row:
    program: Row = {
        "id": name, "label": name, "payer": payer, "performance_year": 2026,
        "lines_of_business": [LINES[payer]],
        "effective": {"from": "2026-01-01", "to": "2026-12-31"}, "status": "complete",
        "reporting": {"fixed_usd": draw.number(0, 800), "per_measure_usd": draw.one(0, 50, 80)},
        "components": components,
    }  # fmt: skip
    if draw.chance(0.15):
        program["eligibility"] = [{"kind": "test", "driver": {"kind": "fact", "name": "ready"}, "at_least": 1}]
    return program


def _practice_program(draw: Draw, place: int, payers: list[str], workflows: list[str]) -> Row:
    kinds = clauses.PRACTICE_KINDS + NEW_PRACTICE_KINDS
    count = draw.one(1, 1, 2)
    chosen = [kinds[i] for i in draw.rng.choice(len(kinds), count, replace=False)]
    components: list[Row] = []
    for i, kind in enumerate(chosen):
        components += _components(draw, f"c{i}", kind(draw, workflows))
    program = _program(draw, f"own{place}", payers[place % len(payers)], components)
    if draw.chance(0.08):
        program.pop("eligibility", None)
        program["voluntary"] = False
    return program


def _organization_program(draw: Draw, place: int, payers: list[str], workflows: list[str]) -> Row:
    kind = draw.one(*clauses.ORGANIZATION_KINDS, *NEW_ORGANIZATION_KINDS)
    components = [_component("pool", kind(draw, workflows), level="organization")]
    components[0]["pass_through"] = draw.one(1.0, 0.8, 0.5)
    if draw.chance(0.3):
        components.append(_component("fee", clauses.pmpm(draw, workflows)))
    program = _program(draw, f"whole{place}", payers[-1 - place % len(payers)], components)
    return program | {"join_level": "organization"}


def _components(draw: Draw, name: str, terms: Row) -> list[Row]:
    """A payment, and the one that takes it back; at TIN level now and then, each practice being its own TIN."""
    level = "tin" if draw.chance(0.15) else "practice"
    also = terms.pop("also", None)
    found = [_component(name, terms, level)]
    if also is not None:
        assert also["quantity"]["component"] == SIBLING
        quantity = also["quantity"] | {"component": name}
        found.append(_component(f"{name}_back", also | {"quantity": quantity}, level))
    return found


def _component(name: str, terms: Row, level: str = "practice") -> Row:
    frame = {
        "id": name,
        "label": name,
        "clause": name,
        "payment_stream": "p4p",
        "apm_category": "2C",
        "level": level,
    }
    return frame | terms
