"""From a driver to a rate."""

from __future__ import annotations

import numpy as np

from critmass.domain import vocabulary as v
from critmass.settlement.evaluate.dispatch import TOLERANCE, schedule
from critmass.settlement.results import BoolArray, FloatArray


@schedule.register
def _(word: v.Constant, driver: FloatArray) -> FloatArray:
    return np.full(driver.shape, float(word.pays))


@schedule.register
def _(word: v.Steps, driver: FloatArray) -> FloatArray:
    """The row is found by bisection, so that many rows cost little more than one."""
    sign = -1.0 if word.descending else 1.0
    slack = TOLERANCE if word.inclusive else -TOLERANCE
    thresholds = sign * np.array([float(row.at_least) for row in word.rows]) - slack
    pays: FloatArray = np.array([float(word.otherwise), *(float(row.pays) for row in word.rows)])
    if len(thresholds) == 1:
        return np.asarray(np.where(_passed(sign * driver, float(thresholds[0]), word), pays[1], pays[0]))
    return np.asarray(pays[np.searchsorted(thresholds, sign * driver, side="right" if word.inclusive else "left")])


def _passed(driver: FloatArray, threshold: float, word: v.Steps) -> BoolArray:
    return np.asarray(driver >= threshold if word.inclusive else driver > threshold)


@schedule.register
def _(word: v.PiecewiseLinear, driver: FloatArray) -> FloatArray:
    corners = np.array([float(point.at) for point in word.points])
    pays = np.array([float(point.pays) for point in word.points])
    if word.descending:
        corners, driver = -corners, -driver
    paid = np.interp(driver, corners, pays) if word.is_continuous else _with_jumps(driver, corners, pays)
    if word.rounded_to is not None:
        step = float(word.rounded_to)
        paid = np.floor(paid / step + 0.5 + TOLERANCE) * step
    return np.asarray(paid)


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
