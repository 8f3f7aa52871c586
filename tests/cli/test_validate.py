"""itsm validate, from the outside: every way in which a repository can be wrong, in every form of output."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from tests.conftest import HERE, SMALL, Run, Workshop, copy_tree

NOW = ("--now", "2026-11-22T12:00:00Z")
REPORT = Validator("report", KindRegistry.load().bundled("reports/validate-report.schema.json"))
SARIF = Validator("sarif", json.loads((HERE / "fixtures" / "sarif-essentials.schema.json").read_text()))
SERVICE = (SMALL / "services" / "orders.yaml").read_text()
NEW = SERVICE.replace("name: orders,", "name: new,")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The small organisation, to be broken."""
    copy_tree(SMALL, tmp_path / "small")
    return tmp_path / "small"


WRONG: dict[str, tuple[str, str | bytes, str, str]] = {
    "unparsable": ("services/new.yaml", NEW + "  a: b: c\n", "services/new.yaml:13:7", "yaml-syntax"),
    "empty": ("services/new.yaml", "", "services/new.yaml:1:1", "yaml-syntax"),
    "wrong kind": ("services/new.yaml", NEW.replace("kind: Service", "kind: Servise"), ":2:7", "record-kind"),
    "wrong folder": ("people/new.yaml", NEW, "people/new.yaml:2:7", "record-kind"),
    "wrong file name": ("services/other.yaml", NEW, "services/other.yaml:3:18", "file-name"),
    "wrong ending": ("services/new.yml", NEW, "services/new.yml", "file-kind"),
    "duplicate name": ("services/x/orders.yaml", SERVICE, "services/x/orders.yaml:3:18", "record-unique"),
    "dangling reference": (
        "services/new.yaml",
        NEW.replace("service: database", "service: databaes"),
        "services/new.yaml:12:17",
        "reference-exists",
    ),
    "duplicate key": (
        "services/new.yaml",
        NEW + "  owner: team-data\n",
        "services/new.yaml:13:3",
        "yaml-duplicate-key",
    ),
    "alias bomb": (
        "services/new.yaml",
        "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
        "services/new.yaml:1:4",
        "yaml-feature",
    ),
    "25,000 brackets": ("services/new.yaml", "a: " + "[" * 25_000, "services/new.yaml:1:67", "yaml-limit"),
    "25,000 dashes": ("services/new.yaml", "a:\n " + "- " * 25_000, "services/new.yaml:2:128", "yaml-limit"),
    "binary": ("services/new.yaml", bytes(range(256)), "services/new.yaml", "yaml-encoding"),
    "latin-1": ("services/new.yaml", "a: ü".encode("latin-1"), "services/new.yaml:1:4", "yaml-encoding"),
    "invisible": ("services/new.yaml", "a: \u200b", "services/new.yaml:1:4", "yaml-character"),
    "unknown field": ("services/new.yaml", NEW.replace("tier:", "tire:"), ":8:9", "record-schema"),
    "configuration": (
        "itsm.yaml",
        "apiVersion: itsm/v2\n",
        "itsm.yaml",
        "configuration",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_1_with_its_place(name: str, small: Path, itsm: Run) -> None:
    path, content, place, rule = WRONG[name]
    file = small / path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    code, out, err = itsm("validate", "-C", small, *NOW)
    assert (code, err) == (1, "")
    assert f"error[{rule}]" in out
    assert place in out
    assert out.splitlines()[-1].split(": ")[1] != "no findings"
    check_reports(small, itsm, rule)


def check_reports(folder: Path, itsm: Run, rule: str) -> dict[str, Any]:
    """The other forms say the same, and fit their schemas."""
    code, out, err = itsm("validate", "-C", folder, *NOW, "--format", "json")
    assert (code, err) == (1, "")
    report: dict[str, Any] = json.loads(out)
    assert REPORT.problems(report) == []
    assert rule in [finding["rule"] for finding in report["findings"]]
    assert report["summary"]["errors"] == sum(finding["severity"] == "error" for finding in report["findings"])
    code, out, err = itsm("validate", "-C", folder, *NOW, "--format", "sarif")
    assert (code, err) == (1, "")
    sarif = json.loads(out)
    assert SARIF.problems(sarif) == []
    (run,) = sarif["runs"]
    assert [run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] for result in run["results"]] == [
        finding["rule"] for finding in report["findings"]
    ]
    code, out, err = itsm("validate", "-C", folder, *NOW, "--format", "github")
    assert (code, err) == (1, "")
    lines = out.splitlines()[:-1]
    assert len(lines) == len(report["findings"])
    assert all(line.startswith(("::error file=", "::warning file=", "::notice file=")) for line in lines)
    return report


def test_a_misspelt_reference_names_the_nearest(small: Path, itsm: Run) -> None:
    (small / "services/new.yaml").write_text(NEW.replace("service: database", "service: databaes"))
    assert itsm("validate", "-C", small, *NOW)[1] == (
        "error[reference-exists]: no Service named 'databaes'\n"
        "  --> services/new.yaml:12:17\n"
        "  12 |     - {service: databaes, strength: hard}\n"
        "     |                 ^\n"
        "  = did you mean 'database'?\n"
        "\n"
        "21 records: 1 error\n"
    )


def test_a_file_of_100_mb_is_refused_without_being_read(small: Path, itsm: Run) -> None:
    for path in ("services/huge.yaml", "itsm.yaml"):
        with (small / path).open("wb") as file:
            file.truncate(100 << 20)
    code, out, err = itsm("validate", "-C", small, *NOW)
    assert (code, err) == (1, "")
    assert "error[yaml-limit]: the file has 104,857,600 bytes" in out
    assert "error[configuration]: cannot be read: it has 104,857,600 bytes" in out


def test_a_schema_of_100_mb_or_without_sense_could_not_be_used(small: Path, itsm: Run) -> None:
    (small / "schemas").mkdir()
    own = small / "schemas" / "x.schema.json"
    for content in (b"{", b"[]", b'{"x-kind": {"name": "X", "plural": "xs", "folder": "x"}, "type": "nope"}'):
        own.write_bytes(content)
        code, out, err = itsm("validate", "-C", small, *NOW)
        assert (code, out) == (2, "")
        assert err.startswith("itsm: schemas/x.schema.json")
    with own.open("wb") as file:
        file.truncate(100 << 20)
    assert itsm("validate", "-C", small, *NOW)[0] == 2
    own.unlink()
    own.symlink_to("/etc/passwd")
    code, out, err = itsm("validate", "-C", small, *NOW)
    assert (code, out) == (2, "")
    assert "schemas/x.schema.json is not a regular file" in err
    assert "root:" not in err


def test_a_link_is_refused_and_not_followed(small: Path, itsm: Run) -> None:
    (small / "services" / "new.yaml").symlink_to("/etc/passwd")
    code, out, _ = itsm("validate", "-C", small, *NOW)
    assert code == 1
    assert "a symbolic link lies in a record folder" in out
    assert "root:" not in out


def test_a_name_that_is_not_utf_8_is_shown_in_every_form(small: Path, itsm: Run) -> None:
    (small / os.fsdecode(b"services/b\xff\x1b[31m.yaml")).write_text(NEW)
    report = check_reports(small, itsm, "file-kind")
    assert [finding["path"] for finding in report["findings"]] == ["services/b\\xff\x1b[31m.yaml"]
    out = itsm("validate", "-C", small, *NOW)[1]
    assert "\x1b" not in out
    assert "services/b\\xff\\x1b[31m.yaml" in out


def test_a_name_that_means_something_to_a_forge_is_escaped(small: Path, itsm: Run) -> None:
    (small / "services" / "a,line=1::warning b%0A#?&.yml").write_text("")
    check_reports(small, itsm, "file-kind")
    out = itsm("validate", "-C", small, *NOW, "--format", "github")[1]
    assert out.splitlines()[0].startswith(
        "::error file=services/a%2Cline=1%3A%3Awarning b%250A#?&.yml,title=file-kind::"
    )


def test_text_of_a_record_cannot_paint_or_command(small: Path, itsm: Run) -> None:
    """What a record says is shown on one line, without escapes, whatever it holds."""
    hostile = "a\\n::error::b%0A\\u202e\\e[2J"
    (small / "services" / "new.yaml").write_text(NEW.replace("tier: 2", f'"{hostile[:14]}": 2'))
    for format_name in ("text", "github", "sarif", "json"):
        out = itsm("validate", "-C", small, *NOW, "--format", format_name)[1]
        assert "\x1b" not in out
        assert "\n::error::b" not in out


def test_no_records_is_2(tmp_path: Path, itsm: Run) -> None:
    code, out, err = itsm("validate", "-C", tmp_path)
    assert (code, out) == (2, "")
    assert "holds no records" in err
    assert "itsm init" in err


def test_a_broken_repository_without_records_is_1(tmp_path: Path, itsm: Run) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "a.yml").write_text("")
    assert itsm("validate", "-C", tmp_path)[0] == 1


def test_warnings_do_not_fail(small: Path, itsm: Run) -> None:
    policy = (small / "policies" / "backout-is-planned.yaml").read_text()
    policy = policy.replace("backout-is-planned", "has-runbook").replace("severity: error", "severity: warning")
    policy = policy.replace("kinds: [Change]", "kinds: [Service]")
    policy = policy.replace("object.spec.type == 'normal' && object.spec.status == 'proposed'", "object.spec.tier > 0")
    policy = policy.replace("has(object.spec.backout) && object.spec.backout.steps.size()", "1")
    (small / "policies" / "has-runbook.yaml").write_text(policy)
    code, out, _ = itsm("validate", "-C", small, *NOW)
    assert code == 0
    assert out.splitlines()[-1] == "21 records: 4 warnings"


def test_paths_limit_what_is_reported_and_not_what_is_read(
    small: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small / "services" / "new.yaml").write_text(NEW.replace("service: database", "service: nothing"))
    assert itsm("validate", "-C", small, *NOW)[1].splitlines()[-1] == "21 records: 1 error"
    assert itsm("validate", "-C", small, *NOW, "people")[:2] == (0, "12 records: no findings\n")
    assert itsm("validate", "-C", small, *NOW, "services/orders.yaml")[:2] == (0, "1 record: no findings\n")
    assert itsm("validate", "-C", small, *NOW, "people", "services")[0] == 1
    assert itsm("validate", "-C", small, *NOW, ".")[0] == 1
    assert itsm("validate", "-C", small, *NOW, small / "services")[0] == 1
    assert itsm("validate", "-C", small, *NOW, "service")[0] == 2
    monkeypatch.chdir(small / "services")
    assert itsm("validate", "-C", small, *NOW, "new.yaml")[0] == 1
    assert itsm("validate", "-C", small, *NOW, "orders.yaml")[0] == 0


def test_a_revision_is_read_from_git_and_not_from_the_work_tree(
    workshop: Workshop, itsm: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workshop.write("services/new.yaml", NEW.replace("service: database", "service: nothing"))
    workshop.commit()
    (workshop.path / "services" / "new.yaml").unlink()
    monkeypatch.chdir(tmp_path)
    assert itsm("validate", "-C", workshop.path, *NOW)[0] == 0
    assert itsm("validate", "-C", workshop.path, *NOW, "--rev", "main")[0] == 0
    assert itsm("validate", "-C", workshop.path, *NOW, "--rev", "topic")[0] == 1
    code, out, _ = itsm("validate", "-C", workshop.path, *NOW, "--rev", "topic", "--format", "json")
    report = json.loads(out)
    assert (code, report["revision"]) == (1, workshop.git("rev-parse", "topic"))
    assert REPORT.problems(report) == []
    assert itsm("validate", "-C", workshop.path, *NOW, "--rev", "topic", "services/new.yaml")[0] == 1
    assert itsm("validate", "-C", workshop.path, *NOW, "services/new.yaml")[0] == 2
    code, _, err = itsm("validate", "-C", workshop.path, "--rev", "nothing")
    assert code == 2
    assert "unknown revision 'nothing'" in err


def test_waived_findings_are_in_the_reports_and_do_not_fail(small: Path, itsm: Run) -> None:
    copy_tree(HERE / "examples" / "pass" / "waiver-valid" / "approved-and-short", small)
    code, out, _ = itsm("validate", "-C", small, *NOW)
    assert (code, out) == (0, "23 records: 1 waived\n")
    report = json.loads(itsm("validate", "-C", small, *NOW, "--format", "json")[1])
    assert REPORT.problems(report) == []
    assert report["summary"] == {"records": 23, "errors": 0, "warnings": 0, "infos": 0, "known": 0, "waived": 1}
    assert [finding["waiver"] for finding in report["findings"]] == ["billing-without-runbook"]
    sarif = json.loads(itsm("validate", "-C", small, *NOW, "--format", "sarif")[1])
    assert SARIF.problems(sarif) == []
    assert sarif["runs"][0]["results"][0]["suppressions"] == [
        {"kind": "external", "justification": "waiver billing-without-runbook"}
    ]
    assert itsm("validate", "-C", small, *NOW, "--format", "github")[1] == "23 records: 1 waived\n"


def test_a_clean_report_fits_its_schema(itsm: Run) -> None:
    report = json.loads(itsm("validate", "-C", SMALL, *NOW, "--format", "json")[1])
    assert REPORT.problems(report) == []
    assert report["findings"] == []
    sarif = json.loads(itsm("validate", "-C", SMALL, *NOW, "--format", "sarif")[1])
    assert SARIF.problems(sarif) == []
    assert sarif["runs"][0]["results"] == []


@pytest.mark.parametrize("now", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_ends_of_time_are_no_internal_error(now: str, small: Path, itsm: Run) -> None:
    (small / "changes/calendars/x.yaml").write_text(
        "apiVersion: itsm/v1\nkind: Calendar\nmetadata: {name: x, title: X}\nspec:\n  timezone: Europe/Berlin\n"
        '  kind: maintenance\n  entries:\n    - {weekly: {days: [mon], from: "08:00", to: "18:00"}}\n'
        '    - {rrule: FREQ=DAILY, dtstart: "2026-01-01T00:00:00", duration: PT1H}\n'
    )
    code, _, err = itsm("validate", "-C", small, "--now", now)
    assert code in (0, 1), err
    assert err == ""
