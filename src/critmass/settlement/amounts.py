"""What every clause pays to whom: the exact arithmetic of a settlement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.programs import Component
from critmass.settlement import evaluate
from critmass.settlement.results import BoolArray, FloatArray, Results, View
from critmass.settlement.terms import Clause, Terms

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
    """Price the results under every clause in force. Knows no solver; the judge of every plan."""
    directions = measure_directions(terms)
    paid = np.zeros((len(terms.clauses), *results.shape))
    for index, clause in enumerate(terms.clauses):
        paid[index] = clause_amounts(clause, results, directions)
    return Settled(terms, paid, np.array([passed_share(clause.component) for clause in terms.clauses]))


def measure_directions(terms: Terms) -> dict[str, bool]:
    """Whether higher is better, by measure id."""
    return {name: measure.higher_is_better for name, measure in terms.catalog.measures.items()}


def clause_amounts(clause: Clause, results: Results, directions: Mapping[str, bool]) -> FloatArray:
    """Amounts of one clause by practice before pass-through, shape (scenario, practice), USD."""
    taking_part = applies_to(clause, results)
    if not clause.pooled:
        return gross_amount(clause, View(results, clause.populations, dict(directions))) * taking_part
    view = View(results, clause.populations, dict(directions), taking_part)
    return gross_amount(clause, view) * distribution(clause, results, taking_part)


def applies_to(clause: Clause, results: Results) -> BoolArray:
    """Which practices the clause speaks to: those that joined, that did not, or all. Shape (scenario, practice)."""
    has_members = results.members(clause.populations, "all") > 0
    if clause.component.applies == "always":
        return np.broadcast_to(has_members, results.shape)
    joined = results.joined(clause.program.id)
    chosen = joined if clause.component.applies == "joined" else ~joined
    return np.broadcast_to(chosen & has_members, results.shape)


def distribution(clause: Clause, results: Results, taking_part: BoolArray) -> FloatArray:
    """How pooled money is split among the practices that take part: by members. Sums to one."""
    members = results.members(clause.populations, "all") * taking_part
    return evaluate.ratio(members, members.sum(axis=1, keepdims=True))


def gross_amount(clause: Clause, view: View) -> FloatArray:
    """What the clause pays at its level before pass-through, as if the practice had joined, USD."""
    component = clause.component
    amount = base_amount(component, view) * quantity_year_share(clause)
    for factor in component.multipliers:
        amount = amount * evaluate.schedule(factor.schedule, evaluate.driver(factor.driver, view))
    for bound in component.limits:
        amount = evaluate.limit(bound, amount, view)
    for condition in component.gates:
        amount = np.where(evaluate.gate(condition, view), amount, 0.0)
    return amount


def quantity_year_share(clause: Clause) -> float:
    """Flows count only in the months in force; year-end counts are not cut."""
    return clause.year_share if isinstance(clause.component.quantity, _FLOWS) else 1.0


def base_amount(component: Component, view: View) -> FloatArray:
    """Quantity times rate, USD."""
    if isinstance(component.rate, v.ByStratum):
        return _by_stratum(component, component.rate, view)
    units = evaluate.quantity(component.quantity, view)
    if component.driver is None:
        return units * evaluate.schedule(component.rate, np.zeros((1, 1)))
    return units * evaluate.schedule(component.rate, evaluate.driver(component.driver, view))


def _by_stratum(component: Component, rates: v.ByStratum, view: View) -> FloatArray:
    total = np.zeros((1, 1))
    for stratum, rate in rates.rates.items():
        word = component.quantity.model_copy(update={"stratum": stratum})
        total = total + float(rate) * evaluate.quantity(word, view)
    return total
