"""Gaps, coordinations, explanations and games over HTTP: each is what the package finds, and mistakes are told in the
words of the body."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_tools import ENDED, assert_problem, job_in

from critmass.catalog import load_catalog
from critmass.domain.scenario import Scenario
from critmass.network import load_tables
from critmass.report.coordinating_schema import CoordinatingDocument
from critmass.report.explanation_schema import ExplanationDocument
from critmass.report.gaps_document import gaps_document
from critmass.report.gaps_schema import GapsDocument
from critmass.report.sharing import sharing_document
from critmass.studies.gaps import as_it_stands, gaps_of
from critmass.studies.sharing.read import game_in
from critmass.studies.sharing.share import share_game
from critmass_api.app import create_app
from critmass_api.examples import GAME_EXAMPLES, TABLES
from critmass_api.settings import Settings

SHORT = {"time_limit_seconds": 10, "gap": 0.05}


@pytest.fixture(scope="module")
def shipped() -> Iterator[TestClient]:
    """A service with the catalog that comes with the product."""
    with TestClient(create_app(Settings())) as client:
        yield client


def ended(client: TestClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """A job that was started at a path, once it has ended."""
    accepted = client.post(path, json={"tables": TABLES, **body})
    assert accepted.status_code == 202, accepted.text[:500]
    return job_in(client, accepted.headers["location"], *ENDED)


def test_gaps_as_they_stand(shipped: TestClient) -> None:
    """The same document as from the package, for one payer, without a plan."""
    job = ended(shipped, "/v1/gaps", {"payer": "bcbsm", "as_it_stands": True})
    found = GapsDocument.model_validate_json(json.dumps(job["gaps"]))
    catalog = load_catalog()
    plan = as_it_stands(load_tables(TABLES, catalog), catalog, Scenario())
    assert found == gaps_document(gaps_of(plan, planned=False), "bcbsm")


@pytest.mark.long
def test_gaps_of_a_plan(shipped: TestClient) -> None:
    """Planned first, all payers are in it, and progress names the program whose terms are changed."""
    job = ended(shipped, "/v1/gaps", {"options": SHORT})
    found = GapsDocument.model_validate_json(json.dumps(job["gaps"]))
    assert {line.payer for line in found.payers} >= {"bcbsm", "medicare", "meridian"}
    assert job["progress"]["step"]


def test_a_coordination(shipped: TestClient) -> None:
    """Its proposal is verified, or the organization reaches the target by itself, or nothing was found: never a number
    without a proof."""
    job = ended(shipped, "/v1/coordinations", {"target": "2", "options": {"time_limit_seconds": 15}})
    found = CoordinatingDocument.model_validate_json(json.dumps(job["coordination"]))
    assert found.target == "2 practices"
    assert found.proposal is None or found.proposal.verified
    assert found.reached_today or found.proposal is not None or found.bound_usd is not None


def test_an_explanation(shipped: TestClient) -> None:
    """One workflow's, with what it is worth by planning again."""
    job = ended(shipped, "/v1/explanations", {"workflow": "registry", "options": SHORT})
    found = ExplanationDocument.model_validate_json(json.dumps(job["explanation"]))
    assert [line.id for line in found.worths] == ["registry"]


def test_an_explanation_is_ended_in_time(tiny: Settings) -> None:
    """After `total_seconds`, whatever it is at."""
    with TestClient(create_app(replace(tiny, grace_seconds=0.0))) as client:
        job = ended(client, "/v1/explanations", {"total_seconds": 0.2})
    assert job["state"] == "failed"
    assert job["problem"]["type"].endswith("out-of-time")


def test_a_game_is_shared(client: TestClient) -> None:
    """The same shares as from the package."""
    asked = GAME_EXAMPLES["a joint cost"]["value"]
    answer = client.post("/v1/games:share", json=asked)
    game, weights = game_in("body: game", asked["game"])
    assert answer.json() == json.loads(
        sharing_document(share_game(game, weights, asked["rule"]), "a game").model_dump_json()
    )


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/v1/gaps", {"payer": "aetna_us"}, "body: payer"),
        ("/v1/coordinations", {}, "body: target"),
        ("/v1/coordinations", {"target": "maple,elm"}, "body: target"),
        ("/v1/coordinations", {"target": "2", "most_pmpm_usd": {"bcbm": 1.0}}, "body: most_pmpm_usd bcbm"),
        ("/v1/explanations", {"workflow": "registri"}, "body: workflow"),
        ("/v1/explanations", {"workflow": "registry", "payer": "bcbsm"}, "body: workflow and payer"),
        ("/v1/explanations", {"total_seconds": 0}, "body: total_seconds"),
    ],
)
def test_mistakes_are_told_before_a_job_starts(
    shipped: TestClient, path: str, body: dict[str, Any], place: str
) -> None:
    """Each names the key of the body that is wrong, and no job is made."""
    refused = shipped.post(path, json={"tables": TABLES, **body})
    assert assert_problem(refused, 422, "invalid-input")["errors"][0]["place"] == place


def test_games_with_mistakes(client: TestClient) -> None:
    """All problems of a game at once, by key."""
    asked = {"game": {"kind": "price", "values": {"A": "much", "A+": 2}}}
    found = assert_problem(client.post("/v1/games:share", json=asked), 422, "invalid-input")
    assert [item["place"] for item in found["errors"]][:2] == ["body: game: kind", "body: game: values.A"]


def test_a_job_is_of_one_kind(client: TestClient) -> None:
    """A plan is no explanation: it is neither found nor listed nor cancelled there."""
    path = client.post("/v1/plans", json={"tables": TABLES, "options": SHORT}).headers["location"]
    elsewhere = path.replace("plans", "explanations")
    for method in ("GET", "DELETE"):
        assert_problem(client.request(method, elsewhere), 404, "unknown-job")
    assert client.get("/v1/explanations").json() == {"jobs": []}
    assert job_in(client, path, *ENDED)["state"] == "succeeded"
