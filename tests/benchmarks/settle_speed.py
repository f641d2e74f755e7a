"""Times the settlement of many scenarios at once and prints rows for docs/results.md.

Contracts are settled on counts that are at hand, and, as planning does, on freshly built results whose counts are
projected from decisions in the same run; what depends on the network alone (sums of its tables over populations)
is kept by the model, as it is in use. The peer is the plain way: every clause on its own, nothing shared.
"""

from __future__ import annotations

import os

# One core: the linear algebra library reads this when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from plan_times import machine

from critmass.catalog import load_catalog
from critmass.domain.scenario import Scenario
from critmass.network import load_network
from critmass.settlement.amounts import SettlementRun, settle, settlement_room
from critmass.settlement.projection import Decisions, Model, ProjectedResults
from critmass.settlement.terms import Terms, terms_in_force

ROOT = Path(__file__).parents[2]
NETWORK = "pho60"
SCENARIOS = 1000
WARM_UPS, RUNS = 3, 5
"""The first runs also ask the system for memory, which the later ones find at hand."""


@dataclass(frozen=True)
class Case:
    """A network, what can pay it, and decisions of many scenarios."""

    name: str
    model: Model
    terms: Terms
    decisions: Decisions

    @property
    def cells(self) -> int:
        """Practice-scenarios."""
        return self.decisions.reach.shape[0] * self.decisions.reach.shape[1]

    def results(self) -> ProjectedResults:
        """The decisions' results, nothing worked out yet."""
        return ProjectedResults(self.model, tuple(program.id for program in self.terms.programs), self.decisions)


def cases() -> list[Case]:
    """Reach and joins random in every scenario, and reach alone with the same joins in all of them."""
    catalog, scenario = load_catalog(), Scenario()
    network = load_network(ROOT / "data" / "networks" / f"{NETWORK}.xlsx", catalog)
    model, terms = Model(network, catalog, scenario), terms_in_force(catalog, network, scenario)
    random = np.random.default_rng(1)
    shape = (SCENARIOS, len(network.practices))
    delivery = random.integers(0, 3, (*shape, len(model.workflows))).astype(np.int8)
    reach = np.where(delivery > 0, random.random(delivery.shape), 0.0)
    joined = random.random((*shape, len(terms.programs))) < 0.5
    same = np.repeat(joined[:1], SCENARIOS, axis=0)
    return [
        Case("reach and joins vary", model, terms, Decisions(delivery, reach, joined)),
        Case("reach varies", model, terms, Decisions(delivery, reach, same)),
    ]


Way = Callable[[Terms, ProjectedResults], object]


def shared(terms: Terms, results: ProjectedResults) -> object:
    """The settlement as the product runs it."""
    return settle(terms, results)


def in_a_loop(case: Case) -> Way:
    """The same as a simulation runs it, one settlement after the other in the same memory."""
    room = settlement_room(case.terms, case.results().shape)
    return lambda terms, results: settle(terms, results, room)


def plain(terms: Terms, results: ProjectedResults) -> object:
    """Every clause on its own: its own view, its own masks, its own results."""
    ids = tuple(program.id for program in terms.programs)
    amounts = []
    for clause in terms.clauses:
        own = ProjectedResults(results.model, ids, results.decisions)
        amounts.append(SettlementRun(terms, own, remember=False).paid(clause, np.empty(own.shape)))
    return amounts


def seconds(way: Way, case: Case, *, at_hand: bool) -> tuple[float, float]:
    """Median and shortest of several runs after some to warm up; `at_hand` when the counts are known before."""
    taken, known = [], case.results()
    for _ in range(WARM_UPS + RUNS):
        results = known if at_hand else case.results()
        start = time.perf_counter()
        way(case.terms, results)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[WARM_UPS:]), min(taken[WARM_UPS:])


def peak_bytes(way: Way, case: Case) -> int:
    """Most memory held at once beyond the decisions, what is returned included."""
    results = case.results()
    tracemalloc.start()
    way(case.terms, results)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


HEADER = (
    "| date | machine | case | way | clauses | programs | median | shortest | practice-scenarios/s "
    "| clause-practice-scenarios/s | peak memory per practice-scenario | times as long |\n"
    "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
)


def row(case: Case, name: str, way: Way, peer: float, *, at_hand: bool = False) -> tuple[str, float]:
    """One row of the table, and its seconds; `peer` is what the row is compared with, 0 for the first."""
    taken, shortest = seconds(way, case, at_hand=at_hand)
    clauses = len(case.terms.clauses)
    cells = [
        date.today().isoformat(),
        machine(),
        f"{NETWORK}, {SCENARIOS:,} scenarios, {case.name}",
        name,
        str(clauses),
        str(len(case.terms.programs)),
        f"{taken * 1000:.0f} ms",
        f"{shortest * 1000:.0f} ms",
        f"{case.cells / taken:,.0f}",
        f"{case.cells * clauses / taken:,.0f}",
        f"{peak_bytes(way, case) / case.cells:,.0f} B",
        f"{taken / (peer or taken):.1f}",
    ]
    return f"| {' | '.join(cells)} |", taken


def main() -> None:
    """Measure every case, shared and plain."""
    sys.stdout.write(HEADER)
    for case in cases():
        line, taken = row(case, "settle, the year's counts at hand", in_a_loop(case), 0.0, at_hand=True)
        sys.stdout.write(line + "\n")
        sys.stdout.write(row(case, "settle, counts projected from decisions too", shared, taken)[0] + "\n")
        sys.stdout.write(row(case, "every clause on its own, counts too", plain, taken)[0] + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
