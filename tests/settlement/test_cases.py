"""Hand-worked cases of `models/cases`: settlement prices each from catalog files to the cent."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
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

FOLDER = Path(__file__).parents[2] / "models" / "cases"
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
    """A page of `models/cases`: terms, reports and dollars that a person worked out by hand."""

    title: str
    claim: str
    arithmetic: tuple[str, ...] = Field(min_length=1)
    catalog: Literal["shipped"] | dict[str, Any]
    scenario: Scenario = Scenario(terms="in_force")
    settlements: tuple[Settlement, ...] = Field(min_length=1)


CASES = {path.stem: Case.model_validate(yaml.safe_load(path.read_text())) for path in sorted(FOLDER.glob("*.yaml"))}
SETTLEMENTS = [
    pytest.param(case, item, id=f"{name}: {item.name}") for name, case in CASES.items() for item in case.settlements
]


WITH_NEW_MONEY = [item for item in SETTLEMENTS if item.values[1].expected_new_usd]


@cache
def shipped_catalog() -> Catalog:
    """The catalog that comes with the product."""
    return load_catalog()


@pytest.fixture
def settle_case(tmp_path: Path) -> Callable[[Case, Settlement], Settled]:
    """Loads a case's catalog from a file and settles one of its reports."""

    def settle(case: Case, item: Settlement) -> Settled:
        if case.catalog == "shipped":
            return settle_report(item.report, shipped_catalog(), case.scenario)
        (tmp_path / "catalog.yaml").write_text(yaml.safe_dump(case.catalog))
        return settle_report(item.report, load_catalog((tmp_path,), shipped=False), case.scenario)

    return settle


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


@pytest.mark.parametrize(("case", "item"), SETTLEMENTS)
def test_case_pays_what_the_hand_worked_out(
    case: Case, item: Settlement, settle_case: Callable[[Case, Settlement], Settled]
) -> None:
    """Every listed component pays its dollars to the cent, every other one of the same programs nothing."""
    settled = settle_case(case, item)
    found = amounts(settled, item.report.practices)
    listed = {(line.practice, line.program, line.component): line.amount_usd for line in item.expected}
    assert set(listed) <= set(found)
    programs = {line.program for line in item.expected}
    wanted = {key: listed.get(key, 0.0) for key in found if key[1] in programs}
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=CENT)


@pytest.mark.parametrize(("case", "item"), WITH_NEW_MONEY)
def test_case_brings_practices_as_close_to_mass_as_stated(
    case: Case, item: Settlement, settle_case: Callable[[Case, Settlement], Settled]
) -> None:
    """New money by practice, and its ratio to the stated cost, are as worked out."""
    settled = settle_case(case, item)
    found = {practice: new_usd(settled, place) for place, practice in enumerate(item.report.practices)}
    assert {name: found[name] for name in item.expected_new_usd} == pytest.approx(item.expected_new_usd, abs=CENT)
    ratios = {name: found[name] / item.cost_usd[name] for name in item.expected_mass_ratio}
    assert ratios == pytest.approx(item.expected_mass_ratio, abs=1e-9)


def test_break_even_share_is_cost_over_full_payment() -> None:
    """Two care managers at $90,000 break even exactly when payers of all 5,000 members pay."""
    full = CASES["mipct-break-even"].settlements[0]
    paid = sum(line.amount_usd for line in full.expected)
    assert full.cost_usd["A"] / paid == pytest.approx(1.0)
    assert full.cost_usd["A"] == 2 * 90_000
