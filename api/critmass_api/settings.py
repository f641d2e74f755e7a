"""What the operator of the service decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
"""The only addresses that the service listens on."""


@dataclass(frozen=True)
class Settings:
    """Limits and places. Bytes are bytes, seconds are seconds of wall time.

    A plan's child process is ended `grace_seconds` after the time limit that its request asks for; checks
    and settlements are ended after `check_seconds`. `workers` is the number of solver threads of a plan.
    """

    catalog_dirs: tuple[Path, ...] = ()
    shipped_catalog: bool = True
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]", "testserver")
    max_body_bytes: int = 32_000_000
    memory_bytes: int = 4_000_000_000
    check_seconds: float = 60.0
    grace_seconds: float = 60.0
    max_running: int = 1
    max_queued: int = 20
    max_finished: int = 100
    max_finished_bytes: int = 500_000_000
    workers: int | None = None
