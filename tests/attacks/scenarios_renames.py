"""Attacks under cover of another name, as scenarios (number 35)."""

from __future__ import annotations

from typing import Final

from itsm_as_code.cli.program import run
from tests.attacks.scenarios import ACTUAL, scenario
from tests.attacks.scenarios_evidence import deployable, firm_of, merged
from tests.attacks.tools import CHANGE, EVERYBODY, RULES, SERVICE, add_rule, approve, on_main, used_up
from tests.conftest import Workshop

CLOSED: Final = f"{ACTUAL}\n  result: successful\n  status: closed"
RELEASE_PATH: Final = "changes/releases/letters.yaml"
RELEASE: Final = """\
apiVersion: itsm/v1
kind: Release
metadata: {name: letters, title: Letters in batches}
spec:
  version: "2026.11"
  services: [newsletter]
  changes: [chg-20261122-tune]
  earlyLife: {until: "2026-12-31", contact: CONTACT}
  status: planned
"""
DEPLOYER: Final = """\
  deployers:
    - name: ci
      key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFDYWOCYXsx/YEGKrwzFq1h/QsJXCohAlanozKzQ9lRc deployer"
      services: [storage]
      environments: [production]
"""
TEAM: Final = """\
apiVersion: itsm/v1
kind: Team
metadata: {name: %s, title: A team}
spec: {members: [carol, dave], lead: carol}
"""


def with_history(shop: Workshop) -> None:
    """A base with a change of the database that was closed, and one that is to come."""
    with on_main(shop):
        shop.change(**{"[newsletter]": "[database]", "status: proposed": CLOSED})
        shop.change("chg-20261122-index", **{"[newsletter]": "[database]", "status: proposed": "status: scheduled"})
        shop.write("services/lake.yaml", SERVICE % "lake")


def rename(shop: Workshop, old: str, new: str) -> None:
    """What ``itsm rename`` does."""
    assert run(["-C", str(shop.path), "rename", old, new, "--now", "2026-11-22T12:00:00Z"]) == 0


def proposed(shop: Workshop, *names: str) -> None:
    shop.commit()
    approve(shop, *(names or EVERYBODY))


@scenario(35)
def names_itself_anew_without_anybody(shop: Workshop) -> None:
    """Rules that ask for nothing let no record change its name in what has ended."""
    with on_main(shop):
        shop.edit(RULES, "approvals: [{from: {owners: self}, count: 1}]", "approvals: []")
        shop.change(**{"[newsletter]": "[database]", "status: proposed": CLOSED})
    rename(shop, "database", "storage")
    shop.commit()


@scenario(35)
def edits_what_is_closed_under_cover_of_a_name(shop: Workshop) -> None:
    with_history(shop)
    rename(shop, "database", "storage")
    shop.edit(CHANGE, "Send in smaller batches.", "Send in larger batches.")
    proposed(shop)


@scenario(35)
def takes_the_name_that_another_had(shop: Workshop) -> None:
    """Statements and evidence of the one would be read as those of the other."""
    with on_main(shop):
        shop.write("services/lake.yaml", SERVICE % "lake")
    with on_main(shop):
        (shop.path / "services/lake.yaml").unlink()
    rename(shop, "database", "lake")
    proposed(shop)


@scenario(35)
def moves_to_where_rules_are_others(shop: Workshop) -> None:
    with_history(shop)
    rename(shop, "database", "storage")
    (shop.path / "services/sandbox").mkdir()
    (shop.path / "services/storage.yaml").rename(shop.path / "services/sandbox/storage.yaml")
    proposed(shop)


@scenario(35)
def plans_a_change_by_a_name_without_promises(shop: Workshop) -> None:
    """The promise of the base, whose error budget is used up, names the service as it was called."""
    with on_main(shop):
        used_up(shop)
    rename(shop, "newsletter", "letters")
    shop.change(**{"[newsletter]": "[letters]"})
    proposed(shop)


@scenario(35)
def leaves_a_reference_to_whoever_has_the_name_too(shop: Workshop) -> None:
    """A release names a team or a person: it passes from the one to the other of that name."""
    with on_main(shop):
        shop.change()
        shop.write("people/teams/bob.yaml", TEAM % "bob")
        shop.write(RELEASE_PATH, RELEASE.replace("CONTACT", "bob"))
    rename(shop, "Team/bob", "team-two")
    shop.git("checkout", "-q", "main", "--", RELEASE_PATH)
    proposed(shop)


@scenario(35)
def takes_over_what_names_somebody_else(shop: Workshop) -> None:
    """The other way round: what named a person names the team from then on."""
    with on_main(shop):
        shop.change()
        shop.write("people/teams/team-two.yaml", TEAM % "team-two")
        shop.write(RELEASE_PATH, RELEASE.replace("CONTACT", "bob"))
    rename(shop, "Team/team-two", "bob")
    proposed(shop)


@scenario(35)
def slips_out_of_a_rule_that_spells_its_name(shop: Workshop) -> None:
    with on_main(shop):
        match = "match: {kinds: [Service], where: \"object.metadata.name == 'database'\"}"
        add_rule(shop, f"{{name: crown, {match}, approvals: [{{from: {{people: [bob]}}}}]}}")
    rename(shop, "database", "storage")
    proposed(shop)


@scenario(35)
def slips_into_what_a_key_may_deploy(shop: Workshop) -> None:
    """A deployer of itsm.yaml is for a service that is to come; whoever takes its name is deployed by that key."""
    with on_main(shop):
        shop.write("itsm.yaml", (shop.path / "itsm.yaml").read_text() + DEPLOYER)
    rename(shop, "database", "storage")
    proposed(shop)


@scenario(35)
def is_another_change_than_the_one_that_was_authorised(shop: Workshop) -> None:
    with_history(shop)
    rename(shop, "chg-20261122-index", "chg-20261122-table")
    proposed(shop)


@scenario(35, deployable)
def launders_a_push_by_another_name(shop: Workshop) -> None:
    """The service of a change was edited past the gate; its owners agree to a name, not to that."""
    firm = firm_of(shop)
    merged(firm)
    firm.git("checkout", "-q", "main")
    shop.edit("services/newsletter.yaml", "tier: 4", "tier: 1")
    shop.commit("Straight to main", who="erin")
    firm.topic("name")
    rename(shop, "newsletter", "letters")
    shop.commit("Name")
    firm.approve("bob", "dave", "erin", head="name")
    firm.merge(head="name")
    firm.note()
