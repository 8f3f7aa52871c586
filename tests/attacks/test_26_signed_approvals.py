"""26: signed approvals of pull requests that live on no forge: forged, altered, borrowed, replayed, backdated."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from itsm_as_code.forges.interface import PullRequest, SignedApproval
from itsm_as_code.gate.decision import canonical
from itsm_as_code.gate.evaluation import evaluate
from itsm_as_code.git.repository import Repository
from itsm_as_code.git.signed_approvals import store_approval, stored_approvals
from tests.attacks.tools import CHANGE, on_main
from tests.conftest import NOW, Workshop
from tests.signing import Office, add_key, altered, copy_office, ignored_codes, make_key


@pytest.fixture(scope="session")
def first_office(first_workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Bob, Carol and Dave have keys on main; alice's pull request wants one of team-shop, such as Bob."""
    folder = tmp_path_factory.mktemp("office")
    office = copy_office(Office(first_workshop, {}), folder / "repository")
    office.keys.update({name: make_key(folder / "keys", name) for name in ("bob", "carol", "dave", "mallory")})
    shop = office.shop
    with on_main(shop):
        for name in ("bob", "carol", "dave"):
            add_key(shop, name, office.keys[name])
    shop.change()
    shop.commit()
    return office


@pytest.fixture
def office(first_office: Office, tmp_path: Path) -> Office:
    return copy_office(first_office, tmp_path / "repository")


def test_a_signed_approval_counts(office: Office) -> None:
    assert office.decide().verdict == "pending"
    office.approve("bob")
    decision = office.decide()
    assert decision.verdict == "approved"
    assert decision.evidence["approvals"][0]["required"][0]["satisfiedBy"] == ["bob"]


def pending(office: Office, code: str, reviewer: str = "bob") -> None:
    """Nothing was approved, and the reason is told."""
    decision = office.decide()
    assert decision.verdict == "pending"
    assert (reviewer, code) in ignored_codes(decision)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"verdict":"approved"', '"verdict":"withdrawn"'),
        ('"reviewer":"bob"', '"reviewer":"carol"'),
        ("T11:00:00Z", "T11:00:01Z"),
        ("2026-11-22T", "2026-11-21T"),
        ('"previous":[]', '"previous":["sha256:' + "0" * 64 + '"]'),
    ],
)
def test_an_altered_statement(office: Office, old: str, new: str) -> None:
    signed = office.sign(office.statement("bob"))
    office.statements.append(altered(signed, old, new))
    decision = office.decide()
    assert decision.verdict == "pending"
    assert {code for _, code in ignored_codes(decision)} <= {"signature-broken", "signature-key"}
    assert ignored_codes(decision)


def test_every_altered_byte_of_a_statement(office: Office) -> None:
    """The text is the same length and still reads; whatever one changes, it counts no more."""
    signed = office.sign(office.statement("bob"))
    for at in range(0, len(signed.text), 37):
        other = "0" if signed.text[at] != "0" else "1"
        office.statements[:] = [SignedApproval(signed.text[:at] + other + signed.text[at + 1 :], signed.signature)]
        assert office.decide().verdict == "pending", signed.text[max(0, at - 10) : at + 10]


def test_an_altered_signature(office: Office) -> None:
    signed = office.sign(office.statement("bob"))
    lines = signed.signature.splitlines()
    lines[-2] = lines[-2][:8] + ("A" if lines[-2][8] != "A" else "B") + lines[-2][9:]
    office.statements.append(SignedApproval(signed.text, "\n".join(lines) + "\n"))
    pending(office, "signature-broken")


@pytest.mark.parametrize(
    "signature", ["", "x", "-----BEGIN SSH SIGNATURE-----\n!\n-----END SSH SIGNATURE-----", "a\n" * 9999]
)
def test_no_signature(office: Office, signature: str) -> None:
    office.statements.append(SignedApproval(canonical(office.statement("bob")).decode(), signature))
    pending(office, "signature-unreadable")


def test_a_foreign_key(office: Office) -> None:
    office.approve("bob", key=office.keys["mallory"])
    pending(office, "signature-key")


def test_the_key_of_a_colleague(office: Office) -> None:
    """Carol, whom no rule asks, signs in Bob's name."""
    office.approve("bob", key=office.keys["carol"])
    pending(office, "signature-key")


def test_a_key_that_the_same_pull_request_adds(office: Office) -> None:
    add_key(office.shop, "frank", office.keys["mallory"])
    office.shop.commit()
    office.statements.append(office.sign(office.statement("frank"), key=office.keys["mallory"]))
    decision = office.decide()
    assert decision.verdict == "pending"
    assert ("frank", "signature-key") in ignored_codes(decision)


def test_a_key_that_replaces_anothers_in_the_same_pull_request(office: Office) -> None:
    text = (office.shop.path / "people/bob.yaml").read_text()
    office.shop.write("people/bob.yaml", text[: text.index("  signingKeys:")])
    add_key(office.shop, "bob", office.keys["mallory"])
    office.shop.commit()
    office.approve("bob", key=office.keys["mallory"])
    pending(office, "signature-key")


def test_one_key_of_two_people_is_one_hand(office: Office) -> None:
    """Somebody who got their key into a colleague's record as well would have two seats."""
    with on_main(office.shop):
        add_key(office.shop, "frank", office.keys["bob"])
    office.shop.change()
    office.shop.commit()
    office.approve("bob")
    pending(office, "signature-key-shared")


@pytest.mark.parametrize(
    ("validity", "counts"),
    [
        ({"until": "2026-11-22T11:30:00Z"}, False),  # the device was lost after the claimed instant: it may be a thief
        ({"until": "2026-11-22T10:30:00Z"}, False),
        ({"from": "2026-11-22T11:30:00Z"}, False),
        ({"until": "2026-11-22T12:00:01Z"}, True),
        ({"from": "2026-11-22T11:00:00Z"}, True),
    ],
)
def test_a_key_counts_in_its_time_only(office: Office, validity: dict[str, str], counts: bool) -> None:
    with on_main(office.shop):
        add_key(office.shop, "frank", office.keys["mallory"], **validity)
    office.shop.change()
    office.shop.commit()
    office.approve("frank", key=office.keys["mallory"])
    decision = office.decide()
    assert (("frank", "signature-key-expired") in ignored_codes(decision)) is not counts


@pytest.mark.parametrize("namespace", ["git", "file", "itsm-evidence@v1", "itsm-approval@v2"])
def test_a_signature_for_something_else(office: Office, namespace: str) -> None:
    """The text of an approval that somebody could be brought to sign as a commit or a file."""
    office.statements.append(office.sign(office.statement("bob"), namespace=namespace))
    pending(office, "signature-namespace")


def test_a_statement_for_another_head(office: Office) -> None:
    office.approve("bob", head=office.shop.git("rev-parse", "main"))
    pending(office, "other-head")


def test_a_statement_for_another_base(office: Office) -> None:
    office.shop.git("checkout", "-q", "-b", "release", "main")
    office.shop.write("docs/release.md", "r\n")
    release = office.shop.commit(who="erin")
    office.shop.git("checkout", "-q", "topic")
    office.statements.append(office.sign(office.statement("bob", base="release")))
    assert release
    pending(office, "other-base")


def test_a_statement_for_another_tree(office: Office) -> None:
    office.approve("bob", candidate=office.shop.git("rev-parse", "main^{tree}"))
    pending(office, "other-tree")


def test_a_statement_replayed_on_another_pull_request(office: Office) -> None:
    """The second pull request touches the same record, so the approval of the first looks as if it belonged here."""
    office.approve("bob")
    office.shop.git("checkout", "-q", "-b", "second", "main")
    office.shop.change(**{"Send in smaller batches.": "Send everything at once."})
    office.shop.commit()
    decision = office.decide(head="second")
    assert decision.verdict == "pending"
    assert ("bob", "other-head") in ignored_codes(decision)


def test_a_pull_request_stacked_on_an_approved_one(office: Office) -> None:
    """Its commits hold the approved one; what it adds was approved by nobody."""
    office.approve("bob")
    office.shop.change("chg-20261122-more")
    office.shop.commit()
    decision = office.decide()
    assert decision.verdict == "pending"
    assert ("bob", "void") in ignored_codes(decision)


def test_a_late_push_to_what_was_signed(office: Office) -> None:
    office.approve("bob")
    assert office.decide().verdict == "approved"
    office.shop.edit(CHANGE, "Send in smaller batches.", "Send all at once.")
    late = office.shop.commit()
    decision = office.decide()
    assert decision.verdict == "pending"
    (item,) = decision.evidence["approvals"][0]["ignored"]
    assert (item["code"], item["field"], item["commit"]) == ("void", "Change chg-20261122-tune /spec/summary", late)


def test_a_late_push_elsewhere_leaves_it_standing(office: Office) -> None:
    office.approve("bob")
    office.shop.write("docs/notes.md", "n\n")
    office.shop.commit()
    decision = office.decide()
    counted = {row["rule"]: row["satisfied"] for row in decision.evidence["approvals"]}
    assert counted == {"normal": True, "documents": False}


def test_a_base_that_moved_on_leaves_it_standing(office: Office) -> None:
    office.approve("bob")
    office.shop.git("checkout", "-q", "main")
    office.shop.write("docs/other.md", "o\n")
    office.shop.commit(who="erin")
    assert office.decide().verdict == "approved"


def test_a_base_that_moved_and_is_undone(office: Office) -> None:
    """Merged, the record that came to the base would be another one, which nobody saw."""
    office.approve("bob")
    shop = office.shop
    shop.git("checkout", "-q", "main")
    shop.change(**{"Send in smaller batches.": "Send in larger batches."})
    decided = shop.commit(who="erin")
    shop.git("checkout", "-q", "topic")
    shop.git("merge", "-q", "-X", "ours", "--no-edit", "main")
    decision = office.decide()
    assert decision.verdict == "pending"
    (item,) = decision.evidence["approvals"][0]["ignored"]
    assert (item["code"], item["commit"], item["side"]) == ("void", decided, "before")


def test_what_was_signed_with_it_is_left_out(office: Office) -> None:
    other = office.shop.change("chg-20261122-first")
    office.shop.commit()
    office.approve("bob")
    assert office.decide().verdict == "approved"
    (office.shop.path / other).unlink()
    office.shop.commit()
    pending(office, "void")


def test_a_part_of_what_was_signed_is_merged(office: Office) -> None:
    """The base says now what was signed; the rest is the same difference."""
    other = office.shop.change("chg-20261122-first")
    office.shop.commit()
    office.approve("bob")
    text = (office.shop.path / other).read_text()
    office.shop.git("checkout", "-q", "main")
    office.shop.write(other, text)
    office.shop.commit("Squashed", who="erin")
    assert office.decide().verdict == "approved"


def test_a_statement_that_does_not_say_what_was_there_before(office: Office) -> None:
    """Of version 1, whose digests were of what comes of a merge alone."""
    office.approve("bob", schema="itsm/approval/v1")
    decision = office.decide()
    assert decision.verdict == "pending"
    ((_, code),) = ignored_codes(decision)
    assert code == "statement-unreadable"
    assert "sign again with 'itsm approve'" in decision.evidence["approvals"][0]["ignored"][0]["reason"]


def test_a_digest_of_other_content(office: Office) -> None:
    """A reviewer's tool that was brought to sign the digest of something else approves only that."""
    statement = office.statement("bob")
    (scope,) = statement["scopes"]
    office.approve("bob", scopes=[{**scope, "digest": "sha256:" + "0" * 64}])
    pending(office, "void")


def test_an_approval_of_other_rules(office: Office) -> None:
    statement = office.statement("bob")
    (scope,) = statement["scopes"]
    for scopes in ([], [{**scope, "rule": "documents"}]):
        office.statements[:] = [office.sign(statement, scopes=scopes)]
        pending(office, "void")


def test_a_statement_from_the_future(office: Office) -> None:
    office.approve("bob", minute=1)
    pending(office, "later")


def test_a_statement_twice_is_one(office: Office) -> None:
    """An ECDSA key gives another signature each time; the statement is the same."""
    signed = office.approve("bob")
    office.statements.append(SignedApproval(signed.text, signed.signature + "\n"))
    decision = office.decide()
    assert decision.verdict == "approved"
    assert ("bob", "duplicate") in ignored_codes(decision)


def test_the_author_and_the_committers_do_not_sign(office: Office) -> None:
    with on_main(office.shop):
        add_key(office.shop, "alice", office.keys["mallory"])
    office.shop.change()
    office.shop.commit()
    office.shop.commit(who="bob")
    office.statements.append(office.sign(office.statement("alice"), key=office.keys["mallory"]))
    office.approve("bob")
    decision = office.decide()
    assert decision.verdict == "pending"
    assert {("alice", "contributor"), ("bob", "contributor")} <= ignored_codes(decision)


def test_whoever_no_rule_asks(office: Office) -> None:
    office.approve("carol")
    pending(office, "not-eligible", "carol")


def test_somebody_who_is_nobody(office: Office) -> None:
    office.statements.append(
        office.sign({**office.statement("bob"), "reviewer": "mallory"}, key=office.keys["mallory"])
    )
    pending(office, "unknown-reviewer", "mallory")


def test_withdrawn_is_not_approved(office: Office) -> None:
    office.approve("bob")
    office.approve("bob", "withdrawn", minute=-30)
    decision = office.decide()
    assert decision.verdict == "pending"
    assert {("bob", "superseded"), ("bob", "dismissed")} <= ignored_codes(decision)


def test_a_slow_clock_does_not_revive_what_was_withdrawn(office: Office) -> None:
    """The withdrawal claims an earlier instant than the approval, but names it as what it stands in for."""
    office.approve("bob")
    withdrawal = office.statement("bob", "withdrawn", minute=-30)
    office.statements.append(office.sign(withdrawal, at="2026-11-22T10:00:00Z"))
    assert office.decide().verdict == "pending"


def test_nobody_takes_back_what_another_said(office: Office) -> None:
    """Carol's statement names Bob's request for changes as an earlier one of hers."""
    office.approve("bob", "changes-requested")
    office.approve("carol", "changes-requested", previous=[office_digest(office.statements[0])])
    decision = office.decide()
    assert [reason.message for reason in decision.reasons if reason.code == "changes-requested"] == [
        "bob asks for changes",
        "carol asks for changes",
    ]


def office_digest(signed: SignedApproval) -> str:
    from itsm_as_code.gate.signed_approvals import digest_of

    return digest_of(signed.text)


def test_a_request_for_changes_survives_a_rewritten_history(office: Office) -> None:
    """Alice cannot shake Carol off by amending the commit that Carol looked at."""
    office.approve("carol", "changes-requested")
    office.shop.edit(CHANGE, "Send in smaller batches.", "Send in smaller batches, slowly.")
    office.shop.git("commit", "-q", "-a", "--amend", "--no-edit")
    office.approve("bob", minute=-5)
    decision = office.decide()
    assert [reason.code for reason in decision.reasons] == ["changes-requested"]


def test_a_request_for_changes_ends_with_the_merge(office: Office) -> None:
    """What Carol said of a pull request that is merged since says nothing about the next one on the same record."""
    office.approve("carol", "changes-requested")
    office.shop.git("checkout", "-q", "main")
    office.shop.git("merge", "-q", "--no-ff", "-m", "Merge", "topic", who="erin")
    office.shop.git("checkout", "-q", "-b", "next")
    office.shop.edit(CHANGE, "Send in smaller batches.", "Send in small batches.")
    office.shop.commit()
    decision = office.decide(head="next")
    assert "changes-requested" not in {reason.code for reason in decision.reasons}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        '{"schema": "itsm/approval/v1"}',
        '{"schema": "itsm/approval/v2"}',
        "x" * (1 << 21),
        "\udcff",
    ],
    ids=["empty", "list", "object", "null", "deep", "bare", "version-2", "2-MiB", "surrogate"],
)
def test_what_is_no_statement(office: Office, text: str) -> None:
    office.statements.append(SignedApproval(text, "x"))
    decision = office.decide()
    assert decision.verdict == "pending"
    assert {code for _, code in ignored_codes(decision)} == {"statement-unreadable"}


def test_a_statement_that_two_readers_would_read_in_two_ways(office: Office) -> None:
    """Duplicate keys, white space, another order: signed by Bob, but not the canonical text."""
    statement = office.statement("bob")
    for text in (
        json.dumps(statement),
        canonical(statement).decode() + "\n",
        canonical(statement).decode().replace('{"at"', '{"verdict":"withdrawn","at"'),
    ):
        from itsm_as_code.gate.signed_approvals import NAMESPACE
        from itsm_as_code.signing import sign

        office.statements[:] = [SignedApproval(text, sign(text.encode(), office.keys["bob"], NAMESPACE))]
        assert {code for _, code in ignored_codes(office.decide())} == {"statement-unreadable"}


def test_an_earlier_judgement_does_not_know_what_was_signed_since(office: Office) -> None:
    """Replayed as of then, a later withdrawal is no word yet."""
    office.approve("bob")
    office.approve("bob", "withdrawn", minute=-30)
    assert office.decide(NOW - timedelta(minutes=45)).verdict == "approved"


def test_a_persons_name_that_is_anothers_login_at_the_forge(office: Office) -> None:
    """Alice, the author, also has a key; at the forge, 'alice' is the login of Frank, who may approve."""
    with on_main(office.shop):
        add_key(office.shop, "alice", office.keys["mallory"])
        office.shop.edit("people/frank.yaml", "login: frank-gh", "login: alice")
    office.shop.change()
    office.shop.commit()
    office.statements.append(office.sign(office.statement("alice"), key=office.keys["mallory"]))
    statements = tuple(office.statements)
    request = PullRequest("alice-gh", forge="github", statements=statements)
    decision = evaluate(Repository(office.shop.path), "main", "topic", request, NOW)
    assert decision.verdict == "pending"
    assert ("alice", "contributor") in ignored_codes(decision)


def half_a_statement(shop: Workshop) -> str:
    """A commit with a statement.json and no signature beside it."""
    shop.git("checkout", "-q", "--orphan", "half")
    shop.git("rm", "-rfq", "--cached", ".")
    shop.write("statement.json", "{}")
    shop.git("add", "statement.json")
    shop.git("commit", "-q", "-m", "Half")
    commit = shop.git("rev-parse", "HEAD")
    shop.git("checkout", "-qf", "topic")
    return commit


@pytest.mark.parametrize("odd", ["\u2028", "\x85", "\u2029"])
def test_a_reference_that_looks_like_two_lines(office: Office, odd: str) -> None:
    """Bob approved, then asked for changes. A reference before the second and one after it hide it."""
    store, head = Repository(office.shop.path), office.shop.git("rev-parse", "topic")
    for verdict, minute in (("approved", -60), ("changes-requested", -30)):
        signed = office.approve("bob", verdict, minute)
        store_approval(store, head, "bob", signed.text, signed.signature, NOW + timedelta(minutes=minute))
    before = stored_approvals(store)
    assert len(before) == 2
    half = half_a_statement(office.shop)
    second = office.shop.git("for-each-ref", "--format=%(refname)", "refs/itsm/approvals").split("\n")[1]
    office.shop.git("update-ref", f"{second.rpartition('/')[0]}/{odd}", half)
    office.shop.git("update-ref", f"refs/itsm/approvals/0{odd}0", half)
    assert stored_approvals(store) == before


def test_a_reference_whose_name_is_no_text(office: Office) -> None:
    shop, signed = office.shop, office.approve("bob")
    store = Repository(shop.path)
    store_approval(store, shop.git("rev-parse", "topic"), "bob", signed.text, signed.signature, NOW)
    shop.git("update-ref", "refs/itsm/approvals/z", "main")
    shop.git("pack-refs", "--all")
    packed = shop.path / ".git" / "packed-refs"
    packed.write_bytes(packed.read_bytes().replace(b"refs/itsm/approvals/z\n", b"refs/itsm/approvals/\xff\n"))
    assert stored_approvals(store) == [(signed.text, signed.signature)]


@pytest.mark.parametrize("value", ['"\\ud800"', "1" + "0" * 30, "1" * 5000, "1e999", "NaN"])
def test_a_statement_that_json_cannot_carry(office: Office, value: str) -> None:
    """Anybody who may push can leave it there, unsigned: it counts for nothing and stops nobody."""
    signed = office.approve("bob")
    text = signed.text.replace('"previous"', f'"message":{value},"previous"', 1)
    office.statements.append(SignedApproval(text, signed.signature))
    assert office.decide().verdict == "approved"


def test_a_key_that_stands_twice_counts_only_where_both_do(office: Office) -> None:
    with on_main(office.shop):
        add_key(office.shop, "bob", office.keys["mallory"], until="2026-11-01T00:00:00Z")
        add_key(office.shop, "bob", office.keys["mallory"])
    office.shop.change()
    office.shop.commit()
    office.approve("bob", key=office.keys["mallory"])
    pending(office, "signature-key-expired")
