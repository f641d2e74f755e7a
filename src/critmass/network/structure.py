"""Matches the user's sheets and columns to the network's, forgiving case and spaces but not spelling."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from critmass.domain.network import SHEETS, Sheet
from critmass.domain.suggest import closest
from critmass.network.findings import Findings
from critmass.network.raw import RawSheet, sheet_names

_BY_NAME = {sheet.name.casefold(): sheet for sheet in SHEETS}


def normalized(name: str) -> str:
    """A header or sheet name without differences that nobody means: case, spaces and hyphens."""
    return re.sub(r"[\s\-_]+", "_", name.strip()).casefold()


def is_network(path: Path) -> bool:
    """Whether a path holds a network and no other table: a folder, or a workbook with a sheet of practices."""
    return path.is_dir() or "practices" in map(normalized, sheet_names(path))


def shorten(text: str) -> str:
    """A cell's text as a message quotes it."""
    return text if len(text) <= 40 else text[:37] + "..."


def match_sheets(raw: list[RawSheet], findings: Findings) -> dict[str, RawSheet]:
    """Sheets by their standard name with standard columns; optional ones that are missing come back empty."""
    matched = _by_standard_name(raw, findings)
    for sheet in SHEETS:
        if sheet.name not in matched and sheet.required and not findings.lacks(sheet.name):
            findings.missing(sheet.name, "", f"add it: {sheet.help}")
    return {
        sheet.name: _match_columns(sheet, matched[sheet.name], findings)
        if sheet.name in matched
        else RawSheet(sheet.name, _no_rows(sheet))
        for sheet in SHEETS
    }


def _no_rows(sheet: Sheet) -> pd.DataFrame:
    return pd.DataFrame(columns=[column.name for column in sheet.columns], dtype=object)


def _by_standard_name(raw: list[RawSheet], findings: Findings) -> dict[str, RawSheet]:
    matched: dict[str, RawSheet] = {}
    for item in raw:
        sheet = _BY_NAME.get(normalized(item.name))
        if sheet is None:
            fix = closest(item.name, (known.name for known in SHEETS))
            fix = fix or "rename it so that it begins with 'Notes' if it is for people only"
            findings.of_sheet(item.name, "is not a sheet of a network", fix)
        elif sheet.name in matched:
            findings.of_sheet(sheet.name, "is there twice", "keep one")
        else:
            matched[sheet.name] = item
    return matched


def _match_columns(sheet: Sheet, item: RawSheet, findings: Findings) -> RawSheet:
    known = {column.name for column in sheet.columns}
    sources: dict[str, int] = {}
    for position, header in enumerate(map(str, item.frame.columns)):
        name = normalized(header)
        if name not in known:
            _unknown_column(sheet, header, findings)
        elif name in sources:
            findings.of_column(sheet.name, name, "is there twice", "keep one")
        else:
            sources[name] = position
    for column in sheet.columns:
        if column.required and column.name not in sources:
            findings.missing(sheet.name, column.name, f"add it: {column.help}")
    hollow = [(row, normalized(header), what) for row, header, what in item.hollow]
    return RawSheet(sheet.name, _standard_frame(sheet, item.frame, sources), hollow)


def _unknown_column(sheet: Sheet, header: str, findings: Findings) -> None:
    fix = closest(header, (column.name for column in sheet.columns)) or "remove the column"
    findings.of_column(sheet.name, header, "is not a column of this sheet", fix)


def _standard_frame(sheet: Sheet, frame: pd.DataFrame, sources: dict[str, int]) -> pd.DataFrame:
    """The sheet's columns in order, rows without any value dropped."""
    columns = {
        column.name: frame.iloc[:, sources[column.name]]
        if column.name in sources
        else pd.Series(None, index=frame.index, dtype=object)
        for column in sheet.columns
    }
    standard = pd.DataFrame(columns, index=frame.index)
    filled = ~pd.concat([blank(standard[name]) for name in standard.columns], axis=1).all(axis=1)
    return standard[filled]


def blank(cells: pd.Series) -> pd.Series:
    """Which cells hold nothing, or only spaces."""
    if cells.dtype == object:
        return cells.map(lambda cell: cell is None or cell != cell or str(cell).strip() == "").astype(bool)
    if isinstance(cells.dtype, pd.StringDtype):
        return cells.isna() | (cells.str.strip() == "")
    return cells.isna()
