"""Catalog objects as YAML that people read and edit."""

from __future__ import annotations

from typing import Any

import yaml

WIDTH = 110


class _Readable(yaml.SafeDumper):
    """No anchors, list items indented below their key."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def yaml_text(data: Any) -> str:
    """Data as YAML in its own order; what holds no further lists or keys stands on one line."""
    text: str = yaml.dump(
        data, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=None
    )
    return text


def plain_number(value: float) -> float | int:
    """A number without a needless '.0'."""
    return int(value) if value == int(value) else value
