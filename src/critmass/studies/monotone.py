"""Payments that fall as performance improves: every component along every measure that it looks at.

One practice of 1,000 members at typical values moves one thing over a fine grid, from bad to good, and each
component is settled at all points at once. What a contract pays less for a better result is found by its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel

from critmass.domain.catalog import Catalog
from critmass.domain.walk import words_in
from critmass.settlement.amounts import settle
from critmass.settlement.results import FloatArray
from critmass.settlement.table import TableResults
from critmass.settlement.terms import Clause, Terms, paid_by
from critmass.studies.entities import Book
from critmass.studies.fall_reasons import Reason, reasons_of
from critmass.studies.typical import (
    BENCHMARK_USD,
    DENOMINATOR,
    EXPENDITURE,
    SAVINGS_WORDS,
    SETTINGS,
    Setting,
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
        """What a practice loses over the stretch, USD."""
        return self.before_usd - self.after_usd


@dataclass(frozen=True)
class PayoutFall:
    """A component that pays less for better results; `driver` is a measure's id, or `savings_rate`.

    `setting` says how everything else stood, and `members` how many there were: 1,000, or as many as gates ask
    for. Nothing in `reasons` means that the component's words do not tell why.
    """

    program: str
    component: str
    driver: str
    way: Way
    setting: Setting
    members: float
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
    clauses = [
        clause for program in catalog.programs.values() for clause in Book(catalog, (program,), ()).terms.clauses
    ]
    looked_at, unpaid, falls = 0, list[tuple[str, str]](), list[PayoutFall]()
    for place, clause in enumerate(clauses):
        curves = tuple(_curves(catalog, clause))
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
    setting: Setting
    members: float
    values: FloatArray
    payout: FloatArray


def _curves(catalog: Catalog, clause: Clause) -> Iterator[_Curve]:
    """The component's payout along each thing that it looks at, under the first setting in which it pays."""
    terms = _with_asked(Book(catalog, (clause.program,), ()).terms, clause)
    practices = [_Practice(terms, clause, setting) for setting in SETTINGS]
    for driver, way in _moves(words_in([other.component for other in terms.clauses])):
        found = [practices[0].curve(driver, way)]
        while not found[-1].payout.any() and len(found) < len(practices):
            found.append(practices[len(found)].curve(driver, way))
        yield found[-1] if found[-1].payout.any() else found[0]


def _with_asked(terms: Terms, clause: Clause) -> Terms:
    """The clause, with those of its program whose payment it looks at, and those that these look at."""
    wanted, waiting = set[str](), [clause.component.id]
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += [
                asked for other in terms.clauses if other.component.id == name for asked in paid_by(other.component)
            ]
    mine = tuple(other for other in terms.clauses if other.component.id in wanted)
    return Terms(terms.catalog, terms.programs, mine)


def _moves(words: Iterable[BaseModel]) -> Iterator[tuple[str, Way]]:
    """What there is to move: each measure in two ways, and savings."""
    said = tuple(words)
    for measure in measures_of(said):
        yield from ((measure, "within_year"), (measure, "year_to_year"))
    if any(isinstance(word, SAVINGS_WORDS) for word in said):
        yield SAVINGS_RATE, "savings"


class _Practice:
    """One practice under one component, with what this asks other components for."""

    def __init__(self, terms: Terms, clause: Clause, setting: Setting) -> None:
        self.terms, self.setting = terms, setting
        self.place = [other.key for other in terms.clauses].index(clause.key)
        self.typical = Typical(terms.catalog, terms.clauses, setting)

    def curve(self, driver: str, way: Way) -> _Curve:
        """The component's payout along a driver, all points in one settlement."""
        values, moved = self._moved(driver, way)
        typical = self.typical
        results = TableResults(typical.names, typical.with_moved(moved), typical.joined, self.terms.catalog)
        payout = settle(self.terms, results).paid[self.place, :, 0]
        return _Curve(driver, way, self.setting, typical.members, values, payout)

    def _moved(self, driver: str, way: Way) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Values from bad to good, and what they make of the numbers by key, all of shape (point,)."""
        if way == "savings":
            values = np.linspace(-_LARGEST_SAVINGS, _LARGEST_SAVINGS, _SAVINGS_POINTS)
            return values, {EXPENDITURE: BENCHMARK_USD * (1.0 - values)}
        better = self.terms.catalog.measures[driver].higher_is_better
        counts = np.arange(DENOMINATOR + 1.0)
        values = (counts if better else counts[::-1]) / DENOMINATOR
        if way == "year_to_year":
            return values, measure_counts(driver, values + (float(better) - values) * CLOSED, values)
        before = typical_rate(self.terms.catalog, driver, self.setting)
        return values, measure_counts(driver, values, np.full_like(values, before))


def _fall(catalog: Catalog, clause: Clause, curve: _Curve) -> PayoutFall | None:
    """What falls along a curve; None where nothing does."""
    stretches = tuple(_stretches(curve))
    if not stretches:
        return None
    lowest = min(stretch.after_usd for stretch in stretches)
    found = reasons_of(catalog, clause.component, curve.driver, curve.way, lowest)
    return PayoutFall(*clause.key, curve.driver, curve.way, curve.setting, curve.members, stretches, found)


def _stretches(curve: _Curve) -> Iterator[Stretch]:
    """Neighbouring steps that all fall by more than a cent, taken together."""
    falling = np.concatenate([[False], np.diff(curve.payout) < -CENT, [False]])
    turns = np.flatnonzero(falling[1:] != falling[:-1])
    for first, last in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True):
        ends = (float(curve.values[first]), float(curve.values[last]))
        yield Stretch(*ends, float(curve.payout[first]), float(curve.payout[last]))
