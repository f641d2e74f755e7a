"""The money trail on a terminal: clause by clause, how each amount comes about, and where its numbers come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from critmass.report.explanation_schema import GroundsLine, MoneyLine
from critmass.report.explanation_words import COMPARED, DRIVERS, IN_USD, QUANTITIES, UNITS, money
from critmass.report.pieces import add_row, note, number_table, section
from critmass.report.words import GROUNDS, count, dollars
from critmass.studies.explain.looked_at import GateFound, LimitFound, Looked, RateFound
from critmass.studies.explain.money import ClauseTrail, CostTrail, Ground

MOST_ROWS = 12
"""Practices shown for one clause; JSON has all of them."""
_SHARES = ("rate", "improvement", "savings_rate", "composite", "peer_percentile")


def money_section(found: MoneyLine, *, by_practice: bool) -> RenderableType:
    """Every clause with its amounts, then the costs, what they add up to, and the sources."""
    parts: list[RenderableType] = []
    sources = _Sources()
    for key, group in groupby(found.clauses, key=lambda item: (item.program, item.component)):
        lines = list(group)
        if not by_practice or any(line.practice_usd or line.takes_part for line in lines):
            parts.append(_clause(lines, sources.of(_grounds_of(found.grounds, key))))
    total = f"Adds up to {_cents(found.total_usd)} in the ledger"
    costs = f"; costs of {_cents(-found.cost_usd)} are booked beside it" if found.cost_usd else ""
    if found.costs:
        parts.append(_costs(found.costs))
    parts.append(note(f"{total}{costs}.", "bold"))
    if sources.titles:
        parts.append(section("Sources", *(Padding(Text(line), (0, 0, 0, 1)) for line in sources.lines())))
    return section("Where the money comes from", *parts)


class _Sources:
    """Numbers the documents that clauses rest on."""

    def __init__(self) -> None:
        self.titles: dict[str, int] = {}

    def of(self, line: GroundsLine | None) -> str:
        """What a clause rests on, such as 'quoted [1], assumed (a reason)'."""
        grounds = line.grounds if line is not None else ()
        parts: dict[str, list[str]] = {}
        for ground in grounds:
            words = f"[{self._number(ground)}]" if ground.title else f"({ground.reason})"
            parts.setdefault(GROUNDS[ground.grade], []).append(words)
        return "; ".join(f"{grade} {' '.join(dict.fromkeys(words))}" for grade, words in parts.items())

    def _number(self, ground: Ground) -> int:
        text = f"{ground.title}, {ground.url} (seen {ground.seen})"
        return self.titles.setdefault(text, len(self.titles) + 1)

    def lines(self) -> Iterator[str]:
        """Every document with its number."""
        return (f"[{number}] {text}" for text, number in self.titles.items())


def _cents(usd: float) -> str:
    return f"-${-usd:,.2f}" if usd < 0 else f"${usd:,.2f}"


def _grounds_of(lines: Sequence[GroundsLine], key: tuple[str, str]) -> GroundsLine | None:
    return next((line for line in lines if (line.program, line.component) == key), None)


# One clause -------------------------------------------------------------------------------------------


def _clause(lines: Sequence[ClauseTrail], grounds: str) -> RenderableType:
    first = lines[0]
    title = Text(f"{first.label} ({first.payer}", style="bold").append(
        f"{'' if first.status == 'new' else ', ' + first.status}): {first.clause}"
    )
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    for line in lines[:MOST_ROWS]:
        grid.add_row(Text(line.practice), Text(_how(line)), Text(_cents(line.practice_usd)))
    rest = len(lines) - MOST_ROWS
    more = [Text(f"and {count(rest, 'practice')} more; --json has all of them", style="dim")] if rest > 0 else []
    below = [*more, *([Text(f"Rests on: {grounds}", style="dim")] if grounds else [])]
    indented: list[RenderableType] = [Padding(part, (0, 0, 0, 2)) for part in below]
    return Padding(Group(title, Padding(grid, (0, 0, 0, 2)), *indented), (0, 0, 1, 1))


def _how(line: ClauseTrail) -> str:
    if not line.takes_part:
        return "takes no part"
    if line.quantity is None:
        return "kept by the organization"
    return ", ".join(_steps(line))


def _steps(line: ClauseTrail) -> Iterator[str]:
    shut = [gate for gate in line.gates if not gate.open]
    if shut:
        yield "shut: " + "; ".join(_gate(gate) for gate in shut)
        return
    assert line.quantity is not None and line.rate is not None
    yield f"{_quantity(line.quantity)} x {_rate(line.rate, line.quantity.kind)}"
    if line.driver is not None:
        yield f"for {_driver(line.driver)}{_row(line.rate)}"
    if line.year_share != 1.0:
        yield f"{line.year_share:.0%} of the year"
    yield from (f"x {factor:,.4g}" for factor in line.multipliers)
    yield from (_limit(limit) for limit in line.limits if abs(limit.before_usd - limit.after_usd) >= 0.005)
    if line.prepaid_usd is not None:
        yield f"{dollars(line.prepaid_usd)} paid ahead"
    if line.unit_share != 1.0:
        yield f"{line.unit_share:.1%} of {dollars(line.unit_usd)}"
    if line.passed_share != 1.0:
        yield f"{line.passed_share:.0%} passed on"
    if line.gates:
        yield "open: " + "; ".join(_gate(gate) for gate in line.gates)


def _quantity(found: Looked) -> str:
    subject = f" {found.subject}" if found.subject else ""
    if found.kind in IN_USD:
        return f"{money(found.value)} {QUANTITIES[found.kind]}{subject}"
    return f"{_count(found.value)} {QUANTITIES.get(found.kind, found.kind)}{subject}"


def _count(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _rate(rate: RateFound, quantity: str) -> str:
    if rate.parts:
        return " + ".join(f"{units:,.0f} {name.replace('_', ' ')} at {money(each)}" for name, units, each in rate.parts)
    if quantity in IN_USD:
        return f"{rate.value * 100:.6g}%"
    return f"{money(rate.value)} {UNITS.get(quantity, '')}".strip()


def _row(rate: RateFound) -> str:
    if rate.row is None:
        return ""
    return f" (row {rate.row}, from {rate.threshold:,.6g})" if rate.row else " (below the first row)"


def _driver(found: Looked) -> str:
    return f"{found.subject + ' ' if found.subject else ''}{DRIVERS.get(found.kind, found.kind)} {_number(found)}"


def _number(found: Looked) -> str:
    return f"{found.value:.1%}" if found.kind in _SHARES else f"{found.value:,.4g}"


def _gate(gate: GateFound) -> str:
    if gate.parts:
        joined = " or ".join(f"({_gate(part)})" for part in gate.parts)
        return joined if gate.at_least == 1 else f"{gate.at_least} of {joined}"
    if gate.threshold is None:
        return {
            "workflow": f"{gate.subject} {'runs' if gate.open else 'does not run'}",
            "program": f"{gate.subject} {'is joined' if gate.open else 'is not joined'}",
            "program_not_joined": f"{gate.subject} {'is not joined' if gate.open else 'is joined'}",
        }.get(gate.kind, gate.kind)
    found = Looked(gate.kind, gate.subject, gate.found or 0.0)
    limit = Looked(gate.kind, gate.subject, gate.threshold)
    return f"{_driver(found)}, {COMPARED[gate.comparison]} {_number(limit)}"


def _limit(limit: LimitFound) -> str:
    name = limit.kind.replace("_", " ")
    return f"{name} makes {dollars(limit.before_usd)} {dollars(limit.after_usd)}"


# Costs ------------------------------------------------------------------------------------------------


def _costs(lines: Sequence[CostTrail]) -> RenderableType:
    table = number_table(["Cost", "For"], ["Dollars"])
    sums: dict[tuple[str, str], float] = {}
    for line in lines:
        key = (line.clause, line.workflow or line.program or "-")
        sums[key] = sums.get(key, 0.0) + line.usd
    for (clause, what), usd in sorted(sums.items(), key=lambda item: item[1]):
        add_row(table, [clause, what, _cents(usd)])
    return Padding(table, (0, 0, 0, 0))
