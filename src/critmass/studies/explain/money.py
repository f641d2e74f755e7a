"""The money trail: every dollar of a plan to its clause, what the clause looked at, and where its numbers come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.errors import SettlementMismatchError
from critmass.domain.network import ORGANIZATION
from critmass.domain.vocabulary import Multiplier
from critmass.settlement import evaluate
from critmass.settlement.amounts import (
    SettlementRun,
    base_amount,
    gross_amount,
    passed_share,
    prepaid_amount,
    quantity_year_share,
)
from critmass.settlement.ledger import ledger
from critmass.settlement.outcome import CENT, Pricer
from critmass.settlement.projection import Model, ProjectedResults
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import Clause
from critmass.settlement.units import units_of
from critmass.settlement.view import View
from critmass.studies.explain.looked_at import (
    GateFound,
    LimitFound,
    Looked,
    MeasureFound,
    RateFound,
    driver_found,
    gates_found,
    limits_found,
    measures_found,
    quantity_found,
    rate_found,
)
from critmass.studies.plan import Plan


@dataclass(frozen=True)
class Ground:
    """Where numbers of a clause come from: a grade, and a document or the reason of an assumption."""

    grade: str
    title: str = ""
    url: str = ""
    seen: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ClauseTrail:
    """One clause at one practice: what it counted, looked at and paid. Money is USD a year.

    Above practice level everything up to `unit_usd` is that of the unit the practice settles with, and `unit_share` is
    the practice's part of it. `base_usd` is quantity x rate in the part of the year that the clause is in force;
    multipliers and limits lead to what it pays when its gates are open; `unit_usd` is what it does pay.
    `practice_usd` reaches the practice after pass-through; the ledger has the same, `by_workflow`. What the
    organization keeps has a trail of its own, with the practice ORGANIZATION and nothing but the amount.
    """

    program: str
    component: str
    payer: str
    label: str
    clause: str
    level: str
    status: str
    practice: str
    takes_part: bool
    practice_usd: float
    by_workflow: Mapping[str, float]
    quantity: Looked | None = None
    driver: Looked | None = None
    rate: RateFound | None = None
    measures: tuple[MeasureFound, ...] = ()
    year_share: float = 1.0
    base_usd: float = 0.0
    multipliers: tuple[float, ...] = ()
    limits: tuple[LimitFound, ...] = ()
    gates: tuple[GateFound, ...] = ()
    prepaid_usd: float | None = None
    unit_usd: float = 0.0
    unit_share: float = 1.0
    passed_share: float = 1.0

    @property
    def open(self) -> bool:
        """Whether every gate is open."""
        return all(gate.open for gate in self.gates)


@dataclass(frozen=True)
class CostTrail:
    """One kind of cost in the ledger, negative USD a year."""

    practice: str
    program: str
    workflow: str
    component: str
    clause: str
    usd: float


@dataclass(frozen=True)
class MoneyTrail:
    """The trails of what was asked for. `total_usd` is their money, to the cent that of the ledger; `cost_usd` their
    costs, negative. `grounds` are by program and component."""

    clauses: tuple[ClauseTrail, ...]
    costs: tuple[CostTrail, ...]
    grounds: Mapping[tuple[str, str], tuple[Ground, ...]]
    total_usd: float
    cost_usd: float


class Books:
    """The settled plan, open for questions about single dollars."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.model = Model(plan.network, plan.catalog, plan.scenario)
        self.pricer = Pricer(self.model, plan.terms)
        self.results = ProjectedResults(self.model, self.pricer.program_ids, plan.outcome.decisions)
        self.run = SettlementRun(plan.terms, self.results)

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """The plan's ledger, its words as text."""
        frame = ledger(self.pricer, self.plan.outcome)
        words = {name: str for name in frame.columns if name != "amount_usd"}
        return frame.astype(words)

    def trail(self, *, program: str = "", practice: str = "", payer: str = "") -> MoneyTrail:
        """Trails of a program, a practice or a payer; what is empty is not asked for.

        Raises:
            SettlementMismatchError: when a trail does not add up to the ledger, to the cent.
        """
        asked = {"program": program, "practice": practice, "payer": payer}
        rows = self.ledger
        for column, wanted in asked.items():
            rows = rows[rows[column] == wanted] if wanted else rows
        accrual = rows[rows["kind"] == "accrual"]
        trails = [item for item in self._clauses(program, payer) if not practice or item.practice == practice]
        costs = tuple(_costs(rows[rows["kind"] == "cost"]))
        total = _checked(sum(_cents(item.practice_usd) for item in trails), accrual)
        grounds = {
            key: tuple(grounds_of(self.plan.catalog, *key)) for key in {(i.program, i.component) for i in trails}
        }
        return MoneyTrail(tuple(trails), costs, grounds, total, round(sum(item.usd for item in costs), 2))

    def _clauses(self, program: str, payer: str) -> Iterator[ClauseTrail]:
        for place, clause in enumerate(self.plan.terms.clauses):
            if program in ("", clause.program.id) and payer in ("", clause.payer):
                yield from self._clause(place, clause)

    def _clause(self, place: int, clause: Clause) -> Iterator[ClauseTrail]:
        """The clause at every practice that it speaks to, and what the organization keeps."""
        settled = self.plan.outcome.settled
        speaks = np.broadcast_to(self.run.taking_part(clause), self.results.shape)[0]
        found = _Clause(self, clause)
        for at, name in enumerate(self.plan.network.practices):
            paid = float(settled.practice[place, 0, at])
            if speaks[at] or paid:
                yield found.trail(at, name, paid, takes_part=bool(speaks[at]))
        kept = float(settled.organization[place, 0])
        if _cents(kept):
            yield ClauseTrail(**found.words(ORGANIZATION, kept), takes_part=True, unit_usd=kept)

    def by_workflow(self, clause: Clause, practice: str, usd: float) -> dict[str, float]:
        """The ledger's accrual of a clause at a practice, by workflow.

        Raises:
            SettlementMismatchError: when it is not what was settled, to the cent.
        """
        rows = self._accrual.get((*clause.key, practice), {})
        if sum(_cents(amount) for amount in rows.values()) != _cents(usd):
            where = f"{'.'.join(clause.key)} at {practice}"
            raise SettlementMismatchError(f"{where}: ${sum(rows.values()):,.2f} in the ledger, ${usd:,.2f} settled")
        return rows

    @cached_property
    def _accrual(self) -> dict[tuple[str, str, str], dict[str, float]]:
        rows = self.ledger[self.ledger["kind"] == "accrual"]
        sums = rows.groupby(["program", "component", "practice", "workflow"])["amount_usd"].sum()
        found: dict[tuple[str, str, str], dict[str, float]] = {}
        for key, amount in sums.items():
            program, component, practice, workflow = cast(tuple[str, str, str, str], key)
            found.setdefault((program, component, practice), {})[workflow] = round(float(amount), 2)
        return found


@dataclass
class _Clause:
    """One clause of the open books, evaluated once for all practices."""

    books: Books
    clause: Clause

    def __post_init__(self) -> None:
        self.view: View = self.books.run.view(self.clause)
        self.units = units_of(self.books.results, self.clause.component.level)
        self.gross = gross_amount(self.clause, self.view)
        self.base = base_amount(self.clause.component, self.view) * quantity_year_share(self.clause)
        members = self.books.results.members(self.clause.populations, "all") * self.books.run.taking_part(self.clause)
        self.share = evaluate.ratio(members, self.units.whole(members))
        self.ahead = prepaid_amount(self.clause, self.view)

    def at(self, found: FloatArray, place: int) -> float:
        """A number of the practice's unit."""
        table = self.units.table
        if table is not None:
            wide = np.broadcast_to(found, (1, table.shape[1]))
            return float(np.asarray(wide @ table.T)[0, place])
        return float(found[0, place if found.shape[1] > 1 else 0])

    def _factor(self, factor: Multiplier, place: int) -> float:
        return self.at(evaluate.scheduled(factor.driver, factor.schedule, self.view), place)

    def words(self, practice: str, usd: float) -> dict[str, Any]:
        """What every trail of the clause says."""
        component = self.clause.component
        return {
            "program": self.clause.program.id,
            "component": component.id,
            "payer": self.clause.payer,
            "label": component.label,
            "clause": component.clause,
            "level": component.level,
            "status": component.money,
            "practice": practice,
            "practice_usd": round(usd, 2) + 0.0,
            "by_workflow": self.books.by_workflow(self.clause, practice, usd),
        }

    def trail(self, place: int, practice: str, usd: float, *, takes_part: bool) -> ClauseTrail:
        """The clause at one practice.

        Raises:
            SettlementMismatchError: when what is shown does not lead to what was settled, to the cent.
        """
        component, view = self.clause.component, self.view
        share = float(takes_part) if self.units.each_alone else float(self.share[0, place])
        unit, passed = self.at(self.gross, place), passed_share(component)
        if abs(unit * share * passed - usd) > CENT / 2:
            where = f"{'.'.join(self.clause.key)} at {practice}"
            raise SettlementMismatchError(f"{where}: ${unit * share * passed:,.2f} by its parts, ${usd:,.2f} settled")
        return ClauseTrail(
            **self.words(practice, usd),
            takes_part=takes_part,
            quantity=quantity_found(component, view, self, place),
            driver=driver_found(component.driver, view, self, place),
            rate=rate_found(component, view, self, place),
            measures=tuple(measures_found(component, view, self, place)),
            year_share=quantity_year_share(self.clause),
            base_usd=self.at(self.base, place),
            multipliers=tuple(self._factor(factor, place) for factor in component.multipliers),
            limits=tuple(limits_found(component, self.base, view, self, place)),
            gates=tuple(gates_found(component.gates, view, self, place)),
            prepaid_usd=None if self.ahead is None else self.at(self.ahead, place),
            unit_usd=unit,
            unit_share=share,
            passed_share=passed,
        )


def _cents(usd: float) -> int:
    return int(np.rint(usd * 100))


def _checked(cents: int, accrual: pd.DataFrame) -> float:
    booked = sum(_cents(amount) for amount in accrual["amount_usd"])
    if cents != booked:
        raise SettlementMismatchError(f"the trail has ${cents / 100:,.2f}, the ledger ${booked / 100:,.2f}")
    return cents / 100


def _costs(rows: pd.DataFrame) -> Iterator[CostTrail]:
    keys = ["practice", "program", "workflow", "component", "clause"]
    for words, amount in rows.groupby(keys, sort=False)["amount_usd"].sum().items():
        yield CostTrail(*cast(tuple[str, str, str, str, str], words), round(float(amount), 2))


def grounds_of(catalog: Catalog, program: str, component: str) -> Iterator[Ground]:
    """Where the numbers of a clause come from, without repeats, in the order in which they are written."""
    begin = f"{program}.components[{component}]"
    seen: set[Ground] = set()
    for item in catalog.provenance:
        if item.owner == program and item.path.startswith(begin):
            source = catalog.sources.get(f"{item.file}#{item.cite.source}")
            words = {} if source is None else {"title": source.title, "url": source.url, "seen": str(source.seen)}
            ground = Ground(item.cite.grade, reason=item.cite.reason or "", **words)
            if ground not in seen:
                seen.add(ground)
                yield ground
