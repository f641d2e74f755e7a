"""A pydantic report in the words of whoever wrote the file: place, value and fix of every wrong key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from critmass.domain.errors import Problem
from critmass.domain.suggest import closest

_NUMBER = "write a number, such as 2.5"
_FIXES = {
    "finite_number": _NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "date_from_datetime_parsing": "write a day such as 2026-01-31",
    "date_parsing": "write a day such as 2026-01-31",
    "bool_parsing": "write true or false",
    "string_type": "write a text, in quotes where it is a number",
    "too_short": "list at least one",
}
_MESSAGES = {
    "finite_number": "is not a finite number",
    "missing": "is missing",
    "extra_forbidden": "unknown key",
    "literal_error": "is not one of the choices",
}


def schema_problems(error: ValidationError, place: str, raw: Any = None) -> list[Problem]:
    """One problem for each wrong key. With the `raw` content, programs and components are named by their ids."""
    return [_plain_words(item, place, raw) for item in error.errors()]


def _plain_words(item: Any, place: str, raw: Any) -> Problem:
    kind = item["type"]
    where = ".".join(str(part) for part in item["loc"]) if raw is None else _where(item["loc"], raw, kind == "missing")
    here = f"{place}: {where}" if where else place
    if kind == "extra_forbidden":
        return Problem(here, _MESSAGES[kind], "remove it or check its spelling")
    if kind == "missing":
        return Problem(here, _MESSAGES[kind], "add this key")
    if kind == "union_tag_invalid":
        return Problem(here, *_unknown_kind(item["ctx"]))
    if kind in ("model_type", "model_attributes_type", "dict_type") and "Cited" in str(item["msg"]):
        return Problem(here, f"{item.get('input')!r} is not a number", _NUMBER)
    return Problem(here, _MESSAGES.get(kind, str(item["msg"]).removeprefix("Value error, ")) + _found(item), _fix(item))


def _found(item: Any) -> str:
    found = item.get("input")
    return f", found {found!r}" if isinstance(found, str | int | float | bool) else ""


def _fix(item: Any) -> str:
    if item["type"] == "literal_error":
        choices = re.findall(r"'([^']*)'", str(item["ctx"]["expected"]))
        return closest(str(item.get("input")), choices) or f"one of {', '.join(choices)}"
    return _FIXES.get(item["type"], "" if _says_what_to_do(str(item["msg"])) else "correct it")


def _says_what_to_do(message: str) -> bool:
    return any(word in message for word in ("swap", "give ", "needs ", "must ", "write ", "either "))


def _unknown_kind(context: Any) -> tuple[str, str]:
    known = re.findall(r"'([^']*)'", str(context["expected_tags"]))
    return f"{context['tag']!r} is not a kind that exists here", closest(str(context["tag"]), known) or (
        f"one of {', '.join(known)}"
    )


# Places -----------------------------------------------------------------------------------------------


def _where(location: Sequence[int | str], raw: Any, lacking: bool) -> str:
    """The place by ids and keys, such as 'program ridge: component fee: rate.pays'; a `lacking` key is the last."""
    groups: list[str] = []
    keys: list[str] = []
    for name, is_item in _steps(location, raw):
        if is_item:
            groups.append(f"{'.'.join([*keys[:-1], _one_of(keys[-1])]) if keys else 'item'} {name}")
            keys = []
        else:
            keys.append(name)
    if lacking:
        keys.append(str(location[-1]))
    return ": ".join([*groups, ".".join(keys)] if keys else groups)


def _steps(location: Sequence[int | str], raw: Any) -> Iterator[tuple[str, bool]]:
    """Keys and items on the way, each with whether it is an item of a list; what is not in the file is passed over."""
    node = raw
    for part in location:
        if isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
            yield (str(node["id"]) if isinstance(node, dict) and "id" in node else str(part + 1)), True
        elif isinstance(node, dict) and part in node:
            node = node[part]
            yield str(part), False


def _one_of(key: str) -> str:
    """One of a list of things, by the list's key."""
    return key.removesuffix("s") if key != "facts" else "fact"
