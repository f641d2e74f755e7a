"""The chart of mass ratios: practice by practice while there are few, by band when there are many."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from critmass.report.schema import PlanDocument, SettlementDocument
from critmass.report.sheets import Field, Page

Document = PlanDocument | SettlementDocument

MOST_COLUMNS = 40
"""Practices that fit into a chart one by one."""
_LOWEST, _HIGHEST = -1.0, 3.0
_BANDS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
_FIRST_RATIO = 3
_COLOURS = ("#B0B7BF", "#2F6DB5")
_TITLE = "Mass ratio: reimbursement over cost"


def add_mass_chart(book: Any, page: Page, practices: str, document: Document) -> None:
    """Adds the chart to the right of a page's words; `practices` names the sheet that holds the ratios."""
    if len(document.practices) <= MOST_COLUMNS:
        chart = _by_practice(book, practices, document)
    else:
        chart = _by_band(book, page, document)
    chart.set_title({"name": _TITLE, "name_font": {"size": 12}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 760, "height": 380})
    page.chart(2, 5, chart)


def _by_practice(book: Any, sheet: str, document: Document) -> Any:
    """Columns before and after for each practice, and a line at the asked ratio."""
    last, names = len(document.practices), _series_names(document)
    labels = [sheet, 1, 0, last, 0]
    chart, line = book.add_chart({"type": "column"}), book.add_chart({"type": "line"})
    for column, (name, colour) in enumerate(zip(names, _COLOURS, strict=False), start=_FIRST_RATIO):
        values = [sheet, 1, column, last, column]
        chart.add_series({"name": name, "categories": labels, "values": values, "fill": {"color": colour}})
    asked = _FIRST_RATIO + len(names)
    values = [sheet, 1, asked, last, asked]
    style = {"color": "#C0392B", "dash_type": "dash"}
    line.add_series({"name": "Asked", "categories": labels, "values": values, "line": style})
    chart.combine(line)
    chart.set_y_axis({"num_format": "0.0", **_axis_limits(_ratios(document))})
    chart.set_x_axis({"label_position": "low"})
    return chart


def _axis_limits(ratios: Sequence[Sequence[float]]) -> dict[str, float]:
    """Cuts the axis where single practices would flatten all others."""
    values = [value for series in ratios for value in series]
    limits = {"min": _LOWEST} if min(values, default=0.0) < _LOWEST else {}
    return limits | ({"max": _HIGHEST} if max(values, default=0.0) > _HIGHEST else {})


def _by_band(book: Any, page: Page, document: Document) -> Any:
    """Practices by band of mass ratio, from a table below the page's words."""
    page.gap()
    names = _series_names(document)
    counts = [_in_bands(series) for series in _ratios(document)]
    fields = [Field("Mass ratio", "text"), *(Field(f"Practices, {name.lower()}", "count") for name in names)]
    top = page.table(fields, zip(_band_names(), *counts, strict=True), alone=False)
    chart = book.add_chart({"type": "column"})
    last = top + len(_band_names())
    labels = [page.name, top + 1, 0, last, 0]
    for column, (name, colour) in enumerate(zip(names, _COLOURS, strict=False), start=1):
        values = [page.name, top + 1, column, last, column]
        chart.add_series({"name": name, "categories": labels, "values": values, "fill": {"color": colour}})
    chart.set_y_axis({"name": "practices", "num_format": "#,##0"})
    return chart


def _series_names(document: Document) -> list[str]:
    return ["Today", "Under the plan"] if isinstance(document, PlanDocument) else ["Today"]


def _ratios(document: Document) -> list[list[float]]:
    """Mass ratios in the order of the series; practices without cost are left out."""
    if isinstance(document, PlanDocument):
        found = [[item.mass_ratio_before for item in document.practices],
                 [item.mass_ratio_after for item in document.practices]]  # fmt: skip
    else:
        found = [[item.mass_ratio for item in document.practices]]
    return [[value for value in series if value is not None] for series in found]


def _band_names() -> list[str]:
    inner = [f"{low:.2f} to {high:.2f}" for low, high in pairwise(_BANDS)]
    return [f"below {_BANDS[0]:.2f}", *inner, f"{_BANDS[-1]:.2f} and more"]


def _in_bands(ratios: Sequence[float]) -> list[int]:
    counts = [0] * (len(_BANDS) + 1)
    for value in ratios:
        counts[sum(value >= limit for limit in _BANDS)] += 1
    return counts
