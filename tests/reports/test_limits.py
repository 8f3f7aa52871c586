"""Reports stay within what a forge shows, and say what they leave out."""

from __future__ import annotations

import json
import re

import pytest

from itsm_as_code.findings import Finding, Location, Rule, Severity
from itsm_as_code.gate.decision import Decision, Reason, error_decision
from itsm_as_code.reports.findings import MOST_ANNOTATIONS
from itsm_as_code.reports.validate import ValidateResult, sarif
from tests.conftest import NOW, Run, Workshop
from tests.reports import renderers

FORMATS = renderers("validate")
GATE = renderers("gate")


def many(errors: int, warnings: int, infos: int) -> list[Finding]:
    """The least grave first."""
    numbers = {Severity.INFO: infos, Severity.WARNING: warnings, Severity.ERROR: errors}
    return [
        Finding(f"{severity}-rule", severity, Location(f"a{number}.yaml", 1, 1), f"m{number}")
        for severity, count in numbers.items()
        for number in range(count)
    ]


def decided(verdict: str, findings: list[Finding], reasons: int = 1) -> Decision:
    found = tuple(Reason("x", f"reason {number}") for number in range(reasons))
    evidence = error_decision("x", "y", "2026-11-22T12:00:00Z").evidence
    return Decision(verdict, found, {**evidence, "verdict": verdict}, tuple(findings))


@pytest.mark.parametrize("verdict", ["approved", "pending", "rejected", "error"])
def test_the_verdict_is_the_first_annotation_and_is_shown(verdict: str) -> None:
    """GitHub shows ten annotations of a level for a step; the rest it drops."""
    out = GATE["github"](decided(verdict, many(30, 40, 50))).splitlines()
    title = "pending (waiting)" if verdict == "pending" else verdict
    assert out[0].startswith(f"::{'notice' if verdict == 'approved' else 'error'} title=change gate%3A {title}::")
    for level in ("error", "warning", "notice"):
        shown = [line for line in out if line.startswith(f"::{level} ")]
        findings = [line for line in shown if "file=" in line]
        assert len(findings) == MOST_ANNOTATIONS, level
        assert len([line for line in shown if "file=" not in line]) <= 1 + (verdict == "approved")
    assert out[-1] == "::notice title=findings::and 93 more: --format text and json have all of them"
    assert [line.split()[0] for line in out[1:-1]] == ["::error"] * 9 + ["::warning"] * 9 + ["::notice"] * 9


def test_few_findings_have_an_annotation_each() -> None:
    out = GATE["github"](decided("rejected", many(9, 9, 9))).splitlines()
    assert len(out) == 28
    assert "more" not in out[-1]


def test_the_annotation_of_the_verdict_is_short() -> None:
    first = GATE["github"](decided("rejected", [], reasons=4000)).splitlines()[0]
    assert first.endswith("%0Aand 3,975 more")
    assert len(first) < 1000


def test_a_pull_request_with_many_mistakes_tells_its_verdict_first(workshop: Workshop, itsm: Run) -> None:
    workshop.git("checkout", "-q", "topic")
    for number in range(25):
        workshop.write(
            f"services/s{number}.yaml", f"apiVersion: itsm/v1\nkind: Service\nmetadata: {{name: s{number}}}\n"
        )
    workshop.commit()
    (workshop.path.parent / "reviews.json").write_text(json.dumps(workshop.pull_request()))
    arguments = ["gate", "-C", workshop.path, "--base", "main", "--head", "topic", "--now", "2026-11-22T12:00:00Z"]
    arguments += ["--reviews", workshop.path.parent / "reviews.json"]
    code, out, _ = itsm(*arguments, "--format", "github")
    assert code == 1
    lines = out.splitlines()
    assert lines[0].startswith("::error title=change gate%3A rejected::")
    assert sum(line.startswith("::error") for line in lines) == 10
    assert re.search(r"::and \d+ more", lines[-1])
    code, out, _ = itsm(*arguments, "--format", "json", "-o", workshop.path.parent / "g.json", "--annotate")
    assert out.splitlines() == lines


def test_validate_annotates_no_more_than_is_shown_and_counts_all() -> None:
    out = FORMATS["github"](ValidateResult(many(30, 2, 0), 40, NOW)).splitlines()
    assert sum(line.startswith("::error") for line in out) == 9
    assert out[-2:] == [
        "::notice title=findings::and 21 more: --format text and json have all of them",
        "40 records: 30 errors, 2 warnings",
    ]


# SARIF: https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/troubleshoot-sarif-uploads/results-exceed-limit


def test_a_run_has_no_more_results_than_are_taken_and_the_gravest() -> None:
    findings = many(100, sarif.MOST_RESULTS, 1000)
    rules = {"error-rule": Rule("error-rule", "t", Severity.ERROR, "e")}
    (run,) = json.loads(FORMATS["sarif"](ValidateResult(findings, 1, NOW, rules=rules)))["runs"]
    levels = [result["level"] for result in run["results"]]
    assert len(levels) == sarif.MOST_RESULTS == 25_000
    assert levels[:100] == ["error"] * 100
    assert set(levels[100:]) == {"warning"}
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"].startswith("1,100 more findings are left out")
    names = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert names == ["error-rule", "warning-rule"]
    assert all(names[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


def test_a_run_that_is_whole_says_nothing_of_it() -> None:
    (run,) = json.loads(FORMATS["sarif"](ValidateResult(many(3, 3, 3), 1, NOW)))["runs"]
    assert len(run["results"]) == 9
    assert "invocations" not in run


def test_what_stands_for_several_counts_as_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 2)
    folded = Finding("r", Severity.INFO, Location("a.yaml"), "and 50 more like these", count=50)
    result = ValidateResult([*many(2, 0, 0), folded], 1, NOW)
    (run,) = json.loads(FORMATS["sarif"](result))["runs"]
    assert "50 more findings" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    assert json.loads(FORMATS["json"](result))["summary"]["infos"] == 50
    assert "50 infos" in FORMATS["text"](result)
