"""What is wrong with an input, said once and in the user's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong in an input: where it stands, what was found, and how to mend it."""

    place: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" Fix: {self.fix}" if self.fix else "")


class CritmassError(Exception):
    """Base of every error that is shown to a user without a traceback."""

    exit_code = 1


class InputError(CritmassError):
    """Input that cannot be used. Carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class InfeasibleError(CritmassError):
    """A scenario that no plan can meet, with the conflicting requirements."""

    exit_code = 3

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("\n".join(self.reasons))

    def __reduce__(self) -> tuple[type[InfeasibleError], tuple[tuple[str, ...]]]:
        return type(self), (self.reasons,)


class NoPlanInTimeError(CritmassError):
    """The time limit passed before any plan was found."""

    exit_code = 4


class SettlementMismatchError(CritmassError):
    """The optimisation model and the settlement engine price the same plan differently."""
