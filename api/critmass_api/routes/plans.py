"""Planning jobs."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from critmass_api.bodies import JSON
from critmass_api.dependencies import DeskHere, JobsHere, JsonBody
from critmass_api.examples import PLAN_EXAMPLES
from critmass_api.routes.documented import json_request, problems
from critmass_api.wire import Job, JobList, JobSummary, PlanAccepted, PlanRequest

router = APIRouter(prefix="/v1/plans", tags=["plans"])


@router.post(
    "",
    status_code=202,
    response_model=Job,
    responses=problems(
        "invalid-input",
        "infeasible",
        "too-large",
        "unsupported-media-type",
        "too-many-requests",
        "out-of-time",
    ),
    openapi_extra=json_request(PlanRequest, PLAN_EXAMPLES),
)
async def start_plan(body: JsonBody, desk: DeskHere, jobs: JobsHere) -> Response:
    """Checks a network and a scenario, and queues the search for a plan. `Location` names the job."""
    jobs.check_room()
    accepted = PlanAccepted.model_validate_json(await desk.ask("check_plan", body))
    job = jobs.submit(body, accepted)
    return _job(job, status=202)


@router.get("")
async def list_plans(jobs: JobsHere) -> JobList:
    """All jobs that are remembered, the newest first."""
    return JobList(jobs=jobs.newest_first())


@router.get("/{job_id}", response_model=Job, responses=problems("unknown-job"))
async def get_plan(job_id: str, jobs: JobsHere) -> Response:
    """A job: its state, its progress, and in the end its plan or the problem that ended it."""
    job, plan = jobs.find(job_id)
    return _job(job, plan)


@router.delete("/{job_id}", response_model=Job, responses=problems("unknown-job"))
async def cancel_plan(job_id: str, jobs: JobsHere) -> Response:
    """Cancels a job that waits or runs; one that has ended stays as it is."""
    await run_in_threadpool(jobs.cancel, job_id)
    job, plan = jobs.find(job_id)
    return _job(job, plan)


def _job(job: JobSummary, plan: bytes | None = None, status: int = 200) -> Response:
    """A job with its plan as the child wrote it: a document of many megabytes is not parsed on the way."""
    content = job.model_dump_json().encode()[:-1] + b',"plan":' + (plan or b"null") + b"}"
    headers = {"Location": f"/v1/plans/{job.id}"} if status == 202 else {}
    return Response(content, status_code=status, media_type=JSON, headers=headers)
