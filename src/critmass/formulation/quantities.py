"""Quantities as expressions of a block."""

from __future__ import annotations

import numpy as np

from critmass.domain import vocabulary as v
from critmass.formulation.block import Affine, total
from critmass.formulation.curves import hull_of, product
from critmass.formulation.dispatch import quantity
from critmass.formulation.reading import Reading
from critmass.settlement import evaluate


@quantity.register
def _(word: v.Numerator, reading: Reading) -> Affine:
    counts = reading.level.counts(word.measure, reading.populations)
    if counts.gap == 0:
        return Affine(counts.numerator)
    return reading.level.closed(word.measure, reading.populations) * counts.gap + counts.numerator


@quantity.register
def _(word: v.GapsClosed, reading: Reading) -> Affine:
    counts = reading.level.counts(word.measure, reading.populations)
    compliant = quantity(v.Numerator(kind="numerator", measure=word.measure), reading)
    opened = compliant + (-min(counts.carried, counts.numerator))
    if counts.gap >= 0:
        return opened
    closed, exact = hull_of(reading.level.builder, reading.fresh("gaps"), opened, [0.0], lambda x: np.maximum(x, 0.0))
    reading.approximate(exact and reading.level.practice is not None)
    return closed


@quantity.register
def _(word: v.Savings, reading: Reading) -> Affine:
    base = reading.number(evaluate.quantity, word)
    return reading.level.savings_gain(reading.populations) + base


@quantity.register
def _(word: v.Events, reading: Reading) -> Affine:
    """Family `events_capped`."""
    events = reading.level.events(word.service, reading.populations)
    if word.max_per_member is None or events.is_constant:
        return events
    members = v.Members(kind="members", stratum=word.stratum)
    cap = float(word.max_per_member) * reading.number(
        evaluate.driver, v.MembersCount(kind="members", stratum=members.stratum)
    )
    low, high = reading.level.builder.bounds(events)
    if high <= cap:
        return events
    reading.approximate(reading.level.practice is not None)
    name = reading.fresh("events")
    counted = reading.level.builder.variable(f"events[{name}]", min(low, cap), cap)
    reading.level.builder.at_most(f"events_capped[{name}]", counted, events)
    return counted


@quantity.register
def _(word: v.Expenditure, reading: Reading) -> Affine:
    base = reading.number(evaluate.quantity, word)
    return -reading.level.savings_gain(reading.populations) + base


@quantity.register
def _(word: v.PaidBy, reading: Reading) -> Affine:
    """What the component's rows say it pays: from above, as they are."""
    reading.approximate(False)
    return reading.level.paid.get((reading.program, word.component), Affine())


@quantity.register
def _(word: v.Combination, reading: Reading) -> Affine:
    return total([quantity(part.of, reading) * float(part.rate) for part in word.parts])


@quantity.register
def _(word: v.Product, reading: Reading) -> Affine:
    value = Affine(1.0)
    for part in word.of:
        value, exact = product(reading.level.builder, reading.fresh("factor"), value, quantity(part, reading))
        reading.approximate(exact)
    return value
