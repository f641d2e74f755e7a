"""Jobs: plans and what takes as long, queued, run one child process each, remembered for a while. In memory only."""

from __future__ import annotations

import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock

from critmass.domain.catalog import Catalog
from critmass_api.child import Child, Reply
from critmass_api.problems import ProblemDetails, ServiceError, problem
from critmass_api.runner import where
from critmass_api.settings import Settings
from critmass_api.wire import JobAccepted, JobProgress, JobState, JobSummary

RETRY_SECONDS = "30"


@dataclass
class _Job:
    """A job as it stands. `task` is what its child does. `body` is dropped when it has ended; `childless` is set while
    no child runs."""

    id: str
    task: str
    accepted: JobAccepted
    body: bytes
    created_at: datetime
    state: JobState = "queued"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: JobProgress | None = None
    problem: ProblemDetails | None = None
    answer: bytes | None = None
    child: Child | None = None
    childless: Event = field(default_factory=Event)


class Jobs:
    """All jobs. Each thread owns the child of the job that it runs."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings
        self._threads = ThreadPoolExecutor(settings.max_running, thread_name_prefix="job")
        self._lock = Lock()
        self._jobs: dict[str, _Job] = {}
        self._closed = False

    def check_room(self) -> None:
        """Raises ServiceError when the queue is full."""
        with self._lock:
            self._check_room()

    def submit(self, task: str, body: bytes, accepted: JobAccepted) -> JobSummary:
        """Queues a task.

        Raises:
            ServiceError: when the queue is full.
        """
        with self._lock:
            self._check_room()
            job = _Job(secrets.token_hex(16), task, accepted, body, datetime.now(UTC))
            job.childless.set()
            self._jobs[job.id] = job
            self._threads.submit(self._run, job)
            return self._summary(job)

    def find(self, task: str, job_id: str) -> tuple[JobSummary, bytes | None]:
        """A job of a task and, once it has succeeded, what it found as JSON.

        Raises:
            ServiceError: when no such job is remembered.
        """
        with self._lock:
            job = self._known(task, job_id)
            return self._summary(job), job.answer

    def newest_first(self, task: str) -> tuple[JobSummary, ...]:
        """All jobs of a task."""
        with self._lock:
            return tuple(self._summary(job) for job in reversed(self._jobs.values()) if job.task == task)

    def cancel(self, task: str, job_id: str) -> None:
        """Cancels a job that waits or runs, and ends its child; a job that has ended stays as it is.

        Raises:
            ServiceError: when no such job is remembered.
        """
        with self._lock:
            job = self._known(task, job_id)
            self._end(job, "cancelled")
            child = job.child
        if child is not None:
            child.end()
        job.childless.wait()

    def close(self) -> None:
        """Cancels everything and waits until no child is left."""
        with self._lock:
            self._closed = True
            for job in list(self._jobs.values()):
                self._end(job, "cancelled")
            children = [job.child for job in self._jobs.values() if job.child is not None]
        for child in children:
            child.end()
        self._threads.shutdown()

    def _known(self, task: str, job_id: str) -> _Job:
        if job_id not in self._jobs or self._jobs[job_id].task != task:
            raise ServiceError("unknown-job", "it never was, or the service has forgotten it")
        return self._jobs[job_id]

    def _check_room(self) -> None:
        if self._closed:
            raise ServiceError("closing")
        waiting = sum(job.state == "queued" for job in self._jobs.values())
        if waiting >= self._settings.max_queued:
            detail = f"{waiting} jobs wait already"
            raise ServiceError("too-many-requests", detail, {"Retry-After": RETRY_SECONDS})

    def _summary(self, job: _Job) -> JobSummary:
        waiting = [item.id for item in self._jobs.values() if item.state == "queued"]
        return JobSummary(
            id=job.id,
            state=job.state,
            scenario=job.accepted.scenario,
            network=job.accepted.network,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            waiting=waiting.index(job.id) if job.id in waiting else None,
            progress=job.progress,
            problem=job.problem,
        )

    # In a job's thread --------------------------------------------------------------------------------

    def _run(self, job: _Job) -> None:
        if not self._started(job):
            return
        try:
            reply = self._search(job)
        except Exception as error:
            sys.stderr.write(f"critmass: a job failed: {where(error)}\n")
            reply = Reply(problem=problem("internal-error", "the service's log names the place"))
        job.childless.set()
        self._finish(job, reply)

    def _started(self, job: _Job) -> bool:
        with self._lock:
            if job.state != "queued":
                return False
            job.state, job.started_at = "running", datetime.now(UTC)
            job.childless.clear()
            return True

    def _search(self, job: _Job) -> Reply:
        with closing(Child(self._catalog, self._settings)) as child:
            with self._lock:
                job.child = child
                body = job.body if job.state == "running" else None
            try:
                return Reply() if body is None else self._ask(job, child, body)
            finally:
                job.child = None

    def _ask(self, job: _Job, child: Child, body: bytes) -> Reply:
        def hear(progress: bytes) -> None:
            job.progress = JobProgress.model_validate_json(progress)

        seconds = job.accepted.time_limit_seconds + self._settings.grace_seconds
        return child.ask(job.task, body, seconds=seconds, hear=hear)

    def _finish(self, job: _Job, reply: Reply) -> None:
        with self._lock:
            if job.state == "running":
                job.answer, job.problem = reply.answer, reply.problem
            self._end(job, "failed" if reply.answer is None else "succeeded")

    def _end(self, job: _Job, state: JobState) -> None:
        if job.state in ("queued", "running"):
            job.state, job.finished_at, job.body = state, datetime.now(UTC), b""
            self._forget()

    def _forget(self) -> None:
        """Drops the jobs that ended first when there are too many, or what they found takes too much memory."""
        ended = sorted(
            (job for job in self._jobs.values() if job.finished_at is not None),
            key=lambda job: job.finished_at or job.created_at,
        )
        held = sum(len(job.answer or b"") for job in ended)
        while ended[:-1] and (len(ended) > self._settings.max_finished or held > self._settings.max_finished_bytes):
            oldest = ended.pop(0)
            held -= len(oldest.answer or b"")
            del self._jobs[oldest.id]
