"""Quantities, schedules and drivers: what a payment contract counts, pays and looks at.

A component pays ``quantity x rate x multipliers``, if its gates are open, within its limits. Every word
is data; `critmass.settlement` says what each one evaluates to.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from critmass.domain.values import Cited, Frozen

Stratum = Literal[
    "all",
    "under_21",
    "age_21_plus",
    "risk_low",
    "risk_rising",
    "risk_high",
    "chronic_0_1",
    "chronic_2_plus",
    "chronic_2_plus_qmb",
]
"""Ways a panel is counted. The age, risk and chronic families each add up to 'all'."""


# Quantities: what is counted --------------------------------------------------------------------------


class MemberMonths(Frozen):
    """Attributed member-months, of one stratum of the panel."""

    kind: Literal["member_months"]
    stratum: Stratum = "all"


class Members(Frozen):
    """Attributed members (member-months / 12), of one stratum of the panel."""

    kind: Literal["members"]
    stratum: Stratum = "all"


class Events(Frozen):
    """Billable events of a service, at most `max_per_member` for each member of the stratum and year."""

    kind: Literal["events"]
    service: str
    stratum: Stratum = "all"
    max_per_member: Cited | None = None


class Numerator(Frozen):
    """Members compliant with the measure at year end."""

    kind: Literal["numerator"]
    measure: str


class GapsClosed(Frozen):
    """Compliant members who were not yet compliant when the year began (the gap was open)."""

    kind: Literal["gaps_closed"]
    measure: str


class AllowedCharges(Frozen):
    """Allowed charges of a named code set, USD a year."""

    kind: Literal["allowed_charges"]
    code_set: str


class Savings(Frozen):
    """Benchmark expenditure minus expenditure, USD; negative when spending exceeds the benchmark."""

    kind: Literal["savings"]


class BenchmarkExpenditure(Frozen):
    """The benchmark expenditure itself, USD."""

    kind: Literal["benchmark_expenditure"]


class Lump(Frozen):
    """One, for each practice, or for the organization when the component settles there."""

    kind: Literal["lump"]


class FactAmount(Frozen):
    """A number that the user supplies, such as a pool's size; pooled, the member-weighted mean answer."""

    kind: Literal["fact"]
    name: str


Quantity = Annotated[
    MemberMonths
    | Members
    | Events
    | Numerator
    | GapsClosed
    | AllowedCharges
    | Savings
    | BenchmarkExpenditure
    | Lump
    | FactAmount,
    Field(discriminator="kind"),
]


# Schedules: from a driver to a rate ------------------------------------------------------------------


class Step(Frozen):
    """One row of a step table: what is paid once the driver reaches `at_least`."""

    at_least: Cited
    pays: Cited


class Constant(Frozen):
    """The same rate whatever the driver."""

    kind: Literal["constant"]
    pays: Cited


class Steps(Frozen):
    """The `pays` of the last row whose threshold is reached, `otherwise` below the first.

    `inclusive: false` means that a threshold must be exceeded. For drivers where lower is better the
    thresholds fall from row to row and 'reached' means at or below.
    """

    kind: Literal["steps"]
    rows: tuple[Step, ...] = Field(min_length=1)
    otherwise: Cited = Cited(value=0.0)
    inclusive: bool = True
    descending: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Steps:
        thresholds = [float(row.at_least) for row in self.rows]
        wanted = sorted(set(thresholds), reverse=self.descending)
        if thresholds != wanted:
            direction = "fall" if self.descending else "rise"
            raise ValueError(f"thresholds must {direction} from row to row without repeats, found {thresholds}")
        return self


class Point(Frozen):
    """One corner of a piecewise linear schedule."""

    at: Cited
    pays: Cited


class PiecewiseLinear(Frozen):
    """Linear between corners, flat before the first and after the last."""

    kind: Literal["piecewise_linear"]
    points: tuple[Point, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _ordered(self) -> PiecewiseLinear:
        corners = [float(point.at) for point in self.points]
        if corners != sorted(set(corners)):
            raise ValueError(f"'at' must rise from point to point without repeats, found {corners}")
        return self


class Bracket(Frozen):
    """A band of the driver up to `up_to` (open-ended when missing) and the marginal rate inside it."""

    up_to: Cited | None = None
    rate: Cited


class Brackets(Frozen):
    """Marginal bands, as in an income tax, symmetric around zero: the sum of rate times the part in each band."""

    kind: Literal["brackets"]
    bands: tuple[Bracket, ...] = Field(min_length=1)


class ByStratum(Frozen):
    """A rate for each stratum; only with the quantities member_months and members."""

    kind: Literal["by_stratum"]
    rates: dict[Stratum, Cited]


Schedule = Annotated[
    Constant | Steps | PiecewiseLinear | Brackets | ByStratum,
    Field(discriminator="kind"),
]
DriverSchedule = Annotated[Constant | Steps | PiecewiseLinear | Brackets, Field(discriminator="kind")]


# Drivers: what a rate or a gate looks at -------------------------------------------------------------


class Rate(Frozen):
    """Performance rate of a measure, a fraction."""

    kind: Literal["rate"]
    measure: str


class Improvement(Frozen):
    """Gain over last year's rate in the measure's good direction.

    `absolute` in points of rate, `relative` to last year's rate, `gap_share` to last year's distance
    from perfection.
    """

    kind: Literal["improvement"]
    measure: str
    basis: Literal["absolute", "relative", "gap_share"] = "absolute"


class ScoredMeasure(Frozen):
    """A measure's contribution to a score: the larger of attainment and improvement."""

    measure: str
    weight: Cited = Cited(value=1.0)
    attainment: DriverSchedule
    improvement: DriverSchedule | None = None
    improvement_basis: Literal["absolute", "relative", "gap_share"] = "absolute"


class Points(Frozen):
    """Sum of weighted measure points, plus extra points that do not depend on performance.

    Measures without a denominator bring nothing.
    """

    kind: Literal["points"]
    items: tuple[ScoredMeasure, ...] = Field(min_length=1)
    extra: Cited = Cited(value=0.0)


class Composite(Frozen):
    """Weighted mean of measure scores.

    A measure whose denominator is below `minimum_denominator` leaves numerator and denominator. `facts`
    add fixed parts (a user-supplied score with a weight).
    """

    kind: Literal["composite"]
    items: tuple[ScoredMeasure, ...] = Field(min_length=1)
    facts: tuple[ScoredFact, ...] = ()
    minimum_denominator: Cited = Cited(value=1.0)


class ScoredFact(Frozen):
    """A user-supplied score and its weight inside a composite, relative to all items' weight together."""

    name: str
    weight: Cited


class MeasuresMet(Frozen):
    """How many of the listed measures reach their target."""

    kind: Literal["measures_met"]
    items: tuple[MeasureTarget, ...] = Field(min_length=1)


class MeasureTarget(Frozen):
    """A measure and the rate it must reach (or stay at or below, where lower is better)."""

    measure: str
    target: Cited


class SavingsRate(Frozen):
    """Savings over benchmark expenditure, a fraction."""

    kind: Literal["savings_rate"]


class MembersCount(Frozen):
    """Attributed members, of one stratum."""

    kind: Literal["members"]
    stratum: Stratum = "all"


class Denominator(Frozen):
    """Denominator of a measure."""

    kind: Literal["denominator"]
    measure: str


class Fact(Frozen):
    """A number or yes/no (1/0) that the user supplies in the Facts sheet."""

    kind: Literal["fact"]
    name: str


Driver = Annotated[
    Rate | Improvement | Points | Composite | MeasuresMet | SavingsRate | MembersCount | Denominator | Fact,
    Field(discriminator="kind"),
]

for _model in (Composite, MeasuresMet):
    _model.model_rebuild()
