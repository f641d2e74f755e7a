"""Plans found on the way: always priced by settlement, never by the model that found them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.settlement.outcome import CENT, Outcome, Pricer, broken_rules
from critmass.settlement.projection import HUB, Decisions
from critmass.solve.columns import Column, Stage, column


class Valued(Protocol):
    """What a search compares: something with a worth by the names that objectives and floors use."""

    @property
    def worth(self) -> Mapping[str, float]:
        """Margin (USD), members at mass, practices at mass."""
        ...


Found = TypeVar("Found", bound=Valued)
"""What a search looks for: a settled plan, or for a sample an estimate."""

Judged = TypeVar("Judged", bound=Valued, covariant=True)


@dataclass(frozen=True)
class Candidate:
    """A feasible plan: decisions, and their outcome as settlement prices it."""

    decisions: Decisions
    outcome: Outcome
    worth: Mapping[str, float]


class Judging(Protocol[Judged]):
    """What a search needs to know of the worth of what solvers return."""

    def columns(self, solutions: Sequence[tuple[int, FloatArray]]) -> list[Column]:
        """Columns of practices' solutions, settled."""
        ...

    def choice(self, picked: Sequence[Column], organization: FloatArray) -> Judged | None:
        """One column for each practice, in order, beside a solution of the organization; None when it breaks a rule."""
        ...


@dataclass(frozen=True)
class OneSolution:
    """A practice's solution in one scenario of an outcome that is settled without pooled clauses; `local_by_payer` has
    shape (payer,), USD."""

    place: int
    x: FloatArray
    scenario: int
    outcome: Outcome
    local_by_payer: FloatArray


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

    def choice(self, picked: Sequence[Column], organization: FloatArray) -> Candidate | None:
        """The plan of one column for each practice, in order, beside a solution of the organization."""
        return self.candidate(self.model.decisions([*(item.x for item in picked), organization]))

    def columns(self, solutions: Sequence[tuple[int, FloatArray]]) -> list[Column]:
        """Columns of practices' solutions, any number of each, their local margin and mass replaced by settled ones."""
        before, scenarios = Counter[int](), list[int]()
        for place, _ in solutions:
            scenarios.append(before[place])
            before[place] += 1
        outcome = self.pricer.price(self._side_by_side(solutions, scenarios), pooled=False)
        margins, by_payer = self.local_margins(outcome), self._local_by_payer(outcome)
        return [
            self._settled_column(OneSolution(place, x, at, outcome, by_payer[at, place]), float(margins[at, place]))
            for at, (place, x) in zip(scenarios, solutions, strict=True)
        ]

    def _side_by_side(self, solutions: Sequence[tuple[int, FloatArray]], scenarios: Sequence[int]) -> Decisions:
        """Each solution in its scenario, practices without one as in the baseline."""
        nothing, count = self.pricer_nothing(), max(scenarios, default=0) + 1
        delivery, reach = np.repeat(nothing.delivery[:1], count, axis=0), np.repeat(nothing.reach[:1], count, axis=0)
        joined = np.repeat(nothing.joined[:1], count, axis=0)
        for at, (place, x) in zip(scenarios, solutions, strict=True):
            one = self.model.practice_decisions(place, x)
            delivery[at, place], reach[at, place] = one.delivery[0, 0], one.reach[0, 0]
            joined[at, place] = one.joined[0, 0] | self._copied(place, x)
        return Decisions(delivery, reach, joined)

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

    def local_margins(self, outcome: Outcome) -> FloatArray:
        """Margin of each practice's block, shape (scenario, practice), USD: money settled at its own level,
        less its cost without the tariff, less the hub's unit cost for it."""
        clauses = enumerate(self.pricer.terms.clauses)
        local = [place for place, c in clauses if not c.pooled and c.component.money != "credited"]
        money = outcome.settled.sum_of(local, passed_through=False)
        by_hub = np.where(outcome.decisions.delivery == HUB, outcome.decisions.reach, 0.0)
        hub_unit = (by_hub * self.pricer.rates.hub_unit_usd).sum(axis=2)
        return np.asarray(money - outcome.cost + outcome.costs.tariff.sum(axis=2) - hub_unit)

    def _settled_column(self, one: OneSolution, margin: float) -> Column:
        """The column asks the organization for no more than it needs: start-up help, and claims for mass."""
        block, x, place = self.model.blocks[one.place], one.x.copy(), one.place
        if "startup_help" in block.position:
            short = (
                float(one.outcome.costs.startup[one.scenario, place].sum()) - self.model.shared.startup_budgets[place]
            )
            x[block.position["startup_help"]] = max(short, 0.0)
        claimed = self._least_claims(one) if x[block.position["at_mass"]] > 0.5 else None
        for payer in self.pricer.payers:
            name = f"claim[{payer}]"
            if name in block.position:
                asked = x[block.position[name]] * (claimed or 0.0)
                x[block.position[name]] = min(max(asked, block.lower[block.position[name]]), max(asked, 0.0))
        worth = {
            "margin": margin,
            "at_mass": float(claimed is not None),
            "members_at_mass": float(claimed is not None) * float(self.pricer.members[place]),
        }
        return column(self.model, place, x, worth)

    def _least_claims(self, one: OneSolution) -> float | None:
        """The least share of the column's claims with which it is at mass; None when it is not with all."""
        local, claims = one.local_by_payer, self._claims(one.place, one.x)
        if not self._at_mass(one, local + claims):
            return None
        low, high = 0.0, 1.0
        if self._at_mass(one, local):
            return 0.0
        for _ in range(CLAIM_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self._at_mass(one, local + middle * claims) else (middle, high)
        return high

    def _local_by_payer(self, outcome: Outcome) -> FloatArray:
        """What practices' own clauses count towards mass, shape (scenario, practice, payer), USD."""
        credited, clauses = self.pricer.model.scenario.critical_mass.count_credited, self.pricer.terms.clauses
        counted = [
            place
            for place, clause in enumerate(clauses)
            if not clause.pooled and (credited or clause.component.money != "credited")
        ]
        by_payer = [
            outcome.settled.sum_of([at for at in counted if clauses[at].payer == payer], passed_through=True)
            for payer in self.pricer.payers
        ]
        return np.stack(by_payer, axis=2)

    def _claims(self, place: int, x: FloatArray) -> FloatArray:
        position = self.model.blocks[place].position
        names = [f"claim[{payer}]" for payer in self.pricer.payers]
        return np.array([float(x[position[name]]) if name in position else 0.0 for name in names])

    def _at_mass(self, one: OneSolution, by_payer: FloatArray) -> bool:
        rule = self.pricer.model.scenario.critical_mass
        if not one.outcome.core_in_place[one.scenario, one.place]:
            return False
        needed, parts = rule.ratio * float(one.outcome.cost[one.scenario, one.place]), by_payer.tolist()
        if sum(parts) < needed - CENT:
            return False
        least = rule.payer_share * needed - CENT
        return rule.payer_share == 0 or sum(part >= least for part in parts) >= rule.payers


CLAIM_HALVINGS = 20
"""Bisections when a column's claims are cut back to what mass needs."""


def better(one: Valued, other: Valued | None, stage: Stage) -> bool:
    """Whether a plan beats another in a stage: floors first, then the objective."""
    if other is None:
        return True
    met, other_met = (meets_floors(plan, stage) for plan in (one, other))
    if met != other_met:
        return met
    return stage.value(one.worth) > stage.value(other.worth) + CENT / 2


def meets_floors(plan: Valued, stage: Stage) -> bool:
    """Whether the plan keeps what earlier stages reached."""
    return all(plan.worth[name] >= floor - 1e-6 for name, floor in stage.floors.items())


def best_of(plans: Sequence[Candidate | None], stage: Stage) -> Candidate | None:
    """The best plan in a stage."""
    best: Candidate | None = None
    for plan in plans:
        if plan is not None and better(plan, best, stage):
            best = plan
    return best
