"""Turns a plan, or a settlement, into the document that leaves the program."""

from __future__ import annotations

import math
import platform
from importlib.metadata import version
from typing import Any

import pandas as pd

import critmass
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario
from critmass.report.case import Case, usd
from critmass.report.parts import money, organization_line, practice_fields, program_lines, workflow_lines
from critmass.report.schema import (
    Before,
    LevelProof,
    PlanDocument,
    PlannedPractice,
    SettledPractice,
    SettlementDocument,
)
from critmass.settlement.outcome import Outcome
from critmass.studies.plan import Level, Plan
from critmass.studies.settle import plan_ledger

__all__ = [
    "PlanDocument",
    "SettlementDocument",
    "finite",
    "level_proof",
    "plan_case",
    "plan_document",
    "settlement_document",
    "versions",
]

_PACKAGES = ("highspy", "numpy", "pandas", "pulp", "pydantic", "scipy")
SYNTHETIC = "The network is synthetic: no real practice, member or contract is described."


def plan_document(plan: Plan, ledger: pd.DataFrame | None = None) -> PlanDocument:
    """The document of a plan. `ledger` saves computing the plan's ledger again."""
    case = plan_case(plan, ledger)
    before = _ratios(plan.today)
    after = _ratios(plan.outcome)
    practices = tuple(
        PlannedPractice(
            **fields,
            at_mass_before=bool(plan.today.at_mass[0, place]),
            at_mass_after=bool(plan.outcome.at_mass[0, place]),
            mass_ratio_before=before[place],
            mass_ratio_after=after[place],
        )
        for place, fields in enumerate(practice_fields(case))
    )
    statement = _statement(case)
    statement["notes"] += _bounds_kept(plan)
    return PlanDocument(
        **statement,
        status=plan.status,
        objective=usd(plan.objective),
        bound=finite(plan.bound, 2),
        gap=finite(plan.gap, 6),
        levels=tuple(level_proof(level, plan.options.gap) for level in plan.levels),
        wall_seconds=round(plan.wall_seconds, 3),
        first_plan_seconds=round(plan.first_plan_seconds, 3),
        plan_hash=plan.plan_hash,
        seed=plan.options.seed,
        options=plan.options,
        settlement_checks=plan.settlement_checks,
        before=_before(plan.today),
        practices=practices,
    )


def plan_case(plan: Plan, ledger: pd.DataFrame | None = None) -> Case:
    """A plan's outcome with its ledger."""
    rows = plan_ledger(plan) if ledger is None else ledger
    return Case(plan.network, plan.catalog, plan.scenario, plan.terms, plan.outcome, rows)


def settlement_document(
    network: Network, catalog: Catalog, scenario: Scenario, outcome: Outcome, ledger: pd.DataFrame
) -> SettlementDocument:
    """The document of a settlement."""
    case = Case(network, catalog, scenario, outcome.settled.terms, outcome, ledger)
    ratios = _ratios(outcome)
    practices = tuple(
        SettledPractice(**fields, at_mass=bool(outcome.at_mass[0, place]), mass_ratio=ratios[place])
        for place, fields in enumerate(practice_fields(case))
    )
    return SettlementDocument(**_statement(case), practices=practices)


def _statement(case: Case) -> dict[str, Any]:
    return {
        "synthetic": case.network.synthetic,
        "notes": _notes(case),
        "scenario": case.scenario,
        "catalog_hash": case.catalog.hash,
        "network_hash": case.network.hash,
        "versions": versions(),
        "members": float(case.members.sum()),
        "practices_at_mass": int(case.outcome.practices_at_mass[0]),
        "members_at_mass": float(case.outcome.members_at_mass[0]),
        "money": money(case),
        "dollars_by_confidence": case.by_confidence(),
        "assumption_share": case.assumption_share(),
        "carried_forward_share": case.carried_forward_share(),
        "programs": program_lines(case),
        "workflows": workflow_lines(case),
        "organization": organization_line(case),
    }


def versions() -> dict[str, str]:
    """What computed the result: critmass, Python and the packages whose numbers are in it."""
    found = {name: version(name) for name in _PACKAGES}
    return {"critmass": critmass.__version__, "python": platform.python_version(), **found}


def _notes(case: Case) -> tuple[str, ...]:
    lapsed = case.lapsed_contracts()
    notes = [SYNTHETIC] if case.network.synthetic else []
    if lapsed:
        year = case.scenario.performance_year
        notes.append(f"Signed contracts that pay nothing here in {year}: {', '.join(lapsed)}.")
    if case.scenario.overrides:
        notes.append(f"The scenario overrides {len(case.scenario.overrides)} value(s) of the catalog.")
    return tuple(notes)


def _bounds_kept(plan: Plan) -> tuple[str, ...]:
    """How much of the proof came from the plan library."""
    counts = plan.pricing
    if not counts.kept:
        return ()
    total = counts.kept + counts.solved
    checked = f"{counts.checked} of them were solved again as a check"
    return (f"{counts.kept:,} of the {total:,} practice bounds in the proof come from the plan library; {checked}.",)


def _ratios(outcome: Outcome) -> list[float | None]:
    return [
        round(float(ratio), 4) if cost > 0 else None
        for ratio, cost in zip(outcome.mass_ratio[0], outcome.cost[0], strict=True)
    ]


def _before(today: Outcome) -> Before:
    return Before(
        practices_at_mass=int(today.practices_at_mass[0]),
        members_at_mass=float(today.members_at_mass[0]),
        margin_usd=usd(today.margin[0]),
    )


def level_proof(level: Level, asked_gap: float) -> LevelProof:
    """A level of the objective with what is proved of it."""
    return LevelProof(
        name=level.name,
        value=usd(level.value),
        bound=finite(level.bound, 2),
        gap=finite(level.gap, 6),
        proved=level.gap <= asked_gap,
    )


def finite(value: float, digits: int) -> float | None:
    """A number rounded, never minus zero; None where it is infinite."""
    return round(float(value), digits) + 0.0 if math.isfinite(value) else None
