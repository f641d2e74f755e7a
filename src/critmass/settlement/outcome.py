"""What decisions are worth: reimbursement, cost, critical mass and margin, all re-priced by settlement."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from critmass.settlement import evaluate
from critmass.settlement.amounts import Settled, settle
from critmass.settlement.costs import CostRates, Costs, cost_rates, decision_costs
from critmass.settlement.projection import Decisions, Model, ProjectedResults
from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.terms import Terms

CENT = 0.01


@dataclass(frozen=True)
class Outcome:
    """Decisions priced by settlement. Money is USD a year.

    `reimbursement` has shape (scenario, practice, payer) over `payers`; `cost`, `mass_ratio`, `at_mass`
    (scenario, practice); `margin` and `members_at_mass` (scenario,).
    """

    payers: tuple[str, ...]
    decisions: Decisions
    settled: Settled
    costs: Costs
    reimbursement: FloatArray
    cost: FloatArray
    mass_ratio: FloatArray
    payers_bringing_share: FloatArray
    core_in_place: BoolArray
    at_mass: BoolArray
    margin: FloatArray
    members_at_mass: FloatArray
    practices_at_mass: FloatArray


class Pricer:
    """Prices decisions of one network under one set of terms; reusable for many decisions."""

    def __init__(self, model: Model, terms: Terms) -> None:
        self.model, self.terms = model, terms
        self.program_ids = tuple(program.id for program in terms.programs)
        self.rates: CostRates = cost_rates(model)
        self.payers = tuple(sorted({clause.payer for clause in terms.clauses}))
        self.members = model.arrays.members().sum(axis=1)
        self._reached = reached_practices(model, terms)

    def price(self, decisions: Decisions, *, pooled: bool = True) -> Outcome:
        """The outcome of decisions, for all their scenarios at once; without `pooled`, as if clauses above practice
        level paid nothing."""
        decisions = replace(decisions, joined=decisions.joined & self._reached)
        results = ProjectedResults(self.model, self.program_ids, decisions)
        settled = settle(self.terms, results, pooled=pooled)
        costs = decision_costs(self.model, self.rates, self.terms.programs, decisions)
        return self._outcome(decisions, settled, costs)

    def _outcome(self, decisions: Decisions, settled: Settled, costs: Costs) -> Outcome:
        rule = self.model.scenario.critical_mass
        reimbursement = self._by_payer(settled, count_credited=rule.count_credited)
        cost = costs.practice_total()
        total = reimbursement.sum(axis=2)
        needed = rule.ratio * cost
        share = rule.payer_share * needed
        bringing = (reimbursement >= share[:, :, None] - CENT / 2).sum(axis=2) if rule.payer_share else rule.payers
        core = self._core_in_place(decisions)
        reached = total >= needed - CENT / 2
        at_mass = reached & core & (np.asarray(bringing) >= rule.payers)
        return Outcome(
            payers=self.payers,
            decisions=decisions,
            settled=settled,
            costs=costs,
            reimbursement=reimbursement,
            cost=cost,
            mass_ratio=evaluate.ratio(total, cost),
            payers_bringing_share=np.broadcast_to(np.asarray(bringing, dtype=np.float64), cost.shape),
            core_in_place=core,
            at_mass=at_mass,
            margin=self._margin(settled, costs),
            members_at_mass=at_mass @ self.members,
            practices_at_mass=at_mass.sum(axis=1).astype(np.float64),
        )

    def _by_payer(self, settled: Settled, *, count_credited: bool) -> FloatArray:
        counted = [
            place
            for place, clause in enumerate(self.terms.clauses)
            if count_credited or clause.component.money != "credited"
        ]
        table = np.zeros((*settled.shape, len(self.payers)))
        for column, payer in enumerate(self.payers):
            theirs = [place for place in counted if self.terms.clauses[place].payer == payer]
            table[:, :, column] = settled.sum_of(theirs, passed_through=True)
        return table

    def _margin(self, settled: Settled, costs: Costs) -> FloatArray:
        new = [place for place, clause in enumerate(self.terms.clauses) if clause.component.money != "credited"]
        money = settled.sum_of(new, passed_through=False).sum(axis=1)
        own = costs.practice_total().sum(axis=1) - costs.tariff_total()
        return np.asarray(money - own - costs.organization_total())

    def _core_in_place(self, decisions: Decisions) -> BoolArray:
        core = [workflow.core for workflow in self.model.workflows]
        return np.asarray((decisions.delivery[:, :, core] > 0).all(axis=2))


def reached_practices(model: Model, terms: Terms) -> BoolArray:
    """Whether a program touches any member of a practice, shape (1, practice, program)."""
    members = model.arrays.members()
    table = np.zeros((1, len(model.network.practices), len(terms.programs)), dtype=np.bool_)
    for place, program in enumerate(terms.programs):
        for clause in terms.of(program.id):
            table[0, :, place] |= members[:, model.arrays.columns(clause.populations)].sum(axis=1) > 0
    return table


def broken_rules(model: Model, terms: Terms, costs: Costs, budget_usd: float) -> list[str]:
    """Cash limits that decisions of a single scenario break, in plain words; empty when all hold."""
    own = model.arrays.startup_budgets_usd
    if not model.scenario.practice_budgets:
        own = np.full_like(own, np.inf)
    wanted = costs.startup[0].sum(axis=1)
    short = np.maximum(wanted - own, 0.0)
    hub = float(costs.hub_startup[0].sum())
    if np.isfinite(budget_usd):
        need = hub + float(short.sum())
        return (
            [f"start-up needs ${need:,.0f}, the organization has ${budget_usd:,.0f}"]
            if need > budget_usd + CENT
            else []
        )
    return [
        f"practice {name} needs ${cash:,.0f} beyond its start-up budget"
        for name, cash in zip(model.network.practices, short, strict=True)
        if cash > CENT
    ]
