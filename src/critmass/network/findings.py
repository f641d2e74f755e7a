"""Collects everything wrong in a network, in the order in which a user walks through the workbook."""

from __future__ import annotations

from collections.abc import Iterable

from critmass.domain.errors import InputError, Problem
from critmass.domain.network import SHEETS

_SHEET_ORDER = {sheet.name: position for position, sheet in enumerate(SHEETS)}


class Findings:
    """Problems with their places. Nothing is dropped: whoever shows them decides how many to show."""

    def __init__(self) -> None:
        self._found: list[tuple[int, int, Problem]] = []
        self._lacking: set[tuple[str, str]] = set()

    def of_file(self, place: str, message: str, fix: str = "") -> None:
        """Adds a problem of a whole file or folder."""
        self._found.append((-1, 0, Problem(place, message, fix)))

    def of_sheet(self, sheet: str, message: str, fix: str = "") -> None:
        """Adds a problem of a sheet as a whole."""
        self._add(sheet, 0, f"sheet {sheet}", message, fix)

    def of_column(self, sheet: str, column: str, message: str, fix: str = "") -> None:
        """Adds a problem of a column as a whole."""
        self._add(sheet, 0, f"sheet {sheet}, column {column}", message, fix)

    def lacks(self, sheet: str, column: str = "") -> bool:
        """True when the required sheet or column is missing, so that its cells need no further words."""
        return (sheet, column) in self._lacking

    def lacks_any(self, sheet: str) -> bool:
        """True when the required sheet, or one of its required columns, is missing."""
        return any(sheet == lacking for lacking, _ in self._lacking)

    def unreadable(self, sheet: str) -> None:
        """Remembers that a sheet exists but could not be read, so that nobody calls it missing."""
        known = {name.casefold(): name for name in _SHEET_ORDER}
        self._lacking.add((known.get(sheet.casefold(), sheet), ""))

    def missing(self, sheet: str, column: str, fix: str) -> None:
        """Adds the problem that a required sheet (column '') or column is not there."""
        self._lacking.add((sheet, column))
        place = f"sheet {sheet}, column {column}" if column else f"sheet {sheet}"
        self._add(sheet, 0, place, "is missing", fix)

    def of_cells(self, sheet: str, column: str, cells: Iterable[tuple[int, str]], fix: str = "") -> None:
        """Adds one problem for each (row, message); rows are counted as the sheet shows them."""
        for row, message in cells:
            self._add(sheet, row, f"sheet {sheet}, row {row}, column {column}", message, fix)

    def of_row(self, sheet: str, row: int, message: str, fix: str = "") -> None:
        """Adds a problem of a row as a whole."""
        self._add(sheet, row, f"sheet {sheet}, row {row}", message, fix)

    def raise_if_any(self) -> None:
        """Raises InputError with all problems by sheet and row, or returns when there are none."""
        if self._found:
            ordered = sorted(self._found, key=lambda found: found[:2])
            raise InputError([problem for _, _, problem in ordered])

    def _add(self, sheet: str, row: int, place: str, message: str, fix: str) -> None:
        position = _SHEET_ORDER.get(sheet, len(SHEETS))
        self._found.append((position, row, Problem(place, message, fix)))
