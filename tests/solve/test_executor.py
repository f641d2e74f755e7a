"""Where solves run: the same answers from threads, processes and a cluster, and nothing lost when workers end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import dask
import psutil
import pytest
from distributed import LocalCluster, Security
from executor_tasks import Knapsack, best_value, refuses, starts_of
from pydantic import ValidationError
from typer.testing import CliRunner

from critmass.cli import app
from critmass.domain.errors import InfeasibleError, InputError
from critmass.domain.scenario import SolveOptions
from critmass.solve import cluster as on_cluster
from critmass.solve.executor import available_cores, run_all, solve_pool
from critmass.solve.lost_work import MOST_TRIES, LostWorkError

SOLO = Path(__file__).parents[2] / "data" / "networks" / "solo.xlsx"
KINDS = ("threads", "processes", "dask")

PoolMaker = Callable[[], AbstractContextManager[Executor]]


def children(parent: int | None = None) -> set[int]:
    """Processes that one (this one) started to solve with, and that run."""
    found = psutil.Process(parent).children(recursive=True)
    return {child.pid for child in found if runs(child.pid)}


def runs(process: int) -> bool:
    """Whether a process that solves is there, not about to become one, and has not ended."""
    try:
        found = psutil.Process(process)
        return found.status() != psutil.STATUS_ZOMBIE and "--multiprocessing-fork" in found.cmdline()
    except psutil.NoSuchProcess:
        return False


def tls(security: Security) -> dict[str, str]:
    """What a user of a cluster sets in dask's configuration."""
    return {
        "distributed.comm.tls.ca-file": security.tls_ca_file,
        "distributed.comm.tls.client.cert": security.tls_client_cert,
        "distributed.comm.tls.client.key": security.tls_client_key,
    }


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Address of a cluster of two worker processes with TLS, whose certificates dask's configuration names."""
    security = Security.temporary()
    with (
        LocalCluster(
            processes=True,
            n_workers=2,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            protocol="tls",
            security=security,
        ) as cluster,
        dask.config.set(tls(security)),
    ):
        yield cluster.scheduler_address


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of executor."""
    return str(request.param)


@pytest.fixture(scope="module")
def make_pool(kind: str, request: pytest.FixtureRequest) -> PoolMaker:
    """Makes a pool of two workers of the kind."""
    return partial(solve_pool, 2, kind, request.getfixturevalue("scheduler") if kind == "dask" else None)


@pytest.fixture(scope="module")
def pool(make_pool: PoolMaker) -> Iterator[Executor]:
    """One pool for the tests of a kind: what goes wrong in one must not be felt in the next."""
    with make_pool() as executor:
        yield executor


@pytest.mark.parametrize("kind", KINDS[1:], indirect=True)
def test_a_task_that_always_kills_its_worker_is_given_up(pool: Executor, tmp_path: Path) -> None:
    """After three tries there is one error that says so."""
    tasks = [Knapsack(seed, tmp_path, deaths=99 * (seed == 1)) for seed in range(4)]
    with pytest.raises(LostWorkError, match=r"ended its (process|worker) 3 times and was given up"):
        run_all(pool, best_value, tasks)
    assert starts_of(tasks[1]) == MOST_TRIES


@pytest.mark.parametrize("kind", KINDS[1:], indirect=True)
def test_a_killed_worker_loses_nothing(pool: Executor, kind: str, tmp_path: Path) -> None:
    """A worker that is killed in mid-run is replaced, and its task, and no other, is done again."""
    tasks = [Knapsack(seed, tmp_path, seconds=0.1, deaths=int(seed == 1)) for seed in range(8)]
    found = run_all(pool, best_value, tasks)
    starts = [starts_of(task) for task in tasks]
    assert starts[1] == 2
    # On a cluster a result can be lost that was on its way.
    assert sum(starts) == 9 or (kind == "dask" and sum(starts) == 10)
    assert found == [best_value(replace(task, seconds=0)) for task in tasks]


def test_all_kinds_give_the_same_in_the_same_order(pool: Executor, tmp_path: Path) -> None:
    """Results come in the order of the tasks, though the first task takes longest, and are those of one thread."""
    tasks = [Knapsack(seed, tmp_path, seconds=0.02 * (8 - seed)) for seed in range(8)]
    found = run_all(pool, best_value, tasks)
    assert found == [best_value(replace(task, seconds=0)) for task in tasks]
    assert len(set(found)) > 1


def test_an_error_of_a_task_is_raised_as_it_is(pool: Executor, tmp_path: Path) -> None:
    """A task that raises is not tried again, and its error keeps its kind and words."""
    task = Knapsack(1, tmp_path)
    with pytest.raises(InfeasibleError, match="task 1 cannot be done"):
        run_all(pool, refuses, [task])
    assert starts_of(task) == 1


@pytest.mark.parametrize("kind", KINDS[:2], indirect=True)
def test_a_pool_that_has_ended_takes_no_tasks(make_pool: PoolMaker) -> None:
    """Whoever brings one hears of it, and does not wait for ever."""
    with make_pool() as executor:
        pass
    with pytest.raises(RuntimeError):
        executor.submit(int)


def test_processes_end_with_their_pool(tmp_path: Path) -> None:
    """After the block no process is left."""
    before = children()
    with solve_pool(1, "processes") as executor:
        run_all(executor, best_value, [Knapsack(1, tmp_path)])
        assert len(children() - before) == 1
    assert children() == before


@pytest.mark.usefixtures("usual_ctrl_c")
def test_ctrl_c_drops_what_waits(make_pool: PoolMaker, kind: str, tmp_path: Path) -> None:
    """Ctrl-C comes through at once, tasks that wait never begin, and no process of the pool is left."""
    tasks = [Knapsack(seed, tmp_path, seconds=8) for seed in range(6)]
    before, pressed = children(), list[float]()

    def press() -> None:
        wait_until(lambda: all(starts_of(task) for task in tasks[:2]))
        pressed.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    finger = threading.Thread(target=press)
    try:
        with pytest.raises(KeyboardInterrupt), make_pool() as executor:
            finger.start()
            run_all(executor, best_value, tasks)
        assert time.monotonic() - pressed[0] < 6
    finally:
        finger.join()
    assert kind == "dask" or children() == before
    assert sum(starts_of(task) for task in tasks) == 2


SCRIPT = """
from pathlib import Path
from executor_tasks import Knapsack, best_value
from critmass.solve.executor import run_all, solve_pool

if __name__ == "__main__":
    with solve_pool(1, "processes") as executor:
        run_all(executor, best_value, [Knapsack(1, Path({diary!r}), seconds=30)])
"""


@contextmanager
def running_script(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A script of its own process group that solves with a process, for longer than a test waits."""
    script = folder / "script.py"
    script.write_text(SCRIPT.format(diary=str(folder)), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, str(script)]
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as script_process:
        yield script_process


def test_processes_end_with_their_parent(tmp_path: Path) -> None:
    """A plan that is killed outright leaves no process that goes on solving."""
    with running_script(tmp_path) as parent:
        wait_until(lambda: starts_of(Knapsack(1, tmp_path)) == 1)
        (solver,) = children(parent.pid)
        parent.kill()
    wait_until(lambda: not runs(solver))


@pytest.mark.usefixtures("usual_ctrl_c")
def test_ctrl_c_while_processes_start(tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to every process; one that is being started says nothing of it, and ends."""
    with running_script(tmp_path) as parent:
        wait_until(lambda: len(children(parent.pid)) == 1)
        (solver,) = children(parent.pid)
        os.killpg(parent.pid, signal.SIGINT)
        _, said = parent.communicate(timeout=15)
    assert said.count("Traceback") == 1
    assert "KeyboardInterrupt" in said
    assert not runs(solver)


def wait_until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    """Waits for something, and fails when it does not come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


# What is refused --------------------------------------------------------------------------------------


def refusal(address: str | None) -> str:
    """In what words a cluster is refused."""
    with pytest.raises(InputError) as caught, solve_pool(None, "dask", address):
        pass
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize(
    "address", [None, "", "somewhere", "host:8786", "tls://host", "tls://host:99999", "http://a:1"]
)
def test_what_is_no_address(address: str | None) -> None:
    """An address that does not say how to get where is refused, with the form that it has."""
    assert "write tls://HOST:PORT" in refusal(address)


@pytest.mark.parametrize("host", ["10.0.0.7", "scheduler.example", "[2001:db8::1]", "0.0.0.0"])
def test_no_plain_connection_to_another_machine(host: str) -> None:
    """Without TLS only this machine's own scheduler is used."""
    assert "start the scheduler with TLS" in refusal(f"tcp://{host}:8786")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_scheduler_that_is_not_there(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address where nothing listens is said in one line."""
    monkeypatch.setattr(on_cluster, "ANSWER_SECONDS", 0.5)
    assert "no scheduler answers at tcp://" in refusal(f"tcp://{host}:9")


def test_something_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes the connection and says nothing is waited for no longer than a scheduler is."""
    monkeypatch.setattr(on_cluster, "ANSWER_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        assert "nothing came back" in refusal(f"tcp://127.0.0.1:{deaf.getsockname()[1]}")


def test_tls_needs_certificates(tmp_path: Path) -> None:
    """Certificates that are not named, not there or not readable are said by name."""
    names = [f"distributed.comm.tls.{name}" for name in ("ca-file", "client.cert", "client.key")]
    with dask.config.set(dict.fromkeys(names)):
        assert "ca-file and client.cert of distributed.comm.tls are not set" in refusal("tls://127.0.0.1:9")
    with dask.config.set(dict.fromkeys(names, str(tmp_path / "cluster.pem"))):
        assert "no certificate or key in" in refusal("tls://127.0.0.1:9")
        (tmp_path / "cluster.pem").write_text("nothing")
        assert "the certificates cannot be used" in refusal("tls://127.0.0.1:9")


def test_certificates_of_another_authority(scheduler: str) -> None:
    """A scheduler that our certificates do not fit is refused before anything is sent to it."""
    with dask.config.set(tls(Security.temporary())):
        assert f"no scheduler answers at {scheduler}" in refusal(scheduler)


def test_a_cluster_without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler whose workers never take a task does not hold a plan up for ever."""
    monkeypatch.setattr(on_cluster, "WORKER_SECONDS", 0.5)
    with LocalCluster(processes=False, n_workers=0, dashboard_address="127.0.0.1:0", protocol="tcp://") as empty:
        assert "no worker of tcp://" in refusal(empty.scheduler_address)


def test_workers_with_another_version(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that would calculate by another version of critmass are refused."""
    monkeypatch.setattr(on_cluster, "version", lambda _name: "9.9.9")
    assert "install critmass 9.9.9 for the scheduler and for every worker" in refusal(scheduler)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where dask is not installed, the error says how to install it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "pip install 'critmass[cluster]'" in refusal("tls://127.0.0.1:8786")


def test_dask_is_loaded_for_dask_only() -> None:
    """Planning without a cluster needs and loads none of the extra's packages."""
    code = "import sys, critmass, critmass.cli; sys.exit('distributed' in sys.modules or 'dask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Options ----------------------------------------------------------------------------------------------


def test_a_scheduler_goes_with_dask() -> None:
    """Dask without a scheduler and a scheduler without dask are refused; the two together are not."""
    with pytest.raises(ValidationError, match="dask needs the address"):
        SolveOptions(executor="dask")
    with pytest.raises(ValidationError, match="a scheduler needs the executor dask"):
        SolveOptions(executor="processes", scheduler="tls://host:1")
    assert SolveOptions(executor="dask", scheduler="tls://host:1").scheduler == "tls://host:1"
    assert SolveOptions().executor == "threads"
    assert available_cores() >= 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--executor", "dask"], "dask needs the address"),
        (["--scheduler", "tls://host:1"], "a scheduler needs the executor dask"),
        (["--executor", "dask", "--scheduler", "tcp://10.0.0.7:8786"], "start the scheduler with TLS"),
        (["--executor", "elsewhere"], "is not one of"),
        (["--workers", "0"], "greater than or equal to 1"),
    ],
)
def test_the_command_says_what_is_wrong(words: list[str], said: str) -> None:
    """Executors and schedulers that cannot be used end the command with code 2 and a reason."""
    done = CliRunner().invoke(app, ["plan", str(SOLO), *words])
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert "Traceback" not in done.output
