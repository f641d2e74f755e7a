"""The linear relaxation of the whole network, kept loaded: where prices and branching decisions come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import highspy
import numpy as np

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.solve.columns import Stage
from critmass.solve.highs import SolveLimits, load
from critmass.solve.monolith import assemble
from critmass.solve.pricing import Prices, Range, master_prices

FRACTIONAL = 1e-5


@dataclass(frozen=True)
class Relaxed:
    """Optimum of the relaxation under fixed decisions: its value, link prices, and the organization's part."""

    value: float
    prices: Prices
    organization: FloatArray


class Relaxation:
    """The relaxation for one stage; decisions of the organization are fixed and freed in place."""

    def __init__(self, model: NetworkModel, stage: Stage) -> None:
        self.model, self.stage = model, stage
        problem = assemble(model, stage.weights, stage.floors)
        self._lower, self._upper = problem.lower, problem.upper
        self._highs = load(replace(problem, integer=np.zeros_like(problem.integer)), SolveLimits(time_seconds=600))
        starts = np.concatenate([[0], np.cumsum([len(block.variables) for block in model.blocks])])
        self._places: dict[str, list[int]] = {}
        for start, block in zip(starts, model.blocks, strict=False):
            for name in (*model.organization.variables, *model.conditions.values()):
                if name in block.position and (block is model.organization or name.startswith("condition[")):
                    self._places.setdefault(name, []).append(int(start) + block.position[name])
        self._first = int(starts[-2])
        self._fixed: dict[str, Range] = {}

    def solve(self, decisions: Mapping[str, Range]) -> Relaxed | None:
        """The optimum under the decisions, or None when no plan can keep them."""
        self._apply(decisions)
        self._highs.run()
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        solution = self._highs.getSolution()
        rows = len(self.model.links) + len(self.stage.floors)
        duals = np.array(solution.row_dual[-rows:] if rows else [], dtype=np.float64)
        organization = np.array(solution.col_value[self._first :], dtype=np.float64)
        value = float(self._highs.getInfo().objective_function_value)
        return Relaxed(value, master_prices(self.model, self.stage, duals), organization)

    def _apply(self, decisions: Mapping[str, Range]) -> None:
        for name in {*self._fixed, *decisions}:
            if self._fixed.get(name) == decisions.get(name):
                continue
            for place in self._places[name]:
                whole = (float(self._lower[place]), float(self._upper[place]))
                self._highs.changeColBounds(place, *decisions.get(name, whole))
        self._fixed = dict(decisions)

    def undecided(self, relaxed: Relaxed) -> list[str]:
        """The organization's whole decisions that the relaxation splits: yes/no first, then staff, then hub
        openings, the most even split first within each."""
        block = self.model.organization
        parts = relaxed.organization - np.floor(relaxed.organization)
        fraction = np.where(block.integer, np.minimum(parts, 1.0 - parts), 0.0)
        places = [place for place in np.argsort(-fraction, kind="stable") if fraction[place] > FRACTIONAL]
        return sorted((block.variables[place] for place in places), key=_rank)

    def branches(self, name: str, relaxed: Relaxed, decisions: Mapping[str, Range]) -> tuple[Range, Range]:
        """The two ranges of a split decision, upper first."""
        place = self.model.organization.position[name]
        block, value = self.model.organization, float(relaxed.organization[place])
        low, high = decisions.get(name, (float(block.lower[place]), float(block.upper[place])))
        return (float(np.ceil(value)), high), (low, float(np.floor(value)))

    def strongest(self, names: list[str], relaxed: Relaxed, decisions: Mapping[str, Range]) -> str | None:
        """Of some decisions, the one whose two branches both lower the relaxation most."""
        best, best_score = None, -1.0
        for name in names:
            drops = []
            for choice in self.branches(name, relaxed, decisions):
                child = self.solve({**decisions, name: choice})
                drops.append(1e12 if child is None else relaxed.value - child.value)
            score = min(drops) + 1e-3 * min(max(drops), 1e9)
            if score > best_score:
                best, best_score = name, score
        return best


def _rank(name: str) -> int:
    return 2 if name.startswith("hub_open[") else 1 if name.startswith("hub_staff_steps[") else 0
