"""The parts that plan and settlement documents share: practices, programs, workflows, the organization."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from critmass.domain.care import Workflow
from critmass.domain.network import ORGANIZATION
from critmass.domain.programs import Program
from critmass.report.case import FREE_OF_WORKFLOWS, Case, names_of, reporting_rows, tariff_rows, usd
from critmass.report.schema import (
    ComponentMoney,
    Decision,
    Money,
    OrganizationMoney,
    ProgramMoney,
    WorkflowMoney,
    WorkflowRun,
)
from critmass.settlement.ledger import Grades
from critmass.settlement.projection import HUB, OWN
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import Clause

_DELIVERY = {OWN: "own", HUB: "hub"}
_STATUSES = ("new", "credited", "withheld")


def money(case: Case) -> Money:
    """Totals over all practices and the organization."""
    by_status = case.accrual.groupby("status", observed=True)["amount_usd"].sum()
    earned, cost = float(case.earned["amount_usd"].sum()), float(case.costs["amount_usd"].sum())
    in_year = float(case.cash_in_year["amount_usd"].sum())
    idle = case.earned.loc[case.earned["workflow"] == FREE_OF_WORKFLOWS, "amount_usd"]
    return Money(
        **{f"{status}_usd": usd(by_status.get(status, 0.0)) for status in _STATUSES},
        cost_usd=usd(-cost),
        margin_usd=usd(earned + cost),
        cash_in_year_usd=usd(in_year),
        cash_later_usd=usd(earned - in_year),
        not_earned_by_a_workflow_usd=usd(idle.sum()),
    )


# Practices --------------------------------------------------------------------------------------------


def practice_fields(case: Case) -> Iterator[dict[str, Any]]:
    """The fields of PracticeMoney for each practice, in network order."""
    payers, by_payer = case.by_practice_and_payer()
    counted, cost = by_payer.sum(axis=1), -case.by_practice(case.costs)
    accrual, cash = case.by_practice(case.earned), case.by_practice(case.cash_in_year)
    credited = case.by_practice(case.accrual[case.accrual["status"] == "credited"])
    short = np.maximum(case.scenario.critical_mass.ratio * cost - counted, 0.0)
    startup = case.outcome.costs.startup[0].sum(axis=1)
    names = case.network.table("Practices").set_index("practice")["name"]
    programs = _programs_of_practices(case)
    for place, practice in enumerate(case.network.practices):
        yield {
            "id": practice,
            "name": str(names.get(practice, "")),
            "members": float(case.members[place]),
            "reimbursement_usd": usd(counted[place]),
            "by_payer": _nonzero(payers, by_payer[place]),
            "cost_usd": usd(cost[place]),
            "margin_usd": usd(accrual[place] - cost[place]),
            "credited_usd": usd(credited[place]),
            "accrual_usd": usd(accrual[place]),
            "cash_in_year_usd": usd(cash[place]),
            "shortfall_usd": usd(short[place]),
            "payers_bringing_share": int(case.outcome.payers_bringing_share[0, place]),
            "core_missing": _core_missing(case, place),
            "programs": programs[place],
            "workflows": _workflows_of(case, place),
            "staff_fte": _nonzero(list(case.catalog.roles), case.outcome.costs.staff_fte[0, place]),
            "startup_usd": usd(startup[place]),
        }


def _nonzero(names: list[str], amounts: FloatArray) -> dict[str, float]:
    rounded = np.round(amounts, 2)
    return {names[at]: usd(rounded[at]) for at in np.flatnonzero(rounded)}


def _programs_of_practices(case: Case) -> list[tuple[str, ...]]:
    joined = [case.joined(program) for program in case.terms.programs]
    ids = [program.id for program in case.terms.programs]
    table = np.stack(joined, axis=1) if joined else np.zeros((len(case.network.practices), 0), dtype=np.bool_)
    return [names_of(row, ids) for row in table]


def _core_missing(case: Case, place: int) -> tuple[str, ...]:
    delivered = case.outcome.decisions.delivery[0, place]
    return tuple(
        workflow.id
        for workflow, how in zip(case.shared.model.workflows, delivered, strict=True)
        if workflow.core and not how
    )


def _workflows_of(case: Case, place: int) -> dict[str, WorkflowRun]:
    decisions, before = case.outcome.decisions, case.shared.model.reach_in_place[place]
    delivered = decisions.delivery[0, place]
    return {
        case.shared.model.workflows[at].id: WorkflowRun(
            delivery="own" if delivered[at] == OWN else "hub",
            reach=round(float(decisions.reach[0, place, at]), 4),
            reach_before=round(float(before[at]), 4),
        )
        for at in np.flatnonzero(delivered)
    }


# Programs ---------------------------------------------------------------------------------------------


def program_lines(case: Case) -> tuple[ProgramMoney, ...]:
    """Every program of the catalog: first the joined ones, then declined, then those out of reach."""
    sums = case.accrual.groupby(["program", "component", "status"], observed=True)["amount_usd"].sum()
    amounts = {key: float(amount) for key, amount in sums.items()}
    reporting = reporting_rows(case.costs).groupby("program", observed=True)["amount_usd"].sum()
    grades = Grades.of(case.catalog)
    lines = [
        _program_line(case, program, amounts, -float(reporting.get(program.id, 0.0)), grades)
        for program in case.catalog.programs.values()
    ]
    order = ("joined", "declined", "not_available")
    return tuple(sorted(lines, key=lambda line: (order.index(line.decision), -abs(line.new_usd), line.id)))


def _program_line(
    case: Case, program: Program, amounts: dict[Any, float], reporting: float, grades: Grades
) -> ProgramMoney:
    in_force = program in case.terms.programs
    joined = case.joined(program) if in_force else np.zeros(len(case.network.practices), dtype=np.bool_)
    available = case.available(program) if in_force else joined
    decision: Decision = "joined" if joined.any() else "declined" if available.any() else "not_available"
    components = tuple(_component_line(clause, amounts, grades) for clause in case.terms.of(program.id))
    return ProgramMoney(
        id=program.id,
        label=program.label,
        payer=program.payer,
        performance_year=program.performance_year,
        decision=decision,
        reason=_why_not_available(case, program) if decision == "not_available" else "",
        locked=case.locked(program),
        organization=program.join_level == "organization",
        practices=names_of(joined, case.network.practices),
        practices_available=int(available.sum()),
        new_usd=usd(sum(line.new_usd for line in components)),
        credited_usd=usd(sum(line.credited_usd for line in components)),
        withheld_usd=usd(sum(line.withheld_usd for line in components)),
        reporting_usd=usd(reporting),
        components=components,
    )


def _component_line(clause: Clause, amounts: dict[Any, float], grades: Grades) -> ComponentMoney:
    component = clause.component
    return ComponentMoney(
        id=component.id,
        label=component.label,
        clause=component.clause,
        confidence=grades.of_component(clause),
        carried_forward=clause.carried_forward,
        **{f"{status}_usd": usd(amounts.get((*clause.key, status), 0.0)) for status in _STATUSES},
    )


def _why_not_available(case: Case, program: Program) -> str:
    if program in case.terms.programs:
        return "its eligibility facts hold nowhere" if case.reached(program).any() else "reaches no member"
    if program.id in case.scenario.exclude_programs:
        return "excluded by the scenario"
    touched = {
        (program.payer_of(component), line) for component in program.components for line in program.lines_of(component)
    }
    if not touched & set(case.network.populations):
        return "reaches no member"
    return "has ended" if program.ended else f"is not in force in {case.scenario.performance_year}"


# Workflows --------------------------------------------------------------------------------------------


def workflow_lines(case: Case) -> tuple[WorkflowMoney, ...]:
    """Every workflow of the catalog, in its order."""
    costs = case.costs.groupby("workflow", observed=True)["amount_usd"].sum()
    funded = case.earned.groupby(["workflow", "payer"], observed=True)["amount_usd"].sum()
    return tuple(
        _workflow_line(case, place, workflow, -float(costs.get(workflow.id, 0.0)), funded)
        for place, workflow in enumerate(case.shared.model.workflows)
    )


def _workflow_line(case: Case, place: int, workflow: Workflow, cost: float, funded: pd.Series) -> WorkflowMoney:
    delivery = case.outcome.decisions.delivery[0, :, place]
    reach = case.outcome.decisions.reach[0, delivery > 0, place]
    known = workflow.id in funded.index.get_level_values(0)
    by_payer = {str(payer): usd(amount) for payer, amount in funded.loc[workflow.id].items()} if known else {}
    return WorkflowMoney(
        id=workflow.id,
        label=workflow.label,
        stage=workflow.stage,
        core=workflow.core,
        practices_own=int((delivery == OWN).sum()),
        practices_hub=int((delivery == HUB).sum()),
        mean_reach=round(float(reach.mean()), 4) if len(reach) else None,
        cost_usd=usd(cost),
        funded_usd=usd(sum(by_payer.values())),
        funded_by=dict(sorted(by_payer.items(), key=lambda item: -item[1])),
        margin_usd=usd(sum(by_payer.values()) - cost),
    )


# The organization -------------------------------------------------------------------------------------


def organization_line(case: Case) -> OrganizationMoney:
    """The hub's staff and costs, the tariff, and what the organization keeps."""
    costs = case.of_organization(case.costs)
    kept = float(case.of_organization(case.earned)["amount_usd"].sum())
    tariff = float(tariff_rows(costs)["amount_usd"].sum())
    reporting = -float(reporting_rows(costs)["amount_usd"].sum())
    total = float(costs["amount_usd"].sum())
    return OrganizationMoney(
        name=case.network.name or ORGANIZATION,
        hub_staff_fte=_nonzero(list(case.catalog.roles), case.outcome.costs.hub_fte[0]),
        hub_cost_usd=usd(tariff - total - reporting),
        tariff_usd=usd(tariff),
        reporting_usd=usd(reporting),
        kept_usd=usd(kept),
        margin_usd=usd(kept + total),
        startup_usd=usd(case.outcome.costs.hub_startup[0].sum()),
    )
