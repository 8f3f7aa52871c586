"""Who is who."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.forges.interface import Account, PullRequest
from itsm_as_code.gate.identities import Directory, contributors
from itsm_as_code.gate.scope import MatchedRule
from itsm_as_code.gate.seats import Exclusions
from itsm_as_code.git.commits import Commit, parse_commit
from itsm_as_code.records.facts import Facts

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def person(name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": "Person", "metadata": {"name": name}, "spec": {"emails": [f"{name}@shop.example"], **spec}}


def team(name: str, members: list[str], **spec: Any) -> dict[str, Any]:
    return {"kind": "Team", "metadata": {"name": name}, "spec": {"members": members, **spec}}


def directory(*records: dict[str, Any], forge: str = "local", now: datetime = NOW) -> Directory:
    return Directory(Facts.from_records(records), now, forge)


def account(forge: str, login: str) -> dict[str, Any]:
    return {"accounts": [{"forge": forge, "login": login}]}


@pytest.mark.parametrize(
    ("forge", "login", "found"),
    [
        ("local", "bob", "bob"),
        ("local", "BOB", "bob"),
        ("local", "bobby", "bob"),
        ("local", "bob-lab", "bob"),
        ("local", "", None),
        ("local", " ", None),
        ("github", "bobby", "bob"),
        ("github", "BOBBY", "bob"),
        ("github", "bob", None),
        ("github", "bob-lab", None),
        ("gitlab", "bob-lab", "bob"),
        ("gitlab", "bobby", None),
    ],
)
def test_a_login_belongs_to_a_forge(forge: str, login: str, found: str | None) -> None:
    accounts = [{"forge": "github", "login": "Bobby"}, {"forge": "gitlab", "login": "bob-lab"}]
    assert directory(person("bob", accounts=accounts), forge=forge).by_login(login) == found


@pytest.mark.parametrize(
    ("email", "found"),
    [
        ("bob@shop.example", "bob"),
        ("BOB@Shop.Example", "bob"),
        (" bob@shop.example ", "bob"),
        ("bobby@users.noreply.github.com", "bob"),
        ("123+Bobby@users.noreply.github.com", "bob"),
        ("bob@users.noreply.github.com", None),
        ("bobby@users.noreply.gitlab.com", None),
        ("bobby@users.noreply.github.com.evil.example", None),
        ("x bobby@users.noreply.github.com", None),
        ("bob@shop.example\n", "bob"),
        ("", None),
        ("b\u00f6b@shop.example", None),
        ("bobby_shop@users.noreply.github.com", None),
        ("7-bobby@users.noreply.gitlab.com", None),
    ],
)
def test_an_address(email: str, found: str | None) -> None:
    assert directory(person("bob", **account("github", "bobby"))).by_email(email) == found


@pytest.mark.parametrize(
    ("forge", "login", "email"),
    [
        ("github", "bob_shop", "bob_shop@users.noreply.github.com"),
        ("github", "bob_shop", "12+BOB_shop@users.noreply.github.com"),
        ("github", "bob-", "12+bob-@users.noreply.github.com"),
        ("github", "renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com"),
        ("gitlab", "bob.brook", "12-bob.brook@users.noreply.gitlab.com"),
        ("gitlab", "bob_brook", "12-Bob_Brook@users.noreply.gitlab.com"),
    ],
)
def test_a_private_address_stands_for_an_account(forge: str, login: str, email: str) -> None:
    """Of enterprises, of bots, of the other forge; and of somebody who lists no address at all."""
    alone = {"kind": "Person", "metadata": {"name": "bob"}, "spec": account(forge, login)}
    assert directory(alone).by_email(email) == "bob"
    assert directory(alone, forge=forge).by_login(login.upper()) == "bob"


@pytest.mark.parametrize(
    ("listed", "used", "found"),
    [
        ("jörg@müller.example", "Jörg@MÜLLER.example", "bob"),
        ("jörg@müller.example", "jörg@xn--mller-kva.example", "bob"),
        ("bob@xn--mller-kva.example", "bob@müller.example", "bob"),
        ("bob@fass.example", "bob@faß.example", None),
        ("sam@shop.example", "ſam@shop.example", None),
        ("kate@shop.example", "\u212aate@shop.example", None),
        ("jörg@shop.example", "jo\u0308rg@shop.example", None),
        ("bob@fi.example", "bob@ﬁ.example", None),
    ],
)
def test_an_international_address(listed: str, used: str, found: str | None) -> None:
    """Each letter is itself: none becomes a plain one by its case or its form."""
    assert directory({**person("bob"), "spec": {"emails": [listed]}}).by_email(used) == found


def test_what_two_people_share_is_nobodys() -> None:
    both = directory(person("ann", **account("github", "x")), person("bob", **account("github", "X")), forge="github")
    assert both.by_login("x") is None
    assert both.named("x") == {"ann", "bob"}
    shared = directory(person("ann"), {**person("bob"), "spec": {"emails": ["ANN@shop.example"]}})
    assert shared.by_email("ann@shop.example") is None


def test_a_private_address_that_somebody_else_lists_is_nobodys() -> None:
    people = directory(
        person("ann", **account("github", "ann-gh")),
        {**person("eve"), "spec": {"emails": ["ann-gh@users.noreply.github.com"]}},
    )
    assert people.by_email("ann-gh@users.noreply.github.com") is None


def test_of_two_people_the_one_who_is_active_has_it() -> None:
    was = {**person("ann"), "spec": {"active": False, "emails": ["x@shop.example"], **account("github", "x")}}
    now = {**person("bob"), "spec": {"emails": ["X@shop.example"], **account("github", "x")}}
    assert directory(was, now, forge="github").by_login("x") == "bob"
    assert directory(was, now).by_email("x@shop.example") == "bob"
    assert directory(was).by_email("x@shop.example") == "ann"


@pytest.mark.parametrize(
    ("forge", "login", "said"),
    [
        ("github", "mallory", "is nobody in people/ of the base; list it under accounts of a Person"),
        ("github", "shared", "is the login of more than one person in people/ of the base: ann, bob; leave it to one"),
        ("github", "bob-lab", "is no login at github: bob has none such in people/ of the base"),
        ("github", "ann", "is no login at github: ann has none such in people/ of the base"),
        ("github", "bobby", "is the login of account 9 now, and people/ of the base lists it for bob with account 7"),
        ("github", "b\u00f6b", "is no login: those are of ASCII letters"),
        ("local", "shared", "is the login of more than one person"),
    ],
)
def test_why_a_login_is_nobodys(forge: str, login: str, said: str) -> None:
    bob = [
        {"forge": "github", "login": "Bobby", "id": 7}, {"forge": "gitlab", "login": "bob-lab"},
        {"forge": "github", "login": "shared"},
    ]  # fmt: skip
    records = [person("ann", **account("github", "Shared")), person("bob", accounts=bob)]
    people = Directory(Facts.from_records(records), NOW, forge, [Account("bobby", 9)])
    assert people.by_login(login) is None
    assert people.why_no_login(login).startswith(said)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("x@shop.example", "is the address of more than one person in people/ of the base: ann, bob; leave it to one"),
        ("y@shop.example", "is nobody in people/ of the base; list it under emails of a Person"),
        ("7+y@users.noreply.github.com", "is the private address of github login 'y', which is nobody's in people/"),
        ("alice", "is no address that a Person could list; set user.email in git"),
        ("", "is no address that a Person could list"),
    ],
)
def test_why_an_address_is_nobodys(address: str, said: str) -> None:
    both = directory(*({**person(name), "spec": {"emails": ["x@shop.example"]}} for name in ("ann", "bob")))
    assert both.by_email(address) is None
    assert both.why_no_address(address).startswith(said)


@given(st.text(max_size=40))
def test_any_text_is_somebody_or_nobody(text: str) -> None:
    people = directory(person("ann", **account("github", "ann-gh")))
    assert people.by_login(text) in (None, "ann")
    assert people.by_email(text) in (None, "ann")
    assert people.by_trailer(text) in (None, "ann")


@pytest.mark.parametrize(
    ("trailer", "found"),
    [
        ("Ann <ann@shop.example>", "ann"),
        ("<ann@shop.example>", "ann"),
        ("Ann ann@shop.example", None),
        ("Ann <ann@shop.example> <bob@shop.example>", None),
        ("Ann <<ann@shop.example>>", None),
        ("<" * 100_000, None),
    ],
)
def test_a_trailer(trailer: str, found: str | None) -> None:
    assert directory(person("ann")).by_trailer(trailer) == found


def away(delegate: str | None = None, **shift: int) -> dict[str, Any]:
    start, end = NOW - timedelta(days=1), NOW + timedelta(days=1)
    period = {"start": start.isoformat(), "end": end.isoformat()}
    return {"away": [period | ({"delegate": delegate} if delegate else {})]}


def test_who_stands_in() -> None:
    people = directory(
        person("ann", **away("ben")), person("ben"), person("cat", **away()), person("dan", **away("cat")),
        person("eve", active=False), person("fay", **away("fay")), person("gil", **away("eve")),
        person("hal", delegate="ben", **away()), person("ida", **away("nobody")),
    )  # fmt: skip
    excluded = Exclusions(MatchedRule("p", "r", (), False, (), (), (), ()), frozenset(), people)
    assert excluded.eligible(people.everyone()) == {"ben"}
    assert excluded.eligible(frozenset({"ann"})) == {"ben"}
    assert excluded.eligible(frozenset({"hal"})) == {"ben"}
    for alone in ("cat", "dan", "eve", "fay", "gil", "ida"):
        assert excluded.eligible(frozenset({alone})) == frozenset()


def test_an_absence_is_half_open() -> None:
    period = {"away": [{"start": "2026-11-22T12:00:00Z", "end": "2026-11-22T13:00:00Z"}]}
    for minute, gone in ((-1, False), (0, True), (59, True), (60, False)):
        there = directory(person("ann", **period), now=NOW + timedelta(minutes=minute))
        assert there.person("ann").is_away is gone


def test_members_and_roles() -> None:
    people = directory(
        person("ann"), person("ben"), team("one", ["ann", "gone"], roles=["board"]), team("two", ["ben"]),
        team("old", ["ben"], roles=["board"], retired=True),
    )  # fmt: skip
    assert people.members("one") == {"ann"}
    assert people.members("old") == people.members("nosuch") == frozenset()
    assert people.with_role("board") == {"ann"}
    assert people.with_role("nosuch") == frozenset()


def commit(author: str, committer: str = "ann@shop.example", *together: str) -> Commit:
    return Commit("1" * 40, ("A", author), ("C", committer), ("2" * 40,), together)


def test_contributors_are_all_who_wrote_or_pushed() -> None:
    people = directory(person("ann"), person("ben"), person("cat"), person("dan"))
    commits = [commit("ben@shop.example"), commit("ann@shop.example", "noreply@github.com", "Cat <cat@shop.example>")]
    found, unknown = contributors(PullRequest("ann", pushers=("dan",)), commits, people)
    assert (found, unknown) == ({"ann", "ben", "cat", "dan"}, ())


def test_each_unknown_identity_is_a_reason_once() -> None:
    commits = [commit("x@evil.example"), commit("x@evil.example"), commit("ann@shop.example", "", "y")]
    _, unknown = contributors(PullRequest(None, pushers=("z",)), commits, directory(person("ann")))
    assert [reason.code for reason in unknown] == ["author-unknown", *["identity-unresolved"] * 4]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_a_commit(content: bytes) -> None:
    found = parse_commit("1" * 40, content)
    assert isinstance(found.author[1], str)
    assert all("\n" not in trailer for trailer in found.co_authors)


def test_a_commit_as_git_writes_it() -> None:
    content = (
        b"tree 1\nparent 2\nparent 3\nauthor Ann Arden <ann@shop.example> 1 +0000\n"
        b"committer Ben <ben@shop.example> 1 +0000\ngpgsig -----BEGIN\n author Eve <eve@evil.example>\n -----END\n\n"
        b"Title\n\nauthor Eve <eve@evil.example> 1 +0000\n\nCo-Authored-By: Cat <cat@shop.example>\n"
    )
    found = parse_commit("1" * 40, content)
    assert found.author == ("Ann Arden", "ann@shop.example")
    assert found.committer == ("Ben", "ben@shop.example")
    assert found.parents == ("2", "3")
    assert found.co_authors == ("Cat <cat@shop.example>",)
