"""Turns a list of coalitions with their amounts into a game, with every problem by its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from critmass.domain.errors import InputError, Problem
from critmass.domain.suggest import closest
from critmass.network.cells import LARGEST_NUMBER
from critmass.studies.sharing.game import MOST_PLAYERS, FloatArray, Game, Kind
from critmass.studies.sharing.rules import Weights

JOIN = "+"
"""What stands between the players of a coalition."""
_MOST_NAMED = 12
_WEIGHTS = ("members", "benefit_usd")


@dataclass(frozen=True)
class Entry:
    """A coalition as it was written, and its amount, USD; NaN where the cell could not be read (already said)."""

    place: str
    coalition: str
    amount_usd: float

    @property
    def names(self) -> tuple[str, ...]:
        """The players, as written."""
        return tuple(name.strip() for name in self.coalition.split(JOIN))


@dataclass
class Listed:
    """What a file says of a game. `players` is None where the coalitions alone say who plays.

    `weights` has, for members and benefit_usd, each player's place and number (NaN where blank).
    """

    file: str
    kind: Kind
    entries: list[Entry]
    players: tuple[str, ...] | None = None
    weights: Mapping[str, Mapping[str, tuple[str, float]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def game_of(listed: Listed) -> tuple[Game, Weights]:
    """The game and the weights of its players.

    Raises:
        InputError: with every problem: those found on reading, names that are no player's, coalitions that are
            listed twice or not at all, and weights that are blank or negative.
    """
    problems = listed.problems
    players = _players(listed)
    amounts = _amounts(listed, players) if _can_be_listed(listed.file, players, problems) else {}
    columns = [_weights(listed, name, players) for name in _WEIGHTS]
    if problems:
        raise InputError(problems)
    values = np.zeros(1 << len(players))
    values[list(amounts)] = list(amounts.values())
    return Game(players, values, listed.kind), Weights(*columns)


def _players(listed: Listed) -> tuple[str, ...]:
    """The players listed, else those with a row of their own."""
    if listed.players is not None:
        return listed.players
    alone = (entry.names[0] for entry in listed.entries if len(entry.names) == 1)
    return tuple(dict.fromkeys(name for name in alone if name))


def _can_be_listed(file: str, players: Sequence[str], problems: list[Problem]) -> bool:
    if not players and not problems:
        problems.append(Problem(file, "no player has a row of its own", "add a row for each player alone"))
    if len(players) > MOST_PLAYERS:
        fix = "merge players that always act together"
        problems.append(Problem(file, f"lists {len(players)} players, more than {MOST_PLAYERS}", fix))
    for name in (name for name in players if JOIN in name):
        problems.append(Problem(file, f"player '{name}' has a '{JOIN}' in its name", "rename it"))
    return 0 < len(players) <= MOST_PLAYERS


def _amounts(listed: Listed, players: tuple[str, ...]) -> dict[int, float]:
    """Amounts by mask; what cannot be is added to the problems."""
    places: dict[int, str] = {}
    amounts: dict[int, float] = {}
    for entry in listed.entries:
        mask = _mask(entry, players, listed)
        if mask is None:
            continue
        if mask in places:
            message = f"coalition '{entry.coalition}' is listed before, at {places[mask]}"
            listed.problems.append(Problem(entry.place, message, "keep one of the two"))
            continue
        places[mask] = entry.place
        amounts[mask] = entry.amount_usd
        if abs(entry.amount_usd) > LARGEST_NUMBER:
            message = f"{entry.amount_usd:,.0f} is too large to be true"
            listed.problems.append(Problem(entry.place, message, "write USD such as 1250.50"))
    _report_missing(listed, players, amounts)
    return amounts


def _mask(entry: Entry, players: tuple[str, ...], listed: Listed) -> int | None:
    """The coalition's mask, or None where its names are wrong, which is added to the problems."""
    names, wrong = entry.names, ""
    fix = f"write players joined by '{JOIN}', such as A{JOIN}B"
    if not all(names):
        wrong = "the coalition is blank" if not entry.coalition.strip() else f"'{entry.coalition}' lacks a name"
    elif len(set(names)) < len(names):
        wrong = f"'{entry.coalition}' names a player twice"
    else:
        strange = next((name for name in names if name not in players), None)
        if strange is not None:
            listed_or_alone = "is not among the players" if listed.players else "has no row of its own"
            wrong = f"'{strange}' in '{entry.coalition}' {listed_or_alone}"
            fix = closest(strange, players) or "add it, or correct the name"
    if wrong:
        listed.problems.append(Problem(entry.place, wrong, fix))
        return None
    return sum(1 << players.index(name) for name in names)


def _report_missing(listed: Listed, players: tuple[str, ...], amounts: Mapping[int, float]) -> None:
    missing = [mask for mask in range(1, 1 << len(players)) if mask not in amounts]
    if not missing:
        return
    missing.sort(key=lambda mask: (mask.bit_count(), mask))
    names = [
        JOIN.join(name for place, name in enumerate(players) if mask >> place & 1) for mask in missing[:_MOST_NAMED]
    ]
    more = f" and {len(missing) - _MOST_NAMED:,} more" if len(missing) > _MOST_NAMED else ""
    message = f"{len(missing):,} of {(1 << len(players)) - 1:,} coalitions are not listed: {', '.join(names)}{more}"
    listed.problems.append(Problem(listed.file, message, "add a row for each of them"))


def _weights(listed: Listed, name: str, players: tuple[str, ...]) -> FloatArray | None:
    """A column of weights by player; None where nobody has one."""
    given = listed.weights.get(name, {})
    if all(np.isnan(number) for _, number in given.values()):
        return None
    for player in players:
        place, number = given.get(player, (listed.file, np.nan))
        if not 0 <= number <= LARGEST_NUMBER:
            found = "is blank" if np.isnan(number) else f"is {number:,.10g}"
            listed.problems.append(Problem(place, f"{name} of '{player}' {found}", "write a number from 0 on"))
    return np.array([given.get(player, ("", np.nan))[1] for player in players])
