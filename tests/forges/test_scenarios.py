"""The adapters over HTTP: one story told by four forges, pages, moving targets, and answers that cannot be trusted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.forges.conftest import NOW, SUFFIXES, Live, Shop, Start


def judged(itsm: Run, live: Live, *more: str | Path) -> dict[str, Any]:
    """The evidence, whatever the verdict."""
    code, out, err = itsm(*live.arguments, "--format", "json", *more)
    assert out, err
    found: dict[str, Any] = json.loads(out)
    assert code == {"approved": 0, "pending": 1, "rejected": 1, "error": 2}[found["verdict"]]
    return found


def refused(itsm: Run, live: Live, *more: str | Path) -> str:
    """The code of the reason why nothing was judged; nobody sees the token."""
    code, out, err = itsm(*live.arguments, "--format", "json", *more)
    found = json.loads(out)
    assert (code, found["verdict"]) == (2, "error"), out
    assert "s3cret" not in out + err
    (reason,) = found["reasons"]
    return str(reason["code"])


def neutral(evidence: dict[str, Any], forge: str) -> dict[str, Any]:
    """Evidence without the forge's own identifiers: its name, its logins, its numbers and its accounts."""
    text = json.dumps(evidence).replace(SUFFIXES[forge] + '"', '"')
    found: dict[str, Any] = json.loads(text)
    pull = found.pop("pullRequest")
    del found["digest"]
    return {**found, "contributors": pull["contributors"], "author": pull["author"], "pushers": pull["pushers"]}


def test_the_same_story_gives_the_same_decision_at_every_forge(
    shop: Shop, start: Start, itsm: Run, tmp_path: Path
) -> None:
    found = {forge: neutral(judged(itsm, start(forge)), forge) for forge in SUFFIXES}
    # The local forge, by names instead of logins.
    rows: list[dict[str, Any]] = []
    for said in shop.reviews:
        rows.append({"reviewer": said.who, "state": said.state, "commit": said.commit, "at": said.at})
        if said.dismissed_by:
            lifted = {"state": "dismissed", "at": said.dismissed_at, "dismissedBy": said.dismissed_by}
            rows.append({**rows[-1], **lifted})
    file = tmp_path / "reviews.json"
    file.write_text(json.dumps({"author": "alice", "pushers": ["alice"], "reviews": rows}))
    arguments = ["gate", "-C", shop.work.path, "--base", "main", "--head", "topic", "--reviews", file, "--now", NOW]
    code, out, _ = itsm(*arguments, "--format", "json")
    local = json.loads(out)
    pull = local.pop("pullRequest")
    del local["digest"]
    found["local"] = {**local, **{key: pull[key] for key in ("contributors", "author", "pushers")}}
    assert found["github"] == found["gitlab"] == found["gitea"] == found["local"]
    assert code == 1
    # And it is the decision that the story asks for.
    assert found["local"]["contributors"] == ["alice", "dave"]
    (approval,) = found["local"]["approvals"]
    assert {(item["reviewer"], item["code"]) for item in approval["ignored"]} == {
        ("bob", "void"),
        ("carol", "dismissed"),
        ("dave", "contributor"),
        ("erin", "not-eligible"),
        ("robot", "bot"),
    }


def test_an_approved_one(live: Live, itsm: Run) -> None:
    live.shop.approve(live.state)
    found = judged(itsm, live)
    assert (found["verdict"], found["pullRequest"]["forge"]) == ("approved", live.face.name)
    code, out, err = itsm(*live.arguments)
    assert (code, "APPROVED" in out, err) == (0, True, "")


def test_an_approval_covers_no_undoing(live: Live, itsm: Run) -> None:
    """The same change came to the base in other words; the branch merged it and kept its own."""
    live.shop.approve(live.state)
    work = live.shop.work
    work.git("checkout", "-q", "main")
    work.change(**{"Send in smaller batches.": "Send in larger batches."})
    live.state.base = work.commit("Another change", who="erin")
    work.git("checkout", "-q", "topic")
    work.git("merge", "-q", "-X", "ours", "--no-edit", "main")
    live.state.head = work.git("rev-parse", "topic")
    live.state.commits = work.git("rev-list", "--reverse", "main..topic").split()
    live.state.commit_accounts = dict.fromkeys(live.state.commits, "alice")
    live.state.versions.append((live.state.head, "2026-11-22T11:00:00.000Z"))
    found = judged(itsm, live)
    (item,) = (item for item in found["approvals"][0]["ignored"] if item["reviewer"] == "bob")
    assert (found["verdict"], item["code"], item["side"]) == ("pending", "void", "before")
    assert (item["field"], item["commit"]) == ("Change chg-20261122-tune /spec/summary", live.state.base)


def test_what_was_read_gives_the_same_bytes_again(live: Live, itsm: Run, tmp_path: Path) -> None:
    file = tmp_path / "reviews.json"
    _, first, _ = itsm(*live.arguments, "--format", "json", "--write-reviews", file)
    arguments = [
        "gate",
        "-C",
        live.shop.work.path,
        "--base",
        "main",
        "--head",
        "topic",
        "--reviews",
        file,
        "--now",
        NOW,
    ]
    assert itsm(*arguments, "--format", "json")[1] == first


def test_three_pages_are_one_list(live: Live, itsm: Run) -> None:
    live.shop.approve(live.state)
    live.state.others = [(number, "2" * 40) for number in range(100, 105)]
    whole = judged(itsm, live)
    live.server.page_size = 2
    assert judged(itsm, live) == whole
    assert whole["verdict"] == "approved"
    assert any("page=3" in line for line in live.server.log)


def test_a_list_that_changes_while_it_is_read_is_no_list(live: Live, itsm: Run) -> None:
    live.server.page_size = 2
    live.state.others = [(number, "2" * 40) for number in range(100, 105)]

    def shrink(handler: Any) -> bool:
        if "page=2" in handler.path and re.search(r"(pulls|merge_requests)\?", handler.path) and times:
            live.state.others.pop(times.pop())
        return False

    live.server.fault, times = shrink, [0]
    found = judged(itsm, live)  # read until it was the same twice
    assert [item["number"] for item in found["pullRequest"]["openPullRequests"]] == [101, 102, 103, 104]

    def turn(handler: Any) -> bool:
        live.state.others.append(live.state.others.pop(0))
        return False

    live.server.fault = turn  # never the same twice
    assert refused(itsm, live) == "moved"


def test_a_draft_waits(live: Live, itsm: Run) -> None:
    live.shop.approve(live.state)
    live.state.draft = True
    found = judged(itsm, live)
    assert (found["verdict"], [reason["code"] for reason in found["reasons"]]) == ("pending", ["draft"])


def test_a_request_for_changes_stands(live: Live, itsm: Run) -> None:
    live.state.reviews[1].state, live.state.reviews[1].dismissed_by = "changes_requested", None
    assert "changes-requested" in [reason["code"] for reason in judged(itsm, live)["reasons"]]


def test_gitlab_lets_nobody_take_back_the_request_of_another(start: Start, itsm: Run) -> None:
    live = start("gitlab")
    live.state.reviews[1].state = "changes_requested"  # dismissed: it is in no list any more, but was noted
    assert "changes-requested" in [reason["code"] for reason in judged(itsm, live)["reasons"]]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("head", "3" * 40, {"moved", "truncated", "head-moved"}),
        ("base", "3" * 40, {"base-moved", "unknown-revision"}),
        ("base_ref", "release", {"other-base"}),
        ("state", "closed", {"not-open"}),
        ("pushes", [("alice", "4" * 40)], {"moved"}),
        ("commits", [], {"truncated", "commits-differ"}),
    ],
)
def test_what_does_not_fit_together_is_no_verdict(
    field: str, value: Any, code: set[str], live: Live, itsm: Run
) -> None:
    setattr(live.state, field, value)
    assert refused(itsm, live) in code


def test_a_commit_that_the_forge_does_not_know_is_no_verdict(live: Live, itsm: Run) -> None:
    live.state.commits = live.state.commits[1:]
    assert refused(itsm, live) == "commits-differ"


def test_base_and_head_must_be_those_of_the_forge(live: Live, itsm: Run) -> None:
    assert refused(itsm, live, "--head", "topic~1") == "head-moved"
    assert refused(itsm, live, "--base", "main~1") == "base-moved"
    assert judged(itsm, live, "--base", "main", "--head", "topic")["verdict"] == "pending"


def test_what_changes_while_it_is_read_is_read_again(live: Live, itsm: Run) -> None:
    root = len(live.server.log)

    def push(handler: Any) -> bool:
        if len(live.server.log) - root == 4:
            live.state.updated_at = "2026-11-22T11:30:00Z"
        return False

    live.server.fault = push
    assert judged(itsm, live)["verdict"] == "pending"

    def always(handler: Any) -> bool:
        live.state.updated_at = f"2026-11-22T11:30:{len(live.server.log) % 60:02d}Z"
        return False

    live.server.fault = always
    assert refused(itsm, live) == "moved"


def test_more_commits_than_github_lists(start: Start, itsm: Run) -> None:
    live = start("github")
    live.state.commits = [f"{number:040x}" for number in range(1, 300)] + live.state.commits
    found = judged(itsm, live)
    assert len(found["pullRequest"]["commits"]) == 301
    assert any("/compare/" in line for line in live.server.log)


def test_another_branch_has_to_be_named(live: Live, itsm: Run) -> None:
    live.state.base_ref = "release"
    assert judged(itsm, live, "--into", "release")["verdict"] == "pending"


def test_a_token_that_is_wrong(live: Live, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "other")
    monkeypatch.setenv("GITLAB_TOKEN", "other")
    monkeypatch.setenv("GITEA_TOKEN", "other")
    assert refused(itsm, live) == "refused"


def test_the_commit_of_a_merge_queue(live: Live, itsm: Run) -> None:
    """The queue puts the pull request on the branch; what is published, is published on the queue's commit."""
    if live.face.name == "gitea":
        pytest.skip("it has no merge queue")
    live.shop.approve(live.state)
    work = live.shop.work
    work.git("checkout", "-q", "--detach", "main")
    work.git("merge", "-q", "--no-ff", "-m", "Merge #17", "topic", who="erin")
    commit = work.git("rev-parse", "HEAD")
    group = {
        "github": f"refs/heads/gh-readonly-queue/main/pr-17-{live.shop.base}",
        "gitlab": "refs/merge-requests/17/train",
    }[live.face.name]
    options = ["--merge-group", group, "--base", "main", "--head", commit]
    found = judged(itsm, live, *options, "--publish")
    assert (found["verdict"], [row["number"] for row in found["queue"]]) == ("approved", [17])
    assert live.state.greens[0].get("head_sha", commit) == commit
    live.state.reviews[0].commit = "0" * 40
    live.state.reviews[0].state = "commented"
    assert judged(itsm, live, *options)["verdict"] == "pending"
    if live.face.name == "github":
        other = group.replace("main", "release")
        assert refused(itsm, live, "--merge-group", other, "--base", "main", "--head", commit) == "other-base"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--forge", "github"], "which pull request?"),
        (["--forge", "github", "--pr", "17", "--reviews", "x.json"], "--reviews is for --forge local"),
        (["--pr", "17"], "--pr needs a forge"),
        (["--base", "main", "--head", "topic", "--pr", "17"], "--pr needs a forge"),
        (["--base", "main", "--head", "topic", "--publish"], "--publish needs a forge"),
        (["--base", "main", "--head", "topic", "--comment"], "--comment needs a forge"),
        (["--base", "main", "--head", "topic", "--annotate"], "--annotate needs --output"),
        (["--forge", "github", "--merge-group", "main"], "--merge-group needs --base and --head"),
        (
            ["--forge", "github", "--merge-group", "x", "--base", "main", "--head", "topic"],
            "not the reference of a group",
        ),
        (["--forge", "github", "--pr", "17"], "which repository?"),
        (["--forge", "github", "--pr", "17", "--repo", "itsm"], "write --repo owner/name"),
        (["--forge", "github", "--pr", "0"], "0 is not in the range"),
        (["--forge", "gitub", "--pr", "17"], "gitub"),
    ],
)
def test_what_a_newcomer_types_wrong(options: list[str], message: str, start: Start, shop: Shop, itsm: Run) -> None:
    code, out, err = itsm("gate", "-C", shop.work.path, *options)
    assert (code, out) == (2, "")
    assert message in err


def test_the_commits_are_fetched_where_the_clone_lacks_them(live: Live, itsm: Run, tmp_path: Path) -> None:
    """A clone of the branch alone; the heads and what was reviewed before a force-push come by --fetch."""
    live.shop.approve(live.state)
    work = live.shop.work
    heads = "refs/merge-requests/{}/head" if live.face.name == "gitlab" else "refs/pull/{}/head"
    work.git("update-ref", heads.format(17), "topic")
    work.git("update-ref", heads.format(20), live.shop.first)
    work.git("config", "uploadpack.allowAnySHA1InWant", "true")
    live.state.others = [(20, live.shop.first)]
    work.git("clone", "-q", "--single-branch", "--branch", "main", "--no-local", work.path, tmp_path / "clone")  # type: ignore[arg-type]
    arguments = [tmp_path / "clone" if item == work.path else item for item in live.arguments]
    code, out, _ = itsm(*arguments, "--format", "json")
    assert (code, json.loads(out)["reasons"][0]["code"]) == (2, "unknown-revision")
    code, out, err = itsm(*arguments, "--fetch")
    assert code == 0, err + out
    assert work.git("-C", str(tmp_path / "clone"), "status", "--porcelain") == ""
    assert "could not be had" not in err


def test_the_summary_is_added_to_a_file(live: Live, itsm: Run, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("Before\n")
    assert itsm(*live.arguments, "--summary", file)[0] == 1
    assert file.read_text().startswith("Before\n# ")
    assert itsm(*live.arguments, "--summary", tmp_path)[0] == 2


def test_annotations_besides_a_file(live: Live, itsm: Run, tmp_path: Path) -> None:
    code, out, _ = itsm(*live.arguments, "--format", "json", "--output", tmp_path / "gate.json", "--annotate")
    assert (code, out.startswith("::")) == (1, True)
    assert json.loads((tmp_path / "gate.json").read_text())["verdict"] == "pending"


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/shop/itsm",
        "https://github.com/shop/itsm.git",
        "https://x-access-token:secret@github.com/shop/itsm.git",
        "git@github.com:shop/itsm.git",
        "ssh://git@github.com/shop/itsm.git",
        "ssh://git@ssh.github.com:443/shop/itsm.git",
        "https://ghe.shop.example:8443/shop/itsm/",
    ],
)
def test_the_repository_is_that_of_origin(address: str, live: Live, itsm: Run) -> None:
    live.shop.work.git("remote", "add", "origin", address)
    arguments = [item for item in live.arguments if item not in ("--repo", live.face.repository)]
    assert itsm(*arguments)[0] == 1
