"""Settled results tables and payout curves, for the screen and for files."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
from rich.console import Console
from rich.text import Text

from critmass.domain.errors import InputError, Problem
from critmass.report.pieces import add_row, key_values, note, number_table, section
from critmass.report.words import count, dollars
from critmass.report.write import check_folder, write_files
from critmass.studies.entities import EntitySettlement
from critmass.studies.sweep import PayoutCurve

OUT_SUFFIXES = (".csv", ".xlsx", ".parquet", ".json")
_WORKBOOK_ROWS = 1_048_575
_ROWS_SHOWN = 12
_POINTS_SHOWN = 21
_BAR = 24


def check_out_file(path: Path) -> None:
    """Makes sure that a table can be written under this name, before any time is spent.

    Raises:
        InputError: when the ending is unknown or the folder cannot be written to.
    """
    if path.suffix.lower() not in OUT_SUFFIXES:
        fix = f"let the name end in {', '.join(OUT_SUFFIXES)}"
        raise InputError([Problem(str(path), "is not a kind of table that is written", fix)])
    check_folder(path.parent)


def write_table(path: Path, frame: pd.DataFrame, chart: Callable[[Any, Any], None] | None = None) -> None:
    """Writes a table by the ending of its name, whole or not at all; a workbook gets the chart too.

    Raises:
        InputError: when the folder cannot be written to.
    """
    writers: dict[str, Callable[[Path], object]] = {
        ".csv": lambda file: frame.to_csv(file, index=False),
        ".xlsx": lambda file: _write_workbook(file, frame, chart),
        ".parquet": lambda file: frame.to_parquet(file, index=False),
        ".json": lambda file: frame.to_json(file, orient="records", indent=2),
    }
    if path.suffix.lower() == ".xlsx" and len(frame) > _WORKBOOK_ROWS:
        message = f"a workbook holds at most {_WORKBOOK_ROWS:,} rows, and there are {len(frame):,}"
        raise InputError([Problem(str(path), message, "let the name end in .csv or .parquet")])
    write_files(path.parent, {path.name: writers[path.suffix.lower()]})


def _write_workbook(path: Path, frame: pd.DataFrame, chart: Callable[[Any, Any], None] | None) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("Settlement")
        money, plain = book.add_format({"num_format": "#,##0.00"}), book.add_format({"num_format": "General"})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for place, name in enumerate(frame.columns):
            wide = max(12.0, min(26.0, len(str(name)) * 1.15))
            numeric = pd.api.types.is_numeric_dtype(frame[name])
            is_money = numeric and (str(name).endswith("_usd") or (place > 0 and not str(name).startswith("score.")))
            sheet.set_column(place, place, wide, money if is_money else plain)
            sheet.write(0, place, str(name), bold)
            cells = [None if isinstance(cell, float) and math.isnan(cell) else cell for cell in frame[name].tolist()]
            sheet.write_column(1, place, cells)
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        if chart is not None:
            chart(book, sheet)


# Settled tables ---------------------------------------------------------------------------------------


def settlement_summary(settled: EntitySettlement) -> dict[str, Any]:
    """What a settled table comes to, for programs."""
    frame = settled.frame()
    totals = frame["total_usd"]
    components = [f"{clause.program.id}.{clause.component.id}" for clause in settled.settled.terms.clauses]
    return {
        "kind": "entity_settlement",
        "status": "done",
        "entities": len(frame),
        "paid": int((totals > 0).sum()),
        "owing": int((totals < 0).sum()),
        "total_usd": round(float(totals.sum()), 2),
        "by_component_usd": {name: round(float(frame[name].sum()), 2) for name in components},
        "facts_at_default": list(settled.defaults),
        "catalog_hash": settled.book.catalog.hash,
    }


def show_entities(console: Console, settled: EntitySettlement) -> None:
    """The totals and the first rows."""
    frame, summary = settled.frame(), settlement_summary(settled)
    head = [
        ("Entities", f"{summary['entities']:,}"),
        ("Paid", f"{summary['paid']:,}"),
        ("Owing", f"{summary['owing']:,}"),
        ("Total", dollars(summary["total_usd"])),
    ]
    console.print(section("Settled", key_values(head)))
    if summary["by_component_usd"]:
        console.print(section("By component", _component_table(settled, frame)))
    console.print(section("First rows", _first_rows(settled, frame)))
    if settled.defaults:
        text = f"Not in the map, so at the catalog's default: {', '.join(settled.defaults)}."
        console.print(note(text, "yellow"))


def _component_table(settled: EntitySettlement, frame: pd.DataFrame) -> Any:
    found = number_table(("Program", "Component"), ("Entities", "USD"))
    for clause in settled.settled.terms.clauses:
        amounts = frame[f"{clause.program.id}.{clause.component.id}"]
        add_row(
            found,
            (clause.program.label, clause.component.label, f"{int((amounts != 0).sum()):,}", f"{amounts.sum():,.2f}"),
        )
    return found


def _first_rows(settled: EntitySettlement, frame: pd.DataFrame) -> Any:
    scores = list(settled.scores)
    found = number_table(("Entity", "Programs"), (*scores, "USD"))
    for _, line in frame.head(_ROWS_SHOWN).iterrows():
        numbers = [_score(float(line[f"score.{name}"])) for name in scores]
        add_row(found, (str(line["entity"]), str(line["programs"]), *numbers, f"{line['total_usd']:,.2f}"))
    left = len(frame) - _ROWS_SHOWN
    if left > 0:
        add_row(found, (f"and {count(left, 'row')} more", "", *([""] * len(scores)), ""))
    return found


def _score(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.4f}"


# Payout curves ----------------------------------------------------------------------------------------


def curve_document(curve: PayoutCurve) -> dict[str, Any]:
    """A payout curve for programs: table, cliffs, and the series of a chart."""
    values = [round(float(value), 10) for value in curve.sweep.values()]
    return {
        "kind": "payout_curve",
        "status": "done",
        "driver": curve.sweep.driver,
        "at": dict(curve.settings),
        "facts_at_default": [key.removeprefix("facts.") for key in curve.defaults],
        "values": values,
        "payouts_usd": {name: [round(float(usd), 2) for usd in paid] for name, paid in curve.payouts().items()},
        "components_usd": {
            ".".join(key): [round(float(usd), 2) for usd in curve.components[place]]
            for place, key in enumerate(curve.keys)
        },
        "cliffs": [
            {"program": cliff.program, "at": cliff.at, "before_usd": round(cliff.before_usd, 2),
             "after_usd": round(cliff.after_usd, 2)}
            for cliff in curve.cliffs
        ],
        "cost_usd": curve.cost_usd,
        "break_even": dict(curve.break_even),
        "break_even_together": curve.together,
        "chart": {"type": "line", "x": curve.sweep.driver, "x_values": values, "y_unit": "USD",
                  "series": [program.id for program in curve.programs]},
    }  # fmt: skip


def show_curve(console: Console, curve: PayoutCurve) -> None:
    """The curve as a table with bars, and its cliffs."""
    places = np.unique(np.linspace(0, curve.sweep.count - 1, _POINTS_SHOWN).round().astype(int))
    for name, paid in curve.payouts().items():
        label = next(program.label for program in curve.programs if program.id == name)
        found = number_table((), (curve.sweep.driver, "USD"), ("",))
        for place in places.tolist():
            bar = _bar(float(paid[place]), float(paid.min()), float(paid.max()))
            add_row(found, (f"{curve.sweep.values()[place]:,.6g}", f"{paid[place]:,.2f}", bar))
        console.print(section(label, found))
    console.print(section("Cliffs", _cliff_table(curve)) if curve.cliffs else note("No cliffs.", "dim"))
    if curve.cost_usd is not None:
        _show_break_even(console, curve, curve.cost_usd)
    if curve.defaults:
        names = ", ".join(key.removeprefix("facts.") for key in curve.defaults)
        console.print(note(f"At the catalog's default: {names}.", "yellow"))


def _show_break_even(console: Console, curve: PayoutCurve, cost_usd: float) -> None:
    sweep, cost = curve.sweep, f"{cost_usd:,.2f}"
    found: dict[str, float | None] = {program.id: curve.break_even.get(program.id) for program in curve.programs}
    if len(found) > 1:
        found["Together"] = curve.together
    for name, value in found.items():
        if value is None:
            never = f"{name}: never pays ${cost} between {sweep.driver} = {sweep.start:,.6g} and {sweep.stop:,.6g}."
            console.print(note(never, "bold yellow"))
        else:
            already = ", where the sweep begins" if value == sweep.start else ""
            console.print(note(f"{name}: first pays ${cost} at {sweep.driver} = {value:,.6g}{already}.", "bold"))


def _bar(value: float, low: float, high: float) -> Text:
    """A bar from zero, losses to the left of the mark, gains to the right."""
    span = max(high, 0.0) - min(low, 0.0)
    if span <= 0:
        return Text("")
    left = round(_BAR * -min(low, 0.0) / span)
    size = round(_BAR * abs(value) / span)
    if value < 0:
        return Text(" " * (left - size) + "█" * size + "│", style="red")
    return Text(" " * left + "│" + "█" * size, style="green")


def _cliff_table(curve: PayoutCurve) -> Any:
    found = number_table(("Program",), (_short(curve.sweep.driver), "USD before", "USD then", "Jump"))
    for cliff in curve.cliffs[:_POINTS_SHOWN]:
        jump = cliff.after_usd - cliff.before_usd
        cells = (
            cliff.program,
            f"{cliff.at:,.6g}",
            f"{cliff.before_usd:,.2f}",
            f"{cliff.after_usd:,.2f}",
            f"{jump:+,.2f}",
        )
        add_row(found, cells)
    left = len(curve.cliffs) - _POINTS_SHOWN
    if left > 0:
        add_row(found, (f"and {count(left, 'cliff')} more", "", "", "", ""))
    return found


def _short(driver: str) -> str:
    """A driver without its family, for a narrow column."""
    return driver.partition(".")[2] or driver


def curve_chart(curve: PayoutCurve) -> Callable[[Any, Any], None]:
    """Draws the curve on a sheet of its own, upright at every cliff."""

    def draw(book: Any, table: Any) -> None:
        sheet, data = book.add_worksheet("Chart"), book.add_worksheet("Chart points")
        sheet.set_landscape()
        sheet.fit_to_pages(1, 1)
        chart = book.add_chart({"type": "scatter", "subtype": "straight"})
        for place, program in enumerate(curve.programs):
            points = _with_cliffs(curve, program.id)
            left = 2 * place
            data.write_row(0, left, [curve.sweep.driver, program.id])
            data.write_column(1, left, [at for at, _ in points])
            data.write_column(1, left + 1, [round(usd, 2) for _, usd in points])
            chart.add_series({
                "name": program.label, "categories": [data.name, 1, left, len(points), left],
                "values": [data.name, 1, left + 1, len(points), left + 1],
            })  # fmt: skip
        at_the_edge = {"label_position": "low", "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}}
        ends = {"min": curve.sweep.start, "max": curve.sweep.stop}
        chart.set_x_axis({"name": curve.sweep.driver, **ends, **at_the_edge})
        chart.set_y_axis({"name": "USD a year", "num_format": "#,##0", **at_the_edge})
        chart.set_legend({"position": "bottom"} if len(curve.programs) > 1 else {"none": True})
        chart.set_size({"width": 900, "height": 480})
        sheet.insert_chart(0, 0, chart)

    return draw


def _with_cliffs(curve: PayoutCurve, program: str) -> list[tuple[float, float]]:
    """The points of a program's curve, with two at every cliff: just before it, and from there on."""
    points = [
        (float(at), 1, float(usd)) for at, usd in zip(curve.sweep.values(), curve.payouts()[program], strict=True)
    ]
    for cliff in curve.cliffs:
        if cliff.program == program:
            points += [(cliff.at, 0, cliff.before_usd), (cliff.at, 1, cliff.after_usd)]
    return [(at, usd) for at, _, usd in sorted(points)]
