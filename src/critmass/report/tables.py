"""Plans and settlements as tables on a terminal, readable from 60 columns on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from critmass.report.pieces import add_row, heading, key_values, note, number_table, rest_line, section
from critmass.report.schema import (
    LevelProof,
    PlanDocument,
    PlannedPractice,
    PracticeMoney,
    ProgramMoney,
    SettledPractice,
    SettlementDocument,
    Statement,
    WorkflowMoney,
)
from critmass.report.words import (
    GROUNDS,
    LEVELS,
    count,
    dollars,
    level_value,
    percent,
    ratio,
    seconds,
    short_dollars,
    shown_gap,
)

MOST_ROWS = 20
"""Rows of a table before the rest is left to the files."""
NARROW = 76
"""Below this many columns, dollars in tables are shortened and only the largest payers named."""
_MOST_NAMES = 10
Practices = Sequence[PlannedPractice] | Sequence[SettledPractice]


def show_plan(console: Console, plan: PlanDocument) -> None:
    """Prints what a board asks first: the result, practices, programs, workflows, and what they rest on."""
    console.print(heading(f"{plan.organization.name}: plan for {plan.scenario.performance_year}"))
    console.print(key_values(_plan_headline(plan)))
    console.print(_sections(plan, plan.practices, narrow=console.width < NARROW))


def show_settlement(console: Console, settled: SettlementDocument) -> None:
    """Prints what contracts pay as things stand."""
    year = settled.scenario.performance_year
    console.print(heading(f"{settled.organization.name}: as things stand in {year}"))
    console.print(key_values(_settlement_headline(settled)))
    console.print(_sections(settled, settled.practices, narrow=console.width < NARROW))


def _sections(statement: Statement, practices: Practices, *, narrow: bool) -> RenderableType:
    return Group(
        practice_table(practices, statement.scenario.critical_mass.payers, narrow=narrow),
        program_table(statement.programs, len(practices), planned=isinstance(statement, PlanDocument), narrow=narrow),
        workflow_table(statement.workflows, narrow=narrow),
        grounds_table(statement),
        *(note(text, "yellow") for text in statement.notes),
    )


# Headline ---------------------------------------------------------------------------------------------


def _plan_headline(plan: PlanDocument) -> Iterator[tuple[str, str]]:
    asked = percent(plan.options.gap)
    proof = f"within the asked gap of {asked}" if plan.status == "optimal" else f"gap of {asked} not proved"
    yield "Result", f"{plan.status}, {proof}, {seconds(plan.wall_seconds)}"
    for level in plan.levels:
        yield LEVELS.get(level.name, level.name).capitalize(), _proof(level)
    whole = count(len(plan.practices), "practice")
    yield (
        "At critical mass",
        f"{plan.practices_at_mass:,} of {whole}, today {plan.before.practices_at_mass:,}",
    )
    yield "Net margin today", dollars(plan.before.margin_usd)
    yield from _money_headline(plan)


def _settlement_headline(settled: SettlementDocument) -> Iterator[tuple[str, str]]:
    whole = count(len(settled.practices), "practice")
    yield "At critical mass", f"{settled.practices_at_mass:,} of {whole}"
    yield "Net margin", dollars(settled.money.margin_usd)
    yield from _money_headline(settled)


def _money_headline(statement: Statement) -> Iterator[tuple[str, str]]:
    money = statement.money
    withheld = f", {dollars(money.withheld_usd)} withheld" if money.withheld_usd else ""
    credited = f", {dollars(money.credited_usd)} credited" if money.credited_usd else ""
    yield "New money", f"{dollars(money.new_usd)}{withheld}{credited}"
    yield (
        "In cash",
        f"{dollars(money.cash_in_year_usd)} within the year, {dollars(money.cash_later_usd)} later",
    )
    yield "Cost", dollars(money.cost_usd)


def _proof(level: LevelProof) -> str:
    value = level_value(level.name, level.value)
    if level.bound is None or level.gap is None:
        return f"{value}, no bound proved"
    if level.gap == 0:
        return f"{value}, proved the most"
    gap = f" (gap {percent(level.gap)})" if shown_gap(level) is not None else ""
    return f"{value}, at most {level_value(level.name, level.bound)}{gap}"


# Tables -----------------------------------------------------------------------------------------------


def practice_table(practices: Practices, payers_needed: int, *, narrow: bool = False) -> RenderableType:
    """Who reaches critical mass, before and after, and what the others lack. The largest practices first."""
    shown: list[PlannedPractice | SettledPractice] = [*practices]
    shown = sorted(shown, key=lambda practice: -practice.members)[:MOST_ROWS]
    planned = any(isinstance(practice, PlannedPractice) for practice in shown)
    ratios = ["Before", "After"] if planned else ["Ratio"]
    members = [] if narrow else ["Members"]
    table = number_table(["Practice"], [*members, *ratios, "Shortfall"], ["Lacks"])
    for practice in shown:
        cells = [] if narrow else [f"{practice.members:,.0f}"]
        lacks = _lacks(practice, payers_needed)
        add_row(table, [practice.id, *cells, *_ratios(practice), _shortfall(practice, narrow=narrow), lacks])
    rest = rest_line(len(practices) - len(shown), "practice")
    return section("Mass ratio: reimbursement over cost", table, rest)


def _ratios(practice: PlannedPractice | SettledPractice) -> list[str]:
    if isinstance(practice, PlannedPractice):
        return [ratio(practice.mass_ratio_before), ratio(practice.mass_ratio_after)]
    return [ratio(practice.mass_ratio)]


def _shortfall(practice: PracticeMoney, *, narrow: bool) -> str:
    return _usd(practice.shortfall_usd, narrow=narrow) if practice.shortfall_usd else "-"


def _lacks(practice: PlannedPractice | SettledPractice, payers_needed: int) -> Text:
    if practice.at_mass_after if isinstance(practice, PlannedPractice) else practice.at_mass:
        return Text("nothing", style="green")
    payers = payers_needed - practice.payers_bringing_share
    parts = ["money"] if practice.shortfall_usd > 0 else []
    parts += [count(payers, "payer")] if payers > 0 else []
    parts += [count(len(practice.core_missing), "core workflow")] if practice.core_missing else []
    return Text(", ".join(parts))


def program_table(
    programs: Sequence[ProgramMoney], practices: int, *, planned: bool = True, narrow: bool = False
) -> RenderableType:
    """Programs by the dollars that they bring or take, then the names of those that are not joined."""
    declined = "declined" if planned else "not joined"
    paying = [line for line in programs if line.decision == "joined" or _net(line)]
    ranked = sorted(paying, key=lambda line: -_net(line))
    table = number_table(["Program", "Payer"], ["Joined by", "Dollars"])
    for line in ranked[:MOST_ROWS]:
        joined = f"{len(line.practices):,} of {practices:,}" if line.practices else declined
        add_row(table, [line.label + _status_words(line), line.payer, joined, _usd(_net(line), narrow=narrow)])
    rest = rest_line(len(ranked) - MOST_ROWS, "program")
    return section("Programs by dollars", table, rest, _declined(programs, declined.capitalize()))


def _net(program: ProgramMoney) -> float:
    return program.new_usd + program.withheld_usd


def _status_words(program: ProgramMoney) -> str:
    withheld = " (withheld)" if program.withheld_usd and not program.new_usd else ""
    credited = f" (and {dollars(program.credited_usd)} credited)" if program.credited_usd else ""
    return withheld + credited


def _declined(programs: Sequence[ProgramMoney], title: str) -> RenderableType:
    labels = [line.label for line in programs if line.decision == "declined"]
    rest = f"; and {len(labels) - _MOST_NAMES:,} more" if len(labels) > _MOST_NAMES else ""
    out = sum(line.decision == "not_available" for line in programs)
    text = Text()
    if labels:
        text.append(f"{title}: ", style="bold").append("; ".join(labels[:_MOST_NAMES]) + rest + ". ")
    if out:
        text.append(f"Not available here: {count(out, 'program')}.", style="dim")
    return Padding(text, (1, 0, 0, 1)) if labels or out else Text("", end="")


def workflow_table(workflows: Sequence[WorkflowMoney], *, narrow: bool = False) -> RenderableType:
    """Workflows that run: what they cost with their staff, what they earn, and whose money it is."""
    table = number_table(["Workflow"], ["Own", "Hub", "Cost", "Earns"], ["Paid by"])
    running = [line for line in workflows if line.practices_own or line.practices_hub or line.cost_usd]
    for line in running:
        label = line.label + ("*" if line.core else "")
        money = [_usd(line.cost_usd, narrow=narrow), _usd(line.funded_usd, narrow=narrow)]
        paid_by = _funded_by(line, most=1 if narrow else 3)
        add_row(table, [label, f"{line.practices_own:,}", f"{line.practices_hub:,}", *money, paid_by])
    idle = [line.label for line in workflows if line not in running and line.core]
    missing = note(f"Core workflows that nobody runs: {'; '.join(idle)}.", "") if idle else Text("", end="")
    return section("Workflows (* core) with their staff, and who pays for them", table, missing)


def _funded_by(line: WorkflowMoney, *, most: int) -> str:
    shares = [(payer, amount / line.funded_usd) for payer, amount in line.funded_by.items() if line.funded_usd > 0]
    return ", ".join(f"{payer} {percent(share)}" for payer, share in shares[:most]) or "nobody"


def grounds_table(statement: Statement) -> RenderableType:
    """What the new dollars rest on."""
    total = sum(statement.dollars_by_confidence.values())
    if not total:
        return Text("", end="")
    table = number_table(["Ground"], ["Dollars", "Share"])
    for grade, amount in statement.dollars_by_confidence.items():
        add_row(table, [GROUNDS[grade], dollars(amount), percent(amount / total)])
    text = (
        f"{percent(statement.assumption_share)} of it rests on values that are assumed or unverified, "
        f"{percent(statement.carried_forward_share)} on terms of an earlier year."
    )
    return section("What the new money rests on", table, note(text, ""))


# Pieces -----------------------------------------------------------------------------------------------


def _usd(amount: float, *, narrow: bool) -> str:
    return short_dollars(amount) if narrow else dollars(amount)
