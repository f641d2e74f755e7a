"""Writes what a reader found as a catalog file of one's own, so that programs can use it."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import BaseModel

from critmass.domain.catalog import CatalogFile
from critmass.domain.values import Cited

_WIDTH = 120


def catalog_text(catalog: CatalogFile, heading: str) -> str:
    """A catalog file as YAML that reads back as the same catalog; numbers without a cite of their own stand bare."""
    return f"# {heading}\n" + yaml.safe_dump(_plain(catalog), sort_keys=False, width=_WIDTH, allow_unicode=True)


def _plain(node: Any) -> Any:
    if isinstance(node, Cited) and node.cite is None:
        return node.value
    if isinstance(node, Cited):
        return {"value": node.value, **_plain(node.cite)}
    if isinstance(node, BaseModel):
        fields = type(node).model_fields.items()
        return {field.alias or key: _plain(getattr(node, key)) for key, field in fields if _is_said(node, key)}
    if isinstance(node, tuple | list):
        return [_plain(item) for item in node]
    if isinstance(node, dict):
        return {key: _plain(item) for key, item in node.items()}
    return node


def _is_said(node: BaseModel, key: str) -> bool:
    """Fields that differ from their default; the kind of a word is always said."""
    field = type(node).model_fields[key]
    return key == "kind" or field.is_required() or getattr(node, key) != field.get_default(call_default_factory=True)
