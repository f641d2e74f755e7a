"""Passes: every practice priced at the same prices. Each gives a bound, plans, and results for later nodes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace

import numpy as np

from critmass.formulation.network_model import NetworkModel
from critmass.solve.candidates import Judging, Valued
from critmass.solve.columns import Column, Pool, Stage, column, without_mass
from critmass.solve.highs import SolveLimits, solve
from critmass.solve.masters import Masters
from critmass.solve.nodes import Exact, Node
from critmass.solve.pricing import Priced, Prices, owed, price_practices, priced_problem, under

REMEMBERED = 8
"""Earlier passes that a new node is bounded from."""


class Passes:
    """The passes of one stage after another. Points that pricing finds are settled and become columns of the pool."""

    def __init__(
        self, model: NetworkModel, masters: Masters, judge: Judging[Valued], pool: Pool, executor: Executor, seed: int
    ) -> None:
        self.model, self.masters, self.judge, self.pool = model, masters, judge, pool
        self.executor, self.seed, self.seconds = executor, seed, 0.0
        self._stage, self._last = Stage("", {}), len(model.blocks) - 1
        self._archive: list[Exact] = []

    def begin(self, stage: Stage) -> None:
        """Another stage: what was found for the last one bounds nothing any more."""
        self._stage, self._archive = stage, []

    @property
    def count(self) -> int:
        """Passes made for this stage."""
        return len(self._archive)

    def over_all(self, prices: Prices, node: Node, limits: SolveLimits) -> float:
        """Price every practice under the node's decisions. Returns a bound on the node."""
        conditions, caps = node.conditions, self.masters.claim_caps(node)
        known, began = self.known(prices, node), time.monotonic()
        found = price_practices(self.model, self._stage, prices, conditions, caps, limits, self.executor, known)
        self.seconds = time.monotonic() - began
        practices = sum(item.bound for item in found) - owed(self._stage, prices)
        self._archive.append(Exact(prices, conditions, practices, caps, self._collect(found)))
        return practices + self._organization(prices, node)

    def relaxed(self, prices: Prices, node: Node, limits: SolveLimits) -> float:
        """A bound for a node from every practice's linear relaxation: quick, and good enough to put most nodes aside
        where practices are many."""
        caps = self.masters.claim_caps(node)
        found = price_practices(
            self.model, self._stage, prices, node.conditions, caps, limits, self.executor, relaxed=True
        )  # fmt: skip
        practices = sum(item.bound for item in found) - owed(self._stage, prices)
        return practices + self._organization(prices, node)

    def bound(self, node: Node) -> float:
        """Best bound from practices' results at earlier prices under the same conditions; infinite without any."""
        caps = self.masters.claim_caps(node)
        usable = [exact for exact in self._archive if exact.covers(node.fixed, caps)][-REMEMBERED:]
        bounds = [exact.practices_bound + self._organization(exact.prices, node) for exact in usable]
        return min(bounds, default=np.inf)

    def known(self, prices: Prices, node: Node) -> Sequence[Priced] | None:
        """Results of an earlier pass at these very prices that may hold under the node's caps."""
        conditions, caps = node.conditions, self.masters.claim_caps(node)
        for exact in reversed(self._archive):
            if exact.prices is prices and exact.conditions == conditions and exact.allows(caps):
                return exact.priced
        return None

    def _organization(self, prices: Prices, node: Node) -> float:
        """Best the organization can do at the prices under the node's decisions; its points become columns."""
        problem = priced_problem(self.model, self._last, self._stage, prices)
        problem = under(self.model, self._last, problem, node.fixed)
        answer = solve(problem, SolveLimits(time_seconds=20, gap_absolute=1e-3, seed=self.seed))
        if answer.x is not None:
            self.pool.add(column(self.model, self._last, answer.x))
        return answer.bound

    def _collect(self, found: Sequence[Priced]) -> list[Priced]:
        """Points become columns. Returns the results with best points that claim no more than they need."""
        best = dict[int, Column]()
        for item in self.judge.columns([(one.block, x) for one in found for x in one.points]):
            self.pool.add(item)
            if self.model.claims_untied:
                self.pool.add(without_mass(self.model, item))
            best.setdefault(item.block, item)
        return [replace(item, points=(best[item.block].x,)) if item.block in best else item for item in found]
