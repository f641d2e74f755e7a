"""Pieces that everything on a terminal is put together from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from critmass.report.words import count


def heading(text: str) -> RenderableType:
    """A bold line with air around it."""
    return Padding(Text(text, style="bold"), (1, 0, 1, 1))


def note(text: str, style: str) -> RenderableType:
    """A line in a style of its own, below a blank one."""
    return Padding(Text(text, style=style), (1, 0, 0, 1))


def section(title: str, *parts: RenderableType) -> RenderableType:
    """A heading and what stands under it."""
    return Group(heading(title), *parts)


def key_values(pairs: Iterable[tuple[str, str]]) -> RenderableType:
    """Names with their values, one below the other."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(name, Text(value))
    return Padding(grid, (0, 0, 0, 1))


def number_table(words: Sequence[str], numbers: Sequence[str], after: Sequence[str] = ()) -> Table:
    """A table with columns of words, then of numbers, then of words."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for name in words:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for name in after:
        table.add_column(name, overflow="fold")
    return table


def add_row(table: Table, cells: Iterable[str | Text]) -> None:
    """Adds cells as they are: ids and labels may hold brackets that rich would read as markup."""
    table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))


def rest_line(left: int, noun: str) -> RenderableType:
    """How much more the files hold; nothing when a table is whole."""
    text = Text(f"and {count(left, noun)} more in the files", style="dim")
    return Padding(text, (0, 0, 0, 1)) if left > 0 else Text("", end="")
