"""Reads a game from a coalition table: CSV, workbook (.xlsx), JSON or YAML."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from critmass.catalog.yaml_file import MAX_BYTES, read_yaml
from critmass.domain.errors import InputError, Problem
from critmass.domain.suggest import closest
from critmass.network.cells import LARGEST_NUMBER
from critmass.network.mapped import parse_numbers, texts_of
from critmass.network.structure import normalized, shorten
from critmass.network.table_file import read_sheets, read_table_file
from critmass.studies.sharing.game import FloatArray, Game, Kind
from critmass.studies.sharing.listed import JOIN, Entry, Listed, game_of
from critmass.studies.sharing.rules import Weights

SUFFIXES = (".csv", ".xlsx", ".json", ".yaml", ".yml")
COALITIONS, PLAYERS = "coalitions", "players"
"""Sheets of a workbook, and `players` also a key of a JSON or YAML file."""

_KINDS: dict[str, Kind] = {"value_usd": "value", "cost_usd": "cost"}
_WEIGHTS = ("members", "benefit_usd")
_KEYS = ("kind", PLAYERS, "values")
_AS_NUMBER = "write a number such as 1250.50"
_AS_KIND = "keep the column 'cost_usd' for costs, or 'value_usd' for values"


def read_game(path: Path) -> tuple[Game, Weights]:
    """The game in a file, and what it says of its players.

    CSV and workbooks have the columns `coalition` (players joined by '+') and `cost_usd` or `value_usd`; `members`
    and `benefit_usd` may stand in the rows of players alone, or in a sheet Players with a column `player`. JSON and
    YAML have `kind` (cost or value), `values` by coalition, and optionally `players` with the same weights.

    Raises:
        InputError: with every problem found.
    """
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return game_of(_of_sheets(path.name, read_table_file(path), path.name, None, []))
    if suffix == ".xlsx":
        return game_of(_of_workbook(path))
    if suffix in SUFFIXES:
        return game_of(_of_mapping(path.name, _read_json(path) if suffix == ".json" else read_yaml(path)))
    raise InputError([Problem(str(path), "is not a coalition table", f"name a file in {', '.join(SUFFIXES)}")])


def game_in(place: str, given: Mapping[str, Any]) -> tuple[Game, Weights]:
    """The game in an object with the keys of a JSON file; `place` names it in problems.

    Raises:
        InputError: with every problem found.
    """
    return game_of(_of_mapping(place, given))


# Tables -----------------------------------------------------------------------------------------------


def _of_workbook(path: Path) -> Listed:
    sheets = read_sheets(path)
    known = {normalized(name): name for name in sheets}
    if len(sheets) == 1 and PLAYERS not in known:
        known = {COALITIONS: next(iter(sheets))}
    problems = [
        Problem(
            f"{path.name}, sheet {name}",
            "is not a sheet of a coalition table",
            closest(name, ("Coalitions", "Players")) or "rename it so that it begins with 'Notes'",
        )
        for key, name in known.items()
        if key not in (COALITIONS, PLAYERS)
    ]
    if COALITIONS not in known:
        problems.append(Problem(path.name, "has no sheet 'Coalitions'", "add it, or rename the sheet"))
        raise InputError(problems)
    place = f"{path.name}, sheet {known[COALITIONS]}"
    players = (f"{path.name}, sheet {known[PLAYERS]}", sheets[known[PLAYERS]]) if PLAYERS in known else None
    return _of_sheets(path.name, sheets[known[COALITIONS]], place, players, problems)


def _of_sheets(
    file: str, frame: pd.DataFrame, place: str, players: tuple[str, pd.DataFrame] | None, problems: list[Problem]
) -> Listed:
    """The coalitions of one sheet, and the players of another; `problems` are those found before."""
    frame = _columns(frame, place, ("coalition", *_KINDS, *_WEIGHTS), "coalition", problems)
    kinds = [name for name in _KINDS if name in frame]
    if len(kinds) != 1:
        message = "has both 'value_usd' and 'cost_usd'" if kinds else "has no column 'cost_usd' or 'value_usd'"
        problems.append(Problem(place, message, _AS_KIND))
    if "coalition" not in frame or len(kinds) != 1:
        raise InputError(problems)
    amounts = _numbers(frame, kinds[0], place, problems, needed=True)
    entries = [
        Entry(f"{place}, row {row}", text, float(amount))
        for row, text, amount in zip(frame.index, texts_of(frame["coalition"]), amounts, strict=True)
    ]
    listed = Listed(file, _KINDS[kinds[0]], entries, problems=problems)
    listed.weights = _weights(frame, [entry.coalition for entry in entries], place, problems)
    if players is not None:
        _add_players(listed, *players)
    return listed


def _add_players(listed: Listed, place: str, frame: pd.DataFrame) -> None:
    """The sheet Players: who plays, and the weights."""
    frame = _columns(frame, place, ("player", *_WEIGHTS), "player", listed.problems)
    if "player" not in frame:
        return
    names = texts_of(frame["player"]).tolist()
    seen: set[str] = set()
    for row, name in zip(frame.index, names, strict=True):
        if not name or name in seen:
            message = f"'{name}' is listed before" if name else "the player is blank"
            listed.problems.append(Problem(f"{place}, row {row}, column player", message, "name each player once"))
        seen.add(name)
    listed.players = tuple(dict.fromkeys(name for name in names if name))
    listed.weights = {**listed.weights, **_weights(frame, names, place, listed.problems)}


def _columns(
    frame: pd.DataFrame, place: str, known: tuple[str, ...], needed: str, problems: list[Problem]
) -> pd.DataFrame:
    """The table with its standard column names; what is not one of them, or is missing, is a problem."""
    names = [normalized(str(header)) for header in frame.columns]
    for name, header in zip(names, frame.columns, strict=True):
        if name not in known or names.count(name) > 1:
            message = "is there twice" if name in known else "is not a column of a coalition table"
            fix = "keep one" if name in known else closest(name, known) or "remove the column"
            problems.append(Problem(f"{place}, column {header}", message, fix))
    if needed not in names:
        problems.append(Problem(place, f"has no column '{needed}'", "add it, or correct the header"))
    frame = frame.set_axis(names, axis=1)
    return frame.loc[:, ~frame.columns.duplicated()]


def _numbers(frame: pd.DataFrame, name: str, place: str, problems: list[Problem], *, needed: bool) -> FloatArray:
    """A column's numbers, NaN where blank or unread; what is unread, or blank though needed, is a problem."""
    numbers, unread = parse_numbers(frame[name])
    texts = texts_of(frame[name]).tolist()
    unread |= np.array(["%" in text or "out of" in text for text in texts])
    numbers[unread] = np.nan
    for row, text, number, wrong in zip(frame.index, texts, numbers, unread, strict=True):
        if wrong or (needed and np.isnan(number)):
            message = f"'{shorten(text)}' is not a number" if wrong else "is blank"
            problems.append(Problem(f"{place}, row {row}, column {name}", message, _AS_NUMBER))
    return numbers


def _weights(
    frame: pd.DataFrame, names: Sequence[str], place: str, problems: list[Problem]
) -> dict[str, dict[str, tuple[str, float]]]:
    """For each column of weights that is there, each name's place and number."""
    found: dict[str, dict[str, tuple[str, float]]] = {}
    for column in (name for name in _WEIGHTS if name in frame):
        numbers = _numbers(frame, column, place, problems, needed=False)
        places = [f"{place}, row {row}, column {column}" for row in frame.index]
        found[column] = {}
        for name, where, number in zip(names, places, numbers, strict=True):
            if JOIN not in name:
                found[column].setdefault(name, (where, float(number)))
            elif not np.isnan(number):
                message = f"{column} stands beside several players, '{shorten(name)}'"
                problems.append(Problem(where, message, "write it in the row of one player alone"))
    return found


# JSON and YAML ----------------------------------------------------------------------------------------


def _read_json(path: Path) -> Mapping[Hashable, Any]:
    if not path.is_file():
        raise InputError([Problem(str(path), "no such file", "name an existing file")])
    if path.stat().st_size > MAX_BYTES:
        raise InputError([Problem(path.name, f"larger than {MAX_BYTES:,} bytes", "shorten it")])
    try:
        raw = json.loads(path.read_bytes(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InputError([Problem(path.name, f"is not valid JSON ({error})", "mend the place named")]) from None
    if not isinstance(raw, dict):
        raise InputError([Problem(path.name, "is not a JSON object", 'write {"kind": ..., "values": {...}}')])
    return raw


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is written twice")
        found[key] = value
    return found


def _of_mapping(file: str, raw: Mapping[Any, Any]) -> Listed:
    problems = [
        Problem(f"{file}: {key}", "is not a key of a game", closest(str(key), _KEYS) or "remove it")
        for key in raw
        if key not in _KEYS
    ]
    kind, values = raw.get("kind"), raw.get("values")
    if kind not in ("cost", "value"):
        problems.append(Problem(f"{file}: kind", f"'{kind}' is not a kind of game", "write cost or value"))
    if not isinstance(values, dict) or not values:
        message = "holds no amounts by coalition"
        problems.append(Problem(f"{file}: values", message, "write coalitions with their amounts, such as A+B: 12.5"))
        raise InputError(problems)
    entries = [
        Entry(f"{file}: values.{key}", str(key), _number(f"{file}: values.{key}", value, problems))
        for key, value in values.items()
    ]
    listed = Listed(file, "cost" if kind == "cost" else "value", entries, problems=problems)
    if raw.get(PLAYERS) is not None:
        _add_listed(listed, raw[PLAYERS])
    return listed


def _add_listed(listed: Listed, players: Any) -> None:
    """The key `players`: a list of names, or names with their weights."""
    place = f"{listed.file}: {PLAYERS}"
    if isinstance(players, list):
        if len(set(map(str, players))) < len(players):
            listed.problems.append(Problem(place, "names a player twice", "name each player once"))
        players = {name if isinstance(name, str | int) else json.dumps(name): None for name in players}
    if not isinstance(players, dict) or not all(isinstance(item or {}, dict) for item in players.values()):
        fix = "write a list of names, or names with members and benefit_usd"
        listed.problems.append(Problem(place, "is not a list of players", fix))
        return
    found: dict[str, dict[str, tuple[str, float]]] = {}
    for name, item in players.items():
        for key, value in (item or {}).items():
            where = f"{place}.{name}.{key}"
            if key not in _WEIGHTS:
                fix = closest(str(key), _WEIGHTS) or "write members or benefit_usd"
                listed.problems.append(Problem(where, "is not known of players", fix))
                continue
            found.setdefault(key, {})[str(name)] = (where, _number(where, value, listed.problems))
    listed.players = tuple(str(name) for name in players)
    listed.weights = found


def _number(place: str, value: Any, problems: list[Problem]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_NUMBER:
        problems.append(Problem(place, f"'{shorten(str(value))}' is not a number", _AS_NUMBER))
        return np.nan
    return float(value)
