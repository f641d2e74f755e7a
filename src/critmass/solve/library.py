"""The plan library: what earlier searches found, kept on disk. Bounds are kept by the hash of what they bound."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from critmass.domain.network import Network
from critmass.domain.scenario import Scenario
from critmass.formulation.block import FloatArray
from critmass.settlement.projection import Decisions
from critmass.solve.kept import Kept

FILES = 8
"""Files kept for one network and scenario: the newest."""

PLANS = 30
"""Plans kept for one practice in one file: the first rows, best ones first."""

RESULTS = 3000
"""Pricing results kept in one file: the last ones."""

MOST_BYTES = 256_000_000
"""A larger file, packed or not, is not read."""

_log = logging.getLogger(__name__)
_NOT_MEANT = {"name", "locks", "overrides", "organization_budget_usd", "practice_budgets"}

Fixed = tuple[tuple[str, float, float], ...]
"""A node's decisions: variable name, least and largest value."""


@dataclass
class StoredPrices:
    """Prices of links and floors by name at a node of a stage: a starting point, never a bound.

    `relaxed` ones are those of a linear relaxation that was enough to put the node aside.
    """

    stage: str
    fixed: Fixed
    links: Mapping[str, float]
    floors: Mapping[str, float]
    relaxed: bool = False


@dataclass
class StoredSplit:
    """How a node of a stage was split in two: a decision of the organization with its upper and its lower range."""

    stage: str
    fixed: Fixed
    name: str
    upper: tuple[float, float]
    lower: tuple[float, float]


@dataclass
class Entry:
    """What one search leaves: practices' plans as rows over their variables, prices, splits, the best decisions, and
    results of pricing by the hash of the problem."""

    variables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    plans: Mapping[str, FloatArray] = field(default_factory=dict)
    prices: Sequence[StoredPrices] = ()
    programs: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    decisions: Decisions | None = None
    splits: Sequence[StoredSplit] = ()
    chosen: Sequence[str] = ()
    """Practices whose first row is the plan that the best decisions hold for them."""
    priced: Mapping[str, Sequence[Kept]] = field(default_factory=dict)


class Library:
    """Entries of one network and scenario in a folder. Files are named by the sha256 of their content."""

    def __init__(self, folder: Path, network: Network, scenario: Scenario) -> None:
        text = network.hash + scenario.model_dump_json(exclude=_NOT_MEANT)
        self.folder = folder / hashlib.sha256(text.encode()).hexdigest()[:32]

    def entries(self) -> list[Entry]:
        """Readable entries, newest first; a damaged file is logged and left out."""
        found = []
        for path in self._files():
            try:
                found.append(_read(path))
            except Exception as error:  # a file from anywhere may be wrong in any way
                _log.warning("plan library: %s is damaged and ignored (%s)", path.name, type(error).__name__)
        return found

    def add(self, entry: Entry) -> Path:
        """Writes an entry under a temporary name, then renames it. Raises OSError where that is impossible."""
        content = _packed(entry)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{hashlib.sha256(content).hexdigest()}.npz"
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
        for old in self._files()[FILES:]:
            old.unlink(missing_ok=True)
        return path

    def _files(self) -> list[Path]:
        dated = []
        for path in self.folder.glob("*.npz"):
            try:
                dated.append((path.stat().st_mtime_ns, path))
            except FileNotFoundError:
                continue
        return [path for _, path in sorted(dated, reverse=True)]


def _packed(entry: Entry) -> bytes:
    practices = list(entry.plans)
    head: dict[str, Any] = {
        "practices": practices,
        "variables": [list(entry.variables[name]) for name in practices],
        "prices": [vars(item) for item in entry.prices],
        "programs": entry.programs,
        "workflows": entry.workflows,
        "splits": [vars(item) for item in entry.splits],
        "chosen": list(entry.chosen),
    }
    kept = [(key, item) for key, items in entry.priced.items() for item in items][-RESULTS:]
    head["priced"] = [(key, item.bound, len(item.caps), len(item.point)) for key, item in kept]
    arrays: dict[str, Any] = {f"plans_{place}": entry.plans[name][:PLANS] for place, name in enumerate(practices)}
    arrays["priced_caps"] = np.concatenate([item.caps for _, item in kept]) if kept else np.zeros(0)
    arrays["priced_points"] = np.concatenate([item.point for _, item in kept]) if kept else np.zeros(0)
    if entry.decisions is not None:
        best = entry.decisions
        arrays |= {"delivery": best.delivery, "reach": best.reach, "joined": best.joined}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8), **arrays)
    return buffer.getvalue()


def _read(path: Path) -> Entry:
    if path.stat().st_size > MOST_BYTES:
        raise ValueError("too large")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != path.stem:
        raise ValueError("content does not match its name")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(item.file_size for item in packed.infolist()) > MOST_BYTES:
            raise ValueError("too large")
    with np.load(io.BytesIO(content), allow_pickle=False) as data:
        head = json.loads(data["head"].tobytes())
        rows = [np.asarray(data[f"plans_{at}"], dtype=np.float64)[:PLANS] for at in range(len(head["practices"]))]
        plans = dict(zip(head["practices"], rows, strict=True))
        best = Decisions(data["delivery"], data["reach"], data["joined"]) if "delivery" in data else None
        priced = _results(head.get("priced", ()), data) if "priced_caps" in data else {}
    prices = [_prices(item) for item in head["prices"]]
    variables = dict(zip(head["practices"], head["variables"], strict=True))
    if any(rows.ndim != 2 or rows.shape[1] != len(variables[name]) for name, rows in plans.items()):
        raise ValueError("plans do not match their variables")
    splits = [_split(item) for item in head.get("splits", ())]
    programs, workflows = tuple(head["programs"]), tuple(head["workflows"])
    chosen = tuple(str(name) for name in head.get("chosen", ()))
    return Entry(variables, plans, prices, programs, workflows, best, splits, chosen, priced)


def _prices(item: Mapping[str, Any]) -> StoredPrices:
    links = {str(name): float(price) for name, price in item["links"].items()}
    floors = {str(name): float(price) for name, price in item["floors"].items()}
    return StoredPrices(str(item["stage"]), _decided(item["fixed"]), links, floors, bool(item.get("relaxed", False)))


def _split(item: Mapping[str, Any]) -> StoredSplit:
    upper, lower = ((float(low), float(high)) for low, high in (item["upper"], item["lower"]))
    return StoredSplit(str(item["stage"]), _decided(item["fixed"]), str(item["name"]), upper, lower)


def _decided(fixed: Sequence[Any]) -> Fixed:
    return tuple((str(name), float(low), float(high)) for name, low, high in fixed)


def _results(head: Sequence[Any], data: Mapping[str, Any]) -> dict[str, list[Kept]]:
    """Results of pricing. A bound that is no number, or without its caps and plan, is none."""
    caps, points = (np.asarray(data[name], dtype=np.float64) for name in ("priced_caps", "priced_points"))
    found, at, place = dict[str, list[Kept]](), 0, 0
    for key, bound, many, long in head[:RESULTS]:
        kept = Kept(caps[at : at + int(many)], float(bound), points[place : place + int(long)])
        at, place = at + int(many), place + int(long)
        if len(kept.caps) != many or len(kept.point) != long or not np.isfinite([bound, *kept.point]).all():
            raise ValueError("a result of pricing is not whole")
        found.setdefault(str(key), []).append(kept)
    return found
