"""Practices planned one by one, each as a network of its own: without a hub, pooled results or shared cash."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InfeasibleError, NoPlanInTimeError
from critmass.domain.network import ORGANIZATION, Network
from critmass.domain.scenario import Lock, Scenario, SolveOptions
from critmass.network.fill import network_hash
from critmass.settlement.projection import Decisions
from critmass.solve.executor import run_all, solve_pool
from critmass.studies.plan import Plan, plan_network
from critmass.studies.pooling import is_pooled


@dataclass(frozen=True)
class LonePractice:
    """A practice on its own: the certified plan of its own network, and its members.

    `holds` are the contracts made for organizations that it joins alone, at its own size.
    """

    practice: str
    members: float
    plan: Plan
    holds: tuple[str, ...]


def lone_network(network: Network, catalog: Catalog, practice: str) -> Network:
    """The practice's rows as a network of one, without the organization's staff and its contracts.

    Facts that are said of all practices stay. So do contracts that are signed for all of them, except those that the
    organization joins as a whole.

    Raises:
        KeyError: when the network has no such practice.
    """
    if practice not in network.practices:
        raise KeyError(practice)
    tables = {name: _rows(name, table, practice) for name, table in network.tables.items()}
    signed = tables["Contracts"]
    pooled = {program.id for program in catalog.programs.values() if program.join_level == "organization"}
    kept = ~(signed["program"].isin(pooled) & (signed["status"] == "joined"))
    tables["Contracts"] = signed[kept].reset_index(drop=True)
    tables["Organization"] = tables["Organization"].assign(startup_budget_usd=0.0)
    panel = tables["Panel"][["payer", "line_of_business"]].drop_duplicates()
    return replace(
        network, startup_budget_usd=0.0, practices=(practice,), tables=tables, hash=network_hash(tables),
        populations=tuple(sorted(panel.itertuples(index=False, name=None))),
    )  # fmt: skip


_OF_ALL = ("Facts", "Contracts")
"""Sheets whose rows of the organization speak of every practice."""


def _rows(name: str, table: pd.DataFrame, practice: str) -> pd.DataFrame:
    if "practice" not in table.columns:
        return table
    wanted = (practice, ORGANIZATION) if name in _OF_ALL else (practice,)
    return table[table["practice"].isin(wanted)].reset_index(drop=True)


def lone_scenario(scenario: Scenario, catalog: Catalog, practice: str) -> Scenario:
    """The scenario as it is for the practice alone: no hub, no shared budget, its own locks.

    Locks that put it into contracts which the organization joins as a whole are lifted.
    """
    locks = tuple(lock for lock in scenario.locks if lock.practice in (None, practice) and not _joint(lock, catalog))
    return scenario.model_copy(update={"hub": False, "organization_budget_usd": 0.0, "locks": locks})


def _joint(lock: Lock, catalog: Catalog) -> bool:
    program = catalog.programs.get(lock.program or "")
    return lock.decision == "joined" and program is not None and program.join_level == "organization"


@dataclass(frozen=True)
class _Task:
    network: Network
    catalog: Catalog
    scenario: Scenario
    options: SolveOptions
    started: Callable[[str], None]


def lone_practices(
    network: Network, catalog: Catalog, scenario: Scenario, options: SolveOptions, started: Callable[[str], None],
    without: Collection[str] = (), practices: Sequence[str] | None = None,
) -> tuple[LonePractice, ...]:  # fmt: skip
    """Every practice, or those named, planned alone, as many at a time as there are workers.

    `without` are programs that are left out; `started` is told each practice as its plan begins.

    Raises:
        InfeasibleError: when a practice cannot keep its locks and budget alone; the reasons name it.
        NoPlanInTimeError: when the time limit came before any plan of a practice.
    """
    excluded = (*scenario.exclude_programs, *sorted(without))
    alone = options.model_copy(update={"workers": 1, "executor": "threads", "scheduler": None, "solver": None})
    tasks = [
        _Task(
            lone_network(network, catalog, practice),
            catalog,
            lone_scenario(scenario, catalog, practice).model_copy(update={"exclude_programs": excluded}),
            alone,
            started,
        )
        for practice in (network.practices if practices is None else practices)
    ]
    with solve_pool(options.workers) as pool:
        plans = run_all(pool, _planned, tasks)
    return tuple(map(_lone, plans))


def _planned(task: _Task) -> Plan:
    practice = task.network.practices[0]
    task.started(f"{practice} alone")
    try:
        return plan_network(task.network, task.catalog, task.scenario, task.options)
    except InfeasibleError as error:
        raise InfeasibleError([f"{practice} alone: {reason}" for reason in error.reasons]) from None
    except NoPlanInTimeError as error:
        raise NoPlanInTimeError(f"{practice} alone: {error}") from None


def _lone(plan: Plan) -> LonePractice:
    joined = plan.outcome.decisions.joined[0, 0]
    held = tuple(
        program.id for program, joins in zip(plan.terms.programs, joined, strict=True) if joins and is_pooled(program)
    )
    members = float(plan.network.table("Panel")["members"].sum())
    return LonePractice(plan.network.practices[0], members, plan, held)


def side_by_side(lone: Sequence[LonePractice], program_ids: Sequence[str], joint: Collection[str]) -> Decisions:
    """The lone plans as decisions of one network about these programs; `joint` ones are not joined."""
    plans = [item.plan for item in lone]
    joined = np.zeros((1, len(plans), len(program_ids)), dtype=np.bool_)
    for row, plan in enumerate(plans):
        own = plan.outcome.decisions.joined[0, 0]
        for place, program in enumerate(plan.terms.programs):
            if program.id in program_ids and program.id not in joint:
                joined[0, row, program_ids.index(program.id)] = own[place]
    return Decisions(
        delivery=np.concatenate([plan.outcome.decisions.delivery for plan in plans], axis=1),
        reach=np.concatenate([plan.outcome.decisions.reach for plan in plans], axis=1),
        joined=joined,
    )
