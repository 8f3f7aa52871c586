"""itsm rename: a record, its file and all who name it; all of it or nothing; and mistakes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from itsm_as_code.records.document import parse
from tests.conftest import SMALL, Run, copy_tree

NOW = ("--now", "2026-11-22T12:00:00Z")
WAIVER = """\
apiVersion: itsm/v1
kind: Waiver
metadata: {name: no-way-back, title: There is no way back}
spec:
  policy: backout-is-planned
  records:
    - {kind: Service, name: orders}
    - {kind: Team, name: orders}
  reason: There is none.
  risk: Low.
  requester: alice
  approver: erin
  from: "2026-11-01T00:00:00Z"
  until: "2026-12-01T00:00:00Z"
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A copy of the small organisation, with a waiver for a service and for a team of its name."""
    copy_tree(SMALL, tmp_path / "small")
    (tmp_path / "small/policies/waivers").mkdir()
    (tmp_path / "small/policies/waivers/no-way-back.yaml").write_text(WAIVER)
    (tmp_path / "small/people/teams/orders.yaml").write_text(
        "apiVersion: itsm/v1\nkind: Team\nmetadata:\n  name: orders\n  title: Orders\nspec:\n  members: [alice]\n"
        "  lead: alice\n"
    )
    return tmp_path / "small"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everybody_who_names_it_names_it_anew(small: Path, itsm: Run) -> None:
    before = files(small)
    findings = itsm("-C", small, "validate", *NOW)
    code, out, err = itsm("-C", small, "rename", "Service/orders", "shop-orders", *NOW)
    assert code == 0, err
    written = out.splitlines()
    assert written == [
        "changes/models/restart.yaml",
        "policies/waivers/no-way-back.yaml",
        "services/shop-orders.yaml",
        "services/web-shop.yaml",
    ]
    after = files(small)
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == {
        *written,
        "services/orders.yaml",
    }
    assert "services/orders.yaml" not in after
    records = parse(after["policies/waivers/no-way-back.yaml"])["spec"]["records"]
    assert records == [{"kind": "Service", "name": "shop-orders"}, {"kind": "Team", "name": "orders"}]
    assert after["services/web-shop.yaml"] == before["services/web-shop.yaml"].replace(b"orders", b"shop-orders")
    assert itsm("-C", small, "validate", *NOW)[1].replace("shop-orders", "orders") == findings[1]
    assert itsm("-C", small, "fmt", "--check")[0] == 0


def test_there_and_back_is_nothing(small: Path, itsm: Run) -> None:
    before = files(small)
    for old, new in (("team-shop", "team-store"), ("team-store", "team-shop")):
        assert itsm("-C", small, "rename", old, new, *NOW)[0] == 0
    assert files(small) == before


def test_a_record_that_names_itself_and_one_that_breaks_its_schema_follow(small: Path, itsm: Run) -> None:
    shop = small / "services/web-shop.yaml"
    shop.write_text(shop.read_text().replace("tier: 1", "tier: 99"))
    assert itsm("-C", small, "rename", "Service/orders", "shop-orders", *NOW)[0] == 0
    assert "service: shop-orders" in shop.read_text()
    bob = small / "people/bob.yaml"
    bob.write_text(bob.read_text() + "  manager: bob\n")
    assert itsm("-C", small, "rename", "bob", "robert", *NOW)[0] == 0
    assert parse((small / "people/robert.yaml").read_bytes())["spec"]["manager"] == "robert"


def test_where_else_the_old_name_stands_is_said(small: Path, itsm: Run) -> None:
    (small / "notes.md").write_text("Ask the orders team.\nre-orders, orders-2\n")
    err = itsm("-C", small, "rename", "Service/orders", "shop", *NOW)[2]
    assert "look at notes.md:1: Ask the orders team." in err
    assert "notes.md:2" not in err
    assert "look at people/teams/orders.yaml:4: name: orders" in err


def test_all_of_it_or_nothing(small: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full, or a folder that takes no file, after some were written."""
    from itsm_as_code.cli import rename

    before, calls = files(small), []
    write = rename.write_file

    def failing(path: Path, content: bytes, mode: int | None = None) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, os.strerror(28), str(path))
        write(path, content, mode)

    monkeypatch.setattr(rename, "write_file", failing)
    code, out, err = itsm("-C", small, "rename", "Service/orders", "shop", *NOW)
    assert (code, out) == (2, ""), err
    assert files(small) == before


def test_a_file_whose_comment_would_be_lost_stops_all_of_it(small: Path, itsm: Run) -> None:
    shop = small / "services/web-shop.yaml"
    shop.write_text(shop.read_text().replace("owner: team-shop", "owner:\n    # whose\n    team-shop"))
    before = files(small)
    code, _, err = itsm("-C", small, "rename", "team-shop", "team-store", *NOW)
    assert (code, "services/web-shop.yaml:7:5: a comment between a key and its value" in err) == (2, True), err
    assert files(small) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("orders", "shop"), "say which: Service/orders, Team/orders"),
        (("ordres", "shop"), "did you mean 'orders'?"),
        (("Service/orders",), "Missing argument 'NEW-NAME'"),
        (("Service/orders", "orders"), "has that name already"),
        (("Service/orders", "database"), "services/database.yaml is there already"),
        (("Service/orders", "Orders"), "'Orders' is no name for a record"),
        (("Service/orders", "shop orders"), "lower-case letters, digits and hyphens"),
        (("Service/orders", "../orders"), "'../orders' is no name"),
        (("Service/orders", "services/shop.yaml"), "is no name for a record"),
        (("Service/orders", "x" * 64), "is no name for a record"),
        (("Service/orders", "con"), "no device of Windows"),
        (("Service/orders", ""), "is no name for a record"),
        (("Service/orders", "shop\n"), "is no name for a record"),
        (("Service/orders", "a", "b"), "unexpected extra argument"),
        (("itsm.yaml", "other"), "itsm.yaml is not the file of a record"),
    ],
)
def test_what_it_says_to_mistakes(arguments: tuple[str, ...], said: str, small: Path, itsm: Run) -> None:
    before = files(small)
    code, out, err = itsm("-C", small, "rename", *arguments, *NOW)
    assert (code, out) == (2, ""), err
    assert said in err
    assert files(small) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: [\n", "services/broken.yaml:2:1: "),
        ("apiVersion: itsm/v1\nkind: Team\n", "a Team lies in the folder of Service records"),
        ("apiVersion: itsm/v1\nkind: Service\nmetadata: {name: x}\n---\n", "services/broken.yaml:4:1: "),
    ],
)
def test_a_file_that_cannot_be_read_might_name_it(text: str, said: str, small: Path, itsm: Run) -> None:
    (small / "services/broken.yaml").write_text(text)
    code, _, err = itsm("-C", small, "rename", "team-shop", "team-store", *NOW)
    assert (code, "so whether it names the record is not known" in err) == (2, True), err
    assert said in err
    assert "mend that first" in err


def test_what_has_ended_keeps_its_name(small: Path, itsm: Run) -> None:
    given = [f"--set={item}" for item in ("type=normal", "services=newsletter", "requester=alice", "summary=x")]
    itsm("-C", small, "new", "Change", "chg-a", *given, *NOW)
    itsm("-C", small, "advance", "chg-a", "--to", "cancelled", *NOW)
    code, _, err = itsm("-C", small, "rename", "chg-a", "chg-b", *NOW)
    assert (code, "is cancelled, and what has ended keeps its name" in err) == (2, True)
    code, _, err = itsm("-C", small, "rename", "newsletter", "mail", *NOW)
    assert (code, "records that have ended named it, too: chg-a" in err) == (0, True)
