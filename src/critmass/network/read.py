"""Reads a user's network, checks everything at once, and returns it only when nothing is wrong."""

from __future__ import annotations

from pathlib import Path

from critmass.domain.catalog import Catalog
from critmass.domain.network import SHEETS, Network
from critmass.network.cells import parse_sheet
from critmass.network.checks import check_rows
from critmass.network.choices import check_choices, choice_lists
from critmass.network.fill import complete_network
from critmass.network.findings import Findings
from critmass.network.raw import read_raw
from critmass.network.structure import match_sheets


def load_network(path: Path, catalog: Catalog) -> Network:
    """The network in a workbook (.xlsx) or in a folder of CSV or Parquet files named after the sheets.

    Raises:
        InputError: with every problem of every sheet, by sheet and row as the user sees them. Only a file
            that cannot be opened at all is reported alone.
    """
    findings = Findings()
    raw = read_raw(path, findings)
    if not raw:
        findings.raise_if_any()
    sheets = match_sheets(raw, findings)
    tables = {sheet.name: parse_sheet(sheet, sheets[sheet.name], findings) for sheet in SHEETS}
    practices = tables["Practices"]["practice"]
    check_choices(tables, choice_lists(catalog, practices[practices != ""]), findings)
    check_rows(tables, catalog, findings)
    findings.raise_if_any()
    return complete_network(tables)
