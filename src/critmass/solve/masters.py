"""Master problems over the columns found so far: for prices, and for plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.solve.columns import Column, Pool, SlackCosts, Stage, penalty_costs, restricted_master
from critmass.solve.highs import Problem, SolveLimits, solve
from critmass.solve.nodes import Node, as_vector
from critmass.solve.pricing import Prices, Range, claim_ranges, master_prices, most_pooled_payments

WHOLE = 0.999
"""From this weight on a column counts as chosen whole."""


class Masters:
    """The master problems of one search: practices by columns, the organization's block as itself."""

    def __init__(self, model: NetworkModel, pool: Pool, seed: int) -> None:
        self.model, self.pool, self.seed = model, pool, seed

    def claim_caps(self, node: Node) -> list[dict[str, Range]]:
        """The most each practice may claim of pooled payments under the node's decisions, by claim."""
        if node.caps is None:
            most = most_pooled_payments(self.model, node.fixed)
            node.caps = [claim_ranges(self.model, place, most) for place in range(len(self.model.practices))]
        return node.caps

    def _respects(self, item: Column, decisions: Mapping[str, Range]) -> bool:
        position = self.model.blocks[item.block].position
        return all(
            low - 0.5 < item.x[position[name]] < high + 0.5
            for name, (low, high) in decisions.items()
            if name in position
        )

    def _within_caps(self, item: Column, node: Node) -> bool:
        position = self.model.blocks[item.block].position
        caps = self.claim_caps(node)[item.block].items()
        return all(item.x[position[name]] <= high + 1.0 for name, (_, high) in caps)

    def dual_prices(self, stage: Stage, node: Node, box: FloatArray) -> Prices:
        """Prices from the linear master inside a box around the node's best prices; the node keeps what that
        master pays out of each pooled payment, USD.

        The organization takes part as itself, relaxed: at a leaf its yes/no decisions are settled.
        """
        assert node.centre is not None
        at = as_vector(node.centre)
        problem, _, _ = self.plan_problem(stage, node, SlackCosts(at + box, np.maximum(at - box, 0.0)))
        low, high = problem.row_lower.copy(), problem.row_upper.copy()
        tied = np.flatnonzero(self.model.equal)
        low[tied], high[tied] = -np.inf, np.inf
        relaxed = replace(problem, row_lower=low, row_upper=high, integer=np.zeros_like(problem.integer))
        answer = solve(relaxed, SolveLimits(time_seconds=60, seed=self.seed))
        if answer.row_duals is None or answer.x is None:
            return node.centre
        organization = answer.x[-len(self.model.organization.variables) :]
        position = self.model.organization.position
        node.paid = {
            name: float(organization[position[name]]) for name in self.model.pooled_payments if name in position
        }
        return master_prices(self.model, stage, answer.row_duals)

    def penalty(self, stage: Stage) -> SlackCosts:
        """What falling short of a link costs: more than any column can be worth."""
        worths = [abs(stage.value(item.worth)) for item in self.pool.flat()]
        return penalty_costs(self.model, stage, 10.0 * max(worths, default=1.0) + 1000.0)

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
            upper[place] = float(self._respects(item, node.fixed) and self._within_caps(item, node))
        return replace(problem, lower=lower, upper=upper), chosen, offset

    def narrowed(self, problem: Problem, chosen: Sequence[Column]) -> Problem:
        """The plan problem with every practice held to the column that the linear master gives it whole.

        Few practices are split by it, however many there are: about as many as there are links.
        """
        answer = solve(replace(problem, integer=np.zeros_like(problem.integer)), SolveLimits(time_seconds=120))
        if answer.x is None:
            return problem
        whole = {item.block for item, value in zip(chosen, answer.x, strict=False) if value > WHOLE}
        held = np.array([item.block in whole for item in chosen], dtype=np.bool_)
        upper = problem.upper.copy()
        upper[: len(chosen)] = np.where(held & (answer.x[: len(chosen)] <= WHOLE), 0.0, upper[: len(chosen)])
        return replace(problem, upper=upper)
