"""`critmass gaps`: what payers leave unpaid of the workflows that serve their members."""

from __future__ import annotations

from typing import Annotated

import typer

from critmass.cli.common import (
    NOT_PROVED,
    AsJson,
    CatalogDirs,
    Gap,
    NetworkPath,
    ScenarioPath,
    catalog_dirs,
    errors,
    print_text,
    read_seconds,
    stderr,
    stdout,
)
from critmass.cli.plan import say_stopped
from critmass.domain.scenario import SolveOptions
from critmass.report.explanation_live import QuestionLine
from critmass.report.gaps_document import gaps_document
from critmass.report.gaps_tables import show_gaps
from critmass.report.live import ProgressLine
from critmass.studies.gaps import Gaps, as_it_stands, gaps_of, known_payer
from critmass.studies.plan import Plan, plan_network
from critmass.studies.scenario import Inputs, read_inputs

PLAN_SECONDS = 60.0
"""Time limit of the plan."""


def gaps(
    network: NetworkPath,
    payer: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="One payer's column, free rides, overlaps and change: the organization's view of the payer, "
            "not a view to hand to it.",
        ),
    ] = None,
    scenario: ScenarioPath = None,
    standing: Annotated[
        bool, typer.Option("--as-it-stands", help="The network as it is today, without planning.")
    ] = False,
    as_json: AsJson = False,
    time_limit: Annotated[
        float, typer.Option(parser=read_seconds, metavar="SECONDS", help="Time for the plan.")
    ] = PLAN_SECONDS,
    gap: Gap = 0.02,
    catalog: CatalogDirs = None,
) -> None:
    """Show what payers leave unpaid: of each workflow, the cost their members cause and what they pay.

    Also free rides, overlaps, measures that payers specify differently, fragmentation, the smallest sets of payers
    that hold critical mass, and for each payer the one change of its contracts that helps most.
    """
    with errors(as_json):
        given = read_inputs(network, scenario, catalog_dirs(catalog))
        chosen = None if payer is None else known_payer(payer, given.network)
        options = SolveOptions(time_limit_seconds=time_limit, gap=gap)
        found = _gaps(_plan(given, options, standing=standing), planned=not standing)
        document = gaps_document(found, chosen)
        if as_json:
            print_text(document.model_dump_json(indent=2))
        else:
            show_gaps(stdout(), document)
        if document.status == "feasible":
            say_stopped(found.plan)
            raise typer.Exit(NOT_PROVED)


def _plan(given: Inputs, options: SolveOptions, *, standing: bool) -> Plan:
    if standing:
        return as_it_stands(given.network, given.catalog, given.scenario)
    with ProgressLine(stderr()) as report:
        return plan_network(
            given.network, given.catalog, given.scenario, options, report, on_ctrl_c=report.stopping
        )  # fmt: skip


def _gaps(plan: Plan, *, planned: bool) -> Gaps:
    with QuestionLine(stderr(), "changes of program") as line:
        return gaps_of(plan, planned=planned, started=line.started)
