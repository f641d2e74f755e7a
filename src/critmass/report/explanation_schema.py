"""The documents that explanations leave as. Money is USD and cents, shares are fractions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from critmass.domain.scenario import Scenario, SolveOptions
from critmass.domain.values import Frozen
from critmass.report.schema import SCHEMA_VERSION, LevelProof, PlanDocument
from critmass.studies.explain.conflict import Term
from critmass.studies.explain.contract_numbers import ContractNumber
from critmass.studies.explain.difference import Changed, Comparison
from critmass.studies.explain.facts import HardFact
from critmass.studies.explain.money import ClauseTrail, CostTrail, Ground
from critmass.studies.explain.short_of_mass import Standing
from critmass.studies.explain.support import Support


class ChangedPlan(Frozen):
    """The best plan for a changed question. `comparison` is the plan less this one; null where there is none."""

    comparison: Comparison | None
    reasons: tuple[str, ...] = Field(description="Why there is no such plan; empty when the time limit came first.")
    notes: tuple[str, ...] = Field(description="What was lifted to ask the question.")
    changed: tuple[Changed, ...]
    plan_hash: str


class WorthLine(ChangedPlan):
    """What a program, a workflow or a payer is worth: the plan less the best plan without it."""

    kind: Literal["program", "workflow", "payer"]
    id: str
    label: str


class ForcedLine(ChangedPlan):
    """The best plan in which some practices do what the plan leaves aside."""

    practices: tuple[str, ...]


class FlipLine(Frozen):
    """At which value of a number the plan joins the program; `at` is null where none up to `tried` was found."""

    number: ContractNumber
    label: str
    at: float | None
    not_at: float = Field(description="The nearest value towards today's that was planned and does not flip it.")
    tried: float
    smallest: bool = Field(description="No step lies between the two.")
    joined: bool = Field(description="The plan made there joins; else joining is as good as it.")
    practices: tuple[str, ...]
    gap: float | None = Field(description="Relative gap of the plan made there.")
    plans: int


class TermsLine(Frozen):
    """What it would take for the plan to join a program."""

    lifted: tuple[str, ...]
    joins_then: bool = Field(description="The plan joins as soon as that is lifted.")
    flips: tuple[FlipLine, ...]


class WhyNotLine(Frozen):
    """Why a program is declined, or a workflow not started."""

    kind: Literal["program", "workflow"]
    id: str
    label: str
    organization: bool
    available: tuple[str, ...]
    tried: int
    alone: ForcedLine | None
    everywhere: ForcedLine | None
    terms: TermsLine | None


class LeverLine(Frozen):
    """One way to bring a practice to mass, settled and found to do so."""

    kind: Literal["decisions", "money", "ratio"]
    support: Support | None
    ratio: float | None
    margin_lost_usd: float
    members_gained: float
    others_lost: tuple[str, ...]
    changed: tuple[Changed, ...]
    smallest: bool
    chosen_freely: bool | None
    comparison: Comparison | None
    notes: tuple[str, ...]


class PracticeLine(Frozen):
    """Where a practice stands, and what would bring it to mass."""

    standing: Standing
    levers: tuple[LeverLine, ...]
    reasons: tuple[str, ...]
    budget_usd: float | None = Field(description="Start-up budget of the organization that the levers rest on.")


class GroundsLine(Frozen):
    """Where the numbers of one clause come from."""

    program: str
    component: str
    grounds: tuple[Ground, ...]


class MoneyLine(Frozen):
    """Every dollar of what was asked about, to its clause."""

    total_usd: float
    cost_usd: float
    clauses: tuple[ClauseTrail, ...]
    costs: tuple[CostTrail, ...]
    grounds: tuple[GroundsLine, ...]


class AlternativeLine(Frozen):
    """A plan near the best one, and the decision whose reversal led to it."""

    reversed: Changed
    comparison: Comparison
    changed: tuple[Changed, ...]
    plan_hash: str


class PointLine(Frozen):
    """A certified plan on a front."""

    margin_usd: float
    members_at_mass: float
    practices_at_mass: int
    starts: int = Field(description="Workflows that a practice starts.")
    fte_added: float
    hours_added: float = Field(description="Productive staff hours a year.")
    usd_per_member: float | None = Field(description="What a member at mass was made to count.")
    left_out: tuple[str, ...]
    gap: float | None
    plan_hash: str


class SubjectLine(Frozen):
    """What is explained."""

    kind: Literal["plan", "program", "practice", "workflow", "payer"]
    id: str
    label: str


class ExplanationDocument(Frozen):
    """Why a plan is what it is. Differences are the plan less another certified plan."""

    kind: Literal["explanation"] = "explanation"
    schema_version: str = SCHEMA_VERSION
    organization: str
    subject: SubjectLine
    scenario: Scenario
    options: SolveOptions = Field(description="Of each plan that was made on the way.")
    plan_hash: str
    catalog_hash: str
    network_hash: str
    versions: dict[str, str]
    levels: tuple[LevelProof, ...] = Field(description="The plan with the tightest limits that are known.")
    plans_made: int
    wall_seconds: float
    better_plan: PlanDocument | None = Field(description="A plan for the same question that beats the plan.")
    worths: tuple[WorthLine, ...]
    why_nots: tuple[WhyNotLine, ...]
    practices: tuple[PracticeLine, ...]
    money: MoneyLine | None
    alternatives: tuple[AlternativeLine, ...]
    front_of_mass: tuple[PointLine, ...]
    front_of_effort: tuple[PointLine, ...]


class RepairLine(Frozen):
    """A change after which a plan exists. Objective values are of that plan."""

    dropped: tuple[Term, ...]
    usd: float | None
    levels: tuple[LevelProof, ...]
    practices_at_mass: int
    margin_usd: float
    plan_hash: str


class ConflictDocument(Frozen):
    """Why no plan exists, and what would make one possible."""

    kind: Literal["conflict"] = "conflict"
    schema_version: str = SCHEMA_VERSION
    organization: str
    scenario: Scenario
    catalog_hash: str
    network_hash: str
    versions: dict[str, str]
    terms: tuple[Term, ...] = Field(description="Negotiable terms that no plan keeps together.")
    minimal: bool
    facts: tuple[HardFact, ...] = Field(description="Hold whatever is negotiated.")
    repairs: tuple[RepairLine, ...]
    fewest: int = Field(
        description="Terms that must be given up at least; all ways of giving up so many are listed. 0: not known."
    )
    plans_made: int
