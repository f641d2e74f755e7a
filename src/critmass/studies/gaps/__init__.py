"""What payers leave unpaid, measures that differ, fragmentation, critical coalitions, and changes that help."""

from critmass.studies.gaps.run import Gaps, as_it_stands, gaps, gaps_of, known_payer

__all__ = ["Gaps", "as_it_stands", "gaps", "gaps_of", "known_payer"]
