"""Starts the service on this computer."""

from __future__ import annotations

import uvicorn

from critmass.catalog.load import catalog_dirs_from_environment
from critmass.domain.errors import InputError, Problem
from critmass_api.app import create_app
from critmass_api.settings import LOOPBACK_HOSTS, Settings

_GRACEFUL_SECONDS = 5


def serve(host: str = "127.0.0.1", port: int = 8000, settings: Settings | None = None) -> None:
    """Serves until it is interrupted; then no child process is left.

    Raises:
        InputError: for any host but this computer, an impossible port, or a catalog that cannot be used.
    """
    _check_address(host, port)
    app = create_app(settings or Settings(catalog_dirs=catalog_dirs_from_environment()))
    try:
        uvicorn.run(
            app,
            host=host,
            port=port,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACEFUL_SECONDS,
        )
    finally:
        app.state.service.close()


def _check_address(host: str, port: int) -> None:
    if host not in LOOPBACK_HOSTS:
        message = f"'{host}' is not this computer alone; the service has no log-in and shows all it is sent"
        raise InputError([Problem("host", message, f"use {LOOPBACK_HOSTS[0]}")])
    if not 0 <= port <= 65_535:
        raise InputError([Problem("port", f"{port} is not a port", "use a number from 1 to 65535")])
