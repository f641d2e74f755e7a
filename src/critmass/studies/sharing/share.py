"""Shares the amount of a game by every rule, and says which coalitions would object."""

from __future__ import annotations

from dataclasses import dataclass

from critmass.domain.errors import InputError, Problem
from critmass.domain.suggest import closest
from critmass.studies.sharing.assess import Assessment, Excess, Shape, assess, shape, worst_excesses
from critmass.studies.sharing.game import FloatArray, Game
from critmass.studies.sharing.rules import NO_WEIGHTS, RULES, Rule, Weights, allocate

DEFAULT_RULE: Rule = "nucleolus"
"""In the core whenever any allocation is."""
MOST_EXCESSES = 20


@dataclass(frozen=True, eq=False)
class Allocation:
    """Shares by a rule, USD, shape (player,), how they look to coalitions, and those that object most."""

    rule: Rule
    shares_usd: FloatArray
    assessment: Assessment
    worst: tuple[Excess, ...]


@dataclass(frozen=True, eq=False)
class Sharing:
    """A game shared by every rule that can be used; `unusable` says why the others cannot."""

    game: Game
    weights: Weights
    shape: Shape
    rule: Rule
    allocations: dict[Rule, Allocation]
    unusable: dict[Rule, str]

    @property
    def chosen(self) -> Allocation:
        """The allocation by the rule asked for."""
        return self.allocations[self.rule]


def share_game(game: Game, weights: Weights = NO_WEIGHTS, rule: str = DEFAULT_RULE) -> Sharing:
    """Shares a game's amount among its players by a rule, and by all others for comparison.

    Raises:
        InputError: when the rule is unknown, or the weights that it goes by are missing or all 0.
        CritmassError: when a linear program of the nucleolus or the least core fails.
    """
    chosen = known_rule(rule)
    allocations: dict[Rule, Allocation] = {}
    unusable: dict[Rule, str] = {}
    for name in RULES:
        try:
            shares = allocate(game, name, weights)
        except InputError as error:
            if name == chosen:
                raise
            unusable[name] = error.problems[0].message
        else:
            worst = worst_excesses(game, shares, MOST_EXCESSES)
            allocations[name] = Allocation(name, shares, assess(game, shares), worst)
    return Sharing(game, weights, shape(game), chosen, allocations, unusable)


def known_rule(rule: str) -> Rule:
    """The rule of that name.

    Raises:
        InputError: when there is none.
    """
    for name in RULES:
        if name == rule:
            return name
    fix = closest(rule, RULES) or f"choose one of {', '.join(RULES)}"
    raise InputError([Problem("rule", f"'{rule}' is not a rule", fix)])
