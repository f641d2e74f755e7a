"""Networks over the wire: read with the same checks and the same words as files."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_tools import assert_problem

from critmass.catalog import load_catalog
from critmass.domain.errors import InputError
from critmass.domain.scenario import Scenario
from critmass.network import load_network, load_tables, sample_network, write_network
from critmass.report.document import settlement_document
from critmass.studies.settle import settle_network
from critmass_api.app import create_app
from critmass_api.bodies import JSON, XLSX
from critmass_api.examples import TABLES
from critmass_api.settings import Settings

VALIDATE = "/v1/networks:validate"
Spoil = Callable[[dict[str, Any]], object]


def spoilt(spoil: Spoil) -> dict[str, Any]:
    """The example network after a change."""
    body: dict[str, Any] = {"tables": deepcopy(TABLES)}
    spoil(body)
    return body


def test_a_good_network(client: TestClient, tiny: Settings) -> None:
    """A good network is summed up, with the hash that it has as files."""
    catalog = load_catalog(tiny.catalog_dirs, shipped=False)
    found = client.post(VALIDATE, json={"tables": TABLES}).json()
    assert found["tables"] is None
    summary = found["network"]
    assert summary["hash"] == load_tables(TABLES, catalog).hash
    assert (summary["name"], summary["synthetic"], summary["practices"]) == ("Two practices", True, 2)
    assert summary["members"] == sum(item["members"] for item in summary["populations"]) == 3500
    assert summary["panel_rows_with_typical_strata"] == 4


def test_mistakes_in_the_words_of_files(client: TestClient, tiny: Settings, tmp_path: Path) -> None:
    """Every mistake is listed at once, with place, message and fix exactly as for a folder of CSV files."""
    body = spoilt(lambda it: it["tables"]["Panel"][0].update(payer="bcbm", members="many"))
    body["tables"]["Practices"][1]["clinicians"] = -1
    for name, rows in body["tables"].items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        lines = [",".join(str(row.get(column, "")) for column in columns) for row in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join([",".join(columns), *lines]) + "\n")
    with pytest.raises(InputError) as caught:
        load_network(tmp_path, load_catalog(tiny.catalog_dirs, shipped=False))
    found = assert_problem(client.post(VALIDATE, json=body), 422, "invalid-input")
    expected = [vars(item) for item in caught.value.problems]
    assert found["errors"] == expected
    assert len(expected) == 3


@pytest.mark.parametrize(
    ("spoil", "place", "says"),
    [
        (lambda it: it.update(extra=1), "body: extra", "unknown key"),
        (lambda it: it.pop("tables"), "body: tables", "is missing"),
        (lambda it: it.update(tables=[]), "body: tables", "object"),
        (lambda it: it["tables"].update(Panel={}), "body: tables.Panel", "array"),
        (lambda it: it["tables"].update(Panel=[1]), "body: tables.Panel.0", "object"),
        (
            lambda it: it["tables"]["Panel"][0].update(members=[1]),
            "body: tables.Panel.0.members",
            "a cell holds",
        ),
        (lambda it: it["tables"].update(Pannel=[]), "sheet Pannel", "is not a sheet"),
        (lambda it: it["tables"].pop("Panel"), "sheet Panel", "is missing"),
        (lambda it: it["tables"]["Panel"].clear(), "sheet Panel", "has no rows"),
        (lambda it: it["tables"]["Panel"][0].update(x=1), "sheet Panel, column x", "is not a column"),
        (
            lambda it: it["tables"]["Panel"][0].update(members=False),
            "sheet Panel, row 2, column members",
            "'False' is not a whole number",
        ),
        (
            lambda it: it["tables"]["Panel"][0].update(members=10**400),
            "sheet Panel, row 2, column members",
            "is not a whole number",
        ),
        (
            lambda it: it["tables"]["Panel"][1].pop("members"),
            "sheet Panel, row 3, column members",
            "is blank but needs a value",
        ),
    ],
)
def test_bad_bodies(client: TestClient, spoil: Spoil, place: str, says: str) -> None:
    """Unknown keys, missing keys, wrong shapes and wrong types are refused by place."""
    found = assert_problem(client.post(VALIDATE, json=spoilt(spoil)), 422, "invalid-input")
    assert found["errors"][0]["place"] == place
    assert says in found["errors"][0]["message"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"tables": {"Panel": [{"members": NaN}]}}', b"9" * 10_000],
)
def test_broken_json(client: TestClient, body: bytes) -> None:
    """What is not JSON is refused as a whole, without echoing it."""
    response = client.post(VALIDATE, content=body, headers={"Content-Type": JSON})
    assert_problem(response, 422, "invalid-input")
    assert len(response.content) < 1_000


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/csv", "nonsense", None])
def test_other_content_types(client: TestClient, kind: str | None) -> None:
    """What a page of another site could post unasked, or what is not read, is refused before it is read."""
    headers = {} if kind is None else {"Content-Type": kind}
    for path in (VALIDATE, "/v1/settlements", "/v1/plans"):
        response = client.post(path, content=json.dumps({"tables": TABLES}).encode(), headers=headers)
        assert_problem(response, 415, "unsupported-media-type")


def test_compressed_bodies(client: TestClient) -> None:
    """A compressed body is refused: its size could not be told."""
    headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
    assert_problem(client.post(VALIDATE, content=b"x", headers=headers), 415, "unsupported-media-type")


def test_content_type_with_charset(client: TestClient) -> None:
    """A charset beside the content type does no harm."""
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post(VALIDATE, content=json.dumps({"tables": TABLES}), headers=headers).status_code == 200


def test_large_bodies(tiny: Settings) -> None:
    """A body over the limit is refused by its announced size, and while it arrives when none is announced."""

    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * 100

    settings = Settings(tiny.catalog_dirs, tiny.shipped_catalog, max_body_bytes=1_000)
    with TestClient(create_app(settings)) as client:
        announced = client.post(VALIDATE, content=b" " * 1_001, headers={"Content-Type": JSON})
        streamed = client.post(VALIDATE, content=pieces(), headers={"Content-Type": JSON})
        elsewhere = client.post("/nowhere", content=b" " * 1_001)
    for response in (announced, streamed, elsewhere):
        assert "1,000 bytes" in assert_problem(response, 413, "too-large")["detail"]


# Workbooks --------------------------------------------------------------------------------------------


def post_workbook(client: TestClient, content: bytes) -> Any:
    """The answer to a workbook."""
    return client.post(VALIDATE, content=content, headers={"Content-Type": XLSX})


def test_a_workbook_comes_back_as_rows(client: TestClient, tiny: Settings, tmp_path: Path) -> None:
    """A workbook's rows come back, and sent as JSON they are the same network."""
    network = sample_network(2, 3, load_catalog(tiny.catalog_dirs, shipped=False))
    write_network(tmp_path / "network.xlsx", network)
    found = post_workbook(client, (tmp_path / "network.xlsx").read_bytes()).json()
    again = client.post(VALIDATE, json={"tables": found["tables"]}).json()
    assert found["network"]["hash"] == again["network"]["hash"] == network.hash


def zip_bomb() -> bytes:
    """A workbook of a megabyte that unpacks to more than a gigabyte."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            zeros = bytes(4_000_000)
            for _ in range(260):
                part.write(zeros)
    return packed.getvalue()


def test_zip_bomb(client: TestClient) -> None:
    """A workbook that unpacks to a gigabyte is refused by its size, and the service goes on."""
    found = assert_problem(post_workbook(client, zip_bomb()), 422, "invalid-input")
    assert "unpacks to 1,040 MB" in found["errors"][0]["message"]
    assert client.post(VALIDATE, json={"tables": TABLES}).status_code == 200


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"practice,members\n", b"\xd0\xcf\x11\xe0rest"])
def test_files_that_are_no_workbook(client: TestClient, content: bytes) -> None:
    """Other files are refused in plain words that name the workbook, not a folder of ours."""
    found = assert_problem(post_workbook(client, content), 422, "invalid-input")
    assert found["errors"][0]["place"] == "workbook.xlsx"
    assert "/" not in found["errors"][0]["message"]


# Settlements ------------------------------------------------------------------------------------------


def test_a_settlement_is_the_package_s(client: TestClient, tiny: Settings) -> None:
    """A settlement over the wire is the document that the package makes of the same network."""
    catalog = load_catalog(tiny.catalog_dirs, shipped=False)
    network = load_tables(TABLES, catalog)
    found = client.post("/v1/settlements", json={"tables": TABLES}).json()
    outcome, ledger = settle_network(network, catalog)
    expected = settlement_document(network, catalog, Scenario(), outcome, ledger)
    assert found == json.loads(expected.model_dump_json())


@pytest.mark.parametrize(
    ("scenario", "place"),
    [
        ({"performance_year": "2026"}, "body: scenario.performance_year"),
        ({"performance_year": 2026.5}, "body: scenario.performance_year"),
        ({"hub": 1}, "body: scenario.hub"),
        ({"critical_mass": {"ratio": True}}, "body: scenario.critical_mass.ratio"),
        ({"critical_mas": {}}, "body: scenario.critical_mas"),
        ({"objective": "profit"}, "body: scenario.objective"),
        ({"exclude_programs": ["nothing"]}, "scenario: exclude_programs"),
        ({"locks": [{"program": "nothing", "decision": "joined"}]}, "scenario: lock 1"),
    ],
)
def test_bad_scenarios(client: TestClient, scenario: dict[str, Any], place: str) -> None:
    """A scenario's values are taken literally, and ids that do not exist are refused."""
    response = client.post("/v1/settlements", json={"tables": TABLES, "scenario": scenario})
    assert assert_problem(response, 422, "invalid-input")["errors"][0]["place"] == place
