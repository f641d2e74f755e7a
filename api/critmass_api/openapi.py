"""Writes the contract: `python -m critmass_api.openapi > api/openapi.json`."""

from __future__ import annotations

import json
import sys

from critmass_api.app import bare_app


def contract() -> str:
    """The OpenAPI document as the frozen file holds it."""
    return json.dumps(bare_app().openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(contract())
