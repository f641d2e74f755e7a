"""Prices for a large network, found on a sample of its practices before everyone is priced."""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np

from critmass.formulation.network_model import NetworkModel
from critmass.solve.columns import Column, Pool, Stage, column
from critmass.solve.highs import SolveLimits, solve
from critmass.solve.masters import Masters
from critmass.solve.nodes import Node, as_vector, first_box
from critmass.solve.pricing import Prices, price_practices, priced_problem, under
from critmass.solve.relaxation import sampled

PASSES = 8
"""Passes over the sample for one node."""

STEP = 0.7
"""Weight of the sample master's prices against the best ones so far."""

PRICING_SHARE = 5e-3
"""Inexactness of pricing the sample, as a part of a mean practice's worth."""


class Tuner:
    """The sample with its own columns and master. Every practice of it stands for equally many."""

    def __init__(self, model: NetworkModel, seed: int) -> None:
        self.model, stands_for = sampled(model)
        self.share, self.seed = stands_for[0], seed
        self.pool = Pool(len(self.model.blocks))
        self.masters = Masters(self.model, self.pool, seed)

    def prices(self, stage: Stage, node: Node, start: Prices, executor: Executor, seconds: float) -> Prices:
        """Prices near the best ones for the node, by passes over the sample from those at the start.

        The Lagrangian value of the sample, each practice counted as often as it stands for, is only an estimate:
        what comes back are prices, and a bound needs everyone priced at them.
        """
        mine = Node(node.fixed, np.inf, node.order, centre=start)
        limits = SolveLimits(
            time_seconds=max(min(5.0, seconds), 0.2), gap_absolute=self._inexactness(node), seed=self.seed,
            heuristics=False,
        )  # fmt: skip
        mine.centre_bound = self._value(stage, mine, start, limits, executor)
        mine.box = first_box(self.pool.flat(range(len(self.model.practices))), stage, start)
        best = start
        for _ in range(PASSES):
            tried = self.masters.dual_prices(stage, mine, mine.box).blend(best, STEP)
            moved = np.abs(as_vector(tried) - as_vector(best))
            if (moved <= 1e-9 * (1.0 + np.abs(as_vector(best)))).all():
                break
            value = self._value(stage, mine, tried, limits, executor)
            if value < mine.centre_bound:
                mine.box = np.where(moved >= 0.99 * STEP * mine.box, 2.0 * mine.box, mine.box)
                mine.centre = best = tried
                mine.centre_bound = value
            else:
                mine.box = np.where(moved >= 0.01 * mine.box, 0.5 * mine.box, mine.box)
        node.paid = mine.paid
        return best

    def _inexactness(self, node: Node) -> float:
        """USD that pricing one practice of the sample may miss."""
        assert node.relaxed is not None
        worth = abs(node.relaxed.value) if np.isfinite(node.relaxed.value) else 0.0
        return max(PRICING_SHARE * worth / (len(self.model.practices) * self.share), 1.0)

    def _value(self, stage: Stage, node: Node, prices: Prices, limits: SolveLimits, executor: Executor) -> float:
        conditions = {name: part for name, part in node.fixed.items() if name.startswith("condition[")}
        caps = self.masters.claim_caps(node)
        found = price_practices(self.model, stage, prices, conditions, caps, limits, executor)
        for item in found:
            for x in item.points:
                self.pool.add(self._standing_for_many(column(self.model, item.block, x)))
        last = len(self.model.practices)
        problem = under(self.model, last, priced_problem(self.model, last, stage, prices), node.fixed)
        organization = solve(problem, SolveLimits(time_seconds=10, gap_absolute=1.0, seed=self.seed)).bound
        return self.share * sum(item.bound for item in found) + organization

    def _standing_for_many(self, one: Column) -> Column:
        worth = {name: self.share * value for name, value in one.worth.items()}
        return Column(one.block, one.x, worth, self.share * one.links)
