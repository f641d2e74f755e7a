"""Where what a reader found came from."""

from __future__ import annotations

from datetime import date

from critmass.domain.values import Source


def published_source(title: str, url: str) -> Source:
    """A public file, read today."""
    return Source(title=title, url=url, seen=date.today())
