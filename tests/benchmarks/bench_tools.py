"""What the benchmarks share: instances, fresh processes, versions, and aligned tables."""

from __future__ import annotations

import os

# One core for linear algebra: the library reads this when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import importlib.util
import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

from plan_times import machine

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import NetworkModel, formulate
from critmass.network import sample_network
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.solve.columns import Stage
from critmass.studies.plan import objective_stages

SEED = 1
"""Seed of every sample network and of every solver that takes one."""

ROUNDING = 1e-5
"""Relative difference that two numbers from different solves may have and still be called the same."""

NOT_INSTALLED = "not installed"

UNKNOWN = "-"
"""A cell that has no figure."""


@cache
def shipped_catalog() -> Catalog:
    """The catalog that comes with the product, read once."""
    return load_catalog()


def instance(practices: int) -> tuple[Network, Catalog, Scenario]:
    """The sample network of that many practices, the shipped catalog, and the default scenario."""
    catalog = shipped_catalog()
    return sample_network(practices, SEED, catalog), catalog, Scenario()


def formulated(network: Network, catalog: Catalog, scenario: Scenario) -> NetworkModel:
    """The whole network's blocks and links from the domain objects."""
    model, terms = Model(network, catalog, scenario), terms_in_force(catalog, network, scenario)
    return formulate(Shared(model, terms))


def only_stage(scenario: Scenario) -> Stage:
    """The objective of a scenario that has a single level."""
    stages = objective_stages(scenario)
    assert len(stages) == 1
    return Stage(*stages[0])


def installed(package: str) -> bool:
    """Whether a package can be imported here."""
    return importlib.util.find_spec(package) is not None


def versions(*packages: str) -> str:
    """The machine, and each package with its version."""
    found = [f"{name} {version(name) if installed(name) else NOT_INSTALLED}" for name in packages]
    return ", ".join([machine(), *found])


def in_fresh_process(script: str, arguments: Sequence[object], seconds: float | None = None) -> dict[str, Any] | None:
    """Run a benchmark's own script anew and read the JSON of its last line; None when it took too long.

    Whatever the process started is ended with it.
    """
    command = [sys.executable, script, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
        try:
            printed, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end_all(child.pid)
    if child.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))} ended with exit code {child.returncode}")
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


def _end_all(group: int) -> None:
    """End what is left of a process group that this benchmark started."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def say_as_json(found: Mapping[str, Any]) -> None:
    """The last line of a fresh process."""
    say(json.dumps(found))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns: text to the left in the first, figures to the right in the others."""
    widths = [max(len(line[place]) for line in (header, *rows)) for place in range(len(header))]
    rule = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (header, rule, *rows))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cells[0].ljust(widths[0]),
        *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)),
    ]
    return f"| {' | '.join(padded)} |"


def seconds_text(seconds: float | None) -> str:
    """Seconds with as many digits as they are worth."""
    if seconds is None:
        return UNKNOWN
    return f"{seconds:,.3f} s" if seconds < 1 else f"{seconds:,.2f} s" if seconds < 100 else f"{seconds:,.0f} s"
