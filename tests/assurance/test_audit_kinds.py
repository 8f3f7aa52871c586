"""Every kind of finding of `itsm audit`, each from the least that brings it about."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from itsm_as_code.assurance.audit import Asked, Audit, audit, with_early_starts, with_rewound_deployments
from itsm_as_code.assurance.audited import keep, with_rewritten
from itsm_as_code.assurance.landings import REMEDIES
from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.assurance.statement import pack, sign
from itsm_as_code.cache import Cache
from itsm_as_code.errors import ItsmError, UsageError
from itsm_as_code.gate.decision import canonical
from itsm_as_code.git import lines
from tests.assurance.built import land, push, restated, with_approval_of
from tests.assurance.tools import INSIDE, LATER, Firm, copy
from tests.attacks.tools import CHANGE
from tests.conftest import Run
from tests.signing import make_key


@dataclass
class Landed:
    """Two pull requests that landed, of which the second nobody approved, and the true line of evidence of each."""

    firm: Firm
    good: str
    open: str
    lines: dict[str, bytes]

    def note(self, **replaced: bytes) -> None:
        """Note what is true of both, or else what is given."""
        for name, commit in (("good", self.good), ("open", self.open)):
            self.firm.force(commit, replaced.get(name) or self.firm.signed(self.lines[commit]))

    def audit(self, **more: object) -> Audit:
        ledger = self.firm.ledger()
        found = with_early_starts(ledger, with_rewritten(ledger, audit(ledger, Asked(), **more)))  # type: ignore[arg-type]
        return with_rewound_deployments(ledger, found)

    def codes(self) -> list[tuple[str, str, str]]:
        return [(finding.code, finding.commit, finding.person) for finding in self.audit().findings]


@pytest.fixture(scope="session")
def first_landed(tmp_path_factory: pytest.TempPathFactory, first_firm: Firm) -> Landed:
    firm = copy(first_firm, tmp_path_factory.mktemp("landed") / "firm")
    good, unapproved = land(firm, "good"), land(firm, "open", approved=False)
    lines = {item.commit: item.line for item in firm.prepared(firm.ledger()).statements}
    return Landed(firm, good, unapproved, lines)


@pytest.fixture
def landed(first_landed: Landed, tmp_path: Path) -> Landed:
    firm = copy(first_landed.firm, tmp_path / "firm")
    return Landed(firm, first_landed.good, first_landed.open, first_landed.lines)


def against_the_verdict(case: Landed) -> None:
    case.note()


def a_direct_push(case: Landed) -> None:
    case.note()
    push(case.firm, "pushed")
    case.firm.note()


def no_evidence(case: Landed) -> None:
    case.firm.force(case.good, case.firm.signed(case.lines[case.good]))


def unsigned(case: Landed) -> None:
    case.note(open=pack(case.lines[case.open], ""))


def altered(case: Landed) -> None:
    """The verdict is put right after it was signed."""
    line = case.lines[case.open]
    told = json.loads(line) | {"verdict": "approved"}
    case.note(open=pack(canonical(told) + b"\n", sign(line, case.firm.key).signature))


def cut_off(case: Landed) -> None:
    case.note(open=case.firm.signed(case.lines[case.open])[:-20])


def of_another_change(case: Landed) -> None:
    case.note(open=case.firm.signed(case.lines[case.good]))


def by_an_unknown_key(case: Landed) -> None:
    own = make_key(case.firm.folder, "own")
    case.note(open=case.firm.signed(case.lines[case.open], own))


def doubled(case: Landed) -> None:
    other = with_approval_of("bob", case.lines[case.open])
    case.note(open=case.firm.signed(case.lines[case.open]) + case.firm.signed(other))


def by_rules_of_another_day(case: Landed) -> None:
    case.note(good=case.firm.signed(restated(case.lines[case.good], policyDigest=f"sha256:{'0' * 64}")))


def by_a_stranger(case: Landed) -> None:
    case.note(open=case.firm.signed(with_approval_of("mallory", case.lines[case.open])))


def by_somebody_who_may_and_did_not(case: Landed) -> None:
    case.note(open=case.firm.signed(with_approval_of("bob", case.lines[case.open])))


def by_the_author(case: Landed) -> None:
    case.note(open=case.firm.signed(with_approval_of("alice", case.lines[case.open])))


def judged_otherwise(case: Landed) -> None:
    case.note(good=case.firm.signed(restated(case.lines[case.good], validUntil="2027-01-01T00:00:00Z")))


def changed_after_the_verdict(case: Landed) -> None:
    case.note()
    case.firm.topic("evil")
    case.firm.shop.write("docs/evil.md", "a\n")
    case.firm.shop.commit()
    case.firm.approve("bob", head="evil")
    case.firm.git("checkout", "-q", "main")
    case.firm.git("merge", "-q", "--no-ff", "--no-commit", "evil")
    case.firm.shop.write("docs/evil.md", "b\n")
    case.firm.shop.commit("Merge", who="erin")
    case.firm.note()


def incomplete(case: Landed) -> None:
    problem = {"code": "incomplete", "message": "the pull request: a review was dismissed after the merge"}
    told = json.loads(case.lines[case.good]) | {"problems": [problem]}
    case.note(good=case.firm.signed(canonical(told) + b"\n"))


def dated_back(case: Landed) -> None:
    told = json.loads(case.lines[case.open]) | {"mergedAt": "2026-11-01T00:00:00Z"}
    case.note(open=case.firm.signed(canonical(told) + b"\n"))


def approved_by_who_wrote_it(case: Landed) -> None:
    """Alice's address turns out to be one of Bob's."""
    case.note()
    case.firm.git("checkout", "-q", "main")
    case.firm.shop.edit("people/alice.yaml", "alice@shop.example", "other@shop.example")
    case.firm.shop.edit("people/bob.yaml", "bob@shop.example", "alice@shop.example")
    case.firm.shop.commit(who="erin")
    case.firm.note()


def began_early(case: Landed) -> None:
    """What is written on the record is true, and its merge came later."""
    case.note()
    begun(case.firm)
    case.firm.note()


def rewound_deployments(case: Landed) -> None:
    """The branch of statements begins anew after evidence saw it."""
    repository = case.firm.ledger().repository
    for content in (b"{}\n", b"[]\n"):
        case.firm.git("update-ref", lines.DEPLOYMENTS, lines.add(repository, None, content, LATER))
        case.firm.note()


def rewound(case: Landed) -> None:
    case.note()
    case.firm.git("checkout", "-q", "main")
    case.firm.git("reset", "-q", "--hard", case.good)


AGAINST: Final = ("against-verdict", "erin")
CASES: Final[dict[Callable[[Landed], None], list[tuple[str, str]]]] = {
    against_the_verdict: [AGAINST],
    a_direct_push: [AGAINST, ("direct-push", "erin")],
    no_evidence: [("evidence-missing", "erin")],
    unsigned: [("evidence-unsigned", "erin")],
    altered: [("evidence-altered", "erin")],
    cut_off: [("evidence-altered", "erin")],
    of_another_change: [("evidence-of-another-change", "erin")],
    by_an_unknown_key: [("key-unknown", "erin")],
    doubled: [("evidence-doubled", "erin"), AGAINST],
    by_rules_of_another_day: [("rules-of-another-day", "erin"), AGAINST],
    by_a_stranger: [("approver-not-member", "mallory")],
    by_somebody_who_may_and_did_not: [("approval-unfounded", "bob")],
    by_the_author: [("self-approval", "alice")],
    judged_otherwise: [("replay-differs", "erin"), AGAINST],
    changed_after_the_verdict: [AGAINST, ("content-changed", "erin")],
    incomplete: [("evidence-incomplete", "erin"), AGAINST],
    dated_back: [AGAINST, ("clock-backwards", "erin")],
    approved_by_who_wrote_it: [("self-approval", "bob"), AGAINST, ("direct-push", "erin")],
    began_early: [AGAINST, ("began-early", "alice")],
    rewound_deployments: [AGAINST, ("deployments-rewound", "not known to git")],
    rewound: [("history-rewritten", "not known to git")],
}


@pytest.mark.parametrize("bring_about", CASES, ids=lambda function: function.__name__)
def test_a_kind_of_finding(landed: Landed, bring_about: Callable[[Landed], None]) -> None:
    bring_about(landed)
    assert [(code, person) for code, _, person in landed.codes()] == CASES[bring_about]


def test_every_kind_is_brought_about() -> None:
    assert {code for rows in CASES.values() for code, _ in rows} == set(REMEDIES)


def test_a_branch_that_was_rewritten_past_an_audit(landed: Landed) -> None:
    """No evidence tells of the commit that is gone; the note of the audit does, and one by another key does not."""
    firm = landed.firm
    landed.note()
    gone = push(firm, "gone")
    keep(firm.ledger(), landed.audit(), firm.key, None)
    assert "history-rewritten" not in [code for code, _, _ in landed.codes()]
    firm.git("reset", "-q", "--hard", landed.open)
    assert landed.codes()[-1] == ("history-rewritten", gone, "not known to git")
    with pytest.raises(ItsmError, match="did not name"):
        keep(firm.ledger(), landed.audit(), make_key(firm.folder, "own"), None)


def test_what_is_kept_is_not_worked_out_again(landed: Landed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    landed.note()
    cold = landed.audit(cache=Cache(tmp_path / "cache"))
    monkeypatch.setattr("itsm_as_code.assurance.landings.replayed", None)
    assert landed.audit(cache=Cache(tmp_path / "cache")) == cold
    landed.firm.force(landed.open, landed.firm.signed(with_approval_of("bob", landed.lines[landed.open])))
    with pytest.raises(TypeError):  # another note is judged anew
        landed.audit(cache=Cache(tmp_path / "cache"))


def test_what_cannot_be_judged_is_not_fine(landed: Landed, tmp_path: Path) -> None:
    """A clone without the head of a squashed pull request."""
    firm = landed.firm
    landed.note()
    commit = land(firm, "squashed", "squash")
    firm.note()
    firm.git("branch", "-q", "-D", "squashed")
    firm.git("clone", "-q", "--no-local", "--single-branch", str(firm.shop.path), str(tmp_path / "clone"))
    clone = Firm(type(firm.shop)(tmp_path / "clone"), firm.folder, firm.keys)
    clone.git("fetch", "-q", "origin", "refs/notes/*:refs/notes/*")
    ledger = clone.ledger()
    result = audit(ledger, Asked(after=landed.open))
    assert (result.exit_code, [item.commit for item in result.unchecked]) == (2, [commit])
    assert audit(firm.ledger(), Asked(after=landed.open)).exit_code == 0


def test_ranges(landed: Landed) -> None:
    landed.note()
    ledger = landed.firm.ledger()
    assert [unit.commit for unit in audit(ledger, Asked(until=landed.good)).units] == [landed.good]
    assert [unit.commit for unit in audit(ledger, Asked(after=landed.good)).units] == [landed.open]
    assert audit(ledger, Asked(after=landed.open)).exit_code == 2, "nothing was audited"
    whole = audit(ledger, Asked(after=ledger.chain[0], until=landed.good))
    assert (len(whole.units), whole.before, whole.exit_code) == (1, 2, 2), "older than evidence, so nothing shows it"
    with pytest.raises(UsageError, match="first parents"):
        audit(ledger, Asked(after=landed.firm.git("rev-parse", "good")))


def begun(firm: Firm, start: str = "2026-11-22T07:00:00Z") -> None:
    """The change is authorised by a merge, and is under way: since then, or since the merge where no time is given."""
    firm.change()
    firm.merge()
    start = start or firm.git("log", "-1", "--date=format:%FT%TZ", "--format=%cd")
    firm.topic("begun")
    firm.shop.edit(CHANGE, "status: authorised", f'actual: {{start: "{start}"}}\n  status: implementing')
    firm.shop.commit()
    firm.approve("bob", head="begun")
    firm.merge(head="begun")


def test_work_that_began_early_is_told_with_both_instants_and_stops_nothing(first_firm: Firm, tmp_path: Path) -> None:
    firm = copy(first_firm, tmp_path / "firm")
    begun(firm)
    firm.note()
    ledger = firm.ledger()
    found = with_early_starts(ledger, audit(ledger, Asked()))
    (finding,) = found.findings
    merged = next(unit.merged_at for unit in found.units if unit.commit == finding.commit)
    assert finding.message == (
        "work on chg-20261122-tune began at 2026-11-22T07:00:00Z, and it was authorised by the merge of " + str(merged)
    )
    assert {unit.verdict for unit in found.units} == {"approved"}


def test_evidence_of_landings_that_passed_is_not_read_again(
    first_firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But that of the first of a range is: what is before it tells whether it is dated back."""
    firm = copy(first_firm, tmp_path / "firm")
    before = land(firm, "before")
    begun(firm)
    firm.note()
    read, covering = [], Ledger.covering
    monkeypatch.setattr(Ledger, "covering", lambda self, commit: read.append(commit) or covering(self, commit))
    for asked, again in ((Asked(), False), (Asked(after=before), True)):
        ledger = firm.ledger()
        (finding,) = with_early_starts(ledger, audit(ledger, asked)).findings
        assert (finding.code, read) == ("began-early", [finding.commit] if again else [])


def test_work_that_began_in_time_is_told_of_by_nobody(first_firm: Firm, tmp_path: Path) -> None:
    firm = copy(first_firm, tmp_path / "firm")
    begun(firm, "")
    firm.note()
    ledger = firm.ledger()
    found = with_early_starts(ledger, audit(ledger, Asked()))
    assert (found.findings, found.left_out) == ((), ())


def test_a_merge_that_nothing_shows_dates_no_authorisation(first_firm: Firm, tmp_path: Path) -> None:
    """A date in a commit is anybody's word: without evidence it could not be checked."""
    firm = copy(first_firm, tmp_path / "firm")
    begun(firm)
    ledger = firm.ledger()
    found = with_early_starts(ledger, audit(ledger, Asked()))
    assert "began-early" not in {finding.code for finding in found.findings}
    (left,) = found.left_out
    assert left.message.endswith("which authorised it, could not be checked")


def test_authorise_tells_of_work_that_has_begun(first_firm: Firm, tmp_path: Path, itsm: Run) -> None:
    firm = copy(first_firm, tmp_path / "firm")
    begun(firm)
    firm.note()
    code, out, _ = itsm("authorise", "-C", firm.shop.path, "chg-20261122-tune", "--at", INSIDE)
    assert (code, "  exception: work on chg-20261122-tune began at 2026-11-22T07:00:00Z, and" in out) == (0, True), out
