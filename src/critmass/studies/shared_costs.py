"""What practices of an organization share: the cost of their hub, and losses of a bad year. Games for every subset."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np

from critmass.domain.errors import CritmassError
from critmass.domain.network import Network
from critmass.network.fill import network_hash
from critmass.settlement.costs import cost_rates, decision_costs
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import HUB, Decisions, Model
from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.terms import terms_in_force
from critmass.studies.plan import Plan
from critmass.studies.sharing.game import MOST_PLAYERS, Game, SampledGame
from critmass.studies.sharing.rules import Weights

BAD_YEAR_RATE = 0.03
"""By how much more care costs in a bad year than expected."""

ROWS = 4096
"""Coalitions priced at once."""


class NoGameError(CritmassError):
    """A plan in which practices share nothing of the kind."""


class PracticeCosts(ABC):
    """What any set of practices would cost together under a plan's decisions; USD a year, by membership tables of shape
    (coalition, player)."""

    def __init__(self, plan: Plan, players: BoolArray) -> None:
        self.plan, self.places = plan, np.flatnonzero(players)
        self.names = tuple(plan.network.practices[place] for place in self.places)
        self.members = Pricer(Model(plan.network, plan.catalog, plan.scenario), plan.terms).members[self.places]

    @abstractmethod
    def cost_usd(self, inside: BoolArray) -> FloatArray:
        """The cost of each coalition, shape (coalition,)."""

    def game(self) -> Game:
        """All coalitions; for at most `MOST_PLAYERS` practices."""
        masks = np.arange(1 << len(self.names))
        inside = (masks[:, None] >> np.arange(len(self.names)) & 1).astype(np.bool_)
        parts = [self.cost_usd(inside[start : start + ROWS]) for start in range(0, len(inside), ROWS)]
        cost = np.concatenate(parts)
        return Game(self.names, cost - cost[0], "cost")

    def sampled(self) -> SampledGame:
        """Coalitions when they are asked for."""
        nobody = float(self.cost_usd(np.zeros((1, len(self.names)), dtype=np.bool_))[0])

        def amount(coalition: tuple[str, ...]) -> float:
            inside = np.array([[name in coalition for name in self.names]])
            return float(self.cost_usd(inside)[0]) - nobody

        return SampledGame(self.names, amount, "cost")

    def weights(self) -> Weights:
        """Members of the practices, for rules that go by them."""
        return Weights(members=self.members)

    def _outside(self, inside: BoolArray) -> BoolArray:
        """Practices that take no part, shape (coalition, practice)."""
        outside = np.zeros((len(inside), len(self.plan.network.practices)), dtype=np.bool_)
        outside[:, self.places] = ~inside
        return outside


class HubCosts(PracticeCosts):
    """The hub's cost for the practices that it serves: fixed cost of each service in use, and staff in whole steps."""

    def __init__(self, plan: Plan) -> None:
        served = (plan.outcome.decisions.delivery[0] == HUB).any(axis=1)
        if served.sum() < 2:
            raise NoGameError("the plan's hub serves fewer than two practices: there is no cost to share")
        super().__init__(plan, served)
        self.model = Model(plan.network, plan.catalog, plan.scenario)
        self.rates = cost_rates(self.model)

    def cost_usd(self, inside: BoolArray) -> FloatArray:
        """The hub's cost when it serves only the coalition."""
        decisions = self.plan.outcome.decisions
        stopped = self._outside(inside)[:, :, None] & (decisions.delivery == HUB)
        shape = stopped.shape
        serving = Decisions(
            np.where(stopped, 0, np.broadcast_to(decisions.delivery, shape)).astype(np.int8),
            np.where(stopped, 0.0, np.broadcast_to(decisions.reach, shape)),
            np.broadcast_to(decisions.joined, (*shape[:2], decisions.joined.shape[2])),
        )
        return decision_costs(self.model, self.rates, self.plan.terms.programs, serving).hub_total()


class Downside(PracticeCosts):
    """Losses of the organization's pooled contracts in a year in which care costs more than expected and workflows do
    as little as the catalog's intervals allow."""

    def __init__(self, plan: Plan, rate: float = BAD_YEAR_RATE) -> None:
        pooled = [place for place, clause in enumerate(plan.terms.clauses) if clause.pooled]
        joined = plan.outcome.decisions.joined[0]
        whole = [program.join_level == "organization" for program in plan.terms.programs]
        taking_part = joined[:, whole].any(axis=1)
        if not pooled or taking_part.sum() < 2:
            raise NoGameError("the plan holds no contract that several practices settle together")
        super().__init__(plan, taking_part)
        network = dearer_care(plan.network, rate)
        scenario = plan.scenario.model_copy(update={"effects": "low"})
        self.pricer = Pricer(
            Model(network, plan.catalog, scenario), terms_in_force(plan.catalog, network, scenario)
        )  # fmt: skip
        self.pooled, self.whole = pooled, np.array(whole)

    def cost_usd(self, inside: BoolArray) -> FloatArray:
        """What the coalition alone would owe, 0 where it owes nothing."""
        decisions = self.plan.outcome.decisions
        left = self._outside(inside)[:, :, None] & self.whole
        shape = (len(inside), *decisions.delivery.shape[1:])
        outcome = self.pricer.price(
            Decisions(
                np.broadcast_to(decisions.delivery, shape), np.broadcast_to(decisions.reach, shape),
                np.broadcast_to(decisions.joined, left.shape) & ~left,
            )
        )  # fmt: skip
        paid = outcome.settled.sum_of(self.pooled, passed_through=False).sum(axis=1)
        return np.asarray(np.maximum(-paid, 0.0))


def dearer_care(network: Network, rate: float) -> Network:
    """The network with expected expenditure higher by a rate."""
    spending = network.table("Spending")
    tables = {**network.tables, "Spending": spending.assign(expenditure_usd=spending["expenditure_usd"] * (1.0 + rate))}
    return replace(network, tables=tables, hash=network_hash(tables))


__all__ = ["BAD_YEAR_RATE", "MOST_PLAYERS", "Downside", "HubCosts", "NoGameError", "PracticeCosts"]
