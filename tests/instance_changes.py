"""Changes to an instance that must move its optimum one way, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from critmass import Plan, SolveOptions, plan
from critmass.network.fill import complete_network
from random_instances import Instance

OPTIONS = SolveOptions(gap=1e-6, time_limit_seconds=20, workers=1)

Change = Callable[[str, pd.DataFrame], pd.DataFrame]


def with_scenario(instance: Instance, **fields: Any) -> Instance:
    """The same network and catalog under another scenario."""
    return replace(instance, scenario=instance.scenario.model_copy(update=fields))


def with_tables(instance: Instance, change: Change) -> Instance:
    """The instance with every sheet of its network passed through a change."""
    tables = {name: change(name, table.copy()) for name, table in instance.network.tables.items()}
    return replace(instance, network=complete_network(tables))


def with_more_cash(instance: Instance, practice_usd: float, organization_usd: float) -> Instance:
    """Larger start-up budgets; a budget without limit stays so."""

    def change(sheet: str, table: pd.DataFrame) -> pd.DataFrame:
        more = {"Practices": practice_usd, "Organization": organization_usd}.get(sheet)
        if more is not None:
            table["startup_budget_usd"] += more
        return table

    return with_tables(instance, change)


def with_rows_shuffled(instance: Instance, seed: int) -> Instance:
    """Rows of every sheet but Practices in another order: payers and panels come in any order."""

    def change(sheet: str, table: pd.DataFrame) -> pd.DataFrame:
        return table if sheet == "Practices" else table.sample(frac=1.0, random_state=seed)

    return with_tables(instance, change)


def with_practices_in_order(instance: Instance, order: Sequence[int]) -> Instance:
    """Practices in another order."""
    return with_tables(instance, lambda sheet, table: table.iloc[list(order)] if sheet == "Practices" else table)


def with_better_results(instance: Instance, share: float) -> Instance:
    """Baseline rates moved that share of the way to perfection, last year's left as they were."""
    better = {name: measure.higher_is_better for name, measure in instance.catalog.measures.items()}

    def change(sheet: str, table: pd.DataFrame) -> pd.DataFrame:
        if sheet == "Baseline":
            good = table["measure"].map(better)
            gap = (table["denominator"] - table["numerator"]).where(good, -table["numerator"])
            table["numerator"] += (share * gap).round().astype("int64")
        return table

    return with_tables(instance, change)


def solved(instance: Instance) -> Plan:
    """The plan of an instance."""
    return plan(instance.network, instance.catalog, instance.scenario, OPTIONS)


def values_of(found: Plan) -> list[float]:
    """What the plan reaches, level by level."""
    return [level.value for level in found.levels]


def at_least(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether one lexicographic result is no worse than another, within a cent and a millionth."""
    for value, reference in zip(one, other, strict=True):
        slack = 0.01 + 1e-6 * abs(reference)
        if abs(value - reference) > slack:
            return value > reference
    return True
