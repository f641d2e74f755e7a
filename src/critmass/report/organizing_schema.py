"""The document of what organizing is worth. Money is USD and cents, shares are fractions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from critmass.domain.scenario import Scenario, SolveOptions
from critmass.domain.values import Frozen
from critmass.report.schema import SCHEMA_VERSION, LevelProof
from critmass.studies.explain.difference import Comparison
from critmass.studies.organizing import Rung
from critmass.studies.pooling import Source


class ReachedLine(Frozen):
    """What lone practices together, or the organization, reach in a year."""

    levels: tuple[LevelProof, ...]
    margin_usd: float
    members_at_mass: float
    practices_at_mass: int
    reporting_usd: float = Field(description="Cost of reporting, whoever pays for it.")


class LoneLine(Frozen):
    """A practice alone and in the organization. Mass ratios are null where there is no cost."""

    practice: str
    name: str
    members: float
    levels: tuple[LevelProof, ...] = Field(description="Of the practice's own plan.")
    margin_usd: float = Field(description="Net margin of the practice's own plan, USD a year.")
    mass_ratio_alone: float | None
    mass_ratio_organized: float | None
    at_mass_alone: bool
    at_mass_organized: bool
    holds: tuple[str, ...] = Field(description="Contracts made for organizations that it joins alone.")
    plan_hash: str


class StepLine(Frozen):
    """A step from lone practices to the organization. Its steps add up to the total, to the cent."""

    rungs: tuple[Rung, ...] = Field(description="More than one where no plan lies between.")
    label: str
    gain: Comparison
    reached: ReachedLine


class TakenAwayLine(Frozen):
    """The organization's plan less its best plan without a source; null where none was found."""

    sources: tuple[Source, ...]
    label: str
    loss: Comparison | None
    programs: tuple[str, ...]
    reasons: tuple[str, ...]


class AbsentLine(Frozen):
    """A source that cannot be taken away, and why."""

    source: Source | Literal["reporting"]
    label: str
    reason: str


class OrganizingDocument(Frozen):
    """What organizing is worth: the organization's plan less the plans of its practices alone."""

    kind: Literal["organizing"] = "organizing"
    schema_version: str = SCHEMA_VERSION
    organization: str
    scenario: Scenario
    options: SolveOptions = Field(description="Of each plan; plans that are solved whole have a smaller gap.")
    plan_hash: str
    catalog_hash: str
    network_hash: str
    versions: dict[str, str]
    alone: ReachedLine
    organized: ReachedLine
    worth: Comparison = Field(description="Organized less alone; 'better' says that the lone plans are better.")
    ladder: tuple[StepLine, ...]
    taken_away: tuple[TakenAwayLine, ...] = Field(description="Sources overlap: these need not add up.")
    absent: tuple[AbsentLine, ...]
    practices: tuple[LoneLine, ...]
    notes: tuple[str, ...]
    plans_made: int
    wall_seconds: float
