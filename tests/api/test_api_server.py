"""The server itself: where it listens, and what is left when it goes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import httpx2
import psutil
import pytest
from service_tools import gone, plan_body, wait_for, workers

from critmass.domain.errors import InputError
from critmass_api.runner import Limits, run
from critmass_api.server import serve

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_only_this_computer(host: str) -> None:
    """Any address that others could reach is refused before anything starts, with the way out."""
    with pytest.raises(InputError, match=r"use 127\.0\.0\.1"):
        serve(host)


def test_impossible_ports() -> None:
    """A number that is no port is refused."""
    with pytest.raises(InputError, match="70000 is not a port"):
        serve(port=70_000)


def test_the_command_says_why() -> None:
    """The command refuses another host in one line and with the exit code for bad input."""
    done = subprocess.run(
        [sys.executable, "-m", "critmass_api", "--host", "0.0.0.0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == InputError.exit_code
    assert "not this computer alone" in done.stderr
    assert "Traceback" not in done.stderr


@contextmanager
def server(tmp_path: Path) -> Iterator[tuple[psutil.Process, str]]:
    """A running server and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "critmass_api", "--port", str(port)]
    with (tmp_path / f"log{port}").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        yield psutil.Process(process.pid), f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(url: str) -> bool:
    """Whether something answers there."""
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends orphans of a killed parent")
def test_servers_leave_no_process(tmp_path: Path) -> None:
    """Of two servers with a job each, one is killed and one gets Ctrl-C: no process of either stays."""
    with server(tmp_path) as (killed, one), server(tmp_path) as (stopped, other):
        for url in (one, other):
            assert httpx2.post(f"{url}/v1/plans", json=plan_body(60), timeout=30).status_code == 202
        children = wait_for(lambda: workers(killed)) | wait_for(lambda: workers(stopped))
        killed.send_signal(signal.SIGKILL)
        stopped.send_signal(signal.SIGINT)
        assert wait_for(lambda: gone(children | {killed.pid, stopped.pid}))
    assert not [log for log in tmp_path.glob("log*") if "Traceback" in log.read_text(encoding="utf-8")]


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes of bytes")
@pytest.mark.parametrize("sent", [b"", (100).to_bytes(4, "big") + b"half"], ids=["nothing", "half a message"])
def test_a_parent_that_goes_away_is_the_end(sent: bytes, tmp_path: Path) -> None:
    """Also in the middle of a message: the child ends, and has nothing to complain about."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    limits = Limits(memory_bytes=4 * 2**30, workers=1, temporary=str(tmp_path), parent=os.getpid())
    child = context.Process(target=run, args=(theirs, limits))
    child.start()
    theirs.close()
    os.write(ours.fileno(), sent)
    ours.close()
    child.join(timeout=60)
    assert child.exitcode == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_documented_commands_work(tmp_path: Path) -> None:
    """Every command of docs/api.md runs in turn and is answered with success; bodies stay out of the log."""
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)[1:])
    with server(tmp_path) as (_, url):
        script = script.replace("http://127.0.0.1:8000", url).replace("curl -s", "curl -sS --fail-with-body")
        script = script.replace("data/networks/", f"{ROOT}/data/networks/")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ},
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    log = next(tmp_path.glob("log*")).read_text(encoding="utf-8")
    assert "POST /v1/plans" in log
    assert "Maple" not in log
