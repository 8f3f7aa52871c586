"""Evidence from the command line: written, signed, verified."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.attacks.tools import on_main
from tests.conftest import Run, Workshop
from tests.signing import add_key, make_key, public

NOW = ("--now", "2026-11-22T12:00:00Z")


@pytest.fixture
def shop(workshop: Workshop, tmp_path: Path) -> Workshop:
    with on_main(workshop):
        add_key(workshop, "erin", make_key(tmp_path, "erin"))
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    (tmp_path / "reviews.json").write_text(json.dumps(workshop.pull_request()))
    return workshop


@pytest.fixture
def gate(shop: Workshop, itsm: Run, tmp_path: Path) -> Run:
    def call(*more: str | Path) -> tuple[int, str, str]:
        where = ("-C", str(shop.path), "--base", "main", "--head", "topic")
        return itsm("gate", *where, "--reviews", tmp_path / "reviews.json", *NOW, *more)

    return call


def verify(itsm: Run, shop: Workshop, *more: str | Path) -> tuple[int, str, str]:
    return itsm("gate", "-C", str(shop.path), *NOW, "--verify", *more)


def test_signed_evidence_is_verified(shop: Workshop, gate: Run, itsm: Run, tmp_path: Path) -> None:
    file = tmp_path / "gate.json"
    code, _, err = gate("--format", "json", "-o", file, "--sign", tmp_path / "erin")
    assert code == 0, err
    code, out, _ = verify(itsm, shop, file, "--require-signature")
    assert (code, out.splitlines()[0][:38]) == (
        0,
        "✔ the evidence holds: approved, " + shop.git("rev-parse", "topic")[:6],
    )
    assert "  signed by erin\n" in out
    (tmp_path / "signers").write_text(f"# ours\npipeline {public(tmp_path / 'erin')}\n")
    assert "signed by pipeline" in verify(itsm, shop, file, "--allowed-signers", tmp_path / "signers")[1]
    (tmp_path / "signers").write_text(f"pipeline {public(make_key(tmp_path, 'other'))}\n")
    code, out, _ = verify(itsm, shop, file, "--allowed-signers", tmp_path / "signers")
    assert (code, "not among the allowed signers" in out) == (1, True)
    (tmp_path / "gate.json.sig").unlink()
    code, out, _ = verify(itsm, shop, file, "--require-signature")
    assert (code, "nobody signed it" in out) == (1, True)


def test_altered_evidence_is_refused(shop: Workshop, gate: Run, itsm: Run, tmp_path: Path) -> None:
    file = tmp_path / "gate.json"
    gate("--format", "json", "-o", file)
    file.write_text(file.read_text().replace('"low"', '"high"', 1))
    code, out, _ = verify(itsm, shop, file)
    assert (code, "its content gives sha256:" in out) == (1, True)
    code, out, _ = verify(itsm, shop, file, "--format", "json")
    assert (code, json.loads(out)["holds"]) == (1, False)


def test_in_toto_is_printed_and_signed(gate: Run, tmp_path: Path) -> None:
    file = tmp_path / "vsa.json"
    assert gate("--format", "in-toto", "-o", file, "--sign", tmp_path / "erin")[0] == 0
    assert json.loads(file.read_text())["predicate"]["verificationResult"] == "PASSED"
    assert (tmp_path / "vsa.json.sig").is_file()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--sign", "erin"), "add --format json --output FILE"),
        (("--allowed-signers", "x"), "add --verify FILE"),
        (("--verify", "nowhere.json"), "cannot read nowhere.json"),
        (("--verify", "x", "--format", "markdown"), "--verify answers as text or json"),
    ],
)
def test_likely_mistakes(gate: Run, options: tuple[str, ...], says: str) -> None:
    code, _, err = gate(*options)
    assert code == 2
    assert says in err


def test_an_in_toto_statement_cannot_be_judged_again(shop: Workshop, gate: Run, itsm: Run, tmp_path: Path) -> None:
    gate("--format", "in-toto", "-o", tmp_path / "vsa.json")
    code, out, _ = verify(itsm, shop, tmp_path / "vsa.json")
    assert (code, "an in-toto statement" in out) == (1, True)
