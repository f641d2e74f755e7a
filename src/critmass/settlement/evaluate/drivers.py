"""What a rate or a gate looks at."""

from __future__ import annotations

from functools import reduce, singledispatch

import numpy as np

from critmass.domain import vocabulary as v
from critmass.settlement.evaluate.dispatch import TOLERANCE, driver, driver_of, quantity, ratio, schedule
from critmass.settlement.evaluate.peers import peer_percentile
from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.view import View


def scheduled(word: v.Driver, table: v.DriverSchedule | None, view: View) -> FloatArray:
    """A schedule of a driver, or the driver itself."""
    found = driver(word, view)
    return found if table is None else schedule(table, found)


@driver_of.register
def _(word: v.Rate, view: View) -> FloatArray:
    return measure_rate(word.measure, view)


@driver_of.register
def _(word: v.Improvement, view: View) -> FloatArray:
    return improvement(word.measure, word.basis, view)


@driver_of.register
def _(word: v.Points, view: View) -> FloatArray:
    total = np.full((1, 1), float(word.extra))
    for item in word.items:
        weight = np.where(measure_denominator(item.measure, view) > 0, float(item.weight), 0.0)
        total = total + weight * measure_score(item, view)
    return total


@driver_of.register
def _(word: v.Composite, view: View) -> FloatArray:
    earned, possible = np.zeros((1, 1)), np.zeros((1, 1))
    for item in word.items:
        weight = np.where(_counts(item, word, view), float(item.weight), 0.0)
        earned, possible = earned + weight * measure_score(item, view), possible + weight
    for name, share in ((part.name, float(part.weight)) for part in word.facts):
        found, reported = view.fact_if_known(name)
        weight = np.where(reported, share, 0.0)
        earned, possible = earned + weight * found, possible + weight
    for inner in word.parts:
        weight = np.where(known(inner.driver, view), float(inner.weight), 0.0)
        found = _part(inner, view)
        earned, possible = earned + weight * found, possible + weight
    return ratio(earned, possible)


def _counts(item: v.ScoredMeasure, word: v.Composite, view: View) -> BoolArray:
    return np.asarray(measure_denominator(item.measure, view) >= float(word.minimum_denominator) - TOLERANCE)


def _part(part: v.ScoredPart, view: View) -> FloatArray:
    """A part's contribution before its weight; 0 where nothing is known of it."""
    if isinstance(part.driver, v.Fact):
        found, reported = view.fact_if_known(part.driver.name)
        return np.where(reported, found if part.schedule is None else schedule(part.schedule, found), 0.0)
    return scheduled(part.driver, part.schedule, view)


@driver_of.register
def _(word: v.MeasuresMet, view: View) -> FloatArray:
    met = np.zeros((1, 1))
    for item in word.items:
        present = measure_denominator(item.measure, view) > 0
        met = met + (present & target_met(item, view))
    return met


@driver_of.register
def _(word: v.SavingsRate, view: View) -> FloatArray:
    return ratio(quantity(v.Savings(kind="savings"), view), view.count(view.results.benchmark_usd(view.populations)))


@driver_of.register
def _(word: v.Ratio, view: View) -> FloatArray:
    return ratio(quantity(word.of, view), quantity(word.over, view))


@driver_of.register
def _(word: v.MembersCount, view: View) -> FloatArray:
    return view.members(word.stratum, whole_panel=word.whole_panel)


@driver_of.register
def _(word: v.Denominator, view: View) -> FloatArray:
    return measure_denominator(word.measure, view)


@driver_of.register
def _(word: v.Fact, view: View) -> FloatArray:
    return view.fact(word.name)


@driver_of.register
def _(word: v.Sum, view: View) -> FloatArray:
    total = np.zeros((1, 1))
    for part in word.parts:
        total = total + np.where(known(part.driver, view), float(part.weight) * _part(part, view), 0.0)
    low = -np.inf if word.at_least is None else float(word.at_least)
    high = np.inf if word.at_most is None else float(word.at_most)
    return np.asarray(np.clip(total, low, high))


@driver_of.register
def _(word: v.Largest, view: View) -> FloatArray:
    largest = np.full((1, 1), -np.inf)
    for part in word.parts:
        worth = np.where(known(part.driver, view), float(part.weight) * _part(part, view), -np.inf)
        largest = np.maximum(largest, worth)
    return np.where(np.isfinite(largest), largest, 0.0)


@driver_of.register
def _(word: v.Gain, view: View) -> FloatArray:
    now, before = driver(word.of, view), driver(word.over, view)
    gain = now - before
    if word.basis == "relative":
        gain = ratio(gain, before)
    return np.where(known(word.of, view) & known(word.over, view), gain, 0.0)


@driver_of.register
def _(word: v.LastYear, view: View) -> FloatArray:
    return driver(word.driver, view.last_year())


@driver_of.register
def _(word: v.PeerPercentile, view: View) -> FloatArray:
    return peer_percentile(word, view)


# What is known ---------------------------------------------------------------------------------------


@singledispatch
def known(word: object, view: View) -> BoolArray:
    """Where a driver says anything: facts that are reported, measures that have a denominator."""
    return np.ones((1, 1), dtype=np.bool_)


@known.register
def _(word: v.Fact, view: View) -> BoolArray:
    return view.fact_if_known(word.name)[1]


@known.register
def _(word: v.Rate, view: View) -> BoolArray:
    return np.asarray(measure_denominator(word.measure, view) > 0)


@known.register
def _(word: v.Improvement, view: View) -> BoolArray:
    now = measure_denominator(word.measure, view) > 0
    return np.asarray(now & (view.count(view.results.prior_rate(word.measure, view.populations)[1]) > 0))


@known.register
def _(word: v.Points, view: View) -> BoolArray:
    return _any_known([measure_denominator(item.measure, view) > 0 for item in word.items])


@known.register
def _(word: v.Composite, view: View) -> BoolArray:
    found = [_counts(item, word, view) for item in word.items]
    found += [view.fact_if_known(part.name)[1] for part in word.facts]
    return _any_known(found + [known(part.driver, view) for part in word.parts])


@known.register
def _(word: v.Sum | v.Largest, view: View) -> BoolArray:
    return _any_known([known(part.driver, view) for part in word.parts])


@known.register
def _(word: v.Gain, view: View) -> BoolArray:
    return np.asarray(known(word.of, view) & known(word.over, view))


@known.register
def _(word: v.LastYear, view: View) -> BoolArray:
    return known(word.driver, view.last_year())


def _any_known(parts: list[BoolArray]) -> BoolArray:
    return reduce(np.logical_or, parts)


# Measures --------------------------------------------------------------------------------------------


def measure_denominator(measure: str, view: View) -> FloatArray:
    """Eligible members at the view's level."""
    return view.once(("denominator", measure), lambda: view.count(view.results.denominator(measure, view.populations)))


def measure_numerator(measure: str, view: View) -> FloatArray:
    """Compliant members at the view's level."""
    return view.once(("numerator", measure), lambda: view.count(view.results.numerator(measure, view.populations)))


def measure_rate(measure: str, view: View) -> FloatArray:
    """Numerator over denominator, a fraction; 0 without a denominator."""
    return ratio(measure_numerator(measure, view), measure_denominator(measure, view))


def prior_rate(measure: str, view: View) -> FloatArray:
    """Last year's rate, a fraction."""
    top, bottom = view.results.prior_rate(measure, view.populations)
    return ratio(view.count(top), view.count(bottom))


def improvement(measure: str, basis: str, view: View, target: float | None = None) -> FloatArray:
    """Gain over last year in the good direction, in the contract's basis; 0 without a prior year."""
    better = view.higher_is_better(measure)
    before, now = prior_rate(measure, view), measure_rate(measure, view)
    gain = improvement_from(before, now, basis, higher_is_better=better, target=target)
    has_prior = view.count(view.results.prior_rate(measure, view.populations)[1]) > 0
    return np.where(has_prior, gain, 0.0)


def improvement_from(
    before: FloatArray, now: FloatArray, basis: str, *, higher_is_better: bool, target: float | None = None
) -> FloatArray:
    """Gain from one rate to another; see `critmass.domain.drivers` for the bases. 0 where there was no room.

    Whoever was at the target already and gained further covered the whole way.
    """
    sign = 1.0 if higher_is_better else -1.0
    gain = sign * (now - before)
    if basis == "absolute":
        return gain
    if basis == "target_share" and target is not None:
        way = np.asarray(sign * (target - before))
        return np.where(way > 0, ratio(gain, way), (gain > 0) * 1.0)
    room = before if basis == "relative" else (1.0 - before if higher_is_better else before)
    return ratio(gain, np.asarray(room))


def measure_score(item: v.ScoredMeasure, view: View) -> FloatArray:
    """Points of one measure: the larger of attainment and improvement."""
    attained = schedule(item.attainment, measure_rate(item.measure, view))
    if item.improvement is None:
        return attained
    target = None if item.improvement_target is None else float(item.improvement_target)
    gain = improvement(item.measure, item.improvement_basis, view, target)
    return np.maximum(attained, schedule(item.improvement, gain))


def target_met(item: v.MeasureTarget, view: View) -> BoolArray:
    """Whether a measure's target is reached in its good direction."""
    sign = 1.0 if view.higher_is_better(item.measure) else -1.0
    return np.asarray(sign * (measure_rate(item.measure, view) - float(item.target)) >= -TOLERANCE)
