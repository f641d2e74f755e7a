"""Results of pricing kept by content: a bound belongs to the hash of the very problem that it bounds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from critmass.formulation.block import Block, FloatArray
from critmass.solve.pricing import Priced, Prices, PricingTask

CAPPED = ("claim[", "hub[")
"""Variables whose upper bounds are compared, not hashed: a bound holds wherever they are no higher."""

ROOM = 1e-6
"""By how much a cap may be higher than the one that a bound was found under, USD; as in `Exact.allows`."""

CHECKS = 4
"""Results from a library that a search solves again."""

_MADE_BY = f"pricing 1, highspy {version('highspy')}".encode()
"""Part of every key: another solver or another way to price finds nothing."""


@dataclass(frozen=True)
class Kept:
    """What pricing one problem found: caps that it was priced under, its bound, and its best plan."""

    caps: FloatArray
    bound: float
    point: FloatArray

    def holds(self, caps: FloatArray) -> bool:
        """Whether the bound also holds under other caps."""
        return len(caps) == len(self.caps) and bool((caps <= self.caps + ROOM).all())

    def replaces(self, other: Kept) -> bool:
        """Whether nothing is lost with another result of the same problem."""
        return self.holds(other.caps) and self.bound <= other.bound + ROOM and len(self.point) >= len(other.point)


class WrongBoundError(Exception):
    """A plan is worth more than a bound that was kept for its problem."""


@dataclass
class Counts:
    """Practices' pricing problems of a search: solved, taken from a library, and of these solved again as a check.
    What the search itself had solved before counts once."""

    solved: int = 0
    kept: int = 0
    checked: int = 0


@dataclass
class KeptPricing:
    """Pricing results of this search and of earlier ones, by the hash of the problem.

    The hash covers all numbers of the problem (objective, rows, bounds, kinds), what is asked (`at_mass`, `rewarded`,
    `relaxed`) and the solver's version; only upper bounds of claims and of the hub's services are compared instead.
    """

    found: dict[str, list[Kept]] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    """Those of them that came from a library."""
    at: dict[str, Prices] = field(default_factory=dict)
    """At which prices this search met each of its problems last."""
    counts: Counts = field(default_factory=Counts)
    _rows: dict[int, tuple[Block, bytes, NDArray[np.bool_]]] = field(default_factory=dict)

    def key(self, task: PricingTask, block: Block) -> str:
        """The problem's hash."""
        problem, (rows, capped) = task.problem, self._of_block(task, block)
        upper = np.where(capped, 0.0, problem.upper)
        digest = hashlib.sha256(_MADE_BY + rows)
        for part in (problem.objective, problem.lower, upper):
            digest.update((part + 0.0).tobytes())  # no zero is negative
        digest.update(repr((float(problem.offset), task.at_mass, task.rewarded, task.relaxed)).encode())
        return digest.hexdigest()

    def caps(self, task: PricingTask, block: Block) -> FloatArray:
        """The problem's caps."""
        return task.problem.upper[self._of_block(task, block)[1]]

    def _of_block(self, task: PricingTask, block: Block) -> tuple[bytes, NDArray[np.bool_]]:
        """Hash of what no price or cap changes, and where the capped variables are: worked out once for each block."""
        known = self._rows.get(task.block)
        if known is None or known[0] is not block:
            matrix = block.matrix.copy()
            matrix.sort_indices()
            digest = hashlib.sha256(repr(matrix.shape).encode())
            for whole in (matrix.indptr, matrix.indices, block.integer):
                digest.update(whole.astype(np.int64).tobytes())
            for part in (matrix.data, block.row_lower, block.row_upper):
                digest.update((part + 0.0).tobytes())
            capped = np.array([name.startswith(CAPPED) for name in block.variables], dtype=np.bool_)
            known = self._rows[task.block] = (block, digest.digest(), capped)
        return known[1], known[2]

    def get(self, task: PricingTask, key: str, block: Block) -> Priced | None:
        """The least bound that holds, where its best plan keeps the caps: then nothing is left to solve."""
        _, capped = self._of_block(task, block)
        caps = task.problem.upper[capped]
        usable = [item for item in self.found.get(key, ()) if item.holds(caps) and _answers(item, task, capped)]
        if not usable:
            return None
        best = min(usable, key=lambda item: item.bound)
        return Priced(task.block, (best.point,) if len(best.point) else (), best.bound)

    def add(self, key: str, kept: Kept, prices: Prices) -> None:
        """Keep a result of a pass at some prices; one that it makes useless is dropped."""
        self.at[key] = prices
        if np.isfinite(kept.bound):
            known = self.found.get(key, [])
            if not any(item.replaces(kept) for item in known):
                self.found[key] = [*(item for item in known if not kept.replaces(item)), kept]

    def used_at(self, prices: Sequence[Prices]) -> dict[str, list[Kept]]:
        """Results that this search found or used at some prices."""
        wanted = {id(item) for item in prices}
        return {key: self.found[key] for key, at in self.at.items() if id(at) in wanted and key in self.found}

    # Checks -----------------------------------------------------------------------------------------

    def to_check(self, places: Sequence[int]) -> set[int]:
        """Of practices with results from a library, those that are solved again: one in each of the first passes, each
        time another."""
        if not places or self.counts.checked >= CHECKS:
            return set()
        return {places[(2 * self.counts.checked + 1) * len(places) // (2 * CHECKS)]}

    def compare(self, task: PricingTask, kept: Priced, solved: Priced) -> None:
        """Hold a kept result against a solved one.

        Raises:
            WrongBoundError: when a plan was found that is worth more than the kept bound.
        """
        worths = [float(task.problem.offset + task.problem.objective @ x) for x in solved.points[:1]]
        if task.relaxed:
            worths = [solved.bound]
        if any(worth > kept.bound + 1e-2 + 1e-6 * abs(kept.bound) for worth in worths):
            raise WrongBoundError(f"practice {task.block}: {max(worths):,.2f} above {kept.bound:,.2f}")

    def forget(self) -> None:
        """Nothing that was kept is believed any more."""
        self.found.clear()
        self.at.clear()
        self.foreign = frozenset()


class NeverAtMass:
    """Practices of which no plan is at mass, whatever the prices: each with the bounds of its variables under which
    that was found. Under tighter ones it holds too."""

    def __init__(self) -> None:
        self._found: dict[int, list[tuple[FloatArray, FloatArray]]] = {}

    def add(self, task: PricingTask) -> None:
        """Pricing found no plan at mass."""
        self._found.setdefault(task.block, []).append((task.problem.lower, task.problem.upper))

    def covers(self, task: PricingTask) -> bool:
        """Whether the practice is known not to be at mass under the task's bounds."""
        lower, upper = task.problem.lower, task.problem.upper
        return any(
            bool((lower >= low).all() and (upper <= high).all()) for low, high in self._found.get(task.block, ())
        )


def _answers(item: Kept, task: PricingTask, capped: NDArray[np.bool_]) -> bool:
    """Whether a kept bound can stand for a solve: its plan keeps the caps, and is worth no more than the bound allows,
    within what settling moves."""
    if task.relaxed:
        return True
    if len(item.point) != len(capped) or (item.point[capped] > task.problem.upper[capped] + ROOM).any():
        return False
    worth = float(task.problem.offset + task.problem.objective @ item.point)
    return worth <= item.bound + 1.0 + 1e-3 * abs(item.bound)
