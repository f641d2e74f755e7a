"""What each word of the contract vocabulary evaluates to.

Every function takes a piece of a contract and a `View`, and returns an array of the view's shape:
(scenario, practice), or (scenario, 1) at organization level. Money is USD, rates are fractions.
"""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.values import Cited
from critmass.settlement.results import BoolArray, FloatArray, View

TOLERANCE = 1e-9
"""How far a driver may fall short of a threshold by floating-point error and still reach it."""


def ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    """top / bottom, and 0 where the bottom is 0."""
    top, bottom = np.broadcast_arrays(top, bottom)
    return np.divide(top, bottom, out=np.zeros(top.shape), where=bottom > 0)


# Quantities ------------------------------------------------------------------------------------------


@singledispatch
def quantity(word: object, view: View) -> FloatArray:
    """How much is paid for, in the quantity's own unit."""
    raise TypeError(f"no such quantity: {word!r}")


@quantity.register
def _(word: v.MemberMonths, view: View) -> FloatArray:
    return view.count(view.results.member_months(view.populations, word.stratum))


@quantity.register
def _(word: v.Members, view: View) -> FloatArray:
    return view.count(view.results.member_months(view.populations, word.stratum)) / 12.0


@quantity.register
def _(word: v.Events, view: View) -> FloatArray:
    events = view.results.events(word.service, view.populations)
    if word.max_per_member is not None:
        limit = float(word.max_per_member) * view.results.members(view.populations, word.stratum)
        events = np.minimum(events, limit)
    return view.count(events)


@quantity.register
def _(word: v.Numerator, view: View) -> FloatArray:
    return view.count(view.results.numerator(word.measure, view.populations))


@quantity.register
def _(word: v.GapsClosed, view: View) -> FloatArray:
    compliant = view.results.numerator(word.measure, view.populations)
    return view.count(np.maximum(compliant - view.results.carried_numerator(word.measure, view.populations), 0.0))


@quantity.register
def _(word: v.AllowedCharges, view: View) -> FloatArray:
    return view.count(view.results.allowed_usd(word.code_set, view.populations))


@quantity.register
def _(word: v.Savings, view: View) -> FloatArray:
    results = view.results
    return view.count(results.benchmark_usd(view.populations) - results.expenditure_usd(view.populations))


@quantity.register
def _(word: v.BenchmarkExpenditure, view: View) -> FloatArray:
    return view.count(view.results.benchmark_usd(view.populations))


@quantity.register
def _(word: v.Lump, view: View) -> FloatArray:
    members = view.count(view.results.members(view.populations, "all"))
    return (members > 0).astype(np.float64)


@quantity.register
def _(word: v.FactAmount, view: View) -> FloatArray:
    return view.answer(view.results.fact(word.name))


# Schedules -------------------------------------------------------------------------------------------


@singledispatch
def schedule(word: object, driver: FloatArray) -> FloatArray:
    """The rate that a schedule gives for a driver."""
    raise TypeError(f"no such schedule: {word!r}")


@schedule.register
def _(word: v.Constant, driver: FloatArray) -> FloatArray:
    return np.full(driver.shape, float(word.pays))


@schedule.register
def _(word: v.Steps, driver: FloatArray) -> FloatArray:
    paid = np.full(driver.shape, float(word.otherwise))
    for row in word.rows:
        paid = np.where(reached(driver, float(row.at_least), word), float(row.pays), paid)
    return paid


def reached(driver: FloatArray, threshold: float, word: v.Steps) -> BoolArray:
    """Whether a step's threshold is reached, from above where the steps descend."""
    sign = -1.0 if word.descending else 1.0
    distance = sign * (driver - threshold)
    return np.asarray(distance >= -TOLERANCE if word.inclusive else distance > TOLERANCE)


@schedule.register
def _(word: v.PiecewiseLinear, driver: FloatArray) -> FloatArray:
    corners = [float(point.at) for point in word.points]
    return np.interp(driver, corners, [float(point.pays) for point in word.points])


@schedule.register
def _(word: v.Brackets, driver: FloatArray) -> FloatArray:
    size, total, lower = np.abs(driver), np.zeros(driver.shape), 0.0
    for band in word.bands:
        upper = np.inf if band.up_to is None else float(band.up_to)
        total = total + float(band.rate) * np.clip(size - lower, 0.0, upper - lower)
        lower = upper
    return np.sign(driver) * total


# Drivers ---------------------------------------------------------------------------------------------


@singledispatch
def driver(word: object, view: View) -> FloatArray:
    """What a rate or a gate looks at."""
    raise TypeError(f"no such driver: {word!r}")


@driver.register
def _(word: v.Rate, view: View) -> FloatArray:
    return measure_rate(word.measure, view)


@driver.register
def _(word: v.Improvement, view: View) -> FloatArray:
    return improvement(word.measure, word.basis, view)


@driver.register
def _(word: v.Points, view: View) -> FloatArray:
    total = np.full((1, 1), float(word.extra))
    for item in word.items:
        present = measure_denominator(item.measure, view) > 0
        total = total + np.where(present, float(item.weight) * measure_score(item, view), 0.0)
    return total


@driver.register
def _(word: v.Composite, view: View) -> FloatArray:
    earned, possible = np.zeros((1, 1)), np.zeros((1, 1))
    for item in word.items:
        present = measure_denominator(item.measure, view) >= float(word.minimum_denominator) - TOLERANCE
        weight = np.where(present, float(item.weight), 0.0)
        earned, possible = earned + weight * measure_score(item, view), possible + weight
    for part in word.facts:
        earned = earned + float(part.weight) * view.answer(view.results.fact(part.name))
        possible = possible + float(part.weight)
    return ratio(earned, possible)


@driver.register
def _(word: v.MeasuresMet, view: View) -> FloatArray:
    met = np.zeros((1, 1))
    for item in word.items:
        present = measure_denominator(item.measure, view) > 0
        met = met + (present & target_met(item, view))
    return met


@driver.register
def _(word: v.SavingsRate, view: View) -> FloatArray:
    return ratio(quantity(v.Savings(kind="savings"), view), view.count(view.results.benchmark_usd(view.populations)))


@driver.register
def _(word: v.MembersCount, view: View) -> FloatArray:
    return view.count(view.results.members(view.populations, word.stratum))


@driver.register
def _(word: v.Denominator, view: View) -> FloatArray:
    return measure_denominator(word.measure, view)


@driver.register
def _(word: v.Fact, view: View) -> FloatArray:
    return view.answer(view.results.fact(word.name))


def measure_denominator(measure: str, view: View) -> FloatArray:
    """Eligible members at the view's level."""
    return view.count(view.results.denominator(measure, view.populations))


def measure_rate(measure: str, view: View) -> FloatArray:
    """Numerator over denominator, a fraction; 0 without a denominator."""
    compliant = view.count(view.results.numerator(measure, view.populations))
    return ratio(compliant, measure_denominator(measure, view))


def prior_rate(measure: str, view: View) -> FloatArray:
    """Last year's rate, a fraction."""
    top, bottom = view.results.prior_rate(measure, view.populations)
    return ratio(view.count(top), view.count(bottom))


def improvement(measure: str, basis: str, view: View) -> FloatArray:
    """Gain over last year in the good direction, in the contract's basis; 0 without a prior year."""
    better = view.higher_is_better(measure)
    gain = improvement_from(prior_rate(measure, view), measure_rate(measure, view), basis, higher_is_better=better)
    has_prior = view.count(view.results.prior_rate(measure, view.populations)[1]) > 0
    return np.where(has_prior, gain, 0.0)


def improvement_from(before: FloatArray, now: FloatArray, basis: str, *, higher_is_better: bool) -> FloatArray:
    """Gain from one rate to another. See `critmass.domain.vocabulary.Improvement` for the bases."""
    gain = now - before if higher_is_better else before - now
    if basis == "absolute":
        return gain
    room = before if basis == "relative" else (1.0 - before if higher_is_better else before)
    return ratio(gain, np.asarray(room))


def measure_score(item: v.ScoredMeasure, view: View) -> FloatArray:
    """Points of one measure: the larger of attainment and improvement."""
    attained = schedule(item.attainment, measure_rate(item.measure, view))
    if item.improvement is None:
        return attained
    gain = improvement(item.measure, item.improvement_basis, view)
    return np.maximum(attained, schedule(item.improvement, gain))


def target_met(item: v.MeasureTarget, view: View) -> BoolArray:
    """Whether a measure's target is reached in its good direction."""
    sign = 1.0 if view.higher_is_better(item.measure) else -1.0
    return np.asarray(sign * (measure_rate(item.measure, view) - float(item.target)) >= -TOLERANCE)


# Gates -----------------------------------------------------------------------------------------------


@singledispatch
def gate(word: object, view: View) -> BoolArray:
    """Whether a gate is open."""
    raise TypeError(f"no such gate: {word!r}")


@gate.register
def _(word: v.Test, view: View) -> BoolArray:
    found = driver(word.driver, view)
    if word.at_least is not None:
        return np.asarray(found >= threshold(word.at_least, view) - TOLERANCE)
    if word.at_most is not None:
        return np.asarray(found <= float(word.at_most) + TOLERANCE)
    if word.above is not None:
        return np.asarray(found > float(word.above) + TOLERANCE)
    assert word.below is not None
    return np.asarray(found < float(word.below) - TOLERANCE)


def threshold(word: Cited | v.DrivenValue, view: View) -> FloatArray:
    """A gate's threshold, which may itself depend on a driver."""
    if isinstance(word, v.DrivenValue):
        return schedule(word.schedule, driver(word.driver, view))
    return np.full((1, 1), float(word))


@gate.register
def _(word: v.WorkflowInPlace, view: View) -> BoolArray:
    return view.all_of_them(view.results.runs_workflow(word.workflow))


@gate.register
def _(word: v.ProgramJoined, view: View) -> BoolArray:
    joined = view.results.joined(word.program)
    return view.all_of_them(joined if word.joined else ~joined)


@gate.register
def _(word: v.AllOf, view: View) -> BoolArray:
    return np.asarray(np.logical_and.reduce(np.broadcast_arrays(*[gate(part, view) for part in word.of])))


@gate.register
def _(word: v.AnyOf, view: View) -> BoolArray:
    opened = np.broadcast_arrays(*[gate(part, view) for part in word.of])
    return np.asarray(np.sum(opened, axis=0) >= word.at_least)


# Limits ----------------------------------------------------------------------------------------------


@singledispatch
def limit(word: object, amount: FloatArray, view: View) -> FloatArray:
    """An amount after one limit of the contract, USD."""
    raise TypeError(f"no such limit: {word!r}")


@limit.register
def _(word: v.Cap, amount: FloatArray, view: View) -> FloatArray:
    bound = limit_usd(word, view)
    capped = np.minimum(amount, bound)
    return np.maximum(capped, -bound) if word.symmetric else capped


@limit.register
def _(word: v.Floor, amount: FloatArray, view: View) -> FloatArray:
    return np.maximum(amount, limit_usd(word, view))


@limit.register
def _(word: v.Sequester, amount: FloatArray, view: View) -> FloatArray:
    kept = (1.0 - float(word.rate)) * amount
    return kept if word.losses_too else np.where(amount > 0, kept, amount)


@limit.register
def _(word: v.LossRate, amount: FloatArray, view: View) -> FloatArray:
    return np.where(amount < 0, float(word.rate) * amount, amount)


@limit.register
def _(word: v.CreditAgainst, amount: FloatArray, view: View) -> FloatArray:
    return np.maximum(amount - view.answer(view.results.fact(word.fact)), 0.0)


def limit_usd(word: v.Cap | v.Floor, view: View) -> FloatArray:
    """The bound of a cap or floor, USD."""
    if word.usd is not None:
        return np.full((1, 1), float(word.usd))
    assert word.rate is not None and word.of is not None
    return float(word.rate) * quantity(word.of, view)
