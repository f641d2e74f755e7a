"""Programs that exclude each other and are paid for the same workflow: its service is paid for once.

Without these rows the linear relaxation joins each of two such programs by half and is paid by both. They
leave every whole plan as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.programs import Program
from critmass.formulation.block import Affine, total
from critmass.formulation.curves import EQUAL
from critmass.settlement.amounts import quantity_year_share
from critmass.settlement.terms import Clause

if TYPE_CHECKING:
    from critmass.formulation.practice import PracticeLevel


@dataclass
class PaidService:
    """What one program pays for one workflow: payments that are nothing without it, and whether each of them
    is in proportion to the workflow's reach."""

    payments: list[Affine] = field(default_factory=list)
    in_proportion: bool = True


def service_paid_once(level: PracticeLevel) -> None:
    """Families `service_paid_once`, `service_needs_join`, `payment_needs_service`."""
    services = _paid_services(level)
    programs = [program for program in level.shared.programs if level.builder.has(f"join[{program.id}]")]
    for one, other in combinations(programs, 2):
        if excludes(one, other):
            for workflow, by_program in services.items():
                if {one.id, other.id} <= by_program.keys():
                    _pair(level, workflow, {name: by_program[name] for name in (one.id, other.id)})


def excludes(one: Program, other: Program) -> bool:
    """Whether a practice cannot hold both programs."""
    same_group = one.exclusive_group is not None and one.exclusive_group == other.exclusive_group
    return same_group or other.id in one.excludes or one.id in other.excludes


def _pair(level: PracticeLevel, workflow: str, pair: dict[str, PaidService]) -> None:
    """The shares of the service that two programs pay for fit into its reach, or else into its adoption."""
    place = level.shared.model.workflow_position[workflow]
    whole = level.reach(place) if all(item.in_proportion for item in pair.values()) else level.adopted(place)
    parts = [_served(level, workflow, program, item.payments) for program, item in pair.items()]
    level.builder.at_most(f"service_paid_once[{workflow},{','.join(pair)}]", total(parts), whole)


def _served(level: PracticeLevel, workflow: str, program: str, payments: list[Affine]) -> Affine:
    """The share of a workflow's service that a joined program pays for; made once for each pair."""
    name = f"served[{workflow},{program}]"
    if level.builder.has(name):
        return level.builder.get(name)
    served = level.builder.variable(name, 0.0, 1.0)
    for place, amount in enumerate(payments):
        most = level.builder.bounds(amount)[1]
        level.builder.at_most(f"payment_needs_service[{workflow},{program},{place}]", amount, served * most)
    level.builder.at_most(f"service_needs_join[{workflow},{program}]", served, level.joined(program))
    return served


def _paid_services(level: PracticeLevel) -> dict[str, dict[str, PaidService]]:
    """By workflow, then by program; only where more than one program pays for the workflow."""
    found: dict[str, dict[str, PaidService]] = {}
    for clause in level.shared.terms.clauses:
        paid, component = level.paid.get(clause.key), clause.component
        if paid is None or component.applies != "joined" or component.prepaid is not None or paid.is_constant:
            continue
        least, most = level.builder.bounds(paid)
        if least >= 0.0:
            delivering = _delivering(level, clause)
            for workflow in sorted({*_gating(component.gates), *delivering}):
                service = found.setdefault(workflow, {}).setdefault(clause.program.id, PaidService())
                service.payments.append(paid)
                service.in_proportion &= workflow in delivering and _in_proportion(level, clause, workflow, most)
    return {workflow: by_program for workflow, by_program in found.items() if len(by_program) > 1}


def _gating(gates: tuple[v.Gate, ...]) -> Iterator[str]:
    """Workflows that must run for the gates to open."""
    for word in gates:
        if isinstance(word, v.WorkflowInPlace):
            yield word.workflow
        elif isinstance(word, v.AllOf):
            yield from _gating(word.of)


def _delivering(level: PracticeLevel, clause: Clause) -> list[str]:
    """The one workflow that brings about all events of the clause's service."""
    quantity = clause.component.quantity
    if not isinstance(quantity, v.Events):
        return []
    volumes = np.flatnonzero(level.shared.events(quantity.service, clause.populations)[:, level.index])
    return [level.shared.model.workflows[int(place)].id for place in volumes] if len(volumes) == 1 else []


def _in_proportion(level: PracticeLevel, clause: Clause, workflow: str, most_usd: float) -> bool:
    """Whether a payment on the workflow's events is never more than its largest amount times reach."""
    component, quantity = clause.component, clause.component.quantity
    if component.limits or component.multipliers or not isinstance(component.rate, v.Constant):
        return False
    assert isinstance(quantity, v.Events)
    place = level.shared.model.workflow_position[workflow]
    events = float(level.shared.events(quantity.service, clause.populations)[place, level.index])
    return float(component.rate.pays) * events * quantity_year_share(clause) <= most_usd * (1.0 + EQUAL)
