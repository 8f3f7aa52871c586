"""35: something is gained under cover of another name; and what an honest rename asks for."""

from __future__ import annotations

import pytest

from itsm_as_code.errors import GitError
from itsm_as_code.gate import Decision
from tests.attacks.scenarios_evidence import deployable, firm_of, merged
from tests.attacks.scenarios_renames import CLOSED, DEPLOYER, proposed, rename, with_history
from tests.attacks.test_24_emergency import INCIDENT, INCIDENT_PATH
from tests.attacks.tools import CHANGE, EVERYBODY, RULES, add_rule, approve, blocking, missing, on_main
from tests.conftest import Workshop, codes

CANCELLED = 'status: cancelled\n  resolutionCode: false-alarm\n  closedAt: "2026-11-22T11:00:00Z"'


def told(decision: Decision) -> str:
    return " ".join(reason.message for reason in decision.reasons)


def test_a_service_is_renamed_with_all_that_names_it_and_its_owners_agree(workshop: Workshop) -> None:
    """A change that is closed, one that is to come, and a service that depends on it follow; their owners need not."""
    with_history(workshop)
    rename(workshop, "database", "storage")
    workshop.commit()
    assert missing(workshop.judge()) == {"service": 1, "rename": 1}
    approve(workshop, "carol")
    decision = workshop.judge()
    assert decision.verdict == "approved", told(decision)
    rows = {row["name"]: row for row in decision.evidence["records"]}
    assert rows["storage"] == {
        "kind": "Service",
        "name": "storage",
        "path": "services/storage.yaml",
        "action": "modified",
        "fields": ["/metadata/name"],
        "was": "database",
    }
    assert sorted(rows) == ["chg-20261122-index", "chg-20261122-tune", "orders", "storage"]
    [row] = [row for row in decision.evidence["approvals"] if row["rule"] == "rename"]
    assert row["why"] == ["Service database is renamed to storage; 3 other records name it anew"]


def test_what_judges_is_asked_about_by_its_own_rules(workshop: Workshop) -> None:
    """A model names the service; whoever authorised the model is not asked again, for it allows the same."""
    rename(workshop, "newsletter", "letters")
    workshop.commit()
    assert missing(workshop.judge()) == {"service": 1, "rename": 1, "what-judges": 2}
    approve(workshop, "bob", "dave", "erin")
    assert workshop.judge().verdict == "approved"


@pytest.mark.parametrize(("old", "new"), [("team-data", "team-base"), ("frank", "francis"), ("restart", "reboot")])
def test_whoever_and_whatever_judges_gets_another_name(old: str, new: str, workshop: Workshop) -> None:
    rename(workshop, old, new)
    workshop.commit()
    assert missing(workshop.judge())["what-judges"] == 2
    approve(workshop, "bob", "dave", "erin")
    decision = workshop.judge()
    assert decision.verdict == "approved", told(decision)


def test_both_names_meet_their_rules(workshop: Workshop) -> None:
    """Rules that look at the name before or after ask for their own."""
    with on_main(workshop):
        for name, where in (("old", "startsWith('data')"), ("new", "startsWith('sto')")):
            match = f'match: {{kinds: [Service], where: "object.metadata.name.{where}"}}'
            add_rule(workshop, f"{{name: {name}, {match}, approvals: [{{from: {{people: [bob]}}}}]}}")
    rename(workshop, "database", "storage")
    workshop.commit()
    assert missing(workshop.judge()) == {"service": 1, "old": 1, "new": 1, "rename": 1}


def test_an_approval_covers_the_names_that_were_seen(workshop: Workshop) -> None:
    with_history(workshop)
    rename(workshop, "database", "storage")
    proposed(workshop)
    workshop.edit("services/orders.yaml", "strength: hard", "strength: soft")
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, "Service orders changes in more than the name" in told(decision)) == ("rejected", True)


def test_another_record_names_it_meanwhile(workshop: Workshop) -> None:
    """What came to the base since then still names it as it was."""
    rename(workshop, "database", "storage")
    workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.change(**{"[newsletter]": "[database]"})
    workshop.commit("Plan", who="erin")
    workshop.git("checkout", "-q", "topic")
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert blocking(decision) == {"record-deleted", "reference-exists"}
    assert "Change chg-20261122-tune still names database" in told(decision)


def test_what_has_ended_keeps_its_name(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write(INCIDENT_PATH, INCIDENT.replace("status: new", CANCELLED))
    (workshop.path / INCIDENT_PATH).unlink()
    other = INCIDENT.replace("status: new", CANCELLED).replace("inc-20261122-slow", "inc-20261122-odd")
    workshop.write(INCIDENT_PATH.replace("-slow", "-odd"), other)
    proposed(workshop)
    assert blocking(workshop.judge()) == {"lifecycle-final"}


def test_two_services_that_swap_their_names_are_two_that_were_edited(workshop: Workshop) -> None:
    """No name is new, so nothing is a rename: all that differs is asked about, and what is closed stays as it was."""
    with_history(workshop)
    for old, new in (("database", "spare"), ("lake", "database"), ("spare", "lake")):
        rename(workshop, old, new)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert blocking(workshop.judge()) == {"lifecycle-final"}


def test_two_renames_in_one_pull_request(workshop: Workshop) -> None:
    rename(workshop, "database", "storage")
    rename(workshop, "web-shop", "shop")
    proposed(workshop)
    decision = workshop.judge()
    assert codes(decision) == ["finding:record-deleted"]
    assert "a rename is of one record" in told(decision)


def test_a_field_that_is_edited_with_the_name(workshop: Workshop) -> None:
    rename(workshop, "database", "storage")
    workshop.edit("services/storage.yaml", "tier: 2", "tier: 4")
    proposed(workshop)
    decision = workshop.judge()
    assert codes(decision) == ["finding:record-deleted"]


def test_a_copy_under_another_name_beside_one_that_goes_on_under_the_old_one(workshop: Workshop) -> None:
    """The file stays, and what names it goes over to the copy: what is closed does not."""
    with_history(workshop)
    text = (workshop.path / "services/database.yaml").read_text()
    rename(workshop, "database", "storage")
    workshop.write("services/database.yaml", text)
    proposed(workshop)
    assert blocking(workshop.judge()) == {"lifecycle-final"}


@pytest.mark.parametrize("path", [RULES, "policies/backout-is-planned.yaml"])
def test_a_rule_keeps_its_name(path: str, workshop: Workshop) -> None:
    name = "all" if path == RULES else "backout-is-planned"
    rename(workshop, name, "other")
    proposed(workshop)
    decision = workshop.judge()
    assert codes(decision) == ["finding:record-deleted"]
    assert "a rule keeps its name once it is merged" in told(decision)


def test_a_role_is_gained_with_a_name(workshop: Workshop) -> None:
    """A team that decides is renamed, and its members change with that."""
    rename(workshop, "team-governance", "team-rules")
    workshop.edit("people/teams/team-rules.yaml", "[dave, erin]", "[dave, erin, alice]")
    proposed(workshop)
    assert codes(workshop.judge()) == ["finding:record-deleted"]


def test_what_is_wrong_already_stops_no_rename(workshop: Workshop) -> None:
    """Findings that stood on the base stand again under the new name."""
    with on_main(workshop):
        workshop.change(**{"[newsletter]": "[database]", "status: proposed": CLOSED})
        text = (workshop.path / CHANGE).read_text()
        workshop.write(CHANGE, text.replace("[Set it back, Restart]", "[Set it back]"))
    assert workshop.judge("main~1", "main").verdict == "rejected"
    rename(workshop, "database", "storage")
    workshop.commit()
    approve(workshop, "carol")
    decision = workshop.judge()
    assert decision.verdict == "approved", told(decision)


def test_a_name_is_new_only_where_all_of_history_is_known(workshop: Workshop) -> None:
    with_history(workshop)
    rename(workshop, "database", "storage")
    proposed(workshop)
    shallow = workshop.path.parent / "shallow"
    workshop.git("clone", "-q", "--depth", "2", "--no-single-branch", f"file://{workshop.path}", str(shallow))
    clone = Workshop(shallow, reviews=workshop.reviews)
    with pytest.raises(GitError, match="shallow, so whether the name storage is new is not known"):
        clone.judge("origin/main", "origin/topic")


def test_a_change_stays_authorised_when_its_service_is_renamed(workshop: Workshop) -> None:
    firm = firm_of(workshop)
    merged(firm)
    firm.topic("name")
    rename(workshop, "newsletter", "letters")
    workshop.commit("Name")
    firm.approve("bob", "dave", "erin", head="name")
    firm.merge(head="name")
    firm.note()
    assert deployable(workshop)


def test_a_deployer_names_it_anew_with_the_agreement_of_governance(workshop: Workshop) -> None:
    """`itsm rename` knows where itsm.yaml names a service; what judges is asked about by its own rules."""
    with on_main(workshop):
        workshop.write(
            "itsm.yaml", (workshop.path / "itsm.yaml").read_text() + DEPLOYER.replace("[storage]", "[database]")
        )
    rename(workshop, "database", "storage")
    workshop.commit()
    assert missing(workshop.judge()) == {"service": 1, "rename": 1, "what-judges": 2}
    approve(workshop, "carol", "dave", "erin")
    decision = workshop.judge()
    assert decision.verdict == "approved", told(decision)


def test_a_rule_that_spells_the_name_is_changed_with_it(workshop: Workshop) -> None:
    with on_main(workshop):
        match = "match: {kinds: [Service], where: \"object.metadata.name == 'database'\"}"
        add_rule(workshop, f"{{name: crown, {match}, approvals: [{{from: {{people: [bob]}}}}]}}")
    rename(workshop, "database", "storage")
    workshop.commit()
    decision = workshop.judge()
    assert "policies/approvals/all.yaml spells out database; name it anew there as well" in told(decision)
    workshop.edit(RULES, "'database'", "'storage'")
    proposed(workshop)
    assert workshop.judge().verdict == "approved"
