"""The least that payers have to add at a practice for critical mass, in closed form."""

from __future__ import annotations

import numpy as np

from critmass.domain.scenario import CriticalMass
from critmass.settlement.outcome import CENT
from critmass.settlement.results import FloatArray


def least_bonus(paid_usd: FloatArray, cost_usd: float, rule: CriticalMass, most_usd: FloatArray) -> FloatArray | None:
    """The least money by payer, shape (payer,), USD, with which a practice meets the ratio and enough payers bring
    their share; None where the payers' limits do not allow it.

    `paid_usd` is what each payer already brings, `most_usd` what it may add. Shares are topped up at the payers that
    miss least; the rest is split over what is left of the limits. The total is
    ``max(ratio x cost - paid, sum of the cheapest top-ups)``.
    """
    needed = rule.ratio * cost_usd
    added = _top_ups(paid_usd, rule.payer_share * needed, rule, most_usd)
    if added is None:
        return None
    rest, room = needed - float(paid_usd.sum()) - float(added.sum()), most_usd - added
    if rest <= CENT / 2:
        return added
    if rest > float(room.sum()) + CENT / 2:
        return None
    return np.asarray(added + room * min(rest / float(room.sum()), 1.0))


def _top_ups(paid_usd: FloatArray, share_usd: float, rule: CriticalMass, most_usd: FloatArray) -> FloatArray | None:
    added = np.zeros_like(paid_usd)
    if not rule.payer_share or not rule.payers:
        return added
    missing = np.maximum(share_usd - paid_usd, 0.0)
    missing[missing <= CENT / 2] = 0.0
    missing[missing > most_usd + CENT / 2] = np.inf
    cheapest = np.argsort(missing, kind="stable")[: rule.payers]
    if len(cheapest) < rule.payers or not np.isfinite(missing[cheapest]).all():
        return None
    added[cheapest] = np.minimum(missing[cheapest], most_usd[cheapest])
    return added
