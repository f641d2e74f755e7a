"""The parent's side of a child process: start it, ask it, end it."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from threading import Lock

from critmass.domain.catalog import Catalog
from critmass_api import runner
from critmass_api.problems import ProblemDetails, problem
from critmass_api.settings import Settings


@dataclass(frozen=True)
class Reply:
    """What came of a task: JSON, or a problem. A child that is not `healthy` must be ended."""

    answer: bytes | None = None
    problem: ProblemDetails | None = None
    healthy: bool = True


class Child:
    """A process of our own under limits.

    Start it from a thread that lives as long as it does: Linux ends a child that asked to die with its
    parent when the thread that started it ends.
    """

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._ending = Lock()
        self._ended = False
        self._unsent: Catalog | None = catalog
        self._temporary = tempfile.TemporaryDirectory(prefix="critmass-")
        limits = runner.Limits(settings.memory_bytes, settings.workers, self._temporary.name, os.getpid())
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=runner.run, args=(theirs, limits), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, task: str, body: bytes, *, seconds: float, hear: Callable[[bytes], None] = lambda _: None) -> Reply:
        """The reply to a task within the given time; `hear` gets the progress on the way."""
        try:
            self._send_catalog()
            self._pipe.send_bytes(task.encode())
            self._pipe.send_bytes(body)
            return self._reply(time.monotonic() + seconds, seconds, hear)
        except (EOFError, OSError):
            return Reply(problem=problem("crashed", self._cause()), healthy=False)

    def _send_catalog(self) -> None:
        """With the first task, not at the start: a start that waits for its child could not be ended."""
        if self._unsent is not None:
            self._pipe.send(self._unsent)
            self._unsent = None

    def _reply(self, deadline: float, seconds: float, hear: Callable[[bytes], None]) -> Reply:
        while (left := deadline - time.monotonic()) > 0 and self._pipe.poll(left):
            message = self._pipe.recv_bytes()
            kind, content = message[:1], message[1:]
            if kind == runner.ANSWER:
                return Reply(answer=content)
            if kind in (runner.REFUSAL, runner.FAILURE):
                details = ProblemDetails.model_validate_json(content)
                return Reply(problem=details, healthy=kind == runner.REFUSAL)
            hear(content)
        return Reply(problem=problem("out-of-time", f"it was ended after {seconds:,.0f} seconds"), healthy=False)

    def _cause(self) -> str:
        self._process.join(timeout=1)
        code = self._process.exitcode
        if code is None or code >= 0:
            return "its process stopped, perhaps for want of memory"
        return f"its process was ended by {signal.Signals(-code).name}, perhaps for want of memory"

    def end(self) -> None:
        """Ends the process with all it started, whatever it is doing, and waits until it is gone."""
        with self._ending:
            if self._ended:
                return
            self._ended = True
            if hasattr(os, "killpg") and self._process.pid is not None and self._process.is_alive():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.join()

    def close(self) -> None:
        """Ends the process and frees what it held. For the thread that asks; others may only `end`."""
        self.end()
        self._pipe.close()
        self._temporary.cleanup()
