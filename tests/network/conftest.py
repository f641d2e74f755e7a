"""A hand-made network of two practices that every test can spoil in its own way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from network_book import Book, problems_of

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog

TINY_CATALOG = Path(__file__).parents[1] / "data" / "tiny_catalog"


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The tiny catalog of four measures, four workflows, three payers and four programs."""
    return load_catalog([TINY_CATALOG], shipped=False)


@pytest.fixture
def book() -> Book:
    """Two practices, three payers, every sheet in use, nothing wrong."""
    population = ["practice", "payer", "line_of_business"]
    return Book(
        {
            "Organization": [["name", "startup_budget_usd", "synthetic"], ["Two practices", 40000, "yes"]],
            "Practices": [
                ["practice", "name", "clinicians", "startup_budget_usd"],
                ["maple", "Maple Family Practice", 2, 30000],
                ["oak", None, 1.5, None],
            ],
            "Panel": [
                [*population, "members", "risk_rising", "risk_high", "members_low", "members_high"],
                ["maple", "bcbsm", "commercial", 1000, 200, 50, 900, 1100],
                ["maple", "medicare", "medicare_ffs", 400, None, None, None, None],
                ["oak", "bcbsm", "commercial", 800, 100, 20, 700, 800],
                ["oak", "meridian", "medicaid", 300, None, None, None, None],
            ],
            "Baseline": [
                [
                    *population,
                    "measure",
                    "denominator",
                    "numerator",
                    "prior_denominator",
                    "prior_numerator",
                    "carried_numerator",
                ],
                ["maple", "bcbsm", "commercial", "BCS", 200, 140, 190, 130, 70],
                ["maple", "bcbsm", "commercial", "CBP", 250, 150, None, None, None],
                ["oak", "bcbsm", "commercial", "BCS", 160, 100, None, None, 40],
                ["maple", "medicare", "medicare_ffs", "PCR", 40, 6, None, None, None],
            ],
            "Staff": [["practice", "role", "fte"], ["maple", "medical_assistant", 0.5]],
            "Workflows": [["practice", "workflow", "reach"], ["maple", "registry", 0.8]],
            "Charges": [
                [*population, "code_set", "allowed_usd"],
                ["maple", "bcbsm", "commercial", "pcp_office_visits", 180000.5],
            ],
            "Spending": [
                [*population, "benchmark_usd", "expenditure_usd"],
                ["maple", "medicare", "medicare_ffs", 4600000, 4550000],
            ],
            "Facts": [["practice", "fact", "value"], ["ORGANIZATION", "pcmh_designated", 1]],
            "Contracts": [["practice", "program", "status"], ["oak", "tiny_pmpm_2026", "joined"]],
        }
    )


@pytest.fixture
def complaints(book: Book, catalog: Catalog, tmp_path: Path) -> Callable[[], list[str]]:
    """Saves the spoilt book and returns the problems as text."""

    def collect() -> list[str]:
        return [str(problem) for problem in problems_of(book.save(tmp_path / "spoilt.xlsx"), catalog)]

    return collect
