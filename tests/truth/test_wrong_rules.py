"""Published results notice a rule that is written down wrongly: every wrong law loses rows against the true one."""

from __future__ import annotations

from pathlib import Path

import pytest
from published_truth import PublishedTruth
from wrong_laws import MSSP_RULES, OTHER_RULES, QUALITY_RULES, WrongRule

from critmass.studies.verify import CheckOutcome, readers, verify

RULES = [
    pytest.param(rule, id=f"{rule.set_id}: {rule.name}")
    for rule in (*MSSP_RULES, *QUALITY_RULES, *OTHER_RULES)
    if not rule.unseen
]


def counts(found: list[CheckOutcome]) -> tuple[int, int]:
    """Rows tried, and rows matched."""
    return sum(item.tried for item in found), sum(item.matched for item in found)


@pytest.mark.parametrize("rule", RULES)
def test_a_wrong_rule_loses_rows(
    rule: WrongRule, truth: PublishedTruth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows are tried under the wrong law, and fewer match."""
    tried, matched = counts(truth.checks(rule.set_id))
    rule.write(tmp_path)
    if rule.built_by:
        monkeypatch.setattr(readers, rule.built_by, rule.wrapped(getattr(readers, rule.built_by)))
    wrong = counts(list(verify(truth.folder, [tmp_path], [rule.set_id]).outcomes))
    assert wrong[0] == tried
    assert wrong[1] < matched
