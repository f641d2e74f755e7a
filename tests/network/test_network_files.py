"""Files that must not be opened, and files that cannot be understood."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest
from network_book import Book

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.network import guard, load_network
from critmass.network.guard import workbook_problem


def the_problem(path: Path, catalog: Catalog) -> Problem:
    """The one problem that loading reports."""
    with pytest.raises(InputError) as caught:
        load_network(path, catalog)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def repacked(source: Path, target: Path, changes: dict[str, bytes]) -> Path:
    """A copy of a workbook with some of its parts replaced or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, changes.pop(entry.filename, old.read(entry)))
        for name, content in changes.items():
            new.writestr(name, content)
    return target


def test_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, catalog: Catalog) -> None:
    """A workbook of 100 kB that unpacks to 101 MB is refused by the sizes that it claims."""
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(101_000_000))
    assert path.stat().st_size < 200_000
    assert "unpacks to 101 MB, more than 100 MB" in the_problem(path, catalog).message


def test_densely_packed_entry_is_refused(tmp_path: Path, catalog: Catalog) -> None:
    """An entry of 2 MB packed a thousand times is refused although the total is small."""
    path = tmp_path / "dense.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/media/picture.bmp", bytes(2_000_000))
    assert "packed more than 100 times" in the_problem(path, catalog).message


def test_too_many_parts_are_refused(tmp_path: Path, catalog: Catalog) -> None:
    """An archive of more than a thousand entries is no workbook that a person made."""
    path = tmp_path / "parts.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(guard.MAX_ENTRIES + 1):
            archive.writestr(f"part{number}", "")
    assert "1,001 parts" in the_problem(path, catalog).message


def test_entry_that_lies_about_its_size_is_refused(book: Book, tmp_path: Path, catalog: Catalog) -> None:
    """A part whose content does not match its checksum is found before the workbook is parsed."""
    path = book.save(tmp_path / "whole.xlsx")
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("xl/worksheets/sheet1.xml").header_offset + 60
    content[start : start + 4] = b"\0\0\0\0"
    path.write_bytes(bytes(content))
    assert "is damaged" in the_problem(path, catalog).message


def test_cells_too_far_apart_are_refused(book: Book, tmp_path: Path, catalog: Catalog) -> None:
    """One stray cell at the far corner would make a reader reserve 17 billion cells."""
    book.sheets["Organization"].append(["x"])
    path = book.save(tmp_path / "whole.xlsx")
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").replace(b'r="A3"', b'r="XFD1048576"')
    far = repacked(path, tmp_path / "far.xlsx", {"xl/worksheets/sheet1.xml": sheet})
    assert "spans more than 20,000,000 cells" in the_problem(far, catalog).message


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("book.xlsm", b"PK", ".xlsm files are not read"),
        ("book.xls", b"\xd0\xcf\x11\xe0", ".xls files are not read"),
        ("book.xlsx", b"\xd0\xcf\x11\xe0rest", "is encrypted, or an old .xls"),
        ("book.xlsx", b"practice,payer\n", "is not an Excel workbook"),
        ("Panel.csv", b"practice,payer\n", "is a single table"),
        ("book.docx", b"PK", "is neither a workbook nor a folder"),
    ],
)
def test_other_kinds_of_file_are_refused(
    tmp_path: Path, catalog: Catalog, name: str, content: bytes, says: str
) -> None:
    """Every other kind of file is refused in one plain sentence with a way out."""
    path = tmp_path / name
    path.write_bytes(content)
    problem = the_problem(path, catalog)
    assert says in problem.message
    assert problem.fix


def test_workbook_with_macros_under_a_plain_name_is_refused(book: Book, tmp_path: Path) -> None:
    """Renaming .xlsm to .xlsx does not let macros in."""
    path = book.save(tmp_path / "plain.xlsx")
    macro = repacked(path, tmp_path / "macro.xlsx", {"xl/vbaProject.bin": b"code"})
    problem = workbook_problem(macro)
    assert problem is not None
    assert "holds macros" in problem.message


def test_zip_that_is_no_workbook_is_refused(tmp_path: Path, catalog: Catalog) -> None:
    """Any other zip archive named .xlsx is refused."""
    path = tmp_path / "notes.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello")
    assert "is not an Excel workbook" in the_problem(path, catalog).message


def test_missing_file_and_empty_folder_are_named(tmp_path: Path, catalog: Catalog) -> None:
    """A wrong path says so, and so does a folder without tables."""
    assert "no such file" in the_problem(tmp_path / "nowhere.xlsx", catalog).message
    assert "holds no .csv or .parquet file" in the_problem(tmp_path, catalog).message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"practice,payer\nmaple,bcbsm,1\n", "is not a table"),
        (b"practice;payer\nmaple;bcbsm\n", "not separated by commas"),
        (b"practice,payer\nm\xe4ple,bcbsm\n", "is not UTF-8 text"),
        (b"PK\x03\x04\xff\xfe\x00", "is not UTF-8 text"),
    ],
)
def test_unreadable_csv_says_how_to_save_it(tmp_path: Path, catalog: Catalog, content: bytes, says: str) -> None:
    """Ragged, semicolon and non-UTF-8 files are told apart."""
    (tmp_path / "Panel.csv").write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_network(tmp_path, catalog)
    assert says in caught.value.problems[0].message
    assert not any(problem.place == "sheet Panel" for problem in caught.value.problems)


def test_unreadable_parquet_is_named(tmp_path: Path, catalog: Catalog) -> None:
    """A file that is no Parquet file, and one with lists in a column, are refused by name."""
    (tmp_path / "Staff.parquet").write_bytes(b"not parquet")
    pd.DataFrame({"practice": [["a", "b"]]}).to_parquet(tmp_path / "Panel.parquet")
    with pytest.raises(InputError) as caught:
        load_network(tmp_path, catalog)
    messages = {problem.place: problem.message for problem in caught.value.problems}
    assert "is not a Parquet file" in messages["Staff.parquet"]
    assert "holds lists or records" in messages["Panel.parquet"]


def test_huge_table_file_is_refused(tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CSV or Parquet file above the limit is refused by its size on disk."""
    monkeypatch.setattr(guard, "MAX_TABLE_BYTES", 10)
    (tmp_path / "Panel.csv").write_text("practice,payer,line_of_business,members\n")
    with pytest.raises(InputError) as caught:
        load_network(tmp_path, catalog)
    assert "more than" in caught.value.problems[0].message
