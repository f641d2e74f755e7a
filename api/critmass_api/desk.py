"""Short calculations, answered while the client waits, one at a time in a child that is kept for the next."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from critmass.domain.catalog import Catalog
from critmass_api.child import Child, Reply
from critmass_api.problems import RefusedError, ServiceError, problem
from critmass_api.settings import Settings

RETRY_SECONDS = "2"


class Desk:
    """Checks and settlements. The one thread owns the child."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk")
        self._lock = Lock()
        self._child: Child | None = None
        self._waiting = 0
        self._closed = False

    async def ask(self, task: str, body: bytes) -> bytes:
        """The JSON that a task answers with.

        Raises:
            RefusedError: with the problem that the task found.
            ServiceError: when too many wait already, or the service is closing.
        """
        if self._closed:
            raise ServiceError("closing")
        if self._waiting >= self._settings.max_queued:
            detail = f"{self._waiting} requests wait for a calculation"
            raise ServiceError("too-many-requests", detail, {"Retry-After": RETRY_SECONDS})
        self._waiting += 1
        try:
            reply = await asyncio.wrap_future(self._thread.submit(self._ask, task, body))
        finally:
            self._waiting -= 1
        if reply.answer is None:
            raise RefusedError(reply.problem or problem("crashed"))
        return reply.answer

    def close(self) -> None:
        """Ends the child, and with it whatever it is asked."""
        with self._lock:
            self._closed = True
            if self._child is not None:
                self._child.end()
        self._thread.shutdown()
        self._dismiss()

    def _ask(self, task: str, body: bytes) -> Reply:
        with self._lock:
            if self._closed:
                return Reply(problem=problem("closing"))
            if self._child is None:
                self._child = Child(self._catalog, self._settings)
            child = self._child
        reply = child.ask(task, body, seconds=self._settings.check_seconds)
        if not reply.healthy:
            self._dismiss()
        lost = self._closed and reply.answer is None
        return Reply(problem=problem("closing")) if lost else reply

    def _dismiss(self) -> None:
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.close()
