"""What every set of payers can do together: the value of each coalition, on the plans of the library.

A coalition pays the bundle bonus alone, within its payers' limits, and has the outcomes of their own members. Its value
is the best difference of the two, and nothing where the bonus would cost more. Values are found on the plans that the
search met, so each is what the coalition can reach at least.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from critmass.formulation.bonus import NEED, OWN_VALUE
from critmass.settlement.projection import Decisions, Model
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import Terms
from critmass.solve.columns import Column, Pool, Stage
from critmass.studies.coordinate.benefit import benefit_of
from critmass.studies.coordinate.bundle import BundleProblem
from critmass.studies.coordinate.library import Choice, chosen_from
from critmass.studies.coordinate.need import least_bonus
from critmass.studies.coordinate.schemes import with_bonus

COUNT_AT_MOST = 12
"""Payers for which every coalition is looked at."""


@dataclass(frozen=True)
class CoalitionGame:
    """The payers' game: `value_usd[mask]` is what the coalition of the bits of `mask` can gain, USD a year.

    `bonus_usd`, `benefit_usd` are what it pays and has at its best; `members_at_mass` is what it brings to mass.
    """

    payers: tuple[str, ...]
    value_usd: FloatArray
    bonus_usd: FloatArray
    benefit_usd: FloatArray
    members_at_mass: FloatArray
    wall_seconds: float


class CoalitionValues:
    """Values of coalitions of payers over one library of plans.

    Outcomes are counted beyond those of the organization's plan as things stand, which nobody has to pay for.
    """

    def __init__(
        self, problem: BundleProblem, pool: Pool, terms: Terms, payers: tuple[str, ...], today: Decisions, level: str
    ) -> None:
        self.problem, self.judge, self.model, self.payers = problem, problem.judge, problem.model, payers
        shared: Model = problem.model.shared.model
        already = benefit_of(shared, terms, today, payers, level).usd
        self.columns = [item for block in range(pool.blocks - 1) for item in pool.columns[block]]
        self.benefits = self._benefits(shared, terms, level) - already[[item.block for item in self.columns]]
        self.place = {id(item): at for at, item in enumerate(self.columns)}
        self.pool = pool
        self.begins = already

    def _benefits(self, shared: Model, terms: Terms, level: str) -> FloatArray:
        """Worth of each column's outcomes to each payer, shape (column, payer)."""
        found = np.zeros((len(self.columns), len(self.payers)))
        rounds: dict[int, list[int]] = {}
        for at, item in enumerate(self.columns):
            rounds.setdefault(item.block, []).append(at)
        for number in range(max(map(len, rounds.values()), default=0)):
            chosen = {block: places[number] for block, places in rounds.items() if number < len(places)}
            decisions = self._side_by_side(chosen)
            table = benefit_of(shared, terms, decisions, self.payers, level).usd
            for block, at in chosen.items():
                found[at] = table[block]
        return found

    def _side_by_side(self, chosen: dict[int, int]) -> Decisions:
        nothing = self.model.shared.baseline.decisions
        delivery, reach = nothing.delivery.copy(), nothing.reach.copy()
        for block, at in chosen.items():
            one = self.model.practice_decisions(block, self.columns[at].x)
            delivery[0, block], reach[0, block] = one.delivery[0, 0], one.reach[0, 0]
        return Decisions(delivery, reach, nothing.joined)

    def best(self, members: Sequence[str], seconds: float) -> tuple[Choice | None, float, float]:
        """The coalition's best choice of plans, its bonus and its benefit, USD a year."""
        inside = np.array([payer in members for payer in self.payers])
        paying = np.array([payer in members for payer in self.judge.payers])

        def changed(item: Column) -> Column | None:
            benefit = float(self.benefits[self.place[id(item)]] @ inside)
            if item.worth["at_mass"] < 0.5:
                return _net(item, 0.0, benefit)
            most = np.where(paying, self.judge.most_usd[item.block], 0.0)
            rule = self.judge.pricer.model.scenario.critical_mass
            need = least_bonus(*self.judge.paid_and_cost(item), rule, most)
            return None if need is None else _net(item, float(need.sum()), benefit)

        floors = {} if self.problem.own_usd is None else {OWN_VALUE: self.problem.own_usd}
        choice = chosen_from(self.model, self.pool, Stage(NEED, {NEED: -1.0}, floors), changed, seconds)
        if choice is None:
            return None, 0.0, 0.0
        benefit = sum(item.worth["benefit"] for item in choice.picked)
        return choice, benefit - choice.objective, benefit


def _net(item: Column, bonus_usd: float, benefit_usd: float) -> Column:
    """The column with the bonus less the benefit in the place of the bonus: a coalition's net cost."""
    paid = with_bonus(item, bonus_usd)
    worth = {**paid.worth, NEED: bonus_usd - benefit_usd, "benefit": benefit_usd}
    return replace(paid, worth=worth)


def coalition_game(values: CoalitionValues, seconds: float = 2.0) -> CoalitionGame:
    """The value of every coalition, smaller ones first; what a part of a coalition can do, the whole can too.

    Raises:
        ValueError: with more than `COUNT_AT_MOST` payers.
    """
    payers, began = values.payers, time.monotonic()
    if len(payers) > COUNT_AT_MOST:
        raise ValueError(f"every coalition of {len(payers)} payers is too many; at most {COUNT_AT_MOST}")
    count = 1 << len(payers)
    table = np.zeros((4, count))
    for size in range(1, len(payers) + 1):
        for members in itertools.combinations(range(len(payers)), size):
            mask = sum(1 << at for at in members)
            choice, bonus, benefit = values.best([payers[at] for at in members], seconds)
            mass = 0.0 if choice is None else sum(item.worth["members_at_mass"] for item in choice.picked)
            own = np.array([benefit - bonus, bonus, benefit, mass])
            parts = [table[:, mask & ~(1 << at)] for at in members]
            table[:, mask] = max([*parts, own], key=lambda column: float(column[0]))
    value, bonus_usd, benefit_usd, at_mass = table
    return CoalitionGame(payers, value, bonus_usd, benefit_usd, at_mass, time.monotonic() - began)
