"""Names that every reader of `.lp` and `.mps` files takes, as close to ours as they allow."""

from __future__ import annotations

import re
from collections.abc import Iterable

CONSTANT = "objective_constant"
"""The variable, fixed at 1, that carries the objective's constant in files and other solvers."""

LONGEST = 90
"""Characters of a name; some readers stop at 100, and a suffix may follow."""

_BRACKETS = str.maketrans("[]{}", "()()")
_FOREIGN = re.compile(r"[^A-Za-z0-9_.,()]")
_RESERVED = re.compile(r"[0-9.,()_]|[eE][0-9.]|(inf|infinity|free|st|end|bounds|generals?|binar(y|ies))$", re.I)
"""What a name may not begin with, or be: it would be read as a number, a keyword, or a solver's own name."""


def readable_names(names: Iterable[str]) -> list[str]:
    """Names for files in the same order, all different: brackets become round, other signs an underscore."""
    used, found = {CONSTANT}, []
    for name in names:
        plain = _plain(name)
        unique, count = plain, 1
        while unique in used:
            count += 1
            unique = f"{plain}_{count}"
        used.add(unique)
        found.append(unique)
    return found


def _plain(name: str) -> str:
    plain = _FOREIGN.sub("_", name.translate(_BRACKETS))[:LONGEST]
    return f"n_{plain}" if not plain or _RESERVED.match(plain) else plain
