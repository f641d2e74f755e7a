"""The smallest model that each family of rows makes, as readable `.lp` files in `models/golden`.

`python -m tests.formulation.golden` writes them anew; the tests compare.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog
from critmass.domain.network import SHEETS, Network
from critmass.domain.scenario import CriticalMass, Lock, Scenario
from critmass.formulation.bonus import BundleBonus, OutcomeWorth
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import NetworkModel, formulate
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.solve.highs import Problem
from critmass.solve.lp_names import readable_names
from critmass.solve.monolith import assemble, row_names, variable_names

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "models" / "golden"
CATALOG = ROOT / "tests" / "data" / "golden_catalog"

NORTH = {"payer": "north", "line_of_business": "commercial"}
SOUTH = {"payer": "south", "line_of_business": "medicaid"}
LOOSE = CriticalMass(payers=1, payer_share=0.0)
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Example:
    """The inputs that make a family: programs in force, practices, and what differs from the plain case."""

    says: str
    programs: Sequence[str] = ()
    practices: int = 1
    hub: bool = False
    payers: Sequence[Mapping[str, str]] = (NORTH,)
    mass: CriticalMass = LOOSE
    locks: tuple[Lock, ...] = ()
    tables: Mapping[str, Rows] = field(default_factory=dict)
    practice_budget_usd: float = np.inf
    organization_budget_usd: float = np.inf
    floors: Mapping[str, float] = field(default_factory=dict)
    bonus_usd: float | None = None


RUNNING: Rows = [{"practice": "P1", "workflow": "registry", "reach": 0.6}]
NURSE: Rows = [{"practice": "P1", "role": "nurse", "fte": 0.25}]
RIVALS = ("visits", "rival_visits")
PASSED: dict[str, Any] = {"programs": ("savings",), "practices": 2}

EXAMPLES: dict[str, Example] = {
    # practice block
    "reach_needs_adoption": Example("a workflow serves nobody unless it is adopted", hub=True),
    "adoption_means_service": Example("adoption means serving at least half of the eligible patients", hub=True),
    "delivered_once": Example("a workflow is delivered by the practice or by the hub, not by both", hub=True),
    "workflow_kept": Example("what runs today goes on", tables={"Workflows": RUNNING}),
    "workflow_locked": Example(
        "a lock says that outreach is in place", locks=(Lock(workflow="outreach", decision="in_place"),)
    ),
    "workflow_prerequisite": Example("outreach needs the registry"),
    "staff_covers_minutes": Example("half steps of a nurse beside the quarter in place", tables={"Staff": NURSE}),
    "workflow_needs_staff": Example("outreach to half of the patients takes a whole half step of a nurse"),
    "staff_rounded_up": Example("the last half step of a nurse is needed before everybody is reached"),
    "startup_within_budget": Example(
        "$4,000 of own cash, and help from the organization",
        practice_budget_usd=4000,
        organization_budget_usd=9000,
    ),
    "program_locked": Example(
        "a lock says that the fee is joined", ("fee",), locks=(Lock(program="fee", decision="joined"),)
    ),
    "program_excludes": Example("the rival program excludes the fee", ("fee", "rival")),
    "program_requires": Example("the follower needs the fee", ("fee", "follower")),
    "program_exclusive_group": Example("one of two tracks", ("track_one", "track_two")),
    "specification_reported": Example("two bounties report one measure once", ("bounty", "second_bounty")),
    "closed_gap_response": Example("outreach closes part of the screening gap", ("bounty",)),
    "mass_needs_core_workflow": Example("no mass without the registry"),
    "mass_ratio_reached": Example("the fee covers the whole cost", ("fee",)),
    "payer_brings_share": Example(
        "two payers each bring a tenth of the cost",
        ("fee", "south_fee"),
        payers=(NORTH, SOUTH),
        mass=CriticalMass(),
    ),
    "mass_needs_payers": Example(
        "mass needs two payers that each bring a tenth",
        ("fee", "south_fee"),
        payers=(NORTH, SOUTH),
        mass=CriticalMass(),
    ),
    "bonus_needs_mass": Example("up to $9,000 from the payer where the practice is at mass", bonus_usd=9000.0),
    # payments
    "staircase_reached": Example(
        "72 % and 75 % screened on one staircase of the strength that closes the gap", ("steps",)
    ),
    "staircase_order": Example("the second step only after the first", ("steps",)),
    "threshold_needs_workflow": Example("neither 72 % nor 75 % are reached without outreach", ("steps",)),
    "threshold_needs_reach": Example("and how far outreach must reach for each", ("steps",)),
    "value_on_hull": Example("a rate that rises steeply, then gently", ("curve",)),
    "product_of_decisions": Example("screened members times a rate that a second measure opens", ("bonus_per_case",)),
    "segments_fill_driver": Example("a pooled curve, segment by segment", ("pooled_curve",)),
    "segment_full": Example("the steep segment waits until the flat one is full", ("pooled_curve",)),
    "segment_open": Example("the steep segment is empty until it is open", ("pooled_curve",)),
    "driver_reaches_step": Example("points of two measures reach 3 and 10", ("points",)),
    "driver_step_order": Example("10 points only after 3", ("points",)),
    "driver_step_needs_part": Example("10 points are out of reach without the second measure", ("points",)),
    "enough_gates_open": Example("one of two ways in", ("alternatives", "bounty", "fee")),
    "all_gates_open": Example("the second way asks for two things", ("alternatives", "bounty", "fee")),
    "gate_needs_driver": Example("a gate that opens at 3 points", ("threshold",)),
    "gate_needs_part": Example("a gate at 12 points needs both measures", ("demanding",)),
    "gate_forced_open": Example("a penalty that applies up to 2 points", ("penalty",)),
    "events_capped": Example("visits paid at 0.2 for each member", ("visits",)),
    "payment_within_terms": Example("a bounty pays no more than its terms", ("bounty",)),
    "payment_needs_gate": Example("a bounty pays only when joined", ("bounty",)),
    "service_paid_once": Example("two programs that exclude each other pay for the same visits", RIVALS),
    "service_needs_join": Example("a program pays for visits only when it is joined", RIVALS),
    "payment_needs_service": Example("and no more than for the visits that it takes", RIVALS),
    # organization block
    "organization_locked": Example(
        "a lock says that the savings program is joined",
        ("savings",),
        locks=(Lock(program="savings", decision="joined"),),
    ),
    "organization_exclusive_group": Example("one of two tracks of the organization", ("group_one", "group_two")),
    "organization_excludes": Example("one savings program excludes the other", ("savings", "other_savings")),
    "organization_requires": Example("one program needs another", ("savings", "after_savings")),
    "condition_needs_joins": Example("a condition on two programs", ("savings", "other_savings", "with_savings")),
    "condition_follows_joins": Example("and what follows from them", ("savings", "other_savings", "with_savings")),
    # links
    "condition_copy_link": Example(
        "practices see the organization's decision", ("savings", "other_savings", "with_savings"), practices=2
    ),
    "pooled_gap_link": Example("closed gaps of two practices, weighted by their size", ("pooled_tier",), practices=2),
    "pooled_savings_link": Example("savings of two practices", **PASSED),
    "pooled_events_link": Example("visits of two practices", ("pooled_visits",), practices=2),
    "all_run_link": Example("a pooled gate asks both practices for outreach", ("pooled_workflow",), practices=2),
    "passed_through_link": Example("what each practice may count of pooled savings", **PASSED),
    "hub_open_link": Example("practices use what the hub offers", practices=2, hub=True),
    "hub_staff_link": Example("the hub's nurses cover the minutes of both practices", practices=2, hub=True),
    "organization_startup_link": Example(
        "help for practices and the hub's own start share one purse",
        practices=2,
        hub=True,
        practice_budget_usd=4000,
        organization_budget_usd=9000,
    ),
    # objective
    "floor": Example(
        "1,000 members at mass, kept while margin is maximised",
        practices=2,
        floors={"members_at_mass": 1000.0},
    ),
}
"""What each family is shown on."""

FROM_ABOVE = Example(
    "words that are modelled from above, with variables and without rows of their own", ("words_from_above",)
)
"""Shows no family of its own."""


@cache
def golden_catalog() -> Catalog:
    """The catalog made for these examples."""
    return load_catalog((CATALOG,), shipped=False)


def golden_network(example: Example) -> Network:
    """P1 with 1,000 members of each payer and P2 with 500, in the network's own tables."""
    practices = [f"P{place + 1}" for place in range(example.practices)]
    sizes = dict(zip(practices, (1000, 500), strict=False))
    keys = [({"practice": name, **who}, size) for name, size in sizes.items() for who in example.payers]
    rows: dict[str, Rows] = {
        "Practices": [{"practice": name, "startup_budget_usd": example.practice_budget_usd} for name in practices],
        "Panel": [{**key, "members": size, "member_months": 12 * size} for key, size in keys],
        "Baseline": [row for key, size in keys for row in _baseline(key, size)],
        "Spending": [{**key, "benchmark_usd": 4000 * size, "expenditure_usd": 4000 * size} for key, size in keys],
        **example.tables,
    }
    tables = {
        sheet.name: pd.DataFrame(rows.get(sheet.name, []), columns=[column.name for column in sheet.columns]).fillna(0)
        for sheet in SHEETS
    }
    pairs = tuple((who["payer"], who["line_of_business"]) for who in example.payers)
    return Network("golden", True, example.organization_budget_usd, tuple(practices), pairs, tables)


def _baseline(key: dict[str, str], size: int) -> Rows:
    screened = {"measure": "BCS", "denominator": size // 10, "numerator": 7 * size // 100}
    readmitted = {"measure": "PCR", "denominator": size // 20, "numerator": size // 100}
    return [
        {**key, **row, "prior_denominator": row["denominator"], "prior_numerator": row["numerator"]}
        for row in (screened, readmitted)
    ]


def golden_model(example: Example) -> NetworkModel:
    """The example's blocks and links."""
    catalog, network = golden_catalog(), golden_network(example)
    scenario = Scenario(
        exclude_programs=tuple(name for name in catalog.programs if name not in example.programs),
        hub=example.hub, critical_mass=example.mass, locks=example.locks,
    )  # fmt: skip
    terms = terms_in_force(catalog, network, scenario)
    return formulate(Shared(Model(network, catalog, scenario), terms, _bonus(example)))


def _bonus(example: Example) -> BundleBonus | None:
    if example.bonus_usd is None:
        return None
    payers = tuple(item["payer"] for item in example.payers)
    most = np.full((example.practices, len(payers)), example.bonus_usd)
    nothing = OutcomeWorth(np.zeros((example.practices, 0)), {})
    return BundleBonus(payers, most, np.ones(example.practices), 1000.0, 60.0, nothing)


def families(model: NetworkModel, floors: Mapping[str, float] | None = None) -> list[str]:
    """The family of each row of the whole model, in the order of the rows."""
    own = [row.partition("[")[0] for block in model.blocks for row in block.rows]
    return own + [name.partition("[")[0] for name in (*model.links, *row_names(model, floors)[_own_rows(model) :])]


def _own_rows(model: NetworkModel) -> int:
    return sum(len(block.rows) for block in model.blocks) + len(model.links)


def variable_families(model: NetworkModel) -> set[str]:
    """The part before the bracket of all variables' names."""
    return {name.partition("[")[0] for block in model.blocks for name in block.variables}


def golden_lp(family: str) -> str:
    """A family's rows alone, with the variables in them and their bounds, as an `.lp` file."""
    example = EXAMPLES[family]
    model = golden_model(example)
    problem = assemble(model, {"margin": 0.0}, example.floors)
    rows = [place for place, name in enumerate(families(model, example.floors)) if name == family]
    if not rows:
        raise LookupError(f"the example of {family!r} makes no such row")
    names = readable_names(variable_names(model))
    labels = readable_names(row_names(model, example.floors))
    used = list(dict.fromkeys(column for row in rows for column, _ in _terms(problem, row)))
    lines = [f"\\ {family}: {example.says}", "Maximize", " obj:", "Subject To"]
    lines += [line for row in rows for line in _row_lines(problem, row, labels[row], names)]
    lines += ["Bounds", *(_bounds(problem, column, names[column]) for column in used)]
    whole = [names[column] for column in used if problem.integer[column]]
    return "\n".join([*lines, *(["General", *(f" {name}" for name in whole)] if whole else []), "End", ""])


def _terms(problem: Problem, row: int) -> Iterator[tuple[int, float]]:
    places = slice(int(problem.matrix.indptr[row]), int(problem.matrix.indptr[row + 1]))
    yield from zip(problem.matrix.indices[places].tolist(), problem.matrix.data[places].tolist(), strict=True)


def _row_lines(problem: Problem, row: int, label: str, names: Sequence[str]) -> list[str]:
    terms = [f"   {_signed(value)}{names[column]}" for column, value in sorted(_terms(problem, row))]
    low, high = float(problem.row_lower[row]), float(problem.row_upper[row])
    sign, side = ("=", low) if low == high else ((">=", low) if np.isfinite(low) else ("<=", high))
    return [f" {label}:", *terms, f"   {sign} {side + 0.0:.10g}"]


def _signed(value: float) -> str:
    sign, size = ("-", -value) if value < 0 else ("+", value)
    return f"{sign} " if size == 1 else f"{sign} {size:.10g} "


def _bounds(problem: Problem, column: int, name: str) -> str:
    low, high = (f"{float(ends[column]):.10g}" for ends in (problem.lower, problem.upper))
    return f" {low} <= {name} <= {high}"


def code_families() -> set[str]:
    """Families that the code can write, read from its text: names passed to rows, and names of links."""
    found = set()
    for path in (ROOT / "src" / "critmass" / "formulation").glob("*.py"):
        text = path.read_text()
        found |= set(re.findall(r"(?:at_least|at_most)\(\s*f?\"([a-z_]+)\[", text))
        found |= set(re.findall(r"_when\(builder, f?\"([a-z_]+)\[", text))
        found |= set(re.findall(r"\"(?:\{PREFIX\})?([a-z_]+_link)\[", text))
    text = (ROOT / "src" / "critmass" / "solve" / "monolith.py").read_text()
    return found | set(re.findall(r"f\"([a-z_]+)\[\{name\}\]\"", text))


def write_all() -> None:
    """Write every golden file, and remove those of families that are gone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.lp"):
        if path.stem not in EXAMPLES:
            path.unlink()
    for family in EXAMPLES:
        (FOLDER / f"{family}.lp").write_text(golden_lp(family))


if __name__ == "__main__":
    write_all()
