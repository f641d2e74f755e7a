"""A search that starts from a plan library: stored plans become columns, stored prices the first prices."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace

import numpy as np

from critmass.formulation.block import FloatArray
from critmass.settlement.projection import Decisions
from critmass.solve.candidates import Candidate, Judge
from critmass.solve.columns import Column, Stage
from critmass.solve.executor import run_all
from critmass.solve.highs import SolveLimits
from critmass.solve.interrupt import SearchStopped
from critmass.solve.kept import WrongBoundError
from critmass.solve.library import PLANS, Entry, StoredPrices
from critmass.solve.mending import Choices, mended
from critmass.solve.nodes import Node, StageResult
from critmass.solve.pricing import Prices
from critmass.solve.progress import Clock, Reporter
from critmass.solve.recall import Key, key_of
from critmass.solve.recalling import LIKE_THE_PLAN, Recalling
from critmass.solve.repair import Repair, as_decided, fits, repaired
from critmass.solve.sample_first import SampleFirst
from critmass.solve.sampled_search import SampledSearch
from critmass.solve.start import self_sufficient_columns
from critmass.solve.tied_search import TiedSearch

NODES_KEPT = 40
"""Nodes whose prices are kept: those looked at last."""

REPAIRED = 2
"""Stored plans of one practice that are worked out anew where none fits the question as it is."""

CHOICES = 12
"""Columns of a practice that a stored plan is mended with."""

DEAR = 1e10
"""Weight of a dual ray in prices, USD."""

SECONDS_TO_LEAVE = 2.0
"""Bounds are worked out for later searches only while so much time is left."""

_log = logging.getLogger(__name__)


class WarmSearch(Recalling):
    """Starts from `entries`, newest first: from their plans, and from their tree with its prices and bounds."""

    def __init__(
        self, entries: Sequence[Entry], judge: Judge, *, gap: float, seed: int, clock: Clock, report: Reporter,
        executor: Executor, known: Candidate | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            entries, judge, gap=gap, seed=seed, clock=clock, report=report, executor=executor, known=known
        )  # fmt: skip
        self._plan_judge = judge
        self._chosen: dict[int, bytes] = {}
        self._renewed = False
        self._results: list[StageResult[Candidate]] = []
        self._value = -np.inf
        self._practices = self.model.shared.model.network.practices
        self._last_stage: Stage | None = None

    def left(self, decisions: Decisions) -> Entry:
        """What this search leaves for later ones; `decisions` are those of its best plan."""
        shared, entry = self.model.shared, Entry()
        self._bound_put_aside()
        kept = {place: self._best_rows(place) for place in range(len(self._practices)) if self.pool.columns[place]}
        entry.variables = {self._practices[place]: self.model.blocks[place].variables for place in kept}
        entry.plans = {self._practices[place]: rows for place, rows in kept.items()}
        aside = {key: prices for key, prices in self._put_aside().items() if key not in self._noted}
        entry.prices = [self._named(*item, relaxed=True) for item in list(aside.items())[-NODES_KEPT:]]
        entry.prices += [self._named(*item) for item in list(self._noted.items())[-NODES_KEPT:]]
        entry.splits = list(self._splits.values())
        entry.chosen = [name for place, name in enumerate(self._practices) if self._chosen_key(place)]
        entry.priced = self.passes.kept.used_at([*aside.values(), *self._noted.values()])
        entry.programs, entry.decisions = tuple(shared.program_ids), decisions
        entry.workflows = tuple(item.id for item in shared.model.workflows)
        return entry

    def _best_rows(self, place: int) -> FloatArray:
        """The practice's plans that are worth most at the prices of the node looked at last, best first."""
        columns = self.pool.columns[place][::-1]
        if self._noted and self._last_stage is not None:
            stage, links = self._last_stage, list(self._noted.values())[-1].links
            columns = sorted(columns, key=lambda item: -(stage.value(item.worth) + float(links @ item.links)))
        columns = sorted(columns, key=lambda item: item.key() != self._chosen_key(place))
        return np.array([item.x for item in columns[:PLANS]])

    def _put_aside(self) -> dict[Key, Prices]:
        """Prices of nodes that were never priced, because a relaxation or passes elsewhere had closed them."""
        if self._last_stage is None:
            return {}
        opened = [item for item in self._opened if item.relaxed is not None and np.isfinite(item.relaxed.value)]
        found = {key_of(self._last_stage, item.fixed): item.relaxed.prices for item in opened if item.relaxed}
        return {key: prices for key, prices in (self._aside | found).items() if key not in self._splits}

    def _bound_put_aside(self) -> None:
        """Bounds of nodes that the whole network's relaxation closed, from practices' own, while there is time. What no
        plan can keep is looked at by the first search alone: a dual ray takes a second at 60 practices."""
        stage = self._last_stage
        for node in self._opened:
            if stage is None or self._left() < SECONDS_TO_LEAVE:
                return
            key = key_of(stage, node.fixed)
            if node.centre is not None or key in self._aside:
                continue
            prices = self._put_aside().get(key)
            if node.relaxed is None and self._noted and not self.entries and self.passes.is_open(node):
                prices = self._against(node)
            if prices is None:
                continue
            bound = self.passes.relaxed(prices, node, SolveLimits(time_seconds=5, seed=self.seed))
            if node.relaxed is not None or bound < self._value:
                self._aside[key] = prices

    def _against(self, node: Node) -> Prices | None:
        """Prices that show that no plan keeps the node's decisions: a dual ray beside those of another node."""
        ray, near = self._relaxation.against(node.fixed) if self._relaxation else None, list(self._noted.values())[-1]
        if ray is None:
            return None
        return Prices(near.links + DEAR * ray.links, near.floors)

    def _named(self, key: Key, prices: Prices, *, relaxed: bool = False) -> StoredPrices:
        links = {name: float(price) for name, price in zip(self.model.links, prices.links, strict=True) if price}
        return StoredPrices(key[0], key[1], links, dict(prices.floors), relaxed)

    @property
    def ran_out_of_time(self) -> bool:
        """Whether the time left is too short for another pass."""
        return self._out_of_time()

    def run(self, stage: Stage, share_of_time: float = 1.0) -> StageResult[Candidate]:
        """As ever, from the library's plans. Where one of its bounds is found wrong, all of them are dropped, and
        nothing is proved any more of levels that were proved with them."""
        if self.entries and not self.pool.flat():
            with suppress(SearchStopped):
                self._take_stored()
        self.passes.begin(stage)
        self._opened, self._renewed = [], False
        try:
            self._results.append(super().run(stage, share_of_time))
            return self._results[-1]
        except WrongBoundError as error:
            _log.warning("plan library: its bounds are wrong and ignored (%s)", error)
            self.passes.kept.forget()
            self._recalled.clear()
            for earlier in self._results:
                earlier.bound = np.inf
            return super().run(stage, share_of_time)

    def _take_stored(self) -> None:
        """Stored plans become columns; practices without any get the usual start."""
        rows = self._usable()
        found = self.judge.columns([(place, row) for place, item in enumerate(rows) for row in item])
        chosen = set(self.entries[0].chosen)
        for item in found:
            self.pool.add(item)
            if self._practices[item.block] in chosen:
                self._chosen.setdefault(item.block, item.key())
        missing = [place for place, item in enumerate(rows) if not item]
        if missing and not self.many:
            start = self_sufficient_columns(
                self.model, self.judge, self._regimes, self.seed, self.executor, places=missing
            )
            for item in start:
                self.pool.add(item)

    def _usable(self) -> list[list[FloatArray]]:
        """By practice: stored plans that keep every row of its block. Where the first one, which the best plan holds,
        does not, or none does, some have their amounts and reach worked out anew."""
        fitting, tasks = [], list[Repair]()
        for place, block in enumerate(self.model.practices):
            stored = self._stored_rows(place)
            fit = [fits(block, row) for row in stored]
            fitting.append([row for row, keeps in zip(stored, fit, strict=True) if keeps])
            if stored and not fit[0]:
                count = 1 if any(fit) else REPAIRED
                tasks += [Repair(place, as_decided(block, row), self.seed) for row in stored[:count]]
        for task, row in zip(tasks, run_all(self.executor, repaired, tasks), strict=True):
            if row is not None:
                fitting[task.place].insert(0, row)
        return fitting

    def _stored_rows(self, place: int) -> list[FloatArray]:
        name, variables = self._practices[place], list(self.model.blocks[place].variables)
        found: list[FloatArray] = []
        for entry in self.entries:
            if name in entry.plans and list(entry.variables[name]) == variables:
                found += [row for row in entry.plans[name] if np.isfinite(row).all()]
        return found[:PLANS]

    def _chosen_key(self, place: int) -> bytes | None:
        """The practice's column in the best plan of this search, or of the one that filled the library."""
        picked = self.improving.picked
        return picked[place].key() if place in picked else self._chosen.get(place)

    def _mend(self, result: StageResult[Candidate]) -> None:
        """The stored plan, with practices changed to other columns where the question has spoilt it."""
        joined = self._stored_programs
        if joined is None:
            return
        columns = [self._choices(place, joined[1]) for place in range(len(self._practices))]
        if not all(columns):
            return
        choices = Choices(columns, joined[0])
        places = mended(self._plan_judge, result.stage, choices, lambda: self.clock.spent() >= self._until)
        picked = [columns[place][at] for place, at in enumerate(places)]
        decisions = self.model.decisions([*(item.x for item in picked), np.zeros(len(self.model.organization.lower))])
        before = self.plan
        plan = self._plan_judge.candidate(replace(decisions, joined=decisions.joined | joined[0]))
        self.improving.consider(plan, result)
        if self.plan is not before:
            self.improving.picked = {item.block: item for item in picked}

    def _choices(self, place: int, node: Node) -> list[Column]:
        """Columns that a practice may change to: first the stored plan's, then those that claim less of pooled payments
        than all that are worth more, then those worth most."""
        stage, noted = self._last_stage or Stage("", {}), list(self._noted.values())
        links = noted[-1].links if noted else np.zeros(len(self.model.links))
        found = [item for item in self.pool.columns[place] if self.masters.respects(item, node.conditions)]
        found.sort(key=lambda item: -(stage.value(item.worth) + float(links @ item.links)))
        claims = [name.startswith("claim[") for name in self.model.blocks[place].variables]
        thrifty, least = set[int](), np.inf
        for item in found:
            claimed = float(item.x[claims].sum())
            if claimed < least - 1.0:
                thrifty.add(id(item))
                least = claimed
        found.sort(key=lambda item: (item.key() != self._chosen_key(place), id(item) not in thrifty))
        return found[:CHOICES]

    def _settle_bound(self, result: StageResult[Candidate]) -> bool:
        """As ever; the best prices of every node are noted before it may be closed, and once the nodes like the stored
        plan are priced, the plan is renewed."""
        self._last_stage, self._value = result.stage, result.value
        for node in self._nodes:
            key = key_of(result.stage, node.fixed)
            if node.centre is not None and self._noted.get(key) is not node.centre:
                self._noted.pop(key, None)
                self._noted[key] = node.centre
        open_nodes = super()._settle_bound(result)
        priced = [item for item in self._nodes if item.centre is not None]
        if self.entries and priced and not (self._renewed or self._wait(LIKE_THE_PLAN) or self._finished(result)):
            self._renewed = True
            self._renew(priced, result)
            open_nodes = super()._settle_bound(result)
        return open_nodes

    def _renew(self, priced: Sequence[Node], result: StageResult[Candidate]) -> None:
        """A plan for the question: chosen among the columns at hand where the bound is highest; where that does not
        close the nodes that are priced, the stored one mended."""
        self._improve(result, max(priced, key=lambda item: (item.bound, -item.order)), now=True)
        self.improving.take(result)
        if not all(self._hopeless(item, result) for item in priced):
            self._mend(result)


class WarmSampleFirst(WarmSearch, SampleFirst[Candidate]):
    """The same of practices that a sample is drawn of."""

    def _take_tuned_prices(self, node: Node, result: StageResult[Candidate]) -> None:
        """Not where the library has prices of everyone for the node."""
        if self._recall.prices(key_of(result.stage, node.fixed), result.stage) is None:
            super()._take_tuned_prices(node, result)


class WarmTiedSearch(WarmSampleFirst, TiedSearch[Candidate]):
    """Of so many that each one still has links of its own."""


class WarmSampledSearch(WarmSampleFirst, SampledSearch[Candidate]):
    """Of more."""
