"""What tests of readers share: small synthetic files, and the problems of one that is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from critmass.domain.errors import InputError, Problem


def rows_file(path: Path, rows: Sequence[Sequence[object]], encoding: str = "utf-8") -> Path:
    """A CSV file as spreadsheets export it: every row as wide as the widest."""
    width = max(map(len, rows))
    lines = [",".join(map(_cell, [*row, *[""] * (width - len(row))])) for row in rows]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def _cell(value: object) -> str:
    text = str(value)
    return f'"{text}"' if "," in text else text


def refused(read: Callable[[Path], Any], path: Path) -> tuple[Problem, ...]:
    """The problems for which a reader refuses a file."""
    with pytest.raises(InputError) as found:
        read(path)
    return tuple(found.value.problems)
