"""Passes: every practice priced at the same prices. Each gives a bound, plans, and results for later nodes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

import numpy as np

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.solve.candidates import Judging, Valued
from critmass.solve.columns import Column, Pool, Stage, column, without_mass
from critmass.solve.highs import SolveLimits, solve
from critmass.solve.kept import Kept, KeptPricing, NeverAtMass
from critmass.solve.masters import Masters
from critmass.solve.nodes import Exact, Node
from critmass.solve.pricing import (
    Priced,
    Prices,
    PricingFromBases,
    PricingTask,
    block_problem,
    owed,
    price_practices,
    priced_problem,
    under,
    within_caps,
)

WHOLE = 0.9
"""Part of the practices that a pass has to solve to tell how long passes take."""

AT_A_TIME, FEWEST_AT_A_TIME = 0.05, 6
"""Part of the practices, and practices at least, that are priced exactly before it is asked again whether a node can be
closed."""

MANY_TO_START = 10
"""From so many practices on, solves begin with known plans. It takes half the time, but brings fewer new plans, and of
few practices time is not what is short."""

REMEMBERED = 8
"""Earlier passes that a new node is bounded from."""


class Passes:
    """The passes of one stage after another. Points that pricing finds are settled and become columns of the pool."""

    def __init__(
        self, model: NetworkModel, masters: Masters, judge: Judging[Valued], pool: Pool, executor: Executor, seed: int
    ) -> None:
        self.model, self.masters, self.judge, self.pool = model, masters, judge, pool
        self.seed = seed
        self.seconds = 0.0
        """Of the last pass that solved nearly everyone, or a longer one since; before the first one what it is expected
        to take."""
        self.kept = KeptPricing()
        self.pricing = PricingFromBases(executor)
        self._stage, self._last = Stage("", {}), len(model.blocks) - 1
        self._archive: list[Exact] = []
        self._settled: dict[tuple[int, bytes], Column] = {}
        self._never_at_mass = NeverAtMass()

    def begin(self, stage: Stage) -> None:
        """Another stage: what was found for the last one bounds nothing any more."""
        self._stage, self._archive = stage, []

    @property
    def count(self) -> int:
        """Passes made for this stage."""
        return len(self._archive)

    @property
    def exact(self) -> int:
        """Those of them that priced practices exactly."""
        return sum(bool(item.priced) for item in self._archive)

    def over_all(self, prices: Prices, node: Node, limits: SolveLimits) -> float:
        """Price every practice under the node's decisions. Returns a bound on the node."""
        conditions, caps = node.conditions, self.masters.claim_caps(node)
        known, began, solved = self.known(prices, node), time.monotonic(), self.kept.counts.solved
        asked: dict[int, tuple[str, FloatArray]] = {}
        found = price_practices(
            self.model, self._stage, prices, conditions, caps, limits, partial(self._kept_or_solved, asked), known
        )  # fmt: skip
        self._measure(time.monotonic() - began, self.kept.counts.solved - solved)
        practices = sum(item.bound for item in found) - owed(self._stage, prices)
        found = self._collect(found)
        self._keep(prices, asked, found)
        self._archive.append(Exact(prices, conditions, practices, caps, found))
        return practices + self._organization(prices, node)

    def _measure(self, seconds: float, solved: int) -> None:
        """Passes get shorter, as more plans are known to start from; those over few practices are no measure."""
        self.seconds = seconds if solved >= WHOLE * len(self.model.practices) else max(self.seconds, seconds)

    def relaxed(self, prices: Prices, node: Node, limits: SolveLimits) -> float:
        """A bound for a node from every practice's linear relaxation: quick, and good enough to put most nodes aside
        where practices are many. Other nodes under the same conditions are bounded by it too."""
        caps = self.masters.claim_caps(node)
        asked: dict[int, tuple[str, FloatArray]] = {}
        found = price_practices(
            self.model, self._stage, prices, node.conditions, caps, limits, partial(self._kept_or_solved, asked),
            relaxed=True,
        )  # fmt: skip
        self._keep(prices, asked, found)
        practices = sum(item.bound for item in found) - owed(self._stage, prices)
        practices += slack(practices)
        self._archive.append(Exact(prices, node.conditions, practices, caps))
        return practices + self._organization(prices, node)

    def closing(self, prices: Prices, node: Node, limits: SolveLimits, enough: float) -> float:
        """A bound for a node that has to come down to `enough` and no further: from practices' linear relaxations, and
        from exact pricing of as many as it takes, those first whose relaxation is farthest above what an earlier pass
        made of them. Where it stays above `enough`, all were priced exactly."""
        caps, rest = self.masters.claim_caps(node), self._organization(prices, node) - owed(self._stage, prices)
        asked: dict[int, tuple[str, FloatArray]] = {}
        most = enough - rest
        found = price_practices(
            self.model, self._stage, prices, node.conditions, caps, limits,
            partial(self._until_enough, asked, most - slack(most)),
        )  # fmt: skip
        practices = sum(item.bound for item in found)
        practices += 0.0 if len(asked) == len(found) else slack(most)
        found = self._collect(found)
        self._keep(prices, asked, found)
        priced = found if len(asked) == len(found) else ()
        self._archive.append(Exact(prices, node.conditions, practices - owed(self._stage, prices), caps, priced))
        return practices + rest

    def _until_enough(
        self, asked: dict[int, tuple[str, FloatArray]], enough: float, tasks: Sequence[PricingTask]
    ) -> list[Priced]:
        kept, rest = ([task for task in tasks if self._is_kept(task) is answer] for answer in (True, False))
        found = {item.block: item for item in self._kept_or_solved(asked, kept)}
        quick = self._kept_or_solved({}, [replace(task, relaxed=True) for task in rest])
        found |= {item.block: item for item in quick}
        earlier = {item.block: item.bound for exact in self._archive for item in exact.priced}
        loose = sorted(rest, key=lambda task: earlier.get(task.block, -np.inf) - found[task.block].bound)
        at_a_time = max(FEWEST_AT_A_TIME, round(AT_A_TIME * len(tasks)))
        for first in range(0, len(loose), at_a_time):
            if sum(item.bound for item in found.values()) <= enough:
                break
            priced = self._kept_or_solved(asked, loose[first : first + at_a_time])
            found |= {item.block: item for item in priced}
        return [found[task.block] for task in tasks]

    def _is_kept(self, task: PricingTask) -> bool:
        block = self.model.blocks[task.block]
        return self.kept.get(task, self.kept.key(task, block), block) is not None

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
            mine = exact.prices is prices and exact.conditions == conditions
            if mine and exact.priced and exact.allows(caps):
                return exact.priced
        return None

    def part(self, prices: Prices, node: Node) -> float:
        """What part of the practices a pass may have to solve: all, or, of those seen at the same prices, the ones
        whose best plans claim more than the node allows."""
        known, caps = self.known(prices, node), self.masters.claim_caps(node)
        if known is None:
            return 1.0
        return sum(not within_caps(self.model, item, caps[item.block]) for item in known) / len(known)

    def is_open(self, node: Node) -> bool:
        """Whether the organization can keep the node's decisions at all, by itself."""
        block = self.model.organization
        problem = under(self.model, self._last, block_problem(block, np.zeros(len(block.lower)), 0.0), node.fixed)
        return solve(problem, SolveLimits(time_seconds=5, seed=self.seed)).termination != "infeasible"

    def _kept_or_solved(self, asked: dict[int, tuple[str, FloatArray]], tasks: Sequence[PricingTask]) -> list[Priced]:
        """Results by content where there are some; the others are solved. One of a library is solved again as a check.

        Raises:
            WrongBoundError: when the check finds a plan that is worth more than the bound that was kept.
        """
        found: dict[int, Priced] = {}
        for task in tasks:
            block = self.model.blocks[task.block]
            key = self.kept.key(task, block)
            asked[task.block] = (key, self.kept.caps(task, block))
            known = self.kept.get(task, key, block)
            if known is not None:
                found[task.block] = known
        foreign = [place for place in found if asked[place][0] in self.kept.foreign]
        again = self.kept.to_check(foreign)
        open_tasks = [self._begun(task) for task in tasks if task.block not in found or task.block in again]
        for task, item in zip(open_tasks, self.pricing.run(open_tasks), strict=True):
            if task.block in again:
                self.kept.compare(task, found[task.block], item)
            elif _is_loose(task, item):
                asked.pop(task.block)
            if item.never_at_mass:
                self._never_at_mass.add(task)
            found.setdefault(task.block, item)
        self.kept.counts.solved += len(open_tasks) - len(again)
        self.kept.counts.kept += len(foreign)
        self.kept.counts.checked += len(again)
        return [found[task.block] for task in tasks]

    def _begun(self, task: PricingTask) -> PricingTask:
        """The task with what is known of the practice: its best plans to start from, or that it cannot be at mass."""
        if self._never_at_mass.covers(task):
            task = replace(task, rewarded=False)
        if task.relaxed or len(self.model.practices) < MANY_TO_START:
            return task
        wanted = (1.0, 0.0) if task.rewarded else (0.0,)
        starts = {at: self.pool.best_point(task.problem, task.block, task.at_mass, at) for at in wanted}
        return replace(task, starts=(starts.get(1.0), starts[0.0]))

    def _keep(self, prices: Prices, asked: dict[int, tuple[str, FloatArray]], found: Sequence[Priced]) -> None:
        for item in found:
            if item.block in asked:
                key, caps = asked[item.block]
                point = item.points[0] if item.points else np.zeros(0)
                self.kept.add(key, Kept(caps, item.bound, point), prices)

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
        points = [(one.block, x) for one in found for x in one.points if (one.block, x.tobytes()) not in self._settled]
        for (block, x), item in zip(points, self.judge.columns(points), strict=True):
            self._settled[block, x.tobytes()] = item
            self._settled[block, item.x.tobytes()] = item
            self.pool.add(item)
            if self.model.claims_untied:
                self.pool.add(without_mass(self.model, item))
        return [
            replace(item, points=(self._settled[item.block, item.points[0].tobytes()].x,)) if item.points else item
            for item in found
        ]


def slack(value: float) -> float:
    """Room for the tolerances of linear solves."""
    return 1e-7 * max(abs(value), 1.0)


def _is_loose(task: PricingTask, found: Priced) -> bool:
    """Whether the solve was stopped before it was as exact as asked: its bound holds, but is not worth keeping."""
    if task.relaxed or not found.points:
        return False
    worth = float(task.problem.offset + task.problem.objective @ found.points[0])
    return found.bound - worth > 2.0 * task.limits.gap_absolute + 1e-6 * abs(found.bound)
