"""What is wrong in a catalog file is said by file, program, component and key, with the value and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from critmass.catalog import load_catalog
from critmass.domain.errors import InputError, Problem

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "data" / "examples" / "ridge_2026.yaml").read_text(encoding="utf-8")
NUMBER, DAY = "write a number, such as 2.5", "write a day such as 2026-01-31"
TOO_SHORT = "Input should be a valid date or datetime, input is too short, found"
PROGRAM = "mine.yaml: program ridge_2026"
FEE = "mine.yaml: program ridge_2026: component care_coordination"


def problems(folder: Path, old: str, new: str) -> tuple[Problem, ...]:
    """What is said of the example with one text replaced by another."""
    assert old in EXAMPLE
    (folder / "mine.yaml").write_text(EXAMPLE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_catalog([folder / "mine.yaml"])
    return caught.value.problems


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "fix"),
    [
        ("pays: 2.50", "pays: .nan", f"{FEE}: rate.pays", "is not a finite number, found nan", NUMBER),
        ("pays: 2.50", "pays: .inf", f"{FEE}: rate.pays", "is not a finite number, found inf", NUMBER),
        ("pays: 2.50", "pays: two", f"{FEE}: rate.pays", "'two' is not a number", NUMBER),
        ("kind: member_months", "kind: member_month", f"{FEE}: quantity",
         "'member_month' is not a kind that exists here", "did you mean 'member_months'?"),
        ("apm_category: 2A", "apm_category: 2Z", f"{FEE}: apm_category",
         "is not one of the choices, found '2Z'", "one of 1, 2A, 2B, 2C, 3A, 3B, 3N, 4A, 4B, 4C, 4N"),
        ("        payment_stream: ccf\n", "", f"{FEE}: payment_stream", "is missing", "add this key"),
        ("performance_year: 2026", "performance_year: soon", f"{PROGRAM}: performance_year",
         "Input should be a valid integer, unable to parse string as an integer, found 'soon'", "write a whole number"),
        ("from: 2026-01-01", "from: spring", f"{PROGRAM}: effective.from",
         f"{TOO_SHORT} 'spring'", DAY),
        ("seen: 2026-11-21", "seen: lately", "mine.yaml: sources.guide.seen",
         f"{TOO_SHORT} 'lately'", DAY),
    ],
)  # fmt: skip
def test_one_mistake(old: str, new: str, place: str, message: str, fix: str, tmp_path: Path) -> None:
    """Place, value and fix of a single mistake."""
    assert problems(tmp_path, old, new) == (Problem(place, message, fix),)


def test_thresholds_out_of_order_are_shown(tmp_path: Path) -> None:
    """The table's place and its thresholds as they stand."""
    (found,) = problems(tmp_path, "at_least: 0.78", "at_least: 0.60")
    assert found.place == "mine.yaml: program ridge_2026: component screening: rate"
    assert found.message == "thresholds must rise from row to row without repeats, found [0.7, 0.6]"


def test_a_row_without_an_id_is_counted(tmp_path: Path) -> None:
    """Rows, gates and points are counted from one."""
    (found,) = problems(tmp_path, "{at_least: 0.78, pays: 5.00}", "{at_least: 0.78, pays: .inf}")
    assert found.place == "mine.yaml: program ridge_2026: component screening: rate.row 2: pays"


def test_dates_in_the_wrong_order(tmp_path: Path) -> None:
    """The message itself says what to do."""
    (found,) = problems(tmp_path, "{from: 2026-01-01, to: 2026-12-31}", "{from: 2026-12-31, to: 2026-01-01}")
    assert (found.place, found.message) == (
        "mine.yaml: program ridge_2026: effective",
        "'to' 2026-01-01 lies before 'from' 2026-12-31; swap the two dates",
    )


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    """A misspelt key is unknown, and the key that was meant is missing."""
    found = problems(tmp_path, "apm_category: 2A", "apm_categori: 2A")
    assert {(item.place, item.message) for item in found} == {
        (f"{FEE}: apm_category", "is missing"),
        (f"{FEE}: apm_categori", "unknown key"),
    }
