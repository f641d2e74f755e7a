"""Tables of a view: rows of one party, and sums over several that passed the floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.settlement.results import FloatArray
from critmass.studies.confidentiality.layout import Layout, hierarchy, two_way
from critmass.studies.confidentiality.policies import FloorPolicy
from critmass.studies.confidentiality.suppression import Protection, protect

Basis = Literal["whole", "own", "own_part_of_plan", "sums"]
"""What a table shows: everything, one party's own, a payer's own part of a plan, or sums over several parties."""

RISKS = ("high", "rising", "other")
NO_WORKFLOW = ("none", "not tied to a workflow")
MEMBERS, MONEY = "members", "amount_usd"


@dataclass(frozen=True)
class ViewTable:
    """A table as it is shown. In sums, a number that is hidden is NaN; `protection` is the proof for them."""

    name: str
    title: str
    basis: Basis
    frame: pd.DataFrame = field(repr=False)
    protection: Protection | None = field(default=None, repr=False)

    @property
    def hidden(self) -> int:
        """How many numbers are hidden."""
        return 0 if self.protection is None else int(self.protection.hidden.sum())


def own_money(ledger: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Amounts summed by columns, to the cent, in the order of the columns' words."""
    words = ledger.astype(dict.fromkeys(keys, str))
    return words.groupby(list(keys), observed=True)[MONEY].sum().round(2).reset_index()


# Sums over several parties ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Parts:
    """What each payer and practice brings to the cells of a table, shape (payer, practice, cell)."""

    layout: Layout
    payers: tuple[str, ...]
    practices: tuple[str, ...]
    amounts: FloatArray = field(repr=False)

    def seen_by(self, payer: str) -> FloatArray:
        """Entries' values: all parties together, or for a payer the others without it."""
        others = np.array([name != payer for name in self.payers], dtype=np.bool_)
        return self.layout.totals(self.amounts[others].sum(axis=(0, 1)))


def sums_of_members(network: Network, policy: FloorPolicy, payer: str) -> ViewTable:
    """Members by line of business and risk, over all payers; for a payer, those of all others."""
    title = "Members of other payers" if payer else "Members of all payers"
    return _shown("sums_of_members", title, MEMBERS, members_parts(network), policy, payer)


def sums_of_money(ledger: pd.DataFrame, catalog: Catalog, policy: FloorPolicy, payer: str) -> ViewTable:
    """New money accrued by stage and workflow that earned it, USD; for a payer, that of all others."""
    title = "New money of other payers" if payer else "New money of all payers"
    return _shown("sums_of_money", f"{title}, by workflow", MONEY, money_parts(ledger, catalog), policy, payer)


def _shown(name: str, title: str, number: str, parts: Parts, policy: FloorPolicy, payer: str) -> ViewTable:
    proof = protect(parts.layout, parts.amounts, policy, counts=number == MEMBERS)
    values = np.where(proof.hidden, np.nan, np.round(parts.seen_by(payer), 2))
    frame = pd.DataFrame(list(parts.layout.names), columns=list(parts.layout.columns)).assign(**{number: values})
    return ViewTable(name, title, "sums", frame, proof)


def members_parts(network: Network) -> Parts:
    """Members by line of business and risk: high, rising, and the rest, which add up to all members."""
    panel = network.table("Panel")
    lines = tuple(sorted(panel["line_of_business"].unique()))
    counts = {"high": panel["risk_high"], "rising": panel["risk_rising"]}
    counts["other"] = panel["members"] - panel["risk_high"] - panel["risk_rising"]
    long = pd.concat([panel.assign(risk=name, number=counts[name]) for name in RISKS], ignore_index=True)
    layout = two_way(("line_of_business", "risk"), lines, RISKS)
    cells = {pair: place for place, pair in enumerate(layout.names[: layout.cells])}
    at = [cells[pair] for pair in zip(long["line_of_business"], long["risk"], strict=True)]
    return _parts(layout, long["payer"], long["practice"], at, long["number"])


def money_parts(ledger: pd.DataFrame, catalog: Catalog) -> Parts:
    """New accrued money by workflow, each under its stage; what the organization keeps counts as a practice's."""
    rows = ledger[(ledger["kind"] == "accrual") & (ledger["status"] == "new")]
    names = {name: (workflow.stage, name) for name, workflow in catalog.workflows.items()}
    layout = hierarchy(("stage", "workflow"), [*names.values(), NO_WORKFLOW])
    cells = {pair: place for place, pair in enumerate(layout.names[: layout.cells])}
    at = [cells[names.get(name, NO_WORKFLOW)] for name in rows["workflow"].astype(str)]
    return _parts(layout, rows["payer"].astype(str), rows["practice"].astype(str), at, rows[MONEY])


def _parts(layout: Layout, payer: pd.Series, practice: pd.Series, cell: list[int], number: pd.Series) -> Parts:
    """Numbers of rows added up by payer, practice and cell."""
    payers, practices = tuple(sorted(payer.unique())), tuple(sorted(practice.unique()))
    amounts = np.zeros((len(payers), len(practices), layout.cells))
    places = (pd.Index(payers).get_indexer(payer), pd.Index(practices).get_indexer(practice), np.array(cell, dtype=int))
    np.add.at(amounts, places, number.to_numpy(dtype=np.float64))
    return Parts(layout, payers, practices, amounts)
