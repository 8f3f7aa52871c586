"""No check is there for show: without its body an example fails. And no rule is listed without examples."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

from itsm_as_code import checks
from itsm_as_code.records.document import parse
from tests.checks.test_examples import CASES, judge
from tests.conftest import ROOT, Run

MODULES = sorted(module.name for module in pkgutil.iter_modules(checks.__path__))

BACKSTAGE = "tests/interchange/test_backstage.py"
REQUEST = "tests/interchange/test_request.py"
FORMS = "tests/interchange/test_request_forms.py"
ELSEWHERE = {
    "backstage-assumed": (BACKSTAGE, "test_lifecycles"),
    "backstage-duplicate": (BACKSTAGE, "test_what_is_not_imported_is_said"),
    "backstage-entity": (BACKSTAGE, "test_an_unusable_document_spoils_no_other"),
    "backstage-field": (BACKSTAGE, "test_what_is_too_long_is_said"),
    "backstage-kind": (BACKSTAGE, "test_what_is_not_imported_is_said"),
    "backstage-name": (BACKSTAGE, "test_names_that_fall_together_are_an_error_and_the_second_is_not_written"),
    "backstage-owner": (BACKSTAGE, "test_no_owner_at_all"),
    "backstage-reference": (BACKSTAGE, "test_a_dependency_on_itself_is_left_out_and_said"),
    "backstage-text": (BACKSTAGE, "test_characters_that_do_not_show_are_taken_out_and_named"),
    "format-kept": ("tests/records/test_formatting.py", "test_what_cannot_be_normalised_is_left_alone"),
    "import-exists": (BACKSTAGE, "test_an_existing_record_is_left_alone_without_force"),
    "import-valid": (BACKSTAGE, "test_teams_and_people"),
    "request-form": (REQUEST, "test_an_answer_that_looks_like_a_field_is_refused"),
    "request-form-foreign": (FORMS, "test_a_form_of_somebody_else_is_left_alone"),
    "request-form-inactive": (FORMS, "test_what_is_not_offered_gets_no_form"),
    "request-form-label": (FORMS, "test_what_github_refuses_is_a_finding"),
    "request-issue": (REQUEST, "test_files_that_are_no_issue"),
    "request-offering": (REQUEST, "test_offerings"),
    "request-requester": (REQUEST, "test_requesters"),
    "request-value": (REQUEST, "test_what_the_form_does_not_take"),
}
"""Rules about files that are no records of a repository, which the example folders cannot hold; each with its test."""


@pytest.fixture
def fresh_checks() -> Iterator[None]:
    """The list of checks is made anew within the test, and after it."""
    checks.all_checks.cache_clear()
    yield
    checks.all_checks.cache_clear()


@pytest.mark.usefixtures("fresh_checks")
@pytest.mark.parametrize("name", MODULES)
def test_a_check_without_its_body_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = name.replace("_", "-")
    failing = [case for case in CASES if case.parts[-3:-1] == ("fail", rule)]

    def said(case: Any) -> bool:
        return any(finding.rule == rule for finding in judge(case))

    assert all(said(case) for case in failing)
    module = importlib.import_module(f"{checks.__name__}.{name}")
    monkeypatch.setattr(module, "check", lambda facts, situation: iter(()))
    checks.all_checks.cache_clear()
    missed = [case for case in failing if not said(case)]
    assert missed, f"no example of {rule} notices that its check is gone"


def test_every_listed_rule_has_an_example_that_passes_and_one_that_fails(itsm: Run) -> None:
    code, out, _ = itsm("-C", ROOT, "explain", "--list")
    listed = {line.split()[0] for line in out.splitlines()}
    assert code == 0
    have = {outcome: {case.parent.name for case in CASES if case.parts[-3] == outcome} for outcome in ("pass", "fail")}
    for path in sorted((ROOT / "policies").rglob("*.yaml")):
        data = parse(path.read_bytes())
        if data["kind"] == "Policy":
            for example in data["spec"]["examples"]:
                have.setdefault(example["expect"], set()).add(data["metadata"]["name"])
    for outcome in ("pass", "fail"):
        assert listed - have[outcome] - ELSEWHERE.keys() == set(), f"without an example for '{outcome}'"
    assert ELSEWHERE.keys() <= listed
    assert ELSEWHERE.keys() & (have["pass"] | have["fail"]) == set(), "has examples now; take it out of the list"


@pytest.mark.parametrize("rule", ELSEWHERE)
def test_a_rule_without_examples_has_its_own_test(rule: str) -> None:
    file, name = ELSEWHERE[rule]
    source = (ROOT / file).read_text()
    (test,) = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and node.name == name)
    first = min([test.lineno, *(decorator.lineno for decorator in test.decorator_list)])
    text = "\n".join(source.splitlines()[first - 1 : test.end_lineno])
    constant = rule.upper().replace("-", "_")
    assert f'"{rule}"' in text or f"{constant}.id" in text, f"{name} says nothing of {rule}"
