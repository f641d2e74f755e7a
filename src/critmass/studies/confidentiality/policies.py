"""Floors that a sum over several parties must pass before it is shown, as named policies."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from critmass.domain.errors import InputError, Problem
from critmass.domain.suggest import closest
from critmass.domain.values import Frozen

STATEMENT = "A default floor, not legal clearance."
"""What every view says of the floor."""


class FloorPolicy(Frozen):
    """When a sum may be shown. It must hold for payers and for practices, whichever single one is left out.

    A sum that fails is hidden, and so are further ones until each hidden sum could be anything in an interval of
    `least_width` (members, or USD), whatever single party's own part is known.
    """

    name: str
    contributors: int = Field(default=5, ge=3, description="Fewest payers, and fewest practices, in a sum.")
    largest_share: float = Field(default=0.25, gt=0, le=0.5, description="Largest part that one of them may have.")
    small_count: int = Field(default=10, ge=0, description="Counts from 1 to this are hidden.")
    least_width: float = Field(default=10.0, gt=0, description="Width in which a hidden sum must stay unknown.")


DEFAULT_POLICY = "floor_5_25"
POLICIES: Mapping[str, FloorPolicy] = {
    policy.name: policy
    for policy in (
        FloorPolicy(name=DEFAULT_POLICY),
        FloorPolicy(name="floor_8_20", contributors=8, largest_share=0.20, small_count=20, least_width=20.0),
    )
}
"""The policies by name: the default, and a stricter one."""


def policy_named(name: str) -> FloorPolicy:
    """The policy of a name.

    Raises:
        InputError: when there is none of that name.
    """
    if name not in POLICIES:
        fix = closest(name, POLICIES) or f"write one of: {', '.join(POLICIES)}"
        raise InputError([Problem("--policy", f"unknown policy '{name}'", fix)])
    return POLICIES[name]
