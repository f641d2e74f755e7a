"""`critmass share`: a joint cost or value, shared among payers by a rule, and which coalitions would object."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from critmass.cli.common import AsJson, errors, print_text, stdout
from critmass.report.sharing import sharing_document
from critmass.report.sharing_tables import show_sharing
from critmass.studies.sharing.game import Game
from critmass.studies.sharing.read import read_game
from critmass.studies.sharing.rules import RULES, Weights
from critmass.studies.sharing.share import DEFAULT_RULE, share_game


def share(
    game: Annotated[Path, typer.Argument(metavar="GAME", help="Coalition table: CSV, workbook (.xlsx), JSON or YAML.")],
    rule: Annotated[str, typer.Option(metavar="NAME", help=f"One of {', '.join(RULES)}.")] = DEFAULT_RULE,
    as_json: AsJson = False,
) -> None:
    """Share a joint cost or value among payers: by one rule, by all others for comparison, and who would object.

    GAME lists what every coalition of payers costs, or makes, on its own: a column `coalition` with payers joined by
    '+', and a column `cost_usd` or `value_usd`. `members` and `benefit_usd` may stand in the rows of payers alone.
    """
    with errors(as_json):
        found, weights = read_game(game)
        _print_shared(found, weights, rule, game.name, as_json=as_json)


def _print_shared(game: Game, weights: Weights, rule: str, title: str, *, as_json: bool) -> None:
    """Shares a game and prints the result."""
    document = sharing_document(share_game(game, weights, rule), title)
    if as_json:
        print_text(document.model_dump_json(indent=2))
    else:
        show_sharing(stdout(), document)
