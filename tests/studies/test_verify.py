"""Verification of published results: which files and laws it finds, what it counts, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from critmass.catalog import data_dir
from critmass.cli import app
from critmass.domain.errors import InputError
from critmass.studies.verify import CheckOutcome, Miss, VerificationReport, verify

LAWS = data_dir() / "verification"
MSSP_COLUMNS = "N_AB,ABtotBnchmk,BnchmkMinExp,MinSavPerc,DisAdj,Met_QPS,QualScore,EarnSaveLoss"
SET = "mssp_settlement"
UNEXPLAINED = 1
REFUSED = 2

Row = tuple[str, str, int, int]
"""Name, track, savings on a benchmark of 100 million dollars, and what is published as paid."""


def flags_file(folder: Path, year: int, rows: list[Row], last_column: str = "Current_Track_1_Plus") -> None:
    """Results whose tracks are columns of 0 and 1."""
    tracks = {"1": "Current_Track_1", "2": "Current_Track_2", "3": "Current_Track_3", "1+": last_column}
    lines = [f"ACO_Num,{','.join(tracks.values())},{MSSP_COLUMNS}"]
    for name, track, savings, paid in rows:
        flags = ",".join(str(int(track == item)) for item in tracks)
        lines.append(f"{name},{flags},10000,100000000,{savings},0.02,,1,1,{paid}")
    write(folder / f"mssp/py{year}.csv", "\n".join(lines))


def names_file(folder: Path, year: int, rows: list[Row], entity: str = "ACO_ID") -> None:
    """Results that name the track in one column."""
    lines = [f"{entity},Current_Track,{MSSP_COLUMNS}"]
    for name, track, savings, paid in rows:
        lines.append(f"{name},{track},10000,100000000,{savings},2.00%,-,1,100.00%,{paid}")
    write(folder / f"mssp/py{year}.csv", "\n".join(lines))


def write(path: Path, text: str) -> None:
    """A text file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def only_check(report: VerificationReport) -> CheckOutcome:
    """The one check that was tried."""
    [found] = report.outcomes
    return found


GAIN: Row = ("A1", "1", 5_000_000, 2_450_000)
"""5,000,000 x 50 % x 98 %."""


# Other years need only another file -------------------------------------------------------------------


@pytest.mark.parametrize("spelled", ["Current_Track_1_Plus", "Current_Track_1Plus", "Current_Track_1P"])
def test_results_of_another_year_are_settled_by_its_shipped_law(spelled: str, tmp_path: Path) -> None:
    """A 2018 file with Track 1+, whatever its column is called, needs nothing but itself."""
    rows = [GAIN, ("A2", "1+", -5_000_000, -1_500_000), ("A3", "1+", -20_000_000, -4_000_000)]
    flags_file(tmp_path, 2018, rows, spelled)
    found = only_check(verify(tmp_path, only=[SET]))
    assert (found.year, found.tried, found.matched) == ("2018", 3, 3)


def law_of_2031(folder: Path) -> Path:
    """A law of one's own: the one of 2022 with 60 % in BASIC E."""
    text = (LAWS / "mssp/2022.yaml").read_text().replace("2022", "2031")
    law = yaml.safe_load(text)
    level_e = next(program for program in law["programs"] if program["id"] == "mssp_basic_e")
    level_e["components"][0]["rate"]["pays"] = 0.60
    write(folder / "mssp/2031.yaml", yaml.safe_dump(law))
    return folder


def test_a_law_of_ones_own_is_another_file(tmp_path: Path) -> None:
    """A year that is not shipped is skipped, with what to write, until its law is in a folder of one's own."""
    names_file(tmp_path / "data", 2031, [("A1", "E", 5_000_000, 2_940_000)])
    without = verify(tmp_path / "data", only=[SET])
    assert without.outcomes == ()
    assert "no law file mssp/2031.yaml" in without.skipped[0].reason
    found = only_check(verify(tmp_path / "data", laws=[law_of_2031(tmp_path / "laws")], only=[SET]))
    assert (found.year, found.matched) == ("2031", 1)


def test_a_law_of_ones_own_comes_before_the_shipped_one(tmp_path: Path) -> None:
    """A file of the same year in an extra folder is taken instead of the shipped law."""
    flags_file(tmp_path / "data", 2018, [GAIN])
    text = (LAWS / "mssp/2018.yaml").read_text().replace("pays: 0.50", "pays: 0.10")
    write(tmp_path / "laws/mssp/2018.yaml", text)
    assert only_check(verify(tmp_path / "data", laws=[tmp_path / "laws"], only=[SET])).matched == 0


OWN_SET = """
sets:
  - id: own
    label: A set of one's own
    publication: a made-up file
    results: own/results_(\\d{4})\\.csv
    law: own/{year}.yaml
    maps: [maps/own.yaml]
    checks: [{id: paid, label: Paid, computes: component.fee, published: Paid, within: 0.005}]
"""
OWN_LAW = """
cite: {assumption: true, reason: made up}
programs:
  - id: own_program
    label: Own program
    payer: medicare
    performance_year: 2026
    lines_of_business: [medicare_ffs]
    effective: {}
    status: complete
    components:
      - id: fee
        label: Fee
        clause: "1"
        payment_stream: p4p
        apm_category: 2A
        quantity: {kind: members}
        rate: {kind: constant, pays: 3}
"""


def own_set(folder: Path, text: str = OWN_SET) -> Path:
    """A folder with a set, a law and a map."""
    write(folder / "sets.yaml", text)
    write(folder / "own/2026.yaml", OWN_LAW)
    write(folder / "maps/own.yaml", "entity: name\nmembers: members\n")
    return folder


def test_a_set_of_ones_own_is_found(tmp_path: Path) -> None:
    """A manifest in an extra folder adds its sets to the shipped ones."""
    write(tmp_path / "data/own/results_2026.csv", "name,members,Paid\nOne,7,21\nTwo,8,25\n")
    report = verify(tmp_path / "data", laws=[own_set(tmp_path / "laws")], only=["own"])
    found = only_check(report)
    assert (found.rows, found.tried, found.matched) == (2, 2, 1)
    assert found.misses == (Miss("Two", 24.0, 25.0, ""),)
    assert report.labels == {"own": "A set of one's own"}


def test_a_spoiled_manifest_is_refused_with_its_place(tmp_path: Path) -> None:
    """An unknown key of a set is named."""
    (tmp_path / "data").mkdir()
    laws = own_set(tmp_path / "laws", OWN_SET.replace("publication:", "publicaton:"))
    with pytest.raises(InputError) as refused:
        verify(tmp_path / "data", laws=[laws])
    assert "publicaton" in str(refused.value)


# What is absent, unknown or spoiled -------------------------------------------------------------------


def test_absent_files_are_skipped_with_the_public_name(tmp_path: Path) -> None:
    """In an empty folder every set is skipped, and says which public file it needs."""
    report = verify(tmp_path)
    assert report.outcomes == ()
    assert [item.set_id for item in report.skipped] == list(report.labels)
    assert all("public file: " in item.reason for item in report.skipped)
    reasons = {item.set_id: item.reason for item in report.skipped}
    assert "Shared Savings Program performance year financial and quality results" in reasons[SET]


def test_a_needed_second_file_that_is_absent_is_named(tmp_path: Path) -> None:
    """Quality results without the benchmarks of both years are skipped by name."""
    write(tmp_path / "mssp/quality_py2023.csv", "ACO_ID\nA1\n")
    write(tmp_path / "mips/benchmarks_2023.json", "[]")
    [skipped] = verify(tmp_path, only=["mssp_quality"]).skipped
    assert "2023: mips/benchmarks_2022.json is absent; public file: " in skipped.reason


def test_a_file_without_a_published_answer_is_skipped(tmp_path: Path) -> None:
    """A results file that lacks the compared column is named, not passed over in silence."""
    flags_file(tmp_path, 2018, [GAIN])
    path = tmp_path / "mssp/py2018.csv"
    path.write_text(path.read_text().replace("EarnSaveLoss", "Earned"))
    report = verify(tmp_path, only=[SET])
    assert report.outcomes == ()
    assert "py2018.csv publishes nothing that the set compares" in report.skipped[0].reason


def test_a_file_of_several_years_needs_its_year_column(tmp_path: Path) -> None:
    """REACH results without the year are refused with the public file's name."""
    write(tmp_path / "reach/reach_py2021_2022.csv", "aco_id\nD1\n")
    with pytest.raises(InputError, match=r"no column 'perf_year' for the year.*ACO REACH financial"):
        verify(tmp_path, only=["reach"])


def test_a_map_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A set that names a map without a file says which."""
    write(tmp_path / "data/own/results_2026.csv", "name,members,Paid\nOne,7,21\n")
    laws = own_set(tmp_path / "laws", OWN_SET.replace("maps/own.yaml", "maps/other.yaml"))
    with pytest.raises(InputError, match=r"there is no file maps/other\.yaml"):
        verify(tmp_path / "data", laws=[laws], only=["own"])


def test_an_unknown_set_is_refused(tmp_path: Path) -> None:
    """The message lists the sets that there are."""
    with pytest.raises(InputError) as refused:
        verify(tmp_path, only=["mssp"])
    assert "unknown set 'mssp'" in str(refused.value)
    assert SET in str(refused.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The data folder must exist."""
    with pytest.raises(InputError, match="no such folder"):
        verify(tmp_path / "nowhere")


def test_an_unknown_track_is_refused_with_row_and_column(tmp_path: Path) -> None:
    """A text that the nearest map does not list is named with its place."""
    names_file(tmp_path, 2022, [("A1", "Z", 5_000_000, 0)])
    with pytest.raises(InputError) as refused:
        verify(tmp_path, only=[SET])
    assert "py2022.csv, row 2, column Current_Track: unknown text 'Z'" in str(refused.value)


def test_a_track_that_the_year_does_not_have_is_refused(tmp_path: Path) -> None:
    """Track 1 had ended by 2022; its law has no such program."""
    names_file(tmp_path, 2022, [("A1", "1", 5_000_000, 0)])
    with pytest.raises(InputError, match="mssp_track_1"):
        verify(tmp_path, only=[SET])


# Maps -------------------------------------------------------------------------------------------------


def test_a_spoiled_cell_does_not_fall_back_to_a_poorer_map(tmp_path: Path) -> None:
    """Where all columns of a map are there, its cells are read or refused: the law never loses a fact in silence."""
    header = f"ACO_ID,Current_Track,Met_AltQPS,{MSSP_COLUMNS}"
    write(tmp_path / "mssp/py2023.csv", f"{header}\nA1,E,perhaps,10000,100000000,5000000,2.00%,-,1,60.00%,2450000\n")
    with pytest.raises(InputError, match="row 2, column Met_AltQPS: 'perhaps' is not a number"):
        verify(tmp_path, only=[SET])


@pytest.mark.parametrize("entity", ["ACO_ID", "ACO_Num"])
def test_the_first_map_that_fits_is_taken(entity: str, tmp_path: Path) -> None:
    """The same law settles files that number their ACOs in either column."""
    names_file(tmp_path, 2022, [("A1", "E", 5_000_000, 2_450_000)], entity)
    assert only_check(verify(tmp_path, only=[SET])).matched == 1


def test_a_richer_map_comes_first(tmp_path: Path) -> None:
    """With the column of the alternative standard in a 2023 file, it counts."""
    header = f"ACO_ID,Current_Track,Met_AltQPS,{MSSP_COLUMNS}"
    # 5,000,000 x 50 % x 0.6 x 98 %
    row = "A1,E,1,10000,100000000,5000000,2.00%,-,0,60.00%,1470000"
    write(tmp_path / "mssp/py2023.csv", f"{header}\n{row}\n")
    assert only_check(verify(tmp_path, only=[SET])).matched == 1


def test_the_nearest_map_speaks_when_none_fits(tmp_path: Path) -> None:
    """A missing column is reported by the map that lacks the fewest."""
    write(tmp_path / "mssp/py2022.csv", f"ACO_ID,Current_Track,{MSSP_COLUMNS}\n".replace("MinSavPerc", "MSR") + "A,E\n")
    with pytest.raises(InputError) as refused:
        verify(tmp_path, only=[SET])
    assert "mssp_track_names.yaml: facts.mssp_msr_rate" in str(refused.value)
    assert "no column 'MinSavPerc'" in str(refused.value)


# Counting ---------------------------------------------------------------------------------------------


def miss_file(folder: Path) -> None:
    """One match, one miss with a cause, and two without."""
    rows = [
        ("right", "E", 5_000_000, 2_450_000),
        ("revenue limit", "E", -10_000_000, -1_000_000),
        ("wrong side", "E", -10_000_000, -4_000_000),
        ("wrong gain", "E", 5_000_000, 2_500_000),
    ]
    names_file(folder, 2022, [*rows, ("not published", "E", 5_000_000, "")])  # type: ignore[list-item]


def test_misses_are_counted_with_and_without_a_cause(tmp_path: Path) -> None:
    """A cause explains a miss only on its side and sign; rows without a published number are not tried."""
    miss_file(tmp_path)
    report = verify(tmp_path, only=[SET])
    found = only_check(report)
    assert (found.rows, found.tried, found.matched, report.unexplained) == (5, 4, 1, 2)
    causes = {miss.entity: bool(miss.cause) for miss in found.misses}
    assert causes == {"revenue limit": True, "wrong side": False, "wrong gain": False}


def test_quality_is_taken_within_its_rounding(tmp_path: Path) -> None:
    """A score published with four digits leaves a range of dollars; an amount beyond it is a miss."""
    header = f"ACO_Num,Current_Track_1,Current_Track_2,{MSSP_COLUMNS}"
    # 5,000,000 x 50 % x 98 % = 2,450,000 times 0.9, between 0.89995 and 0.90005: 122.50 more or less, and a dollar.
    paid = {"inside": 2_205_000 + 123, "outside": 2_205_000 + 124, "inside below": 2_205_000 - 123}
    rows = [f"{name},1,0,10000,100000000,5000000,0.02,,1,0.9,{usd}" for name, usd in paid.items()]
    write(tmp_path / "mssp/py2013.csv", "\n".join([header, *rows]))
    assert [miss.entity for miss in only_check(verify(tmp_path, only=[SET])).misses] == ["outside"]


# The command ------------------------------------------------------------------------------------------


def run(*arguments: str | Path, environment: dict[str, str] | None = None) -> Any:
    """`critmass verify` in this process."""
    return CliRunner().invoke(app, ["verify", *map(str, arguments)], env={"COLUMNS": "200", **(environment or {})})


def test_an_unexplained_miss_is_exit_code_one(tmp_path: Path) -> None:
    """The misses are shown with what is known of them."""
    miss_file(tmp_path)
    ended = run("--data", tmp_path, "--only", SET)
    assert ended.exit_code == UNEXPLAINED
    assert "wrong gain" in ended.stdout
    assert "not known" in ended.stdout
    assert "1 of 4 rows match; 2 rows without a known cause." in ended.stdout


def test_explained_misses_are_no_failure(tmp_path: Path) -> None:
    """The folder may be named in the environment; exit code 0 when every miss has a cause."""
    names_file(tmp_path, 2022, [("revenue limit", "E", -10_000_000, -1_000_000)])
    ended = run("--only", SET, environment={"CRITMASS_VALIDATION": str(tmp_path)})
    assert ended.exit_code == 0
    assert "0 of 1 rows match; 0 rows without a known cause." in ended.stdout


def test_the_json_document(tmp_path: Path) -> None:
    """Nothing but the document is on stdout: counts, checks, misses with their causes, and what was skipped."""
    miss_file(tmp_path)
    ended = run("--data", tmp_path, "--only", SET, "--only", "reach", "--json")
    document = json.loads(ended.stdout)
    assert ended.exit_code == UNEXPLAINED
    head = {key: document[key] for key in ("kind", "status", "tried", "matched", "unexplained")}
    assert head == {"kind": "verification", "status": "unexplained", "tried": 4, "matched": 1, "unexplained": 2}
    [check] = document["checks"]
    assert set(check) == {"set", "year", "check", "label", "rows", "tried", "matched", "misses"}
    wrong = {"entity": "wrong gain", "computed": 2_450_000.0, "published": 2_500_000.0, "cause": None}
    assert check["misses"][-1] == pytest.approx(wrong)
    [skipped] = document["skipped"]
    assert (skipped["set"], set(skipped)) == ("reach", {"set", "label", "reason"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--data", "nowhere"), "no such folder"), ((), "no folder with published files is named")],
)
def test_refusals_are_exit_code_two(arguments: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder there is nothing to verify, and it says what to name."""
    monkeypatch.delenv("CRITMASS_VALIDATION", raising=False)
    ended = run(*arguments)
    assert ended.exit_code == REFUSED
    assert said in " ".join(ended.stderr.split())
