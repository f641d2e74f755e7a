"""Sections of the gaps that payers leave: measures, fragmentation, coalitions and changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from critmass.report.gaps_schema import (
    BurdenLine,
    ChangeLine,
    CoalitionsLine,
    FixedNumberLine,
    FragmentationLine,
    GapsDocument,
    MeasureLine,
    MeasureUseLine,
    PayerChange,
    ThresholdLine,
)
from critmass.report.pieces import add_row, key_values, note, number_table, section
from critmass.report.words import count, dollars, percent, short_dollars

MOST_MEASURES = 10
"""Measures that are shown; all of them are in the JSON."""
MOST_SETS = 3
"""Coalitions of one line that are shown."""
MOST_PRACTICES = 12
"""Practices whose coalitions are shown."""
_RANGE_FROM = 4
"""From so many thresholds on, only the ends are written."""


# Measures ---------------------------------------------------------------------------------------------


def measures_section(found: GapsDocument) -> Iterator[RenderableType]:
    """Measures that payers specify or reward differently, and what this costs in reporting."""
    lines = [line for line in found.measures if line.thresholds_differ or line.specifications_differ]
    if lines:
        shown = key_values((line.measure, _measure(line)) for line in lines[:MOST_MEASURES])
        yield section("Measures that payers specify or reward differently", shown)
        if len(lines) > MOST_MEASURES:
            more = Text(f"and {len(lines) - MOST_MEASURES} more with --json", style="dim")
            yield Padding(more, (0, 0, 0, 1))
    yield note(_burden(found.burden), "")


def _measure(line: MeasureLine) -> str:
    several = len({use.specifications for use in line.uses}) > 1
    return "; ".join(_use(use, several=several) for use in line.uses)


def _use(use: MeasureUseLine, *, several: bool) -> str:
    parts = [_threshold_words(use.thresholds)] if use.thresholds else []
    parts += [" and ".join(use.specifications)] if several else []
    parts += [f"{use.relation}: {use.note}" if use.note else use.relation] if _changed(use) and use.relation else []
    return f"{use.payer} {', '.join(parts) or 'no threshold'}"


def _changed(use: MeasureUseLine) -> bool:
    return use.relation in ("modified", "different")


def _threshold_words(thresholds: Sequence[ThresholdLine]) -> str:
    """Values by what they are compared with, such as '76%, 81% and gains of 10%'."""
    found = []
    for basis, prefix in (("rate", ""), ("improvement", "gains of "), ("percentile", "percentile ")):
        values = [at.value for at in thresholds if at.basis == basis]
        texts = [f"{value:g}" if basis == "percentile" else f"{value * 100:.4g}%" for value in values]
        if len(texts) >= _RANGE_FROM:
            texts = [f"{texts[0]} to {texts[-1]} in {len(texts)} steps"]
        found += [prefix + "/".join(texts)] if texts else []
    return " and ".join(found)


def _burden(line: BurdenLine) -> str:
    if not line.today_usd:
        return "No joined program has a cost of reporting."
    return (
        f"Reporting for joined programs costs {dollars(line.today_usd)} a year, and {dollars(line.common_usd)} if each "
        f"practice reported each measure once, under the dearest specification: the differences cost "
        f"{dollars(line.of_differences_usd)} ({dollars(line.of_specifications_usd)} between practices' programs, "
        f"{dollars(line.of_organization_usd)} in reports that the organization repeats)."
    )


# Fragmentation ----------------------------------------------------------------------------------------


def fragmentation_section(found: GapsDocument) -> Iterator[RenderableType]:
    """Published indices, with the number of payers that they hold at."""
    table = number_table(["Fragmentation"], ["Joined", "In force"])
    for words, name, form in _INDICES:
        cells = (_index(getattr(line, name), form) for line in (found.held, found.offered))
        add_row(table, [words, *cells])
    yield section("How fragmented measures and money are", table)
    yield from _fixed(found.offered)


_INDICES = (
    ("Payers with measures", "payers", "number"),
    ("Programs with measures", "sets", "number"),
    ("Distinct measures", "distinct_measures", "number"),
    ("Distinct over all uses", "unique_share", "ratio"),
    ("Programs per measure", "mean_reuse", "ratio"),
    ("Measures of one program only", "solo_share", "percent"),
    ("Programs with the commonest", "largest_adoption", "percent"),
    ("Programs that modify one", "modified_share", "percent"),
    ("Effective payers (1/HHI of $)", "effective_payers", "ratio"),
    ("Overlap of measures, by $", "overlap", "ratio"),
)


def _index(value: float | None, form: str) -> str:
    if value is None:
        return "-"
    return {"number": f"{value:,.0f}", "ratio": f"{value:.2f}", "percent": percent(value)}[form]


def _fixed(line: FragmentationLine) -> Iterator[RenderableType]:
    lines = [item for item in line.at_fixed_number if item.payers > 1]
    if lines:
        text = "Compare networks at the same number of payers only; means over all groups of so many, in force:"
        yield note(text, "dim")
        table = number_table([], ["Payers", "Distinct over uses", "Programs each", "One program only"])
        for item in lines:
            add_row(table, _fixed_cells(item))
        yield table


def _fixed_cells(item: FixedNumberLine) -> list[str]:
    return [str(item.payers), f"{item.unique_share:.2f}", f"{item.mean_reuse:.2f}", percent(item.solo_share)]


# Coalitions -------------------------------------------------------------------------------------------


def coalition_sections(found: GapsDocument) -> Iterator[RenderableType]:
    """The smallest sets of payers that keep the network, and each practice, at critical mass."""
    if not found.network_coalitions:
        yield note("No practice is at critical mass, so no set of payers carries one.", "")
        return
    lines = (
        (f"{item.kept_share:.0%} of members", _sets(item.coalitions)) for item in found.network_coalitions
    )  # fmt: skip
    yield section("Smallest sets of payers that keep members at critical mass", key_values(lines))
    if found.payer is None:
        practices = found.practice_coalitions
        shown = ((item.practice, _sets(item.coalitions)) for item in practices[:MOST_PRACTICES])
        yield section("The same for each practice at critical mass", key_values(shown))
        if len(practices) > MOST_PRACTICES:
            more = Text(f"and {len(practices) - MOST_PRACTICES} more with --json", style="dim")
            yield Padding(more, (0, 0, 0, 1))


def _sets(found: CoalitionsLine) -> str:
    if not found.sets:
        return "none was found"
    words = "; or ".join(" + ".join(item) or "nobody" for item in found.sets[:MOST_SETS])
    more = f"; and {count(found.found - MOST_SETS, 'more set')}" if found.found > MOST_SETS else ""
    always = f". Nothing holds without {', '.join(found.always)}" if found.always and found.found > 1 else ""
    return f"{words}{more}{always}"


# Changes ----------------------------------------------------------------------------------------------


def changes_section(found: GapsDocument, *, narrow: bool) -> RenderableType:
    """For each payer the one change that helps most; settled, decisions unchanged."""
    title = f"One amount of each payer raised by {found.step_rate:.0%} (settled, decisions unchanged)"
    if found.missing_usd <= 0:
        return section(title, note("No practice lacks money for critical mass, so no change is needed.", ""))
    said = note("What the raise itself adds for the payer a year, and by how much what practices lack falls.", "dim")
    if narrow:
        return section(title, key_values((line.payer, _in_words(line)) for line in found.changes), said)
    table = number_table(["Payer", "Change"], ["Payer adds", "Lack falls", "Members"])
    for line in found.changes:
        change = line.change
        if change is None:
            add_row(table, [line.payer, _none(line), "", "", ""])
        else:
            money = [short_dollars(change.added_usd), short_dollars(change.missing_less_usd)]
            add_row(table, [line.payer, _change(change), *money, f"{change.members_gained:+,.0f}"])
    return section(title, table, said)


def _in_words(line: PayerChange) -> str:
    change = line.change
    if change is None:
        return _none(line)
    gained = f", {change.members_gained:+,.0f} members at mass" if change.members_gained else ""
    return (
        f"{_change(change)}. It adds {short_dollars(change.added_usd)}; what practices lack falls by "
        f"{short_dollars(change.missing_less_usd)}{gained}."
    )


def _change(change: ChangeLine) -> str:
    terms = f"{change.program}, {change.label}: {change.from_words} to {change.to_words}"
    if not change.joined:
        return terms
    practices = count(len(change.joined), "practice")
    adds, closes = short_dollars(change.joining_added_usd), short_dollars(change.joining_less_usd)
    return f"{terms}, after {practices} joined it (joining adds {adds} and closes {closes})"


def _none(line: PayerChange) -> str:
    return f"raising its {count(line.tried, 'amount')} does not help" if line.tried else "no program in force to change"
