"""Quantities: what a payment contract counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from critmass.domain.values import Cited, Frozen

if TYPE_CHECKING:
    from critmass.domain.drivers import PoolWeight

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


class MemberMonths(Frozen):
    """Attributed member-months, of one stratum of the panel.

    `whole_panel` counts the members of every payer, as a payment for shared capacity does.
    """

    kind: Literal["member_months"]
    stratum: Stratum = "all"
    whole_panel: bool = False


class Members(Frozen):
    """Attributed members (member-months / 12), of one stratum of the panel; `whole_panel` of every payer."""

    kind: Literal["members"]
    stratum: Stratum = "all"
    whole_panel: bool = False


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


class EligibleMembers(Frozen):
    """Members eligible for the measure (its denominator), as a prepayment counts them."""

    kind: Literal["denominator"]
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


class Expenditure(Frozen):
    """Total cost of care, USD a year."""

    kind: Literal["expenditure"]


class Lump(Frozen):
    """One, for each unit that the component settles for: a practice, a TIN, or the organization."""

    kind: Literal["lump"]


class FactAmount(Frozen):
    """A number that the user supplies, such as a pool's size; pooled, the member-weighted mean answer."""

    kind: Literal["fact"]
    name: str


class PaidBy(Frozen):
    """What another component of the same program pays at the same level, USD, before pass-through.

    This is how money is taken back: an advance is recouped from what the savings component pays.
    """

    kind: Literal["paid_by"]
    component: str


class WeightedQuantity(Frozen):
    """One term of a combination: `rate` times a quantity."""

    rate: Cited
    of: Quantity


class Combination(Frozen):
    """A sum of quantities, each times its rate, such as a target share of premium less expenditure."""

    kind: Literal["combination"]
    parts: tuple[WeightedQuantity, ...] = Field(min_length=1)


class Product(Frozen):
    """A product of quantities that performance does not change, such as relative value units and an index."""

    kind: Literal["product"]
    of: tuple[Quantity, ...] = Field(min_length=2)


class PoolShare(Frozen):
    """A unit's share of a fixed pool, USD: pool x own weight / weights of all that take part.

    `weight` is a quantity; the component's rate is not part of it. `outside_weight` is the weight of peers
    that are not in the data, a fact. A pool without any weight pays nobody.
    """

    kind: Literal["pool_share"]
    pool_usd: Quantity
    weight: PoolWeight
    outside_weight: str | None = Field(default=None, description="Fact with the weight of peers elsewhere.")


Quantity = Annotated[
    MemberMonths
    | Members
    | Events
    | Numerator
    | GapsClosed
    | EligibleMembers
    | AllowedCharges
    | Savings
    | BenchmarkExpenditure
    | Expenditure
    | Lump
    | FactAmount
    | PaidBy
    | Combination
    | Product
    | PoolShare,
    Field(discriminator="kind"),
]
