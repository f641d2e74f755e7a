"""The calculations that a child process makes for one request: bytes of a body in, bytes of JSON out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import TypeVar

import pandas as pd
from pydantic import ValidationError

from critmass.catalog.schema_words import schema_problems
from critmass.domain.catalog import Catalog
from critmass.domain.errors import InfeasibleError, InputError, Problem
from critmass.domain.network import SHEETS, Column, Network, Sheet
from critmass.domain.scenario import SolveOptions
from critmass.formulation.levels import Shared
from critmass.network import checked_tables, complete_network, load_tables
from critmass.report.document import plan_document, settlement_document
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.solve.progress import Progress
from critmass.studies.locks import lock_conflicts
from critmass.studies.plan import Plan, plan_network
from critmass.studies.scenario import prepared
from critmass.studies.settle import settle_network
from critmass_api.wire import (
    Cell,
    JobAccepted,
    NetworkChecked,
    NetworkRequest,
    NetworkSummary,
    PlanRequest,
    PopulationSize,
    Request,
    SettlementRequest,
)

Asked = TypeVar("Asked", bound=Request)
Say = Callable[[bytes], None]


@dataclass(frozen=True)
class Bench:
    """What a task works with: the catalog, how many solver threads, and whom to tell of progress."""

    catalog: Catalog
    workers: int | None
    say: Say


# Networks ---------------------------------------------------------------------------------------------


def check_network(body: bytes, bench: Bench) -> bytes:
    """Checks a network given in JSON."""
    network = load_tables(read(NetworkRequest, body).tables, bench.catalog)
    return NetworkChecked(network=_summary(network)).model_dump_json().encode()


def check_workbook(body: bytes, bench: Bench) -> bytes:
    """Checks a network given as an Excel workbook, and gives its rows back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workbook.xlsx"
        path.write_bytes(body)
        tables = checked_tables(path, bench.catalog)
    summary = _summary(complete_network(tables))
    rows = {sheet.name: _rows(sheet, tables[sheet.name]) for sheet in SHEETS if len(tables[sheet.name])}
    return NetworkChecked(network=summary, tables=rows).model_dump_json().encode()


def _summary(network: Network) -> NetworkSummary:
    panel = network.table("Panel")
    populations = tuple(
        PopulationSize(payer=payer, line_of_business=line, members=_members_of(panel, payer, line))
        for payer, line in network.populations
    )
    return NetworkSummary(
        name=network.name,
        hash=network.hash,
        synthetic=network.synthetic,
        practices=len(network.practices),
        members=int(panel["members"].sum()),
        populations=populations,
        panel_rows_with_typical_strata=int(panel["defaulted"].sum()),
    )


def _members_of(panel: pd.DataFrame, payer: str, line: str) -> int:
    mine = (panel["payer"] == payer) & (panel["line_of_business"] == line)
    return int(panel.loc[mine, "members"].sum())


def _rows(sheet: Sheet, table: pd.DataFrame) -> list[dict[str, Cell]]:
    """The rows of a checked table; blanks are left out."""
    columns = [(column, table[column.name].tolist()) for column in sheet.columns]
    return [
        {column.name: _cell(column, cells[row]) for column, cells in columns if not _blank(cells[row])}
        for row in range(len(table))
    ]


def _blank(cell: str | float) -> bool:
    return cell in ("", None) or cell != cell


def _cell(column: Column, cell: str | float) -> Cell:
    if isinstance(cell, str):
        return cell
    if column.kind == "yes_no":
        return bool(cell)
    return int(cell) if float(cell).is_integer() else float(cell)


# Settlements and plans --------------------------------------------------------------------------------


def settle(body: bytes, bench: Bench) -> bytes:
    """Settles a network's contracts as things stand."""
    asked = read(SettlementRequest, body)
    network, catalog = matched(asked, bench)
    outcome, ledger = settle_network(network, catalog, asked.scenario)
    document = settlement_document(network, catalog, asked.scenario, outcome, ledger)
    return document.model_dump_json().encode()


def check_plan(body: bytes, bench: Bench) -> bytes:
    """Checks everything that can be known of a plan before the search for it."""
    asked = read(PlanRequest, body)
    return accepted(asked, bench, asked.options.time_limit_seconds)


def accepted(
    asked: PlanRequest, bench: Bench, seconds: float, check: Callable[[Network], None] = lambda network: None
) -> bytes:
    """A request for a job that may take so many seconds, once its network, its scenario and what else it asks about
    are checked."""
    network, catalog = matched(asked, bench)
    check(network)
    terms = terms_in_force(catalog, network, asked.scenario)
    conflicts = lock_conflicts(Shared(Model(network, catalog, asked.scenario), terms))
    if conflicts:
        raise InfeasibleError(conflicts)
    found = JobAccepted(network=_summary(network), scenario=asked.scenario.name, time_limit_seconds=seconds)
    return found.model_dump_json().encode()


def plan(body: bytes, bench: Bench) -> bytes:
    """Searches for a plan."""
    return plan_document(planned(read(PlanRequest, body), bench)).model_dump_json().encode()


def planned(asked: PlanRequest, bench: Bench) -> Plan:
    """The plan that a request asks for, or asks about."""
    network, catalog = matched(asked, bench)
    return plan_network(
        network, catalog, asked.scenario, options_of(asked, bench),
        lambda progress: bench.say(progress_json(progress)),
    )  # fmt: skip


def options_of(asked: PlanRequest, bench: Bench) -> SolveOptions:
    """How hard a request wants it to be tried."""
    return SolveOptions(**asked.options.model_dump(), workers=bench.workers)


def matched(asked: SettlementRequest, bench: Bench) -> tuple[Network, Catalog]:
    """A request's network, and the catalog as its scenario asks for it."""
    network = load_tables(asked.tables, bench.catalog)
    return network, prepared(network, bench.catalog, asked.scenario)


def progress_json(progress: Progress) -> bytes:
    """Progress as JSON; null while a number is not known."""
    known = {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in asdict(progress).items()
    }
    return json.dumps(known).encode()


def read(model: type[Asked], body: bytes) -> Asked:
    """A body as a request.

    Raises:
        InputError: with every key and value that does not fit.
    """
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        if any(item["type"] == "json_invalid" for item in error.errors(include_input=False)):
            message = str(error.errors(include_input=False)[0]["msg"])
            raise InputError([Problem("body", message, "send one JSON object")]) from None
        raise InputError(schema_problems(error, "body")) from None
