"""Attacks on evidence of merges, as scenarios: a change that nobody approved is to be deployed (number 30).

Each ends with `itsm authorise`, asked as a pipeline asks it. ``25`` are changes that were approved, and are not covered
any more by what is true now.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from itsm_as_code.assurance.noting import keep
from itsm_as_code.assurance.statement import pack
from itsm_as_code.cli.program import run
from itsm_as_code.gate.decision import canonical
from itsm_as_code.signing import sign
from tests.assurance.tools import INSIDE, NAME, Firm, entry, establish
from tests.attacks.scenarios import FAILED, FAILED_PATH, scenario
from tests.attacks.test_24_emergency import INCIDENT, INCIDENT_PATH, PAST, PAST_PATH
from tests.attacks.tools import CHANGE, FREEZE, MODEL, STANDARD, STANDARD_PATH, on_main
from tests.conftest import ROOT, Workshop
from tests.signing import make_key


def deployable(shop: Workshop, name: str = NAME, at: str = INSIDE) -> bool:
    return run(["authorise", "-C", str(shop.path), name, "--at", at]) == 0


def firm_of(shop: Workshop) -> Firm:
    return establish(shop, shop.path.parent / "keys")


def push(firm: Firm, old: str = "status: proposed", new: str = "status: authorised", path: str = CHANGE) -> str:
    """Straight to main, with nobody's approval."""
    firm.git("checkout", "-q", "main")
    firm.shop.edit(path, old, new)
    return firm.shop.commit("Straight to main", who="erin")


def good_line(firm: Firm, commit: str, **replaced: Any) -> bytes:
    """What evidence of a push would say if it had been approved."""
    firm.topic("mine", f"{commit}~1")
    firm.git("checkout", "-q", commit, "--", ".")
    firm.shop.commit("Mine")
    line = json.loads(firm.line(f"{commit}~1", commit, "mine"))
    firm.git("checkout", "-q", "main")
    member = line["pullRequests"][0]
    member["verdict"] = member["decision"]["verdict"] = "approved"
    return canonical({**line, "verdict": "approved", **replaced}) + b"\n"


def merged(firm: Firm) -> str:
    """The change, approved by bob, merged and noted."""
    firm.change()
    commit = firm.merge()
    firm.note()
    return commit


@scenario(30, deployable)
def is_pushed_past_the_gate(shop: Workshop) -> None:
    firm = firm_of(shop)
    push(firm)
    firm.note()


@scenario(30, deployable)
def lifts_a_freeze_past_the_gate(shop: Workshop) -> None:
    """The change is approved and merged, then a freeze begins; a push deletes it."""
    firm = firm_of(shop)
    merged(firm)
    firm.git("checkout", "-q", "main")
    shop.edit(FREEZE, "2026-12-15T00:00:00+01:00", "2026-12-01T00:00:00+01:00")
    shop.commit("Freeze", who="erin")
    firm.git("rm", "-q", FREEZE)
    shop.commit("No freeze", who="erin")
    firm.note()


@scenario(30, deployable)
def launders_a_push_by_an_approved_change(shop: Workshop) -> None:
    """What was pushed is there when somebody approves a new title; nobody approved what was pushed."""
    firm = firm_of(shop)
    push(firm)
    firm.topic()
    shop.edit(CHANGE, "title: Tune the newsletter", "title: Tune our newsletter")
    shop.commit("Title")
    firm.approve("bob", "dave", "erin")
    firm.merge()
    firm.note()


@scenario(30, deployable)
def signs_evidence_with_a_key_of_its_own(shop: Workshop) -> None:
    firm = firm_of(shop)
    commit = push(firm)
    firm.force(commit, firm.signed(good_line(firm, commit), make_key(firm.folder, "own")))


@scenario(30, deployable)
def alters_evidence_that_was_signed(shop: Workshop) -> None:
    """The signature is the one over the true evidence, which says that nobody approved it."""
    firm = firm_of(shop)
    commit = push(firm)
    (true,) = firm.prepared(firm.ledger()).statements
    firm.force(commit, pack(good_line(firm, commit), true.signature))


@scenario(30, deployable)
def leaves_evidence_unsigned(shop: Workshop) -> None:
    """Poisoned by a run of a pull request, which has no key."""
    firm = firm_of(shop)
    commit = push(firm)
    firm.force(commit, pack(good_line(firm, commit), ""))


@scenario(30, deployable)
def signs_evidence_for_something_else(shop: Workshop) -> None:
    """A file that says so was signed with the right key, in the namespace of files."""
    firm = firm_of(shop)
    commit = push(firm)
    line = good_line(firm, commit)
    firm.force(commit, pack(line, sign(line, firm.key, "file")))


@scenario(30, deployable)
def replaces_the_evidence_of_a_push(shop: Workshop) -> None:
    """Somebody has the key: what was noted is replaced by what looks better."""
    firm = firm_of(shop)
    commit = push(firm)
    firm.note()
    firm.force(commit, firm.signed(good_line(firm, commit)))


@scenario(30, deployable)
def adds_a_second_piece_of_evidence(shop: Workshop) -> None:
    firm = firm_of(shop)
    commit = push(firm)
    (true,) = firm.prepared(firm.ledger()).statements
    firm.force(commit, firm.signed(good_line(firm, commit)), true.packed)


@scenario(30, deployable)
def borrows_evidence_of_another_repository(shop: Workshop) -> None:
    """A copy of the repository, where everybody may approve, has the same commits and the same key."""
    firm = firm_of(shop)
    commit = push(firm)
    firm.force(commit, firm.signed(good_line(firm, commit, repository="shop/sandbox")))


@scenario(30, deployable)
def borrows_evidence_of_another_branch(shop: Workshop) -> None:
    firm = firm_of(shop)
    commit = push(firm)
    firm.force(commit, firm.signed(good_line(firm, commit, branch="playground")))


@scenario(30, deployable)
def borrows_evidence_of_another_commit(shop: Workshop) -> None:
    """Evidence of an approved merge, noted on the push that came after it."""
    firm = firm_of(shop)
    merged(firm)
    true = firm.ledger().of(firm.git("rev-parse", "main")).statement
    commit = push(firm, "2026-12-01T20:00:00Z", "2026-12-01T10:00:00Z")
    assert true is not None
    firm.force(commit, true.packed)


@scenario(30, deployable)
def borrows_evidence_of_another_base(shop: Workshop) -> None:
    """Judged against an older base, by the rules and facts of that time."""
    firm = firm_of(shop)
    commit = push(firm)
    line = json.loads(good_line(firm, commit))
    older = firm.git("rev-parse", f"{commit}~2")
    line["pullRequests"][0]["decision"]["base"] = older
    told = {"base": older, "baseTree": firm.git("rev-parse", f"{older}^{{tree}}")}
    firm.force(commit, firm.signed(canonical({**line, **told}) + b"\n"))


@scenario(30, deployable)
def borrows_evidence_of_another_pull_request(shop: Workshop) -> None:
    firm = firm_of(shop)
    commit = push(firm)
    line = json.loads(good_line(firm, commit))
    line["pullRequests"][0]["number"] = 17
    firm.force(commit, firm.signed(canonical(line) + b"\n"))


@scenario(30, deployable)
def names_two_colleagues_in_a_reviews_file(shop: Workshop) -> None:
    """On no forge reviews count when they are signed; the file with their names was written by the author."""
    firm = firm_of(shop)
    commit = push(firm)
    line = json.loads(good_line(firm, commit))
    told = line["pullRequests"][0]["decision"]["pullRequest"]
    said = {"state": "approved", "commit": commit, "at": "2026-11-22T08:00:00Z"}
    told["reviews"] = [{"reviewer": name, **said} for name in ("bob", "carol")]
    firm.force(commit, firm.signed(canonical(line) + b"\n"))


@scenario(30, deployable)
def merges_more_than_was_approved(shop: Workshop) -> None:
    """The tree is altered after the verdict: the commit of the merge moves the window besides."""
    firm = firm_of(shop)
    firm.change()
    firm.git("checkout", "-q", "main")
    firm.git("merge", "-q", "--no-ff", "--no-commit", "topic")
    shop.edit(CHANGE, "2026-12-01T20:00:00Z", "2026-12-01T10:00:00Z")
    commit = shop.commit("Merge", who="erin")
    member = json.loads(firm.line("main~1", commit, "topic"))["pullRequests"]
    firm.note()
    assert member[0]["verdict"] == "approved"


@scenario(30, deployable)
def signs_with_a_key_whose_time_is_over(shop: Workshop) -> None:
    firm = firm_of(shop)
    rotate(firm, 'until: "2026-11-22T08:00:02Z"')
    commit = push(firm)
    firm.force(commit, firm.signed(good_line(firm, commit)))


@scenario(30, deployable)
def signs_with_a_key_that_was_lost(shop: Workshop) -> None:
    """The key was good at the merge, and is known to have been lost before that since."""
    firm = firm_of(shop)
    commit = push(firm)
    firm.force(commit, firm.signed(good_line(firm, commit)))
    rotate(firm, 'from: "2026-11-01T00:00:00Z", compromised: true')


@scenario(30, deployable)
def dates_back_what_an_old_key_signed(shop: Workshop) -> None:
    """The key was retired two seconds after eight; what is pushed now is said to have been merged before."""
    firm = firm_of(shop)
    rotate(firm, 'until: "2026-11-22T08:00:02Z"')
    commit = push(firm)
    firm.force(commit, firm.signed(good_line(firm, commit, mergedAt="2026-11-22T08:00:01Z")))


def rotate(firm: Firm, validity: str) -> None:
    """An entry about the job's key, approved and merged as any other change of what judges."""
    firm.topic("keys")
    text = (firm.shop.path / "itsm.yaml").read_text()
    public = (firm.folder / "evidence.pub").read_text().strip()
    firm.shop.write("itsm.yaml", f'{text.rstrip()}\n      - {{key: "{public}", {validity}}}\n')
    firm.shop.commit("Keys")
    firm.approve("dave", "erin", head="keys")
    commit = firm.merge(head="keys")
    ledger = firm.ledger()
    noted = firm.prepared(ledger, firm.folder / "spare")
    last = tuple(item for item in noted.statements if item.commit == commit)
    keep(ledger, replace(noted, statements=last), None)


@scenario(30, deployable)
def names_a_key_of_its_own(shop: Workshop) -> None:
    """Pushed straight to itsm.yaml, and laundered by a change of that file that is approved."""
    firm = firm_of(shop)
    own = make_key(firm.folder, "own")
    text = (shop.path / "itsm.yaml").read_text()
    shop.write("itsm.yaml", f"{text.rstrip()}\n      - {entry(own)}\n")
    shop.commit("Keys", who="erin")
    firm.topic("comment")
    shop.write("itsm.yaml", "# Ours.\n" + (shop.path / "itsm.yaml").read_text())
    shop.commit("Say whose it is")
    firm.approve("dave", "erin", head="comment")
    firm.merge(head="comment")
    firm.note()
    commit = push(firm)
    firm.force(commit, firm.signed(good_line(firm, commit), own))


@scenario(30, deployable)
def switches_evidence_off(shop: Workshop) -> None:
    firm = firm_of(shop)
    push(firm)
    push(firm, "    keys:", "    required: false\n    reason: We are in a hurry.\n    keys:", "itsm.yaml")


@scenario(30, deployable)
def rewinds_the_branch(shop: Workshop) -> None:
    """A freeze was approved and merged; the branch is set back to before it."""
    firm = firm_of(shop)
    merged(firm)
    firm.topic("freeze")
    shop.edit(FREEZE, "2026-12-15T00:00:00+01:00", "2026-12-01T00:00:00+01:00")
    shop.commit("Freeze")
    firm.approve("dave", "erin", head="freeze")
    firm.merge(head="freeze")
    firm.note()
    firm.git("checkout", "-q", "main")
    firm.git("reset", "-q", "--hard", "main~1")


@scenario(25, lambda shop: deployable(shop, "chg-20261122-restart"))
def outlives_the_model_that_covers_it(shop: Workshop) -> None:
    shop.git("checkout", "-q", "main")
    shop.write(STANDARD_PATH, STANDARD)
    shop.commit(who="erin")
    shop.edit(MODEL, '"2027-01-10"', '"2026-12-02"')
    shop.edit(STANDARD_PATH, "2026-12-01T22:00:00Z", "2036-12-01T22:00:00Z")
    shop.commit(who="erin")


RESTART: Final = "chg-20261122-restart"


def restart_deployable(shop: Workshop) -> bool:
    return deployable(shop, RESTART)


def stopped(shop: Workshop, suspension: str = "{failures: 1, within: P30D}", **files: str) -> Firm:
    """A standard change of before evidence was asked for, and what stops it there."""
    with on_main(shop):
        shop.write(MODEL, (shop.path / MODEL).read_text() + f"  suspension: {suspension}\n")
        shop.write(STANDARD_PATH, STANDARD)
        for path, text in files.items():
            shop.write(path, text)
    assert not (files and restart_deployable(shop))
    return firm_of(shop)


@scenario(30, restart_deployable)
def holds_a_review_past_the_gate(shop: Workshop) -> None:
    firm = stopped(shop, **{INCIDENT_PATH: INCIDENT, PAST_PATH: PAST})
    review = 'review: {date: "2026-11-20", by: bob, findings: None.}\n  status: reviewed'
    push(firm, "status: implemented", review, PAST_PATH)
    firm.note()


@scenario(30, restart_deployable)
def takes_a_failure_back_past_the_gate(shop: Workshop) -> None:
    firm = stopped(shop, **{FAILED_PATH: FAILED})
    push(firm, "status: failed\n  result: failed", "status: implemented\n  result: successful", FAILED_PATH)
    firm.note()


@scenario(30, restart_deployable)
def deletes_the_change_that_failed_past_the_gate(shop: Workshop) -> None:
    firm = stopped(shop, **{FAILED_PATH: FAILED})
    firm.git("checkout", "-q", "main")
    firm.git("rm", "-q", FAILED_PATH)
    shop.commit("Away", who="erin")
    firm.note()


@scenario(30, restart_deployable)
def clears_the_change_that_an_incident_blames_past_the_gate(shop: Workshop) -> None:
    cause = "  causedBy: chg-20261115-restart\n"
    good = FAILED.replace("status: failed\n  result: failed", "status: implemented\n  result: successful")
    firm = stopped(shop, **{FAILED_PATH: good, INCIDENT_PATH: INCIDENT + cause})
    push(firm, cause, "", INCIDENT_PATH)
    firm.note()


@scenario(30, restart_deployable)
def moves_the_folder_of_calendars_past_the_gate(shop: Workshop) -> None:
    """Nothing that was said of the folder of before is looked for in the new one."""
    freeze = (shop.path / FREEZE).read_text().replace("2026-12-15T00", "2026-12-01T00")
    firm = stopped(shop, **{FREEZE: freeze})
    schema = json.loads((ROOT / "schemas/calendar.schema.json").read_text())
    schema["x-kind"]["folder"] = "elsewhere/calendars"
    firm.git("checkout", "-q", "main")
    firm.git("rm", "-q", FREEZE)
    shop.write("schemas/calendar.schema.json", json.dumps(schema))
    shop.commit("Elsewhere", who="erin")
    firm.note()


@scenario(30, restart_deployable)
def lowers_what_depends_on_it_past_the_gate(shop: Workshop) -> None:
    """Its model allows a low risk only; on its service, which it takes down, another one depends."""
    outage = "  outage: {expected: full, minutes: 10}\n  status: scheduled"
    change = STANDARD.replace("[newsletter]", "[orders]").replace("  status: scheduled", outage)
    model = (shop.path / MODEL).read_text().replace("maxRisk: high", "maxRisk: low")
    firm = stopped(shop, **{MODEL: model, STANDARD_PATH: change})
    push(firm, "  dependsOn:\n    - {service: orders, strength: hard}\n", "", "services/web-shop.yaml")
    firm.note()
