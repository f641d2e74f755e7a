"""From a driver to a rate."""

from __future__ import annotations

import numpy as np

from critmass.domain import vocabulary as v
from critmass.settlement.evaluate.dispatch import TOLERANCE, schedule
from critmass.settlement.results import FloatArray

SmallIntArray = np.ndarray[tuple[int, ...], np.dtype[np.int8]]

COUNTED_ROWS = 24
"""Up to this many rows they are counted, beyond it bisection is faster. Below what an int8 can hold."""

FEW_CELLS = 4000
"""Up to this many cells a search for each costs less than passes over all of them."""

_PASSED = {
    (False, True): np.greater_equal,
    (False, False): np.greater,
    (True, True): np.less_equal,
    (True, False): np.less,
}
"""When a row is reached, by `descending` and `inclusive`."""


@schedule.register
def _(word: v.Constant, driver: FloatArray) -> FloatArray:
    return np.full(driver.shape, float(word.pays))


@schedule.register
def _(word: v.Steps, driver: FloatArray) -> FloatArray:
    sign = -1.0 if word.descending else 1.0
    slack = TOLERANCE if word.inclusive else -TOLERANCE
    thresholds = [float(row.at_least) - sign * slack for row in word.rows]
    pays: FloatArray = np.array([float(word.otherwise), *(float(row.pays) for row in word.rows)])
    if len(thresholds) > COUNTED_ROWS:
        ascending = sign * np.array(thresholds)
        return np.asarray(pays[np.searchsorted(ascending, sign * driver, side="right" if word.inclusive else "left")])
    if len(thresholds) == 1 and pays[0] == 0.0:
        return np.asarray(_PASSED[word.descending, word.inclusive](driver, thresholds[0]) * pays[1])
    return chosen(pays, _rows_reached(word, driver, thresholds))


def _rows_reached(word: v.Steps, driver: FloatArray, thresholds: list[float]) -> SmallIntArray:
    """How many rows are reached. Counting whole arrays is ten times faster than bisection for a few rows."""
    passed = _PASSED[word.descending, word.inclusive]
    reached = passed(driver, thresholds[0]).view(np.int8)
    for threshold in thresholds[1:]:
        reached = np.add(reached, passed(driver, threshold), dtype=np.int8)
    return reached


def chosen(values: FloatArray, places: SmallIntArray) -> FloatArray:
    """The values at places of shape (scenario, practice), scenarios side by side in memory as elsewhere."""
    return values.take(places.T.astype(np.intp)).T


@schedule.register
def _(word: v.PiecewiseLinear, driver: FloatArray) -> FloatArray:
    corners = np.array([float(point.at) for point in word.points])
    pays = np.array([float(point.pays) for point in word.points])
    if word.descending:
        corners, driver = -corners, -driver
    jumps = (corners[1:] == corners[:-1]).any()
    paid = _with_jumps(driver, corners, pays) if jumps else _without_jumps(driver, corners, pays)
    if word.rounded_to is not None:
        step = float(word.rounded_to)
        paid = np.floor(paid / step + 0.5 + TOLERANCE) * step
    return np.asarray(paid)


def _without_jumps(driver: FloatArray, corners: FloatArray, pays: FloatArray) -> FloatArray:
    """Linear between corners, as `np.interp`, which searches cell by cell and takes longer for many cells."""
    if driver.size <= FEW_CELLS or len(corners) > COUNTED_ROWS:
        return np.asarray(np.interp(driver, corners, pays))
    passed = (driver >= corners[0]).view(np.int8)
    for corner in corners[1:]:
        passed = np.add(passed, driver >= corner, dtype=np.int8)
    starts, heights = np.append(corners[0], corners), np.append(pays[0], pays)
    slopes = np.concatenate([[0.0], np.diff(pays) / np.diff(corners), [0.0]])
    paid = driver - chosen(starts, passed)
    paid *= chosen(slopes, passed)
    paid += chosen(heights, passed)
    return paid


def _with_jumps(driver: FloatArray, corners: FloatArray, pays: FloatArray) -> FloatArray:
    """Linear between corners; at a corner that is there twice the later one holds."""
    right = np.searchsorted(corners, driver + TOLERANCE, side="right")
    left, right = np.clip(right - 1, 0, None), np.clip(right, None, len(corners) - 1)
    width = corners[right] - corners[left]
    share = np.divide(driver - corners[left], width, out=np.zeros_like(driver), where=width > 0)
    return np.asarray(pays[left] + np.clip(share, 0.0, 1.0) * (pays[right] - pays[left]))


@schedule.register
def _(word: v.Linear, driver: FloatArray) -> FloatArray:
    low = -np.inf if word.at_least is None else float(word.at_least)
    high = np.inf if word.at_most is None else float(word.at_most)
    return np.asarray(np.clip(float(word.base) + float(word.per_unit) * driver, low, high))


@schedule.register
def _(word: v.Brackets, driver: FloatArray) -> FloatArray:
    size, total, lower = np.abs(driver), np.zeros(driver.shape), 0.0
    for band in word.bands:
        upper = np.inf if band.up_to is None else float(band.up_to)
        total = total + float(band.rate) * np.clip(size - lower, 0.0, upper - lower)
        lower = upper
    return np.sign(driver) * total
