"""No check is there for show: without its body an example fails."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

from itsm_as_code import checks
from tests.checks.test_examples import CASES, judge

MODULES = sorted(module.name for module in pkgutil.iter_modules(checks.__path__))


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
