"""What a coordination is asked to reach: a share of members, a number of practices, or named practices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from critmass.domain.errors import InputError, Problem
from critmass.domain.network import Network
from critmass.domain.suggest import closest
from critmass.settlement.results import BoolArray, FloatArray

PLACE = "--target"


@dataclass(frozen=True)
class Target:
    """`counted` (practice,) is what a practice at mass counts, `least` what all together have to come to."""

    words: str
    counted: FloatArray
    least: float

    def reached(self, at_mass: BoolArray) -> bool:
        """Whether practices at mass, shape (practice,), are enough."""
        return bool(float(self.counted @ at_mass) >= self.least - 1e-6)


def parse_target(text: str, network: Network) -> Target:
    """The target that a user wrote: `80%` or `0.8` of the members, `10` practices, or `P001,P002`.

    Raises:
        InputError: when it is none of these, or cannot be reached whatever anybody pays.
    """
    practices = len(network.practices)
    share, count = _share(text), _count(text)
    if share is not None:
        if not 0 < share <= 1:
            raise _wrong(text, "a share of members lies above 0 % and at most 100 %", "write 80% or 0.8")
        members = members_of(network)
        words = "all members" if share == 1 else f"{100 * share:.4g} % of the members"
        return Target(words, members, share * float(members.sum()))
    if count is not None:
        if not 1 <= count <= practices:
            fix = f"give a number from 1 to {practices}, or a share of the members with a %"
            raise _wrong(text, f"this network has {practices} practices", fix)
        return Target(f"{count} practices" if count > 1 else "1 practice", np.ones(practices), float(count))
    return _named(text, network)


def members_of(network: Network) -> FloatArray:
    """Attributed members of each practice, shape (practice,)."""
    panel = network.table("Panel").groupby("practice")["members"].sum()
    return np.asarray(panel.reindex(list(network.practices), fill_value=0.0), dtype=np.float64)


def _share(text: str) -> float | None:
    """A share of members, written as a percentage or with a decimal point."""
    word = text.strip()
    if not word.endswith("%") and "." not in word:
        return None
    try:
        return float(word.removesuffix("%").strip()) / (100.0 if word.endswith("%") else 1.0)
    except ValueError:
        return None


def _count(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _named(text: str, network: Network) -> Target:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in network.practices]
    if unknown or not names:
        known = ", ".join(network.practices[:5]) + (", ..." if len(network.practices) > 5 else "")
        problems = [
            Problem(PLACE, f"'{name}' is no practice of the network", closest(name, network.practices) or known)
            for name in unknown
        ]
        raise InputError(problems or [Problem(PLACE, "is empty", "write 80%, 10, or P001,P002")])
    chosen = np.array([name in names for name in network.practices], dtype=np.float64)
    return Target(f"the practices {', '.join(dict.fromkeys(names))}", chosen, float(chosen.sum()))


def _wrong(text: str, message: str, fix: str) -> InputError:
    return InputError([Problem(PLACE, f"'{text}': {message}", fix)])
