"""`critmass share`: what it prints, as data and on a terminal, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import critmass
from critmass import Game, InputError
from critmass.report.sharing import in_cents, sharing_document
from critmass.report.sharing_schema import SharingDocument
from test_cli import run

WATER = Path(__file__).parent / "data" / "games" / "water.csv"
MAJORITY = {"A": 0, "B": 0, "C": 0, "A+B": 60000, "A+C": 60000, "B+C": 60000, "A+B+C": 60000}


def test_the_document(tmp_path: Path) -> None:
    """JSON and nothing else, which the schema reads; shares add up to the total by every rule."""
    found = SharingDocument.model_validate(run("share", WATER, "--json").json())
    assert (found.amounts, found.total_usd, found.rule) == ("cost", 83.82, "nucleolus")
    assert (found.in_core, found.individually_rational, found.benefits_are_alone) == (True, True, True)
    assert round(sum(line.share_usd for line in found.players), 2) == 83.82
    for line in found.rules:
        assert (line.shares_usd is None) == (line.rule == "members")
        assert line.shares_usd is None or round(sum(line.shares_usd), 2) == 83.82
    assert [line.rule for line in found.rules if line.in_core] == ["nucleolus", "least_core"]
    assert found.game.least_core_excess_usd == -1.6
    assert found.excesses[0].excess_usd == -1.6
    gains = {line.player: (line.alone_usd, line.share_usd, line.gain_usd) for line in found.players}
    assert gains["A"] == (21.95, 20.35, 1.6)


@pytest.mark.parametrize("width", [60, 80])
def test_the_tables(width: int) -> None:
    """Every rule and every warning is shown, and no line is wider than the terminal."""
    ended = run("share", WATER, "--rule", "equal", width=width)
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= width
    words = " ".join(ended.out.split())
    for text in (
        "water.csv: a cost of $83.82, shared equally",
        "These shares are not in the core",
        "Worse off than alone: K.",
        "Rule equal is outside the core: H+K+L would be charged $41.91, and costs $27.26 alone.",
        "A+H+L and M+T do better apart than together",
        "Least core",
        "SCRB",
        "Members is left out, because the numbers of members are not given.",
        "H+K+L $27.26 $41.91 $14.65",
    ):
        assert text in words


def test_an_empty_core(tmp_path: Path) -> None:
    """Any two of three make everything: the core is empty, and the worst-off pair lacks a third."""
    path = tmp_path / "majority.json"
    path.write_text(json.dumps({"kind": "value", "values": MAJORITY}), encoding="utf-8")
    words = " ".join(run("share", path).out.split())
    assert "majority.json: a value of $60,000, shared by the nucleolus" in words
    assert "The core is empty: however the amount is shared, some coalition does better alone, by $20,000" in words
    assert "Benefit is left out, because the amounts of players alone are negative, or all 0." in words
    assert "outside the core" not in words


def test_what_is_refused(tmp_path: Path) -> None:
    """Exit code 2 with every problem: a strange rule, a rule without its weights, and a table with mistakes."""
    wrong = run("share", WATER, "--rule", "shaply")
    assert (wrong.code, wrong.out) == (2, "")
    assert "'shaply' is not a rule Fix: did you mean 'shapley'?" in wrong.words
    assert "the numbers of members are not given" in run("share", WATER, "--rule", "members").words
    path = tmp_path / "game.csv"
    path.write_text("coalition,cost_usd\nA,1\nB,x\n", encoding="utf-8")
    refused = run("share", path, "--json")
    assert refused.code == 2
    assert [item["place"] for item in refused.json()["problems"]] == ["game.csv, row 3, column cost_usd", "game.csv"]


def test_one_player_and_nothing_to_share() -> None:
    """The document stays whole where there is no coalition to object, and where the total is 0."""
    one = sharing_document(critmass.share_game(Game(("A",), np.array([0.0, 5.0]), "cost")), "one")
    assert (one.players[0].share_usd, one.excesses, one.game.least_core_excess_usd) == (5, (), None)
    none = sharing_document(critmass.share_game(Game(("A", "B"), np.zeros(4), "value"), rule="shapley"), "none")
    assert [line.share_of_total for line in none.players] == [None, None]


def test_from_python() -> None:
    """The same from Python; an unknown rule is refused."""
    game, weights = critmass.read_game(WATER)
    assert critmass.share_game(game, weights, "shapley").chosen.shares_usd.sum() == pytest.approx(83.82)
    with pytest.raises(InputError, match="choose one of members, benefit"):
        critmass.share_game(game, weights, "zzz")


@pytest.mark.parametrize(
    ("shares", "total", "cents"),
    [
        ([100 / 3] * 3, 100.0, (33.34, 33.33, 33.33)),
        ([-0.005, 0.005], 0.0, (0.0, 0.0)),
        ([2200 / 3, 2200 / 3, 4600 / 3], 3000.0, (733.34, 733.33, 1533.33)),
    ],
)  # fmt: skip
def test_cents_add_up(shares: list[float], total: float, cents: tuple[float, ...]) -> None:
    """Rounded shares add up to the total, and none is a cent or more from the exact share."""
    found = in_cents(np.array(shares), total)
    assert sum(found) == pytest.approx(total)
    assert np.abs(np.array(found) - shares).max() < 0.01 + 1e-12
    assert found == cents
