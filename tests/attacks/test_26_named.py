"""26: a person named as having agreed who was never asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from itsm_as_code.records.kinds import AGREED, AGREED_TO, KindRegistry
from tests.attacks.tools import MODEL, RULES, WAIVER, WAIVER_PATH, add_rule, approve, ignored, missing, on_main
from tests.conftest import ROOT, Workshop

RISK_PATH = "policies/risks/late-letters.yaml"
RISK = """\
apiVersion: itsm/v1
kind: Risk
metadata: {name: late-letters, title: Letters are late}
spec:
  status: accepted
  owner: bob
  cause: The provider throttles us.
  event: Letters arrive late.
  consequence: Customers complain.
  likelihood: 2
  impact: 2
  treatment: accept
  residual: {likelihood: 2, impact: 2}
  acceptance: {by: carol, until: "2027-01-01", reason: It is small.}
"""
FIELDS = {
    ("BusinessCase", "/spec/decision/by", "approver"),
    ("Change", "/spec/rejection/by", "author"),
    ("Change", "/spec/review/by", "author"),
    ("ChangeModel", "/spec/preAuthorisation/by", "approver"),
    ("Control", "/spec/approver", "approver"),
    ("Control", "/spec/evidence/*/by", "author"),
    ("Risk", "/spec/acceptance/by", "approver"),
    ("ServiceRequest", "/spec/approvedBy/*", "approver"),
    ("Waiver", "/spec/approver", "approver"),
}


def leaves(tree: dict[str, Any], at: str = "") -> Iterator[tuple[str, str]]:
    for key, below in tree.items():
        if isinstance(below, tuple):
            yield f"{at}/{key}", below[0]
        else:
            yield from leaves(below, f"{at}/{key}")


def test_the_fields_that_name_somebody_as_having_agreed() -> None:
    """Whoever adds such a field to a kind marks it, and adds it here."""
    found = {(kind.name, *leaf) for kind in KindRegistry.load() for leaf in leaves(kind._agreements)}
    assert found == FIELDS
    for name in {kind for kind, *_ in FIELDS}:
        kind = KindRegistry.load()[name]
        people = {pointer for pointer, kinds in leaves(kind._references) if kinds == "Person"}
        assert {pointer for owner, pointer, _ in FIELDS if owner == name} <= people


def test_a_field_by_which_somebody_agrees_is_marked() -> None:
    """By, approver, approvedBy and the like of a person in any schema: marked, or known to be no agreement."""
    not_agreed = {"Incident /spec/timeline/*/by", "Incident /spec/communications/*/by", "Service /spec/value/by"}
    words = ("by", "approver", "approvedBy", "acceptedBy", "authorisedBy", "agreedBy", "auditor", "signedBy")
    found = set()
    for kind in KindRegistry.load():
        for pointer, target in leaves(kind._references):
            named = [part for part in pointer.split("/") if part not in ("", "*")][-1]
            if target == "Person" and named in words:
                found.add(f"{kind.name} {pointer}")
    assert found - not_agreed == {f"{kind} {pointer}" for kind, pointer, _ in FIELDS}


def test_a_mark_that_nobody_knows_is_refused(workshop: Workshop) -> None:
    schema = json.loads((ROOT / "schemas/waiver.schema.json").read_text())
    schema["properties"]["spec"]["properties"]["approver"][AGREED] = "whoever"
    workshop.write("schemas/waiver.schema.json", json.dumps(schema))
    workshop.commit()
    approve(workshop, "dave", "erin")
    (reason,) = workshop.judge().reasons
    assert "x-agreed-by is approver or author, not whoever" in reason.message


def test_the_approver_of_a_waiver_approves_it(workshop: Workshop) -> None:
    workshop.write(WAIVER_PATH, WAIVER)
    workshop.commit()
    approve(workshop, "dave", "erin")
    assert missing(workshop.judge()) == {"agreed-by-carol": 1}
    approve(workshop, "carol")
    assert workshop.judge().verdict == "approved"


@pytest.mark.parametrize(
    ("old", "new"),
    [("2026-12-01T00", "2026-12-09T00"), ("reason: There", "reason: Then"), ("name: chg-20261122-tune", "name: other")],
)
def test_what_was_agreed_to_changes(workshop: Workshop, old: str, new: str) -> None:
    """The name stays, and what it stands under does not."""
    with on_main(workshop):
        workshop.write(WAIVER_PATH, WAIVER)
    workshop.edit(WAIVER_PATH, old, new)
    workshop.commit()
    approve(workshop, "dave", "erin")
    assert missing(workshop.judge()) == {"agreed-by-carol": 1}


def test_a_title_is_nothing_that_somebody_agrees_to(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write(WAIVER_PATH, WAIVER)
    workshop.edit(WAIVER_PATH, "title: No second step", "title: One step")
    workshop.commit()
    approve(workshop, "dave", "erin")
    assert workshop.judge().verdict == "approved"


def test_who_proposes_it_has_not_approved_it(workshop: Workshop) -> None:
    """The message says what to do instead."""
    workshop.author = "carol"
    workshop.write(WAIVER_PATH, WAIVER)
    workshop.commit(who="carol")
    approve(workshop, "carol", "dave", "erin")
    decision = workshop.judge()
    assert missing(decision) == {"agreed-by-carol": 1}
    assert ("carol", "contributor") in ignored(decision)
    assert "name somebody else, or let another propose it" in decision.reasons[0].message


def test_who_is_away_may_agree_in_person(workshop: Workshop) -> None:
    workshop.write(WAIVER_PATH, WAIVER.replace("approver: carol", "approver: gina"))
    workshop.commit()
    approve(workshop, "dave", "erin", "frank")
    assert missing(workshop.judge()) == {"agreed-by-gina": 1}
    approve(workshop, "gina")
    assert workshop.judge().verdict == "approved"


@pytest.mark.parametrize("name", ["robot", "nobody"])
def test_who_can_never_agree(workshop: Workshop, name: str) -> None:
    workshop.write(WAIVER_PATH, WAIVER.replace("approver: carol", f"approver: {name}"))
    workshop.commit()
    approve(workshop, "dave", "erin", name)
    assert missing(workshop.judge()) == {f"agreed-by-{name}": 1}


def test_an_approval_of_what_it_was_before_is_none(workshop: Workshop) -> None:
    workshop.write(WAIVER_PATH, WAIVER)
    workshop.commit()
    approve(workshop, "carol")
    workshop.edit(WAIVER_PATH, "2026-12-01T00", "2026-12-09T00")
    workshop.commit()
    approve(workshop, "dave", "erin")
    assert missing(workshop.judge()) == {"agreed-by-carol": 1}


def test_whoever_accepts_a_risk_approves_it(workshop: Workshop) -> None:
    with on_main(workshop):
        add_rule(workshop, "{name: risks, match: {kinds: [Risk]}, approvals: []}")
        workshop.edit(RULES, '["policies/**", "schemas/**"', '["policies/*.yaml", "policies/w*/**", "schemas/**"')
        draft = RISK.replace("status: accepted", "status: treating")
        workshop.write(RISK_PATH, draft[: draft.index("  acceptance")] + '  deadline: "2026-12-01"\n')
    workshop.edit(RISK_PATH, "status: treating", "status: accepted")
    text = (workshop.path / RISK_PATH).read_text()
    workshop.write(RISK_PATH, text + '  acceptance: {by: carol, until: "2027-01-01", reason: It is small.}\n')
    workshop.commit()
    assert missing(workshop.judge()) == {"agreed-by-carol": 1}
    approve(workshop, "carol")
    assert workshop.judge().verdict == "approved"


def test_a_pre_authorisation_is_prolonged_by_whom_it_names(workshop: Workshop) -> None:
    workshop.edit(MODEL, '"2027-01-10"', '"2036-01-10"')
    workshop.commit()
    approve(workshop, "erin", "carol")
    assert missing(workshop.judge())["agreed-by-dave"] == 1
    workshop.reviews.clear()
    approve(workshop, "erin", "dave")
    assert workshop.judge().verdict == "approved"


def test_who_attests_speaks_for_themselves_and_names_nobody_else(workshop: Workshop) -> None:
    control = """\
apiVersion: itsm/v1
kind: Control
metadata: {name: keys, title: Keys are changed}
spec:
  framework: soc2
  clause: CC6.1
  statement: Keys are changed.
  owner: team-shop
  applicability: applicable
  evidence:
    - {type: attestation, by: alice, statement: I changed them., "on": "2026-11-20", validUntil: "2027-11-20"}
"""
    path = "policies/controls/keys.yaml"
    workshop.write(path, control)
    workshop.commit()
    approve(workshop, "dave", "erin")
    assert missing(workshop.judge()) == {}
    workshop.edit(path, "by: alice", "by: bob")
    workshop.commit()
    workshop.reviews.clear()
    approve(workshop, "dave", "erin")
    assert missing(workshop.judge()) == {"agreed-by-bob": 1}


@pytest.mark.parametrize(
    ("kind", "text", "old", "new"),
    [
        ("Risk", RISK, "likelihood: 2\n  impact: 2\n  treatment", "likelihood: 2\n  impact: 5\n  treatment"),
        ("Risk", RISK, "residual: {likelihood: 2", "residual: {likelihood: 4"),
    ],
)
def test_what_was_accepted_does_not_grow_under_the_name_of_who_accepted_it(
    workshop: Workshop, kind: str, text: str, old: str, new: str
) -> None:
    """The object that names carol stays as it is; what she accepted does not."""
    with on_main(workshop):
        add_rule(workshop, f"{{name: own, match: {{kinds: [{kind}]}}, approvals: []}}")
        workshop.edit(RULES, '["policies/**", "schemas/**"', '["policies/*.yaml", "policies/w*/**", "schemas/**"')
        workshop.write(RISK_PATH, text)
    workshop.edit(RISK_PATH, old, new)
    workshop.commit()
    assert missing(workshop.judge()) == {"agreed-by-carol": 1}


def test_who_authorised_a_model_need_not_agree_that_it_is_suspended(workshop: Workshop) -> None:
    """What ends something is quick; nor is a better sentence anything that somebody agreed to."""
    workshop.edit(MODEL, "summary: Restart one", "summary: Restart every")
    workshop.write(MODEL, (workshop.path / MODEL).read_text() + "  suspended: true\n  suspendedReason: It failed.\n")
    workshop.commit()
    assert missing(workshop.judge()) == {"what-judges": 2}


@pytest.mark.parametrize("listed", ["/spec/steps", ["/spec/stepps"], [1], {"/spec/steps": 1}])
def test_a_matter_that_is_no_field_is_refused(workshop: Workshop, listed: Any) -> None:
    schema = json.loads((ROOT / "schemas/change-model.schema.json").read_text())
    workshop.write("schemas/change-model.schema.json", json.dumps({**schema, AGREED_TO: listed}))
    workshop.commit()
    assert "x-agreed-to is a list of pointers to fields of the kind" in workshop.judge().reasons[0].message


def test_every_kind_whose_agreement_is_less_than_its_spec_says_to_what(workshop: Workshop) -> None:
    """A waiver and evidence of a control are agreed to whole, and a review says itself what was found."""
    for kind in KindRegistry.load():
        if any(who == "approver" and at.count("/") > 2 for at, who in leaves(kind._agreements)):
            assert kind.agreed_to, kind.name
        kind.check([other.name for other in KindRegistry.load()])
