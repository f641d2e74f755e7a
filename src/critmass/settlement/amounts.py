"""What every clause pays to whom: the exact arithmetic of a settlement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.programs import Component
from critmass.settlement import evaluate
from critmass.settlement.results import BoolArray, FloatArray, Results
from critmass.settlement.terms import Clause, Terms
from critmass.settlement.view import Memo, View

_FLOWS = (v.MemberMonths, v.Members, v.Events, v.AllowedCharges)


@dataclass(frozen=True)
class Settled:
    """Amounts of every clause, USD a year of accrual.

    `paid` has shape (clause, scenario, practice): what each practice's share of the payment is before the
    organization keeps its part; `shares` (clause,) is the part that is passed through.
    """

    terms: Terms
    paid: FloatArray
    shares: FloatArray

    @cached_property
    def practice(self) -> FloatArray:
        """What reaches each practice, shape (clause, scenario, practice), USD."""
        return self.paid * self.shares[:, None, None]

    @cached_property
    def organization(self) -> FloatArray:
        """What the organization keeps, shape (clause, scenario), USD."""
        return np.asarray(self.paid.sum(axis=2) * (1.0 - self.shares)[:, None])

    def total(self) -> FloatArray:
        """Everything paid by each clause, shape (clause, scenario), USD."""
        return np.asarray(self.paid.sum(axis=2))


def passed_share(component: Component) -> float:
    """Share of a payment that reaches the practice: 1 unless the contract says otherwise."""
    return 1.0 if component.pass_through is None else float(component.pass_through)


def settle(terms: Terms, results: Results) -> Settled:
    """Price the results under every clause in force. Knows no solver; the judge of every plan.

    Raises:
        InputError: where a contract looks at an answer that is missing.
    """
    run = SettlementRun(terms, results)
    paid = np.zeros((len(terms.clauses), *results.shape))
    for index, clause in enumerate(terms.clauses):
        paid[index] = run.paid(clause)
    return Settled(terms, paid, np.array([passed_share(clause.component) for clause in terms.clauses]))


def measure_directions(terms: Terms) -> dict[str, bool]:
    """Whether higher is better, by measure id."""
    return {name: measure.higher_is_better for name, measure in terms.catalog.measures.items()}


class SettlementRun:
    """One settlement of one set of results. Clauses that look at the same thing share what was evaluated."""

    def __init__(self, terms: Terms, results: Results) -> None:
        self._terms, self._results = terms, results
        self._directions = measure_directions(terms)
        self._views: dict[object, View] = {}
        self._masks: dict[tuple[str, str, object], BoolArray] = {}
        self._gross: dict[tuple[str, str], FloatArray] = {}

    def paid(self, clause: Clause) -> FloatArray:
        """Amounts of one clause by practice before pass-through, shape (scenario, practice), USD."""
        mask, gross = self.taking_part(clause), self.gross(clause)
        if clause.component.level == "practice":
            return gross * mask
        members = self._results.members(clause.populations, "all") * mask
        groups = self._groups(clause)
        whole = members.sum(axis=1, keepdims=True) if groups is None else (members @ groups) @ groups.T
        each = gross if groups is None else gross @ groups.T
        return each * evaluate.ratio(members, whole)

    def gross(self, clause: Clause) -> FloatArray:
        """What the clause pays at its own level, as if every unit took part; made once."""
        if clause.key not in self._gross:
            self._gross[clause.key] = gross_amount(clause, self.view(clause))
        return self._gross[clause.key]

    def taking_part(self, clause: Clause) -> BoolArray:
        """Which practices the clause speaks to; made once for a program and its populations."""
        key = (clause.program.id, clause.component.applies, clause.populations)
        if key not in self._masks:
            self._masks[key] = applies_to(clause, self._results)
        return self._masks[key]

    def view(self, clause: Clause) -> View:
        """What the clause can look at. Practice-level clauses of the same populations share one view."""
        own = clause.component.level != "practice" or self._terms.looks_aside(clause)
        key = (clause.populations, clause.component.level, (clause.program.id, clause.component.applies) if own else "")
        if key not in self._views:
            self._views[key] = self._new_view(clause, own=own)
        return self._views[key]

    def _new_view(self, clause: Clause, *, own: bool) -> View:
        mask = self.taking_part(clause) if own else None
        pooled = mask if clause.component.level != "practice" else None
        return View(
            self._results, clause.populations, self._directions, pooled,
            groups=self._groups(clause), peers=mask, paid_by=self._sibling(clause), memo=Memo(self._terms.word_numbers),
        )  # fmt: skip

    def _groups(self, clause: Clause) -> FloatArray | None:
        return tin_table(self._results) if clause.component.level == "tin" else None

    def _sibling(self, clause: Clause) -> Callable[[str], FloatArray]:
        """What another component of the program pays at this level; nothing when it is not in force."""
        siblings = {other.component.id: other for other in self._terms.of(clause.program.id)}

        def paid_by(component: str) -> FloatArray:
            return self.gross(siblings[component]) if component in siblings else np.zeros((1, 1))

        return paid_by


def tin_table(results: Results) -> FloatArray:
    """1 where a practice bills under a TIN, shape (practice, TIN)."""
    return np.asarray(results.tins[:, None] == np.unique(results.tins)[None, :], dtype=np.float64)


def applies_to(clause: Clause, results: Results) -> BoolArray:
    """Which practices the clause speaks to: those that joined, that did not, or all. Shape (scenario, practice)."""
    has_members = results.members(clause.populations, "all") > 0
    if clause.component.applies == "always":
        return np.broadcast_to(has_members, results.shape)
    joined = results.joined(clause.program.id)
    chosen = joined if clause.component.applies == "joined" else ~joined
    return np.broadcast_to(chosen & has_members, results.shape)


def distribution(clause: Clause, results: Results, taking_part: BoolArray) -> FloatArray:
    """How the organization's money is split among the practices that take part: by members. Sums to one."""
    members = results.members(clause.populations, "all") * taking_part
    return evaluate.ratio(members, members.sum(axis=1, keepdims=True))


def gross_amount(clause: Clause, view: View) -> FloatArray:
    """What the clause pays at its level before pass-through, as if the practice had joined, USD."""
    component = clause.component
    amount = base_amount(component, view) * quantity_year_share(clause)
    for factor in component.multipliers:
        amount = amount * evaluate.scheduled(factor.driver, factor.schedule, view)
    for bound in component.limits:
        amount = evaluate.limit(bound, amount, view)
    for condition in component.gates:
        amount = np.where(evaluate.gate(condition, view), amount, 0.0)
    ahead = prepaid_amount(clause, view)
    return amount if ahead is None or keeps_nothing(component) else np.maximum(amount, ahead)


def prepaid_amount(clause: Clause, view: View) -> FloatArray | None:
    """What is paid ahead at the clause's level, USD; None without a prepayment."""
    prepaid = clause.component.prepaid
    if prepaid is None:
        return None
    share = clause.year_share if is_flow(prepaid.quantity) else 1.0
    return float(prepaid.rate) * share * evaluate.quantity(prepaid.quantity, view)


def keeps_nothing(component: Component) -> bool:
    """Whether money paid ahead is clawed back where it was not earned."""
    return component.prepaid is not None and component.prepaid.claw_back


def quantity_year_share(clause: Clause) -> float:
    """Flows count only in the months in force; year-end counts are not cut, except between dated versions."""
    component = clause.component
    return clause.year_share if is_flow(component.quantity) or component.term is not None else 1.0


def is_flow(quantity: object) -> bool:
    """Whether a quantity gathers month by month, so that part of a year brings part of it."""
    if isinstance(quantity, v.Combination):
        return any(is_flow(part.of) for part in quantity.parts)
    if isinstance(quantity, v.Product):
        return any(is_flow(part) for part in quantity.of)
    return isinstance(quantity, _FLOWS)


def base_amount(component: Component, view: View) -> FloatArray:
    """Quantity times rate, USD."""
    if isinstance(component.rate, v.ByStratum):
        return _by_stratum(component, component.rate, view)
    units = evaluate.quantity(component.quantity, view)
    if isinstance(component.rate, v.Constant):
        return units * float(component.rate.pays)
    assert component.driver is not None
    return units * evaluate.schedule(component.rate, evaluate.driver(component.driver, view))


def _by_stratum(component: Component, rates: v.ByStratum, view: View) -> FloatArray:
    total = np.zeros((1, 1))
    for stratum, rate in rates.rates.items():
        word = component.quantity.model_copy(update={"stratum": stratum})
        total = total + float(rate) * evaluate.quantity(word, view)
    return total
