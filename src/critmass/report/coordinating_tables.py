"""A coordination of payers on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType

from critmass.report.coordinating_schema import CoordinatingDocument, PlayDocument, PracticePlayLine, ProposalDocument
from critmass.report.pieces import add_row, heading, note, number_table, rest_line, section
from critmass.report.words import count, dollars, seconds

MOST_OFFERS = 20
"""Offers that are shown; the rest is in the JSON."""


def show_coordinating(console: Console, found: CoordinatingDocument) -> None:
    """Prints what payers would have to add, by payer and practice, and what simpler ways would cost."""
    year = found.scenario.performance_year
    console.print(heading(f"{found.organization}: payers together in {year}, target: {found.target}"))
    console.print(_answer(found))
    if found.proposal is not None:
        console.print(Group(_reached(found, found.proposal), _payers(found.proposal), _offers(found.proposal)))
    if found.alone is not None and found.alone.practices:
        console.print(_alone(found.alone))
    if found.schemes:
        console.print(_schemes(found))
    console.print(Group(*(note(text[:1].upper() + text[1:] + ".", "dim") for text in found.notes)))
    console.print(note(f"{seconds(found.wall_seconds)}.", "dim"))


def _answer(found: CoordinatingDocument) -> RenderableType:
    if found.reached_today:
        return note("The organization's own plan reaches the target as things stand: nothing has to be added.", "")
    if found.proposal is None and found.bound_usd is None:
        return note(
            "No bonus within the payers' limits reaches the target; that is proved. Raise --most or lower the target.",
            "yellow",
        )
    if found.proposal is None:
        return note(
            "No offers within the payers' limits were found that the organization goes along with. Raise --most, lower "
            "the target, or give more --time-limit.",
            "yellow",
        )
    spend = found.proposal.spend_usd
    if spend == 0:
        return note("A better plan of the organization reaches the target: nothing has to be added.", "")
    proved = f"no conditional bonus does it for less than {dollars(found.bound_usd or 0.0)}"
    times = "round" if found.proposal.rounds == 1 else "rounds"
    return note(
        f"A bundle bonus of {dollars(spend)} a year reaches the target; {proved}. Verified: with these offers among "
        f"its contracts, the organization's own best plan reaches it ({found.proposal.rounds} {times} of planning).",
        "",
    )


def _reached(found: CoordinatingDocument, proposal: ProposalDocument) -> RenderableType:
    table, then, now = number_table(["A year"], ["Today", "Together"]), found.today, proposal.reached
    add_row(table, ["Members at critical mass", f"{then.members_at_mass:,.0f}", f"{now.members_at_mass:,.0f}"])
    add_row(table, ["Practices at critical mass", f"{then.practices_at_mass:,}", f"{now.practices_at_mass:,}"])
    add_row(table, ["Net margin", dollars(then.margin_usd), dollars(now.margin_usd)])
    add_row(table, ["Bundle bonus", dollars(0), dollars(proposal.spend_usd)])
    before = then.reimbursement_usd
    add_row(table, ["Existing programs", dollars(before), dollars(before + proposal.other_payments_change_usd)])
    return table


def _payers(proposal: ProposalDocument) -> RenderableType:
    table = number_table(["Payer"], ["Members", "Bonus", "Outcomes", "from", "to"])
    for item in sorted(proposal.payers, key=lambda line: -line.spent_usd):
        cells = [f"{item.members:,.0f}", *map(dollars, (item.spent_usd, item.benefit_usd))]
        add_row(table, [item.payer, *cells, dollars(item.benefit_low_usd), dollars(item.benefit_high_usd)])
    return section("By payer: what it adds, and what outcomes beyond today's plan are worth to it", table)


def _offers(proposal: ProposalDocument) -> RenderableType:
    table = number_table(["Practice", "Payer"], ["A year", "PMPM"])
    for item in proposal.offers[:MOST_OFFERS]:
        add_row(table, [item.practice, item.payer, dollars(item.usd), f"${item.pmpm_usd:,.2f}"])
    left = len(proposal.offers) - MOST_OFFERS
    title = "Offers: paid to a practice that runs every core workflow"
    return section(title, table, rest_line(left, "offer"))


def _alone(found: PlayDocument) -> RenderableType:
    table = number_table(["Practice"], ["Need", "Outcomes", "Jump-start"], ["Alone", "Smallest sets that carry it"])
    for item in found.practices[:MOST_OFFERS]:
        sets = "; ".join("+".join(names) for names in item.critical[:2]) or "none"
        more = f"; {len(item.critical) - 2} more" if len(item.critical) > 2 else ""
        start = dollars(item.jump_start_usd) if item.stuck else "-"
        cells = [dollars(item.need_usd), dollars(item.benefit_usd), start]
        add_row(table, [item.practice, *cells, _outcome(item), sets + more])
    price = found.price_of_fragmentation
    times = "" if price is None else f", a price of fragmentation of {price:.2f}"
    said = (
        f"Alone, payers end between {dollars(found.worst_usd)} and {dollars(found.best_usd)} of outcomes less bonus; "
        f"together they have {dollars(found.together_usd)}{times}. {count(found.stuck, 'practice')} "
        f"{'is' if found.stuck == 1 else 'are'} stuck with nobody paying; {dollars(found.jump_start_usd)} from a "
        "convener would set all of them going."
    )
    return section("If every payer acts alone", table, note(said, ""))


def _outcome(item: PracticePlayLine) -> str:
    if item.together_usd <= 0:
        return "not worth it to payers"
    if item.worst_usd > 0:
        return "funded"
    return "stuck or funded" if item.best_usd > 0 else "stuck"


def _schemes(found: CoordinatingDocument) -> RenderableType:
    table = number_table(["Simpler way to pay"], ["A year", "PMPM", "Times"])
    for name, spend, rate, times in _scheme_cells(found):
        add_row(table, [name, spend, rate, times])
    return section("What simpler ways would cost", table)


def _scheme_cells(found: CoordinatingDocument) -> Iterator[tuple[str, str, str, str]]:
    for item in found.schemes:
        alone = item.name if len(item.payers) != 1 else f"{item.payers[0]} alone"
        spend = "not enough" if item.spend_usd is None else dollars(item.spend_usd)
        rate = "" if item.pmpm_usd is None else f"${item.pmpm_usd:,.2f}"
        yield alone, spend, rate, "" if item.times_the_least is None else f"{item.times_the_least:.2f}"
