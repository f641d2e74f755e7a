"""Settles published results under the law of their year and compares, row by row."""

from critmass.studies.verify.outcome import CheckOutcome, Miss
from critmass.studies.verify.run import VerificationReport, verify

__all__ = ["CheckOutcome", "Miss", "VerificationReport", "verify"]
