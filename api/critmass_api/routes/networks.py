"""Checks networks and settles their contracts."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from critmass.report.schema import SettlementDocument
from critmass_api.bodies import JSON, XLSX, require_kind
from critmass_api.dependencies import DeskHere, JsonBody
from critmass_api.examples import NETWORK_EXAMPLES, SETTLEMENT_EXAMPLES
from critmass_api.routes.documented import json_request, problems
from critmass_api.wire import NetworkChecked, NetworkRequest, SettlementRequest

router = APIRouter(prefix="/v1", tags=["networks"])

_REFUSALS = problems("invalid-input", "too-large", "unsupported-media-type", "too-many-requests", "out-of-time")


@router.post(
    "/networks:validate",
    response_model=NetworkChecked,
    responses=_REFUSALS,
    openapi_extra=json_request(NetworkRequest, NETWORK_EXAMPLES, workbook=True),
)
async def validate_network(request: Request, desk: DeskHere) -> Response:
    """Checks a network, given in JSON or as an Excel workbook, and reports everything wrong at once."""
    kind = require_kind(request, JSON, XLSX)
    task = "check_workbook" if kind == XLSX else "check_network"
    return Response(await desk.ask(task, await request.body()), media_type=JSON)


@router.post(
    "/settlements",
    response_model=SettlementDocument,
    responses=_REFUSALS,
    openapi_extra=json_request(SettlementRequest, SETTLEMENT_EXAMPLES),
)
async def settle(body: JsonBody, desk: DeskHere) -> Response:
    """What the contracts pay as things stand: workflows in place, contracts signed, nothing new."""
    return Response(await desk.ask("settle", body), media_type=JSON)
