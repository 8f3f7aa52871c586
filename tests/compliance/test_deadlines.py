"""What is due by which day, against cases worked by hand; today is 22 November 2026."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from itsm_as_code.compliance.deadlines import deadlines, notice_of
from itsm_as_code.measures.deadlines import Due
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import validate
from tests.conftest import NOW, SMALL, copy_tree

TODAY = date(2026, 11, 22)
OBJECTIVE = {
    "name": "up", "indicator": "availability", "target": "99.5", "unit": "percent", "comparison": "at-least",
    "window": {"rolling": "P28D"},
}  # fmt: skip


def agreement(**more: Any) -> dict[str, Any]:
    who = {"type": "sla", "service": "orders", "provider": "team-shop", "customer": {"name": "Everybody"}}
    return {**who, "effective": {"from": "2026-01-01", "until": "2027-01-01"}, "objectives": [OBJECTIVE], **more}


def review(held: str, following: str, service: str = "orders") -> dict[str, Any]:
    period = {"from": "2026-07-01", "until": "2026-10-01"}
    return {"service": service, "period": period, "heldOn": held, "attendees": ["alice"], "nextReview": following}


def risk(status: str) -> dict[str, Any]:
    told = {"owner": "alice", "cause": "A", "event": "B", "consequence": "C", "likelihood": 2, "impact": 2}
    accepted = {"acceptance": {"by": "erin", "until": "2026-12-01", "reason": "Small."}, "treatment": "accept"}
    return {**told, **accepted, "status": status}


@pytest.mark.parametrize(
    ("kind", "specs", "expected"),
    [
        # 90 days before 1 March 2027 is 1 December 2026; notice is given before that day.
        (
            "Supplier",
            [{"owner": "team-shop", "contract": {"number": "A", "end": "2027-03-01", "noticePeriod": "P90D"}}],
            [("2026-11-30", "notice", "soon"), ("2027-02-28", "contract", "current")],
        ),
        # Too late for notice: nothing is left to decide until it ends.
        (
            "Supplier",
            [{"owner": "team-shop", "contract": {"number": "A", "end": "2026-12-01", "noticePeriod": "P90D"}}],
            [("2026-11-30", "contract", "soon")],
        ),
        (
            "Supplier",
            [{"owner": "team-shop", "contract": {"number": "A", "end": "2026-11-22"}}],
            [("2026-11-21", "contract", "overdue")],
        ),
        ("Supplier", [{"owner": "team-shop", "contract": {"number": "A", "noticePeriod": "P90D"}}], []),
        (
            "ServiceLevelAgreement",
            [agreement(reviewBy="2026-11-22")],
            [("2026-11-22", "agreement-review", "soon"), ("2026-12-31", "agreement", "current")],
        ),
        ("ServiceLevelAgreement", [agreement(effective={"from": "2027-01-01"}, reviewBy="2027-02-01")], []),
        # Only the latest review of a service counts.
        (
            "ServiceReview",
            [review("2026-07-14", "2026-10-01"), review("2026-10-14", "2027-01-14")],
            [("2027-01-14", "service-review", "current")],
        ),
        ("Risk", [risk("accepted")], [("2026-11-30", "risk", "soon")]),
        ("Risk", [risk("treating")], []),
    ],
)
def test_deadlines(
    kind: str, specs: list[dict[str, Any]], expected: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    copy_tree(SMALL, tmp_path / "small")
    before = {item.record for item in deadlines(validate(WorkTree(tmp_path / "small"), NOW))}
    for number, spec in enumerate(specs):
        name = f"one-{number}"
        folder = validate(WorkTree(tmp_path / "small"), NOW).registry[kind].folder
        (tmp_path / "small" / folder).mkdir(parents=True, exist_ok=True)
        data = {"apiVersion": "itsm/v1", "kind": kind, "metadata": {"name": name, "title": name}, "spec": spec}
        (tmp_path / "small" / folder / f"{name}.yaml").write_text(yaml.safe_dump(data))
    validation = validate(WorkTree(tmp_path / "small"), NOW)
    assert len(validation.catalogue.of_kind(kind)) >= len(specs), validation.findings
    found = [item for item in deadlines(validation) if item.record not in before]
    assert [(str(item.by), item.matter, item.state) for item in found] == expected


def test_a_notice_longer_than_time_has_passed() -> None:
    contract = {"end": "0001-06-01", "noticePeriod": "P365D"}
    notice = notice_of({"contract": contract}, TODAY)
    assert notice is not None
    assert notice.state is Due.OVERDUE
