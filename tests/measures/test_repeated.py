"""Incidents that come back without a problem."""

from __future__ import annotations

import pytest

from itsm_as_code.measures.repeated import repeated
from itsm_as_code.records.facts import Facts
from tests.conftest import NOW


def incident(name: str, day: int, **spec: object) -> dict[str, object]:
    at = f"2026-{1 + day // 28:02}-{1 + day % 28:02}T00:00:00Z"
    return {
        "kind": "Incident",
        "metadata": {"name": name},
        "spec": {"status": "closed", "detectedAt": at, "services": ["s"], **spec},
    }


@pytest.mark.parametrize(
    ("incidents", "groups"),
    [
        ([incident("a", 0), incident("b", 1)], []),
        ([incident("a", 0), incident("b", 1), incident("c", 60)], [("a", "b", "c")]),
        ([incident("a", 0), incident("b", 1), incident("c", 112)], []),
        ([incident("a", 0), incident("b", 1), incident("c", 60, problem="p")], []),
        ([incident("a", 0), incident("b", 1), incident("c", 60, status="cancelled")], []),
        ([incident("a", 0), incident("b", 1), incident("c", 60, takenOver={})], []),
        ([incident(name, 10 * at) for at, name in enumerate("abcd")], [("a", "b", "c", "d")]),
        (
            [
                *(incident(name, at) for at, name in enumerate("abc")),
                *(incident(n, 200 + i) for i, n in enumerate("xyz")),
            ],
            [("a", "b", "c"), ("x", "y", "z")],
        ),
    ],
)
def test_three_within_ninety_days_without_a_problem_recur(
    incidents: list[dict[str, object]], groups: list[tuple[str, ...]]
) -> None:
    found = repeated(Facts.from_records(incidents), NOW)
    assert [group.incidents for group in found] == groups


def test_a_problem_that_names_an_incident_takes_care_of_it() -> None:
    three = [incident(name, at) for at, name in enumerate("abc")]
    problem = {"kind": "Problem", "metadata": {"name": "p"}, "spec": {"incidents": ["b"]}}
    assert list(repeated(Facts.from_records([*three, problem]), NOW)) == []
    blamed = [incident(name, at, services=[], causedBy="chg") for at, name in enumerate("abc")]
    assert [(group.kind, group.name) for group in repeated(Facts.from_records(blamed), NOW)] == [("Change", "chg")]
