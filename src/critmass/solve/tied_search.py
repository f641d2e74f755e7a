"""The search over a network that is too large to find out by passes over everyone which contracts to look at, and small
enough for everything else: claims stay tied to payments, and plans are chosen practice by practice."""

from __future__ import annotations

import numpy as np

from critmass.solve.candidates import Found
from critmass.solve.nodes import Node, StageResult
from critmass.solve.sample_first import SampleFirst


class TiedSearch(SampleFirst[Found]):
    """After the sample as of fewer practices, but for the first plan."""

    dive_share, dives_between = 0.15, False
    """A dive takes as long as a dozen passes, and choices among the columns of these find plans as good."""

    def _look_for_plan(self, node: Node, result: StageResult[Found]) -> None:
        """The first one at what the organization can make of payments by whole decisions, chosen among columns and then
        practice by practice: priced once, where decisions are mixed, practices have no plans that go together."""
        if self.passes.exact > 1:
            self._improve(result, node)
            return
        assert node.centre is not None
        self._know_payments(node, result)
        self._bring_what_lacks(node, result)
        aimed = self.improving.aims.own(result.stage, node)
        self._pass(node.centre, aimed, result)
        aimed = self.improving.aims.better(result.stage, node, aimed)
        self.improving.improve(result, node, self.passes.count, self._left(), now=True, aimed=aimed)
        self.improving.take(result)
        self.improving.dive(result, [aimed], -np.inf, self._left)
