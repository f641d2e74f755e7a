"""Planning jobs: their life, their limits, and that nothing of them stays behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psutil
import pytest
from fastapi.testclient import TestClient
from service_tools import ENDED, assert_problem, gone, job_in, plan_body, sample_tables, wait_for, workers

from critmass.catalog import load_catalog
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.network import load_tables
from critmass.report.schema import PlanDocument
from critmass.studies.plan import plan_network
from critmass_api.app import create_app
from critmass_api.examples import TABLES
from critmass_api.problems import TYPE_PREFIX
from critmass_api.settings import Settings


@pytest.fixture
def fresh(tiny: Settings) -> Iterator[TestClient]:
    """A service of its own, whose desk already has its child."""
    with TestClient(create_app(replace(tiny, max_queued=2))) as client:
        client.post("/v1/networks:validate", json={"tables": TABLES})
        yield client


@pytest.fixture(scope="module")
def long_body(tiny: Settings) -> dict[str, Any]:
    """A request that keeps a child busy for longer than any test waits."""
    tables = sample_tables(40, load_catalog(tiny.catalog_dirs, shipped=False))
    return {"tables": tables, "options": {"time_limit_seconds": 600, "gap": 0}}


def test_life_of_a_job(client: TestClient, tiny: Settings) -> None:
    """A job is accepted with its address, reports progress, and ends with the plan that the package makes."""
    accepted = client.post("/v1/plans", json=plan_body(scenario={"name": "look"}))
    assert accepted.status_code == 202
    job = accepted.json()
    assert accepted.headers["location"] == f"/v1/plans/{job['id']}"
    assert (job["state"], job["scenario"], job["plan"]) == ("queued", "look", None)
    ended = job_in(client, accepted.headers["location"], *ENDED)
    assert (ended["state"], ended["problem"], ended["waiting"]) == ("succeeded", None, None)
    assert set(ended["progress"]) == {"stage", "step", "incumbent", "bound", "gap", "seconds"}
    assert ended["created_at"] <= ended["started_at"] <= ended["finished_at"]

    found = PlanDocument.model_validate_json(json.dumps(ended["plan"]))
    catalog = load_catalog(tiny.catalog_dirs, shipped=False)
    options = SolveOptions(time_limit_seconds=10)
    direct = plan_network(load_tables(TABLES, catalog), catalog, Scenario(name="look"), options)
    assert (found.plan_hash, found.network_hash) == (direct.plan_hash, direct.network.hash)


def test_jobs_are_listed_without_plans(client: TestClient) -> None:
    """The list holds the newest job first, and no plan."""
    newest = client.post("/v1/plans", json=plan_body()).json()["id"]
    listed = client.get("/v1/plans").json()["jobs"]
    assert listed[0]["id"] == newest
    assert all("plan" not in job for job in listed)


@pytest.mark.parametrize("job_id", ["nothing", "0" * 32, "%00", "..%2f..", "é"])
def test_unknown_jobs(client: TestClient, job_id: str) -> None:
    """A job that is not there is not found, for reading and for cancelling."""
    for method in ("GET", "DELETE"):
        response = client.request(method, f"/v1/plans/{job_id}")
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
    assert_problem(client.get("/v1/plans/nothing"), 404, "unknown-job")


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"time_limit_seconds": 0}, "body: options.time_limit_seconds"),
        ({"time_limit_seconds": 1e9}, "body: options.time_limit_seconds"),
        ({"time_limit_seconds": "10"}, "body: options.time_limit_seconds"),
        ({"gap": True}, "body: options.gap"),
        ({"seed": 1.5}, "body: options.seed"),
        ({"solver": "/bin/sh"}, "body: options.solver"),
        ({"workers": 99}, "body: options.workers"),
        ({"executor": "processes"}, "body: options.executor"),
        ({"scheduler": "tls://10.0.0.1:8786"}, "body: options.scheduler"),
    ],
)
def test_bad_options(client: TestClient, options: dict[str, Any], place: str) -> None:
    """Options out of range, of the wrong type, or that are the operator's to set, are refused."""
    response = client.post("/v1/plans", json={"tables": TABLES, "options": options})
    assert assert_problem(response, 422, "invalid-input")["errors"][0]["place"] == place


def test_contradictory_locks(client: TestClient) -> None:
    """Locks that cannot hold together are refused at once, with every reason, and make no job."""
    jobs = len(client.get("/v1/plans").json()["jobs"])
    locks = [{"workflow": "outreach", "decision": decision} for decision in ("in_place", "left_out")]
    response = client.post("/v1/plans", json=plan_body(scenario={"locks": locks}))
    found = assert_problem(response, 409, "infeasible")
    assert len(found["errors"]) == 2
    assert "outreach is locked both" in found["errors"][0]["message"]
    assert len(client.get("/v1/plans").json()["jobs"]) == jobs


def test_cancelling_a_running_job_leaves_no_child(fresh: TestClient, long_body: dict[str, Any]) -> None:
    """A cancelled job says so, and its process is gone when the answer comes."""
    before = workers()
    path = fresh.post("/v1/plans", json=long_body).headers["location"]
    job_in(fresh, path, "running")
    own = wait_for(lambda: workers() - before)
    answer = fresh.delete(path)
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert gone(own)
    assert fresh.delete(path).json() == answer.json()
    assert wait_for(lambda: workers() <= before)


def test_cancelling_a_search_under_way(fresh: TestClient, long_body: dict[str, Any]) -> None:
    """A job that already reports progress is cancelled too, and keeps its last progress."""
    path = fresh.post("/v1/plans", json=long_body).headers["location"]
    wait_for(lambda: fresh.get(path).json()["progress"])
    cancelled = fresh.delete(path).json()
    assert (cancelled["state"], cancelled["plan"], cancelled["problem"]) == ("cancelled", None, None)
    assert cancelled["progress"]["stage"]


def test_queue_limits(fresh: TestClient, long_body: dict[str, Any]) -> None:
    """One job runs, two wait in order, the next is turned away; a cancelled one makes room."""
    first, second, third = (fresh.post("/v1/plans", json=long_body).headers["location"] for _ in range(3))
    job_in(fresh, first, "running")
    assert [fresh.get(path).json()["waiting"] for path in (first, second, third)] == [None, 0, 1]
    refused = fresh.post("/v1/plans", json=plan_body())
    assert_problem(refused, 429, "too-many-requests")
    assert int(refused.headers["retry-after"]) > 0
    assert fresh.delete(second).json()["state"] == "cancelled"
    assert fresh.get(third).json()["waiting"] == 0
    assert fresh.post("/v1/plans", json=plan_body()).status_code == 202
    fresh.delete(first)
    job_in(fresh, third, "running")


def test_a_crash_is_a_failed_job(fresh: TestClient, long_body: dict[str, Any]) -> None:
    """A child that dies makes its job fail in plain words, and the next job runs."""
    before = workers()
    path = fresh.post("/v1/plans", json=long_body).headers["location"]
    for pid in wait_for(lambda: workers() - before):
        psutil.Process(pid).kill()
    failed = job_in(fresh, path, *ENDED)
    assert (failed["state"], failed["plan"]) == ("failed", None)
    assert failed["problem"]["type"] == TYPE_PREFIX + "crashed"
    assert "SIGKILL" in failed["problem"]["detail"]
    following = fresh.post("/v1/plans", json=plan_body(5)).headers["location"]
    assert job_in(fresh, following, *ENDED)["state"] == "succeeded"


def test_a_crash_of_the_desk_is_one_answer(fresh: TestClient) -> None:
    """When the child that checks dies, one request fails at most, and the next gets a new child."""
    for pid in workers():
        psutil.Process(pid).kill()
    answers = [fresh.post("/v1/networks:validate", json={"tables": TABLES}) for _ in range(2)]
    assert_problem(answers[0], 500, "crashed")
    assert answers[1].status_code == 200


def test_a_search_beyond_its_time_is_ended(tiny: Settings, long_body: dict[str, Any]) -> None:
    """A child that does not end by itself is ended after the time limit and the grace."""
    body = {**long_body, "options": {"time_limit_seconds": 0.2}}
    with TestClient(create_app(replace(tiny, grace_seconds=0.0))) as client:
        path = client.post("/v1/plans", json=body).headers["location"]
        failed = job_in(client, path, *ENDED)
    assert (failed["state"], failed["problem"]["type"]) == ("failed", TYPE_PREFIX + "out-of-time")


def test_a_check_beyond_its_time_is_ended(tiny: Settings) -> None:
    """A check that takes too long is answered as such."""
    with TestClient(create_app(replace(tiny, check_seconds=0.01))) as client:
        response = client.post("/v1/networks:validate", json={"tables": TABLES})
        assert_problem(response, 504, "out-of-time")


def test_memory_limit(tiny: Settings) -> None:
    """A calculation that needs more memory than it may use fails alone; the service goes on."""
    with TestClient(create_app(replace(tiny, memory_bytes=300_000_000))) as client:
        response = client.post("/v1/networks:validate", json={"tables": TABLES})
        assert response.json()["type"].removeprefix(TYPE_PREFIX) in ("out-of-memory", "crashed")
        assert client.get("/healthz").status_code == 200


def test_finished_jobs_are_forgotten_in_time(tiny: Settings) -> None:
    """Beyond the number to be remembered, the job that ended first is forgotten."""
    with TestClient(create_app(replace(tiny, max_finished=1, grace_seconds=0.0))) as client:
        paths = [client.post("/v1/plans", json=plan_body(0.1)).headers["location"] for _ in range(2)]
        wait_for(lambda: client.get(paths[0]).status_code == 404)
        job_in(client, paths[1], *ENDED)


def test_a_closed_service_refuses(tiny: Settings) -> None:
    """After closing, which may be done twice, nothing is started any more."""
    app = create_app(tiny)
    with TestClient(app) as client:
        for _ in range(2):
            app.state.service.close()
        for path in ("/v1/networks:validate", "/v1/settlements", "/v1/plans"):
            assert_problem(client.post(path, json={"tables": TABLES}), 503, "closing")


def test_closing_leaves_no_child(tiny: Settings, long_body: dict[str, Any]) -> None:
    """A service that closes while a job runs and another waits ends every process it started."""
    before = workers()
    with TestClient(create_app(tiny)) as client:
        paths = [client.post("/v1/plans", json=long_body).headers["location"] for _ in range(2)]
        job_in(client, paths[0], "running")
        own = wait_for(lambda: workers() - before)
    assert gone(own)
    assert workers() <= before
