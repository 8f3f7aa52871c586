"""What the gate says is to be done is what helps: each remedy is carried out here, or compared with the schemas."""

from __future__ import annotations

import re

import pytest

from itsm_as_code import shipped
from itsm_as_code.records.kind_schema import has_field
from itsm_as_code.records.kinds import Kind, KindRegistry
from itsm_as_code.records.lifecycle import ending
from tests.attacks.tools import POLICY, RULES, SERVICE, add_rule, on_main
from tests.conftest import Workshop, codes
from tests.gate.test_values import World
from tests.snapshots import record_of

REGISTRY = KindRegistry.load()
WITHOUT_END = {"ApprovalPolicy", "Benchmark", "Budget", "CostStatement", "ServiceReview", "Training"}
"""Kinds whose records have no day after which they count no more: what they say stays true, or is said anew."""
PROBLEM = """\
apiVersion: itsm/v1
kind: Problem
metadata: {name: slow, title: It is slow}
spec:
  services: [newsletter]
  owner: team-shop
  symptom: Slow.
  detectedAt: "2026-11-20T08:30:00Z"
  proactive: true
  status: new
"""


def said(shop: Workshop, code: str) -> list[str]:
    return [reason.message for reason in shop.judge().reasons if reason.code == code]


def test_the_rule_that_is_to_be_added_covers_it(workshop: Workshop) -> None:
    with on_main(workshop):
        text = (workshop.path / RULES).read_text()
        workshop.write(
            RULES, text.replace("match: {kinds: [Service]}", "match: {kinds: [Service], fields: [/spec/tier]}")
        )
    workshop.write("operations/problems/slow.yaml", PROBLEM)
    workshop.write("tools/a b/'x'.sh", "true\n")
    workshop.write("tools/y.sh", "true\n")
    workshop.write("Makefile", "all:\n")
    workshop.edit("services/newsletter.yaml", "channel: chat", "channel: mail")
    workshop.edit("services/newsletter.yaml", "tier: 4", "tier: 3")
    workshop.commit()
    found = said(workshop, "not-covered")
    where = f"; add to spec.rules of {RULES}, in a pull request of its own: - "
    assert [message.partition(where)[0] for message in found] == [
        "no approval rule covers Problem slow (operations/problems/slow.yaml)",
        "no approval rule covers Service newsletter /spec/support/channel (services/newsletter.yaml)",
        "no approval rule covers Makefile",
        "no approval rule covers tools/a b/'x'.sh, tools/y.sh",
    ]
    rules = [message.partition(where)[2] for message in found]
    assert rules[0] == "{name: problems, match: {kinds: [Problem]}, approvals: [{from: {owners: self}, count: 1}]}"
    head = workshop.git("rev-parse", "topic")
    workshop.git("checkout", "-q", "main")
    for rule in rules:
        add_rule(workshop, rule)
    workshop.commit("Rules", who="erin")
    workshop.git("checkout", "-q", "-B", "topic", "main")
    workshop.git("cherry-pick", head)
    assert codes(workshop.judge()) == ["approval-missing"] * 5


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (".github/a.txt", "governance"),
        ("ci/a.sh", "governance"),
        (".gitlab-ci.yml", "governance"),
        ("cis/a.sh", ""),
        ("docs2/ci/a.sh", ""),
    ],
)
def test_what_judges_is_proposed_to_governance(workshop: Workshop, path: str, source: str) -> None:
    workshop.write(path, "a\n")
    workshop.commit()
    (message,) = said(workshop, "not-covered")
    assert ("{role: governance}" in message) is (source == "governance")


@pytest.mark.parametrize("path", ["itsm.yaml", "schemas/own.schema.json"])
def test_so_are_settings_and_schemas_where_no_rule_covers_them(path: str) -> None:
    world = World()
    world.decided(RULES, '"schemas/**", ', "", -5)
    world.decided(RULES, ', "itsm.yaml"]', "]", -5)
    world.head = world.base
    world.write(path, (world.history.blob(world.base, path) or b"{}").decode() + "\n")
    (reason,) = [reason for reason in world.decide().reasons if reason.code == "not-covered"]
    assert "{role: governance}" in reason.message


def test_what_cannot_be_read_needs_no_rule_but_mending(workshop: Workshop) -> None:
    workshop.write("operations/problems/slow.yaml", PROBLEM + "  [")
    workshop.commit()
    assert codes(workshop.judge()) == ["finding:yaml-syntax", "no-rule"]


def test_who_approves_is_told_once_the_record_can_be_read(workshop: Workshop) -> None:
    """One slip of the pen is one reason: no rule errs over it, and nobody is asked to approve it."""
    path = workshop.change(**{"type: normal": "typ: normal"})
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["finding:record-schema"])
    assert {finding.location.path for finding in decision.findings if finding.blocks} == {path}


STATES = [(kind, state) for kind in REGISTRY if kind.lifecycle for state in kind.lifecycle["transitions"]]


@pytest.mark.parametrize(("kind", "state"), STATES, ids=lambda item: str(getattr(item, "name", item)))
def test_every_state_has_a_way_to_an_end(kind: Kind, state: str) -> None:
    lifecycle = kind.lifecycle or {}
    field = lifecycle["field"].rpartition("/")[2]
    way = ending(
        record_of(
            f"apiVersion: itsm/v1\nkind: {kind.name}\nmetadata: {{name: x}}\nspec: {{{field}: {state}}}\n", REGISTRY
        )
    )
    if state in lifecycle["final"]:
        assert way == "leave it as it is"
    else:
        named = way.partition(" to ")[2].split(" or ")
        assert way.startswith((f"set spec.{field} to ", f"take spec.{field} to "))
        assert set(named) <= set(lifecycle["final"])


def test_a_kind_without_states_says_how_its_records_end() -> None:
    without = [kind for kind in REGISTRY if kind.lifecycle is None]
    assert {kind.name for kind in without if not kind.ending} == WITHOUT_END
    for kind in without:
        for dotted in re.findall(r"spec[.][A-Za-z.]*[A-Za-z]", kind.ending):
            where = REGISTRY.files["configuration.schema.json"] if "itsm.yaml" in kind.ending else kind.schema
            assert has_field(where, "/" + dotted.replace(".", "/")), (kind.name, dotted)


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        (
            "people/frank.yaml",
            "put it back, and set spec.active to false; or merge an approval rule with kinds: [Person] ",
        ),
        ("people/teams/team-data.yaml", "put it back, and set spec.retired to true; or merge"),
        ("services/newsletter.yaml", "put it back, and set spec.lifecycle to retired; or merge"),
        (RULES, "put it back; or merge an approval rule with kinds: [ApprovalPolicy] and actions: [deleted] first"),
        (POLICY, "put it back, and exclude it in itsm.yaml (spec.policies.exclude) with the reason; or merge"),
    ],
)
def test_what_is_deleted_is_ended_instead(workshop: Workshop, path: str, remedy: str) -> None:
    (workshop.path / path).unlink()
    workshop.commit()
    (found,) = [finding for finding in workshop.judge().findings if finding.rule == "record-deleted"]
    assert found.remedy.startswith(remedy)


def test_a_change_that_is_given_up_is_cancelled(workshop: Workshop) -> None:
    with on_main(workshop):
        path = workshop.change()
    (workshop.path / path).unlink()
    workshop.commit()
    (found,) = [finding for finding in workshop.judge().findings if finding.rule == "record-deleted"]
    assert found.remedy.startswith("put it back, and set spec.status to rejected or cancelled; ")


def test_what_looks_like_a_rename_and_is_none(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write("services/attic.yaml", SERVICE % "attic")
    (workshop.path / "services/attic.yaml").unlink()
    workshop.write("services/loft.yaml", (SERVICE % "loft").replace("A service", "A loft"))
    workshop.commit()
    (found,) = [finding for finding in workshop.judge().findings if finding.rule == "record-deleted"]
    assert found.message == (
        "Service attic is deleted, and loft says the same; it is not taken for a rename: a rename is of one record, of "
        "which only the name differs"
    )
    assert found.remedy.endswith("; or rename it with itsm rename")


def test_a_record_that_cannot_be_read_is_not_deleted(workshop: Workshop) -> None:
    workshop.write("services/newsletter.yaml", "a: [")
    workshop.commit()
    found = {finding.rule: finding for finding in workshop.judge().findings if finding.blocks}
    assert found["record-deleted"].message == "Service newsletter is no record any more: its file cannot be read as one"
    assert found["record-deleted"].remedy == "mend the file"


OVER = """\
apiVersion: itsm/v1
kind: Waiver
metadata: {name: over, title: It is over}
spec:
  policy: backout-is-planned
  records: [{kind: Change, name: chg-20261122-tune}]
  reason: There is no second step.
  risk: It takes longer.
  requester: alice
  approver: carol
  from: "2026-10-01T00:00:00Z"
  until: "2026-11-01T00:00:00Z"
"""


def test_a_waiver_that_is_over_can_be_deleted_by_the_rules_that_init_writes(workshop: Workshop) -> None:
    """The finding says to delete it; so there has to be a way."""
    with on_main(workshop):
        text = shipped.starter("approvals.yaml").replace("name: default\n", "name: all\n")
        workshop.write(RULES, text)
        workshop.write("policies/waivers/over.yaml", OVER)
    workshop.edit("services/newsletter.yaml", "tier: 4", "tier: 3")
    workshop.commit()
    (expired,) = [item for item in workshop.judge().evidence["known"] if item["rule"] == "waiver-expired"]
    assert expired["remedy"] == "delete the waiver"
    workshop.git("reset", "-q", "--hard", "main")
    (workshop.path / "policies/waivers/over.yaml").unlink()
    workshop.commit()
    workshop.review("erin")
    assert workshop.judge().verdict == "approved"


@pytest.mark.parametrize(
    ("status", "to", "said"),
    [
        ("reviewed", "implemented", "from reviewed it goes to: closed"),
        ("implemented", "scheduled", "from implemented it goes to: reviewed"),
        ("proposed", "implemented", "merge it as scheduled first"),
        ("draft", "closed", "recordedAfterwards: true"),
    ],
)
def test_only_ways_are_named_that_the_record_may_go(workshop: Workshop, status: str, to: str, said: str) -> None:
    with on_main(workshop):
        path = workshop.change(**{"status: proposed": f"status: {status}"})
    workshop.edit(path, f"status: {status}", f"status: {to}")
    workshop.commit()
    (found,) = [finding for finding in workshop.judge().findings if finding.rule == "lifecycle-transition"]
    assert said in found.remedy
