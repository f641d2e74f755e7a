"""Decisions near a plan's own: one thing changed, with what it needs or clashes with, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from critmass.domain.programs import Program
from critmass.formulation.levels import Shared
from critmass.settlement.projection import HUB, OWN, Decisions


def without_programs(decisions: Decisions, ids: Collection[str], rows: Sequence[int], shared: Shared) -> Decisions:
    """Programs left at some practices, with those that need them; the organization leaves its own everywhere."""
    gone = _needing(ids, shared.programs)
    joined = decisions.joined.copy()
    for column, program in enumerate(shared.programs):
        if program.id in gone and program.voluntary:
            joined[0, _rows(program, rows), column] = False
    return replace(decisions, joined=joined)


def with_program(decisions: Decisions, program: Program, rows: Sequence[int], shared: Shared) -> Decisions:
    """A program joined at some practices, with what it requires and without what it clashes with."""
    wanted = _required(program, shared.programs)
    joined = decisions.joined.copy()
    for column, other in enumerate(shared.programs):
        mine = _rows(other, rows) if program.join_level == "practice" else slice(None)
        if other.id in wanted:
            joined[0, mine, column] = True
        elif other.voluntary and any(_clashes(other, one) for one in shared.programs if one.id in wanted):
            joined[0, mine, column] = False
    return replace(decisions, joined=joined)


def switched(decisions: Decisions, rows: Sequence[int], workflow: str, shared: Shared, *, on: bool) -> Decisions:
    """One workflow switched at some practices, with what it needs or with what needs it."""
    model = shared.model
    delivery, reach = decisions.delivery.copy(), decisions.reach.copy()
    for name in _chain(workflow, shared, needs=on):
        column = model.workflow_position[name]
        how = HUB if model.catalog.workflows[name].delivery == "hub" and model.scenario.hub else OWN
        for row in rows:
            if on and delivery[0, row, column] == 0:
                delivery[0, row, column], reach[0, row, column] = how, 1.0
            elif not on and model.reach_in_place[row, column] <= 0:
                delivery[0, row, column], reach[0, row, column] = 0, 0.0
    return replace(decisions, delivery=delivery, reach=reach)


def everything_runs(decisions: Decisions) -> Decisions:
    """The same programs with every workflow at full reach, by whoever delivers it or else the practice."""
    delivery = np.where(decisions.delivery > 0, decisions.delivery, OWN).astype(np.int8)
    return replace(decisions, delivery=delivery, reach=np.ones_like(decisions.reach))


def with_joined(decisions: Decisions, column: int, rows: Sequence[int] | slice, *, joined: bool) -> Decisions:
    """Decisions with one program joined, or not, by some practices; rules are left aside."""
    table = decisions.joined.copy()
    table[0, rows, column] = joined
    return replace(decisions, joined=table)


def _rows(program: Program, rows: Sequence[int]) -> Sequence[int] | slice:
    return slice(None) if program.join_level == "organization" else rows


def _needing(ids: Collection[str], programs: Sequence[Program]) -> set[str]:
    """Programs with everything that requires them."""
    found = set(ids)
    for _ in programs:
        found |= {program.id for program in programs if found & set(program.requires)}
    return found


def _required(program: Program, programs: Sequence[Program]) -> set[str]:
    """A program with everything that it requires."""
    found = {program.id}
    for _ in programs:
        found |= {name for one in programs if one.id in found for name in one.requires}
    return found


def _clashes(one: Program, other: Program) -> bool:
    group = one.exclusive_group is not None and one.exclusive_group == other.exclusive_group
    return group or other.id in one.excludes or one.id in other.excludes


def _chain(workflow: str, shared: Shared, *, needs: bool) -> set[str]:
    """A workflow with everything it needs, or with everything that needs it."""
    workflows = shared.model.catalog.workflows
    found, front = set[str](), [workflow]
    while front:
        name = front.pop()
        if name not in found:
            found.add(name)
            front += workflows[name].requires if needs else [w.id for w in workflows.values() if name in w.requires]
    return found
