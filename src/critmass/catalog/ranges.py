"""Between what values a driver can lie, whatever the results."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from critmass.domain import vocabulary as v

Range = tuple[float, float]
INF = float("inf")
ANYTHING: Range = (-INF, INF)


@singledispatch
def driver_range(word: object) -> Range:
    """The least and the largest value that a driver can take; infinite where nothing bounds it."""
    return ANYTHING


@driver_range.register
def _(word: v.Rate) -> Range:
    return 0.0, 1.0


@driver_range.register
def _(word: v.Improvement) -> Range:
    return (-1.0, 1.0) if word.basis == "absolute" else ANYTHING


@driver_range.register
def _(word: v.Points) -> Range:
    ranges = [_times(_score_range(item), float(item.weight)) for item in word.items]
    low, high = (sum(ends) for ends in zip(*[(min(a, 0.0), max(b, 0.0)) for a, b in ranges], strict=True))
    return float(word.extra) + low, float(word.extra) + high


@driver_range.register
def _(word: v.Composite) -> Range:
    if word.facts:
        return ANYTHING
    ranges = [_score_range(item) for item in word.items] + [part_range(part) for part in word.parts]
    return min(0.0, *(low for low, _ in ranges)), max(0.0, *(high for _, high in ranges))


@driver_range.register
def _(word: v.MeasuresMet) -> Range:
    return 0.0, float(len(word.items))


@driver_range.register
def _(word: v.SavingsRate) -> Range:
    return -INF, 1.0


@driver_range.register
def _(word: v.MembersCount) -> Range:
    return 0.0, INF


@driver_range.register
def _(word: v.Denominator) -> Range:
    return 0.0, INF


@driver_range.register
def _(word: v.PeerPercentile) -> Range:
    return 0.0, 1.0


@driver_range.register
def _(word: v.LastYear) -> Range:
    return driver_range(word.driver)


@driver_range.register
def _(word: v.Sum) -> Range:
    ranges = [_times(part_range(part), float(part.weight)) for part in word.parts]
    low, high = (sum(ends) for ends in zip(*[(min(a, 0.0), max(b, 0.0)) for a, b in ranges], strict=True))
    floor = -INF if word.at_least is None else float(word.at_least)
    cap = INF if word.at_most is None else float(word.at_most)
    return float(np.clip(low, floor, cap)), float(np.clip(high, floor, cap))


@driver_range.register
def _(word: v.Largest) -> Range:
    ranges = [_times(part_range(part), float(part.weight)) for part in word.parts]
    return min(0.0, *(low for low, _ in ranges)), max(0.0, *(high for _, high in ranges))


def part_range(part: v.ScoredPart) -> Range:
    """Range of a scored part before its weight."""
    found = driver_range(part.driver)
    return found if part.schedule is None else schedule_range(part.schedule, found)


def _score_range(item: v.ScoredMeasure) -> Range:
    low, high = schedule_range(item.attainment, (0.0, 1.0))
    if item.improvement is not None:
        more = schedule_range(item.improvement, ANYTHING)
        low, high = max(low, more[0]), max(high, more[1])
    return low, high


def _times(ends: Range, factor: float) -> Range:
    if factor == 0:
        return 0.0, 0.0
    low, high = ends[0] * factor, ends[1] * factor
    return min(low, high), max(low, high)


def schedule_range(table: v.DriverSchedule, driver: Range) -> Range:
    """The least and the largest that a schedule can pay over a driver's range; from outside, not always sharp."""
    if isinstance(table, v.Constant):
        return float(table.pays), float(table.pays)
    if isinstance(table, v.Steps):
        pays = [float(table.otherwise), *(float(row.pays) for row in table.rows)]
        return min(pays), max(pays)
    if isinstance(table, v.PiecewiseLinear):
        pays = [float(point.pays) for point in table.points]
        half = 0.0 if table.rounded_to is None else float(table.rounded_to) / 2
        return min(pays) - half, max(pays) + half
    if isinstance(table, v.Linear):
        low, high = _times(driver, float(table.per_unit))
        floor = -INF if table.at_least is None else float(table.at_least)
        cap = INF if table.at_most is None else float(table.at_most)
        return float(np.clip(float(table.base) + low, floor, cap)), float(np.clip(float(table.base) + high, floor, cap))
    return ANYTHING
