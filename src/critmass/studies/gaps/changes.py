"""For each payer, the one change of its own contracts that helps most for each dollar that it adds.

Every amount of a payer's programs in force is raised by `STEP_RATE` and settled again on the same decisions; a
program that is not joined is joined beside them wherever the rules allow it. Nothing is planned again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from critmass.domain.programs import Program
from critmass.domain.scenario import CriticalMass
from critmass.settlement.amounts import Settled, settle
from critmass.settlement.outcome import CENT, Outcome
from critmass.settlement.projection import Decisions, ProjectedResults
from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.terms import Clause, Terms, terms_in_force
from critmass.studies.explain.changed_terms import ChangedTerms
from critmass.studies.explain.contract_numbers import ContractNumber
from critmass.studies.explain.rules import Rules
from critmass.studies.explain.settled import Settler, program_column
from critmass.studies.gaps.coalitions import carries
from critmass.studies.plan import Plan

STEP_RATE = 0.25
"""By how much an amount is raised."""
MATERIAL_RATE = 0.1
"""Changes that close less than this share of what the payer's largest change closes are left aside as trifles."""
_RATE = ".rate."
"""What paths of a component's own rate have in them; limits and prepayments are left alone."""
_RATIO_DIGITS = 2
"""Changes that help as much a dollar, to so many digits, are told apart by what they bring in total."""


@dataclass(frozen=True)
class Change:
    """One amount of a payer's contract, raised and settled again. Money is USD a year, of the payer's own.

    `added_usd` is what the payer pays more for it, `missing_less_usd` by how much practices' missing money falls.
    `joined` are practices that first join the program at today's terms, which is told apart: `joining_added_usd` and
    `joining_less_usd`. `members_gained` and `practices_gained` are what both together bring to critical mass.
    """

    payer: str
    number: ContractNumber
    raised_to: float
    added_usd: float
    missing_less_usd: float
    members_gained: float
    practices_gained: int
    joined: tuple[str, ...]
    joining_added_usd: float
    joining_less_usd: float

    @property
    def closes_usd(self) -> float:
        """By how much missing money falls through the raise, less what joining at today's terms costs, if it does."""
        return min(self.missing_less_usd, round(self.missing_less_usd + self.joining_less_usd, 2))

    @property
    def each_dollar(self) -> float:
        """What the raise closes for each dollar that it adds."""
        return self.closes_usd / self.added_usd


@dataclass(frozen=True)
class Changes:
    """The best change of each payer; None where none of `tried` helps. `missing_usd` is what practices lack now."""

    best: dict[str, Change | None]
    tried: dict[str, int]
    missing_usd: float


def missing_usd(paid: FloatArray, cost: FloatArray, rule: CriticalMass) -> FloatArray:
    """What practices lack for critical mass, shape (practice,), USD a year.

    The money short of the ratio, plus what the payers that come nearest lack to bring their share where too few do.
    `paid` has shape (practice, payer), `cost` (practice,).
    """
    needed = rule.ratio * cost
    short = np.maximum(needed - paid.sum(axis=1), 0.0)
    if not rule.payer_share:
        return np.asarray(short)
    lacking = np.sort(np.maximum((rule.payer_share * needed)[:, None] - paid, 0.0), axis=1)
    return np.asarray(short + lacking[:, : rule.payers].sum(axis=1))


def best_changes(plan: Plan, started: Callable[[str], object] = lambda name: None) -> Changes:
    """The best change of each payer with members here. `started` is called with each program that is tried."""
    search = _Search(plan)
    payers = sorted({payer for payer, _ in plan.network.populations})
    found: dict[str, list[Change]] = {payer: [] for payer in payers}
    tried = dict.fromkeys(payers, 0)
    for program in plan.terms.programs:
        started(program.id)
        for payer, change in search.of(program):
            tried[payer] += 1
            found[payer] += [change] if change is not None else []
    best = {payer: _best(changes) for payer, changes in found.items()}
    return Changes(best, tried, round(float(search.missing.sum()), 2))


def _best(changes: Sequence[Change]) -> Change | None:
    """What closes most for each dollar, among changes that close enough to matter."""
    most = max((change.closes_usd for change in changes), default=0.0)
    material = [change for change in changes if change.closes_usd >= MATERIAL_RATE * most]
    return max(material, key=lambda change: (round(change.each_dollar, _RATIO_DIGITS), change.closes_usd), default=None)


@dataclass(frozen=True)
class _Case:
    """Decisions with what they come to, under today's terms; `joined` are practices that joined beside the plan."""

    results: ProjectedResults
    outcome: Outcome
    joined: BoolArray


class _Search:
    """Raises the amounts of one program after the other."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.settler = plan, Settler(plan)
        self.rules = Rules(plan.network, plan.catalog, plan.scenario)
        self.rule = plan.scenario.critical_mass
        self.base = plan.outcome
        self.missing = missing_usd(self.base.reimbursement[0], self.base.cost[0], self.rule)
        self.base_paid = self._paid_by_payer(self.base.settled)
        nobody = np.zeros(len(plan.network.practices), dtype=np.bool_)
        self.unchanged = self._case(self.base.decisions, self.base, nobody)

    def of(self, program: Program) -> Iterator[tuple[str, Change | None]]:
        """Each of the program's amounts that can be raised: its payer, and the change where it helps."""
        case = self._joined(program)
        if case is None:
            return
        terms, in_force = ChangedTerms(self.plan, program.id, self.settler), self._terms(program)
        payers = {clause.component.id: clause.payer for clause in in_force.clauses}
        for number in terms.numbers():
            raised = min(number.value * (1 + STEP_RATE), max(number.high, number.value))
            may = number.role == "amount" and _RATE in number.paths[0] and number.component in payers
            changed = terms.changed(number, raised) if may and raised > number.value else None
            if changed is not None:
                both = (_moved_by(number, in_force), _moved_by(number, self._terms(changed)))
                today, then = (settle(part, case.results) for part in both)
                payer = payers[number.component]
                yield payer, self._change(payer, number, raised, case, today, then)

    def _joined(self, program: Program) -> _Case | None:
        """The plan where somebody takes part already, else with the program joined; None where nobody can."""
        column = program_column(self.settler.pricer, program.id)
        if not program.voluntary or self.base.decisions.joined[0, :, column].any():
            return self.unchanged
        places = self.rules.may_join(program, self.base.decisions)
        if not places.any():
            return None
        joined = self.base.decisions.joined.copy()
        joined[0, places, column] = True
        decisions = replace(self.base.decisions, joined=joined)
        return self._case(decisions, self.settler.pricer.price(decisions), places)

    def _case(self, decisions: Decisions, outcome: Outcome, joined: BoolArray) -> _Case:
        results = ProjectedResults(self.settler.model, self.settler.pricer.program_ids, decisions)
        return _Case(results, outcome, joined)

    def _terms(self, program: Program) -> Terms:
        catalog = replace(self.plan.catalog, programs={program.id: program})
        return terms_in_force(catalog, self.plan.network, self.plan.scenario)

    def _change(
        self, payer: str, number: ContractNumber, raised: float, case: _Case, today: Settled, then: Settled
    ) -> Change | None:
        """What raising one amount adds and brings; None where it does not help."""
        mine, rule = self.base.payers.index(payer), self.rule
        before, cost = case.outcome.reimbursement[0], case.outcome.cost[0]
        paid = before + self._reimbursed(then) - self._reimbursed(today)
        lack = [float(missing_usd(table, cost, rule).sum()) for table in (before, paid)]
        added = round(float((self._paid_by_payer(then) - self._paid_by_payer(today))[mine]), 2)
        less = round(lack[0] - lack[1], 2)
        joining_less = round(float(self.missing.sum()) - lack[0], 2) + 0.0
        if added < CENT or min(less, less + joining_less) < CENT:
            return None
        joining = self._paid_by_payer(case.outcome.settled) - self.base_paid
        reached = self._at_mass(paid, cost) & case.outcome.core_in_place[0]
        gained = reached.astype(np.float64) - self.base.at_mass[0]
        return Change(
            payer, number, raised, added, less,
            members_gained=float(self.settler.pricer.members @ gained),
            practices_gained=int(gained.sum()),
            joined=tuple(name for name, flag in zip(self.plan.network.practices, case.joined, strict=True) if flag),
            joining_added_usd=round(float(joining[mine]), 2) + 0.0,
            joining_less_usd=joining_less,
        )  # fmt: skip

    def _at_mass(self, paid: FloatArray, cost: FloatArray) -> BoolArray:
        everybody = np.ones((1, len(self.base.payers)), dtype=np.bool_)
        return np.asarray(carries(everybody, paid, cost, self.rule)[0])

    # Sums over clauses ------------------------------------------------------------------------------

    def _reimbursed(self, settled: Settled) -> FloatArray:
        """What counts towards mass, shape (practice, payer)."""
        return self._by_payer(settled, lambda clause: self.rule.count_credited or clause.component.money != "credited")

    def _by_payer(self, settled: Settled, counts: Callable[[Clause], bool]) -> FloatArray:
        table = np.zeros((settled.shape[1], len(self.base.payers)))
        for place, clause in enumerate(settled.terms.clauses):
            if counts(clause):
                table[:, self.base.payers.index(clause.payer)] += settled.practice[place, 0]
        return table

    def _paid_by_payer(self, settled: Settled) -> FloatArray:
        """New and withheld money of each payer, what the organization keeps with it, shape (payer,)."""
        table = np.zeros(len(self.base.payers))
        for place, total in enumerate(settled.total()[:, 0]):
            clause = settled.terms.clauses[place]
            if clause.component.money != "credited":
                table[self.base.payers.index(clause.payer)] += total
        return table


def _moved_by(number: ContractNumber, terms: Terms) -> Terms:
    """The clauses that a number of one component moves: its own, or all where another looks at what it pays."""
    mine = tuple(clause for clause in terms.clauses if clause.component.id == number.component)
    return terms if any(terms.is_asked_for(clause) for clause in mine) else replace(terms, clauses=mine)
