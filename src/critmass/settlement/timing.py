"""When money moves: ahead of the settlement, or some months after the year."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.values import Cited
from critmass.settlement.amounts import SettlementRun
from critmass.settlement.results import FloatArray, Results
from critmass.settlement.terms import MONTHS, Clause, Terms


def cash_month(year: int, lag_months: float) -> str:
    """The month in which money accrued over a year is paid: 'YYYY-MM', counted from December."""
    month = MONTHS - 1 + math.ceil(lag_months)
    return f"{year + month // MONTHS:04d}-{month % MONTHS + 1:02d}"


def settlement_month(clause: Clause, year: int) -> str:
    """The month in which a clause is settled."""
    return cash_month(year, float(clause.component.cash_lag_months))


def prepayment_month(clause: Clause, year: int) -> str:
    """The month in which a clause's prepayment is paid."""
    assert clause.component.prepaid is not None
    return cash_month(year, clause.component.prepaid.paid_in_month - MONTHS)


def prepaid_usd(clause: Clause, terms: Terms, results: Results) -> FloatArray:
    """What a clause pays ahead to each practice before pass-through, shape (scenario, practice), USD."""
    prepaid = clause.component.prepaid
    if prepaid is None:
        return np.zeros((1, results.shape[1]))
    rate = v.Constant(kind="constant", pays=Cited(value=float(prepaid.rate)))
    ahead = clause.component.model_copy(
        update={
            "quantity": prepaid.quantity, "rate": rate, "driver": None, "multipliers": (), "limits": (), "gates": (),
            "prepaid": None,
        }
    )  # fmt: skip
    run = SettlementRun(terms, results)
    return np.array(run.paid(replace(clause, component=ahead), np.zeros(results.shape)))
