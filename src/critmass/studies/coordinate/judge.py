"""Plans with the bundle bonus that they need: settled first, then the need in closed form."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from critmass.formulation.block import FloatArray
from critmass.formulation.bonus import COUNTED, NEED, OUTCOMES, OWN_VALUE, BundleBonus
from critmass.formulation.network_model import NetworkModel
from critmass.settlement.outcome import Outcome, Pricer
from critmass.settlement.projection import HUB, Decisions
from critmass.settlement.results import BoolArray
from critmass.solve.candidates import Candidate, Judge, OneSolution
from critmass.solve.columns import Column, column
from critmass.studies.coordinate.benefit import Benefits
from critmass.studies.coordinate.need import least_bonus


@dataclass(frozen=True)
class WithBonus(Candidate):
    """A plan and the money that payers add for it, USD a year.

    `bonus_usd` has shape (practice, payer) over the judge's payers and is what mass needs; `beyond_usd` comes on top,
    so that the organization is no worse off than without the target.
    """

    bonus_usd: FloatArray
    beyond_usd: float
    chosen: BoolArray


@dataclass(frozen=True)
class Wanted:
    """What a plan with a bonus has to come to: `least` of what practices at mass count, and `own_usd` of value to the
    organization (None: it puts mass before money by itself)."""

    least: float
    own_usd: float | None


class BonusJudge(Judge):
    """Judges as ever, with the bonus that a practice needs added to what it is paid."""

    def __init__(self, model: NetworkModel, pricer: Pricer, wanted: Wanted, benefits: Benefits) -> None:
        super().__init__(model, pricer)
        self.benefits = benefits
        assert model.shared.bonus is not None
        self.offered: BundleBonus = model.shared.bonus
        self.wanted = wanted
        self.payers = tuple(sorted({*pricer.payers, *self.offered.payers}))
        self.most_usd = np.zeros((len(model.practices), len(self.payers)))
        self.most_usd[:, [self.payers.index(payer) for payer in self.offered.payers]] = self.offered.most_usd
        self._money: dict[tuple[int, bytes], tuple[FloatArray, float]] = {}
        self._paying = [self.payers.index(payer) for payer in pricer.payers]

    def without_target(self) -> BonusJudge:
        """The same for plans that no target is asked of; what it learns of columns both know."""
        other = copy.copy(self)
        other.wanted = replace(self.wanted, least=0.0)
        return other

    def tariff_usd(self, item: Column) -> float:
        """What the hub charges the practice for a plan of it, USD a year."""
        decisions = self.model.practice_decisions(item.block, item.x)
        by_hub = decisions.delivery[0, 0] == HUB
        fixed = self.pricer.rates.tariff_fixed_usd[item.block]
        reached = self.pricer.rates.tariff_reach_usd[item.block] * decisions.reach[0, 0]
        return float((by_hub * (fixed + reached)).sum())

    # Plans ------------------------------------------------------------------------------------------

    def candidate(self, decisions: Decisions) -> WithBonus | None:
        """The plan with the cheapest bonus that meets the target; None when it breaks a cash limit or none does."""
        plain = super().candidate(decisions)
        if plain is None:
            return None
        needs = [self._need_at(plain.outcome, place) for place in range(len(self.model.practices))]
        total = np.array([np.inf if need is None else float(need.sum()) for need in needs])
        base = float(plain.outcome.margin[0])
        chosen = self._cheapest(total, base)
        if chosen is None:
            return None
        table = np.array([
            need if take and need is not None else np.zeros_like(self.most_usd[0])
            for need, take in zip(needs, chosen, strict=True)
        ])  # fmt: skip
        members = float(self.pricer.members @ chosen)
        own = base + self.offered.usd_per_member_at_mass * members + float(table.sum())
        beyond = 0.0 if self.wanted.own_usd is None else max(self.wanted.own_usd - own, 0.0)
        worth = {
            "margin": base, "members_at_mass": members, "at_mass": float(chosen.sum()),
            NEED: float(table.sum()) + beyond, COUNTED: float(self.offered.counted @ chosen), OWN_VALUE: own + beyond,
            OUTCOMES: float(self.benefits.usd(decisions).sum()),
        }  # fmt: skip
        return WithBonus(decisions, plain.outcome, worth, table, beyond, chosen)

    def _need_at(self, outcome: Outcome, place: int) -> FloatArray | None:
        if not outcome.core_in_place[0, place]:
            return None
        return self._least(outcome.reimbursement[0, place], float(outcome.cost[0, place]), place)

    def _least(self, paid_usd: FloatArray, cost_usd: float, place: int) -> FloatArray | None:
        """The least bonus by payer, of those that pay already and those that may."""
        rule = self.pricer.model.scenario.critical_mass
        return least_bonus(self._by_payer(paid_usd), cost_usd, rule, self.most_usd[place])

    def _by_payer(self, paid_usd: FloatArray) -> FloatArray:
        paid = np.zeros(len(self.payers))
        paid[self._paying] = paid_usd
        return paid

    def paid_and_cost(self, item: Column) -> tuple[FloatArray, float]:
        """What each payer brings to a plan of a practice at mass without any bonus, and what the plan costs the
        practice, USD a year.

        Raises:
            KeyError: when the column is not one at mass of this judge.
        """
        return self._money[item.block, item.x.tobytes()]

    def _cheapest(self, need_usd: FloatArray, base_usd: float) -> BoolArray | None:
        """Which practices get the bonus: least money in all, where a plan worth less to the organization than asked is
        made up for. One small MILP over yes/no by practice and the money."""
        able = np.isfinite(need_usd)
        if float(self.offered.counted @ able) < self.wanted.least - 1e-6:
            return None
        count, own = len(need_usd), self.wanted.own_usd
        cost = np.where(able, need_usd, 0.0)
        rows = [np.append(self.offered.counted, 0.0), np.append(-cost, 1.0)]
        least = [self.wanted.least - 1e-6, 0.0]
        if own is not None:
            rows.append(np.append(self.offered.usd_per_member_at_mass * self.pricer.members, 1.0))
            least.append(own - base_usd)
        found = milp(
            np.append(np.full(count, 1e-6), 1.0),
            constraints=LinearConstraint(np.array(rows), np.array(least), np.inf),
            bounds=Bounds(0.0, np.append(able.astype(np.float64), np.inf)),
            integrality=np.append(np.ones(count), 0),
        )
        return None if found.x is None else np.asarray(found.x[:count] > 0.5)

    # Columns ----------------------------------------------------------------------------------------

    def _least_claims(self, one: OneSolution) -> float | None:
        """A column keeps its claims: what they do not bring, a bonus has to."""
        return 1.0 if self._column_need(one, one.local_by_payer + self._claims(one.place, one.x)) is not None else None

    def columns(self, solutions: Sequence[tuple[int, FloatArray]]) -> list[Column]:
        """Columns with the bonus that they need, settled."""
        found = [self._with_need(item) for item in super().columns(solutions)]
        outcomes = benefits_of(self.model, self.benefits, found).sum(axis=1)
        return [
            replace(item, worth={**item.worth, OUTCOMES: float(usd)})
            for item, usd in zip(found, outcomes, strict=True)
        ]  # fmt: skip

    def _settled_column(self, one: OneSolution, margin: float) -> Column:
        found = super()._settled_column(one, margin)
        if found.worth["at_mass"] < 0.5:
            return found
        need = self._column_need(one, one.local_by_payer + self._claims(one.place, found.x))
        assert need is not None
        x, position = found.x.copy(), self.model.blocks[one.place].position
        for payer, usd in zip(self.payers, need.tolist(), strict=True):
            if f"bonus[{payer}]" in position:
                x[position[f"bonus[{payer}]"]] = usd
        paid = self._by_payer(one.local_by_payer + self._claims(one.place, found.x))
        self._money[one.place, x.tobytes()] = paid, float(one.outcome.cost[one.scenario, one.place])
        return replace(found, x=x)

    def _column_need(self, one: OneSolution, by_payer: FloatArray) -> FloatArray | None:
        if not one.outcome.core_in_place[one.scenario, one.place]:
            return None
        return self._least(by_payer, float(one.outcome.cost[one.scenario, one.place]), one.place)

    def _with_need(self, item: Column) -> Column:
        """The column with worths of the target: at mass with its bonus, or not at mass and without one."""
        block, x = self.model.blocks[item.block], item.x.copy()
        there = item.worth["at_mass"] > 0.5
        names = [f"bonus[{payer}]" for payer in self.offered.payers if f"bonus[{payer}]" in block.position]
        places = [block.position[name] for name in names]
        x[places] = x[places] if there else 0.0
        need = float(x[places].sum())
        own = item.worth["margin"] + self.offered.usd_per_member_at_mass * item.worth["members_at_mass"] + need
        counted = float(self.offered.counted[item.block]) if there else 0.0
        return column(self.model, item.block, x, {**item.worth, NEED: need, COUNTED: counted, OWN_VALUE: own})


def benefits_of(model: NetworkModel, priced: Benefits, columns: Sequence[Column]) -> FloatArray:
    """Worth of each column's outcomes to each payer, shape (column, payer), USD a year; columns of different practices
    are priced side by side, as scenarios."""
    before, scenarios = Counter[int](), list[int]()
    for item in columns:
        scenarios.append(before[item.block])
        before[item.block] += 1
    nothing, count = model.shared.baseline.decisions, max(scenarios, default=0) + 1
    delivery = np.repeat(nothing.delivery[:1], count, axis=0)
    reach = np.repeat(nothing.reach[:1], count, axis=0)
    for at, item in zip(scenarios, columns, strict=True):
        one = model.practice_decisions(item.block, item.x)
        delivery[at, item.block], reach[at, item.block] = one.delivery[0, 0], one.reach[0, 0]
    joined = np.repeat(nothing.joined[:1], count, axis=0)
    found = priced.usd(Decisions(delivery, reach, joined))
    places = np.array([item.block for item in columns], dtype=np.intp)
    return np.asarray(found[np.array(scenarios, dtype=np.intp), places])
