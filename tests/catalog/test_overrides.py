"""Overrides change one value, say so, and refuse what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from critmass.catalog import load_catalog
from critmass.catalog.overrides import with_overrides
from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError
from critmass.domain.scenario import RateOverride
from critmass.domain.vocabulary import ByStratum, Constant

TINY = Path(__file__).parents[1] / "data" / "tiny_catalog"


@pytest.fixture(scope="module")
def tiny() -> Catalog:
    """The catalog with round numbers."""
    return load_catalog([TINY], shipped=False)


def test_one_value_changes(tiny: Catalog) -> None:
    """The rate is the new one, its ground an assumption, and everything else is as it was."""
    path = "tiny_pmpm_2026.components[fee].rate.pays"
    changed = with_overrides(tiny, [RateOverride(path=path, value=4.25)])
    rate = changed.programs["tiny_pmpm_2026"].components[0].rate
    assert isinstance(rate, Constant)
    assert float(rate.pays) == 4.25
    old, new = ({item.path: item for item in catalog.provenance} for catalog in (tiny, changed))
    assert {path for path, item in new.items() if item != old[path]} == {path}
    assert (new[path].value, new[path].cite.grade) == (4.25, "assumption")
    assert {name for name, program in changed.programs.items() if program != tiny.programs[name]} == {"tiny_pmpm_2026"}
    assert changed.hash == tiny.hash


def test_values_in_lists_and_mappings(tiny: Catalog) -> None:
    """Steps, strata, staff minutes and measures are reached by the paths that the catalog check prints."""
    values = {
        "tiny_pmpm_2026.components[risk].rate.rates.risk_high": 12.0,
        "tiny_steps_2026.components[bonus].rate.rows[1].pays": 11.0,
        "outreach.staff[0].minutes_per_patient": 8.0,
        "BCS.ceiling": 0.6,
    }
    changed = with_overrides(tiny, [RateOverride(path=path, value=value) for path, value in values.items()])
    rates = changed.programs["tiny_pmpm_2026"].components[1].rate
    assert isinstance(rates, ByStratum)
    assert float(rates.rates["risk_high"]) == 12.0
    assert float(changed.workflows["outreach"].staff[0].minutes_per_patient) == 8.0
    assert float(changed.measures["BCS"].ceiling) == 0.6


def test_every_value_of_the_shipped_catalog_can_be_overridden() -> None:
    """Each path names its value: overriding all by their own values changes nothing but the grounds."""
    shipped = load_catalog()
    same = with_overrides(shipped, [RateOverride(path=item.path, value=item.value) for item in shipped.provenance])
    assert [item.value for item in same.provenance] == [item.value for item in shipped.provenance]
    assert {item.cite.grade for item in same.provenance} == {"assumption"}
    assert same.programs.keys() == shipped.programs.keys()


def test_nothing_asked_nothing_changed(tiny: Catalog) -> None:
    """Without overrides the catalog is the same object."""
    assert with_overrides(tiny, []) is tiny


def test_unknown_and_repeated_paths(tiny: Catalog) -> None:
    """All wrong paths are reported together, with the nearest right one."""
    paths = ["tiny_pmpm_2026.components[fee].rate.pay", "BCS.ceiling", "BCS.ceiling"]
    with pytest.raises(InputError) as caught:
        with_overrides(tiny, [RateOverride(path=path, value=0.5) for path in paths])
    unknown, repeated = caught.value.problems
    assert unknown.fix == "did you mean 'tiny_pmpm_2026.components[fee].rate.pays'?"
    assert "given twice" in repeated.message


def test_a_value_out_of_order_is_refused(tiny: Catalog) -> None:
    """A threshold that overtakes the next one is an error in words, not a silent change of the contract."""
    path = "tiny_steps_2026.components[bonus].rate.rows[0].at_least"
    with pytest.raises(InputError, match="thresholds must rise"):
        with_overrides(tiny, [RateOverride(path=path, value=99.0)])
