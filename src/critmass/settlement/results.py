"""What a settlement looks at: the results of a year, whoever supplies them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from critmass.domain.network import Population
from critmass.domain.vocabulary import Stratum

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Populations = tuple[Population, ...]


class Results(Protocol):
    """A year's results. Every answer has shape (scenario or 1, practice); counts are sums over populations."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of scenarios and of practices."""

    def members(self, populations: Populations, stratum: Stratum) -> FloatArray:
        """Attributed members."""

    def member_months(self, populations: Populations, stratum: Stratum) -> FloatArray:
        """Attributed member-months."""

    def denominator(self, measure: str, populations: Populations) -> FloatArray:
        """Eligible members."""

    def numerator(self, measure: str, populations: Populations) -> FloatArray:
        """Compliant members at year end."""

    def prior_rate(self, measure: str, populations: Populations) -> tuple[FloatArray, FloatArray]:
        """Last year's numerator and denominator."""

    def carried_numerator(self, measure: str, populations: Populations) -> FloatArray:
        """Members compliant on day one."""

    def events(self, service: str, populations: Populations) -> FloatArray:
        """Billable events of a service."""

    def allowed_usd(self, code_set: str, populations: Populations) -> FloatArray:
        """Allowed charges, USD a year."""

    def benchmark_usd(self, populations: Populations) -> FloatArray:
        """Benchmark expenditure, USD a year."""

    def expenditure_usd(self, populations: Populations) -> FloatArray:
        """Expenditure, USD a year."""

    def fact(self, name: str) -> FloatArray:
        """A user-supplied number, yes being 1."""

    def runs_workflow(self, workflow: str) -> BoolArray:
        """Whether the practice runs the workflow, itself or through the hub."""

    def joined(self, program: str) -> BoolArray:
        """Whether the practice takes part in the program."""


class View:
    """Results as one component sees them: its populations, at its level.

    At practice level arrays have shape (scenario, practice). At organization level the counts of the
    practices that take part are summed and arrays have shape (scenario, 1).
    """

    def __init__(
        self, results: Results, populations: Sequence[Population], higher_is_better: dict[str, bool],
        members_pooled: BoolArray | None = None,
    ) -> None:  # fmt: skip
        self.results = results
        self.populations = tuple(populations)
        self._higher_is_better = higher_is_better
        self._pooled = members_pooled

    @property
    def is_pooled(self) -> bool:
        """True at organization level."""
        return self._pooled is not None

    def higher_is_better(self, measure: str) -> bool:
        """Direction of a measure."""
        return self._higher_is_better[measure]

    def count(self, per_practice: FloatArray) -> FloatArray:
        """A count at this view's level."""
        if self._pooled is None:
            return per_practice
        return np.asarray((per_practice * self._pooled).sum(axis=1, keepdims=True))

    def answer(self, per_practice: FloatArray) -> FloatArray:
        """A fact at this view's level: the member-weighted mean of the practices that take part."""
        if self._pooled is None:
            return per_practice
        weight = self.count(self.results.members(self.populations, "all"))
        total = self.count(per_practice * self.results.members(self.populations, "all"))
        return np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)

    def all_of_them(self, per_practice: BoolArray) -> BoolArray:
        """A yes/no at this view's level: pooled, every practice that takes part says yes."""
        if self._pooled is None:
            return per_practice
        return np.asarray((per_practice | ~self._pooled).all(axis=1, keepdims=True))
