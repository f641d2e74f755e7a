"""A search that starts from a plan library: stored plans become columns, stored prices the first prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from critmass.formulation.block import Block, FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.settlement.projection import Decisions
from critmass.solve.candidates import Candidate, Judge
from critmass.solve.columns import Stage
from critmass.solve.decomposition import Search
from critmass.solve.executor import run_all
from critmass.solve.highs import Problem, SolveLimits, solve
from critmass.solve.interrupt import SearchStopped
from critmass.solve.library import PLANS, Entry, Fixed, StoredPrices
from critmass.solve.nodes import Node, StageResult
from critmass.solve.pricing import Prices, Range, block_problem
from critmass.solve.progress import Clock, Reporter
from critmass.solve.start import self_sufficient_columns

NODES_KEPT = 40
"""Nodes whose prices are kept: those looked at last."""

REPAIRED = 6
"""Stored plans of one practice that are worked out anew where none fits the question as it is."""

_TOLERANCE = 1e-5
_DECIDED = ("own[", "hub[", "join[", "condition[", "reach_own[", "reach_hub[")


class WarmSearch(Search[Candidate]):
    """Starts from `entries`, newest first. Bounds come from this search's own passes alone."""

    def __init__(
        self, entries: Sequence[Entry], judge: Judge, *, gap: float, seed: int, clock: Clock, report: Reporter,
        executor: Executor, known: Candidate | None = None,
        with_all_links: NetworkModel | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            judge.model,
            judge,
            gap=gap,
            seed=seed,
            clock=clock,
            report=report,
            executor=executor,
            known=known,
            with_all_links=with_all_links,
        )
        self.entries = entries
        self._noted: dict[tuple[str, Fixed], Prices] = {}
        self._practices = self.model.shared.model.network.practices
        self._last_stage: Stage | None = None

    def left(self, decisions: Decisions) -> Entry:
        """What this search leaves for later ones; `decisions` are those of its best plan."""
        shared, entry = self.model.shared, Entry()
        kept = {place: self._best_rows(place) for place in range(len(self._practices)) if self.pool.columns[place]}
        entry.variables = {self._practices[place]: self.model.blocks[place].variables for place in kept}
        entry.plans = {self._practices[place]: rows for place, rows in kept.items()}
        entry.prices = [self._named(*item) for item in list(self._noted.items())[-NODES_KEPT:]]
        entry.programs, entry.decisions = tuple(shared.program_ids), decisions
        entry.workflows = tuple(item.id for item in shared.model.workflows)
        return entry

    def _best_rows(self, place: int) -> FloatArray:
        """The practice's plans that are worth most at the prices of the node looked at last, best first."""
        columns = self.pool.columns[place][::-1]
        if self._noted and self._last_stage is not None:
            stage, links = self._last_stage, list(self._noted.values())[-1].links
            columns = sorted(columns, key=lambda item: -(stage.value(item.worth) + float(links @ item.links)))
        return np.array([item.x for item in columns[:PLANS]])

    def _named(self, key: tuple[str, Fixed], prices: Prices) -> StoredPrices:
        links = {name: float(price) for name, price in zip(self.model.links, prices.links, strict=True) if price}
        return StoredPrices(key[0], key[1], links, dict(prices.floors))

    # Start ------------------------------------------------------------------------------------------

    def run(self, stage: Stage, share_of_time: float = 1.0) -> StageResult[Candidate]:
        """As ever, from the library's plans; where a practice has none there, the usual start is made too."""
        if self.entries and not self.pool.flat():
            with suppress(SearchStopped):
                self._take_stored()
        return super().run(stage, share_of_time)

    def _take_stored(self) -> None:
        rows = self._usable()
        for found in self.judge.columns([(place, row) for place, item in enumerate(rows) for row in item]):
            self.pool.add(found)
        if not all(rows) and self.with_all_links is None:
            for found in self_sufficient_columns(self.model, self.judge, self._regimes, self.seed, self.executor):
                self.pool.add(found)

    def _usable(self) -> list[list[FloatArray]]:
        """By practice: stored plans that keep every row of its block; else some with their amounts worked out anew."""
        fitting, tasks = [], list[_Repair]()
        for place, block in enumerate(self.model.practices):
            stored = self._stored_rows(place)
            fitting.append([row for row in stored if _fits(block, row)])
            if not fitting[-1]:
                tasks += [_Repair(place, _as_decided(block, row), self.seed) for row in stored[:REPAIRED]]
        for task, row in zip(tasks, run_all(self.executor, _repaired, tasks), strict=True):
            if row is not None:
                fitting[task.place].append(row)
        return fitting

    def _stored_rows(self, place: int) -> list[FloatArray]:
        name, variables = self._practices[place], list(self.model.blocks[place].variables)
        found: list[FloatArray] = []
        for entry in self.entries:
            if name in entry.plans and list(entry.variables[name]) == variables:
                found += [row for row in entry.plans[name] if np.isfinite(row).all()]
        return found[:PLANS]

    # Prices -----------------------------------------------------------------------------------------

    def _price_once(self, node: Node, result: StageResult[Candidate]) -> None:
        """As ever, at stored prices where there are some for the node."""
        relaxed, prices = node.relaxed, self._stored_prices(node, result.stage)
        if relaxed is not None and prices is not None:
            node.relaxed = replace(relaxed, prices=prices)
        super()._price_once(node, result)
        node.relaxed = relaxed

    def _stored_prices(self, node: Node, stage: Stage) -> Prices | None:
        wanted = (stage.name, _fixed(node.fixed))
        for entry in self.entries:
            for item in entry.prices:
                if (item.stage, item.fixed) == wanted:
                    return usable_prices(item, self.model, stage)
        return None

    def _settle_bound(self, result: StageResult[Candidate]) -> bool:
        """As ever; the best prices of every node are noted before it may be closed."""
        self._last_stage = result.stage
        for node in self._nodes:
            key = (result.stage.name, _fixed(node.fixed))
            if node.centre is not None and self._noted.get(key) is not node.centre:
                self._noted.pop(key, None)
                self._noted[key] = node.centre
        return super()._settle_bound(result)


def usable_prices(stored: StoredPrices, model: NetworkModel, stage: Stage) -> Prices:
    """Stored prices as those of these links and floors: any such vector gives a valid bound.

    Unknown names are ignored, missing and infinite ones are 0, no price of an inequality is negative.
    """
    found = np.array([stored.links.get(name, 0.0) for name in model.links])
    found = np.where(np.isfinite(found) & ~model.held_by_caps, found, 0.0)
    floors = {name: float(np.nan_to_num(max(stored.floors.get(name, 0.0), 0.0), posinf=0.0)) for name in stage.floors}
    return Prices(np.where(model.equal, found, np.maximum(found, 0.0)), floors)


@dataclass(frozen=True)
class _Repair:
    """A practice's block with a stored plan's decisions held."""

    place: int
    problem: Problem
    seed: int


def _repaired(task: _Repair) -> FloatArray | None:
    return solve(task.problem, SolveLimits(time_seconds=1, gap_relative=0.05, seed=task.seed, heuristics=False)).x


def _as_decided(block: Block, row: FloatArray) -> Problem:
    """Amounts are free; decisions are as stored, within what the question allows."""
    constant, margin = block.expressions["margin"]
    problem = block_problem(block, margin, constant)
    held = np.array([name.startswith(_DECIDED) for name in block.variables], dtype=np.bool_)
    at = np.where(block.integer, np.round(row), row)
    lower, upper = np.where(held, at - 1e-7, block.lower), np.where(held, at + 1e-7, block.upper)
    return replace(problem, lower=np.maximum(lower, block.lower), upper=np.minimum(upper, block.upper))


def _fixed(decisions: Mapping[str, Range]) -> Fixed:
    return tuple(sorted((name, float(low), float(high)) for name, (low, high) in decisions.items()))


def _fits(block: Block, x: FloatArray) -> bool:
    """Whether a stored row keeps every bound and row of the block as it is now."""
    rows = block.matrix @ x
    room = _TOLERANCE * np.maximum(1.0, np.abs(rows))
    inside = (x >= block.lower - _TOLERANCE).all() and (x <= block.upper + _TOLERANCE).all()
    return bool(inside and (rows >= block.row_lower - room).all() and (rows <= block.row_upper + room).all())
