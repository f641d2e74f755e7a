"""Turns an explanation, or a conflict, into the document that leaves the program."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from critmass.domain.catalog import Catalog
from critmass.domain.network import ORGANIZATION, Network
from critmass.domain.scenario import Scenario
from critmass.report.case import usd
from critmass.report.document import finite, level_proof, plan_document, versions
from critmass.report.explanation_schema import (
    AlternativeLine,
    ConflictDocument,
    ExplanationDocument,
    FlipLine,
    ForcedLine,
    GroundsLine,
    LeverLine,
    MoneyLine,
    PointLine,
    PracticeLine,
    RepairLine,
    SubjectLine,
    TermsLine,
    WhyNotLine,
    WorthLine,
)
from critmass.report.explanation_words import label_of, number_label
from critmass.studies.explain.conflict import Conflict, Repair
from critmass.studies.explain.difference import Difference
from critmass.studies.explain.flips import Flip, Terms
from critmass.studies.explain.fronts import Point
from critmass.studies.explain.money import MoneyTrail
from critmass.studies.explain.short_of_mass import Lever, ShortOfMass
from critmass.studies.explain.whole import Explanation
from critmass.studies.explain.why_not import Forced, WhyNot
from critmass.studies.explain.worth import Worth
from critmass.studies.plan import Plan

Tidied = TypeVar("Tidied")

_CENTS = 2
_DIGITS = 6
_IN_CENTS = ("usd", "members_at_mass")


def explanation_document(found: Explanation) -> ExplanationDocument:
    """The document of an explanation."""
    plan, catalog = found.plan, found.plan.catalog
    terms = dict(found.terms)
    return ExplanationDocument(
        organization=plan.network.name or ORGANIZATION,
        subject=SubjectLine(
            kind=found.subject.kind,
            id=found.subject.id,
            label=label_of(found.subject.kind, found.subject.id, catalog, plan.network),
        ),
        scenario=plan.scenario,
        options=found.options or plan.options,
        plan_hash=plan.plan_hash,
        catalog_hash=catalog.hash,
        network_hash=plan.network.hash,
        versions=versions(),
        levels=tuple(level_proof(level, plan.options.gap) for level in plan.levels),
        plans_made=found.solved,
        wall_seconds=round(found.wall_seconds, 3),
        better_plan=None if found.better is None else plan_document(found.better),
        worths=tuple(_worth(item, catalog, plan.network) for item in found.worths),
        why_nots=tuple(_why_not(item, terms.get(item.id), plan) for item in found.why_nots),
        practices=tuple(_practice(item) for item in found.practices),
        money=None if found.money is None else _money(found.money),
        alternatives=tuple(
            AlternativeLine(
                reversed=item.reversed, comparison=tidy(item.comparison), changed=item.changed,
                plan_hash=item.plan.plan_hash,
            )
            for item in found.alternatives
        ),
        front_of_mass=tuple(_point(item) for item in found.front_of_mass),
        front_of_effort=tuple(_point(item) for item in found.front_of_effort),
    )  # fmt: skip


def _changed_plan(item: Worth | Forced, plan: Plan | None) -> dict[str, Any]:
    return {
        "comparison": tidy(item.comparison),
        "reasons": item.reasons,
        "notes": item.notes,
        "changed": item.changed,
        "plan_hash": "" if plan is None else plan.plan_hash,
    }


def _worth(item: Worth, catalog: Catalog, network: Network) -> WorthLine:
    label = label_of(item.kind, item.id, catalog, network)
    return WorthLine(kind=item.kind, id=item.id, label=label, **_changed_plan(item, item.without))


def _forced(item: Forced | None) -> ForcedLine | None:
    return None if item is None else ForcedLine(practices=item.practices, **_changed_plan(item, item.plan))


def _why_not(item: WhyNot, terms: Terms | None, plan: Plan) -> WhyNotLine:
    program = plan.catalog.programs.get(item.id) if item.kind == "program" else None
    return WhyNotLine(
        kind=item.kind,
        id=item.id,
        label=label_of(item.kind, item.id, plan.catalog, plan.network),
        organization=program is not None and program.join_level == "organization",
        available=item.available,
        tried=item.tried,
        alone=_forced(item.alone),
        everywhere=_forced(item.everywhere),
        terms=None if terms is None else _terms(terms, plan.catalog),
    )


def _terms(terms: Terms, catalog: Catalog) -> TermsLine:
    flips = tuple(_flip(item, catalog) for item in terms.flips)
    return TermsLine(lifted=terms.lifted, joins_then=terms.joins_then, flips=flips)


def _flip(item: Flip, catalog: Catalog) -> FlipLine:
    return FlipLine(
        number=item.number, label=number_label(item.number, catalog),
        at=item.at, not_at=item.not_at, tried=round(item.tried, _DIGITS), smallest=item.smallest, joined=item.joined,
        practices=item.practices, gap=None if item.gap is None else finite(item.gap, _DIGITS), plans=item.plans,
    )  # fmt: skip


def _practice(item: ShortOfMass) -> PracticeLine:
    levers = tuple(_lever(lever) for lever in item.levers)
    return PracticeLine(standing=tidy(item.standing), levers=levers, reasons=item.reasons, budget_usd=item.budget_usd)


def _lever(item: Lever) -> LeverLine:
    return LeverLine(
        kind=item.kind, support=tidy(item.support), ratio=item.ratio, margin_lost_usd=usd(item.margin_lost_usd),
        members_gained=item.members_gained, others_lost=item.others_lost, changed=item.changed,
        smallest=item.smallest, chosen_freely=item.chosen_freely, comparison=tidy(item.comparison), notes=item.notes,
    )  # fmt: skip


def _money(found: MoneyTrail) -> MoneyLine:
    grounds = [GroundsLine(program=at[0], component=at[1], grounds=item) for at, item in sorted(found.grounds.items())]
    return MoneyLine(
        total_usd=found.total_usd, cost_usd=found.cost_usd, clauses=tuple(map(tidy, found.clauses)),
        costs=found.costs, grounds=tuple(grounds),
    )  # fmt: skip


def _point(item: Point) -> PointLine:
    return PointLine(
        margin_usd=usd(item.margin_usd), members_at_mass=item.members_at_mass,
        practices_at_mass=item.practices_at_mass, starts=item.starts, fte_added=round(item.fte_added, _CENTS),
        hours_added=round(item.hours_added, 0), usd_per_member=item.usd_per_member, left_out=item.left_out,
        gap=finite(item.gap, _DIGITS), plan_hash=item.plan.plan_hash,
    )  # fmt: skip


# Conflicts --------------------------------------------------------------------------------------------


def conflict_document(conflict: Conflict, network: Network, catalog: Catalog, scenario: Scenario) -> ConflictDocument:
    """The document of a conflict."""
    return ConflictDocument(
        organization=network.name or ORGANIZATION,
        scenario=scenario,
        catalog_hash=catalog.hash,
        network_hash=network.hash,
        versions=versions(),
        terms=conflict.terms,
        minimal=conflict.minimal,
        facts=conflict.facts,
        repairs=tuple(_repair(item) for item in conflict.repairs),
        fewest=conflict.fewest,
        plans_made=conflict.checks,
    )


def _repair(item: Repair) -> RepairLine:
    return RepairLine(
        dropped=item.dropped,
        usd=item.usd,
        levels=tuple(level_proof(level, item.plan.options.gap) for level in item.plan.levels),
        practices_at_mass=int(item.plan.outcome.practices_at_mass[0]),
        margin_usd=usd(float(item.plan.outcome.margin[0])),
        plan_hash=item.plan.plan_hash,
    )


# Numbers ----------------------------------------------------------------------------------------------


def tidy(item: Tidied) -> Tidied:
    """The same with its numbers rounded: money to the cent, differences too, everything else to six digits."""
    return _tidied(item, _DIGITS)  # type: ignore[no-any-return]


def _tidied(item: Any, digits: int) -> Any:
    if isinstance(item, float):
        return round(item, digits) + 0.0
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        whole = _CENTS if isinstance(item, Difference) else _DIGITS
        changes = {
            field.name: _tidied(getattr(item, field.name), _CENTS if field.name.endswith(_IN_CENTS) else whole)
            for field in dataclasses.fields(item)
        }
        return dataclasses.replace(item, **changes)
    if isinstance(item, Mapping):
        return {key: _tidied(value, _CENTS) for key, value in item.items()}
    if isinstance(item, Sequence) and not isinstance(item, str):
        return tuple(_tidied(value, digits) for value in item)
    return item
