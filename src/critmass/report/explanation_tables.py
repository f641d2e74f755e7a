"""Explanations on a terminal: what parts are worth, why others are left aside, which plans are near."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from critmass.report.explanation_money import money_section
from critmass.report.explanation_practice import practice_section, standings_table
from critmass.report.explanation_schema import (
    AlternativeLine,
    ChangedPlan,
    ExplanationDocument,
    FlipLine,
    ForcedLine,
    PointLine,
    TermsLine,
    WhyNotLine,
    WorthLine,
)
from critmass.report.explanation_words import certain_words, changed_words, difference_words, level_words, number_value
from critmass.report.pieces import add_row, heading, key_values, note, number_table, section
from critmass.report.words import LEVELS, count, dollars, level_value, percent, seconds

NARROW = 76
"""Below this many columns the columns of limits are left out of tables."""


def show_explanation(console: Console, found: ExplanationDocument) -> None:
    """Prints why a plan is what it is."""
    year, subject = found.scenario.performance_year, found.subject
    what = f"why this plan for {year}" if subject.kind == "plan" else f"{subject.label} in the plan for {year}"
    console.print(heading(f"{found.organization}: {what}"))
    console.print(key_values(_headline(found)))
    narrow = console.width < NARROW
    parts = _whole(found, narrow=narrow) if subject.kind == "plan" else _single(found)
    console.print(Group(*_better(found), *parts, *_fronts(found)))


def _headline(found: ExplanationDocument) -> Iterator[tuple[str, str]]:
    for level in found.levels:
        value = level_value(level.name, level.value)
        limit = "no limit proved" if level.bound is None else f"at most {level_value(level.name, level.bound)}"
        yield LEVELS.get(level.name, level.name).capitalize(), f"{value}, {limit}"
    yield "Confirmed by", f"{count(found.plans_made, 'plan')} made for this, {seconds(found.wall_seconds)}"


def _better(found: ExplanationDocument) -> Iterator[RenderableType]:
    """That the plan is not the best known, and by how much."""
    if found.better_plan is None:
        return
    pairs = zip(found.better_plan.levels, found.levels, strict=True)
    gain = ", then ".join(level_words(mine.name, mine.value - theirs.value) for mine, theirs in pairs)
    yield note(
        f"A better plan came up on the way, by {gain}; --out DIR writes it. Differences below are measured from the "
        "plan as it is; smaller ones than that say nothing.",
        "yellow",
    )


# A plan as a whole ------------------------------------------------------------------------------------


def _whole(found: ExplanationDocument, *, narrow: bool) -> Iterator[RenderableType]:
    for kind, title in _KINDS.items():
        lines = [line for line in found.worths if line.kind == kind]
        if lines:
            yield section(title, _worth_table(lines, kind.capitalize(), narrow=narrow))
    if found.why_nots:
        yield section("Declined: what joining would lose", _loss_table(found.why_nots, narrow=narrow))
        yield note("--program ID finds the terms at which one of them would be joined.", "dim")
    yield standings_table(found.practices)
    if found.alternatives:
        yield section("Nearly as good: plans that decide otherwise", _alternatives_table(found.alternatives))
        yield note(_intervals_note(found), "dim")


_KINDS = {
    "program": "Joined programs: what the plan would lose without each",
    "workflow": "Workflows started: what the plan would lose without each",
    "payer": "Payers: what the plan would lose without all their programs",
}


def _intervals_note(found: ExplanationDocument) -> str:
    return (
        "Every difference is the plan less another plan that was made for the changed question. What is certain is "
        f"within the gaps of the two (asked: {found.options.gap * 100:.3g}%)."
    )


def _worth_table(lines: Sequence[WorthLine], name: str, *, narrow: bool) -> RenderableType:
    limits = [] if narrow else ["At least", "At most"]
    table = number_table([name], ["Worth", *limits])
    ranked = sorted(lines, key=_first_value, reverse=True)
    for line in ranked:
        add_row(table, [line.label, *_cells(line, narrow=narrow)])
    reasons = [note(f"{line.label}: {_why(line)}", "yellow") for line in ranked if line.comparison is None]
    return Group(table, *reasons)


def _loss_table(lines: Sequence[WhyNotLine], *, narrow: bool) -> RenderableType:
    limits = [] if narrow else ["At least", "At most"]
    table = number_table(["Program", "Joined by"], ["Loses", *limits])
    for line in sorted(lines, key=lambda item: _first_value(item.alone)):
        where = "organization" if line.organization else ", ".join(line.alone.practices if line.alone else ())
        cells = _cells(line.alone, narrow=narrow) if line.alone is not None else ["-"] * (1 + len(limits))
        add_row(table, [line.label, where, *cells])
    return table


def _first_value(line: ChangedPlan | None) -> tuple[float, ...]:
    if line is None or line.comparison is None:
        return (float("inf"),)
    return tuple(level.value for level in line.comparison.levels)


def _cells(line: ChangedPlan, *, narrow: bool) -> list[str]:
    """The difference and its limits at the first level that differs."""
    if line.comparison is None:
        return ["no plan" if line.reasons else "not known", *([] if narrow else ["", ""])]
    differing = [level for level in line.comparison.levels if abs(level.value) >= 0.005]
    level = (differing or line.comparison.levels[-1:])[0]
    limits = [] if narrow else [level_words(level.level, level.least), level_words(level.level, level.most)]
    return [level_words(level.level, level.value), *limits]


def _why(line: ChangedPlan) -> str:
    return "; ".join(line.reasons) or "no plan was found within the time limit"


def _alternatives_table(lines: Sequence[AlternativeLine]) -> RenderableType:
    table = number_table(["Reversed"], ["Loses"], ["Changes with it"])
    for line in lines:
        others = [item for item in line.changed if item != line.reversed]
        add_row(
            table, [changed_words([line.reversed]), difference_words(line.comparison), changed_words(others, 3) or "-"]
        )
    return table


# One program, workflow or payer -----------------------------------------------------------------------


def _single(found: ExplanationDocument) -> Iterator[RenderableType]:
    for line in found.worths:
        yield section(f"{line.label}: what it is worth", _said(_worth_said(line)))
    for reason in (item for item in found.why_nots if item.available):
        title = "why not joined" if reason.kind == "program" else "where it does not run"
        yield section(f"{reason.label}: {title}", _said(_why_not_said(reason)), *_terms(reason.terms))
    for practice in found.practices:
        yield practice_section(practice)
    if found.money is not None and (found.money.clauses or found.money.costs):
        yield money_section(found.money, by_practice=found.subject.kind == "practice")


def _said(lines: Iterator[str]) -> RenderableType:
    return Group(*(Padding(Text(line), (0, 0, 0, 1)) for line in lines))


def _worth_said(line: WorthLine) -> Iterator[str]:
    if line.comparison is None:
        yield f"It is not known: {_why(line)}."
        return
    if line.comparison.better:
        yield f"A plan without it is better by {_gain(line)}."
    else:
        yield f"Worth {difference_words(line.comparison)}, {certain_words(line.comparison)}."
    yield _settled(line)
    if line.changed:
        yield f"Without it: {changed_words(line.changed)}."
    yield from (f"Note: {text}." for text in line.notes)


def _gain(line: ChangedPlan) -> str:
    assert line.comparison is not None
    flipped = [(level.level, -level.value) for level in line.comparison.levels]
    return ", then ".join(level_words(name, value) for name, value in flipped)


def _settled(line: ChangedPlan) -> str:
    assert line.comparison is not None
    members = line.comparison.members_at_mass
    mass = "" if not members else f", {members:,.0f} members at critical mass"
    return f"In money: {dollars(line.comparison.margin_usd)} of net margin{mass}."


def _why_not_said(reason: WhyNotLine) -> Iterator[str]:
    for line in dict.fromkeys(item for item in (reason.alone, reason.everywhere) if item is not None):
        yield from _forced_said(reason, line)


def _forced_said(reason: WhyNotLine, line: ForcedLine) -> Iterator[str]:
    names = ", ".join(line.practices) if len(line.practices) <= 3 else count(len(line.practices), "practice")
    who = "the organization" if reason.organization else names
    doing = "joined by" if reason.kind == "program" else "started at"
    alone = len(line.practices) == 1 < len(reason.available) and not reason.organization
    best = f" (the best of {reason.tried:,} tried)" if alone else ""
    if line.comparison is None:
        yield f"{doing.capitalize()} {who}: no plan; {_why(line)}."
    elif line.comparison.better:
        yield f"{doing.capitalize()} {who}{best}: better than the plan by {_gain(line)}."
    else:
        words = difference_words(line.comparison)
        yield f"{doing.capitalize()} {who}{best}: loses {words}, {certain_words(line.comparison)}."
    if line.changed:
        yield f"   Then {changed_words(line.changed)}."
    yield from (f"   Note: {text}." for text in line.notes)


def _terms(terms: TermsLine | None) -> Iterator[RenderableType]:
    if terms is None:
        return
    if terms.joins_then:
        yield note("It is joined as soon as what keeps it out is lifted: " + "; ".join(terms.lifted) + ".", "")
        return
    if terms.flips:
        table = number_table(["One number at a time"], [], ["Today", "Joined at", "Not yet at"])
        for flip in terms.flips:
            add_row(table, [flip.label, number_value(flip.number, flip.number.value), *_flip_cells(flip)])
        yield section("It would be joined if", table)
        yield note(
            "'Joined at' was planned and joins; 'Not yet at' is the nearest value that was planned and does not. "
            "Amounts were moved by a factor of 10 at most, targets within their range.",
            "dim",
        )


def _flip_cells(flip: FlipLine) -> list[str]:
    if flip.at is None:
        return ["nowhere tried", f"up to {number_value(flip.number, flip.tried)}"]
    return [number_value(flip.number, flip.at), number_value(flip.number, flip.not_at)]


# Fronts -----------------------------------------------------------------------------------------------


def _fronts(found: ExplanationDocument) -> Iterator[RenderableType]:
    if found.front_of_mass:
        yield section("Members at critical mass against net margin", _mass_table(found.front_of_mass))
    if found.front_of_effort:
        yield section("Money against effort", _effort_table(found.front_of_effort))
        yield note(
            "Each is the best plan without the workflows named; better ones with as little effort may lie between.",
            "dim",
        )


def _mass_table(points: Sequence[PointLine]) -> RenderableType:
    table = number_table([], ["Counts a member", "At mass", "Practices", "Net margin", "Gap"])
    for point in points:
        weight = "as the plan" if point.usd_per_member is None else dollars(point.usd_per_member)
        add_row(table, [weight, f"{point.members_at_mass:,.0f}", f"{point.practices_at_mass:,}",
                        dollars(point.margin_usd), percent(point.gap)])  # fmt: skip
    return table


def _effort_table(points: Sequence[PointLine]) -> RenderableType:
    table = number_table([], ["Starts", "FTE", "Hours", "At mass", "Net margin"], ["Without"])
    for point in points:
        add_row(table, [f"{point.starts:,}", f"{point.fte_added:,.2f}", f"{point.hours_added:,.0f}",
                        f"{point.members_at_mass:,.0f}", dollars(point.margin_usd), _left_out(point)])  # fmt: skip
    return table


def _left_out(point: PointLine) -> str:
    return "-" if not point.left_out else ", ".join(point.left_out)
