"""A made-up payer with whatever programs a test needs, and results tables for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from critmass.catalog import load_catalog
from critmass.domain.catalog import CatalogFile
from critmass.domain.results_map import ResultsMap
from critmass.studies.entities import Book, EntitySettlement, book_of, settle_file

Words = dict[str, Any]
SCORE: Words = {"kind": "fact", "name": "score"}


def component(name: str = "pay", **terms: Any) -> Words:
    """A component that pays one dollar a unit unless the terms say otherwise."""
    return {
        "id": name, "label": name, "clause": "section 1", "payment_stream": "p4p", "apm_category": "2C",
        "rate": {"kind": "constant", "pays": 1}, **terms,
    }  # fmt: skip


def program(name: str, *components: Words, **more: object) -> Words:
    """A program of a whole year."""
    return {
        "id": name, "label": name, "payer": "payer", "performance_year": 2026, "status": "complete",
        "lines_of_business": ["commercial"], "effective": {}, "components": list(components), **more,
    }  # fmt: skip


def catalog_file(*programs: Words, scores: tuple[Words, ...] = ()) -> CatalogFile:
    """A catalog with these programs, two measures, two facts and a service."""
    measures = [{"id": name, "label": name, "direction": "higher_is_better", "domain": "care"} for name in ("M", "N")]
    facts = [{"id": name, "label": name, "kind": "number", "default": 0.5} for name in ("score", "other")]
    return CatalogFile.model_validate(
        {
            "cite": {"assumption": True, "reason": "made up"}, "measures": measures, "facts": facts,
            "services": [{"id": "visit", "label": "Visit", "codes": []}],
            "payers": [{"id": "payer", "label": "Payer", "lines_of_business": ["commercial"]}],
            "programs": list(programs), "scores": list(scores),
        }
    )  # fmt: skip


def book(*programs: Words, scores: tuple[Words, ...] = ()) -> Book:
    """These programs and scores, ready to settle."""
    parsed = [("made up", catalog_file(*programs, scores=scores))]
    return book_of(load_catalog(shipped=False, parsed=parsed), load_catalog(shipped=False))


def settled(folder: Path, of: Book, text: str, **entries: Any) -> EntitySettlement:
    """A CSV table whose entity is the column 'Name', settled."""
    path = folder / "results.csv"
    path.write_text(text, encoding="utf-8")
    return settle_file(of, path, ResultsMap.model_validate({"entity": "Name", **entries}), "map.yaml")
