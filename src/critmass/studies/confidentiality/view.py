"""`view_of`: the one way from a plan to what a role may see of it."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.confidentiality import LEDGER_CLASSES, SHEET_CLASSES, DataClass, columns_for
from critmass.domain.errors import InputError, Problem
from critmass.network.fill import network_hash
from critmass.studies.confidentiality.consents import ConsentLedger, Declassification, consent_file_needed
from critmass.studies.confidentiality.own_part import own_part
from critmass.studies.confidentiality.own_side import OwnSide, own_side
from critmass.studies.confidentiality.own_view import PAYER_SEES, payer_tables
from critmass.studies.confidentiality.policies import FloorPolicy, policy_named
from critmass.studies.confidentiality.releases import (
    Release,
    ReleaseContent,
    ReleasedTable,
    ReleaseLog,
    UsedConsent,
)
from critmass.studies.confidentiality.roles import Role, parse_role
from critmass.studies.confidentiality.tables import ViewTable, own_money, sums_of_members, sums_of_money
from critmass.studies.plan import Plan
from critmass.studies.settle import plan_ledger

_LEFT_OUT = ("practice", "amount_usd", "confidence", "level")
PRACTICE_SEES = tuple(
    name
    for name in columns_for(LEDGER_CLASSES, DataClass.PUBLIC, DataClass.OWN_PAYER, DataClass.OWN_PRACTICE)
    if name not in _LEFT_OUT
)
"""Columns of the ledger that a practice's own money is told apart by."""


@dataclass(frozen=True)
class Book:
    """A plan with the catalog as its files have it, before the scenario's overrides.

    Of a coordination of payers, `plan` is the organization's under their offers, and `without` its plan without them.
    What each payer offers rests on the terms of all, so `basis`, which default views are made of, has no offers.

    Raises:
        InputError: when it is not the catalog that the plan was made with.
    """

    plan: Plan
    catalog: Catalog
    without: Plan | None = None

    def __post_init__(self) -> None:
        if self.catalog.hash != self.basis.catalog.hash:
            message, fix = "is not the one that the plan was made with", "give the same catalog folders"
            raise InputError([Problem("catalog", message, fix)])

    @property
    def basis(self) -> Plan:
        """The plan whose network and catalog hold no offers."""
        return self.without or self.plan

    @property
    def payers(self) -> tuple[str, ...]:
        """Payers with members in the network, or with a program in force, in order."""
        having = {payer for payer, _ in self.plan.network.populations}
        return tuple(sorted(having | {clause.payer for clause in self.plan.terms.clauses}))

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """The plan's ledger."""
        return plan_ledger(self.plan)


@dataclass(frozen=True)
class ViewRequest:
    """What is asked for. A `purpose` asks, for a payer, for its part of the plan; `messenger` forbids all such views.

    `day` is the day on which consents must hold, `time` what the log says.
    """

    role: str
    policy: str
    time: datetime.datetime
    purpose: str = ""
    messenger: bool = False

    @property
    def day(self) -> datetime.date:
        """The day of the request."""
        return self.time.date()


@dataclass(frozen=True)
class View:
    """What a role may see, with its place in the release log."""

    role: Role
    policy: FloorPolicy
    messenger: bool
    purpose: str
    network: str
    synthetic: bool
    performance_year: int
    tables: tuple[ViewTable, ...]
    release: Release

    def table(self, name: str) -> ViewTable:
        """A table by its name; KeyError when the view has none of that name."""
        return {table.name: table for table in self.tables}[name]


@dataclass(frozen=True)
class _Asked:
    """A request whose role and policy exist."""

    book: Book
    role: Role
    policy: FloorPolicy
    request: ViewRequest
    consents: ConsentLedger | None
    log: ReleaseLog


@dataclass(frozen=True)
class _Made:
    """Tables, the consents they rest on, and the hashes of what fed them."""

    tables: tuple[ViewTable, ...]
    fed_by: Mapping[str, str]
    consents: tuple[UsedConsent, ...] = ()


def view_of(book: Book, request: ViewRequest, consents: ConsentLedger | None, log: ReleaseLog) -> View:
    """What a role may see of a plan. The release is in the log before the view is given out.

    Raises:
        InputError: when the role or the policy does not exist, messenger mode forbids what is asked for, a purpose
            comes without consents, or the log was changed or cannot be written to.
        ConsentError: when a payer's consent is lacking, withdrawn or not yet in force.
    """
    role = parse_role(request.role, book.payers, book.plan.network.practices)
    policy = policy_named(request.policy)
    made = _MAKERS[role.kind](_Asked(book, role, policy, request, consents, log))
    release = log.append(_content(role, policy, request, made))
    network, scenario = book.plan.network, book.plan.scenario
    return View(
        role, policy, request.messenger, request.purpose, network.name, network.synthetic,
        scenario.performance_year, made.tables, release,
    )  # fmt: skip


def _content(role: Role, policy: FloorPolicy, request: ViewRequest, made: _Made) -> ReleaseContent:
    return ReleaseContent(
        time=request.time.isoformat(timespec="seconds"),
        role=str(role),
        policy=policy.name,
        purpose=request.purpose,
        messenger=request.messenger,
        consents=made.consents,
        fed_by=dict(made.fed_by),
        tables=tuple(_released(table) for table in made.tables),
    )


def _released(table: ViewTable) -> ReleasedTable:
    return ReleasedTable(
        name=table.name,
        columns=tuple(table.frame.columns),
        rows=len(table.frame),
        hidden=table.hidden,
        attacks=0 if table.protection is None else table.protection.attacks,
    )


# Roles ------------------------------------------------------------------------------------------------


def _whole(asked: _Asked) -> _Made:
    """The organization's administrator and the auditor: everything; the auditor the release log too."""
    panel = asked.book.plan.network.table("Panel")
    tables = [
        ViewTable("ledger", "Ledger of the plan", "whole", asked.book.ledger),
        ViewTable("members", "Members", "whole", panel[list(SHEET_CLASSES["Panel"])]),
    ]
    if asked.role.kind == "auditor":
        tables.append(ViewTable("releases", "Releases so far", "whole", _releases(asked.log)))
    return _Made(tuple(tables), _fed_by_plan(asked.book))


def _releases(log: ReleaseLog) -> pd.DataFrame:
    columns = ["number", "time", "role", "policy", "purpose", "tables", "rows", "hidden", "consents", "hash"]
    rows = [
        (item.number, item.time, item.role, item.policy, item.purpose, len(item.tables),
         sum(table.rows for table in item.tables), sum(table.hidden for table in item.tables),
         len(item.consents), item.hash)
        for item in log.read()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _analyst(asked: _Asked) -> _Made:
    """The organization's analyst: sums that pass the floor, and nothing of one payer or practice."""
    return _Made(_sums(asked), _fed_by_plan(asked.book))


def _sums(asked: _Asked, payer: str = "") -> tuple[ViewTable, ...]:
    plan, policy = asked.book.plan, asked.policy
    return (
        sums_of_members(plan.network, policy, payer),
        sums_of_money(asked.book.ledger, plan.catalog, policy, payer),
    )


def _practice(asked: _Asked) -> _Made:
    """A practice: its own rows of the plan and its own members by payer, and sums that pass the floor."""
    panel, ledger = asked.book.plan.network.table("Panel"), asked.book.ledger
    members = panel.loc[panel["practice"] == asked.role.id, list(SHEET_CLASSES["Panel"])].reset_index(drop=True)
    money = own_money(ledger[ledger["practice"] == asked.role.id], PRACTICE_SEES)
    own = (
        ViewTable("own_members", "Own members", "own", members),
        ViewTable("own_money", "Own money and costs under the plan", "own", money),
    )
    return _Made(own if asked.request.messenger else (*own, *_sums(asked)), _fed_by_plan(asked.book))


def _payer(asked: _Asked) -> _Made:
    """A payer: its own side; with a purpose and everybody's consent also its part of the plan, and sums of others."""
    book = asked.book
    side = own_side(book.basis.network, book.catalog, book.basis.scenario, asked.role.id)
    own = payer_tables(side)
    if not asked.request.purpose:
        return _Made(own, _fed_by_side(side))
    right = _declassified(asked)
    used = tuple(
        UsedConsent(payer=row.payer, field=row.field, purpose=row.purpose, given=row.given.isoformat())
        for row in right.used
    )
    joint = _joint_tables(asked, right)
    return _Made((*own, *joint), {**_fed_by_side(side), **_fed_by_plan(book)}, used)


def _declassified(asked: _Asked) -> Declassification:
    if asked.request.messenger:
        message = "messenger mode gives payers their own views only, not their part of a joint plan"
        raise InputError([Problem("--purpose", message, "leave --purpose out, or --messenger")])
    if asked.consents is None:
        raise consent_file_needed()
    viewer, request = asked.role.id, asked.request
    others = tuple(name for name in asked.book.payers if name != viewer)
    return Declassification(viewer, others, asked.policy.name, request.purpose, request.day, asked.consents)


def _joint_tables(asked: _Asked, right: Declassification) -> tuple[ViewTable, ...]:
    """What a declassification lets through: the payer's own rows of the plan, and sums of others above the floor."""
    ledger = asked.book.ledger
    rows = ledger[(ledger["payer"] == right.viewer) & (ledger["kind"] != "cost")]
    part = ViewTable("part_of_plan", "Own part of the plan", "own_part_of_plan", own_money(rows, PAYER_SEES))
    joint = () if asked.book.without is None else own_part(asked.book.plan, asked.book.without, right.viewer)
    return (part, *joint, *_sums(asked, right.viewer))


_MAKERS: Mapping[str, Callable[[_Asked], _Made]] = {
    "pho_admin": _whole,
    "auditor": _whole,
    "analyst": _analyst,
    "practice": _practice,
    "payer": _payer,
}


# What fed a view --------------------------------------------------------------------------------------


def _fed_by_plan(book: Book) -> dict[str, str]:
    plan = book.plan
    without = {} if book.without is None else {"plan_without_offers": book.without.plan_hash}
    return {
        "ledger": _of_text(book.ledger.to_csv(index=False)),
        "network": plan.network.hash,
        "catalog": plan.catalog.hash,
        "scenario": _of_text(plan.scenario.model_dump_json()),
        "plan": plan.plan_hash,
        **without,
    }


def _fed_by_side(side: OwnSide) -> dict[str, str]:
    """Hashes of a payer's own side, which change with nothing of others."""
    programs = "\n".join(item.model_dump_json() for item in side.catalog.written_programs.values())
    return {
        "own_network": network_hash(side.network.tables),
        "own_programs": _of_text(programs),
        "own_scenario": _of_text(side.scenario.model_dump_json()),
    }


def _of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
