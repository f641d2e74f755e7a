"""Roles: who is looking."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from critmass.domain.errors import InputError, Problem
from critmass.domain.suggest import closest

RoleKind = Literal["pho_admin", "analyst", "auditor", "payer", "practice"]
_WITH_ID = ("payer", "practice")
_FORMS = "pho_admin, analyst, auditor, payer:ID or practice:ID"
PLACE = "--role"


@dataclass(frozen=True)
class Role:
    """Who is looking; `id` names the payer or the practice, '' for the organization's own roles."""

    kind: RoleKind
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else self.kind


def parse_role(text: str, payers: Collection[str], practices: Collection[str]) -> Role:
    """The role that a text such as 'pho_admin' or 'payer:ID' names.

    Raises:
        InputError: when it is no role, or names a payer or practice that the network has not.
    """
    kind, colon, name = (part.strip() for part in text.partition(":"))
    if kind not in get_args(RoleKind):
        raise _wrong(f"unknown role '{text}'", closest(kind, get_args(RoleKind)) or f"write {_FORMS}")
    if kind not in _WITH_ID:
        if colon:
            raise _wrong(f"'{kind}' takes no id, found '{text}'", f"write {kind}")
        return Role(kind)  # type: ignore[arg-type]
    if not name:
        raise _wrong(f"'{text}' says not which {kind}", f"write {kind}:ID")
    known = payers if kind == "payer" else practices
    if name not in known:
        raise _wrong(f"the network has no {kind} '{name}'", closest(name, known) or f"write {kind}:ID with an id of it")
    return Role(kind, name)  # type: ignore[arg-type]


def _wrong(message: str, fix: str) -> InputError:
    return InputError([Problem(PLACE, message, fix)])
