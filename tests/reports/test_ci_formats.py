"""What CI servers read of validate and gate: JUnit XML and GitLab's code quality, in their published form."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from itsm_as_code.findings import Finding, Location, Severity
from itsm_as_code.gate.decision import Reason, error_decision
from itsm_as_code.reports.validate import ValidateResult
from tests.conftest import HERE, NOW, Workshop
from tests.reports import renderers
from tests.reports.test_growth import decision, validation

HOSTILE = "<b>&\"'`]]>--> \x00\x1b]0;x\x07 \u202e\ufffe\uffff ##[error] ::error:: \n\r\t \U0001f469\u200d\U0001f4bb é"
BYTE = "\udcff"  # what Python makes of a path that is not UTF-8
GATE, VALIDATE = renderers("gate"), renderers("validate")


def schema(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((HERE / "fixtures" / name).read_text()))


JUNIT, GITLAB = schema("junit-essentials.schema.json"), schema("gitlab-code-quality.schema.json")


def as_data(element: ElementTree.Element) -> dict[str, Any]:
    return {
        "tag": element.tag,
        "attributes": dict(element.attrib),
        "text": element.text or "",
        "children": [as_data(child) for child in element],
    }


def read_junit(text: str) -> ElementTree.Element:
    """The document, once it is seen to be valid and to count what it holds."""
    top = ElementTree.fromstring(text.encode("utf-8"))  # noqa: S314 - our own bytes
    JUNIT.validate(as_data(top))
    for part in (top, *top.iter("testsuite")):
        cases = list(part.iter("testcase"))
        counted = [len(cases), *(sum(case.find(tag) is not None for case in cases) for tag in ("failure", "error"))]
        assert [part.attrib[name] for name in ("tests", "failures", "errors")] == list(map(str, counted))
    names = [(case.attrib["classname"], case.attrib["name"]) for case in top.iter("testcase")]
    assert len(set(names)) == len(names), "cases of one name are one to a server"
    return top


def read_gitlab(text: str) -> list[dict[str, Any]]:
    issues: list[dict[str, Any]] = json.loads(text.encode("utf-8"))
    GITLAB.validate(issues)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues), "GitLab shows the first of a fingerprint"
    return issues


def result(*findings: Finding) -> ValidateResult:
    return ValidateResult(findings, 3, NOW)


def found(severity: Severity = Severity.ERROR, line: int | None = 3, **more: Any) -> Finding:
    return Finding("owner-exists", severity, Location("services/a.yaml", line, 9), "no such team", "name one", **more)


BLOCKS, WARNS, KNOWN, WAIVED = found(), found(Severity.WARNING), found(known=True), found(waiver="w")


@pytest.mark.parametrize("long", ["", HOSTILE, BYTE])
def test_hostile_text_leaves_the_documents_valid(long: str) -> None:
    place = Location(f"services/{long}.yaml", 1, 1)
    result = replace(validation(9, long), findings=[Finding(f"r{long}", Severity.ERROR, place, f"m{long}", long)])
    judged = decision(3, long)
    judged = replace(judged, findings=tuple(result.findings), reasons=(Reason("x", f"why{long}"),))
    judged.evidence["whatIf"] = {"author": f"a{long}", "reviews": [], "policies": [f"p{long}"]}
    for written in (VALIDATE["junit"](result), GATE["junit"](judged)):
        read_junit(written)
        assert "##[" not in written
    for written in (VALIDATE["gitlab"](result), GATE["gitlab"](judged)):
        read_gitlab(written)
        assert "##[" not in written


def test_a_validation_as_tests() -> None:
    top = read_junit(VALIDATE["junit"](result(BLOCKS, WARNS, replace(KNOWN, message="old"), WAIVED)))
    cases = {case.attrib["name"]: case for case in top.iter("testcase") if case.attrib["classname"] == "owner-exists"}
    place = "services/a.yaml:3:9"
    assert list(cases) == [f"{place}: no such team", f"{place}: no such team (2)", f"{place}: old"]
    assert top.attrib["failures"] == "1"


@pytest.mark.parametrize("messages", [("a", "a", "a (2)"), ("a (2)", "a", "a"), ("a\x1b", "a\\x1b"), ("a",) * 4])
def test_no_two_tests_of_findings_have_one_name(messages: tuple[str, ...]) -> None:
    top = read_junit(VALIDATE["junit"](result(*(replace(BLOCKS, message=text) for text in messages))))
    assert top.attrib["failures"] == str(len(messages))


def test_a_validation_without_findings_is_a_test_that_passed() -> None:
    """An empty report passes for one that was lost."""
    top = read_junit(VALIDATE["junit"](result()))
    assert (top.attrib["tests"], top.attrib["failures"]) == ("1", "0")
    assert top.findtext(".//system-out") == "3 records: no findings"
    assert read_gitlab(VALIDATE["gitlab"](result())) == []


def test_what_blocks_fails_and_nothing_else_does() -> None:
    for finding, failures, severity in (
        (BLOCKS, "1", "blocker"), (WARNS, "0", "minor"), (KNOWN, "0", "major"), (found(Severity.INFO), "0", "info"),
    ):  # fmt: skip
        assert read_junit(VALIDATE["junit"](result(finding))).attrib["failures"] == failures
        (issue,) = read_gitlab(VALIDATE["gitlab"](result(finding)))
        assert (issue["severity"], issue["description"]) == (severity, "no such team; name one")
        assert (issue["check_name"], issue["location"]) == (
            "owner-exists", {"path": "services/a.yaml", "lines": {"begin": 3}}
        )  # fmt: skip
    assert read_junit(VALIDATE["junit"](result(WAIVED))).attrib["tests"] == "1"
    assert read_gitlab(VALIDATE["gitlab"](result(WAIVED))) == []


def test_an_issue_is_known_again_when_its_line_moves() -> None:
    first, second = (read_gitlab(VALIDATE["gitlab"](result(found(line=line)))) for line in (3, 40))
    assert first[0]["fingerprint"] == second[0]["fingerprint"]
    assert len(read_gitlab(VALIDATE["gitlab"](result(found(line=3), found(line=40), found(line=None))))) == 3


def test_a_verdict_that_is_not_approved_fails(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    judged = workshop.judge()
    assert judged.verdict == "pending"
    top = read_junit(GATE["junit"](judged))
    failed = [case.attrib["name"] for case in top.iter("testcase") if case.find("failure") is not None]
    assert failed[0] == "verdict"
    assert failed[1:] == [row["rule"] for row in judged.evidence["approvals"] if not row["satisfied"]]
    issue = read_gitlab(GATE["gitlab"](judged))[0]
    assert (issue["check_name"], issue["severity"]) == ("change-gate", "major")
    assert issue["description"].startswith("pending: ")
    assert issue["location"]["path"] == judged.evidence["records"][0]["path"]
    approved = replace(judged, verdict="approved", reasons=(), findings=())
    assert read_junit(GATE["junit"](approved)).find(".//testcase[@name='verdict']/failure") is None
    assert read_gitlab(GATE["gitlab"](approved)) == []


def test_an_error_is_no_failure_and_no_pass() -> None:
    broken = error_decision("git", "could not", "2026-11-22T12:00:00Z")
    top = read_junit(GATE["junit"](broken))
    assert (top.attrib["errors"], top.attrib["failures"]) == ("1", "0")
    (issue,) = read_gitlab(GATE["gitlab"](broken))
    assert (issue["severity"], issue["description"]) == ("blocker", "error: could not")


def test_a_what_if_says_that_it_is_none() -> None:
    supposed = decision(1)
    supposed.evidence["whatIf"] = {"author": "ann", "reviews": [], "policies": []}
    assert read_junit(GATE["junit"](supposed)).find(".//testcase[@name='what if ann had opened it']") is not None
    assert read_gitlab(GATE["gitlab"](supposed))[0]["description"].startswith("what if ann had opened it? ")
