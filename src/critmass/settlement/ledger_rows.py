"""Rows of the ledger while they are written: cents by practice and workflow, with the words around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from critmass.domain.ledger import LEDGER_COLUMNS
from critmass.domain.network import ORGANIZATION
from critmass.settlement.results import FloatArray

IntArray = NDArray[np.int64]
Categories: TypeAlias = "pd.Categorical[str]"

CENTS = 100
_KINDS = ("accrual", "cash", "cost")
_VARYING = ("practice", "workflow", "amount_usd", "confidence")


def to_cents(usd: FloatArray) -> IntArray:
    """USD rounded to whole cents."""
    return np.asarray(np.rint(usd * CENTS), dtype=np.int64)


def split_cents(total: IntArray, shares: FloatArray) -> IntArray:
    """Each total split by its row of shares into whole cents that sum to it, by largest remainder.

    Shape: total (row,), shares (row, part) with rows that sum to one.
    """
    exact = np.abs(total)[:, None] * shares
    whole = np.floor(exact + 1e-9).astype(np.int64)
    left = np.abs(total) - whole.sum(axis=1)
    order = np.argsort(whole - exact, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(shares.shape[1])[None, :], axis=1)
    return np.asarray(np.sign(total)[:, None] * (whole + (rank < left[:, None])))


@dataclass(frozen=True)
class _Part:
    practice: IntArray
    workflow: IntArray
    cents: IntArray
    confidence: tuple[str, ...]
    words: Mapping[str, str]


class LedgerRows:
    """Collects the ledger. Zero amounts leave no row."""

    def __init__(self, practices: Sequence[str], workflows: Sequence[str]) -> None:
        self._practices = (*practices, ORGANIZATION)
        self._workflows = (*workflows, "")
        self._parts: list[_Part] = []

    def table(self) -> IntArray:
        """Zeros, shape (practice and ORGANIZATION, workflow and none)."""
        return np.zeros((len(self._practices), len(self._workflows)), dtype=np.int64)

    def add(self, cents: IntArray, confidence: str | Sequence[str], **words: str) -> None:
        """Adds a table of cents under the words of its other columns; confidence may differ by workflow."""
        practice, workflow = np.nonzero(cents)
        grades = (confidence,) * len(self._workflows) if isinstance(confidence, str) else tuple(confidence)
        self._parts.append(_Part(practice, workflow, cents[practice, workflow], grades, words))

    def frame(self) -> pd.DataFrame:
        """The ledger: accruals, then cash, then costs. Columns of words are categorical."""
        parts = sorted(self._parts, key=lambda part: _KINDS.index(part.words["kind"]))
        columns = {name: _constant(name, parts) for name in LEDGER_COLUMNS if name not in _VARYING}
        columns["practice"] = _coded([part.practice for part in parts], self._practices)
        columns["workflow"] = _coded([part.workflow for part in parts], self._workflows)
        columns["confidence"] = _confidences(parts)
        amounts = _joined([part.cents for part in parts]) / CENTS
        return pd.DataFrame({**columns, "amount_usd": amounts})[list(LEDGER_COLUMNS)]


def _joined(pieces: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *pieces])


def _coded(pieces: Sequence[IntArray], names: Sequence[str]) -> Categories:
    return pd.Categorical.from_codes(_joined(pieces), categories=pd.Index(list(names)))


def _constant(name: str, parts: Sequence[_Part]) -> Categories:
    """A column that is the same all over each part."""
    names = list(dict.fromkeys(part.words.get(name, "") for part in parts))
    codes = np.array([names.index(part.words.get(name, "")) for part in parts], dtype=np.int64)
    return _coded([np.repeat(codes, [len(part.cents) for part in parts])], names)


def _confidences(parts: Sequence[_Part]) -> Categories:
    names = list(dict.fromkeys(grade for part in parts for grade in part.confidence))
    codes = [np.array([names.index(grade) for grade in part.confidence]) for part in parts]
    return _coded([code[part.workflow] for code, part in zip(codes, parts, strict=True)], names)
