"""A year's results as practices and payers report them: counts, not projections.

A report is the network's own sheets with year-end counts, the events billed, and what was run and joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.domain.network import ORGANIZATION, SHEETS, Network
from critmass.domain.scenario import Scenario
from critmass.domain.values import Frozen
from critmass.domain.vocabulary import Stratum
from critmass.settlement.amounts import Settled, settle
from critmass.settlement.arrays import NetworkArrays
from critmass.settlement.results import BoolArray, FloatArray, IntArray, Populations
from critmass.settlement.terms import MONTHS, terms_in_force


class ReportedRow(Frozen):
    """A count of one practice's members with one payer and line of business."""

    practice: str
    payer: str
    line_of_business: str


class PanelRow(ReportedRow):
    """Attributed members; `member_months` defaults to twelve for each of them."""

    members: float = Field(ge=0)
    member_months: float | None = Field(default=None, ge=0)
    under_21: float = Field(default=0.0, ge=0)
    risk_rising: float = Field(default=0.0, ge=0)
    risk_high: float = Field(default=0.0, ge=0)
    chronic_2_plus: float = Field(default=0.0, ge=0)
    chronic_2_plus_qmb: float = Field(default=0.0, ge=0)


class MeasureRow(ReportedRow):
    """A measure at year end, and last year's, in members. `carried_numerator` were compliant on day one.

    Without last year's counts this year's stand for them: nothing improved.
    """

    measure: str
    denominator: float = Field(ge=0)
    numerator: float = Field(ge=0)
    prior_denominator: float | None = Field(default=None, ge=0)
    prior_numerator: float | None = Field(default=None, ge=0)
    carried_numerator: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _whole_prior_year(self) -> MeasureRow:
        if (self.prior_denominator is None) != (self.prior_numerator is None):
            raise ValueError("give both counts of last year, or neither")
        return self


class EventsRow(ReportedRow):
    """Events of a service billed in the year."""

    service: str
    events: float = Field(ge=0)


class ChargesRow(ReportedRow):
    """Allowed charges of a code set, USD a year."""

    code_set: str
    allowed_usd: float = Field(ge=0)


class SpendingRow(ReportedRow):
    """Benchmark and actual total cost of care, USD a year."""

    benchmark_usd: float = Field(ge=0)
    expenditure_usd: float = Field(ge=0)


class YearReport(Frozen):
    """What happened in a year. In the mappings ORGANIZATION stands for every practice.

    `tins` names the tax number of practices that bill together; a practice without one bills alone.
    `joined` names the programs that each practice took part in. A program that another joined program
    `excludes` takes no part: its claims are refused where the other one pays.
    """

    panel: tuple[PanelRow, ...] = Field(min_length=1)
    measures: tuple[MeasureRow, ...] = ()
    events: tuple[EventsRow, ...] = ()
    charges: tuple[ChargesRow, ...] = ()
    spending: tuple[SpendingRow, ...] = ()
    facts: dict[str, dict[str, float]] = Field(default_factory=dict)
    workflows: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    joined: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    tins: dict[str, str] = Field(default_factory=dict)

    @property
    def practices(self) -> tuple[str, ...]:
        """Practices in the order in which the panel first names them."""
        return tuple(dict.fromkeys(row.practice for row in self.panel))

    def named(self, table: Mapping[str, Sequence[str]], practice: str) -> tuple[str, ...]:
        """What a mapping says of a practice, with what it says of all."""
        return tuple(dict.fromkeys((*table.get(ORGANIZATION, ()), *table.get(practice, ()))))

    def network(self) -> Network:
        """The report as a network, so that terms and counts are found as everywhere else."""
        facts = [
            {"practice": practice, "fact": fact, "value": value}
            for practice, answers in self.facts.items()
            for fact, value in answers.items()
        ]
        rows: dict[str, list[dict[str, object]]] = {
            "Practices": [{"practice": name, "tin": self.tins.get(name, name)} for name in self.practices],
            "Panel": [_with_months(row) for row in self.panel],
            "Baseline": [_with_prior_year(row) for row in self.measures],
            "Charges": [row.model_dump() for row in self.charges],
            "Spending": [row.model_dump() for row in self.spending],
            "Facts": facts,
        }
        pairs = sorted({(row.payer, row.line_of_business) for row in self.panel})
        tables = {
            sheet.name: pd.DataFrame(rows.get(sheet.name, []), columns=[column.name for column in sheet.columns])
            for sheet in SHEETS
        }
        return Network("reported", False, 0.0, self.practices, tuple(pairs), tables)


def _with_months(row: PanelRow) -> dict[str, object]:
    months = MONTHS * row.members if row.member_months is None else row.member_months
    return {**row.model_dump(), "member_months": months}


def _with_prior_year(row: MeasureRow) -> dict[str, object]:
    if row.prior_denominator is None or row.prior_numerator is None:
        return {**row.model_dump(), "prior_denominator": row.denominator, "prior_numerator": row.numerator}
    return row.model_dump()


class ReportedResults:
    """A report as settlement sees it; implements `critmass.settlement.results.Results` with one scenario.

    Raises:
        InputError: when the report names something that the catalog or its own panel does not know, counts
            the same thing twice, or joins two programs that exclude each other.
    """

    def __init__(self, report: YearReport, catalog: Catalog) -> None:
        problems = report_problems(report, catalog)
        if problems:
            raise InputError(problems)
        self.report, self.catalog = report, catalog
        self.network = report.network()
        self._arrays = NetworkArrays(self.network, catalog)

    @property
    def shape(self) -> tuple[int, int]:
        """One scenario, and the number of practices."""
        return 1, len(self.network.practices)

    @property
    def names(self) -> tuple[str, ...]:
        """Practice ids."""
        return self.network.practices

    @property
    def all_populations(self) -> Populations:
        """Every payer and line of business of the panel."""
        return self.network.populations

    @property
    def tins(self) -> IntArray:
        """Number of each practice's TIN."""
        return self._arrays.tins

    @property
    def organizations(self) -> IntArray:
        """All practices are one organization's."""
        return np.zeros(self.shape[1], dtype=np.int64)

    def _sum(self, table: FloatArray, populations: Populations) -> FloatArray:
        return np.asarray(table[:, self._arrays.columns(populations)].sum(axis=1)[None, :])

    def members(self, populations: Populations, stratum: Stratum) -> FloatArray:
        """Attributed members."""
        return self._sum(self._arrays.members(stratum), populations)

    def member_months(self, populations: Populations, stratum: Stratum) -> FloatArray:
        """Attributed member-months."""
        return self._sum(self._arrays.member_months(stratum), populations)

    def denominator(self, measure: str, populations: Populations) -> FloatArray:
        """Eligible members."""
        return self._sum(self._arrays.baseline(measure, "denominator"), populations)

    def numerator(self, measure: str, populations: Populations) -> FloatArray:
        """Compliant members at year end."""
        return self._sum(self._arrays.baseline(measure, "numerator"), populations)

    def prior_rate(self, measure: str, populations: Populations) -> tuple[FloatArray, FloatArray]:
        """Last year's numerator and denominator."""
        names = ("prior_numerator", "prior_denominator")
        top, bottom = (self._sum(self._arrays.baseline(measure, name), populations) for name in names)
        return top, bottom

    def carried_numerator(self, measure: str, populations: Populations) -> FloatArray:
        """Members compliant on day one."""
        return self._sum(self._arrays.baseline(measure, "carried_numerator"), populations)

    @cached_property
    def _events(self) -> Mapping[str, FloatArray]:
        tables: dict[str, FloatArray] = {}
        for row in self.report.events:
            empty = np.zeros((len(self.network.practices), len(self.network.populations)))
            place = self.network.practices.index(row.practice)
            column = self.network.populations.index((row.payer, row.line_of_business))
            tables.setdefault(row.service, empty)[place, column] = row.events
        return tables

    def events(self, service: str, populations: Populations) -> FloatArray:
        """Billed events of a service."""
        table = self._events.get(service)
        return np.zeros(self.shape) if table is None else self._sum(table, populations)

    def allowed_usd(self, code_set: str, populations: Populations) -> FloatArray:
        """Allowed charges, USD a year."""
        return self._sum(self._arrays.allowed_usd(code_set), populations)

    def benchmark_usd(self, populations: Populations) -> FloatArray:
        """Benchmark expenditure, USD a year."""
        return self._sum(self._arrays.spending("benchmark_usd"), populations)

    def expenditure_usd(self, populations: Populations) -> FloatArray:
        """Expenditure, USD a year."""
        return self._sum(self._arrays.spending("expenditure_usd"), populations)

    def fact(self, name: str) -> FloatArray:
        """A reported answer, else the catalog's default."""
        return self._arrays.fact(name)[None, :]

    def runs_workflow(self, workflow: str) -> BoolArray:
        """Whether the practice ran the workflow."""
        report = self.report
        return np.array([[workflow in report.named(report.workflows, name) for name in self.network.practices]])

    def joined(self, program: str) -> BoolArray:
        """Whether the practice took part in the program, and no other program excluded it."""
        return np.array([[program in self._taken_part(name) for name in self.network.practices]])

    def _taken_part(self, practice: str) -> set[str]:
        held = self.report.named(self.report.joined, practice)
        excluded = {other for program in held for other in self.catalog.programs[program].excludes}
        return set(held) - excluded


def settle_report(report: YearReport, catalog: Catalog, scenario: Scenario) -> Settled:
    """What every contract in force pays for reported results, by clause and practice, USD.

    Raises:
        InputError: as `ReportedResults` does.
    """
    results = ReportedResults(report, catalog)
    return settle(terms_in_force(catalog, results.network, scenario), results)


def report_problems(report: YearReport, catalog: Catalog) -> list[Problem]:
    """Everything in a report that cannot be settled."""
    found = list(_unknown(report, catalog))
    for name, rows, key in _tables(report):
        found += _repeated(name, rows, key)
    known = set(catalog.programs)
    for practice in report.practices:
        held = [item for item in report.named(report.joined, practice) if item in known]
        found += _mutual(practice, held, catalog)
    return found


def _tables(report: YearReport) -> Iterator[tuple[str, Sequence[ReportedRow], str]]:
    yield "panel", report.panel, ""
    yield "measures", report.measures, "measure"
    yield "events", report.events, "service"
    yield "charges", report.charges, "code_set"
    yield "spending", report.spending, ""


def _unknown(report: YearReport, catalog: Catalog) -> Iterator[Problem]:
    cells = {(row.practice, row.payer, row.line_of_business) for row in report.panel}
    for name, rows, key in _tables(report):
        for row in rows:
            if (row.practice, row.payer, row.line_of_business) not in cells:
                where = f"{row.practice}, {row.payer}, {row.line_of_business}"
                yield Problem(f"report: {name}", f"the panel has no members of {where}", "add them to the panel")
        known = {"measure": catalog.measures, "service": catalog.services, "code_set": catalog.code_sets}.get(key, {})
        mentioned = [str(getattr(row, key)) for row in rows] if key else []
        yield from _strangers(name, key.replace("_", " "), mentioned, known)
    yield from _strangers("panel", "payer", (row.payer for row in report.panel), catalog.payers)
    practices = {ORGANIZATION: None, **dict.fromkeys(report.practices)}
    yield from _strangers("tins", "practice", report.tins, practices)
    for name, table, noun, known in (
        ("facts", report.facts, "fact", catalog.facts),
        ("workflows", report.workflows, "workflow", catalog.workflows),
        ("joined", report.joined, "program", catalog.programs),
    ):
        yield from _strangers(name, "practice", table, practices)
        yield from _strangers(name, noun, (item for items in table.values() for item in items), known)


def _strangers(place: str, noun: str, mentioned: Iterable[str], known: Mapping[str, object]) -> Iterator[Problem]:
    for name in dict.fromkeys(mentioned):
        if name not in known:
            yield Problem(f"report: {place}", f"unknown {noun} {name!r}", "check its spelling")


def _repeated(name: str, rows: Sequence[ReportedRow], key: str) -> Iterator[Problem]:
    seen = set()
    for row in rows:
        what = (row.practice, row.payer, row.line_of_business, getattr(row, key) if key else "")
        if what in seen:
            message = f"{', '.join(str(part) for part in what if part)} is counted twice"
            yield Problem(f"report: {name}", message, "keep one row")
        seen.add(what)


def _mutual(practice: str, held: Sequence[str], catalog: Catalog) -> Iterator[Problem]:
    for place, one in enumerate(held):
        for other in held[place + 1 :]:
            if other in catalog.programs[one].excludes and one in catalog.programs[other].excludes:
                message = f"{practice} cannot take part in both {one} and {other}: they exclude each other"
                yield Problem("report: joined", message, "leave one of them out")
