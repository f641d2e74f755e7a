"""How routes describe bodies that they hand on unread, and the problems that they answer with."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from critmass_api.bodies import JSON, XLSX
from critmass_api.problems import MEDIA_TYPE, TITLES, ProblemDetails

REFERENCE = "#/components/schemas/{model}"


def json_request(model: type[BaseModel], examples: dict[str, Any], *, workbook: bool = False) -> dict[str, Any]:
    """The OpenAPI words for a JSON body, or also an Excel workbook."""
    schema = {"$ref": REFERENCE.format(model=model.__name__)}
    content: dict[str, Any] = {JSON: {"schema": schema, "examples": examples}}
    if workbook:
        content[XLSX] = {"schema": {"type": "string", "format": "binary"}}
    return {"requestBody": {"required": True, "content": content}}


def problems(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI words for the problems that a route may answer with."""
    reference = {"$ref": REFERENCE.format(model=ProblemDetails.__name__)}
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status, title = TITLES[kind]
        found[status] = {"description": title, "content": {MEDIA_TYPE: {"schema": reference}}}
    return found
