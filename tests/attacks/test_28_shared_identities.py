"""28: two records that claim one account or address, so that nobody, or somebody else, is taken for a colleague."""

from __future__ import annotations

from tests.attacks.tools import EVERYBODY, approve, blocking, ignored, on_main
from tests.conftest import Workshop, codes

CLAIM = """\
apiVersion: itsm/v1
kind: Person
metadata: {name: %s, title: Somebody}
spec: {%s}
"""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFDYWOCYXsx/YEGKrwzFq1h/QsJXCohAlanozKzQ9lRc"


CLAIMS = (
    "accounts: [{forge: github, login: BOB-gh}]",
    "accounts: [{forge: local, login: Bob}]",
    "accounts: [{forge: github, login: other, id: 2}]",
    "emails: [Bob@SHOP.example]",
    "emails: [bob-gh@users.noreply.github.com]",
    "emails: [2+anything@users.noreply.github.com]",
    f"emails: [x@shop.example], signingKeys: [{{type: ssh, key: {KEY} mine}}]",
)


def test_new_people_claim_what_is_a_colleagues(workshop: Workshop) -> None:
    with on_main(workshop):
        key = f"  signingKeys: [{{type: ssh, key: {KEY}}}]\n"
        workshop.edit("people/bob.yaml", "login: bob-gh}\n", "login: bob-gh, id: 2}\n" + key)
    for number, claimed in enumerate(CLAIMS):
        workshop.write(f"people/mallory-{number}.yaml", CLAIM % (f"mallory-{number}", claimed))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, blocking(decision)) == ("rejected", {"identity-unique"})
    found = {finding.location.path for finding in decision.findings if finding.rule == "identity-unique"}
    assert {f"people/mallory-{number}.yaml" for number in range(len(CLAIMS))} <= found


def test_an_edited_person_claims_what_is_a_colleagues(workshop: Workshop) -> None:
    workshop.edit("people/carol.yaml", "emails: [", "emails: [bob@shop.example, ")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert blocking(workshop.judge()) == {"identity-unique"}


def test_whoever_left_takes_nothing_with_them(workshop: Workshop) -> None:
    """Somebody who comes back as a new record is known at once, although the old one still has the address."""
    with on_main(workshop):
        gone = "active: false, emails: [bob@shop.example], accounts: [{forge: github, login: bob-gh}]"
        workshop.write("people/bob-before.yaml", CLAIM % ("bob-before", gone))
    workshop.change()
    workshop.commit()
    workshop.review("bob-gh")
    assert workshop.judge().verdict == "approved"


def test_what_two_people_have_is_told_truly(workshop: Workshop) -> None:
    """Where it stands on the base already, the message says who they are, and nobody is asked who would not count."""
    with on_main(workshop):
        claims = "emails: [bob@shop.example], accounts: [{forge: local, login: bob}, {forge: github, login: bob-gh}]"
        workshop.write("people/bobby.yaml", CLAIM % ("bobby", claims))
    workshop.change()
    workshop.commit(who="bob")
    workshop.review("bob")
    decision = workshop.judge()
    shared = "is the address of more than one person in people/ of the base: bob, bobby"
    assert [shared in reason.message for reason in decision.reasons if reason.code == "identity-unresolved"] == [
        True
    ] * 2
    assert ignored(decision) == {("bob", "ambiguous-reviewer")}
    ((need,),) = [row["required"] for row in decision.evidence["approvals"]]
    assert "bob" not in need["suggested"]
    assert codes(decision)[-1] == "approval-missing"
