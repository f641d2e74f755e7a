"""Laws of the Shared Savings Program and of REACH, held against rows worked out by hand: no published file needed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hand_rows import ACOS, BENCHMARK, LAST_YEAR_OF_FLAGS, Aco, of_year, write_results
from law_books import lone_book
from wrong_laws import LAWS, MSSP_RULES, OTHER_RULES, WrongRule

from critmass.studies.entities import load_map, settle_file

CENT = 0.005
MAPS = {2023: "alternative", 2024: "half_rate"}
Paid = dict[str, float]


def settled(law: Path, results: Path, map_name: str) -> Paid:
    """What a law pays to every row, USD."""
    book = lone_book(law)
    found = settle_file(book, results, load_map(LAWS / "maps" / map_name), map_name)
    return dict(zip(found.table.names, found.totals().tolist(), strict=True))


def paid_in(year: int, law: Path, folder: Path) -> Paid:
    """What a law pays to the hand-worked ACOs of its year."""
    results = folder / f"py{year}.csv"
    write_results(results, of_year(year))
    names = "mssp_track_names" + (f"_{MAPS[year]}" if year in MAPS else "")
    return settled(law, results, "mssp_track_flags.yaml" if year <= LAST_YEAR_OF_FLAGS else f"{names}.yaml")


@pytest.fixture(scope="session")
def under_the_law(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Paid]:
    """What the shipped laws pay, by year."""
    folder = tmp_path_factory.mktemp("acos")
    return {year: paid_in(year, LAWS / f"mssp/{year}.yaml", folder) for year in sorted({aco.year for aco in ACOS})}


@pytest.mark.parametrize("aco", [pytest.param(aco, id=f"{aco.year} {aco.claim}") for aco in ACOS])
def test_law_pays_what_the_hand_worked_out(aco: Aco, under_the_law: dict[int, Paid]) -> None:
    """Each ACO is paid, or owes, its dollars to the cent."""
    assert under_the_law[aco.year][aco.claim] == pytest.approx(aco.paid, abs=CENT)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in MSSP_RULES])
def test_a_wrong_rule_breaks_a_row(rule: WrongRule, tmp_path: Path) -> None:
    """Every wrong law of the Shared Savings Program pays some hand-worked ACO another amount."""
    rule.write(tmp_path)
    years = [int(Path(name).stem) for name in rule.files]
    paid = {year: paid_in(year, tmp_path / f"mssp/{year}.yaml", tmp_path) for year in years}
    broken = [aco.claim for aco in ACOS if aco.year in years and abs(paid[aco.year][aco.claim] - aco.paid) > 1]
    assert broken
    assert {aco.year for aco in ACOS if aco.claim in broken} == set(years)


def test_the_order_of_sequester_and_cap_shows_in_dollars(tmp_path: Path) -> None:
    """Cap first would pay 9,800,000 to both ACOs whose savings reach the cap before the sequester."""
    rule = next(rule for rule in MSSP_RULES if rule.name == "cap_before_sequester")
    rule.write(tmp_path)
    paid = paid_in(2017, tmp_path / "mssp/2017.yaml", tmp_path)
    assert paid["sequester before cap, below the cap"] == pytest.approx(9_800_000, abs=CENT)
    assert paid["sequester before cap, at the cap"] == pytest.approx(9_800_000, abs=CENT)


# REACH ------------------------------------------------------------------------------------------------

REACH = {
    # 25,000,000 whole, then 10,000,000 x 50 %, 15,000,000 x 25 %, 10,000,000 x 10 %: 34,750,000; x 98 %
    ("Global", 60_000_000): 34_055_000.0,
    ("Global", -60_000_000): -34_750_000.0,
    # 10,000,000 whole; x 98 %
    ("Global", 10_000_000): 9_800_000.0,
    ("Global", -10_000_000): -10_000_000.0,
    # 5,000,000 x 50 %, 5,000,000 x 35 %, 5,000,000 x 15 %, 5,000,000 x 5 %: 5,250,000; x 98 %
    ("Professional", 20_000_000): 5_145_000.0,
    ("Professional", -20_000_000): -5_250_000.0,
    # 5,000,000 x 50 % + 1,000,000 x 35 % = 2,850,000; x 98 %. There is no minimum savings rate.
    ("Professional", 6_000_000): 2_793_000.0,
    ("Professional", 10_000): 4_900.0,
}
"""Arrangement and savings: what is paid, USD."""


def reach_paid(year: int, law: Path, folder: Path) -> Paid:
    """What a law pays to the REACH rows, by arrangement and savings."""
    header = "aco_id,perf_year,risk_arrangement,bene_cnt,final_benchmark,tot_cost_care_net"
    lines = [
        f"{arrangement} {savings},{year},{arrangement},5000,{BENCHMARK},{BENCHMARK - savings}"
        for arrangement, savings in REACH
    ]
    lines.append(f"another year,{year - 1},Global,5000,{BENCHMARK},{BENCHMARK}")
    (folder / "reach.csv").write_text("\n".join([header, *lines]))
    text = (LAWS / "maps/reach.yaml").read_text().replace("{year}", str(year))
    (folder / "map.yaml").write_text(text)
    book = lone_book(law)
    found = settle_file(book, folder / "reach.csv", load_map(folder / "map.yaml"))
    return dict(zip(found.table.names, found.totals().tolist(), strict=True))


@pytest.mark.parametrize("year", [2021, 2022, 2023, 2024, 2025])
def test_reach_corridors(year: int, tmp_path: Path) -> None:
    """Every band is marginal, up to the fourth; two percent come off savings, nothing off losses."""
    paid = reach_paid(year, LAWS / f"reach/{year}.yaml", tmp_path)
    wanted = {f"{arrangement} {savings} {year}": usd for (arrangement, savings), usd in REACH.items()}
    assert paid == pytest.approx(wanted, abs=CENT)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in OTHER_RULES if rule.set_id == "reach"])
def test_a_wrong_corridor_breaks_a_row(rule: WrongRule, tmp_path: Path) -> None:
    """Bands of the whole, and a sequester of losses, pay some row another amount."""
    rule.write(tmp_path)
    paid = reach_paid(2022, tmp_path / "reach/2022.yaml", tmp_path)
    wanted = {f"{arrangement} {savings} 2022": usd for (arrangement, savings), usd in REACH.items()}
    assert paid != pytest.approx(wanted, abs=1)


def test_every_shipped_law_is_of_its_year() -> None:
    """The performance year of every program is the year in its file's name."""
    for path in sorted([*LAWS.glob("mssp/*.yaml"), *LAWS.glob("reach/*.yaml")]):
        law = yaml.safe_load(path.read_text())
        assert {program["performance_year"] for program in law["programs"]} == {int(path.stem)}
