"""The 25 component types of `data/component_types`: each fragment settles its hand-worked year to the cent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hand_worked import Case, Settlement, check_dollars, check_new_money, settle_case

from critmass.catalog import data_dir
from critmass.catalog.component_types import ComponentType, component_types
from critmass.domain.catalog import Catalog
from critmass.domain.scenario import Scenario

FOLDER = data_dir() / "component_types"
FILES = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))}
TYPES = [pytest.param(item, id=item.key) for item in component_types()]


def case_of(raw: dict[str, Any]) -> Case:
    """A type's file as a hand-worked case, settled in its first program's year."""
    year = raw["catalog"]["programs"][0]["performance_year"]
    return Case(
        title=raw["name"],
        claim=raw["example"],
        arithmetic=raw["arithmetic"],
        catalog=raw["catalog"],
        scenario=Scenario(performance_year=year, terms="all"),
        settlements=raw["settlements"],
    )


SETTLEMENTS = [
    pytest.param(case, item, id=f"{name}: {item.name}")
    for name, case in ((name, case_of(raw)) for name, raw in FILES.items())
    for item in case.settlements
]


def test_all_twenty_five_types_are_there() -> None:
    """Numbers run from 1 to 25 without a gap, and each file is named by its number and a name of its own."""
    assert [raw["number"] for raw in FILES.values()] == list(range(1, 26))
    assert [int(name[:2]) for name in FILES] == list(range(1, 26))
    assert len({name[3:] for name in FILES}) == len({raw["name"] for raw in FILES.values()}) == 25


@pytest.mark.parametrize(("case", "item"), SETTLEMENTS)
def test_type_pays_what_the_hand_worked_out(
    case: Case, item: Settlement, tmp_path: Path, shipped_catalog: Catalog
) -> None:
    """The fragment loads alone, and every component pays its dollars and its new money to the cent."""
    settled = settle_case(case, item, tmp_path, shipped_catalog)
    check_dollars(settled, item)
    check_new_money(settled, item)


@pytest.mark.parametrize("item", TYPES)
def test_every_component_of_a_type_pays_somewhere(item: ComponentType) -> None:
    """No component is only for show: each has at least one settlement in which it moves money."""
    lines = [line for settlement in item.settlements for line in settlement["expected"]]
    moved = {line["component"] for line in lines if line["amount_usd"] != 0}
    assert moved == {component.id for component in item.components}


def test_components_have_names_of_their_own() -> None:
    """No two types use the same component id, so that one program can be built from any of them."""
    names = [component.id for item in component_types() for component in item.components]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("item", TYPES)
def test_known_ids_mean_what_they_mean_in_the_shipped_catalog(item: ComponentType, shipped_catalog: Catalog) -> None:
    """Where a fragment uses an id of the shipped catalog, kind, direction and codes agree with it."""
    shipped = shipped_catalog
    for fact in item.catalog.facts:
        assert fact.id not in shipped.facts or fact.kind == shipped.facts[fact.id].kind
    for measure in item.catalog.measures:
        assert measure.direction == shipped.measures[measure.id].direction
    for codes in (*item.catalog.services, *item.catalog.code_sets):
        known = {**shipped.services, **shipped.code_sets}.get(codes.id, codes)
        assert set(codes.codes) <= set(known.codes)


@pytest.mark.parametrize("item", TYPES)
def test_lag_and_prepayment_are_where_the_contract_has_them(item: ComponentType) -> None:
    """MIPS arrives 24 months later; one prepayment is kept and one is repaid; nothing else is paid ahead."""
    ahead = [component.prepaid.claw_back for component in item.components if component.prepaid]
    assert sorted(ahead) == ([False, True] if item.key == "prepaid" else [])
    lags = {float(component.cash_lag_months) for component in item.components}
    assert item.key != "lagged-fee-adjustment" or 24.0 in lags
