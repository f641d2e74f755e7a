"""Payments to TINs in planning: one practice by itself is its TIN, several of one TIN are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from critmass import SolveOptions, plan
from critmass.domain.errors import InputError
from critmass.domain.programs import Component, Program, SettlementLevel
from critmass.domain.scenario import Scenario
from critmass.settlement.terms import terms_in_force
from critmass.studies.plan_pulp import plan_with_solver
from instance_changes import solved, with_tables
from random_instances import Instance, random_instance

OPTIONS = SolveOptions(gap=1e-6, time_limit_seconds=20, workers=1)
SEEDS = (1, 2, 4, 7, 8, 10)
"""Instances with two practices and payments to practices."""


def at_level(instance: Instance, level: SettlementLevel) -> Instance:
    """The instance with every payment to practices settled at that level."""

    def changed(component: Component) -> Component:
        own = component.level != "organization"
        return component.model_copy(update={"level": level}) if own else component

    def of(program: Program) -> Program:
        return program.model_copy(update={"components": tuple(map(changed, program.components))})

    programs = {name: of(program) for name, program in instance.catalog.programs.items()}
    return replace(instance, catalog=replace(instance.catalog, programs=programs))


def under_one_tin(instance: Instance) -> Instance:
    """The instance with all practices billing under 38-7654321."""

    def change(sheet: str, table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(tin="38-7654321") if sheet == "Practices" else table

    return with_tables(instance, change)


def everywhere(instance: Instance) -> list[str]:
    """TIN-level components that touch both practices."""
    terms = terms_in_force(instance.catalog, instance.network, instance.scenario)
    panel = instance.network.table("Panel")
    counts = panel[panel["members"] > 0].groupby(["payer", "line_of_business"])["practice"].nunique()
    return [
        ".".join(clause.key)
        for clause in terms.clauses
        if clause.component.level == "tin" and counts[list(clause.populations)].max() > 1
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tin_of_one_practice_is_that_practice(seed: int) -> None:
    """The same dollars, bounds and decisions whether payments settle for practices or for their own TINs."""
    instance = replace(random_instance(seed), scenario=Scenario(objective="margin"))
    one, other = solved(at_level(instance, "practice")), solved(at_level(instance, "tin"))
    assert one.plan_hash == other.plan_hash
    assert one.levels == other.levels
    np.testing.assert_allclose(one.outcome.settled.practice, other.outcome.settled.practice, rtol=0, atol=1e-6)


def test_practices_that_share_a_tin_are_refused() -> None:
    """One problem names the practices, the TIN, every component that settles for it, and the way out."""
    instance = under_one_tin(at_level(random_instance(1), "tin"))
    components = everywhere(instance)
    assert components
    with pytest.raises(InputError) as caught:
        plan(instance.network, instance.catalog, instance.scenario, OPTIONS)
    (problem,) = caught.value.problems
    assert problem.place == "Practices: tin"
    assert problem.message.startswith("P1, P2 share TIN 38-7654321, for which ")
    assert all(name in problem.message for name in components)
    assert problem.fix == "to plan, enter the TIN as one practice"


def test_other_solvers_refuse_them_too() -> None:
    """The check stands where the model is made, whoever solves it."""
    instance = under_one_tin(at_level(random_instance(1), "tin"))
    with pytest.raises(InputError, match="share TIN 38-7654321"):
        plan_with_solver(instance.network, instance.catalog, instance.scenario, OPTIONS, "HiGHS")


def test_a_shared_tin_is_fine_where_no_payment_settles_for_it() -> None:
    """Practices that bill together are planned as ever while every payment is theirs or the organization's."""
    instance = at_level(replace(random_instance(1), scenario=Scenario(objective="margin")), "practice")
    assert solved(under_one_tin(instance)).levels == solved(instance).levels
