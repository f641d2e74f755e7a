"""Every column of the ledger and of the network has a class."""

from __future__ import annotations

from critmass.domain.confidentiality import LEDGER_CLASSES, SHEET_CLASSES, DataClass
from critmass.domain.ledger import LEDGER_COLUMNS
from critmass.domain.network import SHEETS
from critmass.studies.confidentiality.own_view import PAYER_SEES
from critmass.studies.confidentiality.view import PRACTICE_SEES


def test_every_column_of_the_ledger_has_a_class() -> None:
    """A column that is added without a class, or a class without a column, fails here."""
    assert tuple(LEDGER_CLASSES) == LEDGER_COLUMNS


def test_every_column_of_every_sheet_has_a_class() -> None:
    """The same for the sheets of the network."""
    columns = {sheet.name: tuple(column.name for column in sheet.columns) for sheet in SHEETS}
    assert {name: tuple(classes) for name, classes in SHEET_CLASSES.items()} == columns


def test_classes_decide_what_money_is_told_apart_by() -> None:
    """A payer's own money names no column that is only the practice's or the organization's."""
    assert {LEDGER_CLASSES[name] for name in PAYER_SEES} <= {DataClass.PUBLIC, DataClass.OWN_PAYER}
    assert "workflow" not in PAYER_SEES
    assert "workflow" in PRACTICE_SEES
