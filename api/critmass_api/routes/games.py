"""Shares a joint cost or value that is given as a table of coalitions."""

from __future__ import annotations

from fastapi import APIRouter, Response

from critmass.report.sharing_schema import SharingDocument
from critmass_api.bodies import JSON
from critmass_api.dependencies import DeskHere, JsonBody
from critmass_api.examples import GAME_EXAMPLES
from critmass_api.routes.documented import json_request, problems
from critmass_api.wire import GameRequest

router = APIRouter(prefix="/v1", tags=["games"])


@router.post(
    "/games:share",
    response_model=SharingDocument,
    responses=problems("invalid-input", "too-large", "unsupported-media-type", "too-many-requests", "out-of-time"),
    openapi_extra=json_request(GameRequest, GAME_EXAMPLES),
)
async def share_game(body: JsonBody, desk: DeskHere) -> Response:
    """Shares by one rule, by all others for comparison, and says which coalitions would object."""
    return Response(await desk.ask("share_game", body), media_type=JSON)
