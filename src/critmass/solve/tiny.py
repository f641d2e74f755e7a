"""Tiny networks are solved whole, without decomposition: a few practices make one small model."""

from __future__ import annotations

import numpy as np

from critmass.formulation.network_model import NetworkModel
from critmass.solve.candidates import Candidate, Judge, best_of
from critmass.solve.columns import Stage
from critmass.solve.highs import SolveLimits
from critmass.solve.interrupt import solve_until_stopped
from critmass.solve.monolith import assemble, split
from critmass.solve.nodes import StageResult
from critmass.solve.progress import Clock, Progress, Reporter

TINY = 3
"""Most practices that are solved whole."""


def solve_whole(
    model: NetworkModel, judge: Judge, stage: Stage, known: Candidate | None, *, gap: float, seed: int,
    clock: Clock, report: Reporter,
) -> StageResult[Candidate]:  # fmt: skip
    """One stage as a single model, its plan settled; the bound is the solver's own."""
    limits = SolveLimits(
        time_seconds=clock.left(), gap_absolute=1e-4, gap_relative=gap / 2, seed=seed,
    )  # fmt: skip
    floors = {name: floor - 1e-6 for name, floor in stage.floors.items()}
    answer = solve_until_stopped(assemble(model, stage.weights, floors), limits, clock)
    plans = [known]
    if answer.x is not None:
        plans.append(judge.candidate(model.decisions(split(model, answer.x))))
    result = StageResult(stage, best_of(plans, stage), answer.bound)
    result.bound = max(result.bound, result.value)
    value, bound, gap_now = (item if np.isfinite(item) else None for item in (result.value, result.bound, result.gap))
    report(Progress(stage.name, "whole model", value, bound, gap_now, clock.spent()))
    return result
