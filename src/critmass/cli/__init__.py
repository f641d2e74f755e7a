"""The command line. Results go to stdout, progress and errors to stderr; exit codes say how it ended."""

from __future__ import annotations

from typing import Annotated

import typer

import critmass
from critmass.cli import (
    check,
    coordinate,
    explain,
    files,
    gaps,
    organize,
    plan,
    programs,
    public_files,
    service,
    settle,
    share,
    verify,
    view,
)
from critmass.cli.common import print_text

app = typer.Typer(
    name="critmass",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Finds the payer programs and workflows that bring primary-care practices to critical reimbursement mass.",
    epilog="Exit codes: 0 done, 2 invalid input, 3 no plan can meet the scenario, 4 no plan within the time "
    "limit, 5 a plan whose gap the time limit or Ctrl-C left open, 130 stopped by Ctrl-C without a result.",
)
check_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Check a catalog, a network or payouts.")
app.add_typer(check_app, name="check")

app.command(short_help="Find the best plan for a network, with proof.")(plan.plan)
app.command(short_help="Say why a plan is what it is, or why there is none.")(explain.explain)
app.command(short_help="Show what organizing is worth to practices, and why.")(organize.organize)
app.command(short_help="Find what payers have to add together for a target.")(coordinate.coordinate)
app.command(short_help="Show what payers leave unpaid, by workflow and payer.")(gaps.gaps)
app.command(short_help="Price contracts for a network, a results table, or along a sweep.")(settle.settle)
app.command(short_help="Share a joint cost or value among payers.")(share.share)
app.command(short_help="Show what one role may see of a plan.")(view.view)
app.command(short_help="Settle published results and compare.")(verify.verify)
check_app.command("catalog")(check.check_catalog)
check_app.command("network")(check.check_network)
check_app.command("payouts")(check.check_payouts)
app.command(short_help="Write an empty workbook to fill in.")(files.template)
app.command()(files.sample)
app.command(short_help="Write a program file to fill in, from component types.")(programs.new_program)
app.command("import", short_help="Read a public file into a catalog file or a fee table.")(public_files.import_file)
app.command(short_help="Print the JSON schema of a result, a scenario or a map.")(service.schema)
app.command(short_help="Serve the HTTP interface on this machine.")(service.serve)


def main() -> None:
    """The `critmass` command."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        print_text(f"critmass {critmass.__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the command itself."""
