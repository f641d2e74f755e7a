"""Errors in the user's words: grouped by where they stand, each with its fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from critmass.domain.errors import CritmassError, InfeasibleError, InputError, NoPlanInTimeError, Problem
from critmass.report.words import count
from critmass.studies.confidentiality.consents import ConsentError

EXPLAINED = "'critmass explain NETWORK --scenario FILE' finds the smallest conflict and the ways out of it."
MOST_PROBLEMS = 50
"""Problems shown before the rest is only counted."""


def show_error(console: Console, error: CritmassError) -> None:
    """Prints what is wrong and how to mend it."""
    if isinstance(error, InputError):
        _show_problems(console, error.problems)
    elif isinstance(error, InfeasibleError):
        console.print(Text("No plan can meet the scenario:", style="bold red"))
        for reason in error.reasons[:MOST_PROBLEMS]:
            console.print(_indented(reason, 2))
        _show_rest(console, len(error.reasons))
        console.print(Text(EXPLAINED, style="dim"))
    else:
        console.print(Text(str(error), style="bold red"))


def error_document(error: CritmassError) -> dict[str, Any]:
    """The error as data: nothing is left out."""
    problems = error.problems if isinstance(error, InputError) else ()
    reasons = error.reasons if isinstance(error, InfeasibleError) else ()
    return {
        "kind": "error",
        "status": _status(error),
        "exit_code": error.exit_code,
        "problems": [{"place": item.place, "message": item.message, "fix": item.fix} for item in problems],
        "reasons": list(reasons) if reasons else [] if problems else [str(error)],
    }


def _status(error: CritmassError) -> str:
    if isinstance(error, InputError):
        return "invalid"
    if isinstance(error, InfeasibleError):
        return "infeasible"
    if isinstance(error, ConsentError):
        return "refused"
    return "no_plan_in_time" if isinstance(error, NoPlanInTimeError) else "failed"


def _show_problems(console: Console, problems: Sequence[Problem]) -> None:
    console.print(Text(f"{count(len(problems), 'problem')} in the input:", style="bold red"))
    shown = ""
    for group, rest, problem in _in_groups(problems[:MOST_PROBLEMS]):
        if group != shown:
            console.print(Padding(Text(group, style="bold"), (1, 0, 0, 0)))
        shown = group
        console.print(_indented(f"{rest}: {problem.message}" if rest else problem.message, 2))
        if problem.fix:
            console.print(_indented(f"Fix: {problem.fix}", 6))
    _show_rest(console, len(problems))


def _in_groups(problems: Sequence[Problem]) -> Iterator[tuple[str, str, Problem]]:
    """Problems by the first part of their place, in the order of first appearance."""
    groups: dict[str, list[tuple[str, Problem]]] = {}
    for problem in problems:
        mark = ", " if problem.place.startswith("sheet ") else ": "
        group, _, rest = problem.place.partition(mark)
        groups.setdefault(group, []).append((rest, problem))
    for group, items in groups.items():
        yield from ((group, rest, problem) for rest, problem in items)


def _show_rest(console: Console, number: int) -> None:
    if number > MOST_PROBLEMS:
        console.print(Padding(Text(f"and {number - MOST_PROBLEMS:,} more; --json lists them all"), (1, 0, 0, 0)))


def _indented(text: str, by: int) -> Padding:
    return Padding(Text(text), (0, 0, 0, by))
