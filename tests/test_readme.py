"""What README.md and data/README.md show works as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from critmass import load_catalog
from critmass.cli import app
from critmass.domain.results_map import ResultsMap

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DATA_README = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
SETTLING = (ROOT / "docs" / "settling.md").read_text(encoding="utf-8")
COORDINATION = (ROOT / "docs" / "coordination.md").read_text(encoding="utf-8")
SHARING = (ROOT / "docs" / "sharing.md").read_text(encoding="utf-8")
EXPLAINING = (ROOT / "docs" / "explaining.md").read_text(encoding="utf-8")
PAGES = {
    ROOT / "README.md": README,
    ROOT / "docs" / "settling.md": SETTLING,
    ROOT / "docs" / "explaining.md": EXPLAINING,
    ROOT / "docs" / "sharing.md": SHARING,
    ROOT / "docs" / "coordination.md": COORDINATION,
}

DONE = (0, 5)
"""Exit codes of a command that did its work; 5 is a plan whose gap the time limit left open."""


def blocks(text: str, language: str = r"\w*") -> list[str]:
    """Fenced blocks of a page, in the margin or below a list item."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Commands of the pages that come back by themselves, without comments; `explain`, `organize`, `coordinate`,
    `gaps` and what shares a coordination or plans with its offers have tests of their own."""
    shown = [block.replace("\\\n", " ") for page in PAGES.values() for block in blocks(page)]
    lines = [line.split("  #")[0].strip() for block in shown for line in block.splitlines()]
    found = [line.removeprefix(".venv/bin/") for line in lines if re.match(r"(\.venv/bin/)?critmass ", line)]
    needs_more = (
        "serve",
        "published-files",
        "import",
        "explain",
        "organize",
        "coordinate",
        "--target",
        "together/",
        "gaps",
    )
    return [line for line in found if not any(word in line for word in needs_more)]


@pytest.mark.parametrize("command", commands())
def test_commands_run(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command ends well, on a network of the name that it uses."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    words = shlex.split(command)[1:]
    if words[0] != "template":
        for name in (word for word in words if word.endswith(".xlsx") and not Path(word).exists()):
            shutil.copy(ROOT / "data" / "networks" / "solo.xlsx", tmp_path / name)
    limit = ["--time-limit", "20"] if words[0] == "plan" else []
    done = CliRunner().invoke(app, [*words, *limit])
    assert done.exit_code in DONE, done.output


@pytest.mark.parametrize("code", [code for page in PAGES.values() for code in blocks(page, "python")])
def test_python_examples_run(code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Python example runs in the checkout and prints something."""
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out.strip()


def test_the_example_program_is_a_valid_catalog(tmp_path: Path) -> None:
    """The program that data/README.md teaches with loads beside the shipped catalog."""
    (example,) = blocks(DATA_README, "yaml")
    lines = [line.removeprefix("   ") for line in example.splitlines()]
    (tmp_path / "ridge.yaml").write_text("\n".join(lines), encoding="utf-8")
    assert "ridge_quality_2026" in load_catalog([tmp_path]).programs


def test_pages_link_to_what_exists() -> None:
    """Links lead somewhere."""
    linked = [(page, target) for page, text in PAGES.items() for target in re.findall(r"\]\(([^)#]+)\)", text)]
    local = [(page, target) for page, target in linked if "://" not in target]
    assert local
    assert not [target for page, target in local if not (page.parent / target).exists()]


def test_the_map_that_is_shown_is_a_map() -> None:
    """The map that docs/settling.md explains fits its schema."""
    assert ResultsMap.model_validate(yaml.safe_load(blocks(SETTLING, "yaml")[0])).measures


def test_every_make_target_that_is_named_exists() -> None:
    """`make NAME` in README.md is a target of the Makefile."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"^make ([a-z-]+)", "\n".join(blocks(README)), re.MULTILINE)) <= set(targets)
