"""What a search has open and closed, what that proves, and when it ends."""

from __future__ import annotations

from typing import Generic

import numpy as np

from critmass.solve.candidates import Found
from critmass.solve.nodes import Node, StageResult
from critmass.solve.passes import Passes
from critmass.solve.progress import Clock, Progress, Reporter

PART_OF_A_PASS = 0.9
"""A pass is not begun when less than this part of the longest one's time is left."""


class Bounding(Generic[Found]):
    """The nodes of a search under one stage; `gap` is the relative gap that is asked for."""

    def __init__(self, passes: Passes, *, gap: float, clock: Clock, report: Reporter) -> None:
        self.passes, self.gap, self.clock, self.report = passes, gap, clock, report
        self._nodes: list[Node] = []
        self._closed: list[Node] = []
        self._until = clock.limit_seconds

    def _settle_bound(self, result: StageResult[Found]) -> bool:
        """Close hopeless nodes and take the bound of those that stay; False when none stays."""
        self._closed += [item for item in self._nodes if self._hopeless(item, result)]
        self._nodes = [item for item in self._nodes if not self._hopeless(item, result)]
        self._lower_bound(result)
        return bool(self._nodes)

    def _lower_bound(self, result: StageResult[Found]) -> None:
        result.bound = min(result.bound, max([result.value, *(item.bound for item in (*self._closed, *self._nodes))]))

    def _closed_bound(self, result: StageResult[Found]) -> float:
        """Nodes at or below this cannot hold a plan better than the asked gap allows."""
        return result.value + 0.999 * self.gap * max(abs(result.value), 1.0)

    def _hopeless(self, node: Node, result: StageResult[Found]) -> bool:
        """Whether a node holds no plan at all, or none better than the asked gap allows."""
        if node.bound == -np.inf:
            return True
        return bool(np.isfinite(result.value) and node.bound <= self._closed_bound(result))

    def _finished(self, result: StageResult[Found]) -> bool:
        return result.gap <= self.gap or self._out_of_time()

    def _out_of_time(self, part_of_a_pass: float = PART_OF_A_PASS) -> bool:
        """Whether the time left is too short for such a part of the longest pass."""
        spent = self.clock.spent() + part_of_a_pass * self.passes.seconds
        return spent >= self._until or self.clock.stopped_after is not None

    def _say(self, result: StageResult[Found], step: str) -> None:
        if self._nodes:
            self._lower_bound(result)
        value = result.value if np.isfinite(result.value) else None
        bound = result.bound if np.isfinite(result.bound) else None
        gap = result.gap if np.isfinite(result.gap) else None
        self.report(Progress(result.stage.name, step, value, bound, gap, self.clock.spent()))
