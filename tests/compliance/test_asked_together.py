"""What evidence requires of records, and what policies said of changes at work, is asked together: the answers are
those that each question has by itself."""

from __future__ import annotations

from typing import Any

import pytest

from itsm_as_code.compliance import assess_controls
from itsm_as_code.compliance.basis import Basis
from itsm_as_code.compliance.known import NOTHING
from itsm_as_code.policies.cel import Batches
from itsm_as_code.records.catalogue import Record
from itsm_as_code.validation import Validation
from tests.site.conftest import example_validation

CONDITIONS = (None, "object.spec.type == 'standard'", "has(object.spec.nowhere.deeper)", "object.spec.nowhere == 1")
REQUIREMENTS = ("object.spec.status == 'closed'", "has(object.spec.review)", "object.spec.review.by != ''", "1")
"""Some give no answer for some records, and the last one none for any."""


@pytest.fixture(scope="module")
def validation() -> Validation:
    return example_validation()


def answers(validation: Validation, entry: dict[str, Any], changes: list[Record]) -> list[int | None]:
    basis = Basis(validation, NOTHING)
    basis._required["Change"] = {(entry.get("where") or "true", entry["require"]): 0}
    return [answer for _, answer in basis.answers(entry, changes)]


@pytest.mark.parametrize("where", CONDITIONS)
@pytest.mark.parametrize("require", REQUIREMENTS)
def test_requirements_are_answered_as_each_by_itself(
    validation: Validation, monkeypatch: pytest.MonkeyPatch, where: str | None, require: str
) -> None:
    entry = {"type": "records", "require": require} | ({"where": where} if where else {})
    changes = validation.catalogue.of_kind("Change")
    together = answers(validation, entry, changes)
    monkeypatch.setattr(Batches, "answers", lambda self, key, count, questions, activation: [None] * count)
    assert together == answers(validation, entry, changes)
    assert len(together) > 8


def test_controls_stand_as_where_each_question_is_asked_by_itself(
    validation: Validation, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = assess_controls(validation)
    monkeypatch.setattr(Batches, "answers", lambda self, key, count, questions, activation: [None] * count)
    assert together == assess_controls(validation)
