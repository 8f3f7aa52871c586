"""itsm list and itsm show: tables, data for programs, conditions, neighbours, and mistakes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from tests.conftest import ROOT, SMALL, Run, copy_tree

REGISTRY = KindRegistry.load()
NOW = ("--now", "2026-11-22T12:00:00Z")


def report_schema(name: str) -> Validator:
    return Validator("report", REGISTRY.bundled(f"reports/{name}-report.schema.json"))


def test_a_table_of_a_kind(itsm: Run) -> None:
    code, out, err = itsm("-C", SMALL, "list", "Service", *NOW)
    assert (code, err) == (0, "")
    head, *rows = out.splitlines()
    assert head.split() == ["Name", "Owner", "Tier", "Type", "Stage", "Lifecycle"]
    assert [row.split()[0] for row in rows] == ["database", "newsletter", "orders", "web-shop"]
    assert out == itsm("-C", SMALL, "list", "services", *NOW)[1] == itsm("-C", SMALL, "list", "service", *NOW)[1]


def test_all_kinds_with_their_numbers(itsm: Run) -> None:
    rows = dict(line.split() for line in itsm("-C", SMALL, "list")[1].splitlines())
    assert (rows["Kind"], rows["Person"], rows["Change"]) == ("Records", "8", "0")


def test_columns_of_ones_own(itsm: Run) -> None:
    out = itsm("-C", SMALL, "list", "Service", "--columns", "metadata.title, tier,dependsOn.*.service,Owner", *NOW)[1]
    assert out.splitlines()[0].split() == ["Name", "metadata.title", "tier", "dependsOn.*.service", "Owner"]
    assert ["web-shop", "Web", "shop", "1", "orders", "team-shop"] in [line.split() for line in out.splitlines()]


def test_only_those_of_which_a_condition_is_true(itsm: Run) -> None:
    where = "object.spec.tier <= 2 && dependents(object.metadata.name).size() > 0"
    out = itsm("-C", SMALL, "list", "Service", "--where", where, *NOW)[1]
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["database", "orders"]


def test_those_that_cannot_be_asked_are_said(itsm: Run) -> None:
    code, out, err = itsm("-C", SMALL, "list", "Service", "--where", "object.spec.runbook == 'x'", *NOW)
    assert (code, out) == (0, "")
    assert "could not ask database (Key not found" in err
    assert "and 3 more; has(object.spec.x)" in err
    assert "no services of which that is true" in err
    err = itsm("-C", SMALL, "list", "Service", "--where", "object.spec.tier", *NOW)[2]
    assert "not true or false) and 3 more; compare it" in err


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    (tmp_path / "services/orders.yaml").write_text("kind: [\n")
    code, out, err = itsm("-C", tmp_path, "list", "Service", *NOW)
    assert (code, "orders" in out) == (0, False)
    assert "left out 1 file that cannot be read; 'itsm validate' says why: services/orders.yaml" in err


@pytest.mark.parametrize("arguments", [("Service",), ("Change",), ()])
def test_for_programs(arguments: tuple[str, ...], itsm: Run) -> None:
    code, out, _ = itsm("-C", ROOT, "list", *arguments, "--format", "json", *NOW)
    data = json.loads(out)
    assert (code, report_schema("record-list").problems(data)) == (0, [])
    assert data["records"] or data["counts"]


def test_for_spreadsheets(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    itsm("-C", tmp_path, "set", "orders", "metadata.title==1+1", *NOW)
    out = itsm("-C", tmp_path, "list", "Service", "--columns", "metadata.title,tier", "--format", "csv", *NOW)[1]
    rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(out))}
    assert (rows["Name"], rows["orders"]) == (["metadata.title", "tier"], ["'=1+1", "2"])


def test_show_says_what_it_holds_and_its_neighbours(itsm: Run) -> None:
    code, out, err = itsm("-C", SMALL, "show", "orders", *NOW)
    assert (code, err) == (0, "")
    head = "Service orders: Orders\n  services/orders.yaml\n  live; then deprecated or retired\n\nowner: "
    assert out.startswith(head)
    assert "\nRefers to:\n  Team team-shop: Shop team (spec.owner)\n" in out
    assert "  Service web-shop: Web shop (spec.dependsOn.0.service)\n" in out


@pytest.mark.parametrize("name", ["Service/payments-api", "Change/chg-20261122-orders-db", "Policy/change-lead-time"])
def test_show_for_programs(name: str, itsm: Run) -> None:
    kind, stem = name.split("/")
    if not any(path.stem == stem for path in ROOT.glob(f"{REGISTRY[kind].folder}/**/*.yaml")):
        stem = next(path.stem for path in sorted(ROOT.glob(f"{REGISTRY[kind].folder}/**/*.yaml")))
    code, out, _ = itsm("-C", ROOT, "show", f"{kind}/{stem}", "--format", "json", *NOW)
    data = json.loads(out)
    assert (code, report_schema("record-show").problems(data)) == (0, [])
    assert data["record"]["metadata"]["name"] == stem


def test_a_name_that_nobody_has_is_shown_as_such(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    file = tmp_path / "services/orders.yaml"
    file.write_text(file.read_text().replace("team-shop", "team-gone"))
    assert "  team-gone, which is not there (spec.owner)\n" in itsm("-C", tmp_path, "show", "orders")[1]


def test_what_a_record_says_cannot_paint_the_terminal(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    file = tmp_path / "services/orders.yaml"
    file.write_text(file.read_text().replace("title: Orders", 'title: "Or\\u009bders"'))
    for command in (("show", "orders"), ("list", "Service", "--columns", "metadata.title")):
        assert "\x9b" not in "".join(itsm("-C", tmp_path, *command)[1:])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list", "Servce"), "did you mean 'Service'?"),
        (("list", "zzz"), "kinds: ApprovalPolicy, "),
        (("list", "--where", "true"), "name it: itsm list KIND"),
        (("list", "--columns", "owner"), "name it: itsm list KIND"),
        (("list", "Service", "--columns", "ownr"), "did you mean 'owner'?"),
        (("list", "Service", "--columns", "spec"), "name one of them: spec.FIELD"),
        (("list", "Service", "--columns", ","), "--columns names none"),
        (("list", "Service", "--where", "tier == 2"), "a field is written object.spec.FIELD"),
        (("list", "Service", "--where", "object.spec.teir == 2"), "did you mean 'tier'?"),
        (("list", "Service", "--where", "object.spec.type == 'aplication'"), "did you mean 'application'?"),
        (("list", "Service", "--where", "object.spec.tier =="), "the expression ends where a value is expected"),
        (("list", "Service", "--where", "object.spec.tier = 2"), "--where: "),
        (("list", "Service", "--format", "xml"), "'xml' is not one of"),
        (("list", "orders"), "there is no kind 'orders'"),
        (("show",), "Missing argument 'RECORD'"),
        (("show", "ordres"), "did you mean 'orders'?"),
        (("show", "Service"), "there is no record 'Service'"),
        (("show", "Team/orders"), "there is Service/orders"),
        (("show", "services"), "services is not the file of a record"),
        (("show", "services/none.yaml"), "there is no record 'services/none.yaml'"),
        (("show", "orders", "--format", "yaml"), "'yaml' is not one of"),
        (("show", "../orders.yaml"), "there is no record"),
    ],
)
def test_what_they_say_to_mistakes(arguments: tuple[str, ...], said: str, itsm: Run) -> None:
    code, out, err = itsm("-C", SMALL, *arguments, *NOW)
    assert (code, out) == (2, ""), err
    assert said in err
