"""`critmass explain`: why a plan is what it is, or why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from critmass.cli.common import (
    AsJson,
    CatalogDirs,
    OutDir,
    ScenarioPath,
    catalog_dirs,
    errors,
    print_text,
    read_seconds,
    read_share,
    say,
    stderr,
    stdout,
)
from critmass.domain.errors import InfeasibleError, InputError, Problem
from critmass.domain.scenario import SolveOptions
from critmass.report.explanation import conflict_document, explanation_document
from critmass.report.explanation_conflict import show_conflict
from critmass.report.explanation_live import QuestionLine
from critmass.report.explanation_tables import show_explanation
from critmass.report.plan_inputs import is_plan, read_plan
from critmass.report.write import check_folder, write_plan
from critmass.studies.explain.conflict import conflict_of
from critmass.studies.explain.resolve import default_options
from critmass.studies.explain.whole import Explanation, subject_of
from critmass.studies.explain.whole import explain as explain_plan
from critmass.studies.plan import Plan, plan_network
from critmass.studies.scenario import Inputs, read_inputs

PER_PLAN_SECONDS = 60.0
"""Time limit of each plan that is made on the way."""


def explain(
    plan: Annotated[
        Path,
        typer.Argument(
            metavar="PLAN", help="What 'critmass plan --out' wrote: plan.json, or its folder. Or a network."
        ),
    ],
    program: Annotated[str | None, typer.Option(metavar="ID", help="Explain one program.")] = None,
    practice: Annotated[str | None, typer.Option(metavar="ID", help="Explain one practice.")] = None,
    workflow: Annotated[str | None, typer.Option(metavar="ID", help="Explain one workflow.")] = None,
    payer: Annotated[str | None, typer.Option(metavar="ID", help="Explain one payer.")] = None,
    fronts: Annotated[
        bool, typer.Option("--fronts", help="Also mass against margin, and money against effort.")
    ] = False,
    as_json: AsJson = False,
    time_limit: Annotated[
        float, typer.Option(parser=read_seconds, metavar="SECONDS", help="Time for each plan made on the way.")
    ] = PER_PLAN_SECONDS,
    gap: Annotated[
        float | None, typer.Option(parser=read_share, metavar="SHARE", help="Gap to prove for each of them.")
    ] = None,
    scenario: ScenarioPath = None,
    catalog: CatalogDirs = None,
    out: OutDir = None,
) -> None:
    """Explain a plan, or one part of it. Every statement is confirmed by planning or settling again.

    PLAN may also be a network, with --scenario: it is planned first, and where no plan exists, the smallest conflict
    and the cheapest way out are shown.
    """
    asked = {"program": program, "practice": practice, "workflow": workflow, "payer": payer}
    with errors(as_json):
        if out is not None:
            check_folder(out)
        given = _given(plan, scenario, catalog)
        with QuestionLine(stderr()) as line:
            found = given if isinstance(given, Plan) else _planned(given, line, time_limit, gap, as_json=as_json)
            subject_of(found, **asked)
            options = _options(found, time_limit, gap)
            explained = explain_plan(found, **asked, fronts=fronts, options=options, report=line, started=line.started)
        _show(explained, as_json=as_json)
        _hand_over(explained, out)


def _given(path: Path, scenario: Path | None, catalog: list[Path] | None) -> Plan | Inputs:
    """The plan in a file or folder, or a network with a scenario to plan first."""
    if not is_plan(path):
        return read_inputs(path, scenario, catalog_dirs(catalog))
    if scenario is not None:
        fix = "leave --scenario out; or name the network to plan it anew"
        raise InputError([Problem("--scenario", "does not go with a plan, which has its scenario", fix)])
    return read_plan(path, catalog_dirs(catalog))


def _options(plan: Plan, time_limit: float, gap: float | None) -> SolveOptions:
    update: dict[str, float] = {"time_limit_seconds": time_limit}
    return default_options(plan).model_copy(update={**update, **({} if gap is None else {"gap": gap})})


def _planned(given: Inputs, line: QuestionLine, time_limit: float, gap: float | None, *, as_json: bool) -> Plan:
    """The network's plan; where there is none, why, and the end."""
    options = SolveOptions(time_limit_seconds=time_limit, gap=0.02 if gap is None else gap)
    line.started("the plan itself")
    try:
        return plan_network(given.network, given.catalog, given.scenario, options, line)
    except InfeasibleError as error:
        _explain_conflict(given, options, line, as_json=as_json)
        raise typer.Exit(error.exit_code) from None


def _explain_conflict(given: Inputs, options: SolveOptions, line: QuestionLine, *, as_json: bool) -> None:
    found = conflict_of(given.network, given.catalog, given.scenario, options, line, line.started)
    if found is None:
        return
    document = conflict_document(found, given.network, given.catalog, given.scenario)
    if as_json:
        print_text(document.model_dump_json(indent=2))
    else:
        show_conflict(stdout(), document)


def _show(found: Explanation, *, as_json: bool) -> None:
    document = explanation_document(found)
    if as_json:
        print_text(document.model_dump_json(indent=2))
    else:
        show_explanation(stdout(), document)


def _hand_over(found: Explanation, out: Path | None) -> None:
    """Writes the better plan that came up, where it was asked for."""
    if out is None:
        return
    if found.better is None:
        say("\nNo better plan came up; nothing was written.")
        return
    write_plan(found.better, out)
    say(f"\nThe better plan is written to {out}.")
