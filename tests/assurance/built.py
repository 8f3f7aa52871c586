"""A history of landings of every kind, four of them with something wrong, for audits to find."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, Final

from itsm_as_code.assurance.noting import keep
from itsm_as_code.gate.decision import Decision, canonical
from tests.assurance.tools import Firm

SPECIAL: Final = 9
"""So many landings have a kind of their own; the others are merges that were approved."""


@dataclass
class Built:
    """A firm with its history; ``wrong`` are the code, commit and person of what is to be found, oldest first."""

    firm: Firm
    wrong: list[tuple[str, str, str]] = field(default_factory=list)


def build(firm: Firm, landings: int) -> Built:
    """So many landings: a push, a merge against the verdict, damaged and forged evidence among them."""
    made = Built(firm)
    for number in range(landings - SPECIAL):
        land(firm, f"ordinary-{number}")
    land(firm, "squashed", "squash")
    land(firm, "rebased", "rebase")
    for name in ("queued-1", "queued-2"):
        propose(firm, name)
    for name in ("queued-1", "queued-2"):
        firm.merge(head=name)
    made.wrong.append(("direct-push", push(firm, "pushed"), "erin"))
    land(firm, "after-the-push")
    made.wrong.append(("against-verdict", land(firm, "against", approved=False), "erin"))
    damaged = land(firm, "damaged")
    forged = land(firm, "forged", approved=False)
    made.wrong += [("evidence-altered", damaged, "erin"), ("approver-not-member", forged, "mallory")]
    noted = firm.prepared(firm.ledger())
    assert noted.stopped is None
    lines = {item.commit: item for item in noted.statements}
    left = tuple(item for item in noted.statements if item.commit not in (damaged, forged))
    keep(firm.ledger(), replace(noted, statements=left), None)
    firm.force(damaged, lines[damaged].packed[:-9])
    firm.force(forged, firm.signed(with_approval_of("mallory", lines[forged].line)))
    return made


def propose(firm: Firm, name: str, *, approved: bool = True) -> None:
    """A pull request by alice of two commits, so that ways of merging differ."""
    firm.topic(name)
    for part in ("a", "b"):
        firm.shop.write(f"docs/{name}-{part}.md", f"# {name}\n")
        firm.shop.commit(f"Write {name}")
    if approved:
        firm.approve("bob", head=name)


def land(firm: Firm, name: str, how: str = "merge", *, approved: bool = True) -> str:
    propose(firm, name, approved=approved)
    return firm.merge(how, head=name)


def push(firm: Firm, name: str) -> str:
    """Straight to main."""
    firm.git("checkout", "-q", "main")
    firm.shop.write(f"docs/{name}.md", f"# {name}\n")
    return firm.shop.commit(f"Write {name}", who="erin")


def with_approval_of(name: str, line: bytes) -> bytes:
    """A line of evidence that says somebody approved, in a form that agrees with itself."""
    data = json.loads(line)
    member = data["pullRequests"][0]
    decision: dict[str, Any] = {key: value for key, value in member["decision"].items() if key != "digest"}
    for row in decision["approvals"]:
        row["satisfied"] = True
        row["required"][0] |= {"satisfiedBy": [name], "missing": 0, "suggested": []}
    decision |= {"verdict": "approved", "reasons": []}
    member |= {"verdict": "approved", "decision": Decision("approved", (), decision).as_data()}
    return canonical({**data, "verdict": "approved"}) + b"\n"


def restated(line: bytes, **replaced: Any) -> bytes:
    """A line of evidence with some of its decision replaced, in a form that agrees with itself."""
    data = json.loads(line)
    member = data["pullRequests"][0]
    decision = {key: value for key, value in member["decision"].items() if key != "digest"} | replaced
    member["decision"] = Decision(decision["verdict"], (), decision).as_data()
    return canonical(data) + b"\n"
