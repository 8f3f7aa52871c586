"""37: a file of another tool that takes the importer down, stops it for hours, or hands somebody's say to another."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from itsm_as_code.interchange import Known, cstate, people, upptime
from itsm_as_code.interchange._store import Conversion
from itsm_as_code.interchange.people import Asked

SECONDS = 1.0
"""Of processor time; each of the texts took more than four, and longer ones hours."""


@pytest.fixture
def known(tmp_path: Path) -> Known:
    """Ada, who decides, has an account; Ben has left no trace but his."""
    (tmp_path / "people/teams").mkdir(parents=True)
    for name in ("ada", "ben"):
        spec: dict[str, Any] = {"emails": [f"{name}@shop.example"], "accounts": [{"forge": "gitea", "login": name}]}
        written(tmp_path / f"people/{name}.yaml", "Person", name, spec)
    written(tmp_path / "people/teams/core.yaml", "Team", "core", {"members": ["ada", "ben"]})
    return Known.read(tmp_path)


def written(path: Path, kind: str, name: str, spec: dict[str, Any]) -> None:
    data = {"apiVersion": "itsm/v1", "kind": kind, "metadata": {"name": name, "title": name.title()}, "spec": spec}
    path.write_text(yaml.safe_dump(data))


def said(found: Conversion) -> str:
    return "\n".join(item.message for item in found.findings)


def entry(title: str = "x", affected: str = "A", text: str = "") -> bytes:
    data = {"title": title, "date": "2020-01-01", "severity": "down", "affected": [affected]}
    return f"---\n{json.dumps(data)}\n---\n{text}".encode()


def issue(body: str) -> bytes:
    return json.dumps([{"number": 1, "labels": ["maintenance"], "state": "closed", "body": body}]).encode()


@pytest.mark.parametrize(
    ("tool", "name", "source"),
    [
        (cstate, "a.md", entry(text="x" * 60_000)),
        (cstate, "a.md", entry(text="{{<" * 40_000)),
        (cstate, "a.md", entry(text=" " * 60_000 + "x")),
        (cstate, "a.md", entry(affected="x" + " " * 60_000 + "y")),
        (cstate, "a.md", entry(title="update " * 20_000)),
        (cstate, "a.md", entry(text="<p " * 40_000)),
        (cstate, "a.md", entry(text="<p>" + "<a " * 20_000)),
        (cstate, "a.md", entry(text="<p>" + "<!--" * 30_000)),
        (upptime, "a.json", issue("<!--" * 30_000)),
        (upptime, "a.json", issue("<!--" + "\n" * 40_000 + "-->")),
        (people, "a.ldif", b"dn: uid=a\nobjectClass: user\nuid: a\ncn: x\n" + b" y\n" * 400_000),
    ],
    ids=["update", "shortcode", "blanks", "affected", "title", "tag", "in-html", "comment", "issue", "fields", "ldif"],
)
def test_a_text_that_is_searched_for_hours(tmp_path: Path, tool: ModuleType, name: str, source: bytes) -> None:
    begun = time.process_time()
    tool.convert({name: source}, Known.read(tmp_path / "none"))
    assert time.process_time() - begun < SECONDS


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.json", b'{"members": 5, "teams": null}'),
        ("a.json", b'[{"slug": "core", "members": 5}, 7]'),
        ("a.json", b'[{"slug": "core", "members": [7]}]'),
        ("OWNERS", b"approvers: alice\n"),
        ("OWNERS", b"approvers: 5\n"),
        ("OWNERS_ALIASES", b"aliases: {core: alice}\n"),
        ("OWNERS_ALIASES", b"aliases: {core: [[alice]]}\n"),
    ],
)
def test_what_is_no_list_of_accounts_is_told(known: Known, name: str, source: bytes) -> None:
    """It ended in a traceback, or a name became a person for each of its letters."""
    found = people.convert({name: source}, known)
    assert any(words in said(found) for words in ("no account", "no list", "neither an account"))
    assert {record.id.kind for record in found.records} <= {"Team"}


def test_a_number_that_is_too_long_to_read(known: Known) -> None:
    source = b"dn: uid=a\nobjectClass: user\nuid: zoe\nuserAccountControl: " + b"9" * 5000
    assert [record.id.name for record in people.convert({"a.ldif": source}, known).records] == ["zoe"]


def test_who_claims_the_address_of_somebody_gets_none_of_their_say(known: Known) -> None:
    """A forge may let anybody write any address into a profile (Gitea does, unless mails are confirmed)."""
    accounts = [{"login": "eve", "id": 9, "email": "ADA@shop.example"}, {"login": "ada", "id": 1}]
    found = people.convert({"a.json": json.dumps(accounts).encode()}, known, Asked("gitea", team="admins"))
    ada = next(record.data for record in found.records if record.id.name == "ada")
    assert ada["spec"]["accounts"] == [{"forge": "gitea", "login": "ada", "id": 1}]
    assert "Person ada has the account ada: 'eve' has the same address, by its own word" in said(found)
    assert next(record for record in found.records if record.id.kind == "Team").data["spec"] == {"members": ["ada"]}
    alone = people.convert({"a.json": json.dumps(accounts[:1]).encode()}, known, Asked("gitea", team="admins"))
    assert [record.data["spec"] for record in alone.records] == [{"members": []}], "nor does she enter a team as Ada"


@pytest.mark.parametrize(
    "broken", [{"b.json": b"[{"}, {"b.json": b"[7]"}, {"b.json": b'[{"slug": "core", "members": [{"login": null}]}]'}]
)
def test_nobody_has_left_a_list_that_was_cut_off(known: Known, broken: dict[str, bytes]) -> None:
    """Whom a source does not name because it cannot be read is retired by no --retire."""

    def told(sources: dict[str, bytes]) -> Conversion:
        return people.convert(sources, known, Asked("gitea", team="core", is_all=True, retire=True))

    ada = {"a.json": b'[{"login": "ada"}]'}
    assert "ben: is in no source any more" in said(told(ada))
    found = told(ada | broken)
    assert {record.id.name: record.data["spec"].get("active", True) for record in found.records}["ada"]
    assert "ben" not in {record.id.name for record in found.records}
    assert next(record for record in found.records if record.id.name == "core").data["spec"]["members"] == [
        "ada",
        "ben",
    ]
    assert "who has left is not told: not all that the sources hold can be read" in said(found)
