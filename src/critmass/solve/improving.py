"""The search for a better plan among the columns at hand, which goes on beside the passes."""

from __future__ import annotations

from concurrent.futures import Executor, Future

from critmass.formulation.network_model import NetworkModel
from critmass.settlement.projection import Decisions
from critmass.solve.columns import Column, Stage
from critmass.solve.highs import Answer, SolveLimits
from critmass.solve.masters import Masters, PlanTask, solve_plan_problem
from critmass.solve.nodes import Node

PASSES_BESIDE = 2
"""Passes that a choice may take beside them."""

SECONDS, NODES = 4.0, 300
"""Time and nodes of an ordinary choice."""

LAST_SECONDS, LAST_NODES = 10.0, 20_000
"""The same for the last one at a node."""


class Improving:
    """Chooses one column per practice beside the real organization block, one choice at a time.

    What comes out is taken after a number of passes and not when it happens to be ready, so that plans do not
    depend on the number of cores.
    """

    def __init__(self, model: NetworkModel, masters: Masters, executor: Executor, *, gap: float, seed: int) -> None:
        self.model, self.masters, self.executor, self.gap, self.seed = model, masters, executor, gap, seed
        self.picked: dict[int, Column] = {}
        """The columns of the choice that was taken last, by practice."""
        self._begun: tuple[Future[Answer], list[Column], int] | None = None
        self._since = 0

    def is_due(self, passes: int) -> bool:
        """Whether the choice that goes on may be taken, `passes` passes into the stage."""
        return self._begun is None or passes >= self._since + PASSES_BESIDE

    def begin(
        self, stage: Stage, node: Node, passes: int, seconds: float, *, last: bool, only_narrowed: bool
    ) -> None:  # fmt: skip
        """Begin a choice under a node's decisions, with so many seconds left."""
        problem, chosen, offset = self.masters.plan_problem(stage, node)
        limits = SolveLimits(
            time_seconds=max(min(LAST_SECONDS if last else SECONDS, seconds), 0.5),
            gap_absolute=1e-3, gap_relative=self.gap / (20 if last else 8), threads=1, seed=self.seed,
            nodes=LAST_NODES if last else NODES,
        )  # fmt: skip
        task = PlanTask(problem, tuple(item.block for item in chosen), limits, only_narrowed)
        self._begun, self._since = (self.executor.submit(solve_plan_problem, task), chosen, offset), passes

    def take(self) -> Decisions | None:
        """What came out of the choice that was begun."""
        if self._begun is None:
            return None
        (future, chosen, offset), self._begun = self._begun, None
        x = future.result().x
        if x is None:
            return None
        picked = {item.block: item for item, value in zip(chosen, x, strict=False) if value > 0.5}
        if len(picked) < len(self.model.practices):
            return None
        self.picked = picked
        return self.model.decisions([*(picked[place].x for place in range(len(picked))), x[offset:]])
