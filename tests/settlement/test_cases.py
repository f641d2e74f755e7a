"""Hand-worked cases of `models/cases`: settlement prices each from catalog files to the cent."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hand_worked import Case, Settlement, check_dollars, check_new_money, settle_case

from critmass.domain.catalog import Catalog

FOLDER = Path(__file__).parents[2] / "models" / "cases"

CASES = {path.stem: Case.model_validate(yaml.safe_load(path.read_text())) for path in sorted(FOLDER.glob("*.yaml"))}
SETTLEMENTS = [
    pytest.param(case, item, id=f"{name}: {item.name}") for name, case in CASES.items() for item in case.settlements
]
WITH_NEW_MONEY = [item for item in SETTLEMENTS if item.values[1].expected_new_usd]


@pytest.mark.parametrize(("case", "item"), SETTLEMENTS)
def test_case_pays_what_the_hand_worked_out(
    case: Case, item: Settlement, tmp_path: Path, shipped_catalog: Catalog
) -> None:
    """Every listed component pays its dollars to the cent, every other one of the same programs nothing."""
    check_dollars(settle_case(case, item, tmp_path, shipped_catalog), item)


@pytest.mark.parametrize(("case", "item"), WITH_NEW_MONEY)
def test_case_brings_practices_as_close_to_mass_as_stated(
    case: Case, item: Settlement, tmp_path: Path, shipped_catalog: Catalog
) -> None:
    """New money by practice, and its ratio to the stated cost, are as worked out."""
    check_new_money(settle_case(case, item, tmp_path, shipped_catalog), item)


def test_break_even_share_is_cost_over_full_payment() -> None:
    """Two care managers at $90,000 break even exactly when payers of all 5,000 members pay."""
    full = CASES["mipct-break-even"].settlements[0]
    paid = sum(line.amount_usd for line in full.expected)
    assert full.cost_usd["A"] / paid == pytest.approx(1.0)
    assert full.cost_usd["A"] == 2 * 90_000
