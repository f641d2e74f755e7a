"""Reads one table from a file, as its cells stand there: CSV (also gzipped), Parquet, workbook, or JSON records."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd

from critmass.domain.errors import InputError, Problem
from critmass.network.findings import Findings
from critmass.network.guard import MAX_TABLE_BYTES, MAX_TABLE_ROWS, table_file_problem
from critmass.network.raw import read_raw, read_table

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".xlsx", ".json")


def read_table_file(path: Path) -> pd.DataFrame:
    """The table's cells, its index being the row that a user sees; columns are the trimmed headers.

    Of a workbook the first sheet that holds data is read.

    Raises:
        InputError: when the file cannot be read as a table, is too large, or has no rows.
    """
    if not path.is_file():
        raise InputError([Problem(str(path), "no such file", "name an existing file")])
    problem = table_file_problem(path)
    if problem is not None:
        raise InputError([problem])
    frame = _cells(path)
    if frame.empty:
        raise InputError([Problem(path.name, "holds no rows", "name a table with a header and rows below it")])
    repeated = sorted(set(frame.columns[frame.columns.duplicated()]))
    if repeated:
        fix = "give each column its own header"
        raise InputError([Problem(path.name, f"has two columns named {repeated[0]!r}", fix)])
    return frame


def read_cells(path: Path) -> pd.DataFrame:
    """Every cell of a CSV file as text, the header's too, columns numbered: for files with titles above the header.

    Raises:
        InputError: as `read_table_file` does.
    """
    if not path.is_file():
        raise InputError([Problem(str(path), "no such file", "name an existing file")])
    problem = table_file_problem(path)
    if problem is not None:
        raise InputError([problem])
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
        filled = [sheet.frame for sheet in sheets if sheet is not None and not sheet.frame.empty]
        return filled[0] if filled else pd.DataFrame()
    raise InputError([Problem(path.name, "is not a table", f"name a file that ends in {', '.join(SUFFIXES)}")])


def _csv(path: Path) -> pd.DataFrame:
    cells = _csv_cells(path)
    if cells.empty:
        return cells
    headers = cells.iloc[0].str.strip()
    return cells.iloc[1:].set_axis(headers.tolist(), axis=1).loc[:, [bool(header) for header in headers]]


def _csv_cells(path: Path) -> pd.DataFrame:
    """Cells as text, rows numbered from 1. Public files are not all UTF-8; others are read as Windows text."""
    content = _unpacked(path) if path.name.lower().endswith(".gz") else path.read_bytes()
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
    raise InputError([Problem(path.name, "is not text", "save it as CSV UTF-8")])


def _unpacked(path: Path) -> bytes:
    try:
        with gzip.open(path) as stream:
            content = stream.read(MAX_TABLE_BYTES + 1)
    except (OSError, EOFError, ValueError) as error:
        raise InputError([Problem(path.name, f"is damaged ({error})", "fetch it again")]) from None
    if len(content) > MAX_TABLE_BYTES:
        raise InputError([Problem(path.name, f"unpacks to more than {MAX_TABLE_BYTES:,} bytes", "split it")])
    return content


def _json(path: Path) -> pd.DataFrame:
    try:
        rows = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError([Problem(path.name, f"is not JSON ({error})", "fetch or write it again")]) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or len(rows) > MAX_TABLE_ROWS:
        raise InputError([Problem(path.name, "is not a list of records", "write [{...}, {...}]")])
    frame = pd.DataFrame(rows, dtype=object)
    return frame.set_axis(np.arange(2, len(frame) + 2), axis=0)
