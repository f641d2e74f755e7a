"""Price-and-branch: practices' plans as columns, a master for the organization's links, a certified bound.

See `models/decomposition.md`. All passes are counted, not timed, so the same seed gives the same plan on
any number of cores unless the time limit stops the search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace

import numpy as np

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.solve.candidates import Candidate, Judge, better, meets_floors
from critmass.solve.columns import Column, Pool, SlackCosts, Stage, column, penalty_costs, restricted_master
from critmass.solve.highs import Problem, SolveLimits, solve
from critmass.solve.nodes import Exact, Node, StageResult, as_vector, first_box, organization_choices
from critmass.solve.pricing import (
    Priced,
    Prices,
    Range,
    claim_ranges,
    master_prices,
    most_pooled_payments,
    owed,
    price_practices,
    priced_problem,
    self_sufficient_organization,
    self_sufficient_practices,
    under,
)
from critmass.solve.progress import Clock, Progress, Reporter
from critmass.solve.relaxation import Relaxation, branches, split_decisions

LEAF_PASSES = 12
"""Further passes over all practices at a node where the relaxation leaves nothing to split."""

KEPT_POINTS = 5
"""Plans kept from each pricing solve beside its best."""

HUB_PASSES = 3
"""Of these, passes at a node that differs from its parent in one hub decision only."""

CANDIDATES = 8
"""Decisions that are tried before one is split."""

NODES = 80
"""Nodes of the organization's decisions at most."""

MASTER_WEIGHT = 0.6
"""Weight of the master's prices against the best ones so far in the prices of the next pass."""

PRICING_SHARE_OF_OPEN_GAP = 0.1
"""Share of the gap still open that inexact pricing may use up."""

PRICING_SHARE = 0.15
"""Share of the asked gap that inexact pricing may use up."""


class Search:
    """One search over a network. Stages share columns and the best plan."""

    def __init__(
        self, model: NetworkModel, judge: Judge, *, gap: float, seed: int, clock: Clock, report: Reporter,
        executor: Executor,
    ) -> None:  # fmt: skip
        self.model, self.judge, self.gap, self.seed = model, judge, gap, seed
        self.clock, self.report, self.executor = clock, report, executor
        self.pool = Pool(len(model.blocks))
        self.plan: Candidate | None = None
        self.first_plan_seconds = np.inf
        self._last = len(model.blocks) - 1
        self._archive: list[Exact] = []
        self._relaxation: Relaxation | None = None
        self._nodes: list[Node] = []
        self._closed = -np.inf
        self._until = clock.limit_seconds
        self._regimes = list(organization_choices(model))

    def run(self, stage: Stage, share_of_time: float = 1.0) -> StageResult:
        """Best plan and bound of one stage, stopping at the asked gap or when passes or time run out."""
        self._until = self.clock.spent() + share_of_time * self.clock.left()
        self._archive, self._relaxation = [], Relaxation(self.model, stage)
        result = StageResult(stage, None, np.inf)
        self._keep(self.plan, result)
        if not self.pool.flat():
            self._self_sufficient(stage)
        self._explore(result)
        self._say(result, "done")
        return result

    # nodes ------------------------------------------------------------------------------------------

    def _explore(self, result: StageResult) -> None:
        """Best bound first. A node is bounded by its relaxation, then priced once, then split or priced more."""
        self._nodes = [Node(regime, np.inf, place) for place, regime in enumerate(self._regimes)]
        self._closed = -np.inf
        for node in self._nodes:
            self._open(node, result)
        made = len(self._nodes)
        while self._settle_bound(result) and made <= NODES and not self._finished(result):
            node = max(self._nodes, key=lambda item: (item.bound, -item.order))
            if node.centre is None:
                if not self._lowered_by_archive(node, result):
                    self._price_once(node, result)
                continue
            children = self._split_contracts(node, result, made)
            if not children and node.leaf_passes < LEAF_PASSES:
                self._price_leaf(node, result)
                continue
            children = children or self._split_hub(node, result, made)
            if not children:
                break
            made += len(children)
            self._nodes = [item for item in self._nodes if item is not node] + children
        self._settle_bound(result)

    def _lowered_by_archive(self, node: Node, result: StageResult) -> bool:
        """Whether passes made since the node was last looked at already lower its bound."""
        if node.seen == len(self._archive):
            return False
        found, node.seen = self._archived_bound(result.stage, node), len(self._archive)
        lowered = found < node.bound - 1e-6 * max(abs(node.bound), 1.0)
        node.bound = min(node.bound, found)
        return lowered

    def _settle_bound(self, result: StageResult) -> bool:
        """Close hopeless nodes and take the bound of those that stay; False when none stays."""
        self._closed = max([self._closed, *(item.bound for item in self._nodes if self._hopeless(item, result))])
        self._nodes = [item for item in self._nodes if not self._hopeless(item, result)]
        found = max([self._closed, result.value, *(item.bound for item in self._nodes)])
        result.bound = min(result.bound, found)
        return bool(self._nodes)

    def _split_contracts(self, node: Node, result: StageResult, made: int) -> list[Node]:
        """Two nodes for the contract decision that matters most of those the relaxation leaves open."""
        assert self._relaxation is not None
        if node.relaxed is None:
            return []
        names = self._relaxation.undecided(node.relaxed)[:CANDIDATES]
        name = self._relaxation.strongest(names, node.relaxed, node.fixed)
        if name is None:
            return []
        ranges = branches(self.model, name, node.relaxed.organization, node.fixed)
        children = [Node({**node.fixed, name: part}, node.bound, made + place) for place, part in enumerate(ranges)]
        for child in children:
            self._open(child, result)
        return children

    def _split_hub(self, node: Node, result: StageResult, made: int) -> list[Node]:
        """Two nodes for the hub decision that the linear master splits most evenly; prices carry over."""
        problem, _, offset = self._plan_problem(result.stage, node)
        relaxed = replace(problem, integer=np.zeros_like(problem.integer))
        answer = solve(relaxed, SolveLimits(time_seconds=60, seed=self.seed))
        split = [] if answer.x is None else split_decisions(self.model, answer.x[offset:])
        if answer.x is None or not split:
            return []
        ranges = branches(self.model, split[0], answer.x[offset:], node.fixed)
        children = []
        for place, part in enumerate(ranges):
            child = Node({**node.fixed, split[0]: part}, node.bound, made + place)
            child.centre, child.box, child.leaf_passes = node.centre, node.box, LEAF_PASSES - HUB_PASSES
            child.bound = min(node.bound, self._archived_bound(result.stage, child))
            child.centre_bound = child.bound
            children.append(child)
        return children

    def _open(self, node: Node, result: StageResult) -> None:
        """Bound a node by its relaxation and from earlier prices, without pricing anything."""
        assert self._relaxation is not None
        node.relaxed = self._relaxation.solve(node.fixed)
        if node.relaxed is None:
            node.bound = -np.inf
            return
        node.bound = min(node.bound, node.relaxed.value + self._slack(node.relaxed.value))
        self._lowered_by_archive(node, result)

    def _price_once(self, node: Node, result: StageResult) -> None:
        """One pass at the prices of the node's own relaxation."""
        assert node.relaxed is not None
        bound, _ = self._pass(result.stage, node.relaxed.prices, node, result)
        node.bound, node.centre, node.centre_bound = min(node.bound, bound), node.relaxed.prices, bound
        self._improve(result, node, last=False)
        self._say(result, f"choice {node.order + 1}")

    @staticmethod
    def _slack(value: float) -> float:
        """Room for the tolerances of a linear solve."""
        return 1e-7 * max(abs(value), 1.0)

    def _price_leaf(self, node: Node, result: StageResult) -> None:
        """More passes, at prices of the linear master in a box around the best ones.

        The box is widened where prices ran into its side and the bound improved, and halved where they
        moved and it did not.
        """
        assert node.centre is not None
        stage = result.stage
        if node.box is None:
            node.box = first_box(self.pool.flat(range(self._last)), stage, node.centre)
        for step in range(node.leaf_passes, LEAF_PASSES):
            prices = self._dual_prices(stage, node, node.box).blend(node.centre, MASTER_WEIGHT)
            moved = np.abs(as_vector(prices) - as_vector(node.centre))
            bound, _ = self._pass(stage, prices, node, result)
            if bound < node.centre_bound:
                node.box = np.where(moved >= 0.99 * MASTER_WEIGHT * node.box, 2.0 * node.box, node.box)
                node.centre, node.centre_bound = prices, bound
            else:
                node.box = np.where(moved >= 0.01 * node.box, 0.5 * node.box, node.box)
            node.bound, node.leaf_passes = min(node.bound, bound), node.leaf_passes + 1
            if step % 2 or step == LEAF_PASSES - 1 or self._nearly(result):
                self._improve(result, node, last=step == LEAF_PASSES - 1)
            self._say(result, f"choice {node.order + 1}, pass {step + 2}")
            if self._finished(result) or self._hopeless(node, result):
                break

    def _pass(self, stage: Stage, prices: Prices, node: Node, result: StageResult) -> tuple[float, int]:
        conditions = {name: value for name, value in node.fixed.items() if name.startswith("condition[")}
        limits, caps = self._limits(result, node), self._claim_caps(node)
        found = price_practices(self.model, stage, prices, conditions, caps, limits, self.executor)
        practices = sum(item.bound for item in found) - owed(stage, prices)
        self._archive.append(Exact(prices, conditions, practices, caps))
        added = self._collect(found)
        return practices + self._organization(stage, prices, node), added

    def _claim_caps(self, node: Node) -> list[dict[str, Range]]:
        """The most each practice may claim of pooled payments under the node's decisions, by claim."""
        if node.caps is None:
            most = most_pooled_payments(self.model, node.fixed)
            node.caps = [claim_ranges(self.model, place, most) for place in range(self._last)]
        return node.caps

    def _organization(self, stage: Stage, prices: Prices, node: Node) -> float:
        """Best the organization can do at the prices under the node's decisions; its points become columns."""
        problem = under(self.model, self._last, priced_problem(self.model, self._last, stage, prices), node.fixed)
        answer = solve(problem, SolveLimits(time_seconds=20, gap_absolute=1e-3, seed=self.seed))
        if answer.x is not None:
            self.pool.add(column(self.model, self._last, answer.x))
        return answer.bound

    def _respects(self, item: Column, decisions: Mapping[str, Range]) -> bool:
        position = self.model.blocks[item.block].position
        return all(
            low - 0.5 < item.x[position[name]] < high + 0.5
            for name, (low, high) in decisions.items()
            if name in position
        )

    def _within_caps(self, item: Column, node: Node) -> bool:
        position = self.model.blocks[item.block].position
        caps = self._claim_caps(node)[item.block].items()
        return all(item.x[position[name]] <= high + 1.0 for name, (_, high) in caps)

    def _collect(self, found: Sequence[Priced]) -> int:
        depth = max((len(item.points) for item in found), default=0)
        added = 0
        for layer in range(depth):
            points = {item.block: item.points[layer] for item in found if len(item.points) > layer}
            added += sum(self.pool.add(item) for item in self.judge.columns(points))
        return added

    def _limits(self, result: StageResult, node: Node) -> SolveLimits:
        """Pricing as exact as the open gap asks for: its tolerance adds up over practices."""
        scale = abs(result.value) if np.isfinite(result.value) else 0.0
        allowed = PRICING_SHARE * self.gap * scale
        if np.isfinite(node.bound - result.value):
            allowed = max(allowed, PRICING_SHARE_OF_OPEN_GAP * (node.bound - result.value))
        allowed /= max(len(self.model.practices), 1)
        return SolveLimits(
            time_seconds=max(min(20.0, self._until - self.clock.spent()), 0.2), gap_absolute=max(allowed, 1e-4),
            seed=self.seed, heuristics=False, keep_points=KEPT_POINTS,
        )  # fmt: skip

    def _dual_prices(self, stage: Stage, node: Node, box: FloatArray) -> Prices:
        """Prices from the linear master inside a box around the node's best prices.

        The organization takes part as itself, relaxed: at a leaf its yes/no decisions are settled.
        """
        assert node.centre is not None
        at = as_vector(node.centre)
        problem, _, _ = self._plan_problem(stage, node, SlackCosts(at + box, np.maximum(at - box, 0.0)))
        low, high = problem.row_lower.copy(), problem.row_upper.copy()
        tied = np.flatnonzero(self.model.equal)
        low[tied], high[tied] = -np.inf, np.inf
        relaxed = replace(problem, row_lower=low, row_upper=high, integer=np.zeros_like(problem.integer))
        answer = solve(relaxed, SolveLimits(time_seconds=60, seed=self.seed))
        return node.centre if answer.row_duals is None else master_prices(self.model, stage, answer.row_duals)

    def _penalty(self, stage: Stage) -> SlackCosts:
        worths = [abs(stage.value(item.worth)) for item in self.pool.flat()]
        return penalty_costs(self.model, stage, 10.0 * max(worths, default=1.0) + 1000.0)

    def _self_sufficient(self, stage: Stage) -> None:
        """Plans that need nothing of each other, so that the master always has a solution."""
        known: list[dict[str, Range]] = []
        for regime in self._regimes:
            conditions = {name: part for name, part in regime.items() if name.startswith("condition[")}
            if conditions in known:
                continue
            known.append(conditions)
            found = self_sufficient_practices(self.model, regime, self.seed, self.executor)
            for layer in (0, 1):
                points = {place: xs[layer] for place, xs in enumerate(found) if len(xs) > layer}
                for item in self.judge.columns(points):
                    self.pool.add(item)
            x = self_sufficient_organization(self.model, regime, self.seed)
            if x is not None:
                self.pool.add(column(self.model, self._last, x))

    # plans ------------------------------------------------------------------------------------------

    def _plan_problem(
        self, stage: Stage, node: Node, slack_costs: SlackCosts | None = None
    ) -> tuple[Problem, list[Column], int]:
        """Columns of the practices beside the organization itself, under the node's decisions."""
        problem, chosen = restricted_master(
            self.model,
            self.pool,
            stage,
            explicit_organization=True,
            slack_costs=slack_costs or self._penalty(stage),
        )
        offset = len(problem.objective) - len(self.model.organization.variables)
        position = self.model.organization.position
        lower, upper = problem.lower.copy(), problem.upper.copy()
        for name, (low, high) in node.fixed.items():
            lower[offset + position[name]], upper[offset + position[name]] = low, high
        for place, item in enumerate(chosen):
            upper[place] = float(self._respects(item, node.fixed) and self._within_caps(item, node))
        return replace(problem, lower=lower, upper=upper), chosen, offset

    def _improve(self, result: StageResult, node: Node, *, last: bool) -> None:
        """Choose one column per practice beside the real organization block, and settle what comes out."""
        problem, chosen, offset = self._plan_problem(result.stage, node)
        limits = SolveLimits(
            time_seconds=max(min(15.0 if last else 4.0, self._until - self.clock.spent()), 0.5),
            gap_absolute=1e-3, gap_relative=self.gap / (20 if last else 8), threads=1, seed=self.seed,
            nodes=20_000 if last else 300,
        )  # fmt: skip
        answer = solve(problem, limits)
        if answer.x is None:
            return
        picked = {item.block: item for item, value in zip(chosen, answer.x, strict=False) if value > 0.5}
        if len(picked) == len(self.model.practices):
            solutions = [picked[place].x for place in range(len(self.model.practices))]
            decisions = self.model.decisions([*solutions, answer.x[offset:]])
            self._keep(self.judge.candidate(decisions), result)

    def _keep(self, plan: Candidate | None, result: StageResult) -> None:
        if plan is not None and better(plan, self.plan, result.stage):
            self.plan = plan
            self.first_plan_seconds = min(self.first_plan_seconds, self.clock.spent())
        if self.plan is not None and meets_floors(self.plan, result.stage):
            result.plan = self.plan

    # bounds -----------------------------------------------------------------------------------------

    def _closed_bound(self, result: StageResult) -> float:
        """Nodes at or below this cannot hold a plan better than the asked gap allows."""
        return result.value + 0.999 * self.gap * max(abs(result.value), 1.0)

    def _hopeless(self, node: Node, result: StageResult) -> bool:
        return bool(np.isfinite(result.value) and node.bound <= self._closed_bound(result))

    def _archived_bound(self, stage: Stage, node: Node) -> float:
        """Best bound from practices' exact results at earlier prices under the same conditions."""
        usable = [exact for exact in self._archive if exact.covers(node.fixed, self._claim_caps(node))][-8:]
        bounds = [exact.practices_bound + self._organization(stage, exact.prices, node) for exact in usable]
        return min(bounds, default=np.inf)

    # bookkeeping ------------------------------------------------------------------------------------

    def _finished(self, result: StageResult) -> bool:
        return result.gap <= self.gap or self._out_of_time()

    def _nearly(self, result: StageResult) -> bool:
        return result.gap <= 1.5 * self.gap

    def _out_of_time(self) -> bool:
        return self.clock.spent() >= self._until

    def _say(self, result: StageResult, step: str) -> None:
        if self._nodes:
            result.bound = min(result.bound, max([self._closed, result.value, *(item.bound for item in self._nodes)]))
        value = result.value if np.isfinite(result.value) else None
        bound = result.bound if np.isfinite(result.bound) else None
        gap = result.gap if np.isfinite(result.gap) else None
        self.report(Progress(result.stage.name, step, value, bound, gap, self.clock.spent()))
