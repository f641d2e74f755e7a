"""`critmass verify`: published results settled under the law of their year, row by row."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from critmass.cli.common import AsJson, errors, print_json, say, stdout
from critmass.domain.errors import InputError, Problem
from critmass.report.verification import show_verification, verification_document
from critmass.studies.verify import verify as run

UNEXPLAINED = 1
"""Exit code when a row does not match and no cause is known."""
ENVIRONMENT = "CRITMASS_VALIDATION"

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help=f"Folder with the published files (else {ENVIRONMENT}).")
]
Laws = Annotated[
    list[Path] | None,
    typer.Option("--law", metavar="DIR", help="Folder with law files, maps or sets of your own, looked into first."),
]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="SET", help="Only this set; several times.")]


def verify(data: Data = None, law: Laws = None, only: Only = None, as_json: AsJson = False) -> None:
    """Settle published results under the law of their year, and say which rows match and why others do not.

    Exit code 1 when a row does not match without a known cause.
    """
    with errors(as_json):
        folder = data or _from_environment()
        report = run(folder, law or (), only or (), say)
        if as_json:
            print_json(verification_document(report))
        else:
            show_verification(stdout(), report)
        if report.unexplained:
            raise typer.Exit(UNEXPLAINED)


def _from_environment() -> Path:
    if ENVIRONMENT not in os.environ:
        fix = f"name the folder with --data, or in the variable {ENVIRONMENT}"
        raise InputError([Problem("critmass verify", "no folder with published files is named", fix)])
    return Path(os.environ[ENVIRONMENT])
