"""What a contract takes off, adds, caps or credits, in the contract's own order."""

from __future__ import annotations

import numpy as np

from critmass.domain import vocabulary as v
from critmass.settlement.evaluate.dispatch import limit, quantity
from critmass.settlement.results import FloatArray
from critmass.settlement.view import View


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
    return np.maximum(amount - view.fact(word.fact), 0.0)


def limit_usd(word: v.Cap | v.Floor, view: View) -> FloatArray:
    """The bound of a cap or floor, USD."""
    if word.usd is not None:
        return np.full((1, 1), float(word.usd))
    assert word.rate is not None and word.of is not None
    return float(word.rate) * quantity(word.of, view)
