"""`critmass organize`: lone practices against the organization, and where the difference comes from."""

from __future__ import annotations

from typing import Annotated

import typer

from critmass.cli.common import (
    NOT_PROVED,
    AsJson,
    CatalogDirs,
    NetworkPath,
    ScenarioPath,
    catalog_dirs,
    errors,
    print_text,
    read_seconds,
    read_share,
    stderr,
    stdout,
)
from critmass.domain.scenario import SolveOptions
from critmass.report.explanation_live import QuestionLine
from critmass.report.organizing import organizing_document
from critmass.report.organizing_tables import show_organizing
from critmass.studies.organizing import organizing
from critmass.studies.scenario import read_inputs

PER_PLAN_SECONDS = 60.0
"""Time limit of each plan that is made."""


def organize(
    network: NetworkPath,
    scenario: ScenarioPath = None,
    as_json: AsJson = False,
    time_limit: Annotated[
        float, typer.Option(parser=read_seconds, metavar="SECONDS", help="Time for each plan that is made.")
    ] = PER_PLAN_SECONDS,
    gap: Annotated[
        float, typer.Option(parser=read_share, metavar="SHARE", help="Relative gap to prove for each of them.")
    ] = 0.02,
    catalog: CatalogDirs = None,
) -> None:
    """Show what organizing is worth: every practice planned alone, and all of them with what they pool.

    The difference is shown in total and by source: shared start-up cash, staff at the hub, pooled denominators and
    panel size, pooled savings.
    """
    with errors(as_json):
        given = read_inputs(network, scenario, catalog_dirs(catalog))
        options = SolveOptions(time_limit_seconds=time_limit, gap=gap)
        with QuestionLine(stderr()) as line:
            found = organizing(given.network, given.catalog, given.scenario, options, line, line.started)
        document = organizing_document(found)
        if as_json:
            print_text(document.model_dump_json(indent=2))
        else:
            show_organizing(stdout(), document)
        if found.plan.status == "feasible":
            raise typer.Exit(NOT_PROVED)
