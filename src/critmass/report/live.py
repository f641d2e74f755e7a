"""One line that says where a running search stands."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from critmass.report.words import LEVELS, level_value, percent, seconds
from critmass.solve.progress import Progress

SECONDS_BETWEEN_LINES = 2.0
"""Where nobody watches a terminal, a line is printed at most this often."""

STOPPING = "Ctrl-C: the search ends, and the best plan so far follows. Another Ctrl-C ends at once, without it."


class ProgressLine:
    """Shows progress on a console: a line that renews itself on a terminal, else a new line now and then.

    Use as a context manager, and call it with each report of the search.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: Progress | None = None
        self._start = time.monotonic()
        self._printed = self._start - SECONDS_BETWEEN_LINES
        live = Live(console=console, get_renderable=self._line, refresh_per_second=4, transient=True)
        self._live = live if console.is_terminal else None

    def __enter__(self) -> ProgressLine:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def stopping(self) -> None:
        """Says that Ctrl-C was heard, and what another one would do."""
        self._console.print(Text(STOPPING, style="yellow"), soft_wrap=True)

    def __call__(self, progress: Progress) -> None:
        """Takes a report of the search."""
        self._last = progress
        now = time.monotonic()
        if self._live is None and now - self._printed >= SECONDS_BETWEEN_LINES:
            self._printed = now
            self._console.print(self._line(), soft_wrap=True)

    def _line(self) -> RenderableType:
        spent = seconds(time.monotonic() - self._start)
        if self._last is None:
            return Text(f"reading the contracts, {spent}", no_wrap=True, overflow="ellipsis")
        return Text(f"{progress_words(self._last)}, {spent}", no_wrap=True, overflow="ellipsis")


def progress_words(progress: Progress) -> str:
    """Stage, best plan so far, proved limit and gap, in 60 columns where numbers are not huge; what is being done where
    there is neither plan nor limit."""
    if progress.incumbent is None and progress.bound is None:
        return progress.step
    parts = [LEVELS.get(progress.stage, progress.stage)]
    if progress.incumbent is not None:
        parts.append(f"best {level_value(progress.stage, progress.incumbent)}")
    if progress.bound is not None:
        parts.append(f"limit {level_value(progress.stage, progress.bound)}")
    if progress.gap is not None and progress.gap < 1:
        parts.append(f"gap {percent(progress.gap)}")
    return ", ".join(parts)
