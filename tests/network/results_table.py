"""Small results tables and their maps, for tests of what is read and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from critmass.domain.errors import InputError
from critmass.domain.results_map import ResultsMap
from critmass.network.mapped import MappedTable, map_table


def write(folder: Path, text: str, name: str = "results.csv") -> Path:
    """A file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def mapped(folder: Path, text: str, **entries: Any) -> MappedTable:
    """A CSV table after a map whose entity is the column 'Name'."""
    return map_table(write(folder, text), ResultsMap.model_validate({"entity": "Name", **entries}), "map.yaml")


def complaints(folder: Path, text: str, **entries: Any) -> list[str]:
    """Every problem of a table and its map: place, message and fix in one line each."""
    with pytest.raises(InputError) as caught:
        mapped(folder, text, **entries)
    return [f"{problem.place}: {problem.message}; {problem.fix}" for problem in caught.value.problems]


def numbers(table: MappedTable, key: str) -> list[float | None]:
    """The numbers of a key in the order of the rows, None where unknown."""
    return [None if np.isnan(number) else float(number) for number in table.values[key]]
