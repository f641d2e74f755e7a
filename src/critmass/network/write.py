"""Writes the empty template, and networks in every format that can be read back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.network import SHEETS, Network, Sheet
from critmass.network.choices import choice_lists
from critmass.network.workbook import NetworkWorkbook, written_cells


def write_template(path: Path, catalog: Catalog) -> None:
    """An empty workbook to fill in, with explanations, notes, drop-down lists of ids, and limits."""
    with NetworkWorkbook(path, choice_lists(catalog)) as book:
        book.write({})


def write_network(path: Path, network: Network | Mapping[str, pd.DataFrame], catalog: Catalog | None = None) -> None:
    """The network in the format that the path asks for.

    A path ending in `.xlsx` becomes a workbook, with explanations and lists when `catalog` is given; one
    ending in `.parquet` a folder of Parquet files; any other a folder of CSV files.
    """
    tables = network.tables if isinstance(network, Network) else network
    if path.suffix.lower() == ".xlsx":
        choices = None if catalog is None else choice_lists(catalog, tables["Practices"]["practice"])
        with NetworkWorkbook(path, choices) as book:
            book.write(tables)
        return
    path.mkdir(parents=True, exist_ok=True)
    for sheet in SHEETS:
        cells = _as_written(sheet, tables[sheet.name])
        if path.suffix.lower() == ".parquet":
            cells.to_parquet(path / f"{sheet.name}.parquet", index=False)
        else:
            cells.to_csv(path / f"{sheet.name}.csv", index=False, encoding="utf-8")


def _as_written(sheet: Sheet, table: pd.DataFrame) -> pd.DataFrame:
    """The sheet's own columns, blanks where a blank says the same."""
    return pd.DataFrame({column.name: written_cells(column, table[column.name]) for column in sheet.columns})
