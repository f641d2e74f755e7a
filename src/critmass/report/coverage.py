"""What a catalog rests on, as a table and as a document."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from critmass.catalog.coverage import GRADES, Coverage, family_coverage, program_coverage
from critmass.domain.catalog import Catalog, ValueProvenance
from critmass.report.words import GROUNDS, count, percent

_SHORT = {
    "quoted": "quot.",
    "secondary": "2nd",
    "computed": "comp.",
    "paraphrase": "para.",
    "unverified": "unv.",
    "assumption": "assum.",
}
_NARROW = 76


def show_coverage(console: Console, catalog: Catalog) -> None:
    """Prints how many values of each program stand on which ground."""
    lines = (*program_coverage(catalog), *family_coverage(catalog))
    total = sum(line.total for line in lines)
    payers = count(len(catalog.payers), "payer")
    console.print(Text(f"The catalog is sound: {count(len(catalog.programs), 'program')} of {payers}, "
                       f"{count(total, 'value')} with their grounds."))  # fmt: skip
    console.print()
    console.print(_table(lines, narrow=console.width < _NARROW))
    share = sum(line.supported_share * line.total for line in lines) / max(total, 1)
    text = f"{percent(share)} of the values are supported by a document; the others are assumed or unverified."
    named = "; ".join(f"{short} {GROUNDS[grade]}" for grade, short in _SHORT.items())
    key = "cited: in a document; assum.: assumed; unv.: not verified" if console.width < _NARROW else named
    console.print(Padding(Text(text), (1, 0)))
    console.print(Text(key, style="dim"))


def _table(lines: tuple[Coverage, ...], *, narrow: bool) -> Table:
    """One line for each program and family; on a narrow terminal, the grades of documents taken together."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("Program", overflow="fold")
    headers = ["all", "cited", "assum.", "unv."] if narrow else [_SHORT[grade] for grade in GRADES]
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    for line in lines:
        weak = [line.values["assumption"], line.values["unverified"]]
        cited = [line.total, line.total - sum(weak), *weak]
        shown = cited if narrow else [line.values[grade] for grade in GRADES]
        table.add_row(Text(line.owner), *(str(number or "-") for number in shown))
    return table


def coverage_document(catalog: Catalog) -> dict[str, Any]:
    """Coverage by program and family, and every value with its path, which is what scenarios override."""
    return {
        "kind": "coverage",
        "catalog_hash": catalog.hash,
        "programs": [_line(line) for line in program_coverage(catalog)],
        "families": [_line(line) for line in family_coverage(catalog)],
        "values": [_value(item, catalog) for item in catalog.provenance],
    }


def _line(line: Coverage) -> dict[str, Any]:
    return {
        "id": line.owner,
        "label": line.label,
        "payer": line.payer,
        "status": line.status,
        "values": dict(line.values),
        "total": line.total,
        "supported_share": round(line.supported_share, 6),
    }


def _value(item: ValueProvenance, catalog: Catalog) -> dict[str, Any]:
    source = catalog.sources.get(f"{item.file}#{item.cite.source}")
    found = None if source is None else source.model_dump(mode="json")
    return {
        "path": item.path,
        "value": item.value,
        "confidence": item.cite.grade,
        "reason": item.cite.reason,
        "source": found,
        "file": item.file,
    }
