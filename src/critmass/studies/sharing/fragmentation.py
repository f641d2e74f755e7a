"""What payers lose by acting each for itself: equilibria found by best responses, against what joint action brings.

Benefits are USD. The four settings are those of `models/sharing.md`: a common quality paid by linear prices, the
same with a provider who dislikes risk, a shared investment that anyone may pay for, and a shared network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from critmass.domain.errors import CritmassError
from critmass.studies.sharing.game import BoolArray, FloatArray

Reply = Callable[[int, float], float]
"""A player's best action, given its place and the sum of everyone else's actions."""

_MOST_ROUNDS = 10_000
_SETTLED = 1e-12


@dataclass(frozen=True)
class Fragmented:
    """Actions of an equilibrium, shape (payer,), and welfare there, under joint action, and at the first best."""

    actions: FloatArray
    welfare: float
    joint_welfare: float
    first_best_welfare: float

    @property
    def price(self) -> float:
        """Price of fragmentation: welfare of joint action over that of the equilibrium."""
        return self.joint_welfare / self.welfare


def best_replies(reply: Reply, start: FloatArray) -> FloatArray:
    """Actions from which nobody wants to move, found by letting players answer in turn; shape (player,).

    Raises:
        CritmassError: when they still move after 10,000 rounds.
    """
    actions = np.array(start, dtype=np.float64)
    for _ in range(_MOST_ROUNDS):
        before = actions.copy()
        for player in range(len(actions)):
            actions[player] = reply(player, float(actions.sum() - actions[player]))
        if np.abs(actions - before).max() <= _SETTLED * max(1.0, float(np.abs(actions).max())):
            return actions
    raise CritmassError("players have not come to rest by answering each other in turn")


def common_quality(benefits: FloatArray, cost: float) -> Fragmented:
    """Payers each set a price for one quality that serves all, without lump sums (models/sharing.md, common quality).

    Quality q costs the provider cost q^2 / 2, so it gives q = P / cost at the prices' sum P. Payer i keeps
    (benefit - price) q. The actions are prices, USD for a unit of quality.
    """
    whole = float(benefits.sum())

    def welfare(price: float) -> float:
        return (whole * price - price**2 / 2) / cost

    prices = best_replies(lambda i, others: max(0.0, (benefits[i] - others) / 2), np.zeros(len(benefits)))
    joint = best_replies(lambda _, others: max(0.0, (whole - others) / 2), np.zeros(1))
    return Fragmented(prices, welfare(float(prices.sum())), welfare(float(joint.sum())), welfare(whole))


def risk_averse_provider(benefits: FloatArray, risk: float) -> Fragmented:
    """Payers each set a slope and a lump sum for a provider who dislikes risk (models/sharing.md, risk).

    `risk` is k = r c sigma^2: risk aversion times cost times variance of the result. Cost is 1. The actions are
    slopes. The first best is that of a provider who does not mind risk.
    """
    whole = float(benefits.sum())

    def welfare(slope: float) -> float:
        return whole * slope - slope**2 * (1 + risk) / 2

    start = np.zeros(len(benefits))
    slopes = best_replies(lambda i, others: (benefits[i] - risk * others) / (1 + risk), start)
    joint = best_replies(lambda _, others: (whole - risk * others) / (1 + risk), np.zeros(1))
    return Fragmented(slopes, welfare(float(slopes.sum())), welfare(float(joint.sum())), whole**2 / 2)


def shared_investment(benefit: float, shares: FloatArray) -> Fragmented:
    """Anyone may pay into an investment X that brings 2 benefit sqrt(X) in all, of which i has the share s_i.

    The actions are payments; joint action is the first best, X = benefit^2.
    """

    def welfare(paid: float) -> float:
        return float(2 * benefit * np.sqrt(paid) - paid)

    start = np.zeros(len(shares))
    paid = best_replies(lambda i, others: max(0.0, (shares[i] * benefit) ** 2 - others), start)
    return Fragmented(paid, welfare(float(paid.sum())), welfare(benefit**2), welfare(benefit**2))


@dataclass(frozen=True)
class SharedNetwork:
    """Equilibria of a network whose cost its users share equally: which players use it, and total costs, USD.

    `users` has shape (equilibrium, player).
    """

    users: BoolArray
    costs_usd: FloatArray
    least_cost_usd: float


def shared_network(own_costs: FloatArray, shared_cost: float) -> SharedNetwork:
    """Each player pays for its own or joins a shared one and pays an equal part; all equilibria, at most 12 players.

    Anshelevich and others 2004: the best equilibrium costs at most H(n) = 1 + 1/2 + ... + 1/n times the least.
    """
    size = len(own_costs)
    users = (np.arange(1 << size)[:, None] >> np.arange(size) & 1).astype(bool)
    count = users.sum(axis=1, keepdims=True)
    paid = np.where(users, shared_cost / np.maximum(count, 1), own_costs)
    other = np.where(users, own_costs, shared_cost / (count + 1))
    costs = np.where(users, 0.0, own_costs).sum(axis=1) + shared_cost * (count[:, 0] > 0)
    stable = (paid <= other).all(axis=1)
    return SharedNetwork(users[stable], costs[stable], float(costs.min()))
