"""`critmass view`: what each role is shown of a plan's folder, and every mistake in words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from critmass.report.view_schema import ViewDocument
from critmass.report.write import write_plan
from critmass.studies.confidentiality import ReleaseLog
from plans import small_plan, tiny_catalog
from test_cli import Ended, run

HEAD = "payer,field,purpose,given,withdrawn\n"


@pytest.fixture(scope="module", autouse=True)
def tiny_only() -> Iterator[None]:
    """The tiny catalog stands for the shipped one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("critmass.report.plan_inputs.load_catalog", lambda dirs: tiny_catalog())
        yield


@pytest.fixture(scope="module")
def planned_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a plan by hand for three practices."""
    out = tmp_path_factory.mktemp("plan") / "out"
    write_plan(small_plan(), out)
    return out


@pytest.fixture
def planned(planned_once: Path, tmp_path: Path) -> Path:
    """A copy of it, with a log of its own."""
    return Path(shutil.copytree(planned_once, tmp_path / "out"))


def consents(folder: Path, *lacking: str) -> Path:
    """Consents of all payers for the purpose 'repair', but for some payers."""
    rows = [
        f"{payer},{field},repair,2026-01-01,\n"
        for payer in ("bcbsm", "medicare", "meridian")
        for field in ("plan_part", "aggregates")
        if payer not in lacking
    ]
    path = folder / "consents.csv"
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return path


def fits(ended: Ended) -> str:
    """The words of a screen that is 60 columns wide."""
    assert ended.code == 0, ended.err
    assert max(map(len, ended.out.splitlines())) <= 60
    return " ".join(ended.out.split())


SHOWN = {
    "pho_admin": ("accrued, by payer and program", "tiny_bounty_2026", "Members"),
    "auditor": ("Releases so far", "nothing"),
    "analyst": ("Members of all payers", "(hidden)", "each could be anything in a range of 10 or more"),
    "payer:bcbsm": ("Own rates and terms", "Own members", "Own money as things stand"),
    "practice:P001": ("Own money and costs under the plan", "meridian", "(hidden)"),
}


@pytest.mark.parametrize("role", SHOWN)
def test_each_role_is_shown_its_view(planned: Path, role: str) -> None:
    """Titles of its tables, the policy, and that it is no legal clearance, on a narrow screen."""
    words = fits(run("view", planned, "--role", role, width=60))
    for part in (*SHOWN[role], "floor_5_25", "A default floor, not legal clearance.", "Release 1 of the log"):
        assert part in words


def test_a_wide_screen_aligns_numbers(planned: Path) -> None:
    """Thousands are separated and dollars have no cents."""
    ended = run("view", planned, "--role", "pho_admin", width=100)
    lines = [line for line in ended.out.splitlines() if "$" in line]
    assert len({line.rstrip()[-1].isdigit() and len(line.rstrip()) for line in lines}) == 1
    assert all("," in line and "." not in line for line in lines)


def test_json_is_the_document_and_nothing_else(planned: Path) -> None:
    """Every row, hidden numbers as null; from plan.json as from its folder."""
    found = ViewDocument.model_validate(run("view", planned / "plan.json", "--role", "analyst", "--json").json())
    assert (found.role, found.policy.name) == ("analyst", "floor_5_25")
    assert all(row[-1] is None for table in found.tables for row in table.rows)
    assert run("schema", "view").json()["title"] == "ViewDocument"


def test_views_are_logged_beside_the_plan_or_elsewhere(planned: Path, tmp_path: Path) -> None:
    """One line for each view that was shown."""
    run("view", planned, "--role", "analyst")
    run("view", planned, "--role", "payer:bcbsm", "--purpose", "  ")
    elsewhere = tmp_path / "log.jsonl"
    run("view", planned, "--role", "analyst", "--log", elsewhere)
    assert [item.role for item in ReleaseLog(planned / "releases.jsonl").read()] == ["analyst", "payer:bcbsm"]
    assert len(ReleaseLog(elsewhere).read()) == 1


def test_with_consents_a_payer_is_shown_its_part(planned: Path, tmp_path: Path) -> None:
    """Its part of the plan, and sums of others that here are all hidden."""
    asked = ("--role", "payer:bcbsm", "--purpose", "Repair", "--consents", consents(tmp_path))
    words = fits(run("view", planned, *asked, width=60))
    assert "Own part of the plan" in words
    assert "Members of other payers" in words
    assert "tiny_pmpm" not in words


def test_a_lacking_consent_refuses(planned: Path, tmp_path: Path) -> None:
    """Exit code 2, the payers and fields that lack, nothing on stdout; as JSON too."""
    asked = ("--role", "payer:bcbsm", "--purpose", "repair", "--consents", consents(tmp_path, "meridian"))
    ended = run("view", planned, *asked)
    assert (ended.code, ended.out) == (2, "")
    assert "Nothing was released" in ended.err
    assert "meridian, plan_part, for the purpose 'repair': was never given" in ended.words
    as_json = run("view", planned, *asked, "--json")
    assert json.loads(as_json.out)["status"] == "refused"
    assert not (planned / "releases.jsonl").exists()


def test_messenger_mode_says_what_it_is(planned: Path) -> None:
    """Joint views are off, and that is no legal advice."""
    words = fits(run("view", planned, "--role", "practice:P001", "--messenger", width=60))
    assert "joint views are off" in words
    assert "(hidden)" not in words


WRONG = {
    ("--role", "payr:bcbsm"): "unknown role 'payr:bcbsm' Fix: did you mean 'payer'?",
    ("--role", "payer:bcbs"): "the network has no payer 'bcbs' Fix: did you mean 'bcbsm'?",
    ("--role", "analyst", "--policy", "floor_8"): "unknown policy 'floor_8' Fix: did you mean 'floor_8_20'?",
    ("--role", "payer:bcbsm", "--purpose", "repair"): "a part of a joint plan is shown with consents only",
    ("--role", "payer:bcbsm", "--purpose", "x", "--messenger"): "leave --purpose out, or --messenger",
    ("--role", "analyst", "--consents", "none.csv"): "no such file",
    ("--role", "analyst", "--log", "."): "cannot be written to",
}


@pytest.mark.parametrize("asked", WRONG, ids=" ".join)
def test_mistakes_have_words(planned: Path, asked: tuple[str, ...]) -> None:
    """Exit code 2, what is wrong and how to mend it, and no view."""
    ended = run("view", planned, *asked, width=200)
    assert (ended.code, ended.out) == (2, "")
    assert WRONG[asked] in ended.words


def test_a_folder_without_a_plan_is_named(tmp_path: Path) -> None:
    """As `explain` says it."""
    ended = run("view", tmp_path, "--role", "analyst")
    assert ended.code == 2
    assert "is missing; it holds what the plan was made from" in ended.words


def test_a_changed_log_stops_all_views(planned: Path) -> None:
    """The log is evidence: nothing more is shown on top of a changed one."""
    run("view", planned, "--role", "analyst")
    log = planned / "releases.jsonl"
    log.write_text(log.read_text().replace("analyst", "auditor"), encoding="utf-8")
    ended = run("view", planned, "--role", "pho_admin", width=200)
    assert (ended.code, ended.out) == (2, "")
    assert "line 1: was changed after it was written" in ended.words


def test_a_view_is_logged_before_it_is_shown(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between the two ends with 130, and the release is in the log."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("critmass.cli.view.show_view", interrupted)
    assert run("view", planned, "--role", "analyst").code == 130
    assert len(ReleaseLog(planned / "releases.jsonl").read()) == 1
