"""The floor: whether a sum over several payers and practices may be shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from critmass.settlement.results import BoolArray, FloatArray
from critmass.studies.confidentiality.policies import FloorPolicy

ROUNDING = 1e-9
PAYER_AXIS, PRACTICE_AXIS = 0, 1


def failing(parts: FloatArray, policy: FloorPolicy, *, counts: bool) -> BoolArray:
    """Sums that may not be shown, shape (sum,), of what each party brings to them, shape (payer, practice, sum).

    A sum is shown when it has enough payers and enough practices, none with too large a part, and, of counts, is
    not small; and when the same holds for what is left after any one payer or practice, who knows its own part and
    may be the reader, takes that part away.
    """
    wrong = _fails(parts, policy, counts=counts)
    for rest in without_each(parts):
        wrong |= _fails(rest, policy, counts=counts)
    return wrong


def without_each(parts: FloatArray) -> Iterator[FloatArray]:
    """The parts without one payer, and without one practice, each in turn."""
    for axis in (PAYER_AXIS, PRACTICE_AXIS):
        for place in range(parts.shape[axis]):
            yield np.delete(parts, place, axis=axis)


def _fails(parts: FloatArray, policy: FloorPolicy, *, counts: bool) -> BoolArray:
    brought = np.abs(parts)
    wrong = _thin(brought.sum(axis=PRACTICE_AXIS), policy) | _thin(brought.sum(axis=PAYER_AXIS), policy)
    if counts:
        total = parts.sum(axis=(PAYER_AXIS, PRACTICE_AXIS))
        wrong |= (total > 0.5) & (total < policy.small_count + 0.5)
    return np.asarray(wrong)


def _thin(brought: FloatArray, policy: FloorPolicy) -> BoolArray:
    """Too few contributors, or one too large, of what each brings, shape (contributor, sum)."""
    total = brought.sum(axis=0)
    many = (brought > 0).sum(axis=0)
    largest = brought.max(axis=0, initial=0.0)
    return np.asarray((many < policy.contributors) | (largest > (policy.largest_share + ROUNDING) * total))
