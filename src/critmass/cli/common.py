"""What every command needs: options with the same meaning everywhere, consoles, and errors in words."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from critmass.catalog.load import catalog_dirs_from_environment
from critmass.domain.errors import CritmassError
from critmass.report.problems import error_document, show_error

NOT_PROVED = 5
"""Exit code of a plan that the time limit, or Ctrl-C, kept from the asked gap."""
STOPPED = 130
"""Exit code after Ctrl-C when there is no result."""

NetworkPath = Annotated[
    Path, typer.Argument(metavar="NETWORK", help="Workbook (.xlsx), or folder of CSV or Parquet files.")
]
ScenarioPath = Annotated[Path | None, typer.Option("--scenario", metavar="FILE", help="Scenario (YAML).")]
CatalogDirs = Annotated[
    list[Path] | None,
    typer.Option("--catalog", metavar="DIR", help="Further catalog folder or file; may be given several times."),
]
OutDir = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for the result's files.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")]


def number(least: float, most: float, example: str) -> Callable[[str], float]:
    """Reads a number of an option, from `least` to `most`; what cannot be read is refused with an `example`."""

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not least <= found <= most:
            raise typer.BadParameter(f"{text!r} is not a number from {least:g} to {most:,g}, such as {example}")
        return found

    return read


read_share = number(0.0, 1.0, "0.015 for 1.5 %")
"""Reads a share, such as a gap."""
read_seconds = number(0.1, 86_400.0, "300 for five minutes")
"""Reads a time limit."""
read_all_seconds = number(1.0, 86_400.0, "60 for a minute")
"""Reads the time limit of something that makes many plans."""

Gap = Annotated[float, typer.Option(parser=read_share, metavar="SHARE", help="Relative gap to prove.")]


def catalog_dirs(given: list[Path] | None) -> tuple[Path, ...]:
    """Catalog folders of the environment and of the command line."""
    return (*catalog_dirs_from_environment(), *(given or ()))


@contextmanager
def errors(as_json: bool) -> Iterator[None]:
    """Turns an error that a user can mend into words, and into JSON where JSON was asked for."""
    try:
        yield
    except CritmassError as error:
        if as_json:
            print_json(error_document(error))
        show_error(stderr(), error)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        stderr().print("Stopped; nothing was written.")
        raise typer.Exit(STOPPED) from None


def stdout() -> Console:
    """Where results go."""
    return Console(highlight=False)


def stderr() -> Console:
    """Where progress and errors go."""
    return Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """A line beside the result."""
    stderr().print(Text(text), soft_wrap=True)


def print_json(document: dict[str, Any]) -> None:
    """A document as JSON on stdout."""
    print_text(json.dumps(document, indent=2, ensure_ascii=False))


def print_text(text: str) -> None:
    """Text on stdout, as it is."""
    sys.stdout.write(text + "\n")
