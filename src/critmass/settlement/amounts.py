"""What every clause pays to whom: the exact arithmetic of a settlement."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.programs import Component
from critmass.settlement import evaluate
from critmass.settlement.results import BoolArray, FloatArray, Populations, Results
from critmass.settlement.rooms import empty_table
from critmass.settlement.terms import Clause, Terms
from critmass.settlement.units import Units, units_of
from critmass.settlement.view import Memo, View

_Found = TypeVar("_Found")

_FLOWS = (v.MemberMonths, v.Members, v.Events, v.AllowedCharges)


@dataclass(frozen=True)
class Settled:
    """Amounts of every clause, USD a year of accrual.

    `parts` has an array for each clause, shape (scenario or 1, practice): what each practice's share of the
    payment is before the organization keeps its part. A clause that pays the same in every scenario has one
    scenario. `shares` (clause,) is the part that is passed through; `shape` is (scenario, practice).
    """

    terms: Terms
    parts: tuple[FloatArray, ...]
    shares: FloatArray
    shape: tuple[int, int]

    @cached_property
    def paid(self) -> FloatArray:
        """The parts as one array, shape (clause, scenario, practice), USD."""
        table = empty_table(len(self.parts), self.shape)
        for place, part in enumerate(self.parts):
            table[place] = part
        return table

    @cached_property
    def practice(self) -> FloatArray:
        """What reaches each practice, shape (clause, scenario, practice), USD."""
        return self.paid * self.shares[:, None, None]

    @cached_property
    def organization(self) -> FloatArray:
        """What the organization keeps, shape (clause, scenario), USD."""
        return np.asarray(self.total() * (1.0 - self.shares)[:, None])

    def total(self) -> FloatArray:
        """Everything paid by each clause, shape (clause, scenario), USD."""
        table = np.empty((len(self.parts), self.shape[0]))
        for place, part in enumerate(self.parts):
            table[place] = part.sum(axis=1)
        return table

    def sum_of(self, chosen: Iterable[int], *, passed_through: bool) -> FloatArray:
        """Some clauses together, before or after pass-through, shape (scenario, practice), USD."""
        total = np.zeros(self.shape[::-1]).T  # scenarios side by side in memory, as in the parts
        for place in chosen:
            share = self.shares[place] if passed_through else 1.0
            total += self.parts[place] if share == 1.0 else self.parts[place] * share
        return total


def passed_share(component: Component) -> float:
    """Share of a payment that reaches the practice: 1 unless the contract says otherwise."""
    return 1.0 if component.pass_through is None else float(component.pass_through)


def settle(terms: Terms, results: Results, room: FloatArray | None = None, *, pooled: bool = True) -> Settled:
    """Price the results under every clause in force. Knows no solver; the judge of every plan.

    `room` is memory of `settlement_room` to write the amounts to, for whoever settles many results one after
    the other: asking the system for it anew takes a fifth of the time. An earlier settlement that was written
    to it is lost. Without `pooled`, clauses above practice level are left at nothing: what practices are paid by
    themselves takes about half the time.

    Raises:
        InputError: where a contract looks at an answer that is missing.
    """
    run, places = SettlementRun(terms, results), settlement_room(terms, results.shape) if room is None else room
    nothing = np.zeros((1, results.shape[1]))
    parts = tuple(
        run.paid(clause, place) if pooled or not clause.pooled else nothing
        for clause, place in zip(terms.clauses, places, strict=True)
    )
    shares = np.array([passed_share(clause.component) for clause in terms.clauses])
    return Settled(terms, parts, shares, results.shape)


def settlement_room(terms: Terms, shape: tuple[int, int]) -> FloatArray:
    """Memory for the amounts of a settlement of so many scenarios and practices, shape (clause, scenario, practice)."""
    return empty_table(len(terms.clauses), shape)


def measure_directions(terms: Terms) -> dict[str, bool]:
    """Whether higher is better, by measure id."""
    return {name: measure.higher_is_better for name, measure in terms.catalog.measures.items()}


class SettlementRun:
    """One settlement of one set of results. Clauses that look at the same thing share what was evaluated.

    With `remember=False` nothing is shared: the plain way, against which the shared one is tested and timed.
    """

    def __init__(self, terms: Terms, results: Results, *, remember: bool = True) -> None:
        self._terms, self._results, self._remember = terms, results, remember
        self._directions = measure_directions(terms)
        self._found: dict[Hashable, Any] = {}

    def _once(self, key: Hashable, make: Callable[[], _Found]) -> _Found:
        if not self._remember:
            return make()
        if key not in self._found:
            self._found[key] = make()
        return cast(_Found, self._found[key])

    def paid(self, clause: Clause, room: FloatArray) -> FloatArray:
        """Amounts of one clause by practice before pass-through, shape (scenario or 1, practice), USD.

        They are in `room`, shape (scenario, practice), unless they are the same in every scenario.
        """
        component, units = clause.component, self._units(clause)
        if units.each_alone and component.gates and component.prepaid is None:
            # Gates and who takes part are yes/no: put together first they cost one product instead of two.
            view = self.view(clause)
            opened = self.taking_part(clause) & evaluate.all_open(component.gates, view)
            return _product(ungated_amount(clause, view), opened, room)
        return _product(units.spread(self.gross(clause)), self._shares(clause), room)

    def _shares(self, clause: Clause) -> FloatArray:
        """Each practice's part of what its unit is paid, 0 where it does not take part; made once."""
        return self._once(("shares", clause.component.level, *_speaks_to(clause)), lambda: self._new_shares(clause))

    def _new_shares(self, clause: Clause) -> FloatArray:
        mask, units = self.taking_part(clause), self._units(clause)
        if units.each_alone:
            return mask.astype(np.float64)
        members = self._results.members(clause.populations, "all") * mask
        return evaluate.ratio(members, units.whole(members))

    def gross(self, clause: Clause) -> FloatArray:
        """What the clause pays at its own level, as if every unit took part; kept where others may ask for it."""
        if not self._terms.is_asked_for(clause):
            return gross_amount(clause, self.view(clause))
        return self._once(("gross", *clause.key), lambda: gross_amount(clause, self.view(clause)))

    def taking_part(self, clause: Clause) -> BoolArray:
        """Which practices the clause speaks to, shape (scenario or 1, practice); made once."""
        return self._once(("mask", *_speaks_to(clause)), lambda: spoken_to(clause, self._results))

    def view(self, clause: Clause) -> View:
        """What the clause can look at. Practice-level clauses of the same populations share one view."""
        own = not self._units(clause).each_alone or self._terms.looks_aside(clause)
        seen_by = _speaks_to(clause) if own else (clause.populations,)
        return self._once(("view", clause.component.level, *seen_by), lambda: self._new_view(clause, own=own))

    def _new_view(self, clause: Clause, *, own: bool) -> View:
        mask, units = self.taking_part(clause) if own else None, self._units(clause)
        return View(
            self._results, clause.populations, self._directions, None if units.each_alone else mask,
            groups=units.table, peers=mask,
            paid_by=self._sibling(clause), memo=Memo(self._terms.word_numbers) if self._remember else None,
        )  # fmt: skip

    def _units(self, clause: Clause) -> Units:
        level = clause.component.level
        return self._once(("units", level), lambda: units_of(self._results, level))

    def _sibling(self, clause: Clause) -> Callable[[str], FloatArray]:
        """What another component of the program pays at this level; nothing when it is not in force."""
        siblings = {other.component.id: other for other in self._terms.of(clause.program.id)}

        def paid_by(component: str) -> FloatArray:
            return self.gross(siblings[component]) if component in siblings else np.zeros((1, 1))

        return paid_by


def _product(amount: FloatArray, share: FloatArray | BoolArray, room: FloatArray) -> FloatArray:
    """Their product, in the room where it has as many scenarios."""
    fills = max(len(amount), len(share)) == len(room)
    return np.multiply(amount, share, out=room) if fills else np.asarray(amount * share)


def _speaks_to(clause: Clause) -> tuple[str, str, Populations]:
    """What decides which practices a clause speaks to."""
    return clause.program.id, clause.component.applies, clause.populations


def applies_to(clause: Clause, results: Results) -> BoolArray:
    """Which practices the clause speaks to: those that joined, that did not, or all. Shape (scenario, practice)."""
    return np.broadcast_to(spoken_to(clause, results), results.shape)


def spoken_to(clause: Clause, results: Results) -> BoolArray:
    """Which practices the clause speaks to, shape (scenario or 1, practice): one where all scenarios say the same."""
    has_members = results.members(clause.populations, "all") > 0
    if clause.component.applies == "always":
        return has_members
    joined = results.joined(clause.program.id)
    return np.asarray((joined if clause.component.applies == "joined" else ~joined) & has_members)


def distribution(clause: Clause, results: Results, taking_part: BoolArray) -> FloatArray:
    """How the organization's money is split among the practices that take part: by members. Sums to one."""
    members = results.members(clause.populations, "all") * taking_part
    return evaluate.ratio(members, members.sum(axis=1, keepdims=True))


def gross_amount(clause: Clause, view: View) -> FloatArray:
    """What the clause pays at its level before pass-through, as if the practice had joined, USD."""
    component, amount = clause.component, ungated_amount(clause, view)
    if component.gates:
        amount = evaluate.where_open(evaluate.all_open(component.gates, view), amount)
    ahead = prepaid_amount(clause, view)
    return amount if ahead is None or keeps_nothing(component) else np.maximum(amount, ahead)


def ungated_amount(clause: Clause, view: View) -> FloatArray:
    """The same as if every gate were open, without what is paid ahead, USD."""
    component, share = clause.component, quantity_year_share(clause)
    amount = base_amount(component, view)
    if share != 1.0:
        amount = amount * share
    for factor in component.multipliers:
        amount = amount * evaluate.scheduled(factor.driver, factor.schedule, view)
    for bound in component.limits:
        amount = evaluate.limit(bound, amount, view)
    return amount


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
