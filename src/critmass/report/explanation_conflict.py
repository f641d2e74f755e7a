"""Why no plan exists, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from critmass.report.explanation_schema import ConflictDocument, RepairLine
from critmass.report.explanation_words import fact_words, level_words, term_words
from critmass.report.pieces import heading, note, section
from critmass.report.words import LEVELS, count, dollars


def show_conflict(console: Console, found: ConflictDocument) -> None:
    """Prints the smallest conflict, the facts behind it, and the ways out."""
    console.print(heading(f"{found.organization}: why there is no plan for {found.scenario.performance_year}"))
    for title, lines in _parts(found):
        console.print(section(title, *(_item(line) for line in lines)))
    console.print(note(f"Confirmed by {count(found.plans_made, 'plan')} asked for.", "dim"))


def _item(line: str) -> RenderableType:
    """A line of a list: what does not fit goes on below its beginning."""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text("-"), Text(line))
    return Padding(grid, (0, 0, 0, 1))


def _parts(found: ConflictDocument) -> Iterator[tuple[str, list[str]]]:
    if found.terms:
        title = "Negotiable: these cannot hold together" + (", and none of them is needless" if found.minimal else "")
        yield title, [term_words(term) for term in found.terms]
    else:
        yield "Nothing negotiable", ["The facts contradict each other whatever locks, contracts and budgets say."]
    if found.facts:
        yield "Hard facts behind it", [fact_words(fact) for fact in found.facts]
    if found.repairs:
        yield _ways_out(found.fewest), [_repair(line) for line in found.repairs]
    elif found.terms:
        yield "Ways out", ["None was found within the time limit."]


def _ways_out(fewest: int) -> str:
    if fewest == 1:
        return "Each of these changes alone makes a plan possible, the best plan first"
    if fewest > 1:
        return f"It takes {fewest} changes; each line makes a plan possible, the best plan first"
    return "One way out"


def _repair(line: RepairLine) -> str:
    """Such as 'give up lock: ...: margin of $1,234, 1 practice at critical mass'."""
    level = line.levels[0]
    reached = f"{LEVELS.get(level.name, level.name)} {level_words(level.name, level.value)}"
    mass = f"{count(line.practices_at_mass, 'practice')} at critical mass"
    return f"{_given_up(line)}: {reached}, {mass}"


def _given_up(line: RepairLine) -> str:
    kinds = {term.kind for term in line.dropped}
    words = [term_words(term) for term in line.dropped if term.kind != "organization_budget"]
    parts = [f"give up {' and '.join(words)}"] if words else []
    if "organization_budget" in kinds and line.usd is not None:
        parts.append(f"raise the start-up budget of the organization to {dollars(line.usd)}, the least that does")
    elif "practice_budgets" in kinds and line.usd is not None:
        parts.append(f"its plan spends {dollars(line.usd)} beyond them")
    return "; ".join(parts)
