"""Reads one table from a file, as its cells stand there: CSV (also gzipped), Parquet, workbook, or JSON records."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from critmass.domain.errors import InputError, Problem
from critmass.network.findings import Findings
from critmass.network.guard import MAX_TABLE_BYTES, MAX_TABLE_ROWS, table_file_problem
from critmass.network.raw import RawSheet, read_raw, read_table

BoolArray = NDArray[np.bool_]

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".xlsx", ".json")
_WITH_ROWS = "name a table with a header and rows below it"
_AS_UTF8 = "in Excel, save it as 'CSV UTF-8 (comma delimited)'"


def read_table_file(path: Path) -> pd.DataFrame:
    """The table's cells, its index being the row that a user sees; columns are the trimmed headers.

    Of a workbook the first sheet that holds data is read. Rows in which nothing stands are left out.

    Raises:
        InputError: when the file cannot be read as a table, is too large, has no rows, or names two columns alike.
    """
    _check_file(path)
    return _tidied(_cells(path), path.name)


def read_sheets(path: Path) -> dict[str, pd.DataFrame]:
    """Each sheet of a workbook that holds data, by name, its cells as `read_table_file` gives them.

    Raises:
        InputError: when the workbook cannot be read, or a sheet is no table.
    """
    _check_file(path)
    findings = Findings()
    sheets = read_raw(path, findings)
    findings.raise_if_any()
    places = {sheet.name: f"{path.name}, sheet {sheet.name}" for sheet in sheets if not sheet.frame.empty}
    found = {
        sheet.name: _tidied(_calculated(sheet, places[sheet.name]), places[sheet.name])
        for sheet in sheets
        if sheet.name in places
    }
    if not found:
        raise InputError([Problem(path.name, "holds no rows", _WITH_ROWS)])
    return found


def _tidied(frame: pd.DataFrame, place: str) -> pd.DataFrame:
    frame = frame.set_axis([str(header).strip() for header in frame.columns], axis=1)
    repeated = sorted(set(frame.columns[frame.columns.duplicated()]))
    if repeated:
        fix = "give each column its own header"
        raise InputError([Problem(place, f"has two columns named {name!r}", fix) for name in repeated])
    frame = frame[_filled_rows(frame)]
    if frame.empty:
        raise InputError([Problem(place, "holds no rows", _WITH_ROWS)])
    return frame


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise InputError([Problem(str(path), "no such file", "name an existing file")])
    problem = table_file_problem(path)
    if problem is not None:
        raise InputError([replace(problem, fix="split it, or leave out columns that the map does not name")])


def _filled_rows(frame: pd.DataFrame) -> BoolArray:
    """Which rows hold anything at all. A column that is filled throughout ends the search."""
    filled = np.zeros(len(frame), dtype=np.bool_)
    for column in frame.columns:
        left = np.flatnonzero(~filled)
        cells = frame[column].iloc[left]
        blank = cells.isna() if cells.dtype.kind in "biufcM" else cells.isna() | (cells.astype(str).str.strip() == "")
        filled[left] = ~blank.to_numpy(dtype=bool)
        if filled.all():
            break
    return filled


def read_cells(path: Path) -> pd.DataFrame:
    """Every cell of a CSV file as text, the header's too, columns numbered: for files with titles above the header.

    Raises:
        InputError: as `read_table_file` does.
    """
    _check_file(path)
    return _csv_cells(path)


def _cells(path: Path) -> pd.DataFrame:
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return _csv(path)
    if name.endswith(".json"):
        return _json(path)
    if name.endswith((".parquet", ".xlsx")):
        findings = Findings()
        sheets = read_raw(path, findings) if name.endswith(".xlsx") else [read_table(path, findings)]
        findings.raise_if_any()
        filled = [sheet for sheet in sheets if sheet is not None and not sheet.frame.empty]
        return _calculated(filled[0], path.name) if filled else pd.DataFrame()
    raise InputError([Problem(path.name, "is not a table", f"name a file that ends in {', '.join(SUFFIXES)}")])


def _calculated(sheet: RawSheet, file: str) -> pd.DataFrame:
    """The sheet's cells, none of which may look blank where a formula or an error stands."""
    fix = "open it in Excel and save it, so that formulas have values; mend errors such as #N/A"
    problems = [
        Problem(f"{file}, row {row}, column {header}", f"holds {what}", fix) for row, header, what in sheet.hollow
    ]
    if problems:
        raise InputError(problems)
    return sheet.frame


def _csv(path: Path) -> pd.DataFrame:
    cells = _csv_cells(path)
    if cells.empty:
        return cells
    headers = cells.iloc[0].str.strip()
    if len(headers) == 1 and any(mark in headers.iloc[0] for mark in (";", "\t")):
        message = "its columns are not separated by commas"
        raise InputError([Problem(path.name, message, "save it as CSV with commas")])
    return cells.iloc[1:].set_axis(headers.tolist(), axis=1).loc[:, [bool(header) for header in headers]]


def _csv_cells(path: Path) -> pd.DataFrame:
    """Cells as text, rows numbered from 1. Public files are not all UTF-8; others are read as Windows text."""
    content = _unpacked(path) if path.name.lower().endswith(".gz") else path.read_bytes()
    if b"\x00" in content:
        raise InputError([Problem(path.name, "is not text", _AS_UTF8)])
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            cells = pd.read_csv(
                io.BytesIO(content), header=None, dtype=str, keep_default_na=False, skip_blank_lines=False,
                encoding=encoding,
            )  # fmt: skip
            return cells.fillna("").set_axis(np.arange(1, len(cells) + 1), axis=0)
        except UnicodeDecodeError:
            continue
        except pd.errors.EmptyDataError:
            return pd.DataFrame()
        except (pd.errors.ParserError, ValueError) as error:
            said = str(error).replace("Error tokenizing data. C error: ", "").strip()
            fix = "mend the row: quotes in pairs, no extra commas"
            raise InputError([Problem(path.name, f"is not a table ({said})", fix)]) from None
    raise InputError([Problem(path.name, "is not text", _AS_UTF8)])


def _unpacked(path: Path) -> bytes:
    try:
        with gzip.open(path) as stream:
            content = stream.read(MAX_TABLE_BYTES + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError([Problem(path.name, f"is damaged ({error})", "fetch it again")]) from None
    if len(content) > MAX_TABLE_BYTES:
        raise InputError([Problem(path.name, f"unpacks to more than {MAX_TABLE_BYTES:,} bytes", "split it")])
    return content


def _json(path: Path) -> pd.DataFrame:
    try:
        rows = json.loads(path.read_bytes(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InputError([Problem(path.name, f"is not JSON ({error})", "fetch or write it again")]) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError([Problem(path.name, "is not a list of records", "write [{...}, {...}]")])
    if len(rows) > MAX_TABLE_ROWS:
        raise InputError([Problem(path.name, f"holds more than {MAX_TABLE_ROWS:,} rows", "split it")])
    frame = pd.DataFrame(rows, dtype=object)
    return frame.set_axis(np.arange(2, len(frame) + 2), axis=0)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON")
