"""A coordination of payers as a folder: the document, and the organization's plan without the offers and with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from critmass.network.write import write_network
from critmass.published.write import catalog_text
from critmass.report.coordinating_schema import CoordinatingDocument
from critmass.report.plan_inputs import OFFERS_FILE, read_plan, read_plan_with_catalog
from critmass.report.write import write_files, write_plan
from critmass.studies.confidentiality import Book
from critmass.studies.coordinate.offers import offers_file
from critmass.studies.coordinate.propose import Coordination, Proposal

COORDINATION_FILE = "coordination.json"
TODAY, TOGETHER = "today", "together"
"""Folders of the organization's plan as things stand, and of its plan under the offers."""
NETWORK_FILE = "network.xlsx"
_HEADING = (
    "Offers of payers that coordinate, by critmass coordinate. The amounts by practice are facts of network.xlsx."
)


def write_coordination(found: Coordination, document: CoordinatingDocument, out_dir: Path) -> None:
    """Writes coordination.json, today's plan, and, where something is proposed, the plan under the offers: with the
    offers as a catalog file and the network with their amounts, so that anybody can plan with them again.

    Raises:
        InputError: when the folder cannot be written to.
    """
    write_plan(found.today, out_dir / TODAY)
    if found.proposal is not None:
        _write_together(found, found.proposal, out_dir / TOGETHER)
    text = document.model_dump_json(indent=2) + "\n"
    write_files(out_dir, {COORDINATION_FILE: lambda path: path.write_text(text, encoding="utf-8")})


def _write_together(found: Coordination, proposal: Proposal, folder: Path) -> None:
    plan, offers = proposal.plan, offers_file(proposal.offers, found.today.catalog, found.scenario)
    write_plan(
        plan,
        folder,
        {
            OFFERS_FILE: lambda path: path.write_text(catalog_text(offers, _HEADING), encoding="utf-8"),
            NETWORK_FILE: lambda path: write_network(path, plan.network, plan.catalog),
        },
    )


def read_book(path: Path, catalog_dirs: Sequence[Path] = ()) -> Book:
    """The plan in a folder of `critmass plan --out`, or the two plans in one of `critmass coordinate --out`.

    Raises:
        InputError: when a file is missing or broken, or the catalog is not the one that the plan was made with.
    """
    together = path / TOGETHER
    if not (path / COORDINATION_FILE).is_file() or not together.is_dir():
        return Book(*read_plan_with_catalog(path, catalog_dirs))
    plan, catalog = read_plan_with_catalog(together, catalog_dirs)
    return Book(plan, catalog, read_plan(path / TODAY, catalog_dirs))
