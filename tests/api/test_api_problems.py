"""Problem details: every error of the package has its kind, and long lists stay readable."""

from __future__ import annotations

import pytest

from critmass.domain.errors import (
    CritmassError,
    InfeasibleError,
    InputError,
    NoPlanInTimeError,
    Problem,
    SettlementMismatchError,
)
from critmass_api.problems import MAX_LISTED, TITLES, TYPE_PREFIX, problem, problem_of
from critmass_api.runner import where


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (InputError([Problem("a", "b", "c")]), 422, "invalid-input"),
        (InfeasibleError(["a"]), 409, "infeasible"),
        (NoPlanInTimeError("a"), 504, "no-plan-in-time"),
        (SettlementMismatchError("a"), 500, "settlement-mismatch"),
        (CritmassError("a"), 500, "failed"),
    ],
)
def test_errors_of_the_package(error: CritmassError, status: int, kind: str) -> None:
    """An error of the package becomes the problem of its kind, in its own words."""
    found = problem_of(error)
    assert (found.status, found.type) == (status, TYPE_PREFIX + kind)
    words = [found.detail, *(word for item in found.errors for word in (item.place, item.message))]
    assert "a" in words


def test_every_kind_can_be_made() -> None:
    """Every kind has a title and an error status."""
    assert all(problem(kind).title and problem(kind).status >= 400 for kind in TITLES)


def test_long_lists_are_cut() -> None:
    """Beyond the limit the number is told and the rest is left out."""
    found = problem_of(InputError([Problem("a", "b")] * (MAX_LISTED + 1)))
    assert len(found.errors) == MAX_LISTED
    assert found.detail.startswith("1,001 problems; the first 1,000")


def test_places_of_errors_hold_no_message() -> None:
    """The log's words for an error name its kind and place, never its message."""
    try:
        raise ValueError("patient 12345")
    except ValueError as error:
        assert where(error).startswith("ValueError in test_places_of_errors_hold_no_message, line")
