"""How a node's prices move from pass to pass: at first those of pooled links alone, then all of them step by step.

A pooled payment that has to be larger, or practices that are worth less, ask for another price of what practices bring
to it, perhaps three times as large. The linear master finds it at once as long as the other prices stay where they are:
with few columns under the new prices it moves all of them to where nobody wants to be.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from critmass.formulation.block import FloatArray
from critmass.solve.bounding import Bounding
from critmass.solve.candidates import Found
from critmass.solve.columns import Stage
from critmass.solve.highs import SolveLimits
from critmass.solve.nodes import POOLED, Node, StageResult, first_box, pooled_alone
from critmass.solve.passes import Passes
from critmass.solve.pricing import Prices, pricing_limits
from critmass.solve.progress import Clock, Reporter

LEAF_PASSES = 12
"""Further passes over all practices at a node where the relaxation leaves nothing to split."""

FAILED = 2
"""Passes in a row that bring nothing, after which a node is rather split."""

CONVERGED = 0.2
"""Part of the gap asked for that is not worth further passes at a node."""

FEW = 15
"""Of fewer practices each one's hub services weigh as much as what it brings to a payment: all prices move together."""

WIDER, FAR_APART = 1.7, 3.0
"""How much farther prices may move where they have far to go, and of few practices."""

LEAST_DROP = 0.05
"""Part of what a node's bound has to fall that a pass must bring to be worth another, and a cap to be worth a split."""

WORTH_A_PASS = 0.3
"""The same for a node that has to earn more of a payment, where splitting it further takes less time, and for an
early split of a hub decision."""

MASTER_WEIGHT = 0.8
"""Weight of the master's prices against the best ones so far in the prices of the next pass; where prices of pooled
links move alone it is 1."""


class Repricing(Bounding[Found]):
    """The passes over a node after its first one."""

    many: ClassVar[bool] = False
    """Whether practices are too many for several passes over all of them at every node."""

    moves_pooled_first: ClassVar[bool] = True
    """Whether prices of pooled links move alone at first, unless practices are few."""

    converged: ClassVar[float] = CONVERGED
    """Part of the gap asked for that is not worth another pass."""

    def __init__(self, passes: Passes, *, gap: float, seed: int, clock: Clock, report: Reporter) -> None:
        super().__init__(passes, gap=gap, clock=clock, report=report)
        self.model, self.masters, self.pool, self.seed = passes.model, passes.masters, passes.pool, seed
        self._pooled = np.array([name.startswith(POOLED) for name in self.model.links], dtype=np.bool_)
        self._stage = Stage("", {})
        few = len(self.model.practices) < FEW
        self.pooled_first = self.moves_pooled_first and not few
        """Whether prices of pooled links move alone at first, before a node is split further."""
        self.wider = FAR_APART if few else WIDER
        """How much farther prices may move at a node that has to earn more, or with a hub decision held."""

    def _pass_again(self, node: Node, result: StageResult[Found]) -> None:
        """One more pass, at prices of the linear master in a box around the best ones; none where it can bring next to
        nothing."""
        if not self.pooled_first:
            node.pooled_passes = 0
        prices = self._next_prices(node)
        if node.pooled_passes and self._is_converged(node):
            node.pooled_passes = 0
            prices = self._next_prices(node)
        if self._is_converged(node):
            node.failed, node.leaf_passes = FAILED, node.leaf_passes + 1
            return
        promised, bound = node.bound - node.mixed, self._pass(prices, node, result)
        missed = bound > node.bound
        node.passed(prices, bound, self._weight(node))
        if not missed and node.last_drop < LEAST_DROP * promised:
            node.pooled_passes = 0

    def _next_prices(self, node: Node) -> Prices:
        assert node.centre is not None
        node.box = self._own_box(node)
        return self.masters.dual_prices(self._stage, node, self._box(node)).blend(node.centre, self._weight(node))

    @staticmethod
    def _weight(node: Node) -> float:
        return 1.0 if node.pooled_passes else MASTER_WEIGHT

    def _is_converged(self, node: Node) -> bool:
        """Whether other prices can lower the node's bound by next to nothing: mixed plans are worth as much."""
        return node.bound - node.mixed < self.converged * self.gap * max(abs(node.bound), 1.0)

    def _still_falls(self, node: Node, result: StageResult[Found]) -> bool:
        """Whether the node's last pass brought a good part of what its bound has to fall."""
        to_fall = node.bound - self._closed_bound(result)
        return node.leaf_passes < LEAF_PASSES and node.last_drop > LEAST_DROP * to_fall

    def _may_fall(self, node: Node, result: StageResult[Found]) -> bool:
        """Whether another pass, at the prices of the linear master, may bring a good part of what the bound has to
        fall: mixed plans, of the columns at hand, are worth that much less."""
        self.masters.dual_prices(result.stage, node, self._box(node))
        left = node.leaf_passes < LEAF_PASSES and node.failed < FAILED
        return left and node.bound - node.mixed > WORTH_A_PASS * (node.bound - self._closed_bound(result))

    def _box(self, node: Node) -> FloatArray:
        """How far the node's prices may move: at first those of pooled links alone, and far."""
        assert node.centre is not None
        own = self._own_box(node)
        return pooled_alone(own, node.centre, self._pooled) if node.pooled_passes and self.pooled_first else own

    def _own_box(self, node: Node) -> FloatArray:
        assert node.centre is not None
        columns = self.pool.flat(range(len(self.model.practices)))
        return first_box(columns, self._stage, node.centre) if node.box is None else node.box

    def _pass(self, prices: Prices, node: Node, result: StageResult[Found]) -> float:
        return self.passes.over_all(prices, node, self._limits(result, node))

    def _limits(self, result: StageResult[Found], node: Node) -> SolveLimits:
        return pricing_limits(
            result.value, node.bound, self.gap, len(self.model.practices), self._until - self.clock.spent(), self.seed
        )
