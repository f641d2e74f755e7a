"""`critmass gaps`: what it prints, what it refuses, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import critmass
from critmass.network import sample_network, write_network
from critmass.report.gaps_document import gaps_document
from critmass.report.gaps_schema import GapsDocument
from critmass.report.gaps_tables import show_gaps
from critmass.studies.gaps import gaps_of
from plans import small_plan, tiny_catalog
from test_cli import run

CATALOG = tiny_catalog()


@pytest.fixture(scope="module", autouse=True)
def tiny_only() -> Iterator[None]:
    """The tiny catalog stands for the shipped one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("critmass.studies.scenario.load_catalog", lambda dirs: CATALOG)
        yield


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two practices under the tiny catalog."""
    path = tmp_path_factory.mktemp("network") / "two.xlsx"
    write_network(path, sample_network(2, 3, CATALOG))
    return path


@pytest.fixture(scope="module")
def planned(workbook: Path) -> GapsDocument:
    """The document of the network's plan."""
    ended = run("gaps", workbook, "--json", "--time-limit", "20")
    assert ended.code == 0
    return GapsDocument.model_validate_json(ended.out)


def cents(amounts: Iterator[float]) -> int:
    """USD amounts summed in whole cents."""
    return sum(round(100 * usd) for usd in amounts)


def test_the_document_reconciles(planned: GapsDocument) -> None:
    """Cells add up to workflows and to payers, to the cent, in money and in cost."""
    for name in ("paid_usd", "credited_usd", "cost_usd"):
        lines = cents(getattr(line, name) for line in planned.coverage)
        assert lines == cents(getattr(line, name) for line in planned.payers)
        for line in planned.coverage:
            assert cents(getattr(cell, name) for cell in line.payers) == round(100 * getattr(line, name))
    assert cents(line.free_ride_usd for line in planned.payers) == cents(ride.amount_usd for ride in planned.free_rides)
    assert planned.planned and planned.status == "optimal" and planned.levels


def test_the_json_fits_its_schema(workbook: Path) -> None:
    """Stdout is one document of the schema that `critmass schema gaps` prints."""
    ended = run("gaps", workbook, "--as-it-stands", "--json")
    assert ended.code == 0 and not ended.json()["planned"] and ended.json()["status"] is None
    document = GapsDocument.model_validate_json(ended.out)
    schema = run("schema", "gaps").json()
    assert set(ended.json()) == set(schema["properties"]) >= set(schema["required"])
    assert json.loads(document.model_dump_json()) == ended.json()


@pytest.mark.parametrize("width", [80, 60, 44])
def test_the_tables_fit(workbook: Path, width: int) -> None:
    """Every section in the terminal's width, of a plan and as things stand."""
    for more in (["--time-limit", "20"], ["--as-it-stands"]):
        ended = run("gaps", workbook, *more, width=width)
        assert ended.code == 0
        assert max(map(len, ended.out.splitlines())) <= width
        words = " ".join(ended.out.split())
        for text in ("their own members cause", "Costs and money", "Payers:", "fragmented", "decisions unchanged"):
            assert text in words


def test_a_wide_matrix_becomes_numbers_and_then_a_list() -> None:
    """With names where they fit, with numbers and a legend where they do not, and as a list below that."""
    document = gaps_document(gaps_of(small_plan(2)))
    line, payer = document.coverage[0], document.payers[0]
    names = [f"healthplan{at}" for at in range(8)]
    cells = tuple(line.payers[0].model_copy(update={"payer": name, "cost_usd": 1.0}) for name in names)
    wide = document.model_copy(
        update={
            "coverage": tuple(item.model_copy(update={"payers": cells}) for item in document.coverage),
            "payers": tuple(payer.model_copy(update={"payer": name}) for name in names),
        }
    )
    shown = {}
    for width in (130, 80, 60):
        paper = StringIO()
        show_gaps(Console(width=width, file=paper), wide)
        shown[width] = paper.getvalue()
        assert max(map(len, shown[width].splitlines())) <= width
    assert "1 healthplan0, 2 healthplan1" in " ".join(shown[80].split())
    assert "1 healthplan0" not in shown[130] and "1 healthplan0" not in shown[60]


def test_one_payers_view(workbook: Path, planned: GapsDocument) -> None:
    """Its own cells, rides and change only; totals of workflows stay; and it says that it is not for the payer."""
    payer = planned.payers[0].payer
    ended = run("gaps", workbook, "--payer", payer, "--json", "--time-limit", "20")
    document = GapsDocument.model_validate_json(ended.out)
    assert document.payer == payer and [line.payer for line in document.payers] == [payer]
    assert all([cell.payer for cell in line.payers] == [payer] for line in document.coverage)
    assert [line.paid_usd for line in document.coverage] == [line.paid_usd for line in planned.coverage]
    assert document.free_rides == tuple(ride for ride in planned.free_rides if ride.payer == payer)
    assert [line.payer for line in document.changes] == [payer]
    shown = run("gaps", workbook, "--payer", payer, "--as-it-stands", width=60)
    assert shown.code == 0 and "do not hand it to the payer" in " ".join(shown.out.split())
    assert max(map(len, shown.out.splitlines())) <= 60


def test_an_unknown_payer_is_refused_before_planning(workbook: Path, planned: GapsDocument) -> None:
    """Exit code 2 with the closest payer that has members here; as data too."""
    payer = planned.payers[0].payer
    ended = run("gaps", workbook, "--payer", payer[:-1])
    assert ended.code == 2 and f"did you mean '{payer}'?" in ended.words
    far = run("gaps", workbook, "--payer", "zzz", "--json")
    assert far.code == 2 and far.json()["status"] == "invalid" and payer in far.out


def test_other_mistakes_are_refused(tmp_path: Path, workbook: Path) -> None:
    """A network that is not there, and options out of range."""
    assert run("gaps", tmp_path / "nothing.xlsx").code == 2
    assert run("gaps", workbook, "--gap", "2").code == 2
    assert run("gaps", workbook, "--time-limit", "0").code == 2


def test_the_package_gives_the_same() -> None:
    """`critmass.gaps` with a network as it stands is what the command shows."""
    network = sample_network(2, 3, CATALOG)
    found = critmass.gaps(network, CATALOG, standing=True)
    assert not found.planned and found.coverage.payers == tuple(sorted({payer for payer, _ in network.populations}))
    assert found.plan.outcome is found.plan.today
