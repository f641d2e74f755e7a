"""A network as lists of cells, which tests spoil and save."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.network import load_network


@dataclass
class Book:
    """A workbook as lists of cells, the header first. `cell` counts rows as a user does: the header is 1."""

    sheets: dict[str, list[list[Any]]]

    def cell(self, sheet: str, row: int, column: str, value: object) -> None:
        """Writes one cell."""
        self.sheets[sheet][row - 1][self.sheets[sheet][0].index(column)] = value

    def rename(self, sheet: str, column: str, name: str) -> None:
        """Changes a header."""
        header = self.sheets[sheet][0]
        header[header.index(column)] = name

    def save(self, path: Path) -> Path:
        """As an Excel workbook; a text that begins with '=' becomes a formula without a stored value."""
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for name, rows in self.sheets.items():
            page = book.create_sheet(name)
            for row in rows:
                page.append(row)
        book.save(path)
        return path

    def save_folder(self, path: Path) -> Path:
        """As a folder of CSV files."""
        path.mkdir()
        for name, rows in self.sheets.items():
            with (path / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
                csv.writer(stream).writerows(rows)
        return path


def problems_of(path: Path, catalog: Catalog) -> list[Problem]:
    """What loading complains about; nothing is not an answer."""
    with pytest.raises(InputError) as caught:
        load_network(path, catalog)
    return list(caught.value.problems)
