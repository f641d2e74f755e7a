"""Turns the columns of a results table into named numbers, as a map says, with every problem by row and column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from critmass.domain.errors import InputError, Problem
from critmass.domain.results_map import Cell, Joined, Lookup, ResultsMap
from critmass.domain.suggest import closest
from critmass.network.table_file import read_table_file

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MISSING = frozenset(
    ("", "-", "--", "—", ".", "*", "na", "n/a", "n.a.", "not available", "not applicable", "null", "none", "<na>")
)
"""Texts that stand for a blank, in small letters."""

_MAY_BE_BLANK = ("facts.", "measures.")
_MAY_BE_NEGATIVE = ("facts.",)
_PLAIN = r"-?\$?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?%?"
_WRITTEN = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+])?\s*\$?\s*(?P<minus>-)?"
    r"(?P<digits>(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)"
    r"\s*(?P<percent>%)?\s*(?P<close>\))?(?:\s+out of\s.*)?"
)
"""A number as people write it: $1,234.5, (1,234), 6.46%, 6 out of 10."""
_SUMS = frozenset(("total", "totals", "grand total", "subtotal"))
_YES = frozenset(("1", "1.0", "yes", "y", "true", "x"))


@dataclass(frozen=True)
class MappedTable:
    """A results table after its map. `values` are by place in the map, shape (row,), NaN where unknown.

    `joined` has one mask for each program that the map names; without a rule of the map it is None.
    """

    names: tuple[str, ...]
    values: Mapping[str, FloatArray]
    joined: Mapping[str, BoolArray] | None
    tins: tuple[str, ...]
    frame: pd.DataFrame
    organizations: tuple[str, ...] | None = None


def map_table(path: Path, results_map: ResultsMap, place: str) -> MappedTable:
    """Reads a results table and maps it; `place` names the map in errors.

    Raises:
        InputError: with every column that is not there and every cell that is not a number that can be.
    """
    frame = _with_lookups(read_table_file(path), results_map, path)
    problems = _missing_columns(frame, results_map, path.name, place)
    if problems:
        raise InputError(problems)
    frame = _spread(_chosen_rows(frame, results_map, path.name), results_map, path.name)
    problems += _wrong_constants(results_map, place)
    values = {key: _numbers(frame, key, cell, path.name, problems) for key, cell in results_map.cells()}
    joined = None if results_map.joined is None else _joined(frame, results_map.joined, path.name, place, problems)
    names = _names(frame, results_map, path.name, problems)
    _check_counts(values, frame, path.name, problems)
    if problems:
        raise InputError(problems)
    tins, organizations = (
        names if column is None else tuple(texts_of(frame[column]))
        for column in (results_map.tin, results_map.organization)
    )
    return MappedTable(names, values, joined, tins, frame, organizations)


def missing_columns(path: Path, results_map: ResultsMap, place: str) -> list[Problem]:
    """Columns that a map asks for and a results table does not have.

    Raises:
        InputError: when the table, or another that it is looked up in, cannot be read.
    """
    return _missing_columns(_with_lookups(read_table_file(path), results_map, path), results_map, path.name, place)


def texts_of(cells: pd.Series) -> pd.Series:
    """Trimmed texts, '' where blank; whole numbers that a spreadsheet makes of ids such as 101 lose their '.0'."""
    if isinstance(cells.dtype, pd.StringDtype):
        return cells.fillna("").str.strip()
    return cells.map(lambda cell: "" if cell is None or cell is pd.NA else _plain(cell)).astype(str)


def _plain(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if isinstance(cell, float) and np.isnan(cell) else str(cell).strip()


# Columns and rows -------------------------------------------------------------------------------------


def _with_lookups(frame: pd.DataFrame, results_map: ResultsMap, path: Path) -> pd.DataFrame:
    for lookup in results_map.lookups:
        frame = _looked_up(frame, lookup, path)
    return frame


def _looked_up(frame: pd.DataFrame, lookup: Lookup, path: Path) -> pd.DataFrame:
    file = path.parent / lookup.table
    other = read_table_file(file)
    theirs = lookup.their_column or lookup.by
    for table, column, name in ((frame, lookup.by, path.name), (other, theirs, file.name)):
        if column not in table.columns:
            raise InputError([Problem(name, f"has no column {column!r} to look up by", "name another in the map")])
    other = other.set_axis(texts_of(other[theirs]), axis=0).add_prefix(lookup.prefix)
    if other.index.has_duplicates:
        twice = str(other.index[other.index.duplicated()][0])
        raise InputError([Problem(file.name, f"{theirs} {twice!r} stands in two rows", "keep one")])
    for column in other.columns.intersection(frame.columns):
        fix = "give the lookup a 'prefix' that no column begins with"
        raise InputError([Problem(file.name, f"gives a second column named {column!r}", fix)])
    found = other.reindex(texts_of(frame[lookup.by]).to_numpy())
    return pd.concat([frame, found.set_axis(frame.index, axis=0)], axis=1)


def _missing_columns(frame: pd.DataFrame, results_map: ResultsMap, file: str, place: str) -> list[Problem]:
    if results_map.spread is not None:
        spread = results_map.spread
        asked = [(f"{place}: spread", (*spread.row, spread.column, *spread.values))]
    else:
        asked = [(f"{place}: {key}", cell.columns) for key, cell in results_map.cells()]
        asked.append((f"{place}: entity", results_map.entity_columns))
    asked.append((f"{place}: only", tuple(results_map.only)))
    asked += [(f"{place}: joined", _joined_columns(results_map.joined))]
    groups = {"tin": results_map.tin, "organization": results_map.organization}
    asked += [(f"{place}: {key}", (column,)) for key, column in groups.items() if column is not None]
    return [
        Problem(where, f"{file} has no column {column!r}", closest(column, frame.columns) or "name another column")
        for where, columns in asked
        for column in columns
        if column not in frame.columns
    ] + _lost_columns(results_map, place)


def _lost_columns(results_map: ResultsMap, place: str) -> list[Problem]:
    """Columns of a long table that the wide one no longer has, and the map asks for."""
    if results_map.spread is None:
        return []
    asked = [("entity", column) for column in results_map.entity_columns]
    asked += [("tin", column) for column in (results_map.tin,) if column]
    asked += [("joined", column) for column in _joined_columns(results_map.joined)]
    return [
        Problem(f"{place}: {key}", f"{column!r} does not tell the rows of a spread table apart", "add it to spread.row")
        for key, column in asked
        if column not in results_map.spread.row
    ]


def _joined_columns(joined: Joined | None) -> tuple[str, ...]:
    if joined is None:
        return ()
    return tuple(joined.flags) if joined.column is None else (joined.column,)


def _spread(frame: pd.DataFrame, results_map: ResultsMap, file: str) -> pd.DataFrame:
    """A long table made wide, rows numbered by their first one; a column that no row fills stays blank."""
    spread = results_map.spread
    if spread is None:
        return frame
    keys = [texts_of(frame[column]) for column in (*spread.row, spread.column)]
    table = pd.concat([*keys, frame[list(spread.values)]], axis=1)
    twice = table.duplicated(subset=[*spread.row, spread.column])
    if twice.any():
        row = int(str(table.index[twice][0]))
        fix = "keep one of the rows, or name more columns under 'spread.row'"
        raise InputError([Problem(f"{file}, row {row}", "says the same thing a second time", fix)])
    firsts = table.index.to_series().groupby([table[column] for column in spread.row]).min()
    sides = table.set_index([*spread.row, spread.column]).unstack(spread.column)
    pairs = [(str(pair[0]), str(pair[1])) for pair in sides.columns]
    names = [text if value == spread.values[0] else f"{text} {value}" for value, text in pairs]
    wide = sides.set_axis(names, axis=1).reset_index()
    wanted = [column for _, cell in results_map.cells() for column in cell.columns]
    absent = [column for column in dict.fromkeys(wanted) if column not in wide.columns]
    wide = wide.astype(object).assign(**dict.fromkeys(absent, ""))
    return wide.set_axis(firsts.to_numpy(), axis=0)


def _chosen_rows(frame: pd.DataFrame, results_map: ResultsMap, file: str) -> pd.DataFrame:
    keep = np.ones(len(frame), dtype=np.bool_)
    for column, texts in results_map.only.items():
        keep &= texts_of(frame[column]).isin(texts).to_numpy(dtype=bool)
    if not keep.any():
        raise InputError([Problem(file, "no row is left after 'only'", "correct the texts under 'only' in the map")])
    return frame[keep]


def _names(frame: pd.DataFrame, results_map: ResultsMap, file: str, problems: list[Problem]) -> tuple[str, ...]:
    first, *others = (texts_of(frame[column]) for column in results_map.entity_columns)
    names = first
    for other in others:
        names = names + " " + other
    for row in names.index[names.str.strip() == ""]:
        problems.append(Problem(f"{file}, row {row}", "the entity is blank", "name it"))
    for row in names.index[names.duplicated() & (names.str.strip() != "")]:
        message = f"{names[row]!r} stands in an earlier row too"
        problems.append(Problem(f"{file}, row {row}", message, "keep one, or name more columns under 'entity'"))
    for row in names.index[names.str.strip().str.casefold().isin(_SUMS)]:
        fix = "delete the row, or leave it out by 'only' in the map"
        problems.append(Problem(f"{file}, row {row}", f"{names[row]!r} is no entity but a sum of others", fix))
    return tuple(names)


# Numbers ----------------------------------------------------------------------------------------------


def _numbers(frame: pd.DataFrame, key: str, cell: Cell, file: str, problems: list[Problem]) -> FloatArray:
    if cell.constant is not None:
        return np.full(len(frame), cell.constant)
    columns = np.stack([_column(frame, name, key, cell, file, problems) for name in cell.columns])
    kept = len(cell.columns) - len(cell.minus)
    found = _together(columns[:kept], cell) - columns[kept:].sum(axis=0)
    found = np.asarray(found * cell.times)
    if cell.missing is not None:
        found = np.where(np.isnan(found), cell.missing, found)
    _check(found, frame, key, cell, file, problems)
    return found


def _together(columns: FloatArray, cell: Cell) -> FloatArray:
    """The first filled column, or the sum or mean of those that are filled; NaN where none is."""
    filled = ~np.isnan(columns)
    if cell.column:
        return np.asarray(columns[np.argmax(filled, axis=0), np.arange(columns.shape[1])])
    count = filled.sum(axis=0)
    divisor = count if cell.mean_of else np.ones_like(count)
    unknown = np.full(columns.shape[1], np.nan)
    return np.asarray(np.divide(np.nansum(columns, axis=0), divisor, out=unknown, where=count > 0))


def _column(frame: pd.DataFrame, name: str, key: str, cell: Cell, file: str, problems: list[Problem]) -> FloatArray:
    numbers, unread = parse_numbers(frame[name], cell.values)
    if cell.otherwise is not None:
        unlisted = (~texts_of(frame[name]).isin(cell.values)).to_numpy(dtype=bool) & ~(np.isnan(numbers) & ~unread)
        return np.where(unlisted, cell.otherwise, numbers)
    for row, text in zip(frame.index[unread], texts_of(frame[name][unread]), strict=True):
        fix = f"list it under 'values' in the map ({key}), or mend the cell" if cell.values else "write a number"
        problems.append(Problem(f"{file}, row {row}, column {name}", f"{text!r} is not a number", fix))
    return numbers


def parse_numbers(cells: pd.Series, values: Mapping[str, float] | None = None) -> tuple[FloatArray, BoolArray]:
    """Numbers of a column, NaN where blank, and where a cell is neither blank nor a finite number.

    Read are 1234.5, 1,234.5, $1,234, (1,234) for a negative amount, 6.46% and "6 out of 10" (as 6).
    """
    if cells.dtype.kind in "iuf" and not values:
        numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isinf(numbers), np.nan, numbers), np.isinf(numbers)
    text = texts_of(cells)
    numbers = np.full(len(text), np.nan)
    plain = text.str.fullmatch(_PLAIN).to_numpy(dtype=bool)
    numbers[plain] = _plain_numbers(text[plain])
    left = np.flatnonzero(~plain)
    others = text.iloc[left]
    numbers[left] = [_written(cell) for cell in others]
    numbers[np.isinf(numbers)] = np.nan
    unread = np.isnan(numbers)
    unread[left[others.str.casefold().isin(MISSING).to_numpy(dtype=bool)]] = False
    listed = text.isin(values or {}).to_numpy(dtype=bool)
    numbers[listed] = text[listed].map(values or {}).to_numpy(dtype=np.float64)
    return numbers, unread & ~listed


def _plain_numbers(text: pd.Series) -> FloatArray:
    """What most columns hold, all at once: digits, with dollars, thousands or per cent."""
    percent = text.str.endswith("%").to_numpy(dtype=bool)
    for mark in ("$", ",", "%"):
        text = text.str.replace(mark, "", regex=False)
    numbers = text.to_numpy(dtype=object).astype(np.float64)
    return np.where(percent, np.round(numbers / 100, 12), numbers)


def _written(text: str) -> float:
    """A number with dollars, thousands, brackets or per cent; NaN for everything else."""
    match = _WRITTEN.fullmatch(text)
    if match is None or (match["open"] is None) != (match["close"] is None):
        return np.nan
    signs = [match["open"], match["sign"], match["minus"]]
    if sum(sign is not None for sign in signs) > 1 or not any(map(str.isdigit, match["digits"].split("e")[0])):
        return np.nan
    try:
        number = float(match["digits"].replace(",", ""))
    except ValueError:
        return np.nan
    if match["percent"]:
        number = round(number / 100, 12)
    return -number if match["open"] or match["minus"] or match["sign"] == "-" else number


def _check(found: FloatArray, frame: pd.DataFrame, key: str, cell: Cell, file: str, problems: list[Problem]) -> None:
    """Blanks, negative numbers and percentages where there can be none."""
    told = {problem.place for problem in problems}
    for wrong, says, fix in _wrong(found, key):
        for row, number in zip(frame.index[wrong], found[wrong], strict=True):
            place = f"{file}, row {row}, column {', '.join(cell.columns)}"
            if place not in told:
                problems.append(Problem(place, f"{key} {says.format(number)}", fix))


def _wrong_constants(results_map: ResultsMap, place: str) -> list[Problem]:
    return [
        Problem(f"{place}: {key}", f"{key} {says.format(cell.constant)}", fix)
        for key, cell in results_map.cells()
        if cell.constant is not None
        for wrong, says, fix in _wrong(np.array([cell.constant]), key)
        if wrong[0]
    ]


def _wrong(found: FloatArray, key: str) -> Iterator[tuple[BoolArray, str, str]]:
    """Which numbers of a key cannot be, what is said of them, and how they are mended."""
    if not key.startswith(_MAY_BE_BLANK):
        yield np.isnan(found), "is blank", f"fill it in, or say in the map what a blank stands for ({key}: missing)"
    if not key.startswith(_MAY_BE_NEGATIVE):
        yield np.nan_to_num(found) < 0, "is negative: {:,.10g}", "write 0 or more"
    if key.startswith("measures.") and key.endswith("rate"):
        fix = "write 0.7 or 70% for seventy percent, or 'times: 0.01' in the map"
        yield np.nan_to_num(found) > 1, "is above 1: {:,.10g}", fix


def _check_counts(values: Mapping[str, FloatArray], frame: pd.DataFrame, file: str, problems: list[Problem]) -> None:
    """A numerator cannot be larger than its denominator, and of the two not one alone is known."""
    for key, top in values.items():
        if not key.startswith("measures.") or not key.endswith("numerator"):
            continue
        below = values.get(key.removesuffix("numerator").removesuffix("carried_") + "denominator")
        if below is None:
            continue
        for row in frame.index[np.nan_to_num(top - below) > 0]:
            message = f"{key} is larger than its denominator"
            problems.append(Problem(f"{file}, row {row}", message, "correct one of the two counts"))
        half = (np.isnan(below) & (np.nan_to_num(top) > 0)) | (np.isnan(top) & (np.nan_to_num(below) > 0))
        for row in frame.index[half & ~_told(frame, file, problems)] if half.any() else ():
            message = f"{key} and its denominator: one is blank, the other is not"
            problems.append(Problem(f"{file}, row {row}", message, "fill in both, 0 where nobody counts, or neither"))


def _told(frame: pd.DataFrame, file: str, problems: list[Problem]) -> BoolArray:
    """Rows of which something is said already: a cell that could not be read is blank here."""
    told = {problem.place.partition(", column")[0] for problem in problems}
    rows = [f"{file}, row {row}" in told for row in frame.index] if told else [False] * len(frame)
    return np.array(rows, dtype=np.bool_)


# Programs joined --------------------------------------------------------------------------------------


def _joined(frame: pd.DataFrame, rule: Joined, file: str, place: str, problems: list[Problem]) -> dict[str, BoolArray]:
    if rule.column is None:
        more = {column: program for column, program in rule.flags_where_present.items() if column in frame.columns}
        return _any_of(
            (program, texts_of(frame[column]).str.casefold().isin(_YES).to_numpy(dtype=bool))
            for column, program in (rule.flags | more).items()
        )
    text = texts_of(frame[rule.column])
    for row in frame.index[~text.isin(rule.values).to_numpy(dtype=bool)]:
        fix = f"list it under joined.values in {place}, with the program it means, or with [] for none"
        problems.append(Problem(f"{file}, row {row}, column {rule.column}", f"unknown text {text[row]!r}", fix))
    return _any_of(
        (program, (text == written).to_numpy(dtype=bool))
        for written, programs in rule.values.items()
        for program in ((programs,) if isinstance(programs, str) else programs)
    )


def _any_of(parts: Iterable[tuple[str, BoolArray]]) -> dict[str, BoolArray]:
    found: dict[str, BoolArray] = {}
    for program, mask in parts:
        found[program] = found[program] | mask if program in found else mask
    return found
