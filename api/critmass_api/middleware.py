"""What every request and every answer passes through."""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from critmass_api.handlers import log, problem_response
from critmass_api.problems import ServiceError, problem
from critmass_api.runner import where
from critmass_api.settings import Settings

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::\d{0,5})?")


def install_middleware(app: FastAPI, settings: Settings) -> None:
    """Adds all layers; the last one added is the outermost."""
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(KnownHost, hosts=settings.allowed_hosts)
    app.add_middleware(LastResort)
    app.add_middleware(SecurityHeaders)


class SecurityHeaders:
    """Adds SECURITY_HEADERS to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class LastResort:
    """Answers an unforeseen error with a problem, and logs its place without what the user sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if scope["type"] != "http" or begun:
                raise
            log.error("request failed: %s", where(error))
            await problem_response(problem("internal-error"))(scope, receive, send)


class KnownHost:
    """Refuses a request that names another host, as a page does that points its own name here (rebinding)."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on when its Host header is known."""
        if scope["type"] == "http" and not self._knows(Headers(scope=scope).getlist("host")):
            response = problem_response(problem("wrong-host", f"use one of {', '.join(self.hosts[:3])}"))
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _knows(self, found: list[str]) -> bool:
        parts = _HOST.fullmatch(found[0]) if len(found) == 1 else None
        return parts is not None and parts["host"].lower() in self.hosts


class BodyLimit:
    """Refuses a body of more than `max_bytes`, by its announced size or while it arrives."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app, self.max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, counting its body."""
        received = 0

        async def count() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise self._refusal()
            return message

        announced = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if announced.isdigit() and int(announced) > self.max_bytes:
            await problem_response(self._refusal().details)(scope, receive, send)
        else:
            await self.app(scope, count, send)

    def _refusal(self) -> ServiceError:
        return ServiceError("too-large", f"at most {self.max_bytes:,} bytes are read")
