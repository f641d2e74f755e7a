"""Writes network sheets into an Excel workbook: headers, notes, drop-down lists, limits and data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from critmass.domain.network import ORGANIZATION, SHEETS, Column, Sheet
from critmass.network.choices import Choices
from critmass.network.explain import MISSING_SHEET_MEANS, UNITS, blank_means, example_of

LAST_ROW = 1_048_575
_LISTS = "Lists"
_LISTED_PRACTICES = 2_000
_PRACTICES_RANGE = "Practices!$A$2:$A$1048576"
_NUMBER_FORMATS = {"usd": "#,##0.00", "count": "#,##0", "fraction": "0.00", "text": "@", "choice": "@"}
_EXPLAINED = ("sheet", "column", "needed", "unit", "meaning", "example", "blank means")
_EXPLAINED_WIDTHS = (14, 22, 10, 20, 62, 26, 62)


class NetworkWorkbook:
    """A workbook being written; `choices` adds explanations and drop-down lists. Use as a context manager."""

    def __init__(self, path: Path, choices: Choices | None) -> None:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._choices = choices
        self._needed = self._book.add_format({"bold": True, "bg_color": "#D9E7F5", "border": 1})
        self._optional = self._book.add_format({"bold": True, "bg_color": "#F2F2F2", "border": 1})
        self._wrapped = self._book.add_format({"text_wrap": True, "valign": "top"})

    def __enter__(self) -> NetworkWorkbook:
        return self

    def __exit__(self, *error: object) -> None:
        self._book.close()

    def write(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Writes every sheet, with the rows of `tables` where there are any."""
        if self._choices is not None:
            self._write_explanations(self._choices)
        for sheet in SHEETS:
            page = self._book.add_worksheet(sheet.name)
            self._write_header(page, sheet)
            if sheet.name in tables:
                _write_rows(page, sheet, tables[sheet.name])
        if self._choices is not None:
            self._write_lists(self._choices)

    def _write_header(self, page: Any, sheet: Sheet) -> None:
        page.freeze_panes(1, len(sheet.key))
        for position, column in enumerate(sheet.columns):
            number_format = {"num_format": _NUMBER_FORMATS.get(column.kind, "General")}
            width = max(len(column.name) + 3, 14)
            page.set_column(position, position, width, self._book.add_format(number_format))
            page.write_string(0, position, column.name, self._needed if column.required else self._optional)
            page.write_comment(0, position, _note(sheet, column), {"x_scale": 2})
            rule = _validation(column, self._choices)
            if rule is not None:
                page.data_validation(1, position, LAST_ROW, position, rule)

    def _write_explanations(self, choices: Choices) -> None:
        page = self._book.add_worksheet("Explanations")
        for position, (title, width) in enumerate(zip(_EXPLAINED, _EXPLAINED_WIDTHS, strict=True)):
            page.set_column(position, position, width)
            page.write_string(0, position, title, self._needed)
        page.freeze_panes(1, 2)
        rows = [*_sheet_explanations(), ("",) * len(_EXPLAINED), *_id_explanations(choices)]
        for at, row in enumerate(rows, start=1):
            for position, text in enumerate(row):
                page.write_string(at, position, text, self._wrapped)

    def _write_lists(self, choices: Choices) -> None:
        page = self._book.add_worksheet(_LISTS)
        for position, name in enumerate(_listed(choices)):
            ids = choices[name]
            page.write_string(0, position, name)
            if name == "practice_or_hub":
                _write_practice_formulas(page, position, list(ids))
                continue
            for at, value in enumerate(ids, start=1):
                page.write_string(at, position, value)
        page.hide()


def _write_practice_formulas(page: Any, position: int, known: list[str]) -> None:
    """The hub, then whatever practices the Practices sheet holds, so that the drop-down list follows it."""
    page.write_string(1, position, ORGANIZATION)
    for at in range(2, _LISTED_PRACTICES + 2):
        shown = known[at - 1] if at - 1 < len(known) else ""
        page.write_formula(at, position, f'=IF(Practices!$A{at}="","",Practices!$A{at})', None, shown)


def _write_rows(page: Any, sheet: Sheet, table: pd.DataFrame) -> None:
    for position, column in enumerate(sheet.columns):
        write = page.write_string if column.kind in ("text", "choice", "yes_no") else page.write_number
        for at, cell in enumerate(written_cells(column, table[column.name]).tolist(), start=1):
            if cell != "" and not pd.isna(cell):
                write(at, position, cell)


def written_cells(column: Column, cells: pd.Series) -> pd.Series:
    """Cells as a file holds them: yes/no as words, and blank where a blank says the same (no limit)."""
    if column.kind == "yes_no":
        return cells.map({True: "yes", False: "no"}).astype(str)
    if column.kind in ("text", "choice"):
        return cells.astype(str)
    numbers = cells.astype(np.float64).replace(np.inf, np.nan)
    return numbers.astype("Int64") if column.kind == "count" else numbers


# Rules ------------------------------------------------------------------------------------------------


def _validation(column: Column, choices: Choices | None) -> dict[str, Any] | None:
    """The rule that Excel applies while typing, or None where any text will do."""
    rule: dict[str, Any] | None = None
    if column.choices is not None:
        rule = None if choices is None else {"validate": "list", "source": _list_source(column, choices)}
    elif column.kind == "yes_no":
        rule = {"validate": "list", "source": ["yes", "no"]}
    elif column.kind == "count":
        rule = {"validate": "integer", "criteria": ">=", "value": 0}
    elif column.kind == "fraction":
        rule = {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1}
    elif column.kind in ("usd", "number"):
        rule = {"validate": "decimal", "criteria": ">=", "value": 0}
    return None if rule is None else {**rule, **_messages(column)}


def _messages(column: Column) -> dict[str, str]:
    return {
        "input_title": column.name[:32],
        "input_message": f"{column.help} ({UNITS[column.kind]})"[:255],
        "error_title": "Not a valid entry",
        "error_message": f"{column.name}: {UNITS[column.kind]}"[:255],
    }


def _list_source(column: Column, choices: Choices) -> str:
    """Where Excel finds the list: the practices as they are typed, everything else on the Lists sheet."""
    if column.choices == "practice":
        return f"=OFFSET(Practices!$A$2,0,0,MAX(1,COUNTA({_PRACTICES_RANGE})),1)"
    letter = xl_col_to_name(_listed(choices).index(str(column.choices)))
    if column.choices == "practice_or_hub":
        return f"=OFFSET({_LISTS}!${letter}$2,0,0,1+COUNTA({_PRACTICES_RANGE}),1)"
    return f"={_LISTS}!${letter}$2:${letter}${1 + max(len(choices[str(column.choices)]), 1)}"


def _listed(choices: Choices) -> list[str]:
    """Names of the lists that have a column on the Lists sheet."""
    return [name for name in choices if name != "practice"]


# Explanations -----------------------------------------------------------------------------------------


def _note(sheet: Sheet, column: Column) -> str:
    needed = "Needed." if column.required else f"May be blank: {blank_means(sheet, column)}."
    return f"{column.help}\n{UNITS[column.kind]}, such as {example_of(column)}\n{needed}"


def _sheet_explanations() -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for sheet in SHEETS:
        missing = MISSING_SHEET_MEANS.get(sheet.name, "")
        rows.append((sheet.name, "", "yes" if sheet.required else "no", "", sheet.help, "", missing))
        rows += [_column_explanation(sheet, column) for column in sheet.columns]
    return rows


def _column_explanation(sheet: Sheet, column: Column) -> tuple[str, ...]:
    needed = "yes" if column.required else "no"
    facts = (UNITS[column.kind], column.help, example_of(column), blank_means(sheet, column))
    return (sheet.name, column.name, needed, *facts)


def _id_explanations(choices: Choices) -> list[tuple[str, ...]]:
    """The ids that cells may hold, with the labels of the catalog."""
    named = {name: ids for name, ids in choices.items() if not name.startswith("practice")}
    return [
        ("ids", name, "", "", label or value, value, "")
        for name, ids in {**named, "practice": {ORGANIZATION: "the hub, where a sheet allows it"}}.items()
        for value, label in ids.items()
    ]
