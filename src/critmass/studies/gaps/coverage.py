"""Who pays for which workflow, over the cost that each payer's own members cause there.

Everything is read off the ledger in whole cents, so that the matrix adds up to what was paid and to what was
spent. Definitions: models/coverage.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from critmass.domain.network import ORGANIZATION
from critmass.settlement.ledger_costs import REPORTING, TARIFF
from critmass.settlement.ledger_rows import CENTS, IntArray, split_cents, to_cents
from critmass.settlement.projection import HUB, Decisions, Model
from critmass.settlement.results import FloatArray

ORPHAN_SHARE = 0.05
"""A workflow that is paid less than this share of its cost is an orphan."""


@dataclass(frozen=True)
class FreeRide:
    """A payer that pays a smaller part of a workflow's money than its members cause of its cost, and not their cost.

    `amount_usd` is its share of the cost times what all pay, less what it pays.
    """

    workflow: str
    payer: str
    paid_usd: float
    cost_usd: float
    share_of_cost: float
    amount_usd: float


@dataclass(frozen=True)
class PaidBy:
    """What one program pays for a workflow, USD a year."""

    payer: str
    program: str
    paid_usd: float


@dataclass(frozen=True)
class Overlap:
    """A workflow that is paid more than its whole cost; `paid_by` are the programs, largest first."""

    workflow: str
    paid_usd: float
    cost_usd: float
    paid_by: tuple[PaidBy, ...]

    @property
    def above_cost_usd(self) -> float:
        """What is paid beyond the cost."""
        return round(self.paid_usd - self.cost_usd, 2)


@dataclass(frozen=True)
class Coverage:
    """Money and cost of workflows by payer, for one outcome.

    Tables of cents have shape (workflow and none, payer): the last row is what belongs to no workflow, reporting
    among it. `paid` is new and withheld money as it accrues, to practices and to the organization; `credited` is
    apart. `served` are patients that workflows reach, shape (workflow, payer). `rows` are the ledger rows of `paid`.
    """

    workflows: tuple[str, ...]
    payers: tuple[str, ...]
    members: FloatArray
    paid: IntArray
    credited: IntArray
    cost: IntArray
    served: FloatArray
    rows: pd.DataFrame

    @cached_property
    def orphans(self) -> tuple[str, ...]:
        """Workflows that cost something and are paid less than `ORPHAN_SHARE` of it, dearest first."""
        paid, cost = self.paid[:-1].sum(axis=1), self.cost[:-1].sum(axis=1)
        found = np.flatnonzero((cost > 0) & (paid < ORPHAN_SHARE * cost))
        return tuple(self.workflows[place] for place in sorted(found, key=lambda place: -cost[place]))

    @cached_property
    def free_rides(self) -> tuple[FreeRide, ...]:
        """Payers that pay below their share of a workflow, largest amounts first."""
        paid, cost = self.paid[:-1], self.cost[:-1]
        all_paid, all_cost = paid.sum(axis=1), cost.sum(axis=1)
        share = np.divide(cost, all_cost[:, None], out=np.zeros(cost.shape), where=all_cost[:, None] > 0)
        fair = np.asarray(np.rint(share * all_paid[:, None]), dtype=np.int64)
        riding = (self.served > 0) & (all_paid[:, None] > 0) & (paid < fair) & (paid < cost)
        found = [
            FreeRide(
                self.workflows[at], self.payers[payer], paid[at, payer] / CENTS, cost[at, payer] / CENTS,
                float(share[at, payer]), int(fair[at, payer] - paid[at, payer]) / CENTS,
            )
            for at, payer in np.argwhere(riding)
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda item: -item.amount_usd))

    @cached_property
    def overlaps(self) -> tuple[Overlap, ...]:
        """Workflows that are paid above their whole cost, largest surplus first."""
        paid, cost = self.paid[:-1].sum(axis=1), self.cost[:-1].sum(axis=1)
        found = [
            Overlap(self.workflows[at], paid[at] / CENTS, cost[at] / CENTS, self._paid_by(self.workflows[at]))
            for at in np.flatnonzero(paid > cost)
        ]
        return tuple(sorted(found, key=lambda item: -item.above_cost_usd))

    @property
    def unpaid(self) -> IntArray:
        """What each payer leaves unpaid of its members' cost, summed over workflows and none, cents, shape (payer,).

        What it pays too much for one workflow does not make up for another, and money that it takes back is no cost
        of a workflow.
        """
        return np.asarray(np.maximum(self.cost - np.maximum(self.paid, 0), 0).sum(axis=0))

    def _paid_by(self, workflow: str) -> tuple[PaidBy, ...]:
        mine = self.rows[self.rows["workflow"] == workflow]
        sums = mine.groupby(["payer", "program"], observed=True, as_index=False)["amount_usd"].sum()
        found = zip(sums["payer"], sums["program"], sums["amount_usd"], strict=True)
        lines = (PaidBy(str(payer), str(program), round(float(usd), 2)) for payer, program, usd in found)
        return tuple(sorted(lines, key=lambda line: -line.paid_usd))


def coverage(model: Model, decisions: Decisions, ledger: pd.DataFrame) -> Coverage:
    """The coverage matrix of a ledger that was written for these decisions of a single scenario.

    Costs of a practice fall on payers by their share of the patients that the workflow is meant for there, costs of
    the hub by patients that it reaches, reporting on the payer of the program, and the rest by members. The tariff
    is no cost of its own: it passes on what the hub spends.
    """
    accrual = ledger[ledger["kind"] == "accrual"]
    counted, credited = accrual[accrual["status"] != "credited"], accrual[accrual["status"] == "credited"]
    costs = ledger[ledger["kind"] == "cost"]
    reporting = costs[costs["component"] == REPORTING]
    named = {payer for payer, _ in model.network.populations}
    payers = tuple(sorted(named | {str(name) for rows in (accrual, reporting) for name in rows["payer"].unique()}))
    spread = _Spread(model, decisions, payers)
    table = _Table((*spread.workflows, ""), payers)
    common = costs[(costs["component"] != REPORTING) & (costs["component"] != TARIFF)]
    return Coverage(
        workflows=spread.workflows,
        payers=payers,
        members=spread.members.sum(axis=0),
        paid=table.of(counted),
        credited=table.of(credited),
        cost=spread.cost(common) - table.of(reporting),
        served=spread.served,
        rows=counted,
    )


@dataclass(frozen=True)
class _Table:
    """Sums ledger rows by workflow and payer."""

    workflows: tuple[str, ...]
    payers: tuple[str, ...]

    def of(self, rows: pd.DataFrame) -> IntArray:
        """Cents, shape (workflow and none, payer)."""
        return _summed(rows, ("workflow", self.workflows), ("payer", self.payers))


def _summed(rows: pd.DataFrame, *axes: tuple[str, tuple[str, ...]]) -> IntArray:
    """Cents by the named columns; every row must be named on every axis."""
    table = np.zeros([len(names) for _, names in axes], dtype=np.int64)
    places = [pd.Index(list(names)).get_indexer(pd.Index(rows[column].astype(str))) for column, names in axes]
    np.add.at(table, tuple(places), to_cents(rows["amount_usd"].to_numpy(dtype=np.float64)))
    return table


class _Spread:
    """How the costs of practices and of the hub fall on payers."""

    def __init__(self, model: Model, decisions: Decisions, payers: tuple[str, ...]) -> None:
        self.practices = model.network.practices
        self.workflows = tuple(workflow.id for workflow in model.workflows)
        self.payers = payers
        by_payer = np.array([[payer == name for name in payers] for payer, _ in model.network.populations], dtype=float)
        self.members: FloatArray = model.arrays.members() @ by_payer
        self.eligible: FloatArray = model.eligible_by_population() @ by_payer
        reach = decisions.reach[0]
        self.served: FloatArray = np.einsum("iw,iwk->wk", reach, self.eligible)
        hub = np.where(decisions.delivery[0] == HUB, reach, 0.0)
        self.served_by_hub: FloatArray = np.einsum("iw,iwk->wk", hub, self.eligible)

    def cost(self, rows: pd.DataFrame) -> IntArray:
        """Costs by workflow and payer, positive cents, shape (workflow and none, payer)."""
        places = (*self.practices, ORGANIZATION)
        spent = -_summed(rows, ("practice", places), ("workflow", (*self.workflows, "")))
        shares = self._shares()
        split = split_cents(spent.ravel(), shares.reshape(-1, len(self.payers)))
        return np.asarray(split.reshape(shares.shape).sum(axis=0))

    def _shares(self) -> FloatArray:
        """Shares of payers, shape (practice and hub, workflow and none, payer); they sum to one."""
        everybody = _normalised(self.members.sum(axis=0), np.ones(len(self.payers)))
        members = np.vstack([_normalised(self.members, everybody), everybody])
        weights = np.concatenate([self.eligible, self.served_by_hub[None]])
        shares = _normalised(weights, members[:, None, :])
        return np.concatenate([shares, members[:, None, :]], axis=1)


def _normalised(weights: FloatArray, otherwise: FloatArray) -> FloatArray:
    """Weights as shares along the last axis; the shares of `otherwise` where they are all zero."""
    total = weights.sum(axis=-1, keepdims=True)
    other = otherwise / otherwise.sum(axis=-1, keepdims=True)
    shares = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return np.asarray(np.where(total > 0, shares, other))
