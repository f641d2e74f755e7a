"""`critmass coordinate` and `critmass share NETWORK`: what is printed, what is refused, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from critmass.cli import app
from critmass.domain.catalog import Catalog
from critmass.network import sample_network, write_network
from critmass.report.coordinating_schema import CoordinatingDocument
from critmass.report.sharing_coordination import SharedCoordinationDocument


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, shipped_catalog: Catalog) -> Path:
    """A workbook of four practices."""
    path = tmp_path_factory.mktemp("network") / "four.xlsx"
    write_network(path, sample_network(4, 2, shipped_catalog), shipped_catalog)
    return path


def run(*words: str | Path) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.mark.long
def test_coordination_as_json(network: Path) -> None:
    """The JSON is a valid document; a proposal in it is verified and no dearer than the offers."""
    done = run("coordinate", network, "--target", "2", "--time-limit", 12, "--json")
    document = CoordinatingDocument.model_validate_json(done.stdout)
    assert done.exit_code == (0 if document.proposal or document.reached_today else 5)
    if document.proposal is not None:
        assert document.proposal.verified
        assert document.proposal.reached.practices_at_mass >= 2
        assert document.proposal.spend_usd <= document.proposal.offered_usd + 0.005
        assert document.bound_usd <= document.proposal.spend_usd + 1.0
        assert document.alone is not None


@pytest.mark.long
def test_written_coordination(network: Path, tmp_path: Path) -> None:
    """The offers, planned with as any contract, bring the target again; a payer sees none of them by default."""
    out = tmp_path / "out"
    done = run("coordinate", network, "--target", "2", "--time-limit", 30, "--out", out)
    assert done.exit_code == 0, done.output
    together = out / "together"
    again = run(
        "plan", together / "network.xlsx", "--catalog", together / "offers.yaml", "--time-limit", 30, "--json"
    )  # fmt: skip
    assert sum(item["at_mass_after"] for item in json.loads(again.stdout)["practices"]) >= 2
    seen = run("view", out, "--role", "payer:meridian", "--json")
    assert "bundle_bonus" not in seen.stdout
    assert "bundle_bonus" in run("view", out, "--role", "pho_admin", "--json").stdout


@pytest.mark.long
def test_shared_coordination(network: Path) -> None:
    """What payers pay adds up to the bonus, and their shares to the gain, to the cent."""
    done = run("share", network, "--target", "2", "--time-limit", 8, "--rule", "shapley", "--json")
    assert done.exit_code == 0, done.output
    document = SharedCoordinationDocument.model_validate_json(done.stdout)
    assert sum(round(100 * item.pays_usd) for item in document.payers) == pytest.approx(100 * document.bonus_usd, abs=6)
    gain = sum(round(100 * item.share_of_gain_usd) for item in document.payers)
    assert gain == round(100 * document.sharing.total_usd)
    assert document.coalitions == 2 ** len(document.payers)


def test_limits_that_rule_the_target_out(network: Path) -> None:
    """Payers that may add nothing bring nobody to mass: it is said to be proved, with exit code 5, also as JSON."""
    payers = ("bcbsm", "humana", "medicare", "meridian", "priority_health", "uhc")
    limits = [word for payer in payers for word in ("--most", f"{payer}=0")]
    done = run("coordinate", network, "--target", "100%", "--time-limit", 8, *limits, "--json")
    document = CoordinatingDocument.model_validate_json(done.stdout)
    assert done.exit_code == 5
    assert document.proposal is None
    assert document.options.time_limit_seconds == 8


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", "9"), "has 4 practices"),
        (("--target", "P001,P009"), "did you mean"),
        (("--target", "50%", "--most", "uch=4"), "did you mean 'uhc'"),
        (("--target", "50%", "--most", "uhc"), "PAYER=USD"),
        (("--target", "50%", "--most", "uhc=-2"), "is no limit"),
    ],
)
def test_mistakes(network: Path, words: tuple[str, ...], said: str) -> None:
    """Each mistake is named before anything is planned, with what to write instead, and exit code 2."""
    done = run("coordinate", network, *words)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())


def test_a_rule_is_checked_before_the_search(network: Path) -> None:
    """A rule that does not exist, or a missing target, costs nobody a minute."""
    wrong = run("share", network, "--target", "2", "--rule", "shaply")
    assert wrong.exit_code == 2
    assert "shapley" in wrong.output
    missing = run("share", network)
    assert missing.exit_code == 2
    assert "--target" in missing.output


def test_errors_are_json_where_json_is_asked_for(network: Path) -> None:
    """A mistake comes as JSON on stdout."""
    done = run("coordinate", network, "--target", "0%", "--json")
    assert done.exit_code == 2
    assert "share of members" in json.dumps(json.loads(done.stdout))
