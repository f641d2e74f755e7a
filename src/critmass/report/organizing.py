"""Turns what organizing is worth into the document that leaves the program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from critmass.domain.network import ORGANIZATION
from critmass.report.case import usd
from critmass.report.document import finite, level_proof, versions
from critmass.report.explanation import tidy
from critmass.report.explanation_words import label_of
from critmass.report.organizing_schema import (
    AbsentLine,
    LoneLine,
    OrganizingDocument,
    ReachedLine,
    StepLine,
    TakenAwayLine,
)
from critmass.studies.organizing import Organizing, Reached
from critmass.studies.plan import Plan

LABELS = {
    "held_alone": "Pooled contracts held alone, given up",
    "together": "Shared TINs and peers",
    "budget": "Shared start-up budget",
    "hub": "Pooled staff: the hub",
    "denominators": "Pooled denominators, panel size",
    "savings": "Pooled savings",
    "reporting": "Shared reporting",
}
"""What people call the rungs of the ladder and the sources."""

REPORTING = (
    "reporting is priced by practice here, so organizing makes none of it cheaper; what the organization reports for "
    "its contracts is no cost of a practice, which is part of what these contracts are worth"
)
"""Why nothing is told apart for shared reporting."""

_DIGITS = 6


def organizing_document(found: Organizing) -> OrganizingDocument:
    """The document of what organizing is worth."""
    plan = found.plan
    return OrganizingDocument(
        organization=plan.network.name or ORGANIZATION,
        scenario=plan.scenario,
        options=found.options,
        plan_hash=plan.plan_hash,
        catalog_hash=plan.catalog.hash,
        network_hash=plan.network.hash,
        versions=versions(),
        alone=_reached(found.alone, found.options.gap),
        organized=_reached(found.organized, found.options.gap),
        worth=tidy(found.worth),
        ladder=tuple(
            StepLine(
                rungs=step.rungs, label=_label(step.rungs), gain=tidy(step.gain),
                reached=_reached(step.reached, found.options.gap),
            )
            for step in found.ladder
        ),
        taken_away=tuple(
            TakenAwayLine(
                sources=item.sources, label=_label(item.sources), loss=tidy(item.loss), programs=item.programs,
                reasons=item.reasons,
            )
            for item in found.taken_away
        ),
        absent=tuple(_absent(found)),
        practices=tuple(_practices(found)),
        notes=found.notes,
        plans_made=found.plans_made,
        wall_seconds=round(found.wall_seconds, 3),
    )  # fmt: skip


def _label(names: Sequence[str]) -> str:
    return " + ".join(LABELS[name] for name in names)


def _reached(item: Reached, gap: float) -> ReachedLine:
    return ReachedLine(
        levels=tuple(level_proof(level, gap) for level in item.levels), margin_usd=usd(item.margin_usd),
        members_at_mass=item.members_at_mass, practices_at_mass=item.practices_at_mass,
        reporting_usd=usd(item.reporting_usd),
    )  # fmt: skip


def _absent(found: Organizing) -> Iterator[AbsentLine]:
    for source, reason in found.absent.items():
        yield AbsentLine(source=source, label=LABELS[source], reason=reason)
    yield AbsentLine(source="reporting", label=LABELS["reporting"], reason=REPORTING)


def _practices(found: Organizing) -> Iterator[LoneLine]:
    for place, item in enumerate(found.lone):
        yield LoneLine(
            practice=item.practice,
            name=label_of("practice", item.practice, found.plan.catalog, found.plan.network),
            members=item.members,
            levels=tuple(level_proof(level, item.plan.options.gap) for level in item.plan.levels),
            margin_usd=usd(float(item.plan.outcome.margin[0])),
            mass_ratio_alone=_mass_ratio(item.plan, 0),
            mass_ratio_organized=_mass_ratio(found.plan, place),
            at_mass_alone=bool(item.plan.outcome.at_mass[0, 0]),
            at_mass_organized=bool(found.plan.outcome.at_mass[0, place]),
            holds=item.holds,
            plan_hash=item.plan.plan_hash,
        )


def _mass_ratio(plan: Plan, place: int) -> float | None:
    outcome = plan.outcome
    return None if outcome.cost[0, place] <= 0 else finite(float(outcome.mass_ratio[0, place]), _DIGITS)
