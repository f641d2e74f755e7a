"""Words that compare the units that take part with each other."""

from __future__ import annotations

import numpy as np

from critmass.domain import vocabulary as v
from critmass.settlement.evaluate.dispatch import TOLERANCE, driver, quantity, ratio, schedule
from critmass.settlement.results import FloatArray
from critmass.settlement.view import View


def peer_percentile(word: v.PeerPercentile, view: View) -> FloatArray:
    """Share of the units that take part whose driver is no better, a unit itself included; 0 for others."""
    part = view.taking_part()
    found, part = np.broadcast_arrays(driver(word.of, view), part)
    values = np.where(part, -found if word.lower_is_better else found, np.inf)
    order = np.argsort(values, axis=1, kind="stable")
    ranked = np.take_along_axis(values, order, axis=1)
    places = np.arange(1, values.shape[1] + 1)
    ends_run = np.ones(ranked.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        ends_run[:, :-1] = ranked[:, 1:] - ranked[:, :-1] > TOLERANCE
    last = np.where(ends_run, places, values.shape[1])
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    rank = np.empty(values.shape)
    np.put_along_axis(rank, order, last.astype(np.float64), axis=1)
    return np.where(part, ratio(rank, part.sum(axis=1, keepdims=True).astype(np.float64)), 0.0)


def pool_shares(word: v.PoolShare, view: View) -> FloatArray:
    """Each unit's share of the pool, USD; the pool is that of everybody who takes part together."""
    weights = pool_weights(word.weight, view) * view.taking_part()
    outside = 0.0 if word.outside_weight is None else view.together().fact(word.outside_weight)
    pool = quantity(word.pool_usd, view.together())
    return pool * ratio(weights, weights.sum(axis=1, keepdims=True) + outside)


def pool_weights(word: v.PoolWeight, view: View) -> FloatArray:
    """What a pool is split by, never below 0."""
    weight = quantity(word.of, view)
    if word.driver is not None:
        looked_at = driver(word.driver, view)
        weight = weight * (looked_at if word.schedule is None else schedule(word.schedule, looked_at))
    return np.maximum(weight, 0.0)
