"""What a clause looks at, number by number: quantities, drivers, rows of schedules, gates and limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.programs import Component
from critmass.settlement import evaluate
from critmass.settlement.results import FloatArray
from critmass.settlement.view import View


class At(Protocol):
    """Picks the number of a practice's unit."""

    def at(self, found: FloatArray, place: int) -> float:
        """The number at a practice."""


@dataclass(frozen=True)
class Looked:
    """A quantity or a driver: its kind, what it speaks of (a measure, a service, a stratum), and its value."""

    kind: str
    subject: str
    value: float


@dataclass(frozen=True)
class RateFound:
    """What a schedule gave. `row` counts from 1 and `threshold` is where it begins, where the schedule has rows;
    `parts` has units and rate by stratum where there is a rate for each."""

    kind: str
    value: float
    row: int | None = None
    threshold: float | None = None
    parts: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class MeasureFound:
    """A measure's counts at the level at which the clause settles."""

    measure: str
    numerator: float
    denominator: float
    rate: float


@dataclass(frozen=True)
class GateFound:
    """A gate: what it compares (`kind`, `subject`, `comparison`, `threshold`, `found`), and whether it is open. Gates
    of several parts have those in `parts`, of which `at_least` must be open."""

    kind: str
    subject: str
    open: bool
    comparison: str = ""
    threshold: float | None = None
    found: float | None = None
    at_least: int | None = None
    parts: tuple[GateFound, ...] = ()


@dataclass(frozen=True)
class LimitFound:
    """A limit: its kind, its bound in USD or its rate, and the amount before and after it, USD."""

    kind: str
    bound: float | None
    before_usd: float
    after_usd: float


def subject_of(word: object) -> str:
    """What a quantity or a driver speaks of; '' where it speaks of nothing by name."""
    for name in ("measure", "service", "code_set", "name", "component", "score"):
        found = getattr(word, name, None)
        if isinstance(found, str):
            return found
    stratum = getattr(word, "stratum", "all")
    return "" if stratum == "all" else str(stratum)


def quantity_found(component: Component, view: View, unit: At, place: int) -> Looked:
    """What is paid for."""
    word = component.quantity
    return Looked(word.kind, subject_of(word), unit.at(evaluate.quantity(word, view), place))


def driver_found(word: v.Driver | None, view: View, unit: At, place: int) -> Looked | None:
    """What the rate looks at."""
    return None if word is None else Looked(word.kind, subject_of(word), unit.at(evaluate.driver(word, view), place))


def measures_found(component: Component, view: View, unit: At, place: int) -> Iterator[MeasureFound]:
    """Counts of every measure that the clause mentions."""
    for name in component.measures:
        bottom = unit.at(evaluate.measure_denominator(name, view), place)
        rate = unit.at(evaluate.measure_rate(name, view), place)
        yield MeasureFound(name, rate * bottom, bottom, rate)


# Rates ------------------------------------------------------------------------------------------------


def rate_found(component: Component, view: View, unit: At, place: int) -> RateFound:
    """The rate, and the row of the schedule that gave it."""
    schedule = component.rate
    if isinstance(schedule, v.ByStratum):
        return RateFound(schedule.kind, 0.0, parts=tuple(_strata(component, schedule, view, unit, place)))
    if isinstance(schedule, v.Constant):
        return RateFound(schedule.kind, float(schedule.pays))
    assert component.driver is not None
    driver = evaluate.driver(component.driver, view)
    value = unit.at(evaluate.schedule(schedule, driver), place)
    row = _row(schedule, unit.at(driver, place)) if isinstance(schedule, v.Steps) else None
    threshold = None if not row or not isinstance(schedule, v.Steps) else float(schedule.rows[row - 1].at_least)
    return RateFound(schedule.kind, value, row, threshold)


def _strata(
    component: Component, schedule: v.ByStratum, view: View, unit: At, place: int
) -> Iterator[tuple[str, float, float]]:
    for stratum, rate in schedule.rates.items():
        word = component.quantity.model_copy(update={"stratum": stratum})
        yield stratum, unit.at(evaluate.quantity(word, view), place), float(rate)


def _row(schedule: v.Steps, driver: float) -> int:
    """How many rows are reached: the last of them pays; 0 is below the first."""
    one = schedule.model_copy(update={"otherwise": type(schedule.otherwise)(value=0.0)})
    rows = [row.model_copy(update={"pays": type(row.pays)(value=float(at))}) for at, row in enumerate(one.rows, 1)]
    counted = one.model_copy(update={"rows": tuple(rows)})
    return round(float(evaluate.schedule(counted, np.array([[driver]]))[0, 0]))


# Gates and limits -------------------------------------------------------------------------------------


def gates_found(words: Sequence[v.Gate], view: View, unit: At, place: int) -> Iterator[GateFound]:
    """Every gate, open or shut."""
    return (_gate(word, view, unit, place) for word in words)


def _gate(word: v.Gate, view: View, unit: At, place: int) -> GateFound:
    is_open = unit.at(evaluate.gate(word, view).astype(np.float64), place) > 0
    if isinstance(word, v.Test):
        found = unit.at(evaluate.driver(word.driver, view), place)
        limit = unit.at(evaluate.threshold(word.threshold, view), place)
        return GateFound(word.driver.kind, subject_of(word.driver), is_open, word.comparison, limit, found)
    if isinstance(word, v.WorkflowInPlace):
        return GateFound("workflow", word.workflow, is_open)
    if isinstance(word, v.ProgramJoined):
        return GateFound("program" if word.joined else "program_not_joined", word.program, is_open)
    least = word.at_least if isinstance(word, v.AnyOf) else len(word.of)
    parts = tuple(_gate(part, view, unit, place) for part in word.of)
    return GateFound(word.kind, "", is_open, at_least=least, parts=parts)


def limits_found(component: Component, base: FloatArray, view: View, unit: At, place: int) -> Iterator[LimitFound]:
    """Every limit in the contract's order, with what it does to the amount."""
    amount = base
    for factor in component.multipliers:
        amount = amount * evaluate.scheduled(factor.driver, factor.schedule, view)
    for word in component.limits:
        after = evaluate.limit(word, amount, view)
        yield LimitFound(word.kind, _bound(word, view, unit, place), unit.at(amount, place), unit.at(after, place))
        amount = after


def _bound(word: Any, view: View, unit: At, place: int) -> float | None:
    if isinstance(word, v.Cap | v.Floor):
        return unit.at(evaluate.limit_usd(word, view), place)
    if isinstance(word, v.CreditAgainst):
        return unit.at(view.fact(word.fact), place)
    return float(word.rate)
