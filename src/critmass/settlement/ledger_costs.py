"""The cost rows of the ledger: what practices and the hub spend, and the tariff between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from critmass.catalog.coverage import weakest
from critmass.domain.care import Role, Workflow
from critmass.domain.programs import Program
from critmass.settlement.ledger_rows import IntArray, LedgerRows, split_cents, to_cents
from critmass.settlement.outcome import Outcome, Pricer
from critmass.settlement.projection import HUB, OWN
from critmass.settlement.results import FloatArray

_STARTUP = ("startup_usd", "startup_years")
_PRACTICE_COSTS = {
    "fixed": ("Fixed cost, with the yearly share of start-up", ("fixed_usd", *_STARTUP)),
    "unit": ("Cost by patient reached", ("unit_usd", "eligible")),
    "local": ("What stays at the practice beside the hub", ("hub_practice_fixed_usd",)),
}
_HUB_COSTS = {
    "hub_fixed": ("Hub's fixed cost, with the yearly share of start-up", ("hub_fixed_usd", *_STARTUP)),
    "hub_unit": ("Hub's cost by patient reached", ("unit_usd", "eligible")),
}
TARIFF = "tariff"
"""The component of what practices pay to the hub."""
REPORTING = "reporting"
"""The component of what reporting for a joined program costs."""
_TARIFF_GROUND = "assumption"


class Grader(Protocol):
    """Says how well parts of a catalog object are supported."""

    def weakest(self, owner: str, *parts: str) -> str:
        """The weakest grade among the values of an object's parts."""


def add_costs(rows: LedgerRows, pricer: Pricer, outcome: Outcome, grades: Grader, period: str) -> None:
    """Adds every cost of an outcome, as negative amounts."""
    book = _CostBook(rows, pricer, outcome, grades, period)
    book.add_workflows()
    book.add_staff()
    book.add_tariff()
    book.add_reporting()


class _CostBook:
    """Writes the costs of one outcome of a single scenario."""

    def __init__(self, rows: LedgerRows, pricer: Pricer, outcome: Outcome, grades: Grader, period: str) -> None:
        self.rows, self.pricer, self.grades, self.period = rows, pricer, grades, period
        self.costs, self.decisions = outcome.costs, outcome.decisions
        self.workflows = pricer.model.workflows

    def add_workflows(self) -> None:
        """Fixed, unit and local costs of practices, fixed and unit costs of the hub."""
        for name, (clause, parts) in _PRACTICE_COSTS.items():
            table = self.rows.table()
            table[:-1, :-1] = -to_cents(getattr(self.costs, name)[0])
            self._add(table, name, clause, self._by_workflow(parts), level="practice")
        for name, (clause, parts) in _HUB_COSTS.items():
            table = self.rows.table()
            table[-1, :-1] = -to_cents(getattr(self.costs, name)[0])
            self._add(table, name, clause, self._by_workflow(parts), level="organization")

    def add_staff(self) -> None:
        """Staff by role, spread over the workflows that the role works for."""
        own, hub = (np.where(self.decisions.delivery[0] == mode, self.decisions.reach[0], 0.0)
                    for mode in (OWN, HUB))  # fmt: skip
        for place, role in enumerate(self.pricer.model.catalog.roles.values()):
            minutes = self.pricer.rates.minutes[:, :, place]
            practice = self.rows.table()
            practice[:-1] = -_spread(self.costs.staff[0, :, place], own * minutes)
            self._add_staff(practice, role, level="practice")
            pooled = self.rows.table()
            pooled[-1:] = -_spread(self.costs.hub_staff[0, place : place + 1], (hub * minutes).sum(axis=0)[None])
            self._add_staff(pooled, role, level="organization")

    def _add_staff(self, table: IntArray, role: Role, *, level: str) -> None:
        step = "practice_step_fte" if level == "practice" else "hub_step_fte"
        own = self.grades.weakest(role.id, "wage_usd", "minutes_per_year", step, "turnover_factor")
        by_workflow = [weakest((own, grade)) for grade in self._by_workflow(("staff", "eligible"))]
        self._add(table, role.id, f"Staff: {role.label}", [*by_workflow[:-1], own], level=level)

    def add_tariff(self) -> None:
        """What practices pay to the hub, which receives the same."""
        paid = self.rows.table()
        paid[:-1, :-1] = -to_cents(self.costs.tariff[0])
        self._add(paid, TARIFF, "Tariff paid to the hub", _TARIFF_GROUND, level="practice")
        received = self.rows.table()
        received[-1] = -paid.sum(axis=0)
        self._add(received, TARIFF, "Tariff received from practices", _TARIFF_GROUND, level="organization")

    def add_reporting(self) -> None:
        """Reporting of every joined program, by practices or by the organization for them."""
        for place, program in enumerate(self.pricer.terms.programs):
            table = self.rows.table()
            table[:-1, -1] = -to_cents(self.costs.reporting[0, :, place])
            table[-1, -1] = -to_cents(self.costs.organization_reporting[0, place : place + 1])[0]
            self._add_report(table, program)

    def _add_report(self, table: IntArray, program: Program) -> None:
        self._add(
            table, REPORTING, "Reporting", self.grades.weakest(program.id, "reporting"),
            level=program.join_level, payer=program.payer, program=program.id,
        )  # fmt: skip

    def _by_workflow(self, parts: Sequence[str]) -> list[str]:
        found = [self.grades.weakest(workflow.id, *_heads(workflow, parts)) for workflow in self.workflows]
        return [*found, _TARIFF_GROUND]

    def _add(self, table: IntArray, component: str, clause: str, confidence: str | Sequence[str], **words: str) -> None:
        same = {"kind": "cost", "period": self.period, "status": "new"}
        self.rows.add(table, confidence, component=component, clause=clause, **same, **words)


def _heads(workflow: Workflow, parts: Sequence[str]) -> list[str]:
    """Names of parts as provenance writes them: a list's items one by one."""
    found: list[str] = []
    for part in parts:
        value = getattr(workflow, part)
        found += [f"{part}[{at}]" for at in range(len(value))] if isinstance(value, tuple) else [part]
    return found


def _spread(usd: FloatArray, minutes: FloatArray) -> IntArray:
    """Cents by workflow and none: in proportion to minutes, and to none where nobody works."""
    total = minutes.sum(axis=1)
    shares = np.zeros((len(minutes), minutes.shape[1] + 1))
    busy = total > 0
    shares[busy, :-1] = minutes[busy] / total[busy, None]
    shares[~busy, -1] = 1.0
    return split_cents(to_cents(usd), shares)
