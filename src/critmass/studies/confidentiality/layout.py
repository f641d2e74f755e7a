"""Tables with totals: which cells each published sum adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from critmass.settlement.results import BoolArray, FloatArray, IntArray

ALL = "all"
"""What a total is called where a cell has the name of its row or column."""
_BOTH = -1


@dataclass(frozen=True)
class Layout:
    """A table's entries: its cells, then their totals.

    `sums` says which cells an entry adds up, shape (entry, cell); its first rows are the cells themselves. Entries of
    one `family`, shape (entry,), lie inside each other or apart; -1 belongs to every family. `names` are an entry's
    words, one for each of `columns`.
    """

    columns: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    sums: BoolArray = field(repr=False)
    family: IntArray = field(repr=False)

    @property
    def cells(self) -> int:
        """Number of cells."""
        return int(self.sums.shape[1])

    @property
    def families(self) -> tuple[int, ...]:
        """The families that there are, at least one."""
        return tuple(sorted({int(name) for name in self.family if name != _BOTH})) or (0,)

    def totals(self, cells: FloatArray) -> FloatArray:
        """Entries' values from the cells', along the last axis."""
        return np.asarray(cells @ self.sums.T.astype(np.float64))


def two_way(columns: tuple[str, str], rows: Sequence[str], across: Sequence[str]) -> Layout:
    """A table of rows by columns with the totals of rows, of columns, and of all."""
    grid = np.arange(len(rows) * len(across)).reshape(len(rows), len(across))
    cells = [((row, column), [grid[at, place]], _BOTH) for at, row in enumerate(rows)
             for place, column in enumerate(across)]  # fmt: skip
    by_row = [((row, ALL), grid[at].tolist(), 0) for at, row in enumerate(rows)]
    by_column = [((ALL, column), grid[:, at].tolist(), 1) for at, column in enumerate(across)]
    return _layout(columns, grid.size, [*cells, *by_row, *by_column, ((ALL, ALL), grid.ravel().tolist(), _BOTH)])


def hierarchy(columns: tuple[str, str], leaves: Sequence[tuple[str, str]]) -> Layout:
    """Leaves, each with its group, with the totals of groups and of all. A leaf alone in its group is its total."""
    cells = [(leaf, [at], _BOTH) for at, leaf in enumerate(leaves)]
    groups = Counter(group for group, _ in leaves)
    sums = [((name, ALL), [at for at, leaf in enumerate(leaves) if leaf[0] == name], 0)
            for name, size in groups.items() if size > 1]  # fmt: skip
    return _layout(columns, len(leaves), [*cells, *sums, ((ALL, ALL), list(range(len(leaves))), _BOTH)])


def _layout(columns: tuple[str, str], cells: int, entries: Sequence[tuple[tuple[str, str], list[int], int]]) -> Layout:
    sums = np.zeros((len(entries), cells), dtype=np.bool_)
    for place, (_, added, _) in enumerate(entries):
        sums[place, added] = True
    return Layout(columns, tuple(names for names, _, _ in entries), sums, np.array([item[2] for item in entries]))
