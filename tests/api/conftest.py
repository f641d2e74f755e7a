"""A service over the tiny catalog, and ways to look at its child processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from critmass_api.app import create_app
from critmass_api.settings import Settings

TINY_CATALOG = Path(__file__).parents[1] / "data" / "tiny_catalog"


@pytest.fixture(scope="session")
def tiny() -> Settings:
    """Settings with the tiny catalog alone."""
    return Settings(catalog_dirs=(TINY_CATALOG,), shipped_catalog=False)


@pytest.fixture(scope="module")
def client(tiny: Settings) -> Iterator[TestClient]:
    """A client of a service that the tests of a module share."""
    with TestClient(create_app(tiny)) as service:
        yield service
