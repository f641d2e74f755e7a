"""The release log is only added to, and shows what was done to it."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from critmass.domain.errors import InputError
from critmass.studies.confidentiality.releases import FIRST, ReleaseContent, ReleasedTable, ReleaseLog

CONTENT = ReleaseContent(
    time="2026-03-01T12:00:00+00:00",
    role="analyst",
    policy="floor_5_25",
    purpose="",
    messenger=False,
    consents=(),
    fed_by={"ledger": "ab"},
    tables=(ReleasedTable(name="sums_of_members", columns=("members",), rows=3, hidden=1),),
)


@pytest.fixture
def log(tmp_path: Path) -> ReleaseLog:
    """A log of three releases."""
    found = ReleaseLog(tmp_path / "releases.jsonl")
    for role in ("analyst", "payer:a", "payer:b"):
        found.append(CONTENT.model_copy(update={"role": role}))
    return found


def refused(log: ReleaseLog) -> str:
    """Why a log can be neither read nor added to."""
    with pytest.raises(InputError) as read:
        log.read()
    before = log.path.read_bytes()
    with pytest.raises(InputError) as added:
        log.append(CONTENT)
    assert str(read.value) == str(added.value)
    assert log.path.read_bytes() == before
    return str(read.value)


def test_releases_are_chained(log: ReleaseLog) -> None:
    """Each line holds the hash of the one before."""
    first, second, third = log.read()
    assert (first.number, first.previous) == (1, FIRST)
    assert (second.previous, third.previous) == (first.hash, second.hash)
    assert len(log.path.read_text().splitlines()) == 3


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """Before the first release there is nothing to read."""
    assert ReleaseLog(tmp_path / "none.jsonl").read() == ()


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_changed_line_shows(log: ReleaseLog, line: int) -> None:
    """Another role in any line is found, and named by its number."""
    lines = log.path.read_text().splitlines()
    entry = json.loads(lines[line])
    lines[line] = json.dumps({**entry, "role": "auditor"})
    log.path.write_text("\n".join(lines) + "\n")
    assert f"line {line + 1}: was changed" in refused(log)


@pytest.mark.parametrize("kept", [(1, 2), (0, 2), (0, 2, 1), (0, 0, 1, 2)])
def test_removed_swapped_and_repeated_lines_show(log: ReleaseLog, kept: tuple[int, ...]) -> None:
    """Lines that are gone, in another order or twice break the chain."""
    lines = log.path.read_text().splitlines()
    log.path.write_text("".join(lines[at] + "\n" for at in kept))
    assert "was changed after it was written" in refused(log)


@pytest.mark.parametrize("added", ["{}", "no JSON", '{"number": 4}', "[1]"])
def test_foreign_lines_show(log: ReleaseLog, added: str) -> None:
    """A line of somebody else is found."""
    log.path.write_text(log.path.read_text() + added + "\n")
    assert "line 4" in refused(log)


def test_a_cut_line_is_named_as_such(log: ReleaseLog) -> None:
    """A machine that stops in the middle of a line leaves words for how to mend it."""
    log.path.write_text(log.path.read_text()[:-20])
    assert "its last line is cut off" in refused(log)


def test_a_log_that_cannot_be_written_to_releases_nothing(tmp_path: Path) -> None:
    """A folder instead of a file is an error in words."""
    with pytest.raises(InputError, match="cannot be written to"):
        ReleaseLog(tmp_path).append(CONTENT)
    with pytest.raises(InputError, match="cannot be read"):
        ReleaseLog(tmp_path).read()


def test_many_writers_leave_one_chain(tmp_path: Path) -> None:
    """Releases at the same time stand one after the other."""
    path = tmp_path / "releases.jsonl"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ReleaseLog(path).append(CONTENT), range(20)))
    assert [release.number for release in ReleaseLog(path).read()] == list(range(1, 21))


def test_a_write_that_is_interrupted_leaves_no_part_of_a_line(log: ReleaseLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C before the write, or a disk that takes only half a line: the log is as before."""
    before, write = log.path.read_bytes(), os.write

    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        log.append(CONTENT)
    monkeypatch.setattr("os.write", lambda file, line: write(file, line[:10]))
    with pytest.raises(InputError, match="the disk is full"):
        log.append(CONTENT)
    monkeypatch.undo()
    assert log.path.read_bytes() == before
    assert log.append(CONTENT).number == 4
