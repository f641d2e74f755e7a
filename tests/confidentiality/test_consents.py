"""Consents: read with every mistake at once, and refused when they are lacking."""

from __future__ import annotations

import datetime
import pickle
from pathlib import Path

import pandas as pd
import pytest

from critmass.domain.errors import InputError
from critmass.studies.confidentiality.consents import (
    Consent,
    ConsentError,
    ConsentLedger,
    Declassification,
    load_consents,
)

PAYERS = ("north", "south", "east")
DAY = datetime.date(2026, 3, 1)
HEAD = "payer,field,purpose,given,withdrawn\n"


def written(folder: Path, rows: str, head: str = HEAD) -> Path:
    """A CSV file of consents."""
    path = folder / "consents.csv"
    path.write_text(head + rows, encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    """What is wrong with a file, in words."""
    with pytest.raises(InputError) as caught:
        load_consents(path, PAYERS)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_every_kind_of_file_is_read_alike(tmp_path: Path, suffix: str) -> None:
    """Dates are dates in a workbook and in Parquet, and text in CSV; a blank was not withdrawn."""
    frame = pd.DataFrame(
        {
            "Payer": ["north", "south"],
            "field": ["plan_part", "aggregates"],
            "purpose": ["joint repair", "joint repair"],
            "given": [datetime.date(2026, 1, 5), datetime.date(2026, 1, 6)],
            "withdrawn": [None, datetime.date(2026, 2, 1)],
        }
    )
    path = tmp_path / f"consents.{suffix}"
    if suffix == "csv":
        frame.to_csv(path, index=False)
    elif suffix == "xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    rows = load_consents(path, PAYERS).rows
    assert rows[0] == Consent("north", "plan_part", "joint repair", datetime.date(2026, 1, 5))
    assert rows[1].withdrawn == datetime.date(2026, 2, 1)


def test_every_mistake_is_found_at_once(tmp_path: Path) -> None:
    """Place, value and fix of each: unknown payer and field, no date, withdrawn before given, blanks, a repeat."""
    found = problems(
        written(
            tmp_path,
            "nort,plan_part,repair,2026-01-05,\n"
            "north,plan part,repair,2026-01-05,\n"
            "north,plan_part,repair,5/1/26,\n"
            "north,plan_part,repair,2026-01-05,2025-12-31\n"
            "south,,,2026-01-05,\n"
            "east,plan_part,repair,2026-01-05,\n"
            "east,plan_part,Repair ,2026-01-05,2026-02-01\n",
        )
    )
    text = "\n".join(found)
    assert "sheet Consents, row 2, column payer: 'nort' is not a payer Fix: did you mean 'north'?" in text
    assert "row 3, column field: 'plan part' is not a field Fix: did you mean 'plan_part'?" in text
    assert "row 4, column given: '5/1/26' is not a date Fix: write a date such as 2026-01-31" in text
    assert "row 5, column withdrawn: 2025-12-31 lies before the day it was given" in text
    assert "row 6, column field: is blank" in text
    assert "row 6, column purpose: is blank" in text
    assert "row 8: says the same as a row above" in text
    assert len(found) == 7


def test_columns_are_named(tmp_path: Path) -> None:
    """A missing and an unknown column are named, with the nearest known one."""
    text = "\n".join(problems(written(tmp_path, "north,plan_part,2026-01-05,x\n", "payer,field,givn,other\n")))
    assert "column givn: is not a column of consents Fix: did you mean 'given'?" in text
    assert "column other: is not a column of consents Fix: remove the column" in text
    assert "column purpose: is missing" in text
    assert "column given: is missing" in text


@pytest.mark.parametrize("content", ["", HEAD])
def test_a_file_without_rows_is_refused(tmp_path: Path, content: str) -> None:
    """An empty table gives no consent, and says so."""
    assert "holds no rows" in problems(written(tmp_path, "", content))[0]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A path that is not there is named."""
    assert "no such file" in problems(tmp_path / "none.csv")[0]


# Releases ---------------------------------------------------------------------------------------------


def consent(payer: str, field: str, given: str = "2026-01-01", withdrawn: str | None = None) -> Consent:
    """A consent for the purpose 'repair'."""
    ended = None if withdrawn is None else datetime.date.fromisoformat(withdrawn)
    return Consent(payer, field, "repair", datetime.date.fromisoformat(given), ended)  # type: ignore[arg-type]


def right(*rows: Consent, purpose: str = "repair") -> Declassification:
    """The right to show north its part, of a plan that rests on south too."""
    return Declassification("north", ("south",), "floor_5_25", purpose, DAY, ConsentLedger(rows))


def test_a_declassification_rests_on_every_others_consent() -> None:
    """With both fields of the other payer it exists, and names what it rests on; purposes are read loosely."""
    rows = (consent("south", "plan_part"), consent("south", "aggregates"))
    assert right(*rows).used == rows
    assert right(*rows, purpose=" Repair").used == rows


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((), "south, plan_part, for the purpose 'repair': was never given"),
        ((consent("north", "plan_part"),), "south, aggregates, for the purpose 'repair': was never given"),
        ((consent("south", "plan_part", "2026-03-02"),), "is given from 2026-03-02 only"),
        ((consent("south", "plan_part", withdrawn="2026-03-01"),), "was withdrawn on 2026-03-01"),
    ],
)
def test_without_consent_there_is_none(rows: tuple[Consent, ...], says: str) -> None:
    """Never given, given by the wrong payer, given later, or withdrawn that day: it cannot even be made."""
    with pytest.raises(ConsentError, match="Nothing was released") as caught:
        right(*rows)
    assert says in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_consent_that_is_given_again_holds() -> None:
    """A withdrawn consent and a newer one: the newer one counts."""
    fields = ("plan_part", "aggregates")
    rows = [consent("south", field, withdrawn="2026-02-01") for field in fields]
    again = [consent("south", field, "2026-02-15") for field in fields]
    assert right(*rows, *again).used == tuple(again)
