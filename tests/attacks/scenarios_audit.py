"""Attacks on what looks back, as scenarios (number 37): something is wrong, and an audit is to end with 0."""

from __future__ import annotations

from typing import Final

from itsm_as_code.assurance.audit import Asked, audit
from itsm_as_code.assurance.audited import keep
from itsm_as_code.cli.program import run
from itsm_as_code.git import lines
from tests.assurance.built import land, push, with_approval_of
from tests.assurance.test_audit_kinds import begun
from tests.assurance.tools import LATER, Firm
from tests.attacks.scenarios import scenario
from tests.attacks.scenarios_deployments import RESTART, say, with_pipeline
from tests.attacks.scenarios_evidence import firm_of
from tests.attacks.tools import STANDARD_PATH, on_main
from tests.conftest import Workshop

ENDS: Final = "2026-12-24T00:00:00Z"
RELEASED: Final = f"sha256:{'5' * 64}"
RELEASE: Final = f"""\
apiVersion: itsm/v1
kind: Release
metadata: {{name: newsletter-2026-12, title: Newsletter}}
spec:
  version: 2026.12.0
  services: [newsletter]
  changes: [{RESTART}]
  status: planned
  artifacts: [{{name: newsletter, digest: "{RELEASED}"}}]
"""


def passes(shop: Workshop) -> bool:
    """All that landed is said to have come through the gate."""
    return run(["audit", "-C", str(shop.path), "--now", LATER.isoformat().replace("+00:00", "Z")]) == 0


def covered(shop: Workshop) -> bool:
    """Changes are said to have covered all that was deployed."""
    return run(["audit", "deployments", "-C", str(shop.path), "--rev", "main", "--to", ENDS]) == 0


@scenario(37, passes)
def has_it_noted_that_who_did_not_agree_approved(shop: Workshop) -> None:
    """By the key of the evidence itself."""
    firm = firm_of(shop)
    commit = land(firm, "forged", approved=False)
    (true,) = firm.prepared(firm.ledger()).statements
    firm.force(commit, firm.signed(with_approval_of("bob", true.line)))


@scenario(37, passes)
def merges_against_the_verdict(shop: Workshop) -> None:
    firm = firm_of(shop)
    land(firm, "open", approved=False)
    firm.note()


@scenario(37, passes)
def approves_under_another_name(shop: Workshop) -> None:
    """It turns out that what Alice writes from is Bob's address."""
    firm = firm_of(shop)
    land(firm, "own")
    firm.topic("known")
    shop.edit("people/alice.yaml", "alice@shop.example", "other@shop.example")
    shop.edit("people/bob.yaml", "bob@shop.example", "alice@shop.example")
    shop.commit(who="carol")
    firm.approve("dave", "erin", head="known")
    firm.merge(head="known")
    firm.note()


@scenario(37, passes)
def rewinds_the_branch_past_an_audit(shop: Workshop) -> None:
    """What was pushed is gone, and nothing was noted on it but how far an audit came."""
    firm = firm_of(shop)
    kept = land(firm, "kept")
    firm.note()
    push(firm, "gone")
    ledger = firm.ledger()
    keep(ledger, audit(ledger, Asked()), firm.key, None)
    firm.git("reset", "-q", "--hard", kept)


@scenario(37, passes)
def works_before_it_was_authorised(shop: Workshop) -> None:
    firm = firm_of(shop)
    begun(firm)
    firm.note()


@scenario(37, passes)
def begins_the_statements_anew(shop: Workshop) -> None:
    """Evidence saw lines that are gone."""
    firm: Firm = firm_of(shop)
    repository = firm.ledger().repository
    for content in (b"{}\n", b"[]\n"):
        firm.git("update-ref", lines.DEPLOYMENTS, lines.add(repository, None, content, LATER))
        if content == b"{}\n":
            land(firm, "seen")
            firm.note()


@scenario(37, covered)
def deploys_after_its_window(shop: Workshop) -> None:
    with_pipeline(shop)
    say(shop, end="2026-12-01T23:15:00Z")


@scenario(37, covered)
def deploys_something_else(shop: Workshop) -> None:
    with_pipeline(shop)
    with on_main(shop):
        shop.write("changes/releases/newsletter-2026-12.yaml", RELEASE)
    say(shop)


@scenario(37, covered)
def says_nothing_of_a_change(shop: Workshop) -> None:
    """Of two changes of the service that were done, one is told of."""
    with_pipeline(shop)
    with on_main(shop):
        other = (shop.path / STANDARD_PATH).read_text().replace(RESTART, "chg-20261122-again")
        done = 'actual: {start: "2026-12-01T20:05:00Z", end: "2026-12-01T20:15:00Z"}\n  result: successful'
        path = STANDARD_PATH.replace(RESTART, "chg-20261122-again")
        shop.write(path, other.replace("status: scheduled", f"{done}\n  status: closed"))
    say(shop)
