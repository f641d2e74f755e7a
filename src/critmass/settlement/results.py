"""What a settlement looks at: the results of a year, whoever supplies them."""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from critmass.domain.network import Population
from critmass.domain.vocabulary import Stratum

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
Populations = tuple[Population, ...]


class Results(Protocol):
    """A year's results. Every answer has shape (scenario or 1, practice); counts are sums over populations."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of scenarios and of practices."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the practices are called."""

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
        """A user-supplied number, yes being 1; NaN where it is not known."""

    @property
    def all_populations(self) -> Populations:
        """Every payer and line of business of the panel."""

    @property
    def tins(self) -> IntArray:
        """Number of the TIN that each practice bills under, shape (practice,)."""

    @property
    def organizations(self) -> IntArray:
        """Number of the organization that each practice belongs to, shape (practice,)."""

    def runs_workflow(self, workflow: str) -> BoolArray:
        """Whether the practice runs the workflow, itself or through the hub."""

    def joined(self, program: str) -> BoolArray:
        """Whether the practice takes part in the program."""


def last_year(results: Results) -> Results:
    """The same results with last year's counts of the measures."""
    return cast(Results, _LastYear(results))


class _LastYear:
    """Measures as last year's counts have them, everything else as this year's."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def __getattr__(self, name: str) -> object:
        return getattr(self._results, name)

    def denominator(self, measure: str, populations: Populations) -> FloatArray:
        """Last year's eligible members."""
        return self._results.prior_rate(measure, populations)[1]

    def numerator(self, measure: str, populations: Populations) -> FloatArray:
        """Last year's compliant members."""
        return self._results.prior_rate(measure, populations)[0]

    def prior_rate(self, measure: str, populations: Populations) -> tuple[FloatArray, FloatArray]:
        """Nothing is known of the year before last."""
        nothing = np.zeros((1, self._results.shape[1]))
        return nothing, nothing
