"""Whether the service answers, and what it knows."""

from __future__ import annotations

from fastapi import APIRouter

import critmass
from critmass.catalog.coverage import program_coverage
from critmass.domain.catalog import Catalog
from critmass_api.dependencies import CatalogHere
from critmass_api.wire import (
    CatalogOverview,
    Entry,
    FactEntry,
    Health,
    MeasureEntry,
    PayerEntry,
    ProgramEntry,
    WorkflowEntry,
)

router = APIRouter()


@router.get("/healthz", tags=["service"])
async def health() -> Health:
    """Says that the service answers."""
    return Health(version=critmass.__version__)


@router.get("/v1/catalog", tags=["catalog"])
async def catalog_overview(catalog: CatalogHere) -> CatalogOverview:
    """Payers, programs, measures and workflows, and how much of each program is quoted or assumed."""
    return CatalogOverview(
        hash=catalog.hash,
        payers=tuple(
            PayerEntry(id=item.id, label=item.label, lines_of_business=item.lines_of_business)
            for item in catalog.payers.values()
        ),
        programs=_programs(catalog),
        measures=tuple(
            MeasureEntry(id=item.id, label=item.label, direction=item.direction, domain=item.domain, hedis=item.hedis)
            for item in catalog.measures.values()
        ),
        workflows=_workflows(catalog),
        roles=tuple(Entry(id=item.id, label=item.label) for item in catalog.roles.values()),
        code_sets=tuple(Entry(id=item.id, label=item.label) for item in catalog.code_sets.values()),
        facts=tuple(
            FactEntry(id=item.id, label=item.label, kind=item.kind, default=float(item.default))
            for item in catalog.facts.values()
        ),
    )


def _programs(catalog: Catalog) -> tuple[ProgramEntry, ...]:
    return tuple(
        ProgramEntry(
            id=program.id,
            label=program.label,
            payer=program.payer,
            performance_year=program.performance_year,
            lines_of_business=program.lines_of_business,
            join_level=program.join_level,
            voluntary=program.voluntary,
            status=program.status,
            ended=program.ended,
            coverage=dict(covered.values),
        )
        for covered in program_coverage(catalog)
        for program in (catalog.programs[covered.owner],)
    )


def _workflows(catalog: Catalog) -> tuple[WorkflowEntry, ...]:
    return tuple(
        WorkflowEntry(
            id=item.id,
            label=item.label,
            stage=item.stage,
            core=item.core,
            delivery=item.delivery,
            requires=item.requires,
        )
        for item in catalog.workflows.values()
    )
