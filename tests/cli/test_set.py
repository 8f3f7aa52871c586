"""itsm set: fields of a record, with its comments and order kept, and what it says to ten and more mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from itsm_as_code.records.document import parse
from itsm_as_code.records.formatting import format_record
from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import NORMAL_CHANGE, SMALL, Run, copy_tree

NOW = ("--now", "2026-11-22T12:00:00Z")
CHANGE = "changes/2026/11/22/chg-20261122-tune.yaml"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A copy of the small organisation, with a change in form, and a comment in it."""
    copy_tree(SMALL, tmp_path / "small")
    file = tmp_path / "small" / CHANGE
    file.parent.mkdir(parents=True)
    text = NORMAL_CHANGE % {"name": "chg-20261122-tune"}
    source = text.replace("  summary:", "  # In a sentence.\n  summary:").encode()
    file.write_bytes(format_record(CHANGE, source, KindRegistry.load()["Change"].schema).after)
    return tmp_path / "small"


def test_fields_are_set_and_nothing_else_changes(small: Path, itsm: Run) -> None:
    before = (small / CHANGE).read_text()
    code, out, err = itsm("-C", small, "set", "chg-20261122-tune", "summary=Smaller batches.", "outage.minutes=5",
                          "outage.expected=degraded", *NOW)  # fmt: skip
    assert (code, out) == (0, f"{CHANGE}\n"), err
    assert "spec.summary: Send in smaller batches. -> Smaller batches." in err
    after = (small / CHANGE).read_text()
    wanted = before.replace("Send in smaller batches.", "Smaller batches.")
    assert after.replace("  outage:\n    expected: degraded\n    minutes: 5\n", "") == wanted
    assert itsm("-C", small, "fmt", "--check")[0] == 0
    assert itsm("-C", small, "validate", *NOW)[0] == 0


def test_times_are_local_and_written_with_their_offset(small: Path, itsm: Run) -> None:
    settings = small / "itsm.yaml"
    settings.write_text(settings.read_text().replace("timezone: UTC", "timezone: Europe/Berlin"))
    assert "Europe/Berlin" in settings.read_text()
    given = ("schedule={start: 2026-12-01 20:00, end: tomorrow 22:00}", "backout.rehearsedOn=today")
    assert itsm("-C", small, "set", "chg-20261122-tune", *given, *NOW)[0] == 0
    spec = parse((small / CHANGE).read_bytes())["spec"]
    assert spec["schedule"] == {"start": "2026-12-01T20:00:00+01:00", "end": "2026-11-23T22:00:00+01:00"}
    assert spec["backout"]["rehearsedOn"] == "2026-11-22"


def test_a_record_is_named_by_kind_by_plural_or_by_its_file(
    small: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small / "services")
    for tier, name in enumerate(("orders", "Service/orders", "services/orders", "orders.yaml", "./orders.yaml"), 1):
        assert itsm("-C", small, "set", name, f"tier={tier % 4 + 1}", *NOW)[0] == 0
        assert parse((small / "services/orders.yaml").read_bytes())["spec"]["tier"] == tier % 4 + 1


def test_a_field_is_taken_out(small: Path, itsm: Run) -> None:
    assert (
        itsm("-C", small, "set", "chg-20261122-tune", "--unset", "implementers", "--unset", "test.summary", *NOW)[0]
        == 1
    )
    assert (
        itsm("-C", small, "set", "chg-20261122-tune", "--unset", "implementers", "--unset", "test.evidence", *NOW)[0]
        == 0
    )
    spec = parse((small / CHANGE).read_bytes())["spec"]
    assert "implementers" not in spec
    assert "evidence" not in spec["test"]


def test_lists_are_written_as_fmt_has_them(small: Path, itsm: Run) -> None:
    assert itsm("-C", small, "set", "team-shop", "members=alice,bob,carol", *NOW)[0] == 0
    assert itsm("-C", small, "set", "chg-20261122-tune", "implementation.steps=Stop it, then start it.", *NOW)[0] == 0
    assert parse((small / CHANGE).read_bytes())["spec"]["implementation"]["steps"] == ["Stop it, then start it."]
    assert itsm("-C", small, "fmt", "--check")[0] == 0


def test_a_record_that_is_wrong_already_can_be_mended_step_by_step(small: Path, itsm: Run) -> None:
    file = small / "services/orders.yaml"
    file.write_text(file.read_text().replace("owner: team-shop", "owner: team-gone").replace("tier: 1", "tier: 9"))
    code, _, err = itsm("-C", small, "set", "orders", "owner=team-shop", *NOW)
    assert code == 0, err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("orders",), 2, "there is nothing to set"),
        (("orders", "tier"), 2, "'tier' is no PATH=VALUE"),
        (("orders", "=2"), 2, "'=2' is no PATH=VALUE"),
        (("ordres", "tier=2"), 2, "did you mean 'orders'?"),
        (("Srvice/orders", "tier=2"), 2, "did you mean 'Service'?"),
        (("Team/orders", "tier=2"), 2, "there is Service/orders"),
        (("itsm.yaml", "tier=2"), 2, "itsm.yaml is not the file of a record"),
        (("nothing-at-all-like-it", "tier=2"), 2, "'itsm list' shows what there is"),
        (("orders", "teir=2"), 2, "did you mean 'tier'?"),
        (("orders", "/spec/teir=2"), 2, "did you mean 'tier'?"),
        (("orders", "tier=high"), 1, "spec.tier must be a whole number"),
        (("orders", "owner=team-shpo"), 1, "did you mean 'team-shop'?"),
        (("orders", "metadata.name=shop"), 2, "itsm rename orders NEW-NAME"),
        (("orders", "kind=Team"), 2, "Service has no field 'spec.kind'"),
        (("orders", "--unset", "runbook"), 2, "Service orders has no runbook"),
        (("orders", "--unset", "spec"), 2, "--unset spec.FIELD"),
        (("orders", "--unset", "owner"), 1, "owner"),
        (("orders", "dependsOn.7.service=database"), 2, "lists are filled from index 0"),
        (("orders", "owner=\x1b[31m"), 2, "holds the character U+001B"),
        (("chg-20261122-tune", "status=authorised"), 2, "itsm advance chg-20261122-tune --to authorised"),
        (("chg-20261122-tune", "schedule.start=2026-03-29 25:00"), 1, "spec.schedule.start"),
        (("chg-20261122-tune", "--unset", "schedule"), 1, "needs spec.schedule"),
    ],
)
def test_what_it_says_to_mistakes(arguments: tuple[str, ...], code: int, said: str, small: Path, itsm: Run) -> None:
    before = {path: path.read_bytes() for path in small.rglob("*.yaml")}
    found, out, err = itsm("-C", small, "set", *arguments, *NOW)
    assert (found, out) == (code, ""), err
    assert said in err
    assert {path: path.read_bytes() for path in small.rglob("*.yaml")} == before


def test_a_name_that_two_kinds_have_asks_which(small: Path, itsm: Run) -> None:
    assert itsm("-C", small, "new", "Team", "orders", "--set", "members=alice", *NOW)[0] == 0
    code, _, err = itsm("-C", small, "set", "orders", "tier=2")
    assert (code, "say which: Service/orders, Team/orders" in err) == (2, True)


def test_what_it_says_of_a_closed_record(small: Path, itsm: Run) -> None:
    file = small / CHANGE
    file.write_text(file.read_text().replace("status: proposed", "status: cancelled"))
    code, _, err = itsm("-C", small, "set", "chg-20261122-tune", "summary=Another.")
    assert code == 0
    assert "nothing of it changes but metadata.links, metadata.annotations" in err
