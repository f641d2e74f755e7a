"""What a running search says of itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Progress:
    """Where a search stands: the stage's objective, the best plan so far, what is proved, and the gap."""

    stage: str
    step: str
    incumbent: float | None
    bound: float | None
    gap: float | None
    seconds: float


Reporter = Callable[[Progress], None]

WIND_UP_SECONDS = 5.0
"""How long a search that was stopped may go on proving a first bound."""


def silent(progress: Progress) -> None:
    """Report nothing."""


def at_first(report: Reporter, stage: str, clock: Clock) -> Callable[[str], None]:
    """Reports of what comes before any plan or bound."""
    return lambda step: report(Progress(stage, step, None, None, None, clock.spent()))


def of_sample(report: Reporter, value: Callable[[], float]) -> Reporter:
    """Reports of a search over a sample: neither its plans nor its bounds are the network's, whose best plan has
    `value()`."""

    def told(found: Progress) -> None:
        best = value()
        incumbent = best if np.isfinite(best) else None
        report(replace(found, step=f"sample, {found.step}", incumbent=incumbent, bound=None, gap=None))

    return told


def relative_gap(value: float, bound: float) -> float:
    """(bound - value) / |value|: 0 when they meet, infinite while either is unknown."""
    if not (np.isfinite(value) and np.isfinite(bound)):
        return float("inf")
    return max(bound - value, 0.0) / max(abs(value), 1.0)


class Clock:
    """Time spent and left. `stopped_after` is when it was stopped, in seconds since the start; None if it was not."""

    def __init__(self, limit_seconds: float) -> None:
        self._start = time.monotonic()
        self.limit_seconds = limit_seconds
        self.stopped_after: float | None = None

    def stop(self) -> None:
        """From now on no time is left."""
        self.stopped_after = self.spent()

    @property
    def is_overdue(self) -> bool:
        """Whether it was stopped, and the time to wind up is over too."""
        return self.stopped_after is not None and self.spent() > self.stopped_after + WIND_UP_SECONDS

    def spent(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def left(self) -> float:
        """Seconds until the limit; negative after it, and once it was stopped."""
        limit = self.limit_seconds if self.stopped_after is None else min(self.stopped_after, self.limit_seconds)
        return limit - self.spent()
