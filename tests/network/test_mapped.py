"""A results table after its map: how cells are read, rows chosen, columns found and programs joined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from results_table import complaints, mapped, numbers, write

from critmass.domain.results_map import ResultsMap
from critmass.network.mapped import parse_numbers

# Cells ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1234.5", 1234.5), ('"1,234.5"', 1234.5), ('"1,234,567"', 1234567.0), ("$12", 12.0), ('"$1,234"', 1234.0),
        ('"(1,234)"', -1234.0), ('"($1,234.50)"', -1234.5), ("-$5", -5.0), ("6.46%", 0.0646), ("6.46 %", 0.0646),
        ("(6.46%)", -0.0646), ("100%", 1.0), ("6 out of 10", 6.0), ("1e3", 1000.0), (" 7 ", 7.0), ("+7", 7.0),
        ("007", 7.0), (".5", 0.5),
    ],
)  # fmt: skip
def test_a_number_as_people_write_it(written: str, read: float, tmp_path: Path) -> None:
    """Thousands, dollars, brackets for negative, percentages and points of a possible are numbers."""
    table = mapped(tmp_path, f"Name,X\nA,{written}\n", facts={"x": "X"})
    assert numbers(table, "facts.x") == [pytest.approx(read, abs=1e-12)]


@pytest.mark.parametrize(
    "written",
    ["", "-", "--", "—", ".", "*", "NA", "n/a", "N.A.", "Not Available", "not applicable", "NULL", "None", "  "],
)
def test_a_blank_as_people_write_it(written: str, tmp_path: Path) -> None:
    """Markers of a missing value, in any letters, are unknown and not zero."""
    table = mapped(tmp_path, f"Name,X\nA,{written}\n", facts={"x": "X"})
    assert numbers(table, "facts.x") == [None]


@pytest.mark.parametrize(
    "written",
    ["abc", "NaN", "inf", "-Infinity", "1e999", "12 dollars", '"1,5"', '"0,850"', "1 2", "True", "$", "%", "1.2.3"],
)
def test_what_is_not_a_number_is_refused(written: str, tmp_path: Path) -> None:
    """Text, NaN, infinity and decimal commas are named with file, row, column and text, and not guessed at."""
    bare = written.strip('"')
    [said] = complaints(tmp_path, f"Name,X\nA,1\nB,{written}\n", facts={"x": "X"})
    assert said == f"results.csv, row 3, column X: {bare!r} is not a number; write a number"


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ({"column": "T", "values": {"P4R": 1}}, [1.0, 80.0, None]),
        ({"column": "T", "values": {"P4R": 1}, "times": 0.01}, [0.01, 0.8, None]),
        ({"column": "T", "values": {"P4R": 1}, "otherwise": 0}, [1.0, 0.0, None]),
        ({"column": "T", "values": {"P4R": 1}, "missing": -1}, [1.0, 80.0, -1.0]),
        ({"mean_of": ["Q1", "Q2"]}, [2.0, 5.0, None]),
        ({"sum_of": ["Q1", "Q2"]}, [4.0, 5.0, None]),
        ({"sum_of": ["Q1", "Q2"], "missing": 0}, [4.0, 5.0, 0.0]),
        ({"column": ["Q2", "Q1"]}, [3.0, 5.0, None]),
        ({"column": "M", "minus": ["Q1"]}, [9.0, 5.0, None]),
        ({"sum_of": ["M", "Q2"], "minus": ["Q1"], "times": 10}, [120.0, 50.0, None]),
        (0.25, [0.25, 0.25, 0.25]),
        ({"constant": 7}, [7.0, 7.0, 7.0]),
    ],
)  # fmt: skip
def test_every_form_of_a_cell(cell: Any, read: list[float | None], tmp_path: Path) -> None:
    """Texts, other scales, several columns with blanks, columns taken off and constants give these numbers."""
    text = "Name,T,Q1,Q2,M\nA,P4R,1,3,10\nB,80,5,-,10\nC,,,NA,10\n"
    assert numbers(mapped(tmp_path, text, facts={"x": cell}), "facts.x") == pytest.approx(read, abs=1e-12)


def test_a_listed_text_wins_over_a_blank(tmp_path: Path) -> None:
    """A marker that is usually a blank means what 'values' say, when they list it."""
    table = mapped(tmp_path, "Name,X\nA,-\nB,NA\n", facts={"x": {"column": "X", "values": {"-": 3}}})
    assert numbers(table, "facts.x") == [3.0, None]


def test_an_unlisted_text_points_to_the_map(tmp_path: Path) -> None:
    """Where a map lists texts, the fix for another is to list it, and says under which key."""
    cell = {"column": "X", "values": {"P4R": 1}}
    [said] = complaints(tmp_path, "Name,X\nA,P4P\n", facts={"score": cell})
    assert "'P4P' is not a number; list it under 'values' in the map (facts.score)" in said


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ({"column": "A", "constant": 1}, "exactly one of"),
        ({"minus": ["A"]}, "exactly one of"),
        ({"constant": float("nan")}, "finite"),
        ({"column": "A", "times": float("inf")}, "finite"),
        ({"column": "A", "missing": float("nan")}, "finite"),
    ],
)
def test_a_cell_has_one_place_and_finite_numbers(cell: Any, said: str) -> None:
    """A cell with two places or none, or with a number that is none, is refused when the map is read."""
    with pytest.raises(ValidationError, match=said):
        ResultsMap.model_validate({"entity": "Name", "facts": {"x": cell}})


# What cannot be ---------------------------------------------------------------------------------------

COUNTS: dict[str, Any] = {
    "members": "N", "member_months": "MM", "benchmark_usd": "B", "expenditure_usd": "E",
    "strata": {"under_21": "U"}, "events": {"awv": "V"}, "allowed_usd": {"visits": "C"}, "workflows": {"reg": "W"},
    "measures": {"BCS": {"denominator": "D", "numerator": "T"}},
}  # fmt: skip
HEADER = "Name,N,MM,B,E,U,V,C,W,D,T\n"


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("N", "members"), ("MM", "member_months"), ("B", "benchmark_usd"), ("E", "expenditure_usd"),
        ("U", "strata.under_21"), ("V", "events.awv"), ("C", "allowed_usd.visits"), ("W", "workflows.reg"),
        ("D", "measures.BCS.denominator"),
    ],
)  # fmt: skip
def test_negative_counts_and_amounts_are_refused(column: str, key: str, tmp_path: Path) -> None:
    """Nobody has -3 members, months, charges or events: the cell, its key and its number are named."""
    places = HEADER.strip().split(",")
    row = ",".join("A" if name == "Name" else "-3" if name == column else "0" for name in places)
    said = complaints(tmp_path, HEADER + row + "\n", **COUNTS)[0]
    assert said == f"results.csv, row 2, column {column}: {key} is negative: -3; write 0 or more"


def test_blanks_are_refused_where_a_number_is_needed(tmp_path: Path) -> None:
    """Counts and amounts may not be blank, facts and measures may; every blank is told at once."""
    said = complaints(tmp_path, HEADER + "A" + "," * 10 + "\n", **COUNTS, facts={"x": "N"})
    keys = {line.split(": ")[1].split(" is blank")[0] for line in said}
    assert keys == {
        "members", "member_months", "benchmark_usd", "expenditure_usd",
        "strata.under_21", "events.awv", "allowed_usd.visits", "workflows.reg",
    }  # fmt: skip
    assert "say in the map what a blank stands for (members: missing)" in said[0]


def test_a_numerator_above_its_denominator_is_refused(tmp_path: Path) -> None:
    """This year's, last year's and the carried numerator are each held against their denominator."""
    parts = {
        "denominator": "D", "numerator": "N", "prior_denominator": "PD", "prior_numerator": "PN",
        "carried_numerator": "C",
    }  # fmt: skip
    said = complaints(tmp_path, "Name,D,N,PD,PN,C\nA,10,11,10,12,13\nB,10,10,5,5,10\n", measures={"BCS": parts})
    names = ("numerator", "prior_numerator", "carried_numerator")
    wanted = [f"measures.BCS.{name} is larger than its denominator" for name in names]
    assert [line.split(": ")[1].split(";")[0] for line in said] == wanted
    assert all(line.startswith("results.csv, row 2") for line in said)


def test_percentages_are_not_fractions(tmp_path: Path) -> None:
    """A rate of 70 is refused with the two ways to mend it; 70% and 0.7 are the same."""
    [said] = complaints(tmp_path, "Name,R\nA,70%\nB,0.7\nC,70\n", measures={"BCS": {"rate": "R"}})
    assert said.startswith("results.csv, row 4, column R: measures.BCS.rate is above 1: 70; write 0.7 or 70%")


def test_constants_are_checked_too(tmp_path: Path) -> None:
    """A number that the map gives for all rows can be as wrong as a cell, and is told once, at its key."""
    said = complaints(tmp_path, "Name\nA\nB\n", members=-5, measures={"BCS": {"rate": 70}})
    assert [line.split(";")[0] for line in said] == [
        "map.yaml: members: members is negative: -5",
        "map.yaml: measures.BCS.rate: measures.BCS.rate is above 1: 70",
    ]


def test_every_bad_cell_is_told_at_once(tmp_path: Path) -> None:
    """Four mistakes in four cells come back as four problems in one answer, each told once."""
    text = "Name,N,B,D,T\nA,x,-1,5,6\nB,,1,5,5\n"
    measures = {"BCS": {"denominator": "D", "numerator": "T"}}
    said = complaints(tmp_path, text, members="N", benchmark_usd="B", measures=measures)
    assert sorted(line.split(": ")[0] for line in said) == [
        "results.csv, row 2", "results.csv, row 2, column B", "results.csv, row 2, column N",
        "results.csv, row 3, column N",
    ]  # fmt: skip


# Columns and rows -------------------------------------------------------------------------------------


def test_every_missing_column_is_told_with_the_nearest(tmp_path: Path) -> None:
    """A key whose column is not there names map, key, file and the column that was probably meant."""
    said = complaints(
        tmp_path, "Name,Members,Bench\nA,1,2\n",
        members="Membres", benchmark_usd="Zzz", only={"Stat": ["x"]}, tin="TIN", joined={"flags": {"F": "p"}},
    )  # fmt: skip
    assert said[0] == "map.yaml: members: results.csv has no column 'Membres'; did you mean 'Members'?"
    assert [line.split(": results")[0] for line in said] == [
        "map.yaml: members", "map.yaml: benchmark_usd", "map.yaml: only", "map.yaml: joined", "map.yaml: tin",
    ]  # fmt: skip
    assert said[1].endswith("name another column")


def test_only_keeps_the_rows_that_are_named(tmp_path: Path) -> None:
    """Rows outside 'only' are neither settled nor read: their bad cells do not matter."""
    table = mapped(tmp_path, "Name,S,X\nA,final,1\nB,draft,bad\nC,late,3\n", only={"S": ("final", "late")}, members="X")
    assert (table.names, numbers(table, "members")) == (("A", "C"), [1.0, 3.0])
    [said] = complaints(tmp_path, "Name,S\nA,draft\n", only={"S": ["final"]})
    assert said == "results.csv: no row is left after 'only'; correct the texts under 'only' in the map"


def test_several_entity_columns_name_a_row(tmp_path: Path) -> None:
    """Two columns together tell rows apart that one of them does not."""
    table = mapped(tmp_path, "Name,Site\nA,1\nA,2\n", entity=("Name", "Site"))
    assert table.names == ("A 1", "A 2")
    [said] = complaints(tmp_path, "Name,Site\nA,1\nA,2\n")
    assert said == "results.csv, row 3: 'A' stands in an earlier row too; keep one, or name more columns under 'entity'"


def test_an_entity_needs_a_name(tmp_path: Path) -> None:
    """A row whose name is blank is refused by its number; a row that is wholly blank is no row."""
    [said] = complaints(tmp_path, "Name,X\nA,1\n ,2\n")
    assert said == "results.csv, row 3: the entity is blank; name it"
    table = mapped(tmp_path, "Name,X\nA,1\n,\n\nB,2\n,\n\n", members="X")
    assert (table.names, list(table.frame.index)) == (("A", "B"), [2, 5])


def test_tins_group_rows(tmp_path: Path) -> None:
    """Without a TIN column every row is its own; with one its text counts, a number as it is written."""
    text = "Name,TIN\nA,12\nB,12\nC,012\n"
    assert mapped(tmp_path, text).tins == ("A", "B", "C")
    assert mapped(tmp_path, text, tin="TIN").tins == ("12", "12", "012")


# Several tables, long tables --------------------------------------------------------------------------

LOOKUP = {"table": "old.csv", "by": "Name", "prefix": "last year "}


def test_columns_of_another_table(tmp_path: Path) -> None:
    """A lookup adds the other table's columns with a prefix, in the order of this table's rows."""
    write(tmp_path, "Name,R\nB,0.2\nA,0.1\nZ,9\n", "old.csv")
    measures = {"BCS": {"rate": "R", "prior_rate": "last year R"}}
    table = mapped(tmp_path, "Name,R\nA,0.3\nB,0.4\nC,0.5\n", lookups=[LOOKUP], measures=measures)
    assert numbers(table, "measures.BCS.prior_rate") == [0.1, 0.2, None]
    assert numbers(table, "measures.BCS.rate") == [0.3, 0.4, 0.5]


def test_a_lookup_by_another_column(tmp_path: Path) -> None:
    """The other table may call the column that both share by another name."""
    write(tmp_path, "ACO,R\nA,0.1\n", "old.csv")
    lookup = {**LOOKUP, "their_column": "ACO"}
    assert numbers(mapped(tmp_path, "Name\nA\n", lookups=[lookup], facts={"x": "last year R"}), "facts.x") == [0.1]


@pytest.mark.parametrize(
    ("other", "lookup", "said"),
    [
        ("Name,R\nA,1\nA,2\n", LOOKUP, "old.csv: Name 'A' stands in two rows; keep one"),
        ("ACO,R\nA,1\n", LOOKUP, "old.csv: has no column 'Name' to look up by; name another in the map"),
        ("Name,R\nA,1\n", {**LOOKUP, "by": "No"}, "results.csv: has no column 'No' to look up by"),
        ("Name,R\nA,1\n", {**LOOKUP, "table": "new.csv"}, "no such file"),
        ("Name,R\nA,1\n", {**LOOKUP, "prefix": ""}, "old.csv: gives a second column named 'Name'"),
    ],
)  # fmt: skip
def test_a_lookup_that_is_not_clear_is_refused(other: str, lookup: Any, said: str, tmp_path: Path) -> None:
    """Two rows of one name, a column or a file that is not there, and columns that would clash are told."""
    write(tmp_path, other, "old.csv")
    [found] = complaints(tmp_path, "Name\nA\n", lookups=[lookup])
    assert said in found


SPREAD = {"row": ["Name"], "column": "M", "values": ["Rate", "Size"]}
LONG = "Name,M,Rate,Size,S\nB,BCS,0.5,40,final\nA,BCS,0.7,30,final\nA,CBP,0.6,20,final\n"
WIDE = {"BCS": {"rate": "BCS", "denominator": "BCS Size"}, "CBP": {"rate": "CBP"}}


def test_a_long_table_made_wide(tmp_path: Path) -> None:
    """One row for each measure becomes a row for each entity; what no row fills is unknown."""
    table = mapped(tmp_path, LONG, spread=SPREAD, measures={**WIDE, "COL": {"rate": "COL"}})
    assert table.names == ("A", "B")
    assert numbers(table, "measures.BCS.rate") == [0.7, 0.5]
    assert numbers(table, "measures.BCS.denominator") == [30.0, 40.0]
    assert numbers(table, "measures.CBP.rate") == [0.6, None]
    assert numbers(table, "measures.COL.rate") == [None, None]


def test_only_reads_a_long_table(tmp_path: Path) -> None:
    """'only' keeps rows of the long table, by columns that the wide one does not have."""
    table = mapped(tmp_path, LONG + "A,BCS,0.1,1,draft\n", spread=SPREAD, only={"S": ["final"]}, measures=WIDE)
    assert numbers(table, "measures.BCS.rate") == [0.7, 0.5]


def test_a_problem_of_a_long_table_has_its_row(tmp_path: Path) -> None:
    """A bad cell of an entity is found at the entity's first row of the file."""
    said = complaints(tmp_path, LONG.replace("0.5", "bad"), spread=SPREAD, measures=WIDE)
    assert said == ["results.csv, row 2, column BCS: 'bad' is not a number; write a number"]


def test_a_long_table_says_everything_once(tmp_path: Path) -> None:
    """Two rows for the same entity and measure are refused at the second."""
    [said] = complaints(tmp_path, LONG + "A,CBP,0.1,1,draft\n", spread=SPREAD, measures=WIDE)
    assert said.startswith("results.csv, row 5: says the same thing a second time; keep one of the rows")


def test_columns_that_a_long_table_loses(tmp_path: Path) -> None:
    """Entity, TIN and joined column must tell the wide rows apart, and are refused otherwise."""
    said = complaints(tmp_path, LONG, spread=SPREAD, entity="Nme", tin="S", joined={"column": "S", "values": {}})
    assert [line.split(": ")[1] for line in said] == ["entity", "tin", "joined"]
    assert all("spread.row" in line for line in said)
    assert len(complaints(tmp_path, LONG, spread={**SPREAD, "column": "Mm", "values": ["Rat"]})) == 2


# Programs joined --------------------------------------------------------------------------------------


def joined_by(table_joined: Any) -> dict[str, list[bool]]:
    """Who takes part, by program."""
    return {program: mask.tolist() for program, mask in table_joined.items()}


def test_joined_by_text(tmp_path: Path) -> None:
    """A text may mean one program, several or none; a program meant by two texts has both."""
    values = {"X": "one", "XY": ["one", "two"], "": []}
    table = mapped(tmp_path, "Name,T\nA,X\nB,XY\nC,\n", joined={"column": "T", "values": values})
    assert joined_by(table.joined) == {"one": [True, True, False], "two": [False, True, False]}
    assert mapped(tmp_path, "Name\nA\n").joined is None


def test_an_unknown_text_is_refused(tmp_path: Path) -> None:
    """A track that the map does not list is not taken for none: row, column and text are told."""
    [said] = complaints(tmp_path, "Name,T\nA,X\nB,Z\n", joined={"column": "T", "values": {"X": "one"}})
    assert said.startswith("results.csv, row 3, column T: unknown text 'Z'; list it under joined.values in map.yaml")


def test_joined_by_flags(tmp_path: Path) -> None:
    """1, yes, y, true and x in any letters are a yes; everything else is none; two columns may mean one program."""
    text = "Name,F,G\nA,1,0\nB,Yes,\nC,y,no\nD,TRUE,N\nE,x,0\nF,0,1.0\nG,,0\n"
    table = mapped(tmp_path, text, joined={"flags": {"F": "one"}})
    assert joined_by(table.joined) == {"one": [True] * 5 + [False] * 2}
    table = mapped(tmp_path, text, joined={"flags": {"F": "one", "G": "one"}})
    assert joined_by(table.joined) == {"one": [True] * 6 + [False]}


def test_flags_that_not_every_file_has(tmp_path: Path) -> None:
    """A column under 'flags_where_present' may be absent, and counts where it is there."""
    joined = {"flags": {"F": "one"}, "flags_where_present": {"G": "two", "H": "three"}}
    table = mapped(tmp_path, "Name,F,G\nA,1,0\nB,0,1\n", joined=joined)
    assert joined_by(table.joined) == {"one": [True, False], "two": [False, True]}


@pytest.mark.parametrize(
    "joined", [{}, {"column": "T", "flags": {"F": "one"}}, {"column": "T", "flags_where_present": {"F": "one"}}]
)
def test_joined_has_one_way(joined: Any) -> None:
    """Text and flags do not mix, and one of them is needed."""
    with pytest.raises(ValidationError, match="flags"):
        ResultsMap.model_validate({"entity": "Name", "joined": joined})


def test_of_two_counts_not_one_alone_is_blank(tmp_path: Path) -> None:
    """An unknown numerator is not zero per cent: one count without the other is refused, neither is unknown."""
    parts = {"denominator": "D", "numerator": "N"}
    said = complaints(tmp_path, "Name,D,N\nA,10,\nB,,5\nC,,\nD,0,\nE,10,0\n", measures={"BCS": parts})
    assert [line.split(":")[0] for line in said] == ["results.csv, row 2", "results.csv, row 3"]
    assert all("one is blank, the other is not; fill in both" in line for line in said)


@pytest.mark.parametrize("entries", [{"entity": ()}, {"measures": {"BCS": {"rate": "R", "prior_numerator": "P"}}}])
def test_half_a_map_is_refused(entries: Any) -> None:
    """A map without an entity column, or with last year's numerator alone, is refused when it is read."""
    with pytest.raises(ValidationError):
        ResultsMap.model_validate({"entity": "Name", **entries})


def test_typed_numbers_are_read_as_they_are() -> None:
    """Numbers of Parquet files and workbooks need no text; infinity among them is no number, null is a blank."""
    numbers, unread = parse_numbers(pd.Series([1.5, np.inf, np.nan]))
    assert (numbers[0], unread.tolist()) == (1.5, [False, True, False])
    whole, unread = parse_numbers(pd.Series([1, None], dtype="Int64"))
    assert (whole[0], np.isnan(whole[1]), unread.any()) == (1.0, True, False)
    mixed, _ = parse_numbers(pd.Series([2, 2.5, "$3", True, None], dtype=object))
    assert mixed[:3].tolist() == [2.0, 2.5, 3.0] and np.isnan(mixed[3:]).all()
