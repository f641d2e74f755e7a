"""Jobs over HTTP: the same four routes for each kind of thing that takes its time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from critmass_api.bodies import JSON
from critmass_api.dependencies import DeskHere, JobsHere, JsonBody
from critmass_api.routes.documented import json_request, problems
from critmass_api.wire import JobAccepted, JobList, JobSummary, PlanRequest


@dataclass(frozen=True)
class JobKind:
    """A kind of job: the `task` of its child, which is also the key of what it finds in the `answer`; its `path`; the
    check of a `request`; `starts` says what a request starts."""

    task: str
    path: str
    check: str
    request: type[PlanRequest]
    answer: type[JobSummary]
    examples: Mapping[str, Any]
    starts: str

    def response(self, job: JobSummary, found: bytes | None = None, status: int = 200) -> Response:
        """A job with what it found as the child wrote it: a document of many megabytes is not parsed on the way."""
        content = job.model_dump_json().encode()[:-1] + f',"{self.task}":'.encode() + (found or b"null") + b"}"
        headers = {"Location": f"{self.path}/{job.id}"} if status == 202 else {}
        return Response(content, status_code=status, media_type=JSON, headers=headers)


_STARTING = ("invalid-input", "infeasible", "too-large", "unsupported-media-type", "too-many-requests", "out-of-time")


def job_routes(kind: JobKind) -> APIRouter:
    """Start, list, look at and cancel jobs of a kind."""

    async def start(body: JsonBody, desk: DeskHere, jobs: JobsHere) -> Response:
        jobs.check_room()
        accepted = JobAccepted.model_validate_json(await desk.ask(kind.check, body))
        return kind.response(jobs.submit(kind.task, body, accepted), status=202)

    async def list_all(jobs: JobsHere) -> JobList:
        return JobList(jobs=jobs.newest_first(kind.task))

    async def get(job_id: str, jobs: JobsHere) -> Response:
        return kind.response(*jobs.find(kind.task, job_id))

    async def cancel(job_id: str, jobs: JobsHere) -> Response:
        await run_in_threadpool(jobs.cancel, kind.task, job_id)
        return kind.response(*jobs.find(kind.task, job_id))

    plural = kind.path.rpartition("/")[2]
    router = APIRouter(prefix=kind.path, tags=[plural])
    found: dict[str, Any] = {"response_model": kind.answer, "responses": problems("unknown-job")}
    router.add_api_route(
        "", start, methods=["POST"], name=f"start_{kind.task}", status_code=202, response_model=kind.answer,
        responses=problems(*_STARTING), openapi_extra=json_request(kind.request, dict(kind.examples)),
        description=f"{kind.starts} `Location` names the job.",
    )  # fmt: skip
    router.add_api_route(
        "", list_all, methods=["GET"], name=f"list_{plural}",
        description="All such jobs that are remembered, the newest first.",
    )  # fmt: skip
    router.add_api_route(
        "/{job_id}", get, methods=["GET"], name=f"get_{kind.task}", **found,
        description="A job: its state, its progress, and in the end what it found or the problem that ended it.",
    )  # fmt: skip
    router.add_api_route(
        "/{job_id}", cancel, methods=["DELETE"], name=f"cancel_{kind.task}", **found,
        description="Cancels a job that waits or runs; one that has ended stays as it is.",
    )  # fmt: skip
    return router
