"""The document of the gaps that payers leave. Money is USD and cents a year, shares are fractions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from critmass.domain.scenario import Scenario, SolveOptions
from critmass.domain.values import Frozen
from critmass.report.schema import SCHEMA_VERSION, LevelProof
from critmass.studies.explain.contract_numbers import ContractNumber
from critmass.studies.gaps.burden import Basis, Relation

Standing = Literal["orphan", "overlap", "partly_paid", "no_cost"]
"""Paid below 5 % of its cost; paid above its cost; between the two; not run at all."""


class CoverageCell(Frozen):
    """One workflow and one payer. `coverage` is paid over cost, null without cost."""

    payer: str
    paid_usd: float = Field(description="New and withheld money as it accrues; negative where it is taken back.")
    credited_usd: float
    cost_usd: float = Field(description="Cost that this payer's own members cause.")
    coverage: float | None


class CoverageLine(Frozen):
    """One workflow with all payers. The line with the id '' is what belongs to no workflow, reporting among it."""

    workflow: str
    label: str
    core: bool
    standing: Standing | None
    paid_usd: float
    credited_usd: float
    cost_usd: float
    coverage: float | None
    payers: tuple[CoverageCell, ...]


class PayerLine(Frozen):
    """One payer's column in total. `unpaid_usd` sums cells; what is paid above one cost makes up for no other."""

    payer: str
    label: str
    members: float
    paid_usd: float
    credited_usd: float
    cost_usd: float
    coverage: float | None
    unpaid_usd: float
    free_ride_usd: float


class FreeRideLine(Frozen):
    """A payer that pays less of a workflow's money than its share of the cost, and less than its cost."""

    workflow: str
    payer: str
    paid_usd: float
    cost_usd: float
    share_of_cost: float
    amount_usd: float = Field(description="Its share of the cost times what all pay, less what it pays.")


class ProgramPart(Frozen):
    """What one program pays for a workflow."""

    payer: str
    program: str
    paid_usd: float


class OverlapLine(Frozen):
    """A workflow that is paid above its whole cost."""

    workflow: str
    paid_usd: float
    cost_usd: float
    above_cost_usd: float
    paid_by: tuple[ProgramPart, ...]


class ThresholdLine(Frozen):
    """A value that a contract looks for: a rate or gain as a fraction, a percentile from 0 to 100."""

    basis: Basis
    value: float


class MeasureUseLine(Frozen):
    """How one payer uses a measure."""

    payer: str
    programs: tuple[str, ...]
    thresholds: tuple[ThresholdLine, ...]
    specifications: tuple[str, ...]
    relation: Relation | None = Field(description="To the standard measure, where the catalog's crosswalk says.")
    note: str


class MeasureLine(Frozen):
    """A measure that at least two payers with members here use in programs in force."""

    measure: str
    label: str
    thresholds_differ: bool
    specifications_differ: bool
    uses: tuple[MeasureUseLine, ...]


class BurdenLine(Frozen):
    """Reporting for joined programs, and its cost with each measure reported once, under one specification."""

    today_usd: float
    common_usd: float
    of_differences_usd: float
    of_specifications_usd: float = Field(description="Of programs that practices join for themselves.")
    of_organization_usd: float = Field(description="What reports of the organization repeat.")


class FixedNumberLine(Frozen):
    """Means over all groups of a fixed number of payers: only these can be compared between networks."""

    payers: int
    groups: int
    unique_share: float
    mean_reuse: float
    solo_share: float


class FragmentationLine(Frozen):
    """Fragmentation of some programs. All indices are true at this number of payers only."""

    payers: int
    sets: int = Field(description="Programs with measures.")
    distinct_measures: int
    slots: int = Field(description="Measures summed over programs.")
    unique_share: float | None = Field(description="Distinct measures over slots.")
    mean_reuse: float | None = Field(description="Slots over distinct measures.")
    solo_share: float | None = Field(description="Share of measures that only one program uses.")
    largest_adoption: float | None = Field(description="Share of programs that use the most used measure.")
    modified_share: float | None = Field(description="Share of programs whose payer modifies a measure.")
    effective_payers: float | None = Field(description="1/HHI of incentive dollars.")
    overlap: float | None = Field(description="Jaccard overlap of payers' measures, weighted by dollars.")
    at_fixed_number: tuple[FixedNumberLine, ...]


class CoalitionsLine(Frozen):
    """Smallest sets of payers; `always` are those in every one. Not exact: only up to `largest` payers were tried."""

    sets: tuple[tuple[str, ...], ...] = Field(description="The smallest ones; `found` says how many there are.")
    found: int
    always: tuple[str, ...]
    exact: bool
    largest: int


class PracticeCoalitionsLine(Frozen):
    """Sets of payers whose money alone carries a practice."""

    practice: str
    coalitions: CoalitionsLine


class NetworkCoalitionsLine(Frozen):
    """Sets of payers whose money alone keeps a share of the members at critical mass there."""

    kept_share: float
    members: float
    coalitions: CoalitionsLine


class ChangeLine(Frozen):
    """One amount of a payer's own contracts raised, and settled again with decisions unchanged."""

    number: ContractNumber
    label: str
    program: str
    raised_to: float
    from_words: str
    to_words: str
    added_usd: float = Field(description="What the payer pays more for it.")
    missing_less_usd: float = Field(description="By how much what practices lack for critical mass falls.")
    each_dollar: float = Field(description="What the raise closes for each dollar that it adds.")
    members_gained: float = Field(description="At critical mass, joining included.")
    practices_gained: int
    joined: tuple[str, ...] = Field(description="Practices that first join the program.")
    joining_added_usd: float = Field(description="What the payer pays more when they join at today's terms.")
    joining_less_usd: float = Field(description="By how much what practices lack falls by that.")


class PayerChange(Frozen):
    """A payer's best change; null where none of the amounts that were tried helps."""

    payer: str
    tried: int
    change: ChangeLine | None


class GapsDocument(Frozen):
    """What payers leave unpaid, under a plan or as things stand. With `payer` set, one payer's part of it."""

    kind: Literal["gaps"] = "gaps"
    schema_version: str = SCHEMA_VERSION
    organization: str
    payer: str | None
    planned: bool = Field(description="False for the network as it stands, without a plan.")
    status: Literal["optimal", "feasible"] | None = Field(description="Of the plan; null without one.")
    levels: tuple[LevelProof, ...] = Field(description="Of the plan; empty without one.")
    scenario: Scenario
    options: SolveOptions
    plan_hash: str
    catalog_hash: str
    network_hash: str
    versions: dict[str, str]
    synthetic: bool
    practices_at_mass: int
    members_at_mass: float
    missing_usd: float = Field(description="What practices lack for critical mass.")
    coverage: tuple[CoverageLine, ...]
    payers: tuple[PayerLine, ...]
    orphans: tuple[str, ...]
    free_rides: tuple[FreeRideLine, ...]
    overlaps: tuple[OverlapLine, ...]
    measures: tuple[MeasureLine, ...]
    burden: BurdenLine
    held: FragmentationLine = Field(description="Of programs that some practice takes part in.")
    offered: FragmentationLine = Field(description="Of all programs in force here.")
    practice_coalitions: tuple[PracticeCoalitionsLine, ...]
    network_coalitions: tuple[NetworkCoalitionsLine, ...]
    step_rate: float = Field(description="By how much an amount is raised to look for changes.")
    changes: tuple[PayerChange, ...]
    notes: tuple[str, ...]
