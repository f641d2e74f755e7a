"""Random tiny problems: a catalog, a network and a scenario from one seed, small enough to enumerate.

Reach is all or nothing (`minimum_reach: 1`), amounts are such that critical mass is sometimes within
reach and sometimes not, and every kind of clause turns up that the model claims to represent exactly.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog
from critmass.domain.network import ORGANIZATION, SHEETS, Network
from critmass.domain.scenario import CriticalMass, Lock, Scenario
from critmass.network.fill import complete_network

Row = dict[str, Any]

LINES = {"north": "commercial", "south": "medicaid", "east": "medicare_ffs"}
"""The invented payers and the line of business of each."""

MEASURES = {"BCS": "higher_is_better", "CBP": "higher_is_better", "PCR": "lower_is_better"}
WORKFLOWS = ("registry", "outreach", "visits", "care_management")


@dataclass(frozen=True)
class Shape:
    """How large an instance is."""

    practices: int
    workflows: int
    payers: int
    practice_programs: int
    organization_programs: int


@dataclass(frozen=True)
class Instance:
    """One problem. `text` is the catalog as it was written, for a failing example."""

    seed: int
    catalog: Catalog
    network: Network
    scenario: Scenario
    text: str


SHAPES = (
    Shape(practices=1, workflows=4, payers=3, practice_programs=4, organization_programs=1),
    Shape(practices=2, workflows=4, payers=3, practice_programs=2, organization_programs=1),
    Shape(practices=2, workflows=3, payers=2, practice_programs=3, organization_programs=1),
    Shape(practices=2, workflows=4, payers=2, practice_programs=2, organization_programs=0),
    Shape(practices=2, workflows=3, payers=3, practice_programs=2, organization_programs=2),
    Shape(practices=3, workflows=3, payers=2, practice_programs=1, organization_programs=1),
)


def random_instance(seed: int) -> Instance:
    """The instance of a seed; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    shape = SHAPES[seed % len(SHAPES)]
    draw = Draw(rng)
    tree = catalog_tree(draw, shape)
    catalog, text = catalog_of(tree)
    return Instance(seed, catalog, random_network(draw, shape, catalog), random_scenario(draw, catalog, shape), text)


def catalog_of(tree: Row) -> tuple[Catalog, str]:
    """A catalog from its content, read the way a user's file is read."""
    text = yaml.safe_dump(tree, sort_keys=False)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "catalog"
        place.mkdir()
        (place / "random.yaml").write_text(text, encoding="utf-8")
        return load_catalog([place], shipped=False), text


class Draw:
    """Draws from one stream, rounded so that an instance can be read."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.per_measure_usd = self.one(0, 50)

    def number(self, low: float, high: float, decimals: int = 0) -> float:
        """A number between two ends."""
        return round(float(self.rng.uniform(low, high)), decimals)

    def chance(self, share: float) -> bool:
        """True in that share of draws."""
        return bool(self.rng.random() < share)

    def one(self, *items: Any) -> Any:
        """One of the items."""
        return items[int(self.rng.integers(len(items)))]

    def some(self, items: list[Any], count: int) -> list[Any]:
        """That many of the items, in their order."""
        return [items[i] for i in sorted(self.rng.choice(len(items), min(count, len(items)), replace=False))]

    def rising(self, low: float, high: float, count: int, decimals: int) -> list[float]:
        """Numbers that rise strictly."""
        return sorted({self.number(low, high, decimals) for _ in range(count)})


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
        "id": WORKFLOWS[place], "label": WORKFLOWS[place], "stage": "deliver", "core": place == 0 or draw.chance(0.4),
        "requires": [WORKFLOWS[0]] if place and draw.chance(0.6) else [],
        "delivery": delivery, "minimum_reach": 1.0,
        "eligible": [{"stratum": draw.one("all", "risk_rising", "risk_high"), "share": draw.number(0.2, 1.0, 2)}],
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
        "id": name, "label": name, "payer": payer, "performance_year": 2026, "lines_of_business": [LINES[payer]],
        "effective": {"from": "2026-01-01", "to": "2026-12-31"}, "status": "complete",
        "reporting": {"fixed_usd": draw.number(0, 800), "per_measure_usd": draw.per_measure_usd},
        "components": components,
    }  # fmt: skip
    if draw.chance(0.15):
        program["eligibility"] = [{"kind": "test", "driver": {"kind": "fact", "name": "ready"}, "at_least": 1}]
    return program


def _practice_program(draw: Draw, place: int, payers: list[str], workflows: list[str]) -> Row:
    kinds: list[Callable[[Draw, list[str]], Row]] = [
        _pmpm, _strata, _bounty, _step_bonus, _events, _points, _uplift, _composite, _withhold, _concave,
        _multiplied, _credited, _brackets,
    ]  # fmt: skip
    count = draw.one(1, 1, 2)
    chosen = [kinds[i] for i in draw.rng.choice(len(kinds), count, replace=False)]
    components = [_component(f"c{i}", kind(draw, workflows)) for i, kind in enumerate(chosen)]
    program = _program(draw, f"own{place}", payers[place % len(payers)], components)
    return program | {"voluntary": not draw.chance(0.08)}


def _organization_program(draw: Draw, place: int, payers: list[str], workflows: list[str]) -> Row:
    kind = draw.one(_pooled_tier, _pooled_savings, _pooled_savings, _pooled_points, _pooled_events, _pooled_losses)
    components = [_component("pool", kind(draw, workflows), level="organization")]
    components[0]["pass_through"] = draw.one(1.0, 0.8, 0.5)
    if draw.chance(0.3):
        components.append(_component("fee", _pmpm(draw, workflows)))
    program = _program(draw, f"whole{place}", payers[-1 - place % len(payers)], components)
    return program | {"join_level": "organization"}


def _component(name: str, terms: Row, level: str = "practice") -> Row:
    frame = {"id": name, "label": name, "clause": name, "payment_stream": "p4p", "apm_category": "2C", "level": level}
    return frame | terms


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


def _pmpm(draw: Draw, workflows: list[str]) -> Row:
    return {
        "quantity": {"kind": "member_months"}, "gates": _gates(draw, workflows),
        "rate": {"kind": "constant", "pays": draw.number(0.5, 6, 2)}, **_half_year(draw),
    }  # fmt: skip


def _strata(draw: Draw, workflows: list[str]) -> Row:
    rates = {"risk_rising": draw.number(1, 8, 2), "risk_high": draw.number(5, 40, 2)}
    return {
        "quantity": {"kind": "member_months"}, "rate": {"kind": "by_stratum", "rates": rates},
        "gates": _gates(draw, workflows),
    }  # fmt: skip


def _bounty(draw: Draw, workflows: list[str]) -> Row:
    measure = draw.one("BCS", "CBP")
    basis = draw.one("absolute", "relative", "gap_share")
    gain = {"kind": "improvement", "measure": measure, "basis": basis}
    gate = {"kind": "test", "driver": gain, "at_least": draw.number(0.01, 0.2, 3)}
    return {
        "quantity": {"kind": draw.one("gaps_closed", "numerator"), "measure": measure},
        "rate": {"kind": "constant", "pays": draw.number(10, 120)}, "gates": [gate] if draw.chance(0.5) else [],
    }  # fmt: skip


def _steps(draw: Draw, low: float, high: float, pays: float, decimals: int = 3) -> Row:
    thresholds = draw.rising(low, high, 3, decimals)
    amounts = draw.rising(pays / 5, pays, 12, 3)[-len(thresholds) :]
    rows = [{"at_least": x, "pays": y} for x, y in zip(thresholds, amounts, strict=True)]
    return {"kind": "steps", "rows": rows, "inclusive": draw.chance(0.8)}


def _falling_steps(draw: Draw, low: float, high: float, pays: float) -> Row:
    table = _steps(draw, low, high, pays)
    thresholds = [row["at_least"] for row in reversed(table["rows"])]
    rows = [row | {"at_least": x} for row, x in zip(table["rows"], thresholds, strict=True)]
    return table | {"rows": rows, "descending": True}


def _step_bonus(draw: Draw, workflows: list[str]) -> Row:
    measure = draw.one(*MEASURES)
    table = _steps(draw, 0.4, 0.9, 80) if measure != "PCR" else _falling_steps(draw, 0.05, 0.4, 80)
    limits = [{"kind": "cap", "usd": draw.number(2_000, 20_000)}] if draw.chance(0.3) else []
    return {
        "quantity": {"kind": draw.one("members", "members", "lump")},
        "driver": {"kind": "rate", "measure": measure}, "rate": table, "limits": limits,
    }  # fmt: skip


def _events(draw: Draw, workflows: list[str]) -> Row:
    quantity: Row = {"kind": "events", "service": "visit"}
    if draw.chance(0.6):
        quantity["max_per_member"] = draw.number(0.2, 1.0, 2)
    return {"quantity": quantity, "rate": {"kind": "constant", "pays": draw.number(10, 90)}}


def _scored(draw: Draw, measure: str, best: float) -> Row:
    rising = measure != "PCR"
    table = _steps(draw, 0.4, 0.9, best) if rising else _falling_steps(draw, 0.05, 0.4, best)
    row: Row = {"measure": measure, "weight": draw.one(1, 2), "attainment": table}
    if draw.chance(0.5):
        row["improvement"] = _steps(draw, 0.01, 0.2, best)
    return row


def _points(draw: Draw, workflows: list[str]) -> Row:
    items = [_scored(draw, measure, 10) for measure in draw.some(list(MEASURES), 2)]
    return {
        "quantity": {"kind": "members"}, "driver": {"kind": "points", "items": items, "extra": draw.one(0, 1)},
        "rate": _steps(draw, 2, 25, 80, 1),
    }  # fmt: skip


def _composite(draw: Draw, workflows: list[str]) -> Row:
    items = [_scored(draw, measure, 1) for measure in draw.some(list(MEASURES), 2)]
    driver = {"kind": "composite", "items": items, "facts": [{"name": "rank", "weight": 0.5}]}
    return {"quantity": {"kind": "members"}, "driver": driver, "rate": _steps(draw, 0.1, 0.9, 80)}


def _uplift(draw: Draw, workflows: list[str]) -> Row:
    targets = [{"measure": "BCS", "target": draw.number(0.4, 0.8, 2)}, {"measure": "PCR", "target": draw.number(0.1, 0.4, 2)}]
    return {
        "quantity": {"kind": "allowed_charges", "code_set": "office"},
        "driver": {"kind": "measures_met", "items": targets},
        "rate": {"kind": "steps", "rows": [{"at_least": 1, "pays": 0.03}, {"at_least": 2, "pays": 0.1}]},
    }


def _withhold(draw: Draw, workflows: list[str]) -> Row:
    return {
        "quantity": {"kind": "allowed_charges", "code_set": "office"}, "money": "withheld",
        "rate": {"kind": "constant", "pays": -draw.number(0.01, 0.05, 3)},
        "applies": draw.one("always", "not_joined"),
    }  # fmt: skip


def _concave(draw: Draw, workflows: list[str]) -> Row:
    corners = draw.rising(0.4, 0.9, 2, 3)
    points = [{"at": 0.0, "pays": 0.0}, {"at": corners[0], "pays": 40.0}, {"at": corners[-1] + 0.05, "pays": 44.0}]
    rate = {"kind": "piecewise_linear", "points": points}
    return {"quantity": {"kind": "members"}, "driver": {"kind": "rate", "measure": "CBP"}, "rate": rate}


def _multiplied(draw: Draw, workflows: list[str]) -> Row:
    by_fact = {"driver": {"kind": "fact", "name": "rank"}, "schedule": _steps(draw, 0.1, 0.9, 2)}
    by_rate = {"driver": {"kind": "rate", "measure": draw.one(*list(MEASURES)[:2])}, "schedule": _steps(draw, 0.4, 0.8, 2)}
    multipliers = draw.some([by_fact, by_rate], draw.one(1, 1, 2))
    return {
        "quantity": {"kind": "members"}, "rate": {"kind": "constant", "pays": draw.number(5, 60)},
        "multipliers": multipliers,
    }  # fmt: skip


def _credited(draw: Draw, workflows: list[str]) -> Row:
    limits = [{"kind": "credit", "fact": "already_paid"}]
    return _pmpm(draw, workflows) | {"limits": limits, "money": draw.one("new", "credited")}


def _brackets(draw: Draw, workflows: list[str]) -> Row:
    bands = [{"up_to": draw.number(0.4, 0.7, 2), "rate": draw.number(40, 80)}, {"rate": draw.number(0, 40)}]
    return {
        "quantity": {"kind": "members"}, "driver": {"kind": "rate", "measure": "BCS"},
        "rate": {"kind": "brackets", "bands": bands},
    }  # fmt: skip


def _pooled_points(draw: Draw, workflows: list[str]) -> Row:
    return _points(draw, workflows) | {"money": draw.one("new", "new", "credited")}


def _pooled_events(draw: Draw, workflows: list[str]) -> Row:
    return {"quantity": {"kind": "events", "service": "visit"}, "rate": {"kind": "constant", "pays": draw.number(10, 90)}}


def _pooled_losses(draw: Draw, workflows: list[str]) -> Row:
    limits: list[Row] = [{"kind": "loss_rate", "rate": draw.number(0.3, 0.8, 2)}] if draw.chance(0.3) else []
    limits.append({"kind": "cap", "rate": 0.03, "of": {"kind": "benchmark_expenditure"}, "symmetric": draw.chance(0.3)})
    return {"quantity": {"kind": "savings"}, "rate": {"kind": "constant", "pays": draw.number(0.3, 0.8, 2)}, "limits": limits}


def _pooled_tier(draw: Draw, workflows: list[str]) -> Row:
    measure = draw.one("BCS", "CBP")
    return {
        "quantity": {"kind": "member_months"}, "driver": {"kind": "rate", "measure": measure},
        "rate": _steps(draw, 0.4, 0.8, 6), "money": draw.one("new", "new", "credited"),
        "gates": [{"kind": "workflow", "workflow": draw.one(*workflows)}] if draw.chance(0.3) else [],
    }  # fmt: skip


def _pooled_savings(draw: Draw, workflows: list[str]) -> Row:
    gates: list[Row] = [{"kind": "test", "driver": {"kind": "savings_rate"}, "at_least": draw.number(0.0, 0.04, 4)}]
    if draw.chance(0.5):
        test = {"kind": "rate", "measure": draw.one("BCS", "CBP")}
        gates.append({"kind": "test", "driver": test, "at_least": draw.number(0.4, 0.7, 3)})
    limits: list[Row] = [{"kind": "sequester", "rate": 0.02}] if draw.chance(0.5) else []
    if draw.chance(0.5):
        limits.append({"kind": "cap", "rate": draw.number(0.005, 0.05, 4), "of": {"kind": "benchmark_expenditure"}})
    share = draw.number(0.3, 0.8, 2)
    return {
        "quantity": {"kind": "savings"}, "rate": {"kind": "constant", "pays": share}, "gates": gates, "limits": limits,
    }  # fmt: skip


# Network ----------------------------------------------------------------------------------------------


def random_network(draw: Draw, shape: Shape, catalog: Catalog) -> Network:
    """A network with a panel, baselines, charges, spending, some staff and workflows, and cash limits."""
    names = [f"P{place + 1}" for place in range(shape.practices)]
    whole = {program.payer for program in catalog.programs.values() if program.join_level == "organization"}
    everywhere = {"north", *whole}
    cells = [
        {"practice": name, "payer": payer, "line_of_business": LINES[payer]}
        for name in names
        for payer in catalog.payers
        if payer in everywhere or draw.chance(0.8)
    ]
    members = [int(draw.number(60, 500)) for _ in cells]
    rows: dict[str, list[Row]] = {
        "Organization": [{"name": "Tiny", "startup_budget_usd": _cash(draw, 12_000), "synthetic": 1.0}],
        "Practices": [_practice(draw, name) for name in names],
        "Panel": [_panel(draw, cell, count) for cell, count in zip(cells, members, strict=True)],
        "Baseline": [
            _baseline(draw, cell, measure, count)
            for cell, count in zip(cells, members, strict=True)
            for measure in catalog.measures
        ],
        "Staff": _staff(draw, names),
        "Workflows": [
            {"practice": name, "workflow": "registry", "reach": 1.0} for name in names if draw.chance(0.25)
        ],
        "Charges": [
            {**cell, "code_set": "office", "allowed_usd": count * draw.number(100, 300)}
            for cell, count in zip(cells, members, strict=True)
        ],
        "Spending": [_spending(draw, cell, count) for cell, count in zip(cells, members, strict=True)],
        "Facts": [
            {"practice": name, "fact": fact, "value": value}
            for name in names
            for fact, value in (("ready", float(draw.chance(0.7))), ("rank", draw.number(0, 1, 2)))
        ],
        "Contracts": [],
    }
    return complete_network(tables_of(rows))


def tables_of(rows: dict[str, list[Row]]) -> dict[str, pd.DataFrame]:
    """Sheets as tables with every column; what a row does not give is blank."""
    tables = {}
    for sheet in SHEETS:
        columns = {
            column.name: [
                row.get(column.name, "" if column.kind in ("text", "choice") else np.nan) for row in rows[sheet.name]
            ]
            for column in sheet.columns
        }
        tables[sheet.name] = pd.DataFrame(columns)
    return tables


def _cash(draw: Draw, most: float) -> float:
    return float(draw.one(np.nan, draw.number(0, most), draw.number(0, most)))


def _practice(draw: Draw, name: str) -> Row:
    return {"practice": name, "name": name, "clinicians": 1.0, "startup_budget_usd": _cash(draw, 15_000)}


def _panel(draw: Draw, cell: Row, members: int) -> Row:
    return {
        **cell, "members": float(members), "member_months": float(round(members * draw.number(11, 12, 2))),
        "risk_rising": float(members // 5), "risk_high": float(members // 20),
    }  # fmt: skip


def _baseline(draw: Draw, cell: Row, measure: str, members: int) -> Row:
    denominator = round(members * draw.number(0.1, 0.6, 2))
    low, high = (0.1, 0.45) if measure == "PCR" else (0.35, 0.8)
    numerator = round(denominator * draw.number(low, high, 3))
    prior = round(denominator * draw.number(low, high, 3))
    return {
        **cell, "measure": measure, "denominator": float(denominator), "numerator": float(numerator),
        "prior_denominator": float(denominator), "prior_numerator": float(prior),
        "carried_numerator": float(numerator // 2),
    }  # fmt: skip


def _staff(draw: Draw, names: list[str]) -> list[Row]:
    rows = [{"practice": name, "role": "nurse", "fte": draw.number(0, 0.5, 1)} for name in names if draw.chance(0.2)]
    if draw.chance(0.2):
        rows.append({"practice": ORGANIZATION, "role": "assistant", "fte": 0.2})
    return rows


def _spending(draw: Draw, cell: Row, members: int) -> Row:
    benchmark = members * draw.number(2_000, 6_000)
    return {**cell, "benchmark_usd": benchmark, "expenditure_usd": benchmark * draw.number(0.97, 1.03, 4)}


# Scenario ---------------------------------------------------------------------------------------------


def random_scenario(draw: Draw, catalog: Catalog, shape: Shape) -> Scenario:
    """A rule of critical mass, an objective, and now and then a lock."""
    payers = draw.one(1, 2)
    mass = CriticalMass(
        ratio=draw.one(0.6, 0.8, 1.0, 1.2),
        payers=payers,
        payer_share=draw.one(0.0, 0.1, 0.2),
        count_credited=draw.chance(0.3),
    )
    objective = draw.one("members_then_margin", "members_then_margin", "practices_then_margin", "margin", "weighted")
    return Scenario(
        critical_mass=mass,
        objective=objective,
        usd_per_member_at_mass=draw.number(5, 60),
        hub=not draw.chance(0.1),
        locks=(_lock(draw, catalog),) if draw.chance(0.2) else (),
        effects=draw.one("low", "mid", "high"),
    )


def _lock(draw: Draw, catalog: Catalog) -> Lock:
    practice = draw.one(None, "P1")
    if draw.chance(0.5):
        own = [program.id for program in catalog.programs.values() if program.join_level == "practice"]
        return Lock(practice=practice, program=draw.one(*own), decision=draw.one("joined", "declined"))
    workflow = draw.one(*list(catalog.workflows)[1:])
    return Lock(practice=practice, workflow=workflow, decision=draw.one("in_place", "left_out"))
