"""`critmass check`: what is wrong with a catalog or a network, what its values rest on, and which payments fall."""

from __future__ import annotations

from time import monotonic
from typing import Any

from rich.text import Text

from critmass.catalog.load import load_catalog
from critmass.cli.common import AsJson, CatalogDirs, NetworkPath, catalog_dirs, errors, print_json, say, stdout
from critmass.domain.network import Network
from critmass.network import load_network
from critmass.report.coverage import coverage_document, show_coverage
from critmass.report.monotone import payouts_document, show_payouts
from critmass.report.words import count
from critmass.studies.monotone import Report
from critmass.studies.monotone import check_payouts as find_falls

_SILENT_SECONDS = 2.0


def check_catalog(catalog: CatalogDirs = None, as_json: AsJson = False) -> None:
    """Check the shipped catalog and your own folders, and show what its values rest on."""
    with errors(as_json):
        found = load_catalog(catalog_dirs(catalog))
        if as_json:
            print_json(coverage_document(found))
        else:
            show_coverage(stdout(), found)


def check_network(network: NetworkPath, catalog: CatalogDirs = None, as_json: AsJson = False) -> None:
    """Check a network, and report every problem by sheet, row and column."""
    with errors(as_json):
        found = load_network(network, load_catalog(catalog_dirs(catalog)))
        summary = _network_summary(found)
        if as_json:
            print_json(summary)
        else:
            whole = count(summary["practices"], "practice")
            text = f"{found.name}: {whole}, {count(summary['members'], 'member')}, nothing to mend."
            stdout().print(Text(text))


def check_payouts(catalog: CatalogDirs = None, as_json: AsJson = False) -> None:
    """Find payments that fall as performance improves, in the shipped catalog and your own folders."""
    with errors(as_json):
        found = load_catalog(catalog_dirs(catalog))
        check = find_falls(found, _progress())
        if as_json:
            print_json(payouts_document(found, check))
        else:
            show_payouts(stdout(), found, check)


def _progress() -> Report:
    """Says how far the search is, once every two seconds."""
    said = monotonic()

    def report(done: int, of: int) -> None:
        nonlocal said
        if monotonic() - said > _SILENT_SECONDS:
            said = monotonic()
            say(f"{done:,} of {count(of, 'component')} looked at")

    return report


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
