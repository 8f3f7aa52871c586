"""3: a record is moved out of its folder, or renamed so that its old side escapes; files and folders trade places."""

from __future__ import annotations

from tests.attacks.tools import (
    CHANGE,
    EVERYBODY,
    IN_FREEZE,
    RULES,
    SERVICE,
    add_rule,
    approve,
    blocking,
    missing,
    on_main,
    rules,
)
from tests.conftest import Workshop, codes

MOVED = "changes/2019/01/01/chg-20261122-tune.yaml"


def move(shop: Workshop, old: str, new: str) -> None:
    content = (shop.path / old).read_bytes()
    (shop.path / old).unlink()
    shop.write(new, content)


def test_a_record_leaves_its_folder(workshop: Workshop) -> None:
    move(workshop, "services/newsletter.yaml", "docs/newsletter.yaml")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "finding:record-deleted" in codes(workshop.judge())


def test_a_record_poses_as_another_kind(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change()
    move(workshop, CHANGE, "operations/incidents/chg-20261122-tune.yaml")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert {"record-kind", "record-deleted"} <= blocking(workshop.judge())


def test_a_service_is_renamed(workshop: Workshop) -> None:
    text = (workshop.path / "services/orders.yaml").read_text()
    (workshop.path / "services/orders.yaml").unlink()
    workshop.write("services/ordering.yaml", text.replace("name: orders,", "name: ordering,"))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert {"record-deleted", "reference-exists"} <= blocking(workshop.judge())


def test_a_record_in_two_places(workshop: Workshop) -> None:
    text = (workshop.path / "services/newsletter.yaml").read_text()
    workshop.write("services/a/newsletter.yaml", text.replace("tier: 4", "tier: 1"))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert blocking(workshop.judge()) == {"record-unique"}


def test_another_day_folder_does_not_thaw_a_freeze(workshop: Workshop) -> None:
    workshop.change(**IN_FREEZE)
    move(workshop, CHANGE, MOVED)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:change-in-freeze"]


def test_a_move_alone_needs_approval(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change()
    move(workshop, CHANGE, MOVED)
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"normal": 1})


def test_a_move_into_a_folder_with_lenient_rules(workshop: Workshop) -> None:
    """The rule for a sandbox asks for nothing; a record that comes from elsewhere is not a sandbox's."""
    with on_main(workshop):
        text = (workshop.path / RULES).read_text()
        text = text.replace("match: {kinds: [Service]}", "match: {kinds: [Service], paths: [services/*.yaml]}")
        workshop.write(RULES, text)
        add_rule(workshop, "{name: sandbox, match: {kinds: [Service], paths: ['services/sandbox/**']}, approvals: []}")
        workshop.write("services/deep/inside.yaml", SERVICE % "inside")
    move(workshop, "services/deep/inside.yaml", "services/sandbox/inside.yaml")
    workshop.edit("services/sandbox/inside.yaml", "tier: 4", "tier: 1")
    workshop.commit()
    decision = workshop.judge()
    assert (rules(decision), codes(decision)) == (["sandbox"], ["not-covered", "not-covered"])


def test_a_move_from_a_protected_folder_meets_the_rule_of_that_folder(workshop: Workshop) -> None:
    with on_main(workshop):
        strict = (
            "{name: strict, match: {paths: ['services/*.yaml']}, approvals: [{from: {role: governance}, count: 2}]}"
        )
        add_rule(workshop, strict)
    move(workshop, "services/newsletter.yaml", "services/later/newsletter.yaml")
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"service": 1, "strict": 2})


def test_the_former_side_of_a_move_needs_a_rule_too(workshop: Workshop) -> None:
    with on_main(workshop):
        text = (workshop.path / RULES).read_text()
        text = text.replace("match: {kinds: [Service]}", "match: {kinds: [Service], paths: ['services/easy/**']}")
        workshop.write(RULES, text)
    move(workshop, "services/newsletter.yaml", "services/easy/newsletter.yaml")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (rules(decision), codes(decision)) == (["service"], ["not-covered"])
    assert "as it is on the base" in decision.reasons[0].message


def test_a_rule_for_fields_does_not_cover_a_move(workshop: Workshop) -> None:
    """A rule for links that asks for nothing covered a move, together with any change of a link."""
    with on_main(workshop):
        text = (workshop.path / RULES).read_text()
        text = text.replace("match: {kinds: [Service]}", "match: {kinds: [Service], fields: [/spec]}")
        workshop.write(RULES, text)
        add_rule(workshop, "{name: titles, match: {kinds: [Service], fields: [/metadata]}, approvals: []}")
    move(workshop, "services/newsletter.yaml", "services/later/newsletter.yaml")
    workshop.commit()
    assert codes(workshop.judge()) == ["not-covered", "no-rule"]
    workshop.edit("services/later/newsletter.yaml", "title: Newsletter", "title: News")
    workshop.commit()
    decision = workshop.judge()
    assert (rules(decision), codes(decision)) == (["titles"], ["not-covered"])


def test_a_rule_for_fields_does_not_cover_comments(workshop: Workshop) -> None:
    with on_main(workshop):
        text = (workshop.path / RULES).read_text()
        text = text.replace("match: {kinds: [Service]}", "match: {kinds: [Service], fields: [/spec]}")
        workshop.write(RULES, text)
        add_rule(workshop, "{name: titles, match: {kinds: [Service], fields: [/metadata]}, approvals: []}")
    workshop.edit("services/newsletter.yaml", "spec:\n", "spec: # approved by the board\n")
    workshop.commit()
    assert codes(workshop.judge()) == ["not-covered", "no-rule"]


def test_white_space_alone_needs_approval(workshop: Workshop) -> None:
    workshop.edit("services/newsletter.yaml", "spec:\n", "spec:\n\n")
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"service": 1})
    workshop.review("bob")
    assert workshop.judge().verdict == "approved"


def test_a_file_becomes_a_folder(workshop: Workshop) -> None:
    (workshop.path / "services/newsletter.yaml").unlink()
    workshop.write("services/newsletter.yaml/newsletter.yaml", SERVICE % "newsletter")
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"service": 1})
    assert [row["action"] for row in decision.evidence["records"]] == ["modified"]


def test_a_folder_becomes_a_file(workshop: Workshop) -> None:
    (workshop.path / POLICY_FOLDER / "all.yaml").unlink()
    (workshop.path / POLICY_FOLDER).rmdir()
    workshop.write(POLICY_FOLDER, "apiVersion: itsm/v1\n")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert blocking(workshop.judge()) == {"record-deleted", "record-folder"}


POLICY_FOLDER = "policies/approvals"


def test_a_file_and_a_folder_of_one_name_conflict(workshop: Workshop) -> None:
    workshop.write("docs/plan", "a file\n")
    workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.write("docs/plan/first.md", "a folder\n")
    workshop.commit(who="erin")
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["merge-conflict"])
