"""A search that goes down the tree of earlier searches: nodes are split as they were, and priced at the prices that
were best for them then."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import cached_property

import numpy as np

from critmass.settlement.results import BoolArray
from critmass.solve.candidates import Candidate, Judge
from critmass.solve.decomposition import Search
from critmass.solve.library import Entry, StoredSplit
from critmass.solve.mending import organization_holding
from critmass.solve.nodes import Node, StageResult
from critmass.solve.pricing import Prices
from critmass.solve.progress import Clock, Reporter
from critmass.solve.recall import Key, Recall, key_of

SPLIT, LIKE_THE_PLAN, OTHER, BY_RELAXATION = range(4)
"""The order of recalled nodes: those that were split, those priced that may hold the programs of the stored plan, other
ones, and those that a relaxation had put aside."""


class Recalling(Search[Candidate]):
    """A search over what `entries`, newest first, hold of the tree. What it makes of the nodes is noted for later."""

    def __init__(
        self, entries: Sequence[Entry], judge: Judge, *, gap: float, seed: int, clock: Clock, report: Reporter,
        executor: Executor, known: Candidate | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            judge.model, judge, gap=gap, seed=seed, clock=clock, report=report, executor=executor, known=known
        )  # fmt: skip
        self.entries = entries
        self.passes.kept.found = {key: list(items) for entry in entries[::-1] for key, items in entry.priced.items()}
        self.passes.kept.foreign = frozenset(self.passes.kept.found)
        self._recall = Recall(entries, judge.model)
        self._recalled: dict[int, tuple[Node, Key]] = {}
        self._opened: list[Node] = []
        self._noted: dict[Key, Prices] = {}
        self._aside: dict[Key, Prices] = {}
        self._splits: dict[Key, StoredSplit] = {}

    @cached_property
    def _stored_programs(self) -> tuple[BoolArray, Node] | None:
        """The organization's programs in the stored plan, as a row of decisions and as a node; None where it may not
        hold them."""
        entry = self.entries[0]
        if entry.decisions is None:
            return None
        held = {name for name, row in zip(entry.programs, entry.decisions.joined[0].any(axis=0), strict=True) if row}
        row, fixed = organization_holding(self.model, held)
        node = Node(fixed, np.inf, 0)
        return (row, node) if self.passes.is_open(node) else None

    def _open(self, node: Node, result: StageResult[Candidate]) -> None:
        """As ever; a node that an earlier search priced or split waits for that, without any relaxation."""
        key = key_of(result.stage, node.fixed)
        if self._recall.knows(key):
            self._recalled[id(node)] = node, key
            node.contracts_tried = True
            return
        super()._open(node, result)
        self._opened.append(node)

    def _next_node(self, result: StageResult[Candidate]) -> Node:
        """Recalled nodes first, in the order of their ranks; of those priced the ones with the highest caps, for what
        their prices make of the others is a bound too."""
        waiting = [item for item in self._nodes if id(item) in self._recalled]
        if not waiting:
            return super()._next_node(result)
        return min(waiting, key=lambda item: ((rank := self._rank(item)), -self._caps_usd(item, rank), item.order))

    def _rank(self, node: Node) -> int:
        _, key = self._recalled[id(node)]
        if self._recall.is_split(key):
            return SPLIT
        if self._recall.by_relaxation(key) or not self._recall.knows(key):
            return BY_RELAXATION
        stored = self._stored_programs
        return LIKE_THE_PLAN if stored is None or _may_hold(node, stored[1]) else OTHER

    def _caps_usd(self, node: Node, rank: int) -> float:
        """What practices may claim at the node together, of nodes that are priced, USD."""
        if rank not in (LIKE_THE_PLAN, OTHER):
            return 0.0
        return sum(high for caps in self.masters.claim_caps(node) for _, high in caps.values())

    def _wait(self, most: int) -> list[Node]:
        """Recalled nodes that wait, up to a rank."""
        return [item for item in self._nodes if id(item) in self._recalled and self._rank(item) <= most]

    def _work_on(self, node: Node, result: StageResult[Candidate], made: int) -> list[Node] | None:
        """As ever; a recalled node is split or priced as before."""
        if id(node) in self._recalled:
            children = self._recalled_parts(node, made)
            if not children:
                self._price_recalled(node, result)
                return None
        else:
            found = super()._work_on(node, result, made)
            if found == [] and node.relaxed is None:
                # What was recalled does not close it: the relaxation may show more.
                super()._open(node, result)
                node.contracts_tried, node.leaf_passes = False, 0
                return None
            if not found:
                return found
            children = found
        self._note_split(node, children, result)
        return children

    def _recalled_parts(self, node: Node, made: int) -> list[Node]:
        _, key = self._recalled[id(node)]
        children = []
        for place, (fixed, part) in enumerate(self._recall.parts(key, node.fixed)):
            child = Node(fixed, node.bound, made + place)
            child.contracts_tried = True
            self._recalled[id(child)] = child, part
            children.append(child)
        return children

    def _price_recalled(self, node: Node, result: StageResult[Candidate]) -> None:
        """One pass at stored prices, unless passes at other prices are enough; where relaxations had been, these."""
        rank, (_, key) = self._rank(node), self._recalled.pop(id(node))
        prices = self._recall.prices(key, result.stage)
        self._opened.append(node)
        if self._lowered_by_archive(node, result) and self._hopeless(node, result):
            return
        if prices is None or rank == BY_RELAXATION:
            if self.passes.is_open(node):
                self._put_aside_again(node, prices, result)
            else:
                node.bound = -np.inf
        else:
            self._pass_at(node, prices, rank, result)

    def _put_aside_again(self, node: Node, prices: Prices | None, result: StageResult[Candidate]) -> None:
        """Bound a node by practices' linear relaxations, at stored prices if there are any."""
        if prices is None:
            super()._open(node, result)
            return
        bound = self.passes.relaxed(prices, node, self._limits(result, node))
        node.bound = min(node.bound, bound)
        self._aside[key_of(result.stage, node.fixed)] = prices

    def _pass_at(self, node: Node, prices: Prices, rank: int, result: StageResult[Candidate]) -> None:
        """A pass at stored prices. It only has to close the node where a plan is known and no other node under the same
        conditions waits in its rank for what it finds."""
        enough = self._closed_bound(result)
        if np.isfinite(enough) and not any(item.conditions == node.conditions for item in self._wait(rank)):
            bound = self.passes.closing(prices, node, self._limits(result, node), enough)
        else:
            bound = self._pass(prices, node, result)
        if bound < node.centre_bound:
            node.centre, node.centre_bound = prices, bound
        node.bound = min(node.bound, bound)
        self._say(result, f"choice {node.order + 1}, recalled")

    def _note_split(self, node: Node, children: list[Node], result: StageResult[Candidate]) -> None:
        upper, lower = children
        name = next(name for name, part in upper.fixed.items() if node.fixed.get(name) != part)
        stage, fixed = key_of(result.stage, node.fixed)
        self._splits[stage, fixed] = StoredSplit(stage, fixed, name, upper.fixed[name], lower.fixed[name])

    def _price_once(self, node: Node, result: StageResult[Candidate]) -> None:
        """As ever, at stored prices where there are some for the node."""
        key = key_of(result.stage, node.fixed)
        relaxed, prices = node.relaxed, self._aside.get(key) or self._recall.prices(key, result.stage)
        if relaxed is None:
            super()._open(node, result)
        elif prices is None:
            super()._price_once(node, result)
        else:
            node.relaxed = replace(relaxed, prices=prices)
            super()._price_once(node, result)
            node.relaxed = relaxed


def _may_hold(node: Node, chosen: Node) -> bool:
    """Whether a node's decisions leave those that another one holds exactly."""
    ranges = ((node.fixed[name], value) for name, (value, _) in chosen.fixed.items() if name in node.fixed)
    return all(low <= value <= high for (low, high), value in ranges)
