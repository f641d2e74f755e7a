"""Walks through what is written inside a piece of a catalog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from critmass.domain.values import Cite, Cited


def words_in(node: object) -> Iterator[BaseModel]:
    """The node and every model written inside it, without numbers and cites."""
    if isinstance(node, tuple | list):
        for item in node:
            yield from words_in(item)
    elif isinstance(node, Mapping):
        for item in node.values():
            yield from words_in(item)
    elif isinstance(node, BaseModel) and not isinstance(node, Cite | Cited):
        yield node
        for name in type(node).model_fields:
            yield from words_in(getattr(node, name))


def numbers_of_words(roots: Iterable[BaseModel]) -> dict[int, int]:
    """A number for every model below the roots, by its identity. Models that say the same share a number.

    Cites do not count: where a value comes from does not change what it says.
    """
    numbers: dict[int, int] = {}
    known: dict[Any, int] = {}
    for root in roots:
        _key(root, numbers, known)
    return numbers


def _key(node: object, numbers: dict[int, int], known: dict[Any, int]) -> Any:
    if isinstance(node, Cited):
        return float(node)
    if isinstance(node, BaseModel):
        if id(node) not in numbers:
            parts = tuple(
                _key(getattr(node, name), numbers, known) for name in type(node).model_fields if name != "cite"
            )
            numbers[id(node)] = known.setdefault((type(node), parts), len(known))
        return type(node), numbers[id(node)]
    if isinstance(node, tuple | list):
        return tuple(_key(item, numbers, known) for item in node)
    if isinstance(node, Mapping):
        return tuple((name, _key(item, numbers, known)) for name, item in sorted(node.items()))
    return node
