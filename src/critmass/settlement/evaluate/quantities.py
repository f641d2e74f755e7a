"""How much a contract pays for."""

from __future__ import annotations

import numpy as np

from critmass.domain import vocabulary as v
from critmass.settlement.evaluate.dispatch import quantity, quantity_of
from critmass.settlement.evaluate.drivers import measure_denominator, measure_numerator
from critmass.settlement.evaluate.peers import pool_shares
from critmass.settlement.results import FloatArray
from critmass.settlement.view import View

MONTHS = 12.0


def member_months(word: v.MemberMonths | v.Members, view: View) -> FloatArray:
    """Member-months of a stratum, of the view's populations or of the whole panel."""
    populations = view.counted_populations(whole_panel=word.whole_panel)
    return view.count(view.results.member_months(populations, word.stratum))


@quantity_of.register
def _(word: v.MemberMonths, view: View) -> FloatArray:
    return member_months(word, view)


@quantity_of.register
def _(word: v.Members, view: View) -> FloatArray:
    return member_months(word, view) / MONTHS


@quantity_of.register
def _(word: v.Events, view: View) -> FloatArray:
    events = view.results.events(word.service, view.populations)
    if word.max_per_member is not None:
        limit = float(word.max_per_member) * view.results.members(view.populations, word.stratum)
        events = np.minimum(events, limit)
    return view.count(events)


@quantity_of.register
def _(word: v.Numerator, view: View) -> FloatArray:
    return measure_numerator(word.measure, view)


@quantity_of.register
def _(word: v.GapsClosed, view: View) -> FloatArray:
    compliant = view.results.numerator(word.measure, view.populations)
    return view.count(np.maximum(compliant - view.results.carried_numerator(word.measure, view.populations), 0.0))


@quantity_of.register
def _(word: v.EligibleMembers, view: View) -> FloatArray:
    return measure_denominator(word.measure, view)


@quantity_of.register
def _(word: v.AllowedCharges, view: View) -> FloatArray:
    return view.count(view.results.allowed_usd(word.code_set, view.populations))


@quantity_of.register
def _(word: v.Savings, view: View) -> FloatArray:
    results = view.results
    return view.count(results.benchmark_usd(view.populations) - results.expenditure_usd(view.populations))


@quantity_of.register
def _(word: v.BenchmarkExpenditure, view: View) -> FloatArray:
    return view.count(view.results.benchmark_usd(view.populations))


@quantity_of.register
def _(word: v.Expenditure, view: View) -> FloatArray:
    return view.count(view.results.expenditure_usd(view.populations))


@quantity_of.register
def _(word: v.Lump, view: View) -> FloatArray:
    return (view.members("all") > 0).astype(np.float64)


@quantity_of.register
def _(word: v.FactAmount, view: View) -> FloatArray:
    return view.fact(word.name)


@quantity_of.register
def _(word: v.PaidBy, view: View) -> FloatArray:
    return view.paid_by(word.component)


@quantity_of.register
def _(word: v.Combination, view: View) -> FloatArray:
    total = np.zeros((1, 1))
    for part in word.parts:
        total = total + float(part.rate) * quantity(part.of, view)
    return total


@quantity_of.register
def _(word: v.Product, view: View) -> FloatArray:
    total = np.ones((1, 1))
    for part in word.of:
        total = total * quantity(part, view)
    return total


@quantity_of.register
def _(word: v.PoolShare, view: View) -> FloatArray:
    return pool_shares(word, view)
