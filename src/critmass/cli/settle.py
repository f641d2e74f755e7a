"""`critmass settle`: what contracts pay, for a network as it stands, for a results table, or along a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from critmass.cli.common import (
    AsJson,
    CatalogDirs,
    ScenarioPath,
    catalog_dirs,
    errors,
    print_json,
    say,
    stdout,
)
from critmass.cli.plan import inputs, prepare, print_result, say_where
from critmass.domain.errors import InputError, Problem
from critmass.report.document import settlement_document
from critmass.report.entities import (
    check_out_file,
    curve_chart,
    curve_document,
    settlement_summary,
    show_curve,
    show_entities,
    write_table,
)
from critmass.report.write import write_document
from critmass.studies.entities import Book, load_map, one_row, read_book, settle_file
from critmass.studies.settle import settle_network
from critmass.studies.sweep import parse_settings, parse_sweep, payout_curve

Network = Annotated[Path | None, typer.Argument(metavar="[NETWORK]", help="Workbook, or folder of tables.")]
Files = Annotated[list[Path] | None, typer.Option("--program", metavar="FILE", help="Program file (YAML).")]
Results = Annotated[Path | None, typer.Option("--results", metavar="FILE", help="Results table, one row an entity.")]
Map = Annotated[Path | None, typer.Option("--map", metavar="FILE", help="Which column is what (YAML).")]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="PATH", help="Folder for a network's files; else a .csv, .xlsx, .parquet or .json."),
]
SweepText = Annotated[
    str | None, typer.Option("--sweep", metavar="DRIVER=a:b:n", help="Payout at n values of a driver from a to b.")
]
At = Annotated[
    list[str] | None, typer.Option("--at", metavar="NAME=VALUE", help="What stays put in a sweep; several times.")
]
Entity = Annotated[str | None, typer.Option("--entity", metavar="NAME", help="The row that a sweep starts from.")]
Cost = Annotated[float | None, typer.Option("--cost", metavar="USD", help="Where a sweep covers this.")]


def settle(
    network: Network = None,
    scenario: ScenarioPath = None,
    program: Files = None,
    results: Results = None,
    results_map: Map = None,
    sweep: SweepText = None,
    at: At = None,
    entity: Entity = None,
    cost: Cost = None,
    out: Out = None,
    as_json: AsJson = False,
    catalog: CatalogDirs = None,
) -> None:
    """Price contracts: a NETWORK as it stands, a results table row by row (--program, --results, --map), or the
    payout curve of a program (--program, --sweep)."""
    with errors(as_json):
        _one_way(network, program, results, results_map, sweep)
        _goes_with(sweep, results, at, entity, cost)
        if network is not None:
            _network(network, scenario, out, catalog, as_json=as_json)
            return
        if out is not None:
            check_out_file(out)
        book = read_book(program or [], catalog_dirs(catalog))
        if sweep is not None:
            settings = {**_starting_row(book, results, results_map, entity), **parse_settings(at or [])}
            _curve(book, sweep, settings, cost, out, as_json=as_json)
        else:
            assert results is not None and results_map is not None
            _table(book, results, results_map, out, as_json=as_json)


def _one_way(
    network: Path | None, program: list[Path] | None, results: Path | None, results_map: Path | None, sweep: str | None
) -> None:
    """Refuses a mixture of the three ways to settle, and half of one."""
    fix = "name a NETWORK; or --program, --results and --map; or --program and --sweep"
    if network is not None and (program or results or results_map or sweep):
        message = "a network is settled with all its contracts, without --program, --results, --map or --sweep"
        raise InputError([Problem("critmass settle", message, fix)])
    if network is None and not program:
        raise InputError([Problem("critmass settle", "there is nothing to settle", fix)])
    if network is None and sweep is None and (results is None or results_map is None):
        raise InputError([Problem("critmass settle", "a program is settled by --results with --map, or --sweep", fix)])
    if (results is None) != (results_map is None):
        raise InputError([Problem("critmass settle", "--results and --map go together", fix)])


def _goes_with(
    sweep: str | None, results: Path | None, at: list[str] | None, entity: str | None, cost: float | None
) -> None:
    """Refuses options that would be passed over in silence."""
    given = {"--at": at, "--entity": entity, "--cost": cost}
    lost = [name for name, value in given.items() if value is not None and sweep is None]
    problems = [
        Problem("critmass settle", f"{name} goes with --sweep", "add --sweep, or leave it out") for name in lost
    ]
    if sweep is not None and entity is not None and results is None:
        fix = "add --results and --map, or leave it out"
        problems.append(Problem("critmass settle", "--entity goes with --results and --map", fix))
    if problems:
        raise InputError(problems)


def _network(
    network: Path, scenario: Path | None, out: Path | None, catalog: list[Path] | None, *, as_json: bool
) -> None:
    prepare(out)
    given = inputs(network, scenario, catalog)
    outcome, ledger = settle_network(given.network, given.catalog, given.scenario)
    document = settlement_document(given.network, given.catalog, given.scenario, outcome, ledger)
    if out is not None:
        write_document(document, ledger, given.catalog, out)
    print_result(document, as_json=as_json)
    say_where(out, document.kind)


def _table(book: Book, results: Path, results_map: Path, out: Path | None, *, as_json: bool) -> None:
    settled = settle_file(book, results, load_map(results_map), results_map.name)
    if out is not None:
        write_table(out, settled.frame())
    if as_json:
        print_json(settlement_summary(settled))
    else:
        show_entities(stdout(), settled)
    if out is not None:
        say(f"\nWritten: {out}")


def _starting_row(book: Book, results: Path | None, results_map: Path | None, entity: str | None) -> dict[str, float]:
    if results is None or results_map is None:
        return {}
    return one_row(book, results, load_map(results_map), results_map.name, entity)


def _curve(
    book: Book, sweep: str, settings: dict[str, float], cost: float | None, out: Path | None, *, as_json: bool
) -> None:
    curve = payout_curve(book, parse_sweep(sweep), settings, cost)
    if out is not None:
        write_table(out, curve.frame(), curve_chart(curve))
    if as_json:
        print_json(curve_document(curve))
    else:
        show_curve(stdout(), curve)
    if out is not None:
        say(f"\nWritten: {out}")
