"""11: who wrote a commit, and who says so."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from tests.attacks.tools import EVERYBODY, approve, ignored, missing, on_main
from tests.conftest import Workshop, codes


def write_commit(shop: Workshop, content: bytes) -> str:
    """Move topic to a commit object made of these bytes, well-formed or not."""
    done = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--literally", "--stdin"],
        cwd=shop.path,
        input=content,
        capture_output=True,
        check=True,
    )
    commit = done.stdout.decode().strip()
    assert commit == hashlib.sha1(b"commit %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    shop.git("reset", "-q", "--soft", commit)
    return commit


def raw(shop: Workshop, author: bytes, extra: bytes = b"", message: bytes = b"Change\n") -> bytes:
    """A commit object with the tree of topic's tip on top of main."""
    tree, parent = shop.git("rev-parse", "topic^{tree}"), shop.git("rev-parse", "main")
    return (
        b"tree %s\nparent %s\n" % (tree.encode(), parent.encode())
        + b"author %s 1795000000 +0000\n" % author
        + b"committer Alice <alice@shop.example> 1795000000 +0000\n"
        + extra
        + b"\n"
        + message
    )


ALICE = b"Alice <alice@shop.example>"


@pytest.mark.parametrize("who", ["stranger@evil.example", "alice@evil.example", "alice-gh@users.noreply.gitlab.com"])
def test_an_author_whom_nobody_knows(workshop: Workshop, who: str) -> None:
    workshop.change()
    workshop.commit(who=who)
    approve(workshop, "bob")
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert set(codes(decision)) == {"identity-unresolved"}


def test_a_forged_author_does_not_free_the_one_who_pushed(workshop: Workshop) -> None:
    """Bob commits as alice and pushes; he still cannot approve it."""
    workshop.change()
    workshop.commit(who="alice")
    workshop.pushers = ["bob-gh"]
    workshop.review("bob")
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"normal": 1})
    assert ("bob", "contributor") in ignored(decision)


def test_a_different_committer_contributes(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit(who="alice", committer="bob")
    workshop.review("bob")
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert ("bob", "contributor") in ignored(decision)


def test_a_committer_whom_nobody_knows(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit(who="alice", committer="mallory@evil.example")
    approve(workshop, "bob")
    assert codes(workshop.judge()) == ["identity-unresolved"]


@pytest.mark.parametrize("author", [None, "mallory", "bob[bot]", "dependabot[bot]", "alice "])
def test_the_author_of_the_pull_request(workshop: Workshop, author: str | None) -> None:
    workshop.change()
    workshop.commit()
    workshop.author = author
    approve(workshop, "bob")
    decision = workshop.judge()
    expected = {None: ["author-unknown"], "alice ": []}.get(author, ["identity-unresolved"])
    assert codes(decision) == expected


def test_an_unknown_pusher(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.pushers = ["alice-gh", "ci-token"]
    approve(workshop, "bob")
    assert codes(workshop.judge()) == ["identity-unresolved"]


@pytest.mark.parametrize(
    "message",
    [
        "Change\n\nCo-authored-by: Bob Brook <bob@shop.example>",
        "Change\n\nCO-AUTHORED-BY: Bob <BOB@SHOP.EXAMPLE>",
        "Change\n\nco-authored-by:Bob <1234+bob-gh@users.noreply.github.com>",
        "Change\n\nCo-authored-by: Bob\n  <bob@shop.example>",
        "Co-authored-by: Bob <bob@shop.example>\n\nand a last paragraph that is no trailer, as far as git sees",
        "Change\r\n\r\nCo-authored-by: Bob <bob@shop.example>\r\n",
        "Change\n\n    Co-authored-by: Bob <bob@shop.example>\n\nindented",
    ],
)
def test_a_co_author_contributes(workshop: Workshop, message: str) -> None:
    workshop.change()
    workshop.commit(message)
    workshop.review("bob")
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert ("bob", "contributor") in ignored(decision)


@pytest.mark.parametrize(
    "trailer",
    [
        "Co-authored-by: Stranger <stranger@evil.example>",
        "Co-authored-by: bob",
        "Co-authored-by: <bob@shop.example> <alice@shop.example>",
        "Co-authored-by: " + "<" * 40_000,
    ],
)
def test_a_co_author_whom_nobody_knows(workshop: Workshop, trailer: str) -> None:
    workshop.change()
    workshop.commit()
    write_commit(workshop, raw(workshop, ALICE, message=f"Change\n\n{trailer}\n".encode()))
    approve(workshop, "bob")
    assert codes(workshop.judge()) == ["identity-unresolved"]


@pytest.mark.parametrize(
    "author",
    [
        b"Alice <>",
        b"Alice < >",
        b"Alice alice@shop.example",
        b"Bob <bob@shop.example> <alice@shop.example>",
        b"Alice <alice@shop.example",
        b"Alice <alice@shop.example\x00evil>",
        b"Alice <alice@\xffshop.example>",
    ],
)
def test_a_malformed_author(workshop: Workshop, author: bytes) -> None:
    workshop.change()
    workshop.commit()
    write_commit(workshop, raw(workshop, author))
    approve(workshop, "bob")
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert codes(decision) == ["identity-unresolved"]
    assert decision.digest


def test_two_authors_in_one_commit(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    write_commit(workshop, raw(workshop, ALICE + b" 1 +0000\nauthor Bob <bob@shop.example>"))
    approve(workshop, "bob")
    assert codes(workshop.judge()) == ["identity-unresolved"]


def test_an_encoding_that_turns_a_co_author_off(workshop: Workshop) -> None:
    """In UTF-7 ``+AAA-`` is NUL, and a re-encoded message ends there; the object is read as it is."""
    workshop.change()
    workshop.commit()
    message = b"Change +AAA-\n\nCo-authored-by: Bob <bob@shop.example>\n"
    write_commit(workshop, raw(workshop, ALICE, b"encoding UTF-7\n", message))
    workshop.review("bob")
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert ("bob", "contributor") in ignored(decision)


def test_a_mailmap_renames_nobody(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write(".mailmap", "Alice <alice@shop.example> <bob@shop.example>\n")
        workshop.git("config", "log.mailmap", "true")
    workshop.change()
    workshop.commit(who="bob")
    workshop.review("bob")
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert decision.evidence["pullRequest"]["contributors"] == ["alice", "bob"]


def test_the_forge_as_committer_is_nobody(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit(who="alice", committer="noreply@github.com")
    workshop.review("bob")
    assert workshop.judge().verdict == "approved"


def test_the_forge_as_author_is_not_accepted(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit(who="noreply@github.com")
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["identity-unresolved"]


def test_two_people_with_one_address(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit("people/frank.yaml", "frank@shop.example", "alice@shop.example")
    workshop.change()
    workshop.commit()
    approve(workshop, "bob")
    assert set(codes(workshop.judge())) == {"identity-unresolved"}


def test_a_hidden_merge_parent_contributes(workshop: Workshop) -> None:
    """Whoever wrote a commit that a merge brings in is a contributor, however deep it lies."""
    workshop.change()
    workshop.commit()
    workshop.git("checkout", "-q", "-b", "side", "main")
    workshop.write("docs/side.md", "By bob.\n")
    workshop.commit(who="bob")
    workshop.git("checkout", "-q", "topic")
    workshop.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
    workshop.review("bob")
    decision = workshop.judge()
    assert ("bob", "contributor") in ignored(decision)
    assert missing(decision) == {"normal": 1, "documents": 1}
    assert Path(workshop.path, "docs/side.md").exists()
