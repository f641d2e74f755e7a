"""What tests of the service share: bodies, waiting, and the child processes of a process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psutil
from fastapi.testclient import TestClient
from httpx2 import Response

from critmass.domain.catalog import Catalog
from critmass.domain.network import SHEETS
from critmass.network import sample_network
from critmass_api.examples import TABLES
from critmass_api.problems import MEDIA_TYPE, TYPE_PREFIX

ENDED = ("succeeded", "failed", "cancelled")


def sample_tables(practices: int, catalog: Catalog) -> dict[str, list[dict[str, Any]]]:
    """The rows of a sample network."""
    network = sample_network(practices, 1, catalog)
    return {
        sheet.name: [
            {str(name): value for name, value in row.items() if value != float("inf")}
            for row in network.table(sheet.name)[[column.name for column in sheet.columns]].to_dict("records")
        ]
        for sheet in SHEETS
    }


def plan_body(seconds: float = 10, **more: Any) -> dict[str, Any]:
    """A request to plan for the two example practices."""
    return {"tables": TABLES, "options": {"time_limit_seconds": seconds}, **more}


def assert_problem(response: Response, status: int, kind: str) -> dict[str, Any]:
    """The problem document of an answer, found to be of the kind."""
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == MEDIA_TYPE
    found: dict[str, Any] = response.json()
    assert (found["type"], found["status"]) == (TYPE_PREFIX + kind, status)
    assert found["title"]
    assert "Traceback" not in response.text
    return found


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true answer of `what`."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


def job_in(client: TestClient, path: str, *states: str) -> dict[str, Any]:
    """The job at a path once it is in one of the states."""

    def look() -> dict[str, Any] | None:
        job: dict[str, Any] = client.get(path).json()
        return job if job["state"] in states else None

    found: dict[str, Any] = wait_for(look)
    return found


def workers(process: psutil.Process | None = None) -> set[int]:
    """Ids of the calculating child processes of a process, by default of this one."""
    children = (process or psutil.Process()).children(recursive=True)
    return {child.pid for child in children if _calculates(child)}


def _calculates(child: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(pids: set[int]) -> bool:
    """Whether none of the processes is alive."""
    return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids)
