"""Results as one component sees them: its populations, at its level."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from critmass.domain.errors import InputError, Problem
from critmass.domain.network import Population
from critmass.domain.vocabulary import Stratum
from critmass.settlement.results import BoolArray, FloatArray, Results, last_year

SHOWN = 5
"""How many names an error lists."""


class View:
    """What a component can look at.

    At practice level arrays have shape (scenario, practice). With `pooled`, a mask of the practices that
    take part, their counts are summed: over everybody, shape (scenario, 1), or with `groups`, a 0/1 table
    of shape (practice, group), over each group. `peers` is the mask of those that take part at practice
    level, for words that compare them. `paid_by` gives what another component of the program pays.
    """

    def __init__(
        self,
        results: Results,
        populations: Sequence[Population],
        higher_is_better: Mapping[str, bool],
        pooled: BoolArray | None = None,
        *,
        groups: FloatArray | None = None,
        peers: BoolArray | None = None,
        paid_by: Callable[[str], FloatArray] | None = None,
        memo: Memo | None = None,
    ) -> None:
        self.results = results
        self.populations = tuple(populations)
        self._higher_is_better = higher_is_better
        self._pooled = pooled
        self._groups = groups
        self._peers = peers if pooled is None else pooled
        self._paid_by = paid_by
        self.memo = memo

    @property
    def is_pooled(self) -> bool:
        """True above practice level."""
        return self._pooled is not None

    def higher_is_better(self, measure: str) -> bool:
        """Direction of a measure."""
        return self._higher_is_better[measure]

    def count(self, per_practice: FloatArray) -> FloatArray:
        """A count at this view's level."""
        if self._pooled is None:
            return per_practice
        if self._groups is None:
            return np.asarray((per_practice * self._pooled).sum(axis=1, keepdims=True))
        return np.asarray((per_practice * self._pooled) @ self._groups)

    def members(self, stratum: Stratum, *, whole_panel: bool = False) -> FloatArray:
        """Members at this view's level, of its populations or of every payer."""
        return self.count(self.results.members(self.counted_populations(whole_panel=whole_panel), stratum))

    def counted_populations(self, *, whole_panel: bool) -> tuple[Population, ...]:
        """The populations that a count of members means."""
        return self.results.all_populations if whole_panel else self.populations

    def fact(self, name: str) -> FloatArray:
        """A fact at this view's level: the member-weighted mean answer of the practices that take part.

        Raises:
            InputError: where the answer is missing and nothing stands in for it.
        """
        found = self.results.fact(name)
        if np.isnan(found).any():
            fix = "fill it in, or say in the mapping what a blank stands for ('missing: 0')"
            raise InputError([Problem(f"results: {name}", f"is missing for {self._names(np.isnan(found))}", fix)])
        return self.answer(found)

    def _names(self, flags: BoolArray) -> str:
        names = [self.results.names[place] for place in np.flatnonzero(flags.any(axis=0))]
        return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")

    def fact_if_known(self, name: str) -> tuple[FloatArray, BoolArray]:
        """A fact, 0 where the answer is missing, and where it is known."""
        found = self.results.fact(name)
        known = ~np.isnan(found)
        return self.answer(np.where(known, found, 0.0)), self.all_of_them(known)

    def answer(self, per_practice: FloatArray) -> FloatArray:
        """An answer at this view's level: the member-weighted mean of the practices that take part."""
        if self._pooled is None:
            return per_practice
        members = self.results.members(self.populations, "all")
        weight, total = self.count(members), self.count(per_practice * members)
        return np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)

    def all_of_them(self, per_practice: BoolArray) -> BoolArray:
        """A yes/no at this view's level: pooled, every practice that takes part says yes."""
        if self._pooled is None:
            return per_practice
        if self._groups is None:
            return np.asarray((per_practice | ~self._pooled).all(axis=1, keepdims=True))
        return np.asarray((~per_practice & self._pooled) @ self._groups == 0)

    def taking_part(self) -> BoolArray:
        """Which units take part: practices at practice level, groups with any practice that does above it."""
        if self._peers is None:
            return np.ones((1, self.results.shape[1]), dtype=np.bool_)
        return self._peers if self._pooled is None else self.count(np.ones(self._pooled.shape)) > 0

    def together(self) -> View:
        """The same populations with everybody who takes part pooled."""
        part = self._peers if self._peers is not None else self.taking_part()
        return View(self.results, self.populations, self._higher_is_better, part)

    def last_year(self) -> View:
        """The same view of last year's counts."""
        return View(
            last_year(self.results), self.populations, self._higher_is_better, self._pooled,
            groups=self._groups, peers=self._peers,
        )  # fmt: skip

    def paid_by(self, component: str) -> FloatArray:
        """What another component of the same program pays at this level, USD."""
        if self._paid_by is None:
            raise LookupError(f"component {component!r} is not in force beside this one")
        return self._paid_by(component)


class Memo:
    """What a view has evaluated already. Words that say the same share a number and are evaluated once."""

    def __init__(self, numbers: Mapping[int, int]) -> None:
        self._numbers = numbers
        self._found: dict[int, Any] = {}

    def get(self, word: object, make: Callable[[], Any]) -> Any:
        """A word's value, made once."""
        number = self._numbers.get(id(word))
        if number is None:
            return make()
        if number not in self._found:
            self._found[number] = make()
        return self._found[number]
