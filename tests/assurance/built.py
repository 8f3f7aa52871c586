"""Landings of every kind, and lines of evidence that say what is not so, for audits to find."""

from __future__ import annotations

import json
from typing import Any

from itsm_as_code.gate.decision import Decision, canonical
from tests.assurance.tools import Firm


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
