"""Turns the gaps that payers leave into the document that leaves the program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from critmass.domain.network import ORGANIZATION
from critmass.report.case import usd
from critmass.report.document import SYNTHETIC, level_proof, versions
from critmass.report.explanation_words import label_of, number_label, number_value
from critmass.report.gaps_schema import (
    BurdenLine,
    ChangeLine,
    CoalitionsLine,
    CoverageCell,
    CoverageLine,
    FixedNumberLine,
    FragmentationLine,
    FreeRideLine,
    GapsDocument,
    MeasureLine,
    MeasureUseLine,
    NetworkCoalitionsLine,
    OverlapLine,
    PayerChange,
    PayerLine,
    PracticeCoalitionsLine,
    ProgramPart,
    Standing,
    ThresholdLine,
)
from critmass.settlement.ledger_rows import CENTS, IntArray
from critmass.studies.gaps.burden import SharedMeasure
from critmass.studies.gaps.changes import STEP_RATE, Change
from critmass.studies.gaps.coalitions import Coalitions
from critmass.studies.gaps.fragmentation import Fragmentation
from critmass.studies.gaps.run import Gaps

MOST_SETS_SHOWN = 20
"""Coalitions of one line that the document lists."""
_DIGITS = 6


def gaps_document(found: Gaps, payer: str | None = None) -> GapsDocument:
    """The document; with `payer`, cut down to what concerns that payer. Totals of workflows stay those of all."""
    plan, burden = found.plan, found.burden
    return GapsDocument(
        organization=plan.network.name or ORGANIZATION,
        payer=payer,
        planned=found.planned,
        status=plan.status if found.planned else None,
        levels=tuple(level_proof(level, plan.options.gap) for level in plan.levels) if found.planned else (),
        scenario=plan.scenario,
        options=plan.options,
        plan_hash=plan.plan_hash,
        catalog_hash=plan.catalog.hash,
        network_hash=plan.network.hash,
        versions=versions(),
        synthetic=plan.network.synthetic,
        practices_at_mass=int(plan.outcome.practices_at_mass[0]),
        members_at_mass=float(plan.outcome.members_at_mass[0]),
        missing_usd=usd(found.changes.missing_usd),
        coverage=tuple(_coverage(found, payer)),
        payers=tuple(line for line in _payers(found) if payer in (None, line.payer)),
        orphans=found.coverage.orphans,
        free_rides=tuple(
            FreeRideLine(**{**asdict(item), "share_of_cost": _rounded(item.share_of_cost)})
            for item in found.coverage.free_rides
            if payer in (None, item.payer)
        ),
        overlaps=tuple(line for line in _overlaps(found) if payer is None or _pays(line, payer)),
        measures=tuple(_measure(item, found) for item in found.measures if payer is None or _uses(item, payer)),
        burden=BurdenLine(**asdict(burden), of_differences_usd=usd(burden.of_differences_usd)),
        held=_fragmentation(found.held),
        offered=_fragmentation(found.offered),
        practice_coalitions=tuple(
            PracticeCoalitionsLine(practice=item.practice, coalitions=_coalitions(item.coalitions))
            for item in found.practice_coalitions
        ),
        network_coalitions=tuple(
            NetworkCoalitionsLine(
                kept_share=item.kept_share, members=item.members, coalitions=_coalitions(item.coalitions)
            )
            for item in found.network_coalitions
        ),
        step_rate=STEP_RATE,
        changes=tuple(line for line in _changes(found) if payer in (None, line.payer)),
        notes=tuple(_notes(found)),
    )


# Coverage ---------------------------------------------------------------------------------------------


def _coverage(found: Gaps, payer: str | None) -> Iterator[CoverageLine]:
    cover, catalog = found.coverage, found.plan.catalog
    for place, workflow in enumerate((*cover.workflows, "")):
        tables = [table[place] for table in (cover.paid, cover.credited, cover.cost)]
        paid, credited, cost = (int(row.sum()) for row in tables)
        yield CoverageLine(
            workflow=workflow,
            label=label_of("workflow", workflow, catalog, found.plan.network) if workflow else "No workflow",
            core=bool(workflow) and catalog.workflows[workflow].core,
            standing=_standing(workflow, paid, cost, found.coverage.orphans) if workflow else None,
            paid_usd=paid / CENTS, credited_usd=credited / CENTS, cost_usd=cost / CENTS, coverage=_over(paid, cost),
            payers=tuple(
                _cell(name, *(int(row[column]) for row in tables))
                for column, name in enumerate(cover.payers)
                if payer in (None, name)
            ),
        )  # fmt: skip


def _cell(payer: str, paid: int, credited: int, cost: int) -> CoverageCell:
    return CoverageCell(
        payer=payer, paid_usd=paid / CENTS, credited_usd=credited / CENTS, cost_usd=cost / CENTS,
        coverage=_over(paid, cost),
    )  # fmt: skip


def _standing(workflow: str, paid: int, cost: int, orphans: tuple[str, ...]) -> Standing:
    if workflow in orphans:
        return "orphan"
    if paid > cost:
        return "overlap"
    return "partly_paid" if cost else "no_cost"


def _payers(found: Gaps) -> Iterator[PayerLine]:
    cover = found.coverage
    riding = dict.fromkeys(cover.payers, 0.0)
    for item in cover.free_rides:
        riding[item.payer] += item.amount_usd
    totals: list[IntArray] = [np.asarray(table.sum(axis=0)) for table in (cover.paid, cover.credited, cover.cost)]
    for place, name in enumerate(cover.payers):
        paid, credited, cost = (int(total[place]) for total in totals)
        yield PayerLine(
            payer=name, label=label_of("payer", name, found.plan.catalog, found.plan.network),
            members=float(cover.members[place]), paid_usd=paid / CENTS, credited_usd=credited / CENTS,
            cost_usd=cost / CENTS, coverage=_over(paid, cost), unpaid_usd=int(cover.unpaid[place]) / CENTS,
            free_ride_usd=usd(riding[name]),
        )  # fmt: skip


def _over(paid: int, cost: int) -> float | None:
    return _rounded(paid / cost) if cost > 0 else None


def _rounded(value: float) -> float:
    return round(value, _DIGITS) + 0.0


def _overlaps(found: Gaps) -> Iterator[OverlapLine]:
    for item in found.coverage.overlaps:
        yield OverlapLine(
            workflow=item.workflow, paid_usd=item.paid_usd, cost_usd=item.cost_usd, above_cost_usd=item.above_cost_usd,
            paid_by=tuple(ProgramPart(**asdict(part)) for part in item.paid_by),
        )  # fmt: skip


def _pays(line: OverlapLine, payer: str) -> bool:
    return any(part.payer == payer and part.paid_usd > 0 for part in line.paid_by)


# Measures ---------------------------------------------------------------------------------------------


def _measure(item: SharedMeasure, found: Gaps) -> MeasureLine:
    uses = (
        MeasureUseLine(
            payer=use.payer, programs=use.programs, specifications=use.specifications, relation=use.relation,
            thresholds=tuple(ThresholdLine(basis=at.basis, value=at.value) for at in use.thresholds), note=use.note,
        )
        for use in item.uses
    )  # fmt: skip
    return MeasureLine(
        measure=item.measure, label=found.plan.catalog.measures[item.measure].label,
        thresholds_differ=item.thresholds_differ, specifications_differ=item.specifications_differ, uses=tuple(uses),
    )  # fmt: skip


def _uses(item: SharedMeasure, payer: str) -> bool:
    return any(use.payer == payer for use in item.uses)


def _fragmentation(found: Fragmentation) -> FragmentationLine:
    plain = _tidied({name: value for name, value in asdict(found).items() if name != "at_fixed_number"})
    lines = tuple(FixedNumberLine(**_tidied(asdict(item))) for item in found.at_fixed_number)
    return FragmentationLine(**plain, at_fixed_number=lines)


def _tidied(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _rounded(value) if isinstance(value, float) else value for name, value in values.items()}


# Coalitions and changes -------------------------------------------------------------------------------


def _coalitions(found: Coalitions) -> CoalitionsLine:
    return CoalitionsLine(
        sets=found.sets[:MOST_SETS_SHOWN], found=len(found.sets), always=found.always, exact=found.exact,
        largest=found.largest,
    )  # fmt: skip


def _changes(found: Gaps) -> Iterator[PayerChange]:
    for payer, change in found.changes.best.items():
        line = None if change is None else _change(change, found)
        yield PayerChange(payer=payer, tried=found.changes.tried[payer], change=line)


def _change(change: Change, found: Gaps) -> ChangeLine:
    number = change.number
    return ChangeLine(
        number=number,
        label=number_label(number, found.plan.catalog),
        program=number.program,
        raised_to=round(change.raised_to, _DIGITS),
        from_words=number_value(number, number.value),
        to_words=number_value(number, change.raised_to),
        added_usd=usd(change.added_usd),
        missing_less_usd=usd(change.missing_less_usd),
        each_dollar=_rounded(change.each_dollar),
        members_gained=change.members_gained,
        practices_gained=change.practices_gained,
        joined=change.joined,
        joining_added_usd=usd(change.joining_added_usd),
        joining_less_usd=usd(change.joining_less_usd),
    )


def _notes(found: Gaps) -> Iterator[str]:
    if found.plan.network.synthetic:
        yield SYNTHETIC
    yield (
        "New and withheld money counts as paid, as it accrues; credited money is apart. Costs are those of practices "
        "and of the hub; the tariff between them is not counted a second time."
    )
    searched = [item.coalitions for item in found.network_coalitions]
    if any(not item.exact for item in searched):
        largest = searched[0].largest
        yield f"With so many payers, only coalitions of up to {largest} payers were looked at; larger ones may exist."
