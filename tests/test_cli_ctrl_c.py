"""Ctrl-C at a terminal: a process that plans is interrupted, with all that it started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from critmass.domain.catalog import Catalog
from critmass.network import sample_network, write_network
from critmass.report.schema import PlanDocument

pytestmark = pytest.mark.usefixtures("usual_ctrl_c")

SECONDS = 120.0
"""What a test waits for at most."""

LONG = ("--gap", "0", "--time-limit", "3600", "--workers", "2")
"""A search that does not end by itself while a test waits."""

COMMAND = "from critmass.cli import main\nif __name__ == '__main__':\n    main()\n"

SLEEPING = """
import sys, time
from critmass.studies import plan

def asleep(*_):
    print("asleep", file=sys.stderr, flush=True)
    time.sleep(3600)

plan.{name} = asleep
"""
"""A part of planning that takes very long."""


class Planning:
    """`critmass plan` in a process group of its own, as a terminal would start it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.said, self._printed = process, list[str](), list[str]()
        self._news = threading.Condition()
        self._readers = [threading.Thread(target=self._listen), threading.Thread(target=self._read)]
        for reader in self._readers:
            reader.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.said.append(line)
                self._news.notify_all()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self._printed.append(self.process.stdout.read())

    def wait_for(self, words: str) -> None:
        """Until a line on stderr has the words."""
        with self._news:
            assert self._news.wait_for(lambda: words in "".join(self.said), SECONDS), self.said

    def press_ctrl_c(self) -> None:
        """What a terminal does: a signal to every process of the group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> tuple[int, str, str]:
        """How it ends by itself: exit code, stdout, stderr."""
        self.process.wait(SECONDS)
        for reader in self._readers:
            reader.join(SECONDS)
        return self.process.returncode, "".join(self._printed), "".join(self.said)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, shipped_catalog: Catalog) -> Path:
    """Four practices: too many to be solved whole."""
    path = tmp_path_factory.mktemp("network") / "four.xlsx"
    write_network(path, sample_network(4, 1, shipped_catalog))
    return path


@contextmanager
def planning(folder: Path, *words: str | Path, asleep: str | None = None) -> Iterator[Planning]:
    """A process that plans, ended with its children when a test leaves it."""
    script = folder / "command.py"
    script.write_text((SLEEPING.format(name=asleep) if asleep else "") + COMMAND, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, script, "plan", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield Planning(process)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("executor", [pytest.param("threads", marks=pytest.mark.long), "processes"])
def test_ctrl_c_gives_the_best_plan_so_far(executor: str, network: Path, tmp_path: Path) -> None:
    """The plan is printed and written with its proved bound; it ends with 5, says why, and leaves no process."""
    out = tmp_path / "out"
    with planning(tmp_path, network, *LONG, "--executor", executor, "--json", "--out", out) as running:
        running.wait_for("best")
        children = psutil.Process(running.process.pid).children(recursive=True)
        running.press_ctrl_c()
        code, printed, said = running.end()
    document = PlanDocument.model_validate_json(printed)
    assert (code, document.status) == (5, "feasible")
    assert document.bound is not None
    assert document.bound >= document.objective
    assert document.gap == pytest.approx((document.bound - document.objective) / abs(document.objective), abs=1e-4)
    assert document.wall_seconds < SECONDS
    assert json.loads((out / "plan.json").read_text()) == json.loads(printed)
    assert {path.name for path in out.iterdir()} == {"plan.xlsx", "plan.json", "ledger.parquet", "inputs.json"}
    assert said.count("Stopped by Ctrl-C after") == 1
    assert "Traceback" not in said
    assert bool(children) == (executor == "processes")
    assert not psutil.wait_procs(children, timeout=10.0)[1]


@pytest.mark.parametrize("executor", ["threads", pytest.param("processes", marks=pytest.mark.long)])
def test_a_second_ctrl_c_ends_at_once(executor: str, network: Path, tmp_path: Path) -> None:
    """While the plan is audited, another Ctrl-C ends without a plan."""
    out = tmp_path / "out"
    with planning(
        tmp_path, network, *LONG, "--executor", executor, "--json", "--out", out, asleep="audit"
    ) as running:  # fmt: skip
        running.wait_for("best")
        running.press_ctrl_c()
        running.wait_for("asleep")
        running.press_ctrl_c()
        code, printed, said = running.end()
    assert (code, printed) == (130, "")
    assert "the best plan so far follows" in said
    assert "Stopped; nothing was written." in said
    assert "Traceback" not in said
    assert not out.exists()


def test_ctrl_c_before_any_plan(network: Path, tmp_path: Path) -> None:
    """Before the search has a plan to start from, the first Ctrl-C ends without one."""
    with planning(tmp_path, network, *LONG, "--json", asleep="greedy_plan") as running:
        running.wait_for("asleep")
        running.press_ctrl_c()
        code, printed, said = running.end()
    assert (code, printed) == (130, "")
    assert "Stopped; nothing was written." in said
    assert "Traceback" not in said
