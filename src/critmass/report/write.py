"""Writes plans and settlements to a folder, all files or none."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.report.document import plan_document
from critmass.report.plan_inputs import INPUTS_FILE, write_plan_inputs
from critmass.report.schema import PlanDocument, SettlementDocument
from critmass.report.workbook import write_workbook
from critmass.studies.plan import Plan
from critmass.studies.settle import plan_ledger

LEDGER_FILE = "ledger.parquet"


def write_plan(
    plan: Plan, out_dir: Path, beside: Mapping[str, Callable[[Path], object]] | None = None
) -> PlanDocument:  # fmt: skip
    """Writes plan.xlsx, plan.json and ledger.parquet, with inputs.json for further questions; returns the document.

    `beside` are further files by name.

    Raises:
        InputError: when the folder cannot be written to.
    """
    ledger = plan_ledger(plan)
    document = plan_document(plan, ledger)
    write_document(
        document, ledger, plan.catalog, out_dir,
        {INPUTS_FILE: lambda path: write_plan_inputs(plan, path), **(beside or {})},
    )  # fmt: skip
    return document


def write_document(
    document: PlanDocument | SettlementDocument, ledger: pd.DataFrame, catalog: Catalog, out_dir: Path,
    beside: Mapping[str, Callable[[Path], object]] | None = None,
) -> list[Path]:  # fmt: skip
    """Writes a document as <kind>.xlsx and <kind>.json with its ledger beside it; returns their paths.

    `beside` are further files by name.

    Raises:
        InputError: when the folder cannot be written to.
    """
    text = document.model_dump_json(indent=2) + "\n"
    return write_files(
        out_dir,
        {
            f"{document.kind}.xlsx": lambda path: write_workbook(path, document, ledger, catalog),
            f"{document.kind}.json": lambda path: path.write_text(text, encoding="utf-8"),
            LEDGER_FILE: lambda path: ledger.to_parquet(path, index=False),
            **(beside or {}),
        },
    )


def write_files(out_dir: Path, writers: Mapping[str, Callable[[Path], object]]) -> list[Path]:
    """Writes files under other names first and gives them their own once all are complete.

    Raises:
        InputError: when the folder cannot be written to.
    """
    make_folder(out_dir)
    try:
        with tempfile.TemporaryDirectory(prefix=".critmass-", dir=out_dir) as folder:
            for name, write in writers.items():
                write(Path(folder) / name)
            for name in writers:
                (Path(folder) / name).replace(out_dir / name)
    except OSError as error:
        raise _unwritable(out_dir, error) from None
    return [out_dir / name for name in writers]


def check_folder(out_dir: Path) -> None:
    """Makes sure that a folder takes files, before any time is spent on what goes into it. One that was not there is
    not left behind: the rest of the input may still be wrong.

    Raises:
        InputError: when it does not.
    """
    missing = [folder for folder in (out_dir, *out_dir.parents) if not folder.exists()]
    try:
        make_folder(out_dir)
    finally:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()


def make_folder(out_dir: Path) -> None:
    """Makes a folder that takes files, unless it is there.

    Raises:
        InputError: when it cannot be made or written to.
    """
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out_dir):
            pass
    except OSError as error:
        raise _unwritable(out_dir, error) from None


def _unwritable(out_dir: Path, error: OSError) -> InputError:
    message = f"cannot be written to ({error.strerror or error})"
    return InputError([Problem(str(out_dir), message, "name a folder that you may write to")])
