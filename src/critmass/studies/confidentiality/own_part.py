"""A payer's own part of a coordination of payers: what it offers, and what the outcomes are worth to it."""

from __future__ import annotations

import pandas as pd

from critmass.domain.network import Network
from critmass.settlement.projection import Model
from critmass.studies.confidentiality.own_view import PAYER_SEES
from critmass.studies.confidentiality.tables import MONEY, ViewTable, own_money
from critmass.studies.coordinate.benefit import LEVELS, gains_usd
from critmass.studies.coordinate.offers import PREFIX, fact_of
from critmass.studies.plan import Plan
from critmass.studies.settle import plan_ledger


def own_part(plan: Plan, without: Plan, payer: str) -> tuple[ViewTable, ...]:
    """A payer's offers by practice, what it pays as things stand, and what outcomes beyond that are worth to it in all.

    `plan` is the organization's under the offers, `without` its plan without them. Outcomes by practice would say how
    far each practice runs its workflows, which is the practice's business.
    """
    rows = plan_ledger(without)
    rows = rows[(rows["payer"] == payer) & (rows["kind"] != "cost")]
    return (
        ViewTable("own_offers", "Own offers", "own_part_of_plan", _offers(plan, payer)),
        ViewTable("own_outcomes", "Outcomes for own members", "own_part_of_plan", _outcomes(plan, without, payer)),
        ViewTable(
            "part_without_offers", "Own part of the plan without offers", "own_part_of_plan",
            own_money(rows, PAYER_SEES),
        ),
    )  # fmt: skip


def _offers(plan: Plan, payer: str) -> pd.DataFrame:
    """What the payer offers each practice, and what of it the plan draws, USD a year."""
    offered = _answers(plan.network, fact_of(payer))
    rows = plan_ledger(plan)
    paid = rows[(rows["program"] == PREFIX + payer) & (rows["kind"] == "accrual")]
    drawn = paid.groupby(paid["practice"].astype(str))[MONEY].sum()
    return pd.DataFrame(
        {
            "practice": offered.index,
            "offered_usd": offered.to_numpy(),
            "drawn_usd": [round(float(drawn.get(name, 0.0)), 2) for name in offered.index],
        }
    )


def _answers(network: Network, fact: str) -> pd.Series:
    """What practices answer to a fact, by practice in the network's order."""
    table = network.table("Facts")
    given = table[table["fact"] == fact].set_index("practice")["value"]
    return given.reindex([name for name in network.practices if name in given.index])


def _outcomes(plan: Plan, without: Plan, payer: str) -> pd.DataFrame:
    """What outcomes beyond the plan without offers are worth, USD a year, by level of the catalog's intervals."""
    model = Model(without.network, without.catalog, without.scenario)
    gains = gains_usd(model, without.terms, (payer,), plan.outcome.decisions, without.outcome.decisions)
    worth = [round(float(gains[level].sum()), 2) for level in LEVELS]
    return pd.DataFrame({"level": LEVELS, "outcomes_usd": worth})
