"""Every decision of a tiny instance, priced by settlement alone: the answer that a plan must match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from critmass.domain.programs import Program
from critmass.domain.scenario import Lock, Scenario
from critmass.settlement import evaluate
from critmass.settlement.amounts import measure_directions
from critmass.settlement.costs import Costs
from critmass.settlement.outcome import CENT, Outcome, Pricer
from critmass.settlement.projection import HUB, OWN, Decisions, Model, ProjectedResults
from critmass.settlement.results import BoolArray, FloatArray, Populations
from critmass.settlement.terms import terms_in_force
from critmass.settlement.view import View
from random_instances import Instance

BATCH = 20_000
"""Scenarios priced at once."""

Choice = tuple[tuple[int, ...], frozenset[str]]
"""What one practice decides: how each workflow is delivered, and the programs it joins."""


@dataclass(frozen=True)
class Best:
    """The best of all decisions that keep the rules. `values` are the objective's levels in their order."""

    values: tuple[float, ...]
    decisions: Decisions
    examined: int
    kept: int


class Enumeration:
    """All decisions of an instance in which reach is 0 or 1."""

    def __init__(self, instance: Instance) -> None:
        self.scenario, self.catalog = instance.scenario, instance.catalog
        self.model = Model(instance.network, instance.catalog, instance.scenario)
        self.terms = terms_in_force(instance.catalog, instance.network, instance.scenario)
        self.pricer = Pricer(self.model, self.terms)
        self.practices = instance.network.practices
        own = [program for program in self.terms.programs if program.join_level == "practice"]
        whole = [program for program in self.terms.programs if program.join_level == "organization"]
        self.own, self.whole = own, whole
        asked = instance.scenario.organization_budget_usd
        self.budget = instance.network.startup_budget_usd if asked is None else asked

    def best(self) -> Best | None:
        """The lexicographically best decisions, or None when none keep the rules."""
        found: Best | None = None
        examined = kept = 0
        for decisions in self.batches():
            outcome = self.pricer.price(decisions)
            allowed = np.flatnonzero(self.affordable(outcome.costs))
            examined, kept = examined + len(decisions.reach), kept + len(allowed)
            if len(allowed):
                place = self._winner(outcome, allowed)
                values = tuple(float(level[place]) for level in levels_of(self.scenario, outcome))
                if found is None or _beats(values, found.values):
                    found = Best(values, decisions.one(int(place)), 0, 0)
        return None if found is None else Best(found.values, found.decisions, examined, kept)

    def _winner(self, outcome: Outcome, allowed: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
        for level in levels_of(self.scenario, outcome):
            allowed = allowed[level[allowed] >= level[allowed].max() - 1e-9]
        return int(allowed[0])

    # decisions --------------------------------------------------------------------------------------

    def batches(self) -> Iterator[Decisions]:
        """All decisions that keep the rules other than cash limits, in batches."""
        for joined in self.organization_choices():
            options = [self.practice_choices(place, joined) for place in range(len(self.practices))]
            everything = np.array(list(product(*[range(len(item)) for item in options])), dtype=np.int64)
            for start in range(0, len(everything), BATCH):
                yield self._decisions(everything[start : start + BATCH], options, joined)

    def _decisions(
        self, picked: np.ndarray[tuple[int, int], np.dtype[np.int64]], options: Sequence[Sequence[Choice]],
        whole: frozenset[str],
    ) -> Decisions:  # fmt: skip
        delivery = np.stack(
            [
                np.array([d for d, _ in choices], dtype=np.int8)[picked[:, place]]
                for place, choices in enumerate(options)
            ],
            axis=1,
        )
        joined = np.stack(
            [self._joined(choices, whole)[picked[:, place]] for place, choices in enumerate(options)], axis=1
        )
        return Decisions(delivery=delivery, reach=(delivery > 0).astype(np.float64), joined=joined)

    def _joined(self, choices: Sequence[Choice], whole: frozenset[str]) -> BoolArray:
        names = [program.id for program in self.terms.programs]
        return np.array([[name in held or name in whole for name in names] for _, held in choices], dtype=np.bool_)

    def organization_choices(self) -> Iterator[frozenset[str]]:
        """Sets of programs that the organization may hold as a whole."""
        for held in _subsets(self.whole):
            locked = all(
                (lock.program in held) == (lock.decision == "joined")
                for lock in self.scenario.locks
                if lock.program in {program.id for program in self.whole}
            )
            if locked and self._may_hold(held, self.whole, held, None):
                yield held

    def practice_choices(self, place: int, whole: frozenset[str]) -> list[Choice]:
        """What one practice may decide, given what the organization holds."""
        reached = [program for program in self.own if self._reaches(program, place)]
        together = {program.id for program in self.whole if program.id in whole and self._reaches(program, place)}
        held = [
            names
            for names in _subsets(reached)
            if self._may_hold(names, reached, names | together, place) and self._program_locks(names, reached, place)
        ]
        return [(delivery, names) for delivery in self._deliveries(place) for names in held]

    def _deliveries(self, place: int) -> Iterator[tuple[int, ...]]:
        ids = [workflow.id for workflow in self.model.workflows]
        for delivery in product(*[self._modes(place, w) for w in range(len(ids))]):
            runs = {name for name, mode in zip(ids, delivery, strict=True) if mode}
            needs = all(set(self.catalog.workflows[name].requires) <= runs for name in runs)
            locks = all(
                (lock.workflow in runs) == (lock.decision == "in_place") for lock in self._locks(place) if lock.workflow
            )
            if needs and locks:
                yield delivery

    def _modes(self, place: int, w: int) -> list[int]:
        workflow, today = self.model.workflows[w], self.model.reach_in_place[place, w] > 0
        hub = self.scenario.hub
        modes = [] if today else [0]
        modes += [OWN] if workflow.delivery != "hub" or today or not hub else []
        return modes + ([HUB] if workflow.delivery != "practice" and hub else [])

    # rules ------------------------------------------------------------------------------------------

    def _may_hold(
        self, held: frozenset[str], offered: Sequence[Program], beside: frozenset[str], place: int | None
    ) -> bool:
        chosen = [program for program in offered if program.id in held]
        must = all(program.id in held for program in offered if not program.voluntary)
        groups = [program.exclusive_group for program in chosen if program.exclusive_group]
        known = {program.id for program in self.terms.programs}
        return (
            must
            and len(groups) == len(set(groups))
            and all(self._eligible(program, place) for program in chosen if program.voluntary)
            and not any(set(program.excludes) & beside for program in chosen)
            and not any(held & set(self.catalog.programs[other].excludes) for other in beside & known)
            and all(set(program.requires) <= beside for program in chosen)
        )

    def _locks(self, place: int) -> list[Lock]:
        return [lock for lock in self.scenario.locks if lock.practice in (None, self.practices[place])]

    def _program_locks(self, held: frozenset[str], offered: Sequence[Program], place: int) -> bool:
        ids = {program.id for program in offered}
        return all(
            (lock.program in held) == (lock.decision == "joined") for lock in self._locks(place) if lock.program in ids
        )

    @cached_property
    def _nothing(self) -> ProjectedResults:
        shape = self.model.reach_in_place.shape
        joined = np.zeros((1, shape[0], len(self.terms.programs)), dtype=np.bool_)
        nothing = Decisions(np.zeros((1, *shape), dtype=np.int8), np.zeros((1, *shape)), joined)
        return ProjectedResults(self.model, self.pricer.program_ids, nothing)

    def _populations(self, program: Program) -> Populations:
        return tuple(dict.fromkeys(pair for clause in self.terms.of(program.id) for pair in clause.populations))

    def _reaches(self, program: Program, place: int) -> bool:
        return bool(self._nothing.members(self._populations(program), "all")[0, place] > 0)

    def _eligible(self, program: Program, place: int | None) -> bool:
        populations = self._populations(program)
        pooled = self._nothing.members(populations, "all") > 0 if place is None else None
        view = View(self._nothing, populations, measure_directions(self.terms), pooled)
        wide = [np.broadcast_to(evaluate.gate(word, view), (1, len(self.practices))) for word in program.eligibility]
        return all(bool(answer[0, 0 if place is None else place]) for answer in wide)

    def affordable(self, costs: Costs) -> BoolArray:
        """Whether start-up cash suffices, shape (scenario,)."""
        own = self.model.arrays.startup_budgets_usd
        limits = own if self.scenario.practice_budgets else np.full_like(own, np.inf)
        short = np.maximum(costs.startup.sum(axis=2) - limits, 0.0)
        if np.isfinite(self.budget):
            return np.asarray(costs.hub_startup.sum(axis=1) + short.sum(axis=1) <= self.budget + CENT)
        return np.asarray((short <= CENT).all(axis=1))


def _subsets(programs: Sequence[Program]) -> Iterator[frozenset[str]]:
    for keep in product((False, True), repeat=len(programs)):
        yield frozenset(program.id for program, kept in zip(programs, keep, strict=True) if kept)


def _beats(values: tuple[float, ...], others: tuple[float, ...]) -> bool:
    for value, other in zip(values, others, strict=True):
        if abs(value - other) > 1e-9:
            return value > other
    return False


def levels_of(scenario: Scenario, outcome: Outcome) -> list[FloatArray]:
    """The objective's levels for every scenario of an outcome, most important first."""
    margin = outcome.margin
    return {
        "members_then_margin": [outcome.members_at_mass, margin],
        "practices_then_margin": [outcome.practices_at_mass, margin],
        "mass_and_margin": [margin + scenario.usd_per_member_at_mass * outcome.members_at_mass],
        "margin": [margin],
    }[scenario.objective]
