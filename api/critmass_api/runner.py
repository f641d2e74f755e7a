"""The child's side: does one task after another as the parent asks, and never outlives the parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing.connection import Connection

from critmass.domain.catalog import Catalog
from critmass.domain.errors import CritmassError
from critmass_api.answering import answer
from critmass_api.problems import ProblemDetails, problem, problem_of
from critmass_api.tasks import Bench

PROGRESS, ANSWER, REFUSAL, FAILURE = b"P", b"A", b"R", b"F"
"""First byte of a message to the parent; after a failure the child is not fit for another task."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Limits:
    """What a child may use: bytes of address space, solver threads, and a folder for temporary files."""

    memory_bytes: int
    workers: int | None
    temporary: str
    parent: int


def run(pipe: Connection, limits: Limits) -> None:
    """Answers tasks, after the catalog has come, until the parent closes the pipe."""
    _end_with_parent(limits.parent)
    _limit(limits)
    # A parent that is killed while it sends leaves half a message behind, which is a plain OSError.
    with contextlib.suppress(EOFError, OSError):
        catalog: Catalog = pipe.recv()
        bench = Bench(catalog, limits.workers, lambda progress: pipe.send_bytes(PROGRESS + progress))
        while True:
            task, body = pipe.recv_bytes().decode(), pipe.recv_bytes()
            pipe.send_bytes(_answer(task, body, bench))


def _answer(task: str, body: bytes, bench: Bench) -> bytes:
    try:
        return ANSWER + answer(task, body, bench)
    except CritmassError as error:
        return REFUSAL + _json(problem_of(error))
    except MemoryError:
        return FAILURE + _json(problem("out-of-memory", "send a smaller network"))
    except Exception as error:
        sys.stderr.write(f"critmass: {task} failed: {where(error)}\n")
        return FAILURE + _json(problem("internal-error", "the service's log names the place"))


def _json(details: ProblemDetails) -> bytes:
    return details.model_dump_json().encode()


def where(error: BaseException) -> str:
    """Kind and place of an error, without its message: a message may quote what a user sent."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_qualname}, line {trace.tb_lineno}"


def _end_with_parent(parent: int) -> None:
    """Own session, so that Ctrl-C reaches the parent alone, which then ends its children in order."""
    if hasattr(os, "setsid"):
        os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _limit(limits: Limits) -> None:
    tempfile.tempdir = limits.temporary
    os.environ["TMPDIR"] = limits.temporary
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
