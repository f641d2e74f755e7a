"""Critical coalitions: the smallest sets of payers whose money alone keeps practices at critical mass.

Decisions and costs stay as they are. All 2^K sets are looked at up to 12 payers; beyond, all sets up to the size
that this allows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from critmass.domain.scenario import CriticalMass
from critmass.settlement.outcome import CENT, Outcome
from critmass.settlement.results import BoolArray, FloatArray, IntArray

MOST_PAYERS = 12
"""Up to so many payers all sets are looked at."""
MOST_SETS = 2**MOST_PAYERS
"""Sets that are looked at."""
KEPT_SHARES = (1.0, 0.8, 0.5)
"""Shares of the members at mass that a network's coalitions are to keep."""


@dataclass(frozen=True)
class Coalitions:
    """Minimal sets of payers, smallest first; `always` are the payers that are in every one of them.

    With `exact` false only sets of up to `largest` payers were looked at, and others may exist.
    """

    sets: tuple[tuple[str, ...], ...]
    always: tuple[str, ...]
    exact: bool
    largest: int


@dataclass(frozen=True)
class PracticeCoalitions:
    """The coalitions that carry one practice."""

    practice: str
    coalitions: Coalitions


@dataclass(frozen=True)
class NetworkCoalitions:
    """The coalitions that keep a share of the members at mass there."""

    kept_share: float
    members: float
    coalitions: Coalitions


def critical_coalitions(
    outcome: Outcome, rule: CriticalMass, practices: Sequence[str], members: FloatArray
) -> tuple[tuple[PracticeCoalitions, ...], tuple[NetworkCoalitions, ...]]:
    """Coalitions of each practice at mass, and of the network, for an outcome of a single scenario."""
    search = Search(outcome.payers)
    places: list[int] = np.flatnonzero(outcome.at_mass[0]).tolist()
    carried = carries(search.table, outcome.reimbursement[0, places], outcome.cost[0, places], rule)
    own = tuple(
        PracticeCoalitions(practices[place], search.minimal(carried[:, column])) for column, place in enumerate(places)
    )
    kept = carried @ members[places]
    whole = float(members[places].sum())
    network = tuple(
        NetworkCoalitions(share, share * whole, search.minimal(kept >= share * whole - CENT)) for share in KEPT_SHARES
    )
    return own, network if whole > 0 else ()


def carries(table: BoolArray, paid: FloatArray, cost: FloatArray, rule: CriticalMass) -> BoolArray:
    """Whether sets of payers alone bring practices to mass, shape (set, practice).

    `table` has shape (set, payer), `paid` (practice, payer) USD, `cost` (practice,) USD.
    """
    needed = rule.ratio * cost
    enough = table @ paid.T >= needed - CENT / 2
    if rule.payer_share:
        bringing = paid >= (rule.payer_share * needed)[:, None] - CENT / 2
        enough &= table.astype(np.float64) @ bringing.T >= rule.payers
    return np.asarray(enough)


class Search:
    """The sets of payers that are looked at; `table` has shape (set, payer)."""

    def __init__(self, payers: Sequence[str]) -> None:
        self.payers = tuple(payers)
        self.largest = _largest_size(len(payers))
        sizes = range(self.largest + 1)
        masks = [
            sum(1 << place for place in chosen) for size in sizes for chosen in combinations(range(len(payers)), size)
        ]
        self._masks: IntArray = np.sort(np.array(masks, dtype=np.int64))
        self.table: BoolArray = (self._masks[:, None] >> np.arange(len(payers)) & 1).astype(np.bool_)
        self._sizes = self.table.sum(axis=1)

    def minimal(self, good: BoolArray) -> Coalitions:
        """The good sets of which no part is good; `good` has shape (set,)."""
        found = np.flatnonzero(good & ~self._covered(good))
        rows = sorted(found, key=lambda row: (self._sizes[row], int(self._masks[row])))
        sets = tuple(self._names(self.table[row]) for row in rows)
        always = self._names(np.asarray(self.table[rows].all(axis=0))) if rows else ()
        return Coalitions(sets, always, exact=self.largest == len(self.payers), largest=self.largest)

    def _covered(self, good: BoolArray) -> BoolArray:
        """Whether a proper part of each set is good. From small sets to large ones, for money may be negative."""
        covered = np.zeros(len(good), dtype=np.bool_)
        for size in range(1, self.largest + 1):
            rows = np.flatnonzero(self._sizes == size)
            for place in range(len(self.payers)):
                mine = rows[self.table[rows, place]]
                smaller = np.searchsorted(self._masks, self._masks[mine] ^ (1 << place))
                covered[mine] |= good[smaller] | covered[smaller]
        return covered

    def _names(self, flags: BoolArray) -> tuple[str, ...]:
        return tuple(name for name, flag in zip(self.payers, flags, strict=True) if flag)


def _largest_size(payers: int) -> int:
    """The largest size up to which all sets can be looked at; at least one."""
    size, total = 0, 1
    while size < payers and total + math.comb(payers, size + 1) <= MOST_SETS:
        size += 1
        total += math.comb(payers, size)
    return max(size, min(payers, 1))
