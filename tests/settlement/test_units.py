"""Rows of a results table that settle together: by TIN, by organization, or each for itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from critmass.catalog import load_catalog
from critmass.domain.catalog import CatalogFile
from critmass.settlement.amounts import settle
from critmass.settlement.results import FloatArray
from critmass.settlement.table import TableResults
from critmass.settlement.units import units_of
from critmass.studies.entities import book_of

ROWS = ("a", "b", "c", "d")
MEMBERS = np.array([[100.0, 300.0, 200.0, 400.0]])
SAVED = np.array([[50_000.0, -10_000.0, 0.0, 20_000.0]])


def paid(level: str, **groups: tuple[str, ...]) -> FloatArray:
    """Half of the savings of each unit, where they are above zero, by row."""
    component: dict[str, Any] = {
        "id": "savings", "label": "Half", "clause": "section 1", "payment_stream": "ssp", "apm_category": "3A",
        "level": level, "quantity": {"kind": "savings"}, "rate": {"kind": "constant", "pays": 0.5},
        "gates": [{"kind": "test", "driver": {"kind": "savings_rate"}, "above": 0}],
    }  # fmt: skip
    written = {
        "cite": {"assumption": True, "reason": "made up"},
        "payers": [{"id": "payer", "label": "Payer", "lines_of_business": ["commercial"]}],
        "programs": [{
            "id": "half", "label": "Half", "payer": "payer", "performance_year": 2026, "status": "complete",
            "lines_of_business": ["commercial"], "effective": {}, "join_level": "organization",
            "components": [component],
        }],
    }  # fmt: skip
    catalog = load_catalog(shipped=False, parsed=[("half", CatalogFile.model_validate(written))])
    values = {"members": MEMBERS, "benchmark_usd": np.full((1, 4), 1e6), "expenditure_usd": 1e6 - SAVED}
    everyone = {"half": np.ones((1, 4), dtype=np.bool_)}
    results = TableResults(ROWS, values, everyone, catalog, **groups)
    return np.asarray(settle(book_of(catalog, load_catalog(shipped=False)).terms, results).paid[0, 0])


@pytest.mark.parametrize("level", ["practice", "tin", "organization"])
def test_without_groups_each_row_settles_for_itself(level: str) -> None:
    """A loss of one row lowers no other row's savings."""
    assert paid(level) == pytest.approx([25_000, 0, 0, 10_000])


@pytest.mark.parametrize(("level", "group"), [("tin", "tins"), ("organization", "organizations")])
def test_groups_settle_together_and_split_by_members(level: str, group: str) -> None:
    """a and b save $40,000 and get $20,000, a quarter for a; c and d save $20,000, a third of $10,000 for c."""
    found = paid(level, **{group: ("one", "one", "two", "two")})
    assert found == pytest.approx([5_000, 15_000, 10_000 / 3, 20_000 / 3])


@pytest.mark.parametrize(("level", "group"), [("tin", "tins"), ("organization", "organizations")])
def test_one_group_of_all(level: str, group: str) -> None:
    """$60,000 saved together, half of it by members."""
    assert paid(level, **{group: ("one",) * 4}) == pytest.approx([3_000, 9_000, 6_000, 12_000])


def test_other_groups_do_not_matter() -> None:
    """A payment by TIN does not look at organizations."""
    assert paid("tin", organizations=("one",) * 4) == pytest.approx([25_000, 0, 0, 10_000])


def test_many_units_take_little_memory() -> None:
    """100,000 rows in 50,000 units are put together without a table of rows times units."""
    rows = 100_000
    names = tuple(f"row {place}" for place in range(rows))
    pairs = tuple(f"pair {place // 2}" for place in range(rows))
    results = TableResults(names, {"members": np.ones((1, rows))}, {}, load_catalog(shipped=False), pairs)
    assert units_of(results, "tin").whole(np.ones((1, rows))) == pytest.approx(np.full((1, rows), 2.0))
