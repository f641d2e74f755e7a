"""The linear relaxation of the whole network, kept loaded: where prices and branching decisions come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import highspy
import numpy as np
from numpy.typing import NDArray

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.solve.columns import Stage
from critmass.solve.highs import Problem, SolveLimits, load
from critmass.solve.monolith import assemble
from critmass.solve.pricing import Prices, Range, master_prices

IntArray = NDArray[np.int32]

FRACTIONAL = 1e-5

SHORTFALL = 1.0
"""What falling short of a link by all that practices may bring to it costs, in times all that they may earn."""

LEAST_DROP = 2e-4
"""Part of the relaxation's value that both branches of a split must lower for the split to be worth it."""


ITERATIONS = 300
"""Iterations of the dual simplex that tell how good a split is."""


@dataclass(frozen=True)
class Relaxed:
    """Optimum of the relaxation under fixed decisions: its value, link prices, and the organization's part."""

    value: float
    prices: Prices
    organization: FloatArray


INFEASIBLE = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)


class Relaxation:
    """The relaxation for one stage; decisions of the organization are fixed and freed in place.

    `of_sample`: the model is a sample of another one. What it cannot keep is then not impossible, and gets the prices
    at which falling short of links costs so much that it is not worth it.
    """

    def __init__(self, model: NetworkModel, stage: Stage, *, of_sample: bool = False) -> None:
        self.model, self.stage, self.of_sample = model, stage, of_sample
        problem = assemble(model, stage.weights, stage.floors)
        self._lower, self._upper = problem.lower, problem.upper
        self._highs = load(replace(problem, integer=np.zeros_like(problem.integer)), SolveLimits(time_seconds=600))
        starts = np.concatenate([[0], np.cumsum([len(block.variables) for block in model.blocks])])
        self._places: dict[str, list[int]] = {}
        for start, block in zip(starts, model.blocks, strict=False):
            for name in (*model.organization.variables, *model.conditions.values()):
                if name in block.position and (block is model.organization or name.startswith("condition[")):
                    self._places.setdefault(name, []).append(int(start) + block.position[name])
        self._first, self._columns = int(starts[-2]), int(starts[-1])
        self._fixed: dict[str, Range] = {}
        self._shortfalls = self._add_shortfalls(problem) if of_sample else np.zeros(0, dtype=np.int32)

    def _add_shortfalls(self, problem: Problem) -> IntArray:
        """A variable for falling short of each link, as yet held to none."""
        links, columns = len(self.model.links), len(problem.objective)
        first = problem.matrix.shape[0] - links - len(self.stage.floors)
        reach = np.where(np.isfinite(problem.upper), np.abs(problem.upper), 0.0)
        brought = np.abs(problem.matrix[first : first + links, : self._first]) @ reach[: self._first]
        worth = float(np.abs(problem.objective) @ reach)
        for row in range(links):
            cost = -SHORTFALL * worth / max(float(brought[row]), 1.0)
            self._highs.addCol(cost, 0.0, 0.0, 1, np.array([first + row], dtype=np.int32), np.array([1.0]))
        return np.arange(columns, columns + links, dtype=np.int32)

    def solve(self, decisions: Mapping[str, Range]) -> Relaxed | None:
        """The optimum under the decisions, or None when no plan can keep them."""
        self._apply(decisions)
        self._highs.run()
        status = self._highs.getModelStatus()
        if status in INFEASIBLE and self.of_sample:
            return self._falling_short()
        if status != highspy.HighsModelStatus.kOptimal:
            return None if status in INFEASIBLE else self._unknown()
        return self._found(float(self._highs.getInfo().objective_function_value))

    def _falling_short(self) -> Relaxed:
        """Prices where the sample cannot keep the decisions; the value is minus infinity."""
        count, none = len(self._shortfalls), np.zeros(len(self._shortfalls))
        self._highs.changeColsBounds(count, self._shortfalls, none, np.full(count, highspy.kHighsInf))
        self._highs.run()
        solved = self._highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        found = self._found(-np.inf) if solved else replace(self._unknown(), value=-np.inf)
        self._highs.changeColsBounds(count, self._shortfalls, none, none)
        return found

    def _found(self, value: float) -> Relaxed:
        solution = self._highs.getSolution()
        rows = len(self.model.links) + len(self.stage.floors)
        duals = np.array(solution.row_dual[-rows:] if rows else [], dtype=np.float64)
        organization = np.array(solution.col_value[self._first : self._columns], dtype=np.float64)
        return Relaxed(value, master_prices(self.model, self.stage, duals), organization)

    def against(self, decisions: Mapping[str, Range]) -> Prices | None:
        """Prices that grow out of all bounds where no plan keeps the decisions: the links' part of a dual ray."""
        self._apply(decisions)
        self._highs.setOptionValue("presolve", "off")
        self._highs.run()
        _, found, ray = self._highs.getDualRay()  # type: ignore[attr-defined]
        self._highs.setOptionValue("presolve", "choose")
        rows = len(self.model.links) + len(self.stage.floors)
        values = np.array(ray, dtype=np.float64)[-rows:] if found and rows else np.zeros(0)
        largest = float(np.abs(values).max(initial=0.0))
        return master_prices(self.model, self.stage, -values / largest) if largest > 0.0 else None

    def _unknown(self) -> Relaxed:
        """Nothing is known, as when the solver stopped for another reason: no bound, no prices, nothing to split."""
        floors = dict.fromkeys(self.stage.floors, 0.0)
        nothing = np.zeros(len(self.model.organization.variables))
        return Relaxed(float("inf"), Prices(np.zeros(len(self.model.links)), floors), nothing)

    def _apply(self, decisions: Mapping[str, Range]) -> None:
        for name in {*self._fixed, *decisions}:
            if self._fixed.get(name) == decisions.get(name):
                continue
            for place in self._places[name]:
                low, high = float(self._lower[place]), float(self._upper[place])
                asked = decisions.get(name, (low, high))
                self._highs.changeColBounds(place, max(low, asked[0]), min(high, asked[1]))
        self._fixed = dict(decisions)

    def undecided(self, relaxed: Relaxed) -> list[str]:
        """The organization's yes/no decisions on contracts that the relaxation splits, most even first."""
        return [name for name in split_decisions(self.model, relaxed.organization) if not is_hub(name)]

    def strongest(self, names: list[str], relaxed: Relaxed, decisions: Mapping[str, Range]) -> str | None:
        """Of some decisions, the one whose two branches both lower the relaxation most; None when none matters."""
        best, best_score = None, LEAST_DROP * max(abs(relaxed.value), 1.0)
        self._apply(decisions)
        self._highs.run()
        basis = self._highs.getBasis()
        for name in names:
            choices = branches(self.model, name, relaxed.organization, decisions)
            score = min(relaxed.value - self._lowered({**decisions, name: choice}, basis) for choice in choices)
            if score > best_score:
                best, best_score = name, score
        return best

    def _lowered(self, decisions: Mapping[str, Range], basis: highspy.HighsBasis) -> float:
        """How far a few iterations from a basis lower the relaxation under the decisions; minus infinity where no plan
        can keep them."""
        self._apply(decisions)
        self._highs.setBasis(basis)
        self._highs.setOptionValue("simplex_iteration_limit", ITERATIONS)
        self._highs.run()
        self._highs.setOptionValue("simplex_iteration_limit", highspy.kHighsIInf)
        if self._highs.getModelStatus() in INFEASIBLE:
            return -np.inf
        return float(self._highs.getInfo().objective_function_value)


def is_hub(name: str) -> bool:
    """Whether a decision is about the hub's services or staff."""
    return name.startswith(("hub_open[", "hub_staff_steps["))


def split_decisions(model: NetworkModel, values: FloatArray) -> list[str]:
    """The organization's whole decisions that some values split: those first whose rounding costs most, then the most
    even splits."""
    block = model.organization
    parts = values - np.floor(values)
    fraction = np.where(block.integer, np.minimum(parts, 1.0 - parts), 0.0)
    cost = fraction * np.abs(block.expressions["margin"][1])
    order = np.lexsort((-fraction, -cost))
    return [block.variables[place] for place in order if fraction[place] > FRACTIONAL]


def branches(model: NetworkModel, name: str, values: FloatArray, decisions: Mapping[str, Range]) -> tuple[Range, Range]:
    """The two ranges of a decision that the values split, upper first."""
    block, place = model.organization, model.organization.position[name]
    low, high = decisions.get(name, (float(block.lower[place]), float(block.upper[place])))
    return (float(np.ceil(values[place])), high), (low, float(np.floor(values[place])))
