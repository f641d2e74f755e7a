"""`critmass share`: a joint cost or value, shared among payers by a rule, and which coalitions would object."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from critmass.cli.common import (
    AsJson,
    CatalogDirs,
    ScenarioPath,
    catalog_dirs,
    errors,
    print_text,
    read_all_seconds,
    stderr,
    stdout,
)
from critmass.cli.coordinate import SECONDS, parse_limits
from critmass.domain.errors import InputError, Problem
from critmass.domain.scenario import SolveOptions
from critmass.network.structure import is_network
from critmass.report.explanation_live import QuestionLine
from critmass.report.live import ProgressLine
from critmass.report.sharing import sharing_document
from critmass.report.sharing_coordination import shared_document, show_shared
from critmass.report.sharing_schema import SharingDocument
from critmass.report.sharing_tables import show_sharing
from critmass.studies.coordinate.propose import checked_limits
from critmass.studies.coordinate.propose import coordinate as coordinated
from critmass.studies.coordinate.sharing import share_coordination
from critmass.studies.coordinate.target import parse_target
from critmass.studies.plan import plan_network
from critmass.studies.scenario import Inputs, read_inputs
from critmass.studies.shared_costs import BAD_YEAR_RATE, Downside, HubCosts
from critmass.studies.sharing.game import MOST_PLAYERS
from critmass.studies.sharing.read import read_game
from critmass.studies.sharing.rules import RULES, Rule
from critmass.studies.sharing.share import DEFAULT_RULE, known_rule, share_game


class Shared(StrEnum):
    """What of a network is shared."""

    COORDINATION = "coordination"
    HUB = "hub"
    DOWNSIDE = "downside"


def share(
    game: Annotated[
        Path, typer.Argument(metavar="GAME|NETWORK", help="Coalition table (CSV, .xlsx, JSON, YAML), or a network.")
    ],
    of: Annotated[
        Shared, typer.Option(help="Of a network: the payers' coordination, the hub's cost, or losses of a bad year.")
    ] = Shared.COORDINATION,
    rule: Annotated[str, typer.Option(metavar="NAME", help=f"One of {', '.join(RULES)}.")] = DEFAULT_RULE,
    target: Annotated[
        str | None, typer.Option(metavar="TARGET", help="Of a network: 80%, 10 practices, or P001,P002.")
    ] = None,
    scenario: ScenarioPath = None,
    most: Annotated[
        list[str] | None, typer.Option(metavar="PAYER=USD", help="Of a network: the most that a payer adds, PMPM.")
    ] = None,
    as_json: AsJson = False,
    time_limit: Annotated[
        float,
        typer.Option(parser=read_all_seconds, metavar="SECONDS", help="Of a network: time for the coordination."),
    ] = SECONDS,
    catalog: CatalogDirs = None,
) -> None:
    """Share a joint cost or value among payers: by one rule, by all others for comparison, and who would object.

    GAME lists what every coalition of payers costs, or makes, on its own: a column `coalition` with payers joined by
    '+', and a column `cost_usd` or `value_usd`. `members` and `benefit_usd` may stand in the rows of payers alone.

    Of a NETWORK with a --target, the payers' coordination is shared: what each coalition gains is found first.
    """
    with errors(as_json):
        if is_network(game):
            given = read_inputs(game, scenario, catalog_dirs(catalog))
            if of is Shared.COORDINATION:
                _share_network(given, _asked(target), parse_limits(most or []), rule, time_limit, as_json=as_json)
            else:
                _share_costs(given, of, known_rule(rule), time_limit, as_json=as_json)
            return
        found, weights = read_game(game)
        _print(sharing_document(share_game(found, weights, rule), game.name), as_json=as_json)


def _print(document: SharingDocument, *, as_json: bool) -> None:
    if as_json:
        print_text(document.model_dump_json(indent=2))
    else:
        show_sharing(stdout(), document)


def _share_costs(given: Inputs, of: Shared, rule: Rule, time_limit: float, *, as_json: bool) -> None:
    """Shares among practices what the organization's plan has them pay together.

    Raises:
        InputError: when more practices take part than all coalitions can be listed of.
    """
    with ProgressLine(stderr()) as line:
        options = SolveOptions(time_limit_seconds=time_limit)
        plan = plan_network(given.network, given.catalog, given.scenario, options, line)
    costs = HubCosts(plan) if of is Shared.HUB else Downside(plan)
    if len(costs.names) > MOST_PLAYERS:
        message = (
            f"{len(costs.names)} practices take part, of at most {MOST_PLAYERS} whose every coalition is looked at"
        )
        raise InputError(
            [Problem("--of", message, "from Python, critmass.sampled_shapley shares by a sample of orders")]
        )
    title = "the hub's cost" if of is Shared.HUB else f"losses of a year with {BAD_YEAR_RATE:.0%} dearer care"
    _print(sharing_document(share_game(costs.game(), costs.weights(), rule), title), as_json=as_json)


def _asked(target: str | None) -> str:
    if target is None:
        raise InputError([Problem("--target", "is missing: say what to reach", "write 80%, 10, or P001,P002")])
    return target


def _share_network(
    given: Inputs, target: str, limits: dict[str, float], rule: str, time_limit: float, *, as_json: bool
) -> None:
    asked, rule = parse_target(target, given.network), known_rule(rule)
    checked_limits(limits, given.network)
    options = SolveOptions(time_limit_seconds=time_limit)
    with QuestionLine(stderr()) as line:
        found = coordinated(given.network, given.catalog, given.scenario, asked, options, limits, line, line.started)
        line.started("what every coalition of payers gains")
        shared = share_coordination(found, rule, report=line)
    document = shared_document(found, shared)
    if as_json:
        print_text(document.model_dump_json(indent=2))
    else:
        show_shared(stdout(), document)
