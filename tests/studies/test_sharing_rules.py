"""Rules that share a game's amount: published games, brute force, and a second method for the nucleolus."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog, minimize

import critmass
from critmass import Game, InputError
from critmass.studies.sharing import Weights
from critmass.studies.sharing.assess import assess, excesses, shape, worst_excesses
from critmass.studies.sharing.game import FloatArray, Kind
from critmass.studies.sharing.nucleolus import least_core, least_core_excess, nucleolus
from critmass.studies.sharing.rules import RULES, allocate, scrb
from critmass.studies.sharing.shapley import shapley

WATER = Path(__file__).parents[1] / "data" / "games" / "water.csv"
NAMES = tuple("ABCDEF")
KINDS: tuple[Kind, ...] = ("cost", "value")


def by_largest(*costs: float) -> Game:
    """An airport game: a coalition needs the runway of its largest member."""
    cost = dict(zip(NAMES, costs, strict=False))
    return Game.of(tuple(cost), lambda names: max(cost[name] for name in names), "cost")


def bankrupt(estate: float, *claims: float) -> Game:
    """A bankruptcy game: a coalition gets what is left when all others are paid in full."""
    claim = dict(zip(NAMES, claims, strict=False))
    left = {name: sum(claim.values()) for name in claim}
    return Game.of(
        tuple(claim), lambda names: max(0.0, estate - left[names[0]] + sum(claim[name] for name in names)), "value"
    )


def random_game(seed: int, most: int) -> Game:
    """A game of 2 to `most` players: plain noise, few different amounts, superadditive, symmetric, or additive."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, most + 1))
    count = 1 << size
    bits = np.array([mask.bit_count() for mask in range(count)])
    values = [
        rng.normal(size=count) * 100,
        rng.integers(0, 4, size=count).astype(float),
        bits**1.5 + rng.random(count),
        rng.random(size + 1)[bits] * 10,
        np.array([sum(2.5 * (player + 1) for player in range(size) if mask >> player & 1) for mask in range(count)]),
    ][seed % 5]
    return Game(NAMES[:size], np.concatenate([[0.0], values[1:]]), KINDS[seed // 5 % 2])


def by_orders(game: Game) -> FloatArray:
    """The Shapley value as its definition reads: every order of joining, one after the other."""
    total = np.zeros(game.size)
    orders = list(permutations(range(game.size)))
    for order in orders:
        mask = 0
        for player in order:
            total[player] += game.values[mask | 1 << player] - game.values[mask]
            mask |= 1 << player
    return total / len(orders)


class ByTightness:
    """The nucleolus without duals and without ranks: each coalition's tightness is tried by a program of its own."""

    def __init__(self, game: Game) -> None:
        self.worth, self.sides = game.sign * game.values[1:-1], game.membership[1:-1]
        self.total, self.size = game.sign * game.total_usd, game.size
        alone = game.sign * game.alone_usd
        rational = alone.sum() <= self.total + game.tolerance_usd
        self.least = [float(item) for item in alone] if rational else [None] * self.size
        self.room = 1e-7 * max(1.0, float(np.abs(game.values).max()))
        self.sign = game.sign

    def best(self, goal: FloatArray, caps: FloatArray, level: float | None) -> tuple[float, FloatArray]:
        """Minimises goal @ (x, e); free coalitions' excesses are at most e, or `level`; others at most their cap."""
        free = np.isnan(caps)
        column = np.where(free & (level is None), 1.0, 0.0)
        known = np.where(free, 0.0 if level is None else level, np.nan_to_num(caps))
        solved = linprog(
            goal,
            A_ub=-np.column_stack([self.sides, column]),
            b_ub=known - self.worth,
            A_eq=np.append(np.ones(self.size), 0.0)[None, :],
            b_eq=[self.total],
            bounds=[(item, None) for item in self.least] + [(None, None)],
        )
        assert solved.status == 0, solved.message
        return float(solved.fun), np.asarray(solved.x[:-1])

    def point(self) -> FloatArray:
        """The nucleolus in the game's own sign."""
        caps = np.full(len(self.worth), np.nan)
        at = np.full(self.size, self.total / self.size)
        while np.isnan(caps).any():
            level, at = self.best(np.append(np.zeros(self.size), 1.0), caps, None)
            level += self.room / 100
            reached = self.worth - self.sides @ at >= level - self.room
            for row in np.flatnonzero(np.isnan(caps) & reached):
                most, _ = self.best(np.append(-self.sides[row], 0.0), caps, level)
                if self.worth[row] + most >= level - self.room:
                    caps[row] = level
            if self.is_point(caps, level):
                break
        return self.sign * at

    def is_point(self, caps: FloatArray, level: float) -> bool:
        """Whether only one allocation is left."""
        axes = np.eye(self.size, self.size + 1)
        widths = [-self.best(-axis, caps, level)[0] - self.best(axis, caps, level)[0] for axis in axes]
        return max(widths) <= 10 * self.room


def check_nucleolus(seed: int, most: int) -> None:
    """The nucleolus of a random game is that of the second method."""
    game = random_game(seed, most)
    assert nucleolus(game) == pytest.approx(ByTightness(game).point(), abs=3e-5 * max(1, np.abs(game.values).max()))


# Published games --------------------------------------------------------------------------------------


def test_airport_games() -> None:
    """Littlechild and Owen's rule for the Shapley value of (8, 11, 13, 18), and nucleoli found by hand."""
    small, large = by_largest(8, 11, 13, 18), by_largest(1500, 2200, 3000)
    assert shapley(small) == pytest.approx([2, 3, 4, 9])
    assert nucleolus(small) == pytest.approx([3.25, 3.25, 3.25, 8.25])
    assert shapley(large) == pytest.approx([500, 850, 1650])
    assert nucleolus(large) == pytest.approx([2200 / 3, 2200 / 3, 4600 / 3])


def test_a_longer_runway_is_paid_by_who_needs_it() -> None:
    """The largest user's cost rises by 500: the Shapley value charges it alone, a proportional rule everyone."""
    before, after = by_largest(1500, 2200, 3000), by_largest(1500, 2200, 3500)
    assert shapley(after) - shapley(before) == pytest.approx([0, 0, 500])
    assert (allocate(after, "benefit") != allocate(before, "benefit")).all()


@pytest.mark.parametrize(
    ("estate", "awards"), [(100, (100 / 3,) * 3), (200, (50, 75, 75)), (300, (50, 100, 150))]
)  # fmt: skip
def test_bankruptcy(estate: float, awards: tuple[float, ...]) -> None:
    """Claims of 100, 200 and 300: the nucleolus divides as the contested garment does."""
    assert nucleolus(bankrupt(estate, 100, 200, 300)) == pytest.approx(awards)


def test_water_game() -> None:
    """Published Shapley and SCRB rows to the cent (SCRB to two), and the nucleolus computed again, of six towns."""
    game, _ = critmass.read_game(WATER)
    assert game.players == tuple("AHKLMT")
    assert game.marginal_usd == pytest.approx([17.36, 9.85, 0.82, 6.40, 12.90, 14.06], abs=0.011)
    assert shapley(game) == pytest.approx([20.01, 10.71, 6.61, 10.37, 16.94, 19.18], abs=0.011)
    assert scrb(game) == pytest.approx([19.54, 13.28, 5.62, 10.90, 16.66, 17.82], abs=0.011)
    assert nucleolus(game) == pytest.approx([20.35, 12.057, 4.997, 8.607, 18.32, 19.49], abs=0.0005)


def test_water_game_by_population() -> None:
    """Charges in proportion to population make M pay 34.22, and 20.81 alone; one pair of coalitions clashes."""
    game, _ = critmass.read_game(WATER)
    population = np.array([10.13, 21.00, 3.19, 8.22, 34.22, 7.07])
    charges = allocate(game, "members", Weights(members=population))
    found = assess(game, charges)
    assert charges[4] == pytest.approx(34.22, abs=0.01)
    assert (found.in_core, found.worse_off, found.individually_rational) == (False, ("H", "M"), False)
    form = shape(game)
    assert form.clash == (("A", "H", "L"), ("M", "T"))
    assert (form.convex, form.core_empty) == (False, False)


# Against other methods --------------------------------------------------------------------------------


def test_shapley_is_the_mean_over_all_orders() -> None:
    """The sum over coalitions equals the mean over orders, for a hundred games of up to six players."""
    for seed in range(100):
        game = random_game(seed, 6)
        assert shapley(game) == pytest.approx(by_orders(game), abs=1e-9)


def test_nucleolus_is_that_of_a_second_method() -> None:
    """Thirty games of up to four players, of all sorts."""
    for seed in range(30):
        check_nucleolus(seed, 4)


@pytest.mark.long
@pytest.mark.parametrize(("first", "games", "most"), [(1000, 90, 5), (2000, 40, 6), (2040, 40, 6)])
def test_nucleolus_of_more_players_is_that_of_a_second_method(first: int, games: int, most: int) -> None:
    """With those of the short run, two hundred games of up to six players, of all sorts."""
    for seed in range(first, first + games):
        check_nucleolus(seed, most)


def fulfils_kohlberg(game: Game, shares: FloatArray) -> bool:
    """Whether at each level of excess the coalitions that reach it are balanced, with those who get no more than alone.

    By Kohlberg's theorem (1971) that holds for the nucleolus only.
    """
    found, sides = excesses(game, shares)[1:-1], game.membership[1:-1]
    room = 1e-6 * max(1.0, float(np.abs(game.values).max()))
    alone = game.sign * (shares - game.alone_usd)
    rational = game.sign * (game.total_usd - game.alone_usd.sum()) >= -room
    bound = np.eye(game.size)[:, (np.abs(alone) < room) & rational]
    for level in np.sort(found)[::-1]:
        reached = sides[found >= level - room]
        columns = np.column_stack([reached.T, bound, reached.sum(axis=0)])
        goal = np.append(np.zeros(columns.shape[1] - 1), -1.0)
        limits = [(0, None)] * len(goal[1:]) + [(0, 1)]
        solved = linprog(goal, A_eq=columns, b_eq=np.ones(game.size), bounds=limits)
        if solved.status != 0 or solved.fun > -1e-7:
            return False
        if np.linalg.matrix_rank(reached) == game.size:
            return True
    return True


@pytest.mark.parametrize("size", [7, 8, 9])
def test_nucleolus_of_more_players_fulfils_kohlbergs_criterion(size: int) -> None:
    """Games of millions in cents, of few different amounts, and nearly additive ones; a moved nucleolus does not."""
    bits = np.array([mask.bit_count() for mask in range(1 << size)])
    for seed in range(6):
        rng = np.random.default_rng([seed, size])
        noise = rng.random(1 << size)
        values = [np.round(noise * 1e7, 2), np.floor(noise * 3), np.floor(bits / 2) + np.floor(noise * 2)][seed % 3]
        game = Game(tuple("ABCDEFGHI"[:size]), np.append(0.0, values[1:]), KINDS[seed % 2])
        found = nucleolus(game)
        moved = found + 0.01 * np.abs(values).max() * np.append([1, -1], np.zeros(size - 2))
        assert fulfils_kohlberg(game, found)
        assert not fulfils_kohlberg(game, moved)


def test_least_core() -> None:
    """No excess is above the least core's, and no other point of it is nearer to the Shapley value."""
    for seed in range(40):
        game = random_game(seed, 5)
        found, least, middle = least_core(game), least_core_excess(game), shapley(game)
        size = max(1.0, float(np.abs(game.values).max()))
        assert excesses(game, found)[1:-1].max() == pytest.approx(least, abs=1e-7 * size)
        solved = minimize(
            lambda x, middle=middle: ((x - middle) ** 2).sum(),
            found,
            method="SLSQP",
            constraints=[
                {"type": "eq", "fun": lambda x, game=game: x.sum() - game.total_usd},
                {"type": "ineq", "fun": lambda x, game=game, least=least: least - excesses(game, x)[1:-1]},
            ],
        )
        assert ((found - middle) ** 2).sum() <= solved.fun + 1e-5 * size**2


def test_shares_add_up() -> None:
    """Every rule shares all of it, whatever the game."""
    for seed in range(40):
        game = random_game(seed, 6)
        weights = Weights(np.arange(1.0, game.size + 1), np.ones(game.size))
        for rule in RULES:
            assert allocate(game, rule, weights).sum() == pytest.approx(game.total_usd, rel=1e-12, abs=1e-9)


def test_costs_are_values_with_the_other_sign() -> None:
    """What coalitions save, shared as a value, mirrors the shares of the cost, rule by rule; excesses are alike."""
    for seed in range(40):
        game = random_game(seed, 5)
        mirror = Game(game.players, 0.0 - game.values, "value" if game.kind == "cost" else "cost")
        for rule in ("equal", "shapley", "nucleolus", "least_core", "scrb"):
            shares = allocate(game, rule)
            assert allocate(mirror, rule) == pytest.approx(-shares, abs=1e-6 * max(1, np.abs(shares).max()))
            assert excesses(mirror, -shares) == pytest.approx(excesses(game, shares))


def test_nucleolus_lies_in_the_core() -> None:
    """Wherever the least core says that the core is not empty, the nucleolus and the least core lie in it."""
    full = 0
    for seed in range(100):
        game = random_game(seed, 6)
        inside = not shape(game).core_empty
        full += inside
        assert assess(game, nucleolus(game)).in_core == inside
        assert assess(game, least_core(game)).in_core == inside
    assert 10 < full < 90


def test_twelve_players() -> None:
    """Twelve players: the nucleolus reaches the least core's excess where the core is not empty."""
    rng = np.random.default_rng(3)
    sizes = np.array([mask.bit_count() for mask in range(1 << 12)])
    values = np.concatenate([[0.0], (sizes**2 * 1e6 + rng.random(1 << 12) * 1e5)[1:]])
    game = Game(tuple(map(str, range(12))), values, "value")
    worst = excesses(game, nucleolus(game))[1:-1].max()
    assert worst == pytest.approx(least_core_excess(game), rel=1e-9)


# What is refused, and small cases ---------------------------------------------------------------------


def test_excesses_worst_first() -> None:
    """A+B costs 10 and is charged 14: its excess of 4 comes first; of values the sign is the other one."""
    values = np.array([0, 8, 8, 10, 8, 12, 12, 20.0])
    cost, value = Game(NAMES[:3], values, "cost"), Game(NAMES[:3], values, "value")
    worst = worst_excesses(cost, np.array([7.0, 7.0, 6.0]), 2)
    assert (worst[0].coalition, worst[0].alone_usd, worst[0].allocated_usd) == (("A", "B"), 10, 14)
    assert [item.excess_usd for item in worst] == [4, 1]
    assert worst_excesses(value, np.array([7.0, 7.0, 6.0]), 1)[0].coalition == ("C",)


def test_convex_games() -> None:
    """Airport costs are concave, bankruptcy values convex; three players of whom two suffice have an empty core."""
    assert shape(by_largest(8, 11, 13, 18)).convex
    assert shape(bankrupt(200, 100, 200, 300)).convex
    majority = shape(Game(NAMES[:3], np.array([0, 0, 0, 1, 0, 1, 1, 1.0]), "value"))
    assert (majority.convex, majority.core_empty, majority.superadditive) == (False, True, True)
    assert majority.least_core_excess_usd == pytest.approx(1 / 3)


def test_a_player_alone() -> None:
    """One player gets everything, and nobody can object."""
    game = Game(("A",), np.array([0.0, 7.0]), "cost")
    for rule in RULES:
        assert allocate(game, rule, Weights(members=np.ones(1))) == pytest.approx([7])
    assert assess(game, np.array([7.0])).in_core
    assert shape(game).least_core_excess_usd is None


def test_weights_that_cannot_be_used() -> None:
    """No members, and weights that are all 0 or negative, are refused in words."""
    game = by_largest(1, 2)
    for rule, weights in (
        ("members", Weights()),
        ("members", Weights(members=np.zeros(2))),
        ("benefit", Weights(benefit_usd=np.array([-1.0, 3.0]))),
    ):
        with pytest.raises(InputError, match="choose another rule"):
            allocate(game, rule, weights)


def test_games_that_cannot_be() -> None:
    """A wrong length, an amount for nobody, names alike and too many players are refused."""
    for players, values in (
        (("A", "B"), np.zeros(3)),
        (("A",), np.array([1.0, 2.0])),
        (("A",), np.array([0.0, np.nan])),
        (("A", "A"), np.zeros(4)),
        ((), np.zeros(1)),
        (tuple(map(str, range(13))), np.zeros(1 << 13)),
    ):
        with pytest.raises(ValueError, match=r"players|coalition"):
            Game(players, values, "cost")
