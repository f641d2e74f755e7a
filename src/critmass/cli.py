"""The command line. Results go to stdout, progress and errors to stderr; exit codes say how it ended."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

import critmass
from critmass.catalog.load import catalog_dirs_from_environment, load_catalog
from critmass.domain.errors import CritmassError, InputError, Problem
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.network import load_network, sample_network, write_network, write_template
from critmass.report.coverage import coverage_document, show_coverage
from critmass.report.document import plan_document, settlement_document
from critmass.report.live import ProgressLine
from critmass.report.problems import error_document, show_error
from critmass.report.schema import PlanDocument, SettlementDocument
from critmass.report.tables import show_plan, show_settlement
from critmass.report.words import count
from critmass.report.write import check_folder, write_document, write_plan
from critmass.studies.plan import Plan, plan_network
from critmass.studies.scenario import Inputs, read_inputs
from critmass.studies.settle import settle_network

NOT_PROVED = 5
"""Exit code of a plan that the time limit kept from the asked gap."""
STOPPED = 130
"""Exit code after Ctrl-C."""

app = typer.Typer(
    name="critmass",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Finds the payer programs and workflows that bring primary-care practices to critical reimbursement mass.",
    epilog="Exit codes: 0 done, 2 invalid input, 3 no plan can meet the scenario, 4 no plan within the time "
    "limit, 5 a plan whose gap the time limit left open.",
)
check_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Check a catalog or a network.")
app.add_typer(check_app, name="check")

NetworkPath = Annotated[
    Path, typer.Argument(metavar="NETWORK", help="Workbook (.xlsx), or folder of CSV or Parquet files.")
]
ScenarioPath = Annotated[Path | None, typer.Option("--scenario", metavar="FILE", help="Scenario (YAML).")]
CatalogDirs = Annotated[
    list[Path] | None,
    typer.Option("--catalog", metavar="DIR", help="Further catalog folder; may be given several times."),
]
OutDir = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for the result's files.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")]


def main() -> None:
    """The `critmass` command."""
    app()


# Planning and settling --------------------------------------------------------------------------------


@app.command(short_help="Find the best plan for a network, with proof.")
def plan(
    network: NetworkPath,
    scenario: ScenarioPath = None,
    out: OutDir = None,
    as_json: AsJson = False,
    gap: Annotated[float, typer.Option(min=0, max=1, metavar="SHARE", help="Relative gap to prove.")] = 0.02,
    time_limit: Annotated[float, typer.Option(min=0.1, max=86_400, metavar="SECONDS", help="Time to stop at.")] = 300.0,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the search.")] = 1,
    catalog: CatalogDirs = None,
    solver: Annotated[str | None, typer.Option(metavar="NAME", help="Another solver, for at most 3 practices.")] = None,
) -> None:
    """Find the best plan for a network: programs to join, workflows to run, and proof of how good it is."""
    options = SolveOptions(gap=gap, time_limit_seconds=time_limit, seed=seed, solver=solver)
    with _errors(as_json):
        _prepare(out)
        found = _search(_inputs(network, scenario, catalog), options)
        document = plan_document(found) if out is None else write_plan(found, out)
        _print_result(document, as_json=as_json)
        _say_where(out, document.kind)
        if document.status == "feasible":
            raise typer.Exit(NOT_PROVED)


@app.command(short_help="Price a network's contracts as things stand.")
def settle(
    network: NetworkPath,
    scenario: ScenarioPath = None,
    out: OutDir = None,
    as_json: AsJson = False,
    catalog: CatalogDirs = None,
) -> None:
    """Price things as they stand: workflows in place and signed contracts, nothing new."""
    with _errors(as_json):
        _prepare(out)
        given = _inputs(network, scenario, catalog)
        outcome, ledger = settle_network(given.network, given.catalog, given.scenario)
        document = settlement_document(given.network, given.catalog, given.scenario, outcome, ledger)
        if out is not None:
            write_document(document, ledger, given.catalog, out)
        _print_result(document, as_json=as_json)
        _say_where(out, document.kind)


def _inputs(network: Path, scenario: Path | None, catalog: list[Path] | None) -> Inputs:
    return read_inputs(network, scenario, _catalog_dirs(catalog))


def _search(given: Inputs, options: SolveOptions) -> Plan:
    with ProgressLine(_stderr()) as report:
        if options.solver is None:
            return plan_network(given.network, given.catalog, given.scenario, options, report)
        from critmass.studies.plan_pulp import plan_with_solver

        return plan_with_solver(given.network, given.catalog, given.scenario, options, options.solver, report)


def _prepare(out: Path | None) -> None:
    if out is not None:
        check_folder(out)


def _print_result(document: PlanDocument | SettlementDocument, *, as_json: bool) -> None:
    if as_json:
        _print_text(document.model_dump_json(indent=2))
    elif isinstance(document, PlanDocument):
        show_plan(_stdout(), document)
    else:
        show_settlement(_stdout(), document)


def _say_where(out: Path | None, kind: str) -> None:
    if out is not None:
        _stderr().print(Text(f"\nWritten to {out}: {kind}.xlsx, {kind}.json, ledger.parquet"), soft_wrap=True)


# Checking ---------------------------------------------------------------------------------------------


@check_app.command("catalog")
def check_catalog(catalog: CatalogDirs = None, as_json: AsJson = False) -> None:
    """Check the shipped catalog and your own folders, and show what its values rest on."""
    with _errors(as_json):
        found = load_catalog(_catalog_dirs(catalog))
        if as_json:
            _print_json(coverage_document(found))
        else:
            show_coverage(_stdout(), found)


@check_app.command("network")
def check_network(network: NetworkPath, catalog: CatalogDirs = None, as_json: AsJson = False) -> None:
    """Check a network, and report every problem by sheet, row and column."""
    with _errors(as_json):
        found = load_network(network, load_catalog(_catalog_dirs(catalog)))
        summary = _network_summary(found)
        if as_json:
            _print_json(summary)
        else:
            whole = count(summary["practices"], "practice")
            text = f"{found.name}: {whole}, {count(summary['members'], 'member')}, nothing to mend."
            _stdout().print(Text(text))


def _network_summary(network: Network) -> dict[str, Any]:
    return {
        "kind": "network",
        "status": "valid",
        "name": network.name,
        "synthetic": network.synthetic,
        "practices": len(network.practices),
        "members": int(network.table("Panel")["members"].sum()),
        "payers": sorted({payer for payer, _ in network.populations}),
        "network_hash": network.hash,
    }


# Files to start from ----------------------------------------------------------------------------------


@app.command(short_help="Write an empty workbook to fill in.")
def template(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Workbook to write (.xlsx).")],
    catalog: CatalogDirs = None,
) -> None:
    """Write an empty workbook to fill in, with explanations and drop-down lists."""
    with _errors(as_json=False):
        _check_new_workbook(file)
        write_template(file, load_catalog(_catalog_dirs(catalog)))
        _stderr().print(Text(f"Written: {file}"), soft_wrap=True)


@app.command()
def sample(
    practices: Annotated[int, typer.Option(metavar="N", help="Number of practices.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help=".xlsx, .parquet, or a folder of CSV files.")],
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="The same seed makes the same network.")] = 1,
    catalog: CatalogDirs = None,
) -> None:
    """Write a synthetic network to try things with."""
    with _errors(as_json=False):
        found = load_catalog(_catalog_dirs(catalog))
        network = sample_network(practices, seed, found)
        check_folder(out.parent)
        write_network(out, network, found)
        _stderr().print(Text(f"Written: {out}"), soft_wrap=True)


def _check_new_workbook(file: Path) -> None:
    if file.suffix.lower() != ".xlsx":
        raise InputError([Problem(str(file), "is not a workbook's name", "let it end in .xlsx")])
    if file.exists():
        fix = "name another file; a filled-in workbook is never overwritten"
        raise InputError([Problem(str(file), "exists already", fix)])
    check_folder(file.parent)


# Schema and service -----------------------------------------------------------------------------------


class Documented(StrEnum):
    """Documents with a JSON schema."""

    PLAN = "plan"
    SETTLEMENT = "settlement"
    SCENARIO = "scenario"


_MODELS: dict[Documented, type[BaseModel]] = {
    Documented.PLAN: PlanDocument,
    Documented.SETTLEMENT: SettlementDocument,
    Documented.SCENARIO: Scenario,
}


@app.command(short_help="Print the JSON schema of a result or a scenario.")
def schema(
    document: Annotated[Documented, typer.Argument(help="Which document.")] = Documented.PLAN,
) -> None:
    """Print the JSON schema of a plan, a settlement or a scenario."""
    read = document is Documented.SCENARIO
    _print_json(_MODELS[document].model_json_schema(mode="validation" if read else "serialization"))


@app.command(short_help="Serve the HTTP interface on this machine.")
def serve(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port.")] = 8000,
    host: Annotated[str, typer.Option(help="Address of this machine; nothing else is allowed.")] = "127.0.0.1",
) -> None:
    """Serve the HTTP interface and the web page, on this machine only."""
    with _errors(as_json=False):
        if not _is_loopback(host):
            fix = "use 127.0.0.1, and a proxy with authentication in front of it to serve others"
            raise InputError([Problem("--host", f"{host} is open to other machines", fix)])
        from critmass_api.server import serve as run

        run(host=host, port=port)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _version(wanted: bool) -> None:
    if wanted:
        _print_text(f"critmass {critmass.__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


# Around every command ---------------------------------------------------------------------------------


def _catalog_dirs(given: list[Path] | None) -> tuple[Path, ...]:
    return (*catalog_dirs_from_environment(), *(given or ()))


@contextmanager
def _errors(as_json: bool) -> Iterator[None]:
    """Turns an error that a user can mend into words, and into JSON where JSON was asked for."""
    try:
        yield
    except CritmassError as error:
        if as_json:
            _print_json(error_document(error))
        show_error(_stderr(), error)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        _stderr().print("Stopped; nothing was written.")
        raise typer.Exit(STOPPED) from None


def _stdout() -> Console:
    return Console(highlight=False)


def _stderr() -> Console:
    return Console(stderr=True, highlight=False)


def _print_json(document: dict[str, Any]) -> None:
    _print_text(json.dumps(document, indent=2, ensure_ascii=False))


def _print_text(text: str) -> None:
    sys.stdout.write(text + "\n")
