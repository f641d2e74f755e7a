"""What several test folders share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog


@pytest.fixture(scope="session")
def shipped_catalog() -> Catalog:
    """The catalog that comes with the product."""
    return load_catalog()


@pytest.fixture
def usual_ctrl_c() -> Iterator[None]:
    """Python's own answer to Ctrl-C, also where the tests run in the background of a shell.

    There it is ignored, and processes that a test starts inherit that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
