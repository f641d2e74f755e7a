"""A year's results of entities that are settled one by one, from a table rather than from a network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from critmass.domain.catalog import Catalog
from critmass.domain.vocabulary import Stratum
from critmass.settlement.results import BoolArray, FloatArray, IntArray, Populations

MONTHS = 12.0


class TableResults:
    """Named numbers as settlement sees them; implements `critmass.settlement.results.Results`.

    `values` are by name: members, member_months, benchmark_usd, expenditure_usd, strata.<stratum>,
    facts.<fact>, measures.<measure>.<count>, events.<service>, allowed_usd.<code set>, workflows.<workflow>.
    Arrays have shape (scenario or 1, entity). Every number is of the members that a program speaks of, so
    that populations are not told apart. A fact that is not given takes the catalog's default.
    """

    def __init__(
        self, names: tuple[str, ...], values: Mapping[str, FloatArray], joined: Mapping[str, BoolArray],
        catalog: Catalog, tins: tuple[str, ...] | None = None, organizations: tuple[str, ...] | None = None,
    ) -> None:  # fmt: skip
        self._names, self._values, self._joined, self._catalog = names, values, joined, catalog
        self._tins = names if tins is None else tins
        self._organizations = names if organizations is None else organizations

    @property
    def shape(self) -> tuple[int, int]:
        """Number of scenarios and of entities."""
        return max((array.shape[0] for array in self._values.values()), default=1), len(self._names)

    @property
    def names(self) -> tuple[str, ...]:
        """The entities."""
        return self._names

    @property
    def all_populations(self) -> Populations:
        """Populations are not told apart."""
        return ()

    @property
    def tins(self) -> IntArray:
        """Number of each entity's TIN."""
        return numbered(self._tins)

    @property
    def organizations(self) -> IntArray:
        """Number of each entity's organization; unless said otherwise each is one of its own."""
        return numbered(self._organizations)

    def _given(self, key: str, otherwise: float = 0.0) -> FloatArray:
        found = self._values.get(key)
        return np.full((1, len(self._names)), otherwise) if found is None else found

    def members(self, populations: Populations, stratum: Stratum) -> FloatArray:
        """Attributed members."""
        return self._given("members") if stratum == "all" else self._given(f"strata.{stratum}")

    def member_months(self, populations: Populations, stratum: Stratum) -> FloatArray:
        """Attributed member-months: twelve for each member where none are given."""
        if stratum == "all" and "member_months" in self._values:
            return self._values["member_months"]
        return MONTHS * self.members(populations, stratum)

    def denominator(self, measure: str, populations: Populations) -> FloatArray:
        """Eligible members."""
        return self._given(f"measures.{measure}.denominator")

    def numerator(self, measure: str, populations: Populations) -> FloatArray:
        """Compliant members."""
        return self._given(f"measures.{measure}.numerator")

    def prior_rate(self, measure: str, populations: Populations) -> tuple[FloatArray, FloatArray]:
        """Last year's numerator and denominator; nothing where they are not known."""
        place = f"measures.{measure}.prior_"
        return self._given(f"{place}numerator"), self._given(f"{place}denominator")

    def carried_numerator(self, measure: str, populations: Populations) -> FloatArray:
        """Members compliant on day one."""
        return self._given(f"measures.{measure}.carried_numerator")

    def events(self, service: str, populations: Populations) -> FloatArray:
        """Billed events of a service."""
        return self._given(f"events.{service}")

    def allowed_usd(self, code_set: str, populations: Populations) -> FloatArray:
        """Allowed charges, USD a year."""
        return self._given(f"allowed_usd.{code_set}")

    def benchmark_usd(self, populations: Populations) -> FloatArray:
        """Benchmark expenditure, USD a year."""
        return self._given("benchmark_usd")

    def expenditure_usd(self, populations: Populations) -> FloatArray:
        """Expenditure, USD a year."""
        return self._given("expenditure_usd")

    def fact(self, name: str) -> FloatArray:
        """A given answer, NaN where unknown; a fact that is not given at all takes the catalog's default."""
        return self._given(f"facts.{name}", float(self._catalog.facts[name].default))

    def runs_workflow(self, workflow: str) -> BoolArray:
        """Whether the entity runs the workflow."""
        return self._given(f"workflows.{workflow}") > 0

    def joined(self, program: str) -> BoolArray:
        """Whether the entity takes part in the program."""
        found = self._joined.get(program)
        return np.zeros((1, len(self._names)), dtype=np.bool_) if found is None else found


def numbered(names: tuple[str, ...]) -> IntArray:
    """Names as numbers, the same for the same name."""
    order = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], dtype=np.int64)


def with_counts(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Values in which every measure has counts.

    A rate alone stands for one eligible member, an unknown one for none.
    """
    found = dict(values)
    measures = dict.fromkeys(key.split(".")[1] for key in values if key.startswith("measures."))
    for measure in measures:
        for prior in ("", "prior_"):
            place = f"measures.{measure}.{prior}"
            if f"{place}rate" in found:
                rate = found.pop(f"{place}rate")
                size = found.get(f"{place}denominator", np.ones_like(rate))
                known = ~np.isnan(rate) & ~np.isnan(size)
                found[f"{place}denominator"] = np.where(known, size, 0.0)
                found[f"{place}numerator"] = np.where(known, rate * size, 0.0)
            for count in ("denominator", "numerator", "carried_numerator"):
                if f"{place}{count}" in found:
                    found[f"{place}{count}"] = np.nan_to_num(found[f"{place}{count}"])
    return found
