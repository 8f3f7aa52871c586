"""itsm authorise --model: a standard change without a record, judged as its record would be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.attacks.test_28_authorise import FAILED
from tests.attacks.tools import FREEZE, MODEL, used_up
from tests.conftest import Run, Workshop

AT = "2026-12-01T21:00:00Z"


@pytest.fixture
def ask(workshop: Workshop, itsm: Run) -> Any:
    """The answer on main to a question, as JSON."""

    def asked(*more: str, at: str = AT, model: str = "restart", service: str = "newsletter") -> tuple[bool, list[str]]:
        workshop.commit("Now", who="erin")
        where = ("-C", workshop.path, "authorise", "--rev", "main", "--format", "json")
        code, out, err = itsm(*where, "--model", model, "--service", service, "--at", at, *more)
        assert code in (0, 1), err
        data = json.loads(out)
        return data["authorised"], [reason["code"] for reason in data["reasons"]]

    workshop.git("checkout", "-q", "main")
    return asked


def test_a_model_in_force_authorises_without_a_record(ask: Any) -> None:
    assert ask() == (True, [])


def test_it_covers_its_services_only(ask: Any) -> None:
    assert ask(service="payments") == (False, ["model-exceeded"])


def test_a_freeze_stops_it(workshop: Workshop, ask: Any) -> None:
    text = (workshop.path / FREEZE).read_text()
    workshop.write(FREEZE, text.replace("exempt: [standard]", "exempt: []"))
    assert ask(at="2026-12-20T21:00:00Z") == (False, ["frozen"])


def test_a_used_up_budget_stops_it(workshop: Workshop, ask: Any) -> None:
    used_up(workshop)
    assert "budget-exhausted" in ask()[1]


def test_a_suspended_model_stops_it(workshop: Workshop, ask: Any) -> None:
    model = (workshop.path / MODEL).read_text()
    workshop.write(MODEL, model.rstrip() + "\n  suspended: true\n  suspendedReason: It failed.\n")
    assert ask() == (False, ["model-suspended"])


def test_failures_of_the_model_stop_it(workshop: Workshop, ask: Any) -> None:
    workshop.edit(MODEL, "  maxRisk: high\n", "  maxRisk: high\n  suspension: {failures: 2, within: P30D}\n")
    for number, day in ((1, "10"), (2, "20")):
        text = FAILED % {"number": number, "day": day}
        workshop.write(f"changes/2026/11/10/chg-20261110-failed-{number}.yaml", text)
    assert ask() == (False, ["model-suspended"])


def test_its_pre_authorisation_covers_it_to_the_end(workshop: Workshop, ask: Any) -> None:
    model = (workshop.path / MODEL).read_text()
    assert "expires" in model
    workshop.write(MODEL, model.replace('"2027-01-10"', '"2026-12-02"'))
    assert ask("--minutes", "60") == (True, [])
    assert ask("--minutes", "600") == (False, ["model-exceeded"])
    assert ask(at="2026-12-02T00:00:00Z") == (False, ["model-expired"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--model", "restrt", "--service", "newsletter"), "did you mean 'restart'?"),
        (("--model", "restart"), "--model needs --service"),
        ((), "name a CHANGE, or a --model"),
        (("chg-1", "--model", "restart", "--service", "newsletter"), "name a CHANGE, or a --model"),
    ],
)
def test_what_is_no_question(arguments: tuple[str, ...], told: str, workshop: Workshop, itsm: Run) -> None:
    code, _, err = itsm("-C", workshop.path, "authorise", "--rev", "main", "--at", AT, *arguments)
    assert (code, told in err) == (2, True), err


def test_a_waiver_cannot_be_for_it(workshop: Workshop, ask: Any) -> None:
    """What it is called is no name of a record."""
    from itsm_as_code.gate.by_model import name_of

    assert " " in name_of("restart")
