"""Random tiny problems: a catalog, a network and a scenario from one seed, small enough to enumerate.

Reach is all or nothing (`minimum_reach: 1`), amounts are such that critical mass is sometimes within
reach and sometimes not, and every kind of clause turns up that the model claims to represent exactly.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog
from critmass.domain.network import ORGANIZATION, SHEETS, Network
from critmass.domain.scenario import CriticalMass, Lock, Scenario
from critmass.network.fill import complete_network
from random_catalog import LINES, Shape, catalog_tree
from random_clauses import Row
from random_draw import Draw


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


# Network ----------------------------------------------------------------------------------------------


def random_network(draw: Draw, shape: Shape, catalog: Catalog) -> Network:
    """A network with a panel, baselines, charges, spending, some staff and workflows, and cash limits."""
    names = [f"P{place + 1}" for place in range(shape.practices)]
    cells = [
        {"practice": name, "payer": payer, "line_of_business": LINES[payer]}
        for name in names
        for payer in catalog.payers
        if payer == "north" or draw.chance(0.8)
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
        "Workflows": [{"practice": name, "workflow": "registry", "reach": 1.0} for name in names if draw.chance(0.25)],
        "Charges": [
            {**cell, "code_set": "office", "allowed_usd": count * draw.number(100, 300)}
            for cell, count in zip(cells, members, strict=True)
        ],
        "Spending": [_spending(draw, cell, count) for cell, count in zip(cells, members, strict=True)],
        "Facts": [
            {"practice": name, "fact": fact, "value": value}
            for name in names
            for fact, value in (
                ("ready", float(draw.chance(0.7))),
                ("rank", draw.number(0, 1, 2)),
                ("already_paid", draw.number(100, 3_000)),
            )
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
    objective = draw.one(
        "members_then_margin", "mass_and_margin", "mass_and_margin", "practices_then_margin", "margin"
    )  # fmt: skip
    return Scenario(
        critical_mass=mass,
        objective=objective,
        usd_per_member_at_mass=draw.number(5, 60),
        practice_budgets=not draw.chance(0.1),
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
