"""What each role sees, and that a declassification lets nothing else through."""

from __future__ import annotations

import datetime
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from critmass.domain.errors import InputError
from critmass.report.view import view_document
from critmass.studies.confidentiality import Book, ConsentLedger, ReleaseLog, View, ViewRequest, view_of
from critmass.studies.confidentiality.consents import ConsentError
from many_payers import LINE, PAYERS, catalog_of_many, consents_of_all, plan_of_many
from plans import small_plan, tiny_catalog

NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)
PURPOSE = "joint repair"
GIVEN = consents_of_all(PURPOSE)


@cache
def many() -> Book:
    """Eight payers of like size, twelve practices, every program joined."""
    return Book(plan_of_many(), catalog_of_many())


@pytest.fixture
def log(tmp_path: Path) -> ReleaseLog:
    """An empty log."""
    return ReleaseLog(tmp_path / "releases.jsonl")


def view(book: Book, role: str, log: ReleaseLog, consents: ConsentLedger | None = None, **more: object) -> View:
    """A view under the default policy."""
    return view_of(book, ViewRequest(role, "floor_5_25", NOW, **more), consents, log)  # type: ignore[arg-type]


def numbers(found: View, table: str, column: str) -> dict[tuple[str, ...], float]:
    """A table of sums by its words."""
    frame = found.table(table).frame
    return {tuple(row[:-1]): float(row[-1]) for row in frame.itertuples(index=False)} if column else {}


def accrued(book: Book, payers: tuple[str, ...]) -> float:
    """New money accrued by payers, from the ledger itself."""
    rows = book.ledger[(book.ledger["kind"] == "accrual") & (book.ledger["status"] == "new")]
    return float(rows.loc[rows["payer"].isin(payers), "amount_usd"].sum())


# Roles ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["pho_admin", "auditor"])
def test_the_organization_and_the_auditor_see_all(role: str, log: ReleaseLog) -> None:
    """Every row of the ledger and of the panel; the auditor every release so far as well."""
    view(many(), "analyst", log)
    found = view(many(), role, log)
    pd.testing.assert_frame_equal(found.table("ledger").frame, many().ledger)
    assert len(found.table("members").frame) == len(many().plan.network.table("Panel"))
    assert [table.name for table in found.tables[2:]] == (["releases"] if role == "auditor" else [])


def test_an_analyst_sees_sums_only(log: ReleaseLog) -> None:
    """No payer, practice or program is named; sums of many like payers are shown."""
    found = view(many(), "analyst", log)
    text = view_document(found).model_dump_json()
    assert {table.basis for table in found.tables} == {"sums"}
    assert not [name for name in (*PAYERS, *many().plan.network.practices) if name in text]
    assert (
        numbers(found, "sums_of_members", "members")[LINE, "all"] == many().plan.network.table("Panel")["members"].sum()
    )
    assert numbers(found, "sums_of_money", "amount_usd")["all", "all"] == pytest.approx(accrued(many(), PAYERS))


def test_an_analyst_of_few_payers_sees_no_number(log: ReleaseLog) -> None:
    """With three payers no sum passes a floor of five."""
    found = view(Book(small_plan(), tiny_catalog()), "analyst", log)
    for table in found.tables:
        assert table.hidden == len(table.frame)
        assert table.frame.iloc[:, -1].isna().all()


def test_a_practice_sees_its_own_rows(log: ReleaseLog) -> None:
    """Its own money by payer adds up to its rows of the ledger; no other practice is named."""
    found = view(many(), "practice:P03", log)
    own = many().ledger[many().ledger["practice"] == "P03"]
    assert found.table("own_money").frame["amount_usd"].sum() == pytest.approx(own["amount_usd"].sum(), abs=1e-6)
    assert set(found.table("own_members").frame["practice"]) == {"P03"}
    text = view_document(found).model_dump_json()
    assert not [name for name in many().plan.network.practices if name != "P03" and f'"{name}"' in text]


def test_a_payers_default_view_is_its_own_alone(log: ReleaseLog) -> None:
    """Its rates, members and money as things stand; no sum and no other payer."""
    found = view(many(), "payer:payer_2", log)
    assert [table.name for table in found.tables] == ["own_rates", "own_members", "own_money"]
    assert {table.basis for table in found.tables} == {"own"}
    text = view_document(found).model_dump_json()
    assert not [name for name in PAYERS if name != "payer_2" and name in text]
    money = found.table("own_money").frame
    members = found.table("own_members").frame["members"].sum()
    assert money.loc[money["kind"] == "accrual", "amount_usd"].sum() == pytest.approx(20.0 * members)


def test_a_default_view_never_looks_at_the_plan(log: ReleaseLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan's ledger is not even made for it."""

    def not_asked_for(_: object) -> pd.DataFrame:
        raise AssertionError("the plan's ledger was made")

    monkeypatch.setattr("critmass.studies.confidentiality.view.plan_ledger", not_asked_for)
    found = view(Book(small_plan(), tiny_catalog()), "payer:bcbsm", log)
    assert set(found.release.fed_by) == {"own_network", "own_programs", "own_scenario"}


# Declassification -------------------------------------------------------------------------------------


def test_with_consent_a_payer_sees_its_part_and_sums_of_others(log: ReleaseLog) -> None:
    """Its own rows of the plan, and sums without it, each the others' and above the floor."""
    found = view(many(), "payer:payer_2", log, GIVEN, purpose=PURPOSE)
    others = tuple(name for name in PAYERS if name != "payer_2")
    part = found.table("part_of_plan").frame
    assert part.loc[part["kind"] == "accrual", "amount_usd"].sum() == pytest.approx(accrued(many(), ("payer_2",)))
    assert numbers(found, "sums_of_money", "amount_usd")["all", "all"] == pytest.approx(accrued(many(), others))
    assert {row.payer for row in found.release.consents} == set(others)
    text = view_document(found).model_dump_json()
    assert not [name for name in others if name in text]


def test_a_declassification_lets_nothing_else_through(log: ReleaseLog) -> None:
    """Other rates of another payer change sums that are shown and nothing else of the view."""
    catalog = catalog_of_many(payer_5=21.0)
    before = view(many(), "payer:payer_2", log, GIVEN, purpose=PURPOSE)
    after = view(Book(plan_of_many(catalog), catalog), "payer:payer_2", log, GIVEN, purpose=PURPOSE)
    for one, other in zip(before.tables, after.tables, strict=True):
        if one.name != "sums_of_money":
            pd.testing.assert_frame_equal(one.frame, other.frame)
    one, other = (item.table("sums_of_money").frame["amount_usd"] for item in (before, after))
    moved = (one != other) & ~(one.isna() & other.isna())
    assert moved.any()
    assert one.isna().equals(other.isna())


@pytest.mark.parametrize("seed", range(4))
def test_every_sum_that_is_shown_is_of_enough_others(seed: int, log: ReleaseLog) -> None:
    """Under random rates a shown sum is the others' from the ledger itself, five or more, none above a quarter."""
    random = np.random.default_rng(seed)
    catalog = catalog_of_many(**{payer: float(random.uniform(14, 26)) for payer in PAYERS})
    book = Book(plan_of_many(catalog), catalog)
    shown = numbers(view(book, "payer:payer_2", log, GIVEN, purpose=PURPOSE), "sums_of_money", "amount_usd")
    rows = book.ledger[(book.ledger["kind"] == "accrual") & (book.ledger["payer"] != "payer_2")]
    rows = rows.astype({"payer": str, "practice": str, "workflow": str})
    found = {key: value for key, value in shown.items() if value == value}
    assert found
    for (_, workflow), value in found.items():
        brought = rows if workflow == "all" else rows[rows["workflow"] == workflow]
        assert brought["amount_usd"].sum() == pytest.approx(value, abs=0.01)
        for party in ("payer", "practice"):
            parts = brought.groupby(party)["amount_usd"].sum()
            assert len(parts) >= 5
            assert parts.max() <= 0.25 * value


@pytest.mark.parametrize("rate", [0.0, 100.0, 400.0])
def test_a_payer_that_dominates_closes_the_sums(rate: float, log: ReleaseLog) -> None:
    """When one other payer brings more than a quarter, no sum of money that holds its part is shown."""
    catalog = catalog_of_many(payer_5=rate)
    found = view(Book(plan_of_many(catalog), catalog), "payer:payer_2", log, GIVEN, purpose=PURPOSE)
    shown = found.table("sums_of_money").frame["amount_usd"].notna()
    assert bool(shown.any()) == (rate == 0.0)


@pytest.mark.parametrize(
    ("kept", "says"), [(15, "payer_8, aggregates"), (0, "payer_1, plan_part")], ids=["one lacking", "all lacking"]
)
def test_a_missing_consent_refuses_the_whole_view(kept: int, says: str, log: ReleaseLog) -> None:
    """Nothing is shown and nothing is logged."""
    with pytest.raises(ConsentError) as caught:
        view(many(), "payer:payer_2", log, ConsentLedger(GIVEN.rows[:kept]), purpose=PURPOSE)
    assert says in str(caught.value)
    assert log.read() == ()


def test_a_consent_for_another_purpose_is_none(log: ReleaseLog) -> None:
    """Purposes do not stretch."""
    with pytest.raises(ConsentError, match="for the purpose 'marketing': was never given"):
        view(many(), "payer:payer_2", log, GIVEN, purpose="marketing")


# Messenger --------------------------------------------------------------------------------------------


def test_messenger_mode_leaves_own_views_alone(log: ReleaseLog) -> None:
    """Payers and practices see their own, the organization all."""
    assert {table.basis for table in view(many(), "payer:payer_2", log, messenger=True).tables} == {"own"}
    assert {table.basis for table in view(many(), "practice:P03", log, messenger=True).tables} == {"own"}
    assert view(many(), "pho_admin", log, messenger=True).release.messenger


def test_messenger_mode_refuses_a_part_of_the_plan(log: ReleaseLog) -> None:
    """Consents do not help there."""
    with pytest.raises(InputError, match="messenger mode gives payers their own views only"):
        view(many(), "payer:payer_2", log, GIVEN, purpose=PURPOSE, messenger=True)


# Log and inputs ---------------------------------------------------------------------------------------


def test_the_log_holds_no_data(log: ReleaseLog) -> None:
    """Columns, numbers of rows and hashes; no amount, no member count, no other payer."""
    view(many(), "analyst", log)
    view(many(), "pho_admin", log)
    text = log.path.read_text()
    total = accrued(many(), PAYERS)
    members = int(many().plan.network.table("Panel")["members"].sum())
    assert not [word for word in (f"{total:.2f}", f"{total:.0f}", f"{members}", *PAYERS) if word in text]
    first, second = log.read()
    assert first.fed_by == second.fed_by
    assert set(first.fed_by) == {"ledger", "network", "catalog", "scenario", "plan"}
    assert first.tables[0].attacks == 1 + len(PAYERS) + len(many().plan.network.practices)


def test_a_log_that_was_changed_shows_no_view(log: ReleaseLog) -> None:
    """First the log, then the view."""
    view(many(), "analyst", log)
    log.path.write_text(log.path.read_text().replace("analyst", "auditor"))
    with pytest.raises(InputError, match="line 1: was changed"):
        view(many(), "pho_admin", log)


def test_another_catalog_is_refused() -> None:
    """A book needs the files that the plan was made with."""
    with pytest.raises(InputError, match="is not the one that the plan was made with"):
        Book(small_plan(), replace(tiny_catalog(), hash="other"))


@pytest.mark.parametrize(
    ("role", "says"),
    [
        ("admin", "unknown role 'admin' Fix: did you mean 'pho_admin'?"),
        ("payer", "'payer' says not which payer Fix: write payer:ID"),
        ("payer:", "says not which payer"),
        ("payer:payer_9", "the network has no payer 'payer_9'"),
        ("practice:P99", "the network has no practice 'P99'"),
        ("analyst:me", "'analyst' takes no id"),
        ("", "unknown role ''"),
    ],
)
def test_a_wrong_role_is_named(role: str, says: str, log: ReleaseLog) -> None:
    """Each mistake with the way out."""
    with pytest.raises(InputError) as caught:
        view(many(), role, log)
    assert says in str(caught.value)


def test_the_document_marks_hidden_numbers(log: ReleaseLog) -> None:
    """Hidden numbers are null; the release's hash, which others' data feeds, is for the organization alone."""
    few = Book(small_plan(), tiny_catalog())
    found = view_document(view(few, "practice:P001", log))
    sums = next(table for table in found.tables if table.basis == "sums")
    assert {row[-1] for row in sums.rows} == {None}
    assert sums.hidden == len(sums.rows)
    assert found.release_hash is None
    assert view_document(view(few, "pho_admin", log)).release_hash == log.read()[-1].hash
    assert np.isfinite([row[-1] for table in found.tables if table.basis == "own" for row in table.rows]).all()
