"""Reads a workbook or a folder of tables into raw cells, exactly as the user typed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from critmass.domain.network import SHEETS
from critmass.network.findings import Findings
from critmass.network.guard import MAX_TABLE_ROWS, table_file_problem, workbook_problem
from critmass.network.hollow import hollow_cells

_REFUSED = {".xlsm", ".xls", ".xlsb", ".xltx", ".xltm", ".ods"}
_TABLE_SUFFIXES = (".csv", ".parquet")
NOT_DATA = ("explanations", "lists", "notes")
"""Sheets whose names begin so are for people, and are not read."""

Cell = str | int | float | bool | None
"""A cell of a row that came as a record; None is a blank."""
_COLUMNS = {sheet.name: [column.name for column in sheet.columns] for sheet in SHEETS}
_LARGEST_INTEGER = 2**63


@dataclass(frozen=True)
class RawSheet:
    """A sheet's cells. The frame's index is the row number that the user sees, its columns the headers.

    `hollow` lists cells that look blank but hold an uncalculated formula or an error: row, header, what.
    """

    name: str
    frame: pd.DataFrame
    hollow: list[tuple[int, str, str]] = field(default_factory=list)


def read_raw(path: Path, findings: Findings) -> list[RawSheet]:
    """All sheets of a workbook, or all tables of a folder; what cannot be read is added to `findings`."""
    if path.is_dir():
        return _read_folder(path, findings)
    if not path.is_file():
        findings.of_file(str(path), "no such file or folder", "name an existing workbook or folder")
    elif path.suffix.lower() == ".xlsx":
        return _read_workbook(path, findings)
    elif path.suffix.lower() in _REFUSED:
        fix = "save it as an Excel workbook (.xlsx)"
        findings.of_file(path.name, f"{path.suffix.lower()} files are not read", fix)
    elif path.suffix.lower() in _TABLE_SUFFIXES:
        findings.of_file(path.name, "is a single table", "name the folder that holds all tables")
    else:
        findings.of_file(path.name, "is neither a workbook nor a folder", "name an .xlsx file or a folder")
    return []


def sheet_names(path: Path) -> list[str]:
    """Names of a workbook's sheets; none of a file that may not be opened as one, which who reads it says."""
    if path.suffix.lower() != ".xlsx" or not path.is_file() or workbook_problem(path) is not None:
        return []
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            return list(book.sheet_names)
    except (CalamineError, OSError, ValueError):
        return []


# Workbook ---------------------------------------------------------------------------------------------


def _read_workbook(path: Path, findings: Findings) -> list[RawSheet]:
    problem = workbook_problem(path)
    if problem is not None:
        findings.of_file(problem.place, problem.message, problem.fix)
        return []
    hollow = hollow_cells(path)
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            names = [name for name in book.sheet_names if not name.strip().casefold().startswith(NOT_DATA)]
            cells = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    except (CalamineError, OSError, ValueError) as error:
        findings.of_file(path.name, f"cannot be read ({error})", "open it in Excel and save a fresh copy")
        return []
    return [_sheet_of_rows(name, rows, hollow.get(name, []), findings) for name, rows in cells.items()]


def _sheet_of_rows(
    name: str, rows: list[list[Any]], hollow: list[tuple[int, int, str]], findings: Findings
) -> RawSheet:
    """The rows below the first row that is not blank, which is the header."""
    top = next((at for at, row in enumerate(rows) if any(_filled(cell) for cell in row)), None)
    if top is None:
        return RawSheet(name, pd.DataFrame())
    headers = [str(cell).strip() for cell in rows[top]]
    numbers = np.arange(top + 2, len(rows) + 1)
    frame = pd.DataFrame(rows[top + 1 :], index=numbers, columns=range(len(headers)), dtype=object)
    named = [(row, headers[column - 1], what) for row, column, what in hollow if column <= len(headers)]
    return RawSheet(name, _with_headers(name, frame, headers, findings), named)


def _filled(cell: object) -> bool:
    return cell is not None and str(cell).strip() != ""


def _with_headers(name: str, frame: pd.DataFrame, headers: list[str], findings: Findings) -> pd.DataFrame:
    """The frame with its headers; a column without one may not hold anything."""
    for position, header in enumerate(headers):
        if not header and bool(frame[position].map(_filled).any()):
            fix = "give the column a header, or clear it"
            findings.of_sheet(name, f"column {position + 1} holds values but has no header", fix)
    kept = [position for position, header in enumerate(headers) if header]
    named = frame[kept]
    named.columns = pd.Index([headers[position] for position in kept], dtype=object)
    return named


# Folder -----------------------------------------------------------------------------------------------


def _read_folder(path: Path, findings: Findings) -> list[RawSheet]:
    tables = (item for item in path.iterdir() if item.suffix.lower() in _TABLE_SUFFIXES)
    files = sorted(item for item in tables if item.is_file())
    if not files:
        findings.of_file(path.name, "the folder holds no .csv or .parquet file", "name the network's folder")
    sheets = [read_table(file, findings) for file in files]
    return [sheet for sheet in sheets if sheet is not None]


def read_table(path: Path, findings: Findings) -> RawSheet | None:
    """One CSV or Parquet file; None when it cannot be read, which is added to `findings`."""
    problem = table_file_problem(path)
    sheet = None
    if problem is not None:
        findings.of_file(problem.place, problem.message, problem.fix)
    else:
        reader = _read_csv if path.suffix.lower() == ".csv" else _read_parquet
        sheet = reader(path, findings)
    if sheet is None:
        findings.unreadable(path.stem)
    return sheet


def _read_csv(path: Path, findings: Findings) -> RawSheet | None:
    try:
        cells = pd.read_csv(
            path,
            header=None,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            encoding="utf-8-sig",
        )
    except pd.errors.EmptyDataError:
        return RawSheet(path.stem, pd.DataFrame())
    except UnicodeDecodeError:
        findings.of_file(path.name, "is not UTF-8 text", "in Excel, save as 'CSV UTF-8 (comma delimited)'")
        return None
    except (pd.errors.ParserError, ValueError) as error:
        said = str(error).replace("Error tokenizing data. C error: ", "").strip()
        findings.of_file(path.name, f"is not a table ({said})", "mend the row: quotes in pairs, no extra commas")
        return None
    headers = cells.iloc[0].fillna("").str.strip().tolist()
    if len(headers) == 1 and (";" in headers[0] or "\t" in headers[0]):
        findings.of_file(path.name, "its columns are not separated by commas", "save as CSV with commas")
        return None
    frame = cells.iloc[1:].set_axis(np.arange(2, len(cells) + 1), axis=0)
    return RawSheet(path.stem, _with_headers(path.stem, frame, headers, findings))


def _read_parquet(path: Path, findings: Findings) -> RawSheet | None:
    try:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows > MAX_TABLE_ROWS:
                found = f"holds {file.metadata.num_rows:,} rows, more than {MAX_TABLE_ROWS:,}"
                findings.of_file(path.name, found, "split the network")
                return None
            table = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        findings.of_file(path.name, f"is not a Parquet file ({str(error).splitlines()[0]})", "write it again")
        return None
    nested = [item.name for item in table.schema if pa.types.is_nested(item.type)]
    if nested:
        findings.of_file(path.name, f"column {nested[0]} holds lists or records", "write plain values")
        return None
    frame = table.to_pandas(ignore_metadata=True)
    frame = frame.astype(dict.fromkeys(frame.columns[frame.dtypes == "category"], object))
    return RawSheet(path.stem, frame.set_axis(np.arange(2, len(frame) + 2), axis=0))


# Records ----------------------------------------------------------------------------------------------


def sheet_of_records(name: str, rows: Sequence[Mapping[str, Cell]]) -> RawSheet:
    """Rows as mappings, the first being row 2 as below a header. Without rows it has all its columns."""
    if not rows:
        return RawSheet(name, pd.DataFrame(columns=_COLUMNS.get(name, []), dtype=object))
    cells = [{header: _as_typed(cell) for header, cell in row.items()} for row in rows]
    frame = pd.DataFrame(cells, index=np.arange(2, len(rows) + 2), dtype=object)
    return RawSheet(name, frame)


def _as_typed(cell: Cell) -> Cell:
    """An integer that no float can hold becomes text, which is refused with the words for it."""
    return str(cell) if isinstance(cell, int) and abs(cell) > _LARGEST_INTEGER else cell
