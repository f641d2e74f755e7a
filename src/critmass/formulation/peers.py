"""Words that compare units with each other, from above: what the others do is not known in one block."""

from __future__ import annotations

from itertools import product

import numpy as np

from critmass.catalog.ranges import driver_range
from critmass.domain import vocabulary as v
from critmass.domain.errors import InputError, Problem
from critmass.domain.walk import words_in
from critmass.formulation.block import Affine
from critmass.formulation.dispatch import driver, quantity
from critmass.formulation.drivers import scheduled
from critmass.formulation.reading import Reading
from critmass.settlement import evaluate

Range = tuple[float, float]


@driver.register
def _(word: v.PeerPercentile, reading: Reading) -> Affine:
    """The best place is allowed."""
    return _anywhere(word, reading)


@driver.register
def _(word: v.LastYear, reading: Reading) -> Affine:
    """What measures were last year is a number; a place among peers depends on who takes part this year."""
    if any(isinstance(item, v.PeerPercentile) for item in words_in(word)):
        return _anywhere(word, reading)
    return Affine(reading.number(evaluate.driver, word))


def _anywhere(word: v.PeerPercentile | v.LastYear, reading: Reading) -> Affine:
    low, high = driver_range(word)
    if not (np.isfinite(low) and np.isfinite(high)):
        fix = "give its schedules an 'at_least' and an 'at_most'"
        raise InputError([Problem(reading.name, "last_year of a peer_percentile has no bounds to plan within", fix)])
    reading.approximate(False)
    return reading.level.builder.variable(f"peer_percentile[{reading.fresh('peers')}]", low, high)


@quantity.register
def _(word: v.PoolShare, reading: Reading) -> Affine:
    """At most the pool's share of the largest own weight beside peers elsewhere, as if nobody else took part."""
    reading.approximate(False)
    own = _largest_weight(word.weight, reading)
    if own <= 0:
        return Affine()
    outside = 0.0
    if word.outside_weight is not None:
        outside = max(_range_together(v.FactAmount(kind="fact", name=word.outside_weight), reading)[0], 0.0)
    low, high = (end * own / (own + outside) for end in _range_together(word.pool_usd, reading))
    return reading.level.builder.variable(f"pool_share[{reading.fresh('pool')}]", min(low, 0.0), max(high, 0.0))


def _largest_weight(weight: v.PoolWeight, reading: Reading) -> float:
    builder = reading.level.builder
    amounts, factors = builder.bounds(quantity(weight.of, reading)), (1.0, 1.0)
    if weight.driver is not None:
        factors = builder.bounds(scheduled(reading, weight.schedule, weight.driver))
    return max(amount * factor for amount, factor in product(amounts, factors))


def _range_together(word: object, reading: Reading) -> Range:
    """Between what a quantity can lie, whoever takes part together."""
    if isinstance(word, v.Combination):
        ends = [sorted(float(part.rate) * end for end in _range_together(part.of, reading)) for part in word.parts]
        return sum(low for low, _ in ends), sum(high for _, high in ends)
    if isinstance(word, v.Product):
        low, high = 1.0, 1.0
        for part in word.of:
            corners = [one * other for one, other in product((low, high), _range_together(part, reading))]
            low, high = min(corners), max(corners)
        return low, high
    each = reading.numbers(evaluate.quantity, word)
    if isinstance(word, v.FactAmount):
        return min(0.0, *each), max(0.0, *each)
    return 0.0, reading.pooled_number(evaluate.quantity, word)
