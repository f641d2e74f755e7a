"""What organizing is worth, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType

from critmass.report.explanation_words import certain_words, difference_words, level_words
from critmass.report.organizing_schema import AbsentLine, LoneLine, OrganizingDocument
from critmass.report.pieces import add_row, heading, key_values, note, number_table, rest_line, section
from critmass.report.words import LEVELS, count, dollars, ratio, seconds
from critmass.studies.explain.difference import Comparison

NARROW = 76
"""Below this many columns the columns of limits are left out of tables."""

MOST_PRACTICES = 20
"""Practices that are shown; the rest is in the JSON."""


def show_organizing(console: Console, found: OrganizingDocument) -> None:
    """Prints what organizing is worth in total and by source."""
    console.print(heading(f"{found.organization}: what organizing is worth in {found.scenario.performance_year}"))
    narrow = console.width < NARROW
    console.print(Group(_totals(found), *_said(found), *_sources(found, narrow=narrow), _practices(found.practices)))
    console.print(Group(*(note(text, "dim") for text in found.notes)))
    made = f"Confirmed by {count(found.plans_made, 'plan')} made for this, {seconds(found.wall_seconds)}."
    console.print(note(made, "dim"))


def _totals(found: OrganizingDocument) -> RenderableType:
    table = number_table(["A year"], ["Alone", "Organized", "Difference"])
    levels = zip(found.alone.levels, found.organized.levels, found.worth.levels, strict=True)
    shown = {"margin", "members_at_mass", "at_mass"}
    for alone, organized, worth in (item for item in levels if item[0].name not in shown):
        cells = (level_words(worth.level, value) for value in (alone.value, organized.value, worth.value))
        add_row(table, [LEVELS.get(worth.level, worth.level).capitalize(), *cells])
    one, other = found.alone, found.organized
    add_row(table, ["Net margin", *map(dollars, (one.margin_usd, other.margin_usd, found.worth.margin_usd))])
    for name, before, after in (
        ("Members at critical mass", one.members_at_mass, other.members_at_mass),
        ("Practices at critical mass", one.practices_at_mass, other.practices_at_mass),
    ):
        add_row(table, [name, f"{before:,.0f}", f"{after:,.0f}", f"{after - before:,.0f}"])
    reporting = (one.reporting_usd, other.reporting_usd, other.reporting_usd - one.reporting_usd)
    add_row(table, ["Cost of reporting", *map(dollars, reporting)])
    return table


def _said(found: OrganizingDocument) -> Iterator[RenderableType]:
    worth = found.worth
    if not worth.better:
        yield note(f"Organizing is worth {difference_words(worth)}, {certain_words(worth)}.", "")
        return
    most = worth.first.most
    yield note(
        f"The organization's plan that was found is worse than its practices alone: {difference_words(worth)}, "
        f"{certain_words(worth)}.",
        "yellow",
    )
    if most is None or most > 0:
        yield note("A better plan of the organization may exist; a longer --time-limit may find it.", "yellow")
    if any(item.holds for item in found.practices):
        names = ", ".join(item.practice for item in found.practices if item.holds)
        yield note(
            f"Alone, {names} can hold contracts made for organizations; in one, all practices join them or none.",
            "yellow",
        )


def _sources(found: OrganizingDocument, *, narrow: bool) -> Iterator[RenderableType]:
    if found.ladder:
        lines: list[tuple[str, Comparison | None]] = [(item.label, item.gain) for item in found.ladder]
        table = _table("Added, in this order", "Adds", [*lines, ("Together", found.worth)], narrow=narrow)
        yield section("From practices alone to the organization", table)
    if found.taken_away:
        lost = [(item.label, item.loss) for item in found.taken_away]
        yield section("What the organization loses without", _table("Source", "Loses", lost, narrow=narrow))
        yield note(
            "Sources overlap, so what is lost without one need not be what it adds in the ladder. Without the shared "
            "budget the hub can start nothing that needs cash.",
            "dim",
        )
    unsure = [item.label for item in found.taken_away if item.loss is not None and _may_be_nothing(item.loss)]
    if unsure:
        yield note(f"Not told from nothing within the gaps: {'; '.join(unsure)}. More time may tell.", "dim")
    yield _absent(found.absent)


def _table(name: str, value: str, lines: Sequence[tuple[str, Comparison | None]], *, narrow: bool) -> RenderableType:
    limits = [] if narrow else ["At least", "At most"]
    table = number_table([name], [value, *limits, "Members"])
    for label, item in lines:
        add_row(table, [label, *_cells(item, narrow=narrow)])
    return table


def _cells(item: Comparison | None, *, narrow: bool) -> list[str]:
    """The difference at the first level that differs, with its limits, and in members at mass."""
    if item is None:
        return ["not known", *([] if narrow else ["", ""]), ""]
    differing = [level for level in item.levels if abs(level.value) >= 0.005]
    level = (differing or item.levels[-1:])[0]
    limits = [] if narrow else [level_words(level.level, level.least), level_words(level.level, level.most)]
    return [level_words(level.level, level.value), *limits, f"{item.members_at_mass:,.0f}"]


def _may_be_nothing(item: Comparison) -> bool:
    """Whether the first level's difference may be nothing, and may be a dollar or more."""
    least, most = item.first.least, item.first.most
    return (least is None or least <= 0) and (most is None or most >= 1)


def _absent(lines: Sequence[AbsentLine]) -> RenderableType:
    return section("Not told apart", key_values((line.label, line.reason) for line in lines))


def _practices(lines: Sequence[LoneLine]) -> RenderableType:
    table = number_table(["Practice"], ["Members", "Margin", "Alone", "Organized"], ["At mass"])
    for line in lines[:MOST_PRACTICES]:
        cells = [f"{line.members:,.0f}", dollars(line.margin_usd), ratio(line.mass_ratio_alone)]
        add_row(table, [line.practice, *cells, ratio(line.mass_ratio_organized), _at_mass(line)])
    left = len(lines) - MOST_PRACTICES
    return section("Practices: net margin alone; mass ratio alone and organized", table, rest_line(left, "practice"))


def _at_mass(line: LoneLine) -> str:
    words = {(True, True): "both", (True, False): "alone", (False, True): "organized", (False, False): "-"}
    return words[line.at_mass_alone, line.at_mass_organized]
