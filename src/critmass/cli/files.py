"""Files to start from: an empty workbook, a synthetic network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from critmass.catalog.load import load_catalog
from critmass.cli.common import CatalogDirs, catalog_dirs, errors, say
from critmass.domain.errors import InputError, Problem
from critmass.network import sample_network, write_network, write_template
from critmass.report.write import make_folder


def template(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Workbook to write (.xlsx).")],
    catalog: CatalogDirs = None,
) -> None:
    """Write an empty workbook to fill in, with explanations and drop-down lists."""
    with errors(as_json=False):
        _check_new_workbook(file)
        write_template(file, load_catalog(catalog_dirs(catalog)))
        say(f"Written: {file}")


def sample(
    practices: Annotated[int, typer.Option(metavar="N", help="Number of practices.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help=".xlsx, .parquet, or a folder of CSV files.")],
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="The same seed makes the same network.")] = 1,
    catalog: CatalogDirs = None,
) -> None:
    """Write a synthetic network to try things with."""
    with errors(as_json=False):
        found = load_catalog(catalog_dirs(catalog))
        network = sample_network(practices, seed, found)
        make_folder(out.parent)
        write_network(out, network, found)
        say(f"Written: {out}")


def _check_new_workbook(file: Path) -> None:
    if file.suffix.lower() != ".xlsx":
        raise InputError([Problem(str(file), "is not a workbook's name", "let it end in .xlsx")])
    if file.exists():
        fix = "name another file; a filled-in workbook is never overwritten"
        raise InputError([Problem(str(file), "exists already", fix)])
    make_folder(file.parent)
