"""`critmass plan`: the best plan for a network, with proof."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from critmass.catalog.schema_words import schema_problems
from critmass.cli.common import (
    NOT_PROVED,
    AsJson,
    CatalogDirs,
    Gap,
    NetworkPath,
    OutDir,
    ScenarioPath,
    catalog_dirs,
    errors,
    print_text,
    read_seconds,
    say,
    stderr,
    stdout,
)
from critmass.domain.errors import InputError
from critmass.domain.scenario import ExecutorKind, SolveOptions
from critmass.report.document import plan_document
from critmass.report.live import ProgressLine
from critmass.report.plan_inputs import INPUTS_FILE
from critmass.report.schema import PlanDocument, SettlementDocument
from critmass.report.tables import show_plan, show_settlement
from critmass.report.words import seconds
from critmass.report.write import check_folder, write_plan
from critmass.solve.executor import available_cores
from critmass.studies.plan import Plan, plan_network
from critmass.studies.scenario import Inputs, read_inputs


def plan(
    network: NetworkPath,
    scenario: ScenarioPath = None,
    out: OutDir = None,
    as_json: AsJson = False,
    gap: Gap = 0.02,
    time_limit: Annotated[float, typer.Option(parser=read_seconds, metavar="SECONDS", help="Time to stop at.")] = 300.0,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the search.")] = 1,
    catalog: CatalogDirs = None,
    solver: Annotated[str | None, typer.Option(metavar="NAME", help="Another solver, for at most 3 practices.")] = None,
    executor: Annotated[
        ExecutorKind, typer.Option(metavar="NAME", help="Where to solve: threads, processes or dask.")
    ] = "threads",
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Scheduler of a dask cluster: tls://HOST:PORT.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, metavar="N", help="Threads or processes; usually one for each core.")
    ] = None,
    library: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of earlier plans to start from and add to.")
    ] = None,
) -> None:
    """Find the best plan for a network: programs to join, workflows to run, and proof of how good it is."""
    with errors(as_json):
        options = _options(
            gap=gap, time_limit_seconds=time_limit, seed=seed, workers=workers, solver=solver, executor=executor,
            scheduler=scheduler,
        )  # fmt: skip
        prepare(out)
        found = _search(inputs(network, scenario, catalog), options, library)
        document = plan_document(found) if out is None else write_plan(found, out)
        print_result(document, as_json=as_json)
        say_where(out, document.kind)
        if document.status == "feasible":
            say_stopped(found)
            raise typer.Exit(NOT_PROVED)


def _options(**given: Any) -> SolveOptions:
    try:
        return SolveOptions(**given)
    except ValidationError as error:
        raise InputError(schema_problems(error, "options")) from None


def inputs(network: Path, scenario: Path | None, catalog: list[Path] | None) -> Inputs:
    """Network, catalog and scenario from files."""
    return read_inputs(network, scenario, catalog_dirs(catalog))


def _search(given: Inputs, options: SolveOptions, library: Path | None = None) -> Plan:
    with ProgressLine(stderr()) as report:
        if options.solver is None:
            return plan_network(
                given.network, given.catalog, given.scenario, options, report, library, on_ctrl_c=report.stopping,
                formulating_processes=options.workers or available_cores(),
            )  # fmt: skip
        from critmass.studies.plan_pulp import plan_with_solver

        return plan_with_solver(given.network, given.catalog, given.scenario, options, options.solver, report)


def prepare(out: Path | None) -> None:
    """Makes sure that results can be written before any time is spent."""
    if out is not None:
        check_folder(out)


def print_result(document: PlanDocument | SettlementDocument, *, as_json: bool) -> None:
    """A plan or a settlement on stdout."""
    if as_json:
        print_text(document.model_dump_json(indent=2))
    elif isinstance(document, PlanDocument):
        show_plan(stdout(), document)
    else:
        show_settlement(stdout(), document)


def say_stopped(found: Plan) -> None:
    """That Ctrl-C ended the search, and what that means for the gap."""
    if found.stopped_after_seconds is not None:
        after = seconds(found.stopped_after_seconds)
        say(f"\nStopped by Ctrl-C after {after}: the plan is the best so far, its gap what was proved till then.")


def say_where(out: Path | None, kind: str) -> None:
    """Which files were written."""
    if out is not None:
        inputs_too = f", {INPUTS_FILE}" if kind == "plan" else ""
        say(f"\nWritten to {out}: {kind}.xlsx, {kind}.json, ledger.parquet{inputs_too}")
