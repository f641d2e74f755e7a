"""Finds cells that a workbook reader shows as blank although something stands in them.

A formula that was never calculated has no stored value, and an error such as #N/A has no usable one. Left
alone, both would be taken for blanks and filled with defaults.
"""

from __future__ import annotations

import re
import zipfile
from html import unescape
from pathlib import Path, PurePosixPath

from critmass.network.guard import column_number

# Every pattern is bounded by '<', '>' or a length, so that no crafted file makes it slow.
_REFERENCE = re.compile(rb"\br=[\"']([A-Za-z]{1,3})(\d{1,7})[\"']")
_VALUE = re.compile(rb"<v\b[^<>]*>([^<]+)</")
_FORMULA = re.compile(rb"<f\b")
_SHEET = re.compile(r"<(?:\w+:)?sheet\b([^<>]*)>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b([^<>]*)>")
_ATTRIBUTE = re.compile(r"\b([\w:]{1,64})=\"([^\"]{0,1024})\"")

HollowCells = dict[str, list[tuple[int, int, str]]]
"""By sheet name: row and column, both counted from 1, and what stands there."""


def hollow_cells(path: Path) -> HollowCells:
    """Cells of a workbook that hold a formula without a value, or an error value."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        parts = {name: part for name, part in _sheet_parts(archive).items() if part in names}
        found = {name: _in_sheet(archive.read(part)) for name, part in parts.items()}
    return {name: cells for name, cells in found.items() if cells}


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet names with the archive entry that holds each."""
    book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    try:
        relations = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    except KeyError:
        return {}
    targets = {tag["Id"]: tag.get("Target", "") for tag in _tags(_RELATION, relations) if "Id" in tag}
    sheets = ((tag.get("name", ""), tag.get("r:id", "")) for tag in _tags(_SHEET, book))
    return {unescape(name): _entry(targets[key]) for name, key in sheets if key in targets}


def _tags(pattern: re.Pattern[str], text: str) -> list[dict[str, str]]:
    return [dict(_ATTRIBUTE.findall(attributes)) for attributes in pattern.findall(text)]


def _entry(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def _in_sheet(content: bytes) -> list[tuple[int, int, str]]:
    if b"<f" not in content and b't="e"' not in content:
        return []
    cells = []
    for piece in content.split(b"</c>")[:-1]:
        attributes, _, inner = piece[max(piece.rfind(b"<c "), 0) :].partition(b">")
        what = _what_stands(attributes, inner)
        reference = _REFERENCE.search(attributes)
        if what and reference:
            cells.append((int(reference[2]), column_number(reference[1].decode()), what))
    return cells


def _what_stands(attributes: bytes, inner: bytes) -> str:
    value = _VALUE.search(inner)
    if b't="e"' in attributes:
        return f"the error {value[1].decode('utf-8', 'replace')}" if value else "an error"
    is_text = b't="str"' in attributes
    if value is None and not is_text and _FORMULA.search(inner):
        return "a formula that was never calculated"
    return ""
