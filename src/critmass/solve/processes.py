"""Solves in processes of this machine, where the end of a process loses nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from critmass.solve.lost_work import MOST_TRIES, LostWorkError, given_up

Given = ParamSpec("Given")
Result = TypeVar("Result")


@contextmanager
def process_pool(workers: int, first: Callable[[], object] = int) -> Iterator[Executor]:
    """A pool of at most so many processes, each started when it is first needed, which does `first` before its tasks.

    Functions, tasks and results must be picklable and self-contained: a process shares nothing with this
    one, and imports the main module anew, so a script needs its `if __name__ == "__main__":`. What raises
    an error inside the block ends running solves and their processes at once.

    Raises (from the pool's futures):
        LostWorkError: when a task ended its process three times, or a process cannot start.
    """
    pool = _ProcessPool(workers, first)
    try:
        yield pool
        pool.shutdown()
    except BaseException:
        pool.end()
        raise


class _ProcessPool(Executor):
    """One thread for each process, which hands it one task at a time.

    A ProcessPoolExecutor fails every task it holds when one of its processes ends. Here each holds one
    process, so that it is known whose task it was, and no other task is charged with a try.
    """

    def __init__(self, workers: int, first: Callable[[], object]) -> None:
        self._first = first
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="solve-process")
        self._lock = threading.Lock()
        self._alive: set[_Process] = set()
        self._idle: list[_Process] = []
        self._ended = False

    def submit(self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Result]:
        return self._threads.submit(self._until_done, partial(fn, *args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if cancel_futures and not wait:
            self.end()
            return
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        if wait:
            for process in list(self._alive):
                self._discard(process)

    def end(self) -> None:
        """Ends running solves with their processes, and drops the others."""
        self._ended = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            alive = list(self._alive)
        for process in alive:
            process.kill()
        self.shutdown()

    def _until_done(self, call: Callable[[], Result]) -> Result:
        lost: BrokenProcessPool | None = None
        for _ in range(MOST_TRIES):
            process = self._take()
            try:
                result = process.run(call)
            except BrokenProcessPool as error:
                lost = error
                self._discard(process)
            except BaseException:
                self._give_back(process)
                raise
            else:
                self._give_back(process)
                return result
        raise given_up("its process") from lost

    def _take(self) -> _Process:
        with self._lock:
            if self._ended:
                raise CancelledError
            if self._idle:
                return self._idle.pop()
            process = _Process(self._first)
            self._alive.add(process)
        process.start()
        if self._ended:
            raise CancelledError
        return process

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            self._idle.append(process)

    def _discard(self, process: _Process) -> None:
        process.close()
        with self._lock:
            self._alive.discard(process)


class _Process:
    """A process that does one call after the other."""

    def __init__(self, first: Callable[[], object]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(first,))

    def start(self) -> None:
        """Starts the process, and waits until it is there."""
        # Inherited, for the time until `_begin`: Ctrl-C also goes to processes that are being started.
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.run(os.getpid)
        except BrokenProcessPool as error:
            raise LostWorkError(
                "A solver process ended before it could start. A Python script that plans with processes "
                'must do so under `if __name__ == "__main__":`.'
            ) from error

    def run(self, call: Callable[[], Result]) -> Result:
        """What the call returns, or raises."""
        return self._pool.submit(call).result()

    def kill(self) -> None:
        """Ends the process at once, whatever it does."""
        # The executor can do so itself from Python 3.14 on, by the same means.
        for process in list((self._pool._processes or {}).values()):
            process.kill()

    def close(self) -> None:
        """Ends the process once it is idle, and waits for its end."""
        self._pool.shutdown()


def _begin(first: Callable[[], object]) -> None:
    """Ctrl-C is the parent's to answer, and a process never outlives its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    first()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
