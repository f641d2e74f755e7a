"""Terminal output: it fits, it says what matters, and it never splits a payer's id."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from critmass.domain.errors import InfeasibleError, InputError, NoPlanInTimeError, Problem
from critmass.domain.scenario import Scenario
from critmass.network import sample_network
from critmass.report.coverage import show_coverage
from critmass.report.document import plan_document, settlement_document
from critmass.report.live import ProgressLine, progress_words
from critmass.report.problems import error_document, show_error
from critmass.report.schema import PlanDocument
from critmass.report.tables import show_plan, show_settlement
from critmass.report.words import dollars, percent, short_dollars
from critmass.solve.progress import Progress
from critmass.studies.settle import settle_network
from plans import small_plan, tiny_catalog


@pytest.fixture(scope="module")
def document() -> PlanDocument:
    """A plan by hand for 25 practices, more than a table shows."""
    return plan_document(small_plan(practices=25))


def printed(width: int, show: Callable[[Console], None]) -> list[str]:
    """Lines that something prints to a terminal of a width."""
    console = Console(width=width, file=io.StringIO(), highlight=False)
    show(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_plan_fits(document: PlanDocument, width: int) -> None:
    """No line is wider than the terminal, and no id of a payer is split over lines."""
    lines = printed(width, lambda console: show_plan(console, document))
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert all(payer in text for payer in ("medicare", "bcbsm", "meridian"))
    assert "and 5 practices more in the files" in text


@pytest.mark.parametrize("width", [60, 80])
def test_settlement_fits(width: int) -> None:
    """The settlement's tables fit too, and call programs 'not joined', as nobody declined anything."""
    catalog = tiny_catalog()
    network = sample_network(3, 1, catalog)
    outcome, ledger = settle_network(network, catalog)
    settled = settlement_document(network, catalog, Scenario(), outcome, ledger)
    lines = printed(width, lambda console: show_settlement(console, settled))
    assert max(map(len, lines)) <= width
    assert "Not joined: " in "\n".join(lines)


@pytest.mark.parametrize("width", [60, 80])
def test_coverage_fits(width: int) -> None:
    """The coverage table fits and counts every value."""
    catalog = tiny_catalog()
    lines = printed(width, lambda console: show_coverage(console, catalog))
    assert max(map(len, lines)) <= width
    assert f"{len(catalog.provenance):,} values" in " ".join(lines)


def test_problems_are_grouped_and_counted() -> None:
    """Sixty problems: the first fifty in groups with their fixes, ten counted; as data all sixty."""
    problems = [
        Problem(f"sheet {'Panel' if at % 2 else 'Staff'}, row {at}", f"wrong {at}", "mend it") for at in range(60)
    ]
    error = InputError(problems)
    lines = printed(60, lambda console: show_error(console, error))
    stripped = [line.strip() for line in lines]
    assert stripped[0] == "60 problems in the input:"
    assert stripped.count("sheet Panel") == stripped.count("sheet Staff") == 1
    assert "row 49: wrong 49" in stripped
    assert "row 50: wrong 50" not in stripped
    assert "and 10 more; --json lists them all" in stripped
    assert len(error_document(error)["problems"]) == 60


def test_other_errors_in_words() -> None:
    """Contradictions are listed, and running out of time is said, with the exit codes 3 and 4."""
    infeasible = InfeasibleError(["P001: a and b exclude each other"])
    lines = printed(60, lambda console: show_error(console, infeasible))
    assert "P001: a and b exclude each other" in lines[1]
    assert error_document(infeasible)["exit_code"] == 3
    late = NoPlanInTimeError("no plan was found")
    assert printed(60, lambda console: show_error(console, late)) == ["no plan was found"]
    assert error_document(late)["exit_code"] == 4
    assert error_document(late)["reasons"] == ["no plan was found"]


def test_user_text_is_never_markup() -> None:
    """Brackets in what a user typed are printed, not obeyed."""
    error = InputError([Problem("sheet [red]Panel", "found [/nonsense]", "[bold]")])
    text = "\n".join(printed(60, lambda console: show_error(console, error)))
    assert "[red]Panel" in text
    assert "[/nonsense]" in text


def test_progress_is_a_short_line() -> None:
    """Stage, best, limit and gap fit into 60 columns; before any is known, what is being done."""
    progress = Progress("members_at_mass", "node 1", 12_345.0, 12_400.0, 0.0044, 12.0)
    assert progress_words(progress) == "members at critical mass, best 12,345, limit 12,400, gap 0.4%"
    unknown = Progress("margin", "200 of 300 practices formulated", None, None, None, 1.0)
    assert progress_words(unknown) == "200 of 300 practices formulated"
    bound_only = Progress("margin", "node 1", None, 12_400.0, None, 1.0)
    assert progress_words(bound_only) == "net margin, limit $12,400"


def test_progress_away_from_a_terminal_is_rare() -> None:
    """Where nobody watches, ten reports at once print one line."""

    def ten(console: Console) -> None:
        with ProgressLine(console) as report:
            for at in range(10):
                report(Progress("margin", "node", float(at), None, None, 0.1))

    assert len(printed(60, ten)) == 1


@pytest.mark.parametrize(
    ("amount", "whole", "short"),
    [
        (0, "$0", "$0"),
        (-0.4, "$0", "$0"),
        (999.4, "$999", "$999"),
        (999.6, "$1,000", "$1k"),
        (-534_359, "-$534,359", "-$534k"),
        (1_249_000, "$1,249,000", "$1.2M"),
        (-4.5e9, "-$4,500,000,000", "-$4.5B"),
    ],
)
def test_dollars(amount: float, whole: str, short: str) -> None:
    """Dollars are written with the sign first, in full or in at most six characters."""
    assert dollars(amount) == whole
    assert short_dollars(amount) == short


@pytest.mark.parametrize(("share", "text"), [(None, "-"), (0.0, "0%"), (0.044, "4.4%"), (0.5, "50%"), (1.0, "100%")])
def test_percent(share: float | None, text: str) -> None:
    """Small shares keep a decimal."""
    assert percent(share) == text
