"""What a clause can see while it is turned into rows: constants, counts, and decision variables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from critmass.domain.network import ORGANIZATION
from critmass.domain.programs import Program
from critmass.domain.scenario import Lock
from critmass.formulation.block import Affine, BlockBuilder
from critmass.formulation.bonus import BundleBonus
from critmass.formulation.curves import Staircase
from critmass.settlement import evaluate
from critmass.settlement.amounts import measure_directions
from critmass.settlement.costs import CostRates, cost_rates
from critmass.settlement.projection import Decisions, Model, ProjectedResults, response
from critmass.settlement.results import FloatArray, Populations
from critmass.settlement.terms import Terms
from critmass.settlement.view import View


@dataclass(frozen=True)
class MeasureCounts:
    """Counts of one measure at one level. `gap` is what full closing adds to the numerator (signed)."""

    numerator: float
    denominator: float
    gap: float
    prior_rate: float
    prior_denominator: float
    carried: float

    @property
    def has_prior(self) -> bool:
        """Whether last year can be compared with."""
        return self.prior_denominator > 0

    def gain(self, rate: FloatArray, basis: str, *, higher_is_better: bool, target: float | None = None) -> FloatArray:
        """Gain of a rate over last year's; 0 without a prior year."""
        if not self.has_prior:
            return np.zeros_like(rate)
        before = np.full_like(rate, self.prior_rate)
        return evaluate.improvement_from(before, rate, basis, higher_is_better=higher_is_better, target=target)

    def rate(self, closed: FloatArray) -> FloatArray:
        """Performance rate at a closed share of the gap; 0 without a denominator."""
        if self.denominator <= 0:
            return np.zeros_like(closed)
        return (self.numerator + self.gap * closed) / self.denominator

    def closed_at(self, rate: float) -> float | None:
        """The closed share at which the rate is met; None when nothing can move it."""
        return None if self.gap == 0 else (rate * self.denominator - self.numerator) / self.gap


class Shared:
    """Everything that does not depend on which practice is being formulated, computed once."""

    def __init__(self, model: Model, terms: Terms, bonus: BundleBonus | None = None) -> None:
        self.model, self.terms, self.bonus = model, terms, bonus
        self.programs = terms.programs
        self.program_ids = tuple(program.id for program in terms.programs)
        self.directions = measure_directions(terms)
        self.rates: CostRates = cost_rates(model)
        self.inexact: set[tuple[str, str]] = set()
        self.staff_in_place = model.arrays.staff_in_place
        self.startup_budgets = model.arrays.startup_budgets_usd
        asked = model.scenario.organization_budget_usd
        self.organization_budget = model.network.startup_budget_usd if asked is None else asked
        self.locks = (*model.scenario.locks, *_contract_locks(model))
        self._numbers: dict[object, FloatArray] = {}

    @cached_property
    def measures_by_program(self) -> Mapping[str, tuple[str, ...]]:
        """Measures that each program's components look at or pay for."""
        return {program.id: program.measures for program in self.programs}

    @cached_property
    def organization_programs(self) -> frozenset[str]:
        """Programs that the organization joins for everybody."""
        return frozenset(program.id for program in self.programs if program.join_level == "organization")

    def reaches(self, program: Program, practice: int) -> bool:
        """Whether any clause of the program touches members of the practice."""
        return any(self.has_members(clause.populations, practice) for clause in self.terms.of(program.id))

    def reaches_id(self, program_id: str, practice: int) -> bool:
        """The same by program id; a practice without members in a program takes no part in it."""
        return any(self.has_members(clause.populations, practice) for clause in self.terms.of(program_id))

    def has_members(self, populations: Populations, practice: int) -> bool:
        """Whether the practice has members in the populations."""
        return bool(self.baseline.members(populations, "all")[0, practice] > 0)

    def practices_reached(self, program: Program) -> int:
        """Number of practices with members that the program touches."""
        return sum(self.reaches(program, place) for place in range(len(self.model.network.practices)))

    def eligible(self, program: Program, practice: int | None) -> bool:
        """Whether the facts allow joining."""
        populations = tuple(dict.fromkeys(pair for clause in self.terms.of(program.id) for pair in clause.populations))
        return all(self.number(evaluate.gate, word, populations, practice) > 0 for word in program.eligibility)

    def events(self, service: str, populations: Populations) -> FloatArray:
        """Events at full reach by workflow and practice, shape (workflow, practice)."""
        key = ("events", service, populations)
        if key not in self._numbers:
            columns = self.model.arrays.columns(populations)
            self._numbers[key] = self.model.events_at_full_reach(service)[:, :, columns].sum(axis=2)
        return self._numbers[key]

    def most_strength(self, measure: str) -> FloatArray:
        """Total strength on a measure's gap with every workflow at full reach, whoever delivers it, shape (practice,).

        Rows say so too, for no workflow is delivered twice; bounds of variables do not.
        """
        key = ("most_strength", measure)
        if key not in self._numbers:
            strengths = self.model.strengths[:, self.model.measure_position[measure]]
            self._numbers[key] = (1.0 - self.model.reach_in_place) @ np.maximum(strengths, 0.0)
        return self._numbers[key]

    def most_closed(self, measure: str) -> FloatArray:
        """Share of a measure's gap that is closed then, shape (practice,)."""
        ceiling = self.model.ceilings[self.model.measure_position[measure]]
        return np.asarray(np.minimum(response(self.most_strength(measure)), ceiling))

    @cached_property
    def baseline(self) -> ProjectedResults:
        """Results when nothing new is done; nothing runs and nothing is joined."""
        practices, workflows = self.model.reach_in_place.shape
        nothing = Decisions(
            delivery=np.zeros((1, practices, workflows), dtype=np.int8),
            reach=np.zeros((1, practices, workflows)),
            joined=np.zeros((1, practices, len(self.program_ids)), dtype=np.bool_),
        )
        return ProjectedResults(self.model, self.program_ids, nothing)

    def view(self, populations: Populations, *, pooled: bool) -> View:
        """The baseline as a clause of these populations sees it."""
        members = self.baseline.members(populations, "all") > 0 if pooled else None
        return View(self.baseline, populations, self.directions, members)

    def number(
        self, evaluator: Callable[[object, View], NDArray[Any]], word: object, populations: Populations,
        practice: int | None,
    ) -> float:  # fmt: skip
        """A word that no decision changes, evaluated by the settlement engine itself."""
        pooled = practice is None
        key = (evaluator, word, populations, pooled)
        if key not in self._numbers:
            found = np.asarray(evaluator(word, self.view(populations, pooled=pooled)), dtype=np.float64)
            width = 1 if pooled else len(self.model.network.practices)
            self._numbers[key] = np.broadcast_to(found, (1, width))[0]
        return float(self._numbers[key][0 if practice is None else practice])

    def counts(self, measure: str, populations: Populations, practice: int | None) -> MeasureCounts:
        """Counts of a measure for one practice, or pooled."""
        key = ("counts", measure, populations, practice is None)
        if key not in self._numbers:
            self._numbers[key] = self._count_table(measure, populations, pooled=practice is None)
        return MeasureCounts(*self._numbers[key][:, 0 if practice is None else practice].tolist())

    def _count_table(self, measure: str, populations: Populations, *, pooled: bool) -> FloatArray:
        view = self.view(populations, pooled=pooled)
        columns = self.model.arrays.columns(populations)
        gap = view.count(self.model.gap(measure)[:, columns].sum(axis=1)[None, :])
        found = (
            view.count(self.baseline.numerator(measure, populations)),
            evaluate.measure_denominator(measure, view),
            gap,
            evaluate.prior_rate(measure, view),
            view.count(self.baseline.prior_rate(measure, populations)[1]),
            view.count(self.baseline.carried_numerator(measure, populations)),
        )
        return np.stack([item[0] for item in found])

    def gaps(self, measure: str, populations: Populations) -> FloatArray:
        """Residual gap of a measure by practice, in members, shape (practice,)."""
        columns = self.model.arrays.columns(populations)
        members = self.model.arrays.members()[:, columns].sum(axis=1) > 0
        return np.asarray(self.model.gap(measure)[:, columns].sum(axis=1) * members)


def _contract_locks(model: Model) -> tuple[Lock, ...]:
    table = model.network.table("Contracts")
    return tuple(
        Lock(practice=None if practice == ORGANIZATION else practice, program=program, decision=status)
        for practice, program, status in zip(table["practice"], table["program"], table["status"], strict=True)
    )


class Level(ABC):
    """The variables that a clause's words stand for: one practice's, or the pooled ones."""

    def __init__(self, shared: Shared, builder: BlockBuilder, practice: int | None) -> None:
        self.shared, self.builder, self.practice = shared, builder, practice
        self.staircases: dict[str, Staircase] = {}
        self.curves: dict[object, Affine] = {}
        self.paid: dict[tuple[str, str], Affine] = {}

    def counts(self, measure: str, populations: Populations) -> MeasureCounts:
        """Counts of a measure at this level."""
        return self.shared.counts(measure, populations, self.practice)

    def staircase(self, measure: str, populations: Populations) -> Staircase:
        """The staircase of thresholds on the measure's closed share."""
        name = self.staircase_name(measure, populations)
        if name not in self.staircases:
            climbed, height_of = self.climb(measure, populations)
            self.staircases[name] = Staircase(self.builder, name, climbed, height_of)
        return self.staircases[name]

    def climb(self, measure: str, populations: Populations) -> tuple[Affine, Callable[[float], float]]:
        """What a measure's staircase stands on, and how much of it a closed share needs."""
        return self.closed(measure, populations), lambda closed: closed

    def finish_staircases(self) -> None:
        """Write every staircase's rows."""
        for staircase in self.staircases.values():
            staircase.finish()

    @abstractmethod
    def staircase_name(self, measure: str, populations: Populations) -> str:
        """Which staircase a measure's thresholds stand on."""

    @abstractmethod
    def closed(self, measure: str, populations: Populations) -> Affine:
        """Closed share of the measure's residual gap."""

    @abstractmethod
    def savings_gain(self, populations: Populations) -> Affine:
        """Savings that the plan's workflows add to the baseline's, USD."""

    @abstractmethod
    def events(self, service: str, populations: Populations) -> Affine:
        """Billable events."""

    @abstractmethod
    def runs_workflow(self, workflow: str, populations: Populations = ()) -> Affine:
        """1 when the workflow runs."""

    @abstractmethod
    def joined(self, program: str) -> Affine:
        """1 when the program is joined."""

    def enough_joined(self, programs: tuple[str, ...], at_least: int) -> Affine | None:
        """1 when at least so many of the programs are joined; None where that is not one decision."""
        return None
