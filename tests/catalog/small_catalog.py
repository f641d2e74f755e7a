"""A catalog of one program, made in a test from its components."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog, CatalogFile
from critmass.domain.errors import InputError, Problem

TINY = Path(__file__).parents[1] / "data" / "tiny_catalog"

Words = dict[str, Any]


def component(name: str = "bonus", **terms: Any) -> Words:
    """A component that pays $1 a member unless it says otherwise."""
    frame = {
        "id": name, "label": name, "clause": "x", "payment_stream": "p4p", "apm_category": "2C",
        "quantity": {"kind": "members"}, "rate": {"kind": "constant", "pays": 1},
    }  # fmt: skip
    return frame | terms


def catalog_with(*components: Words, program: Words | None = None, **families: Any) -> Catalog:
    """The tiny catalog with the program `small` beside its own."""
    small: Words = {
        "id": "small", "label": "Small", "payer": "bcbsm", "performance_year": 2026,
        "lines_of_business": ["commercial", "medicare_advantage"],
        "effective": {"from": "2026-01-01", "to": "2026-12-31"}, "status": "complete",
        "components": list(components or [component()]), **(program or {}),
    }  # fmt: skip
    tree = {"cite": {"assumption": True, "reason": "made up for tests"}, "programs": [small], **families}
    return load_catalog([TINY], shipped=False, parsed=[("small.yaml", CatalogFile.model_validate(tree))])


def problems_of(*components: Words, program: Words | None = None, **families: Any) -> list[Problem]:
    """What loading complains about; nothing when it does not."""
    try:
        catalog_with(*components, program=program, **families)
    except InputError as error:
        return list(error.problems)
    return []


def the_problem(*components: Words, program: Words | None = None, **families: Any) -> Problem:
    """The one thing that loading complains about."""
    found = problems_of(*components, program=program, **families)
    assert len(found) == 1, [str(item) for item in found]
    return found[0]


def steps(*rows: tuple[float, float], **more: Any) -> Words:
    """A step table."""
    return {"kind": "steps", "rows": [{"at_least": at, "pays": pays} for at, pays in rows], **more}


def check(driver: Words, **comparison: Any) -> Words:
    """A gate on a driver."""
    return {"kind": "test", "driver": driver, **comparison}
