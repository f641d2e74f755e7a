"""What payers do when nobody brings them together: each answers the others' offers, practice by practice.

With needs and benefits as they are in the proposal, every practice is a threshold game (`models/sharing.md`): its
bundle runs only if the offers together reach its need, and an offer is paid only then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from critmass.settlement.results import FloatArray
from critmass.studies.sharing.threshold import Threshold

STARTS = 20
"""Random offers that payers begin from, beside nothing and their full benefits."""

NEEDED_USD = 0.01
"""A smaller need is none."""


@dataclass(frozen=True)
class PracticePlay:
    """One practice that needs a bonus. Money is USD a year.

    `welfare_usd` are benefits less need where the bundle is funded, else 0: in the worst and the best equilibrium that
    was found, and together. `stuck` says that offering nothing is an equilibrium though together the payers gain;
    `jump_start_usd` is what a convener must commit for somebody to move. `critical` are the smallest sets of payers
    whose benefits carry the need.
    """

    practice: str
    need_usd: float
    benefit_usd: float
    worst_usd: float
    best_usd: float
    together_usd: float
    stuck: bool
    jump_start_usd: float
    critical: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Play:
    """All practices that need a bonus, and what acting alone loses over them."""

    practices: tuple[PracticePlay, ...]

    @property
    def worst_usd(self) -> float:
        """Welfare where every practice is at its worst equilibrium."""
        return sum(item.worst_usd for item in self.practices)

    @property
    def best_usd(self) -> float:
        """Welfare where every practice is at its best equilibrium."""
        return sum(item.best_usd for item in self.practices)

    @property
    def together_usd(self) -> float:
        """Welfare when payers coordinate."""
        return sum(item.together_usd for item in self.practices)

    @property
    def price_of_fragmentation(self) -> float | None:
        """Together over the worst equilibrium; None where that is worth nothing, and only the difference says
        something."""
        return self.together_usd / self.worst_usd if self.worst_usd > NEEDED_USD else None

    @property
    def jump_start_usd(self) -> float:
        """What a convener must commit to free every practice that is stuck."""
        return sum(item.jump_start_usd for item in self.practices if item.stuck)


def play(
    practices: tuple[str, ...], payers: tuple[str, ...], need_usd: FloatArray, benefit_usd: FloatArray, seed: int = 1
) -> Play:
    """How payers play at each practice with a need: `need_usd` (practice,), `benefit_usd` (practice, payer), USD.

    A payer that the outcomes harm offers nothing; its loss counts in nobody's benefit.
    """
    found = []
    for place in np.flatnonzero(need_usd > NEEDED_USD).tolist():
        gains = np.maximum(benefit_usd[place], 0.0)
        game = Threshold(payers, gains, float(need_usd[place]))
        worst, best = game.equilibria(STARTS, seed).welfare_usd()
        found.append(
            PracticePlay(
                practice=practices[place], need_usd=game.cost_usd, benefit_usd=float(gains.sum()), worst_usd=worst,
                best_usd=best, together_usd=max(float(gains.sum()) - game.cost_usd, 0.0), stuck=game.stuck_at_nothing(),
                jump_start_usd=game.jump_start_usd(), critical=game.critical_coalitions(),
            )
        )  # fmt: skip
    return Play(tuple(found))
