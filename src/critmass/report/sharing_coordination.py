"""The gain of coordinating, shared: the document and what a terminal shows of it. Money is USD a year."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from rich.console import Console

from critmass.domain.values import Frozen
from critmass.report.case import usd
from critmass.report.coordinating import NOT_ADVICE
from critmass.report.pieces import add_row, heading, note, number_table, section
from critmass.report.schema import SCHEMA_VERSION
from critmass.report.sharing import in_cents, sharing_document
from critmass.report.sharing_schema import SharingDocument
from critmass.report.sharing_tables import show_sharing
from critmass.report.words import count, dollars, seconds
from critmass.studies.coordinate.propose import Coordination
from critmass.studies.coordinate.sharing import SharedCoordination

NO_GAIN = (
    "no set of payers gains: on these plans, outcomes beyond today's plan are worth less to them than a bonus costs. "
    "Check the catalog's payer_values, or share the bonus that 'critmass coordinate' proposes as a table of costs"
)
ON_LIBRARY = "coalitions are valued on the plans that the search met: each can do at least that"


class PayingLine(Frozen):
    """One payer's part of a shared coordination."""

    payer: str
    members: float
    outcomes_usd: float = Field(description="What outcomes beyond today's plan are worth to it.")
    share_of_gain_usd: float
    pays_usd: float = Field(description="Of the bonus; negative where others make up for its outcomes.")


class SharedCoordinationDocument(Frozen):
    """Who pays how much of the bonus, and how every rule would share the gain."""

    kind: Literal["shared_coordination"] = "shared_coordination"
    schema_version: str = SCHEMA_VERSION
    target: str
    bonus_usd: float
    members_at_mass: float
    coalitions: int
    critical: tuple[tuple[str, ...], ...] = Field(description="Smallest sets of payers that gain by acting at all.")
    payers: tuple[PayingLine, ...]
    sharing: SharingDocument
    notes: tuple[str, ...]
    wall_seconds: float


def shared_document(found: Coordination, shared: SharedCoordination) -> SharedCoordinationDocument:
    """The document of a shared coordination."""
    sharing, everyone = shared.sharing, shared.game.everyone
    shares = in_cents(sharing.chosen.shares_usd, sharing.game.total_usd)
    outcomes = [usd(float(amount)) for amount in everyone.outcomes_usd]
    members = sharing.weights.members
    assert members is not None
    return SharedCoordinationDocument(
        target=found.target.words,
        bonus_usd=usd(everyone.bonus_usd),
        members_at_mass=everyone.members_at_mass,
        coalitions=len(shared.game.reached),
        critical=smallest_sets(shared),
        payers=tuple(
            PayingLine(
                payer=payer, members=round(float(number), 2), outcomes_usd=outcome, share_of_gain_usd=share,
                pays_usd=usd(outcome - share),
            )
            for payer, number, outcome, share in zip(shared.game.payers, members, outcomes, shares, strict=True)
        ),
        sharing=sharing_document(sharing, f"gain of coordinating, target {found.target.words}"),
        notes=(*((NO_GAIN,) if sharing.game.total_usd <= sharing.game.tolerance_usd else ()), ON_LIBRARY, NOT_ADVICE),
        wall_seconds=round(found.wall_seconds + shared.game.wall_seconds, 3),
    )  # fmt: skip


def smallest_sets(shared: SharedCoordination) -> tuple[tuple[str, ...], ...]:
    """Sets of payers that gain by acting, and would not without any one of them."""
    game = shared.sharing.game
    gains = game.values > game.tolerance_usd + 0.5
    places = range(game.size)
    found = [
        mask
        for mask in range(1, len(game.values))
        if gains[mask] and not any(gains[mask & ~(1 << at)] for at in places if mask >> at & 1)
    ]
    return tuple(game.coalition(mask) for mask in sorted(found, key=lambda mask: (mask.bit_count(), mask)))


def show_shared(console: Console, found: SharedCoordinationDocument) -> None:
    """Prints who pays what, then how the rules compare."""
    console.print(heading(f"Sharing a bundle bonus of {dollars(found.bonus_usd)} a year, target: {found.target}"))
    table = number_table(["Payer"], ["Members", "Outcomes", "Gain", "Pays"])
    for item in found.payers:
        cells = map(dollars, (item.outcomes_usd, item.share_of_gain_usd, item.pays_usd))
        add_row(table, [item.payer, f"{item.members:,.0f}", *cells])
    console.print(table)
    sets = "; ".join("+".join(names) for names in found.critical[:5]) or "none"
    more = len(found.critical) - 5
    rest = f"; {more} more" if more > 0 else ""
    console.print(note(f"Smallest sets of payers that gain by acting: {sets}{rest}", ""))
    console.print(section(f"The gain of {dollars(found.sharing.total_usd)} by every rule"))
    show_sharing(console, found.sharing)
    for text in found.notes:
        console.print(note(text[:1].upper() + text[1:] + ".", "dim"))
    console.print(note(f"{count(found.coalitions, 'coalition')}, {seconds(found.wall_seconds)}.", "dim"))
