"""Cooperative games: what every coalition of players costs, or is worth, on its own.

A coalition is a bit mask: player i takes part when bit i is set, so mask 0 is the empty coalition and
2**n - 1 everyone. Amounts are USD.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Kind = Literal["cost", "value"]

MOST_PLAYERS = 12
"""Players whose coalitions are all listed; beyond, `SampledGame` asks for coalitions one by one."""

_RELATIVE = 1e-8


class _Players:
    """What both kinds of game know of their players."""

    players: tuple[str, ...]
    kind: Kind

    @property
    def size(self) -> int:
        """Number of players, n."""
        return len(self.players)

    @property
    def sign(self) -> int:
        """1 for values and -1 for costs: sign times an amount is what a player wants more of."""
        return 1 if self.kind == "value" else -1

    def mask(self, coalition: Iterable[str]) -> int:
        """The coalition of these players; raises KeyError for a name that is no player."""
        places = {name: place for place, name in enumerate(self.players)}
        return sum(1 << place for place in {places[name] for name in coalition})

    def coalition(self, mask: int) -> tuple[str, ...]:
        """The players of a coalition, in the game's order."""
        return tuple(name for place, name in enumerate(self.players) if mask >> place & 1)


@dataclass(frozen=True, eq=False)
class Game(_Players):
    """A game whose coalitions are all listed: `values` has shape (2**n,), USD, by mask; that of mask 0 is 0.

    Raises:
        ValueError: for no players, too many, names alike, a wrong shape, or values that are not finite.
    """

    players: tuple[str, ...]
    values: FloatArray
    kind: Kind

    def __post_init__(self) -> None:
        _check_players(self.players)
        if self.size > MOST_PLAYERS:
            raise ValueError(f"{self.size} players; a game with all coalitions has at most {MOST_PLAYERS}")
        values = np.array(self.values, dtype=np.float64)
        if values.shape != (1 << self.size,):
            raise ValueError(f"{self.size} players have {1 << self.size} coalitions, not {values.shape}")
        if not np.isfinite(values).all() or values[0] != 0.0:
            raise ValueError("values must be finite, and that of the empty coalition 0")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @classmethod
    def of(cls, players: Iterable[str], amount: Callable[[tuple[str, ...]], float], kind: Kind) -> Game:
        """The game whose coalitions' amounts, USD, a function gives; it is not asked for the empty one."""
        names = tuple(players)
        bare = cls(names, np.zeros(1 << len(names)), kind)
        return cls(names, np.array([0.0, *(amount(bare.coalition(mask)) for mask in range(1, 1 << len(names)))]), kind)

    @property
    def total_usd(self) -> float:
        """The amount of everyone together, which is shared."""
        return float(self.values[-1])

    @property
    def alone_usd(self) -> FloatArray:
        """Each player's amount alone, shape (player,)."""
        return np.asarray(self.values[1 << np.arange(self.size)])

    @property
    def marginal_usd(self) -> FloatArray:
        """What each player adds as the last to join everyone else, shape (player,)."""
        everyone = len(self.values) - 1
        return np.asarray(self.values[-1] - self.values[everyone ^ (1 << np.arange(self.size))])

    @cached_property
    def membership(self) -> FloatArray:
        """1 where a player belongs to a coalition, shape (2**n, player)."""
        masks = np.arange(len(self.values))
        return (masks[:, None] >> np.arange(self.size) & 1).astype(np.float64)

    @property
    def tolerance_usd(self) -> float:
        """Below this, amounts of the game are taken for equal."""
        return _RELATIVE * max(1.0, float(np.abs(self.values).max()))


@dataclass(frozen=True, eq=False)
class SampledGame(_Players):
    """A game of any number of players, whose coalitions' amounts, USD, a function gives when asked.

    Every coalition is asked for once. `amount` gets the players in the game's order, never an empty tuple.
    """

    players: tuple[str, ...]
    amount: Callable[[tuple[str, ...]], float]
    kind: Kind
    _known: dict[int, float] = field(default_factory=lambda: {0: 0.0}, init=False, repr=False)

    def __post_init__(self) -> None:
        _check_players(self.players)

    def value(self, mask: int) -> float:
        """A coalition's amount, USD; raises ValueError where the function gives no finite number."""
        if mask not in self._known:
            found = float(self.amount(self.coalition(mask)))
            if not np.isfinite(found):
                raise ValueError(f"the amount of {'+'.join(self.coalition(mask))} is {found}")
            self._known[mask] = found
        return self._known[mask]

    @property
    def asked(self) -> int:
        """Coalitions asked for so far, without the empty one."""
        return len(self._known) - 1


def _check_players(players: tuple[str, ...]) -> None:
    if not players or len(set(players)) < len(players):
        raise ValueError("a game needs players, all with different names")
