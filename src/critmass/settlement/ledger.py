"""The ledger: every dollar of an outcome with its clause, its workflow, its month and its ground.

Every row is rounded to the cent once, so that whatever is summed, in whatever order, agrees to the cent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from critmass.catalog.coverage import grades_by_part, weakest
from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog, ValueProvenance
from critmass.domain.programs import Component
from critmass.settlement.amounts import applies_to, passed_share
from critmass.settlement.attribution import Attribution
from critmass.settlement.ledger_costs import add_costs
from critmass.settlement.ledger_rows import IntArray, LedgerRows, split_cents, to_cents
from critmass.settlement.outcome import Outcome, Pricer
from critmass.settlement.projection import ProjectedResults
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import Clause
from critmass.settlement.timing import prepaid_usd, prepayment_month, settlement_month

_TIMING = "cash_lag_months"
_SHARES = "workflows["


def ledger(pricer: Pricer, outcome: Outcome) -> pd.DataFrame:
    """The ledger of an outcome of a single scenario: columns `LEDGER_COLUMNS`, amounts in USD and cents.

    Accrual and cash rows split what a clause pays to a practice (and what the organization keeps of it)
    over the workflows that earned it. Cost rows are negative; the hub's tariff is a cost of practices and
    a positive amount of the organization, so that it cancels. Amounts of zero leave no row.

    Raises:
        ValueError: when the outcome holds several scenarios.
    """
    if outcome.decisions.reach.shape[0] != 1:
        raise ValueError(f"a ledger is of one scenario, found {outcome.decisions.reach.shape[0]}")
    model = pricer.model
    rows = LedgerRows(model.network.practices, [workflow.id for workflow in model.workflows])
    book = _Book(pricer, outcome, rows)
    for place, clause in enumerate(outcome.settled.terms.clauses):
        book.add_clause(place, clause)
    add_costs(rows, pricer, outcome, book.grades, str(book.year))
    return rows.frame()


@dataclass
class Grades:
    """The ground that parts of a catalog stand on."""

    parts: Mapping[tuple[str, str], Sequence[ValueProvenance]]

    @classmethod
    def of(cls, catalog: Catalog) -> Grades:
        """The grades of a catalog."""
        return cls(grades_by_part(catalog))

    def weakest(self, owner: str, *parts: str) -> str:
        """The weakest grade among the values of an object's parts."""
        return weakest(item.cite.grade for part in parts for item in self.parts.get((owner, part), ()))

    def of_component(self, clause: Clause, *, timing: bool = False) -> str:
        """What a clause's dollars stand on, and with `timing` their month as well.

        Shares of workflows are left aside: they say whose work was paid, not how much.
        """
        part = f"components[{clause.component.id}]"
        aside = (_SHARES,) if timing else (_SHARES, _TIMING)
        beginnings = tuple(f"{clause.program.id}.{part}.{key}" for key in aside)
        values = self.parts.get((clause.program.id, part), ())
        return weakest(item.cite.grade for item in values if not item.path.startswith(beginnings))


class _Book:
    """Writes the clauses of one outcome."""

    def __init__(self, pricer: Pricer, outcome: Outcome, rows: LedgerRows) -> None:
        self.outcome, self.rows = outcome, rows
        self.year = pricer.model.scenario.performance_year
        self.grades = Grades.of(pricer.model.catalog)
        self.attribution = Attribution(pricer.model, outcome.decisions)
        self.results = ProjectedResults(pricer.model, pricer.program_ids, outcome.decisions)

    def add_clause(self, place: int, clause: Clause) -> None:
        """Adds accrual and cash of one clause.

        What was paid ahead is cash of its own month; the rest, which is negative where it is clawed back, follows
        at settlement.
        """
        paid = self.outcome.settled.practice[place, 0]
        kept = self.outcome.settled.organization[place]
        ahead = prepaid_usd(clause, self.outcome.settled.terms, self.results)[0]
        if not (paid.any() or kept.any() or ahead.any()):
            return
        shares = self.attribution.shares(clause)
        cents = self._split(clause, paid, kept, shares)
        words = self._words(clause)
        self.rows.add(cents, self.grades.of_component(clause), kind="accrual", period=str(self.year), **words)
        cash = self.grades.of_component(clause, timing=True)
        if ahead.any():
            share = passed_share(clause.component)
            early = self._split(clause, ahead * share, np.array([ahead.sum() * (1.0 - share)]), shares)
            self.rows.add(early, cash, kind="cash", period=prepayment_month(clause, self.year), **words)
            cents = cents - early
        self.rows.add(cents, cash, kind="cash", period=settlement_month(clause, self.year), **words)

    def _split(self, clause: Clause, paid: FloatArray, kept: FloatArray, shares: FloatArray) -> IntArray:
        """Cents by practice and organization, and by workflow."""
        weight = np.abs(paid) if paid.any() else applies_to(clause, self.results)[0] * 1.0
        pooled = weight @ shares / max(weight.sum(), np.finfo(float).tiny)
        return split_cents(to_cents(np.append(paid, kept)), np.vstack([shares, pooled]))

    def _words(self, clause: Clause) -> dict[str, str]:
        component = clause.component
        return {
            "payer": clause.payer,
            "program": clause.program.id,
            "component": component.id,
            "measure": paid_measure(component),
            "clause": component.clause,
            "status": component.money,
            "level": component.level,
        }


def paid_measure(component: Component) -> str:
    """The measure that is counted, or the only one that is looked at; '' when there are several or none."""
    if isinstance(component.quantity, v.Numerator | v.GapsClosed):
        return component.quantity.measure
    mentioned = component.measures
    return mentioned[0] if len(mentioned) == 1 else ""
