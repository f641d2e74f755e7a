"""Why a payment falls as performance improves, as far as its words tell."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Literal

from pydantic import BaseModel

from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.programs import Component
from critmass.domain.walk import words_in
from critmass.studies.typical import SAVINGS_WORDS

Reason = Literal[
    "improvement", "open_gaps", "inverse_count", "falling_schedule", "closing_gate", "taken_back", "expenditure",
    "penalty",
]  # fmt: skip
"""A word for each cause of a fall; `critmass.report.monotone` says them in sentences."""

_CENT = 0.01
_Schedule = v.DriverSchedule | v.ByStratum


class _Moved:
    """What moves: a measure, or savings; and which way is good."""

    def __init__(self, catalog: Catalog, driver: str, way: str) -> None:
        self.driver, self.way = driver, way
        measure = catalog.measures.get(driver) if way != "savings" else None
        self.inverse = measure is not None and not measure.higher_is_better

    def is_in(self, word: object) -> bool:
        """Whether a word, or anything inside it, looks at what moves."""
        if self.way == "savings":
            return any(isinstance(inner, SAVINGS_WORDS) for inner in words_in(word))
        return any(getattr(inner, "measure", None) == self.driver for inner in words_in(word))

    def lowers(self, driver: BaseModel) -> bool:
        """Whether the driver itself goes down as performance improves."""
        if self.way == "savings":
            return isinstance(driver, v.Ratio) and any(isinstance(word, v.Expenditure) for word in words_in(driver.of))
        return self.inverse and isinstance(driver, v.Rate)


def reasons_of(
    catalog: Catalog, component: Component, driver: str, way: str, lowest_usd: float
) -> tuple[Reason, ...]:  # fmt: skip
    """Every reason that the words of a component give for a fall along a driver, the most telling first.

    `lowest_usd` is the least that it pays where it falls. Nothing where the words do not tell.
    """
    moved = _Moved(catalog, driver, way)
    told = tuple(reason for reason, holds in _TOLD.items() if holds(component, moved))
    return told or (("penalty",) if lowest_usd < -_CENT else ())


def _improvement(component: Component, moved: _Moved) -> bool:
    return moved.way == "year_to_year" and any(_asks_for_gain(word, moved) for word in words_in(component))


def _asks_for_gain(word: BaseModel, moved: _Moved) -> bool:
    if isinstance(word, v.ScoredMeasure):
        return word.improvement is not None and moved.is_in(word)
    return isinstance(word, v.Improvement | v.Gain) and moved.is_in(word)


def _open_gaps(component: Component, moved: _Moved) -> bool:
    counted = (word for word in words_in(component) if isinstance(word, v.GapsClosed))
    return moved.way == "year_to_year" and any(moved.is_in(word) for word in counted)


def _inverse_count(component: Component, moved: _Moved) -> bool:
    counted = (word for word in words_in(component) if isinstance(word, v.Numerator | v.GapsClosed))
    return moved.inverse and any(moved.is_in(word) for word in counted)


def _falling_schedule(component: Component, moved: _Moved) -> bool:
    return any(_falls(schedule, downward=downward) for downward, schedule in _schedules(component, moved))


def _closing_gate(component: Component, moved: _Moved) -> bool:
    tests = (word for word in words_in(component) if isinstance(word, v.Test))
    return any(moved.is_in(test.driver) and test.opens_downward != moved.lowers(test.driver) for test in tests)


def _taken_back(component: Component, moved: _Moved) -> bool:
    return any(isinstance(word, v.PaidBy) for word in words_in(component))


def _expenditure(component: Component, moved: _Moved) -> bool:
    counted = (component.quantity, component.limits, component.prepaid)
    return moved.way == "savings" and any(isinstance(word, v.Expenditure) for word in words_in(counted))


_TOLD: dict[Reason, Callable[[Component, _Moved], bool]] = {
    "improvement": _improvement,
    "open_gaps": _open_gaps,
    "inverse_count": _inverse_count,
    "falling_schedule": _falling_schedule,
    "closing_gate": _closing_gate,
    "taken_back": _taken_back,
    "expenditure": _expenditure,
}


# Schedules that fall ----------------------------------------------------------------------------------


def _schedules(component: Component, moved: _Moved) -> Iterator[tuple[bool, _Schedule]]:
    """Schedules of drivers that move; and whether the driver goes down as performance improves."""
    for word in words_in(component):
        if isinstance(word, v.ScoredMeasure) and moved.is_in(word):
            yield moved.inverse, word.attainment
        driver = getattr(word, "driver", None)
        schedule = getattr(word, "rate" if isinstance(word, Component) else "schedule", None)
        if driver is not None and schedule is not None and moved.is_in(driver):
            yield moved.lowers(driver), schedule


def _falls(schedule: _Schedule, *, downward: bool) -> bool:
    """Whether a schedule pays less somewhere as its driver goes up, or down."""
    heights = _heights(schedule)
    if downward:
        heights = heights[::-1]
    return any(after < before for before, after in itertools.pairwise(heights))


def _heights(schedule: _Schedule) -> list[float]:
    """What a schedule pays from the lowest value of its driver to the highest."""
    if isinstance(schedule, v.Steps):
        rows = [float(schedule.otherwise), *(float(row.pays) for row in schedule.rows)]
        return rows[::-1] if schedule.descending else rows
    if isinstance(schedule, v.PiecewiseLinear):
        corners = [float(point.pays) for point in schedule.points]
        return corners[::-1] if schedule.descending else corners
    if isinstance(schedule, v.Linear):
        return [0.0, float(schedule.per_unit)]
    if isinstance(schedule, v.Brackets):
        return [0.0, *(min(float(band.rate), 0.0) for band in schedule.bands)]
    return []
