"""What an organization pools, and the questions that are left when some of it is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.network import ORGANIZATION, Network
from critmass.domain.programs import Component, Program
from critmass.domain.scenario import Scenario
from critmass.domain.walk import words_in
from critmass.network.fill import network_hash
from critmass.settlement.terms import terms_in_force

Source = Literal["budget", "hub", "denominators", "savings"]
"""Shared start-up budget; hub and its staff; contracts on pooled results or panel size; shared savings."""

ORDER: tuple[Source, ...] = ("budget", "hub", "denominators", "savings")
"""The order in which the ladder adds sources."""

_SAVINGS_STREAMS = ("ssp", "ssl", "tcoc")


@dataclass(frozen=True)
class Left:
    """The organization's question with only some of its sources."""

    network: Network
    scenario: Scenario


class Pooling:
    """What a network pools under a scenario.

    `sources` are those that it has, in the ladder's order; `absent` says of the others why there is nothing to take
    away. `programs` are the contracts of the two sources that consist of contracts.
    """

    def __init__(self, network: Network, catalog: Catalog, scenario: Scenario) -> None:
        self.network, self.catalog, self.scenario = network, catalog, scenario
        self.terms = terms_in_force(catalog, network, scenario)
        pooled = [program for program in self.terms.programs if is_pooled(program)]
        self.programs: dict[Source, tuple[str, ...]] = {
            "denominators": tuple(program.id for program in pooled if not shares_savings(program)),
            "savings": tuple(program.id for program in pooled if shares_savings(program)),
        }
        self.absent: dict[Source, str] = dict(self._absent())
        self.sources = tuple(source for source in ORDER if source not in self.absent)

    @property
    def pooled(self) -> frozenset[str]:
        """Every contract that is joined or settled by the organization as a whole."""
        return frozenset(name for names in self.programs.values() for name in names)

    @property
    def budget_usd(self) -> float:
        """The organization's start-up budget, USD; infinite where it has no limit."""
        asked = self.scenario.organization_budget_usd
        return self.network.startup_budget_usd if asked is None else asked

    def _absent(self) -> Iterator[tuple[Source, str]]:
        if self.budget_usd == 0:
            yield "budget", "the organization has no start-up budget"
        elif not np.isfinite(self.budget_usd):
            yield "budget", "the organization's start-up budget has no limit, so it is no help to practices"
        elif not self.scenario.practice_budgets or not self._limited():
            yield "budget", "no practice's own start-up cash is limited; the hub's start-up is part of the hub's worth"
        hub_able = any(workflow.delivery != "practice" for workflow in self.catalog.workflows.values())
        if not self.scenario.hub:
            yield "hub", "the scenario has no hub"
        elif not hub_able:
            yield "hub", "no workflow can be delivered by a hub"
        if not self.programs["denominators"]:
            yield "denominators", "no contract in force is settled on pooled results or joined by panel size"
        if not self.programs["savings"]:
            yield "savings", "no contract in force shares pooled savings"

    def _limited(self) -> bool:
        return bool(np.isfinite(self.network.table("Practices")["startup_budget_usd"]).any())

    def with_only(self, sources: frozenset[Source]) -> Left:
        """The question with these sources; with all of them it is the organization's own."""
        gone = [source for source in self.sources if source not in sources]
        network = _without_hub_staff(self.network) if "hub" in gone else self.network
        update: dict[str, object] = {"hub": False} if "hub" in gone else {}
        if "budget" in gone:
            update["organization_budget_usd"] = 0.0
        programs = [name for source in gone for name in self.programs.get(source, ())]
        if programs:
            update["exclude_programs"] = (*self.scenario.exclude_programs, *sorted(programs))
        return Left(network, self.scenario.model_copy(update=update) if update else self.scenario)

    def restricts(self, gone: frozenset[Source]) -> bool:
        """Whether nothing is allowed without these sources that is not allowed with them."""
        if "hub" in gone and _hub_staff(self.network).any():
            return False
        names = {name for source in gone for name in self.programs.get(source, ())}
        locked = {lock.program for lock in self.scenario.locks} | set(self.network.table("Contracts")["program"])
        return not names & locked and all(may_be_left(self.catalog.programs[name]) for name in names)

    def separable(self) -> bool:
        """Whether practices without pooled contracts, hub and shared cash have nothing to do with each other: no
        contract in force looks at a TIN that several bill under, or at a practice's peers."""
        tins = self.network.table("Practices")["tin"]
        shared = bool(tins.duplicated().any())
        rest = [clause.component for clause in self.terms.clauses if clause.program.id not in self.pooled]
        return not any((shared and part.level == "tin") or _looks_at_peers(part) for part in rest)


def is_pooled(program: Program) -> bool:
    """Whether the organization joins the program as a whole, or any payment is settled on its pooled results."""
    return program.join_level == "organization" or any(part.level == "organization" for part in program.components)


def shares_savings(program: Program) -> bool:
    """Whether any pooled payment of the program rests on total cost against a benchmark."""
    return any(_on_savings(part) for part in program.components if part.level == "organization")


def _on_savings(part: Component) -> bool:
    words = (v.Savings, v.SavingsRate)
    return part.payment_stream in _SAVINGS_STREAMS or any(isinstance(word, words) for word in words_in(part))


def may_be_left(program: Program) -> bool:
    """Whether the program does nothing to those that do not join it."""
    return program.voluntary and all(part.applies == "joined" for part in program.components)


def _looks_at_peers(part: Component) -> bool:
    return any(isinstance(word, v.PeerPercentile | v.PoolShare) for word in words_in(part))


def _hub_staff(network: Network) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray(network.table("Staff")["practice"] == ORGANIZATION, dtype=np.bool_)


def _without_hub_staff(network: Network) -> Network:
    """The network without the people that the hub employs already; the same one where there are none."""
    hub = _hub_staff(network)
    if not hub.any():
        return network
    tables = {**network.tables, "Staff": network.table("Staff")[~hub].reset_index(drop=True)}
    return replace(network, tables=tables, hash=network_hash(tables))
