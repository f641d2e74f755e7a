"""Puts the application together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

import critmass
from critmass.catalog import load_catalog
from critmass_api.dependencies import Service
from critmass_api.desk import Desk
from critmass_api.handlers import install_handlers
from critmass_api.jobs import Jobs
from critmass_api.middleware import install_middleware
from critmass_api.problems import ProblemDetails
from critmass_api.routes import games, networks, plans, service
from critmass_api.routes.documented import REFERENCE
from critmass_api.settings import Settings
from critmass_api.wire import GameRequest, NetworkRequest, SettlementRequest

DESCRIPTION = """Which payer programs to join and which population health workflows to run, so that \
practices reach critical reimbursement mass. Money is USD, shares are fractions, times are UTC."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application with its catalog loaded. Its child processes end with its lifespan.

    Raises:
        InputError: with every problem of the catalog.
    """
    settings = settings or Settings()
    catalog = load_catalog(settings.catalog_dirs, shipped=settings.shipped_catalog)
    app = bare_app()
    app.state.service = Service(catalog, Desk(catalog, settings), Jobs(catalog, settings))
    install_middleware(app, settings)
    return app


def bare_app() -> FastAPI:
    """The routes and their documentation, without anything to work with."""
    app = FastAPI(
        title="critmass",
        description=DESCRIPTION,
        version=critmass.__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan,
    )
    for router in (service.router, networks.router, *plans.routers, games.router):
        app.include_router(router)
    install_handlers(app)
    app.openapi = lambda: _documented(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await run_in_threadpool(app.state.service.close)


def _documented(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the schemas of the bodies that routes hand on unread."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _drop_foreign_errors(document)
        known = document["components"]["schemas"]
        models: list[type[BaseModel]] = [NetworkRequest, SettlementRequest, GameRequest, ProblemDetails]
        for model in (*models, *(kind.request for kind in plans.KINDS)):
            schema = model.model_json_schema(ref_template=REFERENCE)
            known.update(schema.pop("$defs", {}))
            known[model.__name__] = schema
        app.openapi_schema = document
    return app.openapi_schema


def _drop_foreign_errors(document: dict[str, Any]) -> None:
    """Takes out the framework's own error answer, which the handlers never let through."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    for path in document["paths"].values():
        for operation in path.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
