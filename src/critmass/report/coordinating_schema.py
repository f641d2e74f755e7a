"""The document of a coordination of payers. Money is USD a year and cents, shares are fractions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from critmass.domain.scenario import Scenario, SolveOptions
from critmass.domain.values import Frozen
from critmass.report.schema import SCHEMA_VERSION, LevelProof


class ReachLine(Frozen):
    """What a plan of the organization reaches."""

    levels: tuple[LevelProof, ...]
    margin_usd: float
    members_at_mass: float
    practices_at_mass: int
    reimbursement_usd: float = Field(description="What reaches the practices, the bonus included.")


class OfferLine(Frozen):
    """What one payer offers one practice that runs every core workflow."""

    practice: str
    payer: str
    usd: float
    pmpm_usd: float = Field(description="For each of the payer's members there and month.")


class PayerLine(Frozen):
    """What one payer offers in all, and what the outcomes are worth to it."""

    payer: str
    label: str
    members: float
    offered_usd: float
    spent_usd: float = Field(description="Of its offers, what the organization's plan draws.")
    benefit_low_usd: float
    benefit_usd: float = Field(description="Outcomes beyond today's plan, by the middle of the catalog's intervals.")
    benefit_high_usd: float


class SchemeLine(Frozen):
    """A simpler way to pay, on the plans that were met; null where it does not reach the target there."""

    name: str
    payers: tuple[str, ...]
    spend_usd: float | None
    pmpm_usd: float | None
    times_the_least: float | None


class PracticePlayLine(Frozen):
    """One practice that needs a bonus, when every payer acts alone."""

    practice: str
    need_usd: float
    benefit_usd: float = Field(description="Of all payers, were its bundle to run.")
    worst_usd: float = Field(description="Benefit less need in the worst equilibrium; 0 where nobody pays.")
    best_usd: float
    together_usd: float
    stuck: bool = Field(description="Paying nothing is an equilibrium although together the payers gain.")
    jump_start_usd: float = Field(description="What a convener must commit for a payer to move.")
    critical: tuple[tuple[str, ...], ...] = Field(description="Smallest sets of payers that carry the need.")


class PlayDocument(Frozen):
    """Payers that act alone against payers together, over the practices that need a bonus."""

    worst_usd: float
    best_usd: float
    together_usd: float
    price_of_fragmentation: float | None = Field(description="Together over worst; null where the worst is 0.")
    stuck: int
    jump_start_usd: float
    practices: tuple[PracticePlayLine, ...]


class ProposalDocument(Frozen):
    """Offers that the organization goes along with by itself.

    `verified` is true only where the organization, planning anew with the offers among its contracts, reaches the
    target by its own best known plan. `proved` adds that no better plan of it can miss the target.
    """

    verified: bool
    proved: bool
    rounds: int
    instrument: Literal["bundle_bonus"] = "bundle_bonus"
    offered_usd: float
    spend_usd: float
    other_payments_change_usd: float = Field(description="By how much existing programs pay more or less than today.")
    reached: ReachLine
    practices_at_mass: tuple[str, ...]
    offers: tuple[OfferLine, ...]
    payers: tuple[PayerLine, ...]
    plan_hash: str


class CoordinatingDocument(Frozen):
    """What payers would have to add for a target, together."""

    kind: Literal["coordination"] = "coordination"
    schema_version: str = SCHEMA_VERSION
    organization: str
    scenario: Scenario
    options: SolveOptions
    network_hash: str
    catalog_hash: str
    versions: dict[str, str]
    target: str
    today: ReachLine
    reached_today: bool
    proposal: ProposalDocument | None
    alone: PlayDocument | None = Field(description="Null without a proposal.")
    bound_usd: float | None = Field(
        description="Proved: no conditional bonus within limits reaches the target for less; null: none does."
    )
    most_pmpm_usd: dict[str, float]
    schemes: tuple[SchemeLine, ...]
    notes: tuple[str, ...]
    wall_seconds: float
