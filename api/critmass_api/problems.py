"""Problem details (RFC 9457): what the service answers when it cannot do what was asked."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from critmass.domain.errors import (
    CritmassError,
    InfeasibleError,
    InputError,
    NoPlanInTimeError,
    Problem,
    SettlementMismatchError,
)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:critmass:problem:"
MAX_LISTED = 1_000
"""Errors listed in one answer; `detail` gives their whole number."""

TITLES: dict[str, tuple[int, str]] = {
    "invalid-input": (422, "The input cannot be used"),
    "infeasible": (409, "No plan can meet the scenario"),
    "no-plan-in-time": (504, "The time limit passed before any plan was found"),
    "out-of-time": (504, "The calculation took too long and was ended"),
    "out-of-memory": (507, "The calculation needs more memory than it may use"),
    "settlement-mismatch": (500, "Model and settlement price the plan differently"),
    "failed": (500, "The calculation failed"),
    "crashed": (500, "The calculation ended unexpectedly"),
    "closing": (503, "The service is closing"),
    "internal-error": (500, "The service failed"),
    "unknown-job": (404, "There is no such job"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "This method is not allowed here"),
    "wrong-host": (400, "The request names another host"),
    "too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "This content type is not read here"),
    "too-many-requests": (429, "Too much is waiting already"),
    "bad-request": (400, "The request cannot be read"),
}
"""Every kind of problem with its HTTP status and title."""


class ErrorItem(BaseModel):
    """One thing wrong: where it stands, what was found, and how to mend it."""

    model_config = ConfigDict(frozen=True)

    place: str
    message: str
    fix: str = ""


class ProblemDetails(BaseModel):
    """A problem as RFC 9457 writes it, with one entry in `errors` for each thing that is wrong."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description=f"Names the kind of problem, such as `{TYPE_PREFIX}invalid-input`.")
    title: str
    status: int
    detail: str = ""
    errors: tuple[ErrorItem, ...] = ()


class ServiceError(CritmassError):
    """A problem of the service itself, such as an unknown job. `headers` go with the answer."""

    def __init__(self, kind: str, detail: str = "", headers: dict[str, str] | None = None) -> None:
        self.details = problem(kind, detail)
        self.headers = headers or {}
        super().__init__(detail or self.details.title)


class RefusedError(CritmassError):
    """A problem that a child process found and worded."""

    def __init__(self, details: ProblemDetails) -> None:
        self.details = details
        super().__init__(details.detail or details.title)


def problem(kind: str, detail: str = "", errors: Sequence[Problem] = ()) -> ProblemDetails:
    """The problem of a kind, with at most MAX_LISTED errors."""
    status, title = TITLES[kind]
    listed = tuple(ErrorItem(place=item.place, message=item.message, fix=item.fix) for item in errors[:MAX_LISTED])
    return ProblemDetails(type=TYPE_PREFIX + kind, title=title, status=status, detail=detail, errors=listed)


def problem_of(error: CritmassError) -> ProblemDetails:
    """The problem that an error of the package stands for, in the words that the command line shows."""
    if isinstance(error, ServiceError | RefusedError):
        return error.details
    if isinstance(error, InputError):
        return problem("invalid-input", _counted(len(error.problems)), error.problems)
    if isinstance(error, InfeasibleError):
        reasons = [Problem("scenario", reason) for reason in error.reasons]
        return problem("infeasible", _counted(len(reasons)), reasons)
    if isinstance(error, NoPlanInTimeError):
        return problem("no-plan-in-time", str(error).replace("--time-limit", "time_limit_seconds"))
    if isinstance(error, SettlementMismatchError):
        return problem("settlement-mismatch", str(error))
    return problem("failed", str(error))


def _counted(number: int) -> str:
    noun = "problem" if number == 1 else "problems"
    return f"{number:,} {noun}" + (f"; the first {MAX_LISTED:,} are listed" if number > MAX_LISTED else "")
