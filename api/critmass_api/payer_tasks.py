"""The calculations about payers and about reasons: gaps, coordinations, games and explanations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from critmass.domain.errors import InputError
from critmass.domain.network import Network
from critmass.report.coordinating import coordinating_document
from critmass.report.explanation import explanation_document
from critmass.report.gaps_document import gaps_document
from critmass.report.sharing import sharing_document
from critmass.solve.progress import Progress
from critmass.studies.coordinate.propose import checked_limits, coordinate
from critmass.studies.coordinate.target import parse_target
from critmass.studies.explain.resolve import default_options
from critmass.studies.explain.whole import explain, subject_of
from critmass.studies.gaps import as_it_stands, gaps_of, known_payer
from critmass.studies.sharing.read import game_in
from critmass.studies.sharing.share import share_game as shared
from critmass_api.tasks import (
    Bench,
    accepted,
    matched,
    options_of,
    planned,
    progress_json,
    read,
)
from critmass_api.wire import CoordinationRequest, ExplanationRequest, GameRequest, GapsRequest

KEYS = {"--most": "most_pmpm_usd"}
"""Keys of a request that are not called as on the command line."""


@contextmanager
def in_words_of_requests() -> Iterator[None]:
    """Problems that name an option of the command line name the key of the body instead."""
    try:
        yield
    except InputError as error:
        raise InputError([replace(item, place=_place(item.place)) for item in error.problems]) from None


def _place(place: str) -> str:
    if not place.startswith("--"):
        return place
    words = [KEYS.get(word, word.removeprefix("--").replace("-", "_")) for word in place.split()]
    return "body: " + " ".join(words)


class Telling:
    """Tells of progress under the name of the question that is being planned."""

    def __init__(self, bench: Bench) -> None:
        self._say = bench.say
        self._question = ""

    def started(self, question: str) -> None:
        """Takes the name of the next question."""
        self._question = question

    def __call__(self, progress: Progress) -> None:
        """Takes a report of the search."""
        self._say(progress_json(replace(progress, stage=self._question or progress.stage)))


# Gaps -------------------------------------------------------------------------------------------------


def check_gaps(body: bytes, bench: Bench) -> bytes:
    """Checks a network and a scenario, and whether the payer has members."""
    asked = read(GapsRequest, body)
    return accepted(asked, bench, asked.options.time_limit_seconds, lambda network: _payer_of(asked, network))


def _payer_of(asked: GapsRequest, network: Network) -> None:
    if asked.payer is not None:
        known_payer(asked.payer, network)


def gaps(body: bytes, bench: Bench) -> bytes:
    """Looks for what payers leave unpaid."""
    asked, telling = read(GapsRequest, body), Telling(bench)
    if asked.as_it_stands:
        network, catalog = matched(asked, bench)
        plan = as_it_stands(network, catalog, asked.scenario)
    else:
        plan = planned(asked, bench)
    found = gaps_of(plan, planned=not asked.as_it_stands, started=telling.started)
    return gaps_document(found, asked.payer).model_dump_json().encode()


# Coordinations ----------------------------------------------------------------------------------------


def check_coordination(body: bytes, bench: Bench) -> bytes:
    """Checks a network, a scenario, the target and the limits of payers."""
    asked = read(CoordinationRequest, body)
    return accepted(asked, bench, asked.options.time_limit_seconds, lambda network: _target_of(asked, network))


def _target_of(asked: CoordinationRequest, network: Network) -> None:
    parse_target(asked.target, network)
    checked_limits(asked.most_pmpm_usd, network)


def coordination(body: bytes, bench: Bench) -> bytes:
    """Searches for the least that payers have to add."""
    asked, telling = read(CoordinationRequest, body), Telling(bench)
    network, catalog = matched(asked, bench)
    found = coordinate(
        network, catalog, asked.scenario, parse_target(asked.target, network), options_of(asked, bench),
        asked.most_pmpm_usd, telling, telling.started, asked.uniform,
    )  # fmt: skip
    return coordinating_document(found).model_dump_json().encode()


# Explanations -----------------------------------------------------------------------------------------


def check_explanation(body: bytes, bench: Bench) -> bytes:
    """Checks a network and a scenario, and whether what is asked about exists."""
    asked = read(ExplanationRequest, body)

    def subject(network: Network) -> None:
        subject_of(as_it_stands(network, bench.catalog, asked.scenario), **_subject(asked))

    return accepted(asked, bench, asked.total_seconds, subject)


def _subject(asked: ExplanationRequest) -> dict[str, str | None]:
    return {
        "program": asked.program,
        "practice": asked.practice,
        "workflow": asked.workflow,
        "payer": asked.payer,
    }


def explanation(body: bytes, bench: Bench) -> bytes:
    """Plans and explains the plan."""
    asked, telling = read(ExplanationRequest, body), Telling(bench)
    plan = planned(asked, bench)
    found = explain(
        plan, **_subject(asked), fronts=asked.fronts, options=default_options(plan), report=telling,
        started=telling.started,
    )  # fmt: skip
    return explanation_document(found).model_dump_json().encode()


# Games ------------------------------------------------------------------------------------------------


def share_game(body: bytes, bench: Bench) -> bytes:
    """Shares a game that is given as a table of coalitions."""
    asked = read(GameRequest, body)
    found, weights = game_in("body: game", asked.game)
    return sharing_document(shared(found, weights, asked.rule), "a game").model_dump_json().encode()
