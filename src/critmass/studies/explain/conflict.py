"""Why no plan exists: the smallest set of terms that contradict each other, and the cheapest way out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from critmass.domain.catalog import Catalog
from critmass.domain.errors import NoPlanInTimeError
from critmass.domain.network import ORGANIZATION, Network
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.settlement.outcome import CENT
from critmass.solve.progress import Reporter, silent
from critmass.studies.explain.facts import HardFact, hard_facts
from critmass.studies.explain.questions import without_contracts
from critmass.studies.explain.resolve import Answer, Resolver, Started, not_told
from critmass.studies.explain.settled import values_of
from critmass.studies.explain.short_of_mass import UNLIMITED_USD, startup_need_usd
from critmass.studies.plan import Plan

FEASIBLE_GAP = 1.0
"""Gap at which a plan only has to exist."""
BUDGET_STEPS = 24
"""Halvings of a budget's range; what is left is less than a dollar for ten million."""

MOST_CHANGES = 3
"""Terms that are given up together while all ways out are looked for."""

TermKind = Literal["lock", "contract", "organization_budget", "practice_budgets", "hub"]


HARDNESS: dict[TermKind, int] = {
    "organization_budget": 0, "practice_budgets": 1, "hub": 2, "contract": 3, "lock": 4,
}  # fmt: skip
"""The order in which terms are given up while a conflict is looked for: what is left is the harder core."""


@dataclass(frozen=True)
class Term:
    """Something negotiable that a plan must keep: a lock of the scenario, a row of the Contracts sheet, a start-up
    budget, or that the hub is not used. `usd` is the budget."""

    kind: TermKind
    practice: str | None = None
    program: str | None = None
    workflow: str | None = None
    decision: str = ""
    usd: float | None = None
    place: int = -1


@dataclass(frozen=True)
class Repair:
    """A change after which a plan exists, which was made: `plan`.

    `dropped` are the terms given up. For the organization's budget `usd` is the least that does, in whole dollars,
    and the plan keeps to it; for those of the practices it is what the plan spends beyond them. `value` are the
    objective's levels of that plan.
    """

    dropped: tuple[Term, ...]
    plan: Plan
    value: tuple[float, ...]
    usd: float | None = None


@dataclass(frozen=True)
class Conflict:
    """A set of negotiable terms that no plan keeps together, with the facts of the catalog and network behind it.

    `minimal` says that giving up any one of them alone makes the set possible, which was planned; it is false where
    a time limit left that open. `facts` are hard: they hold whatever is negotiated. `repairs` are ways out, the one
    with the best plan first; `fewest` counts the terms that one has to give up at least, and all ways of giving up so
    many are listed; 0 stands for a way out that may not be the smallest. `checks` counts the questions solved.
    """

    terms: tuple[Term, ...]
    minimal: bool
    facts: tuple[HardFact, ...]
    repairs: tuple[Repair, ...]
    fewest: int
    checks: int


class Conflicts:
    """Looks for conflicts in one question that has no plan."""

    def __init__(
        self, network: Network, catalog: Catalog, scenario: Scenario, options: SolveOptions | None = None,
        report: Reporter = silent, started: Started = not_told,
    ) -> None:  # fmt: skip
        options = options or SolveOptions()
        self.network, self.catalog, self.scenario = network, catalog, scenario
        self.options = options.model_copy(update={"solver": None})
        self.exists = self.options.model_copy(update={"gap": FEASIBLE_GAP})
        self.resolver = Resolver(network, catalog, scenario, self.options, report, started)
        self.terms = tuple(sorted(negotiable(network, scenario), key=lambda term: HARDNESS[term.kind]))
        self._limited = any(term.kind == "organization_budget" for term in self.terms)

    # Asking -----------------------------------------------------------------------------------------

    def with_terms(self, kept: Sequence[Term], budget_usd: float | None = None) -> tuple[Network, Scenario]:
        """The question with some of the negotiable terms only."""
        locks = tuple(self.scenario.locks[term.place] for term in kept if term.kind == "lock")
        rows = np.ones(len(self.network.table("Contracts")), dtype=np.bool_)
        rows[[term.place for term in kept if term.kind == "contract"]] = False
        kinds = {term.kind for term in kept}
        update: dict[str, object] = {
            "locks": locks,
            "hub": self.scenario.hub or "hub" not in kinds,
            "practice_budgets": self.scenario.practice_budgets and "practice_budgets" in kinds,
        }
        if "organization_budget" not in kinds and self._limited:
            update["organization_budget_usd"] = UNLIMITED_USD if budget_usd is None else budget_usd
        network = without_contracts(self.network, rows) if rows.any() else self.network
        return network, self.scenario.model_copy(update=update)

    def ask(self, kept: Sequence[Term], options: SolveOptions, budget_usd: float | None = None) -> Answer:
        """Whether a plan exists with these terms only."""
        network, scenario = self.with_terms(kept, budget_usd)
        return self.resolver.solve(scenario, network=network, name=f"{len(kept)} terms kept", options=options)

    # The smallest conflict --------------------------------------------------------------------------

    def smallest(self) -> tuple[tuple[Term, ...], bool]:
        """Terms that contradict each other, none of them without need; and whether all of that was proved.

        Every term is given up once: where no plan exists without it either, it is not part of this conflict.
        """
        kept, proved = list(self.terms), True
        for term in self.terms:
            rest = [item for item in kept if item is not term]
            answer = self.ask(rest, self.exists)
            if answer.infeasible:
                kept = rest
            proved = proved and not answer.unknown
        return tuple(kept), proved

    # Ways out ---------------------------------------------------------------------------------------

    def repairs(self, conflict: Sequence[Term]) -> tuple[tuple[Repair, ...], int]:
        """Every smallest set of terms whose loss makes a plan possible, the best plan first, and its size.

        A set that resolves everything gives up a term of every conflict: those of this one are tried first, then each
        with those of a conflict that is left. With more than `MOST_CHANGES` one way out is given, and the size is 0.
        """
        level: dict[tuple[Term, ...], Sequence[Term]] = {(): conflict}
        for size in range(1, MOST_CHANGES + 1):
            sets = {frozenset((*dropped, term)) for dropped, terms in level.items() for term in terms}
            tried = {tuple(sorted(item, key=self.terms.index)): self._without(item) for item in sets}
            found = [repair for repair in tried.values() if repair is not None]
            if found:
                return tuple(sorted(found, key=lambda repair: repair.value, reverse=True)), size
            level = {dropped: self._rest(dropped) for dropped in tried}
        several = self._several(conflict)
        return ((several,) if several is not None else ()), 0

    def _rest(self, dropped: Collection[Term]) -> tuple[Term, ...]:
        """A smallest conflict that is left when some terms are given up."""
        return replace_terms(self, [term for term in self.terms if term not in dropped]).smallest()[0]

    def _several(self, conflict: Sequence[Term]) -> Repair | None:
        """Gives up one term of each conflict in turn until a plan exists."""
        dropped: list[Term] = []
        while conflict:
            dropped.append(_softest(conflict))
            repair = self._without(dropped)
            if repair is not None:
                return repair
            conflict = self._rest(dropped)
        return None

    def _without(self, given_up: Collection[Term]) -> Repair | None:
        dropped = tuple(term for term in self.terms if term in given_up)
        kept = [term for term in self.terms if term not in given_up]
        answer = self.ask(kept, self.options)
        if answer.plan is None:
            return None
        kinds = {term.kind for term in dropped}
        if "organization_budget" in kinds:
            return self._with_budget(dropped, kept, answer.plan)
        if "practice_budgets" in kinds:
            return _repair(dropped, answer.plan, _beyond_usd(answer.plan))
        return _repair(dropped, answer.plan)

    def _with_budget(self, dropped: tuple[Term, ...], kept: Sequence[Term], free: Plan) -> Repair | None:
        """The least budget, in whole dollars, with which a plan exists; found in halves, the last one planned."""
        today = next(term.usd for term in dropped if term.kind == "organization_budget") or 0.0
        low, high = math.floor(today), max(math.ceil(startup_need_usd(free) - CENT), math.floor(today) + 1)
        for _ in range(BUDGET_STEPS):
            if high - low <= 1:
                break
            middle = (low + high) // 2
            exists = self.ask(kept, self.exists, float(middle)).plan is not None
            low, high = (low, middle) if exists else (middle, high)
        plan = self.ask(kept, self.options, float(high)).plan
        return None if plan is None else _repair(dropped, plan, float(high))


def _beyond_usd(plan: Plan) -> float:
    """What practices spend to start workflows beyond their own budgets, USD."""
    own = plan.network.table("Practices").set_index("practice")["startup_budget_usd"]
    budgets = own.loc[list(plan.network.practices)].to_numpy(dtype=np.float64)
    return float(np.maximum(plan.outcome.costs.startup[0].sum(axis=1) - budgets, 0.0).sum())


def _repair(dropped: tuple[Term, ...], plan: Plan, usd: float | None = None) -> Repair:
    return Repair(dropped, plan, values_of(plan.scenario, plan.outcome)[0], usd)


def _softest(conflict: Sequence[Term]) -> Term:
    """What is given up first where one change is not enough: money, then a wish, then what is signed."""
    return min(conflict, key=lambda term: (term.kind == "contract", HARDNESS[term.kind]))


def replace_terms(conflicts: Conflicts, terms: Sequence[Term]) -> Conflicts:
    """The same question with some of its terms given up for good. Answers are shared."""
    other = Conflicts.__new__(Conflicts)
    other.__dict__.update(conflicts.__dict__)
    other.terms = tuple(terms)
    return other


def negotiable(network: Network, scenario: Scenario) -> Iterator[Term]:
    """Everything in a question that somebody could give up."""
    for place, lock in enumerate(scenario.locks):
        yield Term("lock", lock.practice, lock.program, lock.workflow, lock.decision, place=place)
    table = network.table("Contracts")
    for place, (practice, program, status) in enumerate(
        zip(table["practice"], table["program"], table["status"], strict=True)
    ):
        yield Term("contract", None if practice == ORGANIZATION else practice, program, None, status, place=place)
    asked = scenario.organization_budget_usd
    budget = network.startup_budget_usd if asked is None else asked
    if math.isfinite(budget):
        yield Term("organization_budget", usd=budget)
    own = network.table("Practices")["startup_budget_usd"].to_numpy(dtype=np.float64)
    if scenario.practice_budgets and np.isfinite(own).any():
        yield Term("practice_budgets")
    if not scenario.hub:
        yield Term("hub")


def conflict_of(
    network: Network, catalog: Catalog, scenario: Scenario, options: SolveOptions | None = None,
    report: Reporter = silent, started: Started = not_told,
) -> Conflict | None:  # fmt: skip
    """The smallest conflict of a question that has no plan, and ways out of it. None when a plan exists.

    `catalog` has the scenario's overrides in it, as `critmass.studies.scenario.prepared` gives it. A conflict
    without terms means that the facts alone contradict each other, and nothing here can be negotiated.

    Raises:
        NoPlanInTimeError: when the time limit came before it was known whether a plan exists.
    """
    conflicts = Conflicts(network, catalog, scenario, options, report, started)
    answer = conflicts.ask(conflicts.terms, conflicts.exists)
    if answer.plan is not None:
        return None
    if answer.unknown:
        raise NoPlanInTimeError("whether a plan exists is not known within the time limit; raise --time-limit")
    terms, proved = conflicts.smallest()
    repairs, fewest = conflicts.repairs(terms) if terms else ((), 0)
    network, scenario = conflicts.with_terms(terms)
    cash = any(term.usd is not None or term.kind == "practice_budgets" for term in terms)
    facts = tuple(hard_facts(network, scenario, catalog, cash=cash))
    return Conflict(terms, proved, facts, repairs, fewest, conflicts.resolver.solved)
