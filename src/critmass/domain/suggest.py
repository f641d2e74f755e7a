"""The nearest known name to one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(name: str, known: Iterable[str]) -> str:
    """'did you mean ...?' with the nearest known name, or an empty text when none is near.

    Near is alike in spelling, or the only name that begins so.
    """
    candidates = {item.casefold(): item for item in known}
    near = difflib.get_close_matches(name.casefold(), candidates, n=1, cutoff=0.6)
    begun = [item for item in candidates if item.startswith(name.casefold())]
    near = near or (begun if len(begun) == 1 else [])
    return f"did you mean '{candidates[near[0]]}'?" if near else ""
