"""One-dimensional functions as linear rows: upper hulls, products, staircases."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from critmass.formulation.block import Affine, BlockBuilder, FloatArray

MARGIN = 1e-7
"""How far beyond a threshold the model asks a driver to go, so that settlement surely sees it reached."""

EQUAL = 1e-9


def upper_hull(x: FloatArray, y: FloatArray) -> list[int]:
    """Positions of the corners of the least concave function above the points; x rises."""
    hull: list[int] = []
    for place in range(len(x)):
        while len(hull) >= 2 and _below(x, y, hull[-2], hull[-1], place):
            hull.pop()
        hull.append(place)
    return hull


def _below(x: FloatArray, y: FloatArray, left: int, middle: int, right: int) -> bool:
    chord = y[left] + (y[right] - y[left]) * (x[middle] - x[left]) / (x[right] - x[left])
    return bool(y[middle] <= chord + EQUAL)


def is_concave(x: FloatArray, y: FloatArray) -> bool:
    """True when the points lie on their own upper hull."""
    hull = upper_hull(x, y)
    scale = max(1.0, float(np.abs(y).max()))
    return bool(np.all(np.interp(x, x[hull], y[hull]) - y <= EQUAL * scale))


def hull_of(
    builder: BlockBuilder, name: str, driver: Affine, corners: list[float],
    function: Callable[[FloatArray], FloatArray],
) -> tuple[Affine, bool]:  # fmt: skip
    """A function of an expression, from above: its upper hull over the expression's range.

    `corners` are the points between which the function is linear. Returns the value and whether it is
    exact: the function is concave there, and a driver that is left lower than it is does not pay more. Where
    it is not exact, the value can be left as low as the function itself. Family `value_on_hull`.
    """
    low, high = builder.bounds(driver)
    if high - low <= EQUAL:
        return Affine(float(function(np.array([low]))[0])), True
    x = np.array(sorted({low, high, *(corner for corner in corners if low < corner < high)}))
    y = np.asarray(function(x), dtype=np.float64)
    hull, concave = upper_hull(x, y), is_concave(x, y)
    exact = concave and _pays_no_more_below(builder, driver, y)
    if len(hull) == 2 and concave:
        slope = (y[-1] - y[0]) / (x[-1] - x[0])
        return (driver - low) * float(slope) + float(y[0]), exact
    value = builder.variable(f"hull[{name}]", float(y.min()), float(y.max()))
    for left, right in itertools.pairwise(hull):
        slope = float((y[right] - y[left]) / (x[right] - x[left]))
        line = (driver - float(x[left])) * slope + float(y[left])
        builder.at_most(f"value_on_hull[{name},{left}]", value, line)
    return value, exact


def _pays_no_more_below(builder: BlockBuilder, driver: Affine, y: FloatArray) -> bool:
    rising, falling = bool((np.diff(y) >= -EQUAL).all()), bool((np.diff(y) <= EQUAL).all())
    return (rising and builder.rises(driver)) or (falling and builder.rises(-driver)) or builder.follows(driver)


def segments_of(
    builder: BlockBuilder, name: str, driver: Affine, corners: list[float],
    function: Callable[[FloatArray], FloatArray],
) -> Affine:  # fmt: skip
    """A piecewise linear function of an expression, exactly: its range is filled segment by segment.

    Families `segments_fill_driver` and, where a steeper segment follows any flatter one, `segment_full` and
    `segment_open` (the steeper one waits until the flatter one is full).
    """
    low, high = builder.bounds(driver)
    if high - low <= EQUAL:
        return Affine(float(function(np.array([low]))[0]))
    x = np.array(sorted({low, high, *(corner for corner in corners if low < corner < high)}))
    y = np.asarray(function(x), dtype=np.float64)
    slopes, lengths = np.diff(y) / np.diff(x), np.diff(x)
    filled, value = Affine(low), Affine(float(y[0]))
    for place, (slope, length) in enumerate(zip(slopes, lengths, strict=True)):
        part = builder.variable(f"segment[{name},{place}]", 0.0, float(length))
        if place and slope > slopes[:place].min() + EQUAL:
            opened = builder.binary(f"segment_open[{name},{place}]")
            for before in range(place):
                earlier = builder.get(f"segment[{name},{before}]")
                builder.at_least(f"segment_full[{name},{place},{before}]", earlier, opened * float(lengths[before]))
            builder.at_most(f"segment_open[{name},{place}]", part, opened * float(length))
        filled, value = filled + part, value + part * float(slope)
    builder.at_least(f"segments_fill_driver[{name}]", driver, filled)
    return value


def product(builder: BlockBuilder, name: str, left: Affine, right: Affine) -> tuple[Affine, bool]:
    """left x right, from above. Exact when one is constant or a sum of 0/1 variables, and the other not negative.

    A switch that only follows from decisions could be left off to avoid a loss. Family `product_of_decisions`:
    McCormick rows, which are exact where a factor is 0/1.
    """
    if left.is_constant:
        return right * left.constant, True
    if right.is_constant:
        return left * right.constant, True
    for amount, switch in ((left, right), (right, left)):
        if all(builder.is_binary(index) for index, value in switch.terms.items() if value):
            parts = [
                _switched(builder, f"{name},{index}", amount, index) * value
                for index, value in switch.terms.items()
                if value
            ]
            gains = builder.rises(amount) and builder.bounds(amount)[0] >= 0.0
            return amount * switch.constant + _sum(parts), gains or builder.follows(switch)
    return _mccormick(builder, name, left, right), False


def _sum(parts: list[Affine]) -> Affine:
    result = Affine()
    for part in parts:
        result = result + part
    return result


def _switched(builder: BlockBuilder, name: str, amount: Affine, index: int) -> Affine:
    low, high = builder.bounds(amount)
    switch = Affine(0.0, {index: 1.0})
    value = builder.variable(f"product[{name}]", min(low, 0.0), max(high, 0.0))
    builder.at_most(f"product_of_decisions[{name},on]", value, amount - (switch * -low + low))
    builder.at_most(f"product_of_decisions[{name},off]", value, switch * high)
    builder.at_least(f"product_of_decisions[{name},on_low]", value, amount - (switch * -high + high))
    builder.at_least(f"product_of_decisions[{name},off_low]", value, switch * low)
    return value


def _mccormick(builder: BlockBuilder, name: str, left: Affine, right: Affine) -> Affine:
    (a, b), (c, d) = builder.bounds(left), builder.bounds(right)
    corners = (a * c, a * d, b * c, b * d)
    value = builder.variable(f"product[{name}]", min(corners), max(corners))
    builder.at_most(f"product_of_decisions[{name},1]", value, right * b + left * c - b * c)
    builder.at_most(f"product_of_decisions[{name},2]", value, right * a + left * d - a * d)
    return value


class Staircase:
    """All thresholds on one closed share: one chain of 0/1 steps, in rising order.

    `climbed` is what takes the steps, and `height_of` how much of it a threshold on the closed share needs: the
    closed share itself, or what drives it. Families `staircase_reached` (what is climbed covers the steps
    taken) and `staircase_order` (a step is taken only after the one below).
    """

    def __init__(self, builder: BlockBuilder, name: str, climbed: Affine, height_of: Callable[[float], float]) -> None:
        self._builder, self._name, self._climbed, self._height_of = builder, name, climbed, height_of
        self._steps: dict[float, Affine] = {}
        self._thresholds: dict[float, float] = {}

    def step(self, threshold: float) -> Affine:
        """The 0/1 step of a threshold on the closed share, shared by all who ask for the same one."""
        key = round(threshold, 9)
        if key not in self._steps:
            self._steps[key] = self._builder.binary(f"step[{self._name},{key:.6f},{len(self._steps)}]")
            self._thresholds[key] = threshold
        return self._steps[key]

    def heights(self) -> list[tuple[Affine, float]]:
        """The steps in rising order, each with how much has to be climbed for it."""
        return [(step, self._height_of(self._thresholds[key])) for key, step in sorted(self._steps.items())]

    def finish(self) -> None:
        """Write the rows, once all thresholds are known."""
        covered, below, before = Affine(), 0.0, None
        for place, (step, height) in enumerate(self.heights()):
            if before is not None:
                self._builder.at_most(f"staircase_order[{self._name},{place}]", step, before)
            covered, below, before = covered + step * (height - below), height, step
        if self._steps:
            self._builder.at_least(f"staircase_reached[{self._name}]", self._climbed, covered)
