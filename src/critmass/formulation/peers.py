"""Words that compare units with each other, from above: what the others do is not known in one block."""

from __future__ import annotations

from critmass.domain import vocabulary as v
from critmass.formulation.block import Affine
from critmass.formulation.dispatch import driver, quantity
from critmass.formulation.drivers import scheduled
from critmass.formulation.reading import Reading
from critmass.settlement import evaluate


@driver.register
def _(word: v.PeerPercentile, reading: Reading) -> Affine:
    """The best place is allowed."""
    reading.approximate(False)
    return reading.level.builder.variable(f"peer_percentile[{reading.fresh('peers')}]", 0.0, 1.0)


@quantity.register
def _(word: v.PoolShare, reading: Reading) -> Affine:
    """At most the pool's share of the largest own weight beside peers elsewhere, as if nobody else took part."""
    weight = word.weight
    own = reading.level.builder.bounds(quantity(weight.of, reading))[1]
    if weight.driver is not None:
        own *= reading.level.builder.bounds(scheduled(reading, weight.schedule, weight.driver))[1]
    outside = 0.0
    if word.outside_weight is not None:
        outside = reading.number(evaluate.quantity, v.FactAmount(kind="fact", name=word.outside_weight))
    reading.approximate(False)
    pool = reading.pooled_number(evaluate.quantity, word.pool_usd)
    return Affine(pool * own / (own + outside)) if own > 0 else Affine()
