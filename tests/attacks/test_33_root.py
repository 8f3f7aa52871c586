"""Attack 33: in a larger repository the place of the records is moved, or what judges lies outside of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from itsm_as_code.gate import evaluation
from itsm_as_code.gate.decision import Decision
from tests.conftest import SMALL, Run, Workshop, codes, copy_tree

ROOT = "ops/itsm"


class Larger(Workshop):
    """A repository of code whose records lie in ops/itsm."""

    def change(self, name: str = "chg-20261122-tune", **replace: str) -> str:
        inner = Workshop(self.path / ROOT)
        return f"{ROOT}/{inner.change(name, **replace)}"


@pytest.fixture
def larger(tmp_path: Path) -> Larger:
    shop = Larger(tmp_path / "larger")
    copy_tree(SMALL, shop.path / ROOT)
    approvals = shop.path / ROOT / "policies/approvals/all.yaml"
    rules = (
        '    - {name: outside, match: {paths: ["**/.github/**", "**/CODEOWNERS", "**/.gitattributes", '
        '"../../deploy/**"]}, approvals: [{from: {role: governance}}]}\n'
    )
    approvals.write_text(approvals.read_text() + rules)
    text = (shop.path / ROOT / "itsm.yaml").read_text()
    shop.write(f"{ROOT}/itsm.yaml", text.replace("\nspec:\n", "\nspec:\n  beside: [../../deploy/**]\n"))
    shop.write("src/main.py", "print()\n")
    shop.write("services/broken.yaml", "kind: [\n")
    shop.git("init", "-q", "-b", "main", "--template=")
    shop.commit("Start", who="erin")
    shop.git("checkout", "-q", "-b", "topic")
    return shop


def judged(shop: Larger, *reviewers: str) -> Decision:
    shop.commit()
    for name in reviewers:
        shop.review(name)
    return shop.judge()


def test_a_change_is_judged_by_the_rules_that_lie_beside_it(larger: Larger) -> None:
    larger.change()
    assert (judged(larger).verdict, judged(larger, "bob").verdict) == ("pending", "approved")


def test_what_lies_elsewhere_is_no_business_of_the_gate(larger: Larger) -> None:
    larger.author = "a-stranger"
    larger.write("src/main.py", "print(1)\n")
    larger.write("services/broken.yaml", "kind: [[\n")
    larger.git("add", "-A")
    larger.git("commit", "-q", "-m", "Code", who="stranger@elsewhere.example")
    decision = larger.judge()
    assert (decision.verdict, codes(decision)) == ("approved", ["nothing-to-judge"])


def test_nothing_at_all_is_still_refused(larger: Larger) -> None:
    assert judged(larger).verdict == "rejected"


@pytest.mark.parametrize(
    "path",
    [
        *(".github/workflows/gate.yml", "CODEOWNERS", "docs/CODEOWNERS", ".gitattributes", "src/.gitattributes"),
        *("deploy/prod.yaml", f"{ROOT}/.github/workflows/x.yml"),
    ],
)
def test_what_is_guarded_or_listed_is_judged_wherever_it_lies(path: str, larger: Larger) -> None:
    larger.change()
    larger.write(path, "* -text\n")
    decision = judged(larger, "bob")
    assert (decision.verdict, codes(decision)) == ("pending", ["approval-missing"])
    assert judged(larger, "dave").verdict == "approved"


@pytest.mark.parametrize("path", [".gitmodules", ".gitlab-ci.yml", "tools/action.yml", ".gitlab/merge_request.md"])
def test_what_is_guarded_needs_a_rule(path: str, larger: Larger) -> None:
    larger.write(path, "x\n")
    assert "not-covered" in codes(judged(larger, "bob", "dave"))


def test_the_list_of_what_is_guarded_cannot_be_shortened_in_the_same_pull_request(larger: Larger) -> None:
    larger.edit(f"{ROOT}/itsm.yaml", "  beside: [../../deploy/**]\n", "")
    larger.write("deploy/prod.yaml", "x\n")
    assert judged(larger, "bob").verdict != "approved"


def moved(shop: Larger) -> None:
    shop.git("mv", ROOT, "ops/records")


def linked(shop: Larger) -> None:
    shop.git("mv", ROOT, "ops/records")
    (shop.path / ROOT).symlink_to("records")


def linked_file(shop: Larger) -> None:
    shop.git("mv", f"{ROOT}/itsm.yaml", f"{ROOT}/other.yaml")
    (shop.path / ROOT / "itsm.yaml").symlink_to("other.yaml")


def deleted(shop: Larger) -> None:
    shop.git("rm", "-q", f"{ROOT}/itsm.yaml")


@pytest.mark.parametrize("attack", [moved, linked, linked_file, deleted])
def test_the_root_cannot_be_moved(attack: object, larger: Larger) -> None:
    attack(larger)  # type: ignore[operator]
    assert "root-moved" in codes(judged(larger, "bob", "dave", "erin"))


@pytest.mark.parametrize("path", ["itsm.yaml", "ops/itsm.yaml", "src/itsm.yaml", f"{ROOT}/services/itsm.yaml"])
def test_there_is_no_second_root(path: str, larger: Larger, monkeypatch: pytest.MonkeyPatch) -> None:
    larger.write("src/main.py", "print(1)\n")
    larger.write(path, (larger.path / ROOT / "itsm.yaml").read_bytes())
    decision = judged(larger, "bob", "dave", "erin")
    assert (decision.verdict, "root-second" in codes(decision)) == ("rejected", True)
    monkeypatch.setattr(evaluation, "root_reasons", lambda *_: ())
    assert "root-second" not in codes(larger.judge())


def test_the_root_is_found_from_the_top_and_from_within(larger: Larger, itsm: Run) -> None:
    larger.change()
    larger.commit()
    ask = ("gate", "--base", "main", "--head", "topic", "--as", "alice", "--with-review", "bob:approve")
    now = ("--now", "2026-11-22T12:00:00Z")
    said = {itsm("-C", larger.path / place, *ask, *now) for place in ("", "ops/itsm", "ops/itsm/changes", "src")}
    assert {code for code, _, _ in said} == {0}
    assert len({out for _, out, _ in said}) == 1


def test_authorise_asks_the_records_of_the_sub_folder(larger: Larger, itsm: Run) -> None:
    larger.change(**{"status: proposed": "status: scheduled"})
    larger.commit()
    larger.git("checkout", "-q", "main")
    larger.git("merge", "-q", "--no-ff", "-m", "Merge", "topic", who="erin")
    at = ("--at", "2026-12-01T20:30:00Z")
    for place in ("", ROOT):
        code, out, err = itsm("-C", larger.path / place, "authorise", "chg-20261122-tune", *at)
        assert code == 0, out + err


def test_init_in_a_sub_folder_guards_the_workflows_at_the_top(tmp_path: Path, itsm: Run) -> None:
    shop = Workshop(tmp_path)
    shop.git("init", "-q", "-b", "main", "--template=")
    people = [part for name in ("alice", "bob", "erin") for part in ("--person", f"{name} <{name}@shop.example>")]
    assert itsm("init", tmp_path / ROOT, *people)[0] == 0
    flow = (tmp_path / ".github/workflows/itsm-gate.yml").read_text()
    assert "\ndefaults:\n  run:\n    working-directory: ops/itsm" in flow
    assert not (tmp_path / ROOT / ".github").exists()
    shop.commit("Start", who="erin")
    shop.git("checkout", "-q", "-b", "topic")
    shop.write(".github/workflows/itsm-gate.yml", flow + "# nothing to see\n")
    shop.commit()
    decision = shop.judge()
    assert (decision.verdict, codes(decision)) == ("pending", ["approval-missing"])
    shop.review("bob")
    assert shop.judge().verdict == "approved"


def test_a_supposed_policy_lies_where_the_records_do(larger: Larger, itsm: Run, tmp_path: Path) -> None:
    """In the larger repository it would have been written beside the records, where nothing reads it."""
    larger.change()
    larger.commit()
    text = (larger.path / ROOT / "policies/approvals/all.yaml").read_text()
    strict = tmp_path / "all.yaml"
    strict.write_text(text.replace("[{from: {owners: affected}, count: 1}]", "[{from: {people: [frank]}}]"))
    ask = ("gate", "--base", "main", "--head", "topic", "--as", "alice", "--now", "2026-11-22T12:00:00Z")
    for place in ("", ROOT):
        _, out, err = itsm("-C", larger.path / place, *ask, "--with-policy", strict)
        assert "normal: 1 approval missing from frank" in out, err
