"""Reading a coalition table: all forms give the same game, and every problem is told at once with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xlsxwriter

from critmass import Game, InputError, read_game
from critmass.domain.errors import Problem
from critmass.studies.sharing.read import SUFFIXES

AMOUNTS = {"A": 10.0, "B": 12.5, "101": 7.0, "A+B": 15.0, "A+101": 14.0, "B+101": 16.0, "A+B+101": 20.0}
MEMBERS = {"A": 100, "B": 50, "101": 25}
Rows = Sequence[Sequence[object]]


def csv(folder: Path, text: str) -> Path:
    """A CSV file with this text."""
    path = folder / "game.csv"
    path.write_text(text, encoding="utf-8")
    return path


def workbook(folder: Path, sheets: Mapping[str, Rows]) -> Path:
    """A workbook with these sheets, header first."""
    path = folder / "game.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return path


def written(folder: Path, document: Any, name: str = "game.json") -> Path:
    """A JSON file (which is YAML, too)."""
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def problems(path: Path) -> list[Problem]:
    """What reading a file complains about."""
    with pytest.raises(InputError) as caught:
        read_game(path)
    return list(caught.value.problems)


def said(path: Path) -> str:
    """All complaints as one text."""
    return "\n".join(map(str, problems(path)))


def coalition_rows() -> list[list[object]]:
    """The game as rows of a sheet, where a spreadsheet has made a number of a name."""
    return [["Coalition", "Cost USD"], *([101.0 if name == "101" else name, usd] for name, usd in AMOUNTS.items())]


def forms(folder: Path) -> dict[str, Path]:
    """The same game in every form."""
    members = [f"{name},{usd},{MEMBERS.get(name, '')}" for name, usd in AMOUNTS.items()]
    players = {name: {"members": count} for name, count in MEMBERS.items()}
    document = {"kind": "cost", "players": players, "values": AMOUNTS}
    return {
        "csv": csv(folder, "\n".join(["coalition,cost_usd,members", *members])),
        "xlsx": workbook(
            folder,
            {
                "Notes": [["anything"]],
                "coalitions": coalition_rows(),
                "Players": [["player", "members"], *([name, count] for name, count in MEMBERS.items())],
            },
        ),
        "json": written(folder, document),
        "yaml": written(folder, document, "game.yaml"),
    }


@pytest.mark.parametrize("form", ["csv", "xlsx", "json", "yaml"])
def test_every_form_gives_the_same_game(form: str, tmp_path: Path) -> None:
    """Players, amounts, kind and members come out alike; no benefits are given."""
    game, weights = read_game(forms(tmp_path)[form])
    assert (game.players, game.kind) == (("A", "B", "101"), "cost")
    assert {"+".join(game.coalition(mask)): game.values[mask] for mask in range(1, 8)} == AMOUNTS
    assert weights.members is not None
    assert weights.members.tolist() == [100, 50, 25]
    assert weights.benefit_usd is None


def test_amounts_as_people_write_them(tmp_path: Path) -> None:
    """Dollars, thousands, brackets for less than nothing, spaces around names, and any order of players."""
    text = 'coalition,value_usd,benefit_usd\n B ,"$1,200",5\nA,(300),10\n"B + A",2e3,\n'
    game, weights = read_game(csv(tmp_path, text))
    assert (game.players, game.kind) == (("B", "A"), "value")
    assert game.values.tolist() == [0, 1200, -300, 2000]
    assert weights.benefit_usd is not None
    assert weights.benefit_usd.tolist() == [5, 10]


def test_a_workbook_with_one_sheet_of_any_name(tmp_path: Path) -> None:
    """A single sheet is the coalition table, whatever it is called."""
    game, _ = read_game(workbook(tmp_path, {"Sheet1": coalition_rows()}))
    assert game.total_usd == 20


def test_names_alone_in_json(tmp_path: Path) -> None:
    """Players may be a list of names, in the order that the shares shall have."""
    game, _ = read_game(
        written(tmp_path, {"kind": "value", "players": ["B", "A"], "values": {"A": 1, "B": 2, "A+B": 4}})
    )
    assert isinstance(game, Game)
    assert game.values.tolist() == [0, 2, 1, 4]


def test_all_problems_at_once(tmp_path: Path) -> None:
    """A number that is none, a blank, a duplicate, a strange name, a blank coalition, and what is not listed."""
    rows = ["A,ten", "Blue,5", ",3", "C,", "Blue+A,7", "A+Blue,8", "Bleu+C,9", "A+A,1", "A++C,1", "D,1e15"]
    found = said(csv(tmp_path, "\n".join(["coalition,cost_usd", *rows])))
    for text in (
        "game.csv, row 2, column cost_usd: 'ten' is not a number Fix: write a number",
        "game.csv, row 4: the coalition is blank Fix: write players joined by '+'",
        "game.csv, row 5, column cost_usd: is blank",
        "game.csv, row 7: coalition 'A+Blue' is listed before, at game.csv, row 6 Fix: keep one",
        "game.csv, row 8: 'Bleu' in 'Bleu+C' has no row of its own Fix: did you mean 'Blue'?",
        "game.csv, row 9: 'A+A' names a player twice",
        "game.csv, row 10: 'A++C' lacks a name",
        "game.csv, row 11: 1,000,000,000,000,000 is too large to be true",
        "game.csv: 10 of 15 coalitions are not listed: A+C, Blue+C, A+D,",
    ):
        assert text in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("coalition,cost_usd,value_usd\nA,1,1\n", "has both 'value_usd' and 'cost_usd'"),
        ("coalition,amount\nA,1\n", "has no column 'cost_usd' or 'value_usd'"),
        ("coalitoin,cost_usd\nA,1\n", "column coalitoin: is not a column of a coalition table Fix: did you mean"),
        ("coalition,cost_usd,Cost USD\nA,1,1\n", "column Cost USD: is there twice"),
        ("coalition,cost_usd\nA,5%\n", "'5%' is not a number"),
        ("coalition,cost_usd\nA+B,5\n", "no player has a row of its own"),
        ("coalition,cost_usd,members\nA,1,3\nB,1,\nA+B,2,\n", "row 3, column members: members of 'B' is blank"),
        ("coalition,cost_usd,members\nA,1,-3\nB,1,1\nA+B,2,\n", "members of 'A' is -3 Fix: write a number from 0 on"),
        ("coalition,cost_usd,members\nA,1,3\nB,1,1\nA+B,2,4\n", "members stands beside several players, 'A+B'"),
        ("coalition,cost_usd\n" + "".join(f"p{n},1\n" for n in range(13)), "lists 13 players, more than 12"),
        ("", "holds no rows"),
        ("coalition;cost_usd\nA;1\n", "not separated by commas"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be(text: str, expected: str, tmp_path: Path) -> None:
    """Each mistake in a table is told with its place and how to mend it."""
    assert expected in said(csv(tmp_path, text))


def test_workbooks_that_cannot_be(tmp_path: Path) -> None:
    """A sheet that is none of a coalition table, a player twice or blank, and one that is not listed."""
    players: Rows = [["player", "members"], ["A", 1], ["A", 2], ["", 3], ["B", 4]]
    found = said(workbook(tmp_path, {"Coalitions": coalition_rows(), "Players": players, "Playrs": [["x"], ["y"]]}))
    for text in (
        "game.xlsx, sheet Playrs: is not a sheet of a coalition table Fix: did you mean 'Players'?",
        "game.xlsx, sheet Players, row 3, column player: 'A' is listed before",
        "game.xlsx, sheet Players, row 4, column player: the player is blank",
        "game.xlsx, sheet Coalitions, row 4: '101' in '101' is not among the players",
    ):
        assert text in found
    assert "has no sheet 'Coalitions'" in said(workbook(tmp_path, {"X": [["a"], [1]], "Players": players}))


def test_a_workbook_without_values(tmp_path: Path) -> None:
    """A formula that was never calculated is no blank."""
    path = tmp_path / "game.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Coalitions")
        sheet.write_row(0, 0, ["coalition", "cost_usd"])
        sheet.write_string(1, 0, "A")
        sheet.write_formula(1, 1, "=1+1", None, "")
    assert "column cost_usd" in said(path)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"values": {"A": 1}}, "game.json: kind: 'None' is not a kind of game Fix: write cost or value"),
        ({"kind": "cost"}, "game.json: values: holds no amounts by coalition"),
        ({"kind": "cost", "values": {"A": True}}, "game.json: values.A: 'True' is not a number"),
        ({"kind": "cost", "values": {"A": "1"}}, "game.json: values.A: '1' is not a number"),
        ({"kind": "cost", "values": {"A": 10**400}}, "is not a number"),
        ({"kind": "cost", "valeus": {}, "values": {"A": 1}}, "valeus: is not a key of a game Fix: did you mean"),
        ({"kind": "cost", "players": 3, "values": {"A": 1}}, "players: is not a list of players"),
        ({"kind": "cost", "players": {"A": {"member": 1}}, "values": {"A": 1}}, "players.A.member: is not known"),
        ({"kind": "cost", "players": {"A": {"members": "x"}}, "values": {"A": 1}}, "players.A.members: 'x' is not a"),
        ({"kind": "cost", "players": ["A", "B+C"], "values": {"A": 1}}, "player 'B+C' has a '+' in its name"),
        ({"kind": "cost", "players": ["A", "A"], "values": {"A": 1}}, "game.json: players: names a player twice"),
        ([1], "is not a JSON object"),
    ],
)  # fmt: skip
def test_documents_that_cannot_be(document: Any, expected: str, tmp_path: Path) -> None:
    """Each mistake in JSON is told with its place and how to mend it."""
    assert expected in said(written(tmp_path, document))


def test_files_that_cannot_be(tmp_path: Path) -> None:
    """A key written twice, JSON that is none, numbers that are none, no file, and a strange ending."""
    path = tmp_path / "game.json"
    for text in ('{"kind": "cost", "values": {"A": 1, "A": 2}}', "{", '{"kind": "cost", "values": {"A": NaN}}'):
        path.write_text(text, encoding="utf-8")
        assert "written twice" in said(path) or "is not" in said(path)
    for suffix in SUFFIXES:
        assert "no such file" in said(tmp_path / f"absent{suffix}")
    assert "is not a coalition table" in said(tmp_path / "game.txt")


def test_a_large_game_is_read_quickly(tmp_path: Path) -> None:
    """Twelve players have 4,095 rows."""
    names = [f"payer {letter}" for letter in "abcdefghijkl"]
    game = Game(tuple(names), np.concatenate([[0.0], np.arange(1.0, 1 << 12)]), "value")
    rows = [f"{'+'.join(game.coalition(mask))},{game.values[mask]}" for mask in range(1, 1 << 12)]
    found, _ = read_game(csv(tmp_path, "\n".join(["coalition,value_usd", *rows])))
    assert found.values.tolist() == game.values.tolist()
