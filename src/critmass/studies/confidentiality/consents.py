"""Consents of payers: who lets which of its confidential data be used, for what purpose, from when till when."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from critmass.domain.errors import CritmassError, InputError, Problem
from critmass.domain.suggest import closest
from critmass.network.findings import Findings
from critmass.network.structure import blank, normalized, shorten
from critmass.network.table_file import read_table_file

Field = Literal["plan_part", "aggregates"]
"""What a consent is for: `plan_part` lets a plan that rests on the payer's terms show another payer its own part of
it; `aggregates` lets the payer's money and members count in sums that other payers see."""

TABLE = "Consents"
_REQUIRED = ("payer", "field", "purpose", "given")
COLUMNS = (*_REQUIRED, "withdrawn")
_DATE_FIX = "write a date such as 2026-01-31"


class ConsentError(CritmassError):
    """A release that lacks a consent. It is refused whole."""

    exit_code = 2

    def __init__(self, lacking: Sequence[str]) -> None:
        self.lacking = tuple(lacking)
        super().__init__("Nothing was released, for consents are lacking:\n" + "\n".join(self.lacking))

    def __reduce__(self) -> tuple[type[ConsentError], tuple[tuple[str, ...]]]:
        return type(self), (self.lacking,)


@dataclass(frozen=True)
class Consent:
    """One row: it holds from the day it is given until the day before it is withdrawn."""

    payer: str
    field: Field
    purpose: str
    given: datetime.date
    withdrawn: datetime.date | None = None

    def holds_on(self, day: datetime.date) -> bool:
        """Whether the consent is in force on a day."""
        return self.given <= day and (self.withdrawn is None or day < self.withdrawn)

    def is_for(self, payer: str, field: Field, purpose: str) -> bool:
        """Whether the consent speaks of this payer, field and purpose; case and spaces of a purpose do not count."""
        return (self.payer, self.field, _plain(self.purpose)) == (payer, field, _plain(purpose))


@dataclass(frozen=True)
class ConsentLedger:
    """All consents that were given, withdrawn ones too."""

    rows: tuple[Consent, ...] = ()

    def in_force(
        self, payers: Sequence[str], fields: Sequence[Field], purpose: str, day: datetime.date
    ) -> tuple[Consent, ...]:
        """One consent in force for each payer and field.

        Raises:
            ConsentError: naming every payer and field without one, and why.
        """
        found: list[Consent] = []
        lacking: list[str] = []
        for payer in payers:
            for field in fields:
                rows = [row for row in self.rows if row.is_for(payer, field, purpose)]
                holding = [row for row in rows if row.holds_on(day)]
                found += holding[:1]
                if not holding:
                    lacking.append(f"  {payer}, {field}, for the purpose '{purpose}': {_why(rows, day)}")
        if lacking:
            raise ConsentError(lacking)
        return tuple(found)


@dataclass(frozen=True)
class Declassification:
    """The right to show one payer its own part of a plan, and sums over others. It cannot exist without consents.

    `others` are all other payers whose terms or members the plan rests on; each of them consents to every field.

    Raises:
        ConsentError: when one is lacking, withdrawn or not yet in force on `day`.
    """

    viewer: str
    others: tuple[str, ...]
    policy: str
    purpose: str
    day: datetime.date
    consents: ConsentLedger

    def __post_init__(self) -> None:
        _ = self.used

    @property
    def used(self) -> tuple[Consent, ...]:
        """The consents that it rests on."""
        return self.consents.in_force(self.others, get_args(Field), self.purpose, self.day)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _why(rows: Sequence[Consent], day: datetime.date) -> str:
    if not rows:
        return "was never given"
    last = max(rows, key=lambda row: row.given)
    if last.given > day:
        return f"is given from {last.given} only"
    return f"was withdrawn on {last.withdrawn}"


# Reading ----------------------------------------------------------------------------------------------


def load_consents(path: Path, payers: Collection[str]) -> ConsentLedger:
    """The consents in a table: columns payer, field, purpose, given, and withdrawn where one was.

    Raises:
        InputError: with every problem by row and column.
    """
    findings = Findings()
    frame = _with_columns(read_table_file(path), findings)
    findings.raise_if_any()
    rows = [_row(int(number), cells, payers, findings) for number, cells in frame.iterrows()]  # type: ignore[call-overload]
    found = [row for row in rows if row is not None]
    _report_repeated(frame, findings)
    findings.raise_if_any()
    return ConsentLedger(tuple(found))


def _with_columns(frame: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    named = frame.set_axis([normalized(header) for header in frame.columns], axis=1).astype(object)
    for header in frame.columns:
        if normalized(header) not in COLUMNS:
            findings.of_column(TABLE, header, "is not a column of consents", _near_column(header))
    for name in _REQUIRED:
        if name not in named.columns:
            findings.missing(TABLE, name, f"add it; the columns are {', '.join(COLUMNS)}")
    if named.columns.duplicated().any():
        findings.of_sheet(TABLE, "names a column twice", "keep one")
    elif "withdrawn" not in named.columns:
        named = named.assign(withdrawn=None)
    return named


def _near_column(header: str) -> str:
    return closest(header, COLUMNS) or "remove the column"


def _row(number: int, cells: pd.Series, payers: Collection[str], findings: Findings) -> Consent | None:
    """One consent, or None with its problems in `findings`."""
    reader = _Reader(number, cells, findings)
    payer = reader.one_of("payer", payers)
    field = reader.one_of("field", get_args(Field))
    purpose = reader.text("purpose")
    given, withdrawn = reader.date("given"), reader.date("withdrawn", required=False)
    if given and withdrawn and withdrawn < given:
        reader.report("withdrawn", f"{withdrawn} lies before the day it was given, {given}", "correct one of the two")
    if payer and field and purpose and given:
        return Consent(payer, field, purpose, given, withdrawn)  # type: ignore[arg-type]
    return None


class _Reader:
    """Reads one row's cells and reports what cannot be read."""

    def __init__(self, number: int, cells: pd.Series, findings: Findings) -> None:
        self._number, self._cells, self._findings = number, cells, findings
        self._blank = blank(cells)

    def report(self, column: str, message: str, fix: str) -> None:
        """Adds a problem of one cell."""
        self._findings.of_cells(TABLE, column, [(self._number, message)], fix)

    def text(self, column: str, *, required: bool = True) -> str:
        """A cell as trimmed text, '' where it is blank."""
        if self._blank[column]:
            if required:
                self.report(column, "is blank but needs a value", f"enter the {column}")
            return ""
        return str(self._cells[column]).strip()

    def one_of(self, column: str, known: Collection[str]) -> str:
        """A cell that must be one of the known words, '' where it is not."""
        found = self.text(column)
        if found and found not in known:
            fix = closest(found, known) or f"write one of: {', '.join(sorted(known))}"
            self.report(column, f"'{shorten(found)}' is not a {column}", fix)
            return ""
        return found

    def date(self, column: str, *, required: bool = True) -> datetime.date | None:
        """A cell as a day, None where it is blank or is none."""
        cell = self._cells[column]
        if not self._blank[column] and isinstance(cell, datetime.datetime):
            return cell.date()
        if not self._blank[column] and isinstance(cell, datetime.date):
            return cell
        found = self.text(column, required=required)
        try:
            return datetime.date.fromisoformat(found) if found else None
        except ValueError:
            self.report(column, f"'{shorten(found)}' is not a date", _DATE_FIX)
            return None


def _report_repeated(frame: pd.DataFrame, findings: Findings) -> None:
    same = frame[["payer", "field", "purpose", "given"]].astype(str).map(_plain).duplicated()
    for number in frame.index[same]:
        findings.of_row(TABLE, int(number), "says the same as a row above", "keep one; withdraw it there")


def consent_file_needed() -> InputError:
    """The error of a purpose that is asked for without any consents."""
    fix = "name a table with the columns " + ", ".join(COLUMNS)
    return InputError([Problem("--consents", "is missing; a part of a joint plan is shown with consents only", fix)])
