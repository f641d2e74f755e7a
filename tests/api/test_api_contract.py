"""The contract: the frozen file is what the service does, and its examples run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from critmass_api.app import create_app
from critmass_api.examples import STATUS
from critmass_api.openapi import contract
from critmass_api.settings import Settings

CONTRACT = Path(__file__).parents[2] / "api" / "openapi.json"
REGENERATE = "python -m critmass_api.openapi > api/openapi.json"


def examples() -> Iterator[Any]:
    """Every example of the frozen contract: path, name and example."""
    for path, operations in json.loads(CONTRACT.read_text(encoding="utf-8"))["paths"].items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        for name, example in content.get("application/json", {}).get("examples", {}).items():
            yield pytest.param(path, example, id=f"{path} {name}")


def test_the_frozen_contract_is_the_service() -> None:
    """The file in the repository is what the service documents."""
    assert CONTRACT.read_text(encoding="utf-8") == contract(), f"the contract changed; if meant: {REGENERATE}"


def test_the_service_hands_out_its_contract(client: TestClient) -> None:
    """The running service gives the same document."""
    assert client.get("/openapi.json").json() == json.loads(contract())


def test_every_reference_resolves() -> None:
    """Every schema that the contract mentions is in it."""
    text = contract()
    known = json.loads(text)["components"]["schemas"]
    mentioned = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert mentioned <= set(known)


@pytest.fixture(scope="module")
def shipped() -> Iterator[TestClient]:
    """A service with the catalog that comes with the product."""
    with TestClient(create_app(Settings())) as client:
        yield client


@pytest.mark.parametrize(("path", "example"), list(examples()))
def test_examples_run(shipped: TestClient, path: str, example: dict[str, Any]) -> None:
    """A documented example gets the status that is documented with it, and that the route documents."""
    response = shipped.post(path, json=example["value"])
    assert response.status_code == example[STATUS], response.text[:1000]
    documented = json.loads(CONTRACT.read_text(encoding="utf-8"))["paths"][path]["post"]["responses"]
    assert str(response.status_code) in documented
