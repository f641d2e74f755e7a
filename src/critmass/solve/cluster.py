"""Solves on a dask cluster, whose scheduler somebody else runs.

Client, scheduler and workers trust each other with code, so a scheduler on another machine is reached over
TLS only, with the certificates of dask's own configuration (`distributed.comm.tls`).
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from critmass.domain.errors import InputError, Problem
from critmass.solve.lost_work import MOST_TRIES, LostWorkError, given_up

ANSWER_SECONDS = 10.0
"""How long a scheduler may take to answer."""

WORKER_SECONDS = 60.0
"""How long it may take until a worker takes the first task; a cluster may have to start one."""

Given = ParamSpec("Given")
Result = TypeVar("Result")


@contextmanager
def cluster_pool(scheduler: str | None) -> Iterator[Executor]:
    """A pool of all the workers of a cluster.

    Functions, tasks and results must be picklable and self-contained, and the workers need the same
    version of critmass. A worker may end at any time: what it held is done again by another, three times at
    most. Leaving the block drops what has not begun; dask cannot stop a solve that runs, which ends by its
    own time limit.

    Raises:
        InputError: when the cluster cannot be used, with the reason.
        LostWorkError: from the pool's futures, when a task ended its workers three times or the scheduler went away.
    """
    address = _checked(scheduler or "")
    distributed = _distributed()
    client = _connected(distributed, address)
    with _without_tracebacks():
        try:
            _meet_a_worker(client, address)
            pool = _ClusterPool(distributed, client)
            yield pool
            pool.forget_tries()
        finally:
            client.close(timeout=ANSWER_SECONDS)


@contextmanager
def _without_tracebacks() -> Iterator[None]:
    """Dask's client logs a traceback when a scheduler goes away; here that is an error with words."""
    logger = logging.getLogger("distributed.client")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


class _ClusterPool(Executor):
    """Hands tasks to the scheduler, each with a number under which its tries are counted.

    Dask's futures are let go once their results are here: as long as one is held, its task is done again
    whenever the worker that did it ends.
    """

    def __init__(self, distributed: Any, client: Any) -> None:
        self._client, self._pool = client, client.get_executor(pure=False)
        self._killed: type[Exception] = distributed.KilledWorker
        self._run = f"{_TRIES}-{client.id}"
        self._numbers = itertools.count()
        self._open: dict[int, Future[Any]] = {}

    def submit(self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Result]:
        number, future = next(self._numbers), Future[Result]()
        self._open[number] = self._pool.submit(_counted, partial(fn, *args, **kwargs), [self._run, number])
        self._open[number].add_done_callback(partial(self._pass_on, number, future))
        future.add_done_callback(partial(self._drop, number))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait=wait and not cancel_futures)

    def forget_tries(self) -> None:
        """Leaves nothing with the scheduler that grows from plan to plan."""
        with suppress(OSError):
            self._client.set_metadata([self._run], {})

    def _pass_on(self, number: int, future: Future[Any], done: Future[Any]) -> None:
        self._open.pop(number, None)
        if not future.set_running_or_notify_cancel():
            return
        if done.cancelled():
            future.set_exception(LostWorkError("The connection to the scheduler was lost."))
        elif isinstance(error := done.exception(), self._killed):
            lost = given_up("its worker")
            lost.__cause__ = error
            future.set_exception(lost)
        elif error is not None:
            future.set_exception(error)
        else:
            future.set_result(done.result())

    def _drop(self, number: int, future: Future[Any]) -> None:
        dropped = self._open.pop(number, None) if future.cancelled() else None
        if dropped is not None:
            dropped.cancel()


# On a worker ------------------------------------------------------------------------------------------

_TRIES = "critmass-tries"


def _counted(call: Callable[[], Result], place: list[Any]) -> Result:
    """The call's result, unless it was begun too often.

    The scheduler counts too, but by its own setting (`distributed.scheduler.allowed-failures`), which is
    not ours to change.
    """
    from distributed import get_worker
    from distributed.utils import sync

    worker = get_worker()
    if sync(worker.loop, _begun, worker.scheduler, place) > MOST_TRIES:
        raise given_up("its worker")
    return call()


async def _begun(scheduler: Any, place: list[Any]) -> int:
    tries = 1 + int(await scheduler.get_metadata(keys=place, default=0))
    await scheduler.set_metadata(keys=place, value=tries)
    return tries


def _critmass_there() -> str:
    return version("critmass")


# Getting there ----------------------------------------------------------------------------------------


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        fix = "pip install 'critmass[cluster]'"
        raise InputError([Problem("executor", "dask's package 'distributed' is not installed", fix)]) from None
    return distributed


def _checked(address: str) -> str:
    """The address, when it says how to get there and the way is safe."""
    parts = urlsplit(address)
    with suppress(ValueError):
        if parts.scheme in ("tls", "tcp") and parts.hostname and parts.port:
            if parts.scheme == "tcp" and not _this_machine(parts.hostname):
                message = f"{address} is on another machine and has no TLS, so anyone on the way could run code here"
                raise _refused(message, "start the scheduler with TLS and give its tls:// address")
            return address
    raise _refused(f"{address!r} is no address of a scheduler", "write tls://HOST:PORT")


def _this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _connected(distributed: Any, address: str) -> Any:
    security = _security(distributed, address)
    try:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _greeted(distributed, address, security)).result()
        return distributed.Client(address, security=security, timeout=ANSWER_SECONDS, set_as_default=False)
    # Whatever listens there may not be a scheduler, and then anything can come back.
    except Exception as error:
        message = f"no scheduler answers at {address}: {_first_line(error)}"
        raise _refused(message, "check address and certificates, and that the scheduler runs") from error


async def _greeted(distributed: Any, address: str, security: Any) -> None:
    """Both sides say who they are. A client does so too, but waits for ever when the other side is silent."""
    async with asyncio.timeout(ANSWER_SECONDS):
        comm = await distributed.comm.connect(address, timeout=ANSWER_SECONDS, **security.get_connection_args("client"))
    await comm.close()


def _security(distributed: Any, address: str) -> Any:
    """What dask's own configuration says of certificates; for TLS they must be there."""
    if not address.startswith("tls:"):
        return distributed.Security()
    security = distributed.Security(require_encryption=True)
    files = {
        "ca-file": security.tls_ca_file,
        "client.cert": security.tls_client_cert,
        "client.key": security.tls_client_key,
    }
    # A key may stand in the certificate's file.
    unset = [name for name in ("ca-file", "client.cert") if not files[name]]
    if unset:
        raise _refused(f"TLS needs certificates, and {' and '.join(unset)} of distributed.comm.tls are not set", _SET)
    gone = [path for path in files.values() if path and "\n" not in path and not Path(path).is_file()]
    if gone:
        raise _refused(f"there is no certificate or key in {' or '.join(gone)}", _SET)
    try:
        security.get_connection_args("client")
    except OSError as error:
        raise _refused(f"the certificates cannot be used: {_first_line(error)}", _SET) from error
    return security


_SET = (
    "name the cluster's certificates in dask's configuration, or by DASK_DISTRIBUTED__COMM__TLS__CA_FILE, "
    "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"
)


def _meet_a_worker(client: Any, address: str) -> None:
    """Makes sure that the cluster works, and works with this version."""
    ours = version("critmass")
    try:
        theirs = client.submit(_critmass_there, pure=False).result(timeout=WORKER_SECONDS)
    except TimeoutError:
        message = f"no worker of {address} took a task within {WORKER_SECONDS:.0f} seconds"
        raise _refused(message, "start workers, or wait until some are free") from None
    except Exception as error:
        message = f"a worker of {address} cannot run critmass: {_first_line(error)}"
        raise _refused(message, f"install critmass {ours} for the scheduler and for every worker") from error
    if theirs != ours:
        message = f"a worker of {address} has critmass {theirs}, and here is {ours}"
        raise _refused(message, f"install critmass {ours} for the scheduler and for every worker")


def _refused(message: str, fix: str) -> InputError:
    return InputError([Problem("scheduler", message, fix)])


def _first_line(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing came back in {ANSWER_SECONDS:.0f} seconds"
    return (str(error) or type(error).__name__).splitlines()[0]
