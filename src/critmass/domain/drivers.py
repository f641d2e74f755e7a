"""Drivers: what a payment contract looks at."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from critmass.domain.quantities import Combination, PoolShare, Product, Quantity, Stratum, WeightedQuantity
from critmass.domain.schedules import DriverSchedule
from critmass.domain.values import Cited, Frozen

GainBasis = Literal["absolute", "relative", "gap_share"]
"""In points of rate; relative to last year's rate; as a share of last year's distance from perfection."""


class Rate(Frozen):
    """Performance rate of a measure, a fraction."""

    kind: Literal["rate"]
    measure: str


class Percentile(Frozen):
    """Where a measure's rate stands in a benchmark table of the catalog, 0 to 100, linear between its rows."""

    kind: Literal["percentile"]
    measure: str
    benchmark: str


class Improvement(Frozen):
    """Gain over last year's rate in the measure's good direction, in the contract's basis."""

    kind: Literal["improvement"]
    measure: str
    basis: GainBasis = "absolute"


class ScoredMeasure(Frozen):
    """A measure's contribution to a score: the larger of attainment and improvement.

    With `improvement_basis: target_share` the gain is the share of the way from last year's rate to
    `improvement_target` that was covered.
    """

    measure: str
    weight: Cited = Cited(value=1.0)
    attainment: DriverSchedule
    improvement: DriverSchedule | None = None
    improvement_basis: GainBasis | Literal["target_share"] = "absolute"
    improvement_target: Cited | None = None

    @model_validator(mode="after")
    def _target(self) -> ScoredMeasure:
        if (self.improvement_basis == "target_share") != (self.improvement_target is not None):
            raise ValueError("'improvement_target' goes with 'improvement_basis: target_share', and only with it")
        return self


class ScoredPart(Frozen):
    """Another driver's contribution to a score, such as a domain inside a total; absent ones leave it."""

    driver: Driver
    schedule: DriverSchedule | None = Field(default=None, description="Without one the driver itself counts.")
    weight: Cited = Cited(value=1.0)


class Points(Frozen):
    """Sum of weighted measure points, plus extra points that do not depend on performance.

    Measures without a denominator bring nothing.
    """

    kind: Literal["points"]
    items: tuple[ScoredMeasure, ...] = Field(min_length=1)
    extra: Cited = Cited(value=0.0)


class ScoredFact(Frozen):
    """A user-supplied score and its weight inside a composite, relative to all items' weight together."""

    name: str
    weight: Cited


class Composite(Frozen):
    """Weighted mean of measure scores, of facts, and of other drivers (a composite inside a composite).

    A measure whose denominator is below `minimum_denominator`, a fact that is not reported and a part that
    knows nothing leave numerator and denominator.
    """

    kind: Literal["composite"]
    items: tuple[ScoredMeasure, ...] = ()
    facts: tuple[ScoredFact, ...] = ()
    parts: tuple[ScoredPart, ...] = ()
    minimum_denominator: Cited = Cited(value=1.0)

    @model_validator(mode="after")
    def _not_empty(self) -> Composite:
        if not (self.items or self.facts or self.parts):
            raise ValueError("a composite needs 'items', 'facts' or 'parts'")
        return self


class MeasureTarget(Frozen):
    """A measure and the rate it must reach (or stay at or below, where lower is better)."""

    measure: str
    target: Cited


class MeasuresMet(Frozen):
    """How many of the listed measures reach their target."""

    kind: Literal["measures_met"]
    items: tuple[MeasureTarget, ...] = Field(min_length=1)


class SavingsRate(Frozen):
    """Savings over benchmark expenditure, a fraction."""

    kind: Literal["savings_rate"]


class Ratio(Frozen):
    """One quantity over another, such as expenditure over premium; 0 where the second is 0."""

    kind: Literal["ratio"]
    of: Quantity
    over: Quantity


class MembersCount(Frozen):
    """Attributed members, of one stratum; `whole_panel` of every payer."""

    kind: Literal["members"]
    stratum: Stratum = "all"
    whole_panel: bool = False


class Denominator(Frozen):
    """Denominator of a measure."""

    kind: Literal["denominator"]
    measure: str


class Fact(Frozen):
    """A number or yes/no (1/0) that the user supplies in the Facts sheet."""

    kind: Literal["fact"]
    name: str


class Sum(Frozen):
    """A sum of weighted parts, held between `at_least` and `at_most`. Parts that know nothing bring nothing."""

    kind: Literal["sum"]
    parts: tuple[ScoredPart, ...] = Field(min_length=1)
    at_least: Cited | None = None
    at_most: Cited | None = None


class Largest(Frozen):
    """The largest of several parts, each times its weight; parts that know nothing are left out."""

    kind: Literal["largest"]
    parts: tuple[ScoredPart, ...] = Field(min_length=2)


class Gain(Frozen):
    """Gain of one driver over another: their difference, or `relative` to the second; 0 where it is unknown."""

    kind: Literal["gain"]
    of: Driver
    over: Driver
    basis: Literal["absolute", "relative"] = "absolute"


class LastYear(Frozen):
    """A driver looked at on last year's counts of the measures."""

    kind: Literal["last_year"]
    driver: Driver


class NamedScore(Frozen):
    """A score that the catalog defines under a name, so that several programs can look at it."""

    kind: Literal["score"]
    score: str


class PeerPercentile(Frozen):
    """Share of the units that take part whose driver is no better than this one's, itself included, 0 to 1."""

    kind: Literal["peer_percentile"]
    of: Driver
    lower_is_better: bool = False


Driver = Annotated[
    Rate
    | Percentile
    | Improvement
    | Points
    | Composite
    | MeasuresMet
    | SavingsRate
    | Ratio
    | MembersCount
    | Denominator
    | Fact
    | Sum
    | Largest
    | Gain
    | LastYear
    | NamedScore
    | PeerPercentile,
    Field(discriminator="kind"),
]


class PoolWeight(Frozen):
    """What a pool is split by: a quantity, times a schedule of a driver where performance counts too."""

    of: Quantity
    driver: Driver | None = None
    schedule: DriverSchedule | None = None


for _model in (ScoredPart, Composite, Sum, Largest, Gain, LastYear, PeerPercentile, Ratio):
    _model.model_rebuild()
for _counted in (PoolWeight, WeightedQuantity, Combination, Product, PoolShare):
    _counted.model_rebuild(_types_namespace={"Quantity": Quantity, "PoolWeight": PoolWeight})
