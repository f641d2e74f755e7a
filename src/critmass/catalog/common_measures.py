"""A catalog in which payers agree on one specification of each measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from critmass.domain.catalog import Catalog
from critmass.domain.programs import Program

COMMON = "common"
"""The specification that all programs then ask for."""


def with_common_measures(catalog: Catalog) -> Catalog:
    """The catalog with every program's measures reported under one specification, at each program's own price: a
    practice then reports a measure once for all of them, at the dearest of their prices."""
    return replace(
        catalog, programs=_common(catalog.programs), written_programs=_common(catalog.written_programs)
    )  # fmt: skip


def _common(programs: Mapping[str, Program]) -> dict[str, Program]:
    return {
        name: item.model_copy(update={"reporting": item.reporting.model_copy(update={"specification": COMMON})})
        for name, item in programs.items()
    }
