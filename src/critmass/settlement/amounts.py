"""What every clause pays to whom: the exact arithmetic of a settlement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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

    `practice` has shape (clause, scenario, practice): what reaches each practice.
    `organization` has shape (clause, scenario): what the organization keeps.
    """

    terms: Terms
    practice: FloatArray
    organization: FloatArray

    def total(self) -> FloatArray:
        """Everything paid by each clause, shape (clause, scenario), USD."""
        return np.asarray(self.practice.sum(axis=2) + self.organization)


def settle(terms: Terms, results: Results) -> Settled:
    """Price the results under every clause in force. Knows no solver; the judge of every plan."""
    scenarios, practices = results.shape
    directions = measure_directions(terms)
    practice = np.zeros((len(terms.clauses), scenarios, practices))
    organization = np.zeros((len(terms.clauses), scenarios))
    for index, clause in enumerate(terms.clauses):
        practice[index], organization[index] = clause_amounts(clause, results, directions)
    return Settled(terms, practice, organization)


def measure_directions(terms: Terms) -> dict[str, bool]:
    """Whether higher is better, by measure id."""
    return {name: measure.higher_is_better for name, measure in terms.catalog.measures.items()}


def clause_amounts(
    clause: Clause, results: Results, directions: Mapping[str, bool]
) -> tuple[FloatArray, FloatArray]:
    """Amounts of one clause: to practices (scenario, practice), and kept above them (scenario,), USD."""
    taking_part = applies_to(clause, results)
    shares = 1.0 if clause.component.pass_through is None else float(clause.component.pass_through)
    if clause.pooled:
        view = View(results, clause.populations, dict(directions), taking_part)
        amount = gross_amount(clause, view) * taking_part.any(axis=1, keepdims=True)
        split = distribution(clause, results, taking_part)
    else:
        view = View(results, clause.populations, dict(directions))
        amount, split = gross_amount(clause, view), taking_part.astype(np.float64)
    paid = amount * split
    return shares * paid, (1.0 - shares) * np.broadcast_to(paid, taking_part.shape).sum(axis=1)


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
    for condition in component.gates:
        amount = np.where(evaluate.gate(condition, view), amount, 0.0)
    for bound in component.limits:
        amount = evaluate.limit(bound, amount, view)
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
