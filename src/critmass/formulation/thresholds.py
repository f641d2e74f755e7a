"""Workflows that a threshold cannot be reached without.

Whole decisions keep these rows anyway; they cut off halves of them. A solver does not find them: a workflow is two
variables, one for each who may deliver it, and neither alone is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from critmass.formulation.block import Affine, FloatArray
from critmass.formulation.curves import EQUAL

if TYPE_CHECKING:
    from critmass.formulation.practice import PracticeLevel


def thresholds_need_workflows(level: PracticeLevel) -> None:
    """Workflows without which a threshold is out of reach, and how far they must then reach. Families
    `threshold_needs_workflow`, `threshold_needs_reach`."""
    model = level.shared.model
    today = model.reach_in_place[level.index]
    for measure, staircase in level.staircases.items():
        strength = model.strengths[:, model.measure_position[measure]]
        heights = staircase.heights()
        for place in map(int, np.flatnonzero(strength > 0)):
            _needs(level, measure, place, list(_reach_needed(strength, today, place, heights)))


def _reach_needed(
    strength: FloatArray, today: FloatArray, place: int, heights: Sequence[tuple[Affine, float]]
) -> Iterator[tuple[Affine, float]]:
    """The steps that need more of a workflow than today's reach though all others reach everybody, with what they
    need. None of them is taken where a workflow does not run."""
    others = float(strength @ (1.0 - today)) - float(strength[place] * (1.0 - today[place]))
    for step, height in heights:
        needed = float(today[place] + (height - others) / strength[place])
        if needed > float(today[place]) + EQUAL:
            yield step, needed


def _needs(level: PracticeLevel, measure: str, place: int, steps: Sequence[tuple[Affine, float]]) -> None:
    """Rows of one measure and workflow, of the steps from the lowest on that needs it."""
    if not steps:
        return
    today, name = float(level.shared.model.reach_in_place[level.index, place]), level.shared.model.workflows[place].id
    if today == 0.0:
        level.builder.at_most(f"threshold_needs_workflow[{measure},{name}]", steps[0][0], level.adopted(place))
    covered, below = Affine(today), today
    for step, needed in steps:
        covered, below = covered + step * (needed - below), needed
    level.builder.at_least(f"threshold_needs_reach[{measure},{name}]", level.reach(place), covered)
