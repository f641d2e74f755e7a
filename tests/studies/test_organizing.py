"""What organizing is worth: lone plans, the organization's plan, and the steps between them, each planned again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import critmass
from critmass import InfeasibleError, Plan, Scenario, SolveOptions, sample_network
from critmass.domain.network import ORGANIZATION, Network
from critmass.domain.scenario import Lock
from critmass.network import write_network
from critmass.network.fill import complete_network
from critmass.report.organizing import organizing_document
from critmass.report.organizing_schema import OrganizingDocument
from critmass.solve.highs import Problem, SolveLimits, solve
from critmass.studies.organizing import Organizing, organizing
from critmass.studies.pooling import Pooling
from explaining import CENT, OPTIONS, slack
from plans import tiny_catalog
from test_cli import run

SAVINGS = "tiny_savings_2026"
CATALOG = tiny_catalog()
NETWORK = sample_network(2, 3, CATALOG)
BARE = Scenario(hub=False, exclude_programs=(SAVINGS,))


@pytest.fixture(scope="module")
def found() -> Organizing:
    """Two practices of which one holds the savings contract alone, and for which the hub pays."""
    return organizing(NETWORK, CATALOG, options=OPTIONS)


def cut_out(network: Network, practice: str) -> Network:
    """The practice as a network of its own, written out independently."""
    tables = {
        name: table[table["practice"].isin([practice, ORGANIZATION] if name == "Facts" else [practice])]
        if "practice" in table
        else table
        for name, table in network.tables.items()
    }
    return complete_network(tables)


def signed(network: Network, program: str) -> Network:
    """The network with a contract that the organization has signed."""
    row = pd.DataFrame({"practice": [ORGANIZATION], "program": [program], "status": ["joined"]})
    table = network.table("Contracts")
    return complete_network({**network.tables, "Contracts": pd.concat([table, row]) if len(table) else row})


def again(**changes: object) -> Plan:
    """The organization planned afresh under a changed scenario."""
    return critmass.plan(NETWORK, CATALOG, Scenario().model_copy(update=changes), OPTIONS)


def test_lone_values_are_plans_of_the_practice_alone(found: Organizing) -> None:
    """Each lone plan is what the planner finds for the practice's own network, and they add up to the lone total."""
    scenario = Scenario(hub=False, organization_budget_usd=0)
    plans = [critmass.plan(cut_out(NETWORK, name), CATALOG, scenario, OPTIONS) for name in NETWORK.practices]
    for lone, plan in zip(found.lone, plans, strict=True):
        assert lone.plan.objective == pytest.approx(plan.objective, abs=slack(plan.objective))
    assert found.alone.levels[0].value == pytest.approx(sum(plan.objective for plan in plans), abs=2 * CENT)
    margins = sum(float(plan.outcome.margin[0]) for plan in plans)
    assert found.alone.margin_usd == pytest.approx(margins, abs=2 * CENT)
    assert found.alone.practices_at_mass == sum(int(plan.outcome.practices_at_mass[0]) for plan in plans)
    assert [item.holds for item in found.lone] == [(), (SAVINGS,)]


def test_the_ladder_adds_up_to_the_cent(found: Organizing) -> None:
    """Steps of the objective, margin, members and practices add up to the total exactly; so do the document's."""
    assert [step.rungs for step in found.ladder] == [("held_alone",), ("budget",), ("hub",), ("savings",)]
    for worth, ladder in (
        (found.worth, [step.gain for step in found.ladder]),
        (organizing_document(found).worth, [step.gain for step in organizing_document(found).ladder]),
    ):
        assert round(100 * sum(gain.first.value for gain in ladder)) == round(100 * worth.first.value)
        assert round(100 * sum(gain.margin_usd for gain in ladder)) == round(100 * worth.margin_usd)
        assert sum(gain.members_at_mass for gain in ladder) == worth.members_at_mass
        assert sum(gain.practices_at_mass for gain in ladder) == worth.practices_at_mass
    assert found.ladder[-1].reached == found.organized


def test_every_rung_is_a_plan(found: Organizing) -> None:
    """What is reached after each step is what the planner finds for the question written out by hand."""
    budget, hub, savings = (step.reached.levels[0].value for step in found.ladder[1:])
    assert budget == pytest.approx(again(hub=False, exclude_programs=(SAVINGS,)).objective, abs=CENT)
    assert hub == pytest.approx(again(exclude_programs=(SAVINGS,)).objective, abs=CENT)
    assert savings == pytest.approx(again().objective, abs=CENT)


def test_what_is_lost_without_a_source(found: Organizing) -> None:
    """The organization less its plan without a source, inside the interval that both limits give."""
    questions = {
        ("budget",): {"organization_budget_usd": 0.0},
        ("hub",): {"hub": False},
        ("savings",): {"exclude_programs": (SAVINGS,)},
    }
    assert {item.sources for item in found.taken_away} == set(questions)
    whole = again()
    for item in found.taken_away:
        other = again(**questions[item.sources])
        assert item.loss is not None and item.loss.first.least is not None and item.loss.first.most is not None
        assert item.loss.first.value == pytest.approx(whole.objective - other.objective, abs=2 * CENT)
        assert item.loss.first.least - CENT <= whole.objective - other.bound + whole.gap * abs(whole.objective) + CENT
        assert item.loss.first.least - CENT <= item.loss.first.value <= item.loss.first.most + CENT
    assert any(item.loss.first.value > 1000 for item in found.taken_away if item.loss is not None)


@pytest.mark.parametrize("practices", [2, 4])
def test_with_nothing_to_pool_organizing_is_worth_nothing(practices: int) -> None:
    """Without hub and pooled contracts, the organization is its practices: within the gap, whole or decomposed."""
    network = sample_network(practices, 3, CATALOG)
    options = SolveOptions(gap=0.001, time_limit_seconds=20)
    none = organizing(network, CATALOG, BARE.model_copy(update={"organization_budget_usd": 0.0}), options)
    assert none.worth.first.value == pytest.approx(0.0, abs=0.001 * abs(none.alone.levels[0].value) + CENT)
    assert none.worth.first.value >= -CENT and not none.worse
    assert none.worth.first.least is not None and none.worth.first.most is not None
    assert none.worth.first.least <= CENT and none.worth.first.most >= -CENT
    assert [step.rungs for step in none.ladder] == [("together",)]
    assert set(none.absent) == {"budget", "hub", "denominators", "savings"}


def test_a_model_without_variables_is_solved() -> None:
    """Rows without variables hold or do not; that is no failure of the solver."""
    nothing = np.zeros(0)
    empty = Problem(
        objective=nothing, offset=5.0, lower=nothing, upper=nothing, integer=np.zeros(0, dtype=np.bool_),
        matrix=sparse.csr_array((1, 0)), row_lower=np.array([-1.0]), row_upper=np.array([1.0]),
    )  # fmt: skip
    answer = solve(empty, SolveLimits())
    assert answer.x is not None and answer.objective == answer.bound == 5.0
    assert solve(replace(empty, row_lower=np.array([0.5])), SolveLimits()).termination == "infeasible"


def test_an_organization_worse_than_its_practices_says_so() -> None:
    """Where all must join what suits one, the difference is negative and the words say why."""
    network = sample_network(2, 1, CATALOG)
    worse = organizing(network, CATALOG, options=OPTIONS)
    assert worse.worse and worse.worth.first.value < -1000
    assert worse.worth.first.most is not None and worse.worth.first.most < 0
    assert worse.ladder[0].rungs == ("held_alone",)


def test_the_organizations_contract_is_lifted_from_lone_practices() -> None:
    """A signed contract of the organization binds it, and is lifted where practices are planned alone."""
    bound = organizing(signed(NETWORK, SAVINGS), CATALOG, options=OPTIONS)
    assert [item.holds for item in bound.lone] == [(), (SAVINGS,)]
    assert any(SAVINGS in text for text in bound.notes)


def test_what_a_practice_cannot_do_alone_is_said() -> None:
    """A lock that only shared cash makes possible stops with the practice's name."""
    lock = Lock(practice="P002", workflow="care_management", decision="in_place")
    practices = NETWORK.table("Practices").assign(startup_budget_usd=0.0)
    poor = complete_network({**NETWORK.tables, "Practices": practices})
    with pytest.raises(InfeasibleError, match="P002 alone"):
        organizing(poor, CATALOG, Scenario(locks=(lock,)), OPTIONS)


def test_shared_tins_are_a_step_of_their_own() -> None:
    """Practices under one TIN are not separate where a contract looks at it."""
    tins = NETWORK.table("Practices").assign(tin="12-3456789")
    shared = complete_network({**NETWORK.tables, "Practices": tins})
    assert Pooling(shared, CATALOG, Scenario()).separable()
    program = next(item for item in CATALOG.programs.values() if item.join_level == "practice")
    parts = tuple(part.model_copy(update={"level": "tin"}) for part in program.components)
    programs = {**CATALOG.programs, program.id: program.model_copy(update={"components": parts})}
    catalog = replace(CATALOG, programs=programs)
    assert not Pooling(shared, catalog, Scenario()).separable()
    assert Pooling(NETWORK, catalog, Scenario()).separable()


# The command ------------------------------------------------------------------------------------------


@pytest.fixture
def workbook(tmp_path: Path) -> Iterator[Path]:
    """Two practices as a workbook; the tiny catalog stands for the shipped one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("critmass.studies.scenario.load_catalog", lambda dirs: CATALOG)
        write_network(tmp_path / "two.xlsx", NETWORK)
        yield tmp_path / "two.xlsx"


def test_the_json_fits_its_schema(workbook: Path) -> None:
    """Stdout is one document of the schema that `critmass schema organizing` prints."""
    ended = run("organize", workbook, "--json", "--time-limit", "20")
    assert ended.code == 0
    document = OrganizingDocument.model_validate_json(ended.out)
    assert document.organized.levels[0].proved
    schema = run("schema", "organizing").json()
    assert set(ended.json()) == set(schema["properties"]) >= set(schema["required"])
    assert json.loads(document.model_dump_json()) == ended.json()


@pytest.mark.parametrize("width", [80, 60])
def test_the_tables_fit(found: Organizing, workbook: Path, width: int) -> None:
    """Totals, ladder, sources, what cannot be told apart, and practices, in the terminal's width."""
    ended = run("organize", workbook, "--gap", "0.0001", width=width)
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= width
    words = " ".join(ended.out.split())
    for text in ("Alone", "Organized", "Pooled staff: the hub", "loses without", "Shared reporting", "P002"):
        assert text in words
    assert f"${found.worth.first.value:,.0f}" in words


def test_a_bad_network_is_refused(tmp_path: Path) -> None:
    """Exit code 2 with the place, as data too."""
    ended = run("organize", tmp_path / "nothing.xlsx", "--json")
    assert ended.code == 2
    assert ended.json()["status"] == "invalid"
