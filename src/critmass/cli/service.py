"""`critmass schema` and `critmass serve`."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated

import typer
from pydantic import BaseModel

from critmass.cli.common import errors, print_json
from critmass.domain.errors import InputError, Problem
from critmass.domain.results_map import ResultsMap
from critmass.domain.scenario import Scenario
from critmass.report.coordinating_schema import CoordinatingDocument
from critmass.report.explanation_schema import ConflictDocument, ExplanationDocument
from critmass.report.gaps_schema import GapsDocument
from critmass.report.organizing_schema import OrganizingDocument
from critmass.report.schema import PlanDocument, SettlementDocument
from critmass.report.sharing_coordination import SharedCoordinationDocument
from critmass.report.sharing_schema import SharingDocument
from critmass.report.view_schema import ViewDocument


class Documented(StrEnum):
    """Documents with a JSON schema."""

    PLAN = "plan"
    SETTLEMENT = "settlement"
    SCENARIO = "scenario"
    MAP = "map"
    EXPLANATION = "explanation"
    CONFLICT = "conflict"
    ORGANIZING = "organizing"
    SHARING = "sharing"
    COORDINATION = "coordination"
    SHARED_COORDINATION = "shared_coordination"
    VIEW = "view"
    GAPS = "gaps"


_MODELS: dict[Documented, type[BaseModel]] = {
    Documented.PLAN: PlanDocument,
    Documented.SETTLEMENT: SettlementDocument,
    Documented.SCENARIO: Scenario,
    Documented.MAP: ResultsMap,
    Documented.EXPLANATION: ExplanationDocument,
    Documented.CONFLICT: ConflictDocument,
    Documented.ORGANIZING: OrganizingDocument,
    Documented.SHARING: SharingDocument,
    Documented.COORDINATION: CoordinatingDocument,
    Documented.SHARED_COORDINATION: SharedCoordinationDocument,
    Documented.VIEW: ViewDocument,
    Documented.GAPS: GapsDocument,
}


def schema(
    document: Annotated[Documented, typer.Argument(help="Which document.")] = Documented.PLAN,
) -> None:
    """Print the JSON schema of a result, a scenario, or the map of a results table."""
    read = document in (Documented.SCENARIO, Documented.MAP)
    print_json(_MODELS[document].model_json_schema(mode="validation" if read else "serialization"))


def serve(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port.")] = 8000,
    host: Annotated[str, typer.Option(help="Address of this machine; nothing else is allowed.")] = "127.0.0.1",
) -> None:
    """Serve the HTTP interface and the web page, on this machine only."""
    with errors(as_json=False):
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
