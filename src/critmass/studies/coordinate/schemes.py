"""Simpler ways to pay the bonus, on the same plans: what they would cost beside the least bonus.

Every one of them pays a practice at least what it needs, so a plan found under one also is a plan of the least bonus,
and the least bonus is never dearer than any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from critmass.formulation.bonus import COUNTED, NEED, OWN_VALUE
from critmass.settlement.outcome import CENT
from critmass.settlement.results import FloatArray
from critmass.solve.columns import Column, Pool, Stage
from critmass.studies.coordinate.bundle import BundleProblem, LeastBonus
from critmass.studies.coordinate.judge import WithBonus
from critmass.studies.coordinate.library import Changed, Choice, chosen_from
from critmass.studies.coordinate.need import least_bonus

SECONDS, FIRST_SECONDS = 0.3, 2.0
"""Time for one choice of plans, and for the first one at a rate that should be more than enough."""

UNIFORM = "one rate for all"
"""A bundle bonus of one PMPM at every practice."""

FEES = "pcp_office_visits"
"""Code set whose fees are raised in comparison."""

HALVINGS = 6
"""Steps in which the uniform rate is narrowed down."""


@dataclass(frozen=True)
class Scheme:
    """A simpler way to pay. `spend_usd` is what it costs a year on the plans of the library (None: it does not reach
    the target there); `pmpm_usd` its rate, where it has one."""

    name: str
    payers: tuple[str, ...]
    spend_usd: float | None
    pmpm_usd: float | None = None


@dataclass(frozen=True)
class Compared:
    """The schemes, the cheapest plan with its bonus that was met on the way, and the plan and the rate, PMPM, where one
    rate is paid to all (None where no rate reaches the target)."""

    schemes: tuple[Scheme, ...]
    cheapest: WithBonus | None
    uniform: tuple[WithBonus, float] | None = None


def schemes_from(problem: BundleProblem, least: LeastBonus, most_pmpm_usd: Mapping[str, float]) -> Compared:
    """What simpler ways to pay would cost on the plans that the search met."""
    best, uniform = least.plan, None
    library = SchemeLibrary(problem, least.pool, least.plan)
    schemes = []
    for scheme, choice in library.all(tuple(most_pmpm_usd)):
        schemes.append(scheme)
        plan = None if choice is None else problem.judge.choice(choice.picked, choice.organization)
        if isinstance(plan, WithBonus):
            best = plan if best is None or plan.worth[NEED] < best.worth[NEED] else best
            uniform = (plan, scheme.pmpm_usd or 0.0) if scheme.name == UNIFORM else uniform
    return Compared(tuple(schemes), best, uniform)


class SchemeLibrary:
    """The plans of practices that a search met, priced under other ways to pay."""

    def __init__(self, problem: BundleProblem, pool: Pool, plan: WithBonus | None) -> None:
        self.problem, self.pool, self.judge, self.seconds = problem, pool, problem.judge, SECONDS
        workflows = self.judge.model.shared.model.catalog.workflows.values()
        self.plan, self.core = plan, [at for at, item in enumerate(workflows) if item.core]
        self.floors = {COUNTED: problem.target.least}
        if problem.own_usd is not None:
            self.floors[OWN_VALUE] = problem.own_usd
        self.stage = Stage(NEED, {NEED: -1.0}, self.floors)
        self.months = self.judge.model.shared.model.arrays.member_months().sum(axis=1)

    def all(self, payers: tuple[str, ...]) -> Iterator[tuple[Scheme, Choice | None]]:
        """One rate for everybody, a new payment for one workflow, payments that ask for nothing, the hub paid for, then
        each payer alone."""
        yield self.uniform(payers)
        if self.plan is not None and self.core:
            yield self.new_component(payers, self.plan)
        yield self.unconditional("PMPM for everybody, without a condition", payers, self.months)
        charges = self.judge.model.shared.model.arrays.allowed_usd(FEES).sum(axis=1)
        yield self.unconditional("higher fees for office visits", payers, charges)
        yield self.capacity(payers)
        for payer in payers:
            yield self.alone(payer)

    def uniform(self, payers: tuple[str, ...]) -> tuple[Scheme, Choice | None]:
        """One PMPM at every practice that runs the bundle, for the members of all payers: the lowest that will do."""
        rate, best = self._lowest(self._highest_rate(self.months), self._at_rate)
        if best is None:
            return Scheme(UNIFORM, payers, None), None
        return Scheme(UNIFORM, payers, -best.objective, rate), best

    def unconditional(
        self, name: str, payers: tuple[str, ...], paid_for: FloatArray
    ) -> tuple[Scheme, Choice | None]:  # fmt: skip
        """One rate on something that every practice has, shape (practice,): paid whatever practices do, so it brings to
        mass without making mass worth more."""

        def at(rate: float) -> Choice | None:
            def changed(item: Column) -> Column | None:
                if item.worth["at_mass"] < 0.5:
                    return item
                enough = rate * float(paid_for[item.block]) >= item.worth[NEED] - CENT / 2
                return with_bonus(item, 0.0) if enough else None

            return chosen_from(self.judge.model, self.pool, self.stage, changed, self.seconds)

        rate, found = self._lowest(self._highest_rate(paid_for), at)
        spend = None if found is None else rate * float(paid_for.sum()) - found.objective
        return Scheme(name, payers, spend, rate if found is not None else None), found

    def new_component(self, payers: tuple[str, ...], plan: WithBonus) -> tuple[Scheme, Choice | None]:
        """One fee for each member and month that one core workflow reaches, whether or not the rest of the bundle runs:
        the workflow for which the cheapest plan would cost least so."""
        reached = self.months[:, None] * plan.decisions.reach[0]
        rates = {at: self._rate_on(reached[:, at], plan) for at in self.core}
        place = min(rates, key=lambda at: rates[at] * float(reached[:, at].sum()))

        def at(rate: float) -> Choice | None:
            def changed(item: Column) -> Column | None:
                reach = self.judge.model.practice_decisions(item.block, item.x).reach[0, 0, place]
                paid = rate * float(self.months[item.block]) * float(reach)
                enough = item.worth["at_mass"] < 0.5 or paid >= item.worth[NEED] - CENT / 2
                return with_bonus(item, paid) if enough else None

            return chosen_from(self.judge.model, self.pool, self.stage, changed, self.seconds)

        rate, found = self._lowest(rates[place], at)
        workflow = tuple(self.judge.model.shared.model.catalog.workflows)[place]
        name = f"a fee for members that {workflow} reaches"
        return Scheme(name, payers, None if found is None else -found.objective, None if found is None else rate), found

    def _rate_on(self, paid_for: FloatArray, plan: WithBonus) -> float:
        """The rate at which every practice that a plan brings to mass has what it needs, USD."""
        needs = plan.bonus_usd.sum(axis=1)[plan.chosen]
        return float(np.max(needs / np.maximum(paid_for[plan.chosen], 1e-9), initial=0.0)) + CENT

    def capacity(self, payers: tuple[str, ...]) -> tuple[Scheme, Choice | None]:
        """Payers pay a share of what the hub charges practices: the lowest that will do."""

        def at(share: float) -> Choice | None:
            def changed(item: Column) -> Column | None:
                if item.worth["at_mass"] < 0.5:
                    return item
                paid, cost = self.judge.paid_and_cost(item)
                tariff = share * self.judge.tariff_usd(item)
                rule = self.judge.pricer.model.scenario.critical_mass
                need = least_bonus(paid, cost - tariff, rule, np.zeros_like(paid))
                return None if need is None else with_bonus(item, tariff)

            return chosen_from(self.judge.model, self.pool, self.stage, changed, self.seconds)

        share, found = self._lowest(1.0, at)
        name = f"{share:.0%} of the hub's tariff" if found is not None else "the whole of the hub's tariff"
        return Scheme(name, payers, None if found is None else -found.objective), found

    def _lowest(self, most: float, at: Callable[[float], Choice | None]) -> tuple[float, Choice | None]:
        """The lowest rate that was found to do, with the choice there; None where even the highest does not."""
        low, high = 0.0, most
        self.seconds = FIRST_SECONDS
        best = at(high)
        self.seconds = SECONDS
        for _ in range(HALVINGS if best is not None else 0):
            middle = (low + high) / 2
            found = at(middle)
            best, low, high = (best, middle, high) if found is None else (found, low, middle)
        return high, best

    def alone(self, payer: str) -> tuple[Scheme, Choice | None]:
        """One payer adds all that is missing."""
        only = np.array([name == payer for name in self.judge.payers])

        def changed(item: Column) -> Column | None:
            return self.repriced(item, np.where(only, self.judge.most_usd[item.block], 0.0))

        choice = chosen_from(self.judge.model, self.pool, self.stage, changed, self.seconds)
        return Scheme("one payer alone", (payer,), None if choice is None else -choice.objective), choice

    def repriced(self, item: Column, most_usd: FloatArray) -> Column | None:
        """A plan of a practice with the least bonus under other limits; None where they do not allow it."""
        if item.worth["at_mass"] < 0.5:
            return item
        need = least_bonus(*self.judge.paid_and_cost(item), self.judge.pricer.model.scenario.critical_mass, most_usd)
        return None if need is None else with_bonus(item, float(need.sum()))

    def _highest_rate(self, paid_for: FloatArray) -> float:
        """A rate at which every plan has what it needs."""
        items = self.pool.flat(range(self.pool.blocks - 1))
        rates = [item.worth[NEED] / float(paid_for[item.block]) for item in items if paid_for[item.block] > 0]
        return max(rates, default=0.0) + CENT

    def _at_rate(self, pmpm_usd: float) -> Choice | None:
        return chosen_from(self.judge.model, self.pool, self.stage, self._uniformly(pmpm_usd), self.seconds)

    def _uniformly(self, pmpm_usd: float) -> Changed:
        def changed(item: Column) -> Column | None:
            if item.worth["at_mass"] < 0.5:
                return item
            paid = pmpm_usd * float(self.months[item.block])
            return with_bonus(item, paid) if paid >= item.worth[NEED] - CENT / 2 else None

        return changed


def with_bonus(item: Column, bonus_usd: float) -> Column:
    """The plan of a practice with another bonus."""
    own = item.worth[OWN_VALUE] - item.worth[NEED] + bonus_usd
    return replace(item, worth={**item.worth, NEED: bonus_usd, OWN_VALUE: own})
