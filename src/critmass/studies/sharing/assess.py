"""Whether coalitions accept an allocation, and what kind of game it is.

One convention for both kinds of game: the excess of a coalition is what it could gain by leaving, USD. For
values it is what the coalition makes alone less what it is given, for costs what it is charged less what it
costs alone. A positive excess is a reason to object; an allocation is in the core when no coalition has one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from critmass.studies.sharing.game import FloatArray, Game
from critmass.studies.sharing.nucleolus import least_core_excess


@dataclass(frozen=True)
class Excess:
    """A coalition's own amount, its part of an allocation, and its excess, USD."""

    coalition: tuple[str, ...]
    alone_usd: float
    allocated_usd: float
    excess_usd: float


@dataclass(frozen=True)
class Assessment:
    """How an allocation looks to coalitions. `worse_off` are players that do better alone."""

    in_core: bool
    worse_off: tuple[str, ...]
    largest_excess_usd: float

    @property
    def individually_rational(self) -> bool:
        """Nobody does better alone."""
        return not self.worse_off


@dataclass(frozen=True)
class Shape:
    """What kind of game it is. Of costs, `superadditive` says that they are subadditive, and `convex` concave.

    `clash` is a pair of disjoint coalitions that do better apart, None where there is none.
    `least_core_excess_usd` is above 0 when the core is empty; None for one player.
    """

    clash: tuple[tuple[str, ...], tuple[str, ...]] | None
    convex: bool
    core_empty: bool
    least_core_excess_usd: float | None

    @property
    def superadditive(self) -> bool:
        """Superadditive for values, subadditive for costs: two coalitions never do better apart."""
        return self.clash is None


def excesses(game: Game, allocation: FloatArray) -> FloatArray:
    """Every coalition's excess, USD, shape (2**n,) by mask; 0 for the empty one and, if efficient, for everyone."""
    return np.asarray(game.sign * (game.values - game.membership @ allocation))


def worst_excesses(game: Game, allocation: FloatArray, most: int) -> tuple[Excess, ...]:
    """The coalitions with the largest excesses, worst first, without the empty one and everyone."""
    found = excesses(game, allocation)
    order = np.argsort(-found[1:-1], kind="stable")[:most] + 1
    given = game.membership @ allocation
    return tuple(
        Excess(game.coalition(int(mask)), float(game.values[mask]), float(given[mask]), float(found[mask]))
        for mask in order
    )


def assess(game: Game, allocation: FloatArray) -> Assessment:
    """Core membership and individual rationality of an allocation, shape (player,), USD."""
    found = excesses(game, allocation)
    alone = found[1 << np.arange(game.size)]
    worst = float(found[1:-1].max(initial=-np.inf))
    efficient = abs(float(found[-1])) <= game.tolerance_usd
    worse_off = tuple(name for name, by in zip(game.players, alone, strict=True) if by > game.tolerance_usd)
    return Assessment(efficient and worst <= game.tolerance_usd, worse_off, worst)


def shape(game: Game) -> Shape:
    """What kind of game it is, and whether its core is empty."""
    least = least_core_excess(game)
    return Shape(
        clash=_clash(game),
        convex=_convex(game),
        core_empty=least > game.tolerance_usd,
        least_core_excess_usd=float(least) if np.isfinite(least) else None,
    )


def _clash(game: Game) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The disjoint pair that gains most by staying apart."""
    wanted, masks = game.sign * game.values, np.arange(len(game.values))
    worst, pair = game.tolerance_usd, None
    for mask in range(1, len(masks) - 1):
        others = masks[mask + 1 :][masks[mask + 1 :] & mask == 0]
        apart = wanted[mask] + wanted[others] - wanted[others | mask]
        if len(others) and apart.max() > worst:
            worst = float(apart.max())
            pair = (game.coalition(mask), game.coalition(int(others[np.argmax(apart)])))
    return pair


def _convex(game: Game) -> bool:
    """Whether a player adds the more to a coalition the larger it is (costs: the less)."""
    wanted, masks = game.sign * game.values, np.arange(len(game.values))
    for one in range(game.size):
        for other in range(one):
            ones, both = 1 << one, 1 << one | 1 << other
            rest = masks[masks & both == 0]
            later = wanted[rest | both] - wanted[rest | 1 << other]
            if (later - wanted[rest | ones] + wanted[rest] < -game.tolerance_usd).any():
                return False
    return True
