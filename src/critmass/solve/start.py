"""Columns to start from: plans that need nothing of each other, so that the master always has a solution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace

import numpy as np
from scipy import sparse

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.solve.candidates import Judging, Valued
from critmass.solve.columns import Column, column
from critmass.solve.executor import run_all
from critmass.solve.highs import SolveLimits, solve
from critmass.solve.pricing import PricingTask, Range, block_problem, fixed, under


def self_sufficient_columns(
    model: NetworkModel, judge: Judging[Valued], regimes: Sequence[Mapping[str, Range]], seed: int, executor: Executor,
    places: Sequence[int] | None = None, *, at_mass: bool = False,
) -> Iterator[Column]:  # fmt: skip
    """Such columns of some practices (by default all) and the organization, under each set of conditions that the
    regimes lead to; with `at_mass`, as where floors ask for it, also of practices at mass."""
    places = range(len(model.practices)) if places is None else places
    known: list[dict[str, Range]] = []
    for regime in regimes:
        conditions = {name: part for name, part in regime.items() if name.startswith("condition[")}
        if conditions in known:
            continue
        known.append(conditions)
        for counted in (False, True) if at_mass else (False,):
            found = self_sufficient_practices(model, regime, seed, executor, places, at_mass=counted)
            yield from judge.columns([(place, x) for place, x in zip(places, found, strict=True) if x is not None])
        x = self_sufficient_organization(model, regime, seed)
        if x is not None:
            yield column(model, len(model.practices), x)


_HELP = ("hub[", "claim[", "startup_help", "reach_hub[")


def self_sufficient_practices(
    model: NetworkModel, conditions: Mapping[str, Range], seed: int, pool: Executor, places: Sequence[int], *,
    at_mass: bool = False,
) -> list[FloatArray | None]:  # fmt: skip
    """For each of the practices a good plan that needs nothing from the organization, at mass or not counted so; None
    where there is none."""
    limits = SolveLimits(time_seconds=2, gap_relative=0.1, seed=seed, heuristics=False)
    tasks = [_alone(model, place, conditions, limits) for place in places]
    return run_all(
        pool, _plan, [replace(task, problem=fixed(task.problem, task.at_mass, float(at_mass))) for task in tasks]
    )


def _alone(model: NetworkModel, place: int, conditions: Mapping[str, Range], limits: SolveLimits) -> PricingTask:
    block = model.blocks[place]
    constant, margin = block.expressions["margin"]
    problem = under(model, place, block_problem(block, margin, constant), conditions)
    upper = np.where([name.startswith(_HELP) for name in block.variables], 0.0, problem.upper)
    problem = replace(problem, upper=np.maximum(upper, problem.lower))
    return PricingTask(place, problem, block.position["at_mass"], True, limits)


def _plan(task: PricingTask) -> FloatArray | None:
    return solve(task.problem, task.limits).x


def self_sufficient_organization(model: NetworkModel, conditions: Mapping[str, Range], seed: int) -> FloatArray | None:
    """A plan of the organization that needs nothing from the practices."""
    block, part = model.organization, model.link_matrices[-1]
    constant, margin = block.expressions["margin"]
    problem = under(model, len(model.blocks) - 1, block_problem(block, margin, constant), conditions)
    alone = sparse.csr_array(sparse.vstack([problem.matrix, part.matrix[~model.equal]]))
    least = np.concatenate([problem.row_lower, -part.constant[~model.equal]])
    most = np.concatenate([problem.row_upper, np.full(int((~model.equal).sum()), np.inf)])
    problem = replace(problem, matrix=alone, row_lower=least, row_upper=most)
    return solve(problem, SolveLimits(time_seconds=10, gap_relative=0.01, seed=seed)).x
