"""`critmass explain`: a plan from its files, whole or in part, and why there is none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from critmass.network import sample_network, write_network
from critmass.network.fill import network_hash
from critmass.report.explanation_schema import ConflictDocument, ExplanationDocument
from critmass.report.plan_inputs import INPUTS_FILE, read_plan, write_plan_inputs
from critmass.report.schema import PlanDocument
from plans import plan_by_hand, small_plan, tiny_catalog
from test_cli import run


@pytest.fixture(scope="module", autouse=True)
def tiny_only() -> Iterator[None]:
    """The tiny catalog stands for the shipped one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("critmass.studies.scenario.load_catalog", lambda dirs: tiny_catalog())
        patch.setattr("critmass.report.plan_inputs.load_catalog", lambda dirs: tiny_catalog())
        yield


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two practices under the tiny catalog."""
    path = tmp_path_factory.mktemp("network") / "two.xlsx"
    write_network(path, sample_network(2, 1, tiny_catalog()))
    return path


@pytest.fixture(scope="module")
def planned_once(workbook: Path) -> Path:
    """The folder of a plan."""
    out = workbook.parent / "out"
    assert run("plan", workbook, "--out", out, "--gap", "0.0001").code == 0
    return out


@pytest.fixture
def planned(planned_once: Path, tmp_path: Path) -> Path:
    """A copy of it, for tests to spoil."""
    return Path(shutil.copytree(planned_once, tmp_path / "out"))


def test_a_plan_is_explained_from_its_folder(planned: Path) -> None:
    """The whole plan: worth of its parts, what is declined, who is short of mass, what is near; it fits."""
    ended = run("explain", planned, "--fronts", width=60)
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 60
    words = " ".join(ended.out.split())
    for title in ("Joined programs", "Payers:", "Declined:", "Short of critical mass", "Nearly as good", "effort"):
        assert title in words
    assert "Gap bounties and visit fees" in words


PARTS = {
    ("--program", "tiny_savings_2026"): ("why not joined", "It would be joined if", "1.9%"),
    ("--program", "tiny_bounty_2026"): ("Worth $17,013, which is certain", "Adds up to", "Table A"),
    ("--practice", "P001"): ("Mass ratio", "PMPM from medicare", "Where the money comes from"),
    ("--workflow", "wellness_visits"): ("where it does not run", "Started at"),
    ("--payer", "bcbsm"): ("what it is worth", "Adds up to"),
}


@pytest.mark.parametrize("asked", PARTS, ids=" ".join)
def test_parts_of_a_plan_are_explained(planned: Path, asked: tuple[str, str]) -> None:
    """One program, practice, workflow or payer in words that fit, from plan.json as from its folder."""
    ended = run("explain", planned / "plan.json", *asked, width=60)
    assert ended.code == 0, ended.err
    assert max(map(len, ended.out.splitlines())) <= 60
    text = " ".join(ended.out.split())
    assert all(word in text for word in PARTS[asked]), text


def test_an_explanation_as_json(planned: Path) -> None:
    """With --json stdout is the document alone, and it says what was asked, and of which plan."""
    ended = run("explain", planned, "--program", "tiny_savings_2026", "--json", "--gap", "0.001", "--time-limit", "9")
    found = ExplanationDocument.model_validate_json(ended.out)
    plan = PlanDocument.model_validate_json((planned / "plan.json").read_text())
    assert (found.subject.kind, found.subject.id) == ("program", "tiny_savings_2026")
    assert (found.plan_hash, found.catalog_hash) == (plan.plan_hash, plan.catalog_hash)
    assert (found.options.gap, found.options.time_limit_seconds) == (0.001, 9.0)
    (reason,) = found.why_nots
    assert reason.terms is not None and reason.terms.flips[0].at == 0.019
    assert found.money is not None and found.money.total_usd == 0.0
    assert found.better_plan is None


def test_nothing_is_written_without_a_better_plan(planned: Path, tmp_path: Path) -> None:
    """--out takes a better plan only; where none came up, that is said."""
    ended = run("explain", planned, "--workflow", "outreach", "--out", tmp_path / "better")
    assert ended.code == 0
    assert "No better plan came up" in ended.words
    assert not (tmp_path / "better").exists()


def test_a_better_plan_is_written(tmp_path: Path) -> None:
    """A plan by hand is not the best: the better one is named and written, with its inputs."""
    plan = small_plan(2)
    scenario = plan.scenario.model_copy(update={"objective": "margin"})
    by_margin = replace(plan, scenario=scenario, levels=plan.levels[-1:])
    write_plan_inputs(by_margin, tmp_path / INPUTS_FILE)
    ended = run("explain", tmp_path, "--program", "tiny_bounty_2026", "--out", tmp_path / "better")
    assert ended.code == 0, ended.err
    assert "A better plan came up on the way" in " ".join(ended.out.split())
    better = read_plan(tmp_path / "better")
    assert better.outcome.margin[0] > plan.outcome.margin[0]


# Files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", [True, False])
def test_a_plan_comes_back_from_its_files(blank: bool, tmp_path: Path) -> None:
    """Network, decisions, scenario, limits and outcome are the plan's to the last digit, blank budgets too."""
    network = sample_network(3, 1, tiny_catalog())
    cash = network.table("Practices").assign(startup_budget_usd=np.inf if blank else 1_000.0)
    tables = {**network.tables, "Practices": cash}
    plan = plan_by_hand(replace(network, tables=tables, hash=network_hash(tables)), tiny_catalog())
    write_plan_inputs(plan, tmp_path / INPUTS_FILE)
    again = read_plan(tmp_path)
    assert again.plan_hash == plan.plan_hash and again.network.hash == plan.network.hash
    assert again.levels == plan.levels and again.scenario == plan.scenario and again.options == plan.options
    assert np.array_equal(again.outcome.margin, plan.outcome.margin)
    assert np.array_equal(again.outcome.mass_ratio, plan.outcome.mass_ratio)


def refused(planned: Path, *more: str) -> str:
    """What a refused explanation says; it ends with 2."""
    ended = run("explain", planned, *more)
    assert ended.code == 2, ended.out
    return ended.words


def test_another_catalog_is_refused(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan is never explained by a catalog that it was not made with."""
    other = replace(tiny_catalog(), hash="0" * 64)
    monkeypatch.setattr("critmass.report.plan_inputs.load_catalog", lambda dirs: other)
    words = refused(planned)
    assert "was made with another catalog" in words and "give the same --catalog folders" in words


def test_missing_and_changed_files_are_refused(planned: Path) -> None:
    """Without inputs.json, or with other numbers in it, nothing is explained."""
    file = planned / INPUTS_FILE
    content = json.loads(file.read_text())
    reach = [row[:] for row in content["decisions"]["reach"]]
    reach[0][0] = 0.123
    file.write_text(json.dumps({**content, "decisions": {**content["decisions"], "reach": reach}}))
    assert "its decisions are not the plan's" in refused(planned)
    content["network"]["Panel"]["members"][0] += 1
    file.write_text(json.dumps(content))
    assert "its network is not the plan's" in refused(planned)
    file.write_text("{}")
    assert "catalog_hash" in refused(planned)
    file.write_text("not json")
    assert "cannot be read" in refused(planned)
    file.unlink()
    assert "is missing; it holds what the plan was made from" in refused(planned)
    assert "does not exist" in refused(planned / "other.json")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--program", "tiny_savngs_2026"), "did you mean 'tiny_savings_2026'?"),
        (("--practice", "P01"), "did you mean 'P001'?"),
        (("--practice", "P001", "--payer", "bcbsm"), "ask about one at a time"),
        (("--scenario", "any.yaml"), "does not go with a plan"),
    ],
)
def test_questions_that_make_no_sense_are_refused(planned: Path, asked: tuple[str, ...], words: str) -> None:
    """Unknown ids get the nearest known one; two subjects, or a scenario beside a plan, are refused."""
    assert words in refused(planned, *asked)


# No plan ----------------------------------------------------------------------------------------------


def test_a_conflict_is_explained(workbook: Path, tmp_path: Path) -> None:
    """A network with a contradictory scenario ends with 3, and says what contradicts what, and the ways out."""
    scenario = tmp_path / "bad.yaml"
    scenario.write_text(
        "locks:\n  - {workflow: outreach, decision: in_place}\n"
        "  - {practice: P002, workflow: registry, decision: left_out}\n"
    )
    ended = run("explain", workbook, "--scenario", scenario, width=60)
    assert ended.code == 3
    assert max(map(len, ended.out.splitlines())) <= 60
    words = " ".join(ended.out.split())
    assert "none of them is needless" in words and "outreach needs registry" in words
    assert "lock: registry left out at P002" in words
    found = ConflictDocument.model_validate_json(run("explain", workbook, "--scenario", scenario, "--json").out)
    assert found.minimal and found.fewest == 1 and len(found.repairs) == len(found.terms) == 2


def test_a_network_is_planned_and_explained(workbook: Path) -> None:
    """A network in place of a plan is planned first."""
    ended = run("explain", workbook, "--payer", "meridian")
    assert ended.code == 0
    assert "Worth $14,786" in ended.out
