"""Writes models/practice-finance.md from the cases and from what the engine makes of them."""

from __future__ import annotations

from collections.abc import Iterator

from practice_finance import MODELS, TAGS, Case, Figure, cases, compute, load_fragment

from critmass.domain.catalog import Catalog
from critmass.domain.vocabulary import Constant, Linear, PiecewiseLinear, Schedule
from critmass.studies.sweep import SAVINGS_RATE, parse_sweep

PAGE = MODELS / "practice-finance.md"
SIDES = {"at_most_published": "at most the published", "at_least_published": "at least the published"}
NAMES = {
    "members": "members",
    "benchmark_usd": "benchmark in USD",
    "expenditure_usd": "expenditure in USD",
    SAVINGS_RATE: "savings rate",
}
HEAD = """# Published practice finance, computed again

Each publication below is a small catalog with its payment contract, and stated costs. Settlement says what the
contract pays, and the payout curve where it pays the cost; nothing is computed outside of them. The cases are data in
[practice_finance/](practice_finance/), with their arithmetic line by line. The tests hold every number of this page,
and that the page is what they would write (`make docs`). "By hand" is the arithmetic of the case, where that is not the
published number itself.

| tag | what it shows |
| --- | --- |
"""
COLUMNS = """
| figure | input | published | computed | must be | tag |
| --- | --- | --- | --- | --- | --- |
"""


def page() -> str:
    """The whole page."""
    tags = "".join(f"| {_words(tag)} | {meaning} |\n" for tag, meaning in TAGS.items())
    return HEAD + tags + "".join(_section(case) for case in cases().values())


def _section(case: Case) -> str:
    catalog = load_fragment(case.fragment)
    rows = "".join(f"| {' | '.join(_row(case, figure, catalog))} |\n" for figure in case.figures)
    sources = "; ".join(f"[{item.title}]({item.url}), seen {item.seen}" for item in case.sources.values())
    text = f"\n## {case.title}\n\n{case.claim}\n\n**Not tested.** {case.not_tested}\n\nSource: {sources}.\n"
    return text.replace("$", r"\$") + COLUMNS + rows


def _row(case: Case, figure: Figure, catalog: Catalog) -> tuple[str, ...]:
    published = "-" if figure.published is None else shown(figure.published, figure.unit)
    computed = shown(compute(case, figure, catalog), figure.unit, figure.digits)
    cells = (
        figure.name + (f" ({figure.note})" if figure.note else ""),
        "; ".join(_inputs(case, figure, catalog)),
        published,
        computed,
        ", ".join(_must_be(figure)),
        _words(figure.tag),
    )
    return tuple(cell.replace("$", r"\$") for cell in cells)


def _inputs(case: Case, figure: Figure, catalog: Catalog) -> Iterator[str]:
    for program in (catalog.programs[name] for name in figure.programs):
        yield ", ".join((program.label, *(_rate(component.rate) for component in program.components)))
    yield from (f"{_label(key, catalog)} {_number(value)}" for key, value in figure.at.items())
    if figure.cost is not None:
        yield f"cost {_number(round(case.cost_usd(figure), 2))} USD"
    if figure.sweep is not None:
        sweep = parse_sweep(figure.sweep)
        yield f"{_label(sweep.driver, catalog)} from {_number(sweep.start)} to {_number(sweep.stop)}"


def _rate(schedule: Schedule) -> str:
    """What a payment's rate is, in a word."""
    match schedule:
        case Constant(pays=rate) | Linear(per_unit=rate):
            return f"rate {_number(float(rate))}"
        case PiecewiseLinear(points=points):
            return ", ".join(f"{_number(float(point.pays))} at {_number(float(point.at))}" for point in points)
        case _:
            raise ValueError(f"no words for a {schedule.kind} rate")


def _must_be(figure: Figure) -> Iterator[str]:
    hand = " by hand" if figure.by_hand is not None else ""
    yield f"within {shown(figure.tolerance, figure.unit)} of {shown(figure.expected, figure.unit)}{hand}"
    if figure.inside is not None:
        low, high = (shown(end, figure.unit) for end in figure.inside)
        yield f"inside {low} to {high}"
    if figure.side is not None:
        yield SIDES[figure.side]


def _label(key: str, catalog: Catalog) -> str:
    family, _, name = key.partition(".")
    if family == "facts":
        return catalog.facts[name].label
    return catalog.workflows[name].label if family == "workflows" else NAMES[key]


def shown(value: float, unit: str, digits: int | None = None) -> str:
    """A number with its unit; a share becomes a percentage."""
    scaled = value * 100 if unit == "%" else value
    number = _number(round(scaled, 6)) if digits is None else _number(scaled, digits)
    return number if unit == "year" else f"{number} {unit}"


def _number(value: float, digits: int | None = None) -> str:
    comma = "," if abs(value) >= 10_000 else ""
    return format(value, f"{comma}.10g" if digits is None else f"{comma}.{digits}f")


def _words(tag: str) -> str:
    return tag.replace("_", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
