"""Drivers and schedules as rows of a block.

What a measure pays as a function of its closed share is not written a second time: the settlement engine
evaluates it at the corners, and the rows reproduce those values.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.values import Cited
from critmass.formulation.block import Affine, FloatArray, total
from critmass.formulation.curves import EQUAL, MARGIN, hull_of, segments_of
from critmass.formulation.dispatch import driver, quantity
from critmass.formulation.levels import MeasureCounts
from critmass.formulation.reading import Reading
from critmass.formulation.steps import climbing_steps, height_of, passes
from critmass.settlement import evaluate

GRID = 17
"""Points of the grid on which a curve that mixes steps and slopes is seen from above."""


# Schedules ------------------------------------------------------------------------------------------


def corners_of(schedule: v.DriverSchedule) -> list[float]:
    """Driver values at which a schedule jumps or bends."""
    if isinstance(schedule, v.Steps):
        return [float(row.at_least) for row in schedule.rows]
    if isinstance(schedule, v.PiecewiseLinear):
        return _corners_of_curve(schedule)
    if isinstance(schedule, v.Linear):
        slope = float(schedule.per_unit)
        ends = [float(end) for end in (schedule.at_least, schedule.at_most) if end is not None]
        return [(end - float(schedule.base)) / slope for end in ends if slope]
    if isinstance(schedule, v.Brackets):
        ends = [float(band.up_to) for band in schedule.bands if band.up_to is not None]
        return [0.0, *ends, *(-end for end in ends)]
    return []


def _corners_of_curve(schedule: v.PiecewiseLinear) -> list[float]:
    """Its corners, with a point just before every jump, and where rounding jumps on a slope."""
    corners = [float(point.at) for point in schedule.points]
    if schedule.is_continuous:
        return corners
    before = MARGIN if schedule.descending else -MARGIN
    found = [*corners, *(corner + before for corner in corners)]
    if schedule.rounded_to is not None:
        step = float(schedule.rounded_to)
        for low, high in itertools.pairwise(schedule.points):
            pays = sorted((float(low.pays), float(high.pays)))
            rise = float(high.pays) - float(low.pays)
            for half in np.arange(np.floor(pays[0] / step) + 0.5, pays[1] / step, 1.0) if rise else ():
                share = (half * step - float(low.pays)) / rise
                at = float(low.at) + share * (float(high.at) - float(low.at))
                found += [at, at + before]
    return found


def is_continuous(schedule: v.DriverSchedule | None) -> bool:
    """True when the schedule never jumps."""
    return not isinstance(schedule, v.Steps) and (not isinstance(schedule, v.PiecewiseLinear) or schedule.is_continuous)


def is_stepped(schedule: v.DriverSchedule | None) -> bool:
    """True when the schedule only jumps."""
    return schedule is None or isinstance(schedule, v.Steps | v.Constant)


def scheduled(reading: Reading, schedule: v.DriverSchedule | None, word: v.Driver) -> Affine:
    """The rate that a schedule gives for a driver; without one the driver itself."""
    if schedule is None:
        return driver(word, reading)
    if isinstance(schedule, v.Constant):
        return Affine(float(schedule.pays))
    if isinstance(word, v.Rate | v.Improvement):
        item = _as_score(schedule, word)
        return measure_points(reading, item)
    return schedule_of(reading, schedule, driver(word, reading))


def _as_score(schedule: v.DriverSchedule, word: v.Rate | v.Improvement) -> v.ScoredMeasure:
    if isinstance(word, v.Rate):
        return v.ScoredMeasure(measure=word.measure, attainment=schedule)
    nothing = v.Constant(kind="constant", pays=Cited(value=-np.finfo(np.float64).max))
    return v.ScoredMeasure(measure=word.measure, attainment=nothing, improvement=schedule, improvement_basis=word.basis)


def schedule_of(reading: Reading, schedule: v.DriverSchedule, value: Affine) -> Affine:
    """A schedule of an expression that is not one measure's rate."""
    if value.is_constant:
        return Affine(float(evaluate.schedule(schedule, np.array([[value.constant]]))[0, 0]))
    if isinstance(schedule, v.Steps) and not schedule.descending:
        return _steps_of(reading, schedule, value)
    corners, smooth = corners_of(schedule), is_continuous(schedule)
    corners += [] if smooth else [corner + side for corner in corners for side in (-MARGIN, MARGIN)]
    rate, exact = hull_of(
        reading.level.builder, reading.fresh("rate"), value, corners, lambda x: evaluate.schedule(schedule, x)
    )
    reading.approximate(exact and smooth)
    return rate


def _steps_of(reading: Reading, schedule: v.Steps, value: Affine) -> Affine:
    """A table's rate as 0/1 steps, one for each reachable row: see `climbing_steps`."""
    builder = reading.level.builder
    low, high = builder.bounds(value)
    paid, reachable = float(schedule.otherwise), list[tuple[float, float]]()
    for row in schedule.rows:
        threshold, pays = float(row.at_least), float(row.pays)
        if passes(low, threshold, inclusive=schedule.inclusive):
            paid, reachable = pays, []
        elif passes(high, threshold, inclusive=schedule.inclusive):
            reachable.append((height_of(builder, value, threshold, inclusive=schedule.inclusive), pays))
    rate = Affine(paid)
    steps = climbing_steps(builder, reading.fresh("table"), value, [reach for reach, _ in reachable])
    for step, (_, pays) in zip(steps, reachable, strict=True):
        rate = rate + step * (pays - paid)
        reading.approximate(pays >= paid and builder.rises(value))
        paid = pays
    return rate


# Measures -------------------------------------------------------------------------------------------


def measure_points(reading: Reading, item: v.ScoredMeasure) -> Affine:
    """Points of one measure (unweighted): steps on its staircase, or its curve from above."""
    counts = reading.level.counts(item.measure, reading.populations)
    better = reading.level.shared.directions[item.measure]

    def points(closed: FloatArray) -> FloatArray:
        rate = counts.rate(closed)
        attained = evaluate.schedule(item.attainment, rate)
        if item.improvement is None:
            return attained
        target = None if item.improvement_target is None else float(item.improvement_target)
        gain = counts.gain(rate, item.improvement_basis, higher_is_better=better, target=target)
        return np.maximum(attained, evaluate.schedule(item.improvement, gain))

    corners = _closed_corners(item, counts, higher_is_better=better)
    if is_stepped(item.attainment) and is_stepped(item.improvement):
        return stepped(reading, item.measure, corners, points)
    closed = reading.level.closed(item.measure, reading.populations)
    high = reading.level.builder.bounds(closed)[1]
    mixed = is_stepped(item.attainment) != is_stepped(item.improvement) and item.improvement is not None
    mixed = mixed or not (is_continuous(item.attainment) and is_continuous(item.improvement))
    beside = [corner + side for corner in corners for side in (-MARGIN, MARGIN)] if mixed else []
    grid = [*corners, *beside, *(np.linspace(0.0, high, GRID) if item.improvement is not None else ())]
    if reading.level.practice is None and not mixed:
        return _pooled_points(reading, item, closed, grid, points)
    value, exact = hull_of(reading.level.builder, reading.fresh("points"), closed, grid, points)
    reading.approximate(exact and not mixed)
    return value


def _pooled_points(
    reading: Reading, item: v.ScoredMeasure, closed: Affine, grid: list[float],
    points: Callable[[FloatArray], FloatArray],
) -> Affine:  # fmt: skip
    """The organization has one curve per measure and schedule, so it is worth its 0/1 variables."""
    key = (item.measure, reading.populations, item.attainment, item.improvement, item.improvement_basis)
    known = reading.level.curves
    heights = points(np.array(sorted({0.0, *(at for at in grid if at > 0.0)})))
    reading.approximate(bool((np.diff(heights) >= -EQUAL).all()))
    if key not in known:
        known[key] = segments_of(reading.level.builder, reading.fresh("points"), closed, grid, points)
    return known[key]


def _closed_corners(item: v.ScoredMeasure, counts: MeasureCounts, *, higher_is_better: bool) -> list[float]:
    rates = corners_of(item.attainment)
    if item.improvement is not None and counts.has_prior:
        sign = 1.0 if higher_is_better else -1.0
        before = counts.prior_rate
        room = {
            "absolute": 1.0,
            "relative": before,
            "gap_share": 1.0 - before if higher_is_better else before,
            "target_share": sign * (float(item.improvement_target or 0.0) - before),
        }
        rates = rates + [before + sign * gain * room[item.improvement_basis] for gain in corners_of(item.improvement)]
    found = (counts.closed_at(rate) for rate in rates)
    return sorted({closed for closed in found if closed is not None})


def stepped(reading: Reading, measure: str, corners: list[float], points: Callable[[FloatArray], FloatArray]) -> Affine:
    """A step function of a measure's closed share, on the measure's staircase.

    A step is a little beyond its corner, but not beyond the largest closed share, which may meet the corner exactly.
    """
    closed = reading.level.closed(measure, reading.populations)
    high = reading.level.builder.bounds(closed)[1]
    reached = [min(corner + MARGIN, high) for corner in corners if corner <= high + MARGIN]
    reached = [reach for reach in reached if reach > EQUAL]
    paid, *after = points(np.array([0.0, *reached])).tolist()
    result = Affine(paid)
    for reach, now in zip(reached, after, strict=True):
        if now < paid - EQUAL:
            reading.approximate(False)
            result = result + reading.level.builder.variable(f"fall[{reading.fresh('fall')}]", now - paid, 0.0)
            paid = now
        elif now > paid + EQUAL:
            result = result + reading.level.staircase(measure, reading.populations).step(reach) * (now - paid)
            paid = now
    return result


# Drivers --------------------------------------------------------------------------------------------


@driver.register
def _(word: v.Rate, reading: Reading) -> Affine:
    counts = reading.level.counts(word.measure, reading.populations)
    if counts.denominator <= 0:
        return Affine()
    closed = reading.level.closed(word.measure, reading.populations)
    return closed * (counts.gap / counts.denominator) + counts.numerator / counts.denominator


@driver.register
def _(word: v.Improvement, reading: Reading) -> Affine:
    counts = reading.level.counts(word.measure, reading.populations)
    better = reading.level.shared.directions[word.measure]
    ends = counts.gain(counts.rate(np.array([0.0, 1.0])), word.basis, higher_is_better=better)
    closed = reading.level.closed(word.measure, reading.populations)
    return closed * float(ends[1] - ends[0]) + float(ends[0])


@driver.register
def _(word: v.Points, reading: Reading) -> Affine:
    score = Affine(float(word.extra))
    for item in word.items:
        if reading.level.counts(item.measure, reading.populations).denominator > 0:
            score = score + measure_points(reading, item) * float(item.weight)
    return score


@driver.register
def _(word: v.Composite, reading: Reading) -> Affine:
    score, possible = Affine(), 0.0
    for item in word.items:
        counts = reading.level.counts(item.measure, reading.populations)
        if counts.denominator >= float(word.minimum_denominator) - evaluate.TOLERANCE:
            score = score + measure_points(reading, item) * float(item.weight)
            possible += float(item.weight)
    for part in word.facts:
        if not reading.number(evaluate.known, v.Fact(kind="fact", name=part.name)):
            continue
        score = score + reading.number(evaluate.driver, v.Fact(kind="fact", name=part.name)) * float(part.weight)
        possible += float(part.weight)
    for inner in word.parts:
        if reading.number(evaluate.known, inner.driver) > 0:
            score = score + scheduled(reading, inner.schedule, inner.driver) * float(inner.weight)
            possible += float(inner.weight)
    return score * (1.0 / possible) if possible > 0 else Affine()


@driver.register
def _(word: v.Sum, reading: Reading) -> Affine:
    parts = [
        scheduled(reading, part.schedule, part.driver) * float(part.weight)
        for part in word.parts
        if reading.number(evaluate.known, part.driver) > 0
    ]
    low = -np.inf if word.at_least is None else float(word.at_least)
    high = np.inf if word.at_most is None else float(word.at_most)
    held, exact = hull_of(
        reading.level.builder, reading.fresh("sum"), total(parts), [low, high], lambda x: np.clip(x, low, high)
    )
    reading.approximate(exact)
    return held


@driver.register
def _(word: v.Largest, reading: Reading) -> Affine:
    """A number between the least and the largest that any part can be: from above where two parts can move."""
    parts = [
        scheduled(reading, part.schedule, part.driver) * float(part.weight)
        for part in word.parts
        if reading.number(evaluate.known, part.driver) > 0
    ]
    moving = [part for part in parts if not part.is_constant]
    least = max((part.constant for part in parts if part.is_constant), default=-np.inf)
    if len(moving) <= 1:
        value = moving[0] if moving else Affine(least if parts else 0.0)
        held, exact = hull_of(
            reading.level.builder, reading.fresh("largest"), value, [least], lambda x: np.maximum(x, least)
        )
        reading.approximate(exact)
        return held
    reading.approximate(False)
    ends = [reading.level.builder.bounds(part) for part in parts]
    low, high = max(end[0] for end in ends), max(end[1] for end in ends)
    return reading.level.builder.variable(f"largest[{reading.fresh('largest')}]", low, high)


@driver.register
def _(word: v.Gain, reading: Reading) -> Affine:
    if not reading.number(evaluate.known, word):
        return Affine()
    now, before = driver(word.of, reading), driver(word.over, reading)
    if word.basis == "absolute":
        return now - before
    return (now - before) * (1.0 / before.constant) if before.constant > 0 else Affine()


@driver.register
def _(word: v.Ratio, reading: Reading) -> Affine:
    below = reading.number(evaluate.quantity, word.over)
    return quantity(word.of, reading) * (1.0 / below) if below > 0 else Affine()


@driver.register
def _(word: v.MeasuresMet, reading: Reading) -> Affine:
    met = Affine()
    for item in word.items:
        counts = reading.level.counts(item.measure, reading.populations)
        if counts.denominator > 0:
            met = met + target_met(reading, item)
    return met


@driver.register
def _(word: v.SavingsRate, reading: Reading) -> Affine:
    benchmark = reading.number(evaluate.quantity, v.BenchmarkExpenditure(kind="benchmark_expenditure"))
    if benchmark <= 0:
        return Affine()
    base = reading.number(evaluate.quantity, v.Savings(kind="savings"))
    return (reading.level.savings_gain(reading.populations) + base) * (1.0 / benchmark)


def target_met(reading: Reading, item: v.MeasureTarget) -> Affine:
    """1 when a measure reaches its target."""
    better = reading.level.shared.directions[item.measure]
    counts = reading.level.counts(item.measure, reading.populations)
    sign, target = (1.0 if better else -1.0), float(item.target)

    def met(closed: FloatArray) -> FloatArray:
        return np.asarray(sign * (counts.rate(closed) - target) >= -evaluate.TOLERANCE, dtype=np.float64)

    corner = counts.closed_at(target)
    return stepped(reading, item.measure, [] if corner is None else [corner], met)
