"""A results table under a program file: what a map must give, who is asked for what, and what comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from critmass.domain.errors import InputError
from critmass.domain.results_map import ResultsMap
from critmass.studies.entities import load_map, one_row, read_book
from made_up_program import SCORE, Words, book, component, program, settled

OTHER: Words = {"kind": "fact", "name": "other"}
RATE: Words = {"kind": "rate", "measure": "M"}
PAID: Words = {"kind": "constant", "pays": 1}
EQUAL: Words = {"kind": "linear", "per_unit": 1}
BOTH: list[Words] = [{"driver": SCORE}, {"driver": RATE}]
FACTS: list[Words] = [{"name": "score", "weight": 1}, {"name": "other", "weight": 3}]
GAIN = component(driver={"kind": "improvement", "measure": "M"}, quantity={"kind": "lump"}, rate=EQUAL)
BY_SCORE = component(quantity={"kind": "members"}, driver=SCORE, rate={"kind": "linear", "per_unit": 1})
FEE = component(quantity={"kind": "member_months"})
BOUNTY = component(quantity={"kind": "numerator", "measure": "M"})


def complaints(folder: Path, *programs: Words, text: str = "Name,X\nA,1\n", **entries: Any) -> list[str]:
    """Every problem as place, message and fix."""
    with pytest.raises(InputError) as caught:
        settled(folder, book(*programs), text, **entries)
    return [f"{problem.place}: {problem.message}; {problem.fix}" for problem in caught.value.problems]


def test_gaps_closed_are_never_of_unknown_number(tmp_path: Path) -> None:
    """Who was compliant on day one may be blank only with the other counts; then no gap was closed. 30-10 are 20."""
    of = book(program("one", component(quantity={"kind": "gaps_closed", "measure": "M"}, rate=PAID)))
    parts = {"denominator": "D", "numerator": "N", "carried_numerator": "C"}
    found = settled(tmp_path, of, "Name,D,N,C\nA,40,30,10\nB,,,\n", measures={"M": parts})
    assert found.totals().tolist() == [20.0, 0.0]
    programs = program("one", component(quantity={"kind": "gaps_closed", "measure": "M"}))
    [said] = complaints(tmp_path, programs, text="Name,D,N,C\nA,40,30,\n", measures={"M": parts})
    assert "row 2: measures.M.carried_numerator and its denominator: one is blank" in said


# What a map must give ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "keys"),
    [
        ({"quantity": {"kind": "savings"}}, ["benchmark_usd", "expenditure_usd"]),
        ({"quantity": {"kind": "benchmark_expenditure"}}, ["benchmark_usd"]),
        ({"quantity": {"kind": "expenditure"}}, ["expenditure_usd"]),
        ({"quantity": {"kind": "events", "service": "visit"}}, ["events.visit"]),
        ({"quantity": {"kind": "member_months"}}, ["member_months"]),
        ({"quantity": {"kind": "members", "stratum": "risk_high"}}, ["strata.risk_high"]),
        ({"quantity": {"kind": "numerator", "measure": "M"}}, ["measures.M", "measures.M.denominator"]),
        (
            {"quantity": {"kind": "gaps_closed", "measure": "M"}},
            ["measures.M", "measures.M.denominator", "measures.M.carried_numerator"],
        ),
        (
            {"quantity": {"kind": "lump"}, "driver": GAIN["driver"], "rate": EQUAL},
            ["measures.M", "measures.M.prior_rate"],
        ),
    ],
)  # fmt: skip
def test_what_is_looked_at_must_be_given(terms: Words, keys: list[str], tmp_path: Path) -> None:
    """A program that looks at something which the map does not give is not settled as if it were none."""
    said = complaints(tmp_path, program("one", component(**terms)))
    assert said == [
        f"map.yaml: one looks at {key}, and the map does not give it; add {key!r} with its column" for key in keys
    ]


def test_a_rate_alone_does_not_count_members(tmp_path: Path) -> None:
    """A payment for every compliant member needs counts: by a rate alone it would pay for less than one."""
    rate = {"measures": {"M": {"rate": "X"}}}
    [said] = complaints(tmp_path, program("one", BOUNTY), **rate)
    assert "one looks at measures.M.denominator" in said
    by_rate = component(
        driver={"kind": "rate", "measure": "M"}, quantity={"kind": "lump"}, rate={"kind": "linear", "per_unit": 1}
    )
    paid = settled(tmp_path, book(program("one", by_rate)), "Name,X\nA,0.7\n", **rate)
    assert paid.totals().tolist() == pytest.approx([0.7])


def test_members_stand_for_member_months(tmp_path: Path) -> None:
    """Without member-months each member counts twelve; last year's counts stand for its rate."""
    paid = settled(tmp_path, book(program("one", FEE)), "Name,X\nA,5\n", members="X")
    assert paid.totals().tolist() == [60.0]
    counts = {"denominator": 10, "numerator": "X", "prior_denominator": 10, "prior_numerator": 3}
    paid = settled(tmp_path, book(program("one", GAIN)), "Name,X\nA,5\n", measures={"M": counts})
    assert paid.totals().tolist() == pytest.approx([0.2])


def test_strangers_in_the_map_are_named(tmp_path: Path) -> None:
    """Facts, measures, services, code sets and workflows that nobody knows come with the nearest name."""
    said = complaints(
        tmp_path, program("one", FEE), members=1, facts={"scroe": 1}, measures={"Z": {"rate": 1}}, events={"vist": 1},
        allowed_usd={"office": 1}, workflows={"reg": 1},
    )  # fmt: skip
    places = [line.partition(": '")[0] for line in said]
    assert places == [f"map.yaml: {name}" for name in ("facts", "measures", "events", "allowed_usd", "workflows")]
    assert said[0].endswith("; did you mean 'score'?")
    assert "'Z' is not in the catalog or the program file; check its spelling" in said[1]


def test_map_and_table_are_told_together(tmp_path: Path) -> None:
    """What the map lacks and what the table has wrong come back in one answer."""
    said = complaints(tmp_path, program("one", BOUNTY), text="Name,X\nA,bad\n", members="X")
    assert [line.split(": ")[0] for line in said] == ["map.yaml", "map.yaml", "results.csv, row 2, column X"]


# Who takes part, and who is asked ---------------------------------------------------------------------

JOINED = {"joined": {"column": "T", "values": {"1": "one", "2": "two", "old": "of_2019", "-": []}}}


def test_programs_of_other_years_may_stand_in_the_map(tmp_path: Path) -> None:
    """A map names programs of several years; only those that a row takes part in must be in the file."""
    of = book(program("one", FEE))
    assert settled(tmp_path, of, "Name,T\nA,1\nB,-\n", members=1, **JOINED).totals().tolist() == [12.0, 0.0]
    [said] = complaints(tmp_path, program("one", FEE), text="Name,T\nA,1\nB,old\n", members=1, **JOINED)
    assert "rows take part in 'of_2019', which the program file does not define; the file defines one" in said


def test_a_missing_fact_matters_only_where_it_is_looked_at(tmp_path: Path) -> None:
    """A blank fact is refused for a row whose program looks at it, and for no other."""
    of = book(program("one", BY_SCORE), program("two", FEE))
    entries = {"members": 10, "facts": {"score": "S"}, **JOINED}
    paid = settled(tmp_path, of, "Name,T,S\nA,1,0.8\nB,2,\nC,-,\n", **entries)
    assert paid.totals().tolist() == pytest.approx([8.0, 120.0, 0.0])
    with pytest.raises(InputError, match="results: score: is missing for D"):
        settled(tmp_path, of, "Name,T,S\nA,1,0.8\nD,1,\n", **entries)


def test_what_is_paid_without_joining_asks_everybody(tmp_path: Path) -> None:
    """A component for those that did not join looks at their facts: a blank is not taken for zero."""
    of = book(program("one", {**BY_SCORE, "applies": "not_joined"}))
    entries = {"members": 10, "facts": {"score": "S"}, **JOINED}
    assert settled(tmp_path, of, "Name,T,S\nA,1,0.8\nB,-,0.3\n", **entries).totals().tolist() == pytest.approx([0, 3])
    with pytest.raises(InputError, match="is missing for B"):
        settled(tmp_path, of, "Name,T,S\nA,1,0.8\nB,-,\n", **entries)


def test_facts_at_their_default_are_told(tmp_path: Path) -> None:
    """A fact that the map does not give takes the catalog's default, and the result says which."""
    paid = settled(tmp_path, book(program("one", BY_SCORE)), "Name,X\nA,1\n", members=10, facts={"other": 3})
    assert (paid.defaults, paid.totals().tolist()) == (("score",), [5.0])
    given = settled(tmp_path, book(program("one", BY_SCORE)), "Name,X\nA,1\n", members=10, facts={"score": "X"})
    assert (given.defaults, given.totals().tolist()) == ((), [10.0])


# What comes out ---------------------------------------------------------------------------------------


def test_the_frame_has_scores_components_and_their_sum(tmp_path: Path) -> None:
    """Columns in order; each row's total is the sum of its components in whole cents."""
    third = component("third", quantity={"kind": "members"}, rate={"kind": "constant", "pays": 1 / 3})
    fees = program("one", third, component("same", **{k: third[k] for k in ("quantity", "rate")}))
    scores = ({"id": "quality", "label": "Quality", "driver": SCORE},)
    of = book(fees, program("two", FEE), scores=scores)
    frame = settled(tmp_path, of, "Name,X\nA,1\nB,2\n", members="X", facts={"score": 0.25}).frame()
    assert list(frame.columns) == [
        "entity", "programs", "score.quality", "one.third", "one.same", "two.pay", "total_usd",
    ]  # fmt: skip
    assert frame["programs"].tolist() == ["one, two", "one, two"]
    parts = frame[["one.third", "one.same", "two.pay"]]
    assert np.round(parts.sum(axis=1), 2).tolist() == frame["total_usd"].tolist() == [12.66, 25.34]


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        (SCORE, [0.2, None, None]),
        (RATE, [0.7, 0.6, None]),
        ({"kind": "gain", "of": SCORE, "over": OTHER}, [-0.1, None, None]),
        ({"kind": "ratio", "of": SCORE, "over": OTHER}, [0.2 / 0.3, None, None]),
        ({"kind": "sum", "parts": BOTH}, [0.9, 0.6, None]),
        ({"kind": "largest", "parts": BOTH}, [0.7, 0.6, None]),
        ({"kind": "composite", "facts": FACTS}, [0.275, 0.3, None]),
    ],
)  # fmt: skip
def test_scores_leave_out_what_is_unknown(driver: Words, expected: list[float | None], tmp_path: Path) -> None:
    """A score without any known part is blank, never zero; known parts count alone, joined or not."""
    text = "Name,T,S,O,R\nA,1,0.2,0.3,0.7\nB,-,,0.3,0.6\nC,-,,,\n"
    of = book(program("one", FEE), scores=({"id": "quality", "label": "Quality", "driver": driver},))
    entries = {"members": 1, "facts": {"score": "S", "other": "O"}, "measures": {"M": {"rate": "R"}}, **JOINED}
    found = settled(tmp_path, of, text, **entries).scores["quality"]
    assert [None if np.isnan(value) else float(value) for value in found] == pytest.approx(expected)


def test_scores_alone_can_be_settled(tmp_path: Path) -> None:
    """A file may define scores without any program; nothing is paid."""
    of = book(scores=({"id": "quality", "label": "Quality", "driver": SCORE},))
    frame = settled(tmp_path, of, "Name,X\nA,0.3\n", facts={"score": "X"}).frame()
    assert (frame["score.quality"].tolist(), frame["total_usd"].tolist()) == ([0.3], [0.0])


def test_rows_without_members_are_not_paid(tmp_path: Path) -> None:
    """A practice that nobody is attributed to takes part in nothing, whatever its other columns say."""
    lump = component(quantity={"kind": "lump"}, rate={"kind": "constant", "pays": 100})
    paid = settled(tmp_path, book(program("one", lump)), "Name,X\nA,0\nB,1\n", members="X")
    assert paid.totals().tolist() == [0.0, 100.0]


# One row, books and maps ------------------------------------------------------------------------------


def test_one_row_is_what_the_table_says_of_it(tmp_path: Path) -> None:
    """Known numbers of the named row by key; an unknown name gets the nearest, no name the first."""
    path = tmp_path / "results.csv"
    path.write_text("Name,X,S\nMaple,5,\nElm,6,0.4\n")
    of = book(program("one", BY_SCORE))
    results_map = ResultsMap.model_validate({"entity": "Name", "members": "X", "facts": {"score": "S"}})
    assert one_row(of, path, results_map, "map", "Maple") == {"members": 5.0}
    assert one_row(of, path, results_map, "map", "Elm") == {"members": 6.0, "facts.score": 0.4}
    with pytest.raises(InputError, match=r"no row is named 'Mapel'.*did you mean 'Maple'"):
        one_row(of, path, results_map, "map", "Mapel")
    with pytest.raises(InputError, match=r"is not said.*such as 'Maple'"):
        one_row(of, path, results_map, "map", None)


def test_a_file_without_programs_is_refused(tmp_path: Path) -> None:
    """A catalog file that defines nothing to settle is named."""
    path = tmp_path / "mine.yaml"
    path.write_text("measures: []\n")
    with pytest.raises(InputError, match=r"mine\.yaml: defines no program and no score"):
        read_book([path])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("entity: Name\nmember: X\n", "member"),
        ("members: X\n", "entity"),
        ("entity: Name\nmembers: {columm: X}\n", "columm"),
        ("entity: Name\nmembers: {column: X, constant: 1}\n", "exactly one of"),
        ("entity: Name\nentity: Other\n", "written twice"),
        ("- Name\n", "is not a list of keys and values"),
        ("entity: [\n", "is not valid YAML"),
    ],
)
def test_a_map_that_cannot_be_read_is_refused(text: str, said: str, tmp_path: Path) -> None:
    """Unknown keys, missing ones, two places for one number and broken YAML name the map's file."""
    path = tmp_path / "map.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_map(path)
    assert said in str(caught.value)
    assert all("map.yaml" in problem.place for problem in caught.value.problems)
    with pytest.raises(InputError, match="no such file"):
        load_map(tmp_path / "none.yaml")
