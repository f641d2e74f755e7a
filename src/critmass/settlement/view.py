"""Results as one component sees them: its populations, at its level."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np

from critmass.domain.errors import InputError, Problem
from critmass.domain.network import Population
from critmass.domain.vocabulary import Stratum
from critmass.settlement.results import BoolArray, FloatArray, Results, last_year

_Found = TypeVar("_Found")

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
        groups: Any = None,
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

    def once(self, key: Hashable, make: Callable[[], _Found]) -> _Found:
        """Something that several words of this view need, made once where the view has a memo."""
        return make() if self.memo is None else self.memo.once(key, make)

    @cached_property
    def _ones(self) -> FloatArray:
        """1.0 for the practices that take part."""
        assert self._pooled is not None
        return self._pooled.astype(np.float64)

    def count(self, per_practice: FloatArray) -> FloatArray:
        """A count at this view's level."""
        if self._pooled is None:
            return per_practice
        if self._groups is None:
            return _row_products(per_practice, self._ones)[:, None]
        return np.asarray((per_practice * self._ones) @ self._groups)

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
        return self.once("together", self._together)

    def _together(self) -> View:
        part = self._peers if self._peers is not None else self.taking_part()
        return View(self.results, self.populations, self._higher_is_better, part, memo=self._new_memo())

    def last_year(self) -> View:
        """The same view of last year's counts."""
        return self.once("last year", self._last_year)

    def _last_year(self) -> View:
        return View(
            last_year(self.results), self.populations, self._higher_is_better, self._pooled,
            groups=self._groups, peers=self._peers, memo=self._new_memo(),
        )  # fmt: skip

    def _new_memo(self) -> Memo | None:
        return None if self.memo is None else self.memo.empty()

    def paid_by(self, component: str) -> FloatArray:
        """What another component of the same program pays at this level, USD."""
        if self._paid_by is None:
            raise LookupError(f"component {component!r} is not in force beside this one")
        return self._paid_by(component)


def _row_products(one: FloatArray, other: FloatArray) -> FloatArray:
    """Sum over practices of the product of two arrays of (scenario or 1, practice), shape (scenario,)."""
    if len(one) == 1:
        return np.asarray(other @ one[0])
    return np.asarray(one @ other[0]) if len(other) == 1 else np.einsum("sp,sp->s", one, other)


class Memo:
    """What a view has evaluated already. Words that say the same share a number and are evaluated once."""

    def __init__(self, numbers: Mapping[int, int]) -> None:
        self._numbers = numbers
        self._found: dict[Hashable, Any] = {}

    def get(self, word: object, make: Callable[[], _Found]) -> _Found:
        """A word's value, made once."""
        number = self._numbers.get(id(word))
        return make() if number is None else self.once(number, make)

    def once(self, key: Hashable, make: Callable[[], _Found]) -> _Found:
        """A value by its key, made once."""
        if key not in self._found:
            self._found[key] = make()
        return cast(_Found, self._found[key])

    def empty(self) -> Memo:
        """A memo of the same words for another view."""
        return Memo(self._numbers)
