"""What a plan was made from, beside the plan: enough to make it again and to ask further questions."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError

from critmass.catalog.load import load_catalog, read_catalog_file
from critmass.catalog.schema_words import schema_problems
from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.domain.network import SHEETS, Network, Sheet
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.domain.values import Frozen
from critmass.formulation.levels import Shared
from critmass.network.fill import complete_network
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import Decisions, Model
from critmass.settlement.terms import terms_in_force
from critmass.studies.overlay import with_programs
from critmass.studies.plan import Level, Plan, today
from critmass.studies.scenario import prepared

INPUTS_FILE = "inputs.json"
PLAN_FILE = "plan.json"
OFFERS_FILE = "offers.yaml"
"""What payers offer beside the plan's catalog: a catalog file."""
_AGAIN = "plan again with this version: critmass plan NETWORK --out DIR"

Cells = dict[str, list[str | float | bool | None]]
"""A sheet's columns; null is a blank, which means what the sheet says of blanks."""


class ReachedLevel(Frozen):
    """A level of the objective with its limit, null where none is proved."""

    name: str
    value: float
    bound: float | None
    gap: float | None


class MadeDecisions(Frozen):
    """Decisions by practice, in the network's order. Delivery is 0 (not at all), 1 (own) or 2 (hub)."""

    workflows: tuple[str, ...]
    programs: tuple[str, ...]
    delivery: tuple[tuple[int, ...], ...]
    reach: tuple[tuple[float, ...], ...]
    joined: tuple[tuple[bool, ...], ...]


class PlanInputs(Frozen):
    """The network as counts, the scenario, the options and the decisions of a plan."""

    kind: Literal["plan_inputs"] = "plan_inputs"
    schema_version: str = "1.0"
    catalog_hash: str
    network_hash: str
    plan_hash: str
    scenario: Scenario
    options: SolveOptions
    network: dict[str, Cells] = Field(description="Sheets of the network, column by column.")
    decisions: MadeDecisions
    levels: tuple[ReachedLevel, ...]
    wall_seconds: float
    first_plan_seconds: float
    settlement_checks: tuple[str, ...] = ()


# Writing ----------------------------------------------------------------------------------------------


def plan_inputs(plan: Plan) -> PlanInputs:
    """What a plan was made from."""
    decisions = plan.outcome.decisions
    return PlanInputs(
        catalog_hash=plan.catalog.hash,
        network_hash=plan.network.hash,
        plan_hash=plan.plan_hash,
        scenario=plan.scenario,
        options=plan.options,
        network={sheet.name: _cells(sheet, plan.network.table(sheet.name)) for sheet in SHEETS},
        decisions=MadeDecisions(
            workflows=tuple(plan.catalog.workflows),
            programs=tuple(program.id for program in plan.terms.programs),
            delivery=tuple(map(tuple, decisions.delivery[0].tolist())),
            reach=tuple(map(tuple, decisions.reach[0].tolist())),
            joined=tuple(map(tuple, decisions.joined[0].tolist())),
        ),
        levels=tuple(
            ReachedLevel(name=item.name, value=item.value, bound=_finite(item.bound), gap=_finite(item.gap))
            for item in plan.levels
        ),
        wall_seconds=plan.wall_seconds,
        first_plan_seconds=_finite(plan.first_plan_seconds) or 0.0,
        settlement_checks=plan.settlement_checks,
    )


def write_plan_inputs(plan: Plan, path: Path) -> None:
    """Writes what a plan was made from, as compact JSON."""
    path.write_text(plan_inputs(plan).model_dump_json() + "\n", encoding="utf-8")


def _cells(sheet: Sheet, table: pd.DataFrame) -> Cells:
    return {column.name: [_cell(value) for value in table[column.name].tolist()] for column in sheet.columns}


def _cell(value: Any) -> str | float | bool | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


# Reading ----------------------------------------------------------------------------------------------


def read_plan(path: Path, catalog_dirs: Sequence[Path] = ()) -> Plan:
    """The plan in a folder that `critmass plan --out` wrote, or in a file of it, priced again.

    Raises:
        InputError: when a file is missing or broken, when the catalog is not the one that the plan was made with, or
            when the plan is not what its files say.
    """
    return read_plan_with_catalog(path, catalog_dirs)[0]


def read_plan_with_catalog(path: Path, catalog_dirs: Sequence[Path] = ()) -> tuple[Plan, Catalog]:
    """The plan as `read_plan` has it, and the catalog as its files have it, without the scenario's overrides and
    without what payers offer beside the plan."""
    file = inputs_file(path)
    found = _read(file)
    catalog = load_catalog(catalog_dirs)
    network = _network(found, file)
    whole = _with_offers(prepared(network, catalog, found.scenario), file.parent / OFFERS_FILE)
    if whole.hash != found.catalog_hash:
        message = f"was made with another catalog ({found.catalog_hash[:12]}; this one is {whole.hash[:12]})"
        fix = "give the same --catalog folders as for the plan, or plan again"
        raise InputError([Problem(str(file), message, fix)])
    return _plan(found, network, whole, file), catalog


def _with_offers(catalog: Catalog, file: Path) -> Catalog:
    """The catalog with what payers offer in a file beside the plan, where there is one."""
    if not file.is_file():
        return catalog
    offers = read_catalog_file(file)
    return with_programs(catalog, offers.programs, offers.facts)


def inputs_file(path: Path) -> Path:
    """Where a plan's inputs stand: in its folder, beside plan.json.

    Raises:
        InputError: when they are not there.
    """
    folder = path if path.is_dir() else path.parent
    file = folder / INPUTS_FILE
    if not path.exists():
        raise InputError([Problem(str(path), "does not exist", "name plan.json, or the folder that it is in")])
    if not file.is_file():
        fix = f"keep it beside {PLAN_FILE}; or {_AGAIN}"
        raise InputError([Problem(str(file), "is missing; it holds what the plan was made from", fix)])
    return file


def is_plan(path: Path) -> bool:
    """Whether a path is a plan's, not a network's: plan.json or inputs.json, or a folder that holds one of them."""
    names = (PLAN_FILE, INPUTS_FILE)
    return path.suffix == ".json" or (path.is_dir() and any((path / name).is_file() for name in names))


def _read(file: Path) -> PlanInputs:
    try:
        return PlanInputs.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        if isinstance(error, ValidationError):
            raise InputError(schema_problems(error, file.name)) from None
        raise InputError([Problem(str(file), f"cannot be read ({error})", _AGAIN)]) from None


def _network(found: PlanInputs, file: Path) -> Network:
    try:
        tables = {sheet.name: _table(sheet, found.network[sheet.name]) for sheet in SHEETS}
        network = complete_network(tables)
    except (KeyError, ValueError, TypeError) as error:
        raise InputError([Problem(str(file), f"has a broken network ({error})", _AGAIN)]) from None
    if network.hash != found.network_hash:
        raise InputError([Problem(str(file), "was changed: its network is not the plan's", _AGAIN)])
    return network


def _table(sheet: Sheet, cells: Cells) -> pd.DataFrame:
    """A sheet's table with blanks as they are before they are filled in."""
    text = ("text", "choice")
    return pd.DataFrame(
        {
            column.name: pd.Series(cells[column.name], dtype=str if column.kind in text else None)
            if cells[column.name]
            else pd.Series([], dtype=str if column.kind in text else np.float64)
            for column in sheet.columns
        }
    )


def _plan(found: PlanInputs, network: Network, catalog: Catalog, file: Path) -> Plan:
    model = Model(network, catalog, found.scenario)
    terms = terms_in_force(catalog, network, found.scenario)
    pricer = Pricer(model, terms)
    if found.decisions.programs != pricer.program_ids or found.decisions.workflows != tuple(catalog.workflows):
        raise InputError([Problem(str(file), "speaks of other programs or workflows than the catalog", _AGAIN)])
    outcome = pricer.price(_decisions(found.decisions))
    plan = Plan(
        network=network, catalog=catalog, scenario=found.scenario, options=found.options, terms=terms,
        outcome=outcome, today=pricer.price(today(Shared(model, terms))),
        levels=tuple(_level(item) for item in found.levels),
        wall_seconds=found.wall_seconds, first_plan_seconds=found.first_plan_seconds,
        settlement_checks=found.settlement_checks,
    )  # fmt: skip
    if plan.plan_hash != found.plan_hash:
        raise InputError([Problem(str(file), "was changed: its decisions are not the plan's", _AGAIN)])
    return plan


def _decisions(made: MadeDecisions) -> Decisions:
    return Decisions(
        delivery=np.array([made.delivery], dtype=np.int8),
        reach=np.array([made.reach], dtype=np.float64),
        joined=np.array([made.joined], dtype=np.bool_),
    )


def _level(item: ReachedLevel) -> Level:
    unknown = float("inf")
    bound, gap = (unknown if number is None else number for number in (item.bound, item.gap))
    return Level(item.name, item.value, bound, gap)
