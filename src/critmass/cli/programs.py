"""A program of one's own: a file to fill in, and the table of component types to build it from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from critmass.catalog.component_types import find_types
from critmass.catalog.load import load_catalog
from critmass.cli.common import CatalogDirs, catalog_dirs, errors, say, stdout
from critmass.domain.errors import InputError, Problem
from critmass.report.component_types import show_types
from critmass.report.new_program import Wanted, check_new_program, payer_note, program_file, write_program


def new_program(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Program file to write (.yaml).")] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="NAME", help="Component type, by name or number; several times if you like."),
    ] = None,
    payer: Annotated[
        str | None, typer.Option(metavar="ID", help="Who pays: an id of the catalog, or a new one.")
    ] = None,
    program: Annotated[str | None, typer.Option("--id", metavar="ID", help="The new program's id.")] = None,
    year: Annotated[int | None, typer.Option(min=2000, max=2100, metavar="YEAR", help="Performance year.")] = None,
    table: Annotated[bool, typer.Option("--list", help="Print the component types and write nothing.")] = False,
    catalog: CatalogDirs = None,
) -> None:
    """Write a program file to fill in, built from component types; it passes `check catalog` at once."""
    with errors(as_json=False):
        if table:
            show_types(stdout())
            return
        if file is None or not types or payer is None or program is None or year is None:
            given = {"FILE": file, "--type": types, "--payer": payer, "--id": program, "--year": year}
            raise InputError([_missing(name) for name, value in given.items() if not value])
        folders = catalog_dirs(catalog)
        known = load_catalog(folders)
        wanted = Wanted(find_types(types), payer, program, year)
        check_new_program(file, wanted, known)
        write_program(file, program_file(wanted, known), folders)
        say(" ".join(["Written:", str(file), payer_note(payer, known)]).strip())
        say(f"Fill it in, then: critmass check catalog --catalog {file}")


def _missing(name: str) -> Problem:
    fixes = {
        "FILE": "name the file to write, such as mine/ridge.yaml",
        "--type": "name a component type; --list shows them",
        "--payer": "say who pays, such as --payer ridge",
        "--id": "give the program an id, such as --id ridge_quality_2026",
        "--year": "give the performance year, such as --year 2026",
    }
    return Problem(name, "is missing", fixes[name])
