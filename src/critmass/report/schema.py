"""The documents that plans and settlements leave as. Money is USD and cents, shares are fractions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from critmass.domain.scenario import Scenario, SolveOptions
from critmass.domain.values import Frozen

SCHEMA_VERSION = "1.0"
"""Changes in its first part when a reader of older documents would misread a newer one."""

Decision = Literal["joined", "declined", "not_available"]


class Money(Frozen):
    """Totals over all practices and the organization. `margin_usd` is new plus withheld money minus cost."""

    new_usd: float
    credited_usd: float
    withheld_usd: float = Field(description="Usually negative: taken from fees whether or not one joins.")
    cost_usd: float
    margin_usd: float
    cash_in_year_usd: float = Field(description="New and withheld money paid within the performance year.")
    cash_later_usd: float
    not_earned_by_a_workflow_usd: float = Field(description="New and withheld money that no workflow moved.")


class WorkflowRun(Frozen):
    """A workflow at one practice. Reach is the share of eligible patients served."""

    delivery: Literal["own", "hub"]
    reach: float
    reach_before: float


class PracticeMoney(Frozen):
    """One practice's year: what it earns, what it pays, what it lacks for critical mass."""

    id: str
    name: str
    members: float
    reimbursement_usd: float = Field(description="What counts towards critical mass, accrued.")
    by_payer: dict[str, float]
    cost_usd: float
    margin_usd: float
    credited_usd: float
    accrual_usd: float = Field(description="New and withheld money of the performance year.")
    cash_in_year_usd: float = Field(description="The part of it that is paid within the performance year.")
    shortfall_usd: float = Field(description="Reimbursement missing for the asked mass ratio; 0 when reached.")
    payers_bringing_share: int
    core_missing: tuple[str, ...]
    programs: tuple[str, ...]
    workflows: dict[str, WorkflowRun]
    staff_fte: dict[str, float]
    startup_usd: float


class SettledPractice(PracticeMoney):
    """One practice as it stands. `mass_ratio` is reimbursement over cost, null without cost."""

    at_mass: bool
    mass_ratio: float | None


class PlannedPractice(PracticeMoney):
    """One practice under the plan, and before. A mass ratio is reimbursement over cost; null without cost."""

    at_mass_before: bool
    at_mass_after: bool
    mass_ratio_before: float | None
    mass_ratio_after: float | None


class ComponentMoney(Frozen):
    """What one payment of a program brings, over all practices and the organization."""

    id: str
    label: str
    clause: str
    confidence: str
    carried_forward: bool = Field(description="Terms of an earlier year, as none are published for this one.")
    new_usd: float
    credited_usd: float
    withheld_usd: float


class ProgramMoney(Frozen):
    """One program: whether and by whom it is joined, what it brings; `reason` says why not available."""

    id: str
    label: str
    payer: str
    performance_year: int
    decision: Decision
    reason: str
    locked: bool = Field(description="A signed contract or a lock of the scenario decided it somewhere.")
    organization: bool = Field(description="Joined or declined by the organization as a whole.")
    practices: tuple[str, ...] = Field(description="Practices that take part.")
    practices_available: int
    new_usd: float
    credited_usd: float
    withheld_usd: float
    reporting_usd: float
    components: tuple[ComponentMoney, ...]


class WorkflowMoney(Frozen):
    """One workflow: who runs it, what it costs with its staff, and whose money it earns."""

    id: str
    label: str
    stage: str
    core: bool
    practices_own: int
    practices_hub: int
    mean_reach: float | None = Field(description="Over the practices that run it.")
    cost_usd: float
    funded_usd: float
    funded_by: dict[str, float]
    margin_usd: float


class OrganizationMoney(Frozen):
    """The organization and its hub. `margin_usd` is what it keeps plus the tariff minus its costs."""

    name: str
    hub_staff_fte: dict[str, float]
    hub_cost_usd: float
    tariff_usd: float
    reporting_usd: float
    kept_usd: float = Field(description="New and withheld money that is not passed on to practices.")
    margin_usd: float
    startup_usd: float


class Statement(Frozen):
    """What plans and settlements have in common."""

    schema_version: str = SCHEMA_VERSION
    synthetic: bool
    notes: tuple[str, ...]
    scenario: Scenario
    catalog_hash: str
    network_hash: str
    versions: dict[str, str]
    members: float
    practices_at_mass: int
    members_at_mass: float
    money: Money
    dollars_by_confidence: dict[str, float] = Field(
        description="New money, as absolute amounts, by the weakest ground of the clause that pays it."
    )
    assumption_share: float = Field(description="Share of it on values that are assumed or unverified.")
    carried_forward_share: float = Field(description="Share of it on terms of an earlier year.")
    programs: tuple[ProgramMoney, ...]
    workflows: tuple[WorkflowMoney, ...]
    organization: OrganizationMoney


class SettlementDocument(Statement):
    """What the contracts pay as things stand."""

    kind: Literal["settlement"] = "settlement"
    practices: tuple[SettledPractice, ...]


class LevelProof(Frozen):
    """One level of the objective: what the plan reaches and what is proved. Null where nothing is proved."""

    name: str
    value: float
    bound: float | None
    gap: float | None
    proved: bool = Field(description="The gap is within the asked one.")


class Before(Frozen):
    """Things as they stand, with nothing new joined or started."""

    practices_at_mass: int
    members_at_mass: float
    margin_usd: float


class PlanDocument(Statement):
    """A plan as it is handed over: decisions, dollars, proof, and what all of it rests on."""

    kind: Literal["plan"] = "plan"
    status: Literal["optimal", "feasible"]
    objective: float = Field(description="Value of the last level, by default the margin before amounts are rounded.")
    bound: float | None = Field(description="Proved limit of the last level; null when none is proved.")
    gap: float | None = Field(description="The largest relative gap of the levels; null when one is unproved.")
    levels: tuple[LevelProof, ...]
    wall_seconds: float
    first_plan_seconds: float
    plan_hash: str
    seed: int
    options: SolveOptions
    settlement_checks: tuple[str, ...]
    before: Before
    practices: tuple[PlannedPractice, ...]
