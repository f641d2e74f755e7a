"""Payments that fall as performance improves: every component along every measure that it looks at.

One practice of 1,000 members at typical values moves one thing over a fine grid, from bad to good, and each
component is settled at all points at once. What a contract pays less for a better result is found by its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.walk import words_in
from critmass.settlement.amounts import settle
from critmass.settlement.results import FloatArray
from critmass.settlement.table import TableResults
from critmass.settlement.terms import Clause, Terms, paid_by
from critmass.studies.entities import Book
from critmass.studies.fall_reasons import Reason, reasons_of
from critmass.studies.typical import (
    DENOMINATOR,
    EXPENDITURE,
    SAVINGS_WORDS,
    Typical,
    measure_counts,
    measures_of,
    typical_rate,
)

Way = Literal["within_year", "year_to_year", "savings"]
"""This year's rate alone; a practice that is better in both years; the savings rate."""
Report = Callable[[int, int], None]
"""Told how many components are done, of how many."""

SAVINGS_RATE = "savings_rate"
CENT = 0.01
CLOSED = 1.0 / 3.0
"""From year to year, the share of what last year left open that this year closes."""
_SAVINGS_POINTS = 401
_LARGEST_SAVINGS = 0.2


@dataclass(frozen=True)
class Stretch:
    """Neighbouring values of a driver, from bad to good, over which a payout falls at every step, USD.

    `start` and `stop` are fractions: this year's rate, from year to year last year's, or the savings rate.
    """

    start: float
    stop: float
    before_usd: float
    after_usd: float

    @property
    def fall_usd(self) -> float:
        """What a practice of 1,000 members loses over the stretch, USD."""
        return self.before_usd - self.after_usd


@dataclass(frozen=True)
class PayoutFall:
    """A component that pays less for better results; `driver` is a measure's id, or `savings_rate`."""

    program: str
    component: str
    driver: str
    way: Way
    stretches: tuple[Stretch, ...]
    reasons: tuple[Reason, ...]

    @property
    def largest(self) -> Stretch:
        """The stretch that costs most."""
        return max(self.stretches, key=lambda stretch: stretch.fall_usd)


@dataclass(frozen=True)
class PayoutCheck:
    """What was found: falls in the catalog's order, and components that pay nothing at any point looked at.

    `looked_at` counts components with something to move; the others pay the same whatever the results.
    """

    components: int
    looked_at: int
    unpaid: tuple[tuple[str, str], ...]
    falls: tuple[PayoutFall, ...]


def check_payouts(catalog: Catalog, report: Report | None = None) -> PayoutCheck:
    """Moves everything that every component of the catalog looks at, and finds where it pays less for it."""
    clauses = [clause for program in catalog.programs.values() for clause in Book(catalog, (program,), ()).terms.clauses]
    looked_at, unpaid, falls = 0, list[tuple[str, str]](), list[PayoutFall]()
    for place, clause in enumerate(clauses):
        curves = tuple(_Practice(catalog, clause).curves())
        looked_at += bool(curves)
        if curves and not any(curve.payout.any() for curve in curves):
            unpaid.append(clause.key)
        falls += [fall for curve in curves if (fall := _fall(catalog, clause, curve)) is not None]
        if report is not None:
            report(place + 1, len(clauses))
    return PayoutCheck(len(clauses), looked_at, tuple(unpaid), tuple(falls))


@dataclass(frozen=True)
class _Curve:
    """Values of a driver from bad to good, shape (point,), and what the component pays there, (point,), USD."""

    driver: str
    way: Way
    values: FloatArray
    payout: FloatArray


class _Practice:
    """One practice at typical values under one component, with what the component asks other components for."""

    def __init__(self, catalog: Catalog, clause: Clause) -> None:
        self.catalog, self.clause = catalog, clause
        self.clauses = _with_asked(Book(catalog, (clause.program,), ()).terms, clause)
        self.typical = Typical(catalog, self.clauses)
        self.terms = Terms(catalog, (clause.program,), self.clauses)

    def curves(self) -> Iterator[_Curve]:
        """The component's payout along each thing that it looks at."""
        words = tuple(words_in([clause.component for clause in self.clauses]))
        for measure in measures_of(words):
            yield self._within_year(measure)
            yield self._year_to_year(measure)
        if any(isinstance(word, SAVINGS_WORDS) for word in words):
            rates = np.linspace(-_LARGEST_SAVINGS, _LARGEST_SAVINGS, _SAVINGS_POINTS)
            benchmark = self.typical.values["benchmark_usd"][0, 0]
            yield self._settled(SAVINGS_RATE, "savings", rates, {EXPENDITURE: benchmark * (1.0 - rates)})

    def _within_year(self, measure: str) -> _Curve:
        rates = self._from_bad_to_good(measure)
        before = np.full_like(rates, typical_rate(self.catalog, measure))
        return self._settled(measure, "within_year", rates, measure_counts(measure, rates, before))

    def _year_to_year(self, measure: str) -> _Curve:
        before = self._from_bad_to_good(measure)
        best = 1.0 if self.catalog.measures[measure].higher_is_better else 0.0
        rates = before + (best - before) * CLOSED
        return self._settled(measure, "year_to_year", before, measure_counts(measure, rates, before))

    def _from_bad_to_good(self, measure: str) -> FloatArray:
        """Every rate that so many eligible members can have, shape (point,)."""
        counts = np.arange(DENOMINATOR + 1.0)
        return (counts if self.catalog.measures[measure].higher_is_better else counts[::-1]) / DENOMINATOR

    def _settled(self, driver: str, way: Way, values: FloatArray, moved: dict[str, FloatArray]) -> _Curve:
        results = TableResults(
            self.typical.names, self.typical.with_moved(moved), self.typical.joined, self.catalog
        )  # fmt: skip
        settled = settle(self.terms, results)
        place = self.clauses.index(self.clause)
        return _Curve(driver, way, values, settled.paid[place, :, 0])


def _with_asked(terms: Terms, clause: Clause) -> tuple[Clause, ...]:
    """The clause and those of its program whose payment it looks at, in the program's order."""
    wanted, waiting = {clause.component.id}, [clause]
    while waiting:
        for other in terms.clauses:
            if other.component.id in paid_by(waiting[-1].component) and other.component.id not in wanted:
                wanted.add(other.component.id)
                waiting.insert(0, other)
        waiting.pop()
    mine = (other for other in terms.clauses if other.component.id in wanted)
    return tuple(clause if other.key == clause.key else replace(other) for other in mine)


def _fall(catalog: Catalog, clause: Clause, curve: _Curve) -> PayoutFall | None:
    """What falls along a curve; None where nothing does."""
    stretches = tuple(_stretches(curve))
    if not stretches:
        return None
    lowest = min(stretch.after_usd for stretch in stretches)
    found = reasons_of(catalog, clause.component, curve.driver, curve.way, lowest)
    return PayoutFall(*clause.key, curve.driver, curve.way, stretches, found)


def _stretches(curve: _Curve) -> Iterator[Stretch]:
    """Neighbouring steps that all fall by more than a cent, taken together."""
    falling = np.concatenate([[False], np.diff(curve.payout) < -CENT, [False]])
    turns = np.flatnonzero(falling[1:] != falling[:-1])
    for first, last in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True):
        ends = (float(curve.values[first]), float(curve.values[last]))
        yield Stretch(*ends, float(curve.payout[first]), float(curve.payout[last]))
