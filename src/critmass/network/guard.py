"""Looks at a file before anything parses it: a small workbook can unpack to gigabytes."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from critmass.domain.errors import Problem

MAX_WORKBOOK_BYTES = 100_000_000
MAX_UNPACKED_BYTES = 100_000_000
MAX_ENTRIES = 1_000
MAX_RATIO = 100
RATIO_FROM_BYTES = 1_000_000
MAX_CELLS = 20_000_000
MAX_TABLE_BYTES = 200_000_000
MAX_TABLE_ROWS = 5_000_000

_OLE_START = b"\xd0\xcf\x11\xe0"
_UTF16_STARTS = (b"\xff\xfe", b"\xfe\xff")
_CELL = re.compile(rb"<(?:\w+:)?c\b[^<>]*?\br=[\"']([A-Za-z]{1,3})(\d{1,7})[\"']")
_ROW = re.compile(rb"<(?:\w+:)?row\b[^<>]*?\br=[\"'](\d{1,7})[\"']")
_SPLIT_HINT = "save it as a folder of CSV or Parquet files instead"


def table_file_problem(path: Path) -> Problem | None:
    """What is wrong with the size of a CSV or Parquet file, or None."""
    size = path.stat().st_size
    if size > MAX_TABLE_BYTES:
        return Problem(path.name, f"holds {_mb(size)}, more than {_mb(MAX_TABLE_BYTES)}", "split the network")
    return None


def workbook_problem(path: Path) -> Problem | None:
    """Why a workbook may not be opened, or None when it is safe to parse.

    Checks the kind of file, then the sizes that its entries claim, then the entries themselves: their
    checksums, and how far apart the cells of each sheet lie (a reader makes room for the whole rectangle).
    """
    kind = _kind_problem(path)
    if kind is not None:
        return kind
    try:
        with zipfile.ZipFile(path) as archive:
            return _claims_problem(path.name, archive) or _content_problem(path.name, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        return Problem(path.name, f"is damaged ({error})", "open it in Excel, save a fresh copy, try again")


def _kind_problem(path: Path) -> Problem | None:
    if path.stat().st_size > MAX_WORKBOOK_BYTES:
        return Problem(path.name, f"is larger than {_mb(MAX_WORKBOOK_BYTES)}", _SPLIT_HINT)
    with path.open("rb") as stream:
        start = stream.read(4)
    if start == _OLE_START:
        fix = "remove the password, or save it as an Excel workbook (.xlsx)"
        return Problem(path.name, "is encrypted, or an old .xls under another name", fix)
    if not zipfile.is_zipfile(path):
        return Problem(path.name, "is not an Excel workbook", "save it as an Excel workbook (.xlsx)")
    return None


def _claims_problem(name: str, archive: zipfile.ZipFile) -> Problem | None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        return Problem(name, f"holds {len(entries):,} parts, more than {MAX_ENTRIES:,}", _SPLIT_HINT)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED_BYTES:
        return Problem(name, f"unpacks to {_mb(unpacked)}, more than {_mb(MAX_UNPACKED_BYTES)}", _SPLIT_HINT)
    if any(_is_dense(entry) for entry in entries):
        return Problem(name, f"is packed more than {MAX_RATIO} times, as no real workbook is", _SPLIT_HINT)
    if any(entry.flag_bits & 1 for entry in entries):
        return Problem(name, "is encrypted", "remove the password and save it again")
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        return Problem(name, "is not an Excel workbook", "save it as an Excel workbook (.xlsx)")
    if any(entry.endswith("vbaProject.bin") for entry in names):
        return Problem(name, "holds macros", "save it as an Excel workbook without macros (.xlsx)")
    return None


def _is_dense(entry: zipfile.ZipInfo) -> bool:
    return entry.file_size > RATIO_FROM_BYTES and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)


def _content_problem(name: str, archive: zipfile.ZipFile) -> Problem | None:
    for entry, content in _xml_parts(archive):
        if content.startswith(_UTF16_STARTS):
            return Problem(name, f"part {entry} is not written in UTF-8", "save a fresh copy from Excel")
        if _rectangle(content) > MAX_CELLS:
            fix = "delete the stray cells far below or to the right of the table, then save"
            return Problem(name, f"a sheet spans more than {MAX_CELLS:,} cells", fix)
    return None


def _xml_parts(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Every entry, read in full so that its checksum is verified; at most MAX_UNPACKED_BYTES together."""
    for entry in archive.infolist():
        yield entry.filename, archive.read(entry)


def _rectangle(content: bytes) -> int:
    """Cells between A1 and the outermost cell that a sheet's XML mentions."""
    cells = _CELL.findall(content)
    columns = {letters.decode() for letters, _ in cells}
    rows = {digits for _, digits in cells} | set(_ROW.findall(content))
    height = max((int(digits) for digits in rows), default=0)
    return height * max((column_number(letters) for letters in columns), default=1)


def column_number(letters: str) -> int:
    """The number of a column from its letters: A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _mb(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"
