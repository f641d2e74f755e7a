"""Pricing: the best plan of each block at given link prices, with a bound that stays valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np

from critmass.formulation.block import Block, FloatArray
from critmass.formulation.bonus import COUNTED, OWN_VALUE
from critmass.formulation.network_model import NetworkModel
from critmass.solve.columns import Stage
from critmass.solve.executor import run_all
from critmass.solve.highs import Basis, Problem, SolveLimits, solve, solve_linear

Range = tuple[float, float]
"""Least and largest value that a decision of the organization may take."""


KEPT_POINTS = 5
"""Plans kept from each pricing solve beside its best."""

PRICING_SHARE_OF_OPEN_GAP = 0.003
"""Share of the gap still open that inexact pricing may use up."""

PRICING_SHARE = 0.03
"""Share of the asked gap that inexact pricing may use up."""

LONGEST_SECONDS = 20.0
"""Time at most for pricing one practice."""


@dataclass(frozen=True)
class Prices:
    """Prices of links and floors: what one unit of slack in the link is worth in the stage's objective."""

    links: FloatArray
    floors: Mapping[str, float]

    def blend(self, other: Prices, weight: float) -> Prices:
        """weight x self + (1 - weight) x other."""
        floors = {name: weight * price + (1 - weight) * other.floors[name] for name, price in self.floors.items()}
        return Prices(weight * self.links + (1 - weight) * other.links, floors)


Bases = tuple[Basis | None, Basis | None]
"""Where linear relaxations of a practice ended, not at mass and at mass."""

NO_BASES: Bases = (None, None)


@dataclass(frozen=True)
class Priced:
    """What pricing one block found: points, best first, and a valid bound on its priced value. `never_at_mass`: it was
    asked to be at mass, and no plan of it is. `bases` are where its relaxations ended, of those that were solved."""

    block: int
    points: tuple[FloatArray, ...]
    bound: float
    never_at_mass: bool = False
    bases: Bases = NO_BASES


def priced_problem(model: NetworkModel, place: int, stage: Stage, prices: Prices) -> Problem:
    """One block with its links and floors moved into the objective."""
    block, part = model.blocks[place], model.link_matrices[place]
    weights = dict(stage.weights)
    for name, price in prices.floors.items():
        weights[name] = weights.get(name, 0.0) + price
    offset, objective = (
        float(prices.links @ part.constant),
        np.asarray(part.matrix.T @ prices.links, dtype=np.float64),
    )
    for name, weight in weights.items():
        constant, coefficients = block.expressions[name]
        offset, objective = offset + weight * constant, objective + weight * coefficients
    return block_problem(block, objective, offset)


def block_problem(block: Block, objective: FloatArray, offset: float) -> Problem:
    """A block with an objective."""
    return Problem(
        objective,
        offset,
        block.lower,
        block.upper,
        block.integer,
        block.matrix,
        block.row_lower,
        block.row_upper,
    )


def fixed(problem: Problem, place: int, value: float) -> Problem:
    """The problem with one variable fixed."""
    lower, upper = problem.lower.copy(), problem.upper.copy()
    lower[place] = upper[place] = value
    return Problem(
        problem.objective, problem.offset, lower, upper, problem.integer, problem.matrix, problem.row_lower,
        problem.row_upper,
    )  # fmt: skip


@dataclass(frozen=True)
class PricingTask:
    """All that pricing one practice needs: it may be solved in another process or on another machine.

    `at_mass` is the position of the 0/1 variable for critical mass; `rewarded` says that being at mass is worth
    something. `relaxed` asks for the bound of the linear relaxation alone. `starts` are known plans, at mass and not:
    a solve that begins with a good one takes half the time. `bases` are where linear relaxations begin.
    """

    block: int
    problem: Problem
    at_mass: int
    rewarded: bool
    limits: SolveLimits
    relaxed: bool = False
    starts: tuple[FloatArray | None, FloatArray | None] = (None, None)
    bases: Bases = NO_BASES


def price_practice(task: PricingTask) -> Priced:
    """Solve one practice at mass and not: tighter than once, and two plans for one.

    Without a reward for mass, every plan at mass is also a plan when nobody asks for mass, so the second
    solve alone gives the bound. With one, the second is skipped when its relaxation cannot win.
    """
    if task.relaxed:
        return _relaxed_bound(task)
    answers, (at_mass, without), basis = [], task.starts, None
    if task.rewarded:
        answers.append(solve(fixed(task.problem, task.at_mass, 1.0), task.limits, at_mass))
    free = fixed(task.problem, task.at_mass, 0.0)
    loses = False
    if answers and answers[0].x is not None:
        loses, basis = _loses(free, answers[0].objective, task)
    if not loses:
        answers.append(solve(free, task.limits, without))
    found = sorted((item for item in answers if item.x is not None), key=lambda item: -item.objective)
    points = [item.x for item in found if item.x is not None]
    points += [x for item in found for x in item.other_points]
    never = task.rewarded and answers[0].termination == "infeasible"
    return Priced(task.block, tuple(points), max(item.bound for item in answers), never, (basis, None))


def _loses(problem: Problem, rival: float, task: PricingTask) -> tuple[bool, Basis | None]:
    """Whether the linear relaxation is no better than a plan already found, and where it ended."""
    relaxed, basis = solve_linear(problem, task.limits, task.bases[0])
    return relaxed.termination == "solved" and relaxed.objective <= rival, basis


def _relaxed_bound(task: PricingTask) -> Priced:
    """Both linear relaxations, or the one that is asked for."""
    free, basis = solve_linear(fixed(task.problem, task.at_mass, 0.0), task.limits, task.bases[0])
    if not task.rewarded:
        return Priced(task.block, (), free.bound, bases=(basis, None))
    at_mass, rewarded_basis = solve_linear(fixed(task.problem, task.at_mass, 1.0), task.limits, task.bases[1])
    return Priced(task.block, (), max(free.bound, at_mass.bound), bases=(basis, rewarded_basis))


class PricingFromBases:
    """Prices practices, each one's linear relaxations beginning where its last ones ended."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._ended: dict[int, Bases] = {}

    def run(self, tasks: Sequence[PricingTask]) -> list[Priced]:
        """Results in the order of the tasks."""
        begun = [replace(task, bases=self._ended.get(task.block, NO_BASES)) for task in tasks]
        found = run_all(self.executor, price_practice, begun)
        for task, item in zip(begun, found, strict=True):
            self._ended[task.block] = (item.bases[0] or task.bases[0], item.bases[1] or task.bases[1])
        return found


def mass_reward(stage: Stage, prices: Prices) -> float:
    """What being at mass is worth, per member or practice: positive when anything rewards it."""
    names = ("members_at_mass", "at_mass", COUNTED, OWN_VALUE)
    return sum(stage.weights.get(name, 0.0) + prices.floors.get(name, 0.0) for name in names)


def under(model: NetworkModel, place: int, problem: Problem, decisions: Mapping[str, Range]) -> Problem:
    """The problem with the organization's decisions held in their ranges, where the block looks at them.

    What the block itself rules out stays out: a range that it does not meet makes the problem infeasible.
    """
    position = model.blocks[place].position
    lower, upper = problem.lower.copy(), problem.upper.copy()
    for name, (low, high) in decisions.items():
        if name in position:
            at = position[name]
            lower[at], upper[at] = max(low, lower[at]), min(high, upper[at])
    return replace(problem, lower=lower, upper=upper)


def price_practices(
    model: NetworkModel, stage: Stage, prices: Prices, conditions: Mapping[str, Range],
    caps: Sequence[Mapping[str, Range]], limits: SolveLimits, run: Callable[[Sequence[PricingTask]], Sequence[Priced]],
    known: Sequence[Priced] | None = None, relaxed: bool = False,
) -> list[Priced]:  # fmt: skip
    """Price every practice under fixed conditions of the organization, with caps on each one's claims.

    With the organization's own best value added and `owed` taken off, the bounds sum to the Lagrangian
    bound of the stage. `known` are results at the same prices and conditions under caps that are no lower: where
    their best plan keeps the new caps it is still the best, and nothing is solved. `relaxed` bounds come from linear
    relaxations, without points. `run` prices the tasks, or takes results from elsewhere.
    """
    found: list[Priced | None] = list(known) if known is not None else [None] * len(model.practices)
    open_places = [at for at, item in enumerate(found) if item is None or not within_caps(model, item, caps[at])]
    rewarded = mass_reward(stage, prices) > 0
    tasks = [
        PricingTask(
            place,
            under(model, place, priced_problem(model, place, stage, prices), {**conditions, **caps[place]}),
            model.blocks[place].position["at_mass"],
            rewarded,
            limits,
            relaxed,
        )
        for place in open_places
    ]
    for place, item in zip(open_places, run(tasks), strict=True):
        found[place] = item
    return [item for item in found if item is not None]


def within_caps(model: NetworkModel, priced: Priced, caps: Mapping[str, Range]) -> bool:
    """Whether the best plan of a pricing claims no more than the caps allow."""
    if not priced.points:
        return False
    position = model.blocks[priced.block].position
    return all(priced.points[0][position[name]] <= high + 1e-6 for name, (_, high) in caps.items())


def owed(stage: Stage, prices: Prices) -> float:
    """Price times floor: the constant part of the Lagrangian bound."""
    return sum(prices.floors[name] * floor for name, floor in stage.floors.items())


def most_pooled_payments(model: NetworkModel, decisions: Mapping[str, Range]) -> dict[str, float]:
    """The most that each pooled payment can be under decisions of the organization, by linear relaxation."""
    block = model.organization
    most = {}
    for name in model.pooled_payments:
        constant, coefficients = block.expressions[name]
        problem = under(model, len(model.blocks) - 1, block_problem(block, coefficients, constant), decisions)
        answer = solve(replace(problem, integer=np.zeros_like(problem.integer)), SolveLimits(time_seconds=20))
        most[name] = answer.objective if answer.termination == "solved" else np.inf
    return most


def counted_on_payments(
    model: NetworkModel, decisions: Mapping[str, Range], priced: Sequence[Priced]
) -> dict[str, float]:
    """By pooled payment: how large it must be for every best plan to have its claims, others at their most, USD."""
    most, counted_on = most_pooled_payments(model, decisions), dict[str, float]()
    for item in (one for one in priced if one.points):
        position = model.blocks[item.block].position
        for payer, parts in model.claim_shares[item.block].items():
            claim = float(item.points[0][position[f"claim[{payer}]"]])
            spare = sum(share * max(most[name], 0.0) for name, share in parts.items()) - claim
            for name, share in parts.items():
                if share > 0 and np.isfinite(spare):
                    counted_on[name] = max(counted_on.get(name, 0.0), most[name] - spare / share)
    return counted_on


_CENT = 0.01


def claim_ranges(model: NetworkModel, place: int, most: Mapping[str, float]) -> dict[str, Range]:
    """What a practice may claim by payer when pooled payments are at most so large, up to the next whole dollar: what
    solvers round differs between nodes that allow the same."""
    block = model.blocks[place]
    ranges = {}
    for payer, parts in model.claim_shares[place].items():
        name = f"claim[{payer}]"
        cap = float(np.ceil(max(sum(share * most[payment] for payment, share in parts.items()), 0.0) + _CENT))
        low, high = (float(ends[block.position[name]]) for ends in (block.lower, block.upper))
        ranges[name] = (min(low, cap), min(high, cap))
    return ranges


def master_prices(model: NetworkModel, stage: Stage, duals: FloatArray) -> Prices:
    """Prices from the linear master's row duals (a maximisation: a binding '>=' row has a dual <= 0); none for claims,
    which caps hold."""
    count = len(model.links)
    links = -duals[:count]
    links = np.where(model.equal, links, np.maximum(links, 0.0))
    links = np.where(model.held_by_caps, 0.0, links)
    floors = {name: max(-float(duals[count + row]), 0.0) for row, name in enumerate(stage.floors)}
    return Prices(links, floors)


def no_prices(model: NetworkModel, stage: Stage) -> Prices:
    """Every link free."""
    return Prices(np.zeros(len(model.links)), dict.fromkeys(stage.floors, 0.0))


def pricing_limits(value: float, bound: float, gap: float, practices: int, seconds: float, seed: int) -> SolveLimits:
    """Pricing as exact as the gap between a plan's value and a node's bound asks for (in the objective's unit): its
    tolerance adds up over practices. `seconds` are what is left of the search's time."""
    worth = max((abs(amount) for amount in (value, bound) if np.isfinite(amount)), default=0.0)
    allowed = PRICING_SHARE * gap * worth
    if np.isfinite(bound - value):
        allowed = max(allowed, PRICING_SHARE_OF_OPEN_GAP * (bound - value))
    return SolveLimits(
        time_seconds=max(min(LONGEST_SECONDS, seconds), 0.2), gap_absolute=max(allowed / max(practices, 1), 1e-4),
        seed=seed, heuristics=False, keep_points=KEPT_POINTS,
    )  # fmt: skip
