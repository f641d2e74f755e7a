"""Settlements that a person worked out by hand: how they are written, settled and compared to the cent."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from pydantic import Field

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog
from critmass.domain.network import ORGANIZATION
from critmass.domain.scenario import Scenario
from critmass.domain.values import Frozen
from critmass.settlement.amounts import Settled
from critmass.settlement.reported import YearReport, settle_report

CENT = 0.005


class Expected(Frozen):
    """What a component pays to a practice; ORGANIZATION stands for what is kept above practices."""

    practice: str
    program: str
    component: str
    amount_usd: float


class Settlement(Frozen):
    """One year's report and what it must pay. Components of the same programs that are not listed pay 0."""

    name: str
    report: YearReport
    expected: tuple[Expected, ...] = Field(min_length=1)
    cost_usd: dict[str, float] = Field(default_factory=dict)
    expected_new_usd: dict[str, float] = Field(default_factory=dict)
    expected_mass_ratio: dict[str, float] = Field(default_factory=dict)


class Case(Frozen):
    """Terms, reports and dollars that a person worked out by hand."""

    title: str
    claim: str
    arithmetic: tuple[str, ...] = Field(min_length=1)
    catalog: Literal["shipped"] | dict[str, Any]
    scenario: Scenario = Scenario(terms="in_force")
    settlements: tuple[Settlement, ...] = Field(min_length=1)


def settle_case(case: Case, item: Settlement, folder: Path, shipped: Catalog) -> Settled:
    """Settles one report of a case: under the shipped catalog, or its own, loaded from a file in the folder."""
    if case.catalog == "shipped":
        return settle_report(item.report, shipped, case.scenario)
    (folder / "catalog.yaml").write_text(yaml.safe_dump(case.catalog))
    return settle_report(item.report, load_catalog((folder,), shipped=False), case.scenario)


def check_dollars(settled: Settled, item: Settlement) -> None:
    """Asserts that every listed component pays its dollars, and every other of the same programs nothing."""
    found = amounts(settled, item.report.practices)
    listed = {(line.practice, line.program, line.component): line.amount_usd for line in item.expected}
    assert set(listed) <= set(found)
    programs = {line.program for line in item.expected}
    wanted = {key: listed.get(key, 0.0) for key in found if key[1] in programs}
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=CENT)


def check_new_money(settled: Settled, item: Settlement) -> None:
    """Asserts what is new money in each practice, and its ratio to the stated cost."""
    found = {practice: new_usd(settled, place) for place, practice in enumerate(item.report.practices)}
    assert {name: found[name] for name in item.expected_new_usd} == pytest.approx(item.expected_new_usd, abs=CENT)
    ratios = {name: found[name] / item.cost_usd[name] for name in item.expected_mass_ratio}
    assert ratios == pytest.approx(item.expected_mass_ratio, abs=1e-9)


def amounts(settled: Settled, practices: tuple[str, ...]) -> dict[tuple[str, str, str], float]:
    """Dollars by practice (or ORGANIZATION), program and component."""
    found = {}
    for place, clause in enumerate(settled.terms.clauses):
        for column, practice in enumerate(practices):
            found[practice, *clause.key] = float(settled.practice[place, 0, column])
        found[ORGANIZATION, *clause.key] = float(settled.organization[place, 0])
    return found


def new_usd(settled: Settled, practice: int) -> float:
    """Money that reaches a practice and is not credited elsewhere."""
    return float(
        sum(
            settled.practice[place, 0, practice]
            for place, clause in enumerate(settled.terms.clauses)
            if clause.component.money != "credited"
        )
    )
