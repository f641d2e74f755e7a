"""Master problems over the columns found so far: for prices, and for plans."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import highspy
import numpy as np
from scipy import sparse

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.solve.columns import Column, Pool, SlackCosts, Stage, penalty_costs, restricted_master
from critmass.solve.highs import Answer, Problem, SolveLimits, both_sided, load, solve
from critmass.solve.nodes import Node, as_vector
from critmass.solve.pricing import Prices, Range, claim_ranges, master_prices, most_pooled_payments
from critmass.solve.relaxation import branches, is_hub, split_decisions

WHOLE = 0.999
"""From this weight on a column counts as chosen whole."""

WHOLE_GAP = 0.002
"""Relative gap of a master whose organization decides whole."""

LITTLE = 0.01
"""Part of its worth that a master's solution may lose where decisions are taken whole by rounding."""

FAR = 0.2
"""A solution that is this part of its limit below it says nothing of what is best."""

SPLITS_TRIED = 8
"""Split decisions of the hub that are tried, by what rounding them costs, before one is chosen."""

SLACK = 1e-4
"""From this on a link falls short."""

ROUNDING = 1e-6
"""What a link or a floor may be missed by, in its own unit."""

ROOM = 3e-5
"""Part of what columns bring to a pooled rate that does not count in choices of plans: where rounding leaves a rate
below its threshold, settlement pays nothing."""

POOLED_RATES = "pooled_gap_link"
"""Links through which practices bring up a pooled rate."""

FREE = 60
"""Practices at least that choose anew beside those that the linear master splits."""

LINEAR_SECONDS = 120.0
"""Time at most for the linear master that narrows a choice."""

LEAST_SECONDS = 0.2
"""Time at least for a solve that is begun."""

NONE: Range = (0.0, 0.0)


def closed_services(decisions: Mapping[str, Range]) -> list[str]:
    """Practices' variables for the hub's services that some decisions rule out."""
    return [
        name.replace("hub_open[", "hub[")
        for name, part in decisions.items()
        if name.startswith("hub_open[") and part[1] < 0.5
    ]


class Masters:
    """The master problems of one search: practices by columns, the organization's block as itself."""

    def __init__(self, model: NetworkModel, pool: Pool, seed: int) -> None:
        self.model, self.pool, self.seed = model, pool, seed
        self._rates = np.array([name.startswith(POOLED_RATES) for name in model.links], dtype=np.bool_)

    def claim_caps(self, node: Node) -> list[dict[str, Range]]:
        """The most each practice may have under the node's decisions: of claims on pooled payments by payer, and of
        the hub's services that are not offered (none)."""
        if node.caps is None:
            most = most_pooled_payments(self.model, node.fixed)
            node.caps = self.caps_at({name: max(value, 0.0) for name, value in most.items()}, node)
        return node.caps

    def caps_at(self, most: Mapping[str, float], node: Node) -> list[dict[str, Range]]:
        """The same where pooled payments are at most so large, USD."""
        closed = closed_services(node.fixed)
        return [
            claim_ranges(self.model, place, most) | {name: NONE for name in closed if name in block.position}
            for place, block in enumerate(self.model.practices)
        ]

    def respects(self, item: Column, decisions: Mapping[str, Range]) -> bool:
        """Whether a column keeps the organization's decisions that its block looks at."""
        position = self.model.blocks[item.block].position
        return all(
            low - 0.5 < item.x[position[name]] < high + 0.5
            for name, (low, high) in decisions.items()
            if name in position
        )

    def _within_caps(self, item: Column, node: Node) -> bool:
        position = self.model.blocks[item.block].position
        caps = self.claim_caps(node)[item.block].items()
        return all(item.x[position[name]] <= high + 0.5 for name, (_, high) in caps)

    def dual_prices(self, stage: Stage, node: Node, box: FloatArray) -> Prices:
        """Prices from the linear master inside a box around the node's best prices; the node keeps what that
        master is worth and pays out of each pooled payment, USD.

        The organization takes part as itself, relaxed: at a leaf its yes/no decisions are settled. Copies of
        conditions and claims have no prices: the node and its caps hold them.
        """
        assert node.centre is not None
        at = as_vector(node.centre)
        problem, _, _ = self.plan_problem(stage, node, SlackCosts(at + box, np.maximum(at - box, 0.0)))
        answer = solve(self._untied(problem), SolveLimits(time_seconds=60, seed=self.seed))
        if answer.row_duals is None or answer.x is None:
            return node.centre
        node.mixed = answer.objective
        organization = answer.x[-len(self.model.organization.variables) :]
        position = self.model.organization.position
        node.paid = {
            name: float(organization[position[name]]) for name in self.model.pooled_payments if name in position
        }
        return master_prices(self.model, stage, answer.row_duals)

    def prices_to_be_whole(self, stage: Stage, node: Node, seconds: float) -> Prices | None:
        """Prices for what the organization's whole decisions need and columns do not bring; None where whole decisions
        are worth nearly as much as mixed ones.

        A rate that half a gate asks for may have no price, and no practice brings it. So yes/no decisions that are
        taken in part are taken whole here, and what is too little for them is as dear as a penalty.
        """
        problem, chosen, offset = self.plan_problem(stage, node)
        mixed = self._untied(problem)
        found = solve(mixed, SolveLimits(time_seconds=LINEAR_SECONDS, seed=self.seed))
        if found.x is None:
            return None
        taken, nearly = self._taken_whole(mixed, found.x, offset), found.objective - FAR * abs(found.objective)
        if taken.objective >= nearly or self._whole(problem, chosen, seconds).bound >= nearly:
            return None
        return None if taken.row_duals is None else master_prices(self.model, stage, taken.row_duals)

    def _split(self, organization: FloatArray) -> list[str]:
        """Yes/no decisions that a solution takes in part, but the hub's."""
        return [name for name in split_decisions(self.model, organization) if not is_hub(name)]

    def _taken_whole(self, mixed: Problem, x: FloatArray, offset: int) -> Answer:
        """The linear master where the yes/no decisions that a solution takes in part are taken whole, but the hub's."""
        position = self.model.organization.position
        places = offset + np.array([position[name] for name in self._split(x[offset:])], dtype=np.intp)
        lower = mixed.lower.copy()
        lower[places] = np.ceil(x[places])
        return solve(replace(mixed, lower=lower), SolveLimits(time_seconds=LINEAR_SECONDS, seed=self.seed))

    def _whole(self, problem: Problem, chosen: Sequence[Column], seconds: float) -> Answer:
        """The organization's best whole decisions beside practices' plans that are mixed; but what the linear master
        takes in part is taken whole, and the hub's are mixed, where that loses little.

        A solver may not find any whole decisions in a minute beside the plans of 10,000 practices.
        """
        mixed = replace(problem, integer=np.zeros_like(problem.integer))
        offset = len(problem.objective) - len(self.model.organization.variables)
        found = solve(mixed, SolveLimits(time_seconds=LINEAR_SECONDS, seed=self.seed))
        if found.x is not None:
            taken = self._taken_whole(mixed, found.x, offset)
            loses_little = taken.objective >= found.objective - LITTLE * abs(found.objective)
            if taken.x is not None and loses_little and not self._split(taken.x[offset:]):
                return replace(taken, bound=found.bound)
        whole = problem.integer.copy()
        whole[: len(chosen)] = False
        limits = SolveLimits(time_seconds=seconds, gap_relative=WHOLE_GAP, seed=self.seed)
        return solve(replace(problem, integer=whole), limits)

    def _untied(self, problem: Problem) -> Problem:
        """The linear problem without copies of conditions and claims: the node and its caps hold them."""
        low, high = problem.row_lower.copy(), problem.row_upper.copy()
        tied = np.flatnonzero(self.model.equal | self.model.held_by_caps)
        low[tied], high[tied] = -np.inf, np.inf
        return replace(problem, row_lower=low, row_upper=high, integer=np.zeros_like(problem.integer))

    def whole_payments(self, stage: Stage, node: Node, seconds: float) -> dict[str, float]:
        """What the organization can make of each pooled payment under the node's decisions, its own decisions whole and
        the practices' plans mixed; nothing where that is not found in time, or only at a fraction of the limit. USD."""
        problem, chosen, offset = self.plan_problem(stage, node)
        answer = self._whole(problem, chosen, seconds)
        short = answer.x is None or float(answer.x[len(chosen) : offset].max(initial=0.0)) > SLACK
        if answer.x is None or short or answer.bound - answer.objective > FAR * abs(answer.bound):
            return {}
        organization = answer.x[offset:]
        return {name: self.model.organization.value(name, organization) for name in self.model.pooled_payments}

    def penalty(self, stage: Stage) -> SlackCosts:
        """What falling short of a link costs: more than any column can be worth, and of many practices more than all of
        them, for a hundredth of a pooled link may hold up a payment to everyone."""
        worths = [abs(stage.value(item.worth)) for item in self.pool.flat()]
        practices = len(self.model.practices) if self.model.claims_untied else 1
        return penalty_costs(self.model, stage, 10.0 * practices * max(worths, default=1.0) + 1000.0)

    def plan_problem(
        self, stage: Stage, node: Node, slack_costs: SlackCosts | None = None
    ) -> tuple[Problem, list[Column], int]:
        """Columns of the practices beside the organization itself, under the node's decisions."""
        problem, chosen = restricted_master(
            self.model,
            self.pool,
            stage,
            explicit_organization=True,
            slack_costs=slack_costs or self.penalty(stage),
        )
        offset = len(problem.objective) - len(self.model.organization.variables)
        position = self.model.organization.position
        lower, upper = problem.lower.copy(), problem.upper.copy()
        for name, (low, high) in node.fixed.items():
            at = offset + position[name]
            lower[at], upper[at] = max(low, lower[at]), min(high, upper[at])
        for place, item in enumerate(chosen):
            upper[place] = float(self.respects(item, node.fixed) and self._within_caps(item, node))
        matrix = self._with_room(problem, len(chosen))
        return replace(problem, lower=lower, upper=upper, matrix=matrix), chosen, offset

    def _with_room(self, problem: Problem, columns: int) -> sparse.csr_array:
        """The problem's matrix with a little less of what columns bring to pooled rates."""
        matrix = problem.matrix.copy()
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        rates = np.flatnonzero(self._rates)
        counted = np.isin(rows, rates) & (matrix.indices < columns)
        matrix.data[counted] *= 1.0 - ROOM
        return matrix

    def hub_split(self, stage: Stage, node: Node) -> tuple[str, tuple[Range, ...], float]:
        """The hub's whole decision that the linear master splits and whose two ranges both lower its value most, these
        ranges, and by how much at least; none where nothing is split."""
        problem, _, offset = self.plan_problem(stage, node)
        relaxed = replace(problem, integer=np.zeros_like(problem.integer))
        highs = load(relaxed, SolveLimits(time_seconds=60, seed=self.seed))
        value, x = _optimum(highs)
        best: tuple[str, tuple[Range, ...], float] = ("", (), -np.inf)
        if x is None:
            return best
        for name in split_decisions(self.model, x[offset:])[:SPLITS_TRIED]:
            ranges = branches(self.model, name, x[offset:], node.fixed)
            place = offset + self.model.organization.position[name]
            drop = min(value - _under_range(highs, place, part)[0] for part in ranges)
            highs.changeColBounds(place, float(relaxed.lower[place]), float(relaxed.upper[place]))
            if drop > best[2]:
                best = (name, ranges, drop)
        return best


def _under_range(highs: highspy.Highs, place: int, part: Range) -> tuple[float, FloatArray | None]:
    """The optimum of a loaded linear model with one variable held in a range."""
    highs.changeColBounds(place, *part)
    return _optimum(highs)


def _optimum(highs: highspy.Highs) -> tuple[float, FloatArray | None]:
    """Value and point of a loaded linear model, solved from where it was left; minus infinity without one."""
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return -np.inf, None
    return float(highs.getInfo().objective_function_value), np.array(highs.getSolution().col_value)


@dataclass(frozen=True)
class PlanTask:
    """A plan problem that may be solved in another process; `blocks` says whose each of its first columns is, and the
    `slacks` of links and floors come right after these.

    `limits` are those of each choice, `seconds` is the time for all that is solved for them.
    """

    problem: Problem
    blocks: tuple[int, ...]
    slacks: int
    limits: SolveLimits
    only_narrowed: bool
    seconds: float


def solve_plan_problem(task: PlanTask) -> Answer:
    """One column for each practice: a choice that keeps every link; of many practices, where most are held, else one
    that misses links as little as can be.

    A penalty for missing links is so much larger than what plans are worth that solvers need ten times as long with it.
    """
    end = time.monotonic() + task.seconds
    found = solve_firmly(task)
    return found if found.x is not None or not task.only_narrowed else _chosen(task, end)


def solve_firmly(task: PlanTask) -> Answer:
    """One column for each practice, every link and floor kept but for what rounds; no point where none is found."""
    return _chosen(replace(task, problem=firm(task)), time.monotonic() + task.seconds)


def firm(task: PlanTask) -> Problem:
    """The plan problem with every link and floor kept but for what rounds."""
    slacks = slice(len(task.blocks), len(task.blocks) + task.slacks)
    upper, objective = task.problem.upper.copy(), task.problem.objective.copy()
    upper[slacks], objective[slacks] = np.minimum(upper[slacks], ROUNDING), 0.0
    return replace(task.problem, upper=upper, objective=objective)


def _chosen(task: PlanTask, end: float) -> Answer:
    """At first most practices hold the linear master's column, then, unless they are too many, all of them choose."""

    def left(most: float) -> float:
        return max(min(most, end - time.monotonic()), LEAST_SECONDS)

    limits = SolveLimits(time_seconds=left(LINEAR_SECONDS), gap_relative=WHOLE_GAP if task.only_narrowed else 0.0)
    problem = both_sided(task.problem)
    held = narrowed(problem, task.blocks, limits, many=task.only_narrowed)
    first = solve(held, replace(task.limits, time_seconds=left(task.limits.time_seconds)))
    if task.only_narrowed or (first.x is not None and time.monotonic() >= end):
        return first
    found = solve(problem, replace(task.limits, time_seconds=left(task.limits.time_seconds)), first.x)
    return found if found.objective >= first.objective else first


def narrowed(problem: Problem, blocks: Sequence[int], limits: SolveLimits, *, many: bool) -> Problem:
    """The plan problem with every practice held to the column that the master gives it whole.

    Few practices are split by it, however many there are: about as many as there are links. Of `many` practices the
    organization decides whole in that master: payments that only mixed decisions of it earn would hold practices to
    plans that no choice can keep. And `FREE` more practices choose, so that what rounding takes from a link can be
    given back. Where the master has no solution in time, nothing is held.
    """
    whole = problem.integer & many
    whole[: len(blocks)] = False
    answer = solve(replace(problem, integer=whole), limits)
    if answer.x is None:
        return problem
    values = answer.x[: len(blocks)]
    settled = sorted({block for block, value in zip(blocks, values, strict=True) if value > WHOLE})
    free = settled[:: max(len(settled) // FREE, 1)] if many else []
    held = np.isin(blocks, sorted(set(settled) - set(free)))
    upper = problem.upper.copy()
    upper[: len(blocks)] = np.where(held & (values <= WHOLE), 0.0, upper[: len(blocks)])
    return replace(problem, upper=upper)
