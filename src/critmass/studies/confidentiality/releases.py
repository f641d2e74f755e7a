"""The release log: who was shown what, when, under which policy, and what fed it. It never holds the data itself.

Lines of JSON, each with the hash of the line before it, so that a changed, removed or inserted line shows. Removal of
the last lines shows only against a hash that was kept elsewhere; every view carries its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from critmass.domain.errors import InputError, Problem
from critmass.domain.values import Frozen

FIRST = "0" * 64
"""What stands for the hash before the first release."""
_KEEP = "keep the file as evidence, and start a new log with --log FILE"


class ReleasedTable(Frozen):
    """One table of a release: its columns and how much it held, never what."""

    name: str
    columns: tuple[str, ...]
    rows: int
    hidden: int = Field(description="Numbers that the policy hid.")
    attacks: int = Field(default=0, description="Attacks on hidden numbers that the policy's width withstood.")


class UsedConsent(Frozen):
    """A consent that a release rests on."""

    payer: str
    field: str
    purpose: str
    given: str


class ReleaseContent(Frozen):
    """What a release says before it has a place in the log. `fed_by` names inputs by their hashes."""

    time: str
    role: str
    policy: str
    purpose: str
    messenger: bool
    consents: tuple[UsedConsent, ...]
    fed_by: dict[str, str]
    tables: tuple[ReleasedTable, ...]


class Release(ReleaseContent):
    """A line of the log. `hash` is the sha256 of everything else in it, `previous` the line's before."""

    number: int
    previous: str
    hash: str


class ReleaseLog:
    """An append-only file of releases."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, content: ReleaseContent) -> Release:
        """Adds a release once the log so far is found whole. It is on the disk when this returns.

        Raises:
            InputError: when the log was changed, or cannot be written to.
        """
        try:
            with self._locked() as file:
                before = self._parsed(file.read())
                release = _chained(content, before[-1] if before else None)
                _write_whole(file.fileno(), (release.model_dump_json() + "\n").encode())
                return release
        except OSError as error:
            message = f"cannot be written to ({error.strerror or error})"
            fix = "name a file that you may write to with --log FILE; without a log nothing is shown"
            raise InputError([Problem(str(self.path), message, fix)]) from None

    def read(self) -> tuple[Release, ...]:
        """All releases in order; none when there is no file yet.

        Raises:
            InputError: when the log was changed, or cannot be read.
        """
        try:
            return self._parsed(self.path.read_bytes())
        except FileNotFoundError:
            return ()
        except OSError as error:
            message = f"cannot be read ({error.strerror or error})"
            raise InputError([Problem(str(self.path), message, "name a file that you may read")]) from None

    @contextmanager
    def _locked(self) -> Iterator[Any]:
        """The file, open for adding and closed to other writers. One write adds a whole line."""
        with self.path.open("a+b", buffering=0) as file:
            _lock(file.fileno())
            file.seek(0)
            yield file

    def _parsed(self, content: bytes) -> tuple[Release, ...]:
        found: list[Release] = []
        if content and not content.endswith(b"\n"):
            message = "its last line is cut off: a write did not finish, and no view was given out for it"
            raise InputError([Problem(str(self.path), message, "remove the last, incomplete line")])
        for number, line in enumerate(content.splitlines(), start=1):
            release = self._release(number, line)
            expected = found[-1].hash if found else FIRST
            if (release.number, release.previous) != (number, expected) or release.hash != _hash(release):
                raise self._changed(number)
            found.append(release)
        return tuple(found)

    def _release(self, number: int, line: bytes) -> Release:
        try:
            return Release.model_validate(json.loads(line))
        except (ValidationError, ValueError):
            raise self._changed(number) from None

    def _changed(self, number: int) -> InputError:
        message = "was changed after it was written, or a line before it was removed or added"
        return InputError([Problem(f"{self.path}: line {number}", message, _KEEP)])


def _lock(file: int) -> None:
    """Waits until no other process holds the file, which is let go when it is closed."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


def _write_whole(file: int, line: bytes) -> None:
    """Adds a line in one write and waits until it is on the disk; a line that does not fit is taken back."""
    size = os.fstat(file).st_size
    if os.write(file, line) != len(line):
        os.ftruncate(file, size)
        raise OSError("the disk is full")
    os.fsync(file)


def _chained(content: ReleaseContent, before: Release | None) -> Release:
    number, previous = (1, FIRST) if before is None else (before.number + 1, before.hash)
    open_end = Release(**dict(content), number=number, previous=previous, hash="")
    return open_end.model_copy(update={"hash": _hash(open_end)})


def _hash(release: Release) -> str:
    text = json.dumps(release.model_dump(exclude={"hash"}), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
