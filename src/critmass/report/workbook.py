"""A plan or a settlement as an Excel workbook for people who live in spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from critmass.catalog.coverage import WEAK_GRADES
from critmass.domain.catalog import Catalog, ValueProvenance
from critmass.domain.ledger import LEDGER_COLUMNS
from critmass.report.charts import add_mass_chart
from critmass.report.schema import (
    ComponentMoney,
    PlanDocument,
    PlannedPractice,
    PracticeMoney,
    ProgramMoney,
    SettledPractice,
    SettlementDocument,
    WorkflowMoney,
)
from critmass.report.sheets import Cell, Field, Kind, Page
from critmass.report.words import GROUNDS, LEVELS, shown_gap

MOST_LEDGER_ROWS = 100_000
"""Rows of the money trail before it is summed over practices; the ledger file always holds all of them."""
_TEXT_WIDTHS = {"clause": 48.0, "component": 24.0, "program": 30.0, "workflow": 24.0}
Document = PlanDocument | SettlementDocument


def write_workbook(path: Path, document: Document, ledger: pd.DataFrame, catalog: Catalog) -> None:
    """Writes the sheets Summary, Practices, Programs, Payments, Workflows, Money trail, Assumptions."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        summary = Page(book, "Summary")
        _summary(summary, document)
        practices = Page(book, "Practices")
        practices.table(_practice_fields(document), _practice_rows(document))
        add_mass_chart(book, summary, practices.name, document)
        Page(book, "Programs").table(_PROGRAM_FIELDS, _program_rows(document.programs))
        Page(book, "Payments").table(_PAYMENT_FIELDS, _payment_rows(document.programs))
        Page(book, "Workflows").table(*_workflow_table(document))
        _money_trail(Page(book, "Money trail"), ledger)
        _assumptions(Page(book, "Assumptions"), document, catalog)


# Summary ----------------------------------------------------------------------------------------------


def _summary(page: Page, document: Document) -> None:
    page.widths(34, 20, 20, 16, 16)
    year = document.scenario.performance_year
    what = "plan for" if isinstance(document, PlanDocument) else "as things stand in"
    page.title(f"{document.organization.name}: {what} {year}")
    for note in document.notes:
        page.line(("text", note))
    page.gap()
    if isinstance(document, PlanDocument):
        _proof(page, document)
    for label, kind, amount in _totals(document):
        page.line(("text", label), (kind, amount))
    page.gap()
    for label, text in _origin(document):
        page.line(("text", label), ("text", text))


def _proof(page: Page, plan: PlanDocument) -> None:
    page.line(("text", "Result"), ("text", plan.status))
    page.line(("text", "Asked gap"), ("share", plan.options.gap))
    page.line(("text", "Seconds to the result"), ("ratio", plan.wall_seconds))
    page.gap()
    fields = [
        Field("Objective, most important first", "text"),
        Field("Reached", "usd"),
        Field("Proved limit", "usd"),
        Field("Gap", "share"),
    ]
    rows = [(LEVELS.get(item.name, item.name), item.value, item.bound, shown_gap(item)) for item in plan.levels]
    page.table(fields, rows, alone=False)
    page.gap()


def _totals(document: Document) -> Iterator[tuple[str, Kind, Cell]]:
    money, organization = document.money, document.organization
    yield "Practices", "count", len(document.practices)
    yield "Practices at critical mass", "count", document.practices_at_mass
    if isinstance(document, PlanDocument):
        yield "Practices at critical mass today", "count", document.before.practices_at_mass
    yield "Members", "count", document.members
    yield "Members in practices at critical mass", "count", document.members_at_mass
    yield "New money, USD a year", "usd", money.new_usd
    yield "Withheld, USD a year", "usd", money.withheld_usd
    yield "Credited, not counted, USD a year", "usd", money.credited_usd
    yield "Cost, USD a year", "usd", money.cost_usd
    yield "Net margin, USD a year", "usd", money.margin_usd
    if isinstance(document, PlanDocument):
        yield "Net margin today, USD a year", "usd", document.before.margin_usd
    yield "Cash within the performance year, USD", "usd", money.cash_in_year_usd
    yield "Cash after it, USD", "usd", money.cash_later_usd
    yield "Hub cost, USD a year", "usd", organization.hub_cost_usd
    yield "Tariff received by the hub, USD a year", "usd", organization.tariff_usd
    yield "Kept by the organization, USD a year", "usd", organization.kept_usd
    for role, fte in organization.hub_staff_fte.items():
        yield f"Hub staff, {role}, FTE", "fte", fte
    yield "New money on assumed or unverified values", "share", document.assumption_share
    yield "New money on terms of an earlier year", "share", document.carried_forward_share


def _origin(document: Document) -> Iterator[tuple[str, str]]:
    yield "Scenario", document.scenario.name
    if isinstance(document, PlanDocument):
        yield "Seed", str(document.seed)
        yield "Plan", document.plan_hash
    yield "Catalog", document.catalog_hash
    yield "Network", document.network_hash
    yield "Versions", ", ".join(f"{name} {version}" for name, version in document.versions.items())


# Practices --------------------------------------------------------------------------------------------


def _practice_fields(document: Document) -> list[Field]:
    """The asked ratio stays the last of the ratios: charts count on the columns from D on."""
    planned = isinstance(document, PlanDocument)
    ratios = ["Mass ratio today", "Mass ratio under the plan"] if planned else ["Mass ratio"]
    reached = ["At mass today", "At mass under the plan"] if planned else ["At mass"]
    return [
        Field("Practice", "text", 16),
        Field("Name", "text", 30),
        Field("Members", "count", 10),
        *(Field(header, "ratio", 12) for header in ratios),
        Field("Asked ratio", "ratio", 10),
        *(Field(header, "text", 10) for header in reached),
        *(Field(header, "usd", 16) for header in _PRACTICE_USD),
        Field("Payers bringing their share", "count", 12),
        Field("Core workflows missing", "text", 36),
        Field("Programs joined", "text", 60),
        Field("Workflows (reach)", "text", 60),
        Field("Staff, FTE", "text", 40),
        *(Field(f"From {payer}", "usd", 16) for payer in _payers(document)),
    ]


_PRACTICE_USD = {
    "Reimbursement": "reimbursement_usd",
    "Cost": "cost_usd",
    "Margin": "margin_usd",
    "Shortfall": "shortfall_usd",
    "Cash in the year": "cash_in_year_usd",
    "Credited": "credited_usd",
    "Start-up": "startup_usd",
}


def _payers(document: Document) -> list[str]:
    practices: Sequence[PracticeMoney] = document.practices
    return sorted({payer for practice in practices for payer in practice.by_payer})


def _practice_rows(document: Document) -> Iterator[list[Cell]]:
    payers = _payers(document)
    asked = document.scenario.critical_mass.ratio
    for practice in document.practices:
        head: list[Cell] = [practice.id, practice.name, practice.members]
        money: list[Cell] = [getattr(practice, name) for name in _PRACTICE_USD.values()]
        from_payers: list[Cell] = [practice.by_payer.get(payer, 0.0) for payer in payers]
        yield [*head, *_reached(practice, asked), *money, *_words_of(practice), *from_payers]


def _words_of(practice: PracticeMoney) -> list[Cell]:
    runs = (f"{name} {run.delivery} {run.reach:.0%}" for name, run in practice.workflows.items())
    staff = (f"{role} {fte:g}" for role, fte in practice.staff_fte.items())
    lists = (practice.core_missing, practice.programs, runs, staff)
    return [practice.payers_bringing_share, *(", ".join(items) for items in lists)]


def _reached(practice: PlannedPractice | SettledPractice, asked: float) -> list[Cell]:
    if isinstance(practice, PlannedPractice):
        ratios = [practice.mass_ratio_before, practice.mass_ratio_after]
        return [*ratios, asked, practice.at_mass_before, practice.at_mass_after]
    return [practice.mass_ratio, asked, practice.at_mass]


# Programs and workflows -------------------------------------------------------------------------------

_PROGRAM_NAMES = [Field("Program", "text", 34), Field("Name", "text", 48), Field("Payer", "text", 16)]
_PROGRAM_USD = [Field("New", "usd", 16), Field("Credited", "usd", 16), Field("Withheld", "usd", 16)]
_PROGRAM_FIELDS = [
    *_PROGRAM_NAMES,
    Field("Terms of", "value", 9),
    Field("Decision", "text", 13),
    Field("Practices", "count", 10),
    Field("Could join", "count", 10),
    *_PROGRAM_USD,
    Field("Reporting cost", "usd", 16),
    Field("Why not available", "text", 40),
]
_PAYMENT_FIELDS = [
    *_PROGRAM_NAMES,
    Field("Payment", "text", 40),
    *_PROGRAM_USD,
    Field("Ground", "text", 28),
    Field("Terms of an earlier year", "text", 12),
    Field("Clause", "text", 80),
]


def _program_rows(programs: Sequence[ProgramMoney]) -> Iterator[list[Cell]]:
    for line in programs:
        head: list[Cell] = [line.id, line.label, line.payer, line.performance_year]
        who: list[Cell] = [line.decision.replace("_", " "), len(line.practices), line.practices_available]
        yield [*head, *who, *_dollars_of(line), line.reporting_usd, line.reason]


def _payment_rows(programs: Sequence[ProgramMoney]) -> Iterator[list[Cell]]:
    """Every payment that brings or takes something."""
    for line in programs:
        for part in line.components:
            amounts = _dollars_of(part)
            if any(amounts):
                head: list[Cell] = [line.id, line.label, line.payer, part.label]
                yield [*head, *amounts, GROUNDS[part.confidence], part.carried_forward, part.clause]


def _dollars_of(line: ProgramMoney | ComponentMoney) -> list[Cell]:
    return [line.new_usd, line.credited_usd, line.withheld_usd]


def _workflow_table(document: Document) -> tuple[list[Field], Iterator[list[Cell]]]:
    payers = sorted({payer for line in document.workflows for payer in line.funded_by})
    fields = [
        Field("Workflow", "text", 24),
        Field("Name", "text", 48),
        Field("Stage", "text", 12),
        Field("Core", "text", 8),
        Field("Practices themselves", "count", 11),
        Field("Practices through the hub", "count", 11),
        Field("Mean reach", "share", 10),
        Field("Cost with staff", "usd", 16),
        Field("Earns", "usd", 16),
        Field("Margin", "usd", 16),
        *(Field(f"From {payer}", "usd", 16) for payer in payers),
    ]
    return fields, (_workflow_row(line, payers) for line in document.workflows)


def _workflow_row(line: WorkflowMoney, payers: Sequence[str]) -> list[Cell]:
    head: list[Cell] = [line.id, line.label, line.stage, line.core]
    run: list[Cell] = [line.practices_own, line.practices_hub, line.mean_reach]
    money: list[Cell] = [line.cost_usd, line.funded_usd, line.margin_usd]
    return [*head, *run, *money, *(line.funded_by.get(payer, 0.0) for payer in payers)]


# Money trail and assumptions --------------------------------------------------------------------------


def _money_trail(page: Page, ledger: pd.DataFrame) -> None:
    columns = list(LEDGER_COLUMNS)
    if len(ledger) > MOST_LEDGER_ROWS:
        columns.remove("practice")
        words = [name for name in columns if name != "amount_usd"]
        ledger = ledger.groupby(words, observed=True, sort=False)["amount_usd"].sum().round(2).reset_index()
    kinds: dict[str, Kind] = {"amount_usd": "usd"}
    fields = [Field(name, kinds.get(name, "text"), _TEXT_WIDTHS.get(name, 15.0)) for name in columns]
    values: list[list[Any]] = [ledger[name].tolist() for name in columns]
    page.table(fields, zip(*values, strict=True))


_ASSUMPTION_FIELDS = [
    Field("Value", "text", 70),
    Field("Amount", "value", 14),
    Field("Ground", "text", 28),
    Field("Why, or where it could be checked", "text", 80),
    Field("Dollars of its payment", "usd", 18),
]


def _assumptions(page: Page, document: Document, catalog: Catalog) -> None:
    """Every assumed or unverified value behind a payment that pays, a workflow that runs, or its staff."""
    dollars = {
        (line.id, part.id): part.new_usd + part.credited_usd + part.withheld_usd
        for line in document.programs
        for part in line.components
    }
    running = {line.id for line in document.workflows if line.cost_usd} | set(catalog.roles)
    rows: list[list[Cell]] = []
    for item in catalog.provenance:
        paid = dollars.get(_payment_of(item), 0.0)
        if item.cite.grade in WEAK_GRADES and (paid or item.owner in running):
            amount = paid if paid and "].workflows[" not in item.path else None
            rows.append([item.path, item.value, GROUNDS[item.cite.grade], _why(item, catalog), amount])
    rows.sort(key=lambda row: -abs(float(row[4] or 0.0)))
    page.table(_ASSUMPTION_FIELDS, rows)


def _payment_of(item: ValueProvenance) -> tuple[str, str]:
    begin = f"{item.owner}.components["
    rest = item.path.removeprefix(begin)
    return (item.owner, rest.partition("]")[0]) if item.path.startswith(begin) else (item.owner, "")


def _why(item: ValueProvenance, catalog: Catalog) -> str:
    source = catalog.sources.get(f"{item.file}#{item.cite.source}")
    return item.cite.reason or (f"{source.title}, {source.url}" if source else "")
