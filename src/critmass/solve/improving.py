"""The search for a better plan among the columns at hand, which goes on beside the passes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Generic

import numpy as np

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.solve.aiming import Aims
from critmass.solve.candidates import Found, Judging, better, meets_floors
from critmass.solve.columns import Column, Stage
from critmass.solve.diving import Dive
from critmass.solve.highs import Answer, SolveLimits
from critmass.solve.masters import Masters, PlanTask, solve_plan_problem
from critmass.solve.nodes import Node, StageResult

PASSES_BESIDE = 2
"""Passes that a choice may take beside them."""

SECONDS, NODES = 4.0, 300
"""Time and nodes of an ordinary choice."""

LAST_SECONDS, LAST_NODES = 10.0, 20_000
"""The same for the last one at a node."""

PATIENCE = 5.0
"""Seconds that a choice may take beyond its time."""

ENOUGH_FOR_A_DIVE = 0.7
"""Part of the longest dive's time that the next one needs: what it does not reach is chosen among columns."""

DIVES_APART = 10
"""Passes between two choices of plans practice by practice that may close the gap."""


class Improving(Generic[Found]):
    """Keeps the best plan, and chooses one column per practice beside the real organization block, a choice at a time.

    What comes out is taken after a number of passes and not when it happens to be ready, so that plans do not
    depend on the number of cores. Of `many` practices most are held to what the linear master gives them whole, and
    plans aim at payments that agree with the claims on them.
    """

    def __init__(
        self, model: NetworkModel, masters: Masters, judge: Judging[Found], executor: Executor, *, gap: float,
        seed: int, many: bool,
    ) -> None:  # fmt: skip
        self.model, self.masters, self.judge, self.executor = model, masters, judge, executor
        self.gap, self.seed, self.many = gap, seed, many
        self.aims = Aims(model, masters, seed)
        self.plan: Found | None = None
        self.picked: dict[int, Column] = {}
        """The columns of the best plan by practice, where a choice of columns made it."""
        self.solution: FloatArray | None = None
        """The same plan as a solution of the whole model, near enough to start from, where a choice made it."""
        self._begun: tuple[Future[Answer], list[Column], int, float] | None = None
        self._since = 0
        self.dive_seconds = 0.0
        """Of the longest dive so far."""
        self._dived: dict[bool, int] = {}
        """Passes that the stage had seen at the last such choice before its end, by whether it was made anyhow."""

    def improve(
        self, result: StageResult[Found], node: Node, passes: int, seconds: float, *, last: bool = False,
        now: bool = False, aimed: Node | None = None,
    ) -> None:  # fmt: skip
        """Settle what came out of the last choice, if it is time for it, and begin one under a node's decisions.

        `passes` is how many the stage has seen, `seconds` what is left of its time; `aimed` is where plans aim, of many
        practices by default at the best aim for the node: then most practices are held to what the linear master gives.
        """
        if last or now or self._begun is None or passes >= self._since + PASSES_BESIDE:
            self.take(result)
            narrowed = self.many or aimed is not None
            if aimed is None:
                aimed = self.aims.best(result.stage, node) if self.many and node.paid else node
            self._begun, self._since = self._begin(result.stage, aimed, seconds, last, narrowed), passes

    def _begin(
        self, stage: Stage, node: Node, seconds: float, last: bool, narrowed: bool
    ) -> tuple[Future[Answer], list[Column], int, float]:  # fmt: skip
        problem, chosen, offset = self.masters.plan_problem(stage, node)
        limits = SolveLimits(
            time_seconds=max(min(LAST_SECONDS if last else SECONDS, seconds), 0.5),
            gap_absolute=1e-3, gap_relative=self.gap / (20 if last else 8), threads=1, seed=self.seed,
            nodes=LAST_NODES if last else NODES,
        )  # fmt: skip
        blocks = tuple(item.block for item in chosen)
        task = PlanTask(problem, blocks, offset - len(blocks), limits, narrowed, max(seconds, 0.5))
        end = time.monotonic() + task.seconds + PATIENCE
        return self.executor.submit(solve_plan_problem, task), chosen, offset, end

    @property
    def begun(self) -> Future[Answer] | None:
        """The choice that goes on."""
        return None if self._begun is None else self._begun[0]

    def take(self, result: StageResult[Found]) -> None:
        """What came out of the choice that was begun: kept if it is better than the plan in hand. Nobody waits for a
        solver that does not keep its limits."""
        if self._begun is None:
            return
        (future, chosen, offset, end), self._begun = self._begun, None
        with suppress(TimeoutError):
            self._take(future.result(max(end - time.monotonic(), 0.0)), chosen, offset, result)

    def _take(self, answer: Answer, chosen: list[Column], offset: int, result: StageResult[Found]) -> None:
        x = answer.x
        if x is None:
            return
        picked = {item.block: item for item, value in zip(chosen, x, strict=False) if value > 0.5}
        if len(picked) == len(self.model.practices):
            self._consider([picked[place] for place in range(len(picked))], x[offset:], result)

    def dive_if_near(
        self, result: StageResult[Found], node: Node, passes: int, left: Callable[[], float], *, anyhow: bool
    ) -> None:  # fmt: skip
        """Choose practice by practice where plans mixed at a node come so near to the bound that this may close the
        gap, or `anyhow`; `passes` is how many the stage has seen."""
        near = result.bound - self.gap * abs(result.bound)
        # Another stage counts its passes from 0 again.
        lately = 0 <= passes - self._dived.get(anyhow, -DIVES_APART) < DIVES_APART
        if result.gap > self.gap and (anyhow or node.mixed >= near) and not lately:
            self.dive(result, [node], -np.inf if anyhow else near, left)
            self._dived[anyhow] = passes

    def dive(
        self, result: StageResult[Found], nodes: Sequence[Node], least: float, left: Callable[[], float]
    ) -> None:  # fmt: skip
        """Choose practice by practice under the decisions of some nodes, the most promising ones first, as long as one
        promises more than the `least`; `left` tells the seconds that are left. A dive prices practices on its way, so
        that its plan may be better than what it promises."""
        begun = [Dive(self.masters, self.judge, result.stage, node, gap=self.gap, left=left) for node in nodes]
        for dive in sorted(begun, key=lambda item: -item.promise):
            has_time = left() >= ENOUGH_FOR_A_DIVE * self.dive_seconds
            if dive.promise <= least or result.gap <= self.gap or not has_time:
                break
            began = time.monotonic()
            found = dive.run(self.executor)
            self.dive_seconds = max(self.dive_seconds, time.monotonic() - began)
            if found is not None:
                self._consider(*found, result)

    def _consider(self, picked: Sequence[Column], organization: FloatArray, result: StageResult[Found]) -> None:
        """Keep a choice of columns beside a solution of the organization if it is the best plan."""
        before = self.plan
        self.consider(self.judge.choice(picked, organization), result)
        if self.plan is not before:
            self.picked = {item.block: item for item in picked}
            self.solution = np.concatenate([*(item.x for item in picked), organization])

    def adopt(self, solution: Sequence[FloatArray], result: StageResult[Found]) -> None:
        """A solution of the whole model, one part for each block: its practices' plans become columns, and all of them
        the best plan if it is."""
        *practices, organization = solution
        picked = self.judge.columns(list(enumerate(practices)))
        for item in picked:
            self.masters.pool.add(item)
        self._consider(picked, organization, result)

    def consider(self, plan: Found | None, result: StageResult[Found]) -> None:
        """Keep a plan if it is the best, and give the best one to a stage whose floors it meets."""
        if plan is not None and better(plan, self.plan, result.stage):
            self.plan, self.solution = plan, None
        if self.plan is not None and meets_floors(self.plan, result.stage):
            result.plan = self.plan
