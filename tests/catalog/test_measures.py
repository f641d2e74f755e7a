"""Which measures components and programs look at."""

from __future__ import annotations

from critmass.domain.catalog import Catalog


def test_measures_in_order_of_first_mention(shipped_catalog: Catalog) -> None:
    """Those of a component come from its driver; those of a program are each named once."""
    program = shipped_catalog.programs["bcbsm_vbr_2024"]
    quality = next(item for item in program.components if item.id == "clinical_quality")
    assert quality.measures == ("BCS", "COL", "CBP", "GSD", "WCV")
    assert set(quality.measures) <= set(program.measures)
    assert len(set(program.measures)) == len(program.measures)


def test_a_copy_forgets_what_was_worked_out(shipped_catalog: Catalog) -> None:
    """A program with fewer components names fewer measures, though the whole one was asked first."""
    program = shipped_catalog.programs["bcbsm_vbr_2024"]
    quality = next(item for item in program.components if item.id == "clinical_quality")
    assert program.measures
    rest = tuple(item for item in program.components if not item.measures)
    assert rest
    assert program.model_copy(update={"components": (quality,)}).measures == quality.measures
    assert program.model_copy(update={"components": rest}).measures == ()
