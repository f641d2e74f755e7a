"""The page that shows the component types, made from their files: `python -m critmass.report.component_types FILE`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from critmass.catalog.component_types import ComponentType, as_written, component_types
from critmass.catalog.coverage import GRADES
from critmass.domain.values import Cited, cited_values
from critmass.report.words import GROUNDS
from critmass.report.yaml_text import plain_number, yaml_text

_INTRODUCTION = """\
# Component types

Twenty-five ways in which payers pay a practice, each as it stands in a catalog. A program is made of one or more
of them. The examples are real programs in our words; dollars and shares stand here without their sources, which
are in `data/component_types/` together with everything else that makes each of them run, and with a year that is
settled to the cent by a test.

This page is made from those files by `make docs`. To begin a program of your own from some of them:

```
critmass new-program mine/ridge.yaml --type 2 --type shared-savings --payer ridge --id ridge_2026 --year 2026
```
"""


def page() -> str:
    """The whole page, in the order of numbers."""
    types = component_types()
    contents = "\n".join(f"{item.number}. [{item.name}](#{_anchor(item)})" for item in types)
    return "\n".join([_INTRODUCTION, contents, *(_section(item) for item in types), ""])


def _anchor(item: ComponentType) -> str:
    """The anchor that GitHub gives the heading."""
    kept = "".join(letter for letter in _title(item).lower() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")


def _title(item: ComponentType) -> str:
    return f"{item.number} {item.name}"


def _section(item: ComponentType) -> str:
    formula = f"`{item.formula.strip()}`"
    example = f"Example: {item.example.strip()}"
    arithmetic = "\n".join(f"- {line}" for line in item.arithmetic)
    code = f"```yaml\n{_components(item)}```"
    parts = [f"## {_title(item)}", f"`{item.key}`: {formula}", example, code, _grounds(item), "By hand:", arithmetic]
    return "\n" + "\n\n".join(parts)


def _components(item: ComponentType) -> str:
    written = [as_written(component, _bare) for component in item.components]
    return yaml_text({"components": written})


def _bare(key: str, number: Cited) -> float | int:
    return plain_number(float(number))


def _grounds(item: ComponentType) -> str:
    """What the numbers of the components rest on, strongest first."""
    counts = Counter(grade for grade in _grades(item))
    named = [f"{counts[grade]} {GROUNDS[grade]}" for grade in GRADES if counts[grade]]
    return f"Numbers: {', '.join(named)}."


def _grades(item: ComponentType) -> Iterator[str]:
    for program in item.catalog.programs:
        inherited = program.cite or item.catalog.cite
        for component in program.components:
            for _, _, cite in cited_values(component, component.id, inherited):
                if cite is not None:
                    yield cite.grade


def show_types(console: Console) -> None:
    """Prints the table of types."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("No.", justify="right", no_wrap=True)
    table.add_column("--type", no_wrap=True)
    table.add_column("Pays", overflow="fold")
    table.add_column("Formula", overflow="fold")
    for item in component_types():
        table.add_row(str(item.number), *(Text(part.strip()) for part in (item.key, item.name, item.formula)))
    console.print(table)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
