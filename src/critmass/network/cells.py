"""Turns raw cells into text, counts, dollars, fractions and yes/no, and says what could not be turned."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd

from critmass.domain.network import Column, ColumnKind, Sheet
from critmass.network.findings import Findings
from critmass.network.raw import RawSheet
from critmass.network.structure import blank, shorten

Mask = npt.NDArray[np.bool_]

LARGEST_NUMBER = 1e12
"""No count and no dollar amount of a network is larger; beyond it lies a slip of the keyboard."""

_PLAIN = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d{1,2})?"
_WORDS = {"yes": 1.0, "y": 1.0, "true": 1.0, "1": 1.0, "no": 0.0, "n": 0.0, "false": 0.0, "0": 0.0}

_FIX: dict[ColumnKind, str] = {
    "text": "enter a text",
    "choice": "enter one of the listed ids",
    "count": "write a count such as 1250",
    "usd": "write dollars such as 1250.50",
    "fraction": "write a share between 0 and 1 such as 0.45, or 45%",
    "number": "write a number such as 2.5",
    "yes_no": "write yes or no",
}
_EXPECTED: dict[ColumnKind, str] = {
    "count": "a whole number",
    "usd": "an amount in dollars",
    "fraction": "a share",
    "number": "a number",
    "yes_no": "yes or no",
}


def parse_sheet(sheet: Sheet, raw: RawSheet, findings: Findings) -> pd.DataFrame:
    """The sheet with typed columns: text as str ('' where blank), everything else as float (NaN where blank).

    A cell that cannot be read is reported and left blank.
    """
    columns: dict[str, pd.Series] = {}
    for column in sheet.columns:
        cells = raw.frame[column.name]
        empty = blank(cells).to_numpy(dtype=bool)
        hollow = {row: what for row, header, what in raw.hollow if header == column.name}
        _report_hollow(sheet, column, hollow, findings)
        _report_blanks(sheet, column, cells, empty, hollow, findings)
        parse = _parse_text if column.kind in ("text", "choice") else _parse_numbers
        columns[column.name] = parse(sheet, column, cells, empty, findings)
    return pd.DataFrame(columns, index=raw.frame.index)


def _report_hollow(sheet: Sheet, column: Column, hollow: dict[int, str], findings: Findings) -> None:
    cells = ((row, f"holds {what}, which reads as blank") for row, what in hollow.items())
    findings.of_cells(sheet.name, column.name, cells, "calculate and save the workbook, or type the value")


def _report_blanks(
    sheet: Sheet, column: Column, cells: pd.Series, empty: Mask, hollow: dict[int, str], findings: Findings
) -> None:
    if column.required and not findings.lacks(sheet.name, column.name):
        rows = (int(row) for row in cells.index[empty] if int(row) not in hollow)
        found = ((row, "is blank but needs a value") for row in rows)
        findings.of_cells(sheet.name, column.name, found, f"{_FIX[column.kind]} ({column.help})")


# Text -------------------------------------------------------------------------------------------------


def _parse_text(sheet: Sheet, column: Column, cells: pd.Series, empty: Mask, findings: Findings) -> pd.Series:
    dates = _mask(cells, _is_date) & ~empty
    _report(sheet, column, cells, dates, lambda cell: f"was turned into the date {cell}", findings)
    text = _as_text(cells).mask(pd.Series(empty | dates, index=cells.index), "")
    return text.astype(str)


def _as_text(cells: pd.Series) -> pd.Series:
    """Trimmed text; the whole numbers that a spreadsheet makes of ids such as 101 lose their '.0'."""
    if isinstance(cells.dtype, pd.StringDtype):
        return cells.fillna("").str.strip()
    return cells.astype(object).map(_text_of).astype(str)


def _text_of(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _is_date(cell: object) -> bool:
    return isinstance(cell, datetime.date | datetime.time | datetime.timedelta)


# Numbers ----------------------------------------------------------------------------------------------


def _parse_numbers(sheet: Sheet, column: Column, cells: pd.Series, empty: Mask, findings: Findings) -> pd.Series:
    numbers = _as_words(cells) if column.kind == "yes_no" else _as_numbers(cells, column, sheet)
    numbers[empty] = np.nan
    unread = ~np.isfinite(numbers) & ~empty
    expected = _EXPECTED[column.kind]
    _report(sheet, column, cells, unread, lambda cell: f"'{cell}' is not {expected}", findings)
    numbers[unread] = np.nan
    for wrong, says in _range_checks(column.kind, numbers):
        _report(sheet, column, cells, wrong, says, findings)
        numbers[wrong] = np.nan
    return pd.Series(numbers, index=cells.index)


def _range_checks(kind: ColumnKind, numbers: npt.NDArray[np.float64]) -> list[tuple[Mask, Callable[[object], str]]]:
    negative = numbers < 0
    checks: list[tuple[Mask, Callable[[object], str]]] = [(negative, lambda cell: f"{cell} is negative")]
    if kind == "count":
        broken = np.isfinite(numbers) & (numbers != np.round(numbers)) & ~negative
        checks.append((broken, lambda cell: f"{cell} is not a whole number"))
    if kind == "fraction":
        checks.append((numbers > 1, lambda cell: f"{cell} is larger than 1"))
    checks.append((numbers > LARGEST_NUMBER, lambda cell: f"{cell} is too large to be true"))
    return checks


def _as_numbers(cells: pd.Series, column: Column, sheet: Sheet) -> npt.NDArray[np.float64]:
    """Numbers as floats; NaN where a cell cannot be read as one of the column's kind."""
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        return cells.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    if cells.dtype != object and not isinstance(cells.dtype, pd.StringDtype):
        return _as_numbers(cells.astype(object), column, sheet)
    numbers = np.full(len(cells), np.nan)
    typed = _mask(cells, _is_number)
    numbers[typed] = cells[typed].to_numpy(dtype=np.float64)
    written = _mask(cells, lambda cell: isinstance(cell, str))
    numbers[written] = _from_text(cells[written].astype(str).str.strip(), column)
    if sheet.name == "Facts":
        words = _as_words(cells)
        numbers = np.where(np.isnan(numbers), words, numbers)
    return numbers


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float | np.number | Decimal) and not isinstance(cell, bool)


def _from_text(text: pd.Series, column: Column) -> npt.NDArray[np.float64]:
    """Numbers written as text: '1250', '1,250', '$1,250' in a dollar column, '45%' in a share column."""
    if column.kind == "usd":
        text = text.str.replace(r"^(-?)\$\s*", r"\1", regex=True)
    percent = text.str.endswith("%").to_numpy(dtype=bool) & (column.kind in ("fraction", "number"))
    text = text.where(~percent, text.str.rstrip("%").str.rstrip())
    fits = (text.str.fullmatch(_PLAIN) & text.str.contains(r"\d", regex=True)).to_numpy(dtype=bool)
    numbers = np.full(len(text), np.nan)
    numbers[fits] = text[fits].str.replace(",", "").to_numpy(dtype=object).astype(np.float64)
    numbers[percent] = np.round(numbers[percent] / 100, 12)
    return numbers


def _as_words(cells: pd.Series) -> npt.NDArray[np.float64]:
    """1 for yes, 0 for no, NaN for anything else."""
    words = _as_text(cells).str.casefold()
    return np.array([_WORDS.get(word, np.nan) for word in words], dtype=np.float64)


def _mask(cells: pd.Series, test: Callable[[object], bool]) -> Mask:
    if cells.dtype == object:
        return cells.map(test).to_numpy(dtype=bool)
    if isinstance(cells.dtype, pd.StringDtype):
        return np.full(len(cells), test("text"))
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return np.full(len(cells), test(datetime.date.min))
    return np.full(len(cells), test(0.0))


def _report(
    sheet: Sheet,
    column: Column,
    cells: pd.Series,
    wrong: Mask,
    says: Callable[[object], str],
    findings: Findings,
) -> None:
    """One problem for each wrong cell, quoting what stands there."""
    if wrong.any():
        shown = zip(cells.index[wrong], cells[wrong], strict=True)
        found = ((int(row), says(shorten(_text_of(cell)))) for row, cell in shown)
        findings.of_cells(sheet.name, column.name, found, _FIX[column.kind])
