"""Computed numbers beside published ones: what matched, and why a row that did not may not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from critmass.domain.verification import Cause
from critmass.settlement.results import BoolArray, FloatArray


@dataclass(frozen=True)
class Miss:
    """A row that did not match. `cause` is empty where none is known."""

    entity: str
    computed: float
    published: float
    cause: str


@dataclass(frozen=True)
class CheckOutcome:
    """One check of one year: rows of the file, rows that could be tried, rows that matched."""

    set_id: str
    year: str
    check: str
    label: str
    rows: int
    tried: int
    matched: int
    misses: tuple[Miss, ...] = ()

    @property
    def unexplained(self) -> int:
        """Rows that did not match without a known cause."""
        return sum(not miss.cause for miss in self.misses)


@dataclass(frozen=True)
class Comparison:
    """Everything a check compares, shape (row,) each. A row matches when low - within <= published <= high + within.

    `low` and `high` are what the computed number can be within the rounding of published inputs; `tried` leaves
    out rows for which nothing is published or nothing can be computed.
    """

    names: Sequence[str]
    computed: FloatArray
    published: FloatArray
    within: float
    low: FloatArray | None = None
    high: FloatArray | None = None
    at_least: bool = False
    asked: BoolArray | None = None
    causes: tuple[Cause, ...] = ()
    joined: Mapping[str, BoolArray] = field(default_factory=dict)

    @property
    def tried(self) -> BoolArray:
        """Rows that can be compared."""
        comparable = ~np.isnan(self.published) & ~np.isnan(self.computed)
        return np.asarray(comparable if self.asked is None else comparable & self.asked)

    @property
    def matched(self) -> BoolArray:
        """Rows that match."""
        low = self.computed if self.low is None else np.minimum(self.low, self.computed)
        high = self.computed if self.high is None else np.maximum(self.high, self.computed)
        enough = self.published >= low - self.within
        return np.asarray(self.tried & (enough if self.at_least else enough & (self.published <= high + self.within)))


def outcome(set_id: str, year: str, check: str, label: str, compared: Comparison) -> CheckOutcome:
    """Counts of a comparison, with a cause for every miss that has one."""
    tried, matched = compared.tried, compared.matched
    misses = tuple(
        Miss(compared.names[row], float(compared.computed[row]), float(compared.published[row]), _cause(compared, row))
        for row in np.flatnonzero(tried & ~matched).tolist()
    )
    return CheckOutcome(set_id, year, check, label, len(tried), int(tried.sum()), int(matched.sum()), misses)


def _cause(compared: Comparison, row: int) -> str:
    return next((cause.text for cause in compared.causes if _explains(cause, compared, row)), "")


def _explains(cause: Cause, compared: Comparison, row: int) -> bool:
    computed, published = compared.computed[row], compared.published[row]
    side = "above" if published > computed else "below"
    sign = "zero" if computed == 0 else ("positive" if computed > 0 else "negative")
    masks = [compared.joined[name] for name in cause.programs if name in compared.joined]
    concerned = not cause.programs or any(bool(mask[row]) for mask in masks)
    return concerned and cause.published in (side, "either") and cause.computed in (sign, "any")
