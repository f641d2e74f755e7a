"""`critmass coordinate`: what payers would have to add, together, for a target to be reached."""

from __future__ import annotations

from pathlib import Path
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
    read_all_seconds,
    say,
    stderr,
    stdout,
)
from critmass.cli.plan import prepare
from critmass.domain.errors import InputError, Problem
from critmass.domain.scenario import SolveOptions
from critmass.report.coordinating import coordinating_document
from critmass.report.coordinating_tables import show_coordinating
from critmass.report.coordination_files import (
    COORDINATION_FILE,
    NETWORK_FILE,
    TODAY,
    TOGETHER,
    write_coordination,
)
from critmass.report.explanation_live import QuestionLine
from critmass.report.plan_inputs import OFFERS_FILE
from critmass.studies.coordinate.propose import Coordination, checked_limits
from critmass.studies.coordinate.propose import coordinate as coordinated
from critmass.studies.coordinate.target import parse_target
from critmass.studies.scenario import read_inputs, with_agreement

SECONDS = 60.0
"""Time limit of a coordination."""


def coordinate(
    network: NetworkPath,
    target: Annotated[
        str, typer.Option(metavar="TARGET", help="80% or 0.8 of the members, 10 practices, or P001,P002.")
    ],
    scenario: ScenarioPath = None,
    most: Annotated[
        list[str] | None,
        typer.Option(metavar="PAYER=USD", help="The most that a payer adds, PMPM; may be given several times."),
    ] = None,
    uniform: Annotated[
        bool, typer.Option("--uniform", help="One PMPM at every practice, instead of what each practice needs.")
    ] = False,
    common_measures: Annotated[
        bool, typer.Option("--common-measures", help="Payers first agree on one specification of each measure.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the coordination and the plans it rests on.")
    ] = None,
    as_json: AsJson = False,
    time_limit: Annotated[
        float, typer.Option(parser=read_all_seconds, metavar="SECONDS", help="Time limit for all of it.")
    ] = SECONDS,
    gap: Gap = 0.02,
    catalog: CatalogDirs = None,
) -> None:
    """Find the least that payers have to add together so that the organization's own best plan reaches a target.

    The bonus is paid to a practice only where it runs every core workflow. Every proposal is verified: the organization
    plans anew with the offers among its contracts.
    """
    with errors(as_json):
        limits = parse_limits(most or [])
        prepare(out)
        given = read_inputs(network, scenario, catalog_dirs(catalog))
        given = with_agreement(given) if common_measures else given
        asked = parse_target(target, given.network)
        checked_limits(limits, given.network)
        options = SolveOptions(time_limit_seconds=time_limit, gap=gap)
        with QuestionLine(stderr()) as line:
            found = coordinated(
                given.network, given.catalog, given.scenario, asked, options, limits, line, line.started, uniform
            )  # fmt: skip
        _give_out(found, out, as_json=as_json)
        if found.proposal is None and not found.reached_today:
            raise typer.Exit(NOT_PROVED)


def _give_out(found: Coordination, out: Path | None, *, as_json: bool) -> None:
    document = coordinating_document(found)
    if out is not None:
        write_coordination(found, document, out)
    if as_json:
        print_text(document.model_dump_json(indent=2))
        return
    show_coordinating(stdout(), document)
    _say_where(out, verified=found.proposal is not None)


def _say_where(out: Path | None, *, verified: bool) -> None:
    if out is None:
        return
    plans = f"the plan as things stand in {TODAY}/"
    if verified:
        plans += f", the plan under the offers in {TOGETHER}/ with {OFFERS_FILE} and {NETWORK_FILE} to plan with them"
    say(f"\nWritten to {out}: {COORDINATION_FILE}; {plans}")


def parse_limits(given: list[str]) -> dict[str, float]:
    """Limits written as PAYER=USD.

    Raises:
        InputError: with every one that is not written so.
    """
    limits, problems = dict[str, float](), list[Problem]()
    for text in given:
        payer, sign, amount = text.partition("=")
        try:
            if not sign:
                raise ValueError
            limits[payer.strip()] = float(amount.strip().removeprefix("$"))
        except ValueError:
            problems.append(Problem(f"--most {text}", "is not written as PAYER=USD", "write, say, uhc=4.50"))
    if problems:
        raise InputError(problems)
    return limits
