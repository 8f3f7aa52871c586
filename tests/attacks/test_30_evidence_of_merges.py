"""30: evidence of merges that is forged, flooded, poisoned or raced for; scenarios_evidence.py has more."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest

from itsm_as_code.assurance import noting, statement
from itsm_as_code.assurance.ledger import MAX_VERSIONS, Ledger
from itsm_as_code.assurance.noting import keep
from itsm_as_code.assurance.statement import pack, unpack
from itsm_as_code.errors import ItsmError
from itsm_as_code.git import notes
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.kinds import KindRegistry
from tests.assurance.conftest import firm, first_firm  # noqa: F401 - fixtures
from tests.assurance.tools import INSIDE, LATER, NAME, Firm
from tests.attacks.scenarios import FAILED, FAILED_PATH
from tests.attacks.scenarios_evidence import RESTART, stopped
from tests.attacks.test_24_emergency import INCIDENT, INCIDENT_PATH, PAST, PAST_PATH
from tests.attacks.tools import CHANGE
from tests.conftest import Run, Workshop
from tests.limits import within


def ask(itsm: Run, path: Path, *more: str | Path) -> tuple[int, list[str]]:
    code, out, err = itsm("authorise", "-C", path, NAME, "--at", INSIDE, "--format", "json", *more)
    return (code, [reason["code"] for reason in json.loads(out)["reasons"]]) if out else (code, [err])


def test_one_person_names_two_colleagues(firm: Firm, itsm: Run, tmp_path: Path) -> None:  # noqa: F811
    """The hole of before: a reviews file with two names, a verdict that says yes, a merge, and authorise said yes."""
    firm.topic()
    firm.shop.edit(CHANGE, "status: proposed", "status: authorised")
    head = firm.shop.commit()
    for name in ("bob", "carol"):
        firm.shop.review(name)
    (tmp_path / "reviews.json").write_text(json.dumps(firm.shop.pull_request()))
    where = ("-C", firm.shop.path, "--base", "main", "--head", "topic", "--now", "2026-11-22T12:00:00Z")
    file = ("--reviews", tmp_path / "reviews.json", "--format", "json", "--output", tmp_path / "gate.json")
    assert itsm("gate", *where, *file)[0] == 0
    assert itsm("gate", *where, *file, "--note")[0] == 2
    commit = firm.merge()
    for noted in (head, commit):
        firm.force(noted, (tmp_path / "gate.json").read_bytes())
    assert ask(itsm, firm.shop.path) == (1, ["evidence-missing"])
    firm.note()
    assert ask(itsm, firm.shop.path) == (1, ["evidence-not-approved"])


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"approved\n",
        b"\x1f\x8b",
        gzip.compress(b"{}\n")[:-4],
        gzip.compress(b"[" * 100_000),
        b"\x1f\x8b\x08" * 999,
    ],
    ids=["empty", "text", "header", "cut off", "brackets", "headers"],
)
def test_rubbish_keeps_no_evidence_out(firm: Firm, rubbish: bytes) -> None:  # noqa: F811
    """Poisoned by a run of a pull request: the note is there before the job comes."""
    firm.change()
    commit = firm.merge()
    firm.force(commit, rubbish)
    assert firm.codes() == ["evidence-missing"]
    assert len(firm.note().statements) == 1
    assert firm.codes() == []
    firm.force(commit, rubbish)
    assert firm.codes() == [], "what was noted once cannot be taken back"


def test_a_bomb(firm: Firm) -> None:  # noqa: F811
    """64 MiB in 64 kB: not unpacked further than a statement may be long, and evidence behind it is found."""
    firm.change()
    commit = firm.merge()
    firm.note()
    bomb = gzip.compress(bytes(1 << 26))
    (genuine,) = unpack(notes.versions(Repository(firm.shop.path), [notes.REF], [commit])[commit][0] or b"", REGISTRY)
    firm.force(commit, bomb, genuine.packed)
    with within(5):
        assert firm.codes() == []
        assert list(unpack(bomb, REGISTRY)) == []
    assert next(iter(unpack(genuine.packed * 60, REGISTRY))) == genuine


REGISTRY = KindRegistry.load()


def test_a_note_that_is_too_large(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    firm.change()
    commit = firm.merge()
    firm.note()
    monkeypatch.setattr(notes, "MAX_NOTE", 8_000)
    firm.force(commit, bytes(9_000))
    assert firm.codes() == []
    monkeypatch.setattr(statement, "MAX_NOTE", 100)
    with pytest.raises(ItsmError, match="has more than"):
        pack(bytes(range(256)) * 40, "signature")


def test_a_large_decision_is_kept_without_its_lists(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    firm.change()
    firm.merge()
    monkeypatch.setattr(statement, "MAX_DECISION", 100)
    (noted,) = firm.note().statements
    decision = noted.data["pullRequests"][0]["decision"]
    assert "findings" in decision["omitted"]
    assert "findings" not in decision
    assert firm.codes() == []


def test_a_flood_of_versions(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    firm.change()
    commit = firm.merge()
    monkeypatch.setattr("itsm_as_code.assurance.ledger.MAX_VERSIONS", 3)
    assert MAX_VERSIONS > 3
    for number in range(5):
        firm.force(commit, str(number).encode())
    with pytest.raises(ItsmError, match="changed more than"):
        firm.codes()


def clone_of(firm: Firm, folder: Path) -> Path:  # noqa: F811
    firm.git("clone", "-q", "--no-local", str(firm.shop.path), str(folder))
    firm.git("-C", str(folder), "fetch", "-q", "origin", "refs/itsm/approvals/*:refs/itsm/approvals/*")
    return folder


def test_two_writers_come_to_the_same_notes(firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The second pushes between the fetch and the push of the first."""
    firm.change()
    first_commit = firm.merge()
    firm.topic("docs")
    firm.shop.write("docs/a.md", "A\n")
    firm.shop.commit("Docs")
    firm.approve("bob", head="docs")
    second_commit = firm.merge(head="docs")
    one, two = clone_of(firm, tmp_path / "one"), clone_of(firm, tmp_path / "two")
    real, raced = notes.push, []

    def push(repository: Repository, remote: str, new: str, old: str | None) -> bool:
        if repository.folder == one and not raced:
            raced.append(True)
            ledger = firm.ledger(two)
            noted = firm.prepared(ledger)
            first_only = noting.Noted(noted.statements[:1])
            assert len(keep(ledger, first_only, "origin")) == 1
        return real(repository, remote, new, old)

    monkeypatch.setattr(notes, "push", push)
    ledger = firm.ledger(one)
    noted = firm.prepared(ledger)
    assert [item.commit for item in noted.statements] == [first_commit, second_commit]
    assert [item.commit for item in keep(ledger, noted, "origin")] == [second_commit]
    assert raced
    assert (firm.codes(first_commit), firm.codes(second_commit)) == ([], [])
    found = notes.versions(Repository(firm.shop.path), [notes.REF], [first_commit, second_commit])
    assert [len(found[commit]) for commit in (first_commit, second_commit)] == [1, 1]


def test_a_remote_that_never_takes_it(firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Fail closed: what could not be pushed is no evidence, and the run says so."""
    firm.change()
    firm.merge()
    clone = clone_of(firm, tmp_path / "clone")
    monkeypatch.setattr(notes, "push", lambda *_: False)
    with pytest.raises(ItsmError, match="could not be written"):
        firm.note(path=clone, remote="origin")
    assert firm.codes() == ["evidence-missing"]


def test_a_lost_key_and_the_spare_one(firm: Firm, itsm: Run) -> None:  # noqa: F811
    """What the lost key signed is void; the spare key, named before, signs for those merges anew."""
    firm.change()
    firm.merge()
    firm.note()
    assert ask(itsm, firm.shop.path) == (0, [])
    public = (firm.folder / "evidence.pub").read_text().strip()
    firm.topic("keys")
    text = (firm.shop.path / "itsm.yaml").read_text().rstrip()
    firm.shop.write(
        "itsm.yaml", f'{text}\n      - {{key: "{public}", from: "2026-11-01T00:00:00Z", compromised: true}}\n'
    )
    firm.shop.commit("Lost")
    firm.approve("dave", "erin", head="keys")
    firm.merge(head="keys")
    firm.note()  # of the entry itself, by which all that this key signed is void
    with pytest.raises(ItsmError, match="would count for nothing"):
        firm.note()
    spare = firm.folder / "spare"
    for _ in range(2):
        firm.note(spare)
    assert ask(itsm, firm.shop.path) == (0, [])


def test_evidence_that_is_dated_ahead(firm: Firm) -> None:  # noqa: F811
    """Whoever has a key that counts only from a later day cannot date to that day what he pushes now."""
    firm.change()
    commit = firm.merge()
    firm.note()
    found = firm.ledger().of(commit).statement
    assert found is not None
    assert firm.codes(now=found.merged_at) == []
    ahead = firm.ledger(now=found.merged_at - timedelta(seconds=1)).covering(commit)
    assert [reason.code for reason in ahead.reasons] == ["evidence-missing"]
    assert "is still to come" in ahead.reasons[0].message


def test_set_back_by_a_push_it_counts_again(firm: Firm, itsm: Run) -> None:  # noqa: F811
    """What is there is what was approved; there is always an honest way out."""
    firm.change()
    firm.merge()
    firm.note()
    firm.shop.edit(CHANGE, "2026-12-01T22:00:00Z", "2026-12-01T23:00:00Z")
    firm.shop.commit("Oops", who="erin")
    firm.note()
    assert ask(itsm, firm.shop.path) == (1, ["evidence-no-pull-request"])
    firm.git("revert", "--no-edit", "HEAD")
    firm.note()
    assert ask(itsm, firm.shop.path) == (0, [])


def test_nothing_can_be_asked_of_what_comes_before_a_later_beginning(firm: Firm, itsm: Run) -> None:  # noqa: F811
    """Somebody pushes a change, and names a later `since`, twice: itsm.yaml itself is not as it was approved."""
    firm.git("checkout", "-q", "main")
    firm.shop.edit(CHANGE, "status: proposed", "status: authorised")
    commit = firm.shop.commit("Push", who="erin")
    for _ in range(2):
        text = (firm.shop.path / "itsm.yaml").read_text()
        line = next(line for line in text.splitlines() if line.strip().startswith("since:"))
        firm.shop.edit("itsm.yaml", line, f"    since: {commit}")
        commit = firm.shop.commit("Later", who="erin")
    assert ask(itsm, firm.shop.path)[0] == 1


def test_a_clone_that_cannot_fetch_has_no_answer(firm: Firm, itsm: Run, tmp_path: Path) -> None:  # noqa: F811
    firm.change()
    firm.merge()
    firm.note()
    clone = clone_of(firm, tmp_path / "clone")
    code, said = ask(itsm, clone, "--no-fetch")
    assert (code, "git fetch origin +refs/notes/itsm:refs/notes/itsm" in said[0]) == (2, True)
    assert ask(itsm, clone) == (0, [])
    assert ask(itsm, clone, "--no-fetch") == (0, [])
    firm.git("-C", str(clone), "remote", "set-url", "origin", str(tmp_path / "nowhere"))
    code, said = ask(itsm, clone)
    assert (code, "could not be fetched" in said[0]) == (2, True)


def test_a_shallow_clone_has_no_answer(firm: Firm, itsm: Run, tmp_path: Path) -> None:  # noqa: F811
    firm.change()
    firm.merge()
    firm.note()
    firm.git("clone", "-q", "--depth", "1", f"file://{firm.shop.path}", str(tmp_path / "clone"))
    code, said = ask(itsm, tmp_path / "clone")
    assert (code, "shallow" in said[0]) == (2, True)


def test_evidence_from_a_file_is_signed_all_the_same(firm: Firm, itsm: Run, tmp_path: Path) -> None:  # noqa: F811
    firm.change()
    firm.merge()
    firm.note()
    file = tmp_path / "evidence"
    show = ("evidence", "show", "-C", firm.shop.path, "--now", INSIDE)
    assert itsm(*show, "--export", "-o", file)[0] == 0
    assert "approved by bob" in itsm(*show)[1]
    firm.git("update-ref", "-d", notes.REF)
    assert ask(itsm, firm.shop.path) == (1, ["evidence-missing"])
    assert ask(itsm, firm.shop.path, "--evidence", file) == (0, [])
    for bad in (file.read_text().replace("shop/records", "shop/sandbox"), file.read_text().replace("bob", "dave")):
        (tmp_path / "bad").write_text(bad)
        assert ask(itsm, firm.shop.path, "--evidence", tmp_path / "bad")[1] == ["evidence-missing"]


def test_a_key_that_the_asking_pipeline_vouches_for(firm: Firm, itsm: Run, tmp_path: Path) -> None:  # noqa: F811
    """All keys are lost: what a new one signed counts on the word of who asks."""
    from tests.signing import make_key, public

    firm.change()
    commit = firm.merge()
    own = make_key(tmp_path, "new")
    line = firm.prepared(firm.ledger()).statements[0].line
    firm.force(commit, firm.signed(line, own))
    assert ask(itsm, firm.shop.path) == (1, ["evidence-missing"])
    (tmp_path / "signers").write_text(f"evidence {public(own)}\n")
    assert ask(itsm, firm.shop.path, "--allowed-signers", tmp_path / "signers") == (0, [])


def test_opting_out_is_shown(firm: Firm, itsm: Run) -> None:  # noqa: F811
    firm.topic("out")
    firm.shop.edit("itsm.yaml", "    keys:", "    required: false\n    reason: Kept elsewhere until 2027.\n    keys:")
    firm.shop.commit("Opt out")
    firm.approve("dave", "erin", head="out")
    firm.merge(head="out")
    assert ask(itsm, firm.shop.path)[1] != [], "nothing counts before there is evidence of it"
    firm.note()
    firm.git("checkout", "-q", "main")
    firm.shop.edit(CHANGE, "status: proposed", "status: authorised")
    firm.shop.commit("Push", who="erin")
    code, out, _ = itsm("authorise", "-C", firm.shop.path, NAME, "--at", INSIDE)
    said = "evidence not asked for: itsm.yaml says required: false (Kept elsewhere until 2027.)"
    assert (code, said in out) == (0, True), out
    assert ask(itsm, firm.shop.path, "--require-evidence")[0] == 1


def test_many_notes_spread_over_folders(firm: Firm) -> None:  # noqa: F811
    """git moves notes to folders as they become many; each is found in every version."""
    firm.change()
    commit = firm.merge()
    firm.note()
    repository = Repository(firm.shop.path)
    made = "".join(f"commit refs/x\ncommitter x <x@x.example> {number} +0000\ndata 0\n" for number in range(600))
    repository.run("fast-import", "--quiet", feed=f"reset refs/x\n{made}".encode())
    many = dict.fromkeys(firm.git("rev-list", "refs/x").split(), b"x")
    old = notes.tip(repository, notes.REF)
    assert notes.move(repository, notes.add_notes(repository, old, many, LATER), old)
    assert "/" in firm.git("ls-tree", "-r", "--name-only", notes.REF).splitlines()[0]
    assert firm.codes(commit) == []
    assert len(notes.noted(repository, notes.REF)) == 601
    assert Ledger(repository, commit, "main", LATER).rewound() == []


def test_setting_it_up(workshop: Workshop, itsm: Run, tmp_path: Path) -> None:
    from tests.signing import make_key

    workshop.git("checkout", "-q", "main")
    setup = (
        "evidence",
        "setup",
        "-C",
        workshop.path,
        "--key",
        make_key(tmp_path, "one"),
        "--repository",
        "shop/records",
    )
    assert itsm(*setup, "--key", make_key(tmp_path, "two"))[0] == 0
    text = (workshop.path / "itsm.yaml").read_text()
    assert f"since: {workshop.git('rev-parse', 'HEAD')}" in text
    assert text.count("ssh-ed25519") == 2
    assert itsm("validate", "-C", workshop.path, "itsm.yaml")[0] == 0
    code, _, err = itsm(*setup)
    assert (code, "names keys for evidence already" in err) == (2, True)


def test_a_repository_that_names_no_key_notes_nothing(workshop: Workshop, itsm: Run, tmp_path: Path) -> None:
    from tests.signing import make_key

    workshop.git("checkout", "-q", "main")
    code, _, err = itsm("evidence", "note", "-C", workshop.path, "--key", make_key(tmp_path, "one"))
    assert (code, "names no key for evidence" in err) == (2, True)


def test_what_only_adds_a_stop_or_a_record_needs_no_evidence(workshop: Workshop, itsm: Run) -> None:
    """In an emergency somebody pushes past the gate; its review is held, and others go on. The audit tells of it."""
    firm = stopped(workshop)  # noqa: F811
    firm.git("checkout", "-q", "main")
    workshop.write(INCIDENT_PATH, INCIDENT)
    workshop.write(PAST_PATH, PAST)
    workshop.write(FAILED_PATH.replace("restart", "other"), FAILED.replace("1115-restart", "1115-other"))
    workshop.write("changes/2026/11/15/rubbish.yaml", "spec: {type: emergency, services: 1, causedBy: [1]}\n")
    workshop.commit("Past the gate", who="erin")
    workshop.git("rm", "-q", "changes/2026/11/15/rubbish.yaml")
    workshop.commit("No rubbish", who="erin")
    firm.note()
    code, out, _ = itsm("authorise", "-C", workshop.path, RESTART, "--at", INSIDE, "--format", "json")
    assert [reason["code"] for reason in json.loads(out)["reasons"]] == ["review-overdue", "model-suspended"]
    review = 'review: {date: "2026-11-20", by: bob, findings: None.}\n  status: reviewed'
    workshop.edit(PAST_PATH, "status: implemented", review)
    (workshop.path / FAILED_PATH.replace("restart", "other")).unlink()
    workshop.commit("Review", who="erin")
    firm.note()
    code, out, _ = itsm("authorise", "-C", workshop.path, RESTART, "--at", INSIDE, "--format", "json")
    assert (code, json.loads(out)["reasons"]) == (0, [])
