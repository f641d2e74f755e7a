"""Rules that share the amount of everyone among the players. Each adds up exactly to the total."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from critmass.domain.errors import InputError, Problem
from critmass.studies.sharing.game import FloatArray, Game
from critmass.studies.sharing.nucleolus import least_core, nucleolus
from critmass.studies.sharing.shapley import shapley

Rule = Literal["members", "benefit", "equal", "shapley", "nucleolus", "least_core", "scrb"]
RULES: tuple[Rule, ...] = get_args(Rule)
PROPORTIONAL: tuple[Rule, ...] = ("members", "benefit", "equal")
"""Rules that look at no coalition between one player and everyone."""


@dataclass(frozen=True, eq=False)
class Weights:
    """What proportional rules go by, shape (player,) each, 0 or more; None where it is not known.

    Without `benefit_usd`, the rule `benefit` goes by each player's amount alone.
    """

    members: FloatArray | None = None
    benefit_usd: FloatArray | None = None


NO_WEIGHTS = Weights()


def allocate(game: Game, rule: Rule, weights: Weights = NO_WEIGHTS) -> FloatArray:
    """The players' shares by a rule; USD, shape (player,).

    Raises:
        InputError: when the rule goes by weights that are missing, negative, or all 0.
    """
    if rule == "members":
        return _members(game, weights.members)
    if rule == "benefit":
        return _benefit(game, weights.benefit_usd)
    return _BY_GAME[rule](game)


def proportional(game: Game, weights: FloatArray) -> FloatArray:
    """The total in proportion to weights, shape (player,), not all 0."""
    shares = game.total_usd * weights / weights.sum()
    return np.asarray(shares + (game.total_usd - shares.sum()) / game.size)


def equal(game: Game) -> FloatArray:
    """The same for everyone."""
    return proportional(game, np.ones(game.size))


def scrb(game: Game) -> FloatArray:
    """Separable costs, remaining benefits: marginal amounts, and the rest by what is then left to gain.

    The rest is shared in proportion to the distance between a player's amount alone and its marginal amount,
    counted as 0 where joining makes the player worse off, and equally where all are 0.
    """
    marginal = game.marginal_usd
    left = np.maximum(game.sign * (marginal - game.alone_usd), 0.0)
    parts = left / left.sum() if left.sum() > game.tolerance_usd else np.full(game.size, 1.0 / game.size)
    shares = marginal + (game.total_usd - marginal.sum()) * parts
    return np.asarray(shares + (game.total_usd - shares.sum()) / game.size)


def _members(game: Game, members: FloatArray | None) -> FloatArray:
    if members is None:
        fix = "fill in the members of each player, or choose another rule"
        raise InputError([Problem("rule members", "the numbers of members are not given", fix)])
    return proportional(game, _usable(members, "rule members", "members"))


def _benefit(game: Game, benefit_usd: FloatArray | None) -> FloatArray:
    if benefit_usd is not None:
        return proportional(game, _usable(benefit_usd, "rule benefit", "benefits"))
    return proportional(game, _usable(game.alone_usd, "rule benefit", "amounts of players alone"))


def _usable(weights: FloatArray, place: str, what: str) -> FloatArray:
    if (weights < 0).any() or weights.sum() <= 0:
        raise InputError([Problem(place, f"the {what} are negative, or all 0", "choose another rule")])
    return weights


_BY_GAME: dict[Rule, Callable[[Game], FloatArray]] = {
    "equal": equal,
    "shapley": shapley,
    "nucleolus": nucleolus,
    "least_core": least_core,
    "scrb": scrb,
}
