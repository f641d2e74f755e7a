"""Turns a shared cost or value into the document that leaves the program."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from critmass.report.case import usd
from critmass.report.document import finite, versions
from critmass.report.sharing_schema import ExcessLine, GameLine, PlayerLine, RuleLine, SharingDocument
from critmass.studies.sharing.assess import Excess
from critmass.studies.sharing.game import FloatArray, Kind
from critmass.studies.sharing.rules import PROPORTIONAL, RULES, Rule
from critmass.studies.sharing.share import Sharing

LABELS: dict[Rule, str] = {
    "members": "Members",
    "benefit": "Benefit",
    "equal": "Equal",
    "shapley": "Shapley",
    "nucleolus": "Nucleolus",
    "least_core": "Least core",
    "scrb": "SCRB",
}
"""What people call the rules. SCRB: separable costs, remaining benefits."""

_CENTS_BELOW = 10_000
_DIGITS = 6


def sharing_document(found: Sharing, title: str) -> SharingDocument:
    """The document of a shared game; `title` says what is shared, such as the file's name."""
    chosen, form = found.chosen, found.shape
    return SharingDocument(
        title=title,
        amounts=found.game.kind,
        total_usd=usd(found.game.total_usd),
        rule=found.rule,
        players=tuple(_players(found)),
        in_core=chosen.assessment.in_core,
        individually_rational=chosen.assessment.individually_rational,
        excesses=tuple(_excess(item) for item in chosen.worst),
        rules=tuple(_rule(found, rule) for rule in RULES),
        benefits_are_alone=found.weights.benefit_usd is None,
        game=GameLine(
            superadditive=form.superadditive,
            clash=form.clash,
            convex=form.convex,
            core_empty=form.core_empty,
            least_core_excess_usd=None if form.least_core_excess_usd is None else usd(form.least_core_excess_usd),
        ),
        warnings=tuple(_warnings(found)),
        versions=versions(),
    )


def in_cents(shares: FloatArray, total: float) -> tuple[float, ...]:
    """Shares in whole cents that add up to the total in whole cents; the largest remainders are rounded up.

    Among equal remainders the first players' are.
    """
    exact = np.round(shares * 100, _DIGITS)
    cents = np.floor(exact)
    missing = round(total * 100) - int(cents.sum())
    order = np.argsort(cents - exact, kind="stable")
    cents[order[:missing]] += 1
    return tuple(usd(cent / 100) for cent in cents)


def money(amount: float, total: float) -> str:
    """An amount for people: with cents where the total is small."""
    digits = 2 if abs(total) < _CENTS_BELOW else 0
    rounded = round(amount, digits) + 0.0
    return f"{'-' if rounded < 0 else ''}${abs(rounded):,.{digits}f}"


def _players(found: Sharing) -> Iterator[PlayerLine]:
    game, members = found.game, found.weights.members
    shares = in_cents(found.chosen.shares_usd, game.total_usd)
    for place, player in enumerate(game.players):
        alone, share = float(game.alone_usd[place]), shares[place]
        yield PlayerLine(
            player=player,
            members=None if members is None else float(members[place]),
            alone_usd=usd(alone),
            share_usd=share,
            share_of_total=finite(share / game.total_usd, _DIGITS) if game.total_usd else None,
            gain_usd=usd(game.sign * (share - usd(alone))),
        )


def _rule(found: Sharing, rule: Rule) -> RuleLine:
    if rule not in found.allocations:
        return RuleLine(
            rule=rule, label=LABELS[rule], shares_usd=None, in_core=None, worse_off=(), largest_excess_usd=None,
            reason=found.unusable[rule],
        )  # fmt: skip
    allocation = found.allocations[rule]
    assessment = allocation.assessment
    return RuleLine(
        rule=rule,
        label=LABELS[rule],
        shares_usd=in_cents(allocation.shares_usd, found.game.total_usd),
        in_core=assessment.in_core,
        worse_off=assessment.worse_off,
        largest_excess_usd=finite(assessment.largest_excess_usd, 2),
        reason="",
    )


def _excess(item: Excess) -> ExcessLine:
    return ExcessLine(
        coalition=item.coalition,
        alone_usd=usd(item.alone_usd),
        allocated_usd=usd(item.allocated_usd),
        excess_usd=usd(item.excess_usd),
    )


def _warnings(found: Sharing) -> Iterator[str]:
    total, form = found.game.total_usd, found.shape
    if form.core_empty:
        least = money(form.least_core_excess_usd or 0.0, total)
        yield f"The core is empty: however the amount is shared, some coalition does better alone, by {least} or more."
    if form.clash is not None:
        one, other = ("+".join(side) for side in form.clash)
        yield f"{one} and {other} do better apart than together: check these amounts."
    if not form.core_empty:
        for rule in (rule for rule in RULES if rule in found.allocations):
            if rule in PROPORTIONAL or rule == found.rule:
                yield from _outside(found, rule)


def _outside(found: Sharing, rule: Rule) -> Iterator[str]:
    """The sentence on a rule whose shares a coalition would refuse."""
    allocation = found.allocations[rule]
    if allocation.assessment.in_core:
        return
    worst = allocation.worst[0]
    text = _OBJECTS[found.game.kind].format(
        coalition="+".join(worst.coalition),
        given=money(worst.allocated_usd, found.game.total_usd),
        alone=money(worst.alone_usd, found.game.total_usd),
    )
    yield f"Rule {rule} is outside the core: {text}."


_OBJECTS: dict[Kind, str] = {
    "cost": "{coalition} would be charged {given}, and costs {alone} alone",
    "value": "{coalition} would be given {given}, and makes {alone} alone",
}
