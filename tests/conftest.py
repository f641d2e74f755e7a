"""What several test folders share."""

from __future__ import annotations

import pytest

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog


@pytest.fixture(scope="session")
def shipped_catalog() -> Catalog:
    """The catalog that comes with the product."""
    return load_catalog()
