"""Reads a user's network, checks everything at once, and returns it only when nothing is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.network import SHEETS, Network
from critmass.network.cells import parse_sheet
from critmass.network.checks import check_rows
from critmass.network.choices import check_choices, choice_lists
from critmass.network.fill import complete_network
from critmass.network.findings import Findings
from critmass.network.raw import Cell, RawSheet, read_raw, sheet_of_records
from critmass.network.structure import match_sheets

Records = Mapping[str, Sequence[Mapping[str, Cell]]]
"""Rows by sheet name, each row a mapping of column names to cells."""


def load_network(path: Path, catalog: Catalog) -> Network:
    """The network in a workbook (.xlsx) or in a folder of CSV or Parquet files named after the sheets.

    Raises:
        InputError: with every problem of every sheet, by sheet and row as the user sees them. Only a file
            that cannot be opened at all is reported alone.
    """
    return complete_network(checked_tables(path, catalog))


def load_tables(tables: Records, catalog: Catalog) -> Network:
    """The network in rows by sheet. Problems count rows as a sheet does: the first row is row 2.

    Raises:
        InputError: as for `load_network`.
    """
    findings = Findings()
    raw = [sheet_of_records(name, rows) for name, rows in tables.items()]
    return complete_network(_checked(raw, catalog, findings))


def checked_tables(path: Path, catalog: Catalog) -> dict[str, pd.DataFrame]:
    """The checked tables of a workbook or folder as the user left them: blanks are '' or NaN.

    Raises:
        InputError: as for `load_network`.
    """
    findings = Findings()
    raw = read_raw(path, findings)
    if not raw:
        findings.raise_if_any()
    return _checked(raw, catalog, findings)


def _checked(raw: list[RawSheet], catalog: Catalog, findings: Findings) -> dict[str, pd.DataFrame]:
    sheets = match_sheets(raw, findings)
    tables = {sheet.name: parse_sheet(sheet, sheets[sheet.name], findings) for sheet in SHEETS}
    practices = tables["Practices"]["practice"]
    check_choices(tables, choice_lists(catalog, practices[practices != ""]), findings)
    check_rows(tables, catalog, findings)
    findings.raise_if_any()
    return tables
