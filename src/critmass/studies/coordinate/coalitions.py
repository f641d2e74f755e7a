"""What every set of payers can do together: the value of each coalition, on the plans of the library.

A coalition pays the bundle bonus alone, within its payers' limits, and has the outcomes of their own members. Its value
is the best difference of the two, and nothing where the bonus would cost more. Values are found on the plans that the
search met and on changes of today's plan, so each is what the coalition can reach at least.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from critmass.domain.scenario import SolveOptions
from critmass.formulation.bonus import NEED, OUTCOMES, OWN_VALUE
from critmass.formulation.network_model import NetworkModel
from critmass.settlement.projection import Decisions
from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.terms import Terms
from critmass.solve.candidates import Candidate
from critmass.solve.columns import Column, Pool, Stage
from critmass.solve.decided import decided_columns
from critmass.solve.decomposition import Search
from critmass.solve.executor import run_all, solve_pool
from critmass.solve.nodes import organization_choices
from critmass.solve.pricing import Range
from critmass.solve.progress import Clock, Reporter
from critmass.studies.coordinate.benefit import Benefits
from critmass.studies.coordinate.bundle import BundleProblem, LeastBonus
from critmass.studies.coordinate.judge import benefits_of
from critmass.studies.coordinate.library import chosen_from
from critmass.studies.coordinate.nearby import nearby_plans
from critmass.studies.coordinate.need import least_bonus
from critmass.studies.coordinate.schemes import with_bonus
from critmass.studies.sharing.game import Game

ROUNDS_USD = 10.0
"""What today's plan may be worth less by the model than settled, USD a year."""

NEARBY_SECONDS = 8.0
"""Time for plans near today's."""

COUNT_AT_MOST = 12
"""Payers for which every coalition is looked at."""


@dataclass(frozen=True)
class Reached:
    """What a coalition reaches at its best: outcomes beyond today's plan by payer, shape (payer,), what it pays, and
    members at mass. Money is USD a year."""

    outcomes_usd: FloatArray
    bonus_usd: float
    members_at_mass: float

    @property
    def value_usd(self) -> float:
        """Outcomes less bonus."""
        return float(self.outcomes_usd.sum()) - self.bonus_usd


@dataclass(frozen=True)
class CoalitionGame:
    """The payers' game: `reached[mask]` is what the coalition of the bits of `mask` reaches."""

    payers: tuple[str, ...]
    reached: tuple[Reached, ...]
    wall_seconds: float

    @property
    def game(self) -> Game:
        """The game as rules for sharing see it."""
        return Game(self.payers, np.array([item.value_usd for item in self.reached]), "value")

    @property
    def everyone(self) -> Reached:
        """What all payers reach together."""
        return self.reached[-1]


def with_outcomes(
    problem: BundleProblem, least: LeastBonus, today: Decisions, options: SolveOptions, seconds: float, report: Reporter
) -> Pool:  # fmt: skip
    """The plans of the search for the least bonus, and those that a search for the most outcomes less bonus meets.

    Both searches know the same floors of the organization's own worth; the second has no target, begins with today's
    plan, and keeps to the organization's contracts of today, for which payers know what they would get.
    """
    floors = own_floor(problem)
    judge = problem.judge.without_target()
    choices = _contracts_of(problem.model, today)
    with solve_pool(options.workers, options.executor, options.scheduler) as executor:
        search = Search[Candidate](
            problem.model, judge, gap=options.gap, seed=options.seed, clock=Clock(seconds), report=report,
            executor=executor, known=judge.candidate(today), choices=choices or None,
        )  # fmt: skip
        for item in least.pool.flat():
            search.pool.add(item)
        for choice in choices[:1]:
            for item in decided_columns(problem.model, judge, today, choice, options.seed):
                search.pool.add(item)
        search.run(Stage("outcomes less bonus", {OUTCOMES: 1.0, NEED: -1.0}, floors), 1.0)
    return search.pool


def own_floor(problem: BundleProblem) -> dict[str, float]:
    """The organization is worth as much as today, but for what models and settlement round differently."""
    return {} if problem.own_usd is None else {OWN_VALUE: problem.own_usd - ROUNDS_USD}


def _contracts_of(model: NetworkModel, decisions: Decisions) -> list[Mapping[str, Range]]:
    """The choices of the organization's contracts that decisions are one of."""
    joined = decisions.joined[0].any(axis=0)
    held = {f"join[{name}]": float(on) for name, on in zip(model.shared.program_ids, joined.tolist(), strict=True)}
    return [
        choice
        for choice in organization_choices(model)
        if all(low <= held[name] <= high for name, (low, high) in choice.items() if name in held)
    ]


class CoalitionValues:
    """Values of coalitions of payers over one library of plans.

    Outcomes are counted beyond those of the organization's plan as things stand, which nobody has to pay for.
    """

    def __init__(
        self, problem: BundleProblem, pool: Pool, terms: Terms, payers: tuple[str, ...], today: Decisions, level: str
    ) -> None:
        self.problem, self.judge, self.model, self.payers = problem, problem.judge, problem.model, payers
        self.columns = [item for block in range(pool.blocks - 1) for item in pool.columns[block]]
        priced = Benefits(problem.model.shared.model, terms, payers, level)
        already = priced.usd(today)[0]
        self.benefits = (
            benefits_of(problem.model, priced, self.columns) - already[[item.block for item in self.columns]]
        )
        self._place = {(item.block, item.x.tobytes()): at for at, item in enumerate(self.columns)}
        self.pool = pool
        alone = list(np.eye(len(payers)))
        self.nearby = nearby_plans(problem, pool, priced, today, [np.ones(len(payers)), *alone], NEARBY_SECONDS)

    def of(self, item: Column) -> FloatArray:
        """What the outcomes of a column are worth beyond today's plan, shape (payer,), USD a year."""
        return np.asarray(self.benefits[self._place[item.block, item.x.tobytes()]])

    def best(self, members: Sequence[str], seconds: float) -> Reached:
        """The best that a coalition reaches: plans near today's, or chosen from the library, where one keeps the
        floors."""
        inside = np.array([payer in members for payer in self.payers])
        near = self.nearby.best(inside.astype(np.float64))
        found = [self._chosen(members, inside, seconds), *([] if near is None else [Reached(*near)])]
        return max(found, key=lambda item: item.value_usd)

    def _chosen(self, members: Sequence[str], inside: BoolArray, seconds: float) -> Reached:
        paying = np.array([payer in members for payer in self.judge.payers])

        def changed(item: Column) -> Column | None:
            benefit = float(self.of(item) @ inside)
            if item.worth["at_mass"] < 0.5:
                return _net(item, 0.0, benefit)
            most = np.where(paying, self.judge.most_usd[item.block], 0.0)
            rule = self.judge.pricer.model.scenario.critical_mass
            need = least_bonus(*self.judge.paid_and_cost(item), rule, most)
            return None if need is None else _net(item, float(need.sum()), benefit)

        floors = own_floor(self.problem)
        choice = chosen_from(self.model, self.pool, Stage(NEED, {NEED: -1.0}, floors), changed, seconds)
        if choice is None:
            return Reached(np.zeros(len(self.payers)), 0.0, 0.0)
        outcomes = np.where(inside, np.sum([self.of(item) for item in choice.picked], axis=0), 0.0)
        mass = sum(item.worth["members_at_mass"] for item in choice.picked)
        return Reached(outcomes, float(outcomes.sum()) - choice.objective, mass)


def _net(item: Column, bonus_usd: float, benefit_usd: float) -> Column:
    """The column with the bonus less the benefit in the place of the bonus: a coalition's net cost."""
    paid = with_bonus(item, bonus_usd)
    return replace(paid, worth={**paid.worth, NEED: bonus_usd - benefit_usd})


def coalition_game(values: CoalitionValues, seconds: float = 2.0, workers: int | None = None) -> CoalitionGame:
    """The value of every coalition, smaller ones first; what a part of a coalition can do, the whole can too.

    `seconds` is for each of the solves of one coalition, `workers` the number of coalitions at a time, by default one
    for each core.

    Raises:
        ValueError: with more than `COUNT_AT_MOST` payers.
    """
    payers, began = values.payers, time.monotonic()
    if len(payers) > COUNT_AT_MOST:
        raise ValueError(f"every coalition of {len(payers)} payers is too many; at most {COUNT_AT_MOST}")
    found = {0: Reached(np.zeros(len(payers)), 0.0, 0.0)}

    def own(members: tuple[int, ...]) -> Reached:
        return values.best([payers[at] for at in members], seconds)

    # Threads, whatever the options say: coalitions share the library.
    with solve_pool(workers) as threads:
        for size in range(1, len(payers) + 1):
            coalitions = list(itertools.combinations(range(len(payers)), size))
            for members, best in zip(coalitions, run_all(threads, own, coalitions), strict=True):
                mask = sum(1 << at for at in members)
                parts = (found[mask & ~(1 << at)] for at in members)
                found[mask] = max([*parts, best], key=lambda item: item.value_usd)
    return CoalitionGame(payers, tuple(found[mask] for mask in range(1 << len(payers))), time.monotonic() - began)
