"""What the verdict would be: supposed authors, reviews and policies, and the tree of approvals."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.reports.gate.markdown import MOST_CHARACTERS
from itsm_as_code.reports.gate.markdown import render as markdown
from tests.attacks.tools import RULES
from tests.conftest import Run, Workshop

STRICT = """\
apiVersion: itsm/v1
kind: ApprovalPolicy
metadata: {name: board-for-all, title: The board sees all}
spec:
  rules:
    - name: board
      match: {kinds: [Change]}
      approvals: [{from: {role: change-advisory-board}, count: 1}]
"""


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    workshop.change()
    workshop.commit()
    return workshop


@pytest.fixture
def gate(shop: Workshop, itsm: Run) -> Run:
    def call(*more: str | Path) -> tuple[int, str, str]:
        where = ("-C", str(shop.path), "--base", "main", "--head", "topic", "--now", "2026-11-22T12:00:00Z")
        return itsm("gate", *where, *more)

    return call


def test_what_if_bob_approved(gate: Run) -> None:
    assert gate()[0] == 1
    code, out, err = gate("--with-review", "bob:approve")
    assert code == 0
    assert "WHAT IF: this is no verdict" in err
    assert "WHAT IF bob said approved? Nobody decided this. It would be:\n✔ APPROVED" in out
    assert gate("--with-review", "bob:approve", "--with-review", "carol:request-changes")[0] == 1


def test_what_if_bob_had_written_it(gate: Run) -> None:
    assert gate("--as", "bob", "--with-review", "bob:approve")[0] == 1
    assert "bob: wrote or pushed" in gate("--as", "bob", "--with-review", "bob:approve")[1]


def test_what_if_a_policy_were_on_the_base(gate: Run, shop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "strict.yaml").write_text(STRICT)
    refs = shop.git("for-each-ref"), shop.git("count-objects")
    code, out, _ = gate("--with-review", "bob:approve", "--with-policy", tmp_path / "strict.yaml")
    assert code == 1
    assert "board: 1 approval missing from role change-advisory-board" in out
    assert "what-judges" not in out
    assert (shop.git("for-each-ref"), shop.git("count-objects")) == refs


def test_a_supposed_policy_stands_in_for_the_one_of_its_name(gate: Run, shop: Workshop, tmp_path: Path) -> None:
    lax = (shop.path / RULES).read_text().replace("[{from: {owners: affected}, count: 1}]", "[]")
    (tmp_path / "lax.yaml").write_text(lax)
    code, out, _ = gate("--with-policy", tmp_path / "lax.yaml")
    assert (code, "policies/approvals/all.yaml were on the base" in out) == (0, True), out


def test_its_evidence_is_none(gate: Run, shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    file = tmp_path / "gate.json"
    assert gate("--with-review", "bob:approve", "--format", "json", "-o", file)[0] == 0
    data = json.loads(file.read_text())
    jsonschema.Draft202012Validator(KindRegistry.load().bundled("reports/gate-report.schema.json")).validate(data)
    assert data["whatIf"]["reviews"] == [{"reviewer": "bob", "state": "approved"}]
    assert data["base"] == shop.git("rev-parse", "main")
    code, out, _ = itsm("gate", "-C", shop.path, "--verify", file)
    assert (code, "what-if" in out) == (1, True)
    assert gate("--with-review", "bob:approve", "--format", "in-toto")[0] == 2
    assert "> **What if** bob said approved?" in gate("--with-review", "bob:approve", "--format", "markdown")[1]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--with-review", "bob"), "write PERSON:approve"),
        (("--with-review", "bob:maybe"), "write PERSON:approve"),
        (("--with-review", ":approve"), "write PERSON:approve"),
        (("--with-policy", "nowhere.yaml"), "cannot read nowhere.yaml"),
        (("--with-policy", "person.yaml"), "is no Policy or ApprovalPolicy"),
        (("--with-policy", "broken.yaml"), "cannot be read"),
        (("--as", "alice", "--sign", "key", "--format", "json", "-o", "x"), "is not published or signed"),
        (("--explain", "--format", "json"), "leave out --format json"),
    ],
)
def test_likely_mistakes(
    gate: Run, options: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "person.yaml").write_text("apiVersion: itsm/v1\nkind: Person\n")
    (tmp_path / "broken.yaml").write_text("a: [")
    code, _, err = gate(*options)
    assert (code, says in err) == (2, True), err


def test_a_supposed_review_of_nobody_is_told(gate: Run) -> None:
    assert "mallory: is nobody in people/ of the base" in gate("--with-review", "mallory:approve")[1]


def test_the_tree_is_explained(gate: Run, shop: Workshop) -> None:
    code, out, _ = gate("--with-review", "carol:approve", "--explain")
    assert code == 1
    assert out.startswith(
        "Pull request of alice@shop.example\n"
        "  wrote or pushed it, and so do not approve it: alice\n"
        "\n"
        "✘ all/normal\n"
        "  ├ matched: Change chg-20261122-tune added\n"
        "  ├ ✘ 1 from owners (affected)\n"
        "  │   may: bob\n"
        "  │   did: nobody\n"
        "  │   missing: 1; ask bob\n"
        "  ├ did not count: carol: may not approve for this rule (not-eligible)\n"
        "  └ not satisfied yet\n"
    )


def test_the_summary_of_a_huge_pull_request_fits_a_comment(workshop: Workshop) -> None:
    """The verdict and the digest are there, and it says that something is not."""
    for number in range(400):
        name = f"docs/{'a-long-name-' * 12}{number}.md"
        workshop.write(name, "x\n")
    for number in range(40):
        workshop.change(f"chg-20261122-{'long-' * 8}{number}", **{"[Set it back, Restart]": "[Set it back]"})
    workshop.commit()
    decision = workshop.judge()
    summary = markdown(decision)
    assert len(summary) <= MOST_CHARACTERS
    assert summary.startswith("# ✘ Rejected: something has to be mended first\n")
    assert decision.digest in summary
    assert "lines did not fit above" in summary
