"""The template that a user fills in: complete, readable again, and with lists that follow the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from network_book import Book, problems_of

from critmass.domain.catalog import Catalog
from critmass.domain.network import SHEETS
from critmass.network import load_network, write_network, write_template
from critmass.network.explain import MISSING_SHEET_MEANS, blank_means, example_of


@pytest.fixture(scope="module")
def template(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The empty template of the tiny catalog."""
    path = tmp_path_factory.mktemp("template") / "template.xlsx"
    write_template(path, catalog)
    return path


@pytest.fixture(scope="module")
def pages(template: Path) -> Any:
    """The template as openpyxl sees it."""
    return openpyxl.load_workbook(template)


def test_template_has_every_sheet_after_the_explanations(pages: Any) -> None:
    """Explanations come first, the lists last and hidden, and the sheets between them in their order."""
    assert pages.sheetnames == ["Explanations", *(sheet.name for sheet in SHEETS), "Lists"]
    assert pages["Lists"].sheet_state == "hidden"
    for sheet in SHEETS:
        header = [cell.value for cell in pages[sheet.name][1]]
        assert header == [column.name for column in sheet.columns]
        assert all(cell.font.bold and cell.comment for cell in pages[sheet.name][1])
        assert pages[sheet.name].freeze_panes is not None


def test_every_column_is_limited_while_typing(pages: Any) -> None:
    """Each column that is not free text has one rule: a list, or a kind of number."""
    kinds = {"choice": "list", "yes_no": "list", "count": "whole"}
    for sheet in SHEETS:
        rules = {str(rule.sqref).split("2:")[0]: rule for rule in pages[sheet.name].data_validations.dataValidation}
        for position, column in enumerate(sheet.columns):
            rule = rules.get("ABCDEFGHIJKLMNOP"[position])
            if column.kind == "text":
                assert rule is None
            else:
                assert rule is not None
                assert rule.type == kinds.get(column.kind, "decimal"), column.name


def test_lists_hold_the_ids_of_the_catalog(pages: Any, catalog: Catalog) -> None:
    """Each list rule points at cells that hold exactly the catalog's ids."""
    expected = {
        ("Panel", "B"): set(catalog.payers),
        ("Baseline", "D"): set(catalog.measures),
        ("Staff", "B"): set(catalog.roles),
        ("Workflows", "B"): set(catalog.workflows),
        ("Charges", "D"): set(catalog.code_sets),
        ("Facts", "B"): set(catalog.facts),
        ("Contracts", "B"): set(catalog.programs),
        ("Contracts", "C"): {"joined", "declined"},
    }
    for (sheet, letter), ids in expected.items():
        rules = pages[sheet].data_validations.dataValidation
        rule = next(rule for rule in rules if str(rule.sqref).startswith(letter))
        name, cells = rule.formula1.replace("$", "").split("!")
        assert name == "Lists"
        assert {row[0].value for row in pages[name][cells]} == ids


def test_every_column_is_explained(pages: Any, catalog: Catalog) -> None:
    """The first sheet gives each column's need, unit, example and what a blank means."""
    rows = list(pages["Explanations"].iter_rows(min_row=2, values_only=True))
    explained = {(row[0], row[1]): row for row in rows}
    for sheet in SHEETS:
        assert sheet.required or sheet.name in MISSING_SHEET_MEANS
        for column in sheet.columns:
            row = explained[sheet.name, column.name]
            assert row[2] == ("yes" if column.required else "no")
            assert all(row[3:6])
            assert bool(row[6]) is not column.required
            assert row[5] == example_of(column)
            assert (row[6] or "") == blank_means(sheet, column)
    assert {"BCS", "bcbsm", "ORGANIZATION"} <= {row[5] for row in rows if row[0] == "ids"}
    assert catalog.measures["BCS"].label in {row[4] for row in rows}


def test_empty_template_reads_as_an_empty_network(template: Path, catalog: Catalog) -> None:
    """Nothing but the missing rows is wrong with the template as it comes."""
    assert [problem.place for problem in problems_of(template, catalog)] == [
        "sheet Organization",
        "sheet Practices",
        "sheet Panel",
    ]


def test_filled_template_reads_back(book: Book, template: Path, catalog: Catalog, tmp_path: Path) -> None:
    """Typing a network into the template gives the same network as a plain workbook."""
    filled = openpyxl.load_workbook(template)
    for name, rows in book.sheets.items():
        header = [cell.value for cell in filled[name][1]]
        for at, row in enumerate(rows[1:], start=2):
            for column, value in zip(rows[0], row, strict=True):
                filled[name].cell(at, header.index(column) + 1, value)
    filled.save(tmp_path / "filled.xlsx")
    plain = load_network(book.save(tmp_path / "plain.xlsx"), catalog)
    assert load_network(tmp_path / "filled.xlsx", catalog).hash == plain.hash


def test_workbook_with_a_catalog_keeps_the_lists(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """A network written with its catalog can be edited on with the template's lists, and reads back."""
    network = load_network(book.save(tmp_path / "plain.xlsx"), catalog)
    write_network(tmp_path / "full.xlsx", network, catalog)
    pages = openpyxl.load_workbook(tmp_path / "full.xlsx")
    assert pages.sheetnames[0] == "Explanations"
    assert load_network(tmp_path / "full.xlsx", catalog).hash == network.hash


def test_text_that_looks_like_a_formula_stays_text(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """A name such as '=1+1' is written as text and never becomes a formula or a link."""
    network = load_network(book.save(tmp_path / "plain.xlsx"), catalog)
    tables = dict(network.tables)
    tables["Practices"] = tables["Practices"].assign(name=["=1+1", "https://example.org"])
    write_network(tmp_path / "names.xlsx", tables)
    again = load_network(tmp_path / "names.xlsx", catalog)
    assert again.table("Practices")["name"].tolist() == ["=1+1", "https://example.org"]
