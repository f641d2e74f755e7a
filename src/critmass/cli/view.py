"""`critmass view`: what one role may see of a plan, or of a coordination of payers."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from critmass.cli.common import AsJson, CatalogDirs, catalog_dirs, errors, print_text, stdout
from critmass.report.coordination_files import read_book
from critmass.report.view import view_document
from critmass.report.view_tables import show_view
from critmass.studies.confidentiality import ReleaseLog, ViewRequest, load_consents, view_of
from critmass.studies.confidentiality.policies import DEFAULT_POLICY, POLICIES

LOG_FILE = "releases.jsonl"
"""The release log's name beside the plan."""


def view(
    plan: Annotated[
        Path, typer.Argument(metavar="PLAN", help="Folder that 'critmass plan' or 'coordinate' wrote with --out.")
    ],
    role: Annotated[
        str,
        typer.Option(metavar="ROLE", help="Who looks: pho_admin, analyst, auditor, payer:ID or practice:ID."),
    ],
    policy: Annotated[
        str, typer.Option(metavar="NAME", help=f"Floor that sums over others must pass: {', '.join(POLICIES)}.")
    ] = DEFAULT_POLICY,
    consents: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Table of consents (CSV, XLSX or Parquet).")
    ] = None,
    purpose: Annotated[
        str, typer.Option(metavar="TEXT", help="For a payer: show its part of the plan, for this consented purpose.")
    ] = "",
    messenger: Annotated[
        bool, typer.Option("--messenger", help="Messenger mode: payers and practices see their own alone.")
    ] = False,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help=f"Release log; by default {LOG_FILE} beside the plan.")
    ] = None,
    as_json: AsJson = False,
    catalog: CatalogDirs = None,
) -> None:
    """Show what one role may see of a plan or a coordination: its own, and sums over others that pass a floor.

    A default floor, not legal clearance. Every view is written to the release log first: what was shown to whom and
    what fed it, never the data itself.
    """
    with errors(as_json):
        book = read_book(plan, catalog_dirs(catalog))
        given = None if consents is None else load_consents(consents, book.payers)
        now = datetime.datetime.now(datetime.UTC)
        folder = plan if plan.is_dir() else plan.parent
        request = ViewRequest(role, policy, now, purpose.strip(), messenger)
        document = view_document(view_of(book, request, given, ReleaseLog(log or folder / LOG_FILE)))
        if as_json:
            print_text(document.model_dump_json(indent=2))
        else:
            show_view(stdout(), document)
