"""Plans found on the way: always priced by settlement, never by the model that found them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.settlement.outcome import CENT, Outcome, Pricer, broken_rules
from critmass.settlement.projection import Decisions
from critmass.solve.columns import Column, Stage, column


@dataclass(frozen=True)
class Candidate:
    """A feasible plan: decisions, and their outcome as settlement prices it."""

    decisions: Decisions
    outcome: Outcome
    worth: Mapping[str, float]


class Judge:
    """Turns model solutions into candidates and columns, with settled worth."""

    def __init__(self, model: NetworkModel, pricer: Pricer) -> None:
        self.model, self.pricer = model, pricer

    def candidate(self, decisions: Decisions) -> Candidate | None:
        """The plan as settlement prices it, or None when it breaks a cash limit."""
        outcome = self.pricer.price(decisions)
        shared = self.model.shared
        if broken_rules(shared.model, shared.terms, outcome.costs, shared.organization_budget):
            return None
        worth = {
            "margin": float(outcome.margin[0]),
            "members_at_mass": float(outcome.members_at_mass[0]),
            "at_mass": float(outcome.practices_at_mass[0]),
        }
        return Candidate(decisions, outcome, worth)

    def columns(self, solutions: Mapping[int, FloatArray]) -> list[Column]:
        """Columns of practice solutions, their local margin and mass replaced by settled ones."""
        nothing = self.pricer_nothing()
        delivery, reach, joined = nothing.delivery.copy(), nothing.reach.copy(), nothing.joined.copy()
        for place, x in solutions.items():
            one = self.model.practice_decisions(place, x)
            delivery[0, place], reach[0, place], joined[0, place] = one.delivery[0, 0], one.reach[0, 0], one.joined[0, 0]
            joined[0, place] |= self._copied(place, x)
        outcome = self.pricer.price(Decisions(delivery, reach, joined))
        margins = self._local_margins(outcome)
        return [self._settled_column(place, x, outcome, float(margins[place])) for place, x in solutions.items()]

    def pricer_nothing(self) -> Decisions:
        """All practices doing nothing."""
        return self.model.shared.baseline.decisions

    def _copied(self, place: int, x: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Organization programs as the column's copied conditions imply: one joined for each that holds."""
        block, shared = self.model.blocks[place], self.model.shared
        joined = np.zeros(len(shared.programs), dtype=np.bool_)
        for (programs, at_least), name in self.model.conditions.items():
            if name in block.position and x[block.position[name]] > 0.5:
                joined[[shared.program_ids.index(program) for program in programs[:at_least]]] = True
        return joined

    def _local_margins(self, outcome: Outcome) -> FloatArray:
        local = np.array([not c.pooled and c.component.money != "credited" for c in self.pricer.terms.clauses])
        shares = np.array([1.0 if c.component.pass_through is None else float(c.component.pass_through)
                           for c in self.pricer.terms.clauses])  # fmt: skip
        usable = local & (shares > 0)
        money = (outcome.settled.practice[usable, 0] / shares[usable, None]).sum(axis=0)
        costs, rates = outcome.costs, self.pricer.rates
        hub_unit = (np.where(outcome.decisions.delivery[0] == 2, outcome.decisions.reach[0], 0.0) * rates.hub_unit_usd).sum(axis=1)
        return np.asarray(money - outcome.cost[0] + costs.tariff[0].sum(axis=1) - hub_unit)

    def _settled_column(self, place: int, x: FloatArray, outcome: Outcome, margin: float) -> Column:
        block = self.model.blocks[place]
        at_mass = bool(x[block.position["at_mass"]] > 0.5) and self._reaches_mass(place, x, outcome)
        worth = {
            "margin": margin,
            "at_mass": float(at_mass),
            "members_at_mass": float(at_mass) * float(self.pricer.members[place]),
        }
        return column(self.model, place, x, worth)

    def _reaches_mass(self, place: int, x: FloatArray, outcome: Outcome) -> bool:
        """Mass by settled local money and the column's own claims on pooled money."""
        rule, block = self.pricer.model.scenario.critical_mass, self.model.blocks[place]
        pooled = [clause.pooled for clause in self.pricer.terms.clauses]
        by_payer = dict.fromkeys(self.pricer.payers, 0.0)
        for clause, amount, is_pooled in zip(
            self.pricer.terms.clauses, outcome.settled.practice[:, 0, place], pooled, strict=True
        ):
            if not is_pooled and (rule.count_credited or clause.component.money != "credited"):
                by_payer[clause.payer] += float(amount)
        for payer in by_payer:
            name = f"claim[{payer}]"
            by_payer[payer] += float(x[block.position[name]]) if name in block.position else 0.0
        needed = rule.ratio * float(outcome.cost[0, place])
        bringing = sum(money >= rule.payer_share * needed - 1.0 for money in by_payer.values())
        return bool(
            sum(by_payer.values()) >= needed - 1.0
            and (bringing >= rule.payers or rule.payer_share == 0)
            and outcome.core_in_place[0, place]
        )


def better(one: Candidate, other: Candidate | None, stage: Stage) -> bool:
    """Whether a plan beats another in a stage: floors first, then the objective."""
    if other is None:
        return True
    met, other_met = (meets_floors(plan, stage) for plan in (one, other))
    if met != other_met:
        return met
    return stage.value(one.worth) > stage.value(other.worth) + CENT / 2


def meets_floors(plan: Candidate, stage: Stage) -> bool:
    """Whether the plan keeps what earlier stages reached."""
    return all(plan.worth[name] >= floor - 1e-6 for name, floor in stage.floors.items())


def best_of(plans: Sequence[Candidate | None], stage: Stage) -> Candidate | None:
    """The best plan in a stage."""
    best: Candidate | None = None
    for plan in plans:
        if plan is not None and better(plan, best, stage):
            best = plan
    return best
