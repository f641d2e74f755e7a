"""Scenarios: read strictly, and held against the network and the catalog."""

from __future__ import annotations

from pathlib import Path

import pytest

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.domain.network import Network
from critmass.domain.scenario import Lock, RateOverride, Scenario
from critmass.network import sample_network
from critmass.studies.scenario import check_scenario, load_scenario, prepared

TINY = Path(__file__).parents[1] / "data" / "tiny_catalog"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The catalog with round numbers."""
    return load_catalog([TINY], shipped=False)


@pytest.fixture(scope="module")
def network(catalog: Catalog) -> Network:
    """Three synthetic practices, P001 to P003."""
    return sample_network(3, 1, catalog)


def refused(text: str, folder: Path) -> list[Problem]:
    """What loading a scenario of this text complains about."""
    path = folder / "scenario.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_scenario(path)
    return list(caught.value.problems)


def complaints(scenario: Scenario, network: Network, catalog: Catalog) -> list[Problem]:
    """What checking a scenario complains about."""
    with pytest.raises(InputError) as caught:
        check_scenario(scenario, network, catalog)
    return list(caught.value.problems)


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    """Nothing said, nothing asked: the default scenario."""
    (tmp_path / "empty.yaml").write_text("# only a comment\n")
    assert load_scenario(tmp_path / "empty.yaml") == Scenario()


def test_all_wrong_keys_at_once(tmp_path: Path) -> None:
    """Unknown keys come with the nearest known one, locks are counted from one, all in one pass."""
    text = "performance_yaer: 2026\ncritical_mass: {payer: 2}\nlocks:\n  - {program: a, decision: joind}\n"
    found = {problem.place: problem for problem in refused(text, tmp_path)}
    assert found["scenario.yaml: performance_yaer"].fix == "did you mean 'performance_year'?"
    assert found["scenario.yaml: critical_mass.payer"].fix == "did you mean 'payers'?"
    assert "found 'joind'" in found["scenario.yaml: lock 1: decision"].message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("locks: [", "not valid YAML"),
        ("- a list", "not a list of keys and values"),
        ("just words", "not a list of keys and values"),
        ("terms: all\nterms: in_force\n", "'terms' is written twice"),
        ("[" * 100_000, "nested too deeply"),
        ("performance_year: 1812", "greater than or equal to 2000"),
        ("usd_per_member_at_mass: .nan", "usd_per_member_at_mass"),
    ],
)
def test_broken_files_in_words(text: str, says: str, tmp_path: Path) -> None:
    """Whatever is wrong with the file is said in words."""
    assert says in str(refused(text, tmp_path)[0])


def test_missing_file_and_folder(tmp_path: Path) -> None:
    """A file that is not there, or is a folder, is reported with its path."""
    for path in (tmp_path / "nothing.yaml", tmp_path):
        with pytest.raises(InputError) as caught:
            load_scenario(path)
        assert caught.value.problems[0].place == str(path)


def test_unknown_ids(network: Network, catalog: Catalog) -> None:
    """Unknown practice, program and workflow in locks come with the nearest known one."""
    locks = (
        Lock(practice="P01", program="tiny_pmpm_2025", decision="joined"),
        Lock(workflow="registy", decision="in_place"),
    )
    scenario = Scenario(locks=locks, exclude_programs=("tiny_bounty",))
    fixes = [problem.fix for problem in complaints(scenario, network, catalog)]
    assert fixes == [
        "did you mean 'P001'?",
        "did you mean 'tiny_pmpm_2026'?",
        "did you mean 'registry'?",
        "did you mean 'tiny_bounty_2026'?",
    ]


@pytest.mark.parametrize(
    ("lock", "says"),
    [
        (Lock(decision="joined"), "names no single decision"),
        (Lock(program="tiny_pmpm_2026", workflow="registry", decision="joined"), "names no single decision"),
        (Lock(program="tiny_pmpm_2026", decision="in_place"), "a program is not 'in_place'"),
        (Lock(workflow="registry", decision="joined"), "a workflow is not 'joined'"),
        (Lock(practice="ORGANIZATION", program="tiny_pmpm_2026", decision="joined"), "is not a practice"),
    ],
)
def test_locks_that_say_nothing(lock: Lock, says: str, network: Network, catalog: Catalog) -> None:
    """A lock that no decision answers to is refused."""
    assert says in complaints(Scenario(locks=(lock,)), network, catalog)[0].message


def test_a_lock_on_a_program_out_of_force(network: Network, catalog: Catalog) -> None:
    """A joined program that pays nothing to this network is not ignored."""
    lock = Lock(program="tiny_pmpm_2026", decision="joined")
    scenario = Scenario(performance_year=2030, terms="in_force", locks=(lock,))
    assert "pays nothing to this network" in complaints(scenario, network, catalog)[0].message


def test_overrides_reach_the_catalog(network: Network, catalog: Catalog) -> None:
    """A scenario that fits comes back with its overrides in the catalog; one that does not is refused."""
    path = "BCS.ceiling"
    scenario = Scenario(overrides=(RateOverride(path=path, value=0.25),))
    assert float(prepared(network, catalog, scenario).measures["BCS"].ceiling) == 0.25
    wrong = Scenario(overrides=(RateOverride(path="BCS.cieling", value=0.25),))
    assert complaints(wrong, network, catalog)[0].fix == f"did you mean '{path}'?"
