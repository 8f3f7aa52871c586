"""Who changed a record, when, and what of it; who approved a change, on which content, and how to check it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from itsm_as_code import site
from itsm_as_code.assurance.shown import Shown, shown
from itsm_as_code.cache import Cache
from itsm_as_code.cli import _past
from itsm_as_code.cli._past import past_of
from itsm_as_code.errors import GitError
from itsm_as_code.gate.histories import histories
from itsm_as_code.gate.revisions import MOST, Records, Revision, Revisions
from itsm_as_code.git.repository import Repository
from itsm_as_code.site import Past
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import load_rule_set, validate
from tests.assurance.conftest import first_firm
from tests.assurance.tools import NAME, Firm, copy
from tests.attacks.tools import CHANGE
from tests.conftest import NOW, Workshop
from tests.site.test_hostile import ATTACK

__all__ = ["first_firm"]
STATUS = Records({CHANGE: ("spec", "status")}.get)


def history(workshop: Workshop) -> Revisions:
    return histories(Repository(workshop.path), "HEAD", STATUS, "")[CHANGE]


def words(content: bytes, start: str) -> str:
    """The text of a page from a word on."""
    text = " ".join(re.sub(r"<[^>]+>", " ", content.decode()).split())
    return text[text.index(start) :]


def test_each_revision_tells_who_when_what_and_by_which_pull_request(workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.change()
    workshop.commit("Propose it (#7)")
    workshop.git("checkout", "-q", "-b", "other")
    workshop.edit(CHANGE, "status: proposed", "status: authorised")
    workshop.edit(CHANGE, "title: Tune", "title: Retune")
    workshop.commit("Authorise it")
    workshop.git("checkout", "-q", "main")
    workshop.git("merge", "-q", "--no-ff", "other", "-m", "Merge pull request #8 from shop/topic")
    found = history(workshop)
    assert found.count == 2
    last, first = found.shown
    assert (last.subject, last.request, last.action, last.state) == ("Authorise it", 8, "changed", "authorised")
    assert last.fields == ("/metadata/title", "/spec/status")
    assert (first.request, first.action, first.state, first.fields) == (7, "added", "proposed", ())
    assert last.author[1].endswith(".example")


def test_only_the_latest_are_told_and_all_are_counted(workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.change()
    workshop.commit()
    for number in range(MOST + 1):
        workshop.write(CHANGE, (workshop.path / CHANGE).read_text() + f"# {number}\n")
        workshop.commit()
    found = history(workshop)
    assert (len(found.shown), found.count) == (MOST, MOST + 2)


def test_a_walk_goes_on_where_it_ended(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.change()
    workshop.commit()
    workshop.edit(CHANGE, "status: proposed", "status: authorised")
    workshop.commit()
    repository, cache = Repository(workshop.path), Cache(tmp_path / "cache")
    read: list[str] = []
    monkeypatch.setattr(
        Repository,
        "objects",
        lambda self, ids, kind, ask=Repository.objects: (read.extend(ids), ask(self, ids, kind))[1],
    )
    asked = (repository, "HEAD", STATUS, "")
    first = dict(histories(*asked, cache))
    assert len(read) == 2
    assert first == dict(histories(*asked, cache)) == dict(histories(*asked))
    assert len(read) == 4, "only without the cache they are read again"
    workshop.edit(CHANGE, "status: authorised", "status: rejected")
    workshop.commit()
    last = histories(*asked, cache)[CHANGE]
    assert (last.shown[0].state, last.shown[1:]) == ("rejected", first[CHANGE].shown)
    assert len(read) == 6
    other = Records({CHANGE: ()}.get)
    assert histories(repository, "HEAD", other, "elsewhere", cache)[CHANGE].shown[0].state == "", "another question"


def test_what_records_say_now_need_not_be_read_and_says_the_same(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.change()
    workshop.write("changes/notes.txt", "Not a record.\n")
    workshop.commit()
    repository = Repository(workshop.path)
    tip = repository.commit("HEAD")
    validation, now = validate(repository.snapshot(tip), NOW), workshop.git("rev-parse", f"HEAD:{CHANGE}").strip()
    plain = dict(past_of(repository, tip, validation).revisions)
    assert plain[CHANGE].shown[0].state == "proposed"
    assert "changes/notes.txt" not in plain
    monkeypatch.setattr(_past, "_FEW", 0)
    read: list[str] = []
    monkeypatch.setattr(
        Repository,
        "objects",
        lambda self, ids, kind, ask=Repository.objects: (read.extend(ids), ask(self, ids, kind))[1],
    )
    cache = Cache(tmp_path / "cache")
    assert dict(past_of(repository, tip, validation, cache).revisions) == plain
    assert now not in read
    monkeypatch.setattr(_past, "_states", lambda validation: dict.fromkeys(validation.registry.kinds, ()))
    other = past_of(repository, tip, validation, cache).revisions[CHANGE]
    assert other.shown[0].state == "", "states that stand elsewhere are another question"


def test_a_history_is_told_where_evidence_cannot_be(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise GitError("no statement can be read")

    monkeypatch.setattr(_past, "_deployed", fail)
    repository, validation = Repository(workshop.path), validate(WorkTree(workshop.path), NOW)
    found = past_of(repository, repository.commit("HEAD"), validation)
    assert found.shown == "no statement can be read"
    assert found.revisions


def test_pages_say_it(workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.change()
    workshop.commit()
    told = Revisions(
        (
            Revision("b" * 40, NOW, ("Nobody", "alice@shop.example"), "Reject it: not now", 9, "changed",
                     ("/spec/status",), 3, "rejected"),
            Revision("a" * 40, NOW, ("Mallory " + ATTACK, "m@x.example"), ATTACK, None, "added", (), 0, "proposed"),
        ), 5,
    )  # fmt: skip
    workshop.edit(CHANGE, "status: proposed", "status: rejected")
    pages = dict(site.build(validate(WorkTree(workshop.path), NOW), "r", past=Past({CHANGE: told})))
    page = pages[f"changes/{NAME}.html"]
    said = words(page, "Who changed this")
    assert "Reject it: not now: rejected" in said
    assert "Changed: status, and 3 more" in said
    assert "And 3 earlier commits." in said
    assert ATTACK in said.replace("&lt;", "<").replace("&gt;", ">") or "&lt;script&gt;" in page.decode()
    assert "<script>alert" not in page.decode()
    assert "In the words Reject it" in words(page, "Why it was rejected"), "until the record says so itself"
    assert "Last changed" in page.decode()
    assert "by alice" in words(page, "Last changed").lower() or "by Alice" in words(page, "Last changed")
    assert b'id="revisions"' not in pages["services/newsletter.html"], "of which nothing is known"
    told = '{by: bob, "on": "2026-11-21", reason: Not before January.}'
    workshop.edit(CHANGE, "status: rejected", f"status: rejected\n  rejection: {told}")
    page = dict(site.build(validate(WorkTree(workshop.path), NOW), "r"))[f"changes/{NAME}.html"]
    assert "By Bob" in (said := words(page, "Why it was rejected"))
    assert "Not before January." in said


@pytest.fixture
def firm(first_firm: Firm, tmp_path: Path) -> Firm:
    return copy(first_firm, tmp_path / "firm")


def test_evidence_says_who_approved_what_and_how_to_check_it(firm: Firm) -> None:
    firm.change()
    commit = firm.merge()
    firm.note()
    ledger = firm.ledger()
    rule_set = load_rule_set(ledger.repository.snapshot(ledger.tip))
    told = shown(ledger, rule_set.catalogue.of_kind("Change"))
    assert not isinstance(told, str)
    evidence = told[NAME]
    assert isinstance(evidence, Shown)
    assert (evidence.commit, evidence.approved, evidence.why) == (commit, True, ())
    assert evidence.digest.startswith("sha256:")
    assert {name for need in evidence.needs for name in need.by} == {"bob"}
    assert not any(need.missing for need in evidence.needs)
    firm.git("checkout", "-q", "main")
    pages = dict(site.build(validate(WorkTree(firm.shop.path), NOW), "r", past=Past(shown=told)))
    said = words(pages[f"changes/{NAME}.html"], "Who approved")
    assert said.startswith("Who approved Approved merged")
    for part in (f"itsm evidence show {commit[:12]}", evidence.digest, "Complete"):
        assert part in said


def test_without_evidence_it_is_not_said_that_anybody_approved(workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.change()
    workshop.edit(CHANGE, "status: proposed", "status: authorised")
    pages = dict(site.build(validate(WorkTree(workshop.path), NOW), "r", past=Past(shown="this clone has no notes")))
    assert "No evidence: this clone has no notes." in words(pages[f"changes/{NAME}.html"], "Who approved")
