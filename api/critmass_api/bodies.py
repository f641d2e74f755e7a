"""Reads request bodies of the kinds that a route takes, and nothing else."""

from __future__ import annotations

from email.message import Message

from starlette.requests import Request

from critmass_api.problems import ServiceError

JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def json_body(request: Request) -> bytes:
    """The body of a request that sends JSON, unread.

    Raises:
        ServiceError: for any other content type; a page of another site cannot send this one unasked.
    """
    require_kind(request, JSON)
    return await request.body()


def require_kind(request: Request, *kinds: str) -> str:
    """The request's content type, when it is one of `kinds` and not compressed."""
    found = content_type(request)
    if found not in kinds:
        said = f"'{found[:100]}'" if found else "no content type"
        raise ServiceError("unsupported-media-type", f"found {said}; send {' or '.join(kinds)}")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ServiceError("unsupported-media-type", "send the body without a content-encoding")
    return found


def content_type(request: Request) -> str:
    """The content type without its parameters; '' when there is none."""
    header = request.headers.get("content-type")
    if not header:
        return ""
    message = Message()
    message["content-type"] = header
    return message.get_content_type()
