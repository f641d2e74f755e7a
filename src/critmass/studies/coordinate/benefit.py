"""What a plan is worth to payers: care that their members do without, and measures that their revenue depends on."""

from __future__ import annotations

import numpy as np

from critmass.domain.catalog import Catalog
from critmass.formulation.bonus import OutcomeWorth
from critmass.settlement.projection import Decisions, Model, ProjectedResults
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import Terms

LEVELS = ("low", "mid", "high")
"""Ends and middle of the catalog's intervals, for effects and for values together."""


class Benefits:
    """Prices outcomes for the payers of one network, at one level of the catalog's intervals; reusable."""

    def __init__(self, model: Model, terms: Terms, payers: tuple[str, ...], level: str) -> None:
        self.payers = payers
        self.model = Model(model.network, model.catalog, model.scenario.model_copy(update={"effects": level}))
        self.ids = tuple(program.id for program in terms.programs)
        self.spend_usd = expenditure_usd(self.model)
        lines = [line for _, line in model.network.populations]
        self.usd_per_gap = np.array([_usd_per_gap(model.catalog, line, level) for line in lines])
        self.looked_at = sorted(
            {(clause.payer, name) for clause in terms.clauses for name in clause.component.measures}
        )

    def usd(self, decisions: Decisions) -> FloatArray:
        """What outcomes beyond doing nothing new are worth, shape (scenario, practice, payer), USD a year.

        Avoided spending is each workflow's saved share of expenditure at its reach beyond today's; quality is what a
        closed gap is worth, for each measure that a program of the payer looks at.
        """
        extra = np.maximum(decisions.reach - self.model.reach_in_place, 0.0)
        worth = (extra @ self.model.saved_shares) * self.spend_usd + self._closed(decisions) * self.usd_per_gap
        found = np.zeros((*worth.shape[:2], len(self.payers)))
        for column, (payer, _) in enumerate(self.model.network.populations):
            if payer in self.payers:
                found[:, :, self.payers.index(payer)] += worth[:, :, column]
        return found

    @property
    def worth(self) -> OutcomeWorth:
        """The same as rates on reach and on closed gaps, of all payers together."""
        mine = np.array([payer in self.payers for payer, _ in self.model.network.populations])
        closed = dict[str, FloatArray]()
        for payer, measure in self.looked_at:
            own = mine & np.array([pair[0] == payer for pair in self.model.network.populations])
            usd = np.abs(self.model.gap(measure)) @ np.where(own, self.usd_per_gap, 0.0)
            closed[measure] = closed.get(measure, 0.0) + usd
        return OutcomeWorth(np.where(mine, self.spend_usd, 0.0) @ self.model.saved_shares.T, closed)

    def _closed(self, decisions: Decisions) -> FloatArray:
        """Gaps closed, shape (scenario, practice, population)."""
        results = ProjectedResults(self.model, self.ids, decisions)
        found = np.zeros((*decisions.reach.shape[:2], len(self.model.network.populations)))
        for payer, measure in self.looked_at:
            columns = [at for at, pair in enumerate(self.model.network.populations) if pair[0] == payer]
            gaps = np.abs(self.model.gap(measure)[:, columns])
            found[:, :, columns] += gaps * results.closed(measure)[:, :, None]
        return found


def gains_usd(
    model: Model, terms: Terms, payers: tuple[str, ...], decisions: Decisions, before: Decisions
) -> dict[str, FloatArray]:
    """By level: what outcomes beyond another plan's are worth, shape (practice, payer), USD a year.

    Both plans have one scenario.
    """
    priced = {level: Benefits(model, terms, payers, level) for level in LEVELS}
    return {level: (item.usd(decisions) - item.usd(before))[0] for level, item in priced.items()}


def expenditure_usd(model: Model) -> FloatArray:
    """Expected total cost of care, shape (practice, population), USD a year: the network's where it has a row, else
    the catalog's amount for the line of business."""
    known = model.arrays.spending("expenditure_usd")
    usual = np.zeros(len(model.network.populations))
    for item in model.catalog.payer_values.values():
        for column, (_, line) in enumerate(model.network.populations):
            if line in item.lines_of_business:
                usual[column] = float(item.expenditure_usd)
    return np.where(known > 0, known, model.arrays.members() * usual)


def _usd_per_gap(catalog: Catalog, line: str, level: str) -> float:
    for item in catalog.payer_values.values():
        if line in item.lines_of_business:
            return float({"low": item.low, "mid": item.usd_per_gap_closed, "high": item.high}[level])
    return 0.0
