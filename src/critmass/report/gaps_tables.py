"""The gaps that payers leave, on a terminal: coverage, free rides, overlaps, payers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from critmass.report.gaps_parts import changes_section, coalition_sections, fragmentation_section, measures_section
from critmass.report.gaps_schema import CoverageCell, CoverageLine, GapsDocument, OverlapLine, PayerLine
from critmass.report.pieces import add_row, heading, key_values, note, number_table, section
from critmass.report.words import count, dollars, percent, short_dollars

NARROW = 76
"""Below this many columns tables leave columns out."""
MOST_LINES = 12
"""Free rides and overlaps that are shown; all of them are in the JSON."""
_MOST_SHOWN_RATIO = 9.995
_CELL_COLUMNS = 5
BACK = "<0%"
"""Where more is taken back than paid."""
NOT_FOR_PAYERS = (
    "This is the organization's view of a payer. It names other payers' money: do not hand it to the payer."
)


def show_gaps(console: Console, found: GapsDocument) -> None:
    """Prints what payers leave unpaid."""
    narrow = console.width < NARROW
    console.print(heading(_title(found)))
    console.print(Padding(Text(_summary(found)), (0, 0, 0, 1)))
    if found.payer is None:
        parts = [*_matrix(found, console.width), _workflows(found, narrow=narrow), _payers(found.payers, narrow=narrow)]
    else:
        parts = [note(NOT_FOR_PAYERS, "yellow"), _column(found, narrow=narrow), _payers(found.payers, narrow=narrow)]
    console.print(Group(*parts, *_rides(found, narrow=narrow), *_overlaps(found.overlaps)))
    console.print(Group(*measures_section(found), *fragmentation_section(found)))
    console.print(Group(*coalition_sections(found), changes_section(found, narrow=narrow)))
    console.print(Group(*(note(text, "dim") for text in found.notes)))


def _title(found: GapsDocument) -> str:
    who = "payers leave" if found.payer is None else f"{found.payer} leaves"
    when = "under the plan" if found.planned else "as things stand, without a plan"
    return f"{found.organization}: what {who} unpaid in {found.scenario.performance_year}, {when}"


def _summary(found: GapsDocument) -> str:
    number = found.practices_at_mass
    members = f"with {found.members_at_mass:,.0f} members " if number else ""
    here = f"{count(number, 'practice') if number else 'No practice'} {members}at critical mass."
    missing = f" Practices lack {dollars(found.missing_usd)} a year for it." if found.missing_usd else ""
    return f"{here}{missing}"


# The matrix -------------------------------------------------------------------------------------------


def _matrix(found: GapsDocument, width: int) -> Iterator[RenderableType]:
    lines = [line for line in found.coverage if line.paid_usd or line.cost_usd]
    names = [line.payer for line in found.payers]
    label = max((len(_name(line)) for line in lines), default=0)
    title = "What payers pay of the cost that their own members cause"
    for headers in ([name.replace("_", " ") for name in names], [str(at) for at in range(1, len(names) + 1)]):
        columns = [max(_CELL_COLUMNS, *(len(word) for word in header.split())) for header in headers]
        if label + sum(columns) + len(columns) + _CELL_COLUMNS + 2 <= width:
            yield section(title, _matrix_table(lines, headers, found.payers))
            if headers[:1] == ["1"]:
                legend = ", ".join(f"{at} {name}" for at, name in enumerate(names, start=1))
                yield note(legend, "")
            break
    else:
        yield section(title, key_values((_name(line), _cells_in_words(line)) for line in lines))
    if any(cell.coverage is not None and cell.coverage < 0 for line in lines for cell in line.payers):
        yield note(f"{BACK}: withholds and penalties take back more than is paid.", "dim")
    idle = [line.workflow for line in found.coverage if line.standing == "no_cost"]
    if idle:
        yield note(f"Run nowhere: {', '.join(idle)}.", "dim")


def _name(line: CoverageLine) -> str:
    return line.workflow or "no workflow"


def _matrix_table(lines: Sequence[CoverageLine], headers: Sequence[str], payers: Sequence[PayerLine]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    table.add_column("", no_wrap=True)
    for header in headers:
        table.add_column(header, justify="right", min_width=_CELL_COLUMNS)
    table.add_column("All", justify="right", min_width=_CELL_COLUMNS)
    for line in lines:
        add_row(table, [f" {_name(line)}", *(_share(cell) for cell in line.payers), _ratio(line.coverage)])
    paid, cost = (sum(getattr(payer, name) for payer in payers) for name in ("paid_usd", "cost_usd"))
    table.add_section()
    add_row(table, [" All", *(_ratio(payer.coverage) for payer in payers), _ratio(paid / cost if cost else None)])
    return table


def _share(cell: CoverageCell) -> str:
    """Paid over cost; a plus where a payer pays without causing cost."""
    return "+" if cell.coverage is None and cell.paid_usd > 0 else _ratio(cell.coverage)


def _ratio(value: float | None) -> str:
    if value is None:
        return "-"
    if value < 0:
        return BACK
    return ">999%" if value >= _MOST_SHOWN_RATIO else f"{value:.0%}"


def _cells_in_words(line: CoverageLine) -> str:
    """Who pays how much of its members' cost, and who nothing, such as '12% of $90k: A 30%, B 5%; C nothing'."""
    paying = [f"{cell.payer} {_share(cell)}" for cell in line.payers if cell.paid_usd]
    nothing = [cell.payer for cell in line.payers if cell.cost_usd and not cell.paid_usd]
    parts = [", ".join(paying)] if paying else []
    parts += [f"{', '.join(nothing) if paying else 'all'} nothing"] if nothing else []
    return f"{_ratio(line.coverage)} of {short_dollars(line.cost_usd)}: {'; '.join(parts)}"


# Workflows and payers ---------------------------------------------------------------------------------


def _workflows(found: GapsDocument, *, narrow: bool) -> RenderableType:
    table = number_table(["Workflow"], ["Cost", "Paid", *([] if narrow else ["Unpaid"])], [""])
    for line in found.coverage:
        if line.paid_usd or line.cost_usd:
            unpaid = max(line.cost_usd - max(line.paid_usd, 0.0), 0.0)
            amounts = (line.cost_usd, line.paid_usd, *([] if narrow else [unpaid]))
            add_row(table, [_name(line), *map(short_dollars, amounts), _standing(line, narrow=narrow)])
    words = "Costs and money by workflow, a year"
    return section(words, table, Padding(Text(_reading(found), style="dim"), (0, 0, 0, 1)))


def _standing(line: CoverageLine, *, narrow: bool) -> str:
    words = {"orphan": "nobody pays", "overlap": "above its cost", "partly_paid": "partly paid"}
    if line.standing not in words:
        return ""
    return f"{'core, ' if line.core and not narrow else ''}{words[line.standing]}"


def _reading(found: GapsDocument) -> str:
    orphans = f"{count(len(found.orphans), 'workflow')} that cost money are paid less than 5% of it. "
    return (orphans if found.orphans else "") + (
        "No workflow: reporting and staff without work on the side of costs; money that no workflow earned, and money "
        "taken back, on the side of payers."
    )


def _column(found: GapsDocument, *, narrow: bool) -> RenderableType:
    """One payer's own column of the matrix."""
    table = number_table(["Workflow"], [*([] if narrow else ["Its cost"]), "It pays", "Covers", "All cover"])
    for line in found.coverage:
        for cell in line.payers:
            if cell.cost_usd or cell.paid_usd:
                money = [short_dollars(usd) for usd in ([] if narrow else [cell.cost_usd]) + [cell.paid_usd]]
                add_row(table, [_name(line), *money, _share(cell), _ratio(line.coverage)])
    return section("What it pays of the cost that its own members cause", table)


def _payers(lines: Sequence[PayerLine], *, narrow: bool) -> RenderableType:
    more = [] if narrow else ["Paid", "Covers"]
    table = number_table(["Payer"], ["Members", "Cost", *more, "Unpaid", "Rides free"])
    for line in lines:
        paid = [] if narrow else [short_dollars(line.paid_usd), _ratio(line.coverage)]
        last = [short_dollars(line.unpaid_usd), short_dollars(line.free_ride_usd)]
        add_row(table, [line.payer, f"{line.members:,.0f}", short_dollars(line.cost_usd), *paid, *last])
    credited = sum(line.credited_usd for line in lines)
    parts = [note(f"Credited money, which is not counted: {dollars(credited)}.", "dim")] if credited else []
    return section("Payers: cost of their members, and what they leave of it", table, *parts)


def _rides(found: GapsDocument, *, narrow: bool) -> Iterator[RenderableType]:
    if not found.free_rides:
        return
    more = [] if narrow else ["Of cost", "Pays"]
    table = number_table(["Payer", "Workflow"], [*more, "Below its share"])
    for line in found.free_rides[:MOST_LINES]:
        cells = [] if narrow else [percent(line.share_of_cost), short_dollars(line.paid_usd)]
        add_row(table, [line.payer, line.workflow, *cells, short_dollars(line.amount_usd)])
    yield section("Free rides: others pay for work on their members", table)
    yield from _rest(len(found.free_rides))


def _overlaps(lines: Sequence[OverlapLine]) -> Iterator[RenderableType]:
    if lines:
        yield section("Overlaps: paid above the whole cost", key_values(map(_overlap, lines[:MOST_LINES])))
        yield from _rest(len(lines))


def _overlap(line: OverlapLine) -> tuple[str, str]:
    parts = [f"{part.program} {short_dollars(part.paid_usd)}" for part in line.paid_by if part.paid_usd > 0]
    more = f" and {len(parts) - 4} more" if len(parts) > 4 else ""
    return line.workflow, f"{short_dollars(line.above_cost_usd)} above its cost: {', '.join(parts[:4])}{more}"


def _rest(number: int) -> Iterator[RenderableType]:
    if number > MOST_LINES:
        yield Padding(Text(f"and {number - MOST_LINES} more with --json", style="dim"), (0, 0, 0, 1))
