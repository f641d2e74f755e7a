"""Payers, their incentive programs, and the components each program pays."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from critmass.domain.values import Cite, Cited, Frozen, Window
from critmass.domain.vocabulary import (
    ByStratum,
    Driver,
    Gate,
    Limit,
    MemberMonths,
    Members,
    Multiplier,
    Quantity,
    Schedule,
)

LineOfBusiness = Literal["commercial", "medicare_advantage", "medicaid", "medicare_ffs", "dsnp", "exchange"]
PaymentStream = Literal[
    "ccf", "ccf-with-risk", "eoc", "pcpcp", "ssq", "ssp", "ssl", "tcoc", "qip", "aha", "cdm", "p4r", "p4p",
    "sip", "sst", "ubip",
]  # fmt: skip
"""HL7 Da Vinci VBPR payment-stream codes."""
ApmCategory = Literal["1", "2A", "2B", "2C", "3A", "3B", "3N", "4A", "4B", "4C", "4N"]
"""HCP-LAN alternative payment model categories."""


SettlementLevel = Literal["practice", "tin", "organization"]
"""Whose results a payment looks at. A TIN is the tax number under which practices bill together."""


class Payer(Frozen):
    """Who pays."""

    id: str
    label: str
    lines_of_business: tuple[LineOfBusiness, ...] = Field(min_length=1)


class WorkflowShare(Frozen):
    """Part of a component's money that belongs to a workflow, where the contract pays for workflows."""

    workflow: str
    share: Cited


class Prepayment(Frozen):
    """Money paid ahead and reconciled with what was earned.

    `rate` times `quantity` is paid in the month `paid_in_month` of the performance year. At settlement the
    rest is paid; where more was paid than earned, the surplus is clawed back, or stays with the practice.
    """

    quantity: Quantity
    rate: Cited
    paid_in_month: int = Field(default=1, ge=1, le=12)
    claw_back: bool


class Component(Frozen):
    """One payment of a program: ``quantity x rate x multipliers`` if the gates are open, within limits.

    `rate` is USD per unit of the quantity (a fraction where the quantity is USD). `driver` is what a
    rate schedule other than a constant looks at. `level` says whether drivers, gates and quantity are
    those of each practice, of the practices of a TIN together, or of all participating practices pooled.
    Components with the same `term` are dated versions of one payment, and their windows may not overlap.
    """

    id: str
    label: str
    clause: str = Field(description="Where in the contract or document this payment is defined, in our words.")
    payer: str | None = None
    lines_of_business: tuple[LineOfBusiness, ...] | None = None
    effective: Window | None = None
    payment_stream: PaymentStream
    apm_category: ApmCategory
    term: str | None = None
    applies: Literal["joined", "not_joined", "always"] = "joined"
    level: SettlementLevel = "practice"
    quantity: Quantity
    driver: Driver | None = None
    rate: Schedule
    multipliers: tuple[Multiplier, ...] = ()
    gates: tuple[Gate, ...] = ()
    limits: tuple[Limit, ...] = ()
    money: Literal["new", "credited", "withheld"] = "new"
    prepaid: Prepayment | None = None
    cash_lag_months: Cited = Cited(value=0.0)
    pass_through: Cited | None = Field(default=None, description="Share that reaches the practice; default 1.")
    workflows: tuple[WorkflowShare, ...] = ()
    cite: Cite | None = None

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """Measures that the component looks at or pays for, in order of first mention."""
        return tuple(dict.fromkeys(_mentioned(self)))

    @model_validator(mode="after")
    def _schedule_fits(self) -> Component:
        if isinstance(self.rate, ByStratum):
            if not isinstance(self.quantity, MemberMonths | Members):
                raise ValueError("a by_stratum rate goes with the quantity member_months or members")
        elif self.rate.kind != "constant" and self.driver is None:
            raise ValueError(f"a {self.rate.kind} rate needs a 'driver'")
        if self.term is not None and self.effective is None:
            raise ValueError("a version of a 'term' needs 'effective' dates")
        return self


def _mentioned(node: object) -> Iterator[str]:
    if isinstance(node, tuple):
        for item in node:
            yield from _mentioned(item)
    elif isinstance(node, BaseModel):
        measure = getattr(node, "measure", None)
        if isinstance(measure, str):
            yield measure
        for name in type(node).model_fields:
            yield from _mentioned(getattr(node, name))


class ReportingBurden(Frozen):
    """What joining costs a practice in reporting, USD a year: a fixed part, and a part for each distinct
    measure specification that is reported (paid once for all programs that use the same specification)."""

    fixed_usd: Cited = Cited(value=0.0)
    per_measure_usd: Cited = Cited(value=0.0)
    specification: str = "hedis"
    cite: Cite | None = None


class Program(Frozen):
    """An incentive program of a payer for a performance year, and how one joins it."""

    id: str
    label: str
    payer: str
    performance_year: int = Field(ge=2000, le=2100)
    lines_of_business: tuple[LineOfBusiness, ...] = Field(min_length=1)
    effective: Window
    status: Literal["complete", "partial", "located"]
    ended: bool = Field(default=False, description="The program is over and is not carried forward.")
    join_level: Literal["practice", "organization"] = "practice"
    voluntary: bool = True
    exclusive_group: str | None = Field(default=None, description="At most one program of a group is joined.")
    excludes: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    eligibility: tuple[Gate, ...] = Field(default=(), description="Facts that must hold for joining at all.")
    settles_at: str | None = None
    reporting: ReportingBurden = ReportingBurden()
    components: tuple[Component, ...] = Field(min_length=1)
    cite: Cite | None = None
    notes: str = ""

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """Measures that the program's components look at or pay for, in order of first mention."""
        return tuple(dict.fromkeys(name for component in self.components for name in component.measures))

    def payer_of(self, component: Component) -> str:
        """The payer that pays the component."""
        return component.payer or self.payer

    def lines_of(self, component: Component) -> tuple[LineOfBusiness, ...]:
        """The lines of business the component touches."""
        return component.lines_of_business or self.lines_of_business
