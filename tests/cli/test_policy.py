"""itsm policy: tests in every form, which policies are chosen, watching, and what policies cover."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from tests.conftest import ROOT, SMALL, Run, copy_tree

NOW = ("--now", "2026-11-22T12:00:00Z")
KINDS = KindRegistry.load()

OWNED = """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: service-is-owned, title: A service is owned by a team with members}
spec:
  severity: warning
  match: {kinds: [Service]}
  require: owner(object.metadata.name) != null && size(owner(object.metadata.name).spec.members) > 0
  message: "object.metadata.name + ' has no owner'"
  remedy: Name a team.
  controls: [CONTROL]
  examples:
    - name: owned
      expect: pass
      object: {kind: Service, metadata: {name: orders}, spec: {}}
      context: {fixture: fixtures/shop}
    - name: a team of nobody, given by the example itself
      expect: fail
      object: {kind: Service, metadata: {name: orders}, spec: {}}
      context:
        fixture: fixtures/shop
        records: [{kind: Team, metadata: {name: t}, spec: {members: []}}]
    - name: '<&"> and a wrong expectation'
      expect: fail
      object: {kind: Service, metadata: {name: orders}, spec: {}}
      context: {fixture: fixtures/shop}
    - name: nowhere
      expect: pass
      object: {kind: Service, metadata: {name: orders}, spec: {}}
      context: {fixture: fixtures/shp}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The small organisation with a second policy in a pack, whose examples share a fixture."""
    top = tmp_path / "shop"
    copy_tree(SMALL, top)
    files = {
        "policies/own/service-is-owned.yaml": OWNED.replace("  controls: [CONTROL]\n", ""),
        "fixtures/shop/orders.yaml": "{kind: Service, metadata: {name: orders}, spec: {owner: t}}",
        "fixtures/shop/teams/t.yaml": "{kind: Team, metadata: {name: t}, spec: {members: [alice]}}",
    }
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    return top


def test_examples_share_the_records_of_a_fixture(shop: Path, itsm: Run) -> None:
    code, out, _ = itsm("-C", shop, "policy", "test", "own", "--format", "json")
    report = json.loads(out)
    schema = KINDS.bundled("reports/policy-test-report.schema.json")
    assert (code, Validator("report", schema).problems(report)) == (1, [])
    assert [(row["actual"], row["line"]) for row in report["examples"]] == [
        ("pass", 11), ("fail", 15), ("pass", 21), ("error", 25)
    ]  # fmt: skip
    assert report["examples"][3]["message"] == (
        "its fixture cannot be used: there is no folder 'fixtures/shp' with records"
    )
    (shop / "fixtures/shop/orders.yaml").write_text("{kind: Service}")
    _, out, _ = itsm("-C", shop, "policy", "test", "own")
    assert "fixtures/shop/orders.yaml lacks kind or metadata.name" in out


def test_a_fixture_lies_within_the_repository(shop: Path, itsm: Run) -> None:
    path = shop / "policies/own/service-is-owned.yaml"
    for outside in ("../shop", "/etc", "fixtures/../..", "."):
        path.write_text(OWNED.replace("fixtures/shp", outside))
        assert itsm("-C", shop, "policy", "test", "own")[0] == 2, outside


def test_junit_has_the_form_that_servers_read(shop: Path, itsm: Run) -> None:
    code, out, _ = itsm("-C", shop, "policy", "test", "--format", "junit")
    top = ElementTree.fromstring(out)  # noqa: S314 - our own bytes
    assert (code, top.tag, top.attrib["tests"], top.attrib["failures"], top.attrib["errors"]) == (
        1, "testsuites", "6", "1", "1"
    )  # fmt: skip
    for suite in top:
        assert suite.tag == "testsuite"
        assert suite.attrib["tests"] == str(len(suite))
        for case in suite:
            assert case.tag == "testcase"
            assert {"name", "classname"} <= case.attrib.keys() <= {"name", "classname", "file", "line"}
            assert {child.tag for child in case} <= {"failure", "error"}
    failed = top.find(".//testcase[failure]")
    assert failed is not None
    assert failed.attrib["name"] == '<&"> and a wrong expectation'


def test_junit_shows_what_xml_cannot_hold() -> None:
    from itsm_as_code.reports.junit import Case, junit

    hostile = "\x00\x1b]]>\ufffe\ud800 ##[error]"
    out = junit("n", [("s", [Case(hostile, "g", hostile, 1, failure=hostile), Case("b", "g", "f", 2, error="x")])])
    case = ElementTree.fromstring(out.encode()).find(".//testcase")  # noqa: S314 - our own bytes
    assert case is not None
    assert case.attrib["name"] == "\\x00\\x1b]]>\\ufffe\\ud800 ##\\x5berror]"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ["backout-is-planned", "service-is-owned"]),
        (("service-is-owned",), ["service-is-owned"]),
        (("*-is-*",), ["backout-is-planned", "service-is-owned"]),
        (("service-*", "backout-*"), ["backout-is-planned", "service-is-owned"]),
        (("own",), ["service-is-owned"]),
        (("policies/own",), ["service-is-owned"]),
        (("policies/own/",), ["service-is-owned"]),
        (("policies/backout-is-planned.yaml",), ["backout-is-planned"]),
        (("policies",), ["backout-is-planned", "service-is-owned"]),
    ],
)
def test_policies_are_chosen_by_name_pattern_pack_or_path(
    shop: Path, itsm: Run, words: tuple[str, ...], names: list[str]
) -> None:
    _, out, _ = itsm("-C", shop, "policy", "test", "--format", "json", *words)
    assert sorted({row["policy"] for row in json.loads(out)["examples"]}) == names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("test", "service-is-ownd"), "did you mean 'service-is-owned'?"),
        (("test", "onw"), "did you mean 'own'?"),
        (("test", "policies/nothing.yaml"), "there is no policy, pack or path"),
        (("test", "/etc"), "lies outside"),
        (("test", "x-*"), "see 'itsm policy list'"),
        (("test", "own", "x-*"), "'x-*'"),
        (("tset",), "Did you mean 'test'?"),
        (("test", "--format", "xml"), "'xml' is not one of"),
        (("coverage", "--fail-under", "101"), "101"),
    ],
)
def test_mistakes_are_explained(shop: Path, itsm: Run, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = itsm("-C", shop, "policy", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_watching_runs_again_on_a_change_and_stops_on_interrupt(shop: Path) -> None:
    """Also when a change is half-way through, and when a fixture changes."""
    command = [sys.executable, "-m", "itsm_as_code", "-C", str(shop), "policy", "test", "own", "--watch"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
    policy, fixture = shop / "policies/own/service-is-owned.yaml", shop / "fixtures/shop/teams/t.yaml"
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        assert process.stdout is not None

        def until(wanted: str) -> None:
            deadline = time.monotonic() + 30
            for line in process.stdout or ():
                assert time.monotonic() < deadline
                if wanted in line:
                    return
            raise AssertionError(f"never said: {wanted}")

        try:
            until("4 examples: 2 failed")
            until("Ctrl-C stops")
            policy.write_text("half: [")
            until("policies/own/service-is-owned.yaml:")
            until("Ctrl-C stops")
            policy.write_text(OWNED.replace("  controls: [CONTROL]\n", "").replace("fixtures/shp", "fixtures/shop"))
            until("4 examples: 1 failed")
            until("Ctrl-C stops")
            fixture.write_text("{kind: Team, metadata: {name: t}, spec: {members: []}}")
            until("4 examples: 2 failed")
            until("Ctrl-C stops")
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
        finally:
            process.kill()


@pytest.mark.parametrize("command", ["test", "list", "coverage"])
def test_a_policy_that_cannot_be_read_is_never_left_out(shop: Path, itsm: Run, command: str) -> None:
    path = shop / "policies/own/service-is-owned.yaml"
    path.write_text(path.read_text().replace("severity: warning", "severity: waring"))
    code, out, err = itsm("-C", shop, "policy", command, *NOW)
    assert (code, out) == (2, "")
    assert "policies/own/service-is-owned.yaml: spec.severity is 'waring'" in err


def test_coverage_names_what_is_not_covered(shop: Path, itsm: Run) -> None:
    control = """\
apiVersion: itsm/v1
kind: Control
metadata: {name: %s, title: C}
spec:
  framework: soc2
  clause: CC8.1
  statement: S.
  owner: team-shop
  evidence: [%s]
"""
    (shop / "policies/controls").mkdir()
    attested = "{type: attestation, statement: Seen., by: erin, on: '2026-11-01', validUntil: '2027-01-01'}"
    cited = "{type: policy, policy: backout-is-plannd}"
    (shop / "policies/controls/attested.yaml").write_text(control % ("attested", attested))
    (shop / "policies/controls/cited.yaml").write_text(control % ("cited", cited))
    (shop / "policies/own/service-is-owned.yaml").write_text(OWNED.replace("CONTROL", "atested"))
    code, out, err = itsm("-C", shop, "policy", "coverage", *NOW)
    assert (code, err) == (0, "")
    assert out == COVERAGE
    code, out, _ = itsm("-C", shop, "policy", "coverage", "--format", "json", "--fail-under", "50", *NOW)
    report = json.loads(out)
    schema = KINDS.bundled("reports/policy-coverage-report.schema.json")
    assert (code, Validator("report", schema).problems(report)) == (1, [])
    assert report["records"] == {"total": 18, "covered": 4}
    assert itsm("-C", shop, "policy", "coverage", "--fail-under", "20", *NOW)[0] == 0


COVERAGE = """\
Records that no policy judges
  Calendar: 1 of 1: year-end
  ChangeModel: 1 of 1: restart
  Person: 8 of 8: alice, bob, carol, dave and 4 more
  Team: 4 of 4: team-board, team-data, team-governance, team-shop
Policies that judge no record here
  backout-is-planned
Controls without a policy
  attested (attestation)
Policies without a control
  backout-is-planned
Controls that are not there
  policy service-is-owned names 'atested', did you mean 'attested'?
Policies that are not there
  control cited names 'backout-is-plannd', did you mean 'backout-is-planned'?
4 of 18 records are judged by a policy (22.2 %), 2 policies
"""


def test_strength_names_the_changes_that_no_example_sees(itsm: Run) -> None:
    code, out, err = itsm("-C", SMALL, "policy", "test", "--strength", *NOW)
    assert (code, out, err) == (0, STRENGTH, "")
    code, out, _ = itsm("-C", SMALL, "policy", "test", "--min-strength", "73.4", "--format", "json")
    report = json.loads(out)
    schema = KINDS.bundled("reports/policy-test-report.schema.json")
    assert (code, Validator("report", schema).problems(report)) == (1, [])
    assert (report["strength"]["killed"], report["strength"]["mutants"], report["strength"]["least"]) == (11, 15, 73.4)
    code, out, _ = itsm("-C", SMALL, "policy", "test", "--min-strength", "73.4", "--format", "junit")
    assert (code, out.count("<failure"), out.count("<system-out>")) == (1, 1, 1)
    assert itsm("-C", SMALL, "policy", "test", "--min-strength", "73.3")[0] == 0


STRENGTH = """\
1 policy, 2 examples: none failed
✘ backout-is-planned: 11 of 15 mutants killed
    policies/backout-is-planned.yaml:8:12 where: without 'object.spec.type == 'normal' &&'
    policies/backout-is-planned.yaml:8:41 where: without '&& object.spec.status == 'proposed''
    policies/backout-is-planned.yaml:8:41 where: '&&' -> '||'
    policies/backout-is-planned.yaml:9:12 require: without 'has(object.spec.backout) &&'
11 of 15 mutants killed (73.3 %)
"""
