"""Where payout curves jump, where they cover a cost, and what a sweep may ask: the cases that are easy to get wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from critmass.domain.errors import InputError
from critmass.domain.results_map import ResultsMap
from critmass.studies.entities import Book, one_row
from critmass.studies.sweep import PayoutCurve, parse_settings, parse_sweep, payout_curve
from made_up_program import SCORE, Words, book, component, program

LUMP: Words = {"kind": "lump"}


def steps(*rows: tuple[float, float], **more: object) -> Words:
    """A step table: thresholds with what is paid from there on."""
    return {"kind": "steps", "rows": [{"at_least": at, "pays": pays} for at, pays in rows], **more}


def by_score(rate: Words, **terms: object) -> Book:
    """A lump that depends on a score."""
    return book(program("one", component(quantity=LUMP, driver=SCORE, rate=rate, **terms)))


def curve(of: Book, sweep: str, cost: float | None = None, **settings: float) -> PayoutCurve:
    """The curve with these settings."""
    return payout_curve(of, parse_sweep(sweep), settings, cost)


def jumps(found: PayoutCurve) -> list[tuple[float, float]]:
    """Where its cliffs are, and how high."""
    return [(cliff.at, cliff.after_usd - cliff.before_usd) for cliff in found.cliffs]


def complaints(*arguments: object, **settings: float) -> str:
    """Every problem in one text."""
    with pytest.raises(InputError) as caught:
        curve(*arguments, **settings)  # type: ignore[arg-type]
    return " | ".join(f"{problem.place}: {problem.message}; {problem.fix}" for problem in caught.value.problems)


# Cliffs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [2, 3, 10, 101, 2_500])
def test_every_cliff_of_a_stretch_is_found(points: int) -> None:
    """Two cliffs between the same two points, an up and a down that cancel, and a small one beside a large."""
    table = steps((0.501, 100), (0.503, 0), (0.7, 5000), (0.7004, 5001))
    found = jumps(curve(by_score(table), f"facts.score=0:1:{points}"))
    assert [at for at, _ in found] == pytest.approx([0.501, 0.503, 0.7, 0.7004], abs=1e-6)
    assert [usd for _, usd in found] == pytest.approx([100, -100, 5000, 1])


@pytest.mark.parametrize(
    ("start", "stop"), [(0.0, 1.0), (-1e-4, 1e-4), (1e9, 1e9 + 1), (-5e11, 5e11), (0.019999, 0.020001)]
)
def test_cliffs_are_located_whatever_the_scale(start: float, stop: float) -> None:
    """To a millionth of the sweep, be it tiny, huge, or narrow and far from zero."""
    at = start + (stop - start) * 0.37
    [(found, usd)] = jumps(curve(by_score(steps((at, 7))), f"facts.score={start!r}:{stop!r}:5"))
    assert abs(found - at) <= max(1e-6 * (stop - start), 1.1e-9)
    assert usd == 7


def test_strict_and_downward_thresholds() -> None:
    """A threshold that must be exceeded, and one where lower is better, are cliffs at the threshold."""
    assert jumps(curve(by_score(steps((0.4, 10), inclusive=False)), "facts.score=0:1:11")) == [(pytest.approx(0.4), 10)]
    lower = by_score(steps((0.6, 10), descending=True))
    assert jumps(curve(lower, "facts.score=0:1:11")) == [(pytest.approx(0.6, abs=1e-6), -10)]


def test_two_sided_savings_have_their_cliffs() -> None:
    """Shared from a minimum savings rate on, owed from a minimum loss rate on: a cliff at each."""
    gate = {"kind": "any", "of": [
        {"kind": "test", "driver": {"kind": "savings_rate"}, "at_least": 0.02},
        {"kind": "test", "driver": {"kind": "savings_rate"}, "at_most": -0.03},
    ]}  # fmt: skip
    shared = component(quantity={"kind": "savings"}, rate={"kind": "constant", "pays": 0.5}, gates=[gate])
    found = jumps(curve(book(program("one", shared)), "savings_rate=-10%:10%:4", benchmark_usd=1e6))
    assert [at for at, _ in found] == pytest.approx([-0.03, 0.02], abs=1e-7)
    assert [usd for _, usd in found] == pytest.approx([15_000, 10_000], abs=1)


@pytest.mark.parametrize(
    "rate",
    [
        {"kind": "linear", "per_unit": 1e9},
        {"kind": "piecewise_linear", "points": [{"at": 0.3, "pays": 0}, {"at": 0.3001, "pays": 1e9}]},
        {"kind": "brackets", "bands": [{"up_to": 0.2, "rate": 1e9}, {"rate": 10}]},
        {"kind": "constant", "pays": 1e9},
    ],
)
@pytest.mark.parametrize("points", [2, 101])
def test_slopes_and_corners_are_no_cliffs(rate: Words, points: int) -> None:
    """A billion dollars over a ten-thousandth of the sweep is steep, and not a jump."""
    assert jumps(curve(by_score(rate), f"facts.score=0:1:{points}")) == []


def test_a_cliff_on_a_steep_slope() -> None:
    """One dollar of jump is found on a slope of a million dollars."""
    step = component("step", quantity=LUMP, driver=SCORE, rate=steps((0.123456, 1)))
    slope = component("slope", quantity=LUMP, driver=SCORE, rate={"kind": "linear", "per_unit": 1e6})
    [(at, usd)] = jumps(curve(book(program("one", step, slope)), "facts.score=0:1:2"))
    assert (at, usd) == (pytest.approx(0.123456, abs=1e-6), pytest.approx(1, abs=0.01))


def test_each_program_has_its_own_cliffs() -> None:
    """Two programs that jump at the same value the one up, the other down, are not taken together."""
    up = program("up", component(quantity=LUMP, driver=SCORE, rate=steps((0.5, 10))))
    down = program("down", component(quantity=LUMP, driver=SCORE, rate=steps((0.5, 10), descending=True)))
    found = curve(book(up, down), "facts.score=0:1:11")
    assert {cliff.program: round(cliff.after_usd - cliff.before_usd) for cliff in found.cliffs} == {
        "up": 10,
        "down": -10,
    }


def test_a_hundred_thousand_points() -> None:
    """The largest sweep there may be, with a step at every hundredth."""
    of = by_score(steps(*((place / 100, float(place)) for place in range(1, 100))))
    found = curve(of, "facts.score=0:1:100001")
    assert len(found.frame()) == 100_001
    assert [at for at, _ in jumps(found)] == pytest.approx([place / 100 for place in range(1, 100)], abs=1e-6)


# Break-even -------------------------------------------------------------------------------------------


def test_break_even_of_each_and_of_all_together() -> None:
    """One pays $30 at 0.3, the other never does; together they do at 0.2."""
    linear = {"kind": "linear", "per_unit": 100}
    one = program("one", component(quantity=LUMP, driver=SCORE, rate=linear))
    other = program(
        "other", component(quantity=LUMP, driver=SCORE, rate={"kind": "linear", "per_unit": 50, "at_most": 12})
    )
    found = curve(book(one, other), "facts.score=0:1:3", 30.0)
    assert dict(found.break_even) == {"one": pytest.approx(0.3)}
    assert found.together == pytest.approx(0.2)
    never = curve(book(one, other), "facts.score=0:0.1:3", 30.0)
    assert (dict(never.break_even), never.together, never.cost_usd) == ({}, None, 30.0)


def test_break_even_already_at_the_start_and_between_two_points() -> None:
    """A cost that is covered from the start on, and one that is covered between two points alone."""
    assert curve(by_score({"kind": "constant", "pays": 50}), "facts.score=0.2:1:3", 50.0).break_even == {"one": 0.2}
    short = by_score(steps((0.55, 80), (0.6, 0)))
    assert curve(short, "facts.score=0:1:3", 50.0).break_even["one"] == pytest.approx(0.55, abs=1e-6)


@pytest.mark.parametrize("cost", [float("nan"), float("inf"), -1.0])
def test_a_cost_is_a_number_of_dollars(cost: float) -> None:
    """NaN, infinity and less than nothing are refused instead of never being covered."""
    assert "--cost" in complaints(by_score({"kind": "constant", "pays": 50}), "facts.score=0:1:3", cost)


# What a sweep may ask ---------------------------------------------------------------------------------


def test_percentages_in_sweeps_and_settings() -> None:
    """-2% is -0.02, at the ends of a sweep and in what stays put."""
    sweep = parse_sweep("savings_rate=-2%:8%:11")
    assert (sweep.start, sweep.stop, len(sweep.values())) == (-0.02, 0.08, 11)
    assert parse_settings(["a=-2.5%", "b=3"]) == {"a": -0.025, "b": 3.0}


@pytest.mark.parametrize("text", ["a=1e999", "a=1,000", "a=$5", "a=", "=5", "a=5%%", "a=nan"])
def test_what_is_no_setting_is_refused(text: str) -> None:
    """Infinity, thousands, money signs and half a setting are named with how it is written."""
    with pytest.raises(InputError, match="is not a value"):
        parse_settings([text])


def test_settings_are_given_once_and_sweeps_end() -> None:
    """The same name twice is refused, and so is a sweep to infinity or with thousands."""
    with pytest.raises(InputError, match="a is given twice"):
        parse_settings(["a=1", "a=2"])
    with pytest.raises(InputError, match="too large to count with"):
        parse_sweep("a=0:1e999:5")
    for text in ("a=0:1,000:5", "a=0:1:5.5", "a=0:1:-5", "a=0:1:5 b=1"):
        with pytest.raises(InputError, match="is not a sweep"):
            parse_sweep(text)
    with pytest.raises(InputError, match="is not below"):
        parse_sweep("a=5%:0.05:5")
    assert parse_sweep("a=0:1:2").count == 2
    assert parse_sweep("a=0:1:100001").count == 100_001


BOUNTY = book(
    program("one", component(quantity={"kind": "numerator", "measure": "M"}, driver=SCORE, rate=steps((0.5, 20))))
)


def test_impossible_numbers_are_refused() -> None:
    """Seventy for seventy per cent, and less than nobody, are refused in sweeps as they are in tables."""
    said = complaints(BOUNTY, "measures.M.rate=0:100:11", **{"measures.M.denominator": -5.0})
    assert "--sweep: measures.M.rate is above 1: 100; write 0.7 or 70%" in said
    assert "--at: measures.M.denominator is negative: -5; write 0 or more" in said


def test_a_bounty_asks_for_counts() -> None:
    """What is paid for each member cannot be swept by a rate of nobody; the missing setting is spelled out."""
    said = complaints(BOUNTY, "measures.M.rate=0:1:11")
    assert said == (
        "--at: one looks at measures.M.denominator, and nothing is said of it; add --at measures.M.denominator=100"
    )
    assert "add --at measures.M.rate=0.7" in complaints(BOUNTY, "facts.score=0:1:11")
    fee = book(program("one", component(quantity={"kind": "member_months"})))
    assert curve(fee, "members=1:3:3").payouts()["one"].tolist() == [12, 24, 36]


def test_a_row_gives_what_stays_put(tmp_path: Path) -> None:
    """A sweep that starts from a row moves a measure whichever way the row gives it."""
    path = tmp_path / "results.csv"
    path.write_text("Name,D,N,R,S\nA,200,80,0.4,0.9\n")
    for parts in ({"denominator": "D", "numerator": "N"}, {"denominator": "D", "rate": "R"}):
        results_map = ResultsMap.model_validate({"entity": "Name", "facts": {"score": "S"}, "measures": {"M": parts}})
        row = one_row(BOUNTY, path, results_map, "map", "A")
        assert curve(BOUNTY, "measures.M.rate=0:1:3", **row).payouts()["one"].tolist() == [0, 2000, 4000]
        assert curve(BOUNTY, "measures.M.numerator=0:200:3", **row).payouts()["one"].tolist() == [0, 2000, 4000]
        assert curve(BOUNTY, "facts.score=0:1:3", **row).payouts()["one"].tolist() == [0, 1600, 1600]


def test_a_row_may_say_more_than_the_program_looks_at(tmp_path: Path) -> None:
    """What the map gives for other programs does not keep a sweep from starting at a row."""
    path = tmp_path / "results.csv"
    path.write_text("Name,R,S\nA,0.4,0.9\n")
    more = {"members": 10, "facts": {"score": "S"}, "strata": {"under_21": 3}, "measures": {"M": {"rate": "R"}}}
    row = one_row(by_score(steps((0.5, 100))), path, ResultsMap.model_validate({"entity": "Name", **more}), "map", "A")
    assert row == {"members": 10.0, "facts.score": 0.9}
    assert jumps(curve(by_score(steps((0.5, 100))), "facts.score=0:1:3", **row)) == [(0.5, 100)]


def test_programs_and_components_in_columns() -> None:
    """A program of several components has a column for itself and one for each; its own is their sum."""
    parts = [component(name, quantity=LUMP, driver=SCORE, rate={"kind": "linear", "per_unit": 10}) for name in "ab"]
    frame = curve(book(program("one", *parts), program("two", parts[0])), "facts.score=0:1:5").frame()
    assert list(frame.columns) == ["facts.score", "one", "two", "one.a", "one.b"]
    assert np.allclose(frame["one"], frame["one.a"] + frame["one.b"])
