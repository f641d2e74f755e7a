"""One table from a file of any kind: the same cells whatever the kind, and plain words for what cannot be read."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xlsxwriter

from critmass.domain.errors import InputError
from critmass.domain.results_map import ResultsMap
from critmass.network import table_file
from critmass.network.mapped import map_table
from critmass.network.table_file import SUFFIXES, read_cells, read_table_file

FRAME = pd.DataFrame({" Name ": ["A", "B"], "N": [1.5, 2.0], "T": ["x", None]})


def write_book(path: Path, rows: list[list[object]], sheet: str = "Results") -> Path:
    """A workbook of one sheet."""
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet(sheet)
        for place, row in enumerate(rows):
            page.write_row(place, 0, row)
    return path


WRITERS: dict[str, Callable[[Path], object]] = {
    ".csv": lambda path: FRAME.to_csv(path, index=False),
    ".csv.gz": lambda path: FRAME.to_csv(path, index=False, compression="gzip"),
    ".parquet": lambda path: FRAME.to_parquet(path, index=False),
    ".xlsx": lambda path: write_book(path, [list(FRAME.columns), ["A", 1.5, "x"], ["B", 2, ""]]),
    ".json": lambda path: FRAME.to_json(path, orient="records"),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_kind_of_file_says_the_same(suffix: str, tmp_path: Path) -> None:
    """CSV, gzipped CSV, Parquet, workbook and JSON of one table have the same trimmed headers, rows and numbers."""
    path = tmp_path / f"results{suffix}"
    WRITERS[suffix](path)
    frame = read_table_file(path)
    assert (list(frame.columns), list(frame.index)) == (["Name", "N", "T"], [2, 3])
    found = map_table(path, ResultsMap.model_validate({"entity": "Name", "members": "N", "facts": {"x": 1}}), "map")
    assert (found.names, found.values["members"].tolist()) == (("A", "B"), [1.5, 2.0])


@pytest.mark.parametrize("text", ["Name,N\nA,1\n\n,\nB,2\n\n", "﻿Name,N\r\nA,1\r\n\r\n , \r\nB,2\r\n"])
def test_blank_rows_are_no_rows(text: str, tmp_path: Path) -> None:
    """Rows in which nothing stands are left out, the others keep the numbers that the user sees."""
    path = tmp_path / "results.csv"
    path.write_text(text, encoding="utf-8", newline="")
    frame = read_table_file(path)
    assert (list(frame.index), frame["Name"].tolist()) == ([2, 5], ["A", "B"])


def test_a_column_of_numbers_counts_as_filled(tmp_path: Path) -> None:
    """A row with nothing but a number is a row; one whose number is missing too is none."""
    path = tmp_path / "results.parquet"
    pd.DataFrame({"N": [np.nan, 3.0, np.nan], "T": ["a", None, None]}).to_parquet(path)
    assert list(read_table_file(path).index) == [2, 3]


def test_windows_text_is_read(tmp_path: Path) -> None:
    """A CSV that Excel saved in the Windows code page is read as such."""
    path = tmp_path / "results.csv"
    path.write_bytes("Name\nClínica Ñandú\n".encode("cp1252"))
    assert read_table_file(path)["Name"].tolist() == ["Clínica Ñandú"]


def test_columns_without_a_header_are_left_out(tmp_path: Path) -> None:
    """A comma at the end of every line makes no column."""
    path = tmp_path / "results.csv"
    path.write_text("Name,N,\nA,1,\n")
    assert list(read_table_file(path).columns) == ["Name", "N"]


def test_the_first_sheet_with_data_is_read(tmp_path: Path) -> None:
    """Empty sheets and sheets of notes before the table do not hide it."""
    path = tmp_path / "results.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("Empty")
        book.add_worksheet("Notes").write_row(0, 0, ["About", "this"])
        book.add_worksheet("Data").write_column(2, 0, ["Name", "A"])
    assert list(read_table_file(path).columns) == ["Name"]
    assert list(read_table_file(path).index) == [4]


def test_cells_above_the_header(tmp_path: Path) -> None:
    """Every cell of a CSV file is text, in numbered columns and rows, titles included."""
    path = tmp_path / "results.csv"
    path.write_text('Title,,\nName,N,\nA,"1,5",x\n')
    assert read_cells(path).loc[3].tolist() == ["A", "1,5", "x"]
    with pytest.raises(InputError, match="no such file"):
        read_cells(tmp_path / "none.csv")


# Refusals ---------------------------------------------------------------------------------------------


def complaint(path: Path) -> str:
    """Everything that is wrong with a file, in one line."""
    with pytest.raises(InputError) as caught:
        read_table_file(path)
    return " | ".join(f"{problem.place}: {problem.message}; {problem.fix}" for problem in caught.value.problems)


GZ = gzip.compress(b"Name,N\nA,1\n" * 1000, mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("r.csv", b"", "holds no rows; name a table with a header and rows below it"),
        ("r.csv", b"Name,N\n", "holds no rows"),
        ("r.csv", b"Name,N\n,\n\n", "holds no rows"),
        ("r.csv", b"Name,N\nA,1,2\n", "is not a table (Expected 2 fields in line 2, saw 3); mend the row"),
        ("r.csv", b'Name,N\n"A,1\n', "is not a table (EOF inside string"),
        ("r.csv", b"Name;N\nA;1\n", "its columns are not separated by commas; save it as CSV with commas"),
        ("r.csv", b"Name\tN\nA\t1\n", "its columns are not separated by commas"),
        ("r.csv", "Name,N\nA,1\n".encode("utf-16"), "is not text; in Excel, save it as 'CSV UTF-8"),
        ("r.csv", b"\x81\x8d\n", "is not text"),
        ("r.csv", b"Name,N,N ,Name\nA,1,2,3\n", "two columns named 'N'; give each column its own header"),
        ("r.csv.gz", GZ[:60], "is damaged"),
        ("r.csv.gz", GZ[:20] + b"\x00\xff" * 10 + GZ[40:], "is damaged"),
        ("r.csv.gz", b"Name,N\nA,1\n", "is damaged (Not a gzipped file"),
        ("r.parquet", b"PAR1 no more PAR1", "is not a Parquet file"),
        ("r.xlsx", b"Name,N\nA,1\n", "is not an Excel workbook; save it as an Excel workbook (.xlsx)"),
        ("r.xlsx", b"\xd0\xcf\x11\xe0 old", "is encrypted, or an old .xls under another name"),
        ("r.json", b'[{"Name": "A"', "is not JSON"),
        ("r.json", b'[{"Name": "A", "N": NaN}]', "NaN is not a number of JSON"),
        ("r.json", b'[{"Name": "A", "N": -Infinity}]', "-Infinity is not a number of JSON"),
        ("r.json", b"[" * 100_000, "is not JSON"),
        ("r.json", b'{"Name": "A"}', "is not a list of records; write [{...}, {...}]"),
        ("r.json", b"[1, 2]", "is not a list of records"),
        ("r.json", b"[]", "holds no rows"),
        ("r.ods", b"x", "is not a table; name a file that ends in .csv, .csv.gz, .parquet, .xlsx, .json"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    """A file that is empty, damaged, of another kind or not a table is named with what is wrong and the fix."""
    path = tmp_path / name
    path.write_bytes(content)
    found = complaint(path)
    assert found.startswith(f"{name}: ")
    assert said in found


def test_all_repeated_headers_are_told(tmp_path: Path) -> None:
    """Two columns of one name cannot be told apart; each such name is a problem."""
    path = tmp_path / "r.csv"
    path.write_text("Name,N,N,Name\nA,1,2,3\n")
    assert complaint(path).count("has two columns named") == 2


def test_no_such_file(tmp_path: Path) -> None:
    """A file that is not there is named in full, and a folder is not a file."""
    assert complaint(tmp_path / "none.csv") == f"{tmp_path / 'none.csv'}: no such file; name an existing file"
    assert "no such file" in complaint(tmp_path)


def test_too_large_files_are_not_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Above the limit of bytes or rows a file is refused with the way to shrink it."""
    path = tmp_path / "r.csv"
    path.write_text("Name,N\nA,1\n")
    monkeypatch.setattr("critmass.network.guard.MAX_TABLE_BYTES", 5)
    assert complaint(path).endswith("split it, or leave out columns that the map does not name")
    monkeypatch.undo()
    monkeypatch.setattr(table_file, "MAX_TABLE_ROWS", 1)
    records = tmp_path / "r.json"
    records.write_text(json.dumps([{"Name": "A"}, {"Name": "B"}]))
    assert complaint(records) == "r.json: holds more than 1 rows; split it"


def test_a_gzip_bomb_is_not_unpacked_whole(tmp_path: Path) -> None:
    """A small file that unpacks to more than the limit is refused once the limit is reached."""
    path = tmp_path / "r.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for _ in range(21):
            stream.write(b"0" * 10_000_000)
    assert path.stat().st_size < 2_000_000
    assert complaint(path) == "r.csv.gz: unpacks to more than 200,000,000 bytes; split it"


def test_a_workbook_bomb_is_refused(tmp_path: Path) -> None:
    """A workbook that is packed as no real one is never reaches a parser."""
    path = tmp_path / "r.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 20_000_000)
    assert "is packed more than 100 times, as no real workbook is" in complaint(path)


def test_formulas_without_values_are_not_blanks(tmp_path: Path) -> None:
    """Formulas that were never calculated, and errors, are told cell by cell instead of settled as unknown."""
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet("Results")
        page.write_row(0, 0, ["Name", "N", "M"])
        page.write_row(1, 0, ["A", 1])
        page.write_formula(1, 2, "=B2*2", value=2)
        page.write_row(2, 0, ["B"])
        page.write_formula(2, 1, "=B2+1", value="")
        page.write_formula(2, 2, "=1/0", value="#DIV/0!")
    content = _without_empty_values(path)
    found = complaint(content)
    assert "row 3, column N: holds a formula that was never calculated; open it in Excel and save it" in found
    assert "row 3, column M: holds the error #DIV/0!" in found
    assert "row 2" not in found


def _without_empty_values(path: Path) -> Path:
    """The workbook as programs write it that do not calculate: no stored value where none is known."""
    other = path.with_name("other.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            text = source.read(name)
            if name.endswith("sheet1.xml"):
                text = text.replace(b' t="str"><f>B2+1</f><v></v>', b"><f>B2+1</f>")
            target.writestr(name, text)
    return other


def test_a_formula_with_its_value_is_a_number(tmp_path: Path) -> None:
    """The value that Excel stored with a formula is what is read."""
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet("Results")
        page.write_row(0, 0, ["Name", "N"])
        page.write_row(1, 0, ["A"])
        page.write_formula(1, 1, "=6*7", value=42)
    assert read_table_file(path)["N"].tolist() == [42]
