"""Reads small YAML files that a user wrote: scenarios, maps of results."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from critmass.domain.errors import InputError, Problem

MAX_BYTES = 5_000_000


def read_yaml(path: Path) -> dict[Hashable, Any]:
    """The keys and values of a small YAML file; an empty file has none.

    Raises:
        InputError: when it cannot be read, holds no keys, or writes a key twice.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError([Problem(path.name, f"larger than {MAX_BYTES:,} bytes", "shorten it")])
        raw = yaml.load(path.read_bytes(), Loader=_StrictLoader)
    except OSError as error:
        fix = "name an existing YAML file" if isinstance(error, FileNotFoundError) else "name a YAML file"
        raise InputError([Problem(str(path), _reason(error), fix)]) from None
    except yaml.YAMLError as error:
        message = f"is not valid YAML: {error}".replace("\n", " ")
        raise InputError([Problem(path.name, message, "mend the line named")]) from None
    except RecursionError:
        raise InputError([Problem(path.name, "is nested too deeply", "write it flat")]) from None
    if raw is not None and not isinstance(raw, dict):
        fix = "write keys and values, such as 'key: value'"
        raise InputError([Problem(path.name, "is not a list of keys and values", fix)])
    return raw or {}


def _reason(error: OSError) -> str:
    return "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that is written twice, where YAML would keep the last one without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping whose keys are all different."""
        keys = [key.value for key, _ in node.value]
        for at, key in enumerate(keys):
            if key in keys[:at]:
                mark = node.value[at][0].start_mark
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} is written twice", problem_mark=mark)
        return super().construct_mapping(node, deep)
