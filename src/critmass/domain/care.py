"""Measures, workflows, staff roles and the facts a user is asked for."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from critmass.domain.values import Cite, Cited, Frozen
from critmass.domain.vocabulary import Stratum

Stage = Literal["data", "identify", "engage", "deliver", "coordinate", "report"]


class Measure(Frozen):
    """A quality or utilization measure.

    `ceiling` is the largest share of the residual gap that workflows can close in a year (a fraction). A
    measure that is only settled, never planned, needs none of `ceiling`, `typical_rate`, `eligible_share`.
    """

    id: str
    label: str
    direction: Literal["higher_is_better", "lower_is_better"]
    domain: str
    hedis: str | None = None
    cbe: str | None = None
    cms_ecqm: str | None = None
    mips_quality_id: str | None = None
    cmit: str | None = None
    star_id: str | None = None
    ceiling: Cited = Cited(value=0.0)
    typical_rate: Cited = Cited(value=0.0)
    eligible_share: Cited = Field(
        default=Cited(value=0.0), description="Typical denominator as a share of members, for samples."
    )
    cite: Cite | None = None

    @property
    def higher_is_better(self) -> bool:
        """True when a larger rate is the better one."""
        return self.direction == "higher_is_better"


class CrosswalkRow(Frozen):
    """How a payer's version of a measure relates to the standard one."""

    payer: str
    measure: str
    relation: Literal["same", "modified", "different"]
    note: str = ""
    cite: Cite | None = None


class Role(Frozen):
    """A kind of staff. Wage is loaded USD per FTE and year; minutes are productive minutes per FTE and year."""

    id: str
    label: str
    wage_usd: Cited
    minutes_per_year: Cited
    practice_step_fte: Cited
    hub_step_fte: Cited
    turnover_factor: Cited = Cited(value=1.0)
    cite: Cite | None = None

    @property
    def cost_per_fte_usd(self) -> float:
        """Loaded yearly cost of one FTE with turnover friction, USD."""
        return float(self.wage_usd) * float(self.turnover_factor)


class StaffNeed(Frozen):
    """Minutes of a role for each patient reached and year."""

    role: str
    minutes_per_patient: Cited


class Effect(Frozen):
    """Share of a measure's residual gap that the workflow alone closes at full reach, with its interval."""

    measure: str
    closed_share: Cited
    low: Cited
    high: Cited
    cite: Cite | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Effect:
        low, mid, high = float(self.low), float(self.closed_share), float(self.high)
        if not low <= mid <= high < 1:
            raise ValueError(f"an effect needs low <= closed_share <= high < 1, found {low}, {mid}, {high}")
        return self


class SavingsEffect(Frozen):
    """Share of total cost of care that the workflow saves at full reach (negative when it adds cost)."""

    lines_of_business: tuple[str, ...]
    saved_share: Cited
    low: Cited
    high: Cited
    cite: Cite | None = None


class ServiceVolume(Frozen):
    """Billable events that the workflow produces per member of the stratum at full reach, a year."""

    service: str
    stratum: Stratum
    per_member: Cited
    cite: Cite | None = None


class EligiblePatients(Frozen):
    """Patients a workflow serves: a share of a stratum of the whole panel."""

    stratum: Stratum
    share: Cited = Cited(value=1.0)


class Workflow(Frozen):
    """A population health workflow: what it needs, costs, and does.

    Costs are USD: `fixed_usd` a practice and year, `unit_usd` a patient reached and year, `startup_usd`
    once, spread over `startup_years`. Reach is 0 or between `minimum_reach` and 1.
    """

    id: str
    label: str
    stage: Stage
    core: bool
    requires: tuple[str, ...] = ()
    delivery: Literal["practice", "hub", "either"]
    minimum_reach: Cited = Cited(value=0.5)
    eligible: tuple[EligiblePatients, ...] = Field(min_length=1)
    fixed_usd: Cited
    unit_usd: Cited
    startup_usd: Cited
    startup_years: Cited = Cited(value=5.0)
    hub_fixed_usd: Cited | None = None
    hub_practice_fixed_usd: Cited | None = Field(
        default=None, description="What stays at each practice when the hub delivers, USD a year."
    )
    staff: tuple[StaffNeed, ...] = ()
    effects: tuple[Effect, ...] = ()
    savings: tuple[SavingsEffect, ...] = ()
    services: tuple[ServiceVolume, ...] = ()
    cite: Cite | None = None

    @model_validator(mode="after")
    def _hub_costs(self) -> Workflow:
        if self.delivery != "practice" and (self.hub_fixed_usd is None or self.hub_practice_fixed_usd is None):
            raise ValueError("a workflow that a hub may deliver needs hub_fixed_usd and hub_practice_fixed_usd")
        return self


class FactQuestion(Frozen):
    """A number or yes/no that programs look at and only the user knows; `default` is used when blank."""

    id: str
    label: str
    kind: Literal["number", "yes_no"]
    default: Cited
    cite: Cite | None = None


class PayerValue(Frozen):
    """What outcomes are worth to payers in some lines of business, a year.

    `expenditure_usd` is total cost of care a member where the network has no Spending row; `usd_per_gap_closed` what
    one more compliant member is worth to the payer's own revenue, with its interval.
    """

    id: str
    label: str
    lines_of_business: tuple[str, ...] = Field(min_length=1)
    expenditure_usd: Cited
    usd_per_gap_closed: Cited
    low: Cited
    high: Cited
    cite: Cite | None = None

    @model_validator(mode="after")
    def _ordered(self) -> PayerValue:
        low, mid, high = float(self.low), float(self.usd_per_gap_closed), float(self.high)
        if not low <= mid <= high:
            raise ValueError(f"a value needs low <= usd_per_gap_closed <= high, found {low}, {mid}, {high}")
        return self


class Service(Frozen):
    """A billable service: bare codes and our own label."""

    id: str
    label: str
    codes: tuple[str, ...]


class CodeSet(Frozen):
    """A named set of codes whose allowed charges an uplift touches."""

    id: str
    label: str
    codes: tuple[str, ...]
