"""Where published results lie, and how they come out under the shipped laws."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

import pytest
import yaml

from critmass.catalog import data_dir
from critmass.domain.verification import VerificationManifest, VerificationSet
from critmass.studies.verify import CheckOutcome, VerificationReport, verify

ENVIRONMENT = "CRITMASS_VALIDATION"
REPOSITORY = Path(__file__).resolve().parents[2]
USUAL_PLACE = "../shared/validation"


def all_sets() -> dict[str, VerificationSet]:
    """The sets that the product ships, by id."""
    raw = yaml.safe_load((data_dir() / "verification" / "sets.yaml").read_text())
    return {item.id: item for item in VerificationManifest.model_validate(raw).sets}


class PublishedTruth:
    """Published files, settled once. Whatever is absent skips the test, with the reason and the public file's name."""

    def __init__(self) -> None:
        self.folder = REPOSITORY / os.environ.get(ENVIRONMENT, USUAL_PLACE)

    def checks(self, set_id: str) -> list[CheckOutcome]:
        """Every check of a set under the shipped laws."""
        self.require(set_id)
        return [item for item in self.report.outcomes if item.set_id == set_id]

    def require(self, set_id: str) -> None:
        """Skips where the set's files are not there."""
        if not self.folder.is_dir():
            publication = all_sets()[set_id].publication
            pytest.skip(f"no published files at {USUAL_PLACE} ({ENVIRONMENT}); public file: {publication}")
        for item in self.report.skipped:
            if item.set_id == set_id:
                pytest.skip(item.reason)

    @cached_property
    def report(self) -> VerificationReport:
        """All sets under the shipped laws."""
        return verify(self.folder)
