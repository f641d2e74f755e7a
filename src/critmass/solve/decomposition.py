"""Price-and-branch: practices' plans as columns, a master for the organization's links, a certified bound.

See `models/decomposition.md`. All passes are counted, not timed, so the same seed gives the same plan on
any number of cores unless the time limit stops the search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import ClassVar

import numpy as np

from critmass.formulation.network_model import NetworkModel
from critmass.solve.candidates import Found, Judging
from critmass.solve.columns import Pool, Stage
from critmass.solve.improving import Improving
from critmass.solve.interrupt import SearchStopped
from critmass.solve.masters import Masters
from critmass.solve.nodes import Node, StageResult, organization_choices
from critmass.solve.passes import Passes, slack
from critmass.solve.pricing import Range, counted_on_payments
from critmass.solve.progress import Clock, Reporter
from critmass.solve.relaxation import Relaxation, branches
from critmass.solve.repricing import FAILED, LEAF_PASSES, LEAST_DROP, WORTH_A_PASS, Repricing
from critmass.solve.start import self_sufficient_columns

BEFORE_HUB = 3
"""Of these, passes before a hub decision is split, unless it matters much."""

HUB_PASSES = 1
"""Of those, passes at a node that differs from its parent in one hub decision only."""

PAYMENT_ROOM = 0.1
"""A pooled payment is split until its cap is so near to what the master makes of it, as a part of the gap asked for: a
dollar of room is worth a few dollars of bound where it brings practices to mass."""

CANDIDATES = 4
"""Decisions that are tried before one is split."""

NODES = 80
"""Nodes of the organization's decisions at most."""

LAST_DIVES = 2
"""Nodes under which plans are chosen practice by practice at the end."""

DIVE_GAINS = 0.01
"""By how much of its worth the plan in hand may be above what a dive promises that may still better it."""

SECONDS_TO_CHOOSE = 2.0
"""Seconds that a choice among the columns of such plans and all others needs at least."""

DIVE_SHARE, DIVE_SECONDS = 0.35, 1.05
"""Part of the time that is kept for these, and at most so many seconds for each practice."""


class Search(Repricing[Found]):
    """One search over a network. Stages share columns and the best plan.

    `known` is a plan to start from. `choices` are those of the organization's contracts to look at, by default all:
    what is proved holds for them.
    """

    dive_share: ClassVar[float] = DIVE_SHARE

    dives_between: ClassVar[bool] = True
    """Whether plans are chosen practice by practice before the end too."""

    def __init__(
        self, model: NetworkModel, judge: Judging[Found], *, gap: float, seed: int, clock: Clock, report: Reporter,
        executor: Executor, known: Found | None = None, choices: Sequence[Mapping[str, Range]] | None = None,
    ) -> None:  # fmt: skip
        self.judge, self.executor, pool = judge, executor, Pool(len(model.blocks))
        passes = Passes(model, Masters(model, pool, seed), judge, pool, executor, seed)
        super().__init__(passes, gap=gap, seed=seed, clock=clock, report=report)
        self.improving = Improving(model, self.masters, judge, executor, gap=gap, seed=seed, many=self.many)
        self.improving.plan = known
        self._relaxation: Relaxation | None = None
        self._end = clock.limit_seconds
        self._made, self._gets_start = 0, False
        self._started: list[dict[str, Range]] = []
        self._regimes = list(organization_choices(model) if choices is None else choices)

    def run(self, stage: Stage, share_of_time: float = 1.0) -> StageResult[Found]:
        """Best plan and bound of one stage, stopping at the asked gap or when passes or time run out.

        Time kept for plans practice by practice that they do not use goes to nodes.
        """
        self._begin(stage, share_of_time)
        result = StageResult[Found](stage, None, np.inf)
        self.improving.consider(self.plan, result)
        self._gets_start = not self.pool.flat() and not self.many
        with suppress(SearchStopped):
            for regime in self._regimes if stage.floors else ():
                self._start(Node(regime, np.inf, 0))
        with suppress(SearchStopped):
            self._explore(result)
        with suppress(SearchStopped):
            self.improving.take(result)
        with suppress(SearchStopped):
            self._dive_last(result)
        if self._until < self._end:
            self._until = self._end
            with suppress(SearchStopped):
                self._go_on(result)
            with suppress(SearchStopped):
                self.improving.take(result)
        self._settle_bound(result)
        self._say(result, "done")
        return result

    def _begin(self, stage: Stage, share_of_time: float) -> None:
        seconds = share_of_time * self.clock.left()
        self._end = self.clock.spent() + seconds
        kept = min(self.dive_share * seconds, DIVE_SECONDS * len(self.model.practices))
        self._until = self._end - (0.0 if self.many else kept)
        self._stage = stage
        self.passes.begin(stage)

    # nodes ------------------------------------------------------------------------------------------

    def _explore(self, result: StageResult[Found]) -> None:
        """Best bound first. A node is bounded by its relaxation, then priced once, then split or priced more."""
        self._closed, self._nodes = [], [Node(regime, np.inf, place) for place, regime in enumerate(self._regimes)]
        self._nodes = self._first_nodes(result)
        self._made = len(self._nodes)
        self._go_on(result)

    def _go_on(self, result: StageResult[Found]) -> None:
        while self._settle_bound(result) and self._made <= NODES and not self._finished(result):
            node = self._next_node(result)
            children = self._work_on(node, result, self._made)
            if children is None:
                continue
            if not children:
                break
            self._made += len(children)
            self._nodes = [item for item in self._nodes if item is not node] + children
        self._settle_bound(result)

    def _first_nodes(self, result: StageResult[Found]) -> list[Node]:
        self._relaxation = self._relaxed(result.stage)
        for node in self._nodes:
            self._open(node, result)
        return self._nodes

    def _relaxed(self, stage: Stage) -> Relaxation:
        return Relaxation(self.model, stage)

    def _next_node(self, result: StageResult[Found]) -> Node:
        return max(self._nodes, key=lambda item: (item.bound, item.promise, -item.order))

    def _work_on(self, node: Node, result: StageResult[Found], made: int) -> list[Node] | None:
        """Children of a node, or None after a pass over it; no children where nothing is left to do."""
        if node.centre is None:
            if not self._lowered_by_archive(node, result):
                self._price_once(node, result)
            return None
        children = self._split_contracts(node, result, made)
        if children:
            return children
        node.needs_prices = node.needs_prices and self._may_fall(node, result)
        if not node.needs_prices:
            first = [] if self.many else self._split_hub(node, result, made, WORTH_A_PASS)
            children = first or self._split_payment(node, made, result) or self._split_hub_late(node, result, made)
            if children or node.leaf_passes >= LEAF_PASSES:
                return children
        self._price_leaf(node, result)
        return None

    def _lowered_by_archive(self, node: Node, result: StageResult[Found]) -> bool:
        """Whether passes made since the node was last looked at already lower its bound."""
        if node.seen == self.passes.count:
            return False
        found, node.seen = self.passes.bound(node), self.passes.count
        lowered = found < node.bound and not np.isclose(found, node.bound, rtol=1e-6)
        node.bound = min(node.bound, found)
        return lowered

    def _split_contracts(self, node: Node, result: StageResult[Found], made: int) -> list[Node]:
        """Two nodes for the contract decision that matters most of those the relaxation leaves open."""
        if node.relaxed is None or node.contracts_tried:
            return []
        assert self._relaxation is not None
        node.contracts_tried = True
        names = self._relaxation.undecided(node.relaxed)[:CANDIDATES]
        name = self._relaxation.strongest(names, node.relaxed, node.fixed)
        if name is None:
            return []
        ranges = branches(self.model, name, node.relaxed.organization, node.fixed)
        children = [Node({**node.fixed, name: part}, node.bound, made + place) for place, part in enumerate(ranges)]
        for child in children:
            self._open(child, result)
        return children

    def _split_payment(self, node: Node, made: int, result: StageResult[Found]) -> list[Node]:
        """Two nodes for a pooled payment of which practices' best plans count on more than the master makes of it.

        Practices count on their shares of it to be at mass: the lower node caps them half way down, the upper one has
        to earn more. Both start from the node's prices, and only practices that claimed more than the lower cap are
        priced again. Nothing is split where even a cap just above the master's value changes little.
        """
        found = None if node.caps_tried else self._loose_payment(node)
        if found is None:
            return []
        name, counted_on = found
        block, at = self.model.organization, self.model.organization.position[name]
        low, high = node.fixed.get(name, (float(block.lower[at]), float(block.upper[at])))
        made_of_it, room = max(node.paid[name], low), self._payment_room(node)
        useful = node.bound - LEAST_DROP * max(node.bound - self._closed_bound(result), 0.0)
        near = self._capped(node, name, (low, made_of_it + room), made, result)
        self._improve(result, near, now=True)
        if near.bound >= useful:
            node.caps_tried = True
            return []
        middle = counted_on - max(room, 0.5 * (counted_on - made_of_it))
        if not self.many and self._out_of_time():
            raise SearchStopped
        lower = self._capped(node, name, (low, middle), made + 1, result)
        upper = self._earning_more(node, name, (middle, high), made)
        self._say(result, f"choice {made + 2}")
        return [upper, lower]

    def _capped(self, node: Node, name: str, part: Range, order: int, result: StageResult[Found]) -> Node:
        """A node like this one, at its prices, with a pooled payment capped."""
        assert node.centre is not None
        found = node.part(name, part, order)
        found.bound = found.centre_bound = min(node.bound, self._pass(node.centre, found, result))
        found.needs_prices = self.pooled_first
        return found

    def _earning_more(self, node: Node, name: str, part: Range, order: int) -> Node:
        """A node like this one that has to earn more of a pooled payment, for which prices have far to go."""
        found = node.part(name, part, order)
        found.needs_prices, found.box, found.paid, found.leaf_passes = True, self.wider * self._own_box(node), {}, 0
        found.bound = found.centre_bound = min(node.bound, self.passes.bound(found))
        return found

    def _loose_payment(self, node: Node) -> tuple[str, float] | None:
        """The pooled payment of which best plans count on most beyond the master's value, and on how much of it."""
        priced = None if node.centre is None else self.passes.known(node.centre, node)
        if priced is None:
            return None
        if not node.paid:
            self.masters.dual_prices(self._stage, node, self._box(node))
        counted_on = counted_on_payments(self.model, node.fixed, priced)
        room = {name: counted_on[name] - value for name, value in node.paid.items() if name in counted_on}
        worst = max(room, key=lambda name: room[name], default="")
        return (worst, counted_on[worst]) if room.get(worst, 0.0) > 1.5 * self._payment_room(node) else None

    def _payment_room(self, node: Node) -> float:
        return PAYMENT_ROOM * self.gap * max(abs(node.bound), 1.0)

    def _split_hub(self, node: Node, result: StageResult[Found], made: int, least: float) -> list[Node]:
        """Two nodes for the split hub decision that matters most in the linear master, where it brings the `least` part
        of what the bound has to fall; prices carry over.

        A gate that is half open asks for half of what it takes to open it, and no price and no cap says more.
        """
        name, ranges, drop = self.masters.hub_split(result.stage, node)
        if drop < least * (node.bound - self._closed_bound(result)):
            return []
        children = []
        for place, part in enumerate(ranges):
            child = node.part(name, part, made + place)
            child.needs_prices, child.box, child.paid = True, self.wider * self._own_box(node), {}
            child.leaf_passes = BEFORE_HUB - HUB_PASSES
            child.bound = child.centre_bound = min(node.bound, self.passes.bound(child))
            children.append(child)
        return children

    def _split_hub_late(self, node: Node, result: StageResult[Found], made: int) -> list[Node]:
        """The same for a decision that matters little, once passes bring nothing any more; of many practices, whose
        linear master takes long, one that matters much is only looked for here too."""
        if node.failed >= FAILED or node.leaf_passes >= LEAF_PASSES:
            return self._split_hub(node, result, made, -np.inf)
        if node.leaf_passes >= BEFORE_HUB and not self._still_falls(node, result):
            return self._split_hub(node, result, made, LEAST_DROP)
        return self._split_hub(node, result, made, WORTH_A_PASS) if self.many and node.leaf_passes else []

    def _open(self, node: Node, result: StageResult[Found]) -> None:
        """Bound a node by its relaxation and from earlier prices, without pricing anything."""
        assert self._relaxation is not None
        if self.clock.is_overdue:
            raise SearchStopped
        node.relaxed = self._relaxation.solve(node.fixed)
        if node.relaxed is None or node.relaxed.value == -np.inf:
            node.bound = -np.inf
            return
        node.bound = min(node.bound, node.relaxed.value + slack(node.relaxed.value))
        self._lowered_by_archive(node, result)

    def _price_once(self, node: Node, result: StageResult[Found]) -> None:
        """One pass at the prices of the node's own relaxation."""
        self._start(node)
        self._pass_at_relaxed(node, result)
        self._improve(result, node)
        self._say(result, f"choice {node.order + 1}")

    def _start(self, node: Node) -> None:
        """Columns that masters always have a solution with, where the pool was empty; once for the same conditions.
        Floors ask for columns under all of them, at mass too."""
        if self._gets_start and node.conditions not in self._started:
            self._started.append(node.conditions)
            found = self_sufficient_columns(
                self.model, self.judge, [node.fixed], self.seed, self.executor, at_mass=bool(self._stage.floors)
            )
            for item in found:
                self.pool.add(item)

    def _pass_at_relaxed(self, node: Node, result: StageResult[Found]) -> None:
        assert node.relaxed is not None
        prices = node.relaxed.prices
        bound = self._pass(prices, node, result)
        node.bound, node.centre, node.centre_bound = min(node.bound, bound), prices, bound
        node.needs_prices = self.pooled_first

    def _price_leaf(self, node: Node, result: StageResult[Found]) -> None:
        """One more pass, and perhaps a better plan."""
        self._pass_again(node, result)
        self._improve(result, node, last=node.leaf_passes == LEAF_PASSES)
        if self.dives_between:
            converged = node.failed >= FAILED and self._is_converged(node)
            self.improving.dive_if_near(result, node, self.passes.count, self._left, anyhow=converged)
        self._say(result, f"choice {node.order + 1}, pass {node.leaf_passes + 1}")

    @property
    def plan(self) -> Found | None:
        """The best plan so far."""
        return self.improving.plan

    def _improve(self, result: StageResult[Found], node: Node, *, last: bool = False, now: bool = False) -> None:
        seconds = self._until - self.clock.spent()
        self.improving.improve(result, node, self.passes.count, seconds, last=last, now=now)

    def _left(self) -> float:
        return self._end - self.clock.spent()

    def _dive_last(self, result: StageResult[Found]) -> None:
        """Plans chosen practice by practice under the nodes with the best bounds, in the time that was kept for it."""
        if result.gap <= self.gap or self.clock.stopped_after is not None:
            return
        priced = [item for item in self._nodes if item.centre is not None and not self._hopeless(item, result)]
        best = sorted(priced, key=lambda item: (-item.bound, item.order))[:LAST_DIVES]
        self.improving.dive(result, best, result.value - DIVE_GAINS * abs(result.value), self._left)
        self._say(result, "practice by practice")
        for node in best:
            if result.gap > self.gap and self._left() > SECONDS_TO_CHOOSE and not self.many:
                self.improving.improve(result, node, self.passes.count, self._left(), last=True, now=True)
                self.improving.take(result)
                self._say(result, "chosen anew")
