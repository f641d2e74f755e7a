"""The search over a large network, whose practices are too many for links of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from critmass.solve.bounding import PART_OF_A_PASS
from critmass.solve.candidates import Found
from critmass.solve.nodes import Node, StageResult
from critmass.solve.pricing import Prices, Range
from critmass.solve.sample_first import SampleFirst
from critmass.solve.sampling import renamed

QUICK_PART = 0.15
"""What a pass over linear relaxations takes of the time of a pass."""

NEW_PLANS = 0.5
"""New plans for each practice, in the mean, that make another choice of them worth its time."""


class SampledSearch(SampleFirst[Found]):
    """Of a network of many practices, whose model has shared links only."""

    many, moves_pooled_first, converged, dives_between = True, False, -np.inf, False
    """A pass takes a minute of a thousand practices: none is spent on prices that the sample has found, nor is one left
    out that brings plans."""

    _to_improve: Node | None = None
    """Where plans are to be chosen next."""
    _columns, _aiming_seconds = 0, 0.0
    """Columns there were, and what beginning a choice took, when plans were last chosen."""

    def _finished(self, result: StageResult[Found]) -> bool:
        """Goes on while there is time for something less than a pass over everyone."""
        if not self.passes.exact:
            return super()._finished(result)
        return result.gap <= self.gap or self._out_of_time(QUICK_PART)

    def _pass(self, prices: Prices, node: Node, result: StageResult[Found]) -> float:
        """None is begun that has no time.

        Raises:
            SearchStopped: when it has none.
        """
        self._needs_time(PART_OF_A_PASS * self.passes.part(prices, node))
        return super()._pass(prices, node, result)

    def _work_on(self, node: Node, result: StageResult[Found], made: int) -> list[Node] | None:
        """Plans are chosen anew once all is done at a node: bounds come first, and what was chosen beside them."""
        begun = self.improving.begun
        children = super()._work_on(node, result, made)
        if begun is not None and self.improving.begun is begun:
            self.improving.take(result)
        self._choose_anew(result)
        return children

    def _capped(self, node: Node, name: str, part: Range, order: int, result: StageResult[Found]) -> Node:
        """Practices that claimed more than the cap have new plans then, to choose from under it."""
        self._to_improve = super()._capped(node, name, part, order, result)
        return self._to_improve

    def _earning_more(self, node: Node, name: str, part: Range, order: int) -> Node:
        """Such a node gets prices of its own from the sample: passes over everyone are too few for prices to go there
        step by step."""
        found = super()._earning_more(node, name, part, order)
        tuned = None if self._trial is None else self._trial.under(found)
        if self._trial is not None and tuned is not None and tuned.relaxed is not None:
            prices = renamed(tuned.relaxed.prices, self._trial.model, self.model)
            found.relaxed, found.centre, found.box = replace(tuned.relaxed, prices=prices), None, None
            found.needs_prices = False
            self._untuned = {**self._untuned, order: tuned}
        return found

    def _improve(self, result: StageResult[Found], node: Node, *, last: bool = False, now: bool = False) -> None:
        """Not at once: see `_choose_anew`."""
        self._to_improve = node

    def _choose_anew(self, result: StageResult[Found]) -> None:
        """A choice of plans once there are enough that were not there before."""
        node, columns = self._to_improve, len(self.pool.flat())
        enough = columns >= self._columns + NEW_PLANS * len(self.model.practices)
        began = self.clock.spent()
        if node is not None and enough and began + self._aiming_seconds < self._until:
            self._improve_now(result, node)
            self._aiming_seconds = self.clock.spent() - began

    def _improve_now(self, result: StageResult[Found], node: Node, aimed: Node | None = None) -> None:
        self._to_improve, self._columns = None, len(self.pool.flat())
        seconds = self._until - self.clock.spent()
        self.improving.improve(result, node, self.passes.count, seconds, now=True, aimed=aimed)

    def _dive_last(self, result: StageResult[Found]) -> None:
        """A last choice, where the gap is still too large."""
        if result.gap > self.gap and self.clock.stopped_after is None:
            self._choose_anew(result)
            self.improving.take(result)

    def _look_for_plan(self, node: Node, result: StageResult[Found]) -> None:
        """A plan at the node's own aim; the first one at the next higher aim too, and waited for."""
        first = self.passes.exact == 1
        self._know_payments(node, result)
        if first:
            self._bring_what_lacks(node, result)
        self._price_aimed(node, self.improving.aims.own(result.stage, node), result)
        if first:
            self.improving.take(result)
            higher = self.improving.aims.higher(node)
            if higher is not None and self._price_aimed(node, higher, result):
                self.improving.take(result)

    def _price_aimed(self, node: Node, aimed: Node, result: StageResult[Found]) -> bool:
        """Practices that claim more than an aim allows, priced again under its caps, and a choice of plans; False where
        there is no time for the practices."""
        assert node.centre is not None
        has_time = not self._out_of_time(PART_OF_A_PASS * self.passes.part(node.centre, aimed))
        if has_time:
            self._pass(node.centre, aimed, result)
        self._improve_now(result, node, self.improving.aims.better(result.stage, node, aimed))
        return has_time
