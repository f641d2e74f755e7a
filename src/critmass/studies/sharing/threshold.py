"""Threshold games: payers fund a joint cost only if together they offer enough (`models/sharing.md`).

Every payer i gains b_i once the work is funded, and the work costs C. An offer is paid only if all offers reach C.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from critmass.domain.errors import CritmassError
from critmass.studies.sharing.game import FloatArray, Game
from critmass.studies.sharing.shapley import shapley

_MOST_ROUNDS = 1_000
_RELATIVE = 1e-9


@dataclass(frozen=True, eq=False)
class Threshold:
    """Payers with their benefits b, shape (payer,), and the joint cost C, all USD and not negative."""

    payers: tuple[str, ...]
    benefits_usd: FloatArray
    cost_usd: float

    @property
    def _room(self) -> float:
        return _RELATIVE * max(1.0, self.cost_usd)

    def game(self) -> Game:
        """The value of a coalition: what its benefits exceed the cost by, or 0."""
        benefit = dict(zip(self.payers, self.benefits_usd, strict=True))
        return Game.of(
            self.payers, lambda names: max(0.0, sum(benefit[name] for name in names) - self.cost_usd), "value"
        )

    def critical_coalitions(self) -> tuple[tuple[str, ...], ...]:
        """Coalitions that reach the cost and would not without any one of their members, smallest first."""
        game = self.game()
        benefits = game.membership @ self.benefits_usd
        least = np.where(game.membership > 0, self.benefits_usd, np.inf).min(axis=1)
        found = np.flatnonzero((benefits >= self.cost_usd) & (benefits - least < self.cost_usd))
        ordered = sorted(found.tolist(), key=lambda mask: (mask.bit_count(), mask))
        return tuple(game.coalition(mask) for mask in ordered if mask)

    def charges_usd(self) -> FloatArray:
        """What each payer pays when all fund the work and share its worth by the Shapley value: b - Shapley."""
        return self.benefits_usd - shapley(self.game())

    # Acting alone -------------------------------------------------------------------------------------

    def best_reply(self, payer: int, offers: FloatArray, sponsor_usd: float = 0.0) -> float:
        """The smallest offer of a payer that is best for it, given the others' offers and a sponsor's, USD.

        It is what is still lacking where its benefit is larger than that, else nothing.
        """
        lacking = max(0.0, self.cost_usd - sponsor_usd - float(offers.sum() - offers[payer]))
        return lacking if self.benefits_usd[payer] > lacking + self._room else 0.0

    def is_equilibrium(self, offers: FloatArray, sponsor_usd: float = 0.0) -> bool:
        """Whether no payer gains by another offer (a Nash equilibrium); offers have shape (payer,), USD."""
        for payer in range(len(offers)):
            changed = offers.copy()
            changed[payer] = self.best_reply(payer, offers, sponsor_usd)
            better = self._payoff(payer, changed, sponsor_usd) - self._payoff(payer, offers, sponsor_usd)
            if better > self._room:
                return False
        return True

    def _payoff(self, payer: int, offers: FloatArray, sponsor_usd: float) -> float:
        return float(self.benefits_usd[payer] - offers[payer]) if self.funded(offers, sponsor_usd) else 0.0

    def funded(self, offers: FloatArray, sponsor_usd: float = 0.0) -> bool:
        """Whether offers and a sponsor's money reach the cost."""
        return float(offers.sum()) + sponsor_usd >= self.cost_usd - self._room

    def settle(self, start: FloatArray, sponsor_usd: float = 0.0) -> FloatArray:
        """Offers after payers have answered in turn, from a start, until nobody moves; shape (payer,), USD.

        Raises:
            CritmassError: when they still move after 1,000 rounds.
        """
        offers = np.array(start, dtype=np.float64)
        for _ in range(_MOST_ROUNDS):
            before = offers.copy()
            for payer in range(len(offers)):
                offers[payer] = self.best_reply(payer, offers, sponsor_usd)
            if np.abs(offers - before).max() <= self._room:
                return offers
        raise CritmassError("payers have not come to rest by answering each other in turn")

    def equilibria(self, starts: int, seed: int) -> Equilibria:
        """Where payers end from nothing, from their full benefits, and from random offers."""
        rng = np.random.default_rng(seed)
        drawn = rng.random((starts, len(self.payers))) * self.benefits_usd
        ends = [self.settle(start) for start in (np.zeros(len(self.payers)), self.benefits_usd, *drawn)]
        return Equilibria(self, tuple(_different(ends, self._room)))

    def stuck_at_nothing(self) -> bool:
        """Whether offering nothing is an equilibrium although together the payers would gain (a sticking point)."""
        nothing = np.zeros(len(self.payers))
        gain = float(self.benefits_usd.sum()) - self.cost_usd
        return gain > self._room and not self.funded(nothing) and self.is_equilibrium(nothing)

    def jump_start_usd(self) -> float:
        """The sponsor's money above which payers who offer nothing start to move: C less the largest benefit."""
        return max(0.0, self.cost_usd - float(self.benefits_usd.max()))


@dataclass(frozen=True, eq=False)
class Equilibria:
    """Different equilibria of a threshold game, each with its offers, shape (payer,), USD."""

    threshold: Threshold
    offers: tuple[FloatArray, ...]

    def welfare_usd(self) -> tuple[float, float]:
        """The least and the largest worth of an equilibrium: benefits less cost where funded, else 0."""
        worth = float(self.threshold.benefits_usd.sum()) - self.threshold.cost_usd
        found = [worth if self.threshold.funded(offers) else 0.0 for offers in self.offers]
        return min(found), max(found)

    def offer_range_usd(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest offer of each payer over the equilibria, shape (payer,) each, USD."""
        together = np.stack(self.offers)
        return together.min(axis=0), together.max(axis=0)


def _different(ends: Sequence[FloatArray], room: float) -> Iterator[FloatArray]:
    kept: list[FloatArray] = []
    for end in ends:
        if all(np.abs(end - other).max() > room for other in kept):
            kept.append(end)
            yield end
