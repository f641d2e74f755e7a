"""The gain of coordinating, shared among the payers: who pays how much of the bonus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from critmass.domain.errors import CritmassError
from critmass.settlement.results import FloatArray
from critmass.solve.progress import Reporter, silent
from critmass.studies.coordinate.bundle import member_months
from critmass.studies.coordinate.coalitions import CoalitionGame, CoalitionValues, coalition_game, with_outcomes
from critmass.studies.coordinate.propose import Coordination, payers_of
from critmass.studies.sharing.rules import Weights
from critmass.studies.sharing.share import DEFAULT_RULE, Sharing, share_game

MONTHS = 12
SEARCH_SECONDS = 12.0
"""Time for plans with more outcomes for their money."""


class NothingToShareError(CritmassError):
    """There is no bonus to share, or no plan of it."""


@dataclass(frozen=True)
class SharedCoordination:
    """The coalitions' game and its gain shared by every rule.

    `pays_usd` (payer,) is what the chosen rule has each payer pay of the bonus: its outcomes less its share of the
    gain, USD a year; negative where others make up for it.
    """

    game: CoalitionGame
    sharing: Sharing
    pays_usd: FloatArray


def share_coordination(
    found: Coordination, rule: str = DEFAULT_RULE, level: str = "mid", seconds: float = 0.1,
    search_seconds: float = SEARCH_SECONDS, report: Reporter = silent,
) -> SharedCoordination:  # fmt: skip
    """Shares what all payers gain together: outcomes for their members less the bonus. `seconds` is for each solve of a
    coalition.

    Plans for the least bonus do as little as they can; so plans with more outcomes for their money are searched first,
    for `search_seconds`.

    Raises:
        NothingToShareError: where nothing has to be added, or no plan with a bonus was found.
        InputError: when the rule is unknown.
    """
    problem, least = found.problem, found.least
    if found.reached_today:
        raise NothingToShareError("the organization reaches the target by itself: there is no bonus to share")
    if problem is None or least is None:
        raise NothingToShareError("no plan with a bonus was found; give more time")
    payers = payers_of(found.network)
    today = found.today.outcome.decisions
    pool = with_outcomes(problem, least, today, found.options, search_seconds, report)
    values = CoalitionValues(problem, pool, found.today.terms, payers, today, level)
    game = coalition_game(values, seconds, found.options.workers)
    months = member_months(problem.model.shared.model, payers).sum(axis=0)
    outcomes = np.maximum(game.everyone.outcomes_usd, 0.0)
    sharing = share_game(game.game, Weights(members=months / MONTHS, benefit_usd=outcomes), rule)
    return SharedCoordination(game, sharing, game.everyone.outcomes_usd - sharing.chosen.shares_usd)
