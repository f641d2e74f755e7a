"""The frame: health, catalog, headers, hosts, and errors that no route foresaw."""

from __future__ import annotations

import logging

import pytest
from fastapi.testclient import TestClient
from service_tools import assert_problem

import critmass
from critmass.catalog import load_catalog
from critmass_api.app import create_app
from critmass_api.middleware import SECURITY_HEADERS
from critmass_api.settings import Settings


def test_health(client: TestClient) -> None:
    """The service says that it answers, and its version."""
    assert client.get("/healthz").json() == {"status": "ok", "version": critmass.__version__}


def test_catalog_is_the_loaded_one(client: TestClient, tiny: Settings) -> None:
    """The overview names every payer, program, measure and workflow of the catalog with its label."""
    catalog = load_catalog(tiny.catalog_dirs, shipped=False)
    found = client.get("/v1/catalog").json()
    assert found["hash"] == catalog.hash
    for family in ("payers", "programs", "measures", "workflows", "roles", "code_sets", "facts"):
        expected = {name: item.label for name, item in getattr(catalog, family).items()}
        assert {item["id"]: item["label"] for item in found[family]} == expected


def test_coverage_counts_every_value(client: TestClient, tiny: Settings) -> None:
    """The coverage of a program sums to its values, which are all assumptions in the tiny catalog."""
    catalog = load_catalog(tiny.catalog_dirs, shipped=False)
    for program in client.get("/v1/catalog").json()["programs"]:
        values = sum(item.owner == program["id"] for item in catalog.provenance)
        assert sum(program["coverage"].values()) == program["coverage"]["assumption"] == values


@pytest.mark.parametrize("path", ["/healthz", "/v1/catalog", "/nowhere", "/v1/plans/x"])
def test_every_answer_has_security_headers(client: TestClient, path: str) -> None:
    """Good answers and errors carry the same headers, and none invites pages of other sites."""
    headers = client.get(path, headers={"Origin": "http://evil.example"}).headers
    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000"])
def test_this_computer_is_served(client: TestClient, host: str) -> None:
    """Every name of this computer is known, with or without a port."""
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1@evil.example", "", ":8000"],
)
def test_other_hosts_are_refused(client: TestClient, host: str) -> None:
    """A page that points its own name at this computer learns nothing."""
    assert_problem(client.get("/v1/plans", headers={"Host": host}), 400, "wrong-host")


def test_unknown_paths(client: TestClient) -> None:
    """A path without a route, a trailing slash and interactive pages are not found."""
    for path in ("/nowhere", "/v1/plans/", "/docs", "/redoc"):
        assert_problem(client.get(path), 404, "not-found")


def test_unknown_methods(client: TestClient) -> None:
    """A method that a route does not have is refused, naming those that it has."""
    response = client.put("/v1/catalog", json={})
    assert_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "GET"


def test_preflight_is_refused(client: TestClient) -> None:
    """A browser that asks whether another site may post is not told so."""
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    assert_problem(client.options("/v1/plans", headers=asked), 405, "method-not-allowed")


def test_unforeseen_errors_say_nothing(
    tiny: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error that nobody foresaw is a plain problem; the log has its place, neither has its message."""
    app = create_app(tiny)

    def fail(task: str) -> None:
        raise ValueError("patient 12345")

    monkeypatch.setattr(app.state.service.jobs, "newest_first", fail)
    with caplog.at_level(logging.ERROR), TestClient(app) as client:
        response = client.get("/v1/plans")
    assert_problem(response, 500, "internal-error")
    assert "ValueError in" in caplog.text
    assert "12345" not in response.text + caplog.text
