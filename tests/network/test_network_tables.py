"""Networks given as rows: the same network, and the same complaints, as from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from network_book import Book, problems_of

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError
from critmass.network import checked_tables, complete_network, load_network, load_tables


def rows_of(book: Book) -> dict[str, list[dict[str, Any]]]:
    """The book's sheets as rows."""
    return {
        name: [dict(zip(header, row, strict=True)) for row in rows] for name, (header, *rows) in book.sheets.items()
    }


def complaints_of(tables: dict[str, list[dict[str, Any]]], catalog: Catalog) -> list[str]:
    """What loading complains about."""
    with pytest.raises(InputError) as caught:
        load_tables(tables, catalog)
    return [str(problem) for problem in caught.value.problems]


def test_rows_are_the_same_network(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """Rows and a workbook with the same cells are the same network."""
    path = book.save(tmp_path / "network.xlsx")
    assert load_tables(rows_of(book), catalog).hash == load_network(path, catalog).hash


def test_checked_tables_keep_blanks(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """Tables that are only checked leave blank what was blank, and complete to the same network."""
    tables = checked_tables(book.save(tmp_path / "network.xlsx"), catalog)
    assert tables["Practices"]["startup_budget_usd"].isna().tolist() == [False, True]
    assert tables["Practices"]["name"].tolist() == ["Maple Family Practice", ""]
    assert complete_network(tables).hash == load_tables(rows_of(book), catalog).hash


def test_rows_are_counted_as_in_a_sheet(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """The same mistakes get the same words at the same rows as in a workbook."""
    book.cell("Panel", 3, "payer", "medicar")
    book.cell("Panel", 5, "members", -300)
    book.rename("Charges", "allowed_usd", "allowed")
    expected = [str(problem) for problem in problems_of(book.save(tmp_path / "network.xlsx"), catalog)]
    assert complaints_of(rows_of(book), catalog) == expected


def test_no_rows_are_no_missing_columns(book: Book, catalog: Catalog) -> None:
    """A list without rows is an empty sheet: fine where it is optional, else without rows."""
    tables = rows_of(book)
    tables["Charges"].clear()
    assert load_tables(tables, catalog).table("Charges").empty
    tables["Baseline"].clear()
    tables["Panel"].clear()
    assert complaints_of(tables, catalog)[0].startswith("sheet Panel: has no rows")


@pytest.mark.parametrize("cell", [False, True, 10**30, -(10**4000), float("inf"), "many"])
def test_cells_that_are_no_counts(book: Book, catalog: Catalog, cell: object) -> None:
    """A yes, an endless number or a word is not a count of members, and the row says so."""
    tables = rows_of(book)
    tables["Panel"][1]["members"] = cell
    complaint = complaints_of(tables, catalog)[0]
    assert complaint.startswith("sheet Panel, row 3, column members: ")
    assert len(complaint) < 200
