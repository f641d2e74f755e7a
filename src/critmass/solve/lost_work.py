"""Work that keeps ending its worker: how often it is tried, and what is said then."""

from __future__ import annotations

from critmass.domain.errors import CritmassError

MOST_TRIES = 3
"""How often a task is started before it is given up; a task that raises an error is never started again."""


class LostWorkError(CritmassError):
    """A task whose workers ended before it did, every time it was tried, or a cluster that went away."""


def given_up(what: str) -> LostWorkError:
    """The error for a task that ended `what` (such as 'its process') each time."""
    return LostWorkError(
        f"A solve ended {what} {MOST_TRIES} times and was given up. "
        "The usual cause is memory: use fewer --workers, or machines with more."
    )
