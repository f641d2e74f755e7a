"""One line that says which question of an explanation is being planned."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from critmass.report.words import seconds
from critmass.solve.progress import Progress

QUIET_SECONDS = 2.0
"""Nothing is shown of what takes less."""
SECONDS_BETWEEN_LINES = 10.0
"""Where nobody watches a terminal, a line is printed at most this often."""


class QuestionLine:
    """Shows the question that is being planned: a line that renews itself on a terminal, else a line now and then.

    Use as a context manager; call `started` with the name of each question, and the object itself with reports of
    the search. `noun` is what each question is called.
    """

    def __init__(self, console: Console, noun: str = "plan") -> None:
        self._console, self._noun = console, noun
        self._start = time.monotonic()
        self._printed = self._start + QUIET_SECONDS - SECONDS_BETWEEN_LINES
        self._name, self._count = "", 0
        live = Live(console=console, get_renderable=self._line, refresh_per_second=4, transient=True)
        self._live = live if console.is_terminal else None

    def __enter__(self) -> QuestionLine:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def started(self, name: str) -> None:
        """Takes the name of a question that is about to be planned."""
        self._name, self._count = name, self._count + 1
        self._print()

    def __call__(self, progress: Progress) -> None:
        """Takes a report of the search."""
        self._print()

    def _print(self) -> None:
        now = time.monotonic()
        if self._live is None and now - self._printed >= SECONDS_BETWEEN_LINES:
            self._printed = now
            self._console.print(self._line(), soft_wrap=True)

    def _line(self) -> RenderableType:
        spent = time.monotonic() - self._start
        if spent < QUIET_SECONDS or not self._count:
            return Text("")
        text = f"{self._noun} {self._count:,}: {self._name}, {seconds(spent)}"
        return Text(text, no_wrap=True, overflow="ellipsis")
