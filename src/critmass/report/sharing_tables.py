"""A shared cost or value, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding

from critmass.report.pieces import add_row, heading, note, number_table, section
from critmass.report.sharing import money
from critmass.report.sharing_schema import RuleLine, SharingDocument
from critmass.report.words import percent
from critmass.studies.sharing.game import Kind
from critmass.studies.sharing.rules import Rule

MOST_EXCESSES = 6
"""Coalitions that are shown; the rest is in the JSON."""
NARROW = 76
"""Below this many columns the share of the total is left out."""

_WORDS: dict[Kind, tuple[str, str, str]] = {
    "cost": ("Cost alone", "Charged", "Saves"),
    "value": ("Makes alone", "Given", "Gains"),
}
BY: dict[Rule, str] = {
    "members": "in proportion to members",
    "benefit": "in proportion to benefit",
    "equal": "equally",
    "shapley": "by the Shapley value",
    "nucleolus": "by the nucleolus",
    "least_core": "by the least core",
    "scrb": "by separable costs and remaining benefits",
}
"""How something is shared by a rule."""
_EXCESS: dict[Kind, str] = {
    "cost": "Excess: what a coalition is charged above its cost alone. Above 0 it has a reason to object.",
    "value": "Excess: what a coalition makes alone above what it is given. Above 0 it has a reason to object.",
}
LOWEST_ROWS = ("In the core", "Worst excess")
_LONGEST_NAME = 24
_BETWEEN = 3


def show_sharing(console: Console, found: SharingDocument) -> None:
    """Prints the shares, who would object, and all rules side by side."""
    total = money(found.total_usd, found.total_usd)
    console.print(heading(f"{found.title}: a {found.amounts} of {total}, shared {BY[found.rule]}"))
    console.print(Group(_shares(found, narrow=console.width < NARROW), *_said(found)))
    console.print(Group(*_rules(found, console.width), *_excesses(found)))


def _shares(found: SharingDocument, *, narrow: bool) -> RenderableType:
    alone, given, gains = _WORDS[found.amounts]
    with_members = found.players[0].members is not None
    numbers = [*(["Members"] if with_members else []), alone, given, *([] if narrow else ["Of total"]), gains]
    table = number_table(["Player"], numbers)
    for line in found.players:
        cells = [f"{line.members:,.0f}"] if line.members is not None else []
        cells += [money(line.alone_usd, found.total_usd), money(line.share_usd, found.total_usd)]
        cells += [] if narrow else [percent(line.share_of_total)]
        add_row(table, [line.player, *cells, money(line.gain_usd, found.total_usd)])
    return table


def _said(found: SharingDocument) -> Iterator[RenderableType]:
    if found.in_core:
        yield note("These shares are in the core: no coalition of players would do better alone.", "")
    else:
        yield note("These shares are not in the core: some coalition of players would do better alone.", "yellow")
    worse = [name for line in found.rules if line.rule == found.rule for name in line.worse_off]
    if worse:
        yield note(f"Worse off than alone: {', '.join(worse)}.", "yellow")
    for text in found.warnings:
        yield note(text, "yellow")


def _rules(found: SharingDocument, width: int) -> Iterator[RenderableType]:
    """All rules side by side, in as many tables as the terminal's width asks for."""
    usable = [line for line in found.rules if line.shares_usd is not None]
    cells = {line.rule: _column(found, line) for line in usable}
    first, *others = (_rule_table(found, lines, cells) for lines in _side_by_side(found, cells, width))
    yield section("All rules", first, *(Padding(table, (1, 0, 0, 0)) for table in others))
    asides = [f"{line.label} is left out, because {line.reason}." for line in found.rules if line.shares_usd is None]
    if found.benefits_are_alone:
        asides.insert(0, "Benefit goes by each player's amount alone, because no benefits are given.")
    if asides:
        yield note("\n".join(asides), "dim")


def _side_by_side(found: SharingDocument, cells: dict[Rule, list[str]], width: int) -> list[list[RuleLine]]:
    """The rules in groups whose columns fit beside the players' names."""
    names = min(max(len(LOWEST_ROWS[1]), *(len(line.player) for line in found.players)), _LONGEST_NAME)
    groups: list[list[RuleLine]] = []
    left = 0
    for line in (line for line in found.rules if line.rule in cells):
        needed = max(len(line.label), *map(len, cells[line.rule])) + _BETWEEN
        if not groups or needed > left:
            groups.append([])
            left = width - names - _BETWEEN
        groups[-1].append(line)
        left -= needed
    return groups


def _column(found: SharingDocument, line: RuleLine) -> list[str]:
    shares = [money(share, found.total_usd) for share in line.shares_usd or ()]
    worst = "-" if line.largest_excess_usd is None else money(line.largest_excess_usd, found.total_usd)
    return [*shares, "yes" if line.in_core else "no", worst]


def _rule_table(found: SharingDocument, lines: Sequence[RuleLine], cells: dict[Rule, list[str]]) -> RenderableType:
    table = number_table(["Player"], [line.label for line in lines])
    for place, name in enumerate((*(line.player for line in found.players), *LOWEST_ROWS)):
        if place == len(found.players):
            table.add_section()
        add_row(table, [name, *(cells[line.rule][place] for line in lines)])
    return table


def _excesses(found: SharingDocument) -> Iterator[RenderableType]:
    if not found.excesses:
        return
    alone, given, _ = _WORDS[found.amounts]
    table = number_table(["Coalition"], [alone, given, "Excess"])
    for line in found.excesses[:MOST_EXCESSES]:
        amounts = (line.alone_usd, line.allocated_usd, line.excess_usd)
        add_row(table, ["+".join(line.coalition), *(money(amount, found.total_usd) for amount in amounts)])
    yield section(f"Coalitions with the largest excess, shared {BY[found.rule]}", table)
    yield note(_EXCESS[found.amounts], "dim")
