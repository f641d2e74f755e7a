"""The Medicare physician fee schedule: relative value units by code, and geographic indices by locality.

Both the plain tables and the files as CMS publishes them are read, whose header stands a few rows down and
over several rows. An amount is (work x index + practice expense x index + malpractice x index) x conversion
factor. Source: 42 CFR 414.20 to 414.26.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from critmass.domain.errors import InputError, Problem
from critmass.network.mapped import parse_numbers
from critmass.network.table_file import read_cells

CODE_COLUMNS = {
    "code": ("hcpcs",),
    "modifier": ("mod",),
    "work_rvu": ("work rvu", "rvu work"),
    "nonfacility_pe_rvu": ("nonfac pe rvu", "non-fac pe rvu", "non fac pe rvu", "nonfacility pe rvu"),
    "facility_pe_rvu": ("fac pe rvu", "facility pe rvu"),
    "mp_rvu": ("mp rvu",),
    "nonfacility_total_rvu": ("total nonfac", "nonfac total", "non-facility total", "nonfacility total"),
    "facility_total_rvu": ("total fac", "fac total", "facility total"),
    "conversion_factor_usd": ("conv factor",),
}
LOCALITY_COLUMNS = {
    "state": ("state",),
    "locality": ("locality number", "locality"),
    "name": ("locality name", "name"),
    "work_gpci": (
        "work gpci floor",
        "pw gpci with 1.0 floor",
        "work gpci",
        "pw gpci",
        "pw gpci without 1.0 floor",
    ),
    "pe_gpci": ("pe gpci",),
    "mp_gpci": ("mp gpci",),
}
_TEXT = ("code", "modifier", "state", "locality", "name")
_HEADER_ROWS = 4


def read_relative_values(path: Path) -> pd.DataFrame:
    """Codes with their relative value units and the conversion factor, USD.

    Raises:
        InputError: when the columns cannot be found, or a number cannot be read.
    """
    return _named(path, CODE_COLUMNS, "hcpcs")


def read_geographic_indices(path: Path) -> pd.DataFrame:
    """Localities with their three indices; the work index is the one with its floor where both are published.

    Raises:
        InputError: as `read_relative_values` does.
    """
    return _named(path, LOCALITY_COLUMNS, "state")


def _named(path: Path, wanted: dict[str, tuple[str, ...]], key: str) -> pd.DataFrame:
    frame = _below_header(read_cells(path), key, path.name)
    plain = {_plain(column): column for column in reversed(list(frame.columns))}
    found = {name: next((plain[item] for item in spelled if item in plain), None) for name, spelled in wanted.items()}
    problems = [
        Problem(path.name, f"has no column for {name}", f"a column named {wanted[name][0]!r} is looked for")
        for name, column in found.items()
        if column is None and name not in ("modifier", "name")
    ]
    if problems:
        raise InputError(problems)
    return pd.DataFrame({
        name: _column(frame, column, path.name) if name not in _TEXT else frame[column].astype(str).str.strip()
        for name, column in found.items()
        if column is not None
    })  # fmt: skip


def _column(frame: pd.DataFrame, column: str, file: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    numbers, unread = parse_numbers(frame[column])
    if unread.any():
        row = int(str(frame.index[unread][0]))
        text = str(frame[column].iloc[int(np.flatnonzero(unread)[0])])
        raise InputError([Problem(f"{file}, row {row}, column {column}", f"{text!r} is not a number", "correct it")])
    return np.nan_to_num(numbers)


def _below_header(cells: pd.DataFrame, key: str, file: str) -> pd.DataFrame:
    """The table under its header, whose words may stand over up to four rows; the last of them holds the key.

    Rows without a key, such as footnotes, are left out.
    """
    holds_key = np.array([key in map(_plain, row) for row in cells.itertuples(index=False)], dtype=np.bool_)
    if not holds_key.any():
        raise InputError([Problem(file, f"has no header with {key!r}", "name the file as it was published")])
    at = int(np.flatnonzero(holds_key)[0])
    stacked = cells.iloc[_header_top(cells, at) : at + 1]
    names = [" ".join(word for word in stacked[column].str.strip() if word) for column in stacked.columns]
    kept = cells.iloc[at + 1 :]
    place = [_plain(cell) for cell in cells.iloc[at]].index(key)
    return kept.set_axis(names, axis=1)[(kept.iloc[:, place].str.strip() != "").to_numpy(dtype=bool)]


def _header_top(cells: pd.DataFrame, at: int) -> int:
    """The first row of the header: titles above it fill a single cell."""
    top = at
    while top > max(at - _HEADER_ROWS, 0) and (cells.iloc[top - 1].str.strip() != "").sum() > 1:
        top -= 1
    return top


def _plain(text: object) -> str:
    """A header in plain words, without its year and what stands in brackets, but for the floor of the work index."""
    words = re.sub(r"^\d{4}\s+|\((?!with).*?\)|[*()]", " ", str(text).strip().lower().replace("_", " "))
    return re.sub(r"\s+", " ", words).strip()


def local_fees(codes: pd.DataFrame, place: pd.Series | None = None) -> pd.DataFrame:
    """Fees of each code outside and inside facilities, USD and cents: national, or at a place of the indices."""
    parts = ("work", "pe", "mp")
    work, expense, malpractice = (1.0 if place is None else float(place[f"{part}_gpci"]) for part in parts)
    fixed = codes["work_rvu"] * work + codes["mp_rvu"] * malpractice
    fees = {
        f"{setting}_usd": _cents((fixed + codes[f"{setting}_pe_rvu"] * expense) * codes["conversion_factor_usd"])
        for setting in ("nonfacility", "facility")
    }
    return pd.DataFrame({"code": codes["code"], **fees})


def _cents(usd: pd.Series) -> pd.Series:
    """Rounded to the cent, halves up."""
    return pd.Series(np.floor(usd * 100 + 0.5 + 1e-7) / 100)
