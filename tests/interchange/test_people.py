"""People and teams as forges, directories and lists of owners know them; who has left is proposed, never removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from itsm_as_code.findings import Severity
from itsm_as_code.interchange import Conversion, Known
from itsm_as_code.interchange.people import Asked, convert
from tests.conftest import Run
from tests.forges.descriptions import Description
from tests.forges.fake import TOKEN, Server, serving

LDIF = """\
version: 1

dn: dc=shop,dc=example
objectClass: domain
dc: shop

# somebody who is here
dn: uid=ada,ou=people,dc=shop,dc=example
objectClass: top
objectClass: inetOrgPerson
uid: ada
cn: Ada Example
mail: ADA@shop.example
title: Head of
  everything

dn: uid=zoe,ou=people,dc=shop,dc=example
objectClass: inetOrgPerson
uid: zoe
cn:: Wm/DqSBOw7xsbA==
mail: zoe@shop.example
jpegPhoto:: /9j/4AAQ

dn: CN=Off,OU=people,DC=shop,DC=example
objectClass: user
sAMAccountName: off
userAccountControl: 514

dn: cn=Platform,ou=groups,dc=shop,dc=example
objectClass: groupOfNames
cn: Platform
description: Runs it all
member: uid=ada,ou=people,dc=shop,dc=example
member: UID=zoe,ou=people,dc=shop,dc=example
member: cn=nobody
"""
OWNERS = {
    "OWNERS": b"approvers: [sig-api, Zed]\nreviewers: [ann]\nfilters:\n  '.*': {approvers: [bob]}\n",
    "OWNERS_ALIASES": b"aliases:\n  sig-api: [ann, kim]\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Ada has an account, Ben an address, Bot is a machine, and all but Eve are in the team core."""
    people: dict[str, Any] = {
        "ada": {"emails": ["ada@shop.example"], "accounts": [{"forge": "github", "login": "Ada-E"}]},
        "ben": {"emails": ["ben@shop.example"], "accounts": [{"forge": "github", "login": "ben", "id": 7}]},
        "bot": {"bot": True, "accounts": [{"forge": "github", "login": "renovate[bot]"}]},
        "eve": {"active": False, "accounts": [{"forge": "github", "login": "eve"}]},
    }
    for name, spec in people.items():
        write(tmp_path / f"people/{name}.yaml", "Person", name, spec)
    write(tmp_path / "people/teams/core.yaml", "Team", "core", {"members": ["ada", "ben", "bot"], "lead": "ada"})
    (tmp_path / "itsm.yaml").write_text("apiVersion: itsm/v1\nkind: Configuration\nspec: {timezone: UTC}\n")
    return tmp_path


def write(path: Path, kind: str, name: str, spec: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"apiVersion": "itsm/v1", "kind": kind, "metadata": {"name": name, "title": name.title()}, "spec": spec}
    path.write_text(yaml.safe_dump(data))


def taken(root: Path, sources: dict[str, bytes], **asked: Any) -> Conversion:
    return convert(sources, Known.read(root), Asked(**asked))


def listed(root: Path, *items: Any, **asked: Any) -> Conversion:
    return taken(root, {"in.json": json.dumps(items).encode()}, **asked)


def specs(conversion: Conversion) -> dict[str, Any]:
    return {str(record.id): record.data["spec"] for record in conversion.records}


def said(conversion: Conversion, rule: str) -> list[str]:
    return [item.message for item in conversion.findings if item.rule == rule]


def test_a_directory_adds_what_is_missing(shop: Path) -> None:
    found = taken(shop, {"in.ldif": LDIF.encode()})
    ada = specs(found)["Person ada"]
    assert ada["emails"] == ["ada@shop.example"], "addresses are compared without regard to case"
    assert specs(found)["Person zoe"] == {"emails": ["zoe@shop.example"]}
    assert next(item for item in found.records if item.id.name == "zoe").data["metadata"]["title"] == "Zoé Nüll"
    assert specs(found)["Team platform"] == {"members": ["ada", "zoe"]}
    assert said(found, "people-left") == ["not imported: 'off' is not active there"]
    assert (found.entities, found.refused) == (4, 1), "a domain is nobody"


def test_accounts_of_a_forge(shop: Path) -> None:
    accounts = [
        {"login": "ada-e", "id": 5, "type": "User", "email": "12+ada@users.noreply.github.com"},
        {"login": "Carol", "id": 9, "type": "User", "name": "Carol C", "email": "carol@shop.example"},
        {"login": "renovate[bot]", "type": "Bot", "id": 3},
    ]
    found = listed(shop, *accounts, 7, {"url": "x"}, team="platform")
    assert specs(found)["Person ada"]["accounts"] == [{"forge": "github", "login": "Ada-E", "id": 5}]
    assert specs(found)["Person ada"]["emails"] == ["ada@shop.example"], "an address that GitHub makes up is none"
    assert specs(found)["Person carol"] == {
        "accounts": [{"forge": "github", "login": "Carol", "id": 9}],
        "emails": ["carol@shop.example"],
    }
    assert specs(found)["Team platform"]["members"] == ["ada", "carol", "bot"]
    assert said(found, "people-source") == ["not imported: it is neither an account nor a team (2 times)"]


def test_an_account_goes_to_nobody_by_the_name_alone(shop: Path) -> None:
    """Whoever takes a login gets nobody's approvals: not by the name of a record, nor by a login that was renamed."""
    found = listed(shop, {"username": "ada", "id": 99}, {"username": "ben", "id": 8}, forge="gitlab")
    assert specs(found) == {}
    assert said(found, "people-same") == [
        "not imported: Person ada is another one, by account and address",
        "not imported: Person ben is another one, by account and address",
    ]
    found = listed(shop, {"login": "ben", "id": 8})
    assert "has another number: the login may be somebody else's now" in said(found, "people-same")[0]
    benny = {"username": "benny", "id": 8, "email": "ben@shop.example"}
    found = listed(shop, benny, forge="gitlab", team="core")
    message = "not imported: 'benny' has the address of Person ben, which nobody has verified"
    assert (specs(found).get("Person ben"), said(found, "people-same")) == (None, [message])
    assert specs(found)["Team core"]["members"] == ["ada", "ben", "bot"]
    (finding,) = (item for item in found.findings if item.rule == "people-same")
    assert (finding.severity, "--by-address" in finding.remedy) == (Severity.ERROR, True)
    found = listed(shop, benny, forge="gitlab", by_address=True)
    assert specs(found)["Person ben"]["accounts"][1] == {"forge": "gitlab", "login": "benny", "id": 8}
    assert said(found, "people-added") == ["ben: added: the account benny"]


def test_leavers_are_proposed_where_the_source_holds_all(shop: Path) -> None:
    ada, eve = {"login": "Ada-E", "id": 5}, {"login": "eve", "id": 6}
    assert said(listed(shop, ada), "people-left") == [], "a list may be a part"
    found = listed(shop, ada, eve, is_all=True)
    assert said(found, "people-left") == [
        "ben: is in no source any more",
        "eve: is marked as not active here, and is in the source",
    ]
    assert "Person ben" not in specs(found), "nothing is written"
    retired = specs(listed(shop, ada, eve, is_all=True, retire=True))
    assert (retired["Person ben"]["active"], "active" in retired["Person ada"]) == (False, False)
    blocked = {"username": "ben", "state": "blocked", "email": "ben@shop.example"}
    assert "ben: is not active in the source" in said(listed(shop, blocked, forge="gitlab"), "people-left")


def test_members_who_left_a_team(shop: Path) -> None:
    team = {"slug": "core", "name": "Core", "members": [{"login": "Ada-E"}], "description": None}
    found = listed(shop, team)
    assert specs(found)["Team core"]["members"] == ["ada", "ben", "bot"]
    assert said(found, "people-left") == ["core: not in the team any more by the source: ben"]
    assert specs(listed(shop, team, retire=True))["Team core"]["members"] == ["ada", "bot"], "a machine is not compared"
    without = {key: value for key, value in team.items() if key != "members"}
    assert said(listed(shop, without), "people-left") == [], "a team whose members nobody tells"


def test_lists_of_owners(shop: Path) -> None:
    lines = b"# who\n*.py @Ada-E @acme/core ops@shop.example # why\n[Docs][2] @kim\n^[Db] @@maintainer\na\\ b/ @zed x\n"
    found = taken(shop, {"CODEOWNERS": lines})
    assert specs(found) == {
        "Person ada": specs(found)["Person ada"],
        "Person ops": {"emails": ["ops@shop.example"]},
        "Person kim": {"accounts": [{"forge": "github", "login": "kim"}]},
        "Person zed": {"accounts": [{"forge": "github", "login": "zed"}]},
        "Team core": {"members": ["ada", "ben", "bot"], "lead": "ada"},
    }
    assert said(found, "people-left") == [], "a team that is only named tells no members"
    assert said(found, "people-source") == ["not imported: 'x' is no owner"]
    found = taken(shop, OWNERS)
    assert sorted(specs(found)) == ["Person ann", "Person bob", "Person kim", "Person zed", "Team sig-api"]
    assert specs(found)["Team sig-api"]["members"] == ["ann", "kim"]


def test_a_table_of_people(shop: Path) -> None:
    table = (
        "Username;Full name;E-mail;Teams;Status\nada;Ada;ada@shop.example;Core;active\nkim;Kim;kim@x.example;Core, Ops;"
    )
    table += "active\nlee;Lee;;;left\n;;;;\n;;;Core;\n"
    found = taken(shop, {"people.csv": table.encode()})
    assert specs(found)["Person kim"] == {"emails": ["kim@x.example"]}, (
        "a login of a directory is no account of a forge"
    )
    assert specs(found)["Team core"]["members"] == ["ada", "ben", "bot", "kim"]
    assert specs(found)["Team ops"]["members"] == ["kim"]
    assert said(found, "people-source") == ["not imported: the row has neither login, email nor name"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("in.txt", "x", "it is neither JSON, LDIF, CSV, CODEOWNERS, OWNERS nor OWNERS_ALIASES by its name"),
        ("in.ldif", "dn: a\nnonsense\n", "a line is not 'attribute: value'"),
        ("in.json", "[", "not JSON: Expecting value"),
        ("OWNERS", "- a\n", "it holds no fields"),
        ("OWNERS_ALIASES", "a: 1\n", "it holds no aliases"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, text: str, message: str, shop: Path) -> None:
    found = taken(shop, {name: text.encode()})
    assert said(found, "people-source") == [f"not imported: {message}"]
    assert found.refused == 1


class Organisation:
    """An organisation as a forge shows it: each answer has to fit the description that the forge publishes."""

    def __init__(self, forge: str) -> None:
        self.name, self.description = forge, Description(forge)
        token = {"github": f"Bearer {TOKEN}", "gitlab": TOKEN, "gitea": f"token {TOKEN}"}[forge]
        self.header = ("PRIVATE-TOKEN" if forge == "gitlab" else "Authorization", token)

    def user(self, login: str, number: int) -> dict[str, Any]:
        if self.name == "gitlab":
            return {"id": number, "username": login, "name": login.title(), "state": "active"}
        if self.name == "gitea":
            return {"id": number, "login": login, "full_name": login.title(), "email": f"{login}@noreply.x.example"}
        schema = {"$ref": "#/components/schemas/simple-user"}
        return self.description.sample(schema, login=login, id=number, type="User")  # type: ignore[no-any-return]

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        ada, new = self.user("Ada-E", 5), self.user("new", 6)
        if path.endswith(("/teams", "/descendant_groups")):
            team = {"id": 4, "name": "Core", "description": "Runs it all"}
            if self.name == "github":
                schema = {"$ref": "#/components/schemas/team"}
                address = "https://github.com/orgs/acme/teams/core"
                team = self.description.sample(schema, **team, slug="core", html_url=address, parent=None)
            return [team | ({"path": "core", "full_path": "acme/x/core"} if self.name == "gitlab" else {})]
        return (
            [ada] if path in ("/orgs/acme/teams/core/members", "/groups/4/members", "/teams/4/members") else [ada, new]
        )


@pytest.mark.parametrize("forge", ["github", "gitlab", "gitea"])
def test_an_organisation_that_is_asked(forge: str, shop: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (shop / "people").glob("*.yaml"):
        path.write_text(path.read_text().replace("forge: github", f"forge: {forge}"))
    monkeypatch.setenv(f"{forge.upper()}_TOKEN", TOKEN)
    with serving(Organisation(forge)) as server:  # type: ignore[arg-type]
        assert isinstance(server, Server)
        name = "acme/x" if forge == "gitlab" else "acme"
        call = ["-C", shop, "import", "people", "--from", f"{forge}:{name}", "--api-url", server.base]
        code, out, _ = itsm(*call)
        assert code == 0, out
        assert "ben: is in no source any more" in out
        assert "core: not in the team any more by the source: ben" in out
        assert "3 entities, 0 not imported; records in .: 1 created, 1 updated, 1 unchanged" in out
        assert "3 unchanged" in itsm(*call)[1]
        assert {line.partition(" ")[2].partition("?")[0] for line in server.log} == {
            "github": {"/api/orgs/acme/members", "/api/orgs/acme/teams", "/api/orgs/acme/teams/core/members"},
            "gitlab": {
                "/api/groups/acme%2Fx/members/all",
                "/api/groups/acme%2Fx/descendant_groups",
                "/api/groups/4/members",
            },
            "gitea": {"/api/orgs/acme/members", "/api/orgs/acme/teams", "/api/teams/4/members"},
        }[forge]
    new = yaml.safe_load((shop / "people/new.yaml").read_bytes())
    assert new["spec"]["accounts"] == [{"forge": forge, "login": "new", "id": 6}]
    assert "emails" not in new["spec"]
    assert itsm("-C", shop, "validate")[0] == 0


def test_which_source_is_said(shop: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    call = ["-C", shop, "import", "people"]
    for arguments, message in (
        ([], "name FILE, or --from"),
        (["x.json", "--from", "github:acme"], "name FILE, or --from"),
        (["--from", "acme"], "'acme' names no forge"),
        (["--from", "gitlab:"], "which organisation of gitlab?"),
        (["--from", "gitea:acme"], "which Gitea?"),
    ):
        code, _, err = itsm(*call, *arguments)
        assert (code, message in err) == (2, True), err
