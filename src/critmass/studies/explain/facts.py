"""Facts behind a conflict: what the catalog and the network say, whatever anybody negotiates."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.programs import Program
from critmass.domain.scenario import Lock, Scenario
from critmass.formulation.levels import Shared
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force

FactKind = Literal[
    "not_eligible", "requires_program", "excludes", "not_voluntary", "requires_workflow", "already_runs",
    "hub_only", "startup_cost",
]  # fmt: skip


@dataclass(frozen=True)
class HardFact:
    """One fact: about a program or a workflow (`subject`), at a practice or everywhere, and what it involves.

    `other` is the program or workflow that is required or excluded; `usd` is what starting the workflow takes.
    """

    kind: FactKind
    subject: str
    other: str = ""
    practice: str = ""
    usd: float | None = None


def hard_facts(network: Network, scenario: Scenario, catalog: Catalog, *, cash: bool) -> Iterator[HardFact]:
    """Facts that bear on the locks and contracts of a question; with `cash` also what starting workflows takes.

    Where nothing is locked and cash plays no part, the facts of the programs that nobody can decline.
    """
    shared = Shared(Model(network, catalog, scenario), terms_in_force(catalog, network, scenario))
    found: dict[HardFact, None] = {}
    for place in range(len(network.practices)):
        found |= dict.fromkeys(_at(shared, place, cash=cash))
    yield from found


def _at(shared: Shared, place: int, *, cash: bool) -> Iterator[HardFact]:
    practice = shared.model.network.practices[place]
    locks = [lock for lock in shared.locks if lock.practice in (None, practice)]
    joined = [p for p in shared.programs if _wanted(locks, p.id, "joined") or not p.voluntary]
    joined = [program for program in joined if shared.reaches(program, place)]
    asked = {lock.program for lock in locks if lock.program}
    if not shared.locks and not cash:
        asked = {program.id for program in joined if not program.voluntary}
    yield from _of_programs(shared, place, joined, asked)
    yield from _of_workflows(shared, place, locks, cash=cash)


def _wanted(locks: Collection[Lock], name: str, decision: str) -> bool:
    return any(name in (lock.program, lock.workflow) and lock.decision == decision for lock in locks)


def _of_programs(shared: Shared, place: int, joined: list[Program], asked: set[str]) -> Iterator[HardFact]:
    practice = shared.model.network.practices[place]
    for program in joined:
        level = place if program.join_level == "practice" else None
        if program.voluntary and not shared.eligible(program, level):
            yield HardFact("not_eligible", program.id, practice=practice if level is not None else "")
        if not program.voluntary and program.id in asked:
            yield HardFact("not_voluntary", program.id)
        if program.id in asked:
            yield from (HardFact("requires_program", program.id, other) for other in program.requires)
    for one, other in combinations(joined, 2):
        group = one.exclusive_group is not None and one.exclusive_group == other.exclusive_group
        named = {one.id, other.id} & asked
        if named and (group or other.id in one.excludes or one.id in other.excludes):
            yield HardFact("excludes", one.id, other.id)


def _of_workflows(shared: Shared, place: int, locks: list[Lock], *, cash: bool) -> Iterator[HardFact]:
    model, practice = shared.model, shared.model.network.practices[place]
    running = {w.id for at, w in enumerate(model.workflows) if model.reach_in_place[place, at] > 0}
    out = {lock.workflow for lock in locks if lock.workflow and lock.decision == "left_out"}
    asked = {str(lock.workflow) for lock in locks if lock.workflow and lock.decision == "in_place"}
    yield from (HardFact("already_runs", name, practice=practice) for name in sorted(running & out))
    absent = {w.id for w in model.workflows if w.delivery == "hub" and not model.scenario.hub} - running
    for name in sorted(_with_needs(shared, asked | (running if out else set()))):
        if name in absent:
            yield HardFact("hub_only", name)
        for other in model.catalog.workflows[name].requires:
            if (cash and other not in running) or _with_needs(shared, {other}) & (out | absent):
                yield HardFact("requires_workflow", name, other)
    if cash:
        for name in sorted(_with_needs(shared, asked) - running):
            usd = float(shared.rates.startup_usd[place, model.workflow_position[name]])
            if usd > 0:
                yield HardFact("startup_cost", name, practice=practice, usd=usd)


def _with_needs(shared: Shared, names: set[str]) -> set[str]:
    """Workflows with everything that they need."""
    found, front = set[str](), list(names)
    while front:
        name = front.pop()
        if name not in found:
            found.add(name)
            front += shared.model.catalog.workflows[name].requires
    return found
