"""Other values for numbers of a catalog, as a scenario asks for them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from critmass.catalog.load import FAMILIES
from critmass.catalog.resolve import resolved
from critmass.catalog.schema_words import schema_problems
from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.domain.scenario import RateOverride
from critmass.domain.suggest import closest
from critmass.domain.values import Cite, Cited

PLACE = "scenario: overrides"
OVERRIDDEN = Cite(assumption=True, reason="overridden by the scenario")
"""The ground that an overridden value stands on."""


def with_overrides(catalog: Catalog, overrides: Sequence[RateOverride]) -> Catalog:
    """The catalog with other values, each marked as an assumption. Its hash stays that of the files.

    Raises:
        InputError: when a path names no value, is given twice, or a value does not fit its place.
    """
    if not overrides:
        return catalog
    problems = override_problems(catalog, overrides)
    if problems:
        raise InputError(problems)
    values = {item.path: item.value for item in overrides}
    owners = {item.owner for item in catalog.provenance if item.path in values}
    changed: dict[str, Any] = {}
    for family in FAMILIES:
        items: Mapping[str, Any] = catalog.written_programs if family == "programs" else getattr(catalog, family)
        if owners & set(items):
            changed[family] = {name: _checked(item, values, problems) for name, item in items.items()}
    if problems:
        raise InputError(problems)
    provenance = tuple(
        replace(item, value=values[item.path], cite=OVERRIDDEN) if item.path in values else item
        for item in catalog.provenance
    )
    written = changed.get("programs", catalog.written_programs)
    return resolved(replace(catalog, provenance=provenance, written_programs=written, **changed))


def override_problems(catalog: Catalog, overrides: Sequence[RateOverride]) -> list[Problem]:
    """Paths that name no value of the catalog, or that are given more than once."""
    known = {item.path for item in catalog.provenance}
    found = [
        Problem(
            f"{PLACE}: {item.path}",
            "names no value of the catalog",
            closest(item.path, known) or "'critmass check catalog --json' lists the paths",
        )
        for item in overrides
        if item.path not in known
    ]
    repeated = (path for path, count in Counter(item.path for item in overrides).items() if count > 1)
    return found + [Problem(f"{PLACE}: {path}", "is given twice", "keep one") for path in repeated]


def _checked(item: Any, values: Mapping[str, float], problems: list[Problem]) -> Any:
    """The item with its new values, held against the schema again because values may have to be in order."""
    changed = _replaced(item, item.id, values)
    if changed is item:
        return item
    try:
        written = json.loads(changed.model_dump_json(by_alias=True, exclude_unset=True))
        return type(item).model_validate(written)
    except ValidationError as error:
        problems += schema_problems(error, f"{PLACE}: {item.id}")
        return item


def _replaced(node: Any, path: str, values: Mapping[str, float]) -> Any:
    """The node with new values at the paths that `cited_values` gives; the same node when none fits."""
    if isinstance(node, Cited):
        return Cited(value=values[path], cite=OVERRIDDEN) if path in values else node
    if isinstance(node, BaseModel):
        update = {name: _replaced(child, f"{path}.{name}", values) for name, child in _children(node)}
        kept = all(value is getattr(node, name) for name, value in update.items())
        return node if kept else node.model_copy(update=update)
    if isinstance(node, tuple | list):
        items = tuple(_replaced(child, f"{path}[{getattr(child, 'id', at)}]", values) for at, child in enumerate(node))
        return node if all(new is old for new, old in zip(items, node, strict=True)) else items
    if isinstance(node, dict):
        pairs = {key: _replaced(child, f"{path}.{key}", values) for key, child in node.items()}
        return node if all(value is node[key] for key, value in pairs.items()) else pairs
    return node


def _children(node: BaseModel) -> Iterator[tuple[str, Any]]:
    for name in type(node).model_fields:
        if name != "cite" and name in node.model_fields_set:
            yield name, getattr(node, name)
