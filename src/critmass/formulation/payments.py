"""Turns a clause of a contract into a payment expression of a block."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

import numpy as np

from critmass.domain import vocabulary as v
from critmass.formulation import peers, quantities  # noqa: F401  (they answer for their words)
from critmass.formulation.block import Affine, FloatArray
from critmass.formulation.curves import hull_of, product
from critmass.formulation.dispatch import quantity
from critmass.formulation.drivers import scheduled
from critmass.formulation.gates import gates_open
from critmass.formulation.levels import Level
from critmass.formulation.reading import Reading
from critmass.settlement import evaluate
from critmass.settlement.amounts import is_flow, quantity_year_share
from critmass.settlement.terms import Clause

# Limits ----------------------------------------------------------------------------------------------


@singledispatch
def limit(word: object, amount: Affine, reading: Reading) -> Affine:
    """An amount after one limit, from above."""
    raise TypeError(f"no such limit: {word!r}")


def _curved(
    reading: Reading, amount: Affine, corners: list[float], function: Callable[[FloatArray], FloatArray]
) -> Affine:
    value, exact = hull_of(reading.level.builder, reading.fresh("limit"), amount, corners, function)
    reading.approximate(exact)
    return value


def _lowered(reading: Reading, value: Affine, low: float) -> Affine:
    """A value that may be left lower, for what is modelled above what it can be."""
    builder, name = reading.level.builder, reading.fresh("loose")
    lowered = builder.variable(f"loose[{name}]", low, builder.bounds(value)[1])
    builder.at_most(f"value_on_hull[{name}]", lowered, value)
    return lowered


@limit.register
def _(word: v.Cap, amount: Affine, reading: Reading) -> Affine:
    lowest, bound = _bounds(word, reading)
    moving = bound - lowest >= evaluate.TOLERANCE
    least = -bound if word.symmetric else -np.inf
    if moving:
        # Losses too are held by the bound's loosest end, and the value may be left at a tighter one.
        least = -lowest if word.symmetric else -np.inf
        held = _curved(reading, amount, [least, bound], lambda x: np.clip(x, least, bound))
        return _lowered(reading, held, min(reading.level.builder.bounds(held)[0], lowest))
    return _curved(reading, amount, [least, bound], lambda x: np.clip(x, least, bound))


@limit.register
def _(word: v.Floor, amount: Affine, reading: Reading) -> Affine:
    lowest, bound = _bounds(word, reading)
    held = _curved(reading, amount, [bound], lambda x: np.maximum(x, bound))
    return _lowered(reading, held, lowest) if bound - lowest >= evaluate.TOLERANCE else held


@limit.register
def _(word: v.Sequester, amount: Affine, reading: Reading) -> Affine:
    kept = 1.0 - float(word.rate)
    if word.losses_too:
        return amount * kept
    return _curved(reading, amount, [0.0], lambda x: np.where(x > 0, kept * x, x))


@limit.register
def _(word: v.LossRate, amount: Affine, reading: Reading) -> Affine:
    rate = float(word.rate)
    return _curved(reading, amount, [0.0], lambda x: np.where(x < 0, rate * x, x))


@limit.register
def _(word: v.CreditAgainst, amount: Affine, reading: Reading) -> Affine:
    paid = reading.number(evaluate.quantity, v.FactAmount(kind="fact", name=word.fact))
    return _curved(reading, amount, [paid], lambda x: np.maximum(x - paid, 0.0))


def _bounds(word: v.Cap | v.Floor, reading: Reading) -> tuple[float, float]:
    """A cap or floor in USD: between what it can lie where it moves with decisions."""
    if word.usd is not None:
        return float(word.usd), float(word.usd)
    assert word.rate is not None and word.of is not None
    value = quantity(word.of, reading) * float(word.rate)
    low, high = reading.level.builder.bounds(value)
    reading.approximate(high - low < evaluate.TOLERANCE)
    return low, high


# Payments --------------------------------------------------------------------------------------------


def payment(level: Level, clause: Clause, participates: Affine) -> tuple[Affine, bool]:
    """What a clause pays at its level before pass-through, and whether the rows are exact.

    `participates` is 1 when the clause speaks to the unit (joined, or not joined, or always).
    Families `payment_needs_gate` and `payment_within_terms`.
    """
    reading = Reading(level, clause.populations, clause.program.id, clause.component.id)
    amount = _amount(clause, reading)
    for bound in clause.component.limits:
        amount = limit(bound, amount, reading)
    low, high = level.builder.bounds(amount)
    gates = gates_open(clause.component.gates, reading, adverse=high <= 0.0)
    reading.approximate(level.builder.rises(amount) and not (low < 0.0 and _could_be_shut(level, gates)))
    if clause.component.prepaid is None:
        return _switched(reading, amount, [*gates, participates]), reading.exact
    ahead = _with_prepayment(clause, _switched(reading, amount, gates), reading)
    return _switched(reading, ahead, [participates], what="prepaid"), reading.exact


def _could_be_shut(level: Level, gates: list[Affine]) -> bool:
    """Whether a practice's gate that opens by results could be left shut in the rows to avoid a loss."""
    return level.practice is not None and not all(level.builder.follows(gate) for gate in gates)


def _switched(reading: Reading, amount: Affine, gates: list[Affine], what: str = "") -> Affine:
    """An amount that is paid only when all of the gates are open."""
    low, high = reading.level.builder.bounds(amount)
    if any(part.is_constant and part.constant < 0.5 for part in gates) or (low == high == 0.0):
        return Affine()
    switches = [part for part in gates if not part.is_constant]
    return _gated(reading, amount, switches, what) if switches else amount


def _with_prepayment(clause: Clause, amount: Affine, reading: Reading) -> Affine:
    """What was paid ahead is kept where it is not clawed back: the larger of it and what was earned, from above."""
    prepaid = clause.component.prepaid
    if prepaid is None or prepaid.claw_back:
        return amount
    share = clause.year_share if is_flow(prepaid.quantity) else 1.0
    low, ahead = reading.level.builder.bounds(quantity(prepaid.quantity, reading) * (float(prepaid.rate) * share))
    kept = _curved(reading, amount, [ahead], lambda x: np.maximum(x, ahead))
    if ahead - low < evaluate.TOLERANCE:
        return kept
    reading.approximate(False)
    return _lowered(reading, kept, low)


def _amount(clause: Clause, reading: Reading) -> Affine:
    component, builder = clause.component, reading.level.builder
    if isinstance(component.rate, v.ByStratum):
        units = [
            quantity(component.quantity.model_copy(update={"stratum": stratum}), reading) * float(rate)
            for stratum, rate in component.rate.rates.items()
        ]
        amount = _plus(units)
    else:
        rate = (
            Affine(float(component.rate.pays))
            if isinstance(component.rate, v.Constant)
            else scheduled(reading, component.rate, component.driver)  # type: ignore[arg-type]
        )
        amount, exact = product(builder, reading.fresh("pay"), quantity(component.quantity, reading), rate)
        reading.approximate(exact)
    for factor in component.multipliers:
        amount, exact = product(
            builder, reading.fresh("times"), amount, scheduled(reading, factor.schedule, factor.driver)
        )
        reading.approximate(exact)
    return amount * quantity_year_share(clause)


def _plus(parts: list[Affine]) -> Affine:
    result = Affine()
    for part in parts:
        result = result + part
    return result


def _gated(reading: Reading, amount: Affine, switches: list[Affine], what: str) -> Affine:
    builder, name = reading.level.builder, f"{reading.name},{what}" if what else reading.name
    if amount.is_constant and len(switches) == 1:
        return switches[0] * amount.constant
    low, high = builder.bounds(amount)
    paid = builder.variable(f"paid[{name}]", min(low, 0.0), max(high, 0.0))
    if low < 0.0:
        amount = amount + _plus([-part + 1.0 for part in switches]) * -low
    builder.at_most(f"payment_within_terms[{name}]", paid, amount)
    for place, part in enumerate(switches):
        builder.at_most(f"payment_needs_gate[{name},{place}]", paid, part * max(high, 0.0))
    return paid
