"""Heights that a value reaches, as 0/1 steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from critmass.formulation.block import Affine, BlockBuilder
from critmass.formulation.curves import EQUAL, MARGIN

COUNT_MARGIN = 1e-5
"""How far beyond a threshold that must be exceeded, where the driver is a sum of 0/1 decisions."""


def climbing_steps(builder: BlockBuilder, name: str, value: Affine, reaches: list[float]) -> list[Affine]:
    """A 0/1 step for each of some rising heights of a value, taken only when the value reaches it.

    One row counts all steps together, from the value's lowest end up; a count climbs through every whole
    number on the way. Families `driver_reaches_step`, `driver_step_order`, `driver_step_needs_part`.
    """
    low = builder.bounds(value)[0]
    steps: list[Affine] = []
    climbed, below, before = Affine(low), low, None
    for place, reach in enumerate(_whole_climb(builder, value, reaches)):
        step = builder.binary(f"table_step[{name},{place}]")
        climbed = climbed + step * (reach - below)
        if before is not None:
            builder.at_most(f"driver_step_order[{name},{place}]", step, before)
        for index, part in needed_parts(builder, value, reach):
            builder.at_most(f"driver_step_needs_part[{name},{place},{index}]", step, part)
        below, before = reach, step
        if reach in reaches:
            steps.append(step)
    if steps:
        builder.at_least(f"driver_reaches_step[{name}]", value, climbed)
    return steps


def needed_parts(builder: BlockBuilder, value: Affine, reach: float) -> Iterator[tuple[int, Affine]]:
    """The 0/1 parts without which a value cannot reach a height, each with its index."""
    high = builder.bounds(value)[1]
    for index, weight in value.terms.items():
        if weight > 0 and builder.is_binary(index) and high - weight < reach - EQUAL:
            yield index, Affine(0.0, {index: 1.0})


def _whole_climb(builder: BlockBuilder, value: Affine, reaches: list[float]) -> list[float]:
    """The heights, and where the value counts equal 0/1 parts, every whole count below the highest too."""
    weights = {weight for weight in value.terms.values() if weight}
    counts = len(weights) == 1 and all(builder.is_binary(index) for index, weight in value.terms.items() if weight)
    if not reaches or not counts or min(weights) <= 0:
        return reaches
    low, each = builder.bounds(value)[0], weights.pop()
    taken = np.round((np.array(reaches) - low) / each, 6)
    missing = sorted(set(range(1, int(taken[-1]))) - {int(np.ceil(item)) for item in taken})
    return sorted([*reaches, *(low + each * item for item in missing)])


def passes(value: float, threshold: float, *, inclusive: bool) -> bool:
    """Whether settlement sees a rising threshold reached."""
    return value >= threshold - EQUAL if inclusive else value > threshold + EQUAL


def height_of(builder: BlockBuilder, value: Affine, threshold: float, *, inclusive: bool, scale: float = 1.0) -> float:
    """How high a value must go so that settlement surely sees a threshold reached.

    That is a little beyond it, but not beyond the value's own highest end where that reaches the threshold. A count
    of 0/1 decisions may meet it exactly.
    """
    high = builder.bounds(value)[1]
    counts = all(builder.is_binary(index) for index, item in value.terms.items() if item)
    margin = MARGIN * scale if not counts else 0.0 if inclusive else COUNT_MARGIN
    return min(threshold + margin, high) if passes(high, threshold, inclusive=inclusive) else threshold + margin
