"""What must hold of settled results tables whatever the numbers in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from critmass.domain.scenario import Scenario
from critmass.network.mapped import MappedTable
from critmass.settlement.reported import YearReport, settle_report
from critmass.settlement.results import FloatArray
from critmass.studies.entities import Book, EntitySettlement, settle_table
from made_up_program import SCORE, Words, book, component, program

FEW = settings(max_examples=60, deadline=None, derandomize=True)
SEEDS = st.integers(0, 999_999)
RATE: Words = {"kind": "rate", "measure": "M"}
GAIN: Words = {"kind": "improvement", "measure": "M"}
SAVINGS_RATE: Words = {"kind": "savings_rate"}
COMPLIANT, GAPS = ({"kind": kind, "measure": "M"} for kind in ("numerator", "gaps_closed"))
SAVED: Words = {"kind": "savings"}
RISING: Words = {"kind": "steps", "rows": [{"at_least": 0.5, "pays": 10}, {"at_least": 0.8, "pays": 25}]}
FROM_MSR: list[Words] = [{"kind": "test", "driver": SAVINGS_RATE, "at_least": 0.02}]
GAINED: list[Words] = [{"kind": "test", "driver": GAIN, "at_least": 0.05}]
CAPPED: list[Words] = [{"kind": "cap", "rate": 0.04, "of": {"kind": "benchmark_expenditure"}}]
HALF: Words = {"kind": "constant", "pays": 0.5}

CARE = [
    component("fee", quantity={"kind": "member_months"}),
    component("bounty", quantity=COMPLIANT, rate={"kind": "constant", "pays": 20}),
    component("gaps", quantity=GAPS, rate={"kind": "constant", "pays": 30}, gates=GAINED),
    component("steps", quantity={"kind": "members"}, driver=RATE, rate=RISING),
    component("visits", quantity={"kind": "events", "service": "visit"}, driver=SCORE, rate=RISING),
]
MONEY = [
    component("shared", quantity=SAVED, rate=HALF, gates=FROM_MSR, limits=CAPPED),
    component("two_sided", quantity=SAVED, rate=HALF, limits=[{"kind": "loss_rate", "rate": 0.4}]),
]
POOLED = [
    component("tins", level="tin", quantity={"kind": "members"}, driver=RATE, rate=RISING),
    component("all", level="organization", quantity=SAVED, rate=HALF, gates=FROM_MSR),
]
ALONE = book(program("care", *CARE), program("money", *MONEY))
WHOLE = book(program("care", *CARE), program("money", *MONEY), program("pooled", *POOLED, join_level="organization"))
SAVERS = book(program("money", *MONEY))


def drawn(seed: int, size: int = 7) -> dict[str, FloatArray]:
    """Random results of so many practices, by the keys of a map."""
    draw = np.random.default_rng(seed)
    members, eligible = draw.integers(1, 500, size).astype(float), draw.integers(1, 200, size).astype(float)
    benchmark = draw.integers(1, 10**7, size).astype(float)
    compliant, before, carried = (np.floor(eligible * draw.random(size)) for _ in range(3))
    return {
        "members": members,
        "member_months": np.floor(members * draw.uniform(6, 12, size)),
        "measures.M.denominator": eligible,
        "measures.M.numerator": compliant,
        "measures.M.prior_denominator": eligible,
        "measures.M.prior_numerator": before,
        "measures.M.carried_numerator": carried,
        "events.visit": draw.integers(0, 300, size).astype(float),
        "benchmark_usd": benchmark,
        "expenditure_usd": np.round(benchmark * draw.uniform(0.9, 1.05, size)),
        "facts.score": np.round(draw.random(size), 2),
    }


def names(size: int) -> tuple[str, ...]:
    """Names of practices."""
    return tuple(f"P{place}" for place in range(size))


def settled(of: Book, values: dict[str, FloatArray], **more: Any) -> EntitySettlement:
    """The results settled, every practice in every program."""
    who = names(len(values["members"]))
    return settle_table(of, MappedTable(**{"names": who, "values": values, "joined": None, "tins": who,
                                           "frame": pd.DataFrame(), **more}))  # fmt: skip


def paid(of: Book, values: dict[str, FloatArray], **more: Any) -> FloatArray:
    """USD of each component and practice."""
    return np.asarray(settled(of, values, **more).settled.paid[:, 0, :])


@FEW
@given(seed=SEEDS, order=st.permutations(range(7)))
def test_permuting_rows_permutes_payouts(seed: int, order: list[int]) -> None:
    """What a practice is paid does not depend on where its row stands, alone, by TIN or pooled."""
    values = drawn(seed)
    groups = {"tins": tuple("abacbaa"), "organizations": tuple("xxyxyyx")}
    moved = {key: tuple(texts[place] for place in order) for key, texts in groups.items()}
    before = paid(WHOLE, values, **groups)
    after = paid(WHOLE, {key: array[order] for key, array in values.items()}, **moved)
    np.testing.assert_allclose(after, before[:, order], rtol=1e-12, atol=1e-9)


@FEW
@given(seed=SEEDS, kept=st.integers(1, 6))
def test_rows_are_settled_by_themselves(seed: int, kept: int) -> None:
    """Without TINs and organizations no row changes what another is paid."""
    values = drawn(seed)
    alone = paid(ALONE, {key: array[:kept] for key, array in values.items()})
    np.testing.assert_array_equal(alone, paid(ALONE, values)[:, :kept])


@FEW
@given(seed=SEEDS, times=st.floats(0.01, 1000))
def test_savings_programs_scale_with_dollars(seed: int, times: float) -> None:
    """With every dollar of benchmark and spending multiplied, shares, caps and losses are multiplied too."""
    values = drawn(seed)
    scaled = {key: array * times if key.endswith("_usd") else array for key, array in values.items()}
    np.testing.assert_allclose(paid(SAVERS, scaled), times * paid(SAVERS, values), rtol=1e-9, atol=1e-6)


def report_of(values: dict[str, FloatArray], tins: tuple[str, ...]) -> YearReport:
    """The same results as a year's report of one organization."""
    who = names(len(tins))

    def rows(**columns: str) -> list[dict[str, object]]:
        counts = {name: values[key] for name, key in columns.items()}
        return [
            {"practice": name, "payer": "payer", "line_of_business": "commercial"}
            | {column: float(array[place]) for column, array in counts.items()}
            for place, name in enumerate(who)
        ]

    parts = ("denominator", "numerator", "prior_denominator", "prior_numerator", "carried_numerator")
    measures = rows(**{part: f"measures.M.{part}" for part in parts})
    return YearReport.model_validate(
        {
            "panel": rows(members="members", member_months="member_months"),
            "measures": [{**row, "measure": "M"} for row in measures],
            "events": [{**row, "service": "visit"} for row in rows(events="events.visit")],
            "spending": rows(benchmark_usd="benchmark_usd", expenditure_usd="expenditure_usd"),
            "facts": {name: {"score": float(values["facts.score"][place])} for place, name in enumerate(who)},
            "joined": {"ORGANIZATION": ["care", "money", "pooled"]},
            "tins": dict(zip(who, tins, strict=True)),
        }
    )


@FEW
@given(seed=SEEDS)
def test_a_table_settles_as_the_same_report_does(seed: int) -> None:
    """One organization's results pay the same dollars from a table and from a year's report, component by component."""
    values, tins = drawn(seed), tuple("abacbaa")
    table = settled(WHOLE, values, tins=tins, organizations=("one",) * 7).settled
    report = settle_report(report_of(values, tins), WHOLE.catalog, Scenario())
    assert [clause.key for clause in table.terms.clauses] == [clause.key for clause in report.terms.clauses]
    np.testing.assert_allclose(table.paid, report.paid, rtol=1e-12, atol=1e-9)
    assert (np.abs(table.paid).sum(axis=(1, 2)) > 0).any()


@FEW
@given(seed=SEEDS, better=st.floats(0, 1))
def test_more_compliant_members_never_lower_a_payment(seed: int, better: float) -> None:
    """Bounties, improvement-gated gaps and step bonuses rise within the year, last year fixed."""
    values = drawn(seed)
    now, eligible = values["measures.M.numerator"], values["measures.M.denominator"]
    improved = {**values, "measures.M.numerator": now + np.floor(better * (eligible - now))}
    assert (paid(ALONE, improved) >= paid(ALONE, values) - 1e-9).all()


@FEW
@given(seed=SEEDS, share=st.floats(0, 0.3))
def test_spending_less_never_lowers_a_payment(seed: int, share: float) -> None:
    """Shared savings rise up to their cap and stay there, through the minimum savings rate; losses shrink."""
    values = drawn(seed)
    thrifty = {**values, "expenditure_usd": values["expenditure_usd"] * (1 - share)}
    before, after = paid(SAVERS, values), paid(SAVERS, thrifty)
    assert (after >= before - 1e-6).all()
    assert (after[0] <= 0.04 * values["benchmark_usd"] + 1e-6).all()


@FEW
@given(seed=SEEDS)
def test_what_the_frame_shows_is_what_was_settled(seed: int) -> None:
    """Every component to the cent, and a total that is the sum of the cents shown."""
    outcome = settled(ALONE, drawn(seed))
    frame = outcome.frame()
    shown = frame.drop(columns=["entity", "programs", "total_usd"]).to_numpy().T
    np.testing.assert_allclose(shown, outcome.settled.paid[:, 0, :], atol=0.005 + 1e-9)
    assert frame["total_usd"].tolist() == pytest.approx(shown.sum(axis=0).tolist(), abs=1e-6)
