"""What the model's rows allow any decisions to be paid, against what settlement pays, clause by clause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from critmass.domain.scenario import CriticalMass
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import NetworkModel, formulate
from critmass.settlement.outcome import Outcome, Pricer
from critmass.settlement.projection import HUB, OWN, Decisions
from critmass.settlement.results import FloatArray
from critmass.solve.highs import Problem, SolveLimits, solve
from critmass.solve.monolith import assemble
from enumeration import Enumeration
from instance_changes import with_scenario
from random_instances import Instance, random_instance

SHARE = 25
CENT = 0.01
LIMITS = SolveLimits(time_seconds=20, gap_absolute=1e-5)


@dataclass(frozen=True)
class Case:
    """An instance with its model, and decisions with what settlement pays for them."""

    instance: Instance
    model: NetworkModel
    outcome: Outcome
    decisions: Decisions

    @property
    def text(self) -> str:
        """How to get a failing case back."""
        return f"random_instance({self.instance.seed})\n{self.decisions}\n{self.instance.text}"


def free(seed: int, least: float) -> Instance:
    """An instance without locks, budgets or a rule that decisions must meet; reach from `least` up."""
    instance = with_scenario(
        random_instance(seed), locks=(), practice_budgets=False, organization_budget_usd=1e9,
        critical_mass=CriticalMass(ratio=1.0, payers=1, payer_share=0.0),
    )  # fmt: skip
    workflows = {
        name: workflow.model_copy(update={"minimum_reach": workflow.minimum_reach.model_copy(update={"value": least})})
        for name, workflow in instance.catalog.workflows.items()
    }
    return replace(instance, catalog=replace(instance.catalog, workflows=workflows))


def cases(seed: int, count: int, least: float) -> Iterator[Case]:
    """An instance with some of its possible decisions; below `least` of 1 their reach is drawn too."""
    instance = free(seed, least)
    everything = Enumeration(instance)
    shared = Shared(everything.model, everything.terms)
    model, pricer = formulate(shared), Pricer(everything.model, everything.terms)
    rng = np.random.default_rng(seed)
    batches = [batch for batch in everything.batches() if len(batch.reach)]
    for _ in range(count if batches else 0):
        batch = batches[rng.integers(len(batches))]
        decisions = batch.one(int(rng.integers(len(batch.reach))))
        drawn = rng.uniform(least, 1.0, decisions.reach.shape)
        reach = np.where(decisions.delivery > 0, np.maximum(drawn, everything.model.reach_in_place), 0.0)
        decisions = replace(decisions, reach=reach if least < 1.0 else decisions.reach)
        yield Case(instance, model, pricer.price(decisions), decisions)


def fixed(case: Case) -> Problem:
    """The whole model with the decisions fixed and everything else free."""
    model = case.model
    problem = assemble(model, {"margin": 1.0})
    lower, upper, start = problem.lower.copy(), problem.upper.copy(), 0
    for place, block in enumerate(model.blocks):
        values = organization_values(case) if place == len(model.practices) else practice_values(case, place)
        for name, value in values.items():
            if name in block.position:
                lower[start + block.position[name]] = upper[start + block.position[name]] = value
        start += len(block.variables)
    return replace(problem, lower=lower, upper=upper)


def practice_values(case: Case, place: int) -> dict[str, float]:
    """One practice's decisions by the names of their variables."""
    decisions, shared = case.decisions, case.model.shared
    values = {"at_mass": 0.0}
    for column, workflow in enumerate(shared.model.workflows):
        for mode, code in (("own", OWN), ("hub", HUB)):
            chosen = float(decisions.delivery[0, place, column] == code)
            values[f"{mode}[{workflow.id}]"] = chosen
            values[f"reach_{mode}[{workflow.id}]"] = chosen * float(decisions.reach[0, place, column])
    for column, program in enumerate(shared.programs):
        if program.join_level == "practice":
            values[f"join[{program.id}]"] = float(decisions.joined[0, place, column])
    return values


def organization_values(case: Case) -> dict[str, float]:
    """What the organization joins, and a hub that offers what anybody uses."""
    shared = case.model.shared
    joined = case.decisions.joined[0].any(axis=0)
    return {
        f"join[{program.id}]": float(joined[column])
        for column, program in enumerate(shared.programs)
        if program.join_level == "organization"
    }


def best(problem: Problem, objective: FloatArray, offset: float) -> float | None:
    """The most that an expression can be with the decisions fixed."""
    answer = solve(replace(problem, objective=objective, offset=offset), LIMITS)
    return None if answer.x is None else answer.objective


def payments(case: Case) -> Iterator[tuple[str, bool, FloatArray, float, float]]:
    """Every payment of the model: its name, whether it is exact, its expression, and what settlement pays."""
    model, widths = case.model, np.cumsum([0, *(len(block.variables) for block in case.model.blocks)])
    for place, block in enumerate(model.blocks):
        whole = place == len(model.practices)
        for row, clause in enumerate(model.shared.terms.clauses):
            name = f"paid[{clause.program.id}.{clause.component.id}]"
            if clause.pooled != whole or name not in block.expressions:
                continue
            constant, part = block.expressions[name]
            objective = np.zeros(widths[-1])
            objective[widths[place] : widths[place + 1]] = part
            paid = case.outcome.settled.paid[row, 0]
            exact = clause.key not in model.shared.inexact
            yield f"{block.name}: {name}", exact, objective, constant, float(paid.sum() if whole else paid[place])


def check(case: Case) -> int:
    """No payment, and no margin, is settled above the model; those called exact are the same to the cent."""
    problem = fixed(case)
    seen = 0
    for name, exact, objective, constant, settled in payments(case):
        found = best(problem, objective, constant)
        assert found is not None, case.text
        slack = CENT + 1e-6 * abs(settled)
        assert found >= settled - slack, f"{name} is modelled at {found}, settled at {settled}\n{case.text}"
        assert not exact or found <= settled + slack, f"{name} is exact at {found}, settled at {settled}\n{case.text}"
        seen += exact
    margin = best(problem, problem.objective, problem.offset)
    settled = float(case.outcome.margin[0])
    assert margin is not None and margin >= settled - CENT - 1e-6 * abs(settled), f"{margin}, {settled}\n{case.text}"
    return seen


def shares(first: int, last: int) -> list[range]:
    """Seeds from first to last, cut into tests."""
    return [range(start, min(start + SHARE, last)) for start in range(first, last, SHARE)]


def long_from(first: int, parts: Iterable[range]) -> list[object]:
    """The parts, those from a seed on for the long tests."""
    return [pytest.param(part, marks=pytest.mark.long) if part.start >= first else part for part in parts]


@pytest.mark.parametrize("seeds", long_from(10_050, shares(10_000, 10_300)), ids=str)
def test_no_decision_is_settled_above_the_model(seeds: Iterable[int]) -> None:
    """With everything at full reach or not at all, payments are from above, and exact where the model says so."""
    assert sum(check(case) for seed in seeds for case in cases(seed, 3, least=1.0))


@pytest.mark.parametrize("seeds", long_from(20_025, shares(20_000, 20_200)), ids=str)
def test_no_partial_reach_is_settled_above_the_model(seeds: Iterable[int]) -> None:
    """The same at any reach of a fifth and more."""
    assert sum(check(case) for seed in seeds for case in cases(seed, 3, least=0.2))
