"""Turns every kind of error into a problem document."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from critmass.domain.errors import CritmassError, Problem
from critmass_api.problems import MEDIA_TYPE, ProblemDetails, ServiceError, problem, problem_of

log = logging.getLogger("uvicorn.error")

_KINDS = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported-media-type"}


def problem_response(details: ProblemDetails, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as an HTTP response."""
    content = details.model_dump_json()
    return Response(content, status_code=details.status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def install_handlers(app: FastAPI) -> None:
    """Makes the application answer errors with problem documents."""
    app.add_exception_handler(CritmassError, _critmass_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)


async def _critmass_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CritmassError)
    headers = error.headers if isinstance(error, ServiceError) else {}
    return problem_response(problem_of(error), headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = problem(_KINDS.get(error.status_code, "bad-request"))
    return problem_response(details.model_copy(update={"status": error.status_code}), error.headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [Problem(".".join(map(str, item["loc"])), item["msg"]) for item in error.errors()]
    return problem_response(problem("invalid-input", errors=found))
