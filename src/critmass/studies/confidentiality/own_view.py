"""A payer's default view: made of its own side alone, with no plan and no ledger of anybody else at hand."""

from __future__ import annotations

import pandas as pd

from critmass.domain.confidentiality import LEDGER_CLASSES, DataClass, columns_for
from critmass.studies.confidentiality.own_side import OwnSide
from critmass.studies.confidentiality.tables import ViewTable, own_money
from critmass.studies.settle import settle_network

_LEFT_OUT = ("payer", "amount_usd", "confidence", "level")
PAYER_SEES = tuple(
    name for name in columns_for(LEDGER_CLASSES, DataClass.PUBLIC, DataClass.OWN_PAYER) if name not in _LEFT_OUT
)
"""Columns of the ledger that a payer's own money is told apart by; workflows are the practice's business."""
_MEMBERS = ("practice", "line_of_business", "members", "member_months", "risk_high", "risk_rising")


def payer_tables(side: OwnSide) -> tuple[ViewTable, ...]:
    """A payer's own rates, members, and money as things stand: contracts signed, workflows in place, nothing new."""
    return (
        ViewTable("own_rates", "Own rates and terms", "own", own_rates(side)),
        ViewTable("own_members", "Own members", "own", own_members(side)),
        ViewTable("own_money", "Own money as things stand", "own", _as_things_stand(side)),
    )


def own_rates(side: OwnSide) -> pd.DataFrame:
    """Every number of the payer's own programs, with what it rests on."""
    programs = side.catalog.programs
    rows = [(item.owner, item.path, item.value, item.cite.grade) for item in side.catalog.provenance
            if item.owner in programs]  # fmt: skip
    return pd.DataFrame(rows, columns=["program", "term", "value", "confidence"])


def own_members(side: OwnSide) -> pd.DataFrame:
    """Members by practice and line of business."""
    return side.network.table("Panel")[list(_MEMBERS)].sort_values(list(_MEMBERS[:2])).reset_index(drop=True)


def _as_things_stand(side: OwnSide) -> pd.DataFrame:
    if not side.network.practices:
        return pd.DataFrame(columns=[*PAYER_SEES, "amount_usd"])
    _, ledger = settle_network(side.network, side.catalog, side.scenario)
    return own_money(ledger[(ledger["payer"] == side.payer) & (ledger["kind"] != "cost")], PAYER_SEES)
