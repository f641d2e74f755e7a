"""The command line: what it prints where, what it writes, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import critmass
from critmass.catalog import load_catalog
from critmass.cli import app
from critmass.domain.catalog import Catalog
from critmass.domain.errors import NoPlanInTimeError
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.network import sample_network, write_network
from critmass.report.schema import PlanDocument, SettlementDocument
from critmass.solve.progress import Progress, Reporter
from critmass.studies.plan import Plan
from plans import plan_by_hand, tiny_catalog


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Everything on stderr, line breaks as spaces."""
        return " ".join(self.err.split())

    def json(self) -> Any:
        """What stdout holds, which must be JSON and nothing else."""
        return json.loads(self.out)


def run(*arguments: str | Path, width: int = 80) -> Ended:
    """Runs a command in this process."""
    result = CliRunner().invoke(app, [str(item) for item in arguments], env={"COLUMNS": str(width)})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(scope="session")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic network of two practices as a workbook."""
    path = tmp_path_factory.mktemp("network") / "two.xlsx"
    assert run("sample", "--practices", "2", "--seed", "3", "--out", path).code == 0
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same as a folder of CSV files, for tests to spoil."""
    catalog = load_catalog()
    write_network(tmp_path / "network", sample_network(2, 3, catalog))
    return tmp_path / "network"


def spoil(folder: Path, sheet: str, column: str, value: object) -> None:
    """Writes another value into the first row of a sheet."""
    table = pd.read_csv(folder / f"{sheet}.csv", dtype=object)
    table.loc[0, column] = value
    table.to_csv(folder / f"{sheet}.csv", index=False)


# Results ----------------------------------------------------------------------------------------------


def test_plan_end_to_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From a workbook to a proved plan in files: it ends with 0, files complete, within 60 columns."""
    monkeypatch.setattr("critmass.studies.scenario.load_catalog", lambda dirs: tiny_catalog())
    write_network(tmp_path / "two.xlsx", sample_network(2, 3, tiny_catalog()))
    ended = run("plan", tmp_path / "two.xlsx", "--time-limit", "60", "--out", tmp_path / "out", width=60)
    document = PlanDocument.model_validate_json((tmp_path / "out" / "plan.json").read_text())
    assert (ended.code, document.status) == (0, "optimal")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"plan.xlsx", "plan.json", "ledger.parquet", "inputs.json"}
    assert "optimal, within the asked gap of 2.0%" in " ".join(ended.out.split())
    assert max(map(len, ended.out.splitlines())) <= 60
    assert "Written to" in ended.err


@pytest.fixture
def found_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of a search, a plan of random decisions whose first level is unproved."""

    def instead(
        network: Network,
        catalog: Catalog,
        scenario: Scenario,
        options: SolveOptions,
        report: Reporter,
        *_: object,
        **_more: object,
    ) -> Plan:
        report(Progress("members_at_mass", "node 1", 5.0, None, None, 0.1))
        return replace(plan_by_hand(network, catalog, scenario), options=options)

    monkeypatch.setattr("critmass.cli.plan.plan_network", instead)


@pytest.mark.usefixtures("found_by_hand")
def test_plan_as_json(workbook: Path) -> None:
    """With --json stdout is the document alone, progress goes to stderr, and an open gap ends with 5."""
    ended = run("plan", workbook, "--time-limit", "7", "--gap", "0.5", "--seed", "2", "--json")
    document = PlanDocument.model_validate_json(ended.out)
    assert (document.seed, document.options.gap, document.options.time_limit_seconds) == (2, 0.5, 7.0)
    assert (ended.code, document.status) == (5, "feasible")
    assert "members at critical mass, best 5" in ended.err


def test_the_document_is_all_that_a_process_prints(workbook: Path) -> None:
    """Nothing that a solver prints by itself reaches stdout: what is written there is JSON from the first letter on."""
    command = [sys.executable, "-m", "critmass", "plan", str(workbook), "--json", "--time-limit", "5"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode in (0, 5)
    assert PlanDocument.model_validate_json(ended.stdout).practices


@pytest.mark.usefixtures("found_by_hand")
def test_plan_says_what_is_not_proved(workbook: Path) -> None:
    """On the screen an unproved level is called unproved."""
    ended = run("plan", workbook)
    assert "feasible, gap of 2.0% not proved" in ended.out
    assert "no bound proved" in ended.out


def test_no_plan_in_time(monkeypatch: pytest.MonkeyPatch, workbook: Path) -> None:
    """When time runs out before any plan, the command ends with 4 and says which option to raise."""

    def too_late(*arguments: object, **more: object) -> Plan:
        raise NoPlanInTimeError("no plan was found within the time limit; raise --time-limit")

    monkeypatch.setattr("critmass.cli.plan.plan_network", too_late)
    ended = run("plan", workbook, "--json")
    assert (ended.code, ended.json()["status"]) == (4, "no_plan_in_time")
    assert "raise --time-limit" in ended.words


def test_stopped_by_the_user(monkeypatch: pytest.MonkeyPatch, workbook: Path, tmp_path: Path) -> None:
    """Ctrl-C ends without a traceback and without files."""

    def stopped(*arguments: object, **more: object) -> Plan:
        raise KeyboardInterrupt

    monkeypatch.setattr("critmass.cli.plan.plan_network", stopped)
    ended = run("plan", workbook, "--out", tmp_path / "out")
    assert ended.code == 130
    assert "nothing was written" in ended.words
    assert not (tmp_path / "out").exists()


def test_settle(workbook: Path, tmp_path: Path) -> None:
    """Settling needs no search and writes its own files."""
    ended = run("settle", workbook, "--json", "--out", tmp_path)
    document = SettlementDocument.model_validate_json(ended.out)
    assert ended.code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "settlement.xlsx",
        "settlement.json",
        "ledger.parquet",
    }
    assert SettlementDocument.model_validate_json((tmp_path / "settlement.json").read_text()) == document
    assert run("settle", workbook).code == 0


def test_settle_with_overrides(workbook: Path, tmp_path: Path) -> None:
    """Overrides change the dollars, and the document says how many values were overridden."""
    values = run("check", "catalog", "--json").json()["values"]
    begin, end = "bcbsm_pgip_allocation_2024.components[", "].rate.pays"
    rates = [item for item in values if item["path"].startswith(begin) and item["path"].endswith(end)]
    doubled = [{"path": item["path"], "value": 2 * item["value"]} for item in rates]
    scenario = tmp_path / "twice.yaml"
    scenario.write_text(json.dumps({"overrides": doubled}))
    before, after = (
        SettlementDocument.model_validate_json(run("settle", workbook, "--json", *more).out)
        for more in ((), ("--scenario", scenario))
    )
    assert after.money.withheld_usd == pytest.approx(2 * before.money.withheld_usd, abs=0.05)
    assert any(f"overrides {len(doubled)} value" in note for note in after.notes)


def test_check_catalog() -> None:
    """The shipped catalog is sound, and as JSON every value has its path and its ground."""
    ended = run("check", "catalog", width=60)
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 60
    report = run("check", "catalog", "--json").json()
    assert {program["id"] for program in report["programs"]} == set(load_catalog().programs)
    totals = sum(line["total"] for line in (*report["programs"], *report["families"]))
    assert totals == len(report["values"])
    assert all(item["source"] or item["reason"] for item in report["values"])


def test_check_network(workbook: Path) -> None:
    """A good network is summed up, in words and as JSON."""
    assert "2 practices" in run("check", "network", workbook).out
    report = run("check", "network", workbook, "--json").json()
    assert (report["status"], report["practices"], report["synthetic"]) == ("valid", 2, True)


def test_template_is_empty_and_never_overwrites(tmp_path: Path) -> None:
    """The template is written once; it lacks practices until filled in, and a second one is refused."""
    path = tmp_path / "new" / "network.xlsx"
    assert run("template", path).code == 0
    assert run("check", "network", path).code == 2
    again = run("template", path)
    assert again.code == 2
    assert "exists already" in again.words
    assert run("template", tmp_path / "network.csv").code == 2


def test_samples_repeat(tmp_path: Path) -> None:
    """The same seed makes the same network, whatever the format."""
    hashes = []
    for name in ("one.xlsx", "two", "three.parquet"):
        assert run("sample", "--practices", "2", "--seed", "5", "--out", tmp_path / name).code == 0
        hashes.append(run("check", "network", tmp_path / name, "--json").json()["network_hash"])
    assert len(set(hashes)) == 1


def test_schema() -> None:
    """The schema names the plan's fields; settlements and scenarios have theirs."""
    assert {"status", "levels", "practices", "assumption_share"} <= set(run("schema").json()["properties"])
    assert "practices" in run("schema", "settlement").json()["properties"]
    assert "locks" in run("schema", "scenario").json()["properties"]
    assert {"worths", "why_nots", "money"} <= set(run("schema", "explanation").json()["properties"])
    assert {"terms", "facts", "repairs"} <= set(run("schema", "conflict").json()["properties"])


def test_version_and_help() -> None:
    """Version and help print and end well."""
    assert run("--version").out.strip() == f"critmass {critmass.__version__}"
    assert "Exit codes" in run("--help").out


def test_python_dash_m() -> None:
    """`python -m critmass` is the same command."""
    done = subprocess.run(
        [sys.executable, "-m", "critmass", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == f"critmass {critmass.__version__}"


# Bad input --------------------------------------------------------------------------------------------


def test_unknown_file(tmp_path: Path) -> None:
    """A file that is not there ends with 2 and a fix, without a traceback."""
    ended = run("plan", tmp_path / "nothing.xlsx")
    assert ended.code == 2
    assert "no such file or folder" in ended.words
    assert "Fix: name an existing workbook or folder" in ended.words
    assert "Traceback" not in ended.err


def test_missing_sheet(folder: Path) -> None:
    """A missing sheet is named."""
    (folder / "Panel.csv").unlink()
    ended = run("plan", folder)
    assert ended.code == 2
    assert "sheet Panel is missing" in ended.words


def test_text_in_a_number(folder: Path) -> None:
    """Text where a count belongs is named by sheet, row and column."""
    spoil(folder, "Panel", "members", "many")
    ended = run("settle", folder)
    assert ended.code == 2
    assert "sheet Panel row 2, column members: 'many' is not a whole number" in ended.words


def test_unknown_payer(folder: Path) -> None:
    """An unknown payer comes with the nearest known one."""
    spoil(folder, "Panel", "payer", "bcbms")
    ended = run("check", "network", folder)
    assert ended.code == 2
    assert "unknown payer 'bcbms' Fix: did you mean 'bcbsm'?" in ended.words


def test_empty_network(folder: Path) -> None:
    """A network without practices is refused."""
    for sheet in folder.iterdir():
        pd.read_csv(sheet, dtype=object).iloc[:0].to_csv(sheet, index=False)
    ended = run("plan", folder)
    assert ended.code == 2
    assert "has no practices" in ended.words


def test_all_problems_at_once_and_as_json(folder: Path, tmp_path: Path) -> None:
    """Sixty wrong cells and a wrong scenario: fifty shown, the rest counted, everything in the JSON."""
    table = pd.read_csv(folder / "Baseline.csv", dtype=object)
    table.loc[:60, "denominator"] = "x"
    table.to_csv(folder / "Baseline.csv", index=False)
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("objectiv: margin\n")
    ended = run("plan", folder, "--scenario", scenario, "--json")
    assert ended.code == 2
    report = ended.json()
    assert (report["kind"], report["status"], report["exit_code"]) == ("error", "invalid", 2)
    assert len(report["problems"]) >= 61
    assert report["problems"][0]["fix"] == "did you mean 'objective'?"
    assert f"and {len(report['problems']) - 50} more; --json lists them all" in ended.words


def test_contradictory_locks(workbook: Path, tmp_path: Path) -> None:
    """Locks that cannot hold together end with 3 and the contradiction, before any search."""
    scenario = tmp_path / "locks.yaml"
    scenario.write_text(
        "locks:\n  - {program: mips_2025, decision: joined}\n  - {program: mips_2025, decision: declined}\n"
    )
    ended = run("plan", workbook, "--scenario", scenario)
    assert ended.code == 3
    assert "P001: mips_2025 is locked both as declined and as joined" in ended.words
    report = run("plan", workbook, "--scenario", scenario, "--json").json()
    assert (report["status"], report["exit_code"], len(report["reasons"])) == ("infeasible", 3, 2)


def test_unknown_scenario_key(workbook: Path, tmp_path: Path) -> None:
    """An unknown key of a scenario is refused, never ignored."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("performance_yaer: 2027\n")
    ended = run("plan", workbook, "--scenario", scenario)
    assert ended.code == 2
    assert "performance_yaer: unknown key Fix: did you mean 'performance_year'?" in ended.words


def catalog_with(folder: Path, text: str) -> Path:
    """A folder with one catalog file."""
    folder.mkdir()
    (folder / "mine.yaml").write_text(text)
    return folder


@pytest.mark.parametrize("command", ["check catalog", "plan", "settle", "check network"])
def test_unknown_catalog_key(command: str, workbook: Path, tmp_path: Path) -> None:
    """An unknown key of a catalog file is refused by file and key, by every command that reads catalogs."""
    text = "payers:\n  - {id: new, label: New, lines_of_busines: [exchange]}\n"
    mine = catalog_with(tmp_path / "mine", text)
    network = [] if command == "check catalog" else [workbook]
    ended = run(*command.split(), *network, "--catalog", mine)
    assert ended.code == 2
    assert "payer new: lines_of_busines: unknown key" in ended.words


def test_unsourced_value(tmp_path: Path) -> None:
    """A number without a source is refused unless it is marked as an assumption with a reason."""
    fact = "facts:\n  - {id: my_fact, label: Mine, kind: number, default: 1%s}\n"
    bare = catalog_with(tmp_path / "bare", fact % "")
    ended = run("check", "catalog", "--catalog", bare)
    assert ended.code == 2
    assert "my_fact.default: the value has no source" in ended.words
    marked = catalog_with(tmp_path / "marked", fact % ", cite: {assumption: true, reason: a test}")
    assert run("check", "catalog", "--catalog", marked).code == 0


def test_out_that_is_a_file(workbook: Path) -> None:
    """A result that has nowhere to go is refused before the search."""
    ended = run("plan", workbook, "--out", workbook)
    assert ended.code == 2
    assert "cannot be written to" in ended.words


def test_another_solver_is_for_tiny_networks(tmp_path: Path) -> None:
    """--solver is refused beyond three practices, and so is a solver that does not exist."""
    path = tmp_path / "four.xlsx"
    assert run("sample", "--practices", "4", "--out", path).code == 0
    assert run("plan", path, "--solver", "HiGHS", "--time-limit", "2").code == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "example.org", "::"])
def test_serve_is_for_this_machine_only(host: str) -> None:
    """Addresses that other machines could reach are refused."""
    ended = run("serve", "--host", host)
    assert ended.code == 2
    assert "open to other machines" in ended.words


@pytest.mark.parametrize(
    ("option", "value", "example"),
    [("--gap", "1,5", "0.015"), ("--gap", "2", "0.015"), ("--gap", "nan", "0.015"), ("--time-limit", "5min", "300")],
)
def test_numbers_are_refused_with_an_example(option: str, value: str, example: str, workbook: Path) -> None:
    """A decimal comma, a percentage, no number, a unit: the option, what was given and how to write it."""
    ended = run("plan", workbook, option, value)
    assert ended.code == 2
    assert option in ended.words
    assert repr(value) in ended.words
    assert f"such as {example}" in ended.words


@pytest.mark.parametrize("command", ["coordinate", "share"])
def test_many_plans_need_a_second(command: str, workbook: Path) -> None:
    """Less than that is refused for all of them together."""
    ended = run(command, workbook, "--time-limit", "0.5")
    assert ended.code == 2
    assert "from 1 to 86,400" in ended.words


@pytest.mark.parametrize(
    "arguments", [["plan"], ["plan", "x", "--gap", "2"], ["plan", "x", "--time-limit", "0"], ["nonsense"]]
)
def test_usage(arguments: list[str]) -> None:
    """Wrong usage ends with 2."""
    assert run(*arguments).code == 2
