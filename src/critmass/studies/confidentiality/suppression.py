"""Hides entries of a table until nothing that is hidden can be worked out from what is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from critmass.settlement.results import BoolArray, FloatArray, IntArray
from critmass.studies.confidentiality.attack import widths
from critmass.studies.confidentiality.floor import failing, without_each
from critmass.studies.confidentiality.layout import Layout
from critmass.studies.confidentiality.policies import FloorPolicy

_SOLVER_ROUNDING = 1e-6


@dataclass(frozen=True)
class Protection:
    """Which entries are hidden, and the proof: the narrowest interval over all hidden entries and all attacks.

    There is one attack by a reader who brings nothing, and one by each payer and practice that knows its own part.
    `least_width` is infinite when nothing is hidden. It depends on the data, so it is for checks and never shown.
    """

    hidden: BoolArray
    least_width: float
    attacks: int


def protect(layout: Layout, parts: FloatArray, policy: FloorPolicy, *, counts: bool) -> Protection:
    """What to hide of a table of non-overlapping parties' parts, shape (payer, practice, cell).

    One pattern serves every reader, so that readers who compare their tables find the same entries hidden. Entries
    below the floor are hidden first. Then, as long as something is too narrow or a remainder (a total less what
    is shown of it) is below the floor, one more entry is hidden; it ends, for with everything hidden nothing is known.
    """
    search = _Search(layout, parts, policy, counts=counts)
    while True:
        more = search.next_for_remainders()
        least, attacks = np.inf, 0
        if more is None:
            more, least, attacks = search.next_for_attacks()
        if more is None:
            return Protection(search.hidden, least, attacks)
        search.hidden[more] = True


class _Search:
    """The entries hidden so far, and which is next."""

    def __init__(self, layout: Layout, parts: FloatArray, policy: FloorPolicy, *, counts: bool) -> None:
        self.layout, self.parts, self.policy, self.counts = layout, parts, policy, counts
        self.values = layout.totals(parts.sum(axis=(0, 1)))
        self.hidden = failing(layout.totals(parts), policy, counts=counts)

    def next_for_remainders(self) -> int | None:
        """An entry to hide because a total less what is shown of it is below the floor."""
        found = list(self._remainders())
        if not found:
            return None
        sums = np.stack([cells for _, cells in found], axis=1).astype(np.float64)
        wrong = np.flatnonzero(failing(self.parts @ sums, self.policy, counts=self.counts))
        return self._next_to_join(found[int(wrong[0])][0]) if len(wrong) else None

    def _next_to_join(self, total: int) -> int:
        """An entry whose hiding joins a remainder to more: a shown total inside with hidden cells, else a cell."""
        sums, cells = self.layout.sums, self.layout.cells
        inside = np.unique(np.concatenate([self._inside(total, family) for family in self.layout.families]))
        partly = [at for at in inside if at >= cells and (sums[at] & self.hidden[:cells]).any()]
        return int(min(partly, key=lambda at: sums[at].sum())) if partly else self._next_within(total)

    def _remainders(self) -> Iterator[tuple[int, BoolArray]]:
        """Shown totals with the cells that are left of them when all that is shown inside is taken away."""
        sums, sizes = self.layout.sums, self.layout.sums.sum(axis=1)
        for total in np.flatnonzero(~self.hidden & (sizes > 1)):
            for family in self.layout.families:
                inside = self._inside(int(total), family)
                left = sums[total] & ~sums[inside].any(axis=0)
                if left.any() and len(inside):
                    yield int(total), left

    def _inside(self, total: int, family: int) -> IntArray:
        """Shown entries of a family that are smaller than a total and inside it."""
        sums = self.layout.sums
        fits = ~(sums & ~sums[total]).any(axis=1) & (sums.sum(axis=1) < sums[total].sum())
        return np.flatnonzero(fits & ~self.hidden & np.isin(self.layout.family, (-1, family)))

    def next_for_attacks(self) -> tuple[int | None, float, int]:
        """An entry to hide because an attack succeeds; else None, the narrowest interval, and the attacks made."""
        least, attacks = np.inf, 0
        for parts in (self.parts, *without_each(self.parts)):
            values = self.layout.totals(parts.sum(axis=(0, 1)))
            spans = widths(self.layout, values, self.hidden, self.policy.least_width)
            attacks += 1
            least = min(least, spans.min(initial=np.inf))
            if least < self.policy.least_width - _SOLVER_ROUNDING:
                target = np.flatnonzero(self.hidden)[int(spans.argmin())]
                return self._next_around(int(target)), least, attacks
        return None, least, attacks

    def _next_around(self, target: int) -> int:
        """An entry whose hiding widens a target: inside the smallest shown sum that says something of it."""
        sums = self.layout.sums
        touching = np.flatnonzero(~self.hidden & (sums & sums[target]).any(axis=1))
        return self._next_within(int(touching[np.argmin(sums[touching].sum(axis=1))]))

    def _next_within(self, total: int) -> int:
        """The smallest shown cell of a total, else the total itself."""
        cells = np.flatnonzero(self.layout.sums[total] & ~self.hidden[: self.layout.cells])
        if not len(cells) or self.layout.sums[total].sum() == 1:
            return total
        return int(cells[np.argmin(np.abs(self.values[cells]))])
