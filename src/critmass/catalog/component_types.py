"""The ways in which payers pay, one file for each: a formula, a real example, and a fragment that runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import yaml
from pydantic import BaseModel, Field

from critmass.catalog.load import data_dir
from critmass.domain.catalog import CatalogFile
from critmass.domain.errors import InputError, Problem
from critmass.domain.programs import Component
from critmass.domain.suggest import closest
from critmass.domain.values import Cited, Frozen

FOLDER = "component_types"


class ComponentType(Frozen):
    """One way of paying. `key` is its short name; `catalog` is complete, and `settlements` are worked out by hand."""

    key: str
    number: int = Field(ge=1)
    name: str
    formula: str
    example: str
    catalog: CatalogFile
    arithmetic: tuple[str, ...]
    settlements: tuple[dict[str, Any], ...]

    @property
    def components(self) -> tuple[Component, ...]:
        """The components of its programs, in order."""
        return tuple(component for program in self.catalog.programs for component in program.components)


@cache
def component_types() -> tuple[ComponentType, ...]:
    """All types, by number."""
    found = []
    for path in (data_dir() / FOLDER).glob("*.yaml"):
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append(ComponentType.model_validate({**raw, "key": path.stem.partition("-")[2]}))
    return tuple(sorted(found, key=lambda item: item.number))


def find_types(asked: Sequence[str]) -> tuple[ComponentType, ...]:
    """The types that a user names by number, short name or name, in the order of their numbers.

    Raises:
        InputError: with every name that is not known or is given twice.
    """
    names = _names()
    problems = _unknown([name for name in asked if _folded(name) not in names])
    found = [names[_folded(name)] for name in asked if _folded(name) in names]
    for key, times in Counter(item.key for item in found).items():
        if times > 1:
            problems.append(Problem(f"--type {key}", "is named more than once", "name each type once"))
    if problems:
        raise InputError(problems)
    return tuple(sorted(found, key=lambda item: item.number))


def _names() -> dict[str, ComponentType]:
    return {name: item for item in component_types() for name in (str(item.number), item.key, _folded(item.name))}


def _folded(name: str) -> str:
    text = name.strip().casefold()
    return text.lstrip("0") if text.isdecimal() else text.replace("_", "-")


def _unknown(asked: Sequence[str]) -> list[Problem]:
    """One problem for each name that is not a type; the first one lists the types."""
    types = component_types()
    listed = "the types are " + ", ".join(f"{item.number} {item.key}" for item in types)
    found = []
    for place, name in enumerate(asked):
        near = closest(name, (item.key for item in types)) or closest(name, (item.name for item in types))
        fix = f"{near} {listed}".strip() if place == 0 else near or "choose one of the list above"
        found.append(Problem(f"--type {name}", "is not a component type", fix))
    return found


def as_written(node: Any, number: Callable[[str, Cited], Any]) -> Any:
    """A catalog object as plain data, only with what its file says; `number` says how numbers are written.

    `number` is given the key under which the number stands.
    """
    return _plain("", node, number)


def _plain(key: str, node: Any, number: Callable[[str, Cited], Any]) -> Any:
    if isinstance(node, Cited):
        return number(key, node)
    if isinstance(node, BaseModel):
        return {
            field.alias or name: _plain(name, getattr(node, name), number)
            for name, field in type(node).model_fields.items()
            if name in node.model_fields_set and name != "cite"
            if field.is_required() or getattr(node, name) not in (None, ())
        }
    if isinstance(node, tuple):
        return [_plain(key, item, number) for item in node]
    if isinstance(node, dict):
        return {name: _plain(key, item, number) for name, item in node.items()}
    return node
