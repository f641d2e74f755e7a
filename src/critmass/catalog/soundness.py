"""What a contract may not say, because it can never happen or cannot be settled."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import date

from pydantic import BaseModel

from critmass.catalog.ranges import driver_range
from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.errors import Problem
from critmass.domain.programs import Component, Program
from critmass.domain.values import Cited, Window
from critmass.domain.walk import words_in


def soundness_problems(catalog: Catalog) -> list[Problem]:
    """Overlapping dates, gates that no result can open, thresholds outside a driver's range, circles of money."""
    found: list[Problem] = []
    for program in catalog.programs.values():
        found += _overlaps(program)
        for component in program.components:
            place = f"program {program.id}: component {component.id}"
            found += _money_taken_back(program, component, place)
            found += _closed_gates(component.gates, f"{place}: gates")
            found += _out_of_range(component, place)
            found += _lonely_peers(component, place)
            found += _moving_bases(component, place)
        found += _closed_gates(program.eligibility, f"program {program.id}: eligibility")
        found += _moving_bases(program.eligibility, f"program {program.id}: eligibility")
    return found


# Dates ------------------------------------------------------------------------------------------------


def _overlaps(program: Program) -> Iterator[Problem]:
    """Dated versions of one payment that are in force on the same day."""
    terms: dict[str, list[Component]] = {}
    for component in program.components:
        if component.term is not None:
            terms.setdefault(component.term, []).append(component)
    for term, versions in terms.items():
        for one, other in itertools.combinations(versions, 2):
            if _overlap(one.effective, other.effective):
                yield Problem(
                    f"program {program.id}: components {one.id} and {other.id}: effective",
                    f"two versions of the term {term!r} are in force at once, {_dates(one)} and {_dates(other)}",
                    "let one end on the day before the other begins",
                )


def _overlap(one: Window | None, other: Window | None) -> bool:
    first, second = _ends(one), _ends(other)
    return max(first[0], second[0]) <= min(first[1], second[1])


def _ends(window: Window | None) -> tuple[date, date]:
    start = window.start if window is not None else None
    end = window.end if window is not None else None
    return start or date.min, end or date.max


def _dates(component: Component) -> str:
    start, end = _ends(component.effective)
    shown = ("the beginning" if start == date.min else str(start), "open" if end == date.max else str(end))
    return f"{shown[0]} to {shown[1]}"


# Money that other components pay ----------------------------------------------------------------------


def _money_taken_back(program: Program, component: Component, place: str) -> Iterator[Problem]:
    siblings = {other.id: other for other in program.components}
    for name in _paid_by(component):
        other = siblings.get(name)
        if other is None:
            yield Problem(f"{place}: paid_by", f"unknown component {name!r}", f"name one of {', '.join(siblings)}")
        elif (other.level, program.lines_of(other)) != (component.level, program.lines_of(component)):
            fix = "let both settle at one level, for the same lines of business"
            yield Problem(f"{place}: paid_by", f"{name!r} settles at another level or for other members", fix)
        elif other.applies != component.applies:
            message = f"{name!r} applies {other.applies!r}, but this component {component.applies!r}"
            yield Problem(f"{place}: paid_by", message, "let both apply to the same practices")
        elif _reaches(name, component.id, siblings):
            yield Problem(f"{place}: paid_by", f"{name!r} and {component.id!r} wait for each other", "break the circle")


def _paid_by(component: Component) -> list[str]:
    return [word.component for word in words_in(component) if isinstance(word, v.PaidBy)]


def _reaches(start: str, goal: str, siblings: dict[str, Component]) -> bool:
    seen, waiting = set[str](), [start]
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen and name in siblings:
            seen.add(name)
            waiting += _paid_by(siblings[name])
    return False


def _lonely_peers(component: Component, place: str) -> Iterator[Problem]:
    if component.level == "organization":
        for word in words_in(component):
            if isinstance(word, v.PeerPercentile | v.PoolShare):
                message = f"{word.kind} compares units, and at organization level there is only one"
                yield Problem(f"{place}: level", message, "settle it at practice or TIN level")


# What is compared with ---------------------------------------------------------------------------------

_COUNTED = (v.Numerator, v.GapsClosed, v.Rate, v.Improvement, v.ScoredMeasure, v.MeasureTarget)
_WORKED = (v.Savings, v.SavingsRate, v.Expenditure, v.Events, v.PaidBy, v.PoolShare, v.PeerPercentile)


def _moving_bases(node: object, place: str) -> Iterator[Problem]:
    """Divisors, last year's values and pools that the year's own work would change."""
    for word in words_in(node):
        for where, base, fix in _bases(word):
            for moving in dict.fromkeys(_moving(base)):
                yield Problem(f"{place}: {where}", f"{moving} changes with the year's work", fix)
        if isinstance(word, v.LastYear):
            for moving in dict.fromkeys(_moving(word)):
                if moving != "peer_percentile":
                    message = f"{moving} would be this year's: only the counts of measures are known of last year"
                    yield Problem(f"{place}: last_year", message, "ask for last year's value as a fact")


def _bases(word: object) -> Iterator[tuple[str, object, str]]:
    steady = "use a count or an amount that it leaves alone, such as a denominator, a benchmark or a fact"
    if isinstance(word, v.Ratio):
        yield "ratio.over", word.over, steady
    elif isinstance(word, v.Gain) and word.basis == "relative":
        yield "gain.over", word.over, "wrap it in 'last_year', or use a fact"
    elif isinstance(word, v.PoolShare):
        yield "pool_share.pool_usd", word.pool_usd, steady


def _moving(node: object, *, last_year: bool = False) -> Iterator[str]:
    """Kinds of the words below a node that the year's work changes; last year's counts of measures stand still."""
    if isinstance(node, _WORKED) or (isinstance(node, _COUNTED) and not last_year):
        yield str(getattr(node, "kind", None) or f"the rate of {getattr(node, 'measure', '')}")
    elif isinstance(node, tuple):
        for item in node:
            yield from _moving(item, last_year=last_year)
    elif isinstance(node, BaseModel):
        last_year = last_year or isinstance(node, v.LastYear)
        for name in type(node).model_fields:
            yield from _moving(getattr(node, name), last_year=last_year)


# Gates and thresholds ---------------------------------------------------------------------------------


def _closed_gates(gates: Iterable[v.Gate], place: str) -> Iterator[Problem]:
    """Tests that no result can pass, alone or together with the others that must also hold."""
    held: dict[v.Driver, tuple[float, float]] = {}
    for test in _must_hold(tuple(gates)):
        low, high = _passing(test)
        least, most = driver_range(test.driver)
        if max(low, least) > min(high, most):
            message = f"{_said(test)} can never hold: {_name(test.driver)} lies between {least:g} and {most:g}"
            yield Problem(f"{place}: {_name(test.driver)}", message, _fraction_hint(test, most))
            continue
        known = held.get(test.driver, (least, most))
        held[test.driver] = (max(known[0], low), min(known[1], high))
        if held[test.driver][0] > held[test.driver][1]:
            message = f"{_said(test)} can never hold together with the other gates on {_name(test.driver)}"
            yield Problem(f"{place}: {_name(test.driver)}", message, "remove one of them, or put them under 'any'")


def _must_hold(gates: tuple[v.Gate, ...]) -> Iterator[v.Test]:
    for gate in gates:
        if isinstance(gate, v.Test) and isinstance(gate.threshold, Cited):
            yield gate
        elif isinstance(gate, v.AllOf):
            yield from _must_hold(gate.of)


def _passing(test: v.Test) -> tuple[float, float]:
    """The driver's values that pass, ends included; a strict test keeps a hair's breadth away."""
    limit = float(test.threshold)  # type: ignore[arg-type]
    hair = 1e-9 * max(1.0, abs(limit)) if test.strict else 0.0
    return (-float("inf"), limit - hair) if test.opens_downward else (limit + hair, float("inf"))


def _said(test: v.Test) -> str:
    return f"'{test.comparison}: {float(test.threshold):g}'"  # type: ignore[arg-type]


def _name(driver: v.Driver) -> str:
    measure = getattr(driver, "measure", None) or getattr(driver, "name", None)
    return f"{driver.kind} of {measure}" if measure else driver.kind


def _fraction_hint(test: v.Test, most: float) -> str:
    limit = float(test.threshold)  # type: ignore[arg-type]
    if most == 1.0 and 1.0 < limit <= 100.0:
        return f"rates are fractions: write {limit / 100:g} for {limit:g} %"
    return "correct the threshold or the driver"


def _out_of_range(component: Component, place: str) -> Iterator[Problem]:
    """Step tables on a rate whose thresholds no rate can reach: usually percent in place of fractions."""
    for driver, table in _tables(component):
        if not isinstance(driver, v.Rate) or not isinstance(table, v.Steps):
            continue
        for row in table.rows:
            limit = float(row.at_least)
            if not 0.0 <= limit <= 1.0:
                fix = f"rates are fractions: write {limit / 100:g} for {limit:g} %" if limit > 1 else "use 0 or more"
                yield Problem(f"{place}: rate of {driver.measure}", f"no rate reaches the threshold {limit:g}", fix)


def _tables(component: Component) -> Iterator[tuple[v.Driver | None, object]]:
    yield component.driver, component.rate
    for word in words_in(component):
        if isinstance(word, v.Multiplier | v.ScoredPart | v.DrivenValue | v.PoolWeight):
            yield word.driver, word.schedule
        elif isinstance(word, v.ScoredMeasure):
            yield v.Rate(kind="rate", measure=word.measure), word.attainment
