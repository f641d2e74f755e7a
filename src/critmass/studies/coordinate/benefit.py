"""What a plan is worth to payers: care that their members do without, and measures that their revenue depends on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from critmass.domain.catalog import Catalog
from critmass.settlement.projection import Decisions, Model, ProjectedResults
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import Terms

LEVELS = ("low", "mid", "high")
"""Ends and middle of the catalog's intervals, for effects and for values together."""


@dataclass(frozen=True)
class Benefit:
    """Worth of outcomes beyond today's, USD a year, shape (practice, payer) over `payers`."""

    payers: tuple[str, ...]
    avoided_usd: FloatArray
    quality_usd: FloatArray

    @property
    def usd(self) -> FloatArray:
        """Both together."""
        return np.asarray(self.avoided_usd + self.quality_usd)


def benefit_of(model: Model, terms: Terms, decisions: Decisions, payers: tuple[str, ...], level: str) -> Benefit:
    """What decisions of a single scenario are worth to payers at a level of the catalog's intervals.

    Avoided spending is each workflow's saved share of expenditure at its reach beyond today's; quality is what a closed
    gap is worth, for each measure that a program of the payer looks at.
    """
    at_level = Model(model.network, model.catalog, model.scenario.model_copy(update={"effects": level}))
    extra = np.maximum(decisions.reach[0] - model.reach_in_place, 0.0)
    spend = expenditure_usd(model)
    avoided = np.einsum("iw,wp,ip->ip", extra, at_level.saved_shares, spend)
    closed = _gaps_closed(at_level, terms, decisions)
    worth = np.array([_usd_per_gap(model.catalog, line, level) for _, line in model.network.populations])
    return Benefit(payers, _by_payer(model, avoided, payers), _by_payer(model, closed * worth, payers))


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


def _gaps_closed(model: Model, terms: Terms, decisions: Decisions) -> FloatArray:
    """Members newly compliant against doing nothing new, shape (practice, population), over measures that the
    payer's programs look at."""
    results = ProjectedResults(model, tuple(program.id for program in terms.programs), decisions)
    looked_at = {(clause.payer, measure) for clause in terms.clauses for measure in clause.component.measures}
    found = np.zeros((len(model.network.practices), len(model.network.populations)))
    for payer, measure in sorted(looked_at):
        columns = [at for at, population in enumerate(model.network.populations) if population[0] == payer]
        closed = np.abs(model.gap(measure)[:, columns]) * results.closed(measure)[0][:, None]
        found[:, columns] += closed
    return found


def _by_payer(model: Model, table: FloatArray, payers: tuple[str, ...]) -> FloatArray:
    found = np.zeros((len(table), len(payers)))
    for column, (payer, _) in enumerate(model.network.populations):
        if payer in payers:
            found[:, payers.index(payer)] += table[:, column]
    return found
