"""Where practices stand and what would bring them to mass, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from critmass.report.explanation_schema import LeverLine, PracticeLine
from critmass.report.explanation_words import certain_words, changed_words, difference_words, lock_words, money
from critmass.report.pieces import add_row, key_values, note, number_table, section
from critmass.report.words import count, dollars, ratio
from critmass.studies.explain.short_of_mass import Standing

MOST_ROWS = 20


def standings_table(practices: Sequence[PracticeLine]) -> RenderableType:
    """Practices that are short of mass, the one that lacks least money first."""
    short = sorted((line.standing for line in practices if not line.standing.at_mass), key=lambda at: at.shortfall_usd)
    if not short:
        return Text("", end="")
    table = number_table(["Practice"], ["Ratio", "Shortfall"], ["Held back by"])
    for standing in short[:MOST_ROWS]:
        add_row(
            table,
            [
                standing.practice,
                ratio(standing.mass_ratio),
                dollars(standing.shortfall_usd),
                "; ".join(_held(standing)),
            ],
        )
    rest = f" And {count(len(short) - MOST_ROWS, 'practice')} more." if len(short) > MOST_ROWS else ""
    hint = note(f"--practice ID finds what would bring one of them to mass.{rest}", "dim")
    return section("Short of critical mass", table, hint)


def _held(standing: Standing) -> Iterator[str]:
    if standing.shortfall_usd > 0:
        yield "money"
    if standing.payers_bringing < standing.payers_asked:
        lacking = standing.payers_asked - standing.payers_bringing
        yield f"{count(lacking, 'payer')} below {dollars(standing.share_usd)}"
    if standing.core_missing:
        yield count(len(standing.core_missing), "core workflow") + " missing"
    for lock in standing.locks:
        yield lock_words(lock)
    left = standing.startup_left_usd
    if standing.startup_usd and left is not None and standing.startup_usd > left:
        yield f"start-up {dollars(standing.startup_usd)}, {dollars(max(left, 0.0))} left"


def practice_section(line: PracticeLine) -> RenderableType:
    """One practice: where it stands, then each lever in a sentence."""
    standing = line.standing
    parts: list[RenderableType] = [key_values(_standing_words(standing))]
    if not standing.at_mass:
        parts += [Padding(Text(text), (1, 0, 0, 1)) for text in _levers_said(line)]
    title = "at critical mass" if standing.at_mass else "what holds it short of critical mass"
    return section(f"{standing.practice}: {title}", *parts)


def _standing_words(standing: Standing) -> Iterator[tuple[str, str]]:
    yield "Mass ratio", f"{ratio(standing.mass_ratio)}, asked {standing.asked_ratio:g}"
    yield "Reimbursement", f"{dollars(standing.reimbursement_usd)}, cost {dollars(standing.cost_usd)}"
    if standing.shortfall_usd:
        yield "Shortfall", dollars(standing.shortfall_usd)
    paying = sorted(standing.by_payer.items(), key=lambda item: -item[1])
    yield "By payer", ", ".join(f"{payer} {dollars(usd)}" for payer, usd in paying if abs(usd) >= 0.5) or "nobody pays"
    if standing.payers_asked:
        share = f"{standing.payers_asked:,} must bring {dollars(standing.share_usd)} each"
        yield "Payers", f"{standing.payers_bringing:,} do; {share}"
    if standing.core_missing:
        yield "Core missing", ", ".join(standing.core_missing)
    if standing.locks:
        yield "Decided already", "; ".join(lock_words(lock) for lock in standing.locks)
    if standing.startup_usd:
        left = standing.startup_left_usd
        yield (
            "To start them",
            f"{dollars(standing.startup_usd)} in cash"
            + ("" if left is None else f", {dollars(max(left, 0.0))} of its own budget is left"),
        )


def _levers_said(line: PracticeLine) -> Iterator[str]:
    for reason in line.reasons:
        yield f"With all core workflows in place: {reason}."
    if line.budget_usd is not None:
        yield (
            f"A start-up budget of the organization of {dollars(line.budget_usd)} makes its core workflows possible; "
            "what follows rests on it."
        )
    if not line.levers:
        yield "Nothing that was tried brings it to critical mass."
    if len(line.levers) > 1:
        yield "Ways that settlement confirms, the one that takes the least dollars in all first:"
    for lever in line.levers:
        yield "".join(_lever_said(lever)).rstrip()


def _lever_said(lever: LeverLine) -> Iterator[str]:
    if lever.kind == "decisions":
        yield "Other decisions alone bring it to critical mass"
        if lever.comparison is not None:
            yield f", at a loss of {difference_words(lever.comparison)}, {certain_words(lever.comparison)}"
        yield ". "
    elif lever.support is not None:
        rates = " and ".join(f"{money(rate)} PMPM from {payer}" for payer, rate in lever.support.pmpm.items())
        enough = ", and a cent less does not," if lever.smallest else ""
        yield f"{rates} on their members here{enough} brings it to critical mass: {dollars(lever.support.usd)} a year. "
    else:
        yield f"A mass ratio of {lever.ratio:.2f} instead of today's would be met. "
    yield from _side_effects(lever)


def _side_effects(lever: LeverLine) -> Iterator[str]:
    if lever.changed:
        yield f"It comes with these decisions: {changed_words(lever.changed)}. "
        verb = "lose" if lever.margin_lost_usd >= 0 else "gain"
        yield f"They {verb} {dollars(abs(lever.margin_lost_usd))} of net margin over the organization"
        yield ", the support left aside. " if lever.support is not None else ". "
    if lever.members_gained:
        yield f"Members at critical mass change by {lever.members_gained:+,.0f}. "
    if lever.others_lost:
        yield f"No longer at critical mass: {', '.join(lever.others_lost)}. "
    if lever.chosen_freely is not None:
        own = "does so by itself" if lever.chosen_freely else "would still decide otherwise"
        yield f"With that support on offer the organization's own best plan {own}. "
    yield from (f"Note: {text}. " for text in lever.notes)
