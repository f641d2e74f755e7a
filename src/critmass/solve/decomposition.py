"""Price-and-branch: practices' plans as columns, a master for the organization's links, a certified bound.

See `models/decomposition.md`. All passes are counted, not timed, so the same seed gives the same plan on
any number of cores unless the time limit stops the search.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from critmass.formulation.network_model import NetworkModel
from critmass.solve.candidates import Candidate, Judge, best_of, better, meets_floors
from critmass.solve.columns import Column, Pool, SlackCosts, Stage, column, penalty_costs, restricted_master
from critmass.solve.highs import Problem, SolveLimits, solve
from critmass.solve.pricing import (
    Priced,
    Prices,
    block_problem,
    fixed,
    master_prices,
    owed,
    price_practices,
    priced_problem,
    relaxation_prices,
    self_sufficient_organization,
    self_sufficient_practices,
)
from critmass.solve.progress import Clock, Progress, Reporter, relative_gap

STALLED = 3
"""Passes without a better bound after which a node is left."""

PASSES = 12
"""Passes over all practices before the search branches on the organization's decisions."""

LEAF_PASSES = 4
"""Passes at each further node of the organization's decisions."""

NODES = 24
"""Nodes of the organization's decisions at most."""

BOX_SHARE = 0.1
"""How far prices may move at first from the best ones, as a share of a mean practice's worth per unit."""

PRICING_SHARE = 0.25
"""Share of the asked gap that inexact pricing may use up."""


@dataclass
class StageResult:
    """Where a stage ended: its best plan and a proved bound on its objective."""

    stage: Stage
    plan: Candidate | None
    bound: float

    @property
    def value(self) -> float:
        """Objective of the best plan, minus infinity without one."""
        return -np.inf if self.plan is None else self.stage.value(self.plan.worth)

    @property
    def gap(self) -> float:
        """Relative gap between plan and bound."""
        return relative_gap(self.value, self.bound)


@dataclass
class _Exact:
    """Prices at which all practices were priced under fixed conditions, and the sum of their bounds."""

    prices: Prices
    conditions: Mapping[str, float]
    practices_bound: float


@dataclass
class _Node:
    """Fixed 0/1 decisions of the organization by variable name, and the best bound known for them."""

    fixed: Mapping[str, float]
    bound: float
    order: int
    prices: Prices | None = None
    explored: bool = False


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
        self._archive: list[_Exact] = []
        self._until = clock.limit_seconds
        self._regimes = list(self._possible_conditions())

    def run(self, stage: Stage, share_of_time: float = 1.0) -> StageResult:
        """Best plan and bound of one stage, stopping at the asked gap or when passes or time run out."""
        self._until = self.clock.spent() + share_of_time * self.clock.left()
        self._archive = []
        result = StageResult(stage, None, np.inf)
        self._keep(self.plan, result)
        if not self.pool.flat():
            self._self_sufficient(stage)
        self._explore(result)
        self._say(result, "done")
        return result

    def offer(self, plan: Candidate | None, stage: Stage) -> None:
        """Let the search know a plan found elsewhere."""
        self.plan = best_of([self.plan, plan], stage)

    # nodes ------------------------------------------------------------------------------------------

    def _possible_conditions(self) -> Iterator[dict[str, float]]:
        """Every combination of the organization's conditions that some decision of it allows."""
        names = list(self.model.conditions.values())
        block = self.model.organization
        for values in product((0.0, 1.0), repeat=len(names)):
            chosen = dict(zip(names, values, strict=True))
            problem = self._under(block_problem(block, np.zeros(len(block.lower)), 0.0), self._last, chosen)
            if solve(problem, SolveLimits(time_seconds=5)).x is not None:
                yield chosen

    def _explore(self, result: StageResult) -> None:
        """Best bound first. A node is priced once, then split on a 0/1 decision of the organization."""
        nodes = [_Node(regime, np.inf, place) for place, regime in enumerate(self._regimes)]
        closed, made = -np.inf, len(nodes)
        while nodes and made <= NODES and not self._finished(result):
            nodes.sort(key=lambda item: (-item.bound, item.order))
            node = nodes.pop(0)
            if not node.explored:
                self._price_node(node, result, PASSES if node.order == 0 else LEAF_PASSES)
                children = [node]
            else:
                children = self._split(node, result, made)
                made += len(children)
            for child in children or [node]:
                closed = max(closed, child.bound) if self._hopeless(child, result) else closed
            nodes += [child for child in children if not self._hopeless(child, result)]
            result.bound = min(result.bound, max([closed, result.value, *(item.bound for item in nodes)]))
            if not children:
                nodes.append(node)
                break

    def _split(self, node: _Node, result: StageResult, made: int) -> list[_Node]:
        name = self._branching_name(result.stage, node)
        if name is None:
            return []
        children = [_Node({**node.fixed, name: v}, node.bound, made + int(v), node.prices) for v in (1.0, 0.0)]
        for child in children:
            child.bound = min(child.bound, self._archived_bound(result.stage, child))
        return children

    def _price_node(self, node: _Node, result: StageResult, passes: int) -> None:
        stage, stalled, width = result.stage, 0, 1.0
        centre = node.prices or relaxation_prices(self.model, stage, node.fixed)
        centre_bound, prices = np.inf, centre
        for step in range(passes):
            bound, added = self._pass(stage, prices, node, result)
            if bound < centre_bound:
                stalled = 0 if bound < centre_bound - 1e-3 * abs(bound) else stalled + 1
                centre, centre_bound, width = prices, bound, width * 1.5
            else:
                stalled, width = stalled + 1, width * 0.5
            node.bound = min(node.bound, bound)
            self._improve(result, node, last=step == passes - 1)
            self._say(result, f"node {node.order + 1}, pass {step + 1}", node.bound)
            if self._finished(result) or self._hopeless(node, result) or stalled >= STALLED:
                break
            prices = self._dual_prices(stage, node, centre, width)
        node.prices, node.explored = centre, True

    def _pass(self, stage: Stage, prices: Prices, node: _Node, result: StageResult) -> tuple[float, int]:
        conditions = {name: value for name, value in node.fixed.items() if name.startswith("condition[")}
        limits = self._limits(result)
        found = price_practices(self.model, stage, prices, conditions, limits, self.executor)
        practices = sum(item.bound for item in found) - owed(stage, prices)
        self._archive.append(_Exact(prices, conditions, practices))
        added = self._collect(found)
        return practices + self._organization(stage, prices, node), added

    def _organization(self, stage: Stage, prices: Prices, node: _Node) -> float:
        """Best the organization can do at the prices under the node's decisions; its points become columns."""
        problem = self._under(priced_problem(self.model, self._last, stage, prices), self._last, node.fixed)
        answer = solve(problem, SolveLimits(time_seconds=20, gap_absolute=1e-3, seed=self.seed))
        if answer.x is not None:
            self.pool.add(column(self.model, self._last, answer.x))
        return answer.bound

    def _under(self, problem: Problem, block: int, decisions: Mapping[str, float]) -> Problem:
        position = self.model.blocks[block].position
        for name, value in decisions.items():
            if name in position:
                problem = fixed(problem, position[name], value)
        return problem

    def _respects(self, item: Column, decisions: Mapping[str, float]) -> bool:
        position = self.model.blocks[item.block].position
        return all(abs(item.x[position[n]] - value) < 0.5 for n, value in decisions.items() if n in position)

    def _collect(self, found: Sequence[Priced]) -> int:
        depth = max((len(item.points) for item in found), default=0)
        added = 0
        for layer in range(depth):
            points = {item.block: item.points[layer] for item in found if len(item.points) > layer}
            added += sum(self.pool.add(item) for item in self.judge.columns(points))
        return added

    def _limits(self, result: StageResult) -> SolveLimits:
        scale = abs(result.value) if np.isfinite(result.value) else 0.0
        allowed = PRICING_SHARE * max(self.gap, 1e-4) * scale / max(len(self.model.practices), 1)
        return SolveLimits(
            time_seconds=max(min(20.0, self._until - self.clock.spent()), 0.2), gap_absolute=max(allowed, 1e-4),
            seed=self.seed, heuristics=False,
        )  # fmt: skip

    def _dual_prices(self, stage: Stage, node: _Node, centre: Prices, width: float) -> Prices:
        """Prices from the linear master inside a box around the best prices so far."""
        problem, chosen = restricted_master(
            self.model, self.pool, stage, explicit_organization=False,
            slack_costs=self._box(stage, centre, width),
        )  # fmt: skip
        keep = np.array([self._respects(item, node.fixed) for item in chosen])
        upper = problem.upper.copy()
        upper[: len(chosen)][~keep] = 0.0
        low, high = problem.row_lower.copy(), problem.row_upper.copy()
        tied = np.flatnonzero(self.model.equal)
        low[tied], high[tied] = -np.inf, np.inf
        answer = solve(
            replace(problem, upper=upper, row_lower=low, row_upper=high), SolveLimits(time_seconds=60, seed=self.seed)
        )
        return centre if answer.row_duals is None else master_prices(self.model, stage, answer.row_duals)

    def _box(self, stage: Stage, centre: Prices, width: float) -> SlackCosts:
        """Half the price, and at least a small share of a practice's worth per unit of the link, either way."""
        columns = self.pool.flat(range(self._last))
        reach = np.max([np.abs(item.links) for item in columns], axis=0)
        worth = np.mean([abs(stage.value(item.worth)) for item in columns]) + 1.0
        base = BOX_SHARE * worth / np.maximum(reach, 1e-6)
        floors = [BOX_SHARE * worth / max(max(abs(item.worth[name]) for item in columns), 1e-6) for name in stage.floors]
        at = np.concatenate([centre.links, list(centre.floors.values())])
        half = width * np.maximum(0.5 * np.abs(at), np.concatenate([base, floors]))
        return SlackCosts(at + half, np.maximum(at - half, 0.0))

    def _penalty(self, stage: Stage) -> SlackCosts:
        worths = [abs(stage.value(item.worth)) for item in self.pool.flat()]
        return penalty_costs(self.model, stage, 10.0 * max(worths, default=1.0) + 1000.0)

    def _self_sufficient(self, stage: Stage) -> None:
        """Plans that need nothing of each other, so that the master always has a solution."""
        for regime in self._regimes:
            found = self_sufficient_practices(self.model, regime, self.seed, self.executor)
            for layer in (0, 1):
                points = {place: xs[layer] for place, xs in enumerate(found) if len(xs) > layer}
                for item in self.judge.columns(points):
                    self.pool.add(item)
            x = self_sufficient_organization(self.model, regime, self.seed)
            if x is not None:
                self.pool.add(column(self.model, self._last, x))

    # plans ------------------------------------------------------------------------------------------

    def _plan_problem(self, stage: Stage, node: _Node) -> tuple[Problem, list[Column], int]:
        problem, chosen = restricted_master(
            self.model, self.pool, stage, explicit_organization=True, slack_costs=self._penalty(stage)
        )
        offset = len(problem.objective) - len(self.model.organization.variables)
        position = self.model.organization.position
        for name, value in node.fixed.items():
            problem = fixed(problem, offset + position[name], value)
        upper = problem.upper.copy()
        for place, item in enumerate(chosen):
            upper[place] = float(self._respects(item, node.fixed))
        return replace(problem, upper=upper), chosen, offset

    def _improve(self, result: StageResult, node: _Node, *, last: bool) -> None:
        """Choose one column per practice beside the real organization block, and settle what comes out."""
        problem, chosen, offset = self._plan_problem(result.stage, node)
        limits = SolveLimits(
            time_seconds=max(min(30.0 if last else 8.0, self._until - self.clock.spent()), 0.5),
            gap_absolute=1e-3, gap_relative=self.gap / 20, threads=1, seed=self.seed,
            nodes=20_000 if last else 2_000,
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

    def _hopeless(self, node: _Node, result: StageResult) -> bool:
        return bool(np.isfinite(result.value) and node.bound <= self._closed_bound(result))

    def _archived_bound(self, stage: Stage, node: _Node) -> float:
        """Best bound from practices' exact results at earlier prices under the same conditions."""
        usable = [exact for exact in self._archive if exact.conditions.items() <= node.fixed.items()]
        usable = sorted(usable, key=lambda exact: exact.practices_bound)[-8:] if len(usable) > 8 else usable
        bounds = [exact.practices_bound + self._organization(stage, exact.prices, node) for exact in usable]
        return min(bounds, default=np.inf)

    def _branching_name(self, stage: Stage, node: _Node) -> str | None:
        """The organization's 0/1 decision that the linear relaxation splits most evenly."""
        problem, _, offset = self._plan_problem(stage, node)
        relaxed = replace(problem, integer=np.zeros_like(problem.integer))
        answer = solve(relaxed, SolveLimits(time_seconds=60, seed=self.seed))
        block = self.model.organization
        binary = block.integer & (block.upper - block.lower <= 1.0) & (block.upper > block.lower)
        if answer.x is None or not binary.any():
            return None
        values = answer.x[offset:]
        fraction = np.where(binary, np.minimum(values, 1.0 - values), -1.0)
        fraction[[block.position[name] for name in node.fixed]] = -1.0
        place = int(np.argmax(fraction))
        return block.variables[place] if fraction[place] >= 0 else None

    # bookkeeping ------------------------------------------------------------------------------------

    def _finished(self, result: StageResult) -> bool:
        return result.gap <= self.gap or self.clock.spent() >= self._until

    def _say(self, result: StageResult, step: str, node_bound: float = np.inf) -> None:
        value = result.value if np.isfinite(result.value) else None
        known = min(result.bound, node_bound) if len(self._regimes) == 1 else result.bound
        bound = known if np.isfinite(known) else None
        gap = result.gap if np.isfinite(result.gap) else None
        self.report(Progress(result.stage.name, step, value, bound, gap, self.clock.spent()))
