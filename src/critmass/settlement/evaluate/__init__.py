"""What each word of the contract vocabulary evaluates to.

Every function takes a piece of a contract and a `View`, and returns an array of the view's shape:
(scenario, practice) at practice level, (scenario, TIN) or (scenario, 1) above it. Money is USD, rates are
fractions.
"""

from critmass.settlement.evaluate import drivers, gates, limits, quantities, schedules
from critmass.settlement.evaluate.dispatch import TOLERANCE, driver, gate, limit, quantity, ratio, schedule, where_open
from critmass.settlement.evaluate.drivers import (
    improvement_from,
    known,
    measure_denominator,
    measure_rate,
    measure_score,
    prior_rate,
    scheduled,
)
from critmass.settlement.evaluate.gates import all_open, compare, threshold
from critmass.settlement.evaluate.limits import limit_usd
from critmass.settlement.evaluate.peers import peer_percentile, pool_shares

__all__ = [
    "TOLERANCE",
    "all_open",
    "compare",
    "driver",
    "drivers",
    "gate",
    "gates",
    "improvement_from",
    "known",
    "limit",
    "limit_usd",
    "limits",
    "measure_denominator",
    "measure_rate",
    "measure_score",
    "peer_percentile",
    "pool_shares",
    "prior_rate",
    "quantities",
    "quantity",
    "ratio",
    "schedule",
    "scheduled",
    "schedules",
    "threshold",
    "where_open",
]
