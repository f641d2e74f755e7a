"""`critmass verify` where the published files are not: what it asks for, and that it claims nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from critmass.cli import app
from critmass.studies.verify import verify
from critmass.studies.verify.run import readable_pattern


def test_an_empty_folder_proves_nothing(tmp_path: Path) -> None:
    """Every set is skipped with the file it needs, at 60 columns, and no row is said to match."""
    ended = CliRunner().invoke(app, ["verify", "--data", str(tmp_path)], env={"COLUMNS": "60"})
    words = " ".join(ended.stdout.split())
    assert ended.exit_code == 0
    assert "Nothing was compared" in words
    assert "rows match" not in words
    assert words.count("Skipped:") == len(verify(tmp_path).skipped) > 5
    assert "no file named mssp/pyYEAR.csv" in words
    assert max(map(len, ended.stdout.splitlines())) <= 60


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"mssp/quality_py(\d{4})(?:_half)?\.csv", "mssp/quality_pyYEAR.csv"),
        (r"reach/reach_py(\d{4}).*\.csv", "reach/reach_pyYEAR*.csv"),
        (r"stars/scores_(\d{4})\w*\.csv(?:\.gz)?", "stars/scores_YEAR*.csv"),
        (r"valuequest/(vectors)\.json", "valuequest/vectors.json"),
    ],
)
def test_patterns_are_told_as_file_names(pattern: str, said: str) -> None:
    """What is missing is named as a person names a file."""
    assert readable_pattern(pattern) == said
