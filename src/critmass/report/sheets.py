"""Writes tables into a workbook page: headers that stay in sight, thousands separators, fitting widths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "usd", "count", "ratio", "share", "fte", "value"]
Cell = str | float | int | bool | None

_FORMATS: dict[Kind, dict[str, Any]] = {
    "text": {"text_wrap": False},
    "usd": {"num_format": "#,##0.00;[Red]-#,##0.00"},
    "count": {"num_format": "#,##0"},
    "ratio": {"num_format": "0.00;[Red]-0.00"},
    "share": {"num_format": "0.0%"},
    "fte": {"num_format": "0.00"},
    "value": {"num_format": "General"},
}
_HEADER = {"bold": True, "bg_color": "#D9E7F5", "bottom": 1, "text_wrap": True, "valign": "top"}


@dataclass(frozen=True)
class Field:
    """A column: its header, what its cells hold, and its width in characters."""

    header: str
    kind: Kind
    width: float = 14.0


class Page:
    """One sheet that is filled from the top."""

    def __init__(self, book: Any, name: str) -> None:
        self._sheet = book.add_worksheet(name)
        self._formats = {kind: book.add_format(options) for kind, options in _FORMATS.items()}
        self._header = book.add_format(_HEADER)
        self._title = book.add_format({"bold": True, "font_size": 14})
        self.name = name
        self.row = 0

    def title(self, text: str) -> None:
        """A line in large letters."""
        self._sheet.write_string(self.row, 0, text, self._title)
        self.row += 1

    def line(self, *cells: tuple[Kind, Cell]) -> None:
        """A line of cells."""
        for column, (kind, cell) in enumerate(cells):
            self._write(self.row, column, kind, cell)
        self.row += 1

    def gap(self) -> None:
        """An empty line."""
        self.row += 1

    def widths(self, *widths: float) -> None:
        """Widths of the first columns, in characters."""
        for column, width in enumerate(widths):
            self._sheet.set_column(column, column, width)

    def table(self, fields: Sequence[Field], rows: Iterable[Sequence[Cell]], *, alone: bool = True) -> int:
        """A table; returns its header's row. Alone on a page it gets widths, a filter and a frozen header."""
        top = self.row
        for column, field in enumerate(fields):
            unit = ", USD" if alone and field.kind == "usd" else ""
            self._sheet.write_string(top, column, field.header + unit, self._header)
        for cells in rows:
            self.row += 1
            for column, (field, cell) in enumerate(zip(fields, cells, strict=True)):
                self._write(self.row, column, field.kind, cell)
        if alone:
            self.widths(*(field.width for field in fields))
            self._sheet.freeze_panes(top + 1, 1)
            self._sheet.autofilter(top, 0, max(self.row, top + 1), len(fields) - 1)
        self.row += 1
        return top

    def chart(self, row: int, column: int, chart: Any) -> None:
        """Puts a chart with its corner at a cell."""
        self._sheet.insert_chart(row, column, chart)

    def _write(self, row: int, column: int, kind: Kind, cell: Cell) -> None:
        if cell is None or cell == "":
            return
        if isinstance(cell, bool):
            cell = "yes" if cell else "no"
        if isinstance(cell, str):
            self._sheet.write_string(row, column, cell, self._formats["text"])
        else:
            self._sheet.write_number(row, column, cell, self._formats[kind])
