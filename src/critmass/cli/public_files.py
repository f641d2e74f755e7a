"""`critmass import`: public files as CMS publishes them, turned into a catalog file or a fee table of one's own."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from critmass.cli.common import errors, say
from critmass.domain.catalog import CatalogFile
from critmass.domain.errors import InputError, Problem
from critmass.domain.suggest import closest
from critmass.published.fee_schedule import local_fees, read_geographic_indices, read_relative_values
from critmass.published.hospital_value import hospital_catalog, read_hospital_measures
from critmass.published.quality_benchmarks import read_quality_benchmarks
from critmass.published.star_cut_points import read_star_cut_points, star_catalog
from critmass.published.write import catalog_text
from critmass.report.entities import check_out_file, write_table
from critmass.report.write import check_folder, write_files


class PublicFile(StrEnum):
    """Public files that are read."""

    QUALITY_BENCHMARKS = "quality-benchmarks"
    STAR_CUT_POINTS = "star-cut-points"
    HOSPITAL_VALUE = "hospital-value"
    FEE_SCHEDULE = "fee-schedule"


_CATALOGS: dict[PublicFile, Callable[[Path], CatalogFile]] = {
    PublicFile.QUALITY_BENCHMARKS: read_quality_benchmarks,
    PublicFile.STAR_CUT_POINTS: lambda path: star_catalog(read_star_cut_points(path), f"Star cut points, {path.name}"),
    PublicFile.HOSPITAL_VALUE: lambda path: hospital_catalog(read_hospital_measures(path), path.name),
}


def import_file(
    kind: Annotated[PublicFile, typer.Argument(help="Which public file it is.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file as it was published.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A .yaml catalog file; for fees a table.")],
    indices: Annotated[Path | None, typer.Option(metavar="FILE", help="Geographic indices (fee-schedule).")] = None,
    place: Annotated[str | None, typer.Option(metavar="NAME", help="Locality of the fees, by its name.")] = None,
) -> None:
    """Read a public file as CMS publishes it: benchmark tables and cut points become a catalog file that programs
    can use, the physician fee schedule a table of fees at one place."""
    with errors(as_json=False):
        if kind is PublicFile.FEE_SCHEDULE:
            check_out_file(out)
            write_table(out, _fees(file, indices, place))
        else:
            _check_catalog_name(out)
            text = catalog_text(_CATALOGS[kind](file), f"{kind.value}, read from {file.name}")
            write_files(out.parent, {out.name: lambda path: path.write_text(text, encoding="utf-8")})
        say(f"Written: {out}")


def _check_catalog_name(out: Path) -> None:
    if out.suffix.lower() not in (".yaml", ".yml"):
        raise InputError([Problem(str(out), "is not a catalog file's name", "let it end in .yaml")])
    check_folder(out.parent)


def _fees(file: Path, indices: Path | None, place: str | None) -> pd.DataFrame:
    """National fees, or those of one locality."""
    codes = read_relative_values(file)
    if indices is None:
        if place is not None:
            raise InputError([Problem("--place", "needs the geographic indices", "name their file with --indices")])
        return local_fees(codes)
    places = read_geographic_indices(indices)
    names = {str(name).strip(" *"): row for row, name in enumerate(places["name"])}
    if place is None or place.upper() not in names:
        said = "no place is named" if place is None else f"no place is named {place!r}"
        fix = closest((place or "").upper(), names) or f"one of {', '.join(list(names)[:5])}, ..."
        raise InputError([Problem("--place", said, fix)])
    return local_fees(codes, places.iloc[names[place.upper()]])
