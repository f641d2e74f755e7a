"""Which practices are one unit for a payment: each for itself, those of a TIN, those of an organization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from critmass.domain.programs import SettlementLevel
from critmass.settlement.results import FloatArray, IntArray, Results


@dataclass(frozen=True)
class Units:
    """How practices are put together at a level. `table` is 0/1 of shape (practice, unit), sparse because a
    results table may have as many units as rows; None when all practices are one unit, or each is its own."""

    each_alone: bool
    table: Any = None

    def spread(self, per_unit: FloatArray) -> FloatArray:
        """A number of units for each of their practices, shape (scenario, practice or 1)."""
        return per_unit if self.table is None else np.asarray(per_unit @ self.table.T)

    def whole(self, per_practice: FloatArray) -> FloatArray:
        """The sum over the unit that a practice belongs to, shape (scenario, practice or 1)."""
        if self.table is None:
            return per_practice if self.each_alone else per_practice.sum(axis=1, keepdims=True)
        return np.asarray((per_practice @ self.table) @ self.table.T)


def units_of(results: Results, level: SettlementLevel) -> Units:
    """The units of a level. A single practice above practice level is pooled with itself."""
    if level == "practice":
        return Units(each_alone=True)
    numbers = results.tins if level == "tin" else results.organizations
    found = np.unique(numbers)
    if len(found) == 1:
        return Units(each_alone=False)
    if len(found) == len(numbers):
        return Units(each_alone=True)
    return Units(each_alone=False, table=_table(numbers, found))


def _table(numbers: IntArray, found: IntArray) -> Any:
    columns = np.searchsorted(found, numbers)
    ones = np.ones(len(numbers))
    return sparse.csr_array((ones, (np.arange(len(numbers)), columns)), shape=(len(numbers), len(found)))
