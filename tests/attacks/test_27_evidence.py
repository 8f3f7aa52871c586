"""27: evidence that was altered, forged, mended to fit its digest, borrowed, or taken from a what-if."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from itsm_as_code.errors import GitError, ItsmError
from itsm_as_code.forges.local import parse_pull_request
from itsm_as_code.gate import Decision
from itsm_as_code.gate.decision import canonical, error_decision
from itsm_as_code.gate.endorsement import endorse, endorser
from itsm_as_code.gate.queue import evaluate_group
from itsm_as_code.gate.replay import Damaged, Replay, replay
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.reports.gate.in_toto import render as in_toto
from itsm_as_code.reports.gate.json import written
from itsm_as_code.reports.verify import Verification, intact
from tests.conftest import NOW, Workshop
from tests.reports import renderers
from tests.signing import make_key, public

FORMATS = renderers("gate")
VERIFY = renderers("verify")


@pytest.fixture
def judged(workshop: Workshop) -> tuple[Workshop, Decision]:
    """An approved pull request: Bob approved, a stranger's review did not count."""
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    workshop.review("mallory")
    return workshop, workshop.judge()


def file_of(decision: Decision) -> bytes:
    return FORMATS["json"](decision).encode()


def check(shop: Workshop, content: bytes) -> Replay:
    return replay(Repository(shop.path), intact(content))


def mended(decision: Decision, **changes: Any) -> bytes:
    """Evidence with some of it changed, and its digest worked out anew, as a careful forger would."""
    data = {**json.loads(canonical(decision.evidence)), **changes}
    return written({**data, "digest": digest_of(data)}).encode()


def digest_of(data: dict[str, Any]) -> str:
    return "sha256:" + hashlib.sha256(canonical(data)).hexdigest()


def test_evidence_holds_long_after(judged: tuple[Workshop, Decision]) -> None:
    """Main and topic have moved on since; what was judged is still judged the same."""
    shop, decision = judged
    shop.write("docs/later.md", "l\n")
    shop.commit()
    shop.git("checkout", "-q", "main")
    shop.git("merge", "-q", "--no-ff", "-m", "Merge", "topic", who="erin")
    shop.edit("people/bob.yaml", "Bob Brook", "Robert Brook")
    shop.commit(who="erin")
    result = check(shop, file_of(decision))
    assert result.holds
    assert result.evidence["verdict"] == "approved"


def test_the_compact_form_holds_too(judged: tuple[Workshop, Decision]) -> None:
    shop, decision = judged
    assert check(shop, canonical(decision.as_data())).holds


def test_one_byte(judged: tuple[Workshop, Decision]) -> None:
    """Every byte of the file, one at a time: changed, doubled and left out; white space and line ends too."""
    _, decision = judged
    content = file_of(decision)
    assert intact(content)
    for at in range(len(content)):
        byte = content[at : at + 1]
        other = b"0" if byte != b"0" else b"1"
        for bad in (content[:at] + other + content[at + 1 :], content[:at] + content[at + 1 :]):
            with pytest.raises(Damaged):
                intact(bad)
        if at % 50 == 0:
            with pytest.raises(Damaged):
                intact(content[:at] + byte + content[at:])


@pytest.mark.parametrize("extra", [b"\n", b" ", b"\0", b"\xef\xbb\xbf"])
def test_bytes_around_it(judged: tuple[Workshop, Decision], extra: bytes) -> None:
    content = file_of(judged[1])
    for bad in (extra + content, content + extra):
        with pytest.raises(Damaged):
            intact(bad)


def test_a_key_twice(judged: tuple[Workshop, Decision]) -> None:
    """JSON readers differ in which of two they take."""
    content = file_of(judged[1]).replace(b'{\n  "affected"', b'{\n  "verdict": "approved",\n  "affected"', 1)
    with pytest.raises(Damaged, match="stands twice"):
        intact(content)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"schema": "itsm/gate/v1"}']
)
def test_what_is_no_evidence(content: bytes) -> None:
    with pytest.raises(Damaged):
        intact(content)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"verdict": "approved", "reasons": []}, "/verdict"),
        ({"validUntil": "2030-01-01T00:00:00Z"}, "/validUntil"),
        ({"policyDigest": "sha256:" + "0" * 64}, "/policyDigest"),
        ({"candidate": "0" * 40}, "/candidate"),
        ({"risk": []}, "/risk"),
        ({"records": []}, "/records"),
        ({"findings": [], "surplus": 1}, "/surplus"),
    ],
)
def test_evidence_mended_to_fit_its_digest(workshop: Workshop, changes: dict[str, Any], pointer: str) -> None:
    """The digest is right, the judgement is not: judging again shows it, and where."""
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    assert decision.verdict == "pending"
    result = check(workshop, mended(decision, **changes))
    assert not result.holds
    assert pointer in {row.pointer for row in result.differences}
    assert "is different" in VERIFY["text"](Verification(result))


def test_a_pending_request_whose_evidence_gained_a_review(workshop: Workshop) -> None:
    """A review put in by hand is an input, so it is judged; the verdict is then that of the inputs, and is told."""
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    request = json.loads(canonical(decision.evidence["pullRequest"]))
    request["reviews"] = [
        {"reviewer": "bob", "state": "approved", "commit": decision.evidence["head"], "at": "2026-11-22T10:00:00Z"}
    ]
    result = check(workshop, mended(decision, pullRequest=request))
    assert not result.holds
    assert ("/verdict", "approved") in [(row.pointer, row.now) for row in result.differences]


def test_inputs_that_make_no_sense(judged: tuple[Workshop, Decision]) -> None:
    shop, decision = judged
    for changes in (
        {"pullRequest": {}},
        {"pullRequest": None},
        {"pullRequest": {"author": 1}},
        {"now": "yesterday"},
        {"pullRequest": {**decision.evidence["pullRequest"], "surprise": 1}},
    ):
        try:
            assert not check(shop, mended(decision, **changes)).holds
        except Damaged:
            continue


def test_a_commit_is_told_by_its_full_id(judged: tuple[Workshop, Decision]) -> None:
    """What a branch is called, or how an id begins, may be another commit tomorrow."""
    shop, decision = judged
    for name in ("main", "main~0", decision.evidence["base"][:12], decision.evidence["base"] + "\n", "--all", ""):
        with pytest.raises(Damaged, match="is not a commit id"):
            check(shop, mended(decision, base=name))


@pytest.mark.parametrize("lost", ["verdict", "base", "head", "now", "pullRequest", "queue"])
@pytest.mark.parametrize("value", [None, [], 7, {}, "--all", "main", [{"number": 99}]])
def test_evidence_with_something_else_in_a_place(judged: tuple[Workshop, Decision], lost: str, value: Any) -> None:
    """Its digest is right. Whatever it is, it is told in a sentence."""
    shop, decision = judged
    data = {**json.loads(canonical(decision.evidence)), lost: value}
    if value is None:
        del data[lost if lost in decision.evidence else "verdict"]
    try:
        assert not check(shop, written({**data, "digest": digest_of(data)}).encode()).holds
    except ItsmError:
        return


@pytest.mark.parametrize("value", [b'"\\ud800"', b"1" + b"0" * 30, b"1" * 5000, b"1e999", b"NaN"])
def test_evidence_that_json_cannot_carry(judged: tuple[Workshop, Decision], value: bytes) -> None:
    content = file_of(judged[1]).replace(b'"verdict": "approved"', b'"verdict": ' + value, 1)
    with pytest.raises(Damaged):
        intact(content)


def test_evidence_of_a_merge_queue(workshop: Workshop) -> None:
    """The line of the queue is compared as well, and its commit has the tree that was judged."""
    workshop.change()
    head = workshop.commit()
    workshop.review("bob")
    workshop.more |= {"number": 7, "head": head}
    workshop.git("checkout", "-q", "-b", "queue", "main")
    workshop.git("merge", "-q", "--no-ff", "-m", "Queue", "topic")
    pull_request = parse_pull_request(workshop.pull_request(), "reviews")
    repository = Repository(workshop.path)
    decision = evaluate_group(repository, "main", "queue", pull_request, lambda _: pull_request, NOW)
    assert check(workshop, file_of(decision)).holds
    (line,) = decision.evidence["queue"]
    for bad in ({"number": 8}, {"result": decision.evidence["base"]}, {"verdict": "rejected"}, {"result": None}):
        with pytest.raises(Damaged, match="merge queue"):
            check(workshop, mended(decision, queue=[{**line, **bad}]))


def test_commits_that_this_clone_lacks(judged: tuple[Workshop, Decision]) -> None:
    """That is no answer about the evidence."""
    shop, decision = judged
    with pytest.raises(GitError):
        check(shop, mended(decision, head="1" * 40))


def test_evidence_of_an_error(workshop: Workshop) -> None:
    with pytest.raises(ItsmError, match="no judgement to repeat"):
        check(workshop, file_of(error_decision("git", "could not", "2026-11-22T12:00:00Z")))


def test_evidence_of_a_what_if(judged: tuple[Workshop, Decision]) -> None:
    with pytest.raises(Damaged, match="what-if"):
        intact(mended(judged[1], whatIf={"author": "alice"}))


def test_evidence_of_a_merge_conflict_holds(workshop: Workshop) -> None:
    workshop.edit("services/orders.yaml", "title: Orders", "title: Order book")
    workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.edit("services/orders.yaml", "title: Orders", "title: Ordering")
    workshop.commit(who="erin")
    assert check(workshop, file_of(workshop.judge())).holds


def test_both_forms_of_the_answer(judged: tuple[Workshop, Decision]) -> None:
    shop, decision = judged
    result = Verification(check(shop, file_of(decision)), "erin")
    assert VERIFY["text"](result).startswith("✔ the evidence holds: approved, ")
    schema = KindRegistry.load().bundled("reports/verify-report.schema.json")
    damaged, different = Verification(None, None, "it is \x1b[31mbad"), check(shop, mended(decision, risk=[]))
    for item in (result, damaged, Verification(different)):
        jsonschema.Draft202012Validator(schema).validate(json.loads(VERIFY["json"](item)))
        assert "\x1b" not in VERIFY["text"](item)


# Signatures over evidence.


def people(shop: Workshop, key: Path) -> Facts:
    bob = {"kind": "Person", "metadata": {"name": "bob"}, "spec": {"signingKeys": [{"key": public(key)}]}}
    return Facts.from_records([bob])


def test_signed_evidence(judged: tuple[Workshop, Decision], tmp_path: Path) -> None:
    shop, decision = judged
    key, other = make_key(tmp_path, "key"), make_key(tmp_path, "other")
    content = file_of(decision)
    signature = endorse(content, key)
    assert endorser(content, signature, people(shop, key), NOW) == "bob"
    assert endorser(content, signature, people(shop, other), NOW, [("pipeline", public(key))]) == "pipeline"
    for bad in (
        lambda: endorser(content + b" ", signature, people(shop, key), NOW),
        lambda: endorser(content, signature, people(shop, other), NOW),
        lambda: endorser(content, signature, people(shop, key), NOW, [("pipeline", public(other))]),
        lambda: endorser(content, "", people(shop, key), NOW),
        lambda: endorser(content, endorse(content, other), people(shop, key), NOW),
    ):
        with pytest.raises(Damaged):
            bad()


def test_a_signature_of_an_approval_is_none_of_evidence(judged: tuple[Workshop, Decision], tmp_path: Path) -> None:
    from itsm_as_code.gate.signed_approvals import NAMESPACE
    from itsm_as_code.signing import sign

    shop, decision = judged
    key, content = make_key(tmp_path, "key"), file_of(decision)
    with pytest.raises(Damaged, match="is for itsm-approval@v1"):
        endorser(content, sign(content, key, NAMESPACE), people(shop, key), NOW)


# in-toto.


def test_in_toto_fits_its_published_shape(judged: tuple[Workshop, Decision]) -> None:
    shop, decision = judged
    statement = json.loads(in_toto(decision))
    schema = KindRegistry.load().bundled("reports/in-toto-statement.schema.json")
    jsonschema.Draft202012Validator(schema).validate(statement)
    assert statement["subject"][0]["digest"] == {
        "gitCommit": shop.git("rev-parse", "topic"),
        "gitTree": decision.evidence["candidate"],
    }
    predicate = statement["predicate"]
    assert predicate["verifier"]["id"] == "pkg:generic/itsm-as-code", "no address that is not ours"
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("PASSED", ["ITSM_CHANGE_AUTHORISED"])
    assert predicate["policy"]["digest"]["sha256"] == decision.evidence["policyDigest"].removeprefix("sha256:")
    assert predicate["inputAttestations"][0]["digest"]["sha256"] == decision.digest.removeprefix("sha256:")


def test_in_toto_never_passes_what_is_not_approved(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    for decision in (workshop.judge(), replace(workshop.judge(), verdict="rejected")):
        predicate = json.loads(in_toto(decision))["predicate"]
        assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("FAILED", ["FAILED"])


def test_in_toto_attests_no_error() -> None:
    with pytest.raises(ItsmError, match="no verdict to attest"):
        in_toto(error_decision("git", "could not", "2026-11-22T12:00:00Z"))
