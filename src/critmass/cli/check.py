"""`critmass check`: what is wrong with a catalog or a network, and what its values rest on."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from critmass.catalog.load import load_catalog
from critmass.cli.common import AsJson, CatalogDirs, NetworkPath, catalog_dirs, errors, print_json, stdout
from critmass.domain.network import Network
from critmass.network import load_network
from critmass.report.coverage import coverage_document, show_coverage
from critmass.report.words import count


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
